//! Deliveries: lists those that wait and those that died, shows one, and retries or discards it.

use super::call::{Call, json, no_delivery, typed};
use super::problem::{Kind, Problem};
use axum::response::Response;
use cartage::service::{self, DiscardOutcome, OrderStatus, Where, Which};
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{CartId, DeliveryId, SenderOrderNumber};
use cartage_store::outbox::{Attempts, DeadLetter, Discarded, Ending, Filter, Found, How, Outbox as _, Page, Queued, Retried, Unreadable};
use cartage_store::receipts::Delivered;
use cartage_store::{self as store, cassettes, receipts};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use serde::Deserialize;
use serde_json::{Value, json};

/// The number of deliveries on a page by default.
pub(super) const PAGE_USUAL: u32 = 50;
/// The most deliveries on a page.
pub(super) const PAGE_MAX: u32 = 200;
/// The most characters of the reason for discarding a delivery.
pub(super) const WHY_CHARS_MAX: usize = 500;

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
        let state = match query.get("state") {
            None if query.get("order").is_some() => State::Any,
            None | Some("dead") => State::Dead,
            Some("blocking") => State::Blocking,
            Some("queued") => State::Queued,
            Some("delivered") => State::Delivered,
            Some(other) => return Err(wrong(format!("the query parameter state is {other:?}; write dead, blocking, queued or delivered"))),
        };
        let reason = query.get("reason").map(|text| Reason::try_from(text.to_owned())).transpose();
        let reason = reason.map_err(|error| wrong(error.to_string()))?;
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
        let carts = cart.map(|cart| vec![cart]).or_else(|| call.bearer.carts.clone());
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
        format!("{} {:?} {:?} {:?}", call.bearer.merchant, self.state, self.filter, self.carts)
    }
}

/// Handles the list: the counts, and one page.
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
    Ok(json(StatusCode::OK, &json!({ "counts": counts, "deliveries": deliveries, "next": next })))
}

async fn counts(call: &Call, wanted: &Wanted) -> Result<Value, Problem> {
    let (outbox, merchant) = (call.service.outbox(), &call.bearer.merchant);
    let mut by_reason = Vec::new();
    for filter in wanted.filters() {
        let counts = outbox.dead_counts(merchant.clone(), filter).await?;
        by_reason.extend(counts.iter().map(|count| json!({ "cart": count.cart, "reason": count.reason, "count": count.count })));
    }
    let backlogs = outbox.backlogs(Some(merchant.clone())).await?;
    let within = |cart: &CartId| wanted.carts.as_ref().is_none_or(|carts| carts.contains(cart));
    let carts = backlogs.iter().filter(|backlog| within(&backlog.cart)).map(|backlog| {
        json!({
            "cart": backlog.cart, "queued": backlog.queued, "dead": backlog.dead, "blocked_orders": backlog.blocked,
            "oldest_queued_at_unix_ms": backlog.oldest_queued_at_unix_ms,
        })
    });
    Ok(json!({ "carts": carts.collect::<Vec<_>>(), "dead_letters": by_reason }))
}

/// The rows of a page, and the place where the next one begins.
type Listed = (Vec<Value>, Option<String>);

async fn dead(call: &Call, wanted: &Wanted, after: Option<&str>) -> Result<Listed, Problem> {
    let after = after.and_then(|place| place.parse().ok());
    let page = Page { after, most: wanted.most + 1 };
    let mut found = Vec::new();
    for filter in wanted.filters() {
        found.extend(call.service.outbox().dead(call.bearer.merchant.clone(), filter, page).await?);
    }
    // Each cart's letters are in this order already; sorting merges them.
    found.sort_by_key(|letter| std::cmp::Reverse(letter.nth));
    let more = found.len() > wanted.most as usize;
    found.truncate(wanted.most as usize);
    let next = found.last().filter(|_| more).map(|last| last.nth.to_string());
    Ok((found.iter().map(dead_summary).collect(), next))
}

/// Lists waiting deliveries, cart by cart in the order of their ids.
async fn queued(call: &Call, wanted: &Wanted, after: Option<&str>) -> Result<Listed, Problem> {
    let outbox = call.service.outbox();
    let place = after.and_then(|place| place.split_once(' '));
    let backlogs = outbox.backlogs(Some(call.bearer.merchant.clone())).await?;
    let mut carts: Vec<CartId> = backlogs.into_iter().filter(|backlog| backlog.queued > 0).map(|backlog| backlog.cart).collect();
    carts.retain(|cart| wanted.carts.as_ref().is_none_or(|carts| carts.contains(cart)));
    carts.retain(|cart| place.is_none_or(|(begun, _)| cart.as_str() >= begun));
    carts.sort();
    let mut found: Vec<Queued> = Vec::new();
    for cart in carts {
        let after = place.filter(|(begun, _)| cart.as_str() == *begun).and_then(|(_, nth)| nth.parse().ok());
        let most = wanted.most + 1 - found.len() as u32;
        found.extend(outbox.queued(call.bearer.merchant.clone(), cart, Page { after, most }).await?);
        if found.len() > wanted.most as usize {
            break;
        }
    }
    let more = found.len() > wanted.most as usize;
    found.truncate(wanted.most as usize);
    let next = found.last().filter(|_| more).map(|last| format!("{} {}", last.order.cart, last.nth));
    Ok((found.iter().map(queued_summary).collect(), next))
}

/// Lists the deliveries that carts have, or all deliveries of an order. The list is one page.
async fn whole(call: &Call, wanted: &Wanted) -> Result<Vec<Value>, Problem> {
    let at = match wanted.state {
        State::Any => None,
        State::Dead => Some(Where::Dead),
        State::Blocking => Some(Where::Blocked),
        State::Queued => Some(Where::Queued),
        State::Delivered => Some(Where::Delivered),
    };
    let Filter { reason, since_unix_ms, .. } = wanted.filter;
    let carts: Vec<Option<CartId>> = match &wanted.carts {
        None => vec![None],
        Some(carts) => carts.iter().cloned().map(Some).collect(),
    };
    let mut rows = Vec::new();
    for cart in carts {
        let which = Which { cart, reason, since_unix_ms, at, order: wanted.order.clone() };
        let service::Listed { dead, queued, delivered, ended, .. } = call.service.deliveries().list(&which, wanted.most).await?;
        rows.extend(dead.iter().map(|dead| (dead.sequence, dead_summary(dead))));
        rows.extend(queued.iter().map(|queued| (queued.sequence, queued_summary(queued))));
        rows.extend(delivered.iter().map(|has| (has.sequence, delivered_summary(has))));
        rows.extend(ended.iter().map(|(order, one)| (one.sequence, ended_summary(&one.delivery, order, one.sequence, &one.ending))));
    }
    if wanted.order.is_some() {
        rows.sort_by_key(|(sequence, _)| *sequence);
    }
    rows.truncate(wanted.most as usize);
    Ok(rows.into_iter().map(|(_, document)| document).collect())
}

fn delivered_summary(has: &Delivered) -> Value {
    json!({
        "delivery": has.delivery, "state": "delivered", "cart": has.order.cart, "order_number": has.order.number, "sequence": has.sequence,
        "attempt": has.attempt, "delivered_at_unix_ms": has.at_unix_ms, "reference": has.reference,
    })
}

fn attempts(attempts: &Attempts) -> Value {
    json!({ "counted": attempts.counted, "plugin_faults": attempts.plugin_faults, "started": attempts.claims })
}

fn fate(fate: Option<&String>) -> Value {
    fate.and_then(|json| serde_json::from_str(json).ok()).unwrap_or(Value::Null)
}

/// Why this release cannot read a delivery. `None` if it can.
fn unreadable(label: &Result<String, Unreadable>) -> Option<String> {
    label.as_ref().err().map(Unreadable::to_string)
}

fn dead_summary(letter: &DeadLetter) -> Value {
    json!({
        "delivery": letter.delivery, "state": "dead", "cart": letter.order.cart, "order_number": letter.order.number,
        "sequence": letter.sequence, "label": letter.label.as_ref().ok(), "unreadable": unreadable(&letter.label), "attempts": attempts(&letter.attempts),
        "accepted_at_unix_ms": letter.accepted_at_unix_ms, "died_at_unix_ms": letter.died_at_unix_ms, "reason": letter.reason,
        "order_waits": letter.then == Then::Block, "last_fate": fate(letter.fate.as_ref()),
    })
}

fn queued_summary(queued: &Queued) -> Value {
    json!({
        "delivery": queued.delivery, "state": "queued", "cart": queued.order.cart, "order_number": queued.order.number,
        "sequence": queued.sequence, "label": queued.label.as_ref().ok(), "unreadable": unreadable(&queued.label),
        "attempts": attempts(&queued.attempts), "accepted_at_unix_ms": queued.accepted_at_unix_ms, "waits": queued.waits,
        "fault": queued.fault, "last_fate": fate(queued.fate.as_ref()),
    })
}

fn ended_summary(delivery: &DeliveryId, order: &store::orders::OrderRef, sequence: u64, ending: &Ending) -> Value {
    let state = match ending.how {
        How::Discarded { .. } => "discarded",
        How::Superseded { .. } => "superseded",
    };
    json!({
        "delivery": delivery, "state": state, "cart": order.cart, "order_number": order.number, "sequence": sequence,
        "ended_at_unix_ms": ending.at_unix_ms, "ending": ending.how,
    })
}

/// Finds a delivery of the token's merchant at a cart that the token may touch. Any other delivery counts as missing.
async fn find(call: &Call, delivery: &DeliveryId) -> Result<Value, Problem> {
    let (merchant, wanted) = (call.bearer.merchant.clone(), delivery.clone());
    let (receipts, taped) = call
        .service
        .store()
        .read::<_, store::Error>(move |view| {
            Ok((receipts::of_delivery(view, &merchant, &wanted)?, cassettes::attempts(view, &merchant, &wanted)?))
        })
        .await?;
    let receipts: Vec<Value> = receipts.iter().filter_map(|json| serde_json::from_str(json).ok()).collect();
    let found = call.service.outbox().find(call.bearer.merchant.clone(), delivery.clone()).await?;
    let merged = match &found {
        Some(found) => call.service.deliveries().merged_into(found.order(), delivery).await?,
        None => Vec::new(),
    };
    let (cart, mut document) = match found {
        Some(Found::Queued(queued, update)) => (Some(queued.order.cart.clone()), with_update(queued_summary(&queued), update.as_deref())),
        Some(Found::Dead(letter, update)) => (Some(letter.order.cart.clone()), with_update(dead_summary(&letter), update.as_deref())),
        Some(Found::Ended { order, sequence, ending }) => (Some(order.cart.clone()), ended_summary(delivery, &order, sequence, &ending)),
        None => match receipts.last() {
            Some(last) => {
                let cart = last["cart"].as_str().and_then(|cart| CartId::new(cart).ok());
                let state = if matches!(last["fate"].as_str(), Some("delivered" | "already-delivered")) { "delivered" } else { "recorded" };
                (cart, json!({ "delivery": delivery, "state": state, "cart": last["cart"] }))
            }
            None => (None, Value::Null),
        },
    };
    if !cart.is_some_and(|cart| call.sees(&cart)) {
        return Err(no_delivery(delivery.as_str()));
    }
    document["receipts"] = receipts.into();
    document["cassettes"] = taped.into();
    document["merged"] = serde_json::to_value(merged).expect("names and numbers are plain data");
    Ok(document)
}

fn with_update(mut document: Value, update: Option<&cartage_contract::orders::Update>) -> Value {
    document["update"] = serde_json::to_value(update).expect("an update is plain data");
    document
}

/// Shows one delivery with its receipts, and with its update while that is kept.
pub(super) async fn show(call: Call) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &find(&call, &call.delivery()?).await?))
}

/// Puts a dead letter back into its queue.
pub(super) async fn retry(call: Call) -> Result<Response, Problem> {
    let delivery = call.delivery()?;
    let document = find(&call, &delivery).await?;
    let done = call.service.deliveries().retry(std::slice::from_ref(&delivery)).await?.pop().map_or(Retried::NotDead, |one| one.done);
    let standing = call.service.orders().status_of(&delivery).await?;
    let stands = standing.as_ref().map(OrderStatus::line).unwrap_or_default();
    let place = match done {
        Retried::Head => json!({ "delivery": delivery, "placed": "head", "stands": stands }),
        Retried::Tail { sequence } => json!({ "delivery": delivery, "placed": "tail", "sequence": sequence, "stands": stands }),
        Retried::NotDead if standing.is_some_and(|standing| standing.waits_for(&delivery)) => {
            return Err(in_no_state_for("tried again", &format!("it is no dead letter, and waits. {stands}"), &document));
        }
        Retried::NotDead => return Err(in_no_state_for("tried again", "it is no dead letter", &document)),
        Retried::Unreadable => {
            let why = "this release cannot read it, so it stays; use the release that wrote it, or discard it";
            return Err(in_no_state_for("tried again", why, &document));
        }
    };
    Ok(json(StatusCode::OK, &place))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DiscardBody {
    why: String,
}

/// Discards a delivery.
pub(super) async fn discard(call: Call) -> Result<Response, Problem> {
    let delivery = call.delivery()?;
    let DiscardBody { why } = call.json()?;
    let why = reason("why", &why)?;
    let document = find(&call, &delivery).await?;
    let (was, merged) = match call.service.deliveries().discard(&delivery, &why).await? {
        DiscardOutcome::Done { was: Discarded::Dead, merged } => ("dead", merged),
        DiscardOutcome::Done { was: Discarded::Queued, merged } => ("queued", merged),
        DiscardOutcome::Done { was: Discarded::NotThere, .. } => {
            return Err(in_no_state_for("discarded", "it has ended already", &document));
        }
        DiscardOutcome::UnderWay => {
            let why = "an attempt at its order is under way, and nothing was changed; send this again in a moment";
            return Err(in_no_state_for("discarded", why, &document).header(RETRY_AFTER, HeaderValue::from_static("1")));
        }
    };
    Ok(json(StatusCode::OK, &json!({ "delivery": delivery, "discarded": true, "was": was, "merged": merged })))
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

fn in_no_state_for(what: &str, why: &str, document: &Value) -> Problem {
    let (delivery, state) = (document["delivery"].as_str().unwrap_or_default(), document["state"].as_str().unwrap_or_default());
    Problem::new(Kind::Conflict, format!("delivery {delivery} cannot be {what}: {why} ({state})")).with("state", state)
}

/// Shows the recording of one attempt, which holds no secrets.
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
    let (merchant, wanted) = (call.bearer.merchant.clone(), delivery.clone());
    let look = move |view: &store::View<'_>| cassettes::get(view, &merchant, &wanted, number);
    let found = call.service.store().read::<_, store::Error>(look).await?;
    Ok(typed(StatusCode::OK, "application/json", found.ok_or_else(none)?.tape.json))
}
