//! A wall clock that is set to anything: nothing is deleted for its age, and nothing that waits becomes a dead letter.

use crate::daemon::Daemon;
use crate::faults::Faults;
use crate::http::Http;
use cartage_tests::order_checker::OrderChecker;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const DAY_S: i64 = 24 * 60 * 60;
/// The longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        match look() {
            Some(found) => return found,
            None if Instant::now() > until => panic!("{what} did not come"),
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// What goes now.
fn gone(daemon: &Daemon) -> u64 {
    let report = daemon.json(&["retention"]);
    report["kinds"].as_array().expect("it is a list").iter().map(|kind| kind["older"].as_u64().expect("it is a number")).sum()
}

/// The status and the answer, but for where the order stands, which is told as of the moment.
async fn post(http: &Http, daemon: &Daemon, token: &str, cart: &str, order: &str) -> (u16, Value) {
    let body = ("application/json", json!({ "cart": cart, "order_number": order, "label": "Status 1" }).to_string());
    let url = format!("{}/v1/status-updates", daemon.api());
    let answer = http.ask_with("POST", &url, token, Some(body), &[("idempotency-key", order)]).await;
    let mut document = answer.json;
    if let Some(members) = document.as_object_mut() {
        members.retain(|name, _| !["stands", "standing"].contains(&name.as_str()));
    }
    (answer.status, document)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_years_ahead_at_a_start_deletes_nothing_and_says_so() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "");
    let token = daemon.token("orders", "operator", &[]);
    let faults = Faults::new(&daemon);
    faults.serve(&mut daemon);
    let http = Http::new();
    let (status, before) = post(&http, &daemon, &token, "shop", "1021").await;
    assert_eq!(status, 202, "{before}");
    wait_for("the update", || (shop.seen().arrived == 1).then_some(()));
    let receipts = |daemon: &Daemon| daemon.json(&["explain", "--cart", "shop", "--order", "1021"])["receipts"].clone();
    wait_for("its receipt", || receipts(&daemon).as_array().filter(|all| !all.is_empty()).map(drop));
    let known = receipts(&daemon);
    assert!(daemon.stop());

    faults.set_clock(1_100 * DAY_S);
    faults.serve(&mut daemon);
    assert_eq!(gone(&daemon), 0);
    let (code, said) = daemon.run(&["status"]);
    assert!(
        code == 1 && (said.contains("1100 days further") || said.contains("1099 days further")) && said.contains("cartage clock confirm"),
        "{said}"
    );
    assert_eq!(daemon.json(&["clock", "show"])["believed"], false);
    assert_eq!(receipts(&daemon), known);
    assert_eq!(post(&http, &daemon, &token, "shop", "1021").await, (202, before.clone()), "the key is known, and so is its answer");
    let (status, during) = post(&http, &daemon, &token, "shop", "1022").await;
    assert_eq!(status, 202, "{during}");
    wait_for("the update", || (shop.seen().arrived == 2).then_some(()));

    // It is put right while the daemon runs: nobody has to say anything.
    faults.set_clock(0);
    assert_eq!(gone(&daemon), 0);
    wait_for("the end of the alert", || (daemon.run(&["status"]).0 == 0).then_some(()));
    assert_eq!(post(&http, &daemon, &token, "shop", "1022").await, (202, during));
    let again = json!({ "cart": "shop", "order_number": "1021", "label": "Status 1" });
    let again = http.json("POST", &format!("{}/v1/status-updates", daemon.api()), &token, &again).await.is(200);
    assert_eq!(again.json["outcome"], "nothing-to-do", "what the cart was told is known");

    // Ahead once more, and a person says that it is right.
    faults.set_clock(30 * DAY_S);
    let confirmed = daemon.json(&["clock", "confirm"]);
    assert_eq!((confirmed["confirmed"].as_bool(), confirmed["believed"].as_bool()), (Some(true), Some(true)), "{confirmed}");
    assert!(daemon.stop());
    faults.serve(&mut daemon);
    assert_eq!(daemon.json(&["clock", "show"])["believed"], true, "it was kept");
    assert!(daemon.stop());
}

#[test]
fn an_update_that_was_accepted_by_a_clock_that_was_wrong_does_not_die_of_age() {
    // Nothing listens there.
    let mut daemon = Daemon::new();
    let token = daemon.token("orders", "operator", &[]);
    let faults = Faults::new(&daemon);
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let http = Http::new();
    // By a clock in 1970, and by one that is four days and one that is twenty hours ahead.
    for (order, ahead_s) in [("1", -50 * 365 * DAY_S), ("2", 4 * DAY_S), ("3", 20 * 60 * 60)] {
        // A cart each, so that no breaker is open yet.
        let cart = &format!("shop-{order}");
        daemon.add_cart(cart, "http://127.0.0.1:9/", "encoding = \"delimited\"", "[delivery]\nretry_waits = [\"1 s\"]");
        daemon.done(&["cart", "pause", cart]);
        faults.set_clock(ahead_s);
        faults.serve(&mut daemon);
        assert_eq!(runtime.block_on(post(&http, &daemon, &token, cart, order)).0, 202);
        let attempts = |daemon: &Daemon| {
            let waiting = daemon.json(&["delivery", "list", "--cart", cart, "--state", "queued"]);
            let one = waiting["queued"].as_array()?.iter().find(|one| one["order"] == order)?.clone();
            one["attempts"].as_u64()
        };
        assert_eq!(attempts(&daemon), Some(0));
        // Put right, in the daemon that runs or by the next start.
        if order == "1" {
            faults.set_clock(0);
        } else {
            assert!(daemon.stop());
            faults.set_clock(0);
            faults.serve(&mut daemon);
        }
        daemon.done(&["cart", "resume", cart]);
        wait_for("the second attempt", || attempts(&daemon).filter(|attempts| *attempts > 1));
        assert!(daemon.stop());
    }
    let (_, status) = daemon.run(&["status"]);
    assert!(status.contains("0 dead letters"), "{status}");
}
