//! Where an order stands at a cart, said once for the command line, the API and the page: delivered, waiting and for what, blocked by a dead
//! letter, discarded, or not accepted. `words.rs` puts it into sentences.
//!
//! It is read from the store in one look; what only a running worker knows of a cart (its breaker, that it cannot be made ready) is added. What
//! it cannot know is whether a cart has what was sent when no answer came: `may_have_reached` says where that is so.

mod look;
pub(super) mod words;

use super::facts::known;
use crate::gate::package::{KnownPackage, Passage};
use crate::gate::{Condition, Decision, Finding, command};
use crate::id::{CartId, DeliveryId, SenderOrderNumber};
use crate::store::orders::Order;
use serde::Serialize;
use serde_json::Value;

/// Where an order stands at a cart.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    /// The cart.
    pub cart: CartId,
    /// The order's number as its sender gives it.
    pub order: SenderOrderNumber,
    /// Where it stands.
    #[serde(flatten)]
    pub place: Stands,
    /// The delivery that was asked about, where it is not the one of `place`.
    pub own: Option<OwnDelivery>,
    /// Whether an attempt without an answer may have reached the cart, so that sending the same once more may double it.
    pub may_have_reached: bool,
    /// Dead letters of the order that are not sent, besides the one of `place`.
    pub other_dead_letters: Vec<DeliveryId>,
    /// Whether a worker serves the data directory, which sends what is due by itself.
    pub serving: bool,
}

/// A delivery of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnDelivery {
    /// Its id.
    pub delivery: DeliveryId,
    /// The number of its update among the order's.
    pub sequence: u64,
}

/// The five places where an order may stand.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "stands")]
pub enum Stands {
    /// The cart has the order's last update.
    Delivered(HasIt),
    /// An update waits, or is under way.
    Waiting(Box<Waiting>),
    /// An update is a dead letter.
    DeadLetter(DeadUpdate),
    /// Somebody discarded the order's last update.
    Discarded(DiscardedUpdate),
    /// No update of the order was accepted.
    NotAccepted,
}

/// An update that its cart has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HasIt {
    /// The delivery. None: the cart was told before Cartage, or the receipt is deleted.
    pub delivery: Option<DeliveryId>,
    /// The number of the update.
    pub sequence: u64,
    /// When the cart took it.
    pub at_unix_ms: u64,
    /// The cart's own reference of the order, as it was given last.
    pub reference: Option<String>,
}

/// The first update of an order that its cart does not have yet.
#[derive(Debug, Clone, Serialize)]
pub struct Waiting {
    /// Its delivery.
    pub delivery: DeliveryId,
    /// Its number among the order's updates.
    pub sequence: u64,
    /// What it waits for.
    pub waits: WaitsFor,
    /// Attempts so far.
    pub attempts: u32,
    /// What came of its last attempt, by the name of its fate. None: there was none.
    pub last: Option<String>,
    /// What the plugin said of that.
    pub said: Option<String>,
}

/// What the first update of an order waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "for")]
pub enum WaitsFor {
    /// There is no such cart any more.
    NoCart,
    /// The cart is disabled.
    Enabled,
    /// The cart is paused.
    Resumed {
        /// The reason, by name.
        why: String,
        /// Until when. None: until somebody resumes it.
        until_unix_ms: Option<u64>,
        /// What the plugin said when the cart was paused.
        said: Option<String>,
    },
    /// Something failed at the order's queue, which rests.
    Mended {
        /// What failed.
        fault: String,
        /// When it is tried again.
        until_unix_ms: u64,
    },
    /// The end of an attempt that is under way, or was cut off and may be under way at the cart.
    Attempt {
        /// When it is over at the latest.
        until_unix_ms: u64,
    },
    /// The cart's breaker, which is open.
    Breaker {
        /// When the cart is asked again with one order.
        until_unix_ms: u64,
    },
    /// Its time.
    Schedule {
        /// When it is due.
        until_unix_ms: u64,
    },
    /// The cart, which cannot be made ready.
    Ready {
        /// Why not.
        why: String,
    },
    /// Its turn: it is due, and goes when the cart's rate and concurrency allow it.
    Turn,
}

/// An update that is not tried again by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadUpdate {
    /// The dead letter's delivery.
    pub delivery: DeliveryId,
    /// The number that its update had.
    pub sequence: u64,
    /// Why it died, by name.
    pub reason: String,
    /// What the plugin or this program said of it, in full.
    pub said: Option<String>,
    /// When it died.
    pub at_unix_ms: u64,
    /// Whether the rest of its order waits for it.
    pub blocks: bool,
    /// How many updates wait behind it.
    pub behind: u64,
    /// Whether this release can read it; else it can only be discarded.
    pub readable: bool,
}

/// An update that somebody discarded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiscardedUpdate {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The number that its update had.
    pub sequence: u64,
    /// Who discarded it.
    pub who: String,
    /// The reason that was given.
    pub why: String,
    /// The time, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
}

/// A package of an order, and whether its cart knows it.
#[derive(Debug, Clone, Serialize)]
pub struct PackageStanding {
    /// The sender's id of it.
    pub id: Option<String>,
    /// The carrier in the Order Manager's words.
    pub carrier: Option<String>,
    /// The tracking number.
    pub tracking_number: Option<String>,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
    /// Whether the cart was told of it so; else it is on its way.
    pub told: bool,
    /// The cart's own reference of it.
    pub reference: Option<String>,
}

/// What only this process knows of a cart.
#[derive(Debug, Clone, Default)]
pub(super) struct SeenNow {
    /// Until when its breaker is open. None: it is closed, or nobody knows.
    pub(super) breaker_until_unix_ms: Option<u64>,
    /// Why it cannot be made ready. None: it can, or nobody tried.
    pub(super) not_ready: Option<String>,
}

impl WaitsFor {
    /// Whether nothing is sent to the cart at all until somebody acts or the pause is over.
    pub(in crate::office) fn holds(&self) -> bool {
        matches!(self, WaitsFor::NoCart | WaitsFor::Enabled | WaitsFor::Resumed { .. })
    }

    /// Whether a worker may try the update before this time.
    pub(in crate::office) fn is_near(&self, until_unix_ms: u64) -> bool {
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

impl Stands {
    /// The delivery that it is about. None: there is none on record.
    pub fn delivery(&self) -> Option<&DeliveryId> {
        match self {
            Stands::Delivered(HasIt { delivery, .. }) => delivery.as_ref(),
            Stands::Waiting(waiting) => Some(&waiting.delivery),
            Stands::DeadLetter(dead) => Some(&dead.delivery),
            Stands::Discarded(discarded) => Some(&discarded.delivery),
            Stands::NotAccepted => None,
        }
    }
}

impl Standing {
    /// Whether nothing more is sent for the order until somebody acts, or something of it is never sent unless somebody acts.
    pub fn must_act(&self) -> bool {
        let place = match &self.place {
            Stands::DeadLetter(_) => true,
            Stands::Waiting(waiting) => match &waiting.waits {
                WaitsFor::NoCart | WaitsFor::Enabled | WaitsFor::Mended { .. } | WaitsFor::Ready { .. } => true,
                WaitsFor::Resumed { until_unix_ms, .. } => until_unix_ms.is_none(),
                WaitsFor::Attempt { .. } | WaitsFor::Breaker { .. } | WaitsFor::Schedule { .. } | WaitsFor::Turn => false,
            },
            Stands::Delivered(_) | Stands::Discarded(_) | Stands::NotAccepted => false,
        };
        place || !self.other_dead_letters.is_empty()
    }

    /// Whether this delivery waits, or is under way.
    pub fn waits_for(&self, delivery: &DeliveryId) -> bool {
        let own = self.own.as_ref().is_some_and(|own| own.delivery == *delivery);
        matches!(&self.place, Stands::Waiting(waiting) if own || waiting.delivery == *delivery)
    }

    /// Whether this delivery may be tried at once: it waits, and its cart is not held.
    pub fn may_be_tried(&self, delivery: &DeliveryId) -> bool {
        self.waits_for(delivery) && matches!(&self.place, Stands::Waiting(waiting) if !waiting.waits.holds())
    }

    /// Takes back the gate's advice to send the same again where that would tell the cart twice.
    fn guard(&self, decision: &mut Decision) {
        let answer = &mut decision.answers[Condition::Changed as usize];
        if answer.finding != Finding::NothingToDo {
            return;
        }
        let (reason, remedy) = match &self.place {
            Stands::Waiting(waiting) => (
                "an update of this order waits already: to send it again would tell the cart twice",
                command::delivery_show(&waiting.delivery),
            ),
            Stands::DeadLetter(dead) => (
                "an update of this order is a dead letter: try that one again instead of sending another",
                command::delivery_retry(&dead.delivery),
            ),
            place if self.may_have_reached => {
                let show = |delivery| command::delivery_show(delivery);
                let look = place.delivery().map_or_else(|| command::explain(&self.cart, &self.order), show);
                ("an attempt without an answer may have reached the cart: look there before anything is sent again", look)
            }
            Stands::Delivered(_) | Stands::Discarded(_) | Stands::NotAccepted => return,
        };
        answer.reason = reason.into();
        // The last of them is the one that sends again.
        answer.remedies.pop();
        answer.remedies.push(remedy);
    }
}

/// The name of a fate as a receipt has it.
pub fn fate_name(fate: &Value) -> Option<String> {
    match fate {
        Value::String(name) => Some(name.clone()),
        Value::Object(members) => members.keys().next().cloned(),
        _ => None,
    }
}

/// The packages of an order, each once, as it was accepted or told last.
pub(super) fn packages(order: &Order) -> Vec<PackageStanding> {
    let standing = |package: KnownPackage| {
        let KnownPackage { id, carrier, tracking_number, withdrawn, reference, passage, .. } = package;
        PackageStanding { id, carrier, tracking_number, withdrawn, told: passage == Passage::Told, reference }
    };
    known(order).packages.into_iter().map(standing).collect()
}

#[cfg(test)]
mod tests;
