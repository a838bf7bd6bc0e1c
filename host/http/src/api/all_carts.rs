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

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PauseAllBody {
    /// Why the carts are paused, for the record.
    #[schema(value_type = Why, inline)]
    why: String,
}

/// All carts are paused.
#[derive(Serialize, ToSchema)]
struct PausedCarts {
    /// The number of carts.
    paused: usize,
}

/// The common pause has ended.
#[derive(Serialize, ToSchema)]
struct ResumedCarts {
    /// The number of carts.
    resumed: usize,
    /// The carts that are still paused, each by itself.
    #[schema(value_type = Vec<schema::CartId>)]
    still_paused: Vec<CartId>,
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
    let still_paused = still.into_iter().map(|(cart, _)| cart).collect();
    Ok(json(StatusCode::OK, &ResumedCarts { resumed, still_paused }))
}
