//! `POST /v1/status-events` and `POST /v1/status-updates`: a sender reports what happened to an order.

use super::accepting::{Accepted, Done, accept};
use super::call::{Call, json};
use super::problem::{self, Kind, More, Problem};
use super::schema::update::{LineItem, Package};
use super::words::Requests;
use super::{idempotency, schema};
use axum::response::Response;
use cartage::service::{Cause, IdempotencyKey, OrderStatus, Request};
use cartage_base::{bounded, heavy};
use cartage_model::id::{CartId, DeliveryId};
use cartage_model::receipt::Receipt;
use cartage_policy::gate::{Again, Decision, Given};
use cartage_policy::validate::{Fields, LINE_ITEMS_MAX, LineItemFields, PACKAGES_MAX, PackageFields};
use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fmt;
use utoipa::ToSchema;

/// The most updates in a batch.
pub(super) const BATCH_UPDATES_MAX: usize = 200;

type Packages = schema::List<Package, 0, PACKAGES_MAX>;
type LineItems = schema::List<LineItem, 0, LINE_ITEMS_MAX>;
type Updates = schema::List<UpdateBody, 1, BATCH_UPDATES_MAX>;
type OneOrMany = schema::Either<UpdateBody, BatchBody<'static>>;
type OneAnswerOrMany = schema::Either<Answer, BatchAnswer>;

/// A status event that happened to an order.
#[derive(Deserialize, ToSchema)]
#[schema(as = StatusEvent)]
#[serde(deny_unknown_fields)]
struct EventBody {
    /// The name of a status event, in any case.
    event: String,
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    /// The number of the order, as its sender gives it: the cart's own (web) number.
    #[schema(value_type = schema::OrderNumber, inline)]
    order_number: String,
    /// The Order Manager's number for the order.
    #[schema(value_type = Option<schema::Line>, inline)]
    reference_number: Option<String>,
    /// When the label changed: 2026-11-23T14:05:00, optionally with an offset. Left out: now.
    changed_at: Option<String>,
    /// The note about this change.
    #[schema(value_type = Option<schema::Note>, inline)]
    note: Option<String>,
    /// The comments of the order.
    #[schema(value_type = Option<schema::Note>, inline)]
    comments: Option<String>,
    /// Whether the cart should notify the customer. Left out: the cart decides.
    notify_customer: Option<bool>,
    /// The packages of the order.
    #[serde(default, deserialize_with = "bounded::cut_list::<_, _, PACKAGES_MAX>")]
    #[schema(value_type = Packages, inline)]
    packages: Vec<PackageFields>,
    /// Whether these are all the packages that the order will have. Left out: the sender does not say.
    packages_complete: Option<bool>,
    /// The lines of the order.
    #[serde(default, deserialize_with = "bounded::cut_list::<_, _, LINE_ITEMS_MAX>")]
    #[schema(value_type = LineItems, inline)]
    line_items: Vec<LineItemFields>,
}

/// A status update, whose label is given directly.
#[derive(Deserialize, ToSchema)]
#[schema(as = StatusUpdate)]
#[serde(deny_unknown_fields)]
struct UpdateBody {
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    /// The new label of the order.
    #[schema(value_type = schema::Label, inline)]
    label: String,
    /// Whether to send the label although the cart has it already.
    #[serde(default)]
    #[schema(default = false)]
    again: bool,
    /// The number of the order, as its sender gives it: the cart's own (web) number.
    #[schema(value_type = schema::OrderNumber, inline)]
    order_number: String,
    /// The Order Manager's number for the order.
    #[schema(value_type = Option<schema::Line>, inline)]
    reference_number: Option<String>,
    /// When the label changed: 2026-11-23T14:05:00, optionally with an offset. Left out: now.
    changed_at: Option<String>,
    /// The note about this change.
    #[schema(value_type = Option<schema::Note>, inline)]
    note: Option<String>,
    /// The comments of the order.
    #[schema(value_type = Option<schema::Note>, inline)]
    comments: Option<String>,
    /// Whether the cart should notify the customer. Left out: the cart decides.
    notify_customer: Option<bool>,
    /// The packages of the order.
    #[serde(default, deserialize_with = "bounded::cut_list::<_, _, PACKAGES_MAX>")]
    #[schema(value_type = Packages, inline)]
    packages: Vec<PackageFields>,
    /// Whether these are all the packages that the order will have. Left out: the sender does not say.
    packages_complete: Option<bool>,
    /// The lines of the order.
    #[serde(default, deserialize_with = "bounded::cut_list::<_, _, LINE_ITEMS_MAX>")]
    #[schema(value_type = LineItems, inline)]
    line_items: Vec<LineItemFields>,
}

/// Several status updates. Each has an answer of its own.
// Each update is read when its turn comes.
#[derive(Deserialize, ToSchema)]
#[schema(as = Batch)]
#[serde(deny_unknown_fields)]
struct BatchBody<'a> {
    #[serde(borrow, deserialize_with = "bounded::list::<_, _, BATCH_UPDATES_MAX>")]
    #[schema(value_type = Updates, inline)]
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

/// Lets a status event happen to an order.
#[utoipa::path(
    post,
    path = "/v1/status-events",
    operation_id = "raiseEvent",
    params(idempotency::Header),
    request_body(content = EventBody),
    responses(
        (status = 202, description = "The update is on disk, and is delivered.", body = Answer, headers(("Location" = String, description = "The path of the delivery."))),
        (status = 200, description = "The cart only records, or there is nothing to do.", body = Answer),
        (status = 409, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn raise(call: Call) -> Result<Response, Problem> {
    taken(call, |call| Ok(Asked::One(Box::new(call.json::<EventBody>()?.into())))).await
}

/// Gives an order a label, or gives several orders theirs.
#[utoipa::path(
    post,
    path = "/v1/status-updates",
    operation_id = "update",
    params(idempotency::Header),
    request_body(content = inline(OneOrMany)),
    responses(
        (status = 202, description = "The update is on disk, and is delivered. Of a batch: every update was accepted, recorded, or had nothing to do.", body = inline(OneAnswerOrMany), headers(("Location" = String, description = "The path of the delivery."))),
        (status = 200, description = "The cart only records, or there is nothing to do.", body = Answer),
        (status = 207, description = "Of a batch: at least one update has a problem. Each has its own status.", body = BatchAnswer),
        (status = 409, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
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
    document: Answer,
    location: Option<HeaderValue>,
}

/// What followed from an event or an update, and the state of the order now.
#[derive(Serialize, ToSchema)]
struct Answer {
    #[serde(flatten)]
    #[schema(inline)]
    followed: Followed,
    /// The state of the order, in one sentence.
    stands: String,
    #[schema(value_type = schema::order::OrderStatus)]
    standing: OrderStatus,
    #[schema(value_type = schema::decision::Decision)]
    decision: Decision<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
enum Followed {
    /// The update is on disk, and is delivered.
    Queued {
        /// The id of the delivery.
        #[schema(value_type = String)]
        delivery: DeliveryId,
        /// The number of the update within the order.
        sequence: u64,
    },
    /// The cart's mode only records.
    Recorded {
        /// The receipt of the dry run. Null: there was nothing to tell the cart.
        #[schema(required, value_type = Option<Object>)]
        receipt: Option<Box<Receipt>>,
    },
    /// Nothing is sent, and nobody must act.
    NothingToDo,
}

/// The answers to the updates of a batch, in their order.
#[derive(Serialize, ToSchema)]
struct BatchAnswer {
    updates: Vec<OneOfBatch>,
}

/// The answer to one update of a batch: an answer or a problem.
#[derive(Serialize, ToSchema)]
struct OneOfBatch {
    /// The place of the update in the batch, from 0.
    index: usize,
    /// The HTTP status of the answer to the update.
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    answer: Option<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<problem::Document>,
}

async fn take(call: &Call, request: Request, key: Option<&IdempotencyKey>) -> Result<Taken, Problem> {
    call.may_touch(&request.cart)?;
    let Accepted { decision, done, standing } = accept(&call.service, request, key).await?;
    let (stands, decision) = (standing.line(), decision.worded(&Requests));
    let (status, location, followed) = match done {
        Done::Queued { delivery, sequence } => {
            let location = HeaderValue::from_str(&format!("/v1/deliveries/{delivery}")).ok();
            (StatusCode::ACCEPTED, location, Followed::Queued { delivery, sequence })
        }
        Done::Recorded { receipt } => (StatusCode::OK, None, Followed::Recorded { receipt: receipt.map(Box::new) }),
        Done::Nothing if decision.must_act() => return Err(not_sent(decision)),
        Done::Nothing => (StatusCode::OK, None, Followed::NothingToDo),
    };
    Ok(Taken { status, document: Answer { followed, stands, standing, decision }, location })
}

/// The problem that the gate said no, with every reason and the remedies that would change the decision.
fn not_sent(decision: Decision<String>) -> Problem {
    let unheld = decision.answers.iter().filter(|answer| !answer.held());
    let reasons: Vec<String> =
        unheld.map(|answer| format!("condition {}, {}: {}", answer.condition.number(), answer.value, answer.reason)).collect();
    let detail = format!("nothing was sent for order {} to cart {}: {}", decision.order_number, decision.cart, reasons.join("; "));
    Problem::new(Kind::NotSent, detail).with(More { decision: Some(decision), ..More::default() })
}

/// Reads a batch of `count` updates.
fn batch(call: &Call, count: usize) -> Result<Asked, Problem> {
    let wrong_count = || {
        let detail = format!("a batch holds 1 to {BATCH_UPDATES_MAX} updates, and this one has {count}; send several");
        Err(Problem::new(Kind::Invalid, detail).with(More { updates_max: Some(BATCH_UPDATES_MAX), ..More::default() }))
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
        call.service.intake().assert_own_key(key).await?;
    }
    let (mut all, mut answers) = (true, Vec::with_capacity(requests.len()));
    for (index, request) in requests.into_iter().enumerate() {
        let key = key.as_ref().map(|key| idempotency::within(key, index));
        let taken = match request {
            Ok(request) => take(call, request, key.as_ref()).await,
            Err(problem) => Err(problem),
        };
        answers.push(match taken {
            Ok(taken) => OneOfBatch { index, status: taken.status.as_u16(), answer: Some(taken.document), problem: None },
            Err(problem) => {
                all = false;
                OneOfBatch { index, status: problem.status().as_u16(), answer: None, problem: Some(problem.document(&call.path)) }
            }
        });
    }
    let status = if all { StatusCode::ACCEPTED } else { StatusCode::MULTI_STATUS };
    Ok(json(status, &BatchAnswer { updates: answers }))
}
