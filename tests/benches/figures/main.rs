//! `make bench`: the figures of the issue and the design. Each is a ratio of measurements in this run, on a line of its own.
//!
//! The form is `figure <name> <value> <unit> target <<= or >=> <number>`; a figure that is only reported has no target.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod bare;
mod calls;
mod kit;
mod plugins;
mod sends;
mod signing;

use cartage_tests::figure::{Target, about, figure, median, wanted};
use std::path::Path;

fn main() {
    if !wanted() {
        return;
    }
    let [plugin, webhook] = ["integration-script", "webhook"].map(|name| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../target/plugins/{name}.wasm"));
        std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; run `make bench`, which builds it", file.display()))
    });
    println!("{}", about());
    plugins::measure();
    signing::measure();
    calls::measure(&plugin);
    sends::measure(&plugin);
    kit::measure(&plugin, &webhook);
}
