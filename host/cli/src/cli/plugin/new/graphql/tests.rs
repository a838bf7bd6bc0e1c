//! The plugin against a scripted cart.

use super::MyCart;
use cartage_sdk::serde_json::{Value, json};
use cartage_sdk::testing::{Cart, Reply, ScriptedShop, Shop, package, run_cases, update};
use cartage_sdk::{FailureKind, FindingSubject, Update};

/// The shop that the cart script describes.
fn shop() -> Shop<MyCart, ScriptedShop> {
    Cart::of_script("cart-script")
}

fn shipped() -> Update {
    Update { packages: vec![package("UPS", "1Z1"), package("UPS", "1Z2")], ..update("1021", "shipped") }
}

#[test]
fn an_update_sets_the_status_and_adds_each_tracking_number() {
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
    let found = |orders: Value| {
        let reply = Reply::json(200, json!({"data": {"orders": orders}}));
        Cart::<MyCart>::new().rule(move |_| reply.clone()).send(&update("1021", "shipped")).failed().kind
    };
    assert_eq!(found(json!([{"id": "b8", "code": "10211"}])), FailureKind::OrderNotFound);
    assert_eq!(found(json!([{"id": "a7", "code": "1021"}, {"id": "c9", "code": "1021"}])), FailureKind::AmbiguousOrder);
}

#[test]
fn each_answer_has_its_meaning() {
    let errors = |code: &str| Reply::json(200, json!({"errors": [{"message": "no", "extensions": {"code": code}}]}));
    for (reply, kind) in [
        (errors("FORBIDDEN"), FailureKind::Credentials),
        (errors("THROTTLED"), FailureKind::RateLimited),
        (errors("INVALID_TRANSITION"), FailureKind::IllegalTransition),
        (errors("ANYTHING_ELSE"), FailureKind::Protocol),
        (Reply::json(200, json!({"data": {}})), FailureKind::Protocol),
        (Reply::json(404, json!([])), FailureKind::Misconfigured),
        (Reply::json(410, json!([])), FailureKind::Gone),
        (Reply::json(503, json!([])), FailureKind::Unavailable),
        (Reply::lost(), FailureKind::Unavailable),
    ] {
        let cart = Cart::<MyCart>::new().rule(move |_| reply.clone());
        assert_eq!(cart.send(&update("1021", "shipped")).failed().kind, kind);
    }
}

/// A change that was refused, or not confirmed, is not reported as applied.
#[test]
fn a_change_is_done_only_if_its_own_result_says_so() {
    let sent = |result: Value| {
        let cart = Cart::<MyCart>::new().rule(move |seen| {
            let reads = seen.body().contains("query Find");
            let found = json!({"orders": [{"id": "a7", "code": "1021"}]});
            Reply::json(200, json!({"data": if reads { found } else { result.clone() }}))
        });
        cart.send(&update("1021", "shipped"))
    };
    assert_eq!(sent(json!({"setStatus": {"refusal": "the order is closed"}})).failed().kind, FailureKind::InvalidData);
    assert_eq!(sent(json!({"setStatus": null})).failed().kind, FailureKind::Protocol);
    sent(json!({"setStatus": {"refusal": null}})).succeeded();
}

#[test]
fn check_says_whether_the_token_is_taken() {
    let report = shop().check(Some("1021")).succeeded();
    assert_eq!(report.findings[0].about, FindingSubject::Credentials);
    let report = shop().check(Some("7")).succeeded();
    assert_eq!(report.findings[1].about, FindingSubject::Order);
}
