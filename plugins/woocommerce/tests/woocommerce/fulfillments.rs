//! Packages as fulfilments.

use crate::shop::{Order, cart, line, shop};
use cartage_sdk::serde_json::{Value, json};
use cartage_sdk::testing::{self, package, update};
use cartage_sdk::{Content, FailureKind, Package, Told, Update};
use woocommerce::WooCommerce;

fn usual() -> testing::Shop<WooCommerce, Vec<Order>> {
    shop(cart().set("tracking", "fulfillments"), [Order::new(12, "12")])
}

fn shipped(packages: Vec<Package>) -> Update {
    Update { packages, ..update("12", "completed") }
}

fn content(line: Option<&str>, sku: Option<&str>, quantity: &str) -> Content {
    Content { web_line_id: line.map(str::to_owned), reference_line_id: None, sku: sku.map(str::to_owned), quantity: quantity.to_owned() }
}

fn holding(number: &str, contents: Vec<Content>) -> Package {
    Package { contents, ..package("UPS", number) }
}

fn meta(order: &Order, at: usize, key: &str) -> Value {
    let meta = order.fulfillments[at].as_ref().expect("it is there");
    let found = meta.as_array().expect("meta data is a list").iter().find(|meta| meta["key"] == key);
    found.map_or(Value::Null, |meta| meta["value"].clone())
}

#[test]
fn a_package_without_contents_holds_all_that_is_open() {
    let mut shop = usual();
    shop.state_mut()[0].fulfillments.push(Some(json!([{"id": 1, "key": "_items", "value": [{"item_id": 11, "qty": 1}]}])));
    let linked = Package { tracking_url: Some("https://track.example/1".to_owned()), ..package("Royal Mail", "1Z1") };
    let applied = shop.send(&shipped(vec![linked])).succeeded();
    assert_eq!(applied.packages[0].reference.as_deref(), Some("2"));
    let order = &shop.state()[0];
    assert_eq!(meta(order, 1, "_items"), json!([{"item_id": 11, "qty": 1}, {"item_id": 12, "qty": 1}]));
    assert_eq!(meta(order, 1, "_tracking_number"), "1Z1");
    assert_eq!(
        (meta(order, 1, "_shipping_provider"), meta(order, 1, "_tracking_url")),
        (json!("royal-mail"), json!("https://track.example/1"))
    );
    assert_eq!((order.status.as_str(), order.notes.len()), ("completed", 0), "a fulfilment needs no note");
    assert_eq!(order.items(), json!([]));
}

#[test]
fn contents_are_the_order_s_lines() {
    let mut shop = usual();
    let packages = vec![
        holding("1Z1", vec![content(Some("11"), None, "1"), content(None, Some("HAT"), "0.5")]),
        holding("1Z2", vec![content(Some("OM-7"), Some("SHRT"), "1")]),
    ];
    shop.send(&shipped(packages)).succeeded();
    let order = &shop.state()[0];
    assert_eq!(meta(order, 0, "_items"), json!([{"item_id": 11, "qty": 1}, {"item_id": 12, "qty": 0.5}]));
    assert_eq!(meta(order, 1, "_items"), json!([{"item_id": 11, "qty": 1}]));
}

#[test]
fn contents_that_are_not_understood_are_refused_before_anything_is_written() {
    let doubled = Order { lines: vec![line(11, "SHRT", 1), line(12, "SHRT", 1)], ..Order::new(12, "12") };
    for contents in [
        vec![content(Some("99"), None, "1")],
        vec![content(None, Some("SHRT"), "1")],
        vec![content(None, None, "1")],
        vec![content(Some("11"), None, "0")],
        vec![content(Some("11"), None, "-1")],
    ] {
        let mut shop = shop(cart().set("tracking", "fulfillments"), [doubled.clone()]);
        let packages = vec![holding("1Z1", vec![content(Some("11"), None, "1")]), holding("1Z2", contents)];
        let failure = shop.send(&shipped(packages)).failed();
        assert_eq!(failure.kind, FailureKind::InvalidData, "{}", failure.message);
        assert_eq!((shop.state()[0].fulfillments.len(), shop.state()[0].status.as_str()), (0, "processing"));
    }
    let mut shop = usual();
    let failure = shop.send(&shipped(vec![package("UPS", "1Z1"), package("UPS", "1Z2")])).failed();
    assert!(failure.message.contains("2 packages") && failure.message.contains("order-meta"), "{}", failure.message);
    assert_eq!(shop.state()[0].fulfillments.len(), 0);
}

#[test]
fn all_items_are_in_a_fulfilment_already() {
    let mut shop = usual();
    shop.send(&shipped(vec![package("UPS", "1Z1")])).succeeded();
    let failure = shop.send(&shipped(vec![package("UPS", "1Z2")])).failed();
    assert_eq!(failure.kind, FailureKind::InvalidData);
    assert_eq!(shop.state()[0].fulfillments.len(), 1);
}

#[test]
fn a_reply_that_is_lost_leads_to_no_second_fulfilment() {
    let two = || shipped(vec![holding("1Z1", vec![content(Some("11"), None, "1")]), holding("1Z2", vec![content(Some("12"), None, "1")])]);
    // The requests are: read, list, two fulfilments, change.
    for lost in 1..=5 {
        let mut shop = usual();
        shop.lose_reply(lost).send(&two()).failed();
        shop.again().succeeded();
        assert_eq!((shop.state()[0].fulfillments.len(), shop.state()[0].status.as_str()), (2, "completed"), "request {lost}");
    }
}

#[test]
fn a_fulfilment_is_corrected_and_removed_by_its_id_or_its_number() {
    for reference in [None, Some("1".to_owned())] {
        let mut shop = usual();
        shop.send(&shipped(vec![holding("1Z1", vec![content(Some("11"), None, "1")])])).succeeded();
        shop.state_mut()[0].fulfillments[0]
            .as_mut()
            .and_then(Value::as_array_mut)
            .expect("a list")
            .push(json!({"key": "_theirs", "value": "x"}));
        let corrected = Package {
            told: Told::NumberCorrected,
            told_number: Some("1Z1".to_owned()),
            known_reference: reference.clone(),
            ..package("FedEx", "1Z2")
        };
        shop.send(&shipped(vec![corrected])).succeeded();
        let order = shop.state()[0].clone();
        assert_eq!((meta(&order, 0, "_tracking_number"), meta(&order, 0, "_shipping_provider")), (json!("1Z2"), json!("fedex")));
        assert_eq!((meta(&order, 0, "_items"), meta(&order, 0, "_theirs")), (json!([{"item_id": 11, "qty": 1}]), json!("x")));
        let withdrawn = Package { told: Told::Withdrawn, known_reference: reference, ..package("UPS", "1Z2") };
        shop.send(&shipped(vec![withdrawn.clone()])).succeeded();
        assert!(shop.state()[0].fulfillments[0].is_none());
        shop.send(&shipped(vec![withdrawn])).succeeded();
    }
}

#[test]
fn the_customer_is_notified_only_if_the_update_says_so() {
    for (notify, said) in [(Some(true), true), (Some(false), false), (None, false)] {
        let run = usual().send(&Update { notify_customer: notify, ..shipped(vec![package("UPS", "1Z1")]) });
        let made = &run.requests[2];
        assert_eq!(made.url().contains("notify_customer=true"), said, "{}", made.url());
        assert_eq!(made.url().contains("notify_customer"), said, "WooCommerce reads any value as a yes");
        run.succeeded();
    }
}

#[test]
fn more_packages_than_a_call_has_requests_take_several_calls() {
    let lines: Vec<Value> = (1..=40).map(|id| line(id, "", 1)).collect();
    let mut shop = shop(cart().set("tracking", "fulfillments"), [Order { lines, ..Order::new(12, "12") }]);
    let packages = (1..=40).map(|at| holding(&format!("1Z{at}"), vec![content(Some(&at.to_string()), None, "1")]));
    let mut run = shop.send(&Update { note: Some("Sent".to_owned()), ..shipped(packages.collect()) });
    let mut calls = 1;
    while let Err(failure) = &run.outcome {
        assert_eq!(failure.kind, FailureKind::Pending, "{}", failure.message);
        run = shop.again();
        calls += 1;
        assert!(calls < 6, "each call makes some");
    }
    assert_eq!(calls, 4);
    let order = &shop.state()[0];
    assert_eq!((order.fulfillments.len(), order.status.as_str(), order.notes.len()), (40, "completed", 1));
}

#[test]
fn an_order_with_500_lines_is_read() {
    let lines: Vec<Value> =
        (1..=500).map(|id| json!({"id": id, "sku": format!("SKU-{id}"), "quantity": 1, "name": "x".repeat(900)})).collect();
    let mut shop = shop(cart().set("tracking", "fulfillments"), [Order { lines, ..Order::new(12, "12") }]);
    shop.send(&shipped(vec![package("UPS", "1Z1")])).succeeded();
    assert_eq!(meta(&shop.state()[0], 0, "_items").as_array().map(Vec::len), Some(500));
}
