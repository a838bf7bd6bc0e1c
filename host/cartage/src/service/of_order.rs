//! The deliveries of an order: queued, dead, ended, and delivered according to the receipts on record. The delivered ones of all orders are
//! read here too.

use super::Error;
use super::deliveries::{Deliveries, Listed, Where, Which};
use cartage_model::dead_letter::Then;
use cartage_model::id::{CartId, DeliveryId, SenderOrderNumber};
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{self, DeadLetter, EndCause, EndedUpdate, MergedUpdate, Queued, ROWS_MAX, sqlite};
use cartage_store::receipts::{self, Delivered};
use cartage_store::{self as store, View};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One delivery of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDelivery {
    /// The delivery's id.
    pub delivery: DeliveryId,
    /// The sequence number of its update within the order.
    pub sequence: u64,
    /// The delivery's state: `queued`, `dead`, `delivered`, `discarded` or `superseded`.
    pub state: Cow<'static, str>,
}

/// All deliveries of an order that are on record, each kind by sequence number.
#[derive(Debug, Default)]
struct OfOrder {
    queued: Vec<Queued>,
    dead: Vec<DeadLetter>,
    delivered: Vec<Delivered>,
    ended: Vec<EndedUpdate>,
}

impl OfOrder {
    fn read(view: &View<'_>, merchant: &cartage_model::id::MerchantId, order: &OrderRef) -> Result<OfOrder, outbox::Error> {
        let mut delivered = receipts::delivered_of(view, merchant, order, ROWS_MAX)?;
        delivered.reverse();
        Ok(OfOrder {
            queued: sqlite::before(view, merchant, order, i64::MAX as u64, ROWS_MAX)?,
            dead: sqlite::dead_of(view, merchant, order)?,
            delivered,
            ended: sqlite::ended_of(view, merchant, order)?,
        })
    }
}

impl Deliveries {
    /// Lists the deliveries of an order that are on record, by sequence number.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read.
    pub async fn of_order(&self, order: &OrderRef) -> Result<Vec<OrderDelivery>, Error> {
        let (merchant, order) = (self.tenant.merchant.clone(), order.clone());
        let look = move |view: &View<'_>| OfOrder::read(view, &merchant, &order);
        let OfOrder { queued, dead, delivered, ended } = self.tenant.store.read(look).await?;
        let one = |delivery, sequence, state: &'static str| OrderDelivery { delivery, sequence, state: state.into() };
        let mut all: Vec<OrderDelivery> = delivered.into_iter().map(|has| one(has.delivery, has.sequence, "delivered")).collect();
        all.extend(ended.into_iter().map(|ended| {
            let state = match ended.ending.how {
                EndCause::Discarded { .. } => "discarded",
                EndCause::Superseded { .. } => "superseded",
            };
            one(ended.delivery, ended.sequence, state)
        }));
        all.extend(dead.into_iter().map(|dead| one(dead.delivery, dead.sequence, "dead")));
        all.extend(queued.into_iter().map(|queued| one(queued.delivery, queued.sequence, "queued")));
        all.sort_by_key(|one| one.sequence);
        Ok(all)
    }

    /// Lists the earlier updates that were merged into a delivery, and so end with it.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read.
    pub async fn merged_into(&self, order: &OrderRef, delivery: &DeliveryId) -> Result<Vec<MergedUpdate>, Error> {
        let (merchant, order, delivery) = (self.tenant.merchant.clone(), order.clone(), delivery.clone());
        let look = move |view: &View<'_>| sqlite::merged_into(view, &merchant, &order, &delivery);
        Ok(self.tenant.store.read::<_, outbox::Error>(look).await?)
    }

    /// Lists the deliveries of one order, at one cart or at all carts.
    pub(super) async fn list_of_order(&self, which: &Which, order: &SenderOrderNumber, most: u32) -> Result<Listed, Error> {
        let (merchant, number, only) = (self.tenant.merchant.clone(), order.clone(), which.cart.clone());
        let look = move |view: &View<'_>| -> Result<Vec<(CartId, OfOrder)>, outbox::Error> {
            let mut carts: Vec<CartId> = match only {
                Some(cart) => vec![cart],
                None => store::carts::list(view, &merchant)?.into_iter().map(|row| row.definition.cart).collect(),
            };
            carts.dedup();
            let of = |cart: CartId| {
                let order = OrderRef { cart: cart.clone(), number: number.clone() };
                Ok((cart, OfOrder::read(view, &merchant, &order)?))
            };
            carts.into_iter().map(of).collect()
        };
        let mut listed = Listed { carts: self.backlogs().await?, ..Listed::default() };
        listed.carts.retain(|backlog| which.cart.as_ref().is_none_or(|cart| *cart == backlog.cart));
        let since = which.since_unix_ms.unwrap_or(0);
        for (cart, OfOrder { queued, dead, delivered, ended }) in self.tenant.store.read(look).await? {
            let order = OrderRef { cart, number: order.clone() };
            listed.queued.extend(queued.into_iter().filter(|one| one.queued_at_unix_ms >= since));
            listed.dead.extend(dead.into_iter().filter(|one| one.died_at_unix_ms >= since));
            listed.delivered.extend(delivered.into_iter().filter(|one| one.at_unix_ms >= since));
            listed.ended.extend(ended.into_iter().filter(|one| one.ending.at_unix_ms >= since).map(|one| (order.clone(), one)));
        }
        listed.dead.retain(|dead| which.reason.is_none_or(|reason| dead.reason == Some(reason)));
        let shows = |at: Where| which.at == Some(at) || (which.at.is_none() && which.reason.is_none());
        if !shows(Where::Queued) {
            listed.queued.clear();
        }
        if which.at == Some(Where::Blocked) {
            listed.dead.retain(|dead| dead.then == Then::Block);
        } else if !shows(Where::Dead) && which.reason.is_none() {
            listed.dead.clear();
        }
        if !shows(Where::Delivered) {
            listed.delivered.clear();
        }
        if which.at.is_some() || which.reason.is_some() {
            listed.ended.clear();
        }
        let most = most as usize;
        listed.queued.truncate(most);
        listed.dead.truncate(most);
        listed.delivered.truncate(most);
        listed.ended.truncate(most);
        Ok(listed)
    }

    /// Lists deliveries that reached their carts, from the receipts on record, the most recent first.
    pub(super) async fn delivered(&self, which: &Which, most: u32) -> Result<Vec<Delivered>, Error> {
        let (merchant, cart, since) = (self.tenant.merchant.clone(), which.cart.clone(), which.since_unix_ms);
        let look = move |view: &View<'_>| receipts::delivered(view, &merchant, cart.as_ref(), since, most);
        Ok(self.tenant.store.read::<_, store::Error>(look).await?)
    }
}
