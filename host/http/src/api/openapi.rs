//! The description of the API (OpenAPI 3.1). `utoipa` derives it from the handlers and from the types that they read and send. The role that a token
//! needs comes from the table of routes; a test compares the two, both ways.

use super::body::Takes;
use super::call::typed;
use super::problem::{self, Problem};
use super::route::{Route, Run};
use super::{access_tokens, all_carts, bans, carts, credentials, deliveries, machine, merchant, orders, seen, sending, updates};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;
use utoipa::OpenApi;

/// The role of routes that only users of the machine may call.
pub(super) const MACHINE: &str = "machine";

/// What the handlers say.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cartage",
        version = "1",
        description = "The guide is docs/http-api.md. `x-role` is the role that a token needs: sender, operator or admin. Each role may do what the \
                       roles before it may do. No token allows what `machine` may do: only users of the machine may, over a socket."
    ),
    paths(
        seen::health,
        seen::ready,
        seen::metrics,
        show,
        updates::raise,
        updates::update,
        deliveries::list,
        deliveries::summary,
        deliveries::show,
        deliveries::retry,
        deliveries::discard,
        deliveries::cassette,
        deliveries::try_now,
        deliveries::retry_all,
        deliveries::export,
        sending::send,
        seen::status,
        seen::explain,
        seen::alerts,
        carts::list,
        carts::show,
        carts::put,
        carts::define,
        carts::enable,
        carts::disable,
        carts::pause,
        carts::resume,
        carts::bindings,
        credentials::list,
        carts::patch,
        carts::remove,
        carts::check,
        carts::plugins,
        carts::upgrade,
        carts::roll_back,
        carts::set_recording,
        all_carts::pause,
        all_carts::resume,
        credentials::put,
        credentials::forget,
        orders::forget,
        orders::baseline,
        orders::baseline_all,
        bans::list,
        bans::ban,
        bans::unban,
        machine::keep_plugin,
        machine::approve,
        machine::make_key,
        machine::rotate_key,
        machine::clock,
        machine::confirm_clock,
        machine::retain,
        access_tokens::list,
        access_tokens::make,
        access_tokens::remove,
        merchant::parameters,
        merchant::set_parameter,
        merchant::unset_parameter,
        merchant::events,
        merchant::set_event,
        merchant::labels,
        merchant::add_labels,
    ),
    components(responses(problem::Document), schemas(problem::Document))
)]
struct Handlers;

/// The description of these routes, in JSON.
pub(super) fn description(routes: &[Route]) -> &'static str {
    static DESCRIPTION: OnceLock<String> = OnceLock::new();
    DESCRIPTION.get_or_init(|| describe(routes).to_string())
}

fn describe(routes: &[Route]) -> Value {
    let mut document = serde_json::to_value(Handlers::openapi()).expect("a description is plain data");
    simplify(&mut document);
    document["info"]["summary"] = "Carries an order's status from an Order Manager to any shopping cart".into();
    document["components"]["securitySchemes"] =
        json!({ "token": { "type": "http", "scheme": "bearer", "description": "A token of `cartage token new`." } });
    for route in routes {
        let operation = &mut document["paths"][route.path][route.method.as_str().to_lowercase()];
        operation["security"] = match route.run {
            Run::Open(_) => json!([]),
            Run::Machine(_) => {
                operation["x-role"] = MACHINE.into();
                json!([])
            }
            Run::For(role, _) | Run::Page(role, _) => {
                operation["x-role"] = role.as_str().into();
                json!([{ "token": [] }])
            }
        };
        if let Some(body) = operation.get_mut("requestBody") {
            body["required"] = (!matches!(route.takes, Takes::JsonOrNothing(_))).into();
        }
        // The tags would be the names of our modules.
        operation.as_object_mut().expect("an operation is an object").remove("tags");
    }
    document
}

/// Writes schemas plainly. To describe a schema that stands in place, or to allow null for it, `utoipa` makes it the only alternative of another one.
fn simplify(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(simplify);
            if let Some(Value::Array(alternatives)) = members.get("oneOf")
                && let Some(plain) = only(alternatives, members.get("description"))
            {
                members.remove("oneOf");
                members.extend(plain);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(simplify),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The members of a schema that is the only alternative, or the only one besides null, with this description before its own. `None` if there are
/// several, if the schema is a reference, and if null could not be allowed in it.
fn only(alternatives: &[Value], description: Option<&Value>) -> Option<Map<String, Value>> {
    let null = json!({ "type": "null" });
    let mut others = alternatives.iter().filter(|one| **one != null);
    let (Some(Value::Object(only)), None) = (others.next(), others.next()) else { return None };
    let mut plain = only.clone();
    if alternatives.contains(&null) {
        let kind = plain.get("type").filter(|kind| kind.is_string() && !plain.contains_key("enum"))?;
        plain["type"] = json!([kind, "null"]);
    } else if plain.contains_key("$ref") {
        return None;
    }
    if let Some(before) = description.and_then(Value::as_str) {
        let both = [before].into_iter().chain(only.get("description").and_then(Value::as_str)).collect::<Vec<_>>().join(" ");
        plain.insert("description".to_owned(), both.into());
    }
    Some(plain)
}

/// Shows the description of the API.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    operation_id = "description",
    responses(
        (status = 200, description = "The description, as OpenAPI 3.1.", body = Object),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn show(routes: &[Route]) -> Result<Response, Problem> {
    Ok(typed(StatusCode::OK, "application/json", description(routes)))
}
