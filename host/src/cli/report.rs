//! How a command speaks: its result to standard output, its talk to standard error, colours only to a terminal.
//!
//! Text that came from a plugin, a file or the network is printed through here, which shows control characters as escapes: what a plugin
//! says of itself cannot move the cursor or rewrite the screen.

use super::desk::{self, Stream};
use cartage::validate::utc;
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;
use std::error::Error;

/// Prints the result as one JSON document.
pub(crate) fn json(document: &impl Serialize) {
    let text = serde_json::to_string_pretty(document).expect("our reports have text keys only, and no other error is possible in memory");
    put(Stream::Result, &text);
}

/// Prints a line of the result.
pub(crate) fn line(text: &str) {
    put(Stream::Result, &visible(text));
}

/// Prints a heading of the result.
pub(crate) fn heading(text: &str) {
    put(Stream::Result, &painted(&visible(text), Style::new().bold(), desk::current().has_colours(Stream::Result)));
}

/// Prints rows of a name and a value, the values one below the other. A value may have several lines.
pub(crate) fn rows<N: AsRef<str>, V: AsRef<str>>(rows: &[(N, V)]) {
    let width = rows.iter().map(|(name, _)| name.as_ref().chars().count()).max().unwrap_or(0);
    for (name, value) in rows {
        let indent = format!("\n  {:width$}  ", "");
        put(Stream::Result, &format!("  {:width$}  {}", visible(name.as_ref()), visible(value.as_ref()).replace('\n', &indent)));
    }
}

/// Prints a line of talk: what is being done, for somebody who waits.
pub(crate) fn talk(text: &str) {
    put(Stream::Talk, &visible(text));
}

/// Prints the beginning of a line of talk, for an answer to stand behind it.
pub(crate) fn prompt(text: &str) {
    desk::current().put(Stream::Talk, &visible(text));
}

/// Prints why a command failed: the error, its causes, and what to do.
pub(crate) fn failure(error: &(impl AsRef<dyn Error + Send + Sync> + ?Sized), remedy: Option<&str>, as_json: bool) {
    let error = error.as_ref();
    let message = error.to_string();
    let causes: Vec<String> = std::iter::successors(error.source(), |cause| (*cause).source()).map(ToString::to_string).collect();
    if as_json {
        return json(&serde_json::json!({ "error": { "message": message, "causes": causes, "what-to-do": remedy } }));
    }
    let colours = colours_on_stderr();
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let mut text = format!("{} {}", painted("error:", red, colours), visible(&message));
    for cause in &causes {
        text.push_str(&format!("\n  because: {}", visible(cause.trim_end()).replace('\n', "\n    ")));
    }
    if let Some(remedy) = remedy {
        text.push_str(&format!("\n{} {}", painted("what to do:", Style::new().bold(), colours), visible(remedy).replace('\n', "\n  ")));
    }
    put(Stream::Talk, &text);
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |&error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Whether standard error shows colours.
pub(crate) fn colours_on_stderr() -> bool {
    desk::current().has_colours(Stream::Talk)
}

/// A size for a person.
pub(crate) fn size(bytes: usize) -> String {
    if bytes < 1024 { format!("{bytes} bytes") } else { format!("{} KiB ({bytes} bytes)", bytes.div_ceil(1024)) }
}

/// A moment for a person, in UTC.
pub(crate) fn time(unix_ms: u64) -> String {
    utc(unix_ms)
}

fn painted(text: &str, style: Style, colours: bool) -> String {
    if colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

fn put(stream: Stream, line: &str) {
    desk::current().put(stream, &format!("{line}\n"));
}

/// The text with control characters and those that reorder text as escapes; line feeds stay.
fn visible(text: &str) -> String {
    let hidden =
        |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if hidden(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_move_the_cursor_is_shown() {
        assert_eq!(visible("a\x1b[2Jb\r\nc\u{202e}d\u{9b}é"), "a\\u{1b}[2Jb\\u{d}\nc\\u{202e}d\\u{9b}é");
    }

    #[test]
    fn a_cart_s_toml_is_printed_as_it_is() {
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            assert!(visible(&text) == text || c.is_ascii_control() || !cartage::carts::quoted(&text).contains(c), "{c:?}");
            assert!(!cartage::carts::quoted(&text).contains(|c: char| c.is_control()), "{c:?}");
        }
    }

    #[test]
    fn times_are_told_in_utc() {
        assert_eq!(time(1_795_442_706_789), "2026-11-23 14:05:06 UTC");
    }

    #[test]
    fn small_sizes_are_exact_and_larger_ones_round_up() {
        assert_eq!([size(0), size(1023), size(1024), size(1025)], ["0 bytes", "1023 bytes", "1 KiB (1024 bytes)", "2 KiB (1025 bytes)"]);
    }
}
