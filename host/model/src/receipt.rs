//! The durable record of one attempt: its outcome and what follows. Small, and without the order's content.

use crate::exchange::{CallEnd, Outcome, Stop};
use crate::id::{CartId, DeliveryId, Digest};
use cartage_contract::delivery::{AppliedOutcome, FailureKind, RetryWish, Step, ToldPackage};
use cartage_contract::http::Reach;
use serde::{Deserialize, Serialize};

/// The longest retry delay of a plugin that is respected: 24 hours, in milliseconds.
pub const RETRY_WISH_MS_MAX: u64 = 24 * 60 * 60 * 1000;

impl Receipt {
    /// The texts that a plugin or a cart wrote: the message and the references.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let steps = self.steps.iter_mut().flat_map(|step| &mut step.reference);
        let packages = self.packages.iter_mut().flat_map(|package| &mut package.reference);
        self.message.iter_mut().chain(&mut self.reference).chain(steps).chain(packages)
    }

    /// The same receipt without any text of a plugin or a cart, and with `why` as its message.
    pub fn without_words(self, why: &str) -> Receipt {
        let nameless = |step: Step| Step { reference: None, ..step };
        let unnamed = |package: ToldPackage| ToldPackage { reference: None, ..package };
        Receipt {
            message: self.message.map(|_| format!("[left out: {why}]")),
            reference: None,
            steps: self.steps.into_iter().map(nameless).collect(),
            packages: self.packages.into_iter().map(unnamed).collect(),
            ..self
        }
    }
}

/// The record of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The cart that was attempted.
    pub cart: CartId,
    /// The delivery's id, which is the idempotency key.
    pub delivery: DeliveryId,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// When the attempt started, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
    /// The duration of the attempt, in milliseconds.
    pub took_ms: u64,
    /// The digest of the plugin that ran.
    pub plugin: Digest,
    /// How far the attempt's requests got.
    pub reach: Reach,
    /// What follows from the attempt.
    pub fate: Fate,
    /// What the plugin or the host said, for people; `None` if nothing was said.
    pub message: Option<String>,
    /// The cart's own reference for the order; `None` if it gave none.
    pub reference: Option<String>,
    /// The steps that were completed.
    pub steps: Vec<Step>,
    /// The packages that the plugin named as told, by their place in the update, with the cart's references.
    pub packages: Vec<ToldPackage>,
}

/// What follows from an attempt. The kind of the outcome decides, never its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// The cart has the update.
    Delivered,
    /// The cart had the update already.
    AlreadyDelivered,
    /// The delivery is attempted again on the schedule.
    Retry {
        /// The plugin's shortest delay, in milliseconds; `None` if it asked for none.
        floor_ms: Option<u64>,
    },
    /// This order cannot be changed at this moment, but others can. The delivery is attempted again on the schedule, and the cart is not
    /// blamed.
    Busy {
        /// The plugin's shortest delay, in milliseconds; `None` if it asked for none.
        floor_ms: Option<u64>,
    },
    /// The cart is at work on the update, or the call's requests did not suffice. The plugin is called again, the attempt is not counted,
    /// and the cart is not blamed.
    Pending {
        /// The delay that the plugin asked for, in milliseconds; `None` if it asked for none.
        wish_ms: Option<u64>,
    },
    /// The cart is paused; the attempt is not counted.
    PauseCart {
        /// The reason of the pause.
        reason: PauseReason,
        /// The length of the pause, in milliseconds; `None` until a person resumes the cart.
        for_ms: Option<u64>,
    },
    /// The cart is disabled, because the shop is closed.
    DisableCart,
    /// The delivery is not attempted again. The cart's policy decides about the order's next update.
    DeadLetter {
        /// The kind of the failure.
        kind: FailureKind,
    },
    /// The delivery is not attempted again. A gap is recorded and the order's next update is sent.
    Gap {
        /// The kind of the failure.
        kind: FailureKind,
    },
    /// The plugin is at fault: the delivery is attempted twice more, and then becomes a dead letter.
    PluginFault,
    /// This machine failed, which says nothing about the update and the cart. The delivery is attempted again soon, and the attempt is not
    /// counted.
    LocalFault,
    /// The attempt was a dry run, so nothing follows.
    NotSent,
}

/// Why a cart is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PauseReason {
    /// The cart refuses the credentials.
    Credentials,
    /// The cart accepts the credentials, but did not permit the changes of several different orders in a row.
    NotPermitted,
    /// Something must be corrected first, at the shop or in the plugin's settings.
    Misconfigured,
    /// The cart asks for fewer requests.
    RateLimited,
    /// The cart returned a secret in an answer.
    SecretReflected,
}

impl Fate {
    /// The fate's name, for metrics: what was done, or what went wrong.
    pub fn name(self) -> String {
        match self {
            Fate::Delivered => "delivered".to_owned(),
            Fate::AlreadyDelivered => "already-delivered".to_owned(),
            Fate::Retry { .. } => "unavailable".to_owned(),
            Fate::Busy { .. } => "order-busy".to_owned(),
            Fate::Pending { .. } => "pending".to_owned(),
            Fate::PauseCart { reason, .. } => reason.name().to_owned(),
            Fate::DisableCart => "gone".to_owned(),
            Fate::DeadLetter { kind } | Fate::Gap { kind } => {
                let name = serde_json::to_value(kind).expect("a kind is plain data");
                name.as_str().unwrap_or_default().to_owned()
            }
            Fate::PluginFault => "plugin-fault".to_owned(),
            Fate::LocalFault => "local-fault".to_owned(),
            Fate::NotSent => "not-sent".to_owned(),
        }
    }
}

impl PauseReason {
    /// Every reason for a pause.
    pub const ALL: [PauseReason; 5] = [
        PauseReason::Credentials,
        PauseReason::NotPermitted,
        PauseReason::Misconfigured,
        PauseReason::RateLimited,
        PauseReason::SecretReflected,
    ];

    /// Whether a cart that was paused for this reason is tested with one order before the others follow: somebody had to correct something,
    /// and one order shows whether that was done.
    pub fn wants_proof(self) -> bool {
        match self {
            PauseReason::Credentials | PauseReason::NotPermitted | PauseReason::Misconfigured | PauseReason::SecretReflected => true,
            PauseReason::RateLimited => false,
        }
    }

    /// Whether the pause reason with this name [wants proof](PauseReason::wants_proof).
    pub fn named_wants_proof(name: &str) -> bool {
        PauseReason::ALL.iter().any(|reason| reason.wants_proof() && reason.name() == name)
    }

    /// The reason's name, as in the store and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            PauseReason::Credentials => "credentials",
            PauseReason::NotPermitted => "not-permitted",
            PauseReason::Misconfigured => "misconfigured",
            PauseReason::RateLimited => "rate-limited",
            PauseReason::SecretReflected => "secret-reflected",
        }
    }
}

/// What follows from an outcome. `local_fault` says whether the last request failed because of this machine.
pub fn fate(outcome: &Outcome, local_fault: bool) -> Fate {
    match outcome {
        // What a plugin makes of a request that could not be sent is no word of the cart's.
        Outcome::Failed(_) | Outcome::Ended(CallEnd::Trap { .. } | CallEnd::Limit { .. } | CallEnd::Contract { .. }) if local_fault => {
            Fate::LocalFault
        }
        Outcome::Applied(applied) => match applied.outcome {
            AppliedOutcome::Done => Fate::Delivered,
            AppliedOutcome::AlreadyDone => Fate::AlreadyDelivered,
        },
        Outcome::Failed(failure) => failed(failure.kind, failure.retry),
        Outcome::Ended(ended) => match ended {
            CallEnd::Trap { .. } | CallEnd::Limit { .. } | CallEnd::Contract { .. } => Fate::PluginFault,
            CallEnd::Stopped(Stop::DryRun) => Fate::NotSent,
            CallEnd::Stopped(Stop::SecretReflected) => Fate::PauseCart { reason: PauseReason::SecretReflected, for_ms: None },
            CallEnd::Host { .. } => Fate::LocalFault,
        },
        // Neither is an attempt at a delivery.
        Outcome::Choices(_) | Outcome::Report(_) => Fate::NotSent,
    }
}

fn failed(kind: FailureKind, wish: RetryWish) -> Fate {
    let wish_ms = match wish {
        RetryWish::AfterMs(ms) => Some(ms.min(RETRY_WISH_MS_MAX)),
        RetryWish::Never | RetryWish::Default => None,
    };
    match kind {
        FailureKind::Credentials => Fate::PauseCart { reason: PauseReason::Credentials, for_ms: None },
        FailureKind::Misconfigured => Fate::PauseCart { reason: PauseReason::Misconfigured, for_ms: None },
        FailureKind::RateLimited => Fate::PauseCart { reason: PauseReason::RateLimited, for_ms: wish_ms },
        FailureKind::Unavailable | FailureKind::Protocol if wish == RetryWish::Never => Fate::DeadLetter { kind },
        FailureKind::Unavailable | FailureKind::Protocol => Fate::Retry { floor_ms: wish_ms },
        FailureKind::Pending => Fate::Pending { wish_ms },
        FailureKind::OrderBusy if wish == RetryWish::Never => Fate::DeadLetter { kind },
        FailureKind::OrderBusy => Fate::Busy { floor_ms: wish_ms },
        FailureKind::NotPermitted | FailureKind::OrderNotFound | FailureKind::AmbiguousOrder | FailureKind::InvalidData => {
            Fate::DeadLetter { kind }
        }
        FailureKind::StatusNotSupported | FailureKind::IllegalTransition => Fate::Gap { kind },
        FailureKind::Gone => Fate::DisableCart,
        FailureKind::HostDenied => Fate::PluginFault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Limit;
    use cartage_contract::delivery::{Applied, Failure};

    fn applied(outcome: AppliedOutcome) -> Applied {
        Applied { outcome, reference: None, message: None, steps: vec![], packages: vec![], rest_ms: None, extra: vec![] }
    }

    fn after(kind: FailureKind, retry: RetryWish) -> Fate {
        fate(
            &Outcome::Failed(Failure {
                kind,
                message: "credentials".into(),
                retry,
                steps: vec![],
                resume: None,
                reference: None,
                packages: vec![],
                extra: vec![],
            }),
            false,
        )
    }

    #[test]
    fn each_kind_of_failure_has_its_fate() {
        use FailureKind::*;
        let default = RetryWish::Default;
        for (kind, expected) in [
            (Credentials, Fate::PauseCart { reason: PauseReason::Credentials, for_ms: None }),
            (NotPermitted, Fate::DeadLetter { kind: NotPermitted }),
            (Misconfigured, Fate::PauseCart { reason: PauseReason::Misconfigured, for_ms: None }),
            (Pending, Fate::Pending { wish_ms: None }),
            (OrderBusy, Fate::Busy { floor_ms: None }),
            (RateLimited, Fate::PauseCart { reason: PauseReason::RateLimited, for_ms: None }),
            (Unavailable, Fate::Retry { floor_ms: None }),
            (Protocol, Fate::Retry { floor_ms: None }),
            (OrderNotFound, Fate::DeadLetter { kind: OrderNotFound }),
            (AmbiguousOrder, Fate::DeadLetter { kind: AmbiguousOrder }),
            (InvalidData, Fate::DeadLetter { kind: InvalidData }),
            (StatusNotSupported, Fate::Gap { kind: StatusNotSupported }),
            (IllegalTransition, Fate::Gap { kind: IllegalTransition }),
            (Gone, Fate::DisableCart),
            (HostDenied, Fate::PluginFault),
        ] {
            assert_eq!(after(kind, default), expected, "{kind:?}");
        }
    }

    #[test]
    fn a_receipt_can_lose_what_others_wrote() {
        let mut receipt = Receipt {
            cart: CartId::new("shop").expect("a valid id"),
            delivery: DeliveryId::new(),
            attempt: 1,
            at_unix_ms: 1,
            took_ms: 1,
            plugin: Digest::of(b"test"),
            reach: Reach::Answered,
            fate: Fate::Delivered,
            message: Some("m".into()),
            reference: Some("r".into()),
            steps: vec![Step { name: "note".into(), reference: Some("s".into()) }],
            packages: vec![ToldPackage { index: 0, reference: Some("p".into()) }],
        };
        assert_eq!(receipt.texts_mut().map(|text| text.as_str()).collect::<Vec<_>>(), ["m", "r", "s", "p"]);
        let mut without = receipt.without_words("it is too long");
        assert_eq!(without.texts_mut().map(|text| text.as_str()).collect::<Vec<_>>(), ["[left out: it is too long]"]);
        assert_eq!(without.steps[0].name, "note");
    }

    #[test]
    fn a_wish_is_a_floor_and_is_capped() {
        assert_eq!(after(FailureKind::Unavailable, RetryWish::AfterMs(7)), Fate::Retry { floor_ms: Some(7) });
        assert_eq!(
            after(FailureKind::RateLimited, RetryWish::AfterMs(u64::MAX)),
            Fate::PauseCart { reason: PauseReason::RateLimited, for_ms: Some(RETRY_WISH_MS_MAX) }
        );
        assert_eq!(after(FailureKind::Protocol, RetryWish::Never), Fate::DeadLetter { kind: FailureKind::Protocol });
    }

    #[test]
    fn what_the_plugin_did_wrong_is_a_plugin_fault_and_what_the_host_did_is_not() {
        let ended = |ended| fate(&Outcome::Ended(ended), false);
        assert_eq!(ended(CallEnd::Trap { reason: String::new() }), Fate::PluginFault);
        assert_eq!(ended(CallEnd::Limit { limit: Limit::Fuel(1) }), Fate::PluginFault);
        assert_eq!(ended(CallEnd::Host { reason: String::new() }), Fate::LocalFault);
        assert_eq!(ended(CallEnd::Stopped(Stop::DryRun)), Fate::NotSent);
        let done = applied(AppliedOutcome::AlreadyDone);
        assert_eq!(fate(&Outcome::Applied(done), false), Fate::AlreadyDelivered);
    }

    #[test]
    fn whatever_a_plugin_makes_of_a_fault_of_this_machine_it_is_no_decision() {
        use FailureKind::*;
        let failure = |kind| Failure {
            kind,
            message: "could not connect".into(),
            retry: RetryWish::Never,
            steps: vec![],
            resume: None,
            reference: None,
            packages: vec![],
            extra: vec![],
        };
        for kind in [Credentials, Unavailable, Protocol, InvalidData, StatusNotSupported, Gone, HostDenied, OrderNotFound] {
            assert_eq!(fate(&Outcome::Failed(failure(kind)), true), Fate::LocalFault, "{kind:?}");
        }
        assert_eq!(fate(&Outcome::Ended(CallEnd::Trap { reason: String::new() }), true), Fate::LocalFault);
        let done = applied(AppliedOutcome::Done);
        assert_eq!(fate(&Outcome::Applied(done), true), Fate::Delivered, "the plugin had an answer before, which it trusts");
        assert_eq!(fate(&Outcome::Ended(CallEnd::Stopped(Stop::SecretReflected)), true).name(), "secret-reflected");
    }
}
