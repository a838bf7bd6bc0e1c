//! Operating a daemon: what somebody must act on, what is paused and banned, and what its service manager hears.

mod api_socket;
mod ending;
mod machine;
mod same;
mod strangers;
mod systemd;
mod tls;
mod writer;

use crate::daemon::Daemon;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// The longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until something is so.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        match look() {
            Some(found) => return found,
            None if Instant::now() > until => panic!("{what} did not come"),
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// The lines of JSON in a file.
fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// A command for alerts that keeps what it is told.
fn keeper(daemon: &Daemon) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let (begun, file) = (daemon.path("keeper.begun"), daemon.path("keeper"));
    let told = daemon.path("told");
    std::fs::write(&begun, format!("#!/bin/sh\ncat >> {0}\necho >> {0}\n", told.display())).expect("the folder can be written");
    std::fs::set_permissions(&begun, std::fs::Permissions::from_mode(0o700)).expect("it is ours");
    std::fs::rename(&begun, &file).expect("it is ours");
    file.display().to_string()
}

/// A daemon with a cart that nothing listens for.
fn with_a_shop() -> Daemon {
    let daemon = Daemon::new();
    daemon.add_cart("shop", "http://127.0.0.1:9/", "encoding = \"delimited\"", "");
    daemon
}

/// The digest that a cart is pinned to.
fn digest(daemon: &Daemon, cart: &str) -> String {
    let shown: Value = serde_json::from_str(&daemon.done(&["cart", "show", cart, "--json"])).expect("it is JSON");
    shown["digest"].as_str().expect("it is pinned").to_owned()
}

#[test]
fn an_alert_is_shown_first_told_and_told_over() {
    let mut daemon = with_a_shop();
    let (code, calm) = daemon.run(&["status"]);
    assert!(code == 0 && calm.contains("no open alerts") && calm.contains("live, 0 waiting"), "{calm}");
    let command = keeper(&daemon);
    daemon.serve_with(&[("CARTAGE_ALERTS_COMMAND", &command)]);
    let banned = daemon.done(&["plugin", "ban", &digest(&daemon, "shop"), "--why", "wrong numbers"]);
    assert!(banned.contains("paused, with their queues kept: shop"), "{banned}");
    let told = wait_for("the alert", || lines(&daemon.path("told")).into_iter().next());
    assert_eq!((&told["news"], &told["kind"], &told["subject"]), (&"raised".into(), &"plugin-banned".into(), &"cart shop".into()));
    let (code, shown) = daemon.run(&["status"]);
    assert_eq!(code, 1, "{shown}");
    let (alert, cart) = (shown.find("plugin-banned").expect("it is shown"), shown.find("live, paused").expect("it is shown"));
    assert!(shown.starts_with("open alerts") && alert < cart, "{shown}");
    let (code, shown) = daemon.run(&["status", "--json"]);
    let shown: Value = serde_json::from_str(&shown).expect("it is JSON");
    assert_eq!(
        (code, &shown["alerts"][0]["kind"], &shown["carts"][0]["pause"]["why"]),
        (1, &"plugin-banned".into(), &"plugin-banned".into())
    );
    daemon.done(&["plugin", "unban", &digest(&daemon, "shop")]);
    let over = wait_for("its end", || lines(&daemon.path("told")).into_iter().nth(1));
    assert_eq!((&over["news"], &over["kind"]), (&"cleared".into(), &"plugin-banned".into()));
    assert_eq!(daemon.run(&["status"]).0, 0);
    assert!(daemon.stop());
}

#[test]
fn an_end_that_comes_while_no_daemon_runs_is_told_by_the_next() {
    let mut daemon = with_a_shop();
    let command = keeper(&daemon);
    daemon.serve_with(&[("CARTAGE_ALERTS_COMMAND", &command)]);
    daemon.done(&["plugin", "ban", &digest(&daemon, "shop"), "--why", "wrong numbers"]);
    wait_for("the alert, and the note of it", || {
        let status: Value = serde_json::from_str(&daemon.run(&["status", "--json"]).1).ok()?;
        status["alerts"][0]["told_at_unix_ms"].as_u64()
    });
    daemon.kill();
    daemon.done(&["plugin", "unban", &digest(&daemon, "shop")]);
    assert_eq!(daemon.run(&["status"]).0, 0, "without a daemon it looks by itself");
    daemon.serve_with(&[("CARTAGE_ALERTS_COMMAND", &command)]);
    wait_for("its end", || lines(&daemon.path("told")).into_iter().find(|told| told["news"] == "cleared"));
}

#[test]
fn a_plugin_that_is_banned_is_not_taken_and_not_gone_back_to() {
    let daemon = with_a_shop();
    let bad = digest(&daemon, "shop");
    daemon.done(&["plugin", "ban", &bad, "--why", "wrong numbers"]);
    assert!(daemon.done(&["plugin", "bans"]).contains("wrong numbers"));
    for words in [
        ["apply", "cart.toml", "", ""].as_slice(),
        &["cart", "resume", "shop", ""],
        &["cart", "upgrade", "shop", "--plugin", "script.wasm"],
    ] {
        let words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
        let (code, said) = daemon.run(&words);
        assert!(code == 1 && said.contains("is banned (wrong numbers)") && said.contains("cartage plugin unban"), "{words:?}: {said}");
    }
    let (code, said) = daemon.run(&["plugin", "ban", "sha256:12", "--why", "x"]);
    assert_eq!(code, 2, "{said}");
    daemon.done(&["plugin", "unban", &bad]);
    assert_eq!(daemon.run(&["plugin", "unban", &bad]).0, 1, "it is not banned any more");
    daemon.done(&["cart", "upgrade", "shop", "--plugin", "script.wasm"]);
}

#[test]
fn a_cart_with_a_queue_is_removed_only_when_that_is_said() {
    let mut daemon = with_a_shop();
    daemon.done(&["cart", "pause", "--all", "--reason", "a look"]);
    for order in ["1021", "1022"] {
        daemon.run(&["send", "--cart", "shop", "--order", order, "--label", "Order Shipped"]);
    }
    daemon.serve();
    let (code, kept) = daemon.run(&["cart", "remove", "shop"]);
    assert!(code == 1 && kept.contains("2 updates wait for it, and it has 0 dead letters"), "{kept}");
    let resumed = daemon.done(&["cart", "resume", "--all"]);
    assert!(resumed.contains("resumed 1 cart that"), "{resumed}");
    let removed = daemon.done(&["cart", "remove", "shop", "--discard-queue"]);
    assert!(removed.contains("2 of its updates were discarded"), "{removed}");
    let (deliveries, carts) = (daemon.done(&["delivery", "list"]), daemon.done(&["cart", "list"]));
    assert!(deliveries.contains("0 queued, 0 dead, 0 orders blocked"), "{deliveries}");
    assert!(carts.contains("there is no cart yet"), "{carts}");
}

#[tokio::test]
async fn a_request_s_trace_names_the_line_of_its_decision() {
    let mut daemon = with_a_shop();
    daemon.done(&["cart", "pause", "shop"]);
    let made: Value = serde_json::from_str(&daemon.done(&["token", "new", "om", "--role", "operator", "--json"])).expect("it is JSON");
    let token = made["text"].as_str().expect("it is shown").to_owned();
    daemon.serve_with(&[("CARTAGE_LOG_FORMAT", "json")]);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let body = r#"{"cart": "shop", "order_number": "1021", "label": "Order Shipped", "note": "marked-note-1234"}"#;
    let answer = client.post(format!("{}/v1/status-updates", daemon.api())).bearer_auth(&token).header("traceparent", trace);
    let answer = answer.header("content-type", "application/json").body(body).send().await.expect("it answers");
    assert_eq!(answer.status().as_u16(), 202);
    assert_eq!(answer.headers()["traceparent"], trace);
    let answer: Value = serde_json::from_str(&answer.text().await.expect("it is whole")).expect("it is JSON");
    let log = daemon.path("log");
    let line = wait_for("the line", || lines(&log).into_iter().find(|line| line["target"] == "cartage::decision"));
    assert_eq!((&line["trace_id"], &line["parent_id"]), (&"0af7651916cd43dd8448eb211c80319c".into(), &"b7ad6b7169203331".into()));
    assert_eq!((&line["delivery"], &line["order"], &line["outcome"]), (&answer["delivery"], &"1021".into(), &"queued".into()));
    assert!(!std::fs::read_to_string(&log).expect("there is a log").contains("marked-note-1234"), "a note is never logged");
    // Paused by a person, so nobody must act; the numbers that the rules for Prometheus need are there.
    let metrics = client.get(format!("{}/metrics", daemon.api())).bearer_auth(&token).send().await.expect("it answers");
    let metrics = metrics.text().await.expect("it is whole");
    for series in
        ["cartage_commit_seconds_count", "cartage_accept_seconds_count 1", "cartage_free_disk_bytes", "cartage_paused{cart=\"shop\"} 1"]
    {
        assert!(metrics.contains(series), "{series}: {metrics}");
    }
}
