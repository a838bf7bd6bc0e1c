//! The meaning of each answer. The cart script has WooCommerce's own answers; these tests are about servers in front of it, and about edge cases.

use crate::shop::cart;
use cartage_sdk::contract::delivery::RetryWish;
use cartage_sdk::serde_json::{Value, json};
use cartage_sdk::testing::{Reply, update};
use cartage_sdk::{Failure, FailureKind as Kind};

fn failure(reply: Reply) -> Failure {
    cart().rule(move |_| reply.clone()).send(&update("12", "completed")).failed()
}

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, json!({"code": code, "message": message, "data": {"status": status}}))
}

#[test]
fn a_status_without_a_code_is_of_a_server_before_the_shop() {
    for (status, kind) in [
        (301, Kind::Misconfigured),
        (302, Kind::Protocol),
        (308, Kind::Misconfigured),
        (400, Kind::InvalidData),
        (401, Kind::Credentials),
        (402, Kind::Protocol),
        (403, Kind::NotPermitted),
        (404, Kind::Misconfigured),
        (405, Kind::Misconfigured),
        (406, Kind::NotPermitted),
        (408, Kind::Unavailable),
        (409, Kind::OrderBusy),
        (410, Kind::Gone),
        (413, Kind::InvalidData),
        (423, Kind::OrderBusy),
        (425, Kind::Unavailable),
        (429, Kind::RateLimited),
        (499, Kind::Protocol),
        (500, Kind::Unavailable),
        (502, Kind::Unavailable),
        (503, Kind::Unavailable),
        (526, Kind::Unavailable),
    ] {
        let failure = failure(Reply::status(status).header("content-type", "text/html").body("<html>the words</html>"));
        assert_eq!(failure.kind, kind, "{status}");
        assert!(failure.message.contains(&format!("HTTP {status}: <html>the words</html>")), "{}", failure.message);
    }
}

#[test]
fn a_code_counts_before_the_status() {
    for (status, code, message, kind) in [
        (401, "woocommerce_rest_authentication_error", "Invalid timestamp.", Kind::Misconfigured),
        (401, "woocommerce_rest_authentication_error", "Invalid nonce - nonce has already been used.", Kind::Unavailable),
        (401, "woocommerce_rest_authentication_error", "The API key provided does not have read permissions.", Kind::NotPermitted),
        (401, "woocommerce_rest_authentication_error", "Der Consumer-Key ist ung\u{fc}ltig.", Kind::Credentials),
        (401, "rest_not_logged_in", "You are not currently logged in.", Kind::Credentials),
        (403, "rest_forbidden", "Sorry, you are not allowed to do that.", Kind::NotPermitted),
        (404, "rest_no_route", "No route was found matching the URL and request method.", Kind::Misconfigured),
        (400, "rest_missing_callback_param", "Missing parameter(s): note", Kind::InvalidData),
        (400, "rest_invalid_json", "Invalid JSON body passed.", Kind::Protocol),
        (400, "rest_invalid_param", "Invalid parameter(s): per_page", Kind::InvalidData),
        (400, "woocommerce_rest_something_new", "No.", Kind::InvalidData),
        (404, "woocommerce_rest_something_new", "No.", Kind::Protocol),
        (410, "woocommerce_rest_something_new", "No.", Kind::Protocol),
        (500, "internal_server_error", "<p>There has been a critical error on this website.</p>", Kind::Unavailable),
        // A body, sent with status 200, that states the real status.
        (200, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.", Kind::Protocol),
    ] {
        let failure = failure(refusal(status, code, message));
        assert_eq!(failure.kind, kind, "{status} {code}: {}", failure.message);
        assert!(failure.message.contains(&format!("HTTP {status} ({code})")), "{}", failure.message);
    }
}

#[test]
fn a_key_that_the_shop_does_not_see_is_told_of() {
    let refused = |cart: cartage_sdk::testing::Cart<woocommerce::WooCommerce>| {
        let failure = cart.rule(|_| refusal(401, "woocommerce_rest_cannot_view", "Sorry.")).send(&update("12", "completed")).failed();
        assert_eq!(failure.kind, Kind::Credentials);
        failure.message.clone()
    };
    assert!(refused(cart()).contains("does not pass the header Authorization on"));
    let signed = cartage_sdk::testing::Cart::new().without_slot("key").bind("api", "http://shop.example/wp-json/wc/v3");
    assert!(!refused(signed).contains("signed-key"));
}

#[test]
fn a_wish_to_be_left_alone_is_kept_where_it_is_for_now() {
    for (status, wish) in
        [(429, RetryWish::AfterMs(120_000)), (503, RetryWish::AfterMs(120_000)), (403, RetryWish::Never), (404, RetryWish::Default)]
    {
        let failure = failure(Reply::text(status, "later").header("retry-after", "120"));
        assert_eq!(failure.retry, wish, "{status}");
    }
}

#[test]
fn what_is_not_the_order_is_not_believed() {
    let order = json!({"id": 12, "number": "12", "status": "processing"});
    let with = |name: &str, value: Value| {
        let mut other = order.clone();
        other[name] = value;
        other
    };
    for body in
        [json!({}), json!([]), json!(null), json!([order]), with("id", json!(13)), with("status", json!(null)), with("number", json!({}))]
    {
        let read = failure(Reply::json(200, body.clone()));
        assert_eq!(read.kind, Kind::Protocol, "{body}");
        // The same body in reply to the change.
        let (order, reply) = (order.clone(), Reply::json(200, body.clone()));
        let answer =
            move |seen: &cartage_sdk::testing::Seen| if seen.json().is_some() { reply.clone() } else { Reply::json(200, order.clone()) };
        let run = cart().rule(answer).send(&update("12", "completed"));
        assert_eq!((run.requests.len(), run.failed().kind), (2, Kind::Protocol), "{body}");
    }
    for reply in [Reply::text(200, "{}"), Reply::status(200).header("content-type", "application/json").body("{\"id\": 12, \"num")] {
        assert_eq!(failure(reply).kind, Kind::Protocol);
    }
}

#[test]
fn a_status_that_the_shop_did_not_keep_is_no_success() {
    let order = json!({"id": 12, "number": "12", "status": "processing"});
    let run = cart().rule(move |_| Reply::json(200, order.clone())).send(&update("12", "completed"));
    let failure = run.failed();
    assert_eq!((failure.kind, failure.reference.as_deref()), (Kind::IllegalTransition, Some("12")));
    assert!(failure.message.contains("the order is processing"), "{}", failure.message);
}

#[test]
fn the_cases_of_the_cart_script_hold() {
    cartage_sdk::testing::run_cases::<woocommerce::WooCommerce>("cart-script");
}
