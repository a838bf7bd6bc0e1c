//! What the scheduler says of an attempt that ended: data, which an outbox writes down and does not judge.

use crate::id::{DeliveryId, MerchantId};
use crate::receipt::Receipt;
use crate::store::carts::Pause;
use crate::store::cassettes::Tape;
use crate::store::orders::{OrderRef, Told};
use cartage_contract::delivery::{EarlierAttempt, FailureKind, Step};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settle {
    /// Whose.
    pub merchant: MerchantId,
    /// The order and its cart.
    pub order: OrderRef,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The number that the claim gave.
    pub attempt: u32,
    /// The attempt's receipt, which is kept as it is here, so without personal data. `None`: the attempt never started.
    pub receipt: Option<Receipt>,
    /// The steps that were done, in the plugin's own words: the next attempt is told of them.
    pub steps: Vec<Step>,
    /// Whether a request of the attempt had no answer, so that it may still be under way at the cart.
    pub lingers: bool,
    /// What the plugin gave back for the next attempt.
    pub resume: Option<Vec<u8>>,
    /// What the cart was told, which is kept whatever becomes of the update.
    pub told: Told,
    /// The attempt's cassette, if it is to be kept.
    pub cassette: Option<Tape>,
    /// What follows.
    pub settlement: Settlement,
    /// The time.
    pub at_unix_ms: u64,
}

/// What follows from an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// The cart has it. The order's next update is due at once.
    Delivered,
    /// It is tried again.
    Retry {
        /// When. Later than [`DUE_AHEAD_MS_MAX`](super::DUE_AHEAD_MS_MAX) after the settlement is made that.
        due_at_unix_ms: u64,
        /// What the attempt counts as.
        counted: Counted,
    },
    /// The cart is paused, and it is tried again when the cart goes on. The attempt counts as nothing. A pause that lasts longer than this
    /// one, such as a person's, stays as it is.
    CartPaused {
        /// Why, and until when.
        pause: Pause,
    },
    /// The cart is disabled, and it is kept. The attempt counts as nothing.
    CartDisabled,
    /// It becomes a dead letter, and the label before it counts again.
    Dead {
        /// Why.
        reason: Reason,
        /// What becomes of the lane.
        then: Then,
    },
}

/// What an attempt counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counted {
    /// An attempt, on the schedule.
    Attempt,
    /// A fault of the plugin.
    PluginFault,
    /// Nothing: it was not this delivery's doing.
    Nothing,
}

/// What becomes of a lane whose head is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It waits until somebody tries the head again or discards it.
    Block,
    /// The next update goes. The dead letter is the record of the gap.
    Go,
}

/// Why a delivery is not tried again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The cart or the plugin said so.
    Refused(FailureKind),
    /// The plugin failed too often.
    PluginFault,
    /// It was tried for as long as the schedule lasts.
    TooOld,
    /// The host died or failed again and again while it was at work on it: it may be what kills the host.
    Poison,
}

/// What came of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is on disk.
    Done {
        /// How many wait in the lane now.
        pending: u64,
    },
    /// It is not the lane's head, or was claimed again since: nothing of it was kept.
    Stale,
}

impl Settle {
    /// What the next attempt is told of this one.
    pub(super) fn earlier(&self) -> Option<EarlierAttempt> {
        let receipt = self.receipt.as_ref()?;
        let (steps, resume) = (self.steps.clone(), self.resume.clone());
        Some(EarlierAttempt { attempt: self.attempt, reach: receipt.reach, steps, resume, extra: Vec::new() })
    }
}

/// Why a text is no reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no reason of a dead letter; the reasons are {}", Reason::all().map(|reason| reason.to_string()).collect::<Vec<_>>().join(", "))]
pub struct NoReason {
    text: String,
}

impl Reason {
    /// Every reason.
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
