//! Display of foreign text, so that its author cannot forge a line of ours, move the cursor, or turn the direction of writing.
//!
//! Plugins, carts and senders write texts that people read in a terminal, in the log, in an alert or on the page. All of it passes through
//! this module, which replaces each invisible character that may have an effect with a visible escape.

/// Whether a character is invisible and may have an effect in a terminal: controls, line and paragraph separators, and characters that join
/// or reorder text.
pub fn is_hidden(c: char) -> bool {
    let format = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    c.is_control() || format
}

/// A text on one line: every hidden character is escaped, line feeds too.
pub fn line(text: &str) -> String {
    shown(text, is_hidden)
}

/// A text of several lines of ours: line feeds stay, every other hidden character is escaped.
pub fn lines(text: &str) -> String {
    shown(text, |c| is_hidden(c) && c != '\n')
}

/// A JSON document for display: hidden characters in its texts are written as JSON escapes such as `\u202e`, so that a program reads the
/// same.
pub fn json(document: &str) -> String {
    document.chars().fold(String::with_capacity(document.len()), |mut out, c| {
        if is_hidden(c) && c != '\n' {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
        out
    })
}

fn shown(text: &str, hidden: impl Fn(char) -> bool) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '\n' if hidden(c) => out.push_str("\\n"),
            '\r' if hidden(c) => out.push_str("\\r"),
            '\t' if hidden(c) => out.push_str("\\t"),
            c if hidden(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_shown_and_everything_else_stays() {
        assert_eq!(line("a\x1b[2Jb\r\nc\u{202e}d\u{9b}é\t"), "a\\u{1b}[2Jb\\r\\nc\\u{202e}d\\u{9b}é\\t");
        assert_eq!(lines("a\r\nb\u{2028}c\u{200b}"), "a\\r\nb\\u{2028}c\\u{200b}");
        for plain in ["Order Shipped", "é 日本 العربية", "it's \"x\" \\n", "\u{1f600}"] {
            assert_eq!((line(plain), lines(plain)), (plain.to_owned(), plain.to_owned()));
        }
    }

    #[test]
    fn a_json_document_shows_what_is_hidden_and_reads_as_the_same() {
        for pretty in [false, true] {
            for text in ["a\x1b[2J\r\nb\u{202e}c\u{9b}\u{2028}", "tag \u{e0041}", "é \u{1f600}"] {
                let value = serde_json::json!({ "a": [text, 1], text: null });
                let document = if pretty { format!("{value:#}") } else { value.to_string() };
                let printed = json(&document);
                assert!(!printed.chars().any(|c| is_hidden(c) && c != '\n'), "{printed}");
                assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).expect("it is JSON"), value);
                assert_eq!(printed.lines().count(), document.lines().count());
            }
        }
    }

    #[test]
    fn no_control_and_no_format_character_is_let_through() {
        for c in '\0'..=char::MAX {
            let shown = line(&c.to_string());
            assert!(!shown.chars().any(is_hidden), "{c:?}");
            assert!(shown.chars().count() == 1 || is_hidden(c), "{c:?}");
        }
        for c in [
            '\0',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{ad}',
            '\u{200b}',
            '\u{200e}',
            '\u{2028}',
            '\u{2029}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            assert!(is_hidden(c), "{c:?}");
        }
    }
}
