//! How the result of the gate is shown: the decision in words, the attempt if there was one, and the order's present state.

use super::{Verdict, attempt, report};
use cartage::deliver::Attempt;
use cartage::gate::explain::{Explanation, Note};
use cartage::service::{Done, OrderStatus, Progress, Sent, WaitsFor};
use cartage_commands::screen::SCREEN_COLUMNS_MAX;
use cartage_commands::{Commands, layout};
use cartage_http::api::documents::SentUpdate;

/// The attempt; `None` if nothing was tried.
pub(super) fn attempt(SentUpdate { sent, .. }: &SentUpdate) -> Option<&Attempt> {
    match &sent.done {
        Done::Nothing | Done::Waits { .. } => None,
        Done::Recorded(attempt) | Done::Tried { attempt } => Some(attempt),
    }
}

/// Prints the result of a request. The verdict says whether somebody must act.
pub(super) fn show(SentUpdate { sent, notes }: &SentUpdate, json: bool) -> Verdict {
    let Sent { decision, done, standing, explanation } = sent;
    let must_act = decision.must_act() || standing.must_act();
    if json {
        let Sent { decision, done, standing, explanation } = sent.clone().worded(&Commands);
        report::json(&serde_json::json!({
            "explanation": explanation, "must_act": must_act, "sent": { "decision": decision, "done": done, "standing": standing },
        }));
    } else {
        match done {
            Done::Nothing => {
                screen(explanation);
                if let Some(label) = &decision.label {
                    report::line(&format!("Order {} has the label \"{label}\" here.", decision.order_number));
                }
            }
            Done::Recorded(tried) => {
                attempt::show(tried);
                report::line("");
                screen(explanation);
            }
            Done::Tried { attempt: tried } => {
                attempt::show(tried);
                report::line("");
                stands(&standing.line(), notes);
            }
            Done::Waits { delivery } => {
                report::line(&format!("Kept as delivery {delivery}."));
                stands(&standing.line(), notes);
            }
        }
    }
    let done = match done {
        Done::Nothing => !must_act,
        Done::Recorded(tried) | Done::Tried { attempt: tried } => attempt::is_done(tried),
        Done::Waits { .. } => is_for_the_worker(standing),
    };
    if done { Verdict::Done } else { Verdict::NotDone }
}

/// Whether a worker will send the update in a moment, and nothing else delays it.
fn is_for_the_worker(standing: &OrderStatus) -> bool {
    let turn = |stands: &Progress| matches!(stands, Progress::Waiting(waiting) if waiting.waits == WaitsFor::Turn);
    standing.serving && (turn(&standing.place) || matches!(standing.place, Progress::Delivered(_)))
}

/// Prints a decision in words, on one screen.
pub(super) fn screen(explanation: &Explanation) {
    report::lines(cartage_commands::screen::screen(explanation).trim_end());
}

/// Prints the state of an order and what helps.
pub(super) fn stands(line: &str, notes: &[Note]) {
    report::line(line);
    notes.iter().flat_map(|note| layout::note(note, SCREEN_COLUMNS_MAX)).for_each(|line| report::line(&line));
}
