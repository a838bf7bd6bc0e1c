//! The main job: three updates through the real plugin to a cart that speaks SETI, and what a dry run shows of it.

use cartage_demo_cart::{Account, DemoCart};
use cartage_tests::command::{cartage, plugin, text};
use serde_json::Value;

fn demonstrate() -> (Value, String) {
    let output = cartage().args(["demo", "--json", "--plugin"]).arg(plugin("integration-script")).output().expect("the command starts");
    let (stdout, stderr) = text(&output);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    (serde_json::from_str(&stdout).expect("one JSON document"), stderr)
}

#[test]
fn three_updates_arrive_as_they_should() {
    let (shown, _) = demonstrate();
    let attempts = shown["attempts"].as_array().expect("a list of attempts");
    let fates: Vec<_> = attempts.iter().map(|attempt| attempt["receipt"]["fate"].as_str().unwrap_or_default()).collect();
    assert_eq!(fates, ["delivered"; 3]);
    for attempt in attempts {
        let entries = attempt["cassette"]["recording"]["entries"].as_array().expect("a list of entries");
        assert_eq!(entries.len(), 1, "the plugin makes one request an update: {entries:?}");
        let body = entries[0]["http"]["wire"]["body"].as_str().expect("a form");
        assert!(body.contains("[account.password]"), "the password is a placeholder in the record: {body}");
    }
    for act in ["2001", "2002", "2003"] {
        assert_eq!(shown["orders"][act]["updates"], 1, "each act of the daemon's story ends with one update: {shown}");
    }
    let story = shown["story"].as_array().expect("a list of commands");
    let said = |command: &str| story.iter().find(|said| said["command"].as_str().is_some_and(|typed| typed.contains(command)));
    let refused = said("event raise").expect("it was raised");
    assert_eq!(
        (refused["exit"].as_i64(), refused["output"].as_str().is_some_and(|said| said.contains("is not sent"))),
        (Some(1), true),
        "{refused}"
    );
    let orders = &shown["orders"];
    assert_eq!(orders["1021"]["status"], "Payment Received");
    assert_eq!(orders["1022"]["packages"][0]["number"], "1Z9876543218754187");
    assert_eq!(orders["1023"]["note"], "Left with café & bar <rear door>");
    assert_eq!(orders["1023"]["packages"].as_array().map(Vec::len), Some(2));
    assert_eq!(orders["1023"]["lines"]["8"]["shipped"], "0.5");
}

#[test]
fn the_same_update_gives_the_same_requests_byte_for_byte() {
    let bodies = || -> Vec<String> {
        let (shown, _) = demonstrate();
        let attempts = shown["attempts"].as_array().expect("a list of attempts").clone();
        attempts.iter().map(|attempt| attempt["cassette"]["recording"]["entries"][0]["http"]["wire"]["body"].to_string()).collect()
    };
    assert_eq!(bodies(), bodies());
}

#[tokio::test]
async fn a_dry_run_opens_no_connection_and_a_live_run_one() {
    let account = Account { user: "cartage".into(), password: "a password for this test".into(), code: String::new() };
    let shop = DemoCart::start(account, &["1021"]).await.expect("a free port");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("shop.toml");
    let definition = format!(
        "cart = \"shop\"\nplugin = \"integration-script.wasm\"\n[endpoints.script]\nbase_url = {:?}\n\
         private = [{{ name = \"this test's shop\", allow = \"127.0.0.1/32\" }}]\n\
         [credentials.account]\nsetiuser = {{ text = \"cartage\" }}\npassword = {{ env = \"SHOP_PASSWORD\" }}\n",
        shop.script_url()
    );
    std::fs::write(&file, definition).expect("the folder can be written");
    for (dry_run, code, requests, status) in
        [(Some("--dry-run"), 0, 0, "Processing"), (Some("--dry-run=reads"), 0, 0, "Processing"), (None, 0, 1, "Order Shipped")]
    {
        let plugin = plugin("integration-script");
        let mut command = cartage();
        command.args(["send", "--json", "--order", "1021", "--label", "Order Shipped", "--cart"]).arg(&file);
        command
            .arg("--plugins")
            .arg(plugin.parent().expect("it lies in a folder"))
            .args(dry_run)
            .env("SHOP_PASSWORD", "a password for this test");
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it is not cancelled").expect("the command starts");
        let (stdout, stderr) = text(&output);
        assert_eq!(output.status.code(), Some(code), "{stdout}\n{stderr}");
        assert_eq!((shop.requests(), shop.orders()["1021"].status.as_str()), (requests, status), "{dry_run:?}");
        assert!(!stdout.contains("a password for this test") && !stderr.contains("a password for this test"), "{stdout}{stderr}");
    }
}

/// The two examples of embedding, as their heads say that they are run.
#[test]
fn the_crate_s_examples_run() {
    for (example, says) in [("send_one_status", "what follows: Delivered"), ("deliver_in_order", "updates: 2")] {
        let output = cartage_tests::command::example(example).arg(plugin("integration-script")).output().expect("the example starts");
        let (stdout, stderr) = text(&output);
        assert!(output.status.success() && stdout.contains(says), "{example}: {stdout}{stderr}");
    }
}
