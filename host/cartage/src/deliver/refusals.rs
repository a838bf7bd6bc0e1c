//! Counts orders in a row that a cart did not permit.
//!
//! One order that is not permitted concerns that order alone and becomes a dead letter. Several different ones in a row concern the cart: it is
//! paused, and the last of them waits for a person with all its other orders. The count is not on disk and begins again after a start.

use cartage_contract::delivery::FailureKind;
use cartage_model::id::SenderOrderNumber;
use cartage_model::receipt::{Fate, PauseReason};
use cartage_policy::schedule::CartKey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// The number of different orders in a row that are not permitted, the last included, at which the cart is paused.
pub const REFUSED_ORDERS_MAX: usize = 3;

/// The orders that each cart did not permit since it last permitted one.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<BTreeMap<CartKey, BTreeSet<SenderOrderNumber>>>);

impl Refusals {
    /// The fate of an attempt, changed to a pause of the cart if it completes the row.
    pub(super) fn judge(&self, cart: &CartKey, order: &SenderOrderNumber, fate: Fate) -> Fate {
        let mut carts = self.0.lock().expect("nobody panics while holding it");
        match fate {
            Fate::DeadLetter { kind: FailureKind::NotPermitted } => {
                let orders = carts.entry(cart.clone()).or_default();
                if orders.len() < REFUSED_ORDERS_MAX {
                    orders.insert(order.clone());
                }
                if orders.len() < REFUSED_ORDERS_MAX {
                    return fate;
                }
                Fate::PauseCart { reason: PauseReason::NotPermitted, for_ms: None }
            }
            // The cart looked at what was asked, so it let these credentials do that.
            Fate::Delivered
            | Fate::AlreadyDelivered
            | Fate::Pending { .. }
            | Fate::Busy { .. }
            | Fate::DeadLetter { .. }
            | Fate::Gap { .. } => {
                carts.remove(cart);
                fate
            }
            Fate::Retry { .. } | Fate::PauseCart { .. } | Fate::DisableCart | Fate::PluginFault | Fate::LocalFault | Fate::NotSent => fate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_model::id::{CartId, MerchantId};

    const REFUSED: Fate = Fate::DeadLetter { kind: FailureKind::NotPermitted };
    const PAUSED: Fate = Fate::PauseCart { reason: PauseReason::NotPermitted, for_ms: None };

    #[test]
    fn the_third_order_in_a_row_pauses_the_cart_and_each_one_after_it_until_one_is_permitted() {
        let refusals = Refusals::default();
        let cart = |name: &str| (MerchantId::default(), CartId::new(name).expect("a valid name"));
        let fate = |order: &str, fate| refusals.judge(&cart("a"), &SenderOrderNumber::new(order), fate);
        assert_eq!([fate("1", REFUSED), fate("1", REFUSED), fate("1", REFUSED), fate("2", REFUSED)], [REFUSED; 4], "two orders");
        assert_eq!(refusals.judge(&cart("b"), &SenderOrderNumber::new("3"), REFUSED), REFUSED, "another cart's row is its own");
        let unreachable = Fate::Retry { floor_ms: None };
        assert_eq!(fate("9", unreachable), unreachable, "which says nothing of rights");
        assert_eq!([fate("3", REFUSED), fate("4", REFUSED), fate("1", REFUSED)], [PAUSED; 3]);
        assert_eq!(fate("4", Fate::Delivered), Fate::Delivered);
        assert_eq!([fate("3", REFUSED), fate("4", REFUSED)], [REFUSED; 2], "the row begins anew");
        let unknown = Fate::DeadLetter { kind: FailureKind::OrderNotFound };
        assert_eq!([fate("5", unknown), fate("6", REFUSED)], [unknown, REFUSED]);
    }
}
