//! Removal of a cart without losing its queue by accident: the queue is delivered before, or a person decides to discard it.

use super::Error;
use super::caches::Caches;
use super::cart_clients::Changes;
use super::carts::Carts;
use super::deliveries::Deliveries;
use super::tenant::Tenant;
use crate::deliver::locks::OrderGuard;
use cartage_base::counted::counted;
use cartage_model::id::{CartId, DeliveryId, SenderOrderNumber};
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{Discard, Discarded, Filter, Outbox as _, Page, sqlite};
use cartage_store::{self as store, Tx, audit};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The most deliveries that one transaction ends.
const BATCH: u32 = if cfg!(test) { 3 } else { 200 };
/// How long attempts under way are waited for, in milliseconds.
const UNDER_WAY_MS: u64 = 10_000;
/// The pause before attempts under way are checked again, in milliseconds.
const AGAIN_MS: u64 = 50;
/// The reason on record for the deliveries that the removal ended.
const WHY: &str = "its cart was removed";

/// What becomes of the queue of a removed cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// A cart with queued deliveries or dead letters is not removed.
    Keep,
    /// Queued deliveries and dead letters are ended, and never sent.
    Discard,
}

/// A list of the deliveries of a removed cart.
#[derive(Clone, Copy)]
enum List {
    Queued,
    Dead,
}

/// The removal of carts.
#[derive(Clone)]
pub struct Removal {
    pub(super) tenant: Tenant,
    pub(super) carts: Carts,
    pub(super) deliveries: Deliveries,
    pub(super) changes: Changes,
    pub(super) caches: Caches,
}

impl Removal {
    /// Removes a cart with its parameters and credentials. What it was told of its orders no longer counts; decisions, receipts and the
    /// audit stay. Returns how many deliveries were ended.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`]; [`Error::CartHasQueue`] if deliveries wait or came meanwhile; [`Error::CartBusy`] if an attempt does not end,
    /// after which the cart is disabled and part of its queue may have been ended.
    pub async fn remove(&self, id: &CartId, queue: Queue) -> Result<u64, Error> {
        self.tenant.must_have_cart(id).await?;
        let ended = match queue {
            Queue::Keep => 0,
            Queue::Discard => self.discard_all(id).await?,
        };
        let (merchant, cart) = (self.tenant.merchant.clone(), id.clone());
        let line = self.tenant.line("remove", &format!("cart {id}"), format!("{} ended", counted(ended, "delivery")));
        let write = move |tx: &Tx<'_>| -> Result<(), Error> {
            let backlogs = sqlite::backlogs(tx, Some(&merchant))?;
            let backlog = backlogs.into_iter().find(|backlog| backlog.cart == cart);
            if let Some(backlog) = backlog.filter(|backlog| backlog.queued > 0 || backlog.dead > 0) {
                return Err(Error::CartHasQueue { cart, queued: backlog.queued, dead: backlog.dead });
            }
            store::carts::remove(tx, &merchant, &cart)?;
            Ok(audit::add(tx, &merchant, &line)?)
        };
        self.tenant.store.write(write).await?;
        self.changes.carts(std::slice::from_ref(id));
        self.caches.release().await?;
        Ok(ended)
    }

    /// Ends every delivery of a cart. The cart is disabled first, so that no update is accepted and no attempt starts.
    async fn discard_all(&self, id: &CartId) -> Result<u64, Error> {
        if self.waiting_or_dead(id).await? {
            self.carts.set_enabled(id, false).await?;
        }
        let until = Instant::now() + Duration::from_millis(UNDER_WAY_MS);
        let mut ended = 0;
        loop {
            // The queued deliveries first: without the dead letter that blocks them they would be sent.
            let (done, under_way) = match self.discard_list(id, List::Queued).await? {
                (0, 0) => self.discard_list(id, List::Dead).await?,
                some => some,
            };
            ended += done;
            match (done, under_way) {
                (0, 0) => return Ok(ended),
                (0, under_way) if Instant::now() >= until => return Err(Error::CartBusy { cart: id.clone(), under_way }),
                (0, _) => sleep(Duration::from_millis(AGAIN_MS)).await,
                _ => {}
            }
        }
    }

    async fn waiting_or_dead(&self, id: &CartId) -> Result<bool, Error> {
        let backlogs = self.deliveries.backlogs().await?;
        Ok(backlogs.iter().any(|backlog| backlog.cart == *id && (backlog.queued > 0 || backlog.dead > 0)))
    }

    /// Ends the deliveries in one of the cart's lists, a batch at a time. Returns how many were ended, and how many were left because an
    /// attempt for their order is under way.
    async fn discard_list(&self, id: &CartId, list: List) -> Result<(u64, u64), Error> {
        let (mut ended, mut left, mut after) = (0, 0, None);
        loop {
            let batch = self.batch(id, list, Page { after, most: BATCH }).await?;
            let Some((last, ..)) = batch.last() else { return Ok((ended, left)) };
            after = Some(*last);
            let (done, under_way) = self.discard(batch.into_iter().map(|(_, order, delivery)| (order, delivery)).collect()).await?;
            ended += done;
            left += under_way;
        }
    }

    /// A page of one of the cart's lists: the place, the order and the id of each delivery.
    async fn batch(&self, id: &CartId, list: List, page: Page) -> Result<Vec<(u64, OrderRef, DeliveryId)>, Error> {
        match list {
            List::Queued => {
                let queued = self.deliveries.queued(id, page).await?;
                Ok(queued.into_iter().map(|queued| (queued.nth, queued.order, queued.delivery)).collect())
            }
            List::Dead => {
                let filter = Filter { cart: Some(id.clone()), reason: None, since_unix_ms: None, then: None };
                let dead = self.deliveries.dead(filter, page).await?;
                Ok(dead.into_iter().map(|dead| (dead.nth, dead.order, dead.delivery)).collect())
            }
        }
    }

    /// Ends these deliveries, but for those of orders with an attempt under way. Returns the numbers of both.
    async fn discard(&self, all: Vec<(OrderRef, DeliveryId)>) -> Result<(u64, u64), Error> {
        let mut held: BTreeMap<SenderOrderNumber, Option<OrderGuard>> = BTreeMap::new();
        for (order, _) in &all {
            held.entry(order.number.clone()).or_insert_with(|| self.deliveries.hold(order));
        }
        let (mine, under_way): (Vec<_>, Vec<_>) = all.into_iter().partition(|(order, _)| held[&order.number].is_some());
        let mine: Vec<DeliveryId> = mine.into_iter().map(|(_, delivery)| delivery).collect();
        let by = Discard { who: self.tenant.who.to_string(), why: WHY.to_owned(), at_unix_ms: self.tenant.now_unix_ms() };
        let done = self.tenant.outbox().discard(self.tenant.merchant.clone(), mine, by).await?;
        let done = done.iter().filter(|done| **done != Discarded::NotThere).count();
        Ok((done as u64, under_way.len() as u64))
    }
}

#[cfg(test)]
mod tests;
