//! Puts a decision into words for people who do not program: rows as plain data, and a complete table of at most 80 columns. The short form that fits
//! one screen is in `screen.rs`.

use super::command::{self, broken};
use super::{Decision, Stage, Verdict};
use serde::Serialize;

/// The most characters in a line of the table.
pub const COLUMNS_MAX: usize = 80;

/// The indentation of the lines below a condition.
pub(super) const INDENT: &str = "       ";

/// A decision in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What happens to the update, in one sentence; later, the state of the order.
    pub headline: String,
    /// Details of the headline, with the commands that help.
    pub notes: Vec<Note>,
    /// The six conditions, in order.
    pub rows: Vec<Row>,
    /// The cart's mode; `None` if there is no such cart.
    pub mode: Option<ModeRow>,
    /// The next step for the person; `None` if there is none.
    pub advice: Option<String>,
}

/// A detail of the state of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The detail, as one sentence.
    pub text: String,
    /// The command that belongs to the detail; `None` if there is none.
    pub command: Option<String>,
}

impl Note {
    /// A detail without a command.
    pub fn text(text: impl Into<String>) -> Note {
        Note { text: text.into(), command: None }
    }

    /// A detail with the command that changes or shows something.
    pub fn command(text: impl Into<String>, command: String) -> Note {
        Note { text: text.into(), command: Some(command) }
    }

    /// The note as lines of a table of this width: one line if it fits.
    pub fn lines(&self, width: usize) -> Vec<String> {
        let Some(command) = &self.command else { return wrapped(&self.text, ("  ", "  "), width) };
        let one = format!("  {}: {command}", self.text);
        if one.chars().count() <= width {
            return vec![one];
        }
        let mut lines = wrapped(&format!("{}:", self.text), ("  ", "  "), width);
        lines.extend(broken(command, "    ", width));
        lines
    }
}

/// One of the six conditions, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// A tick if the condition holds, else a cross.
    pub mark: Mark,
    /// The condition's number, 1 to 6.
    pub number: u8,
    /// The condition in plain words.
    pub condition: &'static str,
    /// The value that was found.
    pub value: String,
    /// Where that value is set.
    pub set_in: String,
    /// Why the condition holds or not.
    pub reason: String,
    /// The commands that make the condition hold, in order. Empty if it holds.
    pub remedies: Vec<String>,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The condition holds.
    Tick,
    /// The condition does not hold.
    Cross,
}

impl Mark {
    /// The character that shows the mark.
    pub fn sign(self) -> char {
        match self {
            Mark::Tick => '✓',
            Mark::Cross => '✗',
        }
    }
}

/// The row about the cart's mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModeRow {
    /// The mode, and what it means for this order.
    pub value: String,
    /// The command that lets the order be sent; `None` if the mode does not hold it back.
    pub remedy: Option<String>,
}

/// Puts a decision into words.
pub fn explain(decision: &Decision) -> Explanation {
    let (order, cart) = (&decision.order_number, &decision.cart);
    let rows: Vec<Row> = decision.answers.iter().map(row).collect();
    let headline = match decision.verdict {
        Verdict::Send => format!("Order {order} is sent to the cart {cart}."),
        Verdict::Shadow => format!("Order {order} would be sent to the cart {cart}, but is only recorded."),
        Verdict::Nothing => format!("Order {order} is not sent to the cart {cart}."),
    };
    let advice = match decision.verdict {
        Verdict::Send => None,
        Verdict::Shadow => Some("All six conditions hold. The cart's mode holds the order back.".to_owned()),
        Verdict::Nothing if decision.must_act() => Some(format!("It will be sent when every line has a tick. Look at {}.", crosses(&rows))),
        Verdict::Nothing => Some("There is nothing to send, and nothing that you must do.".to_owned()),
    };
    Explanation { headline, notes: Vec::new(), rows, mode: mode(decision), advice }
}

fn row(answer: &super::ConditionAnswer) -> Row {
    Row {
        mark: if answer.held() { Mark::Tick } else { Mark::Cross },
        number: answer.condition.number(),
        condition: answer.condition.title(),
        value: answer.value.clone(),
        set_in: answer.place.to_string(),
        reason: answer.reason.to_string(),
        remedies: answer.remedies.clone(),
    }
}

fn mode(decision: &Decision) -> Option<ModeRow> {
    let live = || Some(command::cart_live(&decision.cart));
    let (value, remedy) = match decision.stage {
        Stage::NoCart => return None,
        Stage::Live => ("live: orders that pass are sent", None),
        Stage::NamedOrder => ("only-orders: this order is one of those that are sent", None),
        Stage::OtherOrder => ("only-orders: this order is not named, so it is only recorded", live()),
        Stage::Shadow => ("shadow: orders that pass are only recorded", live()),
    };
    Some(ModeRow { value: value.to_owned(), remedy })
}

/// The numbers of the rows with a cross, in words.
fn crosses(rows: &[Row]) -> String {
    let crosses: Vec<String> = rows.iter().filter(|row| row.mark == Mark::Cross).map(|row| row.number.to_string()).collect();
    listed(&crosses)
}

/// Joins numbers in words: `2`, `2 and 4`, `1, 2 and 4`.
fn listed(numbers: &[String]) -> String {
    match numbers {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

impl Explanation {
    /// The numbers of the conditions that do not hold: `1, 2 and 4`.
    pub fn crosses(&self) -> String {
        crosses(&self.rows)
    }

    /// The whole table as plain text. Each line has at most [`COLUMNS_MAX`] characters, and commands are broken so that a shell still accepts them.
    pub fn table(&self) -> String {
        // Where an order stands, with its notes, is one line, however long.
        let width = if self.notes.is_empty() { COLUMNS_MAX } else { usize::MAX };
        let mut lines = wrapped(&self.headline, ("", ""), width);
        lines.extend(self.notes.iter().flat_map(|note| note.lines(COLUMNS_MAX)));
        lines.push(String::new());
        let mut shown = Vec::new();
        for row in &self.rows {
            lines.push(format!("  {} {}  {}", row.mark.sign(), row.number, row.condition));
            lines.extend(wrapped(&capital(&row.value), (INDENT, INDENT), COLUMNS_MAX));
            if row.mark == Mark::Cross {
                lines.extend(wrapped(&capital(&row.reason), (INDENT, INDENT), COLUMNS_MAX));
            }
            lines.extend(wrapped(&row.set_in, ("       Set in: ", "               "), COLUMNS_MAX));
            if row.mark == Mark::Cross {
                commands(&mut lines, &row.remedies, &mut shown);
            }
        }
        if let Some(mode) = &self.mode {
            lines.extend(wrapped(&mode.value, ("  Mode ", INDENT), COLUMNS_MAX));
            commands(&mut lines, mode.remedy.as_slice(), &mut shown);
        }
        if let Some(advice) = &self.advice {
            lines.push(String::new());
            lines.extend(wrapped(advice, ("", ""), COLUMNS_MAX));
        }
        lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }
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
