//! How a daemon ends: what was asked is answered, within the time that it has for that.

use super::{PATIENCE, wait_for};
use crate::daemon::Daemon;
use crate::http::Http;
use cartage_tests::order_checker::OrderChecker;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A daemon with a live cart that answers after so long; and the cart's `[seti]` goes on with these keys.
async fn with_a_shop(answer_after: Duration, seti: &str) -> (Daemon, OrderChecker, String) {
    let shop = OrderChecker::start(answer_after).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", seti);
    let token = daemon.token("orders", "operator", &[]);
    // With the time to end that it has by itself.
    daemon.serve_after("true");
    (daemon, shop, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_are_under_way_are_answered() {
    let (mut daemon, _shop, token) = with_a_shop(Duration::ZERO, "").await;
    daemon.done(&["cart", "pause", "shop"]);
    let (http, updates) = (Arc::new(Http::new()), format!("{}/v1/status-updates", daemon.api()));
    let batches: Vec<_> = (0..8)
        .map(|batch| {
            let orders = (0..200).map(|nth| json!({ "cart": "shop", "order_number": format!("{batch}-{nth}"), "label": "Status 1" }));
            let (body, http) = (json!({ "updates": orders.collect::<Vec<Value>>() }), http.clone());
            let (updates, token) = (updates.clone(), token.clone());
            tokio::spawn(async move { http.json("POST", &updates, &token, &body).await })
        })
        .collect();
    wait_for("the first update", || (daemon.json(&["status"])["total"]["queued"].as_u64() > Some(0)).then_some(()));
    daemon.signal("TERM");
    let mut accepted = 0;
    for batch in batches {
        let answer = batch.await.expect("it is answered").is(202);
        accepted += answer.json["updates"].as_array().expect("it is a list").len();
    }
    assert!(daemon.wait(), "{}", daemon.log());
    assert_eq!(accepted, 8 * 200);
    let waiting = daemon.json(&["status"]);
    assert_eq!(waiting["total"]["queued"], 8 * 200, "{waiting}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_waits_for_its_cart_hears_what_became_of_it() {
    let (mut daemon, shop, _) = with_a_shop(Duration::from_millis(1_500), "answer = \"delivered\"\nwait_ms = 60000").await;
    let inlet = daemon.inlet("shop");
    let post = |order: &'static str| {
        let inlet = inlet.clone();
        tokio::spawn(async move { Http::new().post_status_to(&inlet, order, "Status 1").await })
    };
    let delivered = post("1021");
    wait_for("the attempt", || (shop.seen().arrived == 1).then_some(()));
    daemon.done(&["cart", "pause", "shop"]);
    let waits = post("1022");
    wait_for("the update", || (daemon.json(&["status"])["total"]["queued"] == 2).then_some(()));
    let begun = Instant::now();
    daemon.signal("TERM");
    assert_eq!(delivered.await.expect("it does not panic"), "SETIResponse: update=OK;Notes=", "the cart has it");
    let still = waits.await.expect("it does not panic");
    assert!(still.starts_with("SETIResponse: update=OK") && still.contains("accepted, not delivered yet"), "{still}");
    assert!(daemon.wait());
    assert!(begun.elapsed() < PATIENCE, "it is not waited for longer than anything is delivered: {:?}", begun.elapsed());
}

#[test]
fn a_second_daemon_leaves_the_first_one_s_socket_alone() {
    let mut daemon = super::with_a_shop();
    daemon.serve();
    let second = ["serve", "--listen", "127.0.0.1:0", "--seti-listen", "127.0.0.1:0"];
    let (code, said) = daemon.run(&second);
    assert!(code == 1 && said.contains("is in use by the Cartage with process id"), "{said}");
    // Not even where somebody removed the lock.
    std::fs::remove_file(daemon.path("data/lock")).expect("it is there");
    let (code, said) = daemon.run(&second);
    assert!(code == 1 && said.contains("another daemon answers at the socket"), "{said}");
    // The first one is asked by whoever finds the directory locked.
    let held = std::fs::File::create(daemon.path("data/lock")).expect("the folder can be written");
    held.lock().expect("nobody has it");
    let carts = daemon.done(&["cart", "list"]);
    assert!(carts.contains("shop"), "{carts}");
    drop(held);
    daemon.kill();
    assert!(daemon.path("data/api.sock").exists(), "it was killed");
    daemon.serve();
    assert!(daemon.done(&["cart", "list"]).contains("shop"), "nobody lived there any more");
    assert!(daemon.stop());
    assert!(!daemon.path("data/api.sock").exists());
}

#[test]
fn a_daemon_whose_directory_was_replaced_leaves_the_new_socket_alone() {
    let mut daemon = super::with_a_shop();
    daemon.serve();
    let (data, old) = (daemon.path("data"), daemon.path("old"));
    std::fs::rename(&data, &old).expect("it can be moved");
    std::fs::create_dir(&data).expect("the name is free");
    let other = std::os::unix::net::UnixListener::bind(data.join("api.sock")).expect("nobody listens there");
    daemon.stop();
    assert!(data.join("api.sock").exists(), "it is somebody else's");
    drop(other);
}
