//! An explanation as a complete table of at most 80 columns. The short form that fits one screen is in `screen.rs`.

use crate::Commands;
use crate::line::broken;
use cartage_policy::gate::explain::{Explanation, Mark, Note};

/// The most characters in a line of the table.
pub const COLUMNS_MAX: usize = 80;

/// The indentation of the lines below a condition.
pub(super) const INDENT: &str = "       ";

/// The whole table as plain text. Each line has at most [`COLUMNS_MAX`] characters, and commands are broken so that a shell still accepts them.
pub fn table(explanation: &Explanation) -> String {
    let worded = explanation.worded(&Commands);
    // Where an order stands, with its notes, is one line, however long.
    let width = if worded.notes.is_empty() { COLUMNS_MAX } else { usize::MAX };
    let mut lines = wrapped(&worded.headline, ("", ""), width);
    lines.extend(worded.notes.iter().flat_map(|note| laid_out(note, COLUMNS_MAX)));
    lines.push(String::new());
    let mut shown = Vec::new();
    for row in &worded.rows {
        lines.push(format!("  {} {}  {}", row.mark.sign(), row.number, row.condition));
        lines.extend(wrapped(&capital(&row.value), (INDENT, INDENT), COLUMNS_MAX));
        if row.mark == Mark::Cross {
            lines.extend(wrapped(&capital(&row.reason.to_string()), (INDENT, INDENT), COLUMNS_MAX));
        }
        lines.extend(wrapped(&row.set_in, ("       Set in: ", "               "), COLUMNS_MAX));
        if row.mark == Mark::Cross {
            commands(&mut lines, &row.remedies, &mut shown);
        }
    }
    if let Some(mode) = &worded.mode {
        lines.extend(wrapped(&mode.value, ("  Mode ", INDENT), COLUMNS_MAX));
        commands(&mut lines, mode.remedy.as_slice(), &mut shown);
    }
    if let Some(advice) = &worded.advice {
        lines.push(String::new());
        lines.extend(wrapped(&advice.to_string(), ("", ""), COLUMNS_MAX));
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A note as lines of a table of this width: one line if it fits.
pub fn note(note: &Note, width: usize) -> Vec<String> {
    laid_out(&note.worded(&Commands), width)
}

pub(super) fn laid_out(note: &Note<String>, width: usize) -> Vec<String> {
    let Some(command) = &note.remedy else { return wrapped(&note.text.to_string(), ("  ", "  "), width) };
    let one = format!("  {}: {command}", note.text);
    if one.chars().count() <= width {
        return vec![one];
    }
    let mut lines = wrapped(&format!("{}:", note.text), ("  ", "  "), width);
    lines.extend(broken(command, "    ", width));
    lines
}

/// Adds the commands of one row. Commands that an earlier row shows are not repeated.
fn commands<'a>(lines: &mut Vec<String>, commands: &'a [String], shown: &mut Vec<&'a str>) {
    let fresh: Vec<&str> = commands.iter().map(String::as_str).filter(|command| !shown.contains(command)).collect();
    let title = match (commands.len(), fresh.len()) {
        (0, _) => return,
        (_, 0) => "       To change it: the commands above.",
        (all, new) if new < all => "       To change it, after the commands above:",
        (_, _) => "       To change it:",
    };
    lines.push(title.to_owned());
    lines.extend(fresh.iter().flat_map(|command| broken(command, "         ", COLUMNS_MAX)));
    shown.extend(fresh);
}

/// Makes a statement a sentence, with a capital and a full stop, unless its first word is spelled otherwise.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

/// Breaks a text between words, and inside a word that is longer than a line. `indents` are those of the first line and of the others.
pub(super) fn wrapped(text: &str, indents: (&str, &str), width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = indents.0.to_owned();
    let mut fresh = true;
    for word in text.split(' ') {
        if !fresh && current.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut current, indents.1.to_owned()));
        } else if !fresh {
            current.push(' ');
        }
        for c in word.chars() {
            if current.chars().count() == width {
                lines.push(std::mem::replace(&mut current, indents.1.to_owned()));
            }
            current.push(c);
        }
        fresh = false;
    }
    lines.push(current);
    lines
}
