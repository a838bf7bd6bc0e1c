//! The outcomes of a call: [`Applied`], [`Failure`] and the [`Report`] of `check`.
//!
//! A failure's kind decides what the host does next, so there is a constructor for each kind, which says what follows. The message is for a person: what
//! was attempted, and why it failed. `?` turns an [`http::Error`] into a failure: a denial stays a denial, and a failed connection to the cart becomes
//! [`FailureKind::Unavailable`]. A plugin that makes several requests records what it did in a [`Progress`](crate::Progress), which keeps the
//! record when `?` ends the call.

use crate::http;
use crate::progress::tell;
use cartage_contract::delivery::{
    self as contract, AppliedOutcome, FailureKind, Finding, FindingLevel, FindingSubject, OrderSeen, RetryWish, Step,
};
use std::time::Duration;

crate::wraps! {
    /// The cart has the update.
    ///
    /// ```
    /// use cartage_sdk::Applied;
    ///
    /// let applied = Applied::done().reference("gid-77").message("status set").step("note added", Some("12"));
    /// assert_eq!(applied.steps[0].reference.as_deref(), Some("12"));
    /// ```
    Applied(contract::Applied)
}

impl Applied {
    /// This attempt gave the cart the update.
    pub fn done() -> Applied {
        Applied::of(AppliedOutcome::Done)
    }

    /// The cart had the whole update before; this attempt changed nothing.
    pub fn already_done() -> Applied {
        Applied::of(AppliedOutcome::AlreadyDone)
    }

    fn of(outcome: AppliedOutcome) -> Applied {
        Applied(contract::Applied {
            outcome,
            reference: None,
            message: None,
            steps: Vec::new(),
            packages: Vec::new(),
            rest_ms: None,
            extra: Vec::new(),
        })
    }

    /// The cart's own reference of the order. The host passes it back as `delivery.known_reference` with the order's next update.
    #[must_use]
    pub fn reference(mut self, reference: impl Into<String>) -> Applied {
        self.0.reference = Some(reference.into());
        self
    }

    /// The cart's words, for the receipt. An empty text is left out.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Applied {
        self.0.message = Some(message.into()).filter(|text| !text.is_empty());
        self
    }

    /// Records that the cart was told of this package of the update (its index, from 0), and the reference that the cart gave it, if any. The host passes the
    /// reference back as the package's `known_reference`.
    #[must_use]
    pub fn told(mut self, package: usize, reference: Option<&str>) -> Applied {
        tell(&mut self.0.packages, package, reference);
        self
    }

    /// Asks the host to send the cart no requests for this long, because the cart's request quota is nearly used up.
    #[must_use]
    pub fn rest(mut self, rest: Duration) -> Applied {
        self.0.rest_ms = Some(u64::try_from(rest.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Records a step that was done at the cart, and the cart's reference for it.
    #[must_use]
    pub fn step(mut self, name: &str, reference: Option<&str>) -> Applied {
        self.0.steps.push(step(name, reference));
        self
    }
}

crate::wraps! {
    /// The cart does not have the update, or not all of it.
    ///
    /// ```
    /// use cartage_sdk::{Failure, FailureKind};
    /// use std::time::Duration;
    ///
    /// let failure = Failure::rate_limited("the cart allows 40 requests a minute").retry_after(Duration::from_secs(20));
    /// assert_eq!(failure.kind, FailureKind::RateLimited);
    /// assert_eq!(failure.kind.to_string(), "rate-limited", "as the contract spells it");
    ///
    /// // What was done before it failed is not done again:
    /// let failure = Failure::unavailable("no answer to the note").step("status set", None).resume(b"note pending".as_slice());
    /// assert_eq!(failure.steps[0].name, "status set");
    /// ```
    boxed Failure(contract::Failure)
}

/// One constructor for each kind of failure.
impl Failure {
    /// A failure of a kind that is chosen at run time. If a retry cannot help, the failure asks for none; otherwise the host's schedule applies.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Failure {
        let retry = match kind {
            FailureKind::Credentials
            | FailureKind::Misconfigured
            | FailureKind::RateLimited
            | FailureKind::Pending
            | FailureKind::OrderBusy
            | FailureKind::Unavailable
            | FailureKind::Protocol
            | FailureKind::HostDenied => RetryWish::Default,
            FailureKind::NotPermitted
            | FailureKind::OrderNotFound
            | FailureKind::AmbiguousOrder
            | FailureKind::InvalidData
            | FailureKind::StatusNotSupported
            | FailureKind::IllegalTransition
            | FailureKind::Gone => RetryWish::Never,
        };
        let message = message.into();
        let (steps, packages, extra) = (Vec::new(), Vec::new(), Vec::new());
        contract::Failure { kind, message, retry, steps, resume: None, reference: None, packages, extra }.into()
    }

    /// The cart refuses the credentials. The cart is paused and an alert is raised.
    pub fn credentials(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::Credentials, message)
    }

    /// The cart accepts the credentials, but they lack the right to do this. The update becomes a dead letter and an alert is raised. The cart continues,
    /// unless several orders in a row fail this way.
    pub fn not_permitted(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::NotPermitted, message)
    }

    /// Something must be corrected first, at the shop or in the settings; the message says what. The cart is paused and an alert is raised.
    pub fn misconfigured(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::Misconfigured, message)
    }

    /// The cart is still processing the update, or the call had too few requests for it. Record the [`step`](Failure::step)s that were done; the host calls
    /// again, after [`retry_after`](Failure::retry_after) if that is set. No attempt is counted.
    pub fn pending(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::Pending, message)
    }

    /// This order cannot be changed at the moment, while others can. Retried on the schedule; the cart's state is not affected.
    pub fn order_busy(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::OrderBusy, message)
    }

    /// The cart asks for fewer requests. The cart is paused; no attempt is counted. Add [`retry_after`](Failure::retry_after) if the delay is known.
    pub fn rate_limited(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::RateLimited, message)
    }

    /// The cart, or a server in front of it, is temporarily out of service. Retried on the schedule.
    pub fn unavailable(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::Unavailable, message)
    }

    /// The answer could not be understood. Retried on the schedule.
    pub fn protocol(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::Protocol, message)
    }

    /// The cart has no such order. The update becomes a dead letter.
    pub fn order_not_found(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::OrderNotFound, message)
    }

    /// The cart has more than one order of that number, and nothing was changed. The update becomes a dead letter.
    pub fn ambiguous_order(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::AmbiguousOrder, message)
    }

    /// The cart refuses the data. The update becomes a dead letter.
    pub fn invalid_data(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::InvalidData, message)
    }

    /// The cart has no such status. The update becomes a dead letter that records a gap, and the order's next update is sent.
    pub fn status_not_supported(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::StatusNotSupported, message)
    }

    /// The cart forbids the change from the order's present status. The update becomes a dead letter that records a gap, and the order's next update is sent.
    pub fn illegal_transition(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::IllegalTransition, message)
    }

    /// The shop is closed for good. The cart is disabled and an alert is raised.
    pub fn gone(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::Gone, message)
    }

    /// The host denied something that the plugin needs: a fault of the plugin, or a setting that the operator has to give.
    pub fn host_denied(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::HostDenied, message)
    }

    /// The shortest time before the next attempt. The host never retries earlier and caps the time at 24 hours.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Failure {
        self.0.retry = RetryWish::AfterMs(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Asks for no retry, because none can help.
    #[must_use]
    pub fn never_retry(mut self) -> Failure {
        self.0.retry = RetryWish::Never;
        self
    }

    /// Records a step that was done at the cart before the failure, and the cart's reference for it.
    #[must_use]
    pub fn step(mut self, name: &str, reference: Option<&str>) -> Failure {
        self.0.steps.push(step(name, reference));
        self
    }

    /// The cart's own reference of the order, if the order was found. The host keeps the reference whatever becomes of the update.
    #[must_use]
    pub fn reference(mut self, reference: impl Into<String>) -> Failure {
        self.0.reference = Some(reference.into());
        self
    }

    /// Records that the cart was told of this package of the update (its index, from 0) despite the failure, and the reference that the cart gave it, if any.
    #[must_use]
    pub fn told(mut self, package: usize, reference: Option<&str>) -> Failure {
        tell(&mut self.0.packages, package, reference);
        self
    }

    /// Up to 4 KiB for the next attempt, which finds them in `delivery.earlier`. Never store an order's content here.
    #[must_use]
    pub fn resume(mut self, bytes: impl Into<Vec<u8>>) -> Failure {
        self.0.resume = Some(bytes.into());
        self
    }
}

fn step(name: &str, reference: Option<&str>) -> Step {
    Step { name: name.to_owned(), reference: reference.map(str::to_owned) }
}

impl From<http::Error> for Failure {
    fn from(error: http::Error) -> Failure {
        use http::ErrorKind as Kind;
        let kind = match error.kind {
            Kind::EndpointDenied
            | Kind::MethodDenied
            | Kind::PathDenied
            | Kind::QueryDenied
            | Kind::EffectDenied
            | Kind::HeaderDenied
            | Kind::BodyDenied
            | Kind::CredentialDenied
            | Kind::RequestTooLarge
            | Kind::QuotaExceeded
            | Kind::AddressDenied
            | Kind::Unsupported => FailureKind::HostDenied,
            Kind::Dns | Kind::Connect | Kind::Tls | Kind::Timeout | Kind::Interrupted | Kind::Other => FailureKind::Unavailable,
            Kind::ResponseInvalid | Kind::ResponseTooLarge | Kind::ResponseType => FailureKind::Protocol,
            Kind::TokenRefused => FailureKind::Credentials,
        };
        Failure::new(kind, error.message)
    }
}

impl From<crate::signing::Error> for Failure {
    fn from(error: crate::signing::Error) -> Failure {
        Failure::host_denied(error.message)
    }
}

crate::wraps! {
    /// The findings of `check`.
    ///
    /// ```
    /// use cartage_sdk::{FindingSubject, Report};
    ///
    /// let report = Report::new()
    ///     .fine(FindingSubject::Reachability, "the shop answered")
    ///     .problem(FindingSubject::Credentials, "the shop refused the key", "make a key with write access and set it again");
    /// assert_eq!(report.findings.len(), 2);
    /// ```
    Report(contract::Report)
}

impl Report {
    /// A report without findings.
    pub fn new() -> Report {
        Report(contract::Report { findings: Vec::new(), order: None })
    }

    /// Adds a finding: the subject works.
    #[must_use]
    pub fn fine(self, about: FindingSubject, message: impl Into<String>) -> Report {
        self.finding(FindingLevel::Fine, about, message.into(), None)
    }

    /// Adds a finding: the subject works, but a person should look at it.
    #[must_use]
    pub fn warning(self, about: FindingSubject, message: impl Into<String>, remedy: impl Into<String>) -> Report {
        self.finding(FindingLevel::Warning, about, message.into(), Some(remedy.into()))
    }

    /// Adds a finding: updates will not arrive until a person acts.
    #[must_use]
    pub fn problem(self, about: FindingSubject, message: impl Into<String>, remedy: impl Into<String>) -> Report {
        self.finding(FindingLevel::Problem, about, message.into(), Some(remedy.into()))
    }

    /// The order as the cart sees it.
    #[must_use]
    pub fn order(mut self, order: OrderSeen) -> Report {
        self.0.order = Some(order);
        self
    }

    fn finding(mut self, level: FindingLevel, about: FindingSubject, message: String, remedy: Option<String>) -> Report {
        self.0.findings.push(Finding { level, about, message, remedy });
        self
    }
}

impl Default for Report {
    fn default() -> Report {
        Report::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{ErrorKind, Reach};

    #[test]
    fn denials_stay_denials_and_transport_is_unavailable() {
        for (from, to) in [
            (ErrorKind::HeaderDenied, FailureKind::HostDenied),
            (ErrorKind::Unsupported, FailureKind::HostDenied),
            (ErrorKind::Dns, FailureKind::Unavailable),
            (ErrorKind::Interrupted, FailureKind::Unavailable),
            (ErrorKind::ResponseInvalid, FailureKind::Protocol),
            (ErrorKind::TokenRefused, FailureKind::Credentials),
        ] {
            let failure = Failure::from(http::Error { kind: from, reach: Reach::NothingSent, message: "why".to_owned() });
            assert_eq!((failure.kind, failure.message.as_str()), (to, "why"));
        }
    }
}
