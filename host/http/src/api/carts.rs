//! Carts: lists, shows and defines them, and enables, disables, pauses and resumes them.

mod changes;
mod check;
mod define;
mod outside;
mod state;
mod upgrade;

pub use changes::*;
pub use check::*;
pub use define::*;
#[cfg(test)]
pub(super) use outside::from_outside;
pub use state::*;
pub use upgrade::*;

use super::call::{Call, json};
use super::deliveries::{Why, reason};
use super::problem::{self, Kind, Problem};
use super::schema;
use axum::response::Response;
use cartage::service::{self, CartList};
use cartage_base::causes::chain;
use cartage_model::carts::Binding;
use cartage_model::id::CartId;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The carts that the token may touch.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ListedCarts<C> {
    /// The carts, by id.
    pub carts: Vec<C>,
    /// The carts whose definitions cannot be read. Their other settings and their queues stay.
    pub unreadable: Vec<UnreadableCart>,
}

/// Lists the carts that the token may touch.
#[utoipa::path(
    get,
    path = "/v1/carts",
    operation_id = "listCarts",
    params(("whole" = Option<bool>, Query, description = "true: each cart with its definition.")),
    responses(
        (status = 200, description = "The carts.", body = inline(ListedCarts<schema::cart::ListedCart>)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    let whole = call.query.yes("whole")?;
    let CartList { carts, unreadable } = call.service.carts().list().await?;
    let carts = carts.iter().filter(|kept| call.sees(&kept.cart.id));
    let unreadable = unreadable.iter().filter_map(|error| match error {
        service::Error::StoredCart { cart, .. } if call.sees(cart) => Some(unreadable_cart(&call, cart, error)),
        _ => None,
    });
    let unreadable = unreadable.collect();
    if whole {
        let assignments = call.service.configuration().assignments().await?;
        let carts = carts.map(|kept| WholeCart::of(&call, kept, &assignments)).collect();
        return Ok(json(StatusCode::OK, &ListedCarts { carts, unreadable }));
    }
    Ok(json(StatusCode::OK, &ListedCarts { carts: carts.map(|kept| CartDocument::of(&call, kept)).collect(), unreadable }))
}

fn unreadable_cart(call: &Call, cart: &CartId, error: &service::Error) -> UnreadableCart {
    UnreadableCart { cart: cart.clone(), why: chain(error), remedy: error.remedy().map(|remedy| call.remedy(&remedy)) }
}

/// Shows one cart with its definition.
#[utoipa::path(
    get,
    path = "/v1/carts/{cart}",
    operation_id = "showCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    responses(
        (status = 200, description = "The cart.", body = WholeCart),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn show(call: Call) -> Result<Response, Problem> {
    let kept = match call.service.carts().get(&call.cart()?).await {
        // For an update this is a fault, after which the sender tries again. Whoever looks at the cart can mend it.
        Err(error @ service::Error::StoredCart { .. }) => return Err(Problem::of(Kind::Conflict, &error).doing(error.remedy().as_ref())),
        kept => kept?,
    };
    let assignments = call.service.configuration().assignments().await?;
    Ok(json(StatusCode::OK, &WholeCart::of(&call, &kept, &assignments)))
}

/// The endpoints of a cart.
#[derive(Serialize, ToSchema)]
struct Bindings {
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    endpoints: Vec<Endpoint>,
}

/// An endpoint of a cart.
#[derive(Serialize, ToSchema)]
struct Endpoint {
    name: String,
    /// What the plugin uses the endpoint for. Left out: the plugin was not admitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    purpose: Option<String>,
    /// Whether the plugin needs the endpoint. Left out: the plugin was not admitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    required: Option<bool>,
    /// Where the endpoint leads. Null: the cart's definition does not say.
    #[schema(required, value_type = Option<schema::cart::Binding>)]
    binding: Option<Binding>,
}

/// Lists the base URLs of a cart's endpoints, with the purpose of each as the plugin states it.
#[utoipa::path(
    get,
    path = "/v1/carts/{cart}/bindings",
    operation_id = "bindings",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    responses(
        (status = 200, description = "The endpoints.", body = inline(Bindings)),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn bindings(call: Call) -> Result<Response, Problem> {
    let kept = call.service.carts().get(&call.cart()?).await?;
    let bound = |name: &str| kept.cart.endpoints.get(name).cloned();
    let endpoints = match kept.manifest() {
        Some(manifest) => {
            let all = manifest.endpoints.iter();
            all.map(|endpoint| Endpoint {
                name: endpoint.name.clone(),
                purpose: Some(endpoint.purpose.clone()),
                required: Some(endpoint.required),
                binding: bound(&endpoint.name),
            })
            .collect()
        }
        None => {
            let all = kept.cart.endpoints.keys();
            all.map(|name| Endpoint { name: name.clone(), purpose: None, required: None, binding: bound(name) }).collect()
        }
    };
    Ok(json(StatusCode::OK, &Bindings { cart: kept.cart.id.clone(), endpoints }))
}

/// A cart, or one whose definition cannot be read.
type Switched = schema::Either<CartDocument, UnreadableCart>;

/// Enables a cart.
#[utoipa::path(
    post,
    path = "/v1/carts/{cart}/enable",
    operation_id = "enableCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    responses(
        (status = 200, description = "The cart as it is now.", body = Switched),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn enable(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    call.service.carts().set_enabled(&cart, true).await?;
    after(&call, &cart).await
}

/// Disables a cart.
#[utoipa::path(
    post,
    path = "/v1/carts/{cart}/disable",
    operation_id = "disableCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    responses(
        (status = 200, description = "The cart as it is now.", body = Switched),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn disable(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    call.service.carts().set_enabled(&cart, false).await?;
    after(&call, &cart).await
}

/// Why a cart is paused.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseBody {
    /// Why the cart is paused, for the record.
    #[schema(value_type = Why, inline)]
    pub why: String,
}

/// Pauses a cart until somebody resumes it.
#[utoipa::path(
    post,
    path = "/v1/carts/{cart}/pause",
    operation_id = "pauseCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    request_body(content = inline(PauseBody)),
    responses(
        (status = 200, description = "The cart as it is now.", body = Switched),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn pause(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    let why = if call.body.is_empty() { format!("paused by {}", call.caller) } else { call.json::<PauseBody>()?.why };
    call.service.carts().set_pause(&cart, Some(&reason("why", &why)?)).await?;
    after(&call, &cart).await
}

/// Resumes a cart.
#[utoipa::path(
    post,
    path = "/v1/carts/{cart}/resume",
    operation_id = "resumeCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    responses(
        (status = 200, description = "The cart as it is now.", body = Switched),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn resume(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    if call.caller.carts().is_some() && call.service.carts().get(&cart).await?.row.paused_with_all {
        call.may_touch_all("the pause of all carts")?;
    }
    call.service.carts().set_pause(&cart, None).await?;
    after(&call, &cart).await
}

/// The cart after a change of its state. Also a cart whose definition cannot be read is switched, paused and resumed.
async fn after(call: &Call, cart: &CartId) -> Result<Response, Problem> {
    match call.service.carts().get(cart).await {
        Err(error @ service::Error::StoredCart { .. }) => Ok(json(StatusCode::OK, &unreadable_cart(call, cart, &error))),
        kept => Ok(json(StatusCode::OK, &CartDocument::of(call, &kept?))),
    }
}
