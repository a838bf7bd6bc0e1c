//! What a handler sees: a request that passed all checks, and a service that acts for its token's merchant.

use super::Api;
use super::body::{BODIES_BYTES_MAX, MACHINE_BODIES_BYTES_MAX};
use super::caller::{Caller, Callers};
use super::cursor::Seal;
use super::problem::{Kind, Problem};
use super::query::Query;
use super::rate::{Limiter, TokenRate};
use crate::inbound::body::{Room, Share};
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use cartage::service::Service;
use cartage_base::heavy;
use cartage_base::histogram::Durations;
use cartage_model::id::{CartId, DeliveryId, MerchantId};
use cartage_model::remedy::Remedy;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The most characters of a delivery's id in a path.
pub(super) const DELIVERY_CHARS_MAX: usize = 64;

/// The state that all requests share.
pub(super) struct Shared {
    pub(super) api: Api,
    pub(super) limiter: Limiter<(MerchantId, String)>,
    pub(super) seal: Seal,
    /// The memory for large bodies.
    pub(super) room: Room,
    /// The duration of requests that hand over events or updates.
    pub(super) accept: Durations,
}

impl Shared {
    pub(super) fn new(api: Api) -> Result<Shared, getrandom::Error> {
        let (rate, room) = match &api.callers {
            Callers::Tokens { rate, .. } => (*rate, BODIES_BYTES_MAX),
            Callers::Machine => (TokenRate::default(), MACHINE_BODIES_BYTES_MAX),
        };
        Ok(Shared {
            limiter: Limiter::new(rate, api.service.clock()),
            seal: Seal::new()?,
            room: Room::new(room),
            accept: Durations::default(),
            api,
        })
    }
}

/// A request that passed all checks.
pub(super) struct Call {
    pub(super) shared: std::sync::Arc<Shared>,
    /// A service that acts for the caller.
    pub(super) service: Service,
    pub(super) caller: Caller,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) params: Vec<(String, String)>,
    pub(super) query: Query,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The share of the memory that a large body takes, held as long as the request.
    pub(super) _share: Option<Share>,
}

impl Call {
    /// A part of the path, by its name in the table of routes.
    pub(super) fn param(&self, name: &str) -> &str {
        let found = self.params.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).expect("the table of routes names the parameter in this handler's path")
    }

    /// The Cart ID in the path, if the token may touch that cart.
    pub(super) fn cart(&self) -> Result<CartId, Problem> {
        // A text that is not a valid Cart ID names no cart.
        let cart = CartId::new(self.param("cart")).map_err(|error| Problem::new(Kind::NotFound, error.to_string()))?;
        self.may_touch(&cart)?;
        Ok(cart)
    }

    /// The delivery's id in the path. Whether the delivery exists is known by the outbox only.
    pub(super) fn delivery(&self) -> Result<DeliveryId, Problem> {
        let text = self.param("delivery");
        let like = text.len() <= DELIVERY_CHARS_MAX && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if like { Ok(DeliveryId::named(text)) } else { Err(no_delivery(text)) }
    }

    /// Checks that the token is not limited to other carts.
    pub(super) fn may_touch(&self, cart: &CartId) -> Result<(), Problem> {
        if self.sees(cart) {
            return Ok(());
        }
        let detail = format!("the {} is limited to other carts than {cart}; use one that may touch it", self.caller);
        Err(Problem::new(Kind::CartNotAllowed, detail))
    }

    /// Whether the token may touch this cart.
    pub(super) fn sees(&self, cart: &CartId) -> bool {
        self.caller.sees(cart)
    }

    /// A remedy as the caller is told it.
    pub(super) fn remedy(&self, remedy: &Remedy) -> Remedy {
        self.caller.remedy(remedy)
    }

    /// Checks that the token may change settings that affect every cart of the merchant.
    pub(super) fn may_touch_all(&self, what: &str) -> Result<(), Problem> {
        if self.caller.carts().is_none() {
            return Ok(());
        }
        let detail = format!("{what} counts for every cart, and the {} is limited to some; use one that is not", self.caller);
        Err(Problem::new(Kind::CartNotAllowed, detail))
    }

    /// Reads the body as JSON of this type.
    pub(super) fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        let text = self.text()?;
        // serde takes an array for an object, member by member.
        if text.trim_start().starts_with('[') {
            return Err(Problem::new(Kind::Invalid, "could not read the body as JSON: invalid type: an array, expected an object"));
        }
        cartage_base::json::read(text.as_bytes()).map_err(|error| {
            let kind = if error.is_about_data() { Kind::Invalid } else { Kind::BadRequest };
            Problem::new(kind, format!("could not read the body as JSON: {error}"))
        })
    }

    /// Reads a body that may be large as JSON of this type, on a thread on which no request waits.
    pub(super) async fn large_json<T: DeserializeOwned + Send + 'static>(self) -> Result<(Call, T), Problem> {
        let (call, body) = heavy::work(self.body.len(), move || {
            let body = self.json();
            (self, body)
        })
        .await;
        Ok((call, body?))
    }

    /// The body as text.
    pub(super) fn text(&self) -> Result<&str, Problem> {
        std::str::from_utf8(&self.body).map_err(|error| Problem::new(Kind::BadRequest, format!("the body is not UTF-8: {error}")))
    }
}

/// The problem that the merchant has no delivery of this id, or none at a cart that the token may touch.
pub(super) fn no_delivery(id: &str) -> Problem {
    Problem::new(Kind::NotFound, format!("there is no delivery {id:?}; GET /v1/deliveries lists those that wait and those that are dead"))
}

/// An answer in JSON, with the members of each object in the order of their names.
pub(super) fn json(status: StatusCode, document: &impl Serialize) -> Response {
    let document = serde_json::to_value(document).expect("an answer is plain data");
    typed(status, "application/json", document.to_string())
}

/// An answer with this media type.
pub(super) fn typed(status: StatusCode, content_type: &'static str, text: impl Into<String>) -> Response {
    let mut response = (status, text.into()).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
