//! Deliveries: lists those that wait and those that died, shows one, and retries or discards it.

pub(super) mod documents;
pub(super) mod summary;
pub(super) mod together;
pub(super) mod whole;

pub(super) use summary::*;
pub(super) use together::*;

use super::call::{Call, DELIVERY_CHARS_MAX, json, no_delivery, typed};
use super::problem::{self, Kind, More, Problem};
use super::query::Query;
use super::{cursor, schema};
use axum::response::Response;
use cartage::service::{self, DeliveryView, DiscardOutcome, OrderStatus, Where, Which};
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{CartId, DeliveryId, SenderOrderNumber};
use cartage_store::outbox::{Discarded, Filter, FoundDelivery, Page, Queued, Retried};
use documents::{CartCounts, DeadCount, Delivery, DeliveryCounts, DeliveryPage, EndedDelivery};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use whole::{EndedNow, OnRecord, Placed, QueueEnd, RecordedDelivery, RecordedState, Was, WholeDelivery};

/// The number of deliveries on a page by default.
pub(super) const PAGE_USUAL: u32 = 50;
/// The most deliveries on a page.
pub(super) const PAGE_MAX: u32 = 200;
/// The most characters of the reason for discarding a delivery.
pub(super) const WHY_CHARS_MAX: usize = 500;

/// A reason that a person gives for the record.
pub(super) type Why = schema::Text<1, WHY_CHARS_MAX>;
/// The id of a delivery in a path.
type DeliveryPath = schema::Text<1, DELIVERY_CHARS_MAX>;

/// The query parameters of the list.
pub(super) const QUERY: &[&str] = &["state", "cart", "order", "reason", "since", "limit", "cursor"];

/// The state of the deliveries that are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// All deliveries of an order.
    Any,
    /// Dead letters, whether they block their order or not.
    Dead,
    /// Dead letters that block their order.
    Blocking,
    /// Deliveries that wait or are under way.
    Queued,
    /// Deliveries that carts have, from the receipts on record.
    Delivered,
}

/// The names of the states that a request can ask for.
const STATES: [(&str, State); 4] =
    [("dead", State::Dead), ("blocking", State::Blocking), ("queued", State::Queued), ("delivered", State::Delivered)];

impl PartialSchema for State {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(STATES.map(|(name, _)| name))).into()
    }
}

impl ToSchema for State {}

impl State {
    /// The state that a query asks for; `None` if it asks for none.
    fn read(query: &Query) -> Result<Option<State>, Problem> {
        let Some(given) = query.get("state") else { return Ok(None) };
        let known = STATES.iter().find(|(name, _)| *name == given).map(|(_, state)| *state);
        let wrong = || format!("the query parameter state is {given:?}; write dead, blocking, queued or delivered");
        known.map(Some).ok_or_else(|| Problem::new(Kind::BadRequest, wrong()))
    }

    /// Where such deliveries are; `None` stands for every place.
    fn place(self) -> Option<Where> {
        match self {
            State::Any => None,
            State::Dead => Some(Where::Dead),
            State::Blocking => Some(Where::Blocked),
            State::Queued => Some(Where::Queued),
            State::Delivered => Some(Where::Delivered),
        }
    }
}

/// The reason of dead letters that a query asks for.
fn read_reason(query: &Query) -> Result<Option<Reason>, Problem> {
    let reason = query.get("reason").map(|text| Reason::try_from(text.to_owned())).transpose();
    reason.map_err(|error| Problem::new(Kind::BadRequest, error.to_string()))
}

/// A list that a request asks for.
struct Wanted {
    state: State,
    order: Option<SenderOrderNumber>,
    filter: Filter,
    /// The carts whose deliveries are listed. `None` for all carts.
    carts: Option<Vec<CartId>>,
    most: u32,
}

impl Wanted {
    fn read(call: &Call) -> Result<Wanted, Problem> {
        let wrong = |detail: String| Problem::new(Kind::BadRequest, detail);
        let query = &call.query;
        let usual = if query.get("order").is_some() { State::Any } else { State::Dead };
        let state = State::read(query)?.unwrap_or(usual);
        let reason = read_reason(query)?;
        let since_unix_ms = query.time("since")?;
        if state == State::Queued && (reason.is_some() || since_unix_ms.is_some()) {
            return Err(wrong("reason and since are about dead letters; leave them out with state=queued".to_owned()));
        }
        if state == State::Delivered && reason.is_some() {
            return Err(wrong("reason is about dead letters; leave it out with state=delivered".to_owned()));
        }
        let order = query.get("order").map(SenderOrderNumber::new);
        let cart = query.cart()?;
        if let Some(cart) = &cart {
            call.may_touch(cart)?;
        }
        let carts = cart.map(|cart| vec![cart]).or_else(|| call.caller.carts().map(<[CartId]>::to_vec));
        let then = (state == State::Blocking).then_some(Then::Block);
        let filter = Filter { cart: None, reason, since_unix_ms, then };
        Ok(Wanted { state, order, filter, carts, most: query.number("limit", PAGE_USUAL, PAGE_MAX)? })
    }

    /// The filter for each cart whose deliveries are listed.
    fn filters(&self) -> Vec<Filter> {
        match &self.carts {
            None => vec![self.filter.clone()],
            Some(carts) => carts.iter().map(|cart| Filter { cart: Some(cart.clone()), ..self.filter.clone() }).collect(),
        }
    }

    /// A text that identifies the list, for the seal of its cursors.
    fn scope(&self, call: &Call) -> String {
        format!("{} {:?} {:?} {:?}", call.caller.merchant(), self.state, self.filter, self.carts)
    }
}

type Limit = schema::Number<1, PAGE_USUAL, PAGE_MAX>;
type Cursor = schema::Text<0, { cursor::CURSOR_CHARS_MAX }>;

/// Counts deliveries, and lists one page of those that a query selects.
#[utoipa::path(
    get,
    path = "/v1/deliveries",
    operation_id = "listDeliveries",
    params(
        (
            "state" = inline(Option<State>),
            Query,
            description = "The state of the deliveries: dead letters, those dead letters that block their order, what waits or is under way, \
                           or what carts have. Left out: dead letters; with `order`, all deliveries of the order."
        ),
        (
            "order" = inline(Option<schema::OrderNumber>),
            Query,
            description = "The number of an order, as its sender gives it. Its deliveries are listed in the order of its updates."
        ),
        ("cart" = Option<schema::CartId>, Query, description = "The cart of the deliveries."),
        ("reason" = inline(Option<schema::Reason>), Query, description = "The reason of dead letters."),
        (
            "since" = Option<String>,
            Query,
            description = "The earliest time at which dead letters died, or carts took deliveries: RFC 3339, or milliseconds since 1970."
        ),
        ("limit" = inline(Option<Limit>), Query, description = "The largest number of deliveries in the page."),
        ("cursor" = inline(Option<Cursor>), Query, description = "The `next` of the page before."),
    ),
    responses(
        (status = 200, description = "The counts, and a page of deliveries.", body = DeliveryPage),
        (status = 400, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    let wanted = Wanted::read(&call)?;
    let scope = wanted.scope(&call);
    let after = call.query.get("cursor").map(|cursor| call.shared.seal.take(&scope, cursor)).transpose()?;
    let counts = counts(&call, &wanted).await?;
    let (deliveries, next) = match wanted.state {
        _ if wanted.order.is_some() => (whole(&call, &wanted).await?, None),
        State::Any | State::Delivered => (whole(&call, &wanted).await?, None),
        State::Dead | State::Blocking => dead(&call, &wanted, after.as_deref()).await?,
        State::Queued => queued(&call, &wanted, after.as_deref()).await?,
    };
    let next = next.map(|place| call.shared.seal.give(&scope, &place));
    Ok(json(StatusCode::OK, &DeliveryPage { counts, deliveries, next }))
}

async fn counts(call: &Call, wanted: &Wanted) -> Result<DeliveryCounts, Problem> {
    let deliveries = call.service.deliveries();
    let mut dead_letters = Vec::new();
    for filter in wanted.filters() {
        let counts = deliveries.dead_counts(filter).await?;
        dead_letters.extend(counts.into_iter().map(DeadCount::from));
    }
    let backlogs = deliveries.backlogs().await?;
    let within = |cart: &CartId| wanted.carts.as_ref().is_none_or(|carts| carts.contains(cart));
    let carts = backlogs.into_iter().filter(|backlog| within(&backlog.cart)).map(CartCounts::from);
    Ok(DeliveryCounts { carts: carts.collect(), dead_letters })
}

/// The rows of a page, and the place where the next one begins.
type Listed = (Vec<Delivery>, Option<String>);

async fn dead(call: &Call, wanted: &Wanted, after: Option<&str>) -> Result<Listed, Problem> {
    let after = after.and_then(|place| place.parse().ok());
    let page = Page { after, most: wanted.most + 1 };
    let mut found = Vec::new();
    for filter in wanted.filters() {
        found.extend(call.service.deliveries().dead(filter, page).await?);
    }
    // Each cart's letters are in this order already; sorting merges them.
    found.sort_by_key(|letter| std::cmp::Reverse(letter.nth));
    let more = found.len() > wanted.most as usize;
    found.truncate(wanted.most as usize);
    let next = found.last().filter(|_| more).map(|last| last.nth.to_string());
    Ok((found.iter().map(|letter| Delivery::Dead(letter.into())).collect(), next))
}

/// Lists waiting deliveries, cart by cart in the order of their ids.
async fn queued(call: &Call, wanted: &Wanted, after: Option<&str>) -> Result<Listed, Problem> {
    let deliveries = call.service.deliveries();
    let place = after.and_then(|place| place.split_once(' '));
    let backlogs = deliveries.backlogs().await?;
    let mut carts: Vec<CartId> = backlogs.into_iter().filter(|backlog| backlog.queued > 0).map(|backlog| backlog.cart).collect();
    carts.retain(|cart| wanted.carts.as_ref().is_none_or(|carts| carts.contains(cart)));
    carts.retain(|cart| place.is_none_or(|(begun, _)| cart.as_str() >= begun));
    carts.sort();
    let mut found: Vec<Queued> = Vec::new();
    for cart in carts {
        let after = place.filter(|(begun, _)| cart.as_str() == *begun).and_then(|(_, nth)| nth.parse().ok());
        let most = wanted.most + 1 - found.len() as u32;
        found.extend(deliveries.queued(&cart, Page { after, most }).await?);
        if found.len() > wanted.most as usize {
            break;
        }
    }
    let more = found.len() > wanted.most as usize;
    found.truncate(wanted.most as usize);
    let next = found.last().filter(|_| more).map(|last| format!("{} {}", last.order.cart, last.nth));
    Ok((found.iter().map(|queued| Delivery::Queued(queued.into())).collect(), next))
}

/// Lists the deliveries that carts have, or all deliveries of an order. The list is one page.
async fn whole(call: &Call, wanted: &Wanted) -> Result<Vec<Delivery>, Problem> {
    let at = wanted.state.place();
    let Filter { reason, since_unix_ms, .. } = wanted.filter;
    let carts: Vec<Option<CartId>> = match &wanted.carts {
        None => vec![None],
        Some(carts) => carts.iter().cloned().map(Some).collect(),
    };
    let mut rows = Vec::new();
    for cart in carts {
        let which = Which { cart, reason, since_unix_ms, at, order: wanted.order.clone() };
        let service::Listed { dead, queued, delivered, ended, .. } = call.service.deliveries().list(&which, wanted.most).await?;
        rows.extend(dead.iter().map(|dead| (dead.sequence, Delivery::Dead(dead.into()))));
        rows.extend(queued.iter().map(|queued| (queued.sequence, Delivery::Queued(queued.into()))));
        rows.extend(delivered.iter().map(|has| (has.sequence, Delivery::Delivered(has.into()))));
        rows.extend(
            ended.iter().map(|(order, one)| (one.sequence, EndedDelivery::of(&one.delivery, order, one.sequence, &one.ending).into())),
        );
    }
    if wanted.order.is_some() {
        rows.sort_by_key(|(sequence, _)| *sequence);
    }
    rows.truncate(wanted.most as usize);
    Ok(rows.into_iter().map(|(_, document)| document).collect())
}

/// Finds a delivery of the token's merchant at a cart that the token may touch. Any other delivery counts as missing.
async fn find(call: &Call, delivery: &DeliveryId) -> Result<WholeDelivery, Problem> {
    let known = call.service.deliveries().find(delivery).await?.ok_or_else(|| no_delivery(delivery.as_str()))?;
    let DeliveryView { cart, found, receipts, cassettes, before, merged } = known;
    if !call.sees(&cart) {
        return Err(no_delivery(delivery.as_str()));
    }
    let (on_record, update) = match found {
        Some(FoundDelivery::Queued(queued, update)) => (OnRecord::Listed(Delivery::Queued((&*queued).into())), Some(update)),
        Some(FoundDelivery::Dead(letter, update)) => (OnRecord::Listed(Delivery::Dead((&*letter).into())), Some(update)),
        Some(FoundDelivery::Ended { order, sequence, ending }) => {
            (OnRecord::Listed(EndedDelivery::of(delivery, &order, sequence, &ending).into()), None)
        }
        None => (OnRecord::Receipts(RecordedDelivery { delivery: delivery.clone(), state: recorded(&receipts), cart }), None),
    };
    Ok(WholeDelivery { on_record, update, receipts, cassettes, before, merged })
}

/// What the last receipt that this release can read says of a delivery.
fn recorded(receipts: &[Value]) -> RecordedState {
    let last = receipts.iter().rfind(|receipt| receipt["cart"].is_string());
    match last.and_then(|last| last["fate"].as_str()) {
        Some("delivered" | "already-delivered") => RecordedState::Delivered,
        Some(_) | None => RecordedState::Recorded,
    }
}

/// Shows one delivery with its receipts, and with its update while that is kept.
#[utoipa::path(
    get,
    path = "/v1/deliveries/{delivery}",
    operation_id = "showDelivery",
    params(("delivery" = inline(DeliveryPath), Path, description = "The id of a delivery.")),
    responses(
        (status = 200, description = "What is known of the delivery.", body = WholeDelivery),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn show(call: Call) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &find(&call, &call.delivery()?).await?))
}

/// Puts a dead letter back into its queue.
#[utoipa::path(
    post,
    path = "/v1/deliveries/{delivery}/retry",
    operation_id = "retryDelivery",
    params(("delivery" = inline(DeliveryPath), Path, description = "The id of a delivery.")),
    responses(
        (status = 200, description = "The delivery waits again.", body = inline(Placed)),
        (status = 404, response = problem::Document),
        (status = 409, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn retry(call: Call) -> Result<Response, Problem> {
    let delivery = call.delivery()?;
    let found = find(&call, &delivery).await?;
    let done = call.service.deliveries().retry(std::slice::from_ref(&delivery)).await?.pop().map_or(Retried::NotDead, |one| one.done);
    let standing = call.service.orders().status_of(&delivery).await?;
    let stands = standing.as_ref().map(OrderStatus::line).unwrap_or_default();
    let (placed, sequence) = match done {
        Retried::Head => (QueueEnd::Head, None),
        Retried::Tail { sequence } => (QueueEnd::Tail, Some(sequence)),
        Retried::NotDead if standing.is_some_and(|standing| standing.waits_for(&delivery)) => {
            return Err(in_no_state_for("tried again", &format!("it is no dead letter, and waits. {stands}"), &delivery, &found));
        }
        Retried::NotDead => return Err(in_no_state_for("tried again", "it is no dead letter", &delivery, &found)),
        Retried::Unreadable => {
            let why = "this release cannot read it, so it stays; use the release that wrote it, or discard it";
            return Err(in_no_state_for("tried again", why, &delivery, &found));
        }
    };
    Ok(json(StatusCode::OK, &Placed { delivery, placed, sequence, stands }))
}

/// Why a delivery is discarded.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscardBody {
    /// Why the delivery is discarded, for the record.
    #[schema(value_type = Why, inline)]
    pub why: String,
}

/// Ends a delivery for good.
#[utoipa::path(
    post,
    path = "/v1/deliveries/{delivery}/discard",
    operation_id = "discardDelivery",
    params(("delivery" = inline(DeliveryPath), Path, description = "The id of a delivery.")),
    request_body(content = inline(DiscardBody)),
    responses(
        (status = 200, description = "The delivery has ended, and the reason is on record.", body = inline(EndedNow)),
        (status = 404, response = problem::Document),
        (status = 409, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn discard(call: Call) -> Result<Response, Problem> {
    let delivery = call.delivery()?;
    let DiscardBody { why } = call.json()?;
    let why = reason("why", &why)?;
    let found = find(&call, &delivery).await?;
    let (was, merged) = match call.service.deliveries().discard(&delivery, &why).await? {
        DiscardOutcome::Done { was: Discarded::Dead, merged } => (Was::Dead, merged),
        DiscardOutcome::Done { was: Discarded::Queued, merged } => (Was::Queued, merged),
        DiscardOutcome::Done { was: Discarded::NotThere, .. } => {
            return Err(in_no_state_for("discarded", "it has ended already", &delivery, &found));
        }
        DiscardOutcome::UnderWay => {
            let why = "an attempt at its order is under way, and nothing was changed; send this again in a moment";
            return Err(in_no_state_for("discarded", why, &delivery, &found).header(RETRY_AFTER, HeaderValue::from_static("1")));
        }
    };
    Ok(json(StatusCode::OK, &EndedNow { delivery, discarded: true, was, merged }))
}

/// Checks a reason that a person gives for the record.
pub(super) fn reason(name: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let chars = text.chars().count();
    if (1..=WHY_CHARS_MAX).contains(&chars) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    let detail = format!("{name} says for the record why this is done: write 1 to {WHY_CHARS_MAX} characters, without control characters");
    Err(Problem::new(Kind::Invalid, detail))
}

fn in_no_state_for(what: &str, why: &str, delivery: &DeliveryId, found: &WholeDelivery) -> Problem {
    let state = found.on_record.state();
    Problem::new(Kind::Conflict, format!("delivery {delivery} cannot be {what}: {why} ({state})"))
        .with(More { state: Some(state.to_owned()), ..More::default() })
}

/// Shows the recording of one attempt, which holds no secrets.
#[utoipa::path(
    get,
    path = "/v1/deliveries/{delivery}/cassettes/{attempt}",
    operation_id = "showCassette",
    params(
        ("delivery" = inline(DeliveryPath), Path, description = "The id of a delivery."),
        ("attempt" = u32, Path, description = "The number of the attempt.", minimum = 1),
        ("redacted" = Option<bool>, Query, description = "Whether personal data is removed also from a recording that has it. Left out: false."),
    ),
    responses(
        (status = 200, description = "The cassette.", body = Object),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn cassette(call: Call) -> Result<Response, Problem> {
    let delivery = call.delivery()?;
    find(&call, &delivery).await?;
    let attempt = call.param("attempt");
    let none = || {
        Problem::new(
            Kind::NotFound,
            format!("there is no cassette of attempt {attempt:?} of delivery {delivery}; it was not kept, or is deleted"),
        )
    };
    let number: u32 = attempt.parse().map_err(|_| none())?;
    let recordings = call.service.recordings();
    if call.query.yes("redacted")? {
        return Ok(json(StatusCode::OK, &recordings.redacted(&delivery, number).await?.ok_or_else(none)?));
    }
    if call.caller.is_machine() {
        return Ok(json(StatusCode::OK, &recordings.cassette(&delivery, number).await?.ok_or_else(none)?));
    }
    let found = recordings.cassette_json(&delivery, number).await?;
    Ok(typed(StatusCode::OK, "application/json", found.ok_or_else(none)?))
}
