//! How a worker hears of news: that there is work at a cart, or that something about the cart was changed.
//!
//! It holds each cart once, however often it rings, so it never holds more than there are carts.

use super::schedule::CartKey;
use std::collections::BTreeSet;
use std::sync::Mutex;
use tokio::sync::Notify;

/// Rings whenever a commit is over that a worker should hear of.
#[derive(Debug, Default)]
pub struct Bell {
    news: Mutex<News>,
    rung: Notify,
}

/// What a worker should look at.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct News {
    /// Carts with work that is due.
    pub work: BTreeSet<CartKey>,
    /// Carts that were made, changed, paused, resumed or removed.
    pub changed: BTreeSet<CartKey>,
}

impl Bell {
    /// There is work at a cart: something was accepted, tried again or unblocked.
    pub fn work(&self, cart: &CartKey) {
        self.ring(|news| news.work.insert(cart.clone()));
    }

    /// Something about a cart was changed.
    pub fn changed(&self, cart: &CartKey) {
        self.ring(|news| news.changed.insert(cart.clone()));
    }

    /// Waits for news and takes it. There is one listener.
    pub async fn news(&self) -> News {
        loop {
            let rung = self.rung.notified();
            let news = std::mem::take(&mut *self.news.lock().expect("nobody panics while holding it"));
            if news != News::default() {
                return news;
            }
            rung.await;
        }
    }

    fn ring(&self, add: impl FnOnce(&mut News) -> bool) {
        let new = add(&mut self.news.lock().expect("nobody panics while holding it"));
        if new {
            self.rung.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{CartId, MerchantId};
    use std::time::Duration;

    #[tokio::test]
    async fn what_rang_before_is_heard_once_and_whole() {
        let bell = Bell::default();
        let cart = |id: &str| (MerchantId::default(), CartId::new(id).expect("it is a Cart ID"));
        bell.work(&cart("one"));
        bell.work(&cart("one"));
        bell.changed(&cart("two"));
        let news = bell.news().await;
        assert_eq!((news.work.into_iter().collect(), news.changed.into_iter().collect()), (vec![cart("one")], vec![cart("two")]));
        assert!(tokio::time::timeout(Duration::from_millis(20), bell.news()).await.is_err(), "there is nothing more to hear");
        bell.work(&cart("one"));
        assert_eq!(bell.news().await.work.len(), 1, "it rings again for what was heard before");
    }
}
