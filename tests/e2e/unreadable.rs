//! Deliveries that cannot be read, and queues that are too large to be put into one, on the built command.

use crate::daemon::{Daemon, PASSWORD};
use cartage_demo_cart::{Account, DemoCart};
use cartage_tests::command::guest;
use cartage_tests::order_checker::OrderChecker;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(40);

/// Changes the database while nobody uses it.
fn spoil(daemon: &Daemon, sql: &str) {
    let file = daemon.path("data").join("cartage.sqlite");
    let changed = rusqlite::Connection::open(file).and_then(|database| database.execute(sql, ())).expect("it can be changed");
    assert_eq!(changed, 1, "{sql}");
}

fn send(daemon: &Daemon, order: &str, label: &str) {
    let (_, printed) = daemon.run(&["send", "--cart", "shop", "--order", order, "--label", label]);
    assert!(!printed.contains("error"), "{printed}");
}

fn of_order<'a>(listed: &'a Value, order: &str) -> &'a Value {
    let all = listed.as_array().unwrap_or_else(|| panic!("{listed}"));
    all.iter().find(|one| one["order"] == order).unwrap_or_else(|| panic!("{order}: {listed}"))
}

fn id(listed: &Value, order: &str) -> String {
    of_order(listed, order)["delivery"].as_str().expect("it has an id").to_owned()
}

async fn page(daemon: &Daemon, token: &str, path: &str) -> (u16, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.get(format!("{}{path}", daemon.api()));
    let request = if path == "/" { request.basic_auth("somebody", Some(token)) } else { request.bearer_auth(token) };
    let answer = request.send().await.expect("it answers");
    (answer.status().as_u16(), answer.text().await.expect("it is text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_unreadable_dead_letter_hides_no_other_and_can_be_discarded() {
    let account = Account { user: "om".into(), password: PASSWORD.into(), code: String::new() };
    let shop = DemoCart::start(account, &["1021"]).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "");
    // The shop knows neither, so both die.
    send(&daemon, "4711", "Shipped");
    send(&daemon, "4712", "Shipped");
    let listed = daemon.json(&["delivery", "list"])["dead"].clone();
    let (bad, good) = (id(&listed, "4711"), id(&listed, "4712"));
    spoil(&daemon, &format!("UPDATE dead_letters SET content = '{{\"order_number\": 7}}' WHERE delivery = '{bad}'"));
    let token = daemon.token("page", "operator", &[]);

    daemon.serve();
    let listed = daemon.json(&["delivery", "list"]);
    assert!(of_order(&listed["dead"], "4711")["unreadable"].as_str().is_some_and(|why| why.contains("the update")), "{listed}");
    assert_eq!(of_order(&listed["dead"], "4712")["unreadable"], Value::Null);
    assert!(daemon.done(&["delivery", "list", "--state", "blocked"]).contains("unreadable: could not read the update"));
    let shown = daemon.done(&["delivery", "show", &bad]);
    assert!(
        shown.contains("unreadable") && shown.contains("cartage delivery discard") && !shown.contains("cartage delivery retry"),
        "{shown}"
    );
    let (status, text) = page(&daemon, &token, "/v1/deliveries").await;
    assert!(status == 200 && text.contains(&bad) && text.contains(&good), "{status}: {text}");
    let (status, text) = page(&daemon, &token, &format!("/v1/deliveries/{bad}")).await;
    assert!(status == 200 && text.contains("could not read the update"), "{status}: {text}");
    let (status, text) = page(&daemon, &token, "/").await;
    assert!(status == 200 && text.contains(&bad) && text.contains(&good) && text.contains("unreadable"), "{status}: {text}");
    let said = daemon.done(&["delivery", "export", "--all", "support.json"]);
    assert!(said.contains("2 deliveries"), "{said}");
    let (code, status) = daemon.run(&["status"]);
    assert!(code == 1 && status.contains("an update of order 4711 cannot be read by this release"), "{status}");

    let (code, retried) = daemon.run(&["delivery", "retry", "--all"]);
    assert!(
        code == 1 && retried.contains("was left alone: this release cannot read it") && retried.contains("is tried again"),
        "{retried}"
    );
    assert!(daemon.done(&["delivery", "discard", &bad, "--why", "unreadable"]).contains("is discarded"));
    assert!(daemon.done(&["delivery", "show", &bad]).contains("discarded"));
    let status = daemon.run(&["status"]).1;
    assert!(!status.contains("cannot be read"), "{status}");
    assert!(daemon.stop(), "it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_whose_head_cannot_be_read_stops_no_other_and_is_told_of() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "");
    daemon.done(&["cart", "pause", "shop"]);
    for order in ["1021", "1022"] {
        send(&daemon, order, "Status 1");
    }
    send(&daemon, "1021", "Status 2");
    let bad = daemon.json(&["delivery", "list"])["queued"][0]["delivery"].as_str().expect("it has an id").to_owned();
    spoil(&daemon, &format!("UPDATE deliveries SET content = 'damaged' WHERE delivery = '{bad}'"));
    let (code, status) = daemon.run(&["status"]);
    assert!(code == 1 && status.contains("an update of order 1021 cannot be read"), "also while its cart is paused: {status}");

    daemon.serve();
    daemon.done(&["cart", "resume", "shop"]);
    let start = Instant::now();
    while shop.seen().last.get("1022") != Some(&1) {
        assert!(start.elapsed() < PATIENCE, "the other order goes on: {:?}", shop.seen());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    loop {
        let (code, status) = daemon.run(&["status"]);
        if code == 1 && status.contains("order 1021 is not sent: could not read the update") {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "somebody is told: {status}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let shown = daemon.done(&["delivery", "show", &bad]);
    assert!(shown.contains("it rests until then: could not read the update"), "{shown}");
    assert!(daemon.done(&["delivery", "discard", &bad, "--why", "damaged"]).contains("is discarded"));
    while shop.seen().last.get("1021") != Some(&2) {
        assert!(start.elapsed() < PATIENCE, "its order goes on without it: {:?}", shop.seen());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let status = daemon.run(&["status"]).1;
    assert!(!status.contains("cannot be read") && !status.contains("is not sent"), "{status}");
    assert!(daemon.stop(), "it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_too_large_for_one_are_told_by_themselves() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let mut daemon = Daemon::new();
    std::fs::copy(guest("tells_full_states"), daemon.path("script.wasm")).expect("the folder can be written");
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"\"", "[delivery]\ndead_letters = \"latest-wins\"");
    daemon.done(&["cart", "pause", "shop"]);
    for number in 1..=2 {
        let line = |at: usize| json!({ "sku": format!("{number}-{at}"), "note": "x".repeat(6_000) });
        let update = json!({
            "order_number": "1021", "label": format!("Status {number}"), "line_items": (0..400).map(line).collect::<Vec<_>>(),
        });
        std::fs::write(daemon.path("update.json"), update.to_string()).expect("the folder can be written");
        let (_, printed) = daemon.run(&["send", "--cart", "shop", "--update", "update.json"]);
        assert!(printed.contains("paused"), "{printed}");
    }
    daemon.serve();
    daemon.done(&["cart", "resume", "shop"]);
    let start = Instant::now();
    while shop.seen().last.get("1021") != Some(&2) {
        assert!(start.elapsed() < PATIENCE, "{:?}: {}", shop.seen(), daemon.run(&["status"]).1);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((shop.seen().arrived, shop.seen().regressions.len()), (2, 0));
    assert!(daemon.stop(), "it ends well");
}

#[test]
fn a_definition_that_cannot_be_read_hides_no_other_cart_and_is_mended_by_its_file() {
    let daemon = Daemon::new();
    daemon.add_cart("other", "http://127.0.0.1:9/", "encoding = \"delimited\"", "");
    daemon.add_cart("shop", "http://127.0.0.1:9/", "encoding = \"delimited\"", "");
    spoil(&daemon, "UPDATE carts SET definition = 'mode = ' WHERE cart = 'shop'");
    for words in [&["cart", "list"][..], &["export"]] {
        let (code, said) = daemon.run(words);
        assert!(code == 1 && said.contains("other") && said.contains("could not read cart shop"), "{words:?}: {said}");
        assert!(said.contains("cartage apply FILE"), "{words:?}: {said}");
    }
    daemon.done(&["apply", "cart.toml"]);
    assert!(daemon.done(&["cart", "list"]).contains("shop"));
}
