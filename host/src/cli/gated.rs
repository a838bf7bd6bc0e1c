//! How what went through the gate is shown: the decision in words, and the attempt where there was one.

use super::{Verdict, attempt, report};
use cartage::deliver::Attempt;
use cartage::gate::explain::{Explanation, explain};
use cartage::office::{Done, Sent, Waits};

/// The attempt, where there was one.
pub(super) fn attempt(sent: &Sent) -> Option<&Attempt> {
    match &sent.done {
        Done::Nothing | Done::Waits { .. } => None,
        Done::Recorded(attempt) | Done::Tried { attempt, .. } => Some(attempt),
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
            Done::Tried { attempt: tried, again_unix_ms } => {
                attempt::show(tried);
                if let Some(again) = again_unix_ms {
                    report::line("");
                    report::line(&kept(&tried.receipt.delivery, *again));
                }
            }
            Done::Waits { delivery, waits: Waits::Paused { why } } => report::line(&format!(
                "Kept as delivery {delivery}: cart {cart} is paused ({why}).\nMend that, then: cartage cart resume {cart}",
                cart = sent.decision.cart
            )),
            Done::Waits { delivery, waits: Waits::Earlier } => report::line(&format!(
                "Kept as delivery {delivery}: an earlier update of order {} comes first and is not delivered.\nLook at it: \
                 cartage explain --cart {} --order {0}",
                sent.decision.order_number, sent.decision.cart
            )),
            Done::Waits { delivery, waits: Waits::Busy { until_unix_ms } } => report::line(&format!(
                "Kept as delivery {delivery}: an earlier attempt at order {} may still be under way at the cart, so nothing is sent for it before {}.",
                sent.decision.order_number,
                report::time(*until_unix_ms)
            )),
            Done::Waits { delivery, waits: Waits::Fault { fault } } => {
                report::line(&format!("Kept as delivery {delivery}, and not sent: {fault}.\nLook at it: cartage delivery show {delivery}"));
            }
            Done::Waits { delivery, waits: Waits::Worker } => {
                report::line(&format!("Kept as delivery {delivery}: it will be delivered as soon as its cart takes it."));
            }
        }
    }
    let done = match &sent.done {
        Done::Nothing => !sent.decision.must_act(),
        Done::Recorded(tried) | Done::Tried { attempt: tried, .. } => attempt::is_done(tried),
        Done::Waits { waits, .. } => *waits == Waits::Worker,
    };
    if done { Verdict::Done } else { Verdict::NotDone }
}

/// Prints a decision in words, on one screen.
pub(super) fn screen(explanation: &Explanation) {
    report::line(explanation.screen().trim_end());
}

/// That a delivery is kept, and when it is tried again.
fn kept(delivery: &cartage::id::DeliveryId, again_unix_ms: u64) -> String {
    let now = cartage::clock::Clock::now_unix_ms(&cartage::clock::SystemClock);
    let wait_s = again_unix_ms.saturating_sub(now).div_ceil(1000);
    format!("Kept as delivery {delivery}: a running `cartage serve` tries it again, in {wait_s} s at the earliest.")
}
