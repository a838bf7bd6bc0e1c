//! Several deliveries at once: retries all dead letters of a selection, makes an attempt without waiting for the schedule, and exports deliveries for support.

use super::super::call::{Call, json};
use super::super::problem::{self, Kind, Problem};
use super::super::query::TIME_MAX_UNIX_MS;
use super::super::schema;
use super::super::schema::UnixMs;
use super::find;
use axum::response::Response;
use cartage::outbox::Retried;
use cartage::service::{OrderStatus, Resent, SUPPORT_DELIVERIES_MAX, TriedNow, Which};
use cartage_model::cassette::Cassette;
use cartage_model::dead_letter::Reason;
use cartage_model::id::{CartId, DeliveryId};
use cartage_model::receipt::Receipt;
use cartage_policy::gate::explain::Note;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most deliveries that one request names.
pub const NAMED_MAX: usize = 1_000;

/// Deliveries by their ids, or a selection of dead letters. Without any member: all dead letters that the token may touch.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveriesBody {
    /// The ids of the deliveries. Left out: the other members select dead letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, nullable = false, min_items = 1, max_items = 1_000)]
    pub deliveries: Option<Vec<DeliveryId>>,
    /// The cart. Left out: every cart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::CartId>, nullable = false)]
    pub cart: Option<CartId>,
    /// The reason of the dead letters. Left out: every reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Reason>, nullable = false)]
    pub reason: Option<Reason>,
    /// When the update became a dead letter, at the earliest. Left out: at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<UnixMs>, nullable = false)]
    pub since_unix_ms: Option<u64>,
}

/// What became of the dead letters.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RetriedDeadLetters {
    /// The number of dead letters that wait again.
    pub retried: usize,
    /// The dead letters that this release cannot read, which stay.
    #[schema(value_type = Vec<String>)]
    pub unreadable: Vec<DeliveryId>,
    /// What became of each. Left out, over the network: the request named none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub deliveries: Option<Vec<RetryOutcome>>,
}

/// What became of a delivery that was to be tried again.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RetryOutcome {
    /// The id of the delivery.
    #[schema(value_type = String)]
    pub delivery: DeliveryId,
    /// What was done.
    #[serde(flatten)]
    #[schema(value_type = RetryDone, inline)]
    pub done: Retried,
    /// The state of the order, in one sentence. Null: nothing is known of the delivery.
    #[schema(required)]
    pub stands: Option<String>,
    /// The state of the order. Null: nothing is known of the delivery.
    #[schema(required, value_type = Option<schema::order::OrderStatus>)]
    pub standing: Option<OrderStatus>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "done")]
#[expect(dead_code, reason = "it describes `Retried` of the outbox and is never made")]
enum RetryDone {
    /// The delivery is tried again, and then the updates that waited for it.
    Head,
    /// The order went on meanwhile, so the delivery is the last of its queue.
    Tail {
        /// The new number of its update within the order.
        sequence: u64,
    },
    /// There is no dead letter with this id. Nothing was changed.
    NotDead,
    /// This release cannot read the dead letter, which stays.
    Unreadable,
}

/// The deliveries that a body names, at most `most`, or selects. All are at carts that the caller may touch.
async fn chosen(call: &Call, body: DeliveriesBody, most: usize) -> Result<Vec<DeliveryId>, Problem> {
    let DeliveriesBody { deliveries, cart, reason, since_unix_ms } = body;
    let wrong = |detail: String| Problem::new(Kind::Invalid, detail);
    if let Some(named) = deliveries {
        if cart.is_some() || reason.is_some() || since_unix_ms.is_some() {
            return Err(wrong("the request names deliveries and selects dead letters; do one of the two".to_owned()));
        }
        if !(1..=most).contains(&named.len()) {
            return Err(wrong(format!("the request names {} deliveries; name 1 to {most}", named.len())));
        }
        if !call.caller.is_machine() {
            // A delivery of another merchant, or of a cart that the token may not touch, counts as missing.
            for delivery in &named {
                find(call, delivery).await?;
            }
        }
        return Ok(named);
    }
    if since_unix_ms.is_some_and(|since| since > TIME_MAX_UNIX_MS) {
        return Err(wrong(format!("since_unix_ms is a time up to {TIME_MAX_UNIX_MS}, the last one of the year 9999")));
    }
    if let Some(cart) = cart.as_ref().filter(|_| !call.caller.is_machine()) {
        call.may_touch(cart)?;
        call.service.carts().must_exist(cart).await?;
    }
    let carts = match (cart, call.caller.carts()) {
        (Some(cart), _) => vec![Some(cart)],
        (None, Some(carts)) => carts.iter().cloned().map(Some).collect(),
        (None, None) => vec![None],
    };
    let mut all = Vec::new();
    for cart in carts {
        let which = Which { cart, reason, since_unix_ms, ..Which::default() };
        all.extend(call.service.deliveries().dead_letters(&which).await?);
    }
    Ok(all)
}

/// Puts dead letters back into their queues: those that are named, or all of a selection. They are sent at their carts' rates.
#[utoipa::path(
    post,
    path = "/v1/deliveries/retry",
    operation_id = "retryDeadLetters",
    request_body(content = inline(DeliveriesBody)),
    responses(
        (status = 200, description = "The dead letters wait again.", body = inline(RetriedDeadLetters)),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn retry_all(call: Call) -> Result<Response, Problem> {
    let body: DeliveriesBody = call.json()?;
    let of_each = body.deliveries.is_some() || call.caller.is_machine();
    let chosen = chosen(&call, body, NAMED_MAX).await?;
    let (mut retried, mut unreadable, mut deliveries) = (0, Vec::new(), Vec::new());
    for Resent { delivery, done } in call.service.deliveries().retry(&chosen).await? {
        match done {
            Retried::Head | Retried::Tail { .. } => retried += 1,
            Retried::Unreadable => unreadable.push(delivery.clone()),
            // Somebody else retried or discarded it meanwhile.
            Retried::NotDead => {}
        }
        if of_each {
            let standing = call.service.orders().status_of(&delivery).await?;
            deliveries.push(RetryOutcome { delivery, done, stands: standing.as_ref().map(OrderStatus::line), standing });
        }
    }
    Ok(json(StatusCode::OK, &RetriedDeadLetters { retried, unreadable, deliveries: of_each.then_some(deliveries) }))
}

/// What an attempt came to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TriedDelivery {
    /// The receipt of the attempt. Null: there was none, for the reason in `stands`.
    #[schema(required, value_type = Option<Object>)]
    pub receipt: Option<Receipt>,
    /// The recording of the attempt. Only users of the machine are given it, because it holds personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Object>)]
    pub cassette: Option<Cassette>,
    /// The state of the order now, in one sentence.
    pub stands: String,
    /// The state of the order now.
    #[schema(value_type = schema::order::OrderStatus)]
    pub standing: OrderStatus,
    /// Details of the state, each with what helps. Only users of the machine are given them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<schema::decision::Note>)]
    pub notes: Vec<Note>,
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
    let (receipt, cassette) = attempt.map(|attempt| (attempt.receipt, attempt.cassette)).unzip();
    let (cassette, notes) = if call.caller.is_machine() { (cassette, standing.notes()) } else { (None, Vec::new()) };
    Ok(json(StatusCode::OK, &TriedDelivery { receipt, cassette, stands: standing.line(), standing, notes }))
}

/// Exports deliveries for support, those that are named or dead letters of a selection: their updates, receipts and recordings, without secrets and personal data.
#[utoipa::path(
    post,
    path = "/v1/deliveries/export",
    operation_id = "exportDeliveries",
    request_body(content = inline(DeliveriesBody)),
    responses(
        (status = 200, description = "The deliveries, in the format of `cartage delivery export`.", body = Object),
        (status = 404, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn export(call: Call) -> Result<Response, Problem> {
    // A user of the machine may name more, and is told how many were left out.
    let most = if call.caller.is_machine() { NAMED_MAX } else { SUPPORT_DELIVERIES_MAX };
    let chosen = chosen(&call, call.json()?, most).await?;
    Ok(json(StatusCode::OK, &call.service.recordings().support(&chosen).await?))
}
