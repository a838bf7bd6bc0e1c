//! How deliveries are shown.

use crate::cli::report;
use cartage::gate::command;
use cartage::id::DeliveryId;
use cartage::office::{Listed, Shown, fate_name};
use cartage::outbox::{Backlog, DeadLetter, Found, How, Queued, Then, Unreadable, Waits, died_of};
use cartage::store::orders::OrderRef;
use serde_json::{Value, json};

/// Counts, then rows.
pub(super) fn list(listed: &Listed, most: u32, as_json: bool) {
    let Listed { carts, reasons, dead, queued } = listed;
    if as_json {
        let reasons: Vec<_> =
            reasons.iter().map(|count| json!({ "cart": count.cart, "reason": count.reason, "count": count.count })).collect();
        return report::json(&json!({
            "carts": carts.iter().map(backlog).collect::<Vec<_>>(),
            "reasons": reasons,
            "dead": dead.iter().map(dead_letter).collect::<Vec<_>>(),
            "queued": queued.iter().map(waiting).collect::<Vec<_>>(),
        }));
    }
    if carts.is_empty() {
        return report::line("nothing was ever accepted for delivery");
    }
    let counts = |one: &Backlog| format!("{} queued, {} dead, {} orders blocked", one.queued, one.dead, one.blocked);
    report::rows(&carts.iter().map(|one| (one.cart.as_str(), counts(one))).collect::<Vec<_>>());
    if !reasons.is_empty() {
        report::heading("dead letters by reason");
        let row = |count: &cartage::outbox::Count| (format!("{} at {}", died_of(count.reason), count.cart), count.count.to_string());
        report::rows(&reasons.iter().map(row).collect::<Vec<_>>());
    }
    if !dead.is_empty() {
        report::heading("dead letters, the last first");
        report::rows(&dead.iter().map(|dead| (dead.delivery.as_str(), dead_line(dead))).collect::<Vec<_>>());
    }
    if !queued.is_empty() {
        report::heading("queued, the first first");
        report::rows(&queued.iter().map(|queued| (queued.delivery.as_str(), queued_line(queued))).collect::<Vec<_>>());
    }
    if dead.len().max(queued.len()) >= most as usize {
        report::talk(&format!("{most} rows of each kind are shown at most; --most shows more, --cart, --reason and --since fewer"));
    }
}

/// One delivery.
pub(super) fn one(delivery: &DeliveryId, shown: &Shown, as_json: bool) {
    let Shown { found, receipts, cassettes, before } = shown;
    if as_json {
        let (state, delivery_document) = match found {
            None => ("delivered", Value::Null),
            Some(Found::Queued(queued, _)) => ("queued", waiting(queued)),
            Some(Found::Dead(dead, _)) => ("dead", dead_letter(dead)),
            Some(Found::Ended { order, sequence, ending }) => (
                "ended",
                json!({ "cart": order.cart, "order": order.number, "sequence": sequence, "at_unix_ms": ending.at_unix_ms, "how": ending.how }),
            ),
        };
        return report::json(&json!({
            "delivery": delivery, "state": state, "is": delivery_document, "before": before, "receipts": receipts, "cassettes": cassettes
        }));
    }
    report::heading(&format!("delivery {delivery}"));
    let (is, help) = match found {
        None => ("delivered: its cart has it".to_owned(), Vec::new()),
        Some(Found::Queued(queued, _)) => (queued_line(queued), vec![discard(delivery), explain(&queued.order)]),
        Some(Found::Dead(dead, Some(_))) => {
            (dead_line(dead), vec![format!("cartage delivery retry {delivery}"), discard(delivery), explain(&dead.order)])
        }
        // What cannot be read cannot be tried.
        Some(Found::Dead(dead, None)) => (dead_line(dead), vec![discard(delivery), explain(&dead.order)]),
        Some(Found::Ended { order, sequence, ending }) => {
            let how = match &ending.how {
                How::Discarded { who, why } => format!("discarded ({who}: {why})"),
                How::Superseded { by } => format!("told by the newer delivery {by}"),
            };
            (format!("{}, {how} at {}", of(order, *sequence), report::time(ending.at_unix_ms)), vec![explain(order)])
        }
    };
    report::rows(&[("is", is)]);
    report::rows(&before.iter().map(|before| ("comes after", before.as_str())).collect::<Vec<_>>());
    if !receipts.is_empty() {
        report::heading("receipts");
        report::rows(&receipts.iter().map(receipt).collect::<Vec<_>>());
    }
    if let Some(last) = cassettes.last() {
        report::heading("recorded");
        report::line(&format!("  cartage delivery show {delivery} --cassette {last}"));
    }
    if !help.is_empty() {
        report::heading("what helps");
        help.iter().for_each(|command| report::line(&format!("  {command}")));
    }
}

fn discard(delivery: &DeliveryId) -> String {
    format!("cartage delivery discard {delivery} --why TEXT")
}

fn explain(order: &OrderRef) -> String {
    command::explain(&order.cart, &order.number)
}

fn of(order: &OrderRef, sequence: u64) -> String {
    format!("update {sequence} of order {} at {}", order.number, order.cart)
}

fn dead_line(dead: &DeadLetter) -> String {
    let blocks = if dead.then == Then::Block { "; the rest of its order waits for it" } else { "" };
    let (reason, at) = (died_of(dead.reason), report::time(dead.died_at_unix_ms));
    format!("{}, died of {reason} at {at}{blocks}{}", of(&dead.order, dead.sequence), not_read(&dead.label))
}

fn queued_line(queued: &Queued) -> String {
    let fault = queued.fault.as_ref().map(|fault| format!("; it rests until then: {fault}")).unwrap_or_default();
    let unreadable = if fault.is_empty() { not_read(&queued.label) } else { String::new() };
    format!("{}, {}{fault}{unreadable}", of(&queued.order, queued.sequence), waits(queued.waits))
}

/// That this release cannot read a delivery, where it cannot.
fn not_read(label: &Result<String, Unreadable>) -> String {
    label.as_ref().err().map(|unreadable| format!("; unreadable: {unreadable}")).unwrap_or_default()
}

fn waits(waits: Waits) -> String {
    match waits {
        Waits::Until { due_at_unix_ms } => format!("due at {}", report::time(due_at_unix_ms)),
        Waits::Attempt { due_at_unix_ms } => {
            format!(
                "an attempt is under way, or was cut off; if nobody can say what came of it, it is due again at {}",
                report::time(due_at_unix_ms)
            )
        }
        Waits::Behind => "waits for those before it".to_owned(),
        Waits::Blocked { by } => format!("waits for a person: update {by} of its order is a dead letter"),
    }
}

fn receipt(receipt: &Value) -> (String, String) {
    if let Some(unreadable) = receipt["unreadable"].as_str() {
        return ("unreadable".to_owned(), unreadable.to_owned());
    }
    let attempt = receipt["attempt"].as_u64().unwrap_or_default();
    let at = report::time(receipt["at_unix_ms"].as_u64().unwrap_or_default());
    let fate = fate_name(&receipt["fate"]).unwrap_or_default();
    let message = receipt["message"].as_str().map(|message| format!(": {message}")).unwrap_or_default();
    let told = |package: &Value| {
        let place = package["index"].as_u64().unwrap_or_default() + 1;
        let reference = package["reference"].as_str().map(|reference| format!(" ({reference})")).unwrap_or_default();
        format!("package {place}{reference}")
    };
    let told: Vec<String> = receipt["packages"].as_array().into_iter().flatten().map(told).collect();
    let told = if told.is_empty() { String::new() } else { format!("\nthe cart was told of {}", told.join(", ")) };
    (format!("attempt {attempt}"), format!("{at}, {}{message}{told}", fate.replace('-', " ")))
}

fn backlog(one: &Backlog) -> Value {
    json!({
        "cart": one.cart, "queued": one.queued, "dead": one.dead, "blocked": one.blocked, "oldest_queued_at_unix_ms": one.oldest_queued_at_unix_ms
    })
}

fn dead_letter(dead: &DeadLetter) -> Value {
    json!({
        "delivery": dead.delivery, "cart": dead.order.cart, "order": dead.order.number, "sequence": dead.sequence, "label": dead.label.as_ref().ok(), "reason": dead.reason,
        "unreadable": dead.label.as_ref().err().map(Unreadable::to_string),
        "blocks": dead.then == Then::Block, "attempts": dead.attempts.claims, "accepted_at_unix_ms": dead.accepted_at_unix_ms,
        "died_at_unix_ms": dead.died_at_unix_ms,
    })
}

fn waiting(queued: &Queued) -> Value {
    json!({
        "delivery": queued.delivery, "cart": queued.order.cart, "order": queued.order.number, "sequence": queued.sequence, "label": queued.label.as_ref().ok(), "waits": queued.waits,
        "fault": queued.fault, "unreadable": queued.label.as_ref().err().map(Unreadable::to_string),
        "attempts": queued.attempts.claims, "accepted_at_unix_ms": queued.accepted_at_unix_ms, "queued_at_unix_ms": queued.queued_at_unix_ms,
    })
}
