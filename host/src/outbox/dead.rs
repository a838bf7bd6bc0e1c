//! What is no longer on its way, or is looked at while it is: dead letters, endings, and the pages in which they are listed.

use super::attempts::Attempts;
use super::settlement::{Reason, Then};
use crate::id::{CartId, DeliveryId};
use crate::store::orders::{Label, OrderRef, Package};
use cartage_contract::orders::Update;
use serde::{Deserialize, Serialize};

/// A delivery that will not be tried again by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its place in the list: where the next page begins.
    pub nth: u64,
    /// The order and its cart.
    pub order: OrderRef,
    /// The number that its update had.
    pub sequence: u64,
    /// Its id.
    pub delivery: DeliveryId,
    /// The label of its update, if this release can read all that trying it again needs.
    pub label: Result<String, Unreadable>,
    /// What is known of the attempts.
    pub attempts: Attempts,
    /// When it was accepted.
    pub accepted_at_unix_ms: u64,
    /// When it died.
    pub died_at_unix_ms: u64,
    /// Why. None: of a reason that this release does not know.
    pub reason: Option<Reason>,
    /// What became of its lane.
    pub then: Then,
    /// The fate in its last receipt, as JSON.
    pub fate: Option<String>,
}

/// A delivery that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// Its place in the list: where the next page begins.
    pub nth: u64,
    /// The order and its cart.
    pub order: OrderRef,
    /// The number of its update.
    pub sequence: u64,
    /// Its id.
    pub delivery: DeliveryId,
    /// The label of its update, if this release can read the delivery.
    pub label: Result<String, Unreadable>,
    /// What is known of the attempts.
    pub attempts: Attempts,
    /// When it was accepted.
    pub accepted_at_unix_ms: u64,
    /// When it last came into the queue.
    pub queued_at_unix_ms: u64,
    /// What it waits for.
    pub waits: Waits,
    /// What failed at its lane, which rests for that: of a head alone.
    pub fault: Option<String>,
    /// The fate in its last receipt, as JSON.
    pub fate: Option<String>,
}

/// What a delivery waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waits {
    /// Its time: it is its lane's head.
    Until {
        /// When it is due.
        due_at_unix_ms: u64,
    },
    /// The end of an attempt at it: one that is under way, or was cut off and may be under way at the cart.
    Attempt {
        /// When it is due again if nobody can say what came of that.
        due_at_unix_ms: u64,
    },
    /// Those before it in its lane.
    Behind,
    /// A person: its lane is blocked.
    Blocked {
        /// By the dead letter that had this number.
        by: u64,
    },
}

/// Where a delivery is, with its update. None of that: this release cannot read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It waits or is under way.
    Queued(Box<Queued>, Option<Box<Update>>),
    /// It is a dead letter.
    Dead(Box<DeadLetter>, Option<Box<Update>>),
    /// It was ended.
    Ended {
        /// The order and its cart.
        order: OrderRef,
        /// The number that its update had.
        sequence: u64,
        /// By whom or what, and when.
        ending: Ending,
    },
}

impl Found {
    /// The number of its update among the order's.
    pub fn sequence(&self) -> u64 {
        match self {
            Found::Queued(queued, _) => queued.sequence,
            Found::Dead(dead, _) => dead.sequence,
            Found::Ended { sequence, .. } => *sequence,
        }
    }

    /// The order and its cart.
    pub fn order(&self) -> &OrderRef {
        match self {
            Found::Queued(queued, _) => &queued.order,
            Found::Dead(dead, _) => &dead.order,
            Found::Ended { order, .. } => order,
        }
    }

    /// Its update, while it is kept and this release can read it.
    pub fn update(&self) -> Option<&Update> {
        match self {
            Found::Queued(_, update) | Found::Dead(_, update) => update.as_deref(),
            Found::Ended { .. } => None,
        }
    }
}

/// How a delivery was ended that its cart does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// When.
    pub at_unix_ms: u64,
    /// By whom or what.
    pub how: How,
}

/// By whom or by what a delivery was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "how")]
pub enum How {
    /// Somebody discarded it.
    Discarded {
        /// Who: a user, a token's name.
        who: String,
        /// Why.
        why: String,
    },
    /// A newer update of the order stands for it, and tells what it had to tell.
    Superseded {
        /// The newer one.
        by: DeliveryId,
    },
}

/// A delivery of an order that was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its id.
    pub delivery: DeliveryId,
    /// The number that its update had.
    pub sequence: u64,
    /// By whom or what, and when.
    pub ending: Ending,
}

/// An earlier update that was merged into a later one, which tells what it had to tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct MergedUpdate {
    /// Its id.
    pub delivery: DeliveryId,
    /// The number that it had among its order's updates.
    pub sequence: u64,
}

/// That earlier updates end together with the one that they were merged into. None: there are none.
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
    /// Who: a user, a token's name.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub at_unix_ms: u64,
}

/// Which dead letters are meant. Nothing set: all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those of this cart.
    pub cart: Option<CartId>,
    /// Those that died of this.
    pub reason: Option<Reason>,
    /// Those that died at this time or later.
    pub since_unix_ms: Option<u64>,
    /// Those for which a lane waits, or those for which none does.
    pub then: Option<Then>,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// What comes after this place in the list. None: from its beginning.
    pub after: Option<u64>,
    /// How many, at most; never more than [`ROWS_MAX`](super::ROWS_MAX).
    pub most: u32,
}

/// How many dead letters of a cart died of one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The cart.
    pub cart: CartId,
    /// The reason. None: those that this release does not know.
    pub reason: Option<Reason>,
    /// How many.
    pub count: u64,
}

/// What came of putting a dead letter back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// It is its lane's head again, with the number that it had; the lane is no longer blocked.
    Head,
    /// It is the last in its lane, with a new number: its order went on without it.
    Tail {
        /// The number.
        sequence: u64,
    },
    /// There is no dead letter of this id.
    NotDead,
    /// This release cannot read it. It stays as it is.
    Unreadable,
}

/// Why a delivery that is kept cannot be read: another release wrote it, or the file was damaged.
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

/// What came of ending a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discarded {
    /// It was a dead letter.
    Dead,
    /// It was waiting, and the label before it counts again.
    Queued,
    /// There is no such delivery, or it has ended.
    NotThere,
}

/// Updates that a newer one stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superseded {
    /// The newer one, which is now its lane's head.
    pub by: DeliveryId,
    /// Those that it stands for, by sequence number.
    pub ended: Vec<DeliveryId>,
}

/// What was known of an order through a delivery, and counts no longer while it is dead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TakenBack {
    pub(super) labels: Vec<Label>,
    pub(super) packages: Vec<Package>,
}

/// What a dead letter died of, for people and documents. None: of a reason that this release does not know.
pub fn died_of(reason: Option<Reason>) -> String {
    reason.map_or_else(|| "unknown".to_owned(), |reason| reason.to_string())
}

impl Filter {
    pub(super) fn takes(&self, dead: &DeadLetter) -> bool {
        self.cart.as_ref().is_none_or(|cart| *cart == dead.order.cart)
            && self.reason.is_none_or(|reason| Some(reason) == dead.reason)
            && self.since_unix_ms.is_none_or(|since| dead.died_at_unix_ms >= since)
            && self.then.is_none_or(|then| then == dead.then)
    }
}
