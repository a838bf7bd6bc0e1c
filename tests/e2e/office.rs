//! The operator's side with real components, as commands are typed: plugins come and go, credentials change, and a copy comes back.

use cartage::clock::SystemClock;
use cartage::demo_cart::{Account, DemoCart};
use cartage::id::{CartId, Digest, MerchantId};
use cartage::office::Office;
use cartage::store::{self, carts, plugins};
use cartage_tests::command::{cartage, guest, plugin, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

const OLD: &str = "the old password of this test";
const NEW: &str = "the new password of this test";

/// A folder with a data directory in it, and the command at work there.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk { folder: tempfile::tempdir().expect("a temporary folder") };
        desk.done(&["init"]);
        fs::copy(plugin("integration-script"), desk.path("script.wasm")).expect("it is there");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("the folder can be written");
    }

    /// Types a command, with something for it to read; its exit code, its result and its talk.
    fn type_in(&self, words: &[&str], stdin: &str) -> (i32, String, String) {
        let mut command = cartage();
        command.args(words).env("CARTAGE_DATA", self.path("data")).current_dir(self.folder.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        // A command that ends without reading it closes the pipe, which is its right.
        let _ = std::io::Write::write_all(&mut child.stdin.take().expect("it was piped"), stdin.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        let (result, talk) = text(&output);
        assert!(![OLD, NEW].iter().any(|secret| result.contains(secret) || talk.contains(secret)), "{words:?} printed a password");
        (output.status.code().expect("it was not killed"), result, talk)
    }

    fn run(&self, words: &[&str]) -> (i32, String) {
        let (code, result, talk) = self.type_in(words, "");
        (code, result + &talk)
    }

    fn done(&self, words: &[&str]) -> String {
        let (code, printed) = self.run(words);
        assert_eq!(code, 0, "{words:?}: {printed}");
        printed
    }

    fn refused(&self, words: &[&str], said: &str) -> String {
        let (code, printed) = self.run(words);
        assert!(code != 0 && printed.contains(said), "{words:?}: {printed}");
        printed
    }

    fn json(&self, words: &[&str]) -> Value {
        let (_, result, talk) = self.type_in(&[words, &["--json"]].concat(), "");
        serde_json::from_str(&result).unwrap_or_else(|error| panic!("{words:?}: {error}: {result}{talk}"))
    }

    /// The data directory, from inside, while no command runs.
    fn office(&self) -> Office {
        Office::open(&self.path("data"), Arc::new(SystemClock)).expect("nobody else works there")
    }

    fn digest_of(&self, cart: &str) -> String {
        self.json(&["cart", "show", cart])["digest"].as_str().expect("it is pinned").to_owned()
    }

    /// Every file and every row that a change of a cart touches.
    fn everything(&self) -> (Vec<String>, Vec<String>) {
        let office = self.office();
        let rows = office.store().read_blocking(|view: &store::View<'_>| {
            let merchant = MerchantId::default();
            let (carts, plugins) = (carts::list(view, &merchant)?, plugins::list(view, &merchant)?);
            let audit = store::audit::last(view, &merchant, 1_000)?;
            Ok::<_, store::Error>(vec![format!("{carts:?}"), format!("{plugins:?}"), format!("{audit:?}")])
        });
        (names(&self.path("data/plugins")), rows.expect("it can be read"))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it can be listed").file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn digest(file: &Path) -> Digest {
    Digest::of(&fs::read(file).expect("it is there"))
}

/// The name under which the data directory keeps a plugin's file.
fn kept(digest: Digest) -> String {
    format!("{}.wasm", digest.to_string().replace(':', "-"))
}

/// A cart of the guests' plugin, which asks for an endpoint `api` and a key.
fn guests_cart(id: &str, file: &str) -> String {
    format!("cart = {id:?}\nplugin = {file:?}\n[endpoints.api]\nbase_url = \"https://shop.example/api\"\n")
}

/// A cart of the integration script at a shop of this machine.
fn script_cart(id: &str, url: &str, rest: &str) -> String {
    format!(
        "cart = {id:?}\nplugin = \"script.wasm\"\nmode = \"live\"\n{rest}\n[endpoints.script]\nbase_url = {url:?}\n\
         private = [{{ name = \"this test's shop\", allow = \"127.0.0.1/32\" }}]\n[credentials.account]\nsetiuser = {{ text = \"cartage\" }}\n"
    )
}

async fn shop(password: &str, orders: &[&str]) -> DemoCart {
    let account = Account { user: "cartage".into(), password: password.into(), code: String::new() };
    DemoCart::start(account, orders).await.expect("a free port")
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
    desk.refused(&["cart", "rollback", "shop"], "no other plugin than the present one ran");
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

#[test]
fn a_definition_that_cannot_be_read_is_mended_by_its_file() {
    let desk = Desk::new();
    desk.write("shop.toml", &script_cart("shop", "https://shop.example/seti.php", ""));
    desk.done(&["apply", "shop.toml"]);
    let spoil = |office: &Office, text: &str| {
        let definition =
            carts::Definition { cart: CartId::new("shop").expect("a valid id"), text: text.into(), plugin: None, mode: "live".into() };
        office
            .store()
            .write_blocking(move |tx: &store::Tx<'_>| carts::put(tx, &MerchantId::default(), &definition, 1))
            .expect("there is room");
    };
    spoil(&desk.office(), "cart = \"shop\"\nplugin = \"script.wasm\"\nfrom_the_future = 1\n");
    desk.refused(&["cart", "show", "shop"], "load its file again with `cartage apply FILE`");
    let shown = desk.done(&["apply", "shop.toml", "--dry-run"]);
    assert!(shown.contains("was unreadable") && shown.contains("endpoints.script.base_url"), "{shown}");
    desk.refused(&["cart", "show", "shop"], "load its file again");
    desk.done(&["apply", "shop.toml"]);
    desk.done(&["cart", "show", "shop"]);
    assert!(desk.done(&["apply", "shop.toml"]).contains("cart shop: unchanged"));
}

#[test]
fn several_carts_are_loaded_all_or_none() {
    let desk = Desk::new();
    desk.write("one.toml", &script_cart("one", "https://one.example/seti.php", ""));
    desk.write("two.toml", &script_cart("two", "https://two.example/seti.php", ""));
    desk.write("bad.toml", &script_cart("bad", "https://bad.example/seti.php", "").replace("endpoints.script", "endpoints.skript"));
    let before = desk.everything();
    desk.refused(&["apply", "one.toml", "two.toml", "bad.toml"], "did you mean \"script\"?");
    desk.refused(&["apply", "one.toml", "missing.toml"], "could not read the cart in missing.toml");
    desk.done(&["apply", "one.toml", "two.toml", "--dry-run"]);
    assert_eq!(desk.everything(), before);
    desk.done(&["apply", "one.toml", "two.toml"]);
    let listed = desk.json(&["cart", "list"]);
    let ids: Vec<&str> = listed["carts"].as_array().expect("a list").iter().filter_map(|cart| cart["cart"].as_str()).collect();
    assert_eq!(ids, ["one", "two"]);
    // A file whose plugin is nowhere any more keeps the plugin that the cart has.
    fs::remove_file(desk.path("script.wasm")).expect("it is there");
    desk.write("one.toml", &(script_cart("one", "https://one.example/seti.php", "") + "[labels]\nSent = \"Shipped\"\n"));
    assert!(desk.done(&["apply", "one.toml"]).contains("labels.Sent"));
    desk.write("three.toml", &script_cart("three", "https://three.example/seti.php", ""));
    desk.refused(&["apply", "three.toml"], "name the folder that holds it with --plugins DIR");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_changes_without_a_gap() {
    let desk = Desk::new();
    let shop = shop(OLD, &["1021", "1022", "1023"]).await;
    desk.write("shop.toml", &script_cart("shop", &shop.script_url(), ""));
    desk.done(&["apply", "shop.toml"]);
    for words in [&["param", "set", "UseStatusUpdates", "True"][..], &["param", "set", "UseGenericStatusUpdates", "True", "--cart", "shop"]]
    {
        desk.done(words);
    }
    let set = |value: &str, next: &[&str]| {
        let (code, result, talk) = desk.type_in(&[&["credential", "set", "shop", "account", "password"], next].concat(), value);
        assert_eq!(code, 0, "{result}{talk}");
        result + &talk
    };
    let send = |order: &str| desk.run(&["send", "--cart", "shop", "--order", order, "--label", "Order Shipped"]);
    // The first value is in use at once, whatever it was meant to be.
    assert!(set(OLD, &["--next"]).contains("there was none in use, so it is in use now"));
    assert!(set(NEW, &["--next"]).contains("waits until it worked"));
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
    assert!(checked.contains("does not tell whether the cart takes the credentials that wait"), "{checked}");
    assert_eq!(waiting(), 1);

    // Given up, and said again.
    assert!(desk.done(&["credential", "forget", "shop", "account", "password", "--next"]).contains("the one in use stays"));
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
    let shop = shop(NEW, &["1021"]).await;
    desk.write("shop.toml", &script_cart("shop", &shop.script_url(), ""));
    desk.done(&["apply", "shop.toml"]);
    for words in [&["param", "set", "UseStatusUpdates", "True"][..], &["param", "set", "UseGenericStatusUpdates", "True", "--cart", "shop"]]
    {
        desk.done(words);
    }
    let set = |value: &str, next: &[&str]| desk.type_in(&[&["credential", "set", "shop", "account", "password"], next].concat(), value);
    assert_eq!(set(OLD, &[]).0, 0);
    let send = ["send", "--cart", "shop", "--order", "1021", "--label", "Order Shipped"];
    desk.refused(&send, "does not take the credentials");
    desk.refused(&send, "cart shop is paused (credentials)");
    let (code, result, talk) = set(NEW, &[]);
    assert_eq!(code, 0, "{result}{talk}");
    assert!(talk.contains("it is checked now") && result.contains("ok       ") && talk.contains("cart shop goes on"), "{result}{talk}");
    desk.done(&send);

    // A check that finds a problem leaves it paused.
    desk.done(&["cart", "pause", "shop"]);
    drop(shop);
    let (code, result, talk) = set(NEW, &[]);
    assert_eq!(code, 1, "{result}{talk}");
    assert!(result.contains("PROBLEM") && talk.contains("stays paused"), "{result}{talk}");
    assert_eq!(desk.json(&["cart", "show", "shop"])["paused"], "by hand");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_comes_back_with_its_key_and_its_plugins() {
    let desk = Desk::new();
    let shop = shop(OLD, &["1021", "1022"]).await;
    desk.write("shop.toml", &script_cart("shop", &shop.script_url(), ""));
    desk.done(&["apply", "shop.toml"]);
    assert_eq!(desk.type_in(&["credential", "set", "shop", "account", "password"], OLD).0, 0);
    for words in [&["param", "set", "UseStatusUpdates", "True"][..], &["param", "set", "UseGenericStatusUpdates", "True", "--cart", "shop"]]
    {
        desk.done(words);
    }
    desk.done(&["send", "--cart", "shop", "--order", "1021", "--label", "Order Shipped"]);
    desk.done(&["backup", "copy.sqlite"]);
    let restore = |into: &str, rest: &[&str]| {
        let words = [&["restore", "copy.sqlite", "--into", into], rest].concat();
        desk.done(&words)
    };
    let in_new = |data: &str, words: &[&str]| desk.run(&[words, &["--data", data]].concat());

    // Without the files it says which are missing and where they belong, and the same file in another way does as well.
    let said = restore("bare", &["--key", "data/key"]);
    let file = format!("bare/plugins/{}", kept(digest(&desk.path("script.wasm"))));
    assert!(said.contains("missing: the plugin integration-script 0.1.0 of cart shop") && said.contains(&file), "{said}");
    assert!(said.contains("cartage --data bare cart upgrade shop --plugin FILE") && !said.contains("a new key was made"), "{said}");
    assert_eq!(in_new("bare", &["cart", "check", "shop"]).0, 1);
    let (code, said) = in_new("bare", &["cart", "upgrade", "shop", "--plugin", "script.wasm"]);
    assert!(code == 0 && said.contains("unchanged") && desk.path(&file).is_file(), "{said}");
    assert_eq!(in_new("bare", &["cart", "check", "shop"]).0, 0);

    // With them nothing is missing. What lies beside them stays where it is.
    desk.write("data/plugins/notes.txt", "not a plugin");
    let said = restore("whole", &["--key", "data/key", "--plugins", "data/plugins"]);
    assert!(!said.contains("missing:") && said.contains("every cart is paused"), "{said}");
    assert_eq!(names(&desk.path("whole/plugins")), [kept(digest(&desk.path("script.wasm")))]);
    let send = ["send", "--cart", "shop", "--order", "1022", "--label", "Order Shipped"];
    let (code, said) = in_new("whole", &send);
    assert!(code == 1 && said.contains("cart shop is paused"), "{said}");
    assert_eq!(in_new("whole", &["cart", "resume", "shop"]).0, 0);
    let (code, said) = in_new("whole", &send);
    assert_eq!(code, 0, "the key opens the password: {said}");
    assert_eq!(shop.orders()["1022"].status, "Order Shipped");

    // A folder that is none is found before anything is made; without the key the credentials are lost, and only they.
    desk.refused(&["restore", "copy.sqlite", "--into", "none", "--plugins", "nowhere"], "nothing was restored");
    assert!(!desk.path("none").exists());
    assert!(restore("keyless", &["--plugins", "data/plugins"]).contains("a new key was made"));
    assert_eq!(in_new("keyless", &["cart", "resume", "shop"]).0, 0);
    let (code, said) = in_new("keyless", &send);
    assert!(code == 1 && said.contains("was sealed with key"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_labels_the_lines_that_it_names() {
    let desk = Desk::new();
    let shop = shop(OLD, &["1021"]).await;
    let xml = "order_number = { strip_prefix = \"WEB-\" }\nonly_orders = [\"WEB-1021\"]";
    let cart = script_cart("shop", &shop.script_url(), xml).replace("\"live\"", "\"only-orders\"") + "[settings]\nsend-line-items = true\n";
    desk.write("shop.toml", &cart);
    desk.done(&["apply", "shop.toml"]);
    assert_eq!(desk.type_in(&["credential", "set", "shop", "account", "password"], OLD).0, 0);
    for words in [
        &["param", "set", "UseStatusUpdates", "True"][..],
        &["param", "set", "UseGenericStatusUpdates", "True", "--cart", "shop"],
        &["event", "set", "Item Backordered", "--order-label", "Order Waits", "--item-label", "Item Waits", "--notify-cart"],
        &["cart", "label", "shop", "Item Waits", "--status", "Backordered"],
    ] {
        desk.done(words);
    }
    let raise = |event: &str, lines: &[&str]| {
        let lines: Vec<&str> = lines.iter().flat_map(|line| ["--line", line]).collect();
        desk.run(&[&["event", "raise", event, "--order", "WEB-1021", "--cart", "shop"], &lines[..]].concat())
    };
    let (code, printed) = raise("Item Backordered", &["1", "id=2,sku=SHIRT,shipped=1"]);
    assert_eq!(code, 0, "{printed}");
    for sent in [
        "<ItemNumber>1</ItemNumber>",
        "<ItemNumber>2</ItemNumber>",
        "<Status>Backordered</Status>",
        "<Shipped>1</Shipped>",
        "<Status>Order Waits</Status>",
    ] {
        assert!(printed.contains(sent), "{sent}: {printed}");
    }
    assert_eq!(shop.orders()["1021"].status, "Order Waits", "the order's number was stripped");

    // The same lines again are nothing new, another line is.
    let (code, printed) = raise("Item Backordered", &["1"]);
    assert!(code == 0 && printed.contains("nothing that you must do"), "{printed}");
    let before = shop.requests();
    let (code, printed) = raise("Item Backordered", &["3"]);
    assert_eq!((code, shop.requests() - before), (0, 1), "{printed}");

    // A label that the cart refuses is refused on a line as well, and explained as such later.
    desk.write("strict.toml", &cart.replace("only_orders", "unlisted_labels = \"refuse\"\nonly_orders"));
    desk.done(&["apply", "strict.toml"]);
    let (code, printed) = raise("Item Backordered", &["4"]);
    assert!(code == 1 && printed.contains("\"Order Waits\" is not in the label map"), "{printed}");
    let explained = desk.done(&["explain", "--cart", "shop", "--order", "WEB-1021"]);
    assert!(explained.contains("Item Backordered") && explained.contains("cartage cart label shop \"Item Waits\""), "{explained}");

    // An event for lines alone sets no status of the order: this protocol cannot leave it out, so nothing is sent and it is said.
    desk.write("lines.toml", &cart);
    desk.done(&["apply", "lines.toml"]);
    desk.done(&["event", "set", "Item Returned", "--item-label", "Item Returned", "--notify-cart"]);
    let before = shop.requests();
    let (code, printed) = raise("Item Returned", &["1"]);
    assert_eq!((code, shop.requests() - before), (1, 0), "{printed}");
    assert_eq!(shop.orders()["1021"].status, "Order Waits");
    desk.refused(
        &["event", "raise", "Item Returned", "--order", "WEB-1021", "--cart", "shop", "--line", "shipped=1"],
        "says not which line",
    );

    // The mode's orders are the sender's numbers: the cart's own names nobody, and it is said.
    let talk = desk.done(&["cart", "mode", "shop", "only-orders", "--order", "1021"]);
    assert!(talk.contains("only_orders names \"1021\"") && talk.contains("does not begin with \"WEB-\""), "{talk}");
    let before = shop.requests();
    let (code, printed) = raise("Item Backordered", &["9"]);
    assert!(code == 0 && printed.contains("this order is not named") && shop.requests() == before, "{printed}");
}

#[test]
fn an_event_that_is_not_meant_for_carts_is_nothing_to_do() {
    let desk = Desk::new();
    desk.write("shop.toml", &script_cart("shop", "https://shop.example/seti.php", ""));
    desk.done(&["apply", "shop.toml"]);
    let raise = ["event", "raise", "Order Packed", "--order", "1021", "--cart", "shop"];
    let agree = |code: i32, said: &str| {
        let (raised, printed) = desk.run(&raise);
        assert!(raised == code && printed.contains(said), "{printed}");
        let explained = desk.done(&["explain", "--cart", "shop", "--order", "1021"]);
        assert!(explained.contains(said), "{explained}");
        assert_eq!(desk.json(&["explain", "--cart", "shop", "--order", "1021"])["must_act"], code == 1);
        assert!(explained.lines().count() <= 24, "{explained}");
    };
    // Never set up at all, then given a label and no tick, then ticked with the switches still off.
    agree(1, "It will be sent when every line has a tick");
    desk.done(&["event", "set", "Order Packed", "--order-label", "Order Packed"]);
    agree(0, "it is not meant for carts");
    desk.done(&["event", "set", "Order Packed", "--notify-cart"]);
    agree(1, "Look at 1 and 4");
    let (code, printed) = desk.run(&["send", "--cart", "shop", "--order", "1021", "--label", "Order Packed"]);
    assert!(code == 1 && printed.contains("Look at 1 and 4"), "{printed}");
    for words in [&["param", "set", "UseStatusUpdates", "True"][..], &["param", "set", "UseGenericStatusUpdates", "True", "--cart", "shop"]]
    {
        desk.done(words);
    }
    desk.done(&["cart", "label", "shop", "Order Packed", "--as", "ignore"]);
    agree(0, "nothing that you must do");

    // A value that is taken away is as if nobody had set it.
    desk.done(&["cart", "label", "shop", "Order Packed", "--status", "Packed"]);
    let unset = desk.done(&["param", "unset", "UseGenericStatusUpdates", "--cart", "shop"]);
    assert!(unset.contains("False (nobody has set it)"), "{unset}");
    agree(1, "Look at 4");
    assert!(desk.done(&["param", "unset", "UseGenericStatusUpdates", "--cart", "shop"]).contains("was not set for cart shop"));
    desk.refused(&["param", "unset", "UseStatusUpdates", "--cart", "shop"], "cannot be set for a cart");
    desk.refused(&["param", "unset", "UseStatusUpdates", "--cart", "shpo"], "UseStatusUpdates cannot be set");
    desk.refused(&["param", "unset", "UseGenericStatusUpdates", "--cart", "shpo"], "did you mean \"shop\"?");
    desk.refused(&["param", "unset", "UseStatusUpdate"], "did you mean \"UseStatusUpdates\"?");
}

#[test]
fn a_new_cart_is_made_by_questions_and_answers() {
    let desk = Desk::new();
    let new = ["cart", "new", "shop", "--plugin", "script.wasm", "--ask"];
    // URL, encoding, version, line items, user, code, labels: one of them wrong at first, the rest as it is.
    let answers = "shop.example\nhttps://shop.example/seti.php\ndelimitid\ndelimited\n\n\ncartage\n\nOrder Packed\nignore\n\n";
    let (code, result, talk) = desk.type_in(&new, answers);
    assert_eq!(code, 0, "{result}{talk}");
    assert!(talk.contains("please answer again") && talk.contains("delimited"), "{talk}");
    let text = fs::read_to_string(desk.path("shop.toml")).expect("it was written");
    for line in [
        "base_url = \"https://shop.example/seti.php\"",
        "encoding = \"delimited\"",
        "# om-version = \"6.000\"",
        "\"Order Packed\" = \"ignore\"",
    ] {
        assert!(text.lines().any(|written| written == line), "{line}: {text}");
    }
    desk.done(&["apply", "shop.toml"]);
    // A file that is there is left alone, before the first question; answers that end leave nothing.
    desk.refused(&new, "one that is there is left alone");
    fs::remove_file(desk.path("shop.toml")).expect("it is there");
    let (code, _, talk) = desk.type_in(&new, "https://shop.example/seti.php\n");
    assert!(code == 2 && talk.contains("the answers ended") && !desk.path("shop.toml").exists(), "{talk}");
}

#[test]
fn what_is_exported_loads_again_whatever_stands_in_it() {
    let desk = Desk::new();
    let odd = "[labels]\n\"a\\u202Eb\" = \"it's \\\"x\\\" \\\\ \\u009B\\u200B\"\n\"two\\nlines\" = \"ignore\"\n";
    desk.write("shop.toml", &(script_cart("shop", "https://shop.example/seti.php", "") + odd));
    desk.done(&["apply", "shop.toml"]);
    let exported = desk.done(&["export", "shop"]);
    assert!(exported.contains("\"a\\U0000202Eb\""), "{exported}");
    desk.write("again.toml", &exported);
    assert!(desk.done(&["apply", "again.toml"]).contains("cart shop: unchanged"));
}
