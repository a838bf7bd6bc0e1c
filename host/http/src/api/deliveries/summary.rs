//! The deliveries at one look, for the command line: the counts, and the first of each kind.

use super::documents::{DeadCount, DeadDelivery, DeliveredDelivery, DeliveryCounts, EndedDelivery, QueuedDelivery};
use super::{State, read_reason};
use crate::api::call::{Call, json};
use crate::api::problem::{self, Problem};
use crate::api::schema;
use axum::response::Response;
use cartage::service::{Listed, Which};
use cartage_model::id::SenderOrderNumber;
use cartage_store::outbox::ROWS_MAX;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The query parameters of the summary.
pub(in crate::api) const SUMMARY_QUERY: &[&str] = &["state", "cart", "order", "reason", "since", "limit"];

/// The number of rows of each kind by default.
const ROWS_USUAL: u32 = 50;

type Rows = schema::Number<1, ROWS_USUAL, ROWS_MAX>;

/// The numbers of deliveries, and the first of each kind.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeliverySummary {
    /// The numbers of each cart, and the dead letters that the query selects by reason.
    pub counts: DeliveryCounts,
    /// Dead letters, the last to die first.
    pub dead: Vec<DeadDelivery>,
    /// Waiting deliveries, by cart, the first to arrive first.
    pub queued: Vec<QueuedDelivery>,
    /// Deliveries that carts have, the last first; those of one order in the sequence of its updates.
    pub delivered: Vec<DeliveredDelivery>,
    /// Deliveries of one order that ended without reaching the cart.
    pub ended: Vec<EndedDelivery>,
}

/// Counts deliveries, and lists the first of each kind that a query selects.
#[utoipa::path(
    get,
    path = "/v1/deliveries/summary",
    operation_id = "summarizeDeliveries",
    params(
        ("state" = inline(Option<State>), Query, description = "The state of the deliveries. Left out: dead letters and waiting ones; with `order`, every state."),
        ("order" = inline(Option<schema::OrderNumber>), Query, description = "The number of an order, as its sender gives it."),
        ("cart" = Option<schema::CartId>, Query, description = "The cart of the deliveries."),
        ("reason" = inline(Option<schema::Reason>), Query, description = "The reason of dead letters."),
        ("since" = Option<String>, Query, description = "The earliest time at which deliveries were accepted, died or ended: RFC 3339, or milliseconds since 1970."),
        ("limit" = inline(Option<Rows>), Query, description = "The largest number of deliveries of each kind."),
    ),
    responses(
        (status = 200, description = "The counts, and the first deliveries of each kind.", body = inline(DeliverySummary)),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn summary(call: Call) -> Result<Response, Problem> {
    let query = &call.query;
    let which = Which {
        cart: query.cart()?,
        reason: read_reason(query)?,
        since_unix_ms: query.time("since")?,
        at: State::read(query)?.and_then(State::place),
        order: query.get("order").map(SenderOrderNumber::new),
    };
    let most = query.number("limit", ROWS_USUAL, ROWS_MAX)?;
    let Listed { carts, reasons, dead, queued, delivered, ended } = call.service.deliveries().list(&which, most).await?;
    let summary = DeliverySummary {
        counts: DeliveryCounts {
            carts: carts.into_iter().map(Into::into).collect(),
            dead_letters: reasons.into_iter().map(DeadCount::from).collect(),
        },
        dead: dead.iter().map(DeadDelivery::from).collect(),
        queued: queued.iter().map(QueuedDelivery::from).collect(),
        delivered: delivered.iter().map(DeliveredDelivery::from).collect(),
        ended: ended.iter().map(|(order, one)| EndedDelivery::of(&one.delivery, order, one.sequence, &one.ending)).collect(),
    };
    Ok(json(StatusCode::OK, &summary))
}
