//! The listener's side of SETI inbound: `POST /seti/CART` in, one answer out, always with HTTP status 200.
//!
//! Nothing but posts is reachable here: the API has a listener of its own. A cart that has no inlet and a wrong log-in get the same words,
//! and a client that fails too often is not listened to for a while. An address that many have in common, such as a proxy's, is never shut out as a
//! whole: any stranger could do that to everybody.
//!
//! A stranger costs little: the cart is looked up before any of the body is read, and before the log-in is known to be right no more is read
//! than the first 64 KiB. Only where the log-in comes later than that is more read, and of few such bodies at once.

use super::form::{self, BODY_BYTES_MAX};
use super::login::{FirstLook, first_look};
use super::{Answer, Call, Error, Outcome, PartOutcome, Post, Request, answer, read};
use crate::carts::Inlet;
use crate::carts::inlet::AnswerWhen;
use crate::causes::chain;
use crate::gate::{Again, Given};
use crate::id::{CartId, DeliveryId, MerchantId};
use crate::inbound::body::{self, Limits, Reading, Room, Whole};
use crate::inbound::client;
use crate::inbound::connection::{Connection, Phase};
use crate::office::{self, Cause, End, Office};
use crate::outbox::{Found, died_of};
use crate::validate::Fields;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// Failed log-ins of one client address before it is not listened to.
pub const FAILURES_MAX: u32 = 10;
/// For how long: ten minutes from the first of them.
pub const FAILURES_MS: u64 = 10 * 60 * 1000;
/// Client addresses whose failures are remembered; the one that failed longest ago goes.
pub const FAILING_CLIENTS_MAX: usize = 10_000;
/// How long the body of a post may take to come.
pub const BODY_MS_MAX: u64 = 30_000;
/// Memory for the large bodies that come after a right log-in, all together.
const KNOWN_BYTES_MAX: usize = 32 << 20;
/// The same for bodies whose log-in comes after their first 64 KiB.
const UNKNOWN_BYTES_MAX: usize = 16 << 20;
/// How long a post still waits for its cart after nothing more is delivered: the last outcome may be on its way.
const LAST_WAIT: Duration = Duration::from_millis(200);

struct Door {
    office: Office,
    behind_proxy: bool,
    undelivered: watch::Receiver<bool>,
    known: Room,
    unknown: Room,
    failures: Mutex<BTreeMap<IpAddr, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    since_ms: u64,
}

/// Where a post goes, and by what its log-in is judged.
struct Addressed {
    office: Office,
    cart: CartId,
    inlet: Inlet,
    password: SecretString,
}

/// Why a post is answered before it is taken.
enum Early {
    Refused(Error),
    Answered(Answer),
}

/// What became of an order of a post so far.
enum Taken {
    Over(Outcome),
    /// It is on disk, and its sender wants to hear of the delivery's end.
    Waits(DeliveryId),
}

/// The routes: `/seti/CART` for the merchant `default`, `/seti/MERCHANT/CART` for another. Serve them with the clients' addresses, and say whether
/// those are a proxy's. Once `undelivered` says true nothing more is delivered, so posts that wait for their cart are answered.
pub fn router(office: Office, behind_proxy: bool, undelivered: watch::Receiver<bool>) -> Router {
    let (known, unknown) = (Room::new(KNOWN_BYTES_MAX), Room::new(UNKNOWN_BYTES_MAX));
    let door = Arc::new(Door { office, behind_proxy, undelivered, known, unknown, failures: Mutex::default() });
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
    request: axum::extract::Request,
) -> Response {
    plain(&door.answer(client.ip(), MerchantId::default().as_str(), &cart, request).await)
}

async fn of_merchant(
    State(door): State<Arc<Door>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    Path((merchant, cart)): Path<(String, String)>,
    request: axum::extract::Request,
) -> Response {
    plain(&door.answer(client.ip(), &merchant, &cart, request).await)
}

impl Door {
    async fn answer(&self, peer: IpAddr, merchant: &str, cart: &str, request: axum::extract::Request) -> Answer {
        let client = client::of(peer, self.behind_proxy, request.headers());
        if client.is_some_and(|client| self.is_shut(client)) {
            return Error::Denied.answer();
        }
        match self.take(client.unwrap_or(peer), merchant, cart, request).await {
            Ok(answer) | Err(Early::Answered(answer)) => answer,
            Err(Early::Refused(error)) => {
                if matches!(error, Error::Denied) {
                    client.into_iter().for_each(|client| self.failed(client));
                    tracing::warn!(client = %client.unwrap_or(peer), merchant, cart, "a post was denied");
                }
                error.answer()
            }
        }
    }

    async fn take(&self, client: IpAddr, merchant: &str, cart: &str, request: axum::extract::Request) -> Result<Answer, Early> {
        let addressed = self.addressed(merchant, cart).await?;
        let connection = Connection::of(request.extensions());
        let (parts, body) = request.into_parts();
        let Whole { bytes, share } = self.body(client, &addressed, &parts, body).await?;
        connection.iter().for_each(|connection| connection.enter(Phase::Whole));
        let Addressed { office, cart, inlet, password } = addressed;
        let read_inlet = inlet.clone();
        // A large post takes a while to read: not on a thread that others wait for.
        let read = tokio::task::spawn_blocking(move || match read(&request_of(&parts, &bytes), &read_inlet)? {
            Call::SendVersion => Ok(None),
            Call::UpdateStatus(locked) => locked.open(&read_inlet, &password).map(Some),
        });
        let post = match read.await {
            Ok(Ok(Some(post))) => post,
            Ok(Ok(None)) => return Ok(Answer::version(&inlet)),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => return Ok(Answer::error("the post could not be read; the log of this server says why")),
        };
        if let Some(connection) = connection {
            connection.enter(Phase::AtWork);
        }
        let taken = accept(&office, &cart, &inlet, post).await;
        // What is waited for takes no memory of the post.
        drop(share);
        Ok(answer(&self.outcomes(&office, &inlet, taken).await))
    }

    /// Looks up the cart and its inlet, before anything of the body is read.
    async fn addressed(&self, merchant: &str, cart: &str) -> Result<Addressed, Early> {
        let merchant = MerchantId::new(merchant).map_err(|_| Error::Denied)?;
        let cart = CartId::new(cart).map_err(|_| Error::Denied)?;
        let office = self.office.as_merchant(merchant);
        let kept = office.find_cart(&cart).await?.ok_or(Error::Denied)?;
        let (inlet, password) = office.inlet(&kept).await?.ok_or(Error::Denied)?;
        Ok(Addressed { office, cart, inlet, password })
    }

    /// Reads the body: its first part, and the rest if the log-in there is right or there is none yet.
    async fn body(&self, client: IpAddr, addressed: &Addressed, parts: &Parts, body: Body) -> Result<Whole, Early> {
        let limits = Limits { bytes_max: BODY_BYTES_MAX, at_most: Duration::from_millis(BODY_MS_MAX) };
        let mut reading = Reading::begin(&parts.headers, body, limits)?;
        let (start, is_whole) = reading.start().await?;
        let look = match is_whole {
            true => Ok(FirstLook::NoLogin),
            false => first_look(&request_of(parts, start), &addressed.inlet, &addressed.password),
        };
        match look {
            Ok(FirstLook::RightLogin) => {
                let sender = format!("{}/{}", addressed.office.merchant(), addressed.cart);
                Ok(reading.whole(&self.known, &sender).await?)
            }
            Ok(FirstLook::NoLogin) => Ok(reading.whole(&self.unknown, &client.to_string()).await?),
            Ok(FirstLook::Version) => {
                reading.discard().await;
                Err(Early::Answered(Answer::version(&addressed.inlet)))
            }
            Err(error) => {
                reading.discard().await;
                Err(error.into())
            }
        }
    }

    /// Waits for the deliveries of a post, all together as long as its inlet says.
    async fn outcomes(&self, office: &Office, inlet: &Inlet, taken: Vec<(Option<String>, Taken)>) -> Vec<PartOutcome> {
        let wait_ms = match inlet.answer() {
            AnswerWhen::Accepted => 0,
            AnswerWhen::Delivered { wait_ms } => wait_ms,
        };
        let until = Instant::now() + Duration::from_millis(wait_ms.into());
        let mut parts = Vec::with_capacity(taken.len());
        for (order, taken) in taken {
            let outcome = match taken {
                Taken::Over(outcome) => outcome,
                Taken::Waits(delivery) => self.ended(office, &delivery, until).await,
            };
            parts.push(PartOutcome { order, outcome });
        }
        parts
    }

    async fn ended(&self, office: &Office, delivery: &DeliveryId, until: Instant) -> Outcome {
        let mut undelivered = self.undelivered.clone();
        let nothing_more = async move {
            if undelivered.wait_for(|undelivered| *undelivered).await.is_err() {
                std::future::pending::<()>().await;
            }
            sleep(LAST_WAIT).await;
        };
        tokio::select! {
            biased;
            ended = office.ended(delivery, until.saturating_duration_since(Instant::now())) => match ended {
                Ok(End::Delivered) => Outcome::Delivered,
                Ok(End::Not(found)) => Outcome::Refused(why(&found)),
                // It is on disk: that the wait failed is nothing that the sender can mend.
                Ok(End::OnItsWay) | Err(_) => Outcome::StillQueued,
            },
            () = nothing_more => Outcome::StillQueued,
        }
    }

    /// Whether a client failed so often that it is not listened to now.
    fn is_shut(&self, client: IpAddr) -> bool {
        let now = self.office.elapsed_ms();
        let failures = self.failures.lock().expect("nobody panics while holding it");
        failures.get(&client).is_some_and(|failures| failures.count >= FAILURES_MAX && now.saturating_sub(failures.since_ms) < FAILURES_MS)
    }

    fn failed(&self, client: IpAddr) {
        let now = self.office.elapsed_ms();
        let mut all = self.failures.lock().expect("nobody panics while holding it");
        let entry = all.entry(client).or_insert(Failures { count: 0, since_ms: now });
        if now.saturating_sub(entry.since_ms) >= FAILURES_MS {
            *entry = Failures { count: 0, since_ms: now };
        }
        entry.count += 1;
        if all.len() > FAILING_CLIENTS_MAX
            && let Some(oldest) = all.iter().min_by_key(|(_, failures)| failures.since_ms).map(|(client, _)| *client)
        {
            all.remove(&oldest);
        }
    }
}

impl From<Error> for Early {
    fn from(error: Error) -> Early {
        Early::Refused(error)
    }
}

impl From<office::Error> for Early {
    fn from(error: office::Error) -> Early {
        tracing::error!(error = &error as &dyn std::error::Error, "a post could not be taken");
        Early::Answered(Answer::error("this server cannot take posts now; its log says why"))
    }
}

impl From<body::Error> for Early {
    fn from(error: body::Error) -> Early {
        match error {
            body::Error::TooLarge { bytes_max } => Early::Refused(form::Error::TooLong { place: "body", max: bytes_max }.into()),
            body::Error::Late { .. } | body::Error::CutOff(_) => Early::Answered(Answer::error(&chain(&error))),
            body::Error::NoRoom => Early::Answered(Answer::error("too many large posts come at once; send this one again")),
        }
    }
}

fn request_of<'a>(parts: &'a Parts, body: &'a [u8]) -> Request<'a> {
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Request { method: parts.method.as_str(), query: parts.uri.query(), content_type, body }
}

/// Puts each order of a post to the gate, in their order.
async fn accept(office: &Office, cart: &CartId, inlet: &Inlet, post: Post) -> Vec<(Option<String>, Taken)> {
    let mut taken = Vec::with_capacity(post.updates.len());
    for update in post.updates {
        taken.push(match update {
            Ok(fields) => (Some(fields.order_number.clone()), accept_one(office, cart, inlet, fields).await),
            Err(invalid) => {
                let PartOutcome { order, outcome } = PartOutcome::from(&invalid);
                (order, Taken::Over(outcome))
            }
        });
    }
    taken
}

async fn accept_one(office: &Office, cart: &CartId, inlet: &Inlet, fields: Fields) -> Taken {
    let request = office::Request { cart: cart.clone(), cause: Cause::Given(Given::Seti), fields, again: Again::No };
    let accepted = match office.accept(&request, None).await {
        Ok(accepted) => accepted,
        Err(office::Error::Invalid(error)) => return Taken::Over(Outcome::Invalid(chain(&error))),
        Err(office::Error::Refused(error)) => return Taken::Over(Outcome::NeedsAPerson(chain(&error))),
        Err(error) => {
            tracing::error!(%cart, error = &error as &dyn std::error::Error, "a post could not be accepted");
            return Taken::Over(Outcome::NotKept(match error {
                no_room @ office::Error::NoRoom { .. } => chain(&no_room),
                // Its causes name files of this machine.
                fault if fault.is_fault() => "this server cannot do it now; its log says why".to_owned(),
                error => chain(&error),
            }));
        }
    };
    match (accepted.done, inlet.answer()) {
        (office::Outcome::Queued { delivery, .. }, AnswerWhen::Delivered { .. }) => Taken::Waits(delivery),
        (office::Outcome::Queued { .. }, AnswerWhen::Accepted) => Taken::Over(Outcome::Accepted),
        (_, _) => Taken::Over(Outcome::from(&accepted.decision)),
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

fn plain(answer: &Answer) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(Answer::CONTENT_TYPE)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let headers: [(HeaderName, HeaderValue); 3] = headers;
    (headers, answer.as_str().to_owned()).into_response()
}

#[cfg(test)]
mod tests;
