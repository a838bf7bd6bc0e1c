//! The operations of a person on deliveries: list them, look at one, retry dead letters, end what shall not be sent.
//!
//! Ending a delivery holds its order's queue meanwhile. So no delivery is ended during its attempt, and a delivery that is under way is told
//! apart from one that does not exist. `of_order.rs` has the deliveries of one order.

use super::Error;
use super::blocking::to_its_end;
use super::tenant::Tenant;
use crate::deliver::locks::{OrderGuard, OrderLocks};
use crate::deliver::wake::WakeSignal;
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{CartId, DeliveryId, SenderOrderNumber};
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{
    self, Backlog, Count, DeadLetter, Discard, Discarded, EndedUpdate, Filter, FoundDelivery, MergedUpdate, Outbox as _, Page, Queued,
    ROWS_MAX, Reach, Retried, sqlite,
};
use cartage_store::receipts::Delivered;
use cartage_store::{self as store, Tx, audit, cassettes, receipts};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most dead letters that one transaction puts back, so that other writers get their turn.
const RETRY_BATCH: usize = 200;
/// The most earlier deliveries of the same queue that are shown with a delivery.
const BEFORE_SHOWN: u32 = 10;

/// Selects deliveries. A field that is `None` matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// The cart of the delivery.
    pub cart: Option<CartId>,
    /// The reason of a dead letter's death.
    pub reason: Option<Reason>,
    /// The earliest time of queueing or death, inclusive.
    pub since_unix_ms: Option<u64>,
    /// The state of the delivery.
    pub at: Option<Where>,
    /// The order of the delivery, in whatever state.
    pub order: Option<SenderOrderNumber>,
}

/// The state of a delivery, as a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// The delivery waits or is under way.
    Queued,
    /// The delivery is a dead letter.
    Dead,
    /// The delivery is a dead letter that blocks the rest of its order.
    Blocked,
    /// The delivery reached its cart.
    Delivered,
}

/// The selected deliveries, counted and listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The size of the queue at each cart.
    pub carts: Vec<Backlog>,
    /// The number of selected dead letters, by cart and reason.
    pub reasons: Vec<Count>,
    /// The selected dead letters, the most recent first.
    pub dead: Vec<DeadLetter>,
    /// The selected queued deliveries, by cart, the first to arrive first.
    pub queued: Vec<Queued>,
    /// Deliveries that reached their cart, from the receipts on record: by sequence number for one order, otherwise the most recent first.
    pub delivered: Vec<Delivered>,
    /// Deliveries of one order that were ended without reaching the cart, by sequence number.
    pub ended: Vec<(OrderRef, EndedUpdate)>,
}

/// One delivery with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryView {
    /// The cart of the delivery.
    pub cart: CartId,
    /// The delivery in the outbox; `None` if it reached its cart.
    pub found: Option<FoundDelivery>,
    /// The receipts of its attempts, by attempt.
    pub receipts: Vec<serde_json::Value>,
    /// The numbers of the attempts that have a cassette.
    pub cassettes: Vec<u32>,
    /// The deliveries before it in the order's queue, in sequence.
    pub before: Vec<DeliveryId>,
    /// The earlier updates that were merged into it.
    pub merged: Vec<MergedUpdate>,
}

/// The result of retrying a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resent {
    /// The delivery that was to be retried.
    pub delivery: DeliveryId,
    /// The result for this delivery.
    pub done: Retried,
}

/// The result of ending a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiscardOutcome {
    /// The delivery has ended, or was not there.
    Done {
        /// What the delivery was before.
        was: Discarded,
        /// The earlier updates that were merged into the delivery, and end with it.
        merged: Vec<MergedUpdate>,
    },
    /// An attempt for its order is under way, so nothing was changed.
    UnderWay,
}

impl Which {
    fn filter(&self) -> Filter {
        let then = (self.at == Some(Where::Blocked)).then_some(Then::Block);
        Filter { cart: self.cart.clone(), reason: self.reason, since_unix_ms: self.since_unix_ms, then }
    }
}

/// The deliveries to a merchant's carts.
#[derive(Clone)]
pub struct Deliveries {
    pub(super) tenant: Tenant,
    pub(super) locks: OrderLocks,
    pub(super) wake_signal: Arc<WakeSignal>,
}

impl Deliveries {
    /// Counts deliveries, and lists at most `most` of each kind. Only dead letters have a reason, so with a reason no queued delivery is
    /// listed.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`], and [`Error::NoCart`] for a cart that does not exist and has left no deliveries.
    pub async fn list(&self, which: &Which, most: u32) -> Result<Listed, Error> {
        let mut carts = self.backlogs().await?;
        carts.retain(|backlog| which.cart.as_ref().is_none_or(|cart| *cart == backlog.cart));
        if let Some(cart) = which.cart.as_ref().filter(|_| carts.is_empty()) {
            self.tenant.must_have_cart(cart).await?;
        }
        if let Some(order) = &which.order {
            return self.list_of_order(which, order, most).await;
        }
        let mut listed = Listed::default();
        if which.at == Some(Where::Delivered) {
            listed.delivered = self.delivered(which, most).await?;
        } else if which.at != Some(Where::Queued) {
            listed.reasons = self.dead_counts(which.filter()).await?;
            listed.dead = self.dead(which.filter(), Page { after: None, most }).await?;
        }
        if which.reason.is_none() && matches!(which.at, None | Some(Where::Queued)) {
            for backlog in &carts {
                let left = most.saturating_sub(listed.queued.len() as u32);
                listed.queued.extend(self.waiting(&backlog.cart, which.since_unix_ms, left).await?);
            }
        }
        Ok(Listed { carts, ..listed })
    }

    /// The deliveries queued for a cart at the given time or later.
    async fn waiting(&self, cart: &CartId, since_unix_ms: Option<u64>, most: u32) -> Result<Vec<Queued>, Error> {
        let (mut kept, mut after) = (Vec::new(), None);
        while kept.len() < most as usize {
            // Those that came before are passed over, so nobody knows how many are to be read.
            let most = if since_unix_ms.is_some() { ROWS_MAX } else { most - kept.len() as u32 };
            let page = Page { after, most };
            let rows = self.queued(cart, page).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.nth);
            kept.extend(rows.into_iter().filter(|row| since_unix_ms.is_none_or(|since| row.queued_at_unix_ms >= since)));
        }
        kept.truncate(most as usize);
        Ok(kept)
    }

    /// The size of the queue at each of the merchant's carts that ever had a delivery.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`].
    pub async fn backlogs(&self) -> Result<Vec<Backlog>, Error> {
        Ok(self.tenant.outbox().backlogs(Some(self.tenant.merchant.clone())).await?)
    }

    /// The number of the dead letters that a filter selects, by cart and reason.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`].
    pub async fn dead_counts(&self, filter: Filter) -> Result<Vec<Count>, Error> {
        Ok(self.tenant.outbox().dead_counts(self.tenant.merchant.clone(), filter).await?)
    }

    /// A page of the dead letters that a filter selects, the most recent first.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`].
    pub async fn dead(&self, filter: Filter, page: Page) -> Result<Vec<DeadLetter>, Error> {
        Ok(self.tenant.outbox().dead(self.tenant.merchant.clone(), filter, page).await?)
    }

    /// A page of the deliveries queued for a cart, the first to arrive first.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`].
    pub async fn queued(&self, cart: &CartId, page: Page) -> Result<Vec<Queued>, Error> {
        Ok(self.tenant.outbox().queued(self.tenant.merchant.clone(), cart.clone(), page).await?)
    }

    /// Looks up one delivery with its receipts and the deliveries before it; `None` if nothing is known of it.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`].
    pub async fn find(&self, id: &DeliveryId) -> Result<Option<DeliveryView>, Error> {
        let (merchant, id) = (self.tenant.merchant.clone(), id.clone());
        let look = move |view: &store::View<'_>| -> Result<_, outbox::Error> {
            let found = sqlite::find(view, &merchant, &id)?;
            let before = match &found {
                Some(FoundDelivery::Queued(queued, _)) => sqlite::before(view, &merchant, &queued.order, queued.sequence, BEFORE_SHOWN)?,
                Some(FoundDelivery::Dead(..) | FoundDelivery::Ended { .. }) | None => Vec::new(),
            };
            let merged = match &found {
                Some(found) => sqlite::merged_into(view, &merchant, found.order(), &id)?,
                None => Vec::new(),
            };
            let cart = match &found {
                Some(found) => found.order().cart.clone(),
                None => match receipts::order(view, &merchant, &id)? {
                    Some(order) => order.cart,
                    None => return Ok(None),
                },
            };
            let receipts = receipts::of_delivery(view, &merchant, &id)?.iter().map(|json| shown("a receipt", json)).collect();
            let before = before.into_iter().map(|queued| queued.delivery).collect();
            Ok(Some(DeliveryView { cart, found, receipts, cassettes: cassettes::attempts(view, &merchant, &id)?, before, merged }))
        };
        Ok(self.tenant.store.read(look).await?)
    }

    /// The ids of the selected dead letters, those of one order in its own sequence.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`].
    pub async fn dead_letters(&self, which: &Which) -> Result<Vec<DeliveryId>, Error> {
        let (mut all, mut after): (BTreeSet<(OrderRef, u64, DeliveryId)>, _) = (BTreeSet::new(), None);
        loop {
            let page = Page { after, most: ROWS_MAX };
            let rows = self.dead(which.filter(), page).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.nth);
            all.extend(rows.into_iter().map(|dead| (dead.order, dead.sequence, dead.delivery)));
        }
        Ok(all.into_iter().map(|(_, _, delivery)| delivery).collect())
    }

    /// Puts dead letters back into the queue, from where they are sent at their cart's rate like all others. Each leaves a line in the
    /// audit.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`]. Dead letters that were put back before the error stay in the queue.
    pub async fn retry(&self, deliveries: &[DeliveryId]) -> Result<Vec<Resent>, Error> {
        let mut done = Vec::new();
        for batch in deliveries.chunks(RETRY_BATCH) {
            match self.retry_together(batch).await {
                Ok(mut retried) => done.append(&mut retried),
                // What one of them holds hinders none of the others.
                Err(error) if error.reach() == Reach::Content => {
                    for delivery in batch {
                        done.push(self.retry_alone(delivery).await?);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(done)
    }

    async fn retry_alone(&self, delivery: &DeliveryId) -> Result<Resent, Error> {
        match self.retry_together(std::slice::from_ref(delivery)).await {
            Ok(mut retried) => Ok(retried.pop().expect("one was asked for")),
            Err(error) if error.reach() == Reach::Content => {
                tracing::error!(%delivery, error = cartage_base::causes::chain(&error), "could not retry a dead letter");
                Ok(Resent { delivery: delivery.clone(), done: Retried::Unreadable })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts dead letters back in one transaction.
    async fn retry_together(&self, deliveries: &[DeliveryId]) -> Result<Vec<Resent>, outbox::Error> {
        let (merchant, who, ids, at) =
            (self.tenant.merchant.clone(), self.tenant.who.clone(), deliveries.to_vec(), self.tenant.now_unix_ms());
        let write = move |tx: &Tx<'_>| -> Result<_, outbox::Error> {
            let (mut retried, mut carts) = (Vec::new(), BTreeSet::new());
            let done = sqlite::retry(tx, &merchant, &ids, at)?;
            for (delivery, done) in ids.into_iter().zip(done) {
                if matches!(done, Retried::Head | Retried::Tail { .. })
                    && let Some(FoundDelivery::Queued(queued, _)) = sqlite::find(tx, &merchant, &delivery)?
                {
                    let OrderRef { cart, number } = queued.order;
                    let subject = format!("{delivery} of order {number} at cart {cart}");
                    let (who, what) = (who.to_string(), "delivery retry".to_owned());
                    audit::add(tx, &merchant, &audit::Line { at_unix_ms: at, who, what, subject, detail: None })?;
                    carts.insert(cart);
                }
                retried.push(Resent { delivery, done });
            }
            Ok((retried, carts))
        };
        let (retried, carts) = self.tenant.store.write(write).await?;
        carts.iter().for_each(|cart| self.work_at(cart));
        Ok(retried)
    }

    /// Ends a delivery for good, dead or queued, and records why. The order's previous label counts again. Once begun, the operation is
    /// completed even if its caller stops waiting: otherwise an order could stay held, or go on without a signal to the worker.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`].
    pub async fn discard(&self, delivery: &DeliveryId, why: &str) -> Result<DiscardOutcome, Error> {
        let (deliveries, delivery, why) = (self.clone(), delivery.clone(), why.to_owned());
        to_its_end(async move { deliveries.discard_now(&delivery, &why).await }).await
    }

    async fn discard_now(&self, delivery: &DeliveryId, why: &str) -> Result<DiscardOutcome, Error> {
        let not_there = DiscardOutcome::Done { was: Discarded::NotThere, merged: Vec::new() };
        let order = match self.tenant.outbox().find(self.tenant.merchant.clone(), delivery.clone()).await? {
            Some(FoundDelivery::Queued(queued, _)) => queued.order,
            Some(FoundDelivery::Dead(dead, _)) => dead.order,
            Some(FoundDelivery::Ended { .. }) | None => return Ok(not_there),
        };
        let Some(_held) = self.hold(&order) else { return Ok(DiscardOutcome::UnderWay) };
        let merged = self.merged_into(&order, delivery).await?;
        let by = Discard { who: self.tenant.who.to_string(), why: why.to_owned(), at_unix_ms: self.tenant.now_unix_ms() };
        let done = self.tenant.outbox().discard(self.tenant.merchant.clone(), vec![delivery.clone()], by).await?;
        self.work_at(&order.cart);
        match done.into_iter().next() {
            Some(was @ (Discarded::Dead | Discarded::Queued)) => Ok(DiscardOutcome::Done { was, merged }),
            Some(Discarded::NotThere) | None => Ok(not_there),
        }
    }

    /// Keeps attempts away from an order's queue; `None` if an attempt is under way.
    pub fn hold(&self, order: &OrderRef) -> Option<OrderGuard> {
        self.locks.hold(&(self.tenant.merchant.clone(), order.cart.clone()), &order.number)
    }

    fn work_at(&self, cart: &CartId) {
        self.wake_signal.work(&(self.tenant.merchant.clone(), cart.clone()));
    }
}

/// Parses stored JSON for display. Content that cannot be parsed is replaced by the error, and hides nothing else.
pub(super) fn shown(what: &str, json: &str) -> serde_json::Value {
    serde_json::from_str(json).unwrap_or_else(|error| serde_json::json!({ "unreadable": format!("could not read {what}: {error}") }))
}

#[cfg(test)]
pub(super) mod tests;
