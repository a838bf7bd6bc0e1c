//! Faults of a request on its way, and what egress returns to the plugin then.

use super::shop::typed;
use cartage_cart_script::Refusal;
use cartage_contract::delivery::FailureKind;
use cartage_contract::http::{Error, ErrorKind, Reach, Response};
use cartage_model::exchange::Outcome;
use std::collections::BTreeMap;

/// A fault of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection fails, and nothing is sent.
    NoConnection,
    /// The cart acts, and no answer comes in time.
    Timeout,
    /// The cart acts, and the connection breaks before the answer.
    LostReply,
    /// The cart acts, and the connection breaks within the answer.
    Truncated,
    /// The cart acts, and its answer exceeds the size limit.
    TooLarge,
    /// An HTML page is returned with status 200; the cart is not reached.
    Page,
    /// A redirect is returned; the cart is not reached.
    Redirect,
    /// The cart, or a server before it, is out of order; the cart does nothing.
    Unavailable,
}

/// The result of a request after a fault.
pub(super) enum Left {
    /// This answer replaces the cart's.
    Instead(Response),
    /// There is no answer, only this error.
    Nothing(Error),
}

impl Fault {
    /// Whether the cart carries out the request before the fault.
    pub(super) fn acts(self) -> bool {
        match self {
            Fault::Timeout | Fault::LostReply | Fault::Truncated | Fault::TooLarge => true,
            Fault::NoConnection | Fault::Page | Fault::Redirect | Fault::Unavailable => false,
        }
    }

    /// Describes the fault, to continue "the answer to request 2".
    pub(super) fn words(self) -> &'static str {
        match self {
            Fault::NoConnection => "cannot arrive: there is no connection",
            Fault::Timeout => "does not arrive in time",
            Fault::LostReply => "is lost",
            Fault::Truncated => "is cut off",
            Fault::TooLarge => "is larger than an answer may be",
            Fault::Page => "is an HTML page with status 200",
            Fault::Redirect => "is a redirect (302)",
            Fault::Unavailable => "is status 503",
        }
    }

    pub(super) fn left(self) -> Left {
        let nothing = |kind, reach, message: &str| Left::Nothing(Error { kind, reach, message: message.to_owned() });
        match self {
            Fault::NoConnection => nothing(ErrorKind::Connect, Reach::NothingSent, "failed to connect to the cart"),
            Fault::Timeout => nothing(ErrorKind::Timeout, Reach::MaybeSent, "the cart did not answer within 30000 ms"),
            Fault::LostReply => nothing(ErrorKind::Interrupted, Reach::MaybeSent, "the connection broke before the cart answered"),
            Fault::Truncated => nothing(ErrorKind::Interrupted, Reach::MaybeSent, "the connection broke within the cart's answer"),
            Fault::TooLarge => nothing(ErrorKind::ResponseTooLarge, Reach::MaybeSent, "the cart's answer is too large"),
            Fault::Page => Left::Instead(typed(
                200,
                "text/html",
                "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Welcome</body></html>",
            )),
            Fault::Redirect => Left::Instead(typed(302, "text/html", "<html><body>Moved</body></html>")),
            Fault::Unavailable => Left::Instead(typed(503, "text/plain", "Service Unavailable")),
        }
    }

    /// Whether the outcome can be right after the fault. If nobody knows what the cart did, only a failure that leads to another attempt is right.
    pub(super) fn allows(self, outcome: &Outcome) -> bool {
        let Outcome::Failed(failure) = outcome else { return true };
        match self {
            Fault::NoConnection | Fault::Timeout | Fault::LostReply | Fault::Truncated | Fault::Unavailable => is_tried_again(failure.kind),
            Fault::TooLarge | Fault::Page | Fault::Redirect => !is_of_the_order(failure.kind),
        }
    }
}

fn is_tried_again(kind: FailureKind) -> bool {
    use FailureKind as Kind;
    matches!(kind, Kind::Unavailable | Kind::Protocol | Kind::Pending | Kind::OrderBusy | Kind::RateLimited)
}

fn is_of_the_order(kind: FailureKind) -> bool {
    use FailureKind as Kind;
    matches!(kind, Kind::OrderNotFound | Kind::AmbiguousOrder | Kind::InvalidData | Kind::StatusNotSupported | Kind::IllegalTransition)
}

/// The faults of one attempt.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// The faults by the place of their request, from 0.
    pub(super) faults: BTreeMap<usize, Fault>,
    /// The refusal with which the cart answers; `None` if it refuses nothing.
    pub(super) refusal: Option<Refusal>,
}

impl Plan {
    /// A plan with one fault at one request.
    pub(super) fn fault(at: usize, fault: Fault) -> Plan {
        Plan { faults: BTreeMap::from([(at, fault)]), refusal: None }
    }

    /// A plan for a cart that refuses.
    pub(super) fn refusal(refusal: &Refusal) -> Plan {
        Plan { faults: BTreeMap::new(), refusal: Some(refusal.clone()) }
    }
}
