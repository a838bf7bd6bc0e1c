//! A secret goes where it was meant to go, and whoever gives it back is left alone.

use super::{Desk, NEW, OLD, script_cart, shop};
use crate::daemon::{Daemon, PASSWORD};
use crate::http::Http;
use cartage::deliver::registry::{CartRegistry as _, NextCredentials};
use cartage::id::CartId;
use cartage::receipt::{Fate, PauseReason};
use cartage::service::Queue;
use cartage::vault::Generation;
use cartage_tests::bad_cart::{BadCart, Step};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn what_no_cart_needs_leaves_memory() {
    let desk = Desk::new();
    desk.write("shop.toml", &script_cart("shop", "https://shop.example/seti.php", ""));
    desk.done(&["apply", "shop.toml"]);
    assert_eq!(desk.type_in(&["credential", "set", "shop", "account", "password"], OLD).0, 0);
    let service = desk.service();
    let id = CartId::new("shop").expect("a valid id");
    let key = (service.merchant().clone(), id.clone());
    let ready = async || Arc::downgrade(&service.registry().ready(&key).await.expect("it can be made ready").expect("it was not refused"));
    let first = ready().await;
    assert!(first.upgrade().is_some() && service.plugins().compiled().len() == 1);
    // A credential that was changed is not in use any more, whether or not the cart is.
    assert!(service.credentials().forget(&id, "account", "password", None).await.expect("it is there"));
    service.watch().look().await.expect("it can be looked");
    assert!(first.upgrade().is_none(), "the old secret is still in memory");
    let kept = service.carts().get(&id).await.expect("it is there");
    let manifest = kept.manifest().expect("it was admitted").clone();
    let place = ("account", "password");
    service.credentials().set(&kept, &manifest, place, Generation::Current, NEW.into()).await.expect("it can be set");
    let second = ready().await;
    assert!(second.upgrade().is_some());
    service.removal().remove(&id, Queue::Keep).await.expect("nothing waits");
    assert!(second.upgrade().is_none() && service.plugins().compiled().is_empty());
}

/// NextCredentials that wait are tried with one order at a time, also where something else is changed while that order is under way.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_something_else_begins_no_second_trial() {
    let desk = Desk::new();
    desk.write("shop.toml", &script_cart("shop", "https://shop.example/seti.php", ""));
    desk.done(&["apply", "shop.toml"]);
    let set = |value: &str, next: &[&str]| desk.type_in(&[&["credential", "set", "shop", "account", "password"], next].concat(), value).0;
    assert_eq!((set(OLD, &[]), set(NEW, &["--next"])), (0, 0));
    let service = desk.service();
    let id = CartId::new("shop").expect("a valid id");
    let key = (service.merchant().clone(), id.clone());
    let ready = async || service.registry().ready(&key).await.expect("it can be made ready").expect("it was not refused");
    let current = ready().await;
    let refused = Fate::PauseCart { reason: PauseReason::Credentials, for_ms: None };
    assert_eq!(service.registry().tried(&key, &current, refused).await, NextCredentials::OthersNext);
    let first = ready().await;
    service.recordings().set_raw(&id, None, "something else").await.expect("there is room");
    let second = ready().await;
    assert!(!Arc::ptr_eq(&first, &second) && first.generation == second.generation, "the cart was made ready anew");
    assert!(Arc::ptr_eq(&first.trial, &second.trial), "and the trial is the same");
}

/// A script that does what it is asked and writes the password beside it.
async fn telltale() -> BadCart {
    let body = format!("SETIResponse: update=OK;Notes={OLD}");
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    BadCart::start(vec![Step::Receive, Step::send(answer)]).await.expect("a free port")
}

fn kinds(desk: &Desk) -> Vec<String> {
    let status = desk.json(&["status"]);
    let alerts = status["alerts"].as_array().expect("a list").iter().filter_map(|alert| alert["kind"].as_str());
    alerts.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_that_repeats_the_password_is_paused_whatever_it_did() {
    let desk = Desk::new();
    let cart = telltale().await;
    desk.write("shop.toml", &script_cart("shop", &format!("{}/seti.php", cart.base_url()), ""));
    desk.done(&["apply", "shop.toml"]);
    assert_eq!(desk.type_in(&["credential", "set", "shop", "account", "password"], OLD).0, 0);
    desk.switch_on("shop");
    let send = |order: &str| desk.run(&["send", "--cart", "shop", "--order", order, "--label", "Order Shipped"]);

    // The update is done, and is not told again; the cart is paused all the same.
    let (code, printed) = send("1021");
    assert!(code == 0 && printed.contains("answer contained a secret"), "{printed}");
    assert_eq!(desk.json(&["cart", "show", "shop"])["paused"], "secret-reflected");
    assert_eq!(kinds(&desk), ["secret-reflected"]);
    let explained = desk.json(&["explain", "--cart", "shop", "--order", "1021"]);
    assert_eq!(explained["receipts"][0]["fate"], "delivered");
    let (code, printed) = send("1022");
    assert!(code == 1 && printed.contains("cart shop, which is paused (secret-reflected)"), "{printed}");

    // Once somebody resumes it, it is asked again; what a check brings back counts as much.
    desk.done(&["cart", "resume", "shop"]);
    assert_eq!(kinds(&desk), [""; 0]);
    desk.run(&["cart", "check", "shop"]);
    assert_eq!(desk.json(&["cart", "show", "shop"])["paused"], "secret-reflected");
    assert_eq!(kinds(&desk), ["secret-reflected"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_moves_takes_no_credential_with_it() {
    let desk = Desk::new();
    let (first, second) = (shop(OLD, &["1021", "1022"]).await, shop(OLD, &["1021", "1022"]).await);
    // The password lies in a file of the machine: the definition fetches it.
    desk.write("password.txt", &format!("\u{feff}{OLD}\n"));
    let file = desk.path("password.txt");
    let cart = |shop: &str, fetched: bool| {
        let fetched = if fetched { format!("password = {{ file = {file:?} }}\n") } else { String::new() };
        script_cart("shop", shop, "") + &fetched
    };
    let send = |order: &str| desk.run(&["send", "--cart", "shop", "--order", order, "--label", "Order Shipped"]);
    desk.write("shop.toml", &cart(&first.script_url(), true));
    desk.done(&["apply", "shop.toml"]);
    desk.switch_on("shop");
    assert_eq!(send("1021").0, 0, "what is loaded first on the machine is approved by that");

    // Another port is another origin.
    desk.write("moved.toml", &cart(&second.script_url(), true));
    let said = desk.done(&["apply", "moved.toml"]);
    assert!(said.contains("is not used") && said.contains("`cartage credential approve shop account`"), "{said}");
    let (code, printed) = send("1022");
    assert!(code == 1 && printed.contains("cartage credential approve shop account"), "{printed}");
    assert_eq!((second.requests(), kinds(&desk)), (0, vec!["cart-not-ready".to_owned()]));
    assert!(desk.done(&["credential", "approve", "shop"]).contains("goes to"));
    assert_eq!(kinds(&desk), [""; 0]);
    assert_eq!(send("1022").0, 0);
    assert!(second.requests() > 0);
    assert!(desk.done(&["credential", "approve", "shop"]).contains("nothing needs approval"));
    let audit = desk
        .service()
        .store()
        .read_blocking(|view: &cartage::store::View<'_>| cartage::store::audit::last(view, &cartage::id::MerchantId::default(), 100));
    let audit = audit.expect("it can be read");
    let line = audit.iter().find(|line| line.what == "credential approve").expect("it is on record");
    assert!(line.detail.as_deref().is_some_and(|detail| detail.contains(" to http://127.0.0.1:")), "{line:?}");

    // A value of the vault is bound in the same way, and setting it anew says where it is for.
    desk.write("sealed.toml", &cart(&second.script_url(), false));
    desk.done(&["apply", "sealed.toml"]);
    assert_eq!(desk.type_in(&["credential", "set", "shop", "account", "password"], OLD).0, 0);
    desk.done(&["send", "--cart", "shop", "--order", "1021", "--label", "Order Packed"]);
    desk.write("back.toml", &cart(&first.script_url(), false));
    let said = desk.done(&["apply", "back.toml"]);
    assert!(said.contains("`cartage credential approve shop account`"), "{said}");
    let before = first.requests();
    let (code, printed) = desk.run(&["send", "--cart", "shop", "--order", "1022", "--label", "Order Packed"]);
    assert!(code == 1 && printed.contains("was set for http://127.0.0.1:") && first.requests() == before, "{printed}");
    assert_eq!(desk.type_in(&["credential", "set", "shop", "account", "password"], OLD).0, 0);
    desk.done(&["send", "--cart", "shop", "--order", "1022", "--label", "Order Packed"]);
}

/// A slot that serves two endpoints is for the origins of both: moving the second alone sends its value nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_slot_of_two_endpoints_is_used_at_neither_once_the_second_is_moved() {
    const TOKEN: &str = "token-of-this-test";
    let ok = || Step::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 4);
    let start = async || BadCart::start(ok()).await.expect("a free port");
    let (shop, warehouse, elsewhere) = (start().await, start().await, start().await);
    let desk = Desk::new();
    std::fs::copy(cartage_tests::command::guest("tells_two_services"), desk.path("guest.wasm")).expect("it was built");
    let cart = |warehouse: &str| {
        let endpoint = |name: &str, url: &str| {
            format!("[endpoints.{name}]\nbase_url = {url:?}\nprivate = [{{ name = \"this test's shop\", allow = \"127.0.0.1/32\" }}]\n")
        };
        format!(
            "cart = \"shop\"\nplugin = \"guest.wasm\"\nmode = \"live\"\n{}{}",
            endpoint("api", &shop.base_url()),
            endpoint("warehouse", warehouse)
        )
    };
    let send = |label: &str| desk.run(&["send", "--cart", "shop", "--order", "1021", "--label", label]);
    desk.write("shop.toml", &cart(&warehouse.base_url()));
    desk.done(&["apply", "shop.toml"]);
    desk.switch_on("shop");
    assert_eq!(desk.type_in(&["credential", "set", "shop", "token", "token"], TOKEN).0, 0);
    let (code, printed) = send("Packed");
    assert_eq!((code, shop.received().len(), warehouse.received().len()), (0, 1, 1), "{printed}");

    desk.write("shop.toml", &cart(&elsewhere.base_url()));
    let said = desk.done(&["apply", "shop.toml"]);
    assert!(said.contains("`cartage credential approve shop token`"), "{said}");
    let (code, printed) = send("Shipped");
    assert!(code == 1 && printed.contains("cartage credential approve shop token"), "{printed}");
    assert_eq!((shop.received().len(), elsewhere.received().len()), (1, 0), "the token goes to neither");
    desk.done(&["credential", "approve", "shop", "token"]);
    assert_eq!(send("Shipped").0, 0);
    assert_eq!((shop.received().len(), elsewhere.received().len()), (2, 1));
    let sent = String::from_utf8_lossy(&elsewhere.received()[0]).into_owned();
    assert!(sent.to_lowercase().contains(&format!("authorization: bearer {TOKEN}").to_lowercase()), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_pauses_a_cart_that_repeats_the_password_and_keeps_what_was_done() {
    let body = format!("SETIResponse: update=OK;Notes={PASSWORD}");
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    let cart = BadCart::start(vec![Step::Receive, Step::send(answer)]).await.expect("a free port");
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", &format!("{}/seti.php", cart.base_url()), "encoding = \"delimited\"", "");
    let (token, http) = (daemon.token("orders", "operator", &[]), Http::new());
    daemon.serve();
    let order = |number: &str| json!({ "cart": "shop", "order_number": number, "label": "Status 1" });
    let url = format!("{}/v1/status-updates", daemon.api());
    http.json("POST", &url, &token, &order("1021")).await.is(202);
    alerted(&daemon, &http, &token, "secret-reflected", "change that credential").await;
    // The next waits, and what was done is not done again.
    http.json("POST", &url, &token, &order("1022")).await.is(202);
    let counts = &daemon.json(&["delivery", "list", "--cart", "shop", "--state", "queued"])["queued"];
    let waiting: Vec<_> = counts.as_array().expect("a list").iter().map(|one| one["order"].clone()).collect();
    assert_eq!((waiting, cart.received().len()), (vec![json!("1022")], 1));
    assert!(daemon.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_over_the_network_takes_no_credential_of_the_machine_elsewhere() {
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", "https://shop.example/seti.php", "encoding = \"delimited\"", "");
    let (token, http) = (daemon.token("orders", "admin", &[]), Http::new());
    daemon.serve();
    let text = std::fs::read_to_string(daemon.path("cart.toml")).expect("it was written");
    let text: String = text.lines().filter(|line| !line.starts_with("private")).map(|line| format!("{line}\n")).collect();
    let moved = text.replace("https://shop.example/", "https://other.example/");
    let put = http.ask("PUT", &format!("{}/v1/carts/shop", daemon.api()), &token, Some(("application/toml", moved))).await.is(200);
    assert!(put.json["warnings"].to_string().contains("`cartage credential approve shop account`"), "{}", put.json);
    alerted(&daemon, &http, &token, "cart-not-ready", "approve it with `cartage credential approve shop account`").await;
    daemon.done(&["credential", "approve", "shop"]);
    let listed = daemon.json(&["credential", "approve", "shop"]);
    assert_eq!(listed["approved"], json!([]), "it is approved");
    assert!(daemon.stop());
}

/// Waits for an alert, and for what it says.
async fn alerted(daemon: &Daemon, http: &Http, token: &str, kind: &str, words: &str) {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let alerts = http.ask("GET", &format!("{}/v1/alerts", daemon.api()), token, None).await.is(200).json["alerts"].clone();
        let mut all = alerts.as_array().expect("a list").iter();
        if all.any(|alert| {
            alert["kind"] == kind && [&alert["detail"], &alert["remedies"]].iter().any(|said| said.to_string().contains(words))
        }) {
            return;
        }
        assert!(Instant::now() < until, "no alert {kind}: {alerts}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
