//! Orders: erases what is stored of one, and records the labels that orders had before Cartage.

use super::call::{Call, json};
use super::problem::{self, Kind, More, Problem};
use super::schema;
use axum::response::Response;
use cartage::service::{self, Forgotten};
use cartage_model::id::{CartId, SenderOrderNumber};
use cartage_store as store;
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The state of an order that may be forgotten, and whose bytes may still be in the database's log.
pub const IN_LOG: &str = "in-log";
/// The most orders of one request that records labels.
pub(super) const BASELINE_ORDERS_MAX: usize = 10_000;

/// The order that is to be forgotten.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgetBody {
    /// The cart, which may be a removed one.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The number of the order, as its sender gives it.
    #[schema(value_type = schema::OrderNumber, inline)]
    pub order: SenderOrderNumber,
    /// Whether the order's waiting deliveries and dead letters are ended, without being sent. Left out: false, and an order that has any stays.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    pub discard_queue: bool,
}

/// An order that is forgotten.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ForgottenOrder {
    /// The cart.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The number of the order, as its sender gives it.
    #[schema(value_type = String)]
    pub order: SenderOrderNumber,
    /// The number of deliveries that were ended, which are never sent.
    pub discarded: u64,
    /// The number of rows that were deleted, those deliveries included.
    pub rows: u64,
}

/// Erases all stored data of one order, also from the database's files. Backups are not changed.
#[utoipa::path(
    post,
    path = "/v1/orders/forget",
    operation_id = "forgetOrder",
    request_body(content = inline(ForgetBody)),
    responses(
        (status = 200, description = "The order is forgotten.", body = inline(ForgottenOrder)),
        (status = 404, response = problem::Document),
        (status = 409, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn forget(call: Call) -> Result<Response, Problem> {
    let ForgetBody { cart, order, discard_queue } = call.json()?;
    call.may_touch(&cart)?;
    match call.service.orders().forget(&cart, &order, discard_queue).await.map_err(unfinished)? {
        Forgotten::Done { discarded, rows } => Ok(json(StatusCode::OK, &ForgottenOrder { cart, order, discarded, rows })),
        Forgotten::NothingKept => {
            let detail =
                format!("nothing is stored of order {order} at cart {cart}; orders are named by the number that their sender gives");
            Err(Problem::new(Kind::NotFound, detail))
        }
        Forgotten::Waits { deliveries } => {
            let detail = format!(
                "order {order} at cart {cart} was left alone: deliveries that wait or are dead letters: {deliveries}; let them be delivered, or send \
                 \"discard_queue\": true"
            );
            Err(Problem::new(Kind::Conflict, detail).with(More { deliveries: Some(deliveries), ..More::default() }))
        }
        Forgotten::UnderWay => {
            let detail =
                format!("order {order} at cart {cart} was left alone: an attempt at it is under way; send the request again in a moment");
            Err(Problem::new(Kind::Conflict, detail).header(RETRY_AFTER, HeaderValue::from(1)))
        }
    }
}

/// The problem that an order was not forgotten, or not yet in the database's log.
fn unfinished(error: service::Error) -> Problem {
    let state = matches!(&error, service::Error::Store(store::Error::Busy { .. })).then(|| IN_LOG.to_owned());
    Problem::from(error).with(More { state, ..More::default() })
}

type OrderLabels = schema::List<OrderLabel, 1, BASELINE_ORDERS_MAX>;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BaselineBody {
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    #[schema(value_type = OrderLabels)]
    orders: Vec<OrderLabel>,
}

/// The label that an order has.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrderLabel {
    /// The number of the order, as its sender gives it.
    #[schema(value_type = schema::OrderNumber, inline)]
    order: SenderOrderNumber,
    /// The label that the order has at the cart already.
    #[schema(value_type = schema::Label, inline)]
    label: String,
}

/// How many labels were recorded.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecordedLabels {
    /// The cart.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The number of orders whose labels were recorded.
    pub orders: usize,
}

/// Records the labels that orders already have at a cart, without sending anything: all of them or, if one is not valid, none.
#[utoipa::path(
    post,
    path = "/v1/baseline",
    operation_id = "recordLabels",
    request_body(content = inline(BaselineBody)),
    responses(
        (status = 200, description = "The labels are recorded.", body = inline(RecordedLabels)),
        (status = 404, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn baseline(call: Call) -> Result<Response, Problem> {
    let BaselineBody { cart, orders } = call.json()?;
    call.may_touch(&cart)?;
    if !(1..=BASELINE_ORDERS_MAX).contains(&orders.len()) {
        let detail = format!("the request has {} orders; send 1 to {BASELINE_ORDERS_MAX} at once", orders.len());
        return Err(Problem::new(Kind::Invalid, detail));
    }
    let labels = orders.into_iter().map(|OrderLabel { order, label }| (order, label)).collect();
    let orders = call.service.intake().baseline(&cart, labels).await?;
    Ok(json(StatusCode::OK, &RecordedLabels { cart, orders }))
}

/// The labels of any number of orders.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AllLabelsBody {
    /// The cart.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The number of each order, as its sender gives it, and the label that the order has at the cart already.
    #[schema(value_type = Vec<Vec<String>>)]
    pub orders: Vec<(SenderOrderNumber, String)>,
}

/// Records the labels of any number of orders, as a user of the machine has them in a file: all of them or, if one is not valid, none.
#[utoipa::path(
    post,
    path = "/v1/baseline/all",
    operation_id = "recordAllLabels",
    request_body(content = inline(AllLabelsBody)),
    responses(
        (status = 200, description = "The labels are recorded.", body = inline(RecordedLabels)),
        (status = 404, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn baseline_all(call: Call) -> Result<Response, Problem> {
    let (call, AllLabelsBody { cart, orders }) = call.large_json().await?;
    let orders = call.service.intake().baseline(&cart, orders).await?;
    Ok(json(StatusCode::OK, &RecordedLabels { cart, orders }))
}
