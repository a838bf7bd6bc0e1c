//! A disk that is nearly full: nothing is accepted by any way in, nothing is half written, what was accepted goes on, and it begins again by
//! itself.

use crate::daemon::Daemon;
use crate::http::Http;
use cartage_tests::order_checker::OrderChecker;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// With fewer nothing is accepted.
const ACCEPT_BYTES_MIN: u64 = 200_000_000;
/// With fewer nothing is recorded.
const RECORD_BYTES_MIN: u64 = 1_000_000_000;
/// The longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

fn set_free(daemon: &Daemon, bytes: u64) {
    // Renamed, so that no reader finds half a number.
    std::fs::write(daemon.path("free.new"), bytes.to_string()).expect("the folder can be written");
    std::fs::rename(daemon.path("free.new"), daemon.path("free")).expect("it is ours");
}

fn update(order: &str, status: &str) -> Value {
    json!({ "cart": "shop", "order_number": order, "label": status })
}

async fn arrives(shop: &OrderChecker, order: &str, number: u64) {
    let until = Instant::now() + PATIENCE;
    while shop.seen().last.get(order) != Some(&number) {
        assert!(Instant::now() < until, "order {order} did not get to {number}: {:?}", shop.seen());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_accepted_by_any_way_in_until_there_is_room_again() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "");
    daemon.done(&["event", "set", "Order Packed", "--order-label", "Status 2", "--notify-cart"]);
    let token = daemon.token("orders", "admin", &[]);
    set_free(&daemon, ACCEPT_BYTES_MIN);
    let free = daemon.path("free").display().to_string();
    daemon.serve_with(&[("CARTAGE_FAILPOINT_FREE_BYTES", &free)]);
    let (http, api) = (Http::new(), daemon.api());
    let (updates, events) = (format!("{api}/v1/status-updates"), format!("{api}/v1/status-events"));
    daemon.done(&["cart", "pause", "shop"]);
    http.json("POST", &updates, &token, &update("1021", "Status 1")).await.is(202);
    let before = daemon.json(&["explain", "--cart", "shop", "--order", "1021"]);

    set_free(&daemon, ACCEPT_BYTES_MIN - 1);
    let event = json!({ "event": "Order Packed", "cart": "shop", "order_number": "1021" });
    let keyed = ("application/json", update("1021", "Status 2").to_string());
    let keyed = http.ask_with("POST", &updates, &token, Some(keyed), &[("idempotency-key", "k1")]).await;
    keyed.problem(507, "no-room", "199 MB");
    http.json("POST", &events, &token, &event).await.problem(507, "no-room", "199 MB");
    let batch = http.json("POST", &updates, &token, &json!({ "updates": [update("7", "Status 1"), update("8", "Status 1")] })).await;
    let batch = batch.is(207);
    assert!((0..2).all(|at| batch.json["updates"][at]["status"] == 507), "{}", batch.text);
    http.ask("GET", &format!("{api}/readyz"), "", None).await.problem(503, "unavailable", "nearly full");
    let answer = http.post_status(&daemon, "shop", "1021", "Status 2").await;
    assert!(answer.starts_with("SETIResponse: update=False;Notes=") && answer.contains("199 MB"), "{answer}");
    for words in [
        &["send", "--cart", "shop", "--order", "1021", "--label", "Status 2"][..],
        &["event", "raise", "Order Packed", "--cart", "shop", "--order", "1021"],
    ] {
        let (code, said) = daemon.run(words);
        assert!(code == 1 && said.contains("199 MB"), "{words:?}: {said}");
    }
    let (code, status) = daemon.run(&["status"]);
    assert!(code == 1 && status.contains("disk"), "it is an alert: {status}");

    // Nothing is half written, and what was accepted before goes on.
    let after = daemon.json(&["explain", "--cart", "shop", "--order", "1021"]);
    assert_eq!(after["decision"], before["decision"]);
    let waiting = http.ask("GET", &format!("{api}/v1/deliveries?state=queued"), &token, None).await.is(200);
    assert_eq!(waiting.json["deliveries"].as_array().map(Vec::len), Some(1), "{}", waiting.text);
    daemon.done(&["cart", "resume", "shop"]);
    arrives(&shop, "1021", 1).await;

    // Room again: without a word to the daemon everything is taken, with the same key too.
    set_free(&daemon, ACCEPT_BYTES_MIN);
    let keyed = ("application/json", update("1021", "Status 2").to_string());
    http.ask_with("POST", &updates, &token, Some(keyed), &[("idempotency-key", "k1")]).await.is(202);
    arrives(&shop, "1021", 2).await;
    assert!(http.post_status(&daemon, "shop", "1021", "Status 3").await.starts_with("SETIResponse: update=OK"));
    daemon.done(&["send", "--cart", "shop", "--order", "1021", "--label", "Status 4"]);
    arrives(&shop, "1021", 4).await;
    http.ask("GET", &format!("{api}/readyz"), "", None).await.is(200);
    assert_eq!((shop.seen().arrived, shop.seen().regressions.len()), (4, 0));
    assert!(daemon.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn recording_stops_first_and_begins_again() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "");
    let token = daemon.token("orders", "sender", &[]);
    set_free(&daemon, RECORD_BYTES_MIN - 1);
    let free = daemon.path("free").display().to_string();
    daemon.serve_with(&[("CARTAGE_FAILPOINT_FREE_BYTES", &free)]);
    let (http, updates) = (Http::new(), format!("{}/v1/status-updates", daemon.api()));
    for (number, bytes, recorded) in [(1, RECORD_BYTES_MIN - 1, false), (2, RECORD_BYTES_MIN, true), (3, RECORD_BYTES_MIN - 1, false)] {
        set_free(&daemon, bytes);
        let sent = http.json("POST", &updates, &token, &update("1021", &format!("Status {number}"))).await.is(202);
        let delivery = sent.json["delivery"].as_str().expect("it has an id");
        let until = Instant::now() + PATIENCE;
        let shown = loop {
            let shown = daemon.json(&["delivery", "show", delivery]);
            if shown["state"] == "delivered" {
                break shown;
            }
            assert!(Instant::now() < until, "{shown}");
        };
        assert_eq!(shown["cassettes"], if recorded { json!([1]) } else { json!([]) }, "{bytes}: {shown}");
    }
    assert!(daemon.stop());
}
