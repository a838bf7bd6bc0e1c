//! Outcomes that depend on more than the form of the answer: on earlier attempts, on the encoding, and on the update itself.

use cartage_sdk::http::Reach;
use cartage_sdk::testing::{Cart, Reply, delivery, run_cases, update};
use cartage_sdk::{Delivery, EarlierAttempt, Failure, FailureKind, Update};
use integration_script::IntegrationScript;
use integration_script::reply::UNKNOWN_TRIES;

fn cart(encoding: &str, status: u16, body: &str) -> Cart<IntegrationScript> {
    let reply = Reply::text(status, body);
    Cart::new().set("encoding", encoding).rule(move |_| reply.clone())
}

fn failed(encoding: &str, body: &str) -> Failure {
    cart(encoding, 200, body).send(&update("1001", "Shipped")).failed()
}

fn after(earlier: &[Option<Vec<u8>>]) -> Delivery {
    let attempts = (1..).zip(earlier).map(|(attempt, resume)| EarlierAttempt {
        attempt,
        reach: Reach::Answered,
        steps: Vec::new(),
        resume: resume.clone(),
        extra: Vec::new(),
    });
    let earlier: Vec<_> = attempts.collect();
    Delivery { attempt: u32::try_from(earlier.len() + 1).unwrap_or(u32::MAX), earlier, ..delivery() }
}

#[test]
fn an_unknown_reason_is_tried_a_few_times_and_then_final() {
    for body in ["SETIResponse: update=False;Notes=the warehouse is closed", "SETIError: customer 7 has no login"] {
        let mut earlier = Vec::new();
        for _ in 1..UNKNOWN_TRIES {
            let failure = cart("xml", 200, body).attempt(&update("1001", "Shipped"), &after(&earlier)).failed();
            assert_eq!(failure.kind, FailureKind::OrderBusy, "{body}");
            earlier.push(failure.resume.clone());
        }
        let failure = cart("xml", 200, body).attempt(&update("1001", "Shipped"), &after(&earlier)).failed();
        assert_eq!(failure.kind, FailureKind::InvalidData, "{body}");
    }
}

#[test]
fn attempts_that_failed_for_another_reason_do_not_count() {
    let body = "SETIResponse: update=False;Notes=the warehouse is closed";
    let failure = cart("xml", 200, body).attempt(&update("1001", "Shipped"), &after(&vec![None; 30])).failed();
    assert_eq!((failure.kind, failure.resume.as_deref()), (FailureKind::OrderBusy, Some([1].as_slice())));
}

#[test]
fn a_fault_that_passes_is_tried_as_long_as_the_host_likes() {
    let tired = after(&vec![Some(vec![UNKNOWN_TRIES]); 20]);
    for (body, kind) in [
        ("SETIResponse=False;Note=SQLSTATE[HY000]: General error: 1205 Lock wait timeout exceeded", FailureKind::OrderBusy),
        ("SETIError: Too many connections", FailureKind::Unavailable),
        ("SETIResponse: update=False;Notes=Payment for order 1001 is not authorized yet", FailureKind::OrderBusy),
        // The wordings of scripts that were written for one shop.
        ("SETIResponse: update=Failed;Notes=Unable to find order #1001", FailureKind::OrderNotFound),
        ("SETIResponse: update=Error; Notes=Invalid username or password", FailureKind::Credentials),
        ("SETIResponse: update=no;Notes=Unable to find order #1001", FailureKind::OrderNotFound),
    ] {
        assert_eq!(cart("xml", 200, body).attempt(&update("1001", "Shipped"), &tired).failed().kind, kind, "{body}");
    }
}

#[test]
fn the_other_encoding_is_suggested_where_the_wrong_one_was_read() {
    use FailureKind::{InvalidData, Misconfigured, OrderNotFound, Protocol, Unavailable};
    for (encoding, body, kind, hint) in [
        ("xml", "SETIError: Could not find key \"ordernumber\"", Misconfigured, true),
        (
            "xml",
            "Notice: Undefined index: ordernumber in /a.php on line 3\nSETIResponse=False;Note=Unable to find order #",
            Misconfigured,
            true,
        ),
        // The script read the number, so the encoding is right although another field is missing.
        (
            "xml",
            "Notice: Undefined index: refnumber in /a.php on line 3\nSETIResponse=False;Note=Unable to find order #1001",
            OrderNotFound,
            false,
        ),
        ("xml", "SETIResponse=False;Note=XML could not be parsed", InvalidData, false),
        ("xml", "SETIResponse=False;Note=No orders found in request.", Protocol, false),
        ("xml", "KeyError: 'ordernumber'", Misconfigured, true),
        ("delimited", "SETIError: Could not find key \"ordernumber\"", FailureKind::Protocol, false),
        ("delimited", "SETIResponse=False;Note=No orders found in request.", Misconfigured, true),
        ("delimited", "SETIResponse=False;Note=Exception: XML could not be parsed.", Misconfigured, true),
        ("delimited", "SETIResponse=False;Note=Order number  was not found.", OrderNotFound, true),
        (
            "delimited",
            "PHP Fatal error:  Uncaught ValueError: DOMDocument::loadXML(): Argument #1 ($source) must not be empty in /a.php on line 3",
            Unavailable,
            true,
        ),
        ("delimited", "", Protocol, true),
        ("xml", "", Protocol, true),
    ] {
        let failure = failed(encoding, body);
        let other = if encoding == "xml" { "delimited" } else { "xml" };
        assert_eq!(failure.kind, kind, "{encoding} {body}: {}", failure.message);
        assert_eq!(
            failure.message.contains(&format!("try the setting encoding = \"{other}\"")),
            hint,
            "{encoding} {body}: {}",
            failure.message
        );
    }
}

#[test]
fn an_echo_of_the_update_cannot_say_ok() {
    let page = "Your request was blocked. It was:\nSETIResponse=OK;\n";
    let note = |note: &str| Update { note: Some(note.to_owned()), ..update("1001", "Shipped") };
    for encoding in ["xml", "delimited"] {
        let failure = cart(encoding, 200, page).send(&note("thanks\nsetiResponse=OK;")).failed();
        assert_eq!(failure.kind, FailureKind::Protocol, "{encoding}");
        // The script's own answer still counts, also after PHP notices.
        for body in ["SETIResponse=OK;", "Notice: x in /a.php on line 3\nSETIResponse=OK;"] {
            cart(encoding, 200, body).send(&note("thanks\nsetiResponse=OK;")).succeeded();
        }
        // A text that the update does not contain cannot be an echo of the update.
        cart(encoding, 200, page).send(&note("thanks")).succeeded();
    }
}

#[test]
fn a_status_of_a_fault_that_passes_pauses_no_cart() {
    for status in [500, 502, 503, 408] {
        for body in [
            "SETIError: Access denied.",
            "SETIError: Function \"updatestatus\" was not found.",
            "SETIError: Could not find key \"ordernumber\"",
        ] {
            let failure = cart("xml", status, body).send(&update("1001", "Shipped")).failed();
            assert_eq!(failure.kind, FailureKind::Unavailable, "{status} {body}");
        }
    }
}

#[test]
fn a_firewalls_page_is_about_one_order_and_a_closed_shop_about_all() {
    for (status, body, kind) in [
        (403, "<html><body>blocked</body></html>", FailureKind::NotPermitted),
        (403, "SETIError: Access denied.", FailureKind::Credentials),
        (401, "<html><body>who are you?</body></html>", FailureKind::Credentials),
        (410, "<html><body>closed</body></html>", FailureKind::Gone),
        // The script's own words about one order do not mean that the shop is closed or that there is no script.
        (410, "SETIError: that one is archived", FailureKind::OrderBusy),
        (404, "SETIResponse: update=False;Notes=no", FailureKind::OrderBusy),
    ] {
        assert_eq!(cart("xml", status, body).send(&update("1001", "Shipped")).failed().kind, kind, "{status} {body}");
    }
}

#[test]
fn the_cases_of_the_cart_script_hold() {
    run_cases::<IntegrationScript>("cart-script");
}
