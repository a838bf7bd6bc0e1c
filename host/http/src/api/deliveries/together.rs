//! Several deliveries at once: retries all dead letters of a selection, makes an attempt without waiting for the schedule, and exports deliveries for support.

use super::super::call::{Call, json};
use super::super::problem::{self, Kind, Problem};
use super::super::schema;
use super::super::schema::UnixMs;
use super::find;
use axum::response::Response;
use cartage::outbox::Retried;
use cartage::service::{OrderStatus, Resent, SUPPORT_DELIVERIES_MAX, TriedNow, Which};
use cartage_model::dead_letter::Reason;
use cartage_model::id::{CartId, DeliveryId};
use cartage_model::receipt::Receipt;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which dead letters are retried. Without any member: all that the token may touch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetryBody {
    /// The cart. Left out: every cart.
    #[serde(default)]
    #[schema(value_type = Option<schema::CartId>, nullable = false)]
    cart: Option<CartId>,
    /// The reason of the dead letters. Left out: every reason.
    #[serde(default)]
    #[schema(value_type = Option<schema::Reason>, nullable = false)]
    reason: Option<Reason>,
    /// When the update became a dead letter, at the earliest. Left out: at any time.
    #[serde(default)]
    #[schema(value_type = Option<UnixMs>, nullable = false)]
    since_unix_ms: Option<u64>,
}

/// What became of the dead letters.
#[derive(Serialize, ToSchema)]
struct RetriedDeadLetters {
    /// The number of dead letters that wait again.
    retried: usize,
    /// The dead letters that this release cannot read, which stay.
    #[schema(value_type = Vec<String>)]
    unreadable: Vec<DeliveryId>,
}

/// Puts all dead letters of a selection back into their queues. They are sent at their carts' rates.
#[utoipa::path(
    post,
    path = "/v1/deliveries/retry",
    operation_id = "retryDeadLetters",
    request_body(content = inline(RetryBody)),
    responses(
        (status = 200, description = "The dead letters wait again.", body = inline(RetriedDeadLetters)),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn retry_all(call: Call) -> Result<Response, Problem> {
    let RetryBody { cart, reason, since_unix_ms } = call.json()?;
    if let Some(cart) = &cart {
        call.may_touch(cart)?;
        call.service.carts().must_exist(cart).await?;
    }
    let carts = match (cart, call.caller.carts()) {
        (Some(cart), _) => vec![Some(cart)],
        (None, Some(carts)) => carts.iter().cloned().map(Some).collect(),
        (None, None) => vec![None],
    };
    let (mut retried, mut unreadable) = (0, Vec::new());
    for cart in carts {
        let which = Which { cart, reason, since_unix_ms, ..Which::default() };
        let all = call.service.deliveries().dead_letters(&which).await?;
        for Resent { delivery, done } in call.service.deliveries().retry(&all).await? {
            match done {
                Retried::Head | Retried::Tail { .. } => retried += 1,
                Retried::Unreadable => unreadable.push(delivery),
                // Somebody else retried or discarded it meanwhile.
                Retried::NotDead => {}
            }
        }
    }
    Ok(json(StatusCode::OK, &RetriedDeadLetters { retried, unreadable }))
}

/// What an attempt came to.
#[derive(Serialize, ToSchema)]
struct TriedDelivery {
    /// The receipt of the attempt. Null: there was none, for the reason in `stands`.
    #[schema(required, value_type = Option<Object>)]
    receipt: Option<Receipt>,
    /// The state of the order now, in one sentence.
    stands: String,
    /// The state of the order now.
    #[schema(value_type = schema::order::OrderStatus)]
    standing: OrderStatus,
}

/// Makes an attempt at a delivery that waits, without waiting for its schedule or for a breaker, and answers when it has ended.
#[utoipa::path(
    post,
    path = "/v1/deliveries/{delivery}/try",
    operation_id = "tryDelivery",
    params(("delivery" = inline(super::DeliveryPath), Path, description = "The id of a delivery.")),
    responses(
        (status = 200, description = "The attempt has ended, or none could be made.", body = inline(TriedDelivery)),
        (status = 404, response = problem::Document),
        (status = 409, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn try_now(call: Call) -> Result<Response, Problem> {
    let delivery = call.delivery()?;
    let found = find(&call, &delivery).await?;
    let Some(TriedNow { attempt, standing }) = Box::pin(call.service.sending().try_now(&delivery)).await? else {
        return Err(super::in_no_state_for("tried", "it does not wait", &delivery, &found));
    };
    let receipt = attempt.map(|attempt| attempt.receipt);
    Ok(json(StatusCode::OK, &TriedDelivery { receipt, stands: standing.line(), standing }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExportBody {
    /// The ids of 1 to 200 deliveries.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 200)]
    deliveries: Vec<DeliveryId>,
}

/// Exports deliveries for support: their updates, receipts and recordings, without secrets and personal data.
#[utoipa::path(
    post,
    path = "/v1/deliveries/export",
    operation_id = "exportDeliveries",
    request_body(content = inline(ExportBody)),
    responses(
        (status = 200, description = "The deliveries, in the format of `cartage delivery export`.", body = Object),
        (status = 404, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn export(call: Call) -> Result<Response, Problem> {
    let ExportBody { deliveries } = call.json()?;
    if !(1..=SUPPORT_DELIVERIES_MAX).contains(&deliveries.len()) {
        let detail = format!("the request names {} deliveries; name 1 to {SUPPORT_DELIVERIES_MAX}", deliveries.len());
        return Err(Problem::new(Kind::Invalid, detail));
    }
    // A delivery of another merchant, or of a cart that the token may not touch, counts as missing.
    for delivery in &deliveries {
        find(&call, delivery).await?;
    }
    Ok(json(StatusCode::OK, &call.service.recordings().support(&deliveries).await?))
}
