//! Everything that is kept of one order goes, because its customer may ask for that: also out of the file's bytes.

use super::deliveries::to_its_end;
use super::{Error, Office};
use crate::id::{CartId, SenderOrderNumber};
use crate::outbox::{self, sqlite};
use crate::store::orders::OrderRef;
use crate::store::{Tx, audit};

/// What was forgotten of an order.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forgotten {
    /// All of it.
    Done {
        /// Deliveries that waited, and dead letters. They are never sent.
        discarded: u64,
        /// Rows that are gone, those among them.
        rows: u64,
    },
    /// Nothing: nothing is kept of an order of this number.
    NothingKept,
    /// Nothing: this many deliveries of it wait or are dead letters.
    Waits {
        /// How many.
        deliveries: u64,
    },
    /// Nothing: an attempt at it is under way.
    UnderWay,
}

impl Office {
    /// Forgets an order: updates, labels, packages, decisions, receipts, recordings, and what was answered to
    /// senders' idempotency keys. One line of the audit stays. While an update of it waits, or is a dead letter, nothing is done unless those
    /// are to be discarded. When this returns, the database's files no longer hold the bytes; copies made before are not touched.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], [`Error::Outbox`]. With [`Busy`](crate::store::Error::Busy) the order is forgotten and its bytes may still be there: doing it
    /// again removes them.
    pub async fn forget(&self, cart: &CartId, number: &SenderOrderNumber, discard_queue: bool) -> Result<Forgotten, Error> {
        let (office, order) = (self.clone(), OrderRef { cart: cart.clone(), number: number.clone() });
        to_its_end(async move { office.forget_now(order, discard_queue).await }).await
    }

    async fn forget_now(&self, order: OrderRef, discard_queue: bool) -> Result<Forgotten, Error> {
        let Some(_held) = self.hold(&order) else { return Ok(Forgotten::UnderWay) };
        let merchant = self.merchant.clone();
        let detail = if discard_queue { "and what waited of it" } else { "nothing waited" };
        let line = self.line("forget", &format!("order {} at cart {}", order.number, order.cart), detail.to_owned());
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
        let forgotten = self.shared.store.write(write).await?;
        if let Forgotten::Done { .. } = forgotten {
            self.cart_changed(&cart);
        }
        // Also where nothing is kept: an earlier try may have ended before the log was empty.
        if let Forgotten::Done { .. } | Forgotten::NothingKept = forgotten {
            self.shared.store.empty_log().await?;
        }
        Ok(forgotten)
    }
}

#[cfg(test)]
mod tests;
