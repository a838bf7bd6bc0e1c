//! The output of a command: results go to standard output, messages to standard error, and colours only to a terminal.
//!
//! All text from a plugin, a file or the network is printed through this module, which escapes hidden characters ([`cartage::visible`]): a plugin's text
//! cannot move the cursor, rewrite the screen, or begin a line that looks like one of this program. The program's own texts of several lines go through
//! [`lines`] and [`talk_lines`]; foreign text is reduced to one line before it becomes part of such a text.

pub(crate) use cartage::causes::chain;

use super::console::{self, Stream};
use cartage::validate::utc;
use cartage::visible;
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;
use std::error::Error;

/// Prints the result as one JSON document.
pub(crate) fn json(document: &impl Serialize) {
    let text = serde_json::to_string_pretty(document).expect("our reports have text keys only, and no other error is possible in memory");
    put(Stream::Result, &visible::json(&text));
}

/// Prints the result as one JSON document in one line, for a command that prints several or goes on running.
pub(crate) fn json_line(document: &impl Serialize) {
    let text = serde_json::to_string(document).expect("our reports have text keys only, and no other error is possible in memory");
    put(Stream::Result, &visible::json(&text));
}

/// Prints a line of the result.
pub(crate) fn line(text: &str) {
    put(Stream::Result, &visible::line(text));
}

/// Prints several lines of the program's own text as the result.
pub(crate) fn lines(text: &str) {
    put(Stream::Result, &visible::lines(text));
}

/// Prints a heading of the result.
pub(crate) fn heading(text: &str) {
    put(Stream::Result, &painted(&visible::line(text), Style::new().bold(), console::has_colours(Stream::Result)));
}

/// Prints rows of a name and a value, with the values in one column. A value may have several lines.
pub(crate) fn rows<N: AsRef<str>, V: AsRef<str>>(rows: &[(N, V)]) {
    let width = rows.iter().map(|(name, _)| name.as_ref().chars().count()).max().unwrap_or(0);
    for (name, value) in rows {
        let indent = format!("\n  {:width$}  ", "");
        put(
            Stream::Result,
            &format!("  {:width$}  {}", visible::line(name.as_ref()), visible::lines(value.as_ref()).replace('\n', &indent)),
        );
    }
}

/// Prints a message, such as a progress note for a waiting user.
pub(crate) fn talk(text: &str) {
    put(Stream::Talk, &visible::line(text));
}

/// Prints several lines of the program's own text as a message.
pub(crate) fn talk_lines(text: &str) {
    put(Stream::Talk, &visible::lines(text));
}

/// Prints a prompt; the answer follows on the same line.
pub(crate) fn prompt(text: &str) {
    console::put(Stream::Talk, &visible::line(text));
}

/// Prints why a command failed: the error, its causes, and what to do.
pub(crate) fn failure(error: &(impl AsRef<dyn Error + Send + Sync> + ?Sized), remedy: Option<&str>, as_json: bool) {
    if as_json {
        return json(&failed(error, remedy));
    }
    let (message, causes) = parts(error);
    let colours = colours_on_stderr();
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let mut text = format!("{} {}", painted("error:", red, colours), visible::lines(&message).replace('\n', "\n  "));
    for cause in &causes {
        text.push_str(&format!("\n  because: {}", visible::lines(cause.trim_end()).replace('\n', "\n    ")));
    }
    if let Some(remedy) = remedy {
        text.push_str(&format!(
            "\n{} {}",
            painted("what to do:", Style::new().bold(), colours),
            visible::lines(remedy).replace('\n', "\n  ")
        ));
    }
    put(Stream::Talk, &text);
}

/// A command's failure as a JSON document.
pub(crate) fn failed(error: &(impl AsRef<dyn Error + Send + Sync> + ?Sized), remedy: Option<&str>) -> serde_json::Value {
    let (message, causes) = parts(error);
    serde_json::json!({ "error": { "message": message, "causes": causes, "what-to-do": remedy } })
}

/// The message of an error, and that of each of its causes.
fn parts(error: &(impl AsRef<dyn Error + Send + Sync> + ?Sized)) -> (String, Vec<String>) {
    let error = error.as_ref();
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    (error.to_string(), causes.map(ToString::to_string).collect())
}

/// Whether standard error may be coloured.
pub(crate) fn colours_on_stderr() -> bool {
    console::has_colours(Stream::Talk)
}

/// A size in bytes as text.
pub(crate) fn size(bytes: usize) -> String {
    if bytes < 1024 { format!("{bytes} bytes") } else { format!("{} KiB ({bytes} bytes)", bytes.div_ceil(1024)) }
}

/// A time as text, in UTC.
pub(crate) fn time(unix_ms: u64) -> String {
    utc(unix_ms)
}

fn painted(text: &str, style: Style, colours: bool) -> String {
    if colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

fn put(stream: Stream, line: &str) {
    console::put(stream, &format!("{line}\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cart_s_toml_is_printed_as_it_is() {
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            assert!(visible::lines(&text) == text || c.is_ascii_control() || !cartage::carts::quoted(&text).contains(c), "{c:?}");
            assert!(!cartage::carts::quoted(&text).contains(visible::is_hidden), "{c:?}");
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
