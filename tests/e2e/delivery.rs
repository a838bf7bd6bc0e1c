//! Never lost, in order: what a cart sees of a daemon that is killed at any moment.

use crate::daemon::{Daemon, PASSWORD};
use cartage_demo_cart::{Account, DemoCart};
use cartage_tests::order_checker::OrderChecker;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many orders one cart has in flight here at once.
const CONCURRENCY: u64 = 8;
/// Senders, each with orders of its own.
const SENDERS: u64 = 6;
/// Orders of one sender.
const ORDERS: u64 = 12;
/// A cart at which nothing is under way for long, so that what a kill cut off is soon tried again.
pub(crate) const SOON_OVER: &str = "[limits]\ncall_ms = 500\nrequest_ms = 500\n[delivery]\nrepeat_margin = \"1 s\"";
/// The longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often the daemon is killed: `make crash` asks for more.
fn kills() -> u64 {
    std::env::var("CARTAGE_CRASH_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(25)
}

/// A client that waits no longer than a killed daemon deserves.
pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().expect("a client")
}

/// A status as an Order Manager posts it. The answer, if there was one.
pub(crate) async fn post(client: &reqwest::Client, url: &str, order: &str, status: &str) -> Option<String> {
    let form = [
        ("setifunction", "updatestatus"),
        ("setiuser", "om"),
        ("password", PASSWORD),
        ("code", ""),
        ("omversion", "7.5"),
        ("ordernumber", order),
        ("orderstatus", status),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
    request.send().await.ok()?.text().await.ok()
}

/// An answer to an update, but for where its order stands, which is told as of the moment.
fn decided(answer: &str) -> serde_json::Value {
    let mut document: serde_json::Value = serde_json::from_str(answer).expect("it is JSON");
    document.as_object_mut().expect("an object").retain(|name, _| !["stands", "standing"].contains(&name.as_str()));
    document
}

pub(crate) fn is_ok(answer: &str) -> bool {
    answer.starts_with("SETIResponse: update=OK")
}

/// A number that differs each time, from a seed.
pub(crate) fn draw(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_no_order_goes_back_however_often_it_is_killed() {
    let shop = OrderChecker::start(Duration::from_millis(3)).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", &format!("{SOON_OVER}\nconcurrency = {CONCURRENCY}"));
    daemon.serve();
    let (url, over) = (Arc::new(Mutex::new(daemon.inlet("shop"))), Arc::new(AtomicBool::new(false)));
    let senders: Vec<_> = (0..SENDERS).map(|sender| tokio::spawn(send(sender, url.clone(), over.clone()))).collect();

    let seed = std::time::UNIX_EPOCH.elapsed().map_or(1, |since| since.as_nanos() as u64);
    let mut state = seed;
    for _ in 0..kills() {
        tokio::time::sleep(Duration::from_millis(100 + draw(&mut state, 900))).await;
        daemon.kill();
        daemon.serve();
        *url.lock().expect("nobody panics while holding it") = daemon.inlet("shop");
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    over.store(true, Ordering::Relaxed);
    let mut accepted = BTreeMap::new();
    for sender in senders {
        accepted.extend(sender.await.expect("a sender ends"));
    }
    let updates: u64 = accepted.values().sum();
    assert!(updates > kills() * 4, "there was load: {updates} updates were accepted");

    // Many kills leave a long queue behind: what counts is that it goes on.
    let (mut arrived, mut since) = (0, Instant::now());
    while shop.seen().last != accepted && since.elapsed() < PATIENCE {
        let now = shop.seen().arrived;
        if now > arrived {
            (arrived, since) = (now, Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let seen = shop.seen();
    assert_eq!(seen.last, accepted, "nothing is lost (seed {seed})");
    assert!(seen.regressions.is_empty(), "no order goes back (seed {seed}): {:?}", seen.regressions);
    assert!(seen.overlaps.is_empty(), "no attempt overlaps another (seed {seed}): {:?}", seen.overlaps);
    assert!(seen.duplicates <= kills() * CONCURRENCY, "{} came twice, more than were in flight (seed {seed})", seen.duplicates);
}

/// Posts the next status of one of its orders, until it is over; each again until it is answered with OK. The number of the last of each order.
async fn send(sender: u64, url: Arc<Mutex<String>>, over: Arc<AtomicBool>) -> BTreeMap<String, u64> {
    let (client, mut accepted) = (client(), BTreeMap::new());
    for turn in 0.. {
        let order = format!("{}", 1000 * (sender + 1) + turn % ORDERS);
        let number = turn / ORDERS + 1;
        loop {
            let to = url.lock().expect("nobody panics while holding it").clone();
            match post(&client, &to, &order, &format!("Status {number}")).await {
                Some(answer) if is_ok(&answer) => break,
                Some(answer) => panic!("order {order}, status {number}: {answer}"),
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        accepted.insert(order, number);
        if over.load(Ordering::Relaxed) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
    accepted
}

#[tokio::test(flavor = "multi_thread")]
async fn it_may_die_between_any_two_steps() {
    for place in ["accepted", "claimed", "sent", "settled"] {
        let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
        let mut daemon = Daemon::new();
        daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", SOON_OVER);
        daemon.serve_with(&[("CARTAGE_FAILPOINT", place)]);
        let answer = post(&client(), &daemon.inlet("shop"), "1021", "Status 1").await;
        assert!(!daemon.wait(), "it dies at {place}");
        if place == "accepted" {
            assert_eq!(answer, None, "nobody is told what cannot be known");
        }
        let before = shop.seen();
        assert_eq!(before.arrived, u64::from(matches!(place, "sent" | "settled")), "at {place}");

        daemon.serve();
        let again = post(&client(), &daemon.inlet("shop"), "1021", "Status 1").await.expect("it answers");
        assert!(is_ok(&again) && again.contains("nothing to do"), "at {place}: it is on disk: {again}");
        let second = post(&client(), &daemon.inlet("shop"), "1021", "Status 2").await.expect("it answers");
        assert!(is_ok(&second), "at {place}: {second}");
        arrives(&shop, "1021", 2).await;
        let seen = shop.seen();
        assert_eq!(
            (seen.duplicates, seen.regressions.len()),
            (u64::from(place == "sent"), 0),
            "at {place}: only what was not settled comes twice"
        );
        assert!(daemon.stop(), "it ends well");
    }
}

async fn arrives(shop: &OrderChecker, order: &str, number: u64) {
    let start = Instant::now();
    while shop.seen().last.get(order) != Some(&number) {
        assert!(start.elapsed() < PATIENCE, "order {order} does not come to {number}: {:?}", shop.seen());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_done_by_the_daemon_and_an_update_waits_while_its_cart_is_paused() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "");
    daemon.serve();
    daemon.done(&["cart", "pause", "shop"]);
    let answer = post(&client(), &daemon.inlet("shop"), "1021", "Status 1").await.expect("it answers");
    assert!(is_ok(&answer), "{answer}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(shop.seen().arrived, 0, "it is paused");
    daemon.done(&["cart", "resume", "shop"]);
    arrives(&shop, "1021", 1).await;
    let sent = daemon.done(&["send", "--cart", "shop", "--order", "1021", "--label", "Status 2"]);
    assert!(sent.contains("delivered"), "the daemon delivers, and the command waits for it: {sent}");
    arrives(&shop, "1021", 2).await;
    daemon.done(&["param", "set", "UseStatusUpdates", "False"]);
    let held = post(&client(), &daemon.inlet("shop"), "1021", "Status 3").await.expect("it answers");
    assert!(held.starts_with("SETIResponse: update=False;Notes=order 1021 needs a person: UseStatusUpdates is False"), "{held}");
    assert!(daemon.stop(), "it ends well");
    assert!(std::fs::read_dir(daemon.data()).is_ok_and(|mut entries| entries.next().is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_post_is_told_no_more_than_that() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "");
    daemon.serve();
    let client = client();
    let ask = |cart: &str, body: &'static str| {
        let request = client.post(daemon.inlet(cart)).header("content-type", "application/x-www-form-urlencoded").body(body);
        async move { request.send().await.expect("it answers").text().await.expect("it is text") }
    };
    let version = ask("shop", "setifunction=sendversion&omversion=7.5").await;
    assert_eq!(version, "SETIResponse: version=1.000", "without credentials, as scripts do");
    let wrong = "setifunction=updatestatus&setiuser=om&password=wrong&ordernumber=1&orderstatus=x";
    let denied = ask("shop", wrong).await;
    assert!(denied.starts_with("SETIError: access denied"), "{denied}");
    assert_eq!(ask("no-such-cart", wrong).await, denied, "whether there is such a cart is nobody's business");
    let unknown = ask("shop", "setifunction=ordercount&setiuser=om").await;
    assert!(unknown.starts_with("SETIError: unknown function"), "{unknown}");
    assert!(ask("shop/../v1", "").await.starts_with("SETIError"), "there is nothing else at this address");
    // After ten failures at a cart, right or wrong, nothing of this client is taken there.
    for _ in 0..9 {
        assert_eq!(ask("shop", wrong).await, denied);
    }

    let shut = post(&client, &daemon.inlet("shop"), "1", "Status 1").await.expect("it answers");
    assert_eq!(shut, denied, "the right password is not listened to either");
    assert_eq!(shop.seen().arrived, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_takes_updates_and_says_how_it_goes() {
    let shop = OrderChecker::start(Duration::ZERO).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &shop.script_url(), "encoding = \"delimited\"", "");
    let made: serde_json::Value =
        serde_json::from_str(&daemon.done(&["token", "new", "orders", "--role", "sender", "--json"])).expect("one document");
    let token = made["token"].as_str().or_else(|| made["text"].as_str()).expect("it is shown once").to_owned();
    daemon.serve();
    let client = client();
    let send = |key: &'static str, label: &'static str, token: String| {
        let body = format!("{{\"cart\":\"shop\",\"order_number\":\"1021\",\"label\":\"{label}\"}}");
        let request = client.post(format!("{}/v1/status-updates", daemon.api())).header("content-type", "application/json").body(body);
        let request = request.header("authorization", format!("Bearer {token}")).header("idempotency-key", format!("\"{key}\""));
        async move {
            let answer = request.send().await.expect("it answers");
            (answer.status().as_u16(), answer.text().await.expect("it is text"))
        }
    };
    let first = send("a", "Status 1", token.clone()).await;
    assert!((200..300).contains(&first.0), "{first:?}");
    arrives(&shop, "1021", 1).await;
    let again = send("a", "Status 1", token.clone()).await;
    assert_eq!((again.0, decided(&again.1)), (first.0, decided(&first.1)), "the same request has the same answer");
    assert_eq!(send("a", "Status 2", token.clone()).await.0, 422, "the key was another request's");
    assert_eq!(send("b", "Status 2", "cartage_nobody".to_owned()).await.0, 401);
    assert!((200..300).contains(&send("b", "Status 2", token).await.0));
    arrives(&shop, "1021", 2).await;
    assert_eq!(shop.seen().duplicates, 0);
    let get = |path: &str| {
        let request = client.get(format!("{}{path}", daemon.api()));
        async move { request.send().await.expect("it answers").text().await.expect("it is text") }
    };
    assert!(get("/healthz").await.contains("\"status\""));
    assert!(get("/v1/openapi.json").await.contains("carries no token"), "all but its health is for those who have a token");
    assert!(daemon.stop(), "it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inlet_may_answer_with_what_the_cart_said() {
    let account = Account { user: "om".into(), password: PASSWORD.into(), code: String::new() };
    let cart = DemoCart::start(account, &["1021"]).await.expect("a free port");
    let slow = OrderChecker::start(Duration::from_secs(4)).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &cart.script_url(), "encoding = \"delimited\"", "answer = \"delivered\"\nwait_ms = 20000");
    daemon.add_cart("slow", &slow.script_url(), "encoding = \"delimited\"", "answer = \"delivered\"\nwait_ms = 1000");
    daemon.serve();
    let applied = post(&client(), &daemon.inlet("shop"), "1021", "Shipped").await.expect("it answers");
    assert!(is_ok(&applied), "{applied}");
    assert_eq!(cart.orders()["1021"].status, "Shipped", "it is there when the answer comes");
    let refused = post(&client(), &daemon.inlet("shop"), "9999", "Shipped").await.expect("it answers");
    assert!(refused.starts_with("SETIResponse: update=False;Notes=") && refused.contains("9999"), "{refused}");
    let queued = post(&client(), &daemon.inlet("slow"), "1021", "Status 1").await.expect("it answers");
    assert!(is_ok(&queued), "what is still under way is kept: {queued}");
    assert!(slow.seen().arrived <= 1);
    arrives(&slow, "1021", 1).await;
    assert!(daemon.stop(), "it ends well");
}
