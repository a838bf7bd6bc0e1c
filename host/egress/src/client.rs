//! The HTTP client: one for each bound endpoint. No other module opens a connection to a cart.
//!
//! The client sends one request over HTTP/1.1 and reads the answer, within a time and a size. It follows no redirect, uses no proxy, keeps no cookie,
//! repeats nothing and decompresses nothing. Manifests and secrets are unknown to it.
//!
//! The limit for connecting is at most half of the request's, so that an unreachable server is recognised as such.

mod error;

pub use error::{Error, Failure};

use super::address::AddressRules;
use super::resolve::{RESOLVE_MS_MAX, Resolver, VettedResolver, Way};
use cartage_contract::grants::BaseUrl;
use cartage_contract::http::Method;
use cartage_contract::request::Wire;
use cartage_model::carts::Limits;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Position, Url};

/// The longest time for making a connection (name, TCP and TLS), in milliseconds.
pub const CONNECT_MS_MAX: u64 = 10_000;

/// How long an idle connection is kept for the next request, in milliseconds. Common servers close an idle connection after five seconds. A request
/// that is sent at that moment is lost, and nobody knows how far it got.
pub const IDLE_MS_MAX: u64 = 4_000;

/// The most idle connections that are kept for one endpoint.
pub const IDLE_CONNECTIONS_MAX: usize = 32;

/// The most headers of one answer.
pub const RESPONSE_HEADERS_MAX: usize = 64;

/// An answer as it was received, not yet judged or scrubbed.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) peer: Option<SocketAddr>,
}

/// The HTTP client of one endpoint.
pub(super) struct Client {
    http: reqwest::Client,
    resolver: Arc<dyn Resolver>,
    base: BaseUrl,
    rules: AddressRules,
    request_ms: u32,
    response_bytes: u64,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Client {
    pub(super) fn new(
        tls: rustls::ClientConfig,
        resolver: Arc<dyn Resolver>,
        base: BaseUrl,
        rules: AddressRules,
        limits: &Limits,
    ) -> Result<Client, reqwest::Error> {
        let connect_ms = CONNECT_MS_MAX.min(u64::from(limits.request_ms) / 2);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(VettedResolver { resolver: resolver.clone(), rules: rules.clone(), ms_max: RESOLVE_MS_MAX })
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
        Ok(Client { http, resolver, base, rules, request_ms: limits.request_ms, response_bytes: limits.response_bytes })
    }

    /// Sends one request and reads the whole answer.
    pub(super) async fn send(&self, wire: Wire) -> Result<Received, Error> {
        self.send_within(wire, self.response_bytes).await
    }

    /// As [`Client::send`], with a lower limit for the bytes of the answer.
    pub(super) async fn send_within(&self, wire: Wire, bytes_max: u64) -> Result<Received, Error> {
        self.vet_literal()?;
        let (request, bytes_max) = (self.request(wire)?, bytes_max.min(self.response_bytes));
        match tokio::time::timeout(Duration::from_millis(u64::from(self.request_ms)), self.exchange(request, bytes_max)).await {
            Ok(received) => received,
            Err(_elapsed) => Err(Error::Deadline { host: self.host(), ms: self.request_ms }),
        }
    }

    /// Vets a base URL that has an IP address as its host: such an address never reaches the resolver.
    fn vet_literal(&self) -> Result<(), Error> {
        let ip: IpAddr = match self.base.host() {
            Host::Domain(_) => return Ok(()),
            Host::Ipv4(ip) => ip.into(),
            Host::Ipv6(ip) => ip.into(),
        };
        self.rules.vet_beside(ip, |ip| self.resolver.is_own(ip)).map_err(|source| Error::Denied { host: self.host(), source })?;
        if self.resolver.way(ip) == Way::Missing { Err(Error::NoWay { host: self.host() }) } else { Ok(()) }
    }

    fn request(&self, wire: Wire) -> Result<reqwest::Request, Error> {
        let unsendable = |what| Error::Unsendable { host: self.host(), what };
        let url = url_at(self.base.url(), &wire.url).ok_or_else(|| unsendable("the HTTP client would change its URL"))?;
        let method = reqwest::Method::from_bytes(wire.method.name().as_bytes()).map_err(|_| unsendable("its method is malformed"))?;
        let mut request = reqwest::Request::new(method, url);
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

    async fn exchange(&self, request: reqwest::Request, bytes_max: u64) -> Result<Received, Error> {
        let failed = |error: reqwest::Error| {
            let source = error.without_url();
            Error::Failed { host: self.host(), failure: Failure::of(&source), source }
        };
        let too_large = || Error::TooLarge { host: self.host(), bytes: bytes_max };
        let mut response = self.http.execute(request).await.map_err(failed)?;
        let (status, peer) = (response.status().as_u16(), response.remote_addr());
        if !(200..=599).contains(&status) {
            return Err(Error::Status { host: self.host(), status });
        }
        if response.content_length().is_some_and(|length| length > bytes_max) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if (body.len() + chunk.len()) as u64 > bytes_max {
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

/// The URL of a request, if the client would ask the endpoint's own server for exactly this text. The base was parsed when the endpoint was bound;
/// its host, whose parsing is most of the work, is not parsed again.
fn url_at(base: &Url, text: &str) -> Option<Url> {
    let server = &base[..Position::BeforePath];
    let url = base.join(text.strip_prefix(server)?).ok()?;
    (url.as_str() == text && url[..Position::BeforePath] == *server).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_goes_to_the_base_s_server_as_it_is_written_or_nowhere() {
        for base in ["https://shop.example", "https://shop.example:8443/api?key=1", "http://[fd00::1]:81/a", "http://127.0.0.1/seti.php"] {
            let base = BaseUrl::parse(base).expect("it is a base URL");
            let server = &base.url()[..Position::BeforePath];
            for target in ["/", "/?", "/a/b%20c?d=%C3%A9&e", "/a;b=c/:@!$&'()*+,=~", "/?a=//other.example/", "/a/..b/.c"] {
                let text = format!("{server}{target}");
                assert_eq!(url_at(base.url(), &text), Url::parse(&text).ok(), "{text}");
            }
            for target in [
                "",
                "a",
                "?a",
                "//other.example/",
                "/\\other.example/",
                "/../a",
                "/./a",
                "/%2e/a",
                "/a b",
                "/\u{e9}",
                "/a\tb",
                "@other.example/",
                ":1/",
                ".other.example/",
                "/a?\u{e9}",
            ] {
                assert_eq!(url_at(base.url(), &format!("{server}{target}")), None, "{server}{target}");
            }
        }
        let base = BaseUrl::parse("https://shop.example").expect("it is a base URL");
        for other in
            ["http://shop.example/", "https://shop.example.org/", "https://other.example/", "https://shop.example:8443/", "/", "data:,"]
        {
            assert_eq!(url_at(base.url(), other), None, "{other}");
        }
    }
}
