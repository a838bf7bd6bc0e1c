//! Puts a decision into words for people who do not program. Its remedies stay data, for whoever shows the explanation to put them into words and to lay it
//! out.

use super::{Decision, Stage, Verdict};
use cartage_model::remedy::{Remedy, Sentence, Words};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A decision in words. Its remedies are data, or a `String` each where they are in words as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation<R = Remedy> {
    /// What happens to the update, in one sentence; later, the state of the order.
    pub headline: String,
    /// Details of the headline, with the remedies that help.
    pub notes: Vec<Note<R>>,
    /// The six conditions, in order.
    pub rows: Vec<Row<R>>,
    /// The cart's mode; `None` if there is no such cart.
    pub mode: Option<ModeRow<R>>,
    /// The next step for the person; `None` if there is none.
    pub advice: Option<Sentence<R>>,
}

/// A detail of the state of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note<R = Remedy> {
    /// The detail, as one sentence.
    pub text: Sentence<R>,
    /// What belongs to the detail; `None` if there is nothing to do.
    #[serde(rename = "command")]
    pub remedy: Option<R>,
}

impl Note {
    /// A detail without a remedy.
    pub fn text(text: impl Into<Sentence>) -> Note {
        Note { text: text.into(), remedy: None }
    }

    /// A detail with the remedy that changes or shows something.
    pub fn with(text: impl Into<Sentence>, remedy: Remedy) -> Note {
        Note { text: text.into(), remedy: Some(remedy) }
    }

    /// The detail with its remedies in words.
    pub fn worded(&self, words: &dyn Words) -> Note<String> {
        Note { text: self.text.worded(words), remedy: self.remedy.as_ref().map(|remedy| words.remedy(remedy)) }
    }
}

/// One of the six conditions, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row<R = Remedy> {
    /// A tick if the condition holds, else a cross.
    pub mark: Mark,
    /// The condition's number, 1 to 6.
    pub number: u8,
    /// The condition in plain words.
    pub condition: Cow<'static, str>,
    /// The value that was found.
    pub value: String,
    /// Where that value is set.
    pub set_in: String,
    /// Why the condition holds or not.
    pub reason: Sentence<R>,
    /// What makes the condition hold, in order. Empty if it holds.
    pub remedies: Vec<R>,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeRow<R = Remedy> {
    /// The mode, and what it means for this order.
    pub value: String,
    /// What lets the order be sent; `None` if the mode does not hold it back.
    pub remedy: Option<R>,
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
        Verdict::Shadow => Some("All six conditions hold. The cart's mode holds the order back.".into()),
        Verdict::Nothing if decision.must_act() => {
            Some(format!("It is sent only when all six conditions hold. Look at {}.", crosses(&rows)).into())
        }
        Verdict::Nothing => Some("There is nothing to send, and nothing that you must do.".into()),
    };
    Explanation { headline, notes: Vec::new(), rows, mode: mode(decision), advice }
}

fn row(answer: &super::ConditionAnswer) -> Row {
    Row {
        mark: if answer.held() { Mark::Tick } else { Mark::Cross },
        number: answer.condition.number(),
        condition: answer.condition.title().into(),
        value: answer.value.clone(),
        set_in: answer.place.to_string(),
        reason: answer.reason.clone(),
        remedies: answer.remedies.clone(),
    }
}

fn mode(decision: &Decision) -> Option<ModeRow> {
    let live = || Some(Remedy::MakeLive { cart: decision.cart.clone() });
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
fn crosses<R>(rows: &[Row<R>]) -> String {
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
    /// The explanation with its remedies in words.
    pub fn worded(&self, words: &dyn Words) -> Explanation<String> {
        Explanation {
            headline: self.headline.clone(),
            notes: self.notes.iter().map(|note| note.worded(words)).collect(),
            rows: self.rows.iter().map(|row| row.worded(words)).collect(),
            mode: self.mode.as_ref().map(|mode| mode.worded(words)),
            advice: self.advice.as_ref().map(|advice| advice.worded(words)),
        }
    }
}

impl Row {
    fn worded(&self, words: &dyn Words) -> Row<String> {
        Row {
            mark: self.mark,
            number: self.number,
            condition: self.condition.clone(),
            value: self.value.clone(),
            set_in: self.set_in.clone(),
            reason: self.reason.worded(words),
            remedies: self.remedies.iter().map(|remedy| words.remedy(remedy)).collect(),
        }
    }
}

impl ModeRow {
    fn worded(&self, words: &dyn Words) -> ModeRow<String> {
        ModeRow { value: self.value.clone(), remedy: self.remedy.as_ref().map(|remedy| words.remedy(remedy)) }
    }
}

impl<R> Explanation<R> {
    /// The numbers of the conditions that do not hold: `1, 2 and 4`.
    pub fn crosses(&self) -> String {
        crosses(&self.rows)
    }
}
