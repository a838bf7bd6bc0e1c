//! The signal that wakes the worker: a cart has work, or something about a cart was changed.
//!
//! The signal holds each cart once, however often it is rung, so its size is bounded by the number of carts.

use cartage_policy::schedule::CartKey;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Notify, watch};

/// Rings after each commit that the worker should know of.
#[derive(Debug, Default)]
pub struct WakeSignal {
    news: Mutex<Changes>,
    rung: Notify,
    /// The number of calls of [`WakeSignal::answered()`], and, in `answered`, the last call that the listener has seen.
    asked: AtomicU64,
    answered: watch::Sender<u64>,
}

/// The carts that the worker should look at.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Carts with work that is due.
    pub work: BTreeSet<CartKey>,
    /// Carts that were made, changed, paused, resumed or removed.
    pub changed: BTreeSet<CartKey>,
}

impl WakeSignal {
    /// Reports work at a cart: an update was accepted, retried or unblocked.
    pub fn work(&self, cart: &CartKey) {
        self.ring(|news| news.work.insert(cart.clone()));
    }

    /// Reports a change of a cart.
    pub fn changed(&self, cart: &CartKey) {
        self.ring(|news| news.changed.insert(cart.clone()));
    }

    /// Waits for news and takes it. There must be only one listener.
    pub async fn news(&self) -> Changes {
        loop {
            let rung = self.rung.notified();
            let asked = self.asked.load(Ordering::SeqCst);
            self.answered.send_if_modified(|answered| std::mem::replace(answered, asked) != asked);
            let news = std::mem::take(&mut *self.news.lock().expect("nobody panics while holding it"));
            if news != Changes::default() {
                return news;
            }
            rung.await;
        }
    }

    /// Waits until the listener looks for news, which shows that its loop is running.
    pub async fn answered(&self) {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut answered = self.answered.subscribe();
        self.rung.notify_one();
        // The sender is this wake signal's own.
        let _ = answered.wait_for(|answered| *answered >= asked).await;
    }

    fn ring(&self, add: impl FnOnce(&mut Changes) -> bool) {
        let new = add(&mut self.news.lock().expect("nobody panics while holding it"));
        if new {
            self.rung.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_model::id::{CartId, MerchantId};
    use std::time::Duration;

    #[tokio::test]
    async fn whether_it_is_listened_to_is_known_when_the_listener_comes_by() {
        let wake_signal = std::sync::Arc::new(WakeSignal::default());
        let soon = Duration::from_millis(50);
        assert!(tokio::time::timeout(soon, wake_signal.answered()).await.is_err(), "nobody listens");
        let listens = wake_signal.clone();
        let listener = tokio::spawn(async move {
            loop {
                listens.news().await;
            }
        });
        for _ in 0..3 {
            tokio::time::timeout(Duration::from_secs(20), wake_signal.answered()).await.expect("the listener comes by");
        }
        listener.abort();
        let _ = listener.await;
        assert!(tokio::time::timeout(soon, wake_signal.answered()).await.is_err(), "it does no longer");
    }

    #[tokio::test]
    async fn what_rang_before_is_heard_once_and_whole() {
        let wake_signal = WakeSignal::default();
        let cart = |id: &str| (MerchantId::default(), CartId::new(id).expect("it is a Cart ID"));
        wake_signal.work(&cart("one"));
        wake_signal.work(&cart("one"));
        wake_signal.changed(&cart("two"));
        let news = wake_signal.news().await;
        assert_eq!((news.work.into_iter().collect(), news.changed.into_iter().collect()), (vec![cart("one")], vec![cart("two")]));
        assert!(tokio::time::timeout(Duration::from_millis(20), wake_signal.news()).await.is_err(), "there is nothing more to hear");
        wake_signal.work(&cart("one"));
        assert_eq!(wake_signal.news().await.work.len(), 1, "it rings again for what was heard before");
    }
}
