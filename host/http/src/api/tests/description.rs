//! The served description and the guide state what the router does, and nothing else.

use super::*;
use crate::api::openapi;
use crate::api::problem::Kind;
use crate::api::route::Run;
use crate::api::routes::ROUTES;
use std::collections::BTreeSet;

const GUIDE: &str = include_str!("../../../../../docs/http-api.md");

fn description() -> Value {
    serde_json::from_str(openapi::description(ROUTES)).expect("the description is JSON")
}

/// The names of an operation's parameters of one kind.
fn parameters<'a>(operation: &'a Value, kind: &str) -> BTreeSet<&'a str> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    all.filter(|one| one["in"] == kind).filter_map(|one| one["name"].as_str()).collect()
}

#[test]
fn every_route_is_described_as_it_is() {
    let description = description();
    for route in ROUTES {
        let (method, path) = (route.method.as_str().to_lowercase(), route.path);
        let operation = &description["paths"][path][&method];
        assert!(operation["summary"].is_string(), "{method} {path} is not described");
        let role = match route.run {
            Run::Open(_) => Value::Null,
            Run::Machine(_) => openapi::MACHINE.into(),
            Run::For(role, _) | Run::Page(role, _) => role.as_str().into(),
        };
        assert_eq!(operation["x-role"], role, "{method} {path}");
        assert_eq!(
            operation["security"],
            if role.is_null() || role == openapi::MACHINE { json!([]) } else { json!([{ "token": [] }]) },
            "{method} {path}"
        );
        assert_eq!(parameters(operation, "query"), route.query.iter().copied().collect(), "{method} {path}");
        let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(parameters(operation, "path"), in_path, "{method} {path}");
        let body = operation["requestBody"]["content"].as_object().map(|content| content.keys().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(body, route.takes.parts().map(|(media_type, _)| vec![media_type]), "{method} {path}");
    }
}

#[test]
fn nothing_else_is_described() {
    let description = description();
    let mut described = 0;
    for (path, item) in description["paths"].as_object().expect("there are paths") {
        for method in item.as_object().expect("a path has operations").keys() {
            let found = ROUTES.iter().any(|route| route.path == path && route.method.as_str().to_lowercase() == *method);
            assert!(found, "{method} {path} is described, and the router does not know it");
            described += 1;
        }
    }
    assert_eq!(described, ROUTES.len(), "a route stands in the table once");
}

#[test]
fn every_reference_of_the_description_leads_somewhere_and_each_operation_has_a_name() {
    let description = description();
    let (mut open, mut names) = (vec![&description], BTreeSet::new());
    while let Some(value) = open.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let place = reference.strip_prefix('#').expect("it is in this document");
            assert!(description.pointer(place).is_some(), "{reference}");
        }
        if let Some(name) = value.get("operationId").and_then(Value::as_str) {
            assert!(names.insert(name), "{name} is the name of two operations");
        }
        match value {
            Value::Object(members) => open.extend(members.values()),
            Value::Array(items) => open.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    assert_eq!(names.len(), ROUTES.len());
}

#[test]
fn the_limits_that_are_described_are_those_that_hold() {
    use crate::api::{cursor, deliveries, merchant, updates};
    let description = description();
    let at = |place: &str| description.pointer(place).and_then(Value::as_u64);
    let schemas = "/components/schemas";
    assert_eq!(at(&format!("{schemas}/Batch/properties/updates/maxItems")), Some(updates::BATCH_UPDATES_MAX as u64));
    assert_eq!(at(&format!("{schemas}/StatusUpdate/properties/packages/maxItems")), Some(cartage_policy::validate::PACKAGES_MAX as u64));
    assert_eq!(
        at(&format!("{schemas}/StatusUpdate/properties/line_items/maxItems")),
        Some(cartage_policy::validate::LINE_ITEMS_MAX as u64)
    );
    let listed = &description["paths"]["/v1/deliveries"]["get"]["parameters"];
    let schema = |name: &str| listed.as_array().and_then(|all| all.iter().find(|one| one["name"] == name)).map(|one| &one["schema"]);
    assert_eq!(
        schema("limit").map(|schema| (&schema["maximum"], &schema["default"])),
        Some((&json!(deliveries::PAGE_MAX), &json!(deliveries::PAGE_USUAL)))
    );
    assert_eq!(schema("cursor").map(|schema| &schema["maxLength"]), Some(&json!(cursor::CURSOR_CHARS_MAX)));
    let labels = &description["paths"]["/v1/labels"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(labels["properties"]["labels"]["maxItems"], merchant::LABELS_MAX);
}

#[test]
fn the_guide_has_a_section_for_each_problem_and_an_example_of_each_route() {
    for kind in Kind::ALL {
        let (status, slug, _) = kind.parts();
        let heading = format!("\n### {slug}\n");
        let section = GUIDE.split(&heading).nth(1).unwrap_or_else(|| panic!("docs/http-api.md has no section {slug}"));
        assert!(section.trim_start().starts_with(&format!("{}", status.as_u16())), "the section {slug} begins with its status");
    }
    for route in ROUTES {
        let asked = format!("`{} {}`", route.method, route.path);
        assert!(GUIDE.contains(&asked), "docs/http-api.md does not name {asked}");
    }
}

#[tokio::test]
async fn the_description_is_served() {
    let desk = Desk::new().await;
    let token = desk.token("default", Role::Sender).await;
    let reply = desk.ask(get("/v1/openapi.json").by(&token)).await.is(StatusCode::OK);
    assert_eq!((reply.json["openapi"].as_str(), reply.headers["content-type"].to_str().ok()), (Some("3.1.0"), Some("application/json")));
}
