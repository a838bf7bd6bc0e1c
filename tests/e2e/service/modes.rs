//! The mode of a cart when its definition is loaded again: one that names none leaves it alone, and a live cart ends being live only by consent.

use super::{Desk, script_cart};
use crate::daemon::Daemon;
use crate::http::Http;
use serde_json::json;

const URL: &str = "https://shop.example/seti.php";

/// A cart whose file says this of its mode.
fn cart_in(mode: &str) -> String {
    script_cart("shop", URL, "").replace("mode = \"live\"\n", mode)
}

fn mode(desk: &Desk) -> String {
    desk.json(&["cart", "show", "shop"])["mode"].to_string()
}

#[test]
fn a_file_without_a_mode_leaves_the_mode_of_a_cart_that_exists_alone() {
    let desk = Desk::new();
    desk.write("shop.toml", &cart_in(""));
    desk.done(&["apply", "shop.toml"]);
    assert_eq!(mode(&desk), "\"shadow\"", "a new cart");
    for words in [&["live"][..], &["only-orders", "--order", "1021"], &["shadow"], &["live"]] {
        // A person who switches the mode means it: no consent is asked for.
        desk.done(&[&["cart", "mode", "shop"], words].concat());
        let before = mode(&desk);
        assert!(desk.done(&["apply", "shop.toml"]).contains("cart shop: unchanged"), "{before}");
        desk.write("shop.toml", &(cart_in("") + "[labels]\nSent = \"Shipped\"\n"));
        let shown = desk.done(&["apply", "shop.toml"]);
        assert!(!shown.contains("mode"), "{shown}");
        desk.write("shop.toml", &cart_in(""));
        desk.done(&["apply", "shop.toml"]);
        assert_eq!(mode(&desk), before);
    }
}

#[test]
fn a_live_cart_is_taken_out_of_it_by_consent_only() {
    let desk = Desk::new();
    desk.write("shop.toml", &cart_in("mode = \"live\"\n"));
    desk.done(&["apply", "shop.toml"]);
    for (keys, said) in [
        ("mode = \"shadow\"\n", "cart shop is live and will be in the mode shadow: no order's status is sent to it any more"),
        ("mode = \"only-orders\"\nonly_orders = [\"1021\"]\n", "the status of one order is sent to it, and of no other"),
        ("mode = \"only-orders\"\nonly_orders = [\"1021\", \"1022\"]\n", "the statuses of 2 orders are sent to it"),
    ] {
        desk.write("shop.toml", &cart_in(keys));
        let shown = desk.refused(&["apply", "shop.toml"], said);
        assert!(shown.contains("before: \"live\"") && shown.contains("repeat the command with --approve"), "{shown}");
        assert!(!shown.contains("asks for more"), "{shown}");
        let shown = desk.json(&["apply", "shop.toml", "--dry-run"]);
        assert_eq!((&shown["needs_approval"], &shown["made"]), (&json!(true), &json!(false)), "{shown}");
        assert!(shown["carts"][0]["leaves_live"].as_str().is_some_and(|why| why.contains(said)), "{shown}");
        assert_eq!(mode(&desk), "\"live\"");
        desk.done(&["apply", "shop.toml", "--approve"]);
        assert_ne!(mode(&desk), "\"live\"");
        // Towards live nothing stops, so nothing is asked.
        desk.write("shop.toml", &cart_in("mode = \"live\"\n"));
        desk.done(&["apply", "shop.toml"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_network_a_definition_does_the_same() {
    let mut daemon = Daemon::new();
    daemon.add_cart("shop", URL, "encoding = \"delimited\"", "");
    let (token, http) = (daemon.token("orders", "admin", &[]), Http::new());
    daemon.serve();
    let live = std::fs::read_to_string(daemon.path("cart.toml")).expect("it was written");
    let url = format!("{}/v1/carts/shop", daemon.api());
    let put = async |query: &str, text: String| http.ask("PUT", &format!("{url}{query}"), &token, Some(("application/toml", text))).await;
    put("", live.replace("mode = \"live\"\n", "")).await.is(200);
    let shadow = live.replace("mode = \"live\"", "mode = \"shadow\"");
    let refused = put("", shadow.clone()).await.is(409);
    assert!(
        refused.json["detail"].as_str().is_some_and(|why| why.contains("is live") && why.contains("?approve=true")),
        "{}",
        refused.json
    );
    assert_eq!(put("?dry_run=true", shadow.clone()).await.is(200).json["needs_approval"], true);
    assert_eq!(http.ask("GET", &url, &token, None).await.is(200).json["mode"], "live");
    put("?approve=true", shadow).await.is(200);
    assert_eq!(http.ask("GET", &url, &token, None).await.is(200).json["mode"], "shadow");
    assert!(daemon.stop());
}
