//! `cartage plugin test` with the plugins of this repository, and with guests that each make one mistake, which the test must find.

use cartage_tests::command::{cartage, guest, plugin, root, text};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;

/// The largest plugin written in Rust, in bytes.
const PLUGIN_BYTES_MAX: u64 = 300_000;

/// Runs the command with a plugin's file.
fn run(file: &Path, arguments: &[&str]) -> Output {
    cartage().args(["plugin", "test"]).arg(file).args(arguments).output().expect("the command can be started")
}

/// The folder of a cart script in the repository.
fn script(of: &str) -> PathBuf {
    root().join(of).join("cart-script")
}

/// Runs the command at level high with a guest of the small shop.
fn in_shop(name: &str, arguments: &[&str]) -> Output {
    let folder = script("tests/guests");
    run(&guest(name), &[&["--script", folder.to_str().expect("the path is text")], arguments].concat())
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {:?}", text(output)))
}

/// The result of a case.
fn verdict<'r>(report: &'r Value, case: &str) -> &'r str {
    let cases = report["cases"].as_array().expect("there are cases");
    let found = cases.iter().find(|found| found["name"] == case).unwrap_or_else(|| panic!("there is no case {case}: {report}"));
    found["verdict"].as_str().expect("each case has a verdict")
}

/// Checks that the plugin fails this case, with these words, and no other cases than those named.
#[track_caller]
fn is_caught(name: &str, case: &str, words: &[&str], and: &[&str]) {
    let output = in_shop(name, &["--case", case]);
    let (shown, talk) = text(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}{talk}");
    for part in [&["FAILED", "attempted:", "result:", "problem:", "what to do:"], words].concat() {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let report = json(&in_shop(name, &["--json"]));
    let cases = report["cases"].as_array().expect("there are cases");
    let failed: Vec<&str> =
        cases.iter().filter(|case| case["verdict"] == "failed").map(|case| case["name"].as_str().expect("it has a name")).collect();
    assert!(failed.contains(&case), "{failed:?}");
    let others: Vec<&&str> = failed.iter().filter(|failed| **failed != case && !and.contains(failed)).collect();
    assert!(others.is_empty(), "it is well-behaved but for one thing, and failed {others:?} as well: {report}");
}

#[test]
fn the_repository_s_plugins_conform_at_the_high_level() {
    for name in ["integration-script", "vendure", "webhook", "woocommerce"] {
        let size = std::fs::metadata(plugin(name)).expect("it is built").len();
        assert!(size <= PLUGIN_BYTES_MAX, "{name} has {size} bytes");
        let folder = script(&format!("plugins/{name}"));
        let output = run(&plugin(name), &["--script", folder.to_str().expect("the path is text")]);
        let (shown, talk) = text(&output);
        assert_eq!(output.status.code(), Some(0), "{name}\n{shown}{talk}");
        for part in ["level high", "passed: ", "limits", "memory_bytes"] {
            assert!(shown.contains(part), "{name}: {part}\n{shown}");
        }
        assert!(!shown.contains("without need"), "{name}: each bypass is needed\n{shown}");
    }
}

#[test]
fn a_plugin_that_keeps_the_contract_passes_without_a_bypass() {
    let report = json(&in_shop("keeps_the_contract", &["--json"]));
    assert_eq!((&report["passed"], &report["level"]), (&true.into(), &"high".into()), "{report}");
    let cases = report["cases"].as_array().expect("there are cases");
    assert!(cases.iter().all(|case| case["verdict"] == "passed"), "{report}");
    assert_eq!(verdict(&report, "delivered"), "passed", "the script's own case is among them");
    assert!(report["calls"].as_u64().is_some_and(|calls| (100..600).contains(&calls)), "{report}");
}

/// The project that `cartage plugin new` writes conforms at once, with the script that it writes beside it.
#[test]
fn new_plugins_conform_at_the_high_level() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for kind in ["rest", "graphql", "webhook"] {
        let mut command = cartage();
        let made = command.current_dir(folder.path()).args(["plugin", "new", &format!("my-{kind}-shop"), "--kind", kind]).output();
        assert_eq!(made.expect("the command can be started").status.code(), Some(0));
        let mut command = cartage();
        command.args(["plugin", "test"]).arg(guest(&format!("new_{kind}"))).current_dir(folder.path().join(format!("my-{kind}-shop")));
        let output = command.output().expect("the command can be started");
        let (shown, talk) = text(&output);
        assert_eq!(output.status.code(), Some(0), "{kind}\n{shown}{talk}");
        assert!(shown.contains("level high") && !shown.contains("without need"), "{kind}\n{shown}");
    }
}

#[test]
fn a_cut_answer_is_no_success() {
    let words = ["applied (done)", "the cart gave no whole answer to PUT api/orders/21 (request 3), the last that writes"];
    let also = [
        "no-connection",
        "timeout",
        "lost-answer",
        "oversized-answer",
        "page-instead-of-answer",
        "redirect",
        "random-answers",
        "reply-lost-after-acting",
        "same-update-twice",
        "told-before",
        "earlier-outcome-unknown",
        "resume-after-each-step",
    ];
    is_caught("bad_believes_a_cut_answer", "truncated-answer", &words, &also);
    // This case needs no script.
    let output = run(&guest("bad_believes_a_cut_answer"), &["--case", "truncated-answer"]);
    let (shown, _) = text(&output);
    assert!(output.status.code() == Some(1) && shown.contains("the cart gave no whole answer to PUT api/orders/"), "{shown}");
}

#[test]
fn a_second_shipment_is_seen() {
    let words = ["done twice: shipment 1Z9876543218754100 of order 1021", "look at `delivery.earlier`"];
    let also = ["told-before", "reply-lost-after-acting", "earlier-outcome-unknown", "resume-after-each-step"];
    is_caught("bad_ships_twice", "same-update-twice", &words, &also);
}

#[test]
fn a_plugin_that_asks_to_be_called_again_without_end_is_seen() {
    let words = ["an update with a package", "`pending` 20 times", "record each step that is done, and go on after the steps"];
    let also = [
        "packages",
        "same-update-twice",
        "told-before",
        "reply-lost-after-acting",
        "earlier-outcome-unknown",
        "resume-after-each-step",
        "delivered",
    ];
    is_caught("bad_never_ends", "updates", &words, &also);
}

#[test]
fn the_first_of_two_orders_is_not_taken() {
    let words = ["an update of the order 1030, of which the cart has two", "so the outcome must be the failure ambiguous-order"];
    is_caught("bad_takes_the_first", "ambiguous-order", &words, &["packages", "delivered"]);
}

#[test]
fn a_limit_that_is_nearly_reached_is_told() {
    let words = ["of limits.memory_bytes, which is ", "more than 80 % of a limit", "do less, or keep less"];
    is_caught("bad_nears_a_limit", "limits", &words, &["packages", "delivered"]);
}

#[test]
fn chance_does_not_decide() {
    let words = ["the same update at other moments and with other random bytes", "depends on chance or on the time"];
    let also = [
        "packages",
        "delivered",
        "told-before",
        "same-update-twice",
        "reply-lost-after-acting",
        "earlier-outcome-unknown",
        "resume-after-each-step",
    ];
    is_caught("bad_chooses_by_chance", "determinism", &words, &also);
}

#[test]
fn a_status_that_nobody_declared_is_seen() {
    let words = ["the cart was given the status \"Shipped (by Cartage)\"", "the manifest does not declare that status"];
    is_caught("bad_invents_a_status", "statuses", &words, &["packages", "delivered"]);
}

#[test]
fn without_a_script_the_level_is_basic_and_that_is_said() {
    let output = run(&plugin("integration-script"), &[]);
    let (shown, talk) = text(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}{talk}");
    assert!(shown.contains("level basic, seed 1") && talk.contains("so the level is basic"), "{shown}{talk}");
    assert!(!shown.contains("ambiguous-order"), "{shown}");
    // In the folder of a plugin's project, the command finds the script by itself.
    let mut command = cartage();
    command.args(["plugin", "test"]).arg(plugin("webhook")).args(["--case", "statuses"]).current_dir(root().join("plugins/webhook"));
    let (shown, talk) = text(&command.output().expect("the command can be started"));
    assert!(shown.contains("level high") && talk.is_empty(), "{shown}{talk}");
}

#[test]
fn a_seed_gives_the_same_result_again_and_reports_can_be_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let junit = folder.path().join("report.xml");
    let arguments = ["--seed", "77", "--json", "--junit", junit.to_str().expect("the path is text")];
    let (first, second) = (in_shop("bad_takes_the_first", &arguments), in_shop("bad_takes_the_first", &arguments));
    assert_eq!(json(&first), json(&second));
    assert_eq!(json(&first)["seed"], 77);
    let kept = std::fs::read_to_string(&junit).expect("the report was written");
    assert!(kept.contains("<testcase classname=\"bad-takes-the-first\" name=\"ambiguous-order\">\n      <failure message="), "{kept}");
}

#[test]
fn what_does_not_fit_is_wrong_use() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let own = std::fs::read_to_string(script("tests/guests").join("script.toml")).expect("it is in the repository");
    let bypass = |case: &str, reason: &str| format!("{own}\n[[bypass]]\ncase = {case:?}\nreason = {reason:?}\n");
    for (changed, words) in [
        (own.replace("method =", "methode ="), &["unknown field `methode`", "line"][..]),
        (own.replace("format = 1", "format = 2"), &["has the format 2", "use a later Cartage"]),
        (bypass("statuses", ""), &["[[bypass]] \"statuses\" has no reason"]),
        (bypass("no-such-case", "none"), &["bypasses the case \"no-such-case\", which does not exist"]),
        (
            format!("[settings]\ncolour = \"blue\"\n{own}").replace("format = 1", "").replacen("[settings]", "format = 1\n[settings]", 1),
            &["the setting \"colour\""],
        ),
    ] {
        std::fs::write(folder.path().join("script.toml"), changed).expect("the folder is ours");
        let output = run(&guest("keeps_the_contract"), &["--script", folder.path().to_str().expect("the path is text")]);
        let (shown, said) = text(&output);
        assert_eq!((output.status.code(), shown.as_str()), (Some(2), ""), "{said}");
        words.iter().for_each(|part| assert!(said.contains(part), "{part}\n{said}"));
        assert!(said.contains("what to do:"), "{said}");
    }
    let output = run(&guest("keeps_the_contract"), &["--level", "high"]);
    assert!(output.status.code() == Some(2) && text(&output).1.contains("cannot read the cart script"), "{:?}", text(&output));
    let output = run(&guest("keeps_the_contract"), &["--case", "none"]);
    assert!(output.status.code() == Some(2) && text(&output).1.contains("there is no case \"none\""), "{:?}", text(&output));
    let output = run(&guest("asks_while_describing"), &[]);
    assert!(output.status.code() == Some(1) && text(&output).1.contains("which must only state the manifest"), "{:?}", text(&output));
}

#[test]
fn a_bypass_without_need_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let own = std::fs::read_to_string(script("tests/guests").join("script.toml")).expect("it is in the repository");
    let bypassed = format!("{own}\n[[bypass]]\ncase = \"statuses\"\nreason = \"none\"\n");
    std::fs::write(folder.path().join("script.toml"), bypassed).expect("the folder is ours");
    let arguments = ["--case", "statuses", "--script", folder.path().to_str().expect("the path is text")];
    let (shown, _) = text(&run(&guest("keeps_the_contract"), &arguments));
    assert!(shown.contains("statuses  ok, and bypassed without need: take the [[bypass]] out"), "{shown}");
    let (shown, _) = text(&run(&guest("bad_invents_a_status"), &arguments));
    assert!(shown.contains("statuses  bypassed: none") && shown.contains("passed: 1 case, 1 bypassed"), "{shown}");
}
