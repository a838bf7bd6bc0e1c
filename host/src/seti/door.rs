//! The listener's side of SETI inbound: `POST /seti/CART` in, one answer out, always with HTTP status 200.
//!
//! Nothing but posts is reachable here: the API has a listener of its own. A client that is not allowed, a cart that has no inlet and a wrong
//! log-in get the same words, and a client that fails too often is not listened to for a while.

use super::form::BODY_BYTES_MAX;
use super::{Answer, Call, Error, Outcome, PartOutcome, Post, Request, answer, read};
use crate::carts::Inlet;
use crate::carts::inlet::AnswerWhen;
use crate::causes::chain;
use crate::gate::{Again, Given};
use crate::id::{CartId, MerchantId};
use crate::office::{self, Cause, End, Office};
use crate::outbox::{Found, died_of};
use crate::validate::Fields;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Failed log-ins of one client address before it is not listened to.
pub const FAILURES_MAX: u32 = 10;
/// For how long: ten minutes from the first of them.
pub const FAILURES_MS: u64 = 10 * 60 * 1000;
/// Client addresses whose failures are remembered; the one that failed longest ago goes.
pub const FAILING_CLIENTS_MAX: usize = 10_000;

/// Who is let in.
#[derive(Debug, Clone, Default)]
pub struct Clients {
    /// The networks. Empty: every address.
    pub allowed: Vec<IpNet>,
}

struct Door {
    office: Office,
    clients: Clients,
    failures: Mutex<BTreeMap<IpAddr, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    since_unix_ms: u64,
}

/// The routes: `/seti/CART` for the merchant `default`, `/seti/MERCHANT/CART` for another. Serve it with the clients' addresses.
pub fn router(office: Office, clients: Clients) -> Router {
    let door = Arc::new(Door { office, clients, failures: Mutex::default() });
    Router::new()
        .route("/seti/{cart}", any(of_default))
        .route("/seti/{merchant}/{cart}", any(of_merchant))
        .fallback(async || plain(&Answer::error("there is no cart at this address; the Script URL ends in /seti/CART")))
        .with_state(door)
}

async fn of_default(
    State(door): State<Arc<Door>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    Path(cart): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    plain(&door.answer(client.ip(), MerchantId::default().as_str(), &cart, (method, uri, headers, body)).await)
}

async fn of_merchant(
    State(door): State<Arc<Door>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    Path((merchant, cart)): Path<(String, String)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    plain(&door.answer(client.ip(), &merchant, &cart, (method, uri, headers, body)).await)
}

impl Door {
    async fn answer(&self, client: IpAddr, merchant: &str, cart: &str, parts: (Method, Uri, HeaderMap, Body)) -> Answer {
        let client = client.to_canonical();
        if !self.clients.lets_in(client) || self.is_shut(client) {
            return Error::Denied.answer();
        }
        match self.take(merchant, cart, parts).await {
            Ok(answer) => answer,
            Err(error) => {
                if matches!(error, Error::Denied) {
                    self.failed(client);
                    tracing::warn!(%client, merchant, cart, "a post was denied");
                }
                error.answer()
            }
        }
    }

    async fn take(
        &self,
        merchant: &str,
        cart: &str,
        (method, uri, headers, body): (Method, Uri, HeaderMap, Body),
    ) -> Result<Answer, Error> {
        let merchant = MerchantId::new(merchant).map_err(|_| Error::Denied)?;
        let cart = CartId::new(cart).map_err(|_| Error::Denied)?;
        let office = self.office.as_merchant(merchant);
        // One byte more than is taken: that it came is what refuses the rest, without reading it.
        let body = match to_bytes(body, BODY_BYTES_MAX + 1).await {
            Ok(body) => body,
            Err(_) => return Ok(Answer::error(&format!("the post was cut off, or is larger than {BODY_BYTES_MAX} bytes"))),
        };
        let kept = office.find_cart(&cart).await;
        let inlet = match &kept {
            Ok(Some(kept)) => office.inlet(kept).await,
            Ok(None) => Ok(None),
            Err(_) => return Ok(not_now(kept.as_ref().err())),
        };
        let (inlet, password) = match inlet {
            Ok(Some(found)) => found,
            Ok(None) => return Err(Error::Denied),
            Err(error) => return Ok(not_now(Some(&error))),
        };
        let read_inlet = inlet.clone();
        // A large post takes a while to read: not on a thread that others wait for.
        let read = tokio::task::spawn_blocking(move || {
            let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let request = Request { method: method.as_str(), query: uri.query(), content_type, body: &body };
            match read(&request, &read_inlet)? {
                Call::SendVersion => Ok(None),
                Call::UpdateStatus(locked) => locked.open(&read_inlet, &password).map(Some),
            }
        });
        match read.await {
            Ok(Ok(Some(post))) => Ok(answer(&accept(&office, &cart, &inlet, post).await)),
            Ok(Ok(None)) => Ok(Answer::version(&inlet)),
            Ok(Err(error)) => Err(error),
            Err(_) => Ok(Answer::error("the post could not be read; the log of this server says why")),
        }
    }

    /// Whether a client failed so often that it is not listened to now.
    fn is_shut(&self, client: IpAddr) -> bool {
        let now = self.office.now_unix_ms();
        let failures = self.failures.lock().expect("nobody panics while holding it");
        failures
            .get(&client)
            .is_some_and(|failures| failures.count >= FAILURES_MAX && now.saturating_sub(failures.since_unix_ms) < FAILURES_MS)
    }

    fn failed(&self, client: IpAddr) {
        let now = self.office.now_unix_ms();
        let mut all = self.failures.lock().expect("nobody panics while holding it");
        let entry = all.entry(client).or_insert(Failures { count: 0, since_unix_ms: now });
        if now.saturating_sub(entry.since_unix_ms) >= FAILURES_MS {
            *entry = Failures { count: 0, since_unix_ms: now };
        }
        entry.count += 1;
        if all.len() > FAILING_CLIENTS_MAX
            && let Some(oldest) = all.iter().min_by_key(|(_, failures)| failures.since_unix_ms).map(|(client, _)| *client)
        {
            all.remove(&oldest);
        }
    }
}

impl Clients {
    fn lets_in(&self, client: IpAddr) -> bool {
        self.allowed.is_empty() || self.allowed.iter().any(|network| network.contains(&client))
    }
}

/// Puts each order of a post to the gate, in their order, and says what became of it.
async fn accept(office: &Office, cart: &CartId, inlet: &Inlet, post: Post) -> Vec<PartOutcome> {
    let mut parts = Vec::with_capacity(post.updates.len());
    for update in post.updates {
        match update {
            Ok(fields) => {
                let order = Some(fields.order_number.clone());
                parts.push(PartOutcome { order, outcome: accept_one(office, cart, inlet, fields).await });
            }
            Err(invalid) => parts.push(PartOutcome::from(&invalid)),
        }
    }
    parts
}

async fn accept_one(office: &Office, cart: &CartId, inlet: &Inlet, fields: Fields) -> Outcome {
    let request = office::Request { cart: cart.clone(), cause: Cause::Given(Given::Seti), fields, again: Again::No };
    let accepted = match office.accept(&request, None).await {
        Ok(accepted) => accepted,
        Err(office::Error::Invalid(error)) => return Outcome::Invalid(chain(&error)),
        Err(office::Error::Refused(error)) => return Outcome::NeedsAPerson(chain(&error)),
        Err(error) => {
            tracing::error!(%cart, error = &error as &dyn std::error::Error, "a post could not be accepted");
            return Outcome::NotKept(match error {
                no_room @ office::Error::NoRoom { .. } => chain(&no_room),
                // Its causes name files of this machine.
                fault if fault.is_fault() => "this server cannot do it now; its log says why".to_owned(),
                error => chain(&error),
            });
        }
    };
    let office::Outcome::Queued { delivery, .. } = &accepted.done else { return Outcome::from(&accepted.decision) };
    let AnswerWhen::Delivered { wait_ms } = inlet.answer() else { return Outcome::Accepted };
    match office.ended(delivery, Duration::from_millis(wait_ms.into())).await {
        Ok(End::Delivered) => Outcome::Delivered,
        Ok(End::Not(found)) => Outcome::Refused(why(&found)),
        // It is on disk: that the wait failed is nothing that the sender can mend.
        Ok(End::OnItsWay) | Err(_) => Outcome::StillQueued,
    }
}

/// Why a delivery ended without the cart having it.
fn why(found: &Found) -> String {
    match found {
        Found::Dead(dead, _) => format!("{}, look at it with `cartage delivery show {}`", died_of(dead.reason), dead.delivery),
        Found::Ended { .. } => "it was ended here".to_owned(),
        Found::Queued(..) => "it is on its way".to_owned(),
    }
}

fn not_now(error: Option<&office::Error>) -> Answer {
    if let Some(error) = error {
        tracing::error!(error = error as &dyn std::error::Error, "a post could not be taken");
    }
    Answer::error("this server cannot take posts now; its log says why")
}

fn plain(answer: &Answer) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(Answer::CONTENT_TYPE)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let headers: [(HeaderName, HeaderValue); 3] = headers;
    (headers, answer.as_str().to_owned()).into_response()
}
