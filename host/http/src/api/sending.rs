//! `POST /v1/send`: a user of the machine sends a status and waits for what the cart says.

use super::call::{Call, json};
use super::problem::{self, Problem};
use super::schema;
use axum::response::Response;
use cartage::service::{Request, Sent};
use cartage_policy::gate::explain::Note;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What followed from a request that waited for the cart.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SentUpdate {
    /// The gate's decision, what followed from it, and the state of the order now.
    #[serde(flatten)]
    #[schema(value_type = schema::order::Sent)]
    pub sent: Sent,
    /// Details of the state of the order, each with what helps.
    #[schema(value_type = Vec<schema::decision::Note>)]
    pub notes: Vec<Note>,
}

/// Asks the gate, and sends the update at once if it passes: the answer comes when the attempt has ended.
#[utoipa::path(
    post,
    path = "/v1/send",
    operation_id = "send",
    request_body(content = inline(schema::update::SendRequest)),
    responses(
        (status = 200, description = "What the gate decided, and what followed.", body = inline(SentUpdate)),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn send(call: Call) -> Result<Response, Problem> {
    let request: Request = call.json()?;
    let sent = Box::pin(call.service.sending().send(&request)).await?;
    let notes = sent.standing.notes();
    Ok(json(StatusCode::OK, &SentUpdate { sent, notes }))
}
