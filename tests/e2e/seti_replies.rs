//! What real scripts answer, through the daemon: a fault that passes pauses no cart and makes no dead letter, and one order's refusal is its own.

use crate::daemon::Daemon;
use crate::delivery::{client, is_ok, post};
use cartage_tests::order_checker::{Answer, Asked, OrderChecker};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Waits that make a schedule of hours one of seconds.
const SOON: &str = "[delivery]\nretry_waits = [\"1 s\"]";

/// A script that repeats in its refusal to whom the order goes: the receipt, the lists and the alerts show it as the recording does.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_script_says_of_a_person_is_in_no_receipt() {
    const REFUSAL: &str = "could not write to jo@home.example: ring at the green door";
    let shop = OrderChecker::start_with(Duration::ZERO, |_: &Asked| Answer::Refused(REFUSAL)).await.expect("a free port");
    let daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "[delivery]\nretry_waits = [\"1 h\"]");
    let (_, sent) =
        daemon.run(&["send", "--cart", "shop", "--order", "1", "--label", "Status 1", "--note", "Ring at the green door", "--json"]);
    let sent: serde_json::Value = serde_json::from_str(&sent).unwrap_or_else(|error| panic!("{error}: {sent}"));
    assert!(shop.seen().arrived > 0, "{sent}");
    let listed = daemon.json(&["delivery", "list", "--cart", "shop"]).to_string();
    let explained = daemon.run(&["explain", "--cart", "shop", "--order", "1", "--full"]).1;
    let id = sent.to_string().split("\"delivery\":\"").nth(1).and_then(|rest| rest.get(..36)).expect("it has an id").to_owned();
    let shown = daemon.run(&["delivery", "show", &id]).1;
    assert!(shown.contains("redacted-email-1"), "{shown}");
    for said in [listed, explained, shown, daemon.run(&["status"]).1, daemon.run(&["alerts"]).1] {
        assert!(!said.contains("green door") && !said.contains("jo@home"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_passes_is_retried_and_one_orders_refusal_is_its_own() {
    const FAULTS: [&str; 4] = [
        "SQLSTATE[HY000]: General error: 1205 Lock wait timeout exceeded, try restarting transaction",
        "PDOException: SQLSTATE[HY000] [2002] Connection refused, check your username, password and store code",
        "Payment for order 1 is not authorized yet",
        "nobody knows this reason",
    ];
    let tried = Mutex::new(BTreeMap::<String, usize>::new());
    let answer = move |asked: &Asked| {
        let mut tried = tried.lock().expect("nobody panics while holding it");
        let times = tried.entry(asked.order.clone()).or_default();
        *times += 1;
        match (asked.order.as_str(), *times) {
            ("refused", _) => Answer::Refused("customer has no login"),
            (_, times) => FAULTS.get(times - 1).map_or(Answer::Ok, |fault| Answer::Refused(fault)),
        }
    };
    let shop = OrderChecker::start_with(Duration::ZERO, answer).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", SOON);
    daemon.serve();
    let client = client();
    for order in ["refused", "1"] {
        let answer = post(&client, &daemon.inlet("shop"), order, "Status 1").await.expect("it answers");
        assert!(is_ok(&answer), "{answer}");
    }
    let start = Instant::now();
    let dead = || daemon.json(&["delivery", "list", "--cart", "shop", "--state", "dead"])["dead"].to_string();
    while shop.seen().last.get("1") != Some(&1) || !dead().contains("refused") {
        assert!(start.elapsed() < Duration::from_secs(180), "{:?} {}", shop.seen(), daemon.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!dead().contains("\"1\""), "{}", dead());
    assert_eq!(shop.seen().arrived, 5 + 6, "the unknown reason is final after six tries");
    assert_eq!(daemon.json(&["delivery", "list", "--cart", "shop"])["carts"][0]["queued"], 0, "and nothing is paused");
    assert!(daemon.stop(), "it ends well");
}
