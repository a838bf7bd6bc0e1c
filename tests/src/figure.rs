//! The lines that `make bench` prints.
//!
//! The form is `figure <name> <value> <unit> target <<= or >=> <number>`; a figure that is only reported has no target.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fmt::Display;

/// The bound that a figure must keep.
pub enum Target {
    /// The largest value that is accepted.
    AtMost(f64),
    /// The smallest value that is accepted.
    AtLeast(f64),
    /// The figure has no bound.
    Reported,
}

/// Prints a figure.
pub fn figure(name: impl Display, value: f64, unit: &str, target: &Target) {
    let target = match target {
        Target::AtMost(limit) => format!(" target <= {limit}"),
        Target::AtLeast(limit) => format!(" target >= {limit}"),
        Target::Reported => String::new(),
    };
    let digits = if value >= 1000.0 { 0 } else { 3 };
    println!("figure {name} {value:.digits$} {unit}{target}");
}

/// The median of the values.
///
/// # Panics
/// If there are no values.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The machine, its load and the versions, so that a figure can be interpreted later.
pub fn about() -> String {
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

/// Whether the program was started to measure. `cargo test` also runs benchmarks, to check that they start; only `cargo bench` passes --bench.
pub fn wanted() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}
