//! Answers in the classic form: one line of ASCII, bounded.
//!
//! As far as is known, an Order Manager repeats without end every post that is not answered with OK. So `False` is answered only when somebody must act, and
//! the notes say on what. The texts are for that person; nothing depends on them. Characters that would split or end the answer, or turn it into a page, are
//! removed from every text: line ends, semicolons, angle brackets, characters beyond ASCII.

use super::{Error, InvalidOrder};
use cartage_base::causes::chain;
use cartage_model::carts::Inlet;
use std::borrow::Cow;

/// The longest answer, in bytes.
pub const ANSWER_BYTES_MAX: usize = 1_024;

/// Bytes reserved for the number of orders that the notes leave out.
const TAIL_BYTES: usize = 24;

/// The outcome of one order of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartOutcome {
    /// The order's number; `None` if it is not known.
    pub order: Option<String>,
    /// The outcome itself.
    pub outcome: PostOutcome,
}

/// The outcome of an order. The reasons are for people: sentences without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostOutcome {
    /// The update is on disk.
    Accepted,
    /// There was nothing to do: the cart was told already, the label map ignores the label, or the cart's mode only records.
    NothingToDo(String),
    /// The update reached the cart.
    Delivered,
    /// The update is on disk, and the cart has not taken it within the time to wait.
    StillQueued,
    /// A condition does not hold until somebody changes something.
    NeedsAPerson(String),
    /// The fields of the update are not valid.
    Invalid(String),
    /// The cart refused the update.
    Refused(String),
    /// The update could not be stored; the same post may succeed later.
    NotKept(String),
}

/// An answer, ready to be sent with HTTP status 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply(String);

impl Reply {
    /// The content type of every answer. Send it with `X-Content-Type-Options: nosniff`, because answers repeat parts of a request.
    pub const CONTENT_TYPE: &'static str = "text/plain; charset=us-ascii";

    /// The answer to `sendversion`.
    pub fn version(inlet: &Inlet) -> Reply {
        Reply(format!("SETIResponse: version={}", inlet.version()))
    }

    /// The answer for an error outside any update, such as a cart without an inlet.
    pub fn error(text: &str) -> Reply {
        Reply(bounded("SETIError: ", &plain(text)))
    }

    /// The answer's text, which is all ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Error {
    /// The answer to a request that failed with this error. Unreadable XML is answered as an update that was not accepted; any other request was never an
    /// update.
    pub fn answer(&self) -> Reply {
        match self {
            Error::Xml(_) => Reply(bounded("SETIResponse: update=False;Notes=", &plain(&chain(self)))),
            Error::Form(_) | Error::FunctionMissing | Error::FunctionUnknown { .. } | Error::Denied(_) => Reply::error(&chain(self)),
        }
    }
}

impl From<&InvalidOrder> for PartOutcome {
    fn from(invalid: &InvalidOrder) -> PartOutcome {
        PartOutcome { order: invalid.order.clone(), outcome: PostOutcome::Invalid(invalid.reason()) }
    }
}

/// The answer to a post: OK if nobody must act, else False. The notes begin with what needs action. Accepted orders stay accepted, and a repeat of them
/// changes nothing.
pub fn answer(parts: &[PartOutcome]) -> Reply {
    let (bad, good): (Vec<_>, Vec<_>) = parts.iter().partition(|part| part.outcome.is_bad());
    let notes = |parts: &[&PartOutcome]| parts.iter().filter_map(|part| part.note()).collect::<Vec<_>>();
    if bad.is_empty() && !good.is_empty() {
        return Reply(listed("SETIResponse: update=OK;Notes=", &notes(&good)));
    }
    let mut notes = notes(&bad);
    if !good.is_empty() {
        notes.push(format!(
            "{} of {} orders in this post {}",
            good.len(),
            parts.len(),
            if good.len() == 1 { "needs nobody" } else { "need nobody" }
        ));
    }
    Reply(listed("SETIResponse: update=False;Notes=", &notes))
}

impl PartOutcome {
    /// The text for the notes; `None` if there is nothing to say.
    fn note(&self) -> Option<String> {
        let what = match &self.outcome {
            PostOutcome::Accepted | PostOutcome::Delivered => return None,
            PostOutcome::NothingToDo(reason) => format!("nothing to do: {reason}"),
            PostOutcome::StillQueued => "accepted, not delivered yet".to_owned(),
            PostOutcome::NeedsAPerson(reason) => format!("needs a person: {reason}"),
            PostOutcome::Invalid(reason) => format!("not valid: {reason}"),
            PostOutcome::Refused(reason) => format!("refused by the cart: {reason}"),
            PostOutcome::NotKept(reason) => format!("not accepted, try again: {reason}"),
        };
        let order = self.order.as_ref().map_or_else(|| "an order without a number".to_owned(), |order| format!("order {order}"));
        Some(plain(&format!("{order} {what}")))
    }
}

impl PostOutcome {
    /// Whether somebody must act, or the sender must repeat the post.
    fn is_bad(&self) -> bool {
        match self {
            PostOutcome::Accepted | PostOutcome::NothingToDo(_) | PostOutcome::Delivered | PostOutcome::StillQueued => false,
            PostOutcome::NeedsAPerson(_) | PostOutcome::Invalid(_) | PostOutcome::Refused(_) | PostOutcome::NotKept(_) => true,
        }
    }
}

/// As many notes as fit, the first at least in part, and the number of those left out.
fn listed(start: &str, notes: &[String]) -> String {
    let mut text = start.to_owned();
    for (at, note) in notes.iter().enumerate() {
        let left = notes.len() - at;
        let comma = if at == 0 { "" } else { ", " };
        let room = ANSWER_BYTES_MAX - text.len() - if left > 1 { TAIL_BYTES } else { 0 };
        if comma.len() + note.len() <= room {
            text.extend([comma, note]);
        } else if at == 0 {
            text.push_str(&shortened(note, room));
        } else {
            return text + &format!(", and {left} more");
        }
    }
    text
}

fn bounded(start: &str, text: &str) -> String {
    start.to_owned() + &shortened(text, ANSWER_BYTES_MAX - start.len())
}

/// As much of the text, which is ASCII, as fits.
fn shortened(text: &str, room: usize) -> Cow<'_, str> {
    if text.len() <= room { Cow::Borrowed(text) } else { Cow::Owned(format!("{}...", &text[..room - 3])) }
}

/// The text with only characters that an answer may hold.
fn plain(text: &str) -> String {
    let plain = text.chars().map(|c| match c {
        '<' => '(',
        '>' => ')',
        ';' => ',',
        ' '..='~' => c,
        c if c.is_control() || c.is_whitespace() => ' ',
        _ => '?',
    });
    plain.collect::<String>().split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
