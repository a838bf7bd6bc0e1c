//! What is posted, what each answer comes to, and what a repeat looks like.

use cartage_sdk::contract::delivery::{FindingLevel, RetryWish};
use cartage_sdk::http::{ErrorKind, Method, Reach};
use cartage_sdk::testing::{Cart, DELIVERY_ID, Expect, Reply, package, run_cases, update};
use cartage_sdk::{CivilTime, Content, FailureKind, FindingSubject, LineItem, LinePackage, Package, Told, Update};
use webhook::Webhook;

fn cart(reply: Reply) -> Cart<Webhook> {
    Cart::new().rule(move |_| reply.clone())
}

/// An update with everything that a sender can say.
fn full() -> Update {
    let start = update("100-A", "Order \"Shipped\"");
    Update {
        reference_number: Some("77".to_owned()),
        previous_label: Some("Order Packed".to_owned()),
        changed_at: CivilTime { utc_offset_minutes: Some(-240), ..start.changed_at },
        note: Some("Ring twice\nJosé's café 😀".to_owned()),
        comments: Some("a & b".to_owned()),
        notify_customer: Some(true),
        packages: vec![
            Package {
                id: Some("P-1".to_owned()),
                contents: vec![Content {
                    web_line_id: None,
                    reference_line_id: None,
                    sku: Some("SHRT".to_owned()),
                    quantity: "1.5".to_owned(),
                }],
                ..package("UPS", "1Z9876")
            },
            Package { told: Told::NumberCorrected, told_number: Some("1Z0".to_owned()), ..package("FedEx", "1Z1") },
            Package { told: Told::Withdrawn, ..package("UPS", "1Z2") },
        ],
        packages_complete: Some(true),
        line_items: vec![LineItem {
            web_line_id: Some("501".to_owned()),
            reference_line_id: None,
            sku: Some("SHRT".to_owned()),
            label: Some("Item Shipped".to_owned()),
            status: None,
            ordered: Some("2".to_owned()),
            shipped: Some("1.5".to_owned()),
            needed: None,
            note: None,
            packages: vec![LinePackage { package_id: "P-1".to_owned(), quantity: "1.5".to_owned() }],
            extra: Vec::new(),
        }],
        ..start
    }
}

/// The signatures are right: `openssl dgst -sha256 -mac HMAC -macopt key:placeholder -binary | base64` makes the same of `ID.TIMESTAMP.BODY`.
#[test]
fn golden_posts() {
    let tracking_only = Update { status: None, packages: vec![package("UPS", "1Z9876")], ..update("1001", "Shipped") };
    for (name, update) in [("status-only", update("1001", "Shipped")), ("tracking-only", tracking_only), ("everything", full())] {
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

/// A receiver keeps the ids that it has seen, as Standard Webhooks advises: what was lost on the way back is done once.
#[test]
fn a_repeat_carries_the_same_id_and_body() {
    let mut receiver = Cart::<Webhook>::new().remembering(Vec::new(), |seen: &mut Vec<(String, String)>, post| {
        seen.push((post.header("webhook-id").unwrap_or_default().to_owned(), post.body()));
        Reply::status(204)
    });
    let lost = receiver.lose_reply(1).send(&full()).failed();
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
