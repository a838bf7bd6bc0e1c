//! What the daemon does with what plugins say since `cartage:plugin@1.0.0`.

use crate::daemon::Daemon;
use crate::harness::guest;
use crate::http::Http;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon with a live cart of the guest that answers as its update's note says.
fn with_a_cart(more: &str) -> (Daemon, String) {
    let mut daemon = Daemon::new();
    std::fs::write(daemon.path("guest.wasm"), guest("does_as_told")).expect("the folder can be written");
    let text = format!(
        "cart = \"shop\"\nplugin = \"guest.wasm\"\nmode = \"live\"\n[endpoints.api]\nbase_url = \"https://shop.example/api\"\n{more}"
    );
    std::fs::write(daemon.path("cart.toml"), text).expect("the folder can be written");
    daemon.done(&["apply", "cart.toml"]);
    daemon.done(&["param", "set", "UseGenericStatusUpdates", "True", "--cart", "shop"]);
    daemon.done(&["credential", "set", "shop", "key", "key", "--env", "SHOP_PASSWORD"]);
    let token = daemon.token("orders", "operator", &[]);
    daemon.serve();
    (daemon, token)
}

/// Accepts an update with this note, and gives its delivery.
async fn accept(daemon: &Daemon, token: &str, order: &str, note: &str) -> String {
    let body = json!({ "cart": "shop", "order_number": order, "label": "Shipped", "note": note });
    let answer = Http::new().json("POST", &format!("{}/v1/status-updates", daemon.api()), token, &body).await.is(202);
    answer.json["delivery"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
}

/// Waits until a delivery's document is so.
async fn until(daemon: &Daemon, token: &str, delivery: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let (http, start) = (Http::new(), Instant::now());
    loop {
        let shown = http.ask("GET", &format!("{}/v1/deliveries/{delivery}", daemon.api()), token, None).await.json;
        if holds(&shown) {
            return shown;
        }
        assert!(start.elapsed() < PATIENCE, "{shown}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_in(state: &'static str) -> impl Fn(&Value) -> bool {
    move |shown| shown["state"] == state
}

fn attempted_at(shown: &Value) -> u64 {
    shown["receipts"][0]["at_unix_ms"].as_u64().unwrap_or_else(|| panic!("{shown}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_rests_for_as_long_as_its_plugin_asks() {
    let (mut daemon, token) = with_a_cart("");
    let first = accept(&daemon, &token, "1021", "rest=2000").await;
    let first = until(&daemon, &token, &first, is_in("delivered")).await;
    let second = accept(&daemon, &token, "1022", "").await;
    let second = until(&daemon, &token, &second, is_in("delivered")).await;
    let apart = attempted_at(&second) - attempted_at(&first);
    assert!((1_900..20_000).contains(&apart), "{apart} ms: {first} {second}");
    assert!(daemon.stop(), "it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_orders_in_a_row_that_are_not_permitted_pause_the_cart_and_the_last_of_them_waits() {
    let (mut daemon, token) = with_a_cart("[delivery]\nconcurrency = 1\n");
    for order in ["1", "2"] {
        let dead = accept(&daemon, &token, order, "fail=not-permitted").await;
        until(&daemon, &token, &dead, is_in("dead")).await;
    }
    // One that is permitted ends the row.
    let fine = accept(&daemon, &token, "9", "").await;
    until(&daemon, &token, &fine, is_in("delivered")).await;
    let mut deliveries = Vec::new();
    for order in ["3", "4", "5"] {
        let delivery = accept(&daemon, &token, order, "fail=not-permitted").await;
        until(&daemon, &token, &delivery, |shown| shown["receipts"].as_array().is_some_and(|all| !all.is_empty())).await;
        deliveries.push(delivery);
    }
    let states = [deliveries[0].as_str(), &deliveries[1], &deliveries[2]];
    for (delivery, state) in states.into_iter().zip(["dead", "dead", "queued"]) {
        until(&daemon, &token, delivery, is_in(state)).await;
    }
    let (code, status) = daemon.run(&["status"]);
    assert!(
        code == 1 && status.contains("paused (not-permitted)") && status.contains("did not permit several orders in a row"),
        "{status}"
    );
    let said = daemon.done(&["explain", "--cart", "shop", "--order", "5"]);
    assert!(
        said.contains("waits until somebody resumes the cart shop, which is paused (not-permitted).")
            && said.contains("Message of the last attempt: order"),
        "{said}"
    );
    // Resumed while the right is still missing, it is found out with one order and pauses again.
    daemon.done(&["cart", "resume", "shop"]);
    let again = until(&daemon, &token, &deliveries[2], |shown| shown["receipts"].as_array().is_some_and(|all| all.len() > 1)).await;
    assert_eq!(again["state"], "queued", "{again}");
    assert!(daemon.stop(), "it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pending_is_asked_again_by_the_wish_and_counts_as_no_attempt() {
    let (mut daemon, token) = with_a_cart("[delivery]\nretry_waits = [\"24 h\"]\n");
    let pending = accept(&daemon, &token, "1021", "fail=pending after=1000 told=0").await;
    // Of a delivery that names a package that there is not, the plugin is at fault.
    until(&daemon, &token, &pending, |shown| shown["receipts"].as_array().is_some_and(|all| !all.is_empty())).await;
    let waits = accept(&daemon, &token, "1022", "fail=pending after=1000").await;
    let shown = until(&daemon, &token, &waits, |shown| shown["receipts"].as_array().is_some_and(|all| all.len() >= 3)).await;
    assert_eq!(shown["state"], "queued", "{shown}");
    let ats: Vec<u64> = (0..3).map(|nth| shown["receipts"][nth]["at_unix_ms"].as_u64().expect("it has one")).collect();
    assert!(ats.windows(2).all(|pair| pair[1] - pair[0] >= 950), "{ats:?}");
    let (_, status) = daemon.run(&["status"]);
    assert!(!status.contains("breaker-open"), "it says nothing against the cart: {status}");
    let fault = until(&daemon, &token, &pending, |shown| shown["receipts"][0]["fate"] == "plugin-fault").await;
    assert!(
        fault["receipts"][0]["message"]
            .as_str()
            .is_some_and(|said| said.contains("it names the package at 0 as told, and the update has 0 packages"))
    );
    assert!(daemon.stop(), "it ends well");
}
