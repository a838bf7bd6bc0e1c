//! The plugin against a scripted cart.

use super::MyCart;
use cartage_sdk::contract::delivery::RetryWish;
use cartage_sdk::http::Method;
use cartage_sdk::serde_json::json;
use cartage_sdk::testing::{Cart, DELIVERY_ID, Expect, Reply, package, run_cases, update};
use cartage_sdk::{FailureKind, FindingSubject, Package, Told, Update};

const URL: &str = "https://shop.example/orders";

fn cart(reply: Reply) -> Cart<MyCart> {
    Cart::new().rule(move |_| reply.clone())
}

#[test]
fn an_update_is_posted_with_its_key_and_its_signature() {
    let told = Package { told: Told::AlreadyTold, ..package("UPS", "1Z1") };
    let update = Update { packages: vec![told, package("UPS", "1Z2")], ..update("1021", "shipped") };
    let body = json!({"order": "1021", "status": "shipped", "note": null, "new_packages": [{"carrier": "UPS", "number": "1Z2"}]});
    let post = Expect::post(URL)
        .header("idempotency-key", DELIVERY_ID)
        // printf %s "$BODY" | openssl dgst -sha256 -hmac "a known key"
        .header("x-signature", "c611e80effb9fbb614f12a2d4193a204d04774f81923b9bc09e5f9be0480cec0")
        .json(body);
    Cart::<MyCart>::new().secret("key", "key", "a known key").expect(post, Reply::status(204)).send(&update).succeeded();
}

/// The answer is lost after the shop has handled the request. The shop recognises the repeat by its key.
#[test]
fn a_repeat_carries_the_same_key() {
    let mut shop = Cart::<MyCart>::new().remembering(Vec::new(), |keys: &mut Vec<String>, seen| {
        keys.extend(seen.header("idempotency-key").map(str::to_owned));
        Reply::status(204)
    });
    assert_eq!(shop.lose_reply(1).send(&update("1021", "shipped")).failed().kind, FailureKind::Unavailable);
    shop.again().succeeded();
    assert_eq!(*shop.state(), [DELIVERY_ID, DELIVERY_ID]);
}

#[test]
fn each_answer_has_its_meaning() {
    for (status, kind) in [
        (302, FailureKind::Protocol),
        (401, FailureKind::Credentials),
        (404, FailureKind::Misconfigured),
        (410, FailureKind::Gone),
        (422, FailureKind::InvalidData),
        (429, FailureKind::RateLimited),
        (503, FailureKind::Unavailable),
    ] {
        assert_eq!(cart(Reply::status(status)).send(&update("1021", "shipped")).failed().kind, kind, "{status}");
    }
    let failure = cart(Reply::status(429).header("retry-after", "7")).send(&update("1021", "shipped")).failed();
    assert_eq!(failure.retry, RetryWish::AfterMs(7000));
}

#[test]
fn check_posts_nothing() {
    let report = Cart::<MyCart>::new().expect(Expect::new(Method::Head, URL), Reply::status(405)).check(None).succeeded();
    assert_eq!(report.findings[0].about, FindingSubject::Reachability);
}

/// The script's own cases. `cartage plugin test` runs them against the built file.
#[test]
fn the_cases_of_the_cart_script_hold() {
    run_cases::<MyCart>("cart-script");
}
