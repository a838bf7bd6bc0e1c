//! What came of a call: [`Applied`], [`Failure`] and the [`Report`] of `check`.
//!
//! A failure's kind decides what the host does next, so there is a constructor for each kind that says what follows. The
//! message is for a person: what was attempted, why it failed. `?` turns an [`http::Error`] into a
//! failure: a denial stays a denial, and trouble on the way to the cart is [`FailureKind::Unavailable`]. A plugin that makes several requests
//! gathers what it did in a [`Progress`](crate::Progress), which keeps that through a `?`.

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
    /// This attempt told the cart.
    pub fn done() -> Applied {
        Applied::of(AppliedOutcome::Done)
    }

    /// The cart had all of it already; this attempt changed nothing.
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

    /// The cart's own reference of the order. It comes back as `delivery.known_reference` with the order's next update.
    #[must_use]
    pub fn reference(mut self, reference: impl Into<String>) -> Applied {
        self.0.reference = Some(reference.into());
        self
    }

    /// What the cart said, for the receipt. An empty text is left out.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Applied {
        self.0.message = Some(message.into()).filter(|text| !text.is_empty());
        self
    }

    /// The cart was told of this package of the update (its place, from 0), and may have given it a reference: that comes back as the package's
    /// `known_reference`.
    #[must_use]
    pub fn told(mut self, package: usize, reference: Option<&str>) -> Applied {
        tell(&mut self.0.packages, package, reference);
        self
    }

    /// The cart shall not be asked anything for so long, because its bucket of requests is nearly empty.
    #[must_use]
    pub fn rest(mut self, rest: Duration) -> Applied {
        self.0.rest_ms = Some(u64::try_from(rest.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Something that was done at the cart, and the cart's reference for it.
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

/// Constructors: what went wrong, and so what follows.
impl Failure {
    /// A failure of a kind chosen at run time. Where trying again cannot help, the wish is never; else the host's schedule.
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

    /// The cart does not take the credentials. The cart is paused and an alert is raised.
    pub fn credentials(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::Credentials, message)
    }

    /// The cart takes the credentials and does not allow them this. A dead letter and an alert; the cart goes on, unless several orders in a row get it.
    pub fn not_permitted(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::NotPermitted, message)
    }

    /// Something must be set right first, at the shop or in the settings; the message says what. The cart is paused and an alert is raised.
    pub fn misconfigured(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::Misconfigured, message)
    }

    /// The cart is still at work on it, or the call's requests did not suffice: say which [`step`](Failure::step)s were done, and be asked again, by
    /// [`retry_after`](Failure::retry_after) if you like. No attempt is counted.
    pub fn pending(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::Pending, message)
    }

    /// This order cannot be changed at this moment, others can. Retried on the schedule; it says nothing against the cart.
    pub fn order_busy(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::OrderBusy, message)
    }

    /// The cart asks for fewer requests. The cart is paused; no attempt is counted. Add [`retry_after`](Failure::retry_after) where known.
    pub fn rate_limited(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::RateLimited, message)
    }

    /// The cart, or something before it, is out of order for now. Retried on the schedule.
    pub fn unavailable(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::Unavailable, message)
    }

    /// The answer could not be understood. Retried on the schedule.
    pub fn protocol(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::Protocol, message)
    }

    /// The cart has no such order. A dead letter.
    pub fn order_not_found(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::OrderNotFound, message)
    }

    /// The cart has more than one order of that number, and nothing was changed. A dead letter.
    pub fn ambiguous_order(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::AmbiguousOrder, message)
    }

    /// The cart refuses the data. A dead letter.
    pub fn invalid_data(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::InvalidData, message)
    }

    /// The cart has no such status. A dead letter that records a gap and lets the order's next update go.
    pub fn status_not_supported(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::StatusNotSupported, message)
    }

    /// The cart forbids the change from its present status. A dead letter that records a gap and lets the next go.
    pub fn illegal_transition(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::IllegalTransition, message)
    }

    /// The shop is closed for good. The cart is disabled and an alert is raised.
    pub fn gone(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::Gone, message)
    }

    /// The host denied something that the plugin needs: a plugin fault, or a setting that the operator has to give.
    pub fn host_denied(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::HostDenied, message)
    }

    /// Not before so much time has passed. The host takes it as a floor and caps it at 24 hours.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Failure {
        self.0.retry = RetryWish::AfterMs(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Trying again cannot help.
    #[must_use]
    pub fn never_retry(mut self) -> Failure {
        self.0.retry = RetryWish::Never;
        self
    }

    /// Something that was done at the cart before it failed, and the cart's reference for it.
    #[must_use]
    pub fn step(mut self, name: &str, reference: Option<&str>) -> Failure {
        self.0.steps.push(step(name, reference));
        self
    }

    /// The cart's own reference of the order, where it was found. The host keeps it whatever becomes of the update.
    #[must_use]
    pub fn reference(mut self, reference: impl Into<String>) -> Failure {
        self.0.reference = Some(reference.into());
        self
    }

    /// The cart was told of this package of the update (its place, from 0) all the same, and may have given it a reference.
    #[must_use]
    pub fn told(mut self, package: usize, reference: Option<&str>) -> Failure {
        tell(&mut self.0.packages, package, reference);
        self
    }

    /// Up to 4 KiB for the next attempt, which finds them in `delivery.earlier`. Never an order's content.
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
    /// What `check` found.
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
    /// Nothing found so far.
    pub fn new() -> Report {
        Report(contract::Report { findings: Vec::new(), order: None })
    }

    /// It works.
    #[must_use]
    pub fn fine(self, about: FindingSubject, message: impl Into<String>) -> Report {
        self.finding(FindingLevel::Fine, about, message.into(), None)
    }

    /// It works, but somebody should look.
    #[must_use]
    pub fn warning(self, about: FindingSubject, message: impl Into<String>, remedy: impl Into<String>) -> Report {
        self.finding(FindingLevel::Warning, about, message.into(), Some(remedy.into()))
    }

    /// Updates will not arrive until somebody acts.
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
