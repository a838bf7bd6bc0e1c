//! The outbox in memory: the reference for every other implementation, in the plainest code. Counts and searches walk the whole content, so
//! the model suits tests, simulations and readers, not a real shop.
//!
//! The model also plays the part of the store that an outbox writes to: what is known of each order, and whether a cart is paused.

mod all;
mod orders;

use super::{
    Backlog, ClaimRequest, Claimed, Count, DeadLetter, Discard, Discarded, Due, DueQuery, Error, Faults, Filter, FoundDelivery, New,
    Outbox, Page, Queued, ROWS_MAX, Rest, Retried, Settle, Settled, Superseded, Suspect,
};
use crate::carts::PauseRow;
use crate::orders::{OrderRef, OrderRow};
use all::All;
use cartage_model::id::{CartId, DeliveryId, MerchantId};
use orders::OrderState;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An outbox in memory; its content ends with the process.
#[derive(Debug, Default)]
pub(super) struct Model {
    all: Mutex<All>,
}

/// What the outbox has done to a cart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CartState {
    /// Whether a settlement disabled the cart.
    pub disabled: bool,
    /// The pause that a settlement set; `None` if the cart was never paused.
    pub pause: Option<PauseRow>,
}

impl Model {
    /// The order's row as the store would have it; `None` for an order without any update.
    pub(super) fn order(&self, merchant: &MerchantId, order: &OrderRef) -> Option<OrderRow> {
        self.all().orders.get(&(merchant.clone(), order.clone())).map(OrderState::order)
    }

    /// What the outbox has done to this cart.
    pub(super) fn cart(&self, merchant: &MerchantId, cart: &CartId) -> CartState {
        self.all().carts.get(&(merchant.clone(), cart.clone())).cloned().unwrap_or_default()
    }

    /// Marks an order as one with an attempt that may be missing from the records, as a restore does.
    pub(super) fn doubt(&self, merchant: &MerchantId, order: &OrderRef) {
        if let Some(state) = self.all().orders.get_mut(&(merchant.clone(), order.clone())) {
            state.doubtful = true;
        }
    }

    fn all(&self) -> MutexGuard<'_, All> {
        // A panic within has ended the test or the simulation anyway.
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox for Model {
    async fn accept(&self, all: Vec<New>) -> Result<Vec<u64>, Error> {
        self.all().accept(all)
    }

    async fn due(&self, look: DueQuery) -> Result<Due, Error> {
        Ok(self.all().due(&look))
    }

    async fn claim(&self, wishes: Vec<ClaimRequest>) -> Result<Vec<Claimed>, Error> {
        let mut all = self.all();
        Ok(wishes.into_iter().map(|wish| all.claim(wish)).collect())
    }

    async fn settle(&self, settles: Vec<Settle>) -> Result<Vec<Settled>, Error> {
        let mut all = self.all();
        Ok(settles.iter().map(|settle| all.settle(settle)).collect())
    }

    async fn suspect(&self, all: Vec<Suspect>) -> Result<(), Error> {
        all.iter().for_each(|one| self.all().suspect(one));
        Ok(())
    }

    async fn rest(&self, rest: Rest) -> Result<(), Error> {
        self.all().rest(rest);
        Ok(())
    }

    async fn faults(&self, merchant: MerchantId) -> Result<Vec<Faults>, Error> {
        Ok(self.all().faults(&merchant))
    }

    async fn supersede(&self, merchant: MerchantId, order: OrderRef, at_unix_ms: u64) -> Result<Option<Superseded>, Error> {
        Ok(self.all().supersede(merchant, order, at_unix_ms))
    }

    async fn backlogs(&self, merchant: Option<MerchantId>) -> Result<Vec<Backlog>, Error> {
        Ok(self.all().backlogs(merchant.as_ref()))
    }

    async fn dead(&self, merchant: MerchantId, filter: Filter, page: Page) -> Result<Vec<DeadLetter>, Error> {
        let all = self.all();
        let mut found: Vec<_> = all.letters(&merchant, &filter).cloned().collect();
        found.sort_by_key(|letter| std::cmp::Reverse(letter.nth));
        let after = |letter: &DeadLetter| page.after.is_none_or(|after| letter.nth < after);
        Ok(found.into_iter().filter(after).take(page.most.min(ROWS_MAX) as usize).collect())
    }

    async fn dead_counts(&self, merchant: MerchantId, filter: Filter) -> Result<Vec<Count>, Error> {
        let mut counts: BTreeMap<(CartId, String), Count> = BTreeMap::new();
        for letter in self.all().letters(&merchant, &filter) {
            let (cart, reason) = (letter.order.cart.clone(), letter.reason);
            let text = reason.map(|reason| reason.to_string()).unwrap_or_default();
            counts.entry((cart.clone(), text)).or_insert(Count { cart, reason, count: 0 }).count += 1;
        }
        Ok(counts.into_values().collect())
    }

    async fn queued(&self, merchant: MerchantId, cart: CartId, page: Page) -> Result<Vec<Queued>, Error> {
        let mut found = self.all().queued(&merchant);
        found.retain(|queued| queued.order.cart == cart && page.after.is_none_or(|after| queued.nth > after));
        found.truncate(page.most.min(ROWS_MAX) as usize);
        Ok(found)
    }

    async fn find(&self, merchant: MerchantId, delivery: DeliveryId) -> Result<Option<FoundDelivery>, Error> {
        let all = self.all();
        if let Some(queued) = all.queued(&merchant).into_iter().find(|queued| queued.delivery == delivery) {
            let update = all.update(&merchant, &queued);
            return Ok(Some(FoundDelivery::Queued(Box::new(queued), update)));
        }
        let key = (merchant, delivery);
        if let Some(dead) = all.dead.get(&key) {
            return Ok(Some(FoundDelivery::Dead(Box::new(dead.letter.clone()), Some(dead.update.clone()))));
        }
        let ended = all.endings.get(&key).cloned();
        Ok(ended.map(|(order, sequence, ending)| FoundDelivery::Ended { order, sequence, ending }))
    }

    async fn retry(&self, merchant: MerchantId, deliveries: Vec<DeliveryId>, at_unix_ms: u64) -> Result<Vec<Retried>, Error> {
        Ok(self.all().retry(&merchant, &deliveries, at_unix_ms))
    }

    async fn discard(&self, merchant: MerchantId, deliveries: Vec<DeliveryId>, by: Discard) -> Result<Vec<Discarded>, Error> {
        let mut all = self.all();
        Ok(deliveries.into_iter().map(|delivery| all.discard(&merchant, delivery, &by)).collect())
    }
}
