//! A merchant's settings: system parameters, status events and status labels.

use super::call::{Call, json};
use super::problem::{Kind, Problem};
use axum::response::Response;
use cartage_model::events::{self, EVENTS, Event, Label, Labels, Setting};
use cartage_model::id::CartId;
use cartage_model::parameters::{self, Assignments, Effective, Parameter, REGISTRY, Scope};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// The most labels in one request.
pub(super) const LABELS_MAX: usize = 200;

/// Lists every parameter with its effective value, for a cart or for the system.
pub(super) async fn parameters(call: Call) -> Result<Response, Problem> {
    let cart = asked_cart(&call).await?;
    let set = call.service.configuration().assignments().await?;
    let all: Vec<Value> = REGISTRY.iter().map(|parameter| document(parameter, cart.as_ref(), &set)).collect();
    Ok(json(StatusCode::OK, &json!({ "cart": cart, "parameters": all })))
}

/// The cart that the query names, if it exists and the token may touch it; `None` if the query names none.
async fn asked_cart(call: &Call) -> Result<Option<CartId>, Problem> {
    let cart = call.query.cart()?;
    if let Some(cart) = &cart {
        call.may_touch(cart)?;
        call.service.carts().must_exist(cart).await?;
    }
    Ok(cart)
}

fn document(parameter: &Parameter, cart: Option<&CartId>, set: &Assignments) -> Value {
    let Effective { value, source } = parameter.effective(cart, set);
    json!({
        "name": parameter.name, "group": parameter.group, "value": value.to_string(), "from": source, "takes": parameter.kind.to_string(),
        "scopes": parameter.scopes, "help": parameter.help,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterBody {
    value: String,
}

/// The parameter that the path names and the cart that the query names; `None` for the system's value.
async fn place(call: &Call) -> Result<(&'static Parameter, Option<CartId>), Problem> {
    let name = call.param("name");
    let parameter = parameters::find(name).map_err(|error| Problem::of(Kind::NotFound, &error))?;
    let cart = asked_cart(call).await?;
    if cart.is_none() {
        call.may_touch_all("a parameter of the system")?;
    }
    Ok((parameter, cart))
}

fn scope(cart: Option<&CartId>) -> Scope {
    cart.cloned().map_or(Scope::System, Scope::Cart)
}

/// Sets a parameter for a cart or for the system.
pub(super) async fn set_parameter(call: Call) -> Result<Response, Problem> {
    let (parameter, cart) = place(&call).await?;
    let ParameterBody { value } = call.json()?;
    let assignment =
        parameters::assign(parameter.name, scope(cart.as_ref()), &value).map_err(|error| Problem::of(Kind::Invalid, &error))?;
    call.service.configuration().set_parameter(&assignment).await?;
    shown(&call, parameter, cart.as_ref()).await
}

/// Removes a parameter's value for a cart or for the system.
pub(super) async fn unset_parameter(call: Call) -> Result<Response, Problem> {
    let (parameter, cart) = place(&call).await?;
    call.service.configuration().unset_parameter(parameter, &scope(cart.as_ref())).await?;
    shown(&call, parameter, cart.as_ref()).await
}

async fn shown(call: &Call, parameter: &Parameter, cart: Option<&CartId>) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &document(parameter, cart, &call.service.configuration().assignments().await?)))
}

/// Lists all status events with their settings.
pub(super) async fn events(call: Call) -> Result<Response, Problem> {
    let settings = call.service.configuration().events().await?;
    let all: Vec<Value> = EVENTS.iter().map(|event| event_document(event, settings.get(event))).collect();
    Ok(json(StatusCode::OK, &json!({ "events": all })))
}

fn event_document(event: &Event, setting: &Setting) -> Value {
    let Setting { order_label, item_label, notify_cart } = setting;
    json!({ "name": event.name, "help": event.help, "order_label": order_label, "item_label": item_label, "notify_cart": notify_cart })
}

/// Replaces the settings of an event.
pub(super) async fn set_event(call: Call) -> Result<Response, Problem> {
    call.may_touch_all("a status event")?;
    let event = events::find(call.param("name")).map_err(|error| Problem::of(Kind::NotFound, &error))?;
    let setting: Setting = call.json()?;
    call.service.configuration().set_event(event, &setting).await?;
    Ok(json(StatusCode::OK, &event_document(event, &setting)))
}

/// Lists the merchant's labels.
pub(super) async fn labels(call: Call) -> Result<Response, Problem> {
    let labels = call.service.configuration().labels().await?;
    Ok(json(StatusCode::OK, &json!({ "labels": labels.iter().map(Label::as_str).collect::<Vec<_>>() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelsBody {
    labels: Vec<Label>,
}

/// Adds labels to the merchant's.
pub(super) async fn add_labels(call: Call) -> Result<Response, Problem> {
    call.may_touch_all("a status label")?;
    let LabelsBody { labels: added } = call.json()?;
    if !(1..=LABELS_MAX).contains(&added.len()) {
        return Err(Problem::new(Kind::Invalid, format!("write 1 to {LABELS_MAX} labels at once, and not {}", added.len())));
    }
    call.service.configuration().add_labels(&added.into_iter().collect::<Labels>()).await?;
    labels(call).await
}
