//! `POST /v1/status-events` and `POST /v1/status-updates`: a sender reports what happened to an order.

use super::accepting::{Accepted, Done, accept};
use super::call::{Call, json};
use super::idempotency;
use super::problem::{Kind, Problem};
use axum::response::Response;
use cartage::service::{Cause, IdempotencyKey, Request};
use cartage_base::bounded;
use cartage_base::heavy;
use cartage_model::id::CartId;
use cartage_policy::gate::{Again, Decision, Given};
use cartage_policy::validate::{Fields, LINE_ITEMS_MAX, LineItemFields, PACKAGES_MAX, PackageFields};
use cartage_store::{self as store, View, idempotency as keys};
use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::fmt;

/// The most updates in a batch.
pub(super) const BATCH_UPDATES_MAX: usize = 200;

/// The body of a status event.
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
    #[serde(default, deserialize_with = "bounded::cut_list::<_, _, PACKAGES_MAX>")]
    packages: Vec<PackageFields>,
    packages_complete: Option<bool>,
    #[serde(default, deserialize_with = "bounded::cut_list::<_, _, LINE_ITEMS_MAX>")]
    line_items: Vec<LineItemFields>,
}

/// The body of a status update, whose label is given directly.
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
    #[serde(default, deserialize_with = "bounded::cut_list::<_, _, PACKAGES_MAX>")]
    packages: Vec<PackageFields>,
    packages_complete: Option<bool>,
    #[serde(default, deserialize_with = "bounded::cut_list::<_, _, LINE_ITEMS_MAX>")]
    line_items: Vec<LineItemFields>,
}

/// The body of a batch. Each update is read when its turn comes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchBody<'a> {
    #[serde(borrow, deserialize_with = "bounded::list::<_, _, BATCH_UPDATES_MAX>")]
    updates: Vec<&'a RawValue>,
}

/// The number of updates in a body's member `updates`; `None` if there is no such member, so that the body is one update.
struct Shape {
    updates: Option<usize>,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Shape, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an update, or a batch of them")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Shape, A::Error> {
                let mut updates = None;
                while let Some(name) = members.next_key::<String>()? {
                    if name == "updates" {
                        updates = Some(members.next_value::<bounded::Length>()?.0);
                    } else {
                        members.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Shape { updates })
            }
        }
        from.deserialize_map(Members)
    }
}

impl From<EventBody> for Request {
    fn from(body: EventBody) -> Request {
        let EventBody {
            event,
            cart,
            order_number,
            reference_number,
            changed_at,
            note,
            comments,
            notify_customer,
            packages,
            packages_complete,
            line_items,
        } = body;
        let label = String::new();
        let fields = Fields {
            order_number,
            reference_number,
            label,
            changed_at,
            note,
            comments,
            notify_customer,
            packages,
            packages_complete,
            line_items,
        };
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
            packages_complete,
            line_items,
        } = body;
        let fields = Fields {
            order_number,
            reference_number,
            label,
            changed_at,
            note,
            comments,
            notify_customer,
            packages,
            packages_complete,
            line_items,
        };
        Request { cart, cause: Cause::Given(Given::Api), fields, again: if again { Again::Yes } else { Again::No } }
    }
}

/// The contents of a request.
enum Asked {
    One(Box<Request>),
    /// A batch. An update that cannot be read has a problem of its own.
    Many(Vec<Result<Request, Problem>>),
}

/// Handles a status event.
pub(super) async fn raise(call: Call) -> Result<Response, Problem> {
    taken(call, |call| Ok(Asked::One(Box::new(call.json::<EventBody>()?.into())))).await
}

/// Handles one status update, or a batch of them.
pub(super) async fn update(call: Call) -> Result<Response, Problem> {
    taken(call, |call| {
        let Shape { updates } = call.json()?;
        match updates {
            Some(count) => batch(call, count),
            None => Ok(Asked::One(Box::new(call.json::<UpdateBody>()?.into()))),
        }
    })
    .await
}

/// Reads the body, on a thread for long work if it is large, and accepts what it holds.
async fn taken(call: Call, asked: fn(&Call) -> Result<Asked, Problem>) -> Result<Response, Problem> {
    let bytes = call.body.len();
    let read = move || {
        let read = idempotency::key(&call).and_then(|key| Ok((key, asked(&call)?)));
        (call, read)
    };
    let (call, read) = heavy::work(bytes, read).await;
    match read? {
        (key, Asked::One(request)) => alone(&call, *request, key).await,
        (key, Asked::Many(requests)) => all(&call, requests, key).await,
    }
}

async fn alone(call: &Call, request: Request, key: Option<IdempotencyKey>) -> Result<Response, Problem> {
    let taken = take(call, request, key.as_ref()).await?;
    let mut response = json(taken.status, &taken.document);
    if let Some(location) = taken.location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// The answer to one update.
struct Taken {
    status: StatusCode,
    document: Value,
    location: Option<HeaderValue>,
}

async fn take(call: &Call, request: Request, key: Option<&IdempotencyKey>) -> Result<Taken, Problem> {
    call.may_touch(&request.cart)?;
    let Accepted { decision, done, standing } = accept(&call.service, request, key).await?;
    let stands = standing.line();
    Ok(match done {
        Done::Queued { delivery, sequence } => Taken {
            status: StatusCode::ACCEPTED,
            location: HeaderValue::from_str(&format!("/v1/deliveries/{delivery}")).ok(),
            document: json!({ "outcome": "queued", "delivery": delivery, "sequence": sequence, "stands": stands, "standing": standing, "decision": decision }),
        },
        Done::Recorded { receipt } => Taken {
            status: StatusCode::OK,
            location: None,
            document: json!({ "outcome": "recorded", "receipt": receipt, "stands": stands, "standing": standing, "decision": decision }),
        },
        Done::Nothing if decision.must_act() => return Err(not_sent(&decision)),
        Done::Nothing => Taken {
            status: StatusCode::OK,
            location: None,
            document: json!({ "outcome": "nothing-to-do", "stands": stands, "standing": standing, "decision": decision }),
        },
    })
}

/// The problem that the gate said no, with every reason and the commands that would change the decision.
fn not_sent(decision: &Decision) -> Problem {
    let unheld = decision.answers.iter().filter(|answer| !answer.held());
    let reasons: Vec<String> =
        unheld.map(|answer| format!("condition {}, {}: {}", answer.condition.number(), answer.value, answer.reason)).collect();
    let detail = format!("nothing was sent for order {} to cart {}: {}", decision.order_number, decision.cart, reasons.join("; "));
    Problem::new(Kind::NotSent, detail).with("decision", serde_json::to_value(decision).expect("a decision is plain data"))
}

/// Reads a batch of `count` updates.
fn batch(call: &Call, count: usize) -> Result<Asked, Problem> {
    let wrong_count = || {
        let detail = format!("a batch holds 1 to {BATCH_UPDATES_MAX} updates, and this one has {count}; send several");
        Err(Problem::new(Kind::Invalid, detail).with("updates_max", BATCH_UPDATES_MAX))
    };
    if count > BATCH_UPDATES_MAX {
        return wrong_count();
    }
    let BatchBody { updates } = call.json()?;
    if updates.is_empty() {
        return wrong_count();
    }
    let read = |update: &RawValue| match cartage_base::json::read::<UpdateBody>(update.get().as_bytes()) {
        Ok(body) => Ok(body.into()),
        Err(error) => Err(Problem::new(Kind::Invalid, format!("could not read this update of the batch: {error}"))),
    };
    Ok(Asked::Many(updates.into_iter().map(read).collect()))
}

async fn all(call: &Call, requests: Vec<Result<Request, Problem>>, key: Option<IdempotencyKey>) -> Result<Response, Problem> {
    if let Some(key) = &key {
        is_its_own(call, key).await?;
    }
    let (mut all, mut answers) = (true, Vec::with_capacity(requests.len()));
    for (index, request) in requests.into_iter().enumerate() {
        let key = key.as_ref().map(|key| idempotency::within(key, index));
        let taken = match request {
            Ok(request) => take(call, request, key.as_ref()).await,
            Err(problem) => Err(problem),
        };
        answers.push(match taken {
            Ok(taken) => json!({ "index": index, "status": taken.status.as_u16(), "answer": taken.document }),
            Err(problem) => {
                all = false;
                json!({ "index": index, "status": problem.status().as_u16(), "problem": problem.document(&call.path) })
            }
        });
    }
    let status = if all { StatusCode::ACCEPTED } else { StatusCode::MULTI_STATUS };
    Ok(json(status, &json!({ "updates": answers })))
}

/// Checks that the batch's key was not used for another request. The key is stored with the first update of the batch that is decided.
async fn is_its_own(call: &Call, key: &IdempotencyKey) -> Result<(), Problem> {
    let (merchant, wanted) = (call.service.merchant().clone(), key.clone());
    let look = move |view: &View<'_>| keys::get(view, &merchant, &wanted.key, wanted.body);
    match call.service.store().read::<_, store::Error>(look).await? {
        keys::Known::New | keys::Known::Answered { .. } => Ok(()),
        keys::Known::OtherBody => Err(cartage::service::Error::KeyReused { key: key.key.clone() }.into()),
    }
}
