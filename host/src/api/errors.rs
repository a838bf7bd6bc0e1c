//! What each error of the parts below means to whoever asked: the one place where it becomes a status.
//!
//! Every match names every variant, so that a new error must be given its place here. What the sender can mend is told with all its
//! causes. What only the operator can mend is told by its kind, and its causes go into the log.

use super::problem::{Kind, Problem, chain};
use crate::office::apply::Invalid;
use crate::{office, outbox, store, vault};

/// It is ours to mend: the sender learns what was attempted, the log the rest.
fn ours(kind: Kind, error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(error = %chain(error), "a request could not be answered");
    let detail = match kind {
        Kind::NoRoom => "the disk is full, and nothing of the request was kept; make room, then send it again",
        Kind::Unavailable => "this machine cannot do it now, and nothing of the request was kept; the log says why; send it again later",
        _ => "something failed here that the request is not to blame for; the log says what",
    };
    Problem::new(kind, detail)
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Problem {
        use store::Error;
        let kind = match &error {
            Error::Full { .. } => Kind::NoRoom,
            Error::Busy { .. }
            | Error::ReadOnly { .. }
            | Error::Exhausted { .. }
            | Error::Gone { .. }
            | Error::Silent { .. }
            | Error::Missing { .. }
            | Error::Disk { .. }
            | Error::Damaged { .. }
            | Error::Stopped { .. } => Kind::Unavailable,
            Error::TooLarge { .. } => return Problem::of(Kind::Invalid, &error),
            Error::OldLibrary { .. }
            | Error::Exists { .. }
            | Error::NotOurs { .. }
            | Error::Newer { .. }
            | Error::NoWriteAheadLog { .. }
            | Error::Migration { .. }
            | Error::Sql { .. }
            | Error::File { .. } => Kind::Internal,
        };
        ours(kind, &error)
    }
}

impl From<outbox::Error> for Problem {
    fn from(error: outbox::Error) -> Problem {
        match error {
            outbox::Error::Store(error) => error.into(),
            outbox::Error::Content { .. } | outbox::Error::Taken { .. } => ours(Kind::Internal, &error),
        }
    }
}

impl From<vault::Error> for Problem {
    fn from(error: vault::Error) -> Problem {
        use vault::Error;
        match error {
            Error::Store(error) => error.into(),
            Error::TooLong { .. } => Problem::of(Kind::Invalid, &error),
            Error::OtherHost { .. } => Problem::of(Kind::Conflict, &error),
            Error::NoKey { .. }
            | Error::NotAKey { .. }
            | Error::KeyFile { .. }
            | Error::WrongKey { .. }
            | Error::BrokenSeal { .. }
            | Error::Random { .. } => ours(Kind::Internal, &error),
        }
    }
}

impl From<office::Error> for Problem {
    fn from(error: office::Error) -> Problem {
        use office::Error;
        match error {
            Error::Store(error) => error.into(),
            Error::Vault(error) => error.into(),
            Error::Outbox(error) => error.into(),
            Error::NoCart { .. } => Problem::of(Kind::NotFound, &error),
            Error::KeyReused { .. } => Problem::of(Kind::KeyReused, &error),
            Error::Token(office::tokens::Error::Role { .. }) => {
                Problem::new(Kind::RoleNeeded, "the token has a role that this release does not know; make a new token")
            }
            // Tokens are made and removed at the machine, not here.
            Error::Token(_) => ours(Kind::Internal, &error),
            Error::Parameter(_)
            | Error::Event(_)
            | Error::Label(_)
            | Error::Invalid(_)
            | Error::Refused(_)
            | Error::Credential { .. }
            | Error::NotAdmitted { .. } => Problem::of(Kind::Invalid, &error),
            Error::CredentialUnbound { .. }
            | Error::Changed { .. }
            | Error::Courier { .. }
            | Error::Banned { .. }
            | Error::CartHasQueue { .. }
            | Error::CartBusy { .. } => Problem::of(Kind::Conflict, &error),
            Error::NoRoom { .. } => Problem::of(Kind::NoRoom, &error),
            // Their causes name files and variables of this machine.
            Error::PluginFile { ref plugin, .. } => {
                let detail =
                    format!("the plugin {plugin} is not in the data directory; bring it there with `cartage apply FILE` on the machine");
                ours(Kind::Conflict, &error).saying(detail)
            }
            Error::Secret(_) => ours(Kind::Conflict, &error)
                .saying("a credential that the cart's definition names could not be fetched; the log says which and why"),
            Error::DataDir(_)
            | Error::KeyInUse
            | Error::KeptCart { .. }
            | Error::Kept { .. }
            | Error::Runtime(_)
            | Error::PluginFolder { .. }
            | Error::KeepPlugin { .. } => ours(Kind::Internal, &error),
        }
    }
}

impl From<Invalid> for Problem {
    fn from(error: Invalid) -> Problem {
        match error {
            Invalid::Office(error) => (*error).into(),
            Invalid::Twice { .. } | Invalid::Digest { .. } | Invalid::Endpoint { .. } | Invalid::Settings(_) | Invalid::Credential(_) => {
                Problem::of(Kind::Invalid, &error)
            }
        }
    }
}
