//! Credentials change, and the cart goes on.

use super::{Desk, NEW, OLD, script_cart, shop};

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_changes_without_a_gap() {
    let desk = Desk::new();
    let shop = shop(OLD, &["1021", "1022", "1023"]).await;
    desk.write("shop.toml", &script_cart("shop", &shop.script_url(), ""));
    desk.done(&["apply", "shop.toml"]);
    desk.switch_on("shop");
    let set = |value: &str, next: &[&str]| {
        let (code, result, talk) = desk.type_in(&[&["credential", "set", "shop", "account", "password"], next].concat(), value);
        assert_eq!(code, 0, "{result}{talk}");
        result + &talk
    };
    let send = |order: &str| desk.run(&["send", "--cart", "shop", "--order", order, "--label", "Order Shipped"]);
    // The first value is in use at once, whatever it was meant to be.
    assert!(set(OLD, &["--next"]).contains("no value was in use, so this one is in use now"));
    assert!(set(NEW, &["--next"]).contains("waits until it has worked"));
    let listed = desk.done(&["credential", "list", "shop"]);
    assert!(listed.contains("account.password  set at") && listed.contains("next: set at"), "{listed}");
    let waiting = || {
        let listed = desk.json(&["credential", "list", "shop"]);
        listed["credentials"].as_array().expect("a list").iter().filter(|value| value["next"] == true).count()
    };

    // The shop still has the old one: it goes on with that, and the new one waits. Its check cannot tell.
    let (code, printed) = send("1021");
    assert_eq!((code, waiting()), (0, 1), "{printed}");
    let checked = desk.done(&["cart", "check", "shop"]);
    assert!(checked.contains("does not show whether the cart accepts the waiting credentials"), "{checked}");
    assert_eq!(waiting(), 1);

    // Given up, and said again.
    assert!(desk.done(&["credential", "forget", "shop", "account", "password", "--next"]).contains("the value in use stays"));
    assert!(desk.done(&["credential", "forget", "shop", "account", "--next"]).contains("no value waits"));
    assert_eq!(waiting(), 0);
    set(NEW, &["--next"]);

    // The shop changes its password: the first update afterwards is refused with the old one and delivered with the new one.
    shop.set_password(NEW);
    let before = shop.requests();
    let (code, printed) = send("1022");
    assert_eq!((code, shop.requests() - before, waiting()), (0, 2, 0), "{printed}");
    let explained = desk.json(&["explain", "--cart", "shop", "--order", "1022"]);
    let receipts = explained["receipts"].as_array().expect("a list");
    assert_eq!(receipts.len(), 2, "each try has its receipt: {receipts:?}");
    assert_eq!((receipts[0]["fate"].as_str(), receipts[0]["attempt"].as_u64()), (Some("delivered"), Some(2)));
    assert!(receipts[1]["fate"]["pause-cart"].is_object() && receipts[0]["delivery"] == receipts[1]["delivery"], "{receipts:?}");
    assert!(desk.json(&["cart", "show", "shop"])["paused"].is_null());

    // From now on it is the one in use.
    let before = shop.requests();
    assert_eq!((send("1023").0, shop.requests() - before), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_is_set_resumes_a_paused_cart_if_it_works() {
    let desk = Desk::new();
    let shop = shop(NEW, &["1021", "1022"]).await;
    desk.write("shop.toml", &script_cart("shop", &shop.script_url(), ""));
    desk.done(&["apply", "shop.toml"]);
    desk.switch_on("shop");
    let set = |value: &str, next: &[&str]| desk.type_in(&[&["credential", "set", "shop", "account", "password"], next].concat(), value);
    assert_eq!(set(OLD, &[]).0, 0);
    let send = ["send", "--cart", "shop", "--order", "1021", "--label", "Order Shipped"];
    desk.refused(&send, "does not accept the credentials");
    desk.refused(&send, "cart shop, which is paused (credentials)");
    let (code, result, talk) = set(NEW, &[]);
    assert_eq!(code, 0, "{result}{talk}");
    assert!(talk.contains("it is checked now") && result.contains("ok       ") && talk.contains("cart shop is resumed"), "{result}{talk}");
    // What is over is not told any more, although it is kept.
    for words in [&["cart", "show", "shop"][..], &["cart", "list"]] {
        let said = desk.done(words);
        assert!(!said.contains("paused"), "{said}");
    }
    assert_eq!(desk.json(&["cart", "show", "shop"])["paused"], serde_json::Value::Null);
    desk.done(&send);
    // What a person paused goes on when a person says so, whatever is set meanwhile.
    desk.done(&["cart", "pause", "shop"]);
    let (code, result, talk) = set(NEW, &[]);
    assert!(code == 0 && talk.contains("stays paused") && talk.contains("`cartage cart resume shop`"), "{result}{talk}");
    assert_eq!(set(OLD, &["--next"]).0, 0);
    assert!(desk.done(&["cart", "show", "shop"]).contains("paused"));
    desk.done(&["cart", "resume", "shop"]);

    // A check that finds a problem leaves it paused.
    assert_eq!(set(OLD, &[]).0, 0);
    desk.refused(&["send", "--cart", "shop", "--order", "1022", "--label", "Order Shipped"], "does not accept the credentials");
    drop(shop);
    let (code, result, talk) = set(NEW, &[]);
    assert_eq!(code, 1, "{result}{talk}");
    assert!(result.contains("PROBLEM") && talk.contains("stays paused"), "{result}{talk}");
    assert_eq!(desk.json(&["cart", "show", "shop"])["paused"], "credentials");
}
