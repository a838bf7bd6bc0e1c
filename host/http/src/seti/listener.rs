//! The listener of SETI inbound: it accepts `POST /seti/CART` and sends one answer, always with HTTP status 200.
//!
//! Nothing but posts is reachable here: the API has a listener of its own. A cart without an inlet and a wrong log-in get the same answer,
//! and a client that fails too often at a cart is ignored there for a while (`listener/failures.rs`). An address that many clients share, such
//! as a proxy's, is never shut out as a whole, because any stranger could do that to all of them. A request from a page in a browser is
//! refused and does not count: otherwise the page's author could shut out the Order Manager of the machine where the page is viewed.
//!
//! A stranger costs little: the cart is looked up before any of the body is read, and until the log-in is known to be right only the first
//! 64 KiB are read. More is read only if the log-in comes later than that, and only of a few such bodies at once.

mod failures;

pub use failures::{FAILING_CLIENTS_MAX, FAILURES_MAX, FAILURES_MS};

use super::form::{self, BODY_BYTES_MAX};
use super::login::{FirstLook, first_look};
use super::{Denial, Error, PartOutcome, PostOutcome, Reply, SetiCall, SetiRequest, StatusPost, answer, part, read};
use crate::inbound::body::{self, BodyLimits, BodyReader, Room, Share, Whole};
use crate::inbound::client::{self, Proxies};
use crate::inbound::connection::{Connection, Phase};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use cartage::alerts::NotLetIn;
use cartage::service::{self, Cause, End, Service};
use cartage_base::causes::chain;
use cartage_commands::Commands;
use cartage_contract::manifest::Features;
use cartage_model::carts::Inlet;
use cartage_model::carts::inlet::AnswerWhen;
use cartage_model::id::{CartId, DeliveryId, MerchantId};
use cartage_model::remedy::{Remedy, Words as _};
use cartage_policy::gate::{Again, Given};
use cartage_policy::validate::Fields;
use cartage_store::outbox::{FoundDelivery, died_of};
use failures::{Entry, Failures, Who};
use secrecy::SecretString;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// How long the body of a post may take to arrive, in milliseconds.
pub const BODY_MS_MAX: u64 = 30_000;
/// The memory for all large bodies after a right log-in together, in bytes.
const KNOWN_BYTES_MAX: usize = 32 << 20;
/// The memory for all bodies whose log-in comes after their first 64 KiB, in bytes.
const UNKNOWN_BYTES_MAX: usize = 16 << 20;
/// How long a post still waits for its cart after deliveries have stopped, because the last outcome may be on its way.
const LAST_WAIT: Duration = Duration::from_millis(200);

struct Listener {
    service: Service,
    proxies: Proxies,
    undelivered: watch::Receiver<bool>,
    known: Room,
    unknown: Room,
    failures: Failures,
}

/// The cart that a post is for, and the inlet and the password for its log-in.
struct Addressed {
    service: Service,
    cart: CartId,
    inlet: Inlet,
    password: SecretString,
    /// The features of the cart's plugin; `None` if they are not known.
    features: Option<Features>,
}

/// A post that was read, with the memory that it holds until it is accepted.
struct Opened {
    post: StatusPost,
    addressed: Addressed,
    connection: Option<Connection>,
    share: Option<Share>,
}

/// Why a post is answered before it is accepted.
enum Early {
    /// The request is refused. A cart that does not exist or takes no posts gets the answer of a wrong log-in, but does not count as one.
    Refused(Error),
    Answered(Reply),
}

/// The result of a log-in.
#[derive(Debug, Clone, Copy)]
enum Login {
    Right,
    Wrong(Denial),
    /// The request had no log-in.
    None,
}

/// The state of one order of a post.
enum Taken {
    Over(PostOutcome),
    /// The update is on disk, and its sender waits for the end of the delivery.
    Waits(DeliveryId),
}

/// The routes: `/seti/CART` for the merchant `default`, `/seti/MERCHANT/CART` for another. The server must supply the clients' addresses; `proxies` says
/// which of them belong to proxies. Once `undelivered` is `true`, deliveries have stopped, so posts that wait for their cart are answered.
pub fn router(service: Service, proxies: Proxies, undelivered: watch::Receiver<bool>) -> Router {
    let (known, unknown) = (Room::new(KNOWN_BYTES_MAX), Room::new(UNKNOWN_BYTES_MAX));
    let listener = Arc::new(Listener { service, proxies, undelivered, known, unknown, failures: Failures::default() });
    Router::new()
        .route("/seti/{cart}", any(of_default))
        .route("/seti/{merchant}/{cart}", any(of_merchant))
        .fallback(async || plain(&Reply::error("there is no cart at this address; the Script URL ends in /seti/CART")))
        .with_state(listener)
}

async fn of_default(
    State(listener): State<Arc<Listener>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    Path(cart): Path<String>,
    request: axum::extract::Request,
) -> Response {
    plain(&listener.answer(client.ip(), MerchantId::default().as_str(), &cart, request).await)
}

async fn of_merchant(
    State(listener): State<Arc<Listener>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    Path((merchant, cart)): Path<(String, String)>,
    request: axum::extract::Request,
) -> Response {
    plain(&listener.answer(client.ip(), &merchant, &cart, request).await)
}

impl Listener {
    async fn answer(&self, peer: IpAddr, merchant: &str, cart: &str, request: axum::extract::Request) -> Reply {
        if client::is_of_a_page(request.headers()) {
            return Reply::error("this address accepts posts from an Order Manager, and none from a page in a browser");
        }
        let client = self.proxies.client(peer, request.headers());
        match self.take((peer, client), merchant, cart, request).await {
            Ok(answer) | Err(Early::Answered(answer)) => answer,
            Err(Early::Refused(error)) => {
                if let Error::Denied(denial) = &error {
                    let client = client.unwrap_or(peer);
                    tracing::warn!(%client, merchant, cart, reason = %denial, "a post was denied");
                }
                error.answer()
            }
        }
    }

    async fn take(
        &self,
        from: (IpAddr, Option<IpAddr>),
        merchant: &str,
        cart: &str,
        request: axum::extract::Request,
    ) -> Result<Reply, Early> {
        let merchant = MerchantId::new(merchant).map_err(|_| Error::Denied(Denial::NoCart))?;
        let cart = CartId::new(cart).map_err(|_| Error::Denied(Denial::NoCart))?;
        let (peer, client) = from;
        let like_a_page = request.method() != Method::POST || request.headers().contains_key(header::REFERER);
        let who = client.map(|client| Who { client, merchant: merchant.clone(), cart: cart.clone(), like_a_page });
        if who.as_ref().is_some_and(|who| self.failures.is_shut(who, self.service.elapsed_ms())) {
            return Err(Error::Denied(Denial::ShutOut).into());
        }
        let addressed = self.addressed(merchant, cart, client.unwrap_or(peer)).await?;
        let opened = self.open((client.unwrap_or(peer), who.as_ref()), addressed, request).await;
        let Opened { post, addressed, connection, share } = match opened? {
            Ok(opened) => opened,
            Err(version) => return Ok(version),
        };
        if let Some(connection) = connection {
            connection.enter(Phase::AtWork);
        }
        let taken = accept(&addressed, post).await;
        // The post's memory is released before the wait for its deliveries.
        drop(share);
        Ok(answer(&self.outcomes(&addressed, taken).await))
    }

    /// Begins the check of a log-in, which counts from now on; `None` if the client is unknown.
    async fn enter(&self, who: Option<&Who>) -> Result<Option<Entry<'_>>, Error> {
        let Some(who) = who else { return Ok(None) };
        self.failures.enter(who.clone(), || self.service.elapsed_ms()).await.map(Some).ok_or(Error::Denied(Denial::ShutOut))
    }

    /// Records the result of a log-in.
    fn judged(&self, entry: Option<Entry<'_>>, login: Login) {
        let Some(entry) = entry else { return };
        let who = entry.who().clone();
        let service = self.service.as_merchant(who.merchant);
        match login {
            Login::Right => {
                entry.right();
                service.inlets().logged_in(&who.cart, who.client);
            }
            Login::Wrong(denial) if entry.wrong(self.service.elapsed_ms()) => {
                tracing::warn!(
                    client = %who.client, merchant = %service.merchant(), cart = %who.cart, reason = %denial,
                    "too many log-ins failed: the client is shut out"
                );
                service.inlets().refused(&who.cart, who.client, NotLetIn::ShutOut { last: denial.to_string() });
            }
            Login::Wrong(_) | Login::None => {}
        }
    }

    /// Reads a post whose log-in is right. Returns the answer instead if the post asks for the version.
    async fn open(
        &self,
        (client, who): (IpAddr, Option<&Who>),
        addressed: Addressed,
        request: axum::extract::Request,
    ) -> Result<Result<Opened, Reply>, Early> {
        let connection = Connection::of(request.extensions());
        let (parts, body) = request.into_parts();
        let Whole { bytes, share } = self.body((client, who), &addressed, &parts, body).await?;
        connection.iter().for_each(|connection| connection.enter(Phase::Whole));
        let (inlet, password) = (addressed.inlet.clone(), addressed.password.clone());
        let entry = self.enter(who).await?;
        // A large post takes a while to parse, so it is not parsed on a thread that other requests need.
        let read = tokio::task::spawn_blocking(move || match read(&request_of(&parts, &bytes), &inlet)? {
            SetiCall::SendVersion => Ok(None),
            SetiCall::UpdateStatus(locked) => locked.open(&inlet, &password).map(Some),
        });
        let read = read.await;
        self.judged(
            entry,
            match &read {
                Ok(Ok(Some(_)) | Err(Error::Xml(_))) => Login::Right,
                Ok(Err(Error::Denied(denial @ Denial::Wrong { .. }))) => Login::Wrong(*denial),
                Ok(Ok(None) | Err(_)) | Err(_) => Login::None,
            },
        );
        match read {
            Ok(Ok(Some(post))) => Ok(Ok(Opened { post, addressed, connection, share })),
            Ok(Ok(None)) => Ok(Err(Reply::version(&addressed.inlet))),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Early::Answered(Reply::error("the post could not be read; the log of this server says why"))),
        }
    }

    /// Looks up the cart and its inlet, before any of the body is read.
    async fn addressed(&self, merchant: MerchantId, cart: CartId, client: IpAddr) -> Result<Addressed, Early> {
        let service = self.service.as_merchant(merchant);
        let kept = service.carts().find(&cart).await?.ok_or(Error::Denied(Denial::NoCart))?;
        let Some((inlet, password)) = service.inlets().get(&kept).await? else {
            let (denial, why) = match kept.cart.seti {
                None => (Denial::NoInlet, NotLetIn::NoInlet),
                Some(_) => (Denial::NoPassword, NotLetIn::NoPassword),
            };
            service.inlets().refused(&cart, client, why);
            return Err(Error::Denied(denial).into());
        };
        Ok(Addressed { service, cart, inlet, password, features: kept.manifest().map(|manifest| manifest.features) })
    }

    /// Reads the body: its first part, and the rest if the log-in there is right or has not come yet.
    async fn body(&self, (client, who): (IpAddr, Option<&Who>), addressed: &Addressed, parts: &Parts, body: Body) -> Result<Whole, Early> {
        let limits = BodyLimits { bytes_max: BODY_BYTES_MAX, at_most: Duration::from_millis(BODY_MS_MAX) };
        let mut reading = BodyReader::begin(&parts.headers, body, limits)?;
        let (start, is_whole) = reading.start().await?;
        let look = match is_whole {
            true => Ok(FirstLook::NoLogin),
            false => {
                let entry = self.enter(who).await?;
                let look = first_look(&request_of(parts, start), &addressed.inlet, &addressed.password);
                self.judged(
                    entry,
                    match &look {
                        Ok(FirstLook::RightLogin) => Login::Right,
                        Err(Error::Denied(denial)) => Login::Wrong(*denial),
                        Ok(_) | Err(_) => Login::None,
                    },
                );
                look
            }
        };
        match look {
            Ok(FirstLook::RightLogin) => {
                let sender = format!("{}/{}", addressed.service.merchant(), addressed.cart);
                Ok(reading.whole(&self.known, &sender).await?)
            }
            Ok(FirstLook::NoLogin) => Ok(reading.whole(&self.unknown, &client.to_string()).await?),
            Ok(FirstLook::Version) => {
                reading.discard().await;
                Err(Early::Answered(Reply::version(&addressed.inlet)))
            }
            Err(error) => {
                reading.discard().await;
                Err(error.into())
            }
        }
    }

    /// Waits for the deliveries of a post. The inlet's time limit applies to all of them together.
    async fn outcomes(&self, Addressed { service, inlet, .. }: &Addressed, taken: Vec<(Option<String>, Taken)>) -> Vec<PartOutcome> {
        let wait_ms = match inlet.answer() {
            AnswerWhen::Accepted => 0,
            AnswerWhen::Delivered { wait_ms } => wait_ms,
        };
        let until = Instant::now() + Duration::from_millis(wait_ms.into());
        let mut parts = Vec::with_capacity(taken.len());
        for (order, taken) in taken {
            let outcome = match taken {
                Taken::Over(outcome) => outcome,
                Taken::Waits(delivery) => self.ended(service, &delivery, until).await,
            };
            parts.push(PartOutcome { order, outcome });
        }
        parts
    }

    async fn ended(&self, service: &Service, delivery: &DeliveryId, until: Instant) -> PostOutcome {
        let mut undelivered = self.undelivered.clone();
        let nothing_more = async move {
            if undelivered.wait_for(|undelivered| *undelivered).await.is_err() {
                std::future::pending::<()>().await;
            }
            sleep(LAST_WAIT).await;
        };
        let sending = service.sending();
        tokio::select! {
            biased;
            ended = sending.ended(delivery, until.saturating_duration_since(Instant::now())) => match ended {
                Ok(End::Delivered) => PostOutcome::Delivered,
                Ok(End::Not(found)) => PostOutcome::Refused(why(&found)),
                // The update is on disk. A wait that failed is not a problem that the sender can correct.
                Ok(End::OnItsWay) | Err(_) => PostOutcome::StillQueued,
            },
            () = nothing_more => PostOutcome::StillQueued,
        }
    }
}

impl From<Error> for Early {
    fn from(error: Error) -> Early {
        Early::Refused(error)
    }
}

impl From<service::Error> for Early {
    fn from(error: service::Error) -> Early {
        tracing::error!(error = &error as &dyn std::error::Error, "could not process a post");
        Early::Answered(Reply::error("this server cannot accept posts now; its log says why"))
    }
}

impl From<body::Error> for Early {
    fn from(error: body::Error) -> Early {
        match error {
            body::Error::TooLarge { bytes_max } => Early::Refused(form::Error::TooLong { place: "body", max: bytes_max }.into()),
            body::Error::Late { .. } | body::Error::CutOff(_) => Early::Answered(Reply::error(&chain(&error))),
            body::Error::NoRoom => Early::Answered(Reply::error("too many large posts are arriving at once; send this one again")),
        }
    }
}

fn request_of<'a>(parts: &'a Parts, body: &'a [u8]) -> SetiRequest<'a> {
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    SetiRequest { method: parts.method.as_str(), query: parts.uri.query(), content_type, body }
}

/// Asks the gate about each order of a post, in the order of the post.
async fn accept(addressed: &Addressed, post: StatusPost) -> Vec<(Option<String>, Taken)> {
    let mut taken = Vec::with_capacity(post.updates.len());
    for update in post.updates {
        taken.push(match update {
            Ok(fields) => (Some(fields.order_number.clone()), accept_one(addressed, fields).await),
            Err(invalid) => {
                let PartOutcome { order, outcome } = PartOutcome::from(&invalid);
                (order, Taken::Over(outcome))
            }
        });
    }
    taken
}

async fn accept_one(Addressed { service, cart, inlet, features, .. }: &Addressed, fields: Fields) -> Taken {
    let waits = matches!(inlet.answer(), AnswerWhen::Delivered { .. });
    let too_much = features.map(|features| part::not_carried(&fields, features)).unwrap_or_default();
    let request = service::Request { cart: cart.clone(), cause: Cause::Given(Given::Seti), fields, again: Again::No };
    // A sender repeats a refused post without end. The repeat is the same update, not another one.
    match if waits { service.intake().same_as_last(&request).await } else { Ok(None) } {
        Ok(Some(FoundDelivery::Queued(queued, _))) => return Taken::Waits(queued.delivery),
        Ok(Some(found @ FoundDelivery::Dead(..))) => return Taken::Over(PostOutcome::Refused(why(&found))),
        Ok(_) => {}
        Err(error) => return Taken::Over(not_kept(cart, error)),
    }
    let accepted = match service.intake().accept(&request, None).await {
        Ok(accepted) => accepted,
        Err(service::Error::Invalid(error)) => {
            return Taken::Over(PostOutcome::Invalid(chain(&error) + &part::leave_out(&part::invalid_parts(&error))));
        }
        Err(service::Error::Refused(error)) => return Taken::Over(PostOutcome::NeedsAPerson(chain(&error) + &part::leave_out(&too_much))),
        Err(error) => return Taken::Over(not_kept(cart, error)),
    };
    match accepted.done {
        service::Acceptance::Queued { delivery, .. } if waits => Taken::Waits(delivery),
        service::Acceptance::Queued { .. } => Taken::Over(PostOutcome::Accepted),
        service::Acceptance::Nothing | service::Acceptance::Recorded => Taken::Over(match PostOutcome::from(&accepted.decision) {
            PostOutcome::NeedsAPerson(reason) => PostOutcome::NeedsAPerson(reason + &part::leave_out(&too_much)),
            other => other,
        }),
    }
}

/// The outcome for an error that does not concern the sender's update.
fn not_kept(cart: &CartId, error: service::Error) -> PostOutcome {
    tracing::error!(%cart, error = &error as &dyn std::error::Error, "could not accept a post");
    PostOutcome::NotKept(match error {
        no_room @ service::Error::NoRoom { .. } => chain(&no_room),
        // The causes name files of this machine.
        fault if fault.is_fault() => "this server cannot accept the update now; its log says why".to_owned(),
        error => {
            let what_to_do = error.remedy().map(|remedy| format!("; {}", Commands.advice(&remedy)));
            chain(&error) + &what_to_do.unwrap_or_default()
        }
    })
}

/// Why a delivery ended without reaching its cart.
fn why(found: &FoundDelivery) -> String {
    match found {
        FoundDelivery::Dead(dead, _) => {
            let show = Commands.within(&Remedy::ShowDelivery { delivery: dead.delivery.clone() });
            format!("{}, look at it with {show}", died_of(dead.reason))
        }
        FoundDelivery::Ended { .. } => "it was ended here".to_owned(),
        FoundDelivery::Queued(..) => "it is on its way".to_owned(),
    }
}

fn plain(answer: &Reply) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(Reply::CONTENT_TYPE)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let headers: [(HeaderName, HeaderValue); 3] = headers;
    (headers, answer.as_str().to_owned()).into_response()
}

#[cfg(test)]
mod tests;
