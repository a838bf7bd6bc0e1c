//! Failed log-ins: a client that fails too often at a cart is ignored there for a while.
//!
//! A log-in counts when its check begins, so that many concurrent attempts are no more than the same number in sequence. A log-in that
//! turns out right clears the failures before it. When as many checks are under way as may still fail, further log-ins wait for their
//! results, so that a sender with many concurrent posts is not shut out.

use cartage_model::id::{CartId, MerchantId};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// The failed log-ins of one client at one cart after which the client is ignored there.
pub const FAILURES_MAX: u32 = 10;
/// How long a client is ignored: ten minutes from its first failure, in milliseconds.
pub const FAILURES_MS: u64 = 10 * 60 * 1000;
/// The most clients whose failures are remembered; the client that failed longest ago is dropped first.
pub const FAILING_CLIENTS_MAX: usize = 10_000;

/// The log-ins that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Who {
    /// The client's address or network.
    pub(super) client: IpAddr,
    pub(super) merchant: MerchantId,
    pub(super) cart: CartId,
    /// Whether a page in a browser could have made the request unseen. Such requests are counted apart, so that no page can shut out an
    /// Order Manager.
    pub(super) like_a_page: bool,
}

/// The failures of all clients.
#[derive(Default)]
pub(super) struct Failures {
    all: Mutex<BTreeMap<Who, Count>>,
    judged: Notify,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    failed: u32,
    under_way: u32,
    /// When the first failure happened, in milliseconds of the listener's clock.
    since_ms: u64,
}

/// A log-in whose check is under way. Dropped without a result, it does not count.
pub(super) struct Entry<'a> {
    failures: &'a Failures,
    who: Who,
}

impl Failures {
    /// Begins the check of a log-in; `None` if its client is shut out.
    pub(super) async fn enter(&self, who: Who, now_ms: impl Fn() -> u64) -> Option<Entry<'_>> {
        loop {
            let mut judged = pin!(self.judged.notified());
            judged.as_mut().enable();
            {
                let mut all = self.lock();
                let count = all.entry(who.clone()).or_default();
                if count.failed > 0 && now_ms().saturating_sub(count.since_ms) >= FAILURES_MS {
                    count.failed = 0;
                }
                if count.failed >= FAILURES_MAX {
                    return None;
                }
                if count.failed + count.under_way < FAILURES_MAX {
                    count.under_way += 1;
                    return Some(Entry { failures: self, who });
                }
            }
            judged.await;
        }
    }

    /// Whether a client is shut out. Checked before any of its request is read.
    pub(super) fn is_shut(&self, who: &Who, now_ms: u64) -> bool {
        let all = self.lock();
        all.get(who).is_some_and(|count| count.failed >= FAILURES_MAX && now_ms.saturating_sub(count.since_ms) < FAILURES_MS)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Who, Count>> {
        self.all.lock().expect("nobody panics while holding it")
    }
}

impl Entry<'_> {
    /// The client and cart of this log-in.
    pub(super) fn who(&self) -> &Who {
        &self.who
    }

    /// Records that the log-in was wrong, and returns whether that shuts its client out.
    pub(super) fn wrong(self, now_ms: u64) -> bool {
        let mut all = self.failures.lock();
        let count = all.entry(self.who.clone()).or_default();
        if count.failed == 0 {
            count.since_ms = now_ms;
        }
        count.failed += 1;
        let is_shut = count.failed == FAILURES_MAX;
        if all.len() > FAILING_CLIENTS_MAX {
            let idle = all.iter().filter(|(who, count)| count.under_way == 0 && **who != self.who);
            if let Some(oldest) = idle.min_by_key(|(_, count)| count.since_ms).map(|(who, _)| who.clone()) {
                all.remove(&oldest);
            }
        }
        is_shut
    }

    /// Records that the log-in was right, which clears the client's failures.
    pub(super) fn right(self) {
        self.failures.lock().entry(self.who.clone()).or_default().failed = 0;
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut all = self.failures.lock();
        if let Some(count) = all.get_mut(&self.who) {
            count.under_way = count.under_way.saturating_sub(1);
            if count.failed == 0 && count.under_way == 0 {
                all.remove(&self.who);
            }
        }
        drop(all);
        self.failures.judged.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(client: u8, cart: &str) -> Who {
        let cart = CartId::new(cart).expect("it is a Cart ID");
        Who { client: IpAddr::from([192, 0, 2, client]), merchant: MerchantId::default(), cart, like_a_page: false }
    }

    async fn fail(failures: &Failures, who: &Who, now_ms: u64) -> Option<bool> {
        Some(failures.enter(who.clone(), || now_ms).await?.wrong(now_ms))
    }

    #[tokio::test]
    async fn ten_failures_shut_out_one_client_at_one_cart_for_a_while() {
        let failures = Failures::default();
        for nth in 1..=FAILURES_MAX {
            assert_eq!(fail(&failures, &who(1, "shop"), 5).await, Some(nth == FAILURES_MAX), "{nth}");
        }
        assert_eq!(fail(&failures, &who(1, "shop"), 5 + FAILURES_MS - 1).await, None);
        assert!(failures.enter(who(2, "shop"), || 5).await.is_some(), "another client");
        assert!(failures.enter(who(1, "other"), || 5).await.is_some(), "another cart");
        assert!(
            failures.enter(Who { like_a_page: true, ..who(1, "shop") }, || 5).await.is_some(),
            "what a page could ask is counted apart"
        );
        assert_eq!(fail(&failures, &who(1, "shop"), 5 + FAILURES_MS).await, Some(false), "its time is over");
    }

    #[tokio::test]
    async fn a_right_one_forgives_and_what_is_no_log_in_is_nothing() {
        let failures = Failures::default();
        for round in 0..3 {
            for _ in 1..FAILURES_MAX {
                assert_eq!(fail(&failures, &who(1, "shop"), 0).await, Some(false), "{round}");
            }
            drop(failures.enter(who(1, "shop"), || 0).await.expect("it is let in"));
            failures.enter(who(1, "shop"), || 0).await.expect("it is let in").right();
            assert!(failures.lock().is_empty(), "{round}");
        }
    }

    #[tokio::test]
    async fn many_at_once_are_no_more_tries_and_right_ones_only_wait() {
        let failures = Failures::default();
        let mut under_way = Vec::new();
        for _ in 0..FAILURES_MAX {
            under_way.push(failures.enter(who(1, "shop"), || 0).await.expect("it is let in"));
        }
        let next = failures.enter(who(1, "shop"), || 0);
        let mut next = pin!(next);
        assert!(polled(next.as_mut()).await.is_none(), "it waits");
        under_way.pop().expect("there are some").right();
        assert!(next.await.is_some(), "then it is let in");
        assert!(under_way.into_iter().all(|entry| !entry.wrong(0)));
        assert_eq!(fail(&failures, &who(1, "shop"), 0).await, Some(true), "nine failed");
        assert_eq!(fail(&failures, &who(1, "shop"), 0).await, None);
    }

    /// The output of a future after one poll; `None` if it is not ready.
    async fn polled<F: Future + Unpin>(future: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn only_so_many_clients_are_remembered() {
        let failures = Failures::default();
        for nth in 0..=u32::try_from(FAILING_CLIENTS_MAX).expect("it is small") {
            let client = IpAddr::from(nth.to_be_bytes());
            fail(&failures, &Who { client, ..who(1, "shop") }, u64::from(nth)).await;
        }
        let all = failures.lock();
        assert_eq!(all.len(), FAILING_CLIENTS_MAX);
        assert!(!all.contains_key(&Who { client: IpAddr::from([0, 0, 0, 0]), ..who(1, "shop") }), "the first is forgotten");
    }
}
