//! The short form of an explanation, for one screen: the most important facts first, and never more lines than a terminal shows.
//!
//! There are four levels of detail, each shorter than the one before, and the first that fits is used. The last one always fits: each condition has a
//! line for the value that was found, and commands are shown as long as there is room.

use crate::Commands;
use crate::layout::{INDENT, capital, laid_out, wrapped};
use crate::line::broken;
use cartage_policy::gate::explain::{Explanation, Mark, Row};

/// The most lines of the short form. With the cause of the change and the last receipt it makes 24.
pub const SCREEN_LINES_MAX: usize = 22;
/// The most characters in a line of the short form.
pub const SCREEN_COLUMNS_MAX: usize = 110;

/// The text in place of commands for which there is no room.
const NO_ROOM: &str = "`cartage explain --full` shows the commands";

/// A level of detail.
#[derive(Clone, Copy)]
struct Detail {
    /// The lines for the value that was found and the reason.
    lines: usize,
    /// The lines for all commands together.
    commands: usize,
    /// The lines for each note on the state of the order.
    notes: usize,
    /// Whether empty lines separate the parts.
    airy: bool,
}

/// The short form: at most [`SCREEN_LINES_MAX`] lines of [`SCREEN_COLUMNS_MAX`] characters, with commands broken so that a shell still accepts them.
pub fn screen(explanation: &Explanation) -> String {
    let worded = explanation.worded(&Commands);
    let whole = Detail { lines: usize::MAX, commands: usize::MAX, notes: usize::MAX, airy: true };
    let shorter = [whole, Detail { airy: false, ..whole }, Detail { lines: 2, airy: false, ..whole }];
    let all = shorter.into_iter().map(|detail| with_detail(&worded, detail)).find(|lines| lines.len() <= SCREEN_LINES_MAX);
    let lines = all.unwrap_or_else(|| {
        let least = Detail { lines: 1, commands: 0, notes: usize::MAX, airy: false };
        // What was said of the order is cut only where there is no other way.
        let fits = |notes: &usize| with_detail(&worded, Detail { notes: *notes, ..least }).len() <= SCREEN_LINES_MAX;
        let notes = [usize::MAX, 4, 2, 1].into_iter().find(fits).unwrap_or(1);
        let commands = SCREEN_LINES_MAX.saturating_sub(with_detail(&worded, Detail { notes, ..least }).len());
        with_detail(&worded, Detail { notes, commands, ..least })
    });
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn with_detail(explanation: &Explanation<String>, mut detail: Detail) -> Vec<String> {
    let gap = || detail.airy.then(String::new);
    let mut lines = short(&explanation.headline, ("", ""), 2);
    for note in &explanation.notes {
        lines.extend(cut(laid_out(note, SCREEN_COLUMNS_MAX), if note.remedy.is_some() { usize::MAX } else { detail.notes }));
    }
    lines.extend(gap());
    let mut shown = Vec::new();
    for row in &explanation.rows {
        let mark = format!("  {} {}  ", row.mark.sign(), row.number);
        match row.mark {
            Mark::Tick => lines.extend(short(&tick(row, &mark), (&mark, INDENT), detail.lines)),
            Mark::Cross => {
                let found = format!("{} {}", capital(&row.value), capital(&row.reason.to_string()));
                lines.extend(short(&found, (&mark, INDENT), detail.lines));
                commands(&mut lines, &format!("Set in: {}. ", row.set_in), &row.remedies, &mut shown, &mut detail.commands);
            }
        }
    }
    if let Some(mode) = &explanation.mode {
        lines.extend(short(&mode.value, ("  Mode ", INDENT), 1));
        // What holds the order back now is a condition, if one does not hold.
        if explanation.rows.iter().all(|row| row.mark == Mark::Tick) {
            commands(&mut lines, "", mode.remedy.as_slice(), &mut shown, &mut detail.commands);
        }
    }
    if let Some(advice) = &explanation.advice {
        lines.extend(gap());
        lines.extend(short(&advice.to_string(), ("", ""), 1));
    }
    lines
}

/// The value that was found, and where that is set if the line has room for it.
fn tick(row: &Row<String>, mark: &str) -> String {
    let found = capital(&row.value);
    let with_place = format!("{found} Set in: {}.", row.set_in);
    let fits = mark.chars().count() + with_place.chars().count() <= SCREEN_COLUMNS_MAX;
    if fits { with_place } else { found }
}

/// Breaks a text into at most so many lines, and cuts off the rest.
fn short(text: &str, indents: (&str, &str), lines_max: usize) -> Vec<String> {
    cut(wrapped(text, indents, SCREEN_COLUMNS_MAX), lines_max)
}

/// The first `lines_max` lines, the last with a sign if more were left out.
fn cut(mut lines: Vec<String>, lines_max: usize) -> Vec<String> {
    if lines.len() > lines_max {
        lines.truncate(lines_max);
        if let Some(last) = lines.last_mut() {
            *last = last.chars().take(SCREEN_COLUMNS_MAX - 1).chain(['…']).collect();
        }
    }
    lines
}

/// Adds where a value is set, and the commands that change it. Commands that an earlier row shows are not repeated.
fn commands<'a>(lines: &mut Vec<String>, place: &str, commands: &'a [String], shown: &mut Vec<&'a str>, room: &mut usize) {
    let fresh: Vec<&str> = commands.iter().map(String::as_str).filter(|command| !shown.contains(command)).collect();
    let written: Vec<String> = fresh.iter().flat_map(|command| broken(command, "         ", SCREEN_COLUMNS_MAX)).collect();
    let title = match (commands.len(), fresh.len()) {
        (0, _) => return,
        (_, 0) => "To change it: the commands above.".to_owned(),
        _ if written.len() > *room => format!("To change it: {NO_ROOM}."),
        (all, new) if new < all => "To change it, after the commands above:".to_owned(),
        (_, _) => "To change it:".to_owned(),
    };
    lines.push(format!("{INDENT}{place}{title}"));
    if written.len() <= *room {
        *room -= written.len();
        lines.extend(written);
        shown.extend(fresh);
    }
}
