//! The scheduler's verdict on an attempt that ended: data that an outbox records and does not judge.

use crate::carts::PauseRow;
use crate::cassettes::Tape;
use crate::orders::{OrderRef, Told};
use cartage_contract::delivery::{EarlierAttempt, Step};
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{DeliveryId, MerchantId};
use cartage_model::receipt::Receipt;

/// The outcome of an attempt, to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settle {
    /// The merchant who owns the order.
    pub merchant: MerchantId,
    /// The order and its cart.
    pub order: OrderRef,
    /// The delivery that was attempted.
    pub delivery: DeliveryId,
    /// The attempt's number, as the claim gave it.
    pub attempt: u32,
    /// The attempt's receipt, stored as given, so it must hold no personal data. `None` if the attempt never started.
    pub receipt: Option<Receipt>,
    /// The steps that the attempt completed, in the plugin's own words. The next attempt is told of them.
    pub steps: Vec<Step>,
    /// Whether a request of the attempt had no answer, so that the attempt may still be under way at the cart.
    pub lingers: bool,
    /// The data that the plugin returned for the next attempt; `None` if it returned none.
    pub resume: Option<Vec<u8>>,
    /// What the cart was told, which is recorded whatever becomes of the update.
    pub told: Told,
    /// The attempt's cassette; `None` if it is not to be stored.
    pub cassette: Option<Tape>,
    /// What becomes of the delivery and its lane.
    pub settlement: Settlement,
    /// The time of the settlement.
    pub at_unix_ms: u64,
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// The cart has the update. The order's next update is due at once.
    Delivered,
    /// The delivery is attempted again.
    Retry {
        /// When the next attempt is due. A time more than [`DUE_AHEAD_MS_MAX`](super::DUE_AHEAD_MS_MAX) after the settlement is reduced to
        /// that.
        due_at_unix_ms: u64,
        /// Which of the delivery's counts the attempt adds to.
        counted: Counted,
    },
    /// The cart is paused, and the delivery is attempted again when the pause ends. The attempt adds to no count. A pause of the cart that
    /// lasts longer, such as one set by a person, stays as it is.
    CartPaused {
        /// Why the cart is paused, and until when.
        pause: PauseRow,
    },
    /// The cart is disabled and the delivery stays queued. The attempt adds to no count.
    CartDisabled,
    /// The delivery becomes a dead letter, and the order's previous label counts again.
    Dead {
        /// Why the delivery is not attempted again.
        reason: Reason,
        /// What becomes of the lane behind it.
        then: Then,
    },
}

/// Which of a delivery's counts an attempt adds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counted {
    /// The attempts of the retry schedule.
    Attempt,
    /// The faults of the plugin.
    PluginFault,
    /// No count, because the delivery was not the cause.
    Nothing,
}

/// The result of recording a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The settlement is on disk.
    Done {
        /// How many deliveries wait in the lane now.
        pending: u64,
    },
    /// The delivery is not the lane's head, or was claimed again since. Nothing was recorded.
    Stale,
}

impl Settle {
    /// What the next attempt is told of this one; `None` if this attempt never started.
    pub(super) fn earlier(&self) -> Option<EarlierAttempt> {
        let receipt = self.receipt.as_ref()?;
        let (steps, resume) = (self.steps.clone(), self.resume.clone());
        Some(EarlierAttempt { attempt: self.attempt, reach: receipt.reach, steps, resume, extra: Vec::new() })
    }
}
