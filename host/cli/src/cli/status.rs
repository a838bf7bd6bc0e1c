//! `cartage status`: shows first what somebody must act on, then the state of each cart.

use super::api::{Client, to};
use super::{Failure, Verdict, client, report};
use cartage::alerts::span;
use cartage::counted::counted;
use cartage::remedy::Words as _;
use cartage::store::alerts::Said;
use cartage::store::backup::RESTORED;
use cartage_commands::Commands;
use cartage_http::api::documents::{CartOverview, OpenAlert, StatusDocument};
use serde_json::{Value, json};
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  See the open alerts, and the state of each cart:
      cartage status
  The same for a script, which looks at the exit code:
      cartage status --json

Exit code 0: no open alerts; 1: there is an alert. docs/alerts.md says what each alert means and
what to do.";

/// Show the open alerts, and the state of each cart.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let api = Client::open(data)?;
        let status: StatusDocument = client::block_on(async { Ok(api.get(to(&["status"])).await?) })?;
        if json {
            report::json(&document(&status));
        } else {
            show(&status);
        }
        Ok(if status.alerts.is_empty() { Verdict::Done } else { Verdict::NotDone })
    }
}

fn show(status: &StatusDocument) {
    if !status.alerts.is_empty() {
        report::heading("open alerts");
        for alert in &status.alerts {
            let OpenAlert { kind, subject, detail, remedies, raised_at_unix_ms, .. } = alert;
            let since = format!("{kind}, since {}", span(status.at_unix_ms.saturating_sub(*raised_at_unix_ms)));
            let about = subject.cart().map_or_else(|| "everywhere".to_owned(), |_| subject.to_string());
            report::rows(&[(about.as_str(), format!("{since}\n{}", Said { detail, remedies }.text(&Commands)))]);
        }
    }
    report::heading("carts");
    if status.carts.is_empty() {
        report::line("  there is no cart yet; make one with `cartage cart new NAME --plugin FILE`");
    }
    report::rows(&status.carts.iter().map(|cart| (cart.cart.as_str(), line(cart, status.at_unix_ms))).collect::<Vec<_>>());
    let [queued, dead, blocked] = totals(status);
    let paused = status.carts.iter().filter(|cart| cart.paused.is_some()).count();
    let (dead, blocked, carts) = (counted(dead, "dead letter"), counted(blocked, "order"), counted(paused as u64, "cart"));
    report::line(&format!("total: {queued} waiting, {dead}, {blocked} blocked, {carts} paused"));
    let all_paused = all_are_paused(status);
    if let Some(why) = all_paused {
        report::line(&format!(
            "{why}, so nothing is sent, and accepted updates wait; check each cart with `cartage cart check CART`, and resume it with \
             `cartage cart resume CART`"
        ));
    }
    match status.alerts.as_slice() {
        [] if all_paused.is_some() => {}
        [] => report::line("no open alerts"),
        _ => report::line("next: do what the alerts say; `cartage delivery list` shows waiting deliveries and dead letters"),
    }
}

/// The note for the case that every cart is paused; `None` if a cart is not paused, or there is no cart.
fn all_are_paused(status: &StatusDocument) -> Option<&'static str> {
    let carts: Vec<&CartOverview> = status.carts.iter().filter(|cart| cart.mode.is_some()).collect();
    if carts.is_empty() || carts.iter().any(|cart| cart.paused.is_none()) {
        return None;
    }
    let restored = carts.iter().any(|cart| cart.paused.as_deref() == Some(RESTORED));
    Some(if restored { "this data directory was restored from a backup, and every cart is paused" } else { "every cart is paused" })
}

fn line(cart: &CartOverview, now_unix_ms: u64) -> String {
    let mut parts = vec![cart.mode.clone().unwrap_or_else(|| "removed".to_owned())];
    if cart.mode.is_some() && !cart.enabled {
        parts.push("disabled".to_owned());
    }
    if let Some(why) = &cart.paused {
        let until = cart.paused_until_unix_ms.map(|until| format!(" for {}", span(until.saturating_sub(now_unix_ms)))).unwrap_or_default();
        parts.push(format!("paused{until} ({why})"));
    }
    parts.extend(cart.breaker_open_until_unix_ms.map(|until| format!("breaker open for {}", span(until.saturating_sub(now_unix_ms)))));
    let oldest = cart.oldest_queued_at_unix_ms.map(|at| format!(", the first for {}", span(now_unix_ms.saturating_sub(at))));
    parts.push(format!("{} waiting{}", cart.queued, oldest.unwrap_or_default()));
    parts.extend((cart.dead > 0).then(|| counted(cart.dead, "dead letter")));
    parts.extend((cart.blocked_orders > 0).then(|| format!("{} blocked", counted(cart.blocked_orders, "order"))));
    parts.join(", ")
}

fn totals(status: &StatusDocument) -> [u64; 3] {
    let sum = |of: fn(&CartOverview) -> u64| status.carts.iter().map(of).sum();
    [sum(|cart| cart.queued), sum(|cart| cart.dead), sum(|cart| cart.blocked_orders)]
}

fn document(status: &StatusDocument) -> Value {
    let alert = |alert: &OpenAlert| {
        let OpenAlert { kind, subject, detail, remedies, raised_at_unix_ms, told_at_unix_ms, .. } = alert;
        let remedies: Vec<String> = remedies.iter().map(|remedy| Commands.advice(remedy)).collect();
        json!({
            "kind": kind, "subject": subject, "detail": detail, "remedies": remedies, "raised_at_unix_ms": raised_at_unix_ms, "told_at_unix_ms": told_at_unix_ms,
        })
    };
    let cart = |cart: &CartOverview| {
        let pause = cart.paused.as_ref().map(|why| json!({ "why": why, "until_unix_ms": cart.paused_until_unix_ms }));
        json!({
            "cart": cart.cart, "mode": cart.mode, "enabled": cart.enabled, "pause": pause, "breaker_open_until_unix_ms": cart.breaker_open_until_unix_ms, "queued": cart.queued,
            "oldest_seconds": cart.oldest_seconds, "dead": cart.dead, "blocked_orders": cart.blocked_orders,
        })
    };
    let [queued, dead, blocked] = totals(status);
    json!({
        "at_unix_ms": status.at_unix_ms,
        "alerts": status.alerts.iter().map(alert).collect::<Vec<_>>(),
        "all_carts_paused": all_are_paused(status).is_some(),
        "carts": status.carts.iter().map(cart).collect::<Vec<_>>(),
        "total": { "queued": queued, "dead": dead, "blocked_orders": blocked },
        "free_disk_bytes": status.free_disk_bytes,
    })
}
