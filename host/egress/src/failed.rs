//! Why a request got no response.

use super::client;
use super::record::printable;
use cartage_contract::http::{Error, ErrorKind, Reach};
use cartage_contract::request::Denied;

/// Why a request got no response: the class for the guest, the causes for the operator.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    pub(super) error: Error,
    pub(super) cause: String,
    pub(super) of_this_machine: bool,
}

impl From<client::Error> for Failed {
    fn from(error: client::Error) -> Failed {
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        let cause = causes.map(|cause| printable(&cause.to_string())).collect::<Vec<_>>().join(": ");
        Failed {
            error: Error { kind: error.kind(), reach: error.reach(), message: error.to_string() },
            cause,
            of_this_machine: error.is_of_this_machine(),
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed { cause: error.message.clone(), error, of_this_machine: false }
    }
}

impl From<Denied> for Failed {
    fn from(error: Denied) -> Failed {
        denied(error.kind, error.reason).into()
    }
}

pub(super) fn denied(kind: ErrorKind, message: String) -> Error {
    Error { kind, reach: Reach::NothingSent, message }
}
