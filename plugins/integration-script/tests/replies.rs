//! The outcome of each form of a script's answer: every folder of `tests/cases/seti-replies` is a separate test.
//!
//! `reply.http` is the script's answer: status line, headers, an empty line, the body. `expected.json` is what the plugin returns
//! for an update; `BLESS=1` rewrites it.

use cartage_sdk::contract::delivery::{Applied, Failure};
use cartage_sdk::serde_json::{self, Value, json};
use cartage_sdk::testing::{Cart, Reply, update};
use integration_script::IntegrationScript;
use libtest_mimic::{Arguments, Failed, Trial};
use std::fs;
use std::path::{Path, PathBuf};

/// Every row of the table of known answers; each must have a folder.
const ROWS: &[&str] = &[
    "ok-update-notes",
    "ok-upper-case-prefix",
    "ok-equals",
    "ok-mixed-case-prefix",
    "ok-after-php-notice",
    "false-notes",
    "false-lower-case",
    "false-order-unable-to-find",
    "false-order-was-not-found-trace",
    "false-no-orders-in-request",
    "error-access-denied",
    "error-store-connection",
    "error-unknown-function",
    "error-missing-field-400",
    "error-unknown-wording",
    "xml-error-root",
    "xml-orders-root-login",
    "xml-code-without-error",
    "empty-200",
    "empty-500",
    "html-200",
    "html-403",
    "html-404",
    "html-500",
    "html-echoes-ok",
    "php-fatal",
    "version-instead",
    "garbled",
    "status-301",
    "status-401",
    "status-410",
    "status-429-seconds",
    "status-503-date",
    "status-400-no-body",
    "database-connection-refused",
    "database-lock-wait",
    "database-deadlock",
    "database-too-many-connections",
    "database-gone-away",
    "database-timeout",
    "database-error-names-a-user",
    "database-of-java",
    "database-of-python",
    "database-of-dot-net-page",
    "database-refuses-the-data",
    "false-maintenance",
    "false-too-many-requests",
    "false-payment-not-authorized-yet",
    "error-payment-not-authorized",
    "false-customer-has-no-login",
    "error-customer-has-no-login",
    "false-order-could-not-be-found",
    "false-order-without-a-number",
    "false-unknown-status",
    "error-account-inactive-on-the-third-line",
    "error-user-not-found",
    "error-no-support-for-function",
    "error-needs-ssl",
    "error-key-missing-400",
    "error-could-not-parse-400",
    "error-names-the-placeholder",
    "ok-after-test",
    "ok-after-two-debug-lines",
    "ok-after-html-comment",
    "ok-after-php-deprecated",
    "ok-after-table",
    "ok-after-xdebug-table",
    "ok-in-a-page",
    "ok-before-a-fatal-error",
    "ok-after-two-byte-order-marks",
    "false-after-debug-line",
    "status-403-firewall",
    "status-406-firewall",
    "ok-in-utf-16",
    "coded-gzip",
    "coded-br",
    "coded-gzip-503",
];

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/seti-replies");
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the cases lie beside the workspace's other cases")
        .map(|entry| entry.expect("a folder can be listed").path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    let names: Vec<String> = cases.iter().map(|case| case.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect();
    let missing: Vec<&str> = ROWS.iter().copied().filter(|row| !names.iter().any(|name| name == row)).collect();
    let mut trials: Vec<Trial> = names.into_iter().zip(cases).map(|(name, case)| Trial::test(name, move || check(&case))).collect();
    trials.push(Trial::test("every-row-has-a-case", move || {
        if missing.is_empty() { Ok(()) } else { Err(format!("no case for {}", missing.join(", ")).into()) }
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn check(case: &Path) -> Result<(), Failed> {
    let reply = Reply::recorded(&fs::read(case.join("reply.http"))?)?;
    let run = Cart::<IntegrationScript>::new().rule(move |_| reply.clone()).send(&update("1001", "Shipped"));
    let outcome = match run.outcome {
        Ok(applied) => json!({"applied": serde_json::to_value(Applied::from(applied))?}),
        Err(failure) => json!({"failed": serde_json::to_value(Failure::from(failure))?}),
    };
    let path = case.join("expected.json");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, format!("{outcome:#}\n"))?;
        return Ok(());
    }
    let expected: Value = serde_json::from_slice(&fs::read(&path)?)?;
    if outcome == expected {
        return Ok(());
    }
    Err(format!("{} expects\n{expected:#}\nand the plugin returned\n{outcome:#}\nBLESS=1 writes it anew", path.display()).into())
}
