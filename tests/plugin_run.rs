//! `cartage plugin run` as an author sees it: the requests that are sent, what a host would do next, and errors in the flags.

use cartage_tests::bad_cart::{BadCart, Step};
use cartage_tests::command::{cartage, guest, plugin, text};
use serde_json::Value;
use std::path::Path;
use std::process::Output;

const PASSWORD: &str = "correct horse battery";
const TAKEN: &str = "SETIResponse: update=OK;Notes=";

/// Runs a plugin's file, with its secrets in the environment.
async fn run(file: &Path, arguments: &[&str]) -> Output {
    let mut command = cartage();
    command.args(["plugin", "run"]).arg(file).args(arguments).env("SHOP_PASSWORD", PASSWORD).env("SHOP_KEY", PASSWORD);
    tokio::task::spawn_blocking(move || command.output().expect("the command can be started")).await.expect("it does not panic")
}

/// The plugin for the classic integration script, with a cart at this URL.
async fn script(url: &str, arguments: &[&str]) -> Output {
    let bind = format!("script={url}");
    let cart =
        ["--bind", &bind, "--loopback", "--credential", "account.setiuser=seed", "--credential", "account.password=env:SHOP_PASSWORD"];
    run(&plugin("integration-script"), &[&cart[..], &["--order", "1021", "--label", "Order Shipped"], arguments].concat()).await
}

/// A guest that does what its update's note says, without a request.
async fn told(note: &str, arguments: &[&str]) -> Output {
    let cart = ["--bind", "api=https://shop.example/api", "--credential", "key=env:SHOP_KEY"];
    let update = ["--order", "1021", "--label", "Order Shipped", "--note", note];
    run(&guest("does_as_told"), &[&cart[..], &update, arguments].concat()).await
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {:?}", text(output)))
}

fn answer(body: &str) -> Step {
    Step::send(format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_what_the_cart_gets_but_for_the_secrets() {
    let cart = BadCart::start(vec![Step::Receive, answer(TAKEN)]).await.expect("loopback has a port");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let record = folder.path().join("attempt.json");
    let record_text = record.to_str().expect("the path is text");
    let output = script(&format!("{}/seti.php", cart.base_url()), &["--setting", "encoding=delimited", "--cassette", record_text]).await;
    let (shown, talk) = text(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}{talk}");
    let received = String::from_utf8(cart.received().remove(0)).expect("the request is text");
    let sent_password = format!("password={}", PASSWORD.replace(' ', "+"));
    assert!(received.contains(&sent_password), "{received}");
    let body = received.rsplit("\r\n").next().unwrap_or_default();
    let shown_body = body.replace(&sent_password, "password=[account.password]").replace("setiuser=seed", "setiuser=[account.setiuser]");
    for part in [shown_body.as_str(), "POST ", "/seti.php", "what a host would do next\n  the update is done", "next: make a cart of it"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    for header in ["content-type: application/x-www-form-urlencoded", "user-agent: ", "accept-encoding: identity"] {
        assert!(shown.contains(header) && received.to_lowercase().contains(header), "{header}\n{shown}\n{received}");
    }
    let record = std::fs::read_to_string(record).expect("the record was written");
    for secret in [PASSWORD, &PASSWORD.replace(' ', "+")] {
        assert!(!shown.contains(secret) && !talk.contains(secret) && !record.contains(secret), "{shown}{talk}{record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_cart_answers() {
    let arguments = ["--demo-cart", "--label", "Order Shipped", "--json", "--order"];
    let output = run(&plugin("integration-script"), &[&arguments[..], &["1021"]].concat()).await;
    let report = json(&output);
    assert_eq!(output.status.code(), Some(0), "{report}");
    assert_eq!(report["attempts"][0]["next"]["update"], "delivered", "{report}");
    assert_eq!(report["demo_cart"]["1021"]["status"], "Order Shipped", "{report}");
    let output = run(&plugin("integration-script"), &[&arguments[..], &["9"]].concat()).await;
    let next = &json(&output)["attempts"][0]["next"];
    assert_eq!(output.status.code(), Some(1), "{next}");
    assert_eq!((&next["update"], &next["reason"], &next["blocks_the_order"]), (&"dead".into(), &"order-not-found".into(), &true.into()));
    let output = run(&guest("does_as_told"), &["--demo-cart", "--order", "1021", "--label", "x", "--credential", "key=env:SHOP_KEY"]).await;
    let (_, said) = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("the plugin does-as-told does not have that protocol's endpoint `script`") && said.contains("--bind ENDPOINT=URL"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_opens_no_connection() {
    let cart = BadCart::start(vec![Step::Receive, answer(TAKEN)]).await.expect("loopback has a port");
    let output = script(&cart.base_url(), &["--dry-run"]).await;
    let (shown, talk) = text(&output);
    assert_eq!((output.status.code(), cart.connections()), (Some(0), 0), "{shown}{talk}");
    assert!(shown.contains("request 1") && shown.contains("next: leave out --dry-run"), "{shown}");
    let output = script(&cart.base_url(), &["--dry-run", "--attempts", "2"]).await;
    assert_eq!(output.status.code(), Some(2), "{:?}", text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_attempt_is_told_of_those_before_as_by_a_host() {
    let lost = vec![Step::Receive, Step::Close];
    let cart = BadCart::start_each(vec![lost, vec![Step::Receive, answer(TAKEN)]]).await.expect("loopback has a port");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let record = folder.path().join("attempt.json");
    let record_text = record.to_str().expect("the path is text");
    let output = script(&cart.base_url(), &["--attempts", "3", "--cassette", record_text, "--json"]).await;
    let report = json(&output);
    assert_eq!((output.status.code(), cart.connections()), (Some(0), 3), "{report}");
    let of = |attempt: usize| &report["attempts"][attempt];
    assert_eq!((&of(0)["next"]["update"], &of(1)["next"]["update"]), (&"retry".into(), &"delivered".into()), "{report}");
    // A request without an answer may still be in progress, so a host would wait longer than the schedule says.
    assert!(of(0)["next"]["soonest_ms"].as_u64() > Some(5_000), "{report}");
    let earlier = |attempt: usize| of(attempt)["cassette"]["call"]["send-order-status"]["delivery"]["earlier"].clone();
    let reaches: Vec<Value> =
        (0..3).map(|attempt| earlier(attempt).as_array().expect("a list").iter().map(|e| e["reach"].clone()).collect()).collect();
    assert_eq!(serde_json::json!(reaches), serde_json::json!([[], ["maybe-sent"], ["maybe-sent", "maybe-sent"]]), "{report}");
    assert_eq!(of(0)["receipt"]["delivery"], of(2)["receipt"]["delivery"], "one delivery, one idempotency key");
    for name in ["attempt.json", "attempt-2.json", "attempt-3.json"] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_would_do_next_is_said() {
    for (note, words) in [
        ("fail=unavailable", "the update is tried again in 3 s to 5 s, at most until it is 72 h old"),
        ("fail=unavailable after=60000", "the update is tried again in 60 s"),
        ("fail=rate-limited after=90000", "the whole cart is paused for 90 s (rate-limited)"),
        ("fail=credentials", "`cartage credential set`, then run `cartage cart resume CART`"),
        (
            "fail=illegal-transition",
            "a dead letter (illegal-transition): it is not tried again by itself, and the order's later updates go on",
        ),
        ("fail=gone", "the cart is disabled"),
    ] {
        let output = told(note, &[]).await;
        let (shown, talk) = text(&output);
        assert_eq!(output.status.code(), Some(1), "{note}: {shown}{talk}");
        assert!(shown.contains(words), "{note}: {words}\n{shown}");
    }
    let (shown, _) = text(&told("fail=unavailable", &["--attempts", "2"]).await);
    for part in ["attempt 2 of 2: made at once", "the plugin is told  attempt 1: nothing was sent", "tried again in 15 s to 30 s"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_that_do_not_fit_are_wrong_use() {
    let update = ["--order", "1021", "--label", "Order Shipped"];
    for (arguments, parts) in [
        (
            &["--bind", "skript=https://shop.example"][..],
            &["Did you mean \"script\"? It has script.", "add --bind script=", "add --credential account.password=@FILE"][..],
        ),
        (&["--credential", "account.password=hunter2"], &["--credential account.password=@FILE or --credential account.password=env:NAME"]),
        (&["--setting", "encoding=yaml"], &["--setting encoding=\"yaml\" is not valid"]),
    ] {
        let output = run(&plugin("integration-script"), &[arguments, &update].concat()).await;
        let (shown, said) = text(&output);
        assert_eq!((output.status.code(), shown.as_str()), (Some(2), ""), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
        parts.iter().for_each(|part| assert!(said.contains(part), "{part}\n{said}"));
    }
    let private = [
        "--bind",
        "script=http://127.0.0.1:1/",
        "--credential",
        "account.setiuser=a",
        "--credential",
        "account.password=env:SHOP_PASSWORD",
    ];
    let (_, said) = text(&run(&plugin("integration-script"), &[&private[..], &update].concat()).await);
    assert!(said.contains("what to do: add --loopback"), "{said}");
    let unset = [
        "--bind",
        "script=https://shop.example",
        "--credential",
        "account.setiuser=a",
        "--credential",
        "account.password=env:NOT_SET_HERE",
    ];
    let (_, said) = text(&run(&plugin("integration-script"), &[&unset[..], &update].concat()).await);
    assert!(said.contains("NOT_SET_HERE is not set") && said.contains("what to do: check the file or the variable"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_plugin_is_not_run() {
    let update = ["--order", "1021", "--label", "x"];
    for (file, words) in
        [(guest("asks_while_describing"), "which must only state the manifest"), (Path::new("Cargo.toml").to_owned(), "a text file")]
    {
        let output = run(&file, &update).await;
        let (shown, said) = text(&output);
        assert_eq!((output.status.code(), shown.as_str()), (Some(1), ""), "{said}");
        assert!(said.contains(words), "{words}\n{said}");
    }
}

/// Both commands refuse a component with imports that no plugin gets, and name all of these imports.
#[tokio::test(flavor = "multi_thread")]
async fn foreign_imports_are_all_named() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("foreign.wasm");
    let component = "(component (import \"wasi:clocks/wall-clock@0.2.0\" (instance)) (import \"wasi:random/random@0.2.0\" (instance)))";
    std::fs::write(&file, wat::parse_str(component).expect("the text is a component")).expect("the folder can be written");
    for command in [&["inspect"][..], &["inspect", "--json"], &["run", "--order", "1", "--label", "x"]] {
        let output = cartage().arg("plugin").args(command).arg(&file).output().expect("the command can be started");
        let (shown, talk) = text(&output);
        let said = shown + &talk;
        assert_eq!(output.status.code(), Some(1), "{said}");
        for part in ["wasi:clocks/wall-clock@0.2.0", "wasi:random/random@0.2.0", "it asks for 2 interfaces that no plugin is given"] {
            assert!(said.contains(part), "{command:?}: {part}\n{said}");
        }
    }
}

/// The command that `inspect` suggests at its end runs the plugin once the placeholders are filled in.
#[tokio::test(flavor = "multi_thread")]
async fn inspect_ends_with_the_command_that_runs_the_plugin() {
    let file = plugin("integration-script");
    let inspected = cartage().args(["plugin", "inspect"]).arg(&file).output().expect("the command can be started");
    let (screen, _) = text(&inspected);
    for part in [
        "requests, which the host sends to the endpoints alone",
        "POST to every path below it",
        "in fields of a form of requests to script",
    ] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    let told = cartage().args(["plugin", "inspect", "--json"]).arg(&file).output().expect("the command can be started");
    let told = json(&told);
    assert_eq!(told["powers"]["endpoints"][0]["methods"], serde_json::json!(["POST"]), "{told}");
    let next = told["next"].as_str().expect("there is a next step");
    assert!(screen.contains(next.lines().next().unwrap_or_default()), "{screen}");
    let secret = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(secret.path(), PASSWORD).expect("the file is ours");
    let line = next.replace("\\\n", " ").replace("@FILE", &format!("@{}", secret.path().display()));
    let words = std::process::Command::new("sh").args(["-c", &format!("printf '%s\\0' {line}")]).output().expect("there is a shell");
    let words = String::from_utf8(words.stdout).expect("what went in was text");
    let output = cartage().args(words.split_terminator('\0').skip(1)).output().expect("the command can be started");
    assert_eq!(output.status.code(), Some(0), "{line}\n{:?}", text(&output));
}
