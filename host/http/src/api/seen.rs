//! Requests that only look: health, readiness, metrics, the gate's decision about an order, and open alerts.

use super::call::{Call, Shared, json, typed};
use super::metrics;
use super::problem::{Kind, Problem};
use axum::response::Response;
use cartage_model::id::{CartId, SenderOrderNumber};
use cartage_policy::validate::ORDER_NUMBER_CHARS_MAX;
use cartage_store::alerts::Alert;
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

/// Answers that the process is running.
pub(super) async fn health() -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &json!({ "status": "up" })))
}

/// Answers whether updates are accepted.
pub(super) async fn ready(shared: Arc<Shared>) -> Result<Response, Problem> {
    match (shared.api.ready)().await {
        Ok(()) => Ok(json(StatusCode::OK, &json!({ "status": "ready" }))),
        Err(why) => Err(Problem::new(Kind::Unavailable, why)),
    }
}

/// The metrics of the process, and of those carts that the token may touch.
pub(super) async fn metrics(call: Call) -> Result<Response, Problem> {
    let mut numbers = (call.shared.api.metrics)().await;
    numbers.process.accept = call.shared.accept.clone();
    numbers.carts.retain(|numbers| numbers.merchant == call.bearer.merchant && call.sees(&numbers.cart));
    let all = call.bearer.carts.is_none();
    numbers.alerts.retain(|alert| alert.merchant == call.bearer.merchant && alert.cart.as_ref().map_or(all, |cart| call.sees(cart)));
    Ok(typed(StatusCode::OK, metrics::CONTENT_TYPE, metrics::render(&numbers, call.shared.api.labels)))
}

/// Shows what the gate would decide about an order now, and why.
pub(super) async fn explain(call: Call) -> Result<Response, Problem> {
    let (cart, order) = (call.query.must_cart()?, call.query.must("order")?);
    call.may_touch(&cart)?;
    if order.chars().count() > ORDER_NUMBER_CHARS_MAX {
        let detail = format!("the query parameter order has more than {ORDER_NUMBER_CHARS_MAX} characters, so it is no order number");
        return Err(Problem::new(Kind::Invalid, detail));
    }
    let explained = Box::pin(call.service.orders().explain(&cart, &SenderOrderNumber::new(order), call.query.get("label"))).await?;
    let mut document = serde_json::to_value(&explained).expect("what is explained is plain data");
    document["must_act"] = explained.must_act().into();
    Ok(json(StatusCode::OK, &document))
}

/// Lists the open alerts. A token that is limited to some carts sees only alerts about these.
pub(super) async fn alerts(call: Call) -> Result<Response, Problem> {
    let open = call.service.alerts().open().await?;
    let seen: Vec<Value> =
        open.iter().filter(|alert| call.bearer.carts.is_none() || is_about(alert, |cart| call.sees(cart))).map(document).collect();
    Ok(json(StatusCode::OK, &json!({ "alerts": seen })))
}

/// Whether an alert is about a cart that `sees` accepts.
pub(super) fn is_about(alert: &Alert, sees: impl Fn(&CartId) -> bool) -> bool {
    alert.subject.cart().is_some_and(sees)
}

fn document(alert: &Alert) -> Value {
    json!({
        "kind": alert.kind, "subject": alert.subject, "detail": alert.detail, "raised_at_unix_ms": alert.raised_at_unix_ms,
        "told_at_unix_ms": alert.told_at_unix_ms,
    })
}
