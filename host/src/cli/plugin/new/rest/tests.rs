//! The plugin against a scripted cart.

use super::MyCart;
use cartage_sdk::http::Method;
use cartage_sdk::serde_json::{Value, json};
use cartage_sdk::testing::{Cart, Expect, Reply, Seen, Shop, package, update};
use cartage_sdk::{FailureKind, FindingSubject, Update};

/// What the made-up shop remembers.
#[derive(Debug, Default)]
struct State {
    status: String,
    shipments: Vec<String>,
}

/// A shop with the order 1021.
fn shop() -> Shop<MyCart, State> {
    Cart::new().remembering(State::default(), answer)
}

fn answer(state: &mut State, seen: &Seen) -> Reply {
    let body = seen.json().unwrap_or(Value::Null);
    match (seen.method(), seen.url().trim_start_matches("https://shop.example/api")) {
        (Method::Get, "/orders?number=1021") => Reply::json(200, json!([{"id": "a7", "number": "1021"}, {"id": "b8", "number": "10211"}])),
        (Method::Get, "/orders/a7/shipments") => Reply::json(200, state.shipments.clone()),
        (Method::Put, "/orders/a7/status") => {
            state.status = body["status"].as_str().unwrap_or_default().to_owned();
            Reply::json(200, json!({}))
        }
        (Method::Post, "/orders/a7/shipments") => {
            state.shipments.extend(body["number"].as_str().map(str::to_owned));
            Reply::json(201, json!({}))
        }
        _ => Reply::json(404, json!({"error": "there is nothing of that name"})),
    }
}

fn shipped() -> Update {
    Update { packages: vec![package("UPS", "1Z1"), package("UPS", "1Z2")], ..update("1021", "shipped") }
}

#[test]
fn an_update_sets_the_status_and_adds_each_shipment() {
    let mut shop = shop();
    let applied = shop.send(&shipped()).succeeded();
    assert_eq!(applied.reference.as_deref(), Some("a7"));
    assert_eq!((shop.state().status.as_str(), shop.state().shipments.join(" ")), ("shipped", "1Z1 1Z2".to_owned()));
}

/// Each answer is lost in turn, after the shop has done what it was asked. The repeat adds nothing twice.
#[test]
fn a_repeat_adds_nothing_twice() {
    for lost in 1..=4 {
        let mut shop = shop();
        let failure = shop.lose_reply(lost).send(&shipped()).failed();
        assert_eq!(failure.kind, FailureKind::Unavailable, "request {lost}");
        shop.again().succeeded();
        assert_eq!(shop.state().shipments, ["1Z1", "1Z2"], "request {lost}");
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
        // A page for people, with status 200, is no answer of the interface.
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
