//! `make bench`: the figures of issue and design, each a ratio of things measured in this run, one line a figure.
//!
//! `figure <name> <value> <unit> target <<= or >=> <number>`; without a target where a figure is only reported.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod bare;
mod calls;
mod sends;
mod shop;

use std::fmt::Display;
use std::path::Path;

/// What a figure is held to.
enum Target {
    AtMost(f64),
    AtLeast(f64),
    Reported,
}

fn figure(name: impl Display, value: f64, unit: &str, target: &Target) {
    let target = match target {
        Target::AtMost(limit) => format!(" target <= {limit}"),
        Target::AtLeast(limit) => format!(" target >= {limit}"),
        Target::Reported => String::new(),
    };
    let digits = if value >= 1000.0 { 0 } else { 3 };
    println!("figure {name} {value:.digits$} {unit}{target}");
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The machine, its load and the versions, so that a figure can be read later.
fn about() -> String {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let cpu =
        cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).and_then(|rest| rest.split(": ").nth(1)).unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = read("/proc/loadavg");
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("machine: {cores} cores, {cpu}, Linux {}, load {load}; cartage {}", kernel.trim(), env!("CARGO_PKG_VERSION"))
}

fn main() {
    // `cargo test` runs benchmarks too, to see that they start. Only `cargo bench` says --bench.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins/integration-script.wasm");
    let plugin = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; run `make bench`, which builds it", file.display()));
    println!("{}", about());
    figure("plugin_size_bytes", plugin.len() as f64, "bytes", &Target::AtMost(300_000.0));
    calls::measure(&plugin);
    sends::measure(&plugin);
}
