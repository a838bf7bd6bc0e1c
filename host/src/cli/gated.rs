//! How what went through the gate is shown: the decision in words, and the attempt where there was one.

use super::{Verdict, attempt, report};
use cartage::deliver::Attempt;
use cartage::gate::explain::{Explanation, explain};
use cartage::office::{Done, Sent};

/// The attempt, where there was one.
pub(super) fn attempt(sent: &Sent) -> Option<&Attempt> {
    match &sent.done {
        Done::Nothing => None,
        Done::Recorded(attempt) | Done::Tried(attempt) => Some(attempt),
    }
}

/// Prints what came of a request, and says whether somebody must act.
pub(super) fn show(sent: &Sent, json: bool) -> Verdict {
    let explanation = explain(&sent.decision);
    if json {
        report::json(&serde_json::json!({ "explanation": explanation, "must_act": sent.decision.must_act(), "sent": sent }));
    } else {
        match &sent.done {
            Done::Nothing => {
                if let Some(label) = &sent.decision.label {
                    report::line(&format!("Order {} has the label \"{label}\" here.", sent.decision.order_number));
                }
                screen(&explanation);
            }
            Done::Recorded(tried) => {
                attempt::show(tried);
                report::line("");
                screen(&explanation);
            }
            Done::Tried(tried) => attempt::show(tried),
        }
    }
    let done = match &sent.done {
        Done::Nothing => !sent.decision.must_act(),
        Done::Recorded(tried) | Done::Tried(tried) => attempt::is_done(tried),
    };
    if done { Verdict::Done } else { Verdict::NotDone }
}

/// Prints a decision in words, on one screen.
pub(super) fn screen(explanation: &Explanation) {
    report::line(explanation.screen().trim_end());
}
