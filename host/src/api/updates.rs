//! `POST /v1/status-events` and `POST /v1/status-updates`: what happened to an order.

use super::call::{Call, json};
use super::idempotency;
use super::office::{Accepted, Done, accept};
use super::problem::{Kind, Problem};
use crate::gate::{Again, Decision, Given};
use crate::id::CartId;
use crate::office::{Cause, IdempotencyKey, Request};
use crate::store::{self, View, idempotency as keys};
use crate::validate::{Fields, LineItemFields, PackageFields};
use axum::response::Response;
use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Updates of a batch, at most.
pub(super) const BATCH_UPDATES_MAX: usize = 200;

/// A status event that happened.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventBody {
    event: String,
    cart: CartId,
    order_number: String,
    reference_number: Option<String>,
    changed_at: Option<String>,
    note: Option<String>,
    comments: Option<String>,
    notify_customer: Option<bool>,
    #[serde(default)]
    packages: Vec<PackageFields>,
    #[serde(default)]
    line_items: Vec<LineItemFields>,
}

/// A label that was given directly.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateBody {
    cart: CartId,
    label: String,
    #[serde(default)]
    again: bool,
    order_number: String,
    reference_number: Option<String>,
    changed_at: Option<String>,
    note: Option<String>,
    comments: Option<String>,
    notify_customer: Option<bool>,
    #[serde(default)]
    packages: Vec<PackageFields>,
    #[serde(default)]
    line_items: Vec<LineItemFields>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchBody {
    updates: Vec<Value>,
}

impl From<EventBody> for Request {
    fn from(body: EventBody) -> Request {
        let EventBody { event, cart, order_number, reference_number, changed_at, note, comments, notify_customer, packages, line_items } =
            body;
        let label = String::new();
        let fields = Fields { order_number, reference_number, label, changed_at, note, comments, notify_customer, packages, line_items };
        Request { cart, cause: Cause::Event(event), fields, again: Again::No }
    }
}

impl From<UpdateBody> for Request {
    fn from(body: UpdateBody) -> Request {
        let UpdateBody {
            cart,
            label,
            again,
            order_number,
            reference_number,
            changed_at,
            note,
            comments,
            notify_customer,
            packages,
            line_items,
        } = body;
        let fields = Fields { order_number, reference_number, label, changed_at, note, comments, notify_customer, packages, line_items };
        Request { cart, cause: Cause::Given(Given::Api), fields, again: if again { Again::Yes } else { Again::No } }
    }
}

/// Lets a status event happen.
pub(super) async fn raise(call: Call) -> Result<Response, Problem> {
    let key = idempotency::key(&call)?;
    let request: Request = call.json::<EventBody>()?.into();
    alone(&call, request, key).await
}

/// Takes one update, or a batch.
pub(super) async fn update(call: Call) -> Result<Response, Problem> {
    let key = idempotency::key(&call)?;
    let members: BTreeMap<String, IgnoredAny> = call.json()?;
    if members.contains_key("updates") {
        return batch(&call, key).await;
    }
    let request: Request = call.json::<UpdateBody>()?.into();
    alone(&call, request, key).await
}

async fn alone(call: &Call, request: Request, key: Option<IdempotencyKey>) -> Result<Response, Problem> {
    let taken = take(call, request, key.as_ref()).await?;
    let mut response = json(taken.status, &taken.document);
    if let Some(location) = taken.location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// An update that was taken, in one way or another.
struct Taken {
    status: StatusCode,
    document: Value,
    location: Option<HeaderValue>,
}

async fn take(call: &Call, request: Request, key: Option<&IdempotencyKey>) -> Result<Taken, Problem> {
    call.may_touch(&request.cart)?;
    let Accepted { decision, done } = accept(&call.office, request, key).await?;
    Ok(match done {
        Done::Queued { delivery, sequence } => Taken {
            status: StatusCode::ACCEPTED,
            location: HeaderValue::from_str(&format!("/v1/deliveries/{delivery}")).ok(),
            document: json!({ "outcome": "queued", "delivery": delivery, "sequence": sequence, "decision": decision }),
        },
        Done::Recorded { receipt } => Taken {
            status: StatusCode::OK,
            location: None,
            document: json!({ "outcome": "recorded", "receipt": receipt, "decision": decision }),
        },
        Done::Nothing if decision.must_act() => return Err(not_sent(&decision)),
        Done::Nothing => {
            Taken { status: StatusCode::OK, location: None, document: json!({ "outcome": "nothing-to-do", "decision": decision }) }
        }
    })
}

/// The gate's no, with every reason and what would change it.
fn not_sent(decision: &Decision) -> Problem {
    let unheld = decision.answers.iter().filter(|answer| !answer.held());
    let reasons: Vec<String> =
        unheld.map(|answer| format!("condition {}, {}: {}", answer.condition.number(), answer.value, answer.reason)).collect();
    let detail = format!("nothing was sent for order {} to cart {}: {}", decision.order_number, decision.cart, reasons.join("; "));
    Problem::new(Kind::NotSent, detail).with("decision", serde_json::to_value(decision).expect("a decision is plain data"))
}

async fn batch(call: &Call, key: Option<IdempotencyKey>) -> Result<Response, Problem> {
    let BatchBody { updates } = call.json()?;
    let count = updates.len();
    if !(1..=BATCH_UPDATES_MAX).contains(&count) {
        let detail = format!("a batch holds 1 to {BATCH_UPDATES_MAX} updates, and this one has {count}; send several");
        return Err(Problem::new(Kind::Invalid, detail).with("updates_max", BATCH_UPDATES_MAX));
    }
    if let Some(key) = &key {
        is_its_own(call, key).await?;
    }
    let (mut all, mut answers) = (true, Vec::with_capacity(count));
    for (index, update) in updates.into_iter().enumerate() {
        let key = key.as_ref().map(|key| idempotency::within(key, index));
        let answer = match one(call, update, key.as_ref()).await {
            Ok(taken) => json!({ "index": index, "status": taken.status.as_u16(), "answer": taken.document }),
            Err(problem) => {
                all = false;
                json!({ "index": index, "status": problem.status().as_u16(), "problem": problem.document(&call.path) })
            }
        };
        answers.push(answer);
    }
    let status = if all { StatusCode::ACCEPTED } else { StatusCode::MULTI_STATUS };
    Ok(json(status, &json!({ "updates": answers })))
}

async fn one(call: &Call, update: Value, key: Option<&IdempotencyKey>) -> Result<Taken, Problem> {
    let body: UpdateBody = serde_json::from_value(update)
        .map_err(|error| Problem::new(Kind::Invalid, format!("could not read this update of the batch: {error}")))?;
    take(call, body.into(), key).await
}

/// Sees that the key of the batch belongs to no other request. It is kept with the first of its updates that is decided.
async fn is_its_own(call: &Call, key: &IdempotencyKey) -> Result<(), Problem> {
    let (merchant, wanted) = (call.office.merchant().clone(), key.clone());
    let look = move |view: &View<'_>| keys::get(view, &merchant, &wanted.key, wanted.body);
    match call.office.store().read::<_, store::Error>(look).await? {
        keys::Known::New | keys::Known::Answered { .. } => Ok(()),
        keys::Known::OtherBody => Err(crate::office::Error::KeyReused { key: key.key.clone() }.into()),
    }
}
