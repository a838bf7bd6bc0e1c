//! Does nothing wrong, carries everything, and answers as its update's note says, without a request. What it was given stands in its message.
//!
//! The note is words: `fail=KIND`, `after=MILLISECONDS`, `reference=TEXT` (of the order), `told=PLACE` or `told=PLACE:REFERENCE` (of a package),
//! `rest=MILLISECONDS`.

use cartage_guests::sdk::manifest::Features;
use cartage_guests::sdk::{
    Applied, Context, Delivery, Failure, FailureKind, Manifest, OrderKey, Plugin, Report, Update, export, serde_json,
};
use std::time::Duration;

/// The plugin.
#[derive(Debug)]
pub struct Guest;

impl Plugin for Guest {
    fn describe() -> Manifest {
        cartage_guests::manifest("does-as-told").features(Features {
            tracking: true,
            several_packages: true,
            package_contents: true,
            corrections: true,
            withdrawals: true,
            line_items: true,
            notes: true,
            without_status: true,
            customer_notification: true,
            ..Features::default()
        })
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }

    fn send_order_status(update: Update, delivery: Delivery, _: Context) -> Result<Applied, Failure> {
        let note = update.note.clone().unwrap_or_default();
        let words: Vec<(&str, &str)> = note.split_whitespace().filter_map(|word| word.split_once('=')).collect();
        let seen = seen(&update, &delivery);
        match words.iter().find(|(name, _)| *name == "fail") {
            Some((_, kind)) => Err(words.iter().fold(Failure::new(named(kind), seen), fail)),
            None => Ok(words.iter().fold(Applied::done().message(seen), apply)),
        }
    }
}

/// What it was given, in one line.
fn seen(update: &Update, delivery: &Delivery) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let packages = update
        .packages
        .iter()
        .map(|package| format!("{} {} {}", text(&package.tracking_number), package.told, text(&package.known_reference)));
    let packages = packages.collect::<Vec<_>>().join(", ");
    let (at, complete) = (update.changed_at_unix_ms, update.packages_complete);
    format!("order {} [{packages}] at {at:?} complete {complete:?}", text(&delivery.known_reference))
}

fn fail(failure: Failure, (name, value): &(&str, &str)) -> Failure {
    match *name {
        "after" => failure.retry_after(milliseconds(value)),
        "reference" => failure.reference(*value),
        "told" => match value.split_once(':') {
            Some((place, reference)) => failure.told(place.parse().unwrap_or(0), Some(reference)),
            None => failure.told(value.parse().unwrap_or(0), None),
        },
        _ => failure,
    }
}

fn apply(applied: Applied, (name, value): &(&str, &str)) -> Applied {
    match (*name, value.split_once(':')) {
        ("rest", _) => applied.rest(milliseconds(value)),
        ("reference", _) => applied.reference(*value),
        ("told", Some((place, reference))) => applied.told(place.parse().unwrap_or(0), Some(reference)),
        _ => applied,
    }
}

fn milliseconds(text: &str) -> Duration {
    Duration::from_millis(text.parse().unwrap_or(0))
}

fn named(kind: &str) -> FailureKind {
    serde_json::from_value(kind.into()).unwrap_or(FailureKind::Protocol)
}

export!(Guest);
