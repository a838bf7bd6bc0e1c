//! A repeat never overlaps the attempt that it repeats, also over a kill; what is cut off is not poison, and what kills the daemon is.

use crate::daemon::{Daemon, NEXT_PASSWORD, PASSWORD};
use crate::delivery::{client, is_ok, post};
use cartage_tests::order_checker::{Answer, OrderChecker};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

async fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn add(daemon: &Daemon, shop: &OrderChecker, call_ms: u32, more: &str) {
    let limits = format!("[limits]\ncall_ms = {call_ms}\nrequest_ms = {call_ms}\n[delivery]\nrepeat_margin = \"1 s\"\n{more}");
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", &limits);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_an_order_waits_until_its_attempt_has_ended_and_no_other_does() {
    let shop = OrderChecker::start(Duration::from_secs(3)).await.expect("a free port");
    let mut daemon = Daemon::new();
    add(&daemon, &shop, 11_000, "");
    daemon.serve();
    let began = Instant::now();
    assert!(is_ok(&post(&client(), &daemon.inlet("shop"), "1021", "Status 1").await.expect("it answers")));
    until("the first comes", || shop.seen().arrived == 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    daemon.kill();
    daemon.serve();
    assert!(is_ok(&post(&client(), &daemon.inlet("shop"), "1022", "Status 1").await.expect("it answers")));
    until("another order does not wait", || shop.seen().last.contains_key("1022")).await;
    assert_eq!(shop.seen().duplicates, 0, "not for what was cut off");
    let listed = daemon.done(&["delivery", "list", "--cart", "shop"]);
    assert!(
        listed.contains("an attempt is under way, or was cut off; if its result stays unknown, the delivery is due again at"),
        "{listed}"
    );
    until("it is tried again", || shop.seen().duplicates == 1).await;
    assert!(began.elapsed() >= Duration::from_secs(12), "after its deadline and the margin: {:?}", began.elapsed());
    let seen = shop.seen();
    assert!(seen.overlaps.is_empty() && seen.regressions.is_empty(), "{seen:?}");
    assert!(daemon.stop(), "it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_that_needs_longer_than_the_deadline_is_not_asked_meanwhile() {
    let shop = OrderChecker::start(Duration::from_millis(1_400)).await.expect("a free port");
    let mut daemon = Daemon::new();
    add(&daemon, &shop, 500, "retry_waits = [\"1 s\"]");
    daemon.serve();
    assert!(is_ok(&post(&client(), &daemon.inlet("shop"), "1021", "Status 1").await.expect("it answers")));
    until("it is tried again and again", || shop.seen().arrived >= 3).await;
    assert_eq!(shop.seen().overlaps, Vec::<String>::new());
    assert!(daemon.stop(), "it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_without_a_daemon_waits_as_well() {
    let shop = OrderChecker::start(Duration::from_secs(3)).await.expect("a free port");
    let daemon = Daemon::new();
    add(&daemon, &shop, 14_000, "");
    let words = ["send", "--cart", "shop", "--order", "1021", "--label", "Status 1"];
    let mut first = daemon.begin(&words);
    until("the first comes", || shop.seen().arrived == 1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    first.kill().expect("it is ours");
    first.wait().expect("it ends");
    let (code, said) = daemon.run(&words);
    assert!(code == 1 && said.contains("an attempt is under way, or was cut off"), "{said}");
    assert_eq!(shop.seen().arrived, 1);
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert!(daemon.done(&words).contains("delivered"));
    let seen = shop.seen();
    assert!(seen.arrived == 2 && seen.overlaps.is_empty(), "{seen:?}");
}

/// The dead letters, by reason; none while the daemon dies.
fn dead(daemon: &Daemon) -> Vec<(String, String)> {
    let (_, printed) = daemon.run(&["delivery", "list", "--state", "dead", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&printed).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let all = listed["dead"].as_array().cloned().unwrap_or_default();
    all.iter().map(|dead| (text(&dead["order"]), text(&dead["reason"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn however_often_the_daemon_is_killed_or_stopped_a_healthy_order_is_not_poison() {
    let shop = OrderChecker::start(Duration::from_millis(1_500)).await.expect("a free port");
    let mut daemon = Daemon::new();
    add(&daemon, &shop, 1_600, "concurrency = 8");
    daemon.serve_as(&["--drain-s", "0"], &[]);
    for order in 1..=8 {
        assert!(is_ok(&post(&client(), &daemon.inlet("shop"), &order.to_string(), "Status 1").await.expect("it answers")));
    }
    // More often than it takes to be poison, each time while orders are under way.
    for round in 1..=7 {
        let before = if round == 1 { 0 } else { shop.seen().arrived };
        until("some are under way", || shop.seen().arrived > before).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        if round % 2 == 0 {
            daemon.kill();
        } else {
            assert!(daemon.stop(), "it ends well, whatever is under way");
        }
        daemon.serve_as(&["--drain-s", "0"], &[]);
    }
    until("all of them are delivered", || daemon.json(&["delivery", "list"])["carts"][0]["queued"] == 0).await;
    assert_eq!(dead(&daemon), []);
    let seen = shop.seen();
    assert!(seen.last.len() == 8 && seen.overlaps.is_empty() && seen.regressions.is_empty(), "{seen:?}");
    assert!(daemon.stop(), "it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_which_the_daemon_dies_again_and_again_is_poison_and_no_other_is() {
    let shop = OrderChecker::start(Duration::from_millis(20)).await.expect("a free port");
    let mut daemon = Daemon::new();
    add(&daemon, &shop, 300, "concurrency = 8");
    let deadly = [("CARTAGE_FAILPOINT", "sent@666")];
    daemon.serve_with(&deadly);
    for order in ["1", "2", "666", "3", "4"] {
        // It may die of that before the others are in.
        while post(&client(), &daemon.inlet("shop"), order, "Status 1").await.is_none_or(|answer| !is_ok(&answer)) {
            assert!(!daemon.wait(), "it dies of one order");
            daemon.serve_with(&deadly);
        }
    }
    let start = Instant::now();
    loop {
        until("it dies or the order does", || daemon.has_ended() || !dead(&daemon).is_empty()).await;
        if !daemon.has_ended() {
            break;
        }
        assert!(!daemon.wait() && start.elapsed() < PATIENCE, "five times");
        daemon.serve_with(&deadly);
    }
    assert_eq!(dead(&daemon), [("666".to_owned(), "poison".to_owned())]);
    until("the others are delivered", || daemon.json(&["delivery", "list"])["carts"][0]["queued"] == 0).await;
    let seen = shop.seen();
    assert!(["1", "2", "3", "4"].iter().all(|order| seen.last.contains_key(*order)) && seen.overlaps.is_empty(), "{seen:?}");
    let status = daemon.run(&["status"]).1;
    assert!(status.contains("poison") && status.contains("five times in a row"), "{status}");
    assert!(daemon.stop(), "it ends well");
}

/// Queues orders at a paused cart whose shop takes only this password, and lets the cart go on as this says. When each came, and its password.
async fn with_password(right: &'static str, go_on: impl FnOnce(&Daemon)) -> Vec<(Duration, String)> {
    let came = Arc::new(Mutex::new(Vec::new()));
    let (asked, start) = (came.clone(), Instant::now());
    let shop = OrderChecker::start_with(Duration::from_millis(400), move |update| {
        asked.lock().expect("nobody panics while holding it").push((start.elapsed(), update.password.clone()));
        if update.password == right { Answer::Ok } else { Answer::Status(401) }
    });
    let shop = shop.await.expect("a free port");
    let mut daemon = Daemon::new();
    let mut definition = String::from("[delivery]\nconcurrency = 8\n");
    definition.push_str("[limits]\nrequest_ms = 5000");
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", &definition);
    daemon.keep_password("shop");
    daemon.serve();
    go_on(&daemon);
    for order in 1..=8 {
        assert!(is_ok(&post(&client(), &daemon.inlet("shop"), &order.to_string(), "Status 1").await.expect("it answers")));
    }
    daemon.done(&["cart", "resume", "shop"]);
    until("nothing more comes", || {
        let came = came.lock().expect("nobody panics while holding it");
        // A busy machine may be silent for a while before all that must come has come.
        let taken = came.iter().filter(|(_, password)| password == right).count();
        let all_came = taken >= 8 || ![PASSWORD, NEXT_PASSWORD].contains(&right);
        all_came && came.last().is_some_and(|(at, _)| start.elapsed() > *at + Duration::from_secs(2))
    })
    .await;
    assert!(daemon.stop(), "it ends well");
    came.lock().expect("nobody panics while holding it").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_wait_are_tried_with_one_order() {
    let came = with_password("neither of both", |daemon| {
        daemon.done(&["cart", "pause", "shop"]);
        daemon.done(&["credential", "set", "shop", "account", "password", "--next", "--env", "NEXT_PASSWORD"]);
    })
    .await;
    let with_next = came.iter().filter(|(_, password)| password == NEXT_PASSWORD).count();
    assert_eq!(with_next, 1, "{came:?}");
    assert!(came.iter().any(|(_, password)| password == PASSWORD), "{came:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_wait_and_work_are_used_for_all_after_the_first() {
    let came = with_password(NEXT_PASSWORD, |daemon| {
        daemon.done(&["cart", "pause", "shop"]);
        daemon.done(&["credential", "set", "shop", "account", "password", "--next", "--env", "NEXT_PASSWORD"]);
    })
    .await;
    let with_next: Vec<Duration> = came.iter().filter(|(_, password)| password == NEXT_PASSWORD).map(|(at, _)| *at).collect();
    assert_eq!(with_next.len(), 8, "{came:?}");
    assert!(with_next[1] >= with_next[0] + Duration::from_millis(400), "the others go when the first was answered: {came:?}");
}
