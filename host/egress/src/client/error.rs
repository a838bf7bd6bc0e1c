//! Why a request got no answer, and how far the request got.
//!
//! Both are decided by where the request failed, never by the text of a message. An error while connecting (name, address, TCP, TLS) came before the
//! first byte of the request: nothing was sent. After that, the cart may have seen the request.

use crate::address;
use crate::resolve;
use cartage_base::fault::Fault;
use cartage_contract::http::{ErrorKind, Reach};
use rustix::io::Errno;
use std::{fmt, io};

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The base URL has a literal address, which is denied. Nothing was sent.
    #[error("the address of {host} is denied")]
    Denied {
        /// The host that the base URL names.
        host: String,
        /// The address rule that denies the address.
        #[source]
        source: address::Denied,
    },
    /// The base URL has a literal address to which this machine has no route. Nothing was sent.
    #[error("this machine has no route to {host}")]
    NoWay {
        /// The host that the base URL names.
        host: String,
    },
    /// The request cannot be written as HTTP: its URL would change or leave the endpoint, or a header has a forbidden character. Earlier checks
    /// should have found this. Nothing was sent.
    #[error("the request to {host} cannot be sent: {what}")]
    Unsendable {
        /// The host that the base URL names.
        host: String,
        /// What is wrong with the request, as a clause.
        what: &'static str,
    },
    /// The connection could not be made, or broke. The failure says how far the request got.
    #[error("{failure} {host}")]
    Failed {
        /// The host that the base URL names.
        host: String,
        /// The step at which the request failed.
        failure: Failure,
        /// The error of the HTTP client, with its causes.
        #[source]
        source: reqwest::Error,
    },
    /// The whole answer did not arrive within `limits.request_ms`.
    #[error("no complete response from {host} within {ms} ms (limits.request_ms)")]
    Deadline {
        /// The host that the base URL names.
        host: String,
        /// The limit, in milliseconds.
        ms: u32,
    },
    /// The answer's body is larger than `limits.response_bytes`.
    #[error("the response from {host} has more than {bytes} bytes (limits.response_bytes)")]
    TooLarge {
        /// The host that the base URL names.
        host: String,
        /// The limit, in bytes.
        bytes: u64,
    },
    /// The answer's status is outside 200 to 599.
    #[error("{host} answered with status {status}, which is not one of 200 to 599")]
    Status {
        /// The host that the base URL names.
        host: String,
        /// The status code that the host sent.
        status: u16,
    },
}

/// The step at which a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The host name resolved to a denied address.
    Address,
    /// The host name could not be resolved.
    Resolve,
    /// No TCP connection was made, for example because the port is closed.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// No connection was made within the time limit.
    ConnectDeadline,
    /// This machine could not connect: it has no file handle, port, memory or route for a connection.
    Machine,
    /// The connection broke before the whole answer had arrived.
    Interrupted,
    /// The answer is not valid HTTP/1.1.
    Invalid,
    /// The operating system reported a time-out on a connection that was made.
    Silence,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Failure::Address => "the operator does not allow the address of",
            Failure::Resolve => "could not resolve",
            Failure::Connect => "could not connect to",
            Failure::Tls => "could not establish TLS with",
            Failure::ConnectDeadline => "timed out connecting to",
            Failure::Machine => "this machine has no file handle, port or route for a connection to",
            Failure::Interrupted => "the connection broke before the complete response arrived from",
            Failure::Invalid => "received a response that is not valid HTTP from",
            Failure::Silence => "timed out waiting for a response from",
        })
    }
}

impl Error {
    /// The class of the error, by which the guest may decide.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Denied { .. } => ErrorKind::AddressDenied,
            Error::NoWay { .. } => ErrorKind::Connect,
            Error::Unsendable { .. } => ErrorKind::HeaderDenied,
            Error::Deadline { .. } => ErrorKind::Timeout,
            Error::TooLarge { .. } => ErrorKind::ResponseTooLarge,
            Error::Status { .. } => ErrorKind::ResponseInvalid,
            Error::Failed { failure, .. } => match failure {
                Failure::Address => ErrorKind::AddressDenied,
                Failure::Resolve => ErrorKind::Dns,
                Failure::Connect | Failure::Machine => ErrorKind::Connect,
                Failure::Tls => ErrorKind::Tls,
                Failure::ConnectDeadline | Failure::Silence => ErrorKind::Timeout,
                Failure::Interrupted => ErrorKind::Interrupted,
                Failure::Invalid => ErrorKind::ResponseInvalid,
            },
        }
    }

    /// How far the request got.
    pub fn reach(&self) -> Reach {
        match self {
            Error::Denied { .. } | Error::NoWay { .. } | Error::Unsendable { .. } => Reach::NothingSent,
            Error::Deadline { .. } | Error::TooLarge { .. } | Error::Status { .. } => Reach::MaybeSent,
            Error::Failed { failure, .. } => match failure {
                Failure::Address | Failure::Resolve | Failure::Connect | Failure::Tls | Failure::ConnectDeadline | Failure::Machine => {
                    Reach::NothingSent
                }
                Failure::Interrupted | Failure::Invalid | Failure::Silence => Reach::MaybeSent,
            },
        }
    }
}

impl Error {
    /// Whether this machine is at fault. Such an error says nothing about the cart.
    pub fn is_of_this_machine(&self) -> bool {
        match self {
            Error::Failed { failure, .. } => *failure == Failure::Machine,
            Error::NoWay { .. } => true,
            Error::Denied { .. } | Error::Unsendable { .. } | Error::Deadline { .. } | Error::TooLarge { .. } | Error::Status { .. } => {
                false
            }
        }
    }
}

impl Failure {
    /// The step at which a request failed, decided by the types of the errors in the chain.
    pub(crate) fn of(error: &reqwest::Error) -> Failure {
        if error.is_connect() { before_connected(error) } else { causes(error).find_map(after_connected).unwrap_or(Failure::Interrupted) }
    }
}

fn before_connected(error: &reqwest::Error) -> Failure {
    for cause in causes(error) {
        if let Some(resolve) = cause.downcast_ref::<resolve::Error>() {
            return match resolve {
                resolve::Error::Denied { .. } => Failure::Address,
                error if error.is_of_this_machine() => Failure::Machine,
                _ => Failure::Resolve,
            };
        }
        if cause.downcast_ref::<io::Error>().is_some_and(is_of_this_machine) {
            return Failure::Machine;
        }
        // Only TLS reads while connecting: an end there is a handshake that was cut short.
        let cut_short = cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof);
        if cut_short || cause.is::<rustls::Error>() {
            return Failure::Tls;
        }
    }
    if error.is_dns() {
        Failure::Resolve
    } else if error.is_timeout() {
        Failure::ConnectDeadline
    } else {
        Failure::Connect
    }
}

/// Whether a connection failed because this machine lacks a resource. No cart can cause these errors. A missing route is found earlier.
fn is_of_this_machine(error: &io::Error) -> bool {
    let local = [Errno::ADDRNOTAVAIL, Errno::NETDOWN, Errno::PERM, Errno::ACCESS];
    let is_local = |number| local.contains(&Errno::from_raw_os_error(number));
    Fault::of(error) == Fault::Exhausted || error.raw_os_error().is_some_and(is_local)
}

fn after_connected(cause: &(dyn std::error::Error + 'static)) -> Option<Failure> {
    if let Some(hyper) = cause.downcast_ref::<hyper::Error>() {
        return if hyper.is_parse() {
            Some(Failure::Invalid)
        } else if hyper.is_incomplete_message() {
            Some(Failure::Interrupted)
        } else {
            None
        };
    }
    match cause.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput if !hides_tls(cause) => Some(Failure::Invalid),
        io::ErrorKind::TimedOut => Some(Failure::Silence),
        _ => Some(Failure::Interrupted),
    }
}

/// Whether TLS caused an invalid-data error: to HTTP, a broken TLS record is a broken connection.
fn hides_tls(cause: &(dyn std::error::Error + 'static)) -> bool {
    causes(cause).any(|inner| inner.is::<rustls::Error>())
}

/// An error and all its causes. The error inside an `io::Error` comes next, because `source` would skip it.
fn causes<'a>(error: &'a (dyn std::error::Error + 'static)) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn std::error::Error + 'static)),
        None => error.source(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, TcpListener};

    #[test]
    fn what_this_machine_does_not_give_is_told_from_what_a_cart_does() {
        for (errno, is_local) in [
            (Errno::MFILE, true),
            (Errno::NFILE, true),
            (Errno::NOBUFS, true),
            (Errno::NOMEM, true),
            (Errno::ADDRNOTAVAIL, true),
            (Errno::NETDOWN, true),
            (Errno::PERM, true),
            (Errno::ACCESS, true),
            (Errno::CONNREFUSED, false),
            (Errno::CONNRESET, false),
            (Errno::TIMEDOUT, false),
            // A router on the way may say these; that this machine has no route is found before.
            (Errno::NETUNREACH, false),
            (Errno::HOSTUNREACH, false),
        ] {
            assert_eq!(is_of_this_machine(&io::Error::from_raw_os_error(errno.raw_os_error())), is_local, "{errno:?}");
        }
    }

    #[tokio::test]
    async fn it_is_found_wherever_it_stands_among_the_causes() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
        let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
        // An address that this machine does not have cannot be connected from.
        let nobody_s = IpAddr::from([192, 0, 2, 1]);
        let from = |address: Option<IpAddr>| reqwest::Client::builder().no_proxy().local_address(address).build().expect("a client");
        let error = from(Some(nobody_s)).get(&url).send().await.expect_err("it has no such address");
        assert_eq!(Failure::of(&error), Failure::Machine, "{error:?}");
        drop(listener);
        let error = from(None).get(&url).send().await.expect_err("nobody listens there any more");
        assert_eq!(Failure::of(&error), Failure::Connect, "{error:?}");
    }
}
