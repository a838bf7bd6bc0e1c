//! What goes wrong with a request on its way, and what the plugin is given then: as egress gives it.

use super::shop::typed;
use crate::exchange::Outcome;
use cartage_cart_script::Refusal;
use cartage_contract::delivery::FailureKind;
use cartage_contract::http::{Error, ErrorKind, Reach, Response};
use std::collections::BTreeMap;

/// Something that goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No connection: nothing was sent.
    NoConnection,
    /// The cart acted, and no answer came in time.
    Timeout,
    /// The cart acted, and the connection broke before the answer.
    LostReply,
    /// The cart acted, and the connection broke within the answer.
    Truncated,
    /// The cart acted, and its answer is larger than an answer may be.
    TooLarge,
    /// A page for people came, with status 200; the cart was not reached.
    Page,
    /// A redirect came; the cart was not reached.
    Redirect,
    /// The cart, or something before it, is out of order; nothing was done.
    Unavailable,
}

/// What a fault leaves of an answer.
pub(super) enum Left {
    /// This answer in the place of the cart's.
    Instead(Response),
    /// No answer.
    Nothing(Error),
}

impl Fault {
    /// Whether the cart does what it was asked before it goes wrong.
    pub(super) fn acts(self) -> bool {
        match self {
            Fault::Timeout | Fault::LostReply | Fault::Truncated | Fault::TooLarge => true,
            Fault::NoConnection | Fault::Page | Fault::Redirect | Fault::Unavailable => false,
        }
    }

    /// In words, after "the answer to request 2".
    pub(super) fn words(self) -> &'static str {
        match self {
            Fault::NoConnection => "cannot be had: there is no connection",
            Fault::Timeout => "does not come in time",
            Fault::LostReply => "is lost",
            Fault::Truncated => "is cut off",
            Fault::TooLarge => "is larger than an answer may be",
            Fault::Page => "is a page for people with status 200",
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

    /// Whether what came can be right after the fault. Where nobody knows what the cart did, only a failure that leads to another attempt is.
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

/// What goes wrong in one attempt.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// By the place of a request, from 0.
    pub(super) faults: BTreeMap<usize, Fault>,
    /// The cart refuses.
    pub(super) refusal: Option<Refusal>,
}

impl Plan {
    /// One fault at one request.
    pub(super) fn fault(at: usize, fault: Fault) -> Plan {
        Plan { faults: BTreeMap::from([(at, fault)]), refusal: None }
    }

    /// A cart that refuses.
    pub(super) fn refusal(refusal: &Refusal) -> Plan {
        Plan { faults: BTreeMap::new(), refusal: Some(refusal.clone()) }
    }
}
