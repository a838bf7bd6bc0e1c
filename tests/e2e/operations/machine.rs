//! A machine that has no files left: that is no word about any cart.

use super::wait_for;
use crate::daemon::Daemon;
use crate::http::{Answer, Http};
use cartage_tests::order_checker::OrderChecker;
use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Orders: more than failures in a row open a breaker.
const ORDERS: usize = 12;
/// How long a connection to a cart is kept for the next request, and a little more.
const UNUSED: Duration = Duration::from_millis(4_500);

#[tokio::test(flavor = "multi_thread")]
async fn want_of_files_opens_no_breaker_and_counts_no_attempt() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let mut daemon = Daemon::new();
    // A single counted attempt would be the last: the next one is due in an hour.
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "[delivery]\nretry_waits = [\"1 h\"]");
    let token = daemon.token("orders", "operator", &[]);
    daemon.serve();
    let (http, api) = (Http::new(), daemon.api());
    let update = |order: usize| json!({ "cart": "shop", "order_number": format!("{order}"), "label": "Status 1" });
    let updates = format!("{api}/v1/status-updates");
    http.json("POST", &updates, &token, &update(0)).await.is(202);
    wait_for("the first delivery", || shop.seen().last.contains_key("0").then_some(()));
    // One connection to the API, which is kept because it is in use: nobody can open another one later.
    let until = Instant::now() + UNUSED;
    while Instant::now() < until {
        http.ask("GET", &format!("{api}/readyz"), "", None).await.is(200);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // Fewer than it has open: it gets no more, and keeps those.
    let limit = Rlimit { current: Some(3), maximum: getrlimit(Resource::Nofile).maximum };
    let before = prlimit(Some(daemon.pid()), Resource::Nofile, limit).expect("it is ours");
    for order in 1..=ORDERS {
        let answer = answered(&http, "POST", &updates, &token, Some(update(order))).await;
        assert_ne!(answer.status, 500, "{}\n{}", answer.text, daemon.log());
        answer.is(202);
    }
    wait_for("failing attempts", || (daemon.log().matches("local-fault").count() >= 4).then_some(()));
    wait_for("the alert", || daemon.log().contains("cart-not-ready").then_some(()));
    let until = Instant::now() + super::PATIENCE;
    loop {
        let open = answered(&http, "GET", &format!("{api}/v1/alerts"), &token, None).await.is(200);
        if open.text.contains("this machine has no file handle, port or route") {
            break;
        }
        assert!(Instant::now() < until, "{}", open.text);
    }
    assert_eq!(shop.seen().arrived, 1);

    prlimit(Some(daemon.pid()), Resource::Nofile, before).expect("it is ours");
    let until = Instant::now() + super::PATIENCE;
    while shop.seen().last.len() < ORDERS + 1 {
        assert!(Instant::now() < until, "{:?} {}", shop.seen(), daemon.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    wait_for("the end of the alert", || (daemon.run(&["status"]).0 == 0).then_some(()));
    assert!(!daemon.log().contains("breaker-open"), "{}", daemon.log());
    assert_eq!(shop.seen().duplicates, 0);
    assert!(daemon.stop());
}

/// Asks until the daemon can answer: where a request needs a file of its own, the answer is 503. An update has a key, as a sender's has that
/// repeats what was not answered: where it was accepted and only the answer failed, the repeat gets the answer to it.
async fn answered(http: &Http, method: &str, url: &str, token: &str, body: Option<Value>) -> Answer {
    let until = Instant::now() + super::PATIENCE;
    let key = body.as_ref().map(|body| body["order_number"].to_string());
    let headers: Vec<(&str, &str)> = key.iter().map(|key| ("idempotency-key", key.as_str())).collect();
    loop {
        let body = body.as_ref().map(|body| ("application/json", body.to_string()));
        // The client takes a connection for its next request only some moments after the last answer, else it opens another one.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let answer = http.ask_with(method, url, token, body, &headers).await;
        if answer.status != 503 {
            return answer;
        }
        assert!(Instant::now() < until, "{}", answer.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
