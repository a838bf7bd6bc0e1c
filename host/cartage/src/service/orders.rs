//! The state of an order at a cart, determined once for the command line, the API and the page: delivered, waiting and for what, blocked by
//! a dead letter, discarded, or not accepted. `words.rs` puts it into sentences.
//!
//! The state is read from the store in one snapshot; what only a running worker knows of a cart (an open breaker, or that it cannot be made
//! ready) is added. Whether a cart has what was sent when no answer came is unknown: `may_have_reached` then says so.

mod look;
pub(super) mod words;

use super::alerts::Alerts;
use super::cart_clients::Changes;
use super::deliveries::Deliveries;
use super::intake::Intake;
use super::seen::Observations;
use super::snapshot::known;
use super::tenant::Tenant;
use cartage_model::id::{CartId, DeliveryId, SenderOrderNumber};
use cartage_model::remedy::Remedy;
use cartage_policy::gate::package::{KnownPackage, Passage};
use cartage_policy::gate::{Condition, Decision, Finding};
use cartage_store::orders::OrderRow;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The orders of a merchant's carts.
#[derive(Clone)]
pub struct Orders {
    pub(super) tenant: Tenant,
    pub(super) intake: Intake,
    pub(super) deliveries: Deliveries,
    pub(super) alerts: Alerts,
    pub(super) seen: Arc<Observations>,
    pub(super) serving: Arc<AtomicBool>,
    pub(super) changes: Changes,
}

/// The state of an order at a cart.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrderStatus {
    /// The cart that the state is about.
    pub cart: CartId,
    /// The order's number as the sender wrote it.
    pub order: SenderOrderNumber,
    /// The state itself.
    #[serde(flatten)]
    pub place: Progress,
    /// The delivery that was asked about, if it is not the one in `place`.
    pub own: Option<OwnDelivery>,
    /// Whether an attempt without an answer may have reached the cart, so that a repeat may have a double effect.
    pub may_have_reached: bool,
    /// Dead letters of the order besides the one in `place`; they are not sent.
    pub other_dead_letters: Vec<DeliveryId>,
    /// Whether a worker serves the data directory and sends due deliveries by itself.
    pub serving: bool,
}

/// A delivery of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnDelivery {
    /// The delivery's id.
    pub delivery: DeliveryId,
    /// The sequence number of its update within the order.
    pub sequence: u64,
}

/// The five states of an order at a cart.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "stands")]
pub enum Progress {
    /// The cart has the order's last update.
    Delivered(HasIt),
    /// An update waits, or is under way.
    Waiting(Box<Waiting>),
    /// An update is a dead letter.
    DeadLetter(DeadUpdate),
    /// A person discarded the order's last update.
    Discarded(DiscardedUpdate),
    /// No update of the order was accepted.
    NotAccepted,
}

/// An update that the cart has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HasIt {
    /// The delivery; `None` if the cart was told before Cartage, or if the receipt was deleted.
    pub delivery: Option<DeliveryId>,
    /// The sequence number of the update within the order.
    pub sequence: u64,
    /// When the cart took the update.
    pub at_unix_ms: u64,
    /// The cart's own reference for the order, as last given; `None` if it gave none.
    pub reference: Option<String>,
}

/// The first update of an order that its cart does not have yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Waiting {
    /// The update's delivery.
    pub delivery: DeliveryId,
    /// The sequence number of the update within the order.
    pub sequence: u64,
    /// What the update waits for.
    pub waits: WaitsFor,
    /// The number of attempts so far.
    pub attempts: u32,
    /// The name of the last attempt's fate; `None` before the first attempt.
    pub last: Option<String>,
    /// What the plugin said about the last attempt; `None` if it said nothing.
    pub said: Option<String>,
}

/// What the first update of an order waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "for")]
pub enum WaitsFor {
    /// The cart, which no longer exists.
    NoCart,
    /// A person to enable the cart.
    Enabled,
    /// The end of the cart's pause.
    Resumed {
        /// The reason of the pause, by name.
        why: String,
        /// The end of the pause; `None` until a person resumes the cart.
        until_unix_ms: Option<u64>,
        /// What the plugin said when the cart was paused; `None` if it said nothing.
        said: Option<String>,
    },
    /// The end of the rest that the order's queue takes after a failure in this host.
    Mended {
        /// The error with all its causes.
        fault: String,
        /// When the next attempt is due.
        until_unix_ms: u64,
    },
    /// The end of an attempt that is under way, or was cut off and may be under way at the cart.
    Attempt {
        /// When the attempt is certainly over.
        until_unix_ms: u64,
    },
    /// The cart's breaker, which is open.
    Breaker {
        /// When the breaker lets one order through.
        until_unix_ms: u64,
    },
    /// Its time on the schedule.
    Schedule {
        /// When the update is due.
        until_unix_ms: u64,
    },
    /// The cart, which cannot be made ready.
    Ready {
        /// The error with all its causes.
        why: String,
        /// What a person can do about the error, for the notes; `None` if the error says it.
        #[serde(skip)]
        remedy: Option<Remedy>,
    },
    /// Its turn: the update is due, and is sent when the cart's rate and concurrency allow.
    Turn,
}

/// An update that is not attempted again by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadUpdate {
    /// The dead letter's delivery.
    pub delivery: DeliveryId,
    /// The sequence number of its update within the order.
    pub sequence: u64,
    /// The reason of its death, by name.
    pub reason: String,
    /// What the plugin or this program said of it, in full; `None` if nothing was said.
    pub said: Option<String>,
    /// When the delivery became a dead letter.
    pub at_unix_ms: u64,
    /// Whether the dead letter blocks the rest of its order.
    pub blocks: bool,
    /// The number of updates that wait behind it.
    pub behind: u64,
    /// Whether this release can read the dead letter; one that it cannot read can only be discarded.
    pub readable: bool,
}

/// An update that a person discarded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscardedUpdate {
    /// The discarded delivery.
    pub delivery: DeliveryId,
    /// The sequence number of its update within the order.
    pub sequence: u64,
    /// The name of the user or of the token.
    pub who: String,
    /// The reason that the person gave.
    pub why: String,
    /// When the update was discarded, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
}

/// A package of an order, and whether its cart knows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PackageStatus {
    /// The sender's id for the package; `None` if it gave none.
    pub id: Option<String>,
    /// The carrier in the Order Manager's words; `None` if it named none.
    pub carrier: Option<String>,
    /// The tracking number; `None` if there is none yet.
    pub tracking_number: Option<String>,
    /// Whether the package was withdrawn.
    pub withdrawn: bool,
    /// Whether the cart was told of the package in this form; otherwise the update with it is on its way.
    pub told: bool,
    /// The cart's own reference for the package; `None` if it gave none.
    pub reference: Option<String>,
}

impl WaitsFor {
    /// Whether nothing at all is sent to the cart until a person acts or the pause ends.
    pub(in crate::service) fn holds(&self) -> bool {
        matches!(self, WaitsFor::NoCart | WaitsFor::Enabled | WaitsFor::Resumed { .. })
    }

    /// Whether a worker may attempt the update before this time.
    pub(in crate::service) fn is_near(&self, until_unix_ms: u64) -> bool {
        match self {
            WaitsFor::NoCart | WaitsFor::Enabled | WaitsFor::Mended { .. } => false,
            WaitsFor::Resumed { until_unix_ms: until, .. } => until.is_some_and(|until| until < until_unix_ms),
            WaitsFor::Attempt { until_unix_ms: until }
            | WaitsFor::Breaker { until_unix_ms: until }
            | WaitsFor::Schedule { until_unix_ms: until } => *until < until_unix_ms,
            WaitsFor::Ready { .. } | WaitsFor::Turn => true,
        }
    }
}

impl Progress {
    /// The delivery in this state; `None` if none is on record.
    pub fn delivery(&self) -> Option<&DeliveryId> {
        match self {
            Progress::Delivered(HasIt { delivery, .. }) => delivery.as_ref(),
            Progress::Waiting(waiting) => Some(&waiting.delivery),
            Progress::DeadLetter(dead) => Some(&dead.delivery),
            Progress::Discarded(discarded) => Some(&discarded.delivery),
            Progress::NotAccepted => None,
        }
    }
}

impl OrderStatus {
    /// Whether nothing more is sent for the order, or some update of it never is, until a person acts.
    pub fn must_act(&self) -> bool {
        let place = match &self.place {
            Progress::DeadLetter(_) => true,
            Progress::Waiting(waiting) => match &waiting.waits {
                WaitsFor::NoCart | WaitsFor::Enabled | WaitsFor::Mended { .. } | WaitsFor::Ready { .. } => true,
                WaitsFor::Resumed { until_unix_ms, .. } => until_unix_ms.is_none(),
                WaitsFor::Attempt { .. } | WaitsFor::Breaker { .. } | WaitsFor::Schedule { .. } | WaitsFor::Turn => false,
            },
            Progress::Delivered(_) | Progress::Discarded(_) | Progress::NotAccepted => false,
        };
        place || !self.other_dead_letters.is_empty()
    }

    /// Whether this delivery is the update that waits or is under way.
    pub fn waits_for(&self, delivery: &DeliveryId) -> bool {
        let own = self.own.as_ref().is_some_and(|own| own.delivery == *delivery);
        matches!(&self.place, Progress::Waiting(waiting) if own || waiting.delivery == *delivery)
    }

    /// Whether this delivery may be attempted at once: it waits, and its cart is not held.
    pub fn may_be_tried(&self, delivery: &DeliveryId) -> bool {
        self.waits_for(delivery) && matches!(&self.place, Progress::Waiting(waiting) if !waiting.waits.holds())
    }

    /// Removes the gate's advice to send the same again if that would tell the cart twice.
    fn guard(&self, decision: &mut Decision) {
        let answer = &mut decision.answers[Condition::Changed as usize];
        if answer.finding != Finding::NothingToDo {
            return;
        }
        let (reason, remedy) = match &self.place {
            Progress::Waiting(waiting) => (
                "an update of this order is waiting already: sending it again would tell the cart twice",
                Remedy::ShowDelivery { delivery: waiting.delivery.clone() },
            ),
            Progress::DeadLetter(dead) => (
                "an update of this order is a dead letter: retry that one instead of sending another",
                Remedy::RetryDelivery { delivery: dead.delivery.clone() },
            ),
            place if self.may_have_reached => {
                let explain = || Remedy::Explain { cart: self.cart.clone(), order: self.order.clone() };
                let look = place.delivery().map_or_else(explain, |delivery| Remedy::ShowDelivery { delivery: delivery.clone() });
                ("an attempt without an answer may have reached the cart: look at the order there before anything is sent again", look)
            }
            Progress::Delivered(_) | Progress::Discarded(_) | Progress::NotAccepted => return,
        };
        answer.reason = reason.into();
        // The last of them is the one that sends again.
        answer.remedies.pop();
        answer.remedies.push(remedy);
    }
}

/// The name of a fate in a receipt; `None` if the value is no fate.
pub fn fate_name(fate: &Value) -> Option<String> {
    match fate {
        Value::String(name) => Some(name.clone()),
        Value::Object(members) => members.keys().next().cloned(),
        _ => None,
    }
}

/// The packages of an order, each once, as last accepted or told.
pub(super) fn packages(order: &OrderRow) -> Vec<PackageStatus> {
    let standing = |package: KnownPackage| {
        let KnownPackage { id, carrier, tracking_number, withdrawn, reference, passage, .. } = package;
        PackageStatus { id, carrier, tracking_number, withdrawn, told: passage == Passage::Told, reference }
    };
    known(order).packages.into_iter().map(standing).collect()
}

#[cfg(test)]
mod tests;
