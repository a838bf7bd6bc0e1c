//! The plugin against a scripted cart.

use super::MyCart;
use cartage_sdk::serde_json::{Value, json};
use cartage_sdk::testing::{Cart, Expect, Reply, ScriptedShop, Shop, package, run_cases, update};
use cartage_sdk::{FailureKind, FindingSubject, Update};

/// The shop that the cart script describes.
fn shop() -> Shop<MyCart, ScriptedShop> {
    Cart::of_script("cart-script")
}

fn shipped() -> Update {
    Update { packages: vec![package("UPS", "1Z1"), package("UPS", "1Z2")], ..update("1021", "shipped") }
}

#[test]
fn an_update_sets_the_status_and_adds_each_shipment() {
    let mut shop = shop();
    let applied = shop.send(&shipped()).succeeded();
    assert_eq!(applied.reference.as_deref(), Some("a1"));
    let effects = shop.state().effects();
    assert_eq!(effects, ["status of order 1021 is shipped", "shipment 1Z1 of order 1021", "shipment 1Z2 of order 1021"]);
}

/// The script's own cases. `cartage plugin test` runs them against the built file.
#[test]
fn the_cases_of_the_cart_script_hold() {
    run_cases::<MyCart>("cart-script");
}

/// Each answer is lost in turn, after the shop has handled the request. The repeat adds nothing twice.
#[test]
fn a_repeat_adds_nothing_twice() {
    for lost in 1..=4 {
        let mut shop = shop();
        let failure = shop.lose_reply(lost).send(&shipped()).failed();
        assert_eq!(failure.kind, FailureKind::Unavailable, "request {lost}");
        shop.again().succeeded();
        assert_eq!(shop.state().done_twice(), [""; 0], "request {lost}");
    }
}

#[test]
fn an_order_is_found_exactly_or_not_at_all() {
    let found = |orders: Value| Cart::<MyCart>::new().rule(move |_| Reply::json(200, orders.clone())).send(&update("1021", "shipped"));
    assert_eq!(found(json!([{"id": "b8", "number": "10211"}])).failed().kind, FailureKind::OrderNotFound);
    let twice = json!([{"id": "a7", "number": "1021"}, {"id": "c9", "number": "1021"}]);
    assert_eq!(found(twice).failed().kind, FailureKind::AmbiguousOrder);
}

#[test]
fn each_answer_has_its_meaning() {
    for (reply, kind) in [
        (Reply::json(200, json!({"error": "no such status"})), FailureKind::InvalidData),
        (Reply::json(401, json!({})), FailureKind::Credentials),
        (Reply::json(403, json!({})), FailureKind::NotPermitted),
        (Reply::json(409, json!({})), FailureKind::IllegalTransition),
        (Reply::json(410, json!({})), FailureKind::Gone),
        (Reply::json(429, json!({})), FailureKind::RateLimited),
        (Reply::json(503, json!({})), FailureKind::Unavailable),
        // An HTML page with status 200 is not an answer of the interface.
        (Reply::status(200).header("content-type", "text/html").body("<html>"), FailureKind::Protocol),
        (Reply::lost(), FailureKind::Unavailable),
    ] {
        let cart = Cart::<MyCart>::new().rule(move |_| reply.clone());
        assert_eq!(cart.send(&update("1021", "shipped")).failed().kind, kind);
    }
}

#[test]
fn check_says_whether_the_token_is_taken() {
    let version = Expect::get("https://shop.example/api/version").header("authorization", "Bearer [token.token]");
    let report = Cart::<MyCart>::new().expect(version, Reply::json(200, json!({"version": "3.1"}))).check(None).succeeded();
    assert_eq!(report.findings[0].about, FindingSubject::Credentials);
}
