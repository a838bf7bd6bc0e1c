//! The HTTP client: one for each bound endpoint, and the only place that opens a connection.
//!
//! It sends one request over HTTP/1.1 and reads its answer, within a deadline and a size. It follows no redirect, uses no proxy, keeps
//! no cookie, repeats nothing and decompresses nothing. It knows nothing of manifests and secrets.
//!
//! How far a failed request got is decided by where it failed, never by what a message says. An error while connecting (name, address,
//! TCP, TLS) came before the first byte of the request: nothing was sent. Everything after that may have been sent. The
//! deadline for connecting is at most half of the request's, so that a server that cannot be reached is known as such.

use super::address::{self, Rules};
use super::resolve::{self, RESOLVE_MS_MAX, Resolver, VettedResolver};
use crate::carts::Limits;
use cartage_contract::grants::BaseUrl;
use cartage_contract::http::{ErrorKind, Method, Reach};
use cartage_contract::request::Wire;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};
use url::{Host, Url};

/// Milliseconds for making a connection: name, TCP and TLS.
pub const CONNECT_MS_MAX: u64 = 10_000;

/// Milliseconds that a connection is kept for the next request. Common servers close an idle connection after five seconds; a request
/// that is sent at that moment is lost, and nobody knows how far it got.
pub const IDLE_MS_MAX: u64 = 4_000;

/// Idle connections of one endpoint.
pub const IDLE_CONNECTIONS_MAX: usize = 32;

/// Headers of one answer.
pub const RESPONSE_HEADERS_MAX: usize = 64;

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The base URL is a literal address, which is denied. Nothing was sent.
    #[error("the address of {host} is denied")]
    Denied {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: address::Denied,
    },
    /// What was to be sent cannot be: its URL would change, or leave the endpoint, or a header cannot be written. The checks before this
    /// one should have found it. Nothing was sent.
    #[error("the request to {host} cannot be sent: {what}")]
    Unsendable {
        /// The host.
        host: String,
        /// Why not.
        what: &'static str,
    },
    /// The request failed.
    #[error("{failure} {host}")]
    Failed {
        /// The host.
        host: String,
        /// Where.
        failure: Failure,
        /// What the libraries say.
        #[source]
        source: reqwest::Error,
    },
    /// There was no whole answer in time.
    #[error("no whole answer from {host} within {ms} ms (limits.request_ms)")]
    Deadline {
        /// The host.
        host: String,
        /// The limit.
        ms: u32,
    },
    /// The answer is too large.
    #[error("the answer of {host} has more than {bytes} bytes (limits.response_bytes)")]
    TooLarge {
        /// The host.
        host: String,
        /// The limit.
        bytes: u64,
    },
    /// The answer's status is none that a request can have.
    #[error("{host} answered with status {status}, which is not one of 200 to 599")]
    Status {
        /// The host.
        host: String,
        /// The status.
        status: u16,
    },
}

/// Where a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The name leads to an address that is denied.
    Address,
    /// The name could not be resolved.
    Resolve,
    /// No connection was made.
    Connect,
    /// TLS could not be agreed.
    Tls,
    /// No connection was made in time.
    ConnectDeadline,
    /// The connection broke before the answer was whole.
    Interrupted,
    /// The answer is not valid HTTP.
    Invalid,
    /// The network gave up waiting.
    Silence,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Failure::Address => "the operator does not allow the address of",
            Failure::Resolve => "could not resolve",
            Failure::Connect => "could not connect to",
            Failure::Tls => "could not agree on TLS with",
            Failure::ConnectDeadline => "could not connect in time to",
            Failure::Interrupted => "the connection broke before the answer was whole, from",
            Failure::Invalid => "the answer is not valid HTTP, from",
            Failure::Silence => "waited in vain for the answer of",
        })
    }
}

impl Error {
    /// The class, for the guest.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Denied { .. } => ErrorKind::AddressDenied,
            Error::Unsendable { .. } => ErrorKind::HeaderDenied,
            Error::Deadline { .. } => ErrorKind::Timeout,
            Error::TooLarge { .. } => ErrorKind::ResponseTooLarge,
            Error::Status { .. } => ErrorKind::ResponseInvalid,
            Error::Failed { failure, .. } => match failure {
                Failure::Address => ErrorKind::AddressDenied,
                Failure::Resolve => ErrorKind::Dns,
                Failure::Connect => ErrorKind::Connect,
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
            Error::Denied { .. } | Error::Unsendable { .. } => Reach::NothingSent,
            Error::Deadline { .. } | Error::TooLarge { .. } | Error::Status { .. } => Reach::MaybeSent,
            Error::Failed { failure, .. } => match failure {
                Failure::Address | Failure::Resolve | Failure::Connect | Failure::Tls | Failure::ConnectDeadline => Reach::NothingSent,
                Failure::Interrupted | Failure::Invalid | Failure::Silence => Reach::MaybeSent,
            },
        }
    }
}

/// What came back: everything, not yet judged or scrubbed.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) peer: Option<SocketAddr>,
}

/// The client of one endpoint.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: BaseUrl,
    rules: Rules,
    request_ms: u32,
    response_bytes: u64,
}

impl Client {
    pub(super) fn new(
        tls: rustls::ClientConfig,
        resolver: Arc<dyn Resolver>,
        base: BaseUrl,
        rules: Rules,
        limits: &Limits,
    ) -> Result<Client, reqwest::Error> {
        let connect_ms = CONNECT_MS_MAX.min(u64::from(limits.request_ms) / 2);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(VettedResolver { resolver, rules: rules.clone(), ms_max: RESOLVE_MS_MAX })
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .https_only(base.is_https())
            .http1_only()
            .http1_max_headers(RESPONSE_HEADERS_MAX)
            .connect_timeout(Duration::from_millis(connect_ms))
            .pool_idle_timeout(Duration::from_millis(IDLE_MS_MAX))
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .connection_verbose(false)
            .build()?;
        Ok(Client { http, base, rules, request_ms: limits.request_ms, response_bytes: limits.response_bytes })
    }

    /// Sends one request and reads its whole answer.
    pub(super) async fn send(&self, wire: Wire) -> Result<Received, Error> {
        self.vet_literal()?;
        let request = self.request(wire)?;
        match tokio::time::timeout(Duration::from_millis(u64::from(self.request_ms)), self.exchange(request)).await {
            Ok(received) => received,
            Err(_elapsed) => Err(Error::Deadline { host: self.host(), ms: self.request_ms }),
        }
    }

    /// Literal addresses never reach the resolver.
    fn vet_literal(&self) -> Result<(), Error> {
        let ip: IpAddr = match self.base.host() {
            Host::Domain(_) => return Ok(()),
            Host::Ipv4(ip) => ip.into(),
            Host::Ipv6(ip) => ip.into(),
        };
        self.rules.vet(ip).map(drop).map_err(|source| Error::Denied { host: self.host(), source })
    }

    fn request(&self, wire: Wire) -> Result<reqwest::Request, Error> {
        let unsendable = |what| Error::Unsendable { host: self.host(), what };
        let url = Url::parse(&wire.url).map_err(|_| unsendable("its URL cannot be read"))?;
        if url.as_str() != wire.url || url.origin() != self.base.url().origin() {
            return Err(unsendable("its URL would be another one"));
        }
        let mut request = reqwest::Request::new(method(wire.method), url);
        for header in wire.headers {
            let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| unsendable("the name of a header is malformed"))?;
            let mut value = HeaderValue::from_bytes(&header.value).map_err(|_| unsendable("the value of a header is malformed"))?;
            value.set_sensitive(header.sensitive);
            request.headers_mut().append(name, value);
        }
        // Servers refuse a body's method without a length, and the client states none for an empty body.
        let expects_length = matches!(wire.method, Method::Post | Method::Put | Method::Patch);
        if wire.body.is_some() || expects_length {
            let length = wire.body.as_ref().map_or(0, Vec::len);
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        *request.body_mut() = wire.body.map(Into::into);
        Ok(request)
    }

    async fn exchange(&self, request: reqwest::Request) -> Result<Received, Error> {
        let failed = |error: reqwest::Error| {
            let source = error.without_url();
            Error::Failed { host: self.host(), failure: failure(&source), source }
        };
        let too_large = || Error::TooLarge { host: self.host(), bytes: self.response_bytes };
        let mut response = self.http.execute(request).await.map_err(failed)?;
        let (status, peer) = (response.status().as_u16(), response.remote_addr());
        if !(200..=599).contains(&status) {
            return Err(Error::Status { host: self.host(), status });
        }
        if response.content_length().is_some_and(|length| length > self.response_bytes) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if (body.len() + chunk.len()) as u64 > self.response_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Received { status, headers: std::mem::take(response.headers_mut()), body, peer })
    }

    fn host(&self) -> String {
        self.base.host().to_string()
    }
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
        Method::Options => reqwest::Method::OPTIONS,
    }
}

/// Where a request failed, by the types of the errors in the chain.
fn failure(error: &reqwest::Error) -> Failure {
    if error.is_connect() { before_connected(error) } else { causes(error).find_map(after_connected).unwrap_or(Failure::Interrupted) }
}

fn before_connected(error: &reqwest::Error) -> Failure {
    for cause in causes(error) {
        if let Some(resolve) = cause.downcast_ref::<resolve::Error>() {
            return if matches!(resolve, resolve::Error::Denied { .. }) { Failure::Address } else { Failure::Resolve };
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

/// TLS reports a broken record as invalid data; to HTTP it is a broken connection.
fn hides_tls(cause: &(dyn std::error::Error + 'static)) -> bool {
    causes(cause).any(|inner| inner.is::<rustls::Error>())
}

/// An error and all below it. An `io::Error` skips the error it wraps when it is asked for its source, so that is looked at first.
fn causes<'a>(error: &'a (dyn std::error::Error + 'static)) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn std::error::Error + 'static)),
        None => error.source(),
    })
}
