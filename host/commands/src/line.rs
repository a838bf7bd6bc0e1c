//! Commands as a shell takes them: their words are quoted where that is needed, and long commands are broken into lines.

/// An option and its value: in one word if the value would be taken for an option itself.
pub(super) fn option(name: &str, value: &str) -> Vec<String> {
    if value.starts_with('-') { vec![format!("{name}={value}")] } else { vec![name.to_owned(), value.to_owned()] }
}

/// A command of these words.
pub(super) fn line<W: AsRef<str>>(words: &[W]) -> String {
    words.iter().map(|word| quoted(word.as_ref())).collect::<Vec<_>>().join(" ")
}

/// Quotes a word for a shell: bare if possible, else in double quotes, else in single quotes.
pub fn quoted(word: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | ',' | '=' | '@' | '%' | '+');
    if !word.is_empty() && word.chars().all(bare) {
        word.to_owned()
    } else if word.contains(['"', '$', '`', '\\', '!']) {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        format!("\"{word}\"")
    }
}

/// Breaks a command into lines of at most `width` characters that a shell reads as one command: between words if possible, else inside a word, which
/// then continues at the very start of the next line.
pub(super) fn broken(command: &str, indent: &str, width: usize) -> Vec<String> {
    // Two columns stay free for what ends a line: a space and a backslash, or a quote and a backslash.
    let width = width - 2;
    let mut lines = Vec::new();
    let mut current = indent.to_owned();
    let words: Vec<&str> = quoted_words(command).collect();
    for (at, word) in words.iter().enumerate() {
        // An option stays with its value where a line takes both.
        let value = words.get(at + 1).filter(|_| word.starts_with("--") && !word.contains('='));
        let together = chars(word) + value.map_or(0, |value| 1 + chars(value));
        let needed = if chars(indent) + together > width { chars(word) } else { together };
        if at > 0 && chars(&current) + 1 + needed > width {
            current.push_str(" \\");
            lines.push(std::mem::replace(&mut current, indent.to_owned()));
        } else if at > 0 {
            current.push(' ');
        }
        let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''));
        for piece in pieces(word) {
            if chars(&current) + chars(piece) > width {
                current.extend(quote);
                current.push('\\');
                lines.push(std::mem::replace(&mut current, quote.into_iter().collect()));
            }
            current.push_str(piece);
        }
    }
    lines.push(current);
    lines
}

/// The parts of a word between which it can be broken: characters, and an escaped single quote as one part.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let end = if rest.starts_with(r"'\''") { 4 } else { rest.chars().next()?.len_utf8() };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// The words of a line that [`line()`] made, still quoted.
fn quoted_words(command: &str) -> impl Iterator<Item = &str> {
    let mut rest = command;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut open = None;
        let mut escaped = false;
        let end = rest.find(|c: char| {
            match (open, c) {
                _ if escaped => escaped = false,
                (None, '\\') => escaped = true,
                (None, '"' | '\'') => open = Some(c),
                (Some(quote), c) if quote == c => open = None,
                (None, ' ') => return true,
                (None | Some(_), _) => {}
            }
            false
        });
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.strip_prefix(' ').unwrap_or(after);
        Some(word)
    })
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests;
