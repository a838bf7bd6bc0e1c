//! `check` and the list of statuses.

use crate::shop::{BASE, Order, cart, shop};
use cartage_sdk::contract::delivery::FindingLevel;
use cartage_sdk::serde_json::json;
use cartage_sdk::testing::{Cart, Expect, Reply};
use cartage_sdk::{ChoicesOf, FailureKind, FindingSubject, PackageSeen};
use woocommerce::WooCommerce;

fn currency() -> Expect {
    Expect::get(&format!("{BASE}/data/currencies/current?_fields=code"))
}

fn takes_the_key() -> Cart<WooCommerce> {
    cart().expect(currency(), Reply::json(200, json!({"code": "EUR"})))
}

#[test]
fn check_says_that_the_key_is_taken_and_what_it_cannot_know() {
    let report = takes_the_key().check(None).succeeded();
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.level, finding.about)).collect();
    assert_eq!(found, [(FindingLevel::Fine, FindingSubject::Credentials), (FindingLevel::Warning, FindingSubject::Permissions)]);
}

#[test]
fn check_shows_the_order_with_its_packages() {
    let items =
        json!([{"tracking_number": "1Z1", "tracking_provider": "ups"}, {"tracking_number": "V2", "custom_tracking_provider": "Our Van"}]);
    let meta = vec![json!({"key": crate::shop::META, "value": items})];
    let mut with_meta = shop(takes_the_key(), [Order { meta, ..Order::new(12, "12") }]);
    let seen = with_meta.check(Some("12")).succeeded().order.clone().expect("the order is there");
    assert_eq!((seen.reference.as_deref(), seen.status.as_deref()), (Some("12"), Some("processing")));
    let package = |carrier: &str, number: &str| PackageSeen { carrier: Some(carrier.to_owned()), tracking_number: Some(number.to_owned()) };
    assert_eq!(seen.packages, [package("ups", "1Z1"), package("Our Van", "V2")]);
    assert_eq!(seen.details, [("created".to_owned(), "2026-01-02T10:00:00".to_owned())]);
    let meta = json!([{"key": "_tracking_number", "value": "1Z1"}, {"key": "_shipping_provider", "value": "ups"}]);
    let fulfilled = Order { fulfillments: vec![Some(meta)], ..Order::new(12, "12") };
    let mut with_fulfillments = shop(takes_the_key().set("tracking", "fulfillments"), [fulfilled]);
    assert_eq!(with_fulfillments.check(Some("12")).succeeded().order.as_ref().map(|seen| seen.packages.len()), Some(1));
}

#[test]
fn check_makes_a_finding_of_each_refusal() {
    for (reply, about) in [
        (Reply::json(401, json!({"code": "woocommerce_rest_cannot_view", "message": "Sorry."})), FindingSubject::Credentials),
        (Reply::text(403, "blocked"), FindingSubject::Permissions),
        (Reply::text(404, "not found"), FindingSubject::Settings),
        (Reply::text(503, "maintenance"), FindingSubject::Reachability),
    ] {
        let report = cart().expect(currency(), reply).check(Some("12")).succeeded();
        let finding = report.findings.last().expect("something was found");
        assert_eq!((finding.level, finding.about, report.order.is_none()), (FindingLevel::Problem, about, true), "{}", finding.message);
    }
    let report = shop(takes_the_key(), [Order::new(12, "9001")]).check(Some("12")).succeeded();
    let finding = report.findings.last().expect("something was found");
    assert_eq!((finding.level, finding.about), (FindingLevel::Problem, FindingSubject::Order));
}

#[test]
fn statuses_are_those_of_the_shop() {
    let list = json!([{"slug": "processing", "name": "Processing"}, {"slug": "packed", "name": "", "total": 3}]);
    let asked = Expect::get(&format!("{BASE}/orders/statuses?_fields=slug%2Cname"));
    let choices = cart().expect(asked.clone(), Reply::json(200, list.clone())).list_choices(ChoicesOf::Statuses).succeeded();
    let shown: Vec<_> = choices.iter().map(|choice| (choice.value.as_str(), choice.title.as_deref())).collect();
    assert_eq!(shown, [("processing", Some("Processing")), ("packed", None)]);
    // WooCommerce before version 9 has no such route.
    let no_route = Reply::json(404, json!({"code": "rest_no_route", "message": "No route was found.", "data": {"status": 404}}));
    let totals = Expect::get(&format!("{BASE}/reports/orders/totals?_fields=slug%2Cname"));
    let older = cart().expect(asked.clone(), no_route).expect(totals, Reply::json(200, list)).list_choices(ChoicesOf::Statuses);
    assert_eq!(older.succeeded().len(), 2);
    for body in [json!([]), json!({}), json!([{"name": "x"}])] {
        let failure = cart().expect(asked.clone(), Reply::json(200, body)).list_choices(ChoicesOf::Statuses).failed();
        assert_eq!(failure.kind, FailureKind::Protocol);
    }
}
