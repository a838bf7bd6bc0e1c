//! Turns the errors of the modules below into problems. This is the only place where an error becomes an HTTP status.
//!
//! Every match names every variant, so that a new error must be given its status here. An error that the sender can correct is answered with all its
//! causes. An error that only the operator can correct is answered by its kind, and its causes go into the log.

use super::problem::{Kind, Problem};
use cartage::service;
use cartage::service::access_tokens;
use cartage::service::definitions::InvalidCarts;
use cartage_base::causes::chain;
use cartage_base::fault::Fault;
use cartage_store as store;
use cartage_store::{outbox, vault};

/// A problem that the operator must correct: the sender learns what was attempted, and the log has the causes.
fn ours(kind: Kind, error: &(dyn std::error::Error + 'static)) -> Problem {
    // Here, and not with the answer: the client may have gone away.
    tracing::error!(error = %chain(error), "could not answer a request");
    let detail = match kind {
        Kind::NoRoom => "the disk is full, and nothing of the request was saved; free some space, then send the request again",
        Kind::Unavailable => {
            "this machine cannot serve the request now, and nothing of the request was saved; the log says why; send the request \
                              again later"
        }
        _ => "something failed here that the request did not cause; the log says what",
    };
    Problem::new(kind, detail).by(error)
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
            Error::OtherOrigins { .. } => Problem::of(Kind::Conflict, &error),
            Error::NoKey { .. } | Error::KeyFile { .. } | Error::Random { .. } => ours(of_the_machine(&error), &error),
            Error::NotAKey { .. } | Error::WrongKey { .. } | Error::BrokenSeal { .. } => ours(Kind::Internal, &error),
        }
    }
}

/// The kind of an error of this machine, which passes or is corrected: the request may be repeated.
fn of_the_machine(error: &(dyn std::error::Error + 'static)) -> Kind {
    match Fault::within(error) {
        Some(Fault::NoRoom) => Kind::NoRoom,
        Some(Fault::NotThere | Fault::ReadOnly | Fault::Exhausted | Fault::Other | Fault::Content) | None => Kind::Unavailable,
    }
}

impl From<service::Error> for Problem {
    fn from(error: service::Error) -> Problem {
        let remedy = error.remedy();
        let problem = of_service(error);
        match problem.kind {
            // Who can do something about these reads the log.
            Kind::Internal | Kind::Unavailable | Kind::NoRoom => problem,
            _ => problem.doing(remedy.as_ref()),
        }
    }
}

fn of_service(error: service::Error) -> Problem {
    use service::Error;
    match error {
        Error::Store(error) | Error::Token(access_tokens::Error::Store(error)) => error.into(),
        Error::Vault(error) => error.into(),
        Error::Outbox(error) => error.into(),
        Error::NoRoom { .. } => Problem::of(Kind::NoRoom, &error),
        fault if fault.is_fault() => ours(of_the_machine(&fault), &fault),
        Error::NoCart { .. } => Problem::of(Kind::NotFound, &error),
        Error::KeyReused { .. } => Problem::of(Kind::KeyReused, &error),
        Error::Token(error) => error.into(),
        Error::Parameter(_)
        | Error::Event(_)
        | Error::Label(_)
        | Error::Invalid(_)
        | Error::Refused(_)
        | Error::Credential { .. }
        | Error::NotAdmitted { .. } => Problem::of(Kind::Invalid, &error),
        Error::CredentialUnbound { .. }
        | Error::CredentialMoved { .. }
        | Error::CredentialReplaced { .. }
        | Error::Changed(_)
        | Error::DefinitionChanged { .. }
        | Error::CartClient { .. }
        | Error::Banned { .. }
        | Error::CartHasQueue { .. }
        | Error::CartBusy { .. } => Problem::of(Kind::Conflict, &error),
        // The causes name files and variables of this machine.
        Error::PluginFile { ref plugin, .. } => {
            ours(Kind::Conflict, &error).saying(format!("the plugin {plugin} is not in the data directory"))
        }
        Error::Secret(_) => ours(Kind::Conflict, &error)
            .saying("a credential that the cart's definition names could not be fetched; the log says which and why"),
        Error::DataDir(_)
        | Error::KeyInUse
        | Error::StoredCart { .. }
        | Error::Kept { .. }
        | Error::Runtime(_)
        | Error::PluginDamaged { .. }
        | Error::PluginUnknown { .. }
        | Error::PluginFolder { .. }
        | Error::KeepPlugin { .. } => ours(Kind::Internal, &error),
    }
}

impl From<access_tokens::Error> for Problem {
    fn from(error: access_tokens::Error) -> Problem {
        use access_tokens::Error;
        match error {
            Error::Store(error) => error.into(),
            Error::Name { .. } => Problem::of(Kind::Invalid, &error),
            Error::Taken { .. } => Problem::of(Kind::Conflict, &error),
            Error::Unknown { .. } => Problem::of(Kind::NotFound, &error),
            Error::Random { .. } => ours(Kind::Unavailable, &error),
            Error::Role { .. } => Problem::new(Kind::RoleNeeded, "the token has a role that this release does not know; make a new token"),
        }
    }
}

impl From<InvalidCarts> for Problem {
    fn from(error: InvalidCarts) -> Problem {
        match error {
            InvalidCarts::Service(error) => (*error).into(),
            InvalidCarts::Twice { .. }
            | InvalidCarts::Digest(_)
            | InvalidCarts::Endpoint { .. }
            | InvalidCarts::Settings(_)
            | InvalidCarts::Credential(_) => Problem::of(Kind::Invalid, &error).doing(error.remedy().as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage::egress::secrets;
    use cartage_engine::{admit, file};
    use cartage_model::id::{CartId, Digest};
    use rustix::io::Errno;
    use service::Error;
    use std::io;
    use std::sync::Arc;

    fn os(errno: Errno) -> io::Error {
        io::Error::from_raw_os_error(errno.raw_os_error())
    }

    fn cart() -> CartId {
        CartId::new("shop").expect("it is a Cart ID")
    }

    fn plugin(source: file::Error) -> Error {
        Error::PluginFile { plugin: "p.wasm".into(), folder: "plugins".into(), source }
    }

    fn secret(source: io::Error) -> Error {
        Error::Secret(secrets::Error::File { cart: cart(), place: "[credentials.a] b".into(), file: "/b".into(), source })
    }

    /// A fault of the machine is answered with 503 or 507 wherever it occurs. A missing file, or a path that is not a file, is not a fault.
    #[test]
    fn faults_are_told_from_facts() {
        let open = |source| file::Error::Open { name: "p.wasm".into(), source };
        let faults = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::IO, Errno::ACCESS, Errno::LOOP];
        for errno in faults {
            for error in [
                plugin(open(os(errno))),
                plugin(file::Error::Read { name: "p.wasm".into(), source: os(errno) }),
                plugin(file::Error::Directory { path: "plugins".into(), source: os(errno) }),
                secret(os(errno)),
                Error::PluginFolder { folder: "plugins".into(), source: os(errno) },
                Error::KeepPlugin { file: "p.wasm".into(), source: os(errno) },
                Error::Vault(vault::Error::KeyFile { what: "read", file: "key".into(), source: os(errno) }),
                Error::PluginUnknown { cart: cart(), source: Arc::new(plugin(open(os(errno)))) },
                Error::NotAdmitted { digest: Digest::of(b""), source: admit::Error::Host(os(errno).into()) },
            ] {
                assert!(error.is_fault(), "{error:?}");
                assert_eq!(Problem::from(error).kind, Kind::Unavailable, "{errno:?}");
            }
        }
        for error in [
            plugin(file::Error::Directory { path: "plugins".into(), source: os(Errno::NOENT) }),
            Error::Vault(vault::Error::NoKey { file: "key".into() }),
            Error::PluginDamaged { file: "p.wasm".into(), found: None },
            Error::Kept { what: "a parameter", source: Box::new(std::fmt::Error) },
            Error::DataDir(cartage_store::data_dir::Error::Moved { path: "data".into() }),
        ] {
            assert_eq!(Problem::from(error).kind, Kind::Unavailable);
        }
        assert_eq!(Problem::from(Error::KeepPlugin { file: "p.wasm".into(), source: os(Errno::DQUOT) }).kind, Kind::NoRoom);
        for (fact, kind) in [
            (plugin(open(os(Errno::NOENT))), Kind::Conflict),
            (plugin(file::Error::NotAFile { name: "p.wasm".into() }), Kind::Conflict),
            (secret(os(Errno::NOENT)), Kind::Conflict),
            (secret(io::Error::new(io::ErrorKind::InvalidData, "no text")), Kind::Conflict),
            (Error::NotAdmitted { digest: Digest::of(b""), source: admit::Error::TooLarge { bytes: 1 } }, Kind::Invalid),
        ] {
            assert!(!fact.is_fault(), "{fact:?}");
            assert_eq!(Problem::from(fact).kind, kind);
        }
    }

    #[test]
    fn an_error_of_this_machine_is_told_to_its_users_alone() {
        let problem = Problem::from(Error::Vault(vault::Error::KeyFile { what: "read", file: "key".into(), source: os(Errno::IO) }));
        let (network, machine) = (problem.document("/"), problem.whole_document("/"));
        assert!(network.detail.contains("the log says why") && network.causes.is_empty() && network.what_to_do.is_none(), "{network:?}");
        assert_eq!((machine.detail.as_str(), machine.causes), ("could not read the key file key", vec![os(Errno::IO).to_string()]));
    }

    #[test]
    fn a_token_that_could_not_be_looked_up_now_is_asked_for_again() {
        let busy = || store::Error::Busy { what: "look up a token".into() };
        for error in [service::Error::Store(busy()), service::Error::Token(access_tokens::Error::Store(busy()))] {
            assert!(error.is_fault(), "{error}");
            assert_eq!(Problem::from(error).status(), http::StatusCode::SERVICE_UNAVAILABLE);
        }
    }
}
