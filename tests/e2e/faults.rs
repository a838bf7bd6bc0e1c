//! Faults of the machine: a disk that fails, a quota, no more file handles. What passes is answered so, costs no update and keeps nothing under
//! a sender's key; what does not pass ends the daemon with a clear last line, and loses nothing that was accepted.

use crate::daemon::Daemon;
use crate::http::{Answer, Http};
use cartage_tests::order_checker::OrderChecker;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// The longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

fn update(order: &str, status: &str) -> Value {
    json!({ "cart": "shop", "order_number": order, "label": status })
}

/// A daemon with a live cart, and a sender's token.
fn with_a_shop(shop: &OrderChecker) -> (Daemon, String) {
    let daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "");
    let token = daemon.token("orders", "operator", &[]);
    (daemon, token)
}

async fn arrives(shop: &OrderChecker, order: &str, number: u64) {
    let until = Instant::now() + PATIENCE;
    while shop.seen().last.get(order) != Some(&number) {
        assert!(Instant::now() < until, "order {order} did not get to {number}: {:?}", shop.seen());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Posts updates with long notes, each for an order of its own, until one is not accepted.
async fn fill(http: &Http, daemon: &Daemon, token: &str) -> (Vec<String>, Answer) {
    let updates = format!("{}/v1/status-updates", daemon.api());
    let mut accepted = Vec::new();
    loop {
        let order = format!("{}", 1000 + accepted.len());
        let mut body = update(&order, "Status 1");
        body["note"] = "x".repeat(4000).into();
        let answer = http.json("POST", &updates, token, &body).await;
        if answer.status != 202 {
            return (accepted, answer);
        }
        accepted.push(order);
        assert!(accepted.len() < 5000, "the limit is reached before");
    }
}

/// A library that is preloaded into the daemon, and the file that says which of its calls on the database fail.
struct Faults {
    library: PathBuf,
    control: PathBuf,
}

impl Faults {
    fn new(daemon: &Daemon) -> Faults {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/src/store/tests/faults.c");
        let library = daemon.path("faults.so");
        let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([library.as_os_str(), source.as_ref()]).status();
        assert!(made.expect("a C compiler built SQLite").success());
        Faults { library, control: daemon.path("fault") }
    }

    fn serve(&self, daemon: &mut Daemon) {
        let (library, control) = (self.library.display().to_string(), self.control.display().to_string());
        daemon.serve_with(&[("LD_PRELOAD", &library), ("CARTAGE_TEST_FAULT", &control), ("CARTAGE_TEST_FAULT_AT", ".sqlite")]);
    }

    fn set(&self, call: &str, errno: Errno) {
        std::fs::write(&self.control, format!("{call} {}", errno.raw_os_error())).expect("the folder can be written");
    }

    fn end(&self) {
        std::fs::write(&self.control, "").expect("the folder can be written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_on_the_size_of_files_is_a_full_disk_and_passes() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let (mut daemon, token) = with_a_shop(&shop);
    daemon.done(&["cart", "pause", "shop"]);
    // In blocks of 512 bytes.
    daemon.serve_after("ulimit -S -f 6000");
    let (http, updates) = (Http::new(), format!("{}/v1/status-updates", daemon.api()));
    let (accepted, refused) = fill(&http, &daemon, &token).await;
    refused.problem(507, "no-room", "nothing of the request was kept");
    assert!(accepted.len() > 10, "{accepted:?}");
    prlimit(Some(daemon.pid()), Resource::Fsize, Rlimit { current: None, maximum: None }).expect("it is ours");
    http.json("POST", &updates, &token, &update("7", "Status 1")).await.is(202);
    daemon.done(&["cart", "resume", "shop"]);
    for order in accepted.iter().chain([&"7".to_owned()]) {
        arrives(&shop, order, 1).await;
    }
    assert!(daemon.stop(), "it lived all the time: {}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_quota_passes_without_a_word_to_the_daemon() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let (mut daemon, token) = with_a_shop(&shop);
    let faults = Faults::new(&daemon);
    faults.serve(&mut daemon);
    let (http, updates) = (Http::new(), format!("{}/v1/status-updates", daemon.api()));
    let post = async || {
        let body = ("application/json", update("1021", "Status 1").to_string());
        http.ask_with("POST", &updates, &token, Some(body), &[("idempotency-key", "k1")]).await
    };
    for errno in [Errno::DQUOT, Errno::NOSPC] {
        faults.set("write", errno);
        post().await.problem(507, "no-room", "nothing of the request was kept");
    }
    faults.end();
    post().await.is(202);
    arrives(&shop, "1021", 1).await;
    assert!(daemon.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_ends_the_daemon_and_loses_nothing_that_was_accepted() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let (mut daemon, token) = with_a_shop(&shop);
    daemon.done(&["cart", "pause", "shop"]);
    let faults = Faults::new(&daemon);
    faults.serve(&mut daemon);
    let http = Http::new();
    let updates = format!("{}/v1/status-updates", daemon.api());
    for order in ["1", "2"] {
        http.json("POST", &updates, &token, &update(order, "Status 1")).await.is(202);
    }
    faults.set("write", Errno::IO);
    let failed = http.json("POST", &updates, &token, &update("3", "Status 1")).await;
    failed.problem(503, "unavailable", "this machine cannot do it now");
    let last = daemon.fails().to_string();
    assert!(last.contains("the store takes no more writes, so the daemon ended; what was accepted is kept"), "{last}");
    assert!(last.contains("the disk failed under it"), "{last}");

    // Started again where the disk takes writes, it has all that it said it had, and at most what it could not answer for.
    faults.end();
    daemon.serve();
    let url = format!("{}/v1/deliveries?state=queued&limit=200", daemon.api());
    let queued = http.ask("GET", &url, &token, None).await.is(200);
    let queued: BTreeSet<&str> =
        queued.json["deliveries"].as_array().expect("it is a list").iter().filter_map(|one| one["order_number"].as_str()).collect();
    assert!(queued.contains("1") && queued.contains("2"), "{queued:?}");
    daemon.done(&["cart", "resume", "shop"]);
    arrives(&shop, "2", 1).await;
    http.json("POST", &format!("{}/v1/status-updates", daemon.api()), &token, &update("7", "Status 1")).await.is(202);
    arrives(&shop, "7", 1).await;
    assert!(daemon.stop());
}
