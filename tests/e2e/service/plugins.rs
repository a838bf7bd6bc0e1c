//! Plugins come and go: what a new one asks for, and the way back.

use super::{Desk, NEW, OLD, digest, kept, names, script_cart, shop};
use cartage::id::Digest;
use cartage_tests::command::guest;
use std::fs;

/// A cart of the guests' plugin, which asks for an endpoint `api` and a key.
fn guests_cart(id: &str, file: &str) -> String {
    format!("cart = {id:?}\nplugin = {file:?}\n[endpoints.api]\nbase_url = \"https://shop.example/api\"\n")
}

#[test]
fn an_upgrade_that_asks_for_more_needs_consent_and_can_be_taken_back() {
    let desk = Desk::new();
    fs::copy(guest("well_behaved"), desk.path("guest.wasm")).expect("it is there");
    desk.write("shop.toml", &guests_cart("shop", "guest.wasm"));
    desk.done(&["apply", "shop.toml"]);
    let (before, after) = (digest(&desk.path("guest.wasm")), digest(&desk.path("script.wasm")));
    // The operator's own file may go: what runs is the copy under its digest.
    fs::remove_file(desk.path("guest.wasm")).expect("it is there");
    assert_eq!(names(&desk.path("data/plugins")), [kept(before)]);

    // The other plugin needs another endpoint, which the cart's file must bind first.
    desk.refused(&["cart", "upgrade", "shop", "--plugin", "script.wasm"], "the plugin has no endpoint \"api\"");
    desk.write("shop.toml", &script_cart("shop", "https://shop.example/seti.php", ""));
    let kept_all = desk.everything();
    let shown = desk.refused(&["apply", "shop.toml"], "repeat the command with --approve");
    for asked in
        ["endpoint script: the cart's integration script", "credential slot account: ", "setting encoding: ", "asks for more than the one"]
    {
        assert!(shown.contains(asked), "{asked}: {shown}");
    }
    let shown = desk.done(&["apply", "shop.toml", "--dry-run", "--approve"]);
    assert!(shown.contains("endpoint script:") && shown.contains("this was a dry run"), "{shown}");
    assert_eq!(desk.everything(), kept_all, "neither has written anything");
    let json = desk.json(&["apply", "shop.toml", "--dry-run"]);
    assert_eq!((json["made"].as_bool(), json["needs_approval"].as_bool()), (Some(false), Some(true)), "{json}");
    desk.done(&["apply", "shop.toml", "--approve"]);
    assert_eq!(desk.digest_of("shop"), after.to_string());

    // The same again asks for nothing, and a plugin that never ran is none to go back to.
    let again = desk.done(&["cart", "upgrade", "shop", "--plugin", "script.wasm"]);
    assert!(again.contains("cart shop: unchanged"), "{again}");
    desk.refused(&["cart", "rollback", "shop"], "no plugin has run for cart shop yet");
    desk.refused(&["cart", "rollback", "shop", &before.to_string()], "never ran for cart shop");
}

#[test]
fn a_cart_goes_back_to_a_plugin_that_ran_before() {
    let desk = Desk::new();
    // The same component under another digest: an unknown custom section says nothing.
    let script = fs::read(desk.path("script.wasm")).expect("it is there");
    let newer = [&script[..], &[0, 5, 4, b'n', b'o', b't', b'e']].concat();
    fs::write(desk.path("newer.wasm"), &newer).expect("the folder can be written");
    desk.write("shop.toml", &script_cart("shop", "http://127.0.0.1:9/seti.php", ""));
    desk.done(&["apply", "shop.toml"]);
    let set = desk.type_in(&["credential", "set", "shop", "account", "password"], OLD);
    assert_eq!(set.0, 0, "{set:?}");
    // Nobody listens there, but the plugin ran.
    desk.refused(&["cart", "check", "shop"], "PROBLEM  reachability");
    let before = desk.digest_of("shop");
    desk.done(&["cart", "upgrade", "shop", "--plugin", "newer.wasm"]);
    assert_eq!(desk.digest_of("shop"), Digest::of(&newer).to_string());
    for file in ["script.wasm", "newer.wasm"] {
        fs::remove_file(desk.path(file)).expect("it is there");
    }
    let back = desk.done(&["cart", "rollback", "shop"]);
    assert!(back.contains("digest") && back.contains(&before), "{back}");
    assert_eq!(desk.digest_of("shop"), before);
    desk.refused(&["cart", "check", "shop"], "PROBLEM  reachability");
    // The newer one never ran, so there is no way forward by rolling back.
    desk.refused(&["cart", "rollback", "shop"], "no other plugin than the present one ran");
}

/// A component with this text of its data replaced by another of the same length.
fn altered(component: &[u8], text: &str, by: &str) -> Vec<u8> {
    assert_eq!(text.len(), by.len());
    let at = component.windows(text.len()).position(|bytes| bytes == text.as_bytes()).expect("the text is in its data");
    let mut altered = component.to_vec();
    altered[at..at + by.len()].copy_from_slice(by.as_bytes());
    altered
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_is_replayed_against_the_last_attempts_before_it_is_taken() {
    let desk = Desk::new();
    let shop = shop(NEW, &["1021", "1022"]).await;
    let script = fs::read(desk.path("script.wasm")).expect("it is there");
    let same = [&script[..], &[0, 5, 4, b'n', b'o', b't', b'e']].concat();
    fs::write(desk.path("same.wasm"), &same).expect("the folder can be written");
    let other = altered(&script, "ordernumberorderstatus", "ordernumberorderstatuz");
    fs::write(desk.path("other.wasm"), &other).expect("the folder can be written");
    desk.write("shop.toml", &script_cart("shop", &shop.script_url(), "[settings]\nencoding = \"delimited\"\n"));
    desk.done(&["apply", "shop.toml"]);
    desk.switch_on("shop");
    assert_eq!(desk.type_in(&["credential", "set", "shop", "account", "password"], NEW).0, 0);
    let upgrade =
        |file: &'static str, more: &[&'static str]| [&["cart", "upgrade", "shop", "--plugin", file, "--replay-last", "10"], more].concat();
    let (code, talk) = desk.run(&upgrade("same.wasm", &["--dry-run"]));
    assert!(code == 0 && talk.contains("no attempt of this cart is recorded"), "{talk}");
    for order in ["1021", "1022"] {
        desk.done(&["send", "--cart", "shop", "--order", order, "--label", "Order Shipped"]);
    }
    let (before, sent) = (desk.digest_of("shop"), shop.requests());

    let report = desk.json(&upgrade("other.wasm", &["--dry-run"]));
    assert_eq!((report["needs_approval"].as_bool(), report["rehearsed"].as_array().map(Vec::len)), (Some(true), Some(2)), "{report}");
    let shown = desk.refused(&upgrade("other.wasm", &[]), "behaves differently in recorded attempts");
    assert!(shown.contains("replayed: 0 recorded attempts the same, 2 different") && shown.contains("orderstatuz"), "{shown}");
    assert_eq!(desk.digest_of("shop"), before, "nothing was changed");

    let done = desk.done(&upgrade("same.wasm", &[]));
    assert!(done.contains("replayed: 2 recorded attempts the same, 0 different"), "{done}");
    assert_eq!(desk.digest_of("shop"), Digest::of(&same).to_string());
    desk.done(&upgrade("other.wasm", &["--approve"]));
    assert_eq!(desk.digest_of("shop"), Digest::of(&other).to_string());
    assert_eq!(shop.requests(), sent, "nothing was sent");
}
