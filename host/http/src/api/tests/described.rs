//! Requests and answers are as the description says. Every exchange of the tests is compared with the description, and so are values of the types that
//! crates below write.

use super::*;
use crate::api::routes::ROUTES;
use crate::api::words::Requests;
use crate::api::{openapi, schema};
use cartage::service::definitions::Field;
use cartage::service::{
    Cause, DeadUpdate, DiscardedUpdate, Done, Explained, HasIt, OrderDelivery, OrderStatus, OwnDelivery, PackageStatus, Progress, Request,
    Sent, StoredCredential, Waiting, WaitsFor,
};
use cartage_model::carts::{Binding, BoundTo, Consent, Mode, PrivateException};
use cartage_model::remedy::{Remedy, Sentence};
use cartage_policy::gate::{self, Condition, Given};
use cartage_policy::validate::{ContentFields, Fields, LineItemFields, LinePackageFields, PackageFields};
use cartage_store::outbox::{EndCause, MergedUpdate, Waits};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use utoipa::PartialSchema;

fn description() -> &'static Value {
    static DESCRIPTION: OnceLock<Value> = OnceLock::new();
    DESCRIPTION.get_or_init(|| serde_json::from_str(openapi::description(ROUTES)).expect("the description is JSON"))
}

/// Checks an answer, and the body of its request, if it was in JSON and was accepted.
pub(super) fn check(method: &Method, path: &str, sent: Option<&Value>, reply: &Reply) {
    let media_type = reply.headers[CONTENT_TYPE].to_str().expect("it is text").split(';').next().unwrap_or_default();
    let is = |given: &str, pattern: &str| {
        let (given, pattern): (Vec<_>, Vec<_>) = (given.split('/').collect(), pattern.split('/').collect());
        given.len() == pattern.len() && given.iter().zip(&pattern).all(|(part, known)| part == known || known.starts_with('{'))
    };
    let Some(route) = ROUTES.iter().find(|route| route.method == *method && is(path, route.path)) else { return };
    let operation = &description()["paths"][route.path][method.as_str().to_lowercase()];
    let problem = &description()["components"]["responses"]["Problem"];
    let response = operation["responses"].get(reply.status.as_str()).filter(|_| !media_type.contains("problem")).unwrap_or(problem);
    let schema = &resolved(response)["content"][media_type]["schema"];
    assert!(!schema.is_null(), "{method} {path}: the description has no {} of {media_type}: {}", reply.status, reply.text);
    if media_type.ends_with("json") {
        let fit = fits(&reply.json, schema, true);
        fit.unwrap_or_else(|why| panic!("{method} {path}: {why}; the answer is {}", reply.text));
    }
    // A batch may be answered although an update of it is not as described.
    if let (Some(sent), true) = (sent, reply.status.is_success() && reply.status != StatusCode::MULTI_STATUS) {
        let fit = fits(sent, &operation["requestBody"]["content"]["application/json"]["schema"], true);
        fit.unwrap_or_else(|why| panic!("{method} {path}: {why}; the request is {sent}"));
    }
}

fn resolved(schema: &Value) -> &Value {
    match schema["$ref"].as_str() {
        Some(place) => resolved(description().pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("{place} is not there"))),
        None => schema,
    }
}

fn alternatives<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    schema[name].as_array().into_iter().flatten()
}

/// The members that an object of a schema may have; `None` if it may have any.
fn members(schema: &Value) -> Option<BTreeSet<&str>> {
    let schema = resolved(schema);
    if schema["additionalProperties"] == true {
        return None;
    }
    let mut names: BTreeSet<&str> = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let mut parts = alternatives(schema, "allOf").chain(alternatives(schema, "oneOf")).peekable();
    if names.is_empty() && parts.peek().is_none() {
        return None;
    }
    for part in parts {
        names.extend(members(part)?);
    }
    Some(names)
}

/// Whether a value is as a schema says. `whole` refuses members that the schema does not name.
fn fits(value: &Value, schema: &Value, whole: bool) -> Result<(), String> {
    let schema = resolved(schema);
    let kinds = schema["type"].as_array().map_or_else(|| std::slice::from_ref(&schema["type"]), Vec::as_slice);
    if !schema["type"].is_null() && !kinds.iter().filter_map(Value::as_str).any(|kind| is_of(value, kind)) {
        return Err(format!("{value} is not of the type {}", schema["type"]));
    }
    if let Some(known) = schema["enum"].as_array().filter(|known| !known.contains(value)) {
        return Err(format!("{value} is none of {known:?}"));
    }
    within(value, schema)?;
    for part in alternatives(schema, "allOf") {
        fits(value, part, false)?;
    }
    if !schema["oneOf"].is_null() {
        let all: Vec<_> = alternatives(schema, "oneOf").map(|one| fits(value, one, whole)).collect();
        if all.iter().filter(|one| one.is_ok()).count() != 1 {
            return Err(format!("not one of the alternatives fits {value}: {all:?}"));
        }
    }
    for item in value.as_array().into_iter().flatten() {
        fits(item, &schema["items"], true)?;
    }
    let Some(object) = value.as_object() else { return Ok(()) };
    if let Some(missing) = alternatives(schema, "required").filter_map(Value::as_str).find(|name| !object.contains_key(*name)) {
        return Err(format!("{missing} is missing in {value}"));
    }
    for (name, member) in object {
        fits(member, &schema["properties"][name], true).map_err(|why| format!("{name}: {why}"))?;
    }
    match members(schema).filter(|_| whole || schema["additionalProperties"] == false) {
        Some(known) => match object.keys().find(|name| !known.contains(name.as_str())) {
            Some(other) => Err(format!("{other} is not described")),
            None => Ok(()),
        },
        None => Ok(()),
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the description has the type {other}"),
    }
}

fn within(value: &Value, schema: &Value) -> Result<(), String> {
    let size = match value {
        Value::String(text) => Some((text.chars().count() as u64, "minLength", "maxLength")),
        Value::Array(items) => Some((items.len() as u64, "minItems", "maxItems")),
        Value::Number(number) if number.as_i64().is_some_and(i64::is_negative) && !schema["minimum"].is_null() => {
            return Err(format!("{value} is not from {}", schema["minimum"]));
        }
        Value::Number(number) => number.as_u64().map(|number| (number, "minimum", "maximum")),
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    };
    let Some((size, least, most)) = size else { return Ok(()) };
    let (low, high) = (schema[least].as_u64().unwrap_or(0), schema[most].as_u64().unwrap_or(u64::MAX));
    if (low..=high).contains(&size) { Ok(()) } else { Err(format!("{value} has the size {size}, which is not from {low} to {high}")) }
}

/// Checks that a value fits the schema of a type, and has all members that the schema names.
#[track_caller]
fn same<T: PartialSchema>(value: &impl Serialize) {
    let (value, schema) = (written(value), written(&T::schema()));
    fits(&value, &schema, true).unwrap_or_else(|why| panic!("{why}; the value is {value}"));
    let described = members(&schema).expect("it is an object with known members");
    assert_eq!(value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect::<BTreeSet<_>>(), described);
}

fn written(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("it is plain data")
}

fn delivery() -> DeliveryId {
    DeliveryId::named("0199aaaa-0000-7000-8000-000000000000")
}

fn standing(place: Progress) -> OrderStatus {
    let own = Some(OwnDelivery { delivery: delivery(), sequence: 2 });
    let (cart, order) = (cart("seed-shop"), SenderOrderNumber::new("1021"));
    OrderStatus { cart, order, place, own, may_have_reached: false, other_dead_letters: vec![delivery()], serving: true }
}

fn waiting(waits: WaitsFor) -> Progress {
    Progress::Waiting(Box::new(Waiting { delivery: delivery(), sequence: 1, waits, attempts: 0, last: None, said: None }))
}

#[test]
fn what_a_sender_gives_is_described_as_it_is_read() {
    same::<schema::update::Package>(&PackageFields { withdrawn: true, ..PackageFields::default() });
    same::<schema::update::Content>(&ContentFields::default());
    same::<schema::update::LineItem>(&LineItemFields::default());
    same::<schema::update::LinePackage>(&LinePackageFields::default());
    for cause in [Cause::Event("Tracking Number Imported".to_owned()), Cause::Given(Given::ByHand)] {
        let fields = Fields { packages: vec![PackageFields::default()], line_items: vec![LineItemFields::default()], ..Fields::default() };
        same::<schema::update::SendRequest>(&Request { cart: cart("seed-shop"), cause, fields, again: gate::Again::Yes });
    }
    same::<schema::merchant::EventSetting>(&cartage_model::events::Setting::default());
}

#[test]
fn the_states_of_an_order_are_described_as_they_are_sent() {
    let (why, until_unix_ms) = ("why".to_owned(), 1);
    for waits in [
        WaitsFor::NoCart,
        WaitsFor::Enabled,
        WaitsFor::Resumed { why: why.clone(), until_unix_ms: None, said: None },
        WaitsFor::Resumed { why: why.clone(), until_unix_ms: Some(1), said: Some(why.clone()) },
        WaitsFor::Mended { fault: why.clone(), until_unix_ms },
        WaitsFor::Attempt { until_unix_ms },
        WaitsFor::Breaker { until_unix_ms },
        WaitsFor::Schedule { until_unix_ms },
        WaitsFor::Ready { why: why.clone(), remedy: Some(Remedy::ListCarts) },
        WaitsFor::Turn,
    ] {
        fits(&written(&standing(waiting(waits))), &written(&schema::order::OrderStatus::schema()), true).expect("it fits");
    }
    let dead = DeadUpdate {
        delivery: delivery(),
        sequence: 1,
        reason: why.clone(),
        said: None,
        at_unix_ms: 1,
        blocks: true,
        behind: 0,
        readable: true,
    };
    for place in [
        Progress::Delivered(HasIt { delivery: None, sequence: 1, at_unix_ms: 1, reference: None }),
        Progress::DeadLetter(dead),
        Progress::Discarded(DiscardedUpdate { delivery: delivery(), sequence: 1, who: why.clone(), why: why.clone(), at_unix_ms: 1 }),
        Progress::NotAccepted,
    ] {
        fits(&written(&standing(place)), &written(&schema::order::OrderStatus::schema()), true).expect("it fits");
    }
    same::<schema::order::UpdateOfOrder>(&MergedUpdate { delivery: delivery(), sequence: 1 });
}

#[test]
fn an_explanation_is_described_as_it_is_sent() {
    let answer = |condition: Condition| gate::ConditionAnswer {
        condition,
        finding: gate::Finding::NotHeld,
        value: "False".to_owned(),
        place: gate::Place::SystemParameters,
        reason: Sentence::Naming { before: "it is False: see ".into(), remedy: Remedy::ShowStatus, after: ".".into() },
        remedies: vec![Remedy::MakeLive { cart: cart("seed-shop") }],
    };
    let decision = gate::Decision {
        cart: cart("seed-shop"),
        order_number: SenderOrderNumber::new("1021"),
        label: None,
        again: gate::Again::No,
        answers: Condition::ALL.map(answer),
        stage: gate::Stage::Shadow,
        verdict: gate::Verdict::Nothing,
    };
    same::<schema::decision::Decision>(&decision);
    same::<schema::decision::Decision>(&decision.worded(&Requests));
    let mut explanation = gate::explain::explain(&decision);
    explanation.notes = vec![gate::explain::Note::with("It waits.", Remedy::ShowStatus)];
    let package = PackageStatus { id: None, carrier: None, tracking_number: None, withdrawn: false, told: true, reference: None };
    for cause in [Cause::Event("Tracking Number Imported".to_owned()), Cause::Given(Given::Api)] {
        let explained = Explained {
            explanation: explanation.clone(),
            decision: decision.clone(),
            cause,
            receipts: vec![json!({ "fate": "delivered" })],
            standing: standing(Progress::NotAccepted),
            deliveries: vec![OrderDelivery { delivery: delivery(), sequence: 1, state: "queued".into() }],
            reference: None,
            packages: vec![package.clone()],
        };
        same::<schema::order::Explained>(&explained);
        for done in [Done::Nothing, Done::Waits { delivery: delivery() }] {
            let (decision, standing) = (decision.clone(), standing(Progress::NotAccepted));
            same::<schema::order::Sent>(&Sent { decision, done, standing, explanation: explanation.clone() });
        }
        same::<schema::order::Explained>(&explained.worded(&Requests));
    }
}

#[test]
fn a_cart_and_its_deliveries_are_described_as_they_are_sent() {
    let exception = PrivateException { name: "our rack".to_owned(), allow: "127.0.0.1/32".to_owned() };
    let (base_url, private) = ("http://127.0.0.1/".to_owned(), vec![exception]);
    let (plain_http, secrets_in_clear) = (Consent::Accepted, Consent::Accepted);
    same::<schema::cart::Binding>(&Binding {
        signed_base_url: Some(base_url.clone()),
        base_url,
        ports: vec![8080],
        private,
        plain_http,
        secrets_in_clear,
    });
    same::<schema::cart::ChangedKey>(&Field { key: "mode".to_owned(), before: None, after: Some("\"live\"".to_owned()) });
    let (slot, field, origins) = ("account".to_owned(), "password".to_owned(), BoundTo::stored("https://shop.example".to_owned()));
    same::<schema::cart::StoredCredential>(&StoredCredential { slot, field, next: false, origins, set_at_unix_ms: 1 });
    for mode in [Mode::Shadow, Mode::OnlyOrders([SenderOrderNumber::new("1021")].into()), Mode::Live] {
        fits(&written(&mode), &written(&schema::cart::Mode::schema()), true).expect("it fits");
    }
    let schemas = &description()["components"]["schemas"];
    for waits in [Waits::Until { due_at_unix_ms: 1 }, Waits::Attempt { due_at_unix_ms: 1 }, Waits::Behind, Waits::Blocked { by: 1 }] {
        fits(&written(&waits), &schemas["QueuedDelivery"]["properties"]["waits"], true).expect("it fits");
    }
    for how in [EndCause::Discarded { who: "a".to_owned(), why: "b".to_owned() }, EndCause::Superseded { by: delivery() }] {
        fits(&written(&how), &schemas["EndedDelivery"]["properties"]["ending"], true).expect("it fits");
    }
}

#[test]
fn what_is_described_otherwise_does_not_fit() {
    let fits = |value: Value| super::described::fits(&value, &written(&schema::order::UpdateOfOrder::schema()), true);
    assert_eq!(fits(json!({ "delivery": "d", "sequence": 1 })), Ok(()));
    for (value, words) in [
        (json!({ "delivery": "d" }), "sequence is missing"),
        (json!({ "delivery": "d", "sequence": -1 }), "not from 0"),
        (json!({ "delivery": "d", "sequence": "1" }), "not of the type"),
        (json!({ "delivery": "d", "sequence": 1, "merged": [] }), "merged is not described"),
        (json!([]), "not of the type"),
    ] {
        let error = fits(value).expect_err(words);
        assert!(error.contains(words), "{error}");
    }
}
