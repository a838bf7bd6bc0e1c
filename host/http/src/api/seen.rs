//! Requests that only look: health, readiness, metrics, the gate's decision about an order, and open alerts.

use super::call::{Call, Shared, json, typed};
use super::caller::Caller;
use super::problem::{self, Kind, Problem};
use super::schema::UnixMs;
use super::words::Requests;
use super::{metrics, schema};
use axum::response::Response;
use cartage::service::{CartStatus, Explained};
use cartage_model::alerts::Subject;
use cartage_model::id::{CartId, SenderOrderNumber};
use cartage_model::remedy::Remedy;
use cartage_policy::validate::ORDER_NUMBER_CHARS_MAX;
use cartage_store::alerts::Alert;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// The state of the process.
#[derive(Serialize, ToSchema)]
struct State {
    /// The state: up, or ready.
    status: &'static str,
}

/// Answers that the process is running.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "health",
    responses(
        (status = 200, description = "The process is running.", body = inline(State)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn health() -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &State { status: "up" }))
}

/// Answers whether updates are accepted.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready",
    responses(
        (status = 200, description = "Updates are accepted.", body = inline(State)),
        (status = 503, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn ready(shared: Arc<Shared>) -> Result<Response, Problem> {
    match (shared.api.ready)().await {
        Ok(()) => Ok(json(StatusCode::OK, &State { status: "ready" })),
        Err(why) => Err(Problem::new(Kind::Unavailable, why)),
    }
}

/// Shows the metrics of the process, and of those carts that the token may touch.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    responses(
        (status = 200, description = "The metrics of this moment, in the text format of Prometheus.", body = String, content_type = "text/plain"),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn metrics(call: Call) -> Result<Response, Problem> {
    let mut numbers = (call.shared.api.metrics)().await;
    numbers.process.accept = call.shared.accept.clone();
    numbers.carts.retain(|numbers| numbers.merchant == *call.caller.merchant() && call.sees(&numbers.cart));
    let all = call.caller.carts().is_none();
    numbers.alerts.retain(|alert| alert.merchant == *call.caller.merchant() && alert.cart.as_ref().map_or(all, |cart| call.sees(cart)));
    Ok(typed(StatusCode::OK, metrics::CONTENT_TYPE, metrics::render(&numbers, call.shared.api.labels)))
}

/// Why an order's status is sent or not, and whether somebody must act.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExplainedOrder<R = Remedy> {
    /// What is explained.
    #[serde(flatten)]
    #[schema(value_type = schema::order::Explained)]
    pub explained: Explained<R>,
    /// Whether somebody must act before the status is sent, or on what is on record of the order.
    pub must_act: bool,
}

/// Shows why an order's status is sent or not: what the gate would decide now, and the state of the order. Nothing is kept.
#[utoipa::path(
    get,
    path = "/v1/explain",
    operation_id = "explain",
    params(
        ("cart" = schema::CartId, Query, description = "The cart."),
        ("order" = inline(schema::OrderNumber), Query, description = "The number of the order, as its sender gives it."),
        ("label" = Option<String>, Query, description = "A label, given directly. Left out: what was last asked for."),
    ),
    responses(
        (status = 200, description = "The state of the order, and the gate's decision.", body = inline(ExplainedOrder<String>)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn explain(call: Call) -> Result<Response, Problem> {
    let (cart, order) = (call.query.must_cart()?, call.query.must("order")?);
    call.may_touch(&cart)?;
    if order.chars().count() > ORDER_NUMBER_CHARS_MAX && !call.caller.is_machine() {
        let detail = format!("the query parameter order has more than {ORDER_NUMBER_CHARS_MAX} characters, so it is no order number");
        return Err(Problem::new(Kind::Invalid, detail));
    }
    // A person may have typed an empty label, which is no label.
    let label = if call.caller.is_machine() { call.query.exact("label") } else { call.query.get("label") };
    let explained = Box::pin(call.service.orders().explain(&cart, &SenderOrderNumber::new(order), label)).await?;
    let must_act = explained.must_act();
    Ok(match call.caller {
        Caller::Machine(_) => json(StatusCode::OK, &ExplainedOrder { explained, must_act }),
        Caller::Token(_) => json(StatusCode::OK, &ExplainedOrder { explained: explained.worded(&Requests), must_act }),
    })
}

/// The open alerts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OpenAlerts {
    /// The alerts, the oldest first.
    pub alerts: Vec<OpenAlert>,
}

/// An open alert.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Alert)]
pub struct OpenAlert {
    /// The kind of the condition, by name.
    pub kind: String,
    /// What the alert is about: `cart` and the Cart ID. Empty: the whole installation.
    #[schema(value_type = String)]
    pub subject: Subject,
    /// What is wrong.
    pub detail: String,
    /// What there is to do, in order: requests, and what must be done elsewhere.
    #[schema(value_type = Vec<schema::Remedy>)]
    pub remedies: Vec<Remedy>,
    /// When the alert was raised.
    #[schema(value_type = UnixMs)]
    pub raised_at_unix_ms: u64,
    /// When somebody was last told. Null: nobody was.
    #[schema(required, value_type = Option<UnixMs>)]
    pub told_at_unix_ms: Option<u64>,
}

/// Lists the open alerts, the oldest first. A token that is limited to some carts sees only alerts about these.
#[utoipa::path(
    get,
    path = "/v1/alerts",
    operation_id = "alerts",
    responses(
        (status = 200, description = "The open alerts.", body = inline(OpenAlerts)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn alerts(call: Call) -> Result<Response, Problem> {
    let open = call.service.alerts().open().await?;
    let alerts = open.iter().filter(|alert| call.caller.carts().is_none() || is_about(alert, |cart| call.sees(cart)));
    let alerts = alerts.map(|alert| document(&call, alert)).collect();
    Ok(json(StatusCode::OK, &OpenAlerts { alerts }))
}

/// The state of everything.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StatusDocument {
    /// When the state was read.
    #[schema(value_type = UnixMs)]
    pub at_unix_ms: u64,
    /// The open alerts, on which somebody must act.
    pub alerts: Vec<OpenAlert>,
    /// The carts by id, followed by removed carts that still have deliveries.
    pub carts: Vec<CartOverview>,
    /// The free bytes on the disk of the data directory. Null: the system does not say.
    #[schema(required)]
    pub free_disk_bytes: Option<u64>,
}

/// A cart with the numbers of its queue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CartOverview {
    /// The cart that the numbers are about.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The mode, by name. Null: the cart was removed.
    #[schema(required)]
    pub mode: Option<String>,
    /// Whether the cart is enabled.
    pub enabled: bool,
    /// The reason of the pause. Null: the cart is not paused.
    #[schema(required)]
    pub paused: Option<String>,
    /// The end of the pause. Null: the cart is not paused, or until somebody resumes it.
    #[schema(required, value_type = Option<UnixMs>)]
    pub paused_until_unix_ms: Option<u64>,
    /// Until when the cart is not asked because it fails again and again. Null: its breaker is closed.
    #[schema(required, value_type = Option<UnixMs>)]
    pub breaker_open_until_unix_ms: Option<u64>,
    /// The number of deliveries that wait or are under way.
    pub queued: u64,
    /// For how long the oldest of them has waited. Null: none waits.
    #[schema(required)]
    pub oldest_seconds: Option<u64>,
    /// When the oldest of them entered the queue. Null: none waits.
    #[schema(required, value_type = Option<UnixMs>)]
    pub oldest_queued_at_unix_ms: Option<u64>,
    /// The number of dead letters.
    pub dead: u64,
    /// The number of orders that a dead letter blocks.
    pub blocked_orders: u64,
}

/// Looks for alerts, and shows the state of each cart that the token may touch.
#[utoipa::path(
    get,
    path = "/v1/status",
    operation_id = "status",
    responses(
        (status = 200, description = "The open alerts, and the state of each cart.", body = inline(StatusDocument)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn status(call: Call) -> Result<Response, Problem> {
    let mut status = call.service.overview().status().await?;
    status.carts.retain(|cart| call.sees(&cart.cart));
    status.alerts.retain(|alert| call.caller.carts().is_none() || is_about(alert, |cart| call.sees(cart)));
    let now = status.at_unix_ms;
    let numbers = |cart: CartStatus| CartOverview {
        cart: cart.cart,
        mode: cart.mode,
        enabled: cart.enabled,
        paused_until_unix_ms: cart.pause.as_ref().and_then(|pause| pause.until_unix_ms),
        paused: cart.pause.map(|pause| pause.why),
        breaker_open_until_unix_ms: cart.breaker_until_unix_ms,
        queued: cart.queued,
        oldest_seconds: cart.oldest_queued_at_unix_ms.map(|at| now.saturating_sub(at) / 1000),
        oldest_queued_at_unix_ms: cart.oldest_queued_at_unix_ms,
        dead: cart.dead,
        blocked_orders: cart.blocked,
    };
    let document = StatusDocument {
        at_unix_ms: now,
        alerts: status.alerts.iter().map(|alert| document(&call, alert)).collect(),
        carts: status.carts.into_iter().map(numbers).collect(),
        free_disk_bytes: status.free_bytes,
    };
    Ok(json(StatusCode::OK, &document))
}

/// Whether an alert is about a cart that `sees` accepts.
pub(super) fn is_about(alert: &Alert, sees: impl Fn(&CartId) -> bool) -> bool {
    alert.subject.cart().is_some_and(sees)
}

fn document(call: &Call, alert: &Alert) -> OpenAlert {
    OpenAlert {
        kind: alert.kind.clone(),
        subject: alert.subject.clone(),
        detail: alert.detail.clone(),
        remedies: alert.remedies.iter().map(|remedy| call.remedy(remedy)).collect(),
        raised_at_unix_ms: alert.raised_at_unix_ms,
        told_at_unix_ms: alert.told_at_unix_ms,
    }
}
