//! The classic product's story, from the operator's side: what an event does by itself, the two parameters by the steps of the classic form,
//! the same label again, and a new tracking number. Two carts on this machine, the real plugin, and the command as it is typed.

use cartage_demo_cart::{Account, DemoCart};
use cartage_tests::command::{cartage, plugin, text};
use serde_json::Value;
use std::path::{Path, PathBuf};

const PASSWORD: &str = "a password for this story";
const EVENT: &str = "Tracking Number Imported";

/// A data directory with two live carts, each a shop of its own.
struct Story {
    _folder: tempfile::TempDir,
    data: PathBuf,
    seed: DemoCart,
    other: DemoCart,
}

impl Story {
    async fn begin() -> Story {
        let account = || Account { user: "cartage".into(), password: PASSWORD.into(), code: String::new() };
        let seed = DemoCart::start(account(), &["1021"]).await.expect("a free port");
        let other = DemoCart::start(account(), &["1021"]).await.expect("a free port");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        let story = Story { _folder: folder, data, seed, other };
        let (code, made) = story.run(&["init"]);
        assert_eq!(code, 0, "{made}");
        std::fs::copy(plugin("integration-script"), story.data.join("plugins/integration-script.wasm")).expect("the folder is there");
        story.define("seed-shop", &story.seed, "live");
        story.define("other-shop", &story.other, "live");
        story
    }

    /// Puts a cart into the store.
    fn define(&self, id: &str, shop: &DemoCart, mode: &str) {
        let text = format!(
            "cart = {id:?}\nplugin = \"plugins/integration-script.wasm\"\nmode = {mode:?}\n[endpoints.script]\nbase_url = {:?}\n\
             private = [{{ name = \"this test's shop\", allow = \"127.0.0.1/32\" }}]\n\
             [credentials.account]\nsetiuser = {{ text = \"cartage\" }}\npassword = {{ env = \"SHOP_PASSWORD\" }}\n",
            shop.script_url()
        );
        let file = self.data.join(format!("{id}.toml"));
        std::fs::write(&file, text).expect("the folder can be written");
        let (code, said) = self.run(&["apply", "--approve", file.to_str().expect("a path in UTF-8")]);
        assert_eq!(code, 0, "{said}");
    }

    /// Types a command; its exit code and all that it printed.
    fn run(&self, words: &[&str]) -> (i32, String) {
        let output =
            cartage().args(words).arg("--data").arg(&self.data).env("SHOP_PASSWORD", PASSWORD).output().expect("the command starts");
        let (stdout, stderr) = text(&output);
        (output.status.code().expect("it was not killed"), format!("{stdout}{stderr}"))
    }

    fn done(&self, words: &[&str]) -> String {
        let (code, printed) = self.run(words);
        assert_eq!(code, 0, "{words:?}: {printed}");
        printed
    }

    fn raise(&self, cart: &str, packages: &[&str]) -> (i32, String) {
        let mut words = vec!["event", "raise", EVENT, "--order", "1021", "--cart", cart];
        words.extend(packages.iter().flat_map(|package| ["--package", package]));
        self.run(&words)
    }

    fn explained(&self, cart: &str) -> Value {
        let printed = self.done(&["explain", "--cart", cart, "--order", "1021", "--json"]);
        serde_json::from_str(&printed).expect("one JSON document")
    }
}

/// The numbers of the conditions with a cross.
fn crosses(explained: &Value) -> Vec<u64> {
    let rows = explained["explanation"]["rows"].as_array().expect("a list of rows");
    rows.iter().filter(|row| row["mark"] == "cross").filter_map(|row| row["number"].as_u64()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_classic_story() {
    let story = Story::begin().await;
    story.done(&["event", "set", EVENT, "--order-label", "Order Shipped", "--notify-cart"]);

    // By itself an event only sets the label here. Nothing is sent, and it is said why and what would change it.
    let (code, printed) = story.raise("seed-shop", &[]);
    assert_eq!(code, 1, "somebody must act: {printed}");
    assert!(printed.contains("Order 1021 has the label \"Order Shipped\" here."), "{printed}");
    assert!(printed.contains("cartage param set UseStatusUpdates True\n"), "{printed}");
    assert!(printed.contains("cartage param set UseGenericStatusUpdates True --cart seed-shop\n"), "{printed}");
    assert_eq!(crosses(&story.explained("seed-shop")), [1, 4]);
    assert_eq!((story.seed.requests(), story.other.requests()), (0, 0));

    // The steps of the classic form: the group, the cart, the value.
    let listed = story.done(&["param", "list", "--group", "Program", "--cart", "seed-shop"]);
    assert!(listed.contains("UseGenericStatusUpdates  False (nobody has set it)"), "{listed}");
    assert!(!listed.contains("GenericStatusSendXML"), "it is in another group: {listed}");
    story.done(&["param", "set", "UseStatusUpdates", "true"]);
    let set = story.done(&["param", "set", "UseGenericStatusUpdates", "TRUE", "--cart", "seed-shop"]);
    assert!(set.contains("True (set for this cart)"), "{set}");
    assert_eq!((crosses(&story.explained("seed-shop")), crosses(&story.explained("other-shop"))), (vec![], vec![4, 6]));

    // That cart only.
    let first = "carrier=UPS,number=1Z9876543218754187";
    let (code, printed) = story.raise("seed-shop", &[first]);
    assert_eq!(code, 0, "{printed}");
    let (code, printed) = story.raise("other-shop", &[first]);
    assert_eq!(code, 1, "{printed}");
    assert_eq!((story.seed.requests(), story.other.requests()), (1, 0));
    let order = story.seed.orders()["1021"].clone();
    assert_eq!((order.status.as_str(), order.packages.len()), ("Order Shipped", 1));

    // The same label again: nothing, and nobody must act.
    let (code, printed) = story.raise("seed-shop", &[first]);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("nothing that you must do"), "{printed}");
    assert_eq!(story.seed.requests(), 1);

    // A new tracking number: sent.
    let second = "carrier=UPS,number=1Z0000000000000002";
    let (code, printed) = story.raise("seed-shop", &[first, second]);
    assert_eq!(code, 0, "{printed}");
    assert_eq!(story.seed.requests(), 2);
    let explained = story.explained("seed-shop");
    assert_eq!(explained["receipts"].as_array().map(Vec::len), Some(2));
    assert_eq!((crosses(&explained), explained["receipts"][0]["fate"].as_str()), (vec![3], Some("delivered")));

    // And once more on purpose. A lost key stops nothing here, because no credential lies in the vault.
    std::fs::remove_file(story.data.join("key")).expect("the key was there");
    let again = ["send", "--cart", "seed-shop", "--order", "1021", "--label", "Order Shipped", "--again"];
    story.done(&again);
    assert_eq!((story.seed.requests(), story.other.requests()), (3, 0));
    assert_secret_free(&story.data);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_arrive_is_taken_back_and_what_is_recorded_is_not_told() {
    let story = Story::begin().await;
    story.define("seed-shop", &story.seed, "shadow");
    for cart in ["seed-shop", "other-shop"] {
        story.done(&["param", "set", "UseGenericStatusUpdates", "True", "--cart", cart]);
    }
    story.done(&["param", "set", "UseStatusUpdates", "True"]);
    let send = |cart, order| story.run(&["send", "--cart", cart, "--order", order, "--label", "Order Shipped"]);

    // Shadow shows what would be sent, and the same again: the cart was told nothing.
    for _ in 0..2 {
        let (code, printed) = send("seed-shop", "1021");
        assert_eq!(code, 0, "{printed}");
        assert!(printed.contains("dry run: not sent") && printed.contains("cartage cart mode seed-shop live"), "{printed}");
    }
    assert_eq!(story.seed.requests(), 0);

    // An order that the shop does not have: refused, and the label does not stand. What comes after it waits until a person has looked.
    let (code, printed) = send("other-shop", "9999");
    assert_eq!(code, 1, "{printed}");
    let (code, printed) = send("other-shop", "9999");
    assert!(
        code == 1 && printed.contains("Blocked by dead letter") && printed.contains("update 2 of order 9999 waits for a person"),
        "{printed}"
    );
    assert_eq!(story.other.requests(), 1);

    // The labels from before Cartage: taken in, not sent.
    let file = story.data.with_file_name("orders.csv");
    std::fs::write(&file, "order,label\n1021,Order Shipped\n").expect("the folder can be written");
    let file = file.to_str().expect("a temporary folder has a plain name");
    story.done(&["baseline", file, "--cart", "other-shop"]);
    let (code, printed) = send("other-shop", "1021");
    assert_eq!((code, story.other.requests()), (0, 1), "{printed}");
    std::fs::write(file, "1022,Order Shipped\n1023\n").expect("the folder can be written");
    let (code, printed) = story.run(&["baseline", file, "--cart", "other-shop"]);
    assert!(code == 1 && printed.contains("orders.csv:2:") && printed.contains("nothing was recorded"), "{printed}");

    // What is asked wrongly is said clearly.
    for (words, said) in [
        (&["param", "set", "UseStatusUpdate", "True"][..], "did you mean \"UseStatusUpdates\"?"),
        (&["param", "set", "UseStatusUpdates", "maybe"], "write True or False"),
        (&["param", "set", "UseStatusUpdates", "True", "--cart", "seed-shop"], "cannot be set for a cart"),
        (&["param", "set", "UseGenericStatusUpdates", "True", "--cart", "sead-shop"], "did you mean \"seed-shop\"?"),
        (&["event", "set", "Order Packd", "--notify-cart"], "did you mean \"Order Packed\"?"),
        (&["event", "set", "Order Packed", "--order-label", "a\tb"], "control character"),
        (&["send", "--cart", "seed-shop", "--order", "1021", "--label", "x", "--dry-run"], "has a mode instead"),
        (&["send", "--cart", "seed.toml", "--order", "1021", "--label", "x", "--again"], "nothing is known of an order"),
        (&["init"], "is already a data directory"),
    ] {
        let (code, printed) = story.run(words);
        assert!(code != 0 && printed.contains(said), "{words:?}: {printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_supplies_the_setting_and_says_so() {
    let story = Story::begin().await;
    for words in
        [&["param", "set", "UseStatusUpdates", "True"][..], &["param", "set", "UseGenericStatusUpdates", "True", "--cart", "seed-shop"]]
    {
        story.done(words);
    }
    let get = ["param", "get", "GenericStatusSendXML", "--cart", "seed-shop"];
    assert!(story.done(&get).contains("The plugin's default for `encoding` applies."));
    let set = story.done(&["param", "set", "GenericStatusSendXML", "True"]);
    assert!(set.contains("True (set for the system)"), "{set}");
    assert!(story.done(&get).contains("supplies the plugin's setting `encoding`: xml"));
    assert!(story.done(&["cart", "show", "seed-shop"]).contains("supplies the plugin's setting `encoding`: xml"), "both name the winner");
    let sent = story.done(&["send", "--cart", "seed-shop", "--order", "1021", "--label", "Order Shipped"]);
    assert!(sent.contains("update = <Orders>"), "{sent}");
    story.done(&["param", "set", "GenericOrderNumberType", "numeric", "--cart", "seed-shop"]);
    let (code, printed) = story.run(&["send", "--cart", "seed-shop", "--order", "A1021", "--label", "Order Shipped"]);
    assert!(code == 1 && printed.contains("other characters than digits"), "{printed}");
}

/// No file of the data directory holds the password.
fn assert_secret_free(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_file() {
            let bytes = std::fs::read(&path).expect("it is ours");
            assert!(!bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes()), "{} holds the password", path.display());
        }
    }
}
