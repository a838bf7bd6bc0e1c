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

/// A library that is preloaded into the daemon, the file that says which of its calls on the database fail, and the one that says by how many
/// seconds its wall clock is ahead.
pub(crate) struct Faults {
    library: PathBuf,
    control: PathBuf,
    clock: PathBuf,
}

impl Faults {
    pub(crate) fn new(daemon: &Daemon) -> Faults {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/store/src/tests/faults.c");
        let library = daemon.path("faults.so");
        let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([library.as_os_str(), source.as_ref()]).status();
        assert!(made.expect("a C compiler built SQLite").success());
        Faults { library, control: daemon.path("fault"), clock: daemon.path("clock") }
    }

    pub(crate) fn serve(&self, daemon: &mut Daemon) {
        let [library, control, clock] = [&self.library, &self.control, &self.clock].map(|path| path.display().to_string());
        daemon.serve_with(&[
            ("LD_PRELOAD", &library),
            ("CARTAGE_TEST_FAULT", &control),
            ("CARTAGE_TEST_FAULT_AT", ".sqlite"),
            ("CARTAGE_TEST_CLOCK", &clock),
        ]);
    }

    /// Sets the wall clock.
    pub(crate) fn set_clock(&self, ahead_s: i64) {
        // Renamed, so that no reader finds half a number.
        let new = self.clock.with_extension("new");
        std::fs::write(&new, ahead_s.to_string()).expect("the folder can be written");
        std::fs::rename(&new, &self.clock).expect("it is ours");
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
    refused.problem(507, "no-room", "nothing of the request was saved");
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
        post().await.problem(507, "no-room", "nothing of the request was saved");
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
    failed.problem(503, "unavailable", "this machine cannot serve the request now");
    let last = daemon.fails().to_string();
    assert!(last.contains("the store accepts no more writes, so the daemon stopped; accepted updates are kept"), "{last}");
    assert!(last.contains("its disk failed"), "{last}");

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

/// Every way in answers that it cannot do it now, none of them with a decision, and nothing is kept of it.
async fn every_way_in_is_refused(http: &Http, daemon: &Daemon, token: &str, order: &str) {
    let api = daemon.api();
    let keyed = [("idempotency-key", order)];
    let body = |body: Value| Some(("application/json", body.to_string()));
    let one = http.ask_with("POST", &format!("{api}/v1/status-updates"), token, body(update(order, "Status 1")), &keyed).await;
    one.problem(503, "unavailable", "nothing of the request was saved");
    let event = json!({ "event": "Order Packed", "cart": "shop", "order_number": order });
    http.json("POST", &format!("{api}/v1/status-events"), token, &event).await.problem(
        503,
        "unavailable",
        "nothing of the request was saved",
    );
    let batch_key = format!("{order}-batch");
    let batch = json!({ "updates": [update(order, "Status 1"), update(order, "Status 2")] });
    let until = Instant::now() + PATIENCE;
    let batch = loop {
        let key = [("idempotency-key", batch_key.as_str())];
        let batch = http.ask_with("POST", &format!("{api}/v1/status-updates"), token, body(batch.clone()), &key).await;
        // Where not even the token can be looked up at this moment, the batch is refused whole.
        if batch.status != 503 || Instant::now() > until {
            break batch.is(207);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!((0..2).all(|at| batch.json["updates"][at]["status"] == 503), "{}", batch.text);
    let answer = http.post_status(daemon, "shop", order, "Status 1").await;
    assert!(
        answer.starts_with("SETIResponse: update=False;Notes=") && answer.contains("try again: this server cannot accept the update now"),
        "{answer}"
    );
}

/// The same for commands, which need a way to the daemon.
fn commands_fail(daemon: &Daemon, order: &str) {
    for words in [
        &["send", "--cart", "shop", "--order", order, "--label", "Status 1"][..],
        &["event", "raise", "Order Packed", "--cart", "shop", "--order", order],
        &["explain", "--cart", "shop", "--order", order],
    ] {
        let (code, said) = daemon.run(words);
        assert!(code == 1 && said.contains("nothing was decided"), "{words:?}: {said}");
    }
}

/// The machine is well again: what was refused is new, under the same keys too, and also as another batch.
async fn it_is_new(http: &Http, daemon: &Daemon, token: &str, order: &str) {
    let updates = format!("{}/v1/status-updates", daemon.api());
    let body = |body: Value| Some(("application/json", body.to_string()));
    http.ask_with("POST", &updates, token, body(update(order, "Status 1")), &[("idempotency-key", order)]).await.is(202);
    let batch_key = format!("{order}-batch");
    let keyed = [("idempotency-key", batch_key.as_str())];
    let other = json!({ "updates": [update(order, "Status 2")] });
    http.ask_with("POST", &updates, token, body(other), &keyed).await.is(202);
    let third = json!({ "updates": [update(order, "Status 3")] });
    http.ask_with("POST", &updates, token, body(third), &keyed).await.problem(422, "key-reused", "came with another body before");
}

/// The copy of the plugin's file that runs.
fn copy(daemon: &Daemon) -> PathBuf {
    let mut copies =
        std::fs::read_dir(daemon.path("data/plugins")).expect("it is there").map(|entry| entry.expect("it can be read").path());
    copies.find(|path| path.extension().is_some_and(|end| end == "wasm")).expect("there is a copy")
}

async fn served() -> (OrderChecker, Daemon, String, Http) {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let (mut daemon, token) = with_a_shop(&shop);
    daemon.done(&["event", "set", "Order Packed", "--order-label", "Status 2", "--notify-cart"]);
    daemon.serve();
    let http = Http::new();
    http.json("POST", &format!("{}/v1/status-updates", daemon.api()), &token, &update("before", "Status 1")).await.is(202);
    arrives(&shop, "before", 1).await;
    (shop, daemon, token, http)
}

#[tokio::test(flavor = "multi_thread")]
async fn want_of_file_handles_is_no_decision() {
    let (shop, mut daemon, token, http) = served().await;
    // Both ways in have a connection, and the plugin's file is to be read again.
    assert!(http.post_status(&daemon, "shop", "before", "Status 2").await.contains("update=OK"));
    let touched = std::fs::File::options().write(true).open(copy(&daemon)).expect("it is ours");
    touched.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(5)).expect("it is ours");
    let pid = daemon.pid();
    let open = std::fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())).expect("it is ours");
    let open: BTreeSet<u64> = open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    let free = (0..).find(|number| !open.contains(number));
    let before = prlimit(Some(pid), Resource::Nofile, Rlimit { current: free, maximum: Some(4096) }).expect("it is ours");
    every_way_in_is_refused(&http, &daemon, &token, "1021").await;
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(1024), maximum: Some(4096) }).expect("it is ours");
    it_is_new(&http, &daemon, &token, "1021").await;
    arrives(&shop, "1021", 2).await;
    assert!(before.current.is_none_or(|current| current > 100));
    assert!(daemon.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_that_is_not_where_it_was_is_no_decision() {
    let (shop, mut daemon, token, http) = served().await;
    for (nth, part) in ["data/plugins", "data"].into_iter().enumerate() {
        let order = format!("102{nth}");
        let aside = daemon.path("aside");
        std::fs::rename(daemon.path(part), &aside).expect("it is ours");
        every_way_in_is_refused(&http, &daemon, &token, &order).await;
        if part == "data/plugins" {
            commands_fail(&daemon, &order);
        }
        // An empty folder, as the place of a disk that was unmounted, and a folder of somebody else.
        std::fs::create_dir(daemon.path(part)).expect("it is ours");
        if part == "data" {
            every_way_in_is_refused(&http, &daemon, &token, &order).await;
            std::fs::create_dir(daemon.path("data/plugins")).expect("it is ours");
            std::fs::write(daemon.path("data/cartage.sqlite"), "").expect("it is ours");
            every_way_in_is_refused(&http, &daemon, &token, &order).await;
        }
        std::fs::remove_dir_all(daemon.path(part)).expect("it is ours");
        std::fs::rename(&aside, daemon.path(part)).expect("it is ours");
        it_is_new(&http, &daemon, &token, &order).await;
        arrives(&shop, &order, 2).await;
    }
    assert!(daemon.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_copy_of_a_plugin_alerts_at_once_and_is_no_decision() {
    let (shop, mut daemon, token, http) = served().await;
    daemon.done(&["status"]);
    let file = copy(&daemon);
    let whole = std::fs::read(&file).expect("it is there");
    for damaged in [[&whole[..whole.len() / 2], b"?", &whole[whole.len() / 2 + 1..]].concat(), whole[..1000].to_vec(), Vec::new()] {
        std::fs::write(&file, &damaged).expect("it is ours");
        let until = Instant::now() + PATIENCE;
        // Nothing waits, and nobody asks for anything.
        let alert = loop {
            let (code, said) = daemon.run(&["status"]);
            if code == 1 {
                break said;
            }
            assert!(Instant::now() < until, "{said}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        assert!(alert.contains("is damaged") && alert.contains("cartage cart upgrade shop --plugin"), "{alert}");
    }
    every_way_in_is_refused(&http, &daemon, &token, "1021").await;
    commands_fail(&daemon, "1021");
    daemon.done(&["cart", "upgrade", "shop", "--plugin", "script.wasm"]);
    assert_eq!(std::fs::read(&file).expect("it is there"), whole);
    it_is_new(&http, &daemon, &token, "1021").await;
    arrives(&shop, "1021", 2).await;
    assert!(daemon.stop());
}

/// What the store holds of a plugin and of the settings can become unreadable: the plugin says it again, the rest is a fault and no refusal.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_read_are_no_decision() {
    let (shop, mut daemon, token, http) = served().await;
    let edit = |daemon: &Daemon, sql: &str| {
        let store = rusqlite::Connection::open(daemon.path("data/cartage.sqlite")).expect("it is ours");
        assert_eq!(store.execute(sql, ()).expect("the table is there"), 1);
    };
    assert!(daemon.stop());
    edit(&daemon, "UPDATE plugins SET manifest = '{'");
    daemon.serve();
    let updates = format!("{}/v1/status-updates", daemon.api());
    http.json("POST", &updates, &token, &update("1", "Status 1")).await.is(202);
    arrives(&shop, "1", 1).await;
    for (broken, mended) in [
        ("UPDATE parameters SET value = 'perhaps' WHERE cart = ''", "UPDATE parameters SET value = 'True' WHERE cart = ''"),
        ("UPDATE status_events SET event = 'Order Pucked'", "UPDATE status_events SET event = 'Order Packed'"),
        ("UPDATE carts SET definition = '= ' || definition", "UPDATE carts SET definition = substr(definition, 3)"),
    ] {
        assert!(daemon.stop());
        edit(&daemon, broken);
        daemon.serve();
        let order = broken.len().to_string();
        let updates = format!("{}/v1/status-updates", daemon.api());
        let post = async || {
            let body = ("application/json", update(&order, "Status 1").to_string());
            http.ask_with("POST", &updates, &token, Some(body), &[("idempotency-key", &order)]).await
        };
        post().await.problem(503, "unavailable", "nothing of the request was saved");
        edit(&daemon, mended);
        post().await.is(202);
    }
    assert!(daemon.stop());
}
