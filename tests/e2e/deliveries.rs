//! What an operator does with deliveries, as commands are typed: what a cart refused is found, mended and sent.

use cartage_demo_cart::{Account, DemoCart};
use cartage_tests::command::{cartage, plugin, text};
use serde_json::Value;
use std::process::Stdio;

const PASSWORD: &str = "the password of this test";

/// A folder with a data directory in it.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn run(&self, words: &[&str], stdin: &str) -> (i32, String) {
        let mut command = cartage();
        command.args(words).env("CARTAGE_DATA", self.folder.path().join("data")).current_dir(self.folder.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        // A command that ends without reading it closes the pipe, which is its right.
        let _ = std::io::Write::write_all(&mut child.stdin.take().expect("it was piped"), stdin.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        let (result, talk) = text(&output);
        assert!(!result.contains(PASSWORD) && !talk.contains(PASSWORD), "{words:?} printed a password");
        (output.status.code().expect("it was not killed"), result + &talk)
    }

    fn done(&self, words: &[&str]) -> String {
        let (code, printed) = self.run(words, "");
        assert_eq!(code, 0, "{words:?}: {printed}");
        printed
    }

    fn json(&self, words: &[&str]) -> Value {
        let (_, printed) = self.run(&[words, &["--json"]].concat(), "");
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{words:?}: {error}: {printed}"))
    }
}

/// A data directory with a cart that sends to this shop.
fn desk(shop: &DemoCart) -> Desk {
    let desk = Desk { folder: tempfile::tempdir().expect("a temporary folder") };
    let put = |name: &str, bytes: &[u8]| std::fs::write(desk.folder.path().join(name), bytes).expect("the folder can be written");
    put("script.wasm", &std::fs::read(plugin("integration-script")).expect("it is there"));
    put(
        "shop.toml",
        format!(
            "cart = \"shop\"\nplugin = \"script.wasm\"\nmode = \"live\"\n[endpoints.script]\nbase_url = {:?}\n\
             private = [{{ name = \"this test's shop\", allow = \"127.0.0.1/32\" }}]\n[credentials.account]\nsetiuser = {{ text = \"cartage\" }}\n",
            shop.script_url()
        )
        .as_bytes(),
    );
    desk.done(&["init"]);
    desk.done(&["apply", "shop.toml"]);
    assert_eq!(desk.run(&["credential", "set", "shop", "account", "password"], PASSWORD).0, 0);
    desk.done(&["param", "set", "UseStatusUpdates", "True"]);
    desk.done(&["param", "set", "UseGenericStatusUpdates", "True", "--cart", "shop"]);
    desk
}

/// A request names at most 1000 deliveries and 200 labels, and none has an order of 5000 characters. A command takes what its user types.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_takes_more_than_one_request_does() {
    let account = Account { user: "cartage".into(), password: PASSWORD.into(), code: String::new() };
    let shop = DemoCart::start(account, &["1021"]).await.expect("a free port");
    let desk = desk(&shop);
    assert_eq!(desk.run(&["send", "--cart", "shop", "--order", "4711", "--label", "Order Shipped"], "").0, 1);
    let dead = desk.json(&["delivery", "list", "--state", "dead"])["dead"][0]["delivery"].clone();
    let mut ids: Vec<String> = (0..1000).map(|n| format!("0199aaaa-0000-7000-8000-{n:012}")).collect();
    ids.push(dead.as_str().expect("it is dead").to_owned());
    let words: Vec<&str> = ["delivery", "retry"].into_iter().chain(ids.iter().map(String::as_str)).collect();
    let done = desk.json(&words)["deliveries"].clone();
    assert_eq!((done.as_array().map(Vec::len), &done[999]["done"], &done[1000]["done"]), (Some(1001), &false.into(), &true.into()));
    ids.rotate_right(1);
    let words: Vec<&str> = ["delivery", "export"].into_iter().chain(ids.iter().map(String::as_str)).chain(["support.json"]).collect();
    let exported = desk.json(&words);
    assert_eq!((&exported["deliveries"], &exported["left_out"]), (&1.into(), &801.into()), "{exported}");
    let labels: Vec<String> = (0..201).map(|n| format!("{n:03}{}", "\u{1f4e6}".repeat(90))).collect();
    let words: Vec<&str> = ["event", "label", "add"].into_iter().chain(labels.iter().map(String::as_str)).collect();
    assert_eq!(desk.json(&words).as_array().map(Vec::len), Some(201));
    for (words, said) in [
        (["explain", "--cart", "shop", "--order", &"1".repeat(100_000)], "the arguments of this command are too long"),
        (["cart", "mode", "shop", "only-orders", &format!("--order={}", "1".repeat(100_000))], "the body has more than 65536 bytes"),
    ] {
        let (code, printed) = desk.run(&words, "");
        assert!(code == 1 && printed.contains(said) && !printed.contains("load fewer files"), "{printed}");
    }
    let (code, printed) = desk.run(&["token", "remove", ""], "");
    assert!(code == 2 && printed.contains("a value is required"), "{printed}");
    // An order whose number was decoded wrongly before it came here.
    assert!(desk.run(&["explain", "--cart", "shop", "--order", "10\u{fffd}21"], "").1.contains("order 10\u{fffd}21"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_found_explained_and_discarded() {
    let account = Account { user: "cartage".into(), password: PASSWORD.into(), code: String::new() };
    let shop = DemoCart::start(account, &["1021"]).await.expect("a free port");
    let desk = desk(&shop);
    assert!(desk.done(&["delivery", "list"]).contains("no update was ever accepted"));
    // The shop has no such order.
    let (code, printed) = desk.run(&["send", "--cart", "shop", "--order", "4711", "--label", "Order Shipped"], "");
    assert_eq!(code, 1, "{printed}");
    let dead = desk.json(&["delivery", "list", "--state", "dead"])["dead"].clone();
    let id = dead[0]["delivery"].as_str().unwrap_or_else(|| panic!("{dead}")).to_owned();
    assert_eq!((dead[0]["order"].as_str(), dead[0]["cart"].as_str()), (Some("4711"), Some("shop")));
    let reason = dead[0]["reason"].as_str().expect("it has one").to_owned();
    let listed = desk.done(&["delivery", "list", "--reason", &reason, "--since", "1h"]);
    assert!(listed.contains("0 queued, 1 dead") && listed.contains(&id) && listed.contains(&format!("{reason} at shop")), "{listed}");
    let shown = desk.done(&["delivery", "show", &id]);
    for said in ["attempt 1", "cartage delivery retry", "cartage explain --cart shop --order 4711"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }

    // Tried again it waits, and what waits can be ended; a second time it is over already.
    assert!(desk.done(&["delivery", "retry", "--all", "--cart", "shop", "--reason", &reason]).contains("is tried again"));
    assert_eq!(desk.json(&["delivery", "show", &id])["state"], "queued");
    let (code, printed) = desk.run(&["delivery", "retry", &id], "");
    assert!(code == 1 && printed.contains("is not a dead letter"), "{printed}");
    assert!(desk.done(&["delivery", "discard", &id, "--why", "no such order"]).contains("the label before it counts again"));
    let (code, printed) = desk.run(&["delivery", "discard", &id, "--why", "no such order"], "");
    assert!(code == 1 && printed.contains("is over already"), "{printed}");
    assert!(desk.done(&["delivery", "show", &id]).contains("discarded (command: no such order)"));
    let (code, printed) = desk.run(&["delivery", "show", "01890a5d-ac96-774b-bcce-b302099a8057"], "");
    assert!(code == 2 && printed.contains("was not found"), "{printed}");
    let counts = desk.json(&["delivery", "list"])["carts"][0].clone();
    assert_eq!((counts["queued"].as_u64(), counts["dead"].as_u64(), counts["blocked"].as_u64()), (Some(0), Some(0), Some(0)));
}

/// The first text under this name, wherever it is.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    match value {
        Value::Object(members) => {
            members.get(name).and_then(Value::as_str).or_else(|| members.values().find_map(|value| member(value, name)))
        }
        Value::Array(all) => all.iter().find_map(|value| member(value, name)),
        _ => None,
    }
}

/// Sends an update with a note that nobody else need read, and gives the delivery's id.
fn send(desk: &Desk, order: &str, label: &str, note: &str) -> String {
    let sent = desk.json(&["send", "--cart", "shop", "--order", order, "--label", label, "--note", note]);
    member(&sent, "delivery").unwrap_or_else(|| panic!("{sent}")).to_owned()
}

fn files_hold(desk: &Desk, text: &str) -> bool {
    let files =
        std::fs::read_dir(desk.folder.path().join("data")).expect("it is a folder").map(|entry| entry.expect("it is listed").path());
    let mut files = files.filter(|file| file.is_file());
    files.any(|file| std::fs::read(file).expect("it can be read").windows(text.len()).any(|window| window == text.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_tells_what_was_sent_and_not_to_whom() {
    const NOTE: &str = "ring at the green door, jo@home.example";
    let account = Account { user: "cartage".into(), password: PASSWORD.into(), code: String::new() };
    let shop = DemoCart::start(account, &["1021"]).await.expect("a free port");
    let desk = desk(&shop);
    let delivery = send(&desk, "1021", "Order Shipped", NOTE);
    let shown = desk.done(&["delivery", "show", &delivery, "--cassette"]);
    assert!(shown.contains("redacted-note-1") && shown.contains("Order Shipped") && !shown.contains("green door"), "{shown}");
    assert_eq!(desk.json(&["delivery", "show", &delivery])["cassettes"], serde_json::json!([1]));
    let (code, printed) = desk.run(&["delivery", "show", &delivery, "--cassette", "2"], "");
    assert!(code == 2 && printed.contains("no recording of attempt 2"), "{printed}");
    assert!(!files_hold(&desk, "green door"), "what is delivered is kept nowhere");

    // For a while it is kept as it was; never for longer than a day, and never in a file that leaves.
    for (words, said) in [(["raw", "--for", "25h"], "24h at most"), (["redacted", "--for", "1h"], "choose raw")] {
        let (code, printed) = desk.run(&[&["cart", "recording", "shop"], words.as_slice()].concat(), "");
        assert!(code == 2 && printed.contains(said), "{printed}");
    }
    assert!(
        desk.done(&["cart", "recording", "shop", "raw", "--for", "24h", "--why", "the note is cut"]).contains("hold personal data until")
    );
    let raw = send(&desk, "1021", "Order Delayed", NOTE);
    let shown = desk.done(&["delivery", "show", &raw, "--cassette", "1"]);
    assert!(shown.contains("green door"), "{shown}");
    desk.done(&["cart", "recording", "shop", "redacted"]);
    let said = desk.done(&["delivery", "export", &delivery, &raw, "support.json"]);
    assert!(said.contains("2 deliveries"), "{said}");
    let made = desk.folder.path().join("support.json");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&made).expect("it was made").permissions());
    assert_eq!(mode & 0o777, 0o600, "it is nobody else's");
    let file = std::fs::read_to_string(made).expect("it was made");
    assert!(
        file.contains("redacted-note-1") && file.contains("Order Delayed") && !file.contains("green door") && !file.contains(PASSWORD),
        "{file}"
    );
    // As cassettes, on which the plugin does the same again.
    let tapes = desk.folder.path().join("tapes");
    std::fs::create_dir(&tapes).expect("the folder can be written");
    desk.done(&["delivery", "export", &raw, "tapes", "--cassettes"]);
    let tape = tapes.join("attempt-001.json");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&tape).expect("it was made").permissions());
    let text = std::fs::read_to_string(&tape).expect("it was made");
    assert!(
        mode & 0o777 == 0o600 && text.contains("redacted-note-1") && !text.contains("green door") && !text.contains(PASSWORD),
        "{text}"
    );
    let plugin = cartage_tests::command::plugin("integration-script");
    desk.done(&["plugin", "replay", plugin.to_str().expect("a path in UTF-8"), "tapes"]);
    let (code, printed) = desk.run(&["delivery", "export", &delivery, "support.json"], "");
    assert!(code == 2 && printed.contains("does not exist yet"), "what is there is not overwritten: {printed}");
    let (code, printed) = desk.run(&["delivery", "export", "support.json"], "");
    assert!(code == 2 && printed.contains("--all"), "{printed}");
    let kinds = desk.json(&["retention", "--dry-run"])["kinds"].clone();
    assert!(kinds.as_array().is_some_and(|kinds| kinds.len() == 9 && kinds.iter().all(|kind| kind["older"] == 0)), "{kinds}");

    assert!(files_hold(&desk, "green door"), "the raw recording");
    assert!(desk.done(&["forget", "--cart", "shop", "--order", "1021"]).contains("is forgotten"));
    assert!(!files_hold(&desk, "green door") && !files_hold(&desk, "Order Delayed"));
    let (code, printed) = desk.run(&["forget", "--cart", "shop", "--order", "1021"], "");
    assert!(code == 1 && printed.contains("Cartage has no record of order 1021"), "{printed}");
    let (code, printed) = desk.run(&["delivery", "show", &raw], "");
    assert!(code == 2 && printed.contains("was not found"), "{printed}");
    // One that waits is not forgotten unless that is said.
    desk.run(&["send", "--cart", "shop", "--order", "4711", "--label", "Order Shipped"], "");
    let (code, printed) = desk.run(&["forget", "--cart", "shop", "--order", "4711"], "");
    assert!(code == 2 && printed.contains("--discard-queue"), "{printed}");
    assert!(desk.done(&["forget", "--cart", "shop", "--order", "4711", "--discard-queue"]).contains("1 update of it is never sent"));
}
