//! The posts, the outcome of each answer, and repeated posts.

mod updates;

use cartage_sdk::contract::delivery::{FindingLevel, RetryWish};
use cartage_sdk::http::{ErrorKind, Method, Reach};
use cartage_sdk::testing::{Cart, DELIVERY_ID, Expect, Reply, run_cases, update};
use cartage_sdk::{FailureKind, FindingSubject};
use webhook::Webhook;

fn cart(reply: Reply) -> Cart<Webhook> {
    Cart::new().rule(move |_| reply.clone())
}

/// The signatures are right: `openssl dgst -sha256 -mac HMAC -macopt key:placeholder -binary | base64` makes the same of `ID.TIMESTAMP.BODY`.
#[test]
fn golden_posts() {
    for (name, update) in updates::golden() {
        let run = cart(Reply::status(204)).send(&update);
        assert_eq!(run.requests.len(), 1, "{name}");
        run.requests[0].assert_golden(format!("tests/golden/{name}.http"));
        run.succeeded();
    }
}

#[test]
fn every_2xx_is_applied_and_nothing_else_is() {
    for status in [200, 201, 202, 204, 299] {
        for body in ["", "ok", "{\"received\": true}"] {
            cart(Reply::text(status, body)).send(&update("1001", "Shipped")).succeeded();
        }
    }
    use FailureKind::{Credentials, Gone, InvalidData, Misconfigured, OrderBusy, Protocol, RateLimited, Unavailable};
    for (status, kind) in [
        (300, Protocol),
        (301, Misconfigured),
        (302, Protocol),
        (308, Misconfigured),
        (400, InvalidData),
        (401, Credentials),
        (402, Protocol),
        (403, Credentials),
        (404, Misconfigured),
        (405, Misconfigured),
        (408, Unavailable),
        (409, OrderBusy),
        (410, Gone),
        (413, InvalidData),
        (422, InvalidData),
        (423, OrderBusy),
        (425, Unavailable),
        (429, RateLimited),
        (499, Protocol),
        (500, Unavailable),
        (503, Unavailable),
        (599, Unavailable),
    ] {
        let failure = cart(Reply::text(status, "the words")).send(&update("1001", "Shipped")).failed();
        assert_eq!(failure.kind, kind, "{status}");
        assert!(failure.message.ends_with(&format!("the receiver answered HTTP {status}: the words")), "{}", failure.message);
    }
}

#[test]
fn a_front_page_is_no_receiver_s_answer() {
    for page in ["<!DOCTYPE html><title>Shop</title>", "\n <HTML>\n", "<html lang=en>"] {
        let failure = cart(Reply::text(200, page)).send(&update("1001", "Shipped")).failed();
        assert_eq!(failure.kind, FailureKind::Protocol, "{page}");
    }
    for answer in ["<ok/>", "<!DOCTYPE", "html"] {
        cart(Reply::text(200, answer)).send(&update("1001", "Shipped")).succeeded();
    }
}

#[test]
fn a_wish_to_be_left_alone_is_kept() {
    for (status, kind) in [(429, FailureKind::RateLimited), (503, FailureKind::Unavailable)] {
        let failure = cart(Reply::status(status).header("retry-after", "7")).send(&update("1001", "Shipped")).failed();
        assert_eq!((failure.kind, &failure.retry), (kind, &RetryWish::AfterMs(7000)));
        let failure = cart(Reply::status(status)).send(&update("1001", "Shipped")).failed();
        assert_eq!((failure.kind, &failure.retry), (kind, &RetryWish::Default));
    }
}

#[test]
fn an_answer_that_did_not_come_whole_applies_nothing() {
    for (error, kind) in [
        (ErrorKind::Connect, FailureKind::Unavailable),
        (ErrorKind::Timeout, FailureKind::Unavailable),
        (ErrorKind::Interrupted, FailureKind::Unavailable),
        (ErrorKind::ResponseTooLarge, FailureKind::Protocol),
        (ErrorKind::ResponseInvalid, FailureKind::Protocol),
    ] {
        assert_eq!(cart(Reply::error(error, Reach::MaybeSent)).send(&update("1001", "Shipped")).failed().kind, kind, "{error}");
    }
}

/// A receiver keeps the ids that it has seen, as Standard Webhooks advises. So an update whose answer was lost is processed once.
#[test]
fn a_repeat_carries_the_same_id_and_body() {
    let mut receiver = Cart::<Webhook>::new().remembering(Vec::new(), |seen: &mut Vec<(String, String)>, post| {
        seen.push((post.header("webhook-id").unwrap_or_default().to_owned(), post.body()));
        Reply::status(204)
    });
    let lost = receiver.lose_reply(1).send(&updates::full()).failed();
    assert_eq!(lost.kind, FailureKind::Unavailable);
    receiver.again().succeeded();
    receiver.send(&update("100-A", "Order Closed")).succeeded();
    let seen = receiver.state();
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].0, DELIVERY_ID);
    assert_ne!(seen[1].0, seen[2].0, "the next update has an id of its own");
}

#[test]
fn a_check_posts_nothing() {
    let ask = |status| {
        let expected = Expect::new(Method::Head, "https://shop.example/webhooks/orders");
        Cart::<Webhook>::new().expect(expected, Reply::status(status)).check(Some("1001")).succeeded()
    };
    for (status, level) in [
        (200, FindingLevel::Fine),
        (404, FindingLevel::Fine),
        (405, FindingLevel::Fine),
        (410, FindingLevel::Problem),
        (503, FindingLevel::Warning),
    ] {
        let report = ask(status);
        let found: Vec<_> = report.findings.iter().map(|finding| (finding.level, finding.about)).collect();
        assert_eq!(
            found,
            [
                (level, FindingSubject::Reachability),
                (FindingLevel::Warning, FindingSubject::Credentials),
                (FindingLevel::Warning, FindingSubject::Order)
            ],
            "{status}"
        );
    }
    let unreachable = cart(Reply::error(ErrorKind::Dns, Reach::NothingSent)).check(None).failed();
    assert_eq!(unreachable.kind, FailureKind::Unavailable);
}

#[test]
fn the_cases_of_the_cart_script_hold() {
    run_cases::<Webhook>("cart-script");
}
