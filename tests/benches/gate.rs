//! `gate_decisions_per_s`: decisions per second of one thread, each with all six answers, over the three most frequent questions: a status that is sent,
//! the same label again, and a merchant who has switched nothing on.

#[path = "../gate/state.rs"]
#[allow(dead_code, reason = "shared with the gate's cases, which need all of it")]
mod state;

use cartage::gate::{Verdict, decide};
use cartage_tests::figure::{Target, figure, wanted};
use state::{Prepared, State};
use std::hint::black_box;
use std::time::{Duration, Instant};

const TARGET_PER_S: f64 = 200_000.0;
/// A round takes about half a millisecond. So other load on the machine falls between most rounds, and the median is the time of an undisturbed thread.
const DECISIONS: usize = 300;
const ROUNDS: usize = 3_000;

fn main() {
    if !wanted() {
        return;
    }
    let sent: State =
        serde_json::from_str(include_str!("../cases/gate/all_six_hold/question.json")).expect("the first case is a whole state");
    let mut repeated = sent.clone();
    repeated.history[0].label = Some("Order Shipped".into());
    repeated.packages.clear();
    let mut switched_off = sent.clone();
    switched_off.parameters.clear();
    switched_off.cart_parameters.clear();
    let prepared = [sent, repeated, switched_off].map(|state| state.prepare());
    let verdicts = prepared.each_ref().map(|one| decide(&one.question()).verdict);
    assert_eq!(verdicts, [Verdict::Send, Verdict::Nothing, Verdict::Nothing], "the states are those that the figure is about");

    let mut rounds: Vec<Duration> = (0..ROUNDS).map(|_| round(&prepared)).collect();
    rounds.sort();
    let per_s = DECISIONS as f64 / rounds[ROUNDS / 2].as_secs_f64();
    figure("gate_decisions_per_s", per_s, "/s", &Target::AtLeast(TARGET_PER_S));
}

/// The duration of one round of decisions.
fn round(prepared: &[Prepared]) -> Duration {
    let start = Instant::now();
    for one in prepared.iter().cycle().take(DECISIONS) {
        black_box(decide(&black_box(one).question()));
    }
    start.elapsed()
}
