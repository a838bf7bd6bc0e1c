//! Deletion of everything that is stored about one order, also from the bytes of the database files, because its customer may ask for that.

use super::Error;
use super::blocking::to_its_end;
use super::orders::Orders;
use cartage_model::id::{CartId, SenderOrderNumber};
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{self, sqlite};
use cartage_store::{Tx, audit};

/// The result of forgetting an order.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forgotten {
    /// The order was forgotten.
    Done {
        /// The number of queued deliveries and dead letters that were discarded and are never sent.
        discarded: u64,
        /// The number of rows that were deleted, those deliveries included.
        rows: u64,
    },
    /// Nothing was done: nothing is stored about an order with this number.
    NothingKept,
    /// Nothing was done: deliveries of the order are queued or dead letters.
    Waits {
        /// The number of those deliveries.
        deliveries: u64,
    },
    /// Nothing was done: an attempt for the order is under way.
    UnderWay,
}

impl Orders {
    /// Forgets an order: its updates, labels, packages, decisions, receipts and recordings, and the answers stored under senders'
    /// idempotency keys. One line of the audit stays. If an update of the order is queued or a dead letter, nothing is done unless
    /// `discard_queue` is set. When this returns, the database's files no longer hold the bytes; copies made before are not changed.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], [`Error::Outbox`]. After [`Busy`](cartage_store::Error::Busy) the order is forgotten, but its bytes may still be in
    /// the files: a repeat removes them.
    pub async fn forget(&self, cart: &CartId, number: &SenderOrderNumber, discard_queue: bool) -> Result<Forgotten, Error> {
        let (orders, order) = (self.clone(), OrderRef { cart: cart.clone(), number: number.clone() });
        to_its_end(async move { orders.forget_now(order, discard_queue).await }).await
    }

    async fn forget_now(&self, order: OrderRef, discard_queue: bool) -> Result<Forgotten, Error> {
        let Some(_held) = self.deliveries.hold(&order) else { return Ok(Forgotten::UnderWay) };
        let merchant = self.tenant.merchant.clone();
        let detail = if discard_queue { "with its queue" } else { "nothing was queued" };
        let line = self.tenant.line("forget", &format!("order {} at cart {}", order.number, order.cart), detail.to_owned());
        let cart = order.cart.clone();
        let write = move |tx: &Tx<'_>| -> Result<Forgotten, outbox::Error> {
            let waiting = sqlite::of_order(tx, &merchant, &order)?;
            let discarded = waiting.queued + waiting.dead;
            if discarded > 0 && !discard_queue {
                return Ok(Forgotten::Waits { deliveries: discarded });
            }
            let rows = sqlite::forget(tx, &merchant, &order)?;
            if rows == 0 {
                return Ok(Forgotten::NothingKept);
            }
            audit::add(tx, &merchant, &line)?;
            Ok(Forgotten::Done { discarded, rows })
        };
        let forgotten = self.tenant.store.write(write).await?;
        if let Forgotten::Done { .. } = forgotten {
            self.changes.cart(&cart);
        }
        // Also where nothing is kept: an earlier try may have ended before the log was empty.
        if let Forgotten::Done { .. } | Forgotten::NothingKept = forgotten {
            self.tenant.store.empty_log().await?;
        }
        Ok(forgotten)
    }
}

#[cfg(test)]
mod tests;
