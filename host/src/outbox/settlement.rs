//! The scheduler's verdict on an attempt that ended: data that an outbox records and does not judge.

use crate::id::{DeliveryId, MerchantId};
use crate::receipt::Receipt;
use crate::store::carts::Pause;
use crate::store::cassettes::Tape;
use crate::store::orders::{OrderRef, Told};
use cartage_contract::delivery::{EarlierAttempt, FailureKind, Step};
use serde::{Deserialize, Serialize};
use std::fmt;

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
        pause: Pause,
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

/// What becomes of a lane whose head became a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// The lane waits until somebody retries or discards the head.
    Block,
    /// The lane goes on with the next update. The dead letter is the record of the gap.
    Go,
}

/// Why a delivery is not attempted again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The cart or the plugin refused the update, with a failure of this kind.
    Refused(FailureKind),
    /// The plugin failed too often.
    PluginFault,
    /// The retry schedule came to its end.
    TooOld,
    /// The host died or failed again and again during attempts of this delivery, which may be what kills the host.
    Poison,
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

/// The text names no known [`Reason`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no reason of a dead letter; the reasons are {}", Reason::all().map(|reason| reason.to_string()).collect::<Vec<_>>().join(", "))]
pub struct NoReason {
    text: String,
}

impl Reason {
    /// Every reason, with each kind of refusal.
    pub fn all() -> impl Iterator<Item = Reason> {
        let kinds = [
            FailureKind::Credentials,
            FailureKind::NotPermitted,
            FailureKind::Misconfigured,
            FailureKind::RateLimited,
            FailureKind::Pending,
            FailureKind::OrderBusy,
            FailureKind::Unavailable,
            FailureKind::Protocol,
            FailureKind::OrderNotFound,
            FailureKind::AmbiguousOrder,
            FailureKind::InvalidData,
            FailureKind::StatusNotSupported,
            FailureKind::IllegalTransition,
            FailureKind::Gone,
            FailureKind::HostDenied,
        ];
        kinds.into_iter().map(Reason::Refused).chain([Reason::PluginFault, Reason::TooOld, Reason::Poison])
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Refused(kind) => kind.serialize(f),
            Reason::PluginFault => f.write_str("plugin-fault"),
            Reason::TooOld => f.write_str("too-old"),
            Reason::Poison => f.write_str("poison"),
        }
    }
}

impl TryFrom<String> for Reason {
    type Error = NoReason;
    fn try_from(text: String) -> Result<Reason, NoReason> {
        Reason::all().find(|reason| reason.to_string() == text).ok_or(NoReason { text })
    }
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Reason, D::Error> {
        Reason::try_from(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_reads_back_and_others_are_named() {
        let all: Vec<_> = Reason::all().collect();
        let texts: std::collections::BTreeSet<_> = all.iter().map(Reason::to_string).collect();
        assert_eq!(texts.len(), all.len(), "each has a text of its own");
        for reason in all {
            assert_eq!(Reason::try_from(reason.to_string()), Ok(reason));
        }
        assert_eq!(Reason::Refused(FailureKind::OrderNotFound).to_string(), "order-not-found");
        let error = Reason::try_from("Poison".to_owned()).expect_err("it is written in lower case").to_string();
        assert!(
            error.starts_with("\"Poison\" is no reason of a dead letter; the reasons are credentials,") && error.ends_with("poison"),
            "{error}"
        );
    }
}
