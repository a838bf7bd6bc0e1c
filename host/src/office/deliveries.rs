//! What a person does with deliveries: lists them, looks at one, tries dead letters again, ends what shall not be sent.
//!
//! Whoever changes what waits in an order's queue holds that queue meanwhile. So nothing is ended that is being sent at that moment, and what
//! was under way is told apart from what was not there.

use super::{Error, Office};
use crate::deliver::lanes::Held;
use crate::id::{CartId, DeliveryId, SenderOrderNumber};
use crate::outbox::{
    self, Backlog, Count, DeadLetter, Discard, Discarded, Ended, Filter, Found, MergedUpdate, Outbox as _, Page, Queued, ROWS_MAX, Reach,
    Reason, Retried, Then, sqlite,
};
use crate::store::orders::OrderRef;
use crate::store::receipts::Delivered;
use crate::store::{self, Tx, audit, cassettes, receipts};
use std::collections::BTreeSet;

/// Dead letters that are put back in one transaction, at most: other writers come in between.
const RETRY_BATCH: usize = 200;
/// Deliveries that are shown before one in its queue, at most.
const BEFORE_SHOWN: u32 = 10;

/// Which deliveries are meant. Nothing set: all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// Those of this cart.
    pub cart: Option<CartId>,
    /// Dead letters that died of this.
    pub reason: Option<Reason>,
    /// Those that came into the queue, or died, at this time or later.
    pub since_unix_ms: Option<u64>,
    /// Those that are there.
    pub at: Option<Where>,
    /// Those of this order, whatever became of them.
    pub order: Option<SenderOrderNumber>,
}

/// Where deliveries are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// They wait or are under way.
    Queued,
    /// They are dead letters.
    Dead,
    /// They are dead letters for which the rest of their order waits.
    Blocked,
    /// Their carts have them.
    Delivered,
}

/// Deliveries, counted and listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// How much there is at each cart.
    pub carts: Vec<Backlog>,
    /// The dead letters that are meant, counted by cart and reason.
    pub reasons: Vec<Count>,
    /// Dead letters, the last to die first.
    pub dead: Vec<DeadLetter>,
    /// What waits, by cart, the first to arrive first.
    pub queued: Vec<Queued>,
    /// What carts have, from the receipts on record: of an order by the numbers of its updates, else the last first.
    pub delivered: Vec<Delivered>,
    /// What was ended of an order, by the numbers of its updates.
    pub ended: Vec<(OrderRef, Ended)>,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Where it is. None: its cart has it.
    pub found: Option<Found>,
    /// Its receipts, by attempt.
    pub receipts: Vec<serde_json::Value>,
    /// The attempts of which there is a cassette.
    pub cassettes: Vec<u32>,
    /// What waits in the order's queue before it, the first first.
    pub before: Vec<DeliveryId>,
    /// The earlier updates that were merged into it.
    pub merged: Vec<MergedUpdate>,
}

/// What came of trying a dead letter again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resent {
    /// Which.
    pub delivery: DeliveryId,
    /// What came of it.
    pub done: Retried,
}

/// What came of ending a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is over, or it was not there.
    Done {
        /// What it was.
        was: Discarded,
        /// The earlier updates that were merged into it, and end with it.
        merged: Vec<MergedUpdate>,
    },
    /// An attempt at its order is under way: nothing was changed.
    UnderWay,
}

impl Which {
    fn filter(&self) -> Filter {
        let then = (self.at == Some(Where::Blocked)).then_some(Then::Block);
        Filter { cart: self.cart.clone(), reason: self.reason, since_unix_ms: self.since_unix_ms, then }
    }
}

impl Office {
    /// Counts deliveries, and lists at most so many of each kind. A reason is a dead letter's, so with one nothing that waits is listed.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`], and [`Error::NoCart`] of a cart that is not there and of which nothing is.
    pub async fn deliveries(&self, which: &Which, most: u32) -> Result<Listed, Error> {
        let mut carts = self.outbox().backlogs(Some(self.merchant.clone())).await?;
        carts.retain(|backlog| which.cart.as_ref().is_none_or(|cart| *cart == backlog.cart));
        if let Some(cart) = which.cart.as_ref().filter(|_| carts.is_empty()) {
            self.known_cart(cart).await?;
        }
        if let Some(order) = &which.order {
            return self.list_of_order(which, order, most).await;
        }
        let mut listed = Listed::default();
        if which.at == Some(Where::Delivered) {
            listed.delivered = self.delivered(which, most).await?;
        } else if which.at != Some(Where::Queued) {
            listed.reasons = self.outbox().dead_counts(self.merchant.clone(), which.filter()).await?;
            listed.dead = self.outbox().dead(self.merchant.clone(), which.filter(), Page { after: None, most }).await?;
        }
        if which.reason.is_none() && matches!(which.at, None | Some(Where::Queued)) {
            for backlog in &carts {
                let left = most.saturating_sub(listed.queued.len() as u32);
                listed.queued.extend(self.waiting(&backlog.cart, which.since_unix_ms, left).await?);
            }
        }
        Ok(Listed { carts, ..listed })
    }

    /// What waits at a cart and came at this time or later.
    async fn waiting(&self, cart: &CartId, since_unix_ms: Option<u64>, most: u32) -> Result<Vec<Queued>, Error> {
        let (mut kept, mut after) = (Vec::new(), None);
        while kept.len() < most as usize {
            // Those that came before are passed over, so nobody knows how many are to be read.
            let most = if since_unix_ms.is_some() { ROWS_MAX } else { most - kept.len() as u32 };
            let page = Page { after, most };
            let rows = self.outbox().queued(self.merchant.clone(), cart.clone(), page).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.nth);
            kept.extend(rows.into_iter().filter(|row| since_unix_ms.is_none_or(|since| row.queued_at_unix_ms >= since)));
        }
        kept.truncate(most as usize);
        Ok(kept)
    }

    /// One delivery with its receipts and what is before it. None: nothing is known of it.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`].
    pub async fn delivery(&self, id: &DeliveryId) -> Result<Option<Shown>, Error> {
        let (merchant, id) = (self.merchant.clone(), id.clone());
        let look = move |view: &store::View<'_>| -> Result<_, outbox::Error> {
            let found = sqlite::find(view, &merchant, &id)?;
            let before = match &found {
                Some(Found::Queued(queued, _)) => sqlite::before(view, &merchant, &queued.order, queued.sequence, BEFORE_SHOWN)?,
                Some(Found::Dead(..) | Found::Ended { .. }) | None => Vec::new(),
            };
            let merged = match &found {
                Some(found) => sqlite::merged_into(view, &merchant, found.order(), &id)?,
                None => Vec::new(),
            };
            Ok((found, before, merged, receipts::of_delivery(view, &merchant, &id)?, cassettes::attempts(view, &merchant, &id)?))
        };
        let (found, before, merged, receipts, cassettes) = self.shared.store.read(look).await?;
        if found.is_none() && receipts.is_empty() {
            return Ok(None);
        }
        let receipts = receipts.iter().map(|json| shown("a receipt", json)).collect();
        Ok(Some(Shown { found, receipts, cassettes, merged, before: before.into_iter().map(|queued| queued.delivery).collect() }))
    }

    /// The dead letters that are meant, those of an order in its own order.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`].
    pub async fn dead_letters(&self, which: &Which) -> Result<Vec<DeliveryId>, Error> {
        let (mut all, mut after): (BTreeSet<(OrderRef, u64, DeliveryId)>, _) = (BTreeSet::new(), None);
        loop {
            let page = Page { after, most: ROWS_MAX };
            let rows = self.outbox().dead(self.merchant.clone(), which.filter(), page).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.nth);
            all.extend(rows.into_iter().map(|dead| (dead.order, dead.sequence, dead.delivery)));
        }
        Ok(all.into_iter().map(|(_, _, delivery)| delivery).collect())
    }

    /// Puts dead letters back into the queue, where they go at their cart's rate like all others. Each leaves a line in the audit.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`]. What was put back before it stays so.
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
                tracing::error!(%delivery, error = crate::causes::chain(&error), "a dead letter could not be put back");
                Ok(Resent { delivery: delivery.clone(), done: Retried::Unreadable })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts dead letters back, all or none.
    async fn retry_together(&self, deliveries: &[DeliveryId]) -> Result<Vec<Resent>, outbox::Error> {
        let (merchant, who, ids, at) = (self.merchant.clone(), self.who.clone(), deliveries.to_vec(), self.now_unix_ms());
        let write = move |tx: &Tx<'_>| -> Result<_, outbox::Error> {
            let (mut retried, mut carts) = (Vec::new(), BTreeSet::new());
            let done = sqlite::retry(tx, &merchant, &ids, at)?;
            for (delivery, done) in ids.into_iter().zip(done) {
                if matches!(done, Retried::Head | Retried::Tail { .. })
                    && let Some(Found::Queued(queued, _)) = sqlite::find(tx, &merchant, &delivery)?
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
        let (retried, carts) = self.shared.store.write(write).await?;
        carts.iter().for_each(|cart| self.work_at(cart));
        Ok(retried)
    }

    /// Ends a delivery for good, a dead letter or one that waits, and says why. The label before it counts again. Once begun it is done to its
    /// end, also where nobody waits for it any more: else an order could stay held, or go on without the worker hearing of it.
    ///
    /// # Errors
    ///
    /// [`Error::Outbox`].
    pub async fn discard(&self, delivery: &DeliveryId, why: &str) -> Result<Taken, Error> {
        let (office, delivery, why) = (self.clone(), delivery.clone(), why.to_owned());
        to_its_end(async move { office.discard_now(&delivery, &why).await }).await
    }

    async fn discard_now(&self, delivery: &DeliveryId, why: &str) -> Result<Taken, Error> {
        let not_there = Taken::Done { was: Discarded::NotThere, merged: Vec::new() };
        let order = match self.outbox().find(self.merchant.clone(), delivery.clone()).await? {
            Some(Found::Queued(queued, _)) => queued.order,
            Some(Found::Dead(dead, _)) => dead.order,
            Some(Found::Ended { .. }) | None => return Ok(not_there),
        };
        let Some(_held) = self.hold(&order) else { return Ok(Taken::UnderWay) };
        let merged = self.merged_into(&order, delivery).await?;
        let by = Discard { who: self.who.to_string(), why: why.to_owned(), at_unix_ms: self.now_unix_ms() };
        let done = self.outbox().discard(self.merchant.clone(), vec![delivery.clone()], by).await?;
        self.work_at(&order.cart);
        match done.into_iter().next() {
            Some(was @ (Discarded::Dead | Discarded::Queued)) => Ok(Taken::Done { was, merged }),
            Some(Discarded::NotThere) | None => Ok(not_there),
        }
    }

    /// Keeps attempts away from an order's queue. None: one is under way.
    pub(crate) fn hold(&self, order: &OrderRef) -> Option<Held> {
        self.shared.lanes.hold(&(self.merchant.clone(), order.cart.clone()), &order.number)
    }

    fn work_at(&self, cart: &CartId) {
        self.shared.bell.work(&(self.merchant.clone(), cart.clone()));
    }
}

/// Reads what is kept as JSON for whoever looks at it. What cannot be read says so in its place, and hides nothing else.
pub(super) fn shown(what: &str, json: &str) -> serde_json::Value {
    serde_json::from_str(json).unwrap_or_else(|error| serde_json::json!({ "unreadable": format!("could not read {what}: {error}") }))
}

/// Does some work in a task of its own, which goes on where the caller is dropped.
pub(super) async fn to_its_end<T: Send + 'static>(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Result<T, Error> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(store::Error::Stopped { reason: store::Stop::Closed }.into()),
        },
    }
}

#[cfg(test)]
pub(super) mod tests;
