//! The values of `/metrics`, read from the service.

use cartage::id::MerchantId;
use cartage::outbox::Backlog;
use cartage::service::{Numbers, Service};
use cartage::store::alerts::Alert;
use cartage_http::api::Metrics;
use cartage_http::api::metrics::{AlertNumber, CartNumbers, ProcessNumbers};

/// The present values. If they cannot be read, the result has none, and the log says why.
pub(super) async fn metrics(service: &Service) -> Metrics {
    let numbers = service.overview().numbers().await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "the numbers for metrics could not be read");
        Numbers::default()
    });
    let of = |backlog: Backlog| {
        let key = (backlog.merchant.clone(), backlog.cart.clone());
        CartNumbers {
            queued: backlog.queued,
            oldest_undelivered_seconds: backlog.oldest_queued_at_unix_ms.map_or(0, |at| service.age_ms(at) / 1000),
            dead: backlog.dead,
            blocked_orders: backlog.blocked,
            paused: numbers.paused.contains(&key),
            attempts: numbers.attempts.get(&key).cloned().unwrap_or_default(),
            merchant: backlog.merchant,
            cart: backlog.cart,
        }
    };
    let carts = numbers.backlogs.iter().cloned().map(of).collect();
    let alert = |(merchant, alert): (MerchantId, Alert)| {
        let cart = alert.subject.cart().cloned();
        AlertNumber { merchant, cart, kind: alert.kind }
    };
    let Numbers { gate_no, free_disk_bytes, commits: commit, limits_hit, alerts, .. } = numbers;
    // The API itself measures the time of requests.
    let process = ProcessNumbers { gate_no, commit, limits_hit, free_disk_bytes, ..ProcessNumbers::default() };
    Metrics { carts, alerts: alerts.into_iter().map(alert).collect(), process }
}
