//! Dead letters, ended deliveries and queued ones as they are shown to people, and the pages in which they are listed.

use super::attempts::Attempts;
use crate::orders::{LabelRow, OrderRef, PackageRow};
use cartage_contract::orders::Update;
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{CartId, DeliveryId};
use serde::{Deserialize, Serialize};

/// A delivery that will not be attempted again by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The dead letter's place in the list. A page may continue after it.
    pub nth: u64,
    /// The order and its cart.
    pub order: OrderRef,
    /// The sequence number of its update within the order.
    pub sequence: u64,
    /// The delivery's id, the same as before its death.
    pub delivery: DeliveryId,
    /// The label of its update, if this release can read everything that a retry needs.
    pub label: Result<String, Unreadable>,
    /// The counts and the history of the attempts.
    pub attempts: Attempts,
    /// When the update was accepted.
    pub accepted_at_unix_ms: u64,
    /// When the delivery became a dead letter.
    pub died_at_unix_ms: u64,
    /// Why the delivery died; `None` if this release does not know the stored reason.
    pub reason: Option<Reason>,
    /// What became of the delivery's lane.
    pub then: Then,
    /// The fate in the last receipt, as JSON; `None` without a receipt.
    pub fate: Option<String>,
}

/// A delivery that is queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The delivery's place in the list. A page may continue after it.
    pub nth: u64,
    /// The order and its cart.
    pub order: OrderRef,
    /// The sequence number of its update within the order.
    pub sequence: u64,
    /// The delivery's id.
    pub delivery: DeliveryId,
    /// The label of its update, if this release can read the delivery.
    pub label: Result<String, Unreadable>,
    /// The counts and the history of the attempts.
    pub attempts: Attempts,
    /// When the update was accepted.
    pub accepted_at_unix_ms: u64,
    /// When the delivery last entered the queue: on acceptance, or on a retry.
    pub queued_at_unix_ms: u64,
    /// What the delivery waits for.
    pub waits: Waits,
    /// The error for which the delivery's lane rests; only the head of a lane has one.
    pub fault: Option<String>,
    /// The fate in the last receipt, as JSON; `None` without a receipt.
    pub fate: Option<String>,
}

/// What a queued delivery waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waits {
    /// Its due time; the delivery is its lane's head.
    Until {
        /// When the delivery is due.
        due_at_unix_ms: u64,
    },
    /// The end of its attempt, which is under way, or was cut off and may be under way at the cart.
    Attempt {
        /// When the delivery is due again if the outcome of the attempt stays unknown.
        due_at_unix_ms: u64,
    },
    /// The deliveries before it in its lane.
    Behind,
    /// A person, because the lane is blocked.
    Blocked {
        /// The sequence number of the dead letter that blocks the lane.
        by: u64,
    },
}

/// Where a delivery is, with its update; the update is `None` if this release cannot read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundDelivery {
    /// The delivery waits or is under way.
    Queued(Box<Queued>, Option<Box<Update>>),
    /// The delivery is a dead letter.
    Dead(Box<DeadLetter>, Option<Box<Update>>),
    /// The delivery was ended without reaching its cart.
    Ended {
        /// The order and its cart.
        order: OrderRef,
        /// The sequence number of its update within the order.
        sequence: u64,
        /// By whom or what the delivery was ended, and when.
        ending: DeliveryEnd,
    },
}

impl FoundDelivery {
    /// The sequence number of its update within the order.
    pub fn sequence(&self) -> u64 {
        match self {
            FoundDelivery::Queued(queued, _) => queued.sequence,
            FoundDelivery::Dead(dead, _) => dead.sequence,
            FoundDelivery::Ended { sequence, .. } => *sequence,
        }
    }

    /// The order and its cart.
    pub fn order(&self) -> &OrderRef {
        match self {
            FoundDelivery::Queued(queued, _) => &queued.order,
            FoundDelivery::Dead(dead, _) => &dead.order,
            FoundDelivery::Ended { order, .. } => order,
        }
    }

    /// The delivery's update, while it is stored and this release can read it.
    pub fn update(&self) -> Option<&Update> {
        match self {
            FoundDelivery::Queued(_, update) | FoundDelivery::Dead(_, update) => update.as_deref(),
            FoundDelivery::Ended { .. } => None,
        }
    }
}

/// How a delivery ended that did not reach its cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryEnd {
    /// When the delivery was ended.
    pub at_unix_ms: u64,
    /// By whom or what the delivery was ended.
    pub how: EndCause,
}

/// By whom or what a delivery was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "how")]
pub enum EndCause {
    /// A person discarded the delivery.
    Discarded {
        /// The name of the user or of the token.
        who: String,
        /// The reason that the person gave.
        why: String,
    },
    /// A newer update of the order replaces the delivery and tells what it had to tell.
    Superseded {
        /// The delivery of the newer update.
        by: DeliveryId,
    },
}

/// A delivery of an order that ended without reaching its cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedUpdate {
    /// The delivery's id.
    pub delivery: DeliveryId,
    /// The sequence number of its update within the order.
    pub sequence: u64,
    /// By whom or what the delivery was ended, and when.
    pub ending: DeliveryEnd,
}

/// An earlier update that was merged into a later one, which tells what the earlier had to tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MergedUpdate {
    /// The id of the earlier update's delivery.
    pub delivery: DeliveryId,
    /// The sequence number of the earlier update.
    pub sequence: u64,
}

/// A sentence saying that earlier updates end together with the one that they were merged into; `None` if there are none.
pub fn with_it(parts: &[MergedUpdate]) -> Option<String> {
    let named: Vec<String> = parts.iter().map(|part| format!("update {} (delivery {})", part.sequence, part.delivery)).collect();
    match named.as_slice() {
        [] => None,
        [one] => Some(format!("{one} ends with it, because it was merged into this one")),
        [most @ .., last] => Some(format!("{} and {last} end with it, because they were merged into this one", most.join(", "))),
    }
}

/// Who ends deliveries, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discard {
    /// The name of the user or of the token.
    pub who: String,
    /// The reason, which is recorded with the ending.
    pub why: String,
    /// The time of the request.
    pub at_unix_ms: u64,
}

/// Selects dead letters. A field that is `None` matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The cart of the dead letter.
    pub cart: Option<CartId>,
    /// The reason of its death.
    pub reason: Option<Reason>,
    /// The earliest time of death, inclusive.
    pub since_unix_ms: Option<u64>,
    /// Whether its lane was blocked or went on.
    pub then: Option<Then>,
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The place (`nth`) after which the page begins; `None` starts at the beginning of the list.
    pub after: Option<u64>,
    /// The most rows to return; never more than [`ROWS_MAX`](super::ROWS_MAX).
    pub most: u32,
}

/// The number of a cart's dead letters that died of one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The cart of the dead letters.
    pub cart: CartId,
    /// The reason; `None` counts those of reasons that this release does not know.
    pub reason: Option<Reason>,
    /// The number of dead letters.
    pub count: u64,
}

/// The result of returning a dead letter to the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "done")]
pub enum Retried {
    /// The delivery is its lane's head again with its old sequence number, and the lane is no longer blocked.
    Head,
    /// The order went on in the meantime, so the delivery is the last in its lane, with a new sequence number.
    Tail {
        /// The new sequence number.
        sequence: u64,
    },
    /// The merchant has no dead letter with this id.
    NotDead,
    /// This release cannot read the dead letter, which stays as it is.
    Unreadable,
}

/// The error for stored content that cannot be read: another release wrote it, or the file was damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not read {what}: {why}")]
pub struct Unreadable {
    what: &'static str,
    why: String,
}

impl Unreadable {
    pub(super) fn new(what: &'static str, error: &serde_json::Error) -> Unreadable {
        Unreadable { what, why: error.to_string() }
    }
}

/// The result of ending a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discarded {
    /// The delivery was a dead letter.
    Dead,
    /// The delivery was queued, and the order's previous label counts again.
    Queued,
    /// There is no such delivery, or it has ended.
    NotThere,
}

/// The updates that were merged into a newer one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superseded {
    /// The newer update's delivery, which is now its lane's head.
    pub by: DeliveryId,
    /// The deliveries that ended by the merge, by sequence number.
    pub ended: Vec<DeliveryId>,
}

/// What the order's row had learned through a delivery, which no longer counts while the delivery is dead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TakenBack {
    pub(super) labels: Vec<LabelRow>,
    pub(super) packages: Vec<PackageRow>,
}

/// Describes what a dead letter died of, for people and documents; `None` is a reason that this release does not know.
pub fn died_of(reason: Option<Reason>) -> String {
    reason.map_or_else(|| "unknown".to_owned(), |reason| reason.to_string())
}

#[cfg(test)]
impl Filter {
    pub(super) fn takes(&self, dead: &DeadLetter) -> bool {
        self.cart.as_ref().is_none_or(|cart| *cart == dead.order.cart)
            && self.reason.is_none_or(|reason| Some(reason) == dead.reason)
            && self.since_unix_ms.is_none_or(|since| dead.died_at_unix_ms >= since)
            && self.then.is_none_or(|then| then == dead.then)
    }
}
