//! Decides whose turn it is: among merchants first, then among the carts of a merchant. Whoever waited longest comes first.
//!
//! A turn is one order. A merchant with a thousand carts gets as many turns as one with a single cart, and a cart with a million orders as many as
//! its neighbour with two. A cart that was not ready for a while is served first when it is ready again, but saves no turns.

use super::Number;
use cartage_model::id::MerchantId;
use std::collections::{BTreeMap, BTreeSet};

/// The merchants and carts that are ready, in the order of their turns.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Merchants with a cart that is ready, by their last turn.
    ring: BTreeSet<(u64, MerchantId)>,
    merchants: BTreeMap<MerchantId, Merchant>,
    taken: u64,
}

#[derive(Debug, Default)]
struct Merchant {
    last: u64,
    /// The merchant's carts that are ready, by their last turn.
    ready: BTreeSet<(u64, Number)>,
    /// The number of the merchant's carts, ready or not. Without a cart the merchant is forgotten.
    carts: usize,
}

impl Turns {
    /// Adds a cart to a merchant.
    pub(super) fn joined(&mut self, merchant: &MerchantId) {
        self.merchants.entry(merchant.clone()).or_default().carts += 1;
    }

    /// Removes a cart, which is not ready, from a merchant.
    pub(super) fn left(&mut self, merchant: &MerchantId) {
        if let Some(entry) = self.merchants.get_mut(merchant) {
            entry.carts -= 1;
            if entry.carts == 0 {
                self.merchants.remove(merchant);
            }
        }
    }

    /// Marks a cart as ready. `last` is the number of its last turn.
    pub(super) fn insert(&mut self, merchant: &MerchantId, last: u64, cart: Number) {
        let entry = self.merchants.get_mut(merchant).expect("its cart has joined");
        if entry.ready.is_empty() {
            self.ring.insert((entry.last, merchant.clone()));
        }
        entry.ready.insert((last, cart));
    }

    /// Marks a cart as no longer ready.
    pub(super) fn remove(&mut self, merchant: &MerchantId, last: u64, cart: Number) {
        let entry = self.merchants.get_mut(merchant).expect("its cart has joined");
        entry.ready.remove(&(last, cart));
        if entry.ready.is_empty() {
            self.ring.remove(&(entry.last, merchant.clone()));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// Takes the cart whose turn it is, with the number of this turn. The cart is no longer ready.
    pub(super) fn take(&mut self) -> Option<(Number, u64)> {
        let (_, merchant) = self.ring.pop_first()?;
        self.taken += 1;
        let entry = self.merchants.get_mut(&merchant).expect("who is in the ring has a cart");
        entry.last = self.taken;
        let (_, cart) = entry.ready.pop_first().expect("who is in the ring has a cart that is ready");
        if !entry.ready.is_empty() {
            self.ring.insert((self.taken, merchant));
        }
        Some((cart, self.taken))
    }
}
