//! How deliveries are shown.

use crate::cli::report;
use cartage::counted::counted;
use cartage::id::{CartId, DeliveryId, SenderOrderNumber};
use cartage::outbox::{EndCause, Waits, died_of, with_it};
use cartage::remedy::Remedy;
use cartage::service::fate_name;
use cartage_commands::command;
use cartage_contract::orders::{Package, Update};
use cartage_http::api::documents::{
    CartCounts, DeadCount, DeadDelivery, DeliveredDelivery, Delivery, DeliverySummary, EndedDelivery, OnRecord, QueuedDelivery,
    WholeDelivery,
};
use serde_json::{Value, json};

/// Prints the counts, then the rows.
pub(super) fn list(listed: &DeliverySummary, most: u32, as_json: bool) {
    let DeliverySummary { counts, dead, queued, delivered, ended } = listed;
    let (carts, reasons) = (&counts.carts, &counts.dead_letters);
    if as_json {
        let reasons: Vec<_> =
            reasons.iter().map(|count| json!({ "cart": count.cart, "reason": count.reason, "count": count.count })).collect();
        return report::json(&json!({
            "carts": carts.iter().map(backlog).collect::<Vec<_>>(),
            "reasons": reasons,
            "dead": dead.iter().map(dead_letter).collect::<Vec<_>>(),
            "queued": queued.iter().map(waiting).collect::<Vec<_>>(),
            "delivered": delivered.iter().map(has_it).collect::<Vec<_>>(),
            "ended": ended.iter().map(ended_document).collect::<Vec<_>>(),
        }));
    }
    if carts.is_empty() {
        return report::line("no update was ever accepted for delivery");
    }
    let counts = |one: &CartCounts| format!("{} queued, {} dead, {} blocked", one.queued, one.dead, counted(one.blocked_orders, "order"));
    report::rows(&carts.iter().map(|one| (one.cart.as_str(), counts(one))).collect::<Vec<_>>());
    if !reasons.is_empty() {
        report::heading("dead letters by reason");
        let row = |count: &DeadCount| (format!("{} at {}", died_of(count.reason), count.cart), count.count.to_string());
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
    if !delivered.is_empty() {
        report::heading("delivered, from the receipts on record");
        report::rows(&delivered.iter().map(|has| (has.delivery.as_str(), has_it_line(has))).collect::<Vec<_>>());
    }
    if !ended.is_empty() {
        report::heading("ended");
        report::rows(&ended.iter().map(|ended| (ended.delivery.as_str(), ended_line(ended))).collect::<Vec<_>>());
    }
    if [dead.len(), queued.len(), delivered.len(), ended.len()].iter().all(|count| *count == 0) {
        report::line("no delivery matches");
    }
    if dead.len().max(queued.len()).max(delivered.len()).max(ended.len()) >= most as usize {
        report::talk(&format!(
            "of each kind {} shown at most; use --most to see more, or --cart, --reason and --since to see fewer",
            if most == 1 { "1 row is".to_owned() } else { counted(most, "row") + " are" }
        ));
    }
}

/// Shows one delivery.
pub(super) fn one(delivery: &DeliveryId, shown: &WholeDelivery, as_json: bool) {
    let WholeDelivery { on_record, update, receipts, cassettes, before, merged } = shown;
    if as_json {
        let (state, delivery_document) = match on_record {
            OnRecord::Receipts(_) | OnRecord::Listed(Delivery::Delivered(_)) => ("delivered", Value::Null),
            OnRecord::Listed(Delivery::Queued(queued)) => ("queued", waiting(queued)),
            OnRecord::Listed(Delivery::Dead(dead)) => ("dead", dead_letter(dead)),
            OnRecord::Listed(Delivery::Discarded(ended) | Delivery::Superseded(ended)) => ("ended", ended_document(ended)),
        };
        return report::json(&json!({
            "delivery": delivery, "state": state, "is": delivery_document, "before": before, "receipts": receipts, "cassettes": cassettes,
            "merged": merged,
        }));
    }
    report::heading(&format!("delivery {delivery}"));
    let update = update.as_ref().and_then(Option::as_deref);
    let (is, help) = match on_record {
        OnRecord::Receipts(_) | OnRecord::Listed(Delivery::Delivered(_)) => ("delivered: its cart has it".to_owned(), Vec::new()),
        OnRecord::Listed(Delivery::Queued(queued)) => {
            let now = Remedy::RetryNow { delivery: delivery.clone() };
            (queued_line(queued), vec![now, discard(delivery), explain(&queued.cart, &queued.order_number)])
        }
        OnRecord::Listed(Delivery::Dead(dead)) => {
            let explain = explain(&dead.cart, &dead.order_number);
            let retry = Remedy::RetryDelivery { delivery: delivery.clone() };
            // An update that cannot be read cannot be retried.
            let retry = update.is_some().then_some(retry);
            (dead_line(dead), retry.into_iter().chain([discard(delivery), explain]).collect())
        }
        OnRecord::Listed(Delivery::Discarded(ended) | Delivery::Superseded(ended)) => {
            (ended_line(ended), vec![explain(&ended.cart, &ended.order_number)])
        }
    };
    report::rows(&[("is", is)]);
    if let Some(update) = update {
        report::rows(&[("holds", holds(update))]);
    }
    report::rows(
        &merged.iter().map(|part| ("merged into it", format!("update {}, delivery {}", part.sequence, part.delivery))).collect::<Vec<_>>(),
    );
    if let Some(with_it) = with_it(merged).filter(|_| matches!(on_record, OnRecord::Listed(Delivery::Queued(_) | Delivery::Dead(_)))) {
        report::rows(&[("if discarded", with_it)]);
    }
    report::rows(&before.iter().map(|before| ("comes after", before.as_str())).collect::<Vec<_>>());
    if !receipts.is_empty() {
        report::heading("receipts");
        report::rows(&receipts.iter().map(receipt).collect::<Vec<_>>());
    }
    if !cassettes.is_empty() {
        report::heading("recorded");
        let show = |attempt: &u32| command(&Remedy::ShowRecording { delivery: delivery.clone(), attempt: *attempt });
        cassettes.iter().for_each(|attempt| report::line(&format!("  {}", show(attempt))));
    }
    if !help.is_empty() {
        report::heading("what helps");
        help.iter().for_each(|remedy| report::line(&format!("  {}", command(remedy))));
    }
}

fn discard(delivery: &DeliveryId) -> Remedy {
    Remedy::DiscardDelivery { delivery: delivery.clone() }
}

fn explain(cart: &CartId, order: &SenderOrderNumber) -> Remedy {
    Remedy::Explain { cart: cart.clone(), order: order.clone() }
}

/// The content of an update: its label and packages.
fn holds(update: &Update) -> String {
    let package = |package: &Package| {
        let words = [package.carrier_given.as_deref(), package.tracking_number.as_deref().or(package.id.as_deref())];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let packages: Vec<String> = update.packages.iter().map(package).collect();
    let packages = if packages.is_empty() { String::new() } else { format!("\npackages: {}", packages.join(", ")) };
    format!("label \"{}\"{packages}", update.label)
}

fn has_it_line(has: &DeliveredDelivery) -> String {
    let reference = has.reference.as_ref().map(|reference| format!(", the cart's reference is {reference}")).unwrap_or_default();
    format!("{}, delivered at {}{reference}", of(&has.cart, &has.order_number, has.sequence), report::time(has.delivered_at_unix_ms))
}

fn ended_line(ended: &EndedDelivery) -> String {
    let how = match &ended.ending {
        EndCause::Discarded { who, why } => format!("discarded ({who}: {why})"),
        EndCause::Superseded { by } => format!("superseded by the newer delivery {by}"),
    };
    format!("{}, {how} at {}", of(&ended.cart, &ended.order_number, ended.sequence), report::time(ended.ended_at_unix_ms))
}

fn has_it(has: &DeliveredDelivery) -> Value {
    json!({
        "delivery": has.delivery, "cart": has.cart, "order": has.order_number, "sequence": has.sequence, "attempt": has.attempt,
        "at_unix_ms": has.delivered_at_unix_ms, "reference": has.reference,
    })
}

fn ended_document(ended: &EndedDelivery) -> Value {
    json!({
        "delivery": ended.delivery, "cart": ended.cart, "order": ended.order_number, "sequence": ended.sequence,
        "at_unix_ms": ended.ended_at_unix_ms, "how": ended.ending,
    })
}

fn of(cart: &CartId, order: &SenderOrderNumber, sequence: u64) -> String {
    format!("update {sequence} of order {order} at {cart}")
}

fn dead_line(dead: &DeadDelivery) -> String {
    let blocks = if dead.order_waits { "; the rest of its order waits for it" } else { "" };
    let (reason, at) = (died_of(dead.reason), report::time(dead.died_at_unix_ms));
    format!(
        "{}, dead since {at}: {reason}{blocks}{}",
        of(&dead.cart, &dead.order_number, dead.sequence),
        not_read(dead.unreadable.as_deref())
    )
}

fn queued_line(queued: &QueuedDelivery) -> String {
    let fault = queued.fault.as_ref().map(|fault| format!("; it rests until then: {fault}")).unwrap_or_default();
    let unreadable = if fault.is_empty() { not_read(queued.unreadable.as_deref()) } else { String::new() };
    format!("{}, {}{fault}{unreadable}", of(&queued.cart, &queued.order_number, queued.sequence), waits(queued.waits))
}

/// The note that this release cannot read a delivery; empty if it can.
fn not_read(unreadable: Option<&str>) -> String {
    unreadable.map(|unreadable| format!("; unreadable: {unreadable}")).unwrap_or_default()
}

fn waits(waits: Waits) -> String {
    match waits {
        Waits::Until { due_at_unix_ms } => format!("due at {}", report::time(due_at_unix_ms)),
        Waits::Attempt { due_at_unix_ms } => {
            format!(
                "an attempt is under way, or was cut off; if its result stays unknown, the delivery is due again at {}",
                report::time(due_at_unix_ms)
            )
        }
        Waits::Behind => "waits for the updates before it".to_owned(),
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

fn backlog(one: &CartCounts) -> Value {
    json!({
        "cart": one.cart, "queued": one.queued, "dead": one.dead, "blocked": one.blocked_orders, "oldest_queued_at_unix_ms": one.oldest_queued_at_unix_ms
    })
}

fn dead_letter(dead: &DeadDelivery) -> Value {
    json!({
        "delivery": dead.delivery, "cart": dead.cart, "order": dead.order_number, "sequence": dead.sequence, "label": dead.label, "reason": dead.reason,
        "unreadable": dead.unreadable, "blocks": dead.order_waits, "attempts": dead.attempts.started, "accepted_at_unix_ms": dead.accepted_at_unix_ms,
        "died_at_unix_ms": dead.died_at_unix_ms,
    })
}

fn waiting(queued: &QueuedDelivery) -> Value {
    json!({
        "delivery": queued.delivery, "cart": queued.cart, "order": queued.order_number, "sequence": queued.sequence, "label": queued.label, "waits": queued.waits,
        "fault": queued.fault, "unreadable": queued.unreadable, "attempts": queued.attempts.started, "accepted_at_unix_ms": queued.accepted_at_unix_ms, "queued_at_unix_ms": queued.queued_at_unix_ms,
    })
}
