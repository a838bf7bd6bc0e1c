//! Pauses and resumes all carts together.

use super::call::{Call, json};
use super::deliveries::{Why, reason};
use super::problem::{self, Problem};
use super::schema;
use axum::response::Response;
use cartage_model::id::CartId;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why all carts are paused.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseAllBody {
    /// Why the carts are paused, for the record.
    #[schema(value_type = Why, inline)]
    pub why: String,
}

/// All carts are paused.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PausedCarts {
    /// The number of carts.
    pub paused: usize,
}

/// The common pause has ended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ResumedCarts {
    /// The number of carts.
    pub resumed: usize,
    /// The carts that are still paused, each by itself.
    #[schema(value_type = Vec<schema::CartId>)]
    pub still_paused: Vec<CartId>,
    /// Why each of them is paused.
    pub pauses: Vec<StillPaused>,
}

/// A cart that is paused by itself.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StillPaused {
    /// The Cart ID.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The reason, by name or in the words of the person who paused the cart.
    pub why: String,
}

/// Pauses every cart of the merchant until all are resumed together. Each cart keeps its own pause beside.
#[utoipa::path(
    post,
    path = "/v1/pause",
    operation_id = "pauseAllCarts",
    request_body(content = inline(PauseAllBody)),
    responses(
        (status = 200, description = "All carts are paused.", body = inline(PausedCarts)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn pause(call: Call) -> Result<Response, Problem> {
    call.may_touch_all("a pause of all carts")?;
    let PauseAllBody { why } = call.json()?;
    let paused = call.service.carts().pause_all(&reason("why", &why)?).await?;
    Ok(json(StatusCode::OK, &PausedCarts { paused }))
}

/// Ends the common pause of all carts. A cart that was paused by itself stays paused.
#[utoipa::path(
    post,
    path = "/v1/resume",
    operation_id = "resumeAllCarts",
    responses(
        (status = 200, description = "The common pause has ended.", body = inline(ResumedCarts)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn resume(call: Call) -> Result<Response, Problem> {
    call.may_touch_all("the pause of all carts")?;
    let (resumed, still) = call.service.carts().resume_all().await?;
    let still_paused = still.iter().map(|(cart, _)| cart.clone()).collect();
    let pauses = still.into_iter().map(|(cart, pause)| StillPaused { cart, why: pause.why }).collect();
    Ok(json(StatusCode::OK, &ResumedCarts { resumed, still_paused, pauses }))
}
