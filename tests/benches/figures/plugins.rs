//! For each plugin of the repository that is built: its size, and the time of a call with everything that it carries, answered by its own cart script.

use super::{Target, figure, median};
use cartage::engine::Runtime;
use cartage::exchange::Outcome;
use cartage_cart_script::Script;
use cartage_conformance::Rehearsal;
use cartage_tests::command::root;
use std::time::Instant;

const ROUNDS: usize = 5;
const CALLS: usize = 200;
/// The largest plugin written in Rust, in bytes.
const SIZE_MAX: f64 = 300_000.0;
/// The longest call of a plugin in JavaScript, in microseconds.
const JS_CALL_US_MAX: f64 = 3_000.0;

/// The plugins, and the folder of the script with which each is measured. A plugin that is not built is reported as missing.
const PLUGINS: [(&str, &str, Language); 5] = [
    ("integration-script", "integration-script", Language::Rust),
    ("webhook", "webhook", Language::Rust),
    ("woocommerce", "woocommerce", Language::Rust),
    ("vendure", "vendure", Language::Rust),
    ("webhook-js", "webhook", Language::Js),
];

#[derive(Clone, Copy, PartialEq)]
enum Language {
    Rust,
    Js,
}

pub(crate) fn measure() {
    let threads = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (name, script, language) in PLUGINS {
        let file = root().join(format!("target/plugins/{name}.wasm"));
        let Ok(bytes) = std::fs::read(&file) else {
            println!("{name}: not measured, there is no target/plugins/{name}.wasm");
            continue;
        };
        let (size, call) = match language {
            Language::Rust => (Target::AtMost(SIZE_MAX), Target::Reported),
            Language::Js => (Target::Reported, Target::AtMost(JS_CALL_US_MAX)),
        };
        let figure = |what: &str, value, unit, target: &Target| figure(format!("{}_{what}", name.replace('-', "_")), value, unit, target);
        figure("size_bytes", bytes.len() as f64, "bytes", &size);
        let script = Script::read(&root().join("plugins").join(script).join("cart-script")).expect("the script is understood");
        figure("call_us", threads.block_on(call_us(bytes, &script)), "us", &call);
    }
}

/// The microseconds of a call in a fresh instance: the median of the rounds' medians. The first round is a warm-up.
async fn call_us(bytes: Vec<u8>, script: &Script) -> f64 {
    let runtime = Runtime::new().expect("an engine");
    let plugin = runtime.admit(bytes).await.expect("the plugin is admitted");
    let script = script.clone().whole(plugin.manifest());
    let mut rehearsal = Rehearsal::new(&plugin, Some(&script)).expect("the script fits the plugin");
    let mut medians = Vec::new();
    for round in 0..=ROUNDS {
        let mut micros = Vec::new();
        for _ in 0..CALLS {
            let begun = Instant::now();
            let outcome = rehearsal.call().await;
            micros.push(begun.elapsed().as_secs_f64() * 1e6);
            assert!(matches!(outcome, Outcome::Applied(_)), "{outcome:?}");
        }
        if round > 0 {
            medians.push(median(micros));
        }
    }
    median(medians)
}
