//! Dead letters as data: why a delivery is not attempted again, and what becomes of the lane behind it.

use cartage_contract::delivery::FailureKind;
use serde::{Deserialize, Serialize};
use std::fmt;

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

/// The text names no known [`Reason`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a reason of a dead letter; the reasons are {}", Reason::all().map(|reason| reason.to_string()).collect::<Vec<_>>().join(", "))]
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
            error.starts_with("\"Poison\" is not a reason of a dead letter; the reasons are credentials,") && error.ends_with("poison"),
            "{error}"
        );
    }
}
