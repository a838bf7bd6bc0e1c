//! The locks of the orders' queues, held by an attempt or by a person who changes what waits there.
//!
//! The outbox cannot know whether an attempt is under way. Within one process these locks do: whoever discards a delivery holds the queue meanwhile,
//! so that nothing is discarded while it is sent, and no attempt starts at what is being discarded. Other processes are kept out by the data
//! directory's lock.

use cartage_model::id::SenderOrderNumber;
use cartage_policy::schedule::CartKey;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// The queues that are held. Clones share the locks.
#[derive(Debug, Clone, Default)]
pub struct OrderLocks {
    held: Arc<Mutex<BTreeSet<Lane>>>,
}

type Lane = (CartKey, SenderOrderNumber);

/// The lock of one queue, held as long as this value lives.
#[derive(Debug)]
pub struct OrderGuard {
    locks: OrderLocks,
    lane: Lane,
}

impl OrderLocks {
    /// Locks an order's queue. `None` if the queue is locked already.
    pub fn hold(&self, cart: &CartKey, order: &SenderOrderNumber) -> Option<OrderGuard> {
        let lane = (cart.clone(), order.clone());
        let free = self.held.lock().expect("nobody panics while holding it").insert(lane.clone());
        free.then(|| OrderGuard { locks: self.clone(), lane })
    }
}

impl Drop for OrderGuard {
    fn drop(&mut self) {
        self.locks.held.lock().expect("nobody panics while holding it").remove(&self.lane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_model::id::{CartId, MerchantId};

    #[test]
    fn a_queue_is_held_by_one_at_a_time() {
        let locks = OrderLocks::default();
        let cart = |id: &str| (MerchantId::default(), CartId::new(id).expect("it is a Cart ID"));
        let held = locks.hold(&cart("shop"), &SenderOrderNumber::new("1021")).expect("nobody holds it");
        assert!(locks.clone().hold(&cart("shop"), &SenderOrderNumber::new("1021")).is_none(), "clones share it");
        assert!(
            locks.hold(&cart("shop"), &SenderOrderNumber::new("1022")).is_some()
                && locks.hold(&cart("other"), &SenderOrderNumber::new("1021")).is_some()
        );
        drop(held);
        assert!(locks.hold(&cart("shop"), &SenderOrderNumber::new("1021")).is_some());
    }
}
