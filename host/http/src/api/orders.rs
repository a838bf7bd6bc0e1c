//! Orders: erases what is stored of one, and records the labels that orders had before Cartage.

use super::call::{Call, json};
use super::problem::{self, Kind, Problem};
use super::schema;
use axum::response::Response;
use cartage::service::Forgotten;
use cartage_model::id::{CartId, SenderOrderNumber};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most orders of one request that records labels.
pub(super) const BASELINE_ORDERS_MAX: usize = 10_000;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ForgetBody {
    /// The cart, which may be a removed one.
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    /// The number of the order, as its sender gives it.
    #[schema(value_type = schema::OrderNumber, inline)]
    order: SenderOrderNumber,
    /// Whether the order's waiting deliveries and dead letters are ended, without being sent. Left out: false, and an order that has any stays.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    discard_queue: bool,
}

/// An order that is forgotten.
#[derive(Serialize, ToSchema)]
struct ForgottenOrder {
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    /// The number of the order, as its sender gives it.
    #[schema(value_type = String)]
    order: SenderOrderNumber,
    /// The number of deliveries that were ended, which are never sent.
    discarded: u64,
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
    match call.service.orders().forget(&cart, &order, discard_queue).await? {
        Forgotten::Done { discarded, .. } => Ok(json(StatusCode::OK, &ForgottenOrder { cart, order, discarded })),
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
            Err(Problem::new(Kind::Conflict, detail))
        }
        Forgotten::UnderWay => {
            let detail =
                format!("order {order} at cart {cart} was left alone: an attempt at it is under way; send the request again in a moment");
            Err(Problem::new(Kind::Conflict, detail).header(RETRY_AFTER, HeaderValue::from(1)))
        }
    }
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
#[derive(Serialize, ToSchema)]
struct Recorded {
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    orders: usize,
}

/// Records the labels that orders already have at a cart, without sending anything: all of them or, if one is not valid, none.
#[utoipa::path(
    post,
    path = "/v1/baseline",
    operation_id = "recordLabels",
    request_body(content = inline(BaselineBody)),
    responses(
        (status = 200, description = "The labels are recorded.", body = inline(Recorded)),
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
    Ok(json(StatusCode::OK, &Recorded { cart, orders }))
}
