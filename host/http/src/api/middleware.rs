//! The steps of every request to its handler, and of the response on its way back.

use super::call::{Call, Shared};
use super::caller::{Caller, Callers};
use super::problem::{Kind, Problem};
use super::query::Query;
use super::route::{Handled, Route, Run};
use super::trace::{TRACEPARENT, Trace};
use super::{body, token};
use crate::inbound::body::Whole;
use crate::inbound::connection::{Connection, Phase};
use axum::body::Body;
use axum::extract::{FromRequestParts as _, RawPathParams, Request};
use axum::response::Response;
use cartage::service::access_tokens::Role;
use http::header::{ALLOW, CACHE_CONTROL, HOST, HeaderName, HeaderValue, ORIGIN, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, Method, Uri};
use std::sync::Arc;
use tracing::Instrument as _;

/// The release of the API. A command of the same release asks as `cartage/RELEASE`.
pub(super) const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// Handles a request; `at` are the routes of its path.
pub(super) async fn pass(shared: Arc<Shared>, at: &[&'static Route], request: Request) -> Response {
    let instance = request.uri().path().to_owned();
    let head = request.method() == Method::HEAD;
    let trace = Trace::of(request.headers());
    // The span's fields are part of every log line of the request.
    let span = trace
        .as_ref()
        .map_or_else(tracing::Span::none, |trace| tracing::info_span!("request", trace_id = trace.trace_id, parent_id = trace.parent_id));
    let mut response = match answer(shared.clone(), at, request).instrument(span).await {
        Ok(response) => response,
        Err(problem) => problem.response(&shared.api.callers, &instance),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    if let Some(trace) = trace {
        headers.insert(TRACEPARENT, HeaderValue::from_str(&trace.to_string()).expect("it is made of hexadecimal digits"));
    }
    if head {
        *response.body_mut() = Body::empty();
    }
    response
}

async fn answer(shared: Arc<Shared>, at: &[&'static Route], request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let admitted = match admit(&shared, at, &mut parts).await {
        Ok(admitted) => admitted,
        Err(problem) => {
            body::discard(&parts.headers, body).await;
            return Err(problem);
        }
    };
    let (caller, route, run, query, params) = match admitted {
        Admitted::Open(run) => {
            body::discard(&parts.headers, body).await;
            return run(shared).await;
        }
        Admitted::Call { caller, route, run, query, params } => (caller, route, run, query, params),
    };
    let Whole { bytes: body, share: _share } =
        body::read(route.takes, &parts.headers, body, &shared.room, &format!("{}/{caller}", caller.merchant())).await?;
    if let Some(connection) = Connection::of(&parts.extensions) {
        connection.enter(Phase::AtWork);
    }
    let service = caller.service(&shared.api.service);
    let path = parts.uri.path().to_owned();
    let (start, accepts) = (tokio::time::Instant::now(), route.path.starts_with("/v1/status-"));
    let (counted, reads) = (shared.clone(), parts.method.is_safe());
    let handled = run(Call { shared, service, caller, method: parts.method, path, params, query, headers: parts.headers, body, _share });
    let answer = if reads { handled.await } else { to_its_end(handled).await };
    if accepts {
        counted.accept.0.observe(start.elapsed().as_secs_f64());
    }
    answer
}

/// A request whose head passed all checks.
enum Admitted {
    /// Anybody may send it, and its body is not read.
    Open(fn(Arc<Shared>) -> Handled),
    /// This caller may send it.
    Call { caller: Caller, route: &'static Route, run: fn(Call) -> Handled, query: Query, params: Vec<(String, String)> },
}

/// Checks the head of a request: its host, its origin, its path and method, its caller, and its query.
async fn admit(shared: &Shared, at: &[&'static Route], parts: &mut Parts) -> Result<Admitted, Problem> {
    if let Callers::Tokens { hosts, origins, .. } = &shared.api.callers {
        host_is_ours(&parts.uri, &parts.headers, hosts)?;
        origin_is_allowed(&parts.headers, origins)?;
    }
    let route = route(at, parts)?;
    let (needed, given, run) = match route.run {
        Run::Open(run) => {
            Query::read(parts.uri.query().unwrap_or_default(), route.query)?;
            return Ok(Admitted::Open(run));
        }
        Run::For(role, run) => (Needed::Role(role), token::Given::Bearer, run),
        Run::Machine(run) => (Needed::Machine, token::Given::Bearer, run),
        Run::Page(role, run) => (Needed::Role(role), token::Given::Password, run),
    };
    let caller = caller(shared, &parts.headers, needed, given).await?;
    let query = Query::read(parts.uri.query().unwrap_or_default(), route.query)?;
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.map_err(|_| Problem::new(Kind::BadRequest, "the path is not UTF-8 where it is percent-encoded"))?;
    let params = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Admitted::Call { caller, route, run, query, params })
}

/// What a route asks of its caller.
enum Needed {
    Role(Role),
    Machine,
}

/// Finds out who sent a request, and whether that caller may.
async fn caller(shared: &Shared, headers: &HeaderMap, needed: Needed, given: token::Given) -> Result<Caller, Problem> {
    if let Callers::Machine = shared.api.callers {
        is_of_this_release(headers)?;
        return Ok(Caller::Machine(shared.api.service.merchant().clone()));
    }
    let bearer = token::bearer(shared, headers, given).await?;
    token::within_rate(shared, &bearer)?;
    match needed {
        Needed::Role(role) => token::has(&bearer, role)?,
        Needed::Machine => {
            let detail = "no token allows this; on the machine, the command `cartage` and the socket api.sock in the data directory do";
            return Err(Problem::new(Kind::MachineOnly, detail));
        }
    }
    if let Err(error) = shared.api.service.access_tokens().note_use(&bearer).await {
        tracing::warn!(error = &error as &dyn std::error::Error, token = bearer.name, "could not record that a token was used");
    }
    Ok(Caller::Token(bearer))
}

/// Refuses a command of another release, which may read an answer otherwise than it is meant. Other programs of the machine are served.
fn is_of_this_release(headers: &HeaderMap) -> Result<(), Problem> {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    match agent.and_then(|agent| agent.strip_prefix("cartage/")) {
        Some(release) if release != RELEASE => {
            let detail = format!(
                "the daemon is Cartage {RELEASE} and this command is Cartage {}, so it was not run; restart the daemon after an \
                 upgrade, or use the command of its version",
                release.escape_debug()
            );
            Err(Problem::new(Kind::OtherRelease, detail))
        }
        Some(_) | None => Ok(()),
    }
}

/// Runs a handler that may change something to its end, also if the client goes away meanwhile: the store completes a write that has begun, and
/// whatever rests on the change must hear of it.
async fn to_its_end(handled: Handled) -> Result<Response, Problem> {
    match tokio::spawn(handled.in_current_span()).await {
        Ok(answer) => answer,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Problem::new(Kind::Unavailable, "the daemon is stopping; send the request again once it runs")),
        },
    }
}

fn route(at: &[&'static Route], parts: &Parts) -> Result<&'static Route, Problem> {
    if at.is_empty() {
        let detail = format!("there is no path {}; GET /v1/openapi.json describes the paths that exist", parts.uri.path());
        return Err(Problem::new(Kind::NotFound, detail));
    }
    let wanted = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
    at.iter().find(|route| route.method == *wanted).copied().ok_or_else(|| {
        let methods = at.iter().map(|route| route.method.as_str()).collect::<Vec<_>>().join(", ");
        let allow = HeaderValue::from_str(&methods).expect("names of methods are ASCII");
        Problem::new(Kind::MethodNotAllowed, format!("this path takes {methods}, not {}", parts.method)).header(ALLOW, allow)
    })
}

/// Checks the host that a request names. A page that resolves a host name of its own to this machine (DNS rebinding) is recognised by that name.
fn host_is_ours(uri: &Uri, headers: &HeaderMap, hosts: &[String]) -> Result<(), Problem> {
    let mut given = headers.get_all(HOST).iter();
    let header = match (given.next(), given.next()) {
        (header, None) => header,
        (_, Some(_)) => return Err(Problem::new(Kind::BadRequest, "the request has several Host headers; send one")),
    };
    // A host in the request target takes precedence over the header (RFC 9112, section 3.2.2); both must be the daemon's.
    let header = header.map(|value| value.to_str().unwrap_or_default());
    let named: Vec<&str> = uri.authority().map(|authority| authority.as_str()).into_iter().chain(header).collect();
    if named.is_empty() {
        return Err(Problem::new(Kind::BadRequest, "the request does not say which host it is for; send a Host header"));
    }
    match named.iter().find(|name| !hosts.iter().any(|host| without_port(name).eq_ignore_ascii_case(host))) {
        None => Ok(()),
        Some(other) => Err(Problem::new(
            Kind::HostNotAllowed,
            format!(
                "this daemon does not answer to the host {other:?}; use a host name that the daemon was started with, or start it with this one"
            ),
        )),
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn origin_is_allowed(headers: &HeaderMap, origins: &[String]) -> Result<(), Problem> {
    let other =
        headers.get_all(ORIGIN).iter().find(|origin| !origins.iter().any(|known| origin.as_bytes().eq_ignore_ascii_case(known.as_bytes())));
    match other {
        None => Ok(()),
        Some(other) => {
            let detail = format!("pages of {other:?} may not call this daemon; programs need no Origin header and should leave it out");
            Err(Problem::new(Kind::OriginNotAllowed, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tokio::time::{Duration, sleep, timeout};

    #[test]
    fn a_port_is_no_part_of_a_name() {
        for (authority, host) in [
            ("localhost", "localhost"),
            ("localhost:8080", "localhost"),
            ("[::1]:8080", "[::1]"),
            ("localhost:", "localhost"),
            (":80", ":80"),
            ("a:b", "a:b"),
        ] {
            assert_eq!(without_port(authority), host);
        }
        assert_ne!(without_port("[::1]"), "[:", "an address in brackets has colons of its own");
    }

    #[tokio::test]
    async fn a_handler_goes_to_its_end_though_nobody_waits_for_it() {
        let ends = |mark: &Arc<AtomicBool>| -> Handled {
            let mark = mark.clone();
            Box::pin(async move {
                sleep(Duration::from_millis(50)).await;
                mark.store(true, Ordering::Relaxed);
                Err(Problem::new(Kind::NotFound, "the handler has ended"))
            })
        };
        let (gone, there): (Arc<AtomicBool>, Arc<AtomicBool>) = Default::default();
        assert!(timeout(Duration::from_millis(5), to_its_end(ends(&gone))).await.is_err(), "the client has gone");
        assert!(to_its_end(ends(&there)).await.is_err() && there.load(Ordering::Relaxed), "the other client has its answer");
        let both = async {
            while !gone.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(30), both).await.expect("the handler ends");
    }
}
