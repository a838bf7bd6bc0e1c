//! A merchant's settings: system parameters, status events and status labels.

use super::call::{Call, json};
use super::carts::SuppliedSetting;
use super::problem::{self, Kind, Problem};
use super::schema;
use axum::response::Response;
use cartage::service;
use cartage_model::events::{self, EVENTS, Event, Label, Labels, Setting};
use cartage_model::id::CartId;
use cartage_model::origin::Origin;
use cartage_model::parameters::{self, Assignments, Effective, Group, Parameter, REGISTRY, Scope, ScopeKind, Source, Supplied};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most labels in one request.
pub(super) const LABELS_MAX: usize = 200;

type NewLabels = schema::Labels<1, LABELS_MAX>;

/// System parameters with their values.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Parameters {
    /// The cart for which the values count. Null: the values are the system's.
    #[schema(required, value_type = Option<schema::CartId>)]
    pub cart: Option<CartId>,
    /// The parameters, in the order of the program.
    pub parameters: Vec<ParameterValue>,
}

/// A system parameter with the value that counts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Parameter)]
pub struct ParameterValue {
    /// The name of the parameter.
    pub name: String,
    /// The group of parameters to which it belongs.
    #[schema(value_type = schema::merchant::Group, inline)]
    pub group: Group,
    /// The value that counts.
    pub value: String,
    /// Where that value comes from.
    #[schema(value_type = schema::merchant::Source, inline)]
    pub from: Source,
    /// The values that the parameter takes, in words.
    pub takes: String,
    /// Where the parameter can be set.
    #[schema(value_type = Vec<schema::merchant::ScopeKind>)]
    pub scopes: Vec<ScopeKind>,
    /// Whose name it is.
    #[schema(value_type = schema::merchant::Origin, inline)]
    pub origin: Origin,
    /// What the parameter does.
    pub help: String,
    /// The settings of the cart's plugin that the parameter may supply. Empty for the system's values, and if the plugin cannot be used.
    pub supplies: Vec<SuppliedSetting>,
}

/// A system parameter whose value was removed, with the value that counts now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UnsetParameter {
    /// The parameter with the value that counts now.
    #[serde(flatten)]
    pub parameter: ParameterValue,
    /// Whether a value was set.
    pub was_set: bool,
}

/// Status events with their settings.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Events {
    /// The events, in the order of the program.
    pub events: Vec<EventState>,
}

/// A status event with its settings.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Event)]
pub struct EventState {
    /// The name of the event.
    pub name: String,
    /// When the event happens.
    pub help: String,
    /// The label that the order gets. Null: the order keeps its label.
    #[schema(required, value_type = Option<schema::Label>, inline)]
    pub order_label: Option<Label>,
    /// The label that the line gets. Null: the line keeps its label.
    #[schema(required, value_type = Option<schema::Label>, inline)]
    pub item_label: Option<Label>,
    /// Notify Cart: whether carts are told of the event.
    pub notify_cart: bool,
}

/// The status labels of the merchant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Labels)]
pub struct AllLabels {
    /// The labels.
    pub labels: Vec<String>,
}

/// Lists every system parameter with the value that counts, for a cart or for the system.
#[utoipa::path(
    get,
    path = "/v1/parameters",
    operation_id = "listParameters",
    params(("cart" = Option<schema::CartId>, Query, description = "The cart for which the values count. Left out: the system.")),
    responses(
        (status = 200, description = "The parameters.", body = inline(Parameters)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn parameters(call: Call) -> Result<Response, Problem> {
    let cart = asked_cart(&call).await?;
    let values = Values::of(&call, cart.as_ref()).await?;
    let parameters = REGISTRY.iter().map(|parameter| values.document(parameter)).collect();
    Ok(json(StatusCode::OK, &Parameters { cart, parameters }))
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

/// What every parameter's value for a cart, or for the system, follows from.
struct Values<'c> {
    cart: Option<&'c CartId>,
    set: Assignments,
    supplied: Vec<Supplied>,
}

impl<'c> Values<'c> {
    async fn of(call: &Call, cart: Option<&'c CartId>) -> Result<Values<'c>, Problem> {
        let set = call.service.configuration().assignments().await?;
        let supplied = match cart {
            // A cart whose definition cannot be read has its parameters all the same.
            Some(cart) => match call.service.carts().find(cart).await {
                Err(service::Error::StoredCart { .. }) => Vec::new(),
                kept => kept?.map(|kept| kept.supplied(&set)).unwrap_or_default(),
            },
            None => Vec::new(),
        };
        Ok(Values { cart, set, supplied })
    }

    fn document(&self, parameter: &Parameter) -> ParameterValue {
        let Effective { value, source } = parameter.effective(self.cart, &self.set);
        let supplies = self.supplied.iter().filter(|supplied| supplied.parameter == parameter).map(SuppliedSetting::from);
        ParameterValue {
            name: parameter.name.to_owned(),
            group: parameter.group,
            value: value.to_string(),
            from: source,
            takes: parameter.kind.to_string(),
            scopes: parameter.scopes.to_vec(),
            origin: parameter.origin,
            help: parameter.help.to_owned(),
            supplies: supplies.collect(),
        }
    }
}

/// The new value of a parameter.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterBody {
    /// The new value. `takes` of the parameter says which values it takes.
    pub value: String,
}

/// The parameter that the path names and the cart that the query names; `None` for the system's value.
async fn place(call: &Call) -> Result<(&'static Parameter, Option<CartId>), Problem> {
    let name = call.param("name");
    let parameter = parameters::find(name).map_err(|error| Problem::of(Kind::NotFound, &error).doing(error.remedy().as_ref()))?;
    let wanted = scope(call.query.cart()?.as_ref());
    parameter.allows(wanted.kind()).map_err(|error| Problem::of(Kind::Invalid, &error).doing(error.remedy().as_ref()))?;
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
#[utoipa::path(
    put,
    path = "/v1/parameters/{name}",
    operation_id = "setParameter",
    params(
        ("name" = String, Path, description = "The name of the parameter, in any case."),
        ("cart" = Option<schema::CartId>, Query, description = "The cart for which alone the value counts. Left out: the system."),
    ),
    request_body(content = inline(ParameterBody)),
    responses(
        (status = 200, description = "The value that counts now.", body = ParameterValue),
        (status = 404, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn set_parameter(call: Call) -> Result<Response, Problem> {
    let (parameter, cart) = place(&call).await?;
    let ParameterBody { value } = call.json()?;
    let assignment = parameters::assign(parameter.name, scope(cart.as_ref()), &value)
        .map_err(|error| Problem::of(Kind::Invalid, &error).doing(error.remedy().as_ref()))?;
    call.service.configuration().set_parameter(&assignment).await?;
    Ok(json(StatusCode::OK, &Values::of(&call, cart.as_ref()).await?.document(parameter)))
}

/// Removes a parameter's value for a cart or for the system.
#[utoipa::path(
    delete,
    path = "/v1/parameters/{name}",
    operation_id = "unsetParameter",
    params(
        ("name" = String, Path, description = "The name of the parameter, in any case."),
        ("cart" = Option<schema::CartId>, Query, description = "The cart whose own value is removed. Left out: the system's value is removed."),
    ),
    responses(
        (status = 200, description = "The value that counts now.", body = inline(UnsetParameter)),
        (status = 404, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn unset_parameter(call: Call) -> Result<Response, Problem> {
    let (parameter, cart) = place(&call).await?;
    let was_set = call.service.configuration().unset_parameter(parameter, &scope(cart.as_ref())).await?;
    let parameter = Values::of(&call, cart.as_ref()).await?.document(parameter);
    Ok(json(StatusCode::OK, &UnsetParameter { parameter, was_set }))
}

/// Lists all status events with their settings.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "listEvents",
    responses(
        (status = 200, description = "The events.", body = inline(Events)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn events(call: Call) -> Result<Response, Problem> {
    let settings = call.service.configuration().events().await?;
    let events = EVENTS.iter().map(|event| event_document(event, settings.get(event).clone())).collect();
    Ok(json(StatusCode::OK, &Events { events }))
}

fn event_document(event: &Event, setting: Setting) -> EventState {
    let Setting { order_label, item_label, notify_cart } = setting;
    EventState { name: event.name.to_owned(), help: event.help.to_owned(), order_label, item_label, notify_cart }
}

/// Replaces the labels and Notify Cart of a status event.
#[utoipa::path(
    put,
    path = "/v1/events/{name}",
    operation_id = "setEvent",
    params(("name" = String, Path, description = "The name of the event, in any case.")),
    request_body(content = inline(schema::merchant::EventSetting)),
    responses(
        (status = 200, description = "The event as it is now.", body = EventState),
        (status = 404, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn set_event(call: Call) -> Result<Response, Problem> {
    call.may_touch_all("a status event")?;
    let event = events::find(call.param("name")).map_err(|error| Problem::of(Kind::NotFound, &error).doing(error.remedy().as_ref()))?;
    let setting: Setting = call.json()?;
    call.service.configuration().set_event(event, &setting).await?;
    Ok(json(StatusCode::OK, &event_document(event, setting)))
}

/// Lists the status labels of the merchant.
#[utoipa::path(
    get,
    path = "/v1/labels",
    operation_id = "listLabels",
    responses(
        (status = 200, description = "The labels.", body = AllLabels),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn labels(call: Call) -> Result<Response, Problem> {
    let labels = call.service.configuration().labels().await?;
    Ok(json(StatusCode::OK, &AllLabels { labels: labels.iter().map(|label| label.as_str().to_owned()).collect() }))
}

/// Labels to add.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelsBody {
    /// The labels to add.
    #[schema(value_type = NewLabels, inline)]
    pub labels: Vec<Label>,
}

/// Adds status labels.
#[utoipa::path(
    post,
    path = "/v1/labels",
    operation_id = "addLabels",
    request_body(content = inline(LabelsBody)),
    responses(
        (status = 200, description = "All labels.", body = AllLabels),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn add_labels(call: Call) -> Result<Response, Problem> {
    call.may_touch_all("a status label")?;
    let LabelsBody { labels: added } = call.json()?;
    if !(1..=LABELS_MAX).contains(&added.len()) {
        return Err(Problem::new(Kind::Invalid, format!("write 1 to {LABELS_MAX} labels at once, and not {}", added.len())));
    }
    call.service.configuration().add_labels(&added.into_iter().collect::<Labels>()).await?;
    labels(call).await
}
