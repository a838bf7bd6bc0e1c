//! The outbox in the store's own file. The store's one writer keeps what the trait promises: each call is one job of the writer, stored
//! whole or not at all, and the jobs of many callers share a commit.
//!
//! The functions that take a [`Tx`] do one thing each, for callers that write more in the same transaction: a decision, a label and its
//! delivery are accepted together or not at all.
//!
//! The cost of one delivery does not grow with the queue: rows are found by the lane's key, by `lanes_due` and by `deliveries_by_arrival`,
//! and the counts are stored in `queues`.

mod dead;
mod forget;
mod lanes;
mod look;
mod order;
mod rows;
mod settle;
mod supersede;
mod through;

pub use dead::{dead, dead_counts, dead_of, discard, find, last, retry};
pub use forget::{OfOrder, forget, of_order};
pub use look::{backlogs, before, due, head, queued};
pub use order::{ended_of, merged_into};
pub use settle::{CART_GONE, settle};
pub use supersede::supersede;
pub use through::{ScanFrom, SearchPart, part};

use super::attempts::Poison;
use super::busy::Busy;
use super::settlement::{Settle, Settled};
use super::{
    Attempts, Backlog, Claim, ClaimRequest, Claimed, Count, DeadLetter, Discard, Discarded, Due, DueQuery, Error, Faults, Filter,
    FoundDelivery, New, Outbox, Page, Queued, Rest, Retried, Superseded, Suspect,
};
use crate::{Store, Tx, View, orders, orders::OrderRef};
use cartage_model::dead_letter::Reason;
use cartage_model::id::{CartId, DeliveryId, MerchantId};
use lanes::Content;
use rows::Row;

/// The outbox of a store. Clones share the store.
#[derive(Debug, Clone)]
pub struct Sqlite {
    store: Store,
}

impl Sqlite {
    /// Opens the outbox of this store.
    pub fn new(store: Store) -> Sqlite {
        Sqlite { store }
    }
}

impl Outbox for Sqlite {
    async fn accept(&self, all: Vec<New>) -> Result<Vec<u64>, Error> {
        self.store.write(move |tx| all.iter().map(|new| accept(tx, new)).collect()).await
    }

    async fn due(&self, look: DueQuery) -> Result<Due, Error> {
        self.store.read(move |view| due(view, &look)).await
    }

    async fn claim(&self, wishes: Vec<ClaimRequest>) -> Result<Vec<Claimed>, Error> {
        self.store.write(move |tx| wishes.iter().map(|wish| claim(tx, wish)).collect()).await
    }

    async fn settle(&self, all: Vec<Settle>) -> Result<Vec<Settled>, Error> {
        self.store.write(move |tx| all.iter().map(|one| settle(tx, one)).collect()).await
    }

    async fn suspect(&self, all: Vec<Suspect>) -> Result<(), Error> {
        self.store.write(move |tx| all.iter().try_for_each(|one| suspect(tx, one))).await
    }

    async fn rest(&self, rest: Rest) -> Result<(), Error> {
        self.store.write(move |tx| lanes::rest(tx, &rest)).await
    }

    async fn faults(&self, merchant: MerchantId) -> Result<Vec<Faults>, Error> {
        self.store.read(move |view| faults(view, &merchant)).await
    }

    async fn supersede(&self, merchant: MerchantId, order: OrderRef, at_unix_ms: u64) -> Result<Option<Superseded>, Error> {
        self.store.write(move |tx| supersede(tx, &merchant, &order, at_unix_ms)).await
    }

    async fn backlogs(&self, merchant: Option<MerchantId>) -> Result<Vec<Backlog>, Error> {
        self.store.read(move |view| backlogs(view, merchant.as_ref())).await
    }

    async fn dead(&self, merchant: MerchantId, filter: Filter, page: Page) -> Result<Vec<DeadLetter>, Error> {
        self.store.read(move |view| dead(view, &merchant, &filter, page)).await
    }

    async fn dead_counts(&self, merchant: MerchantId, filter: Filter) -> Result<Vec<Count>, Error> {
        self.store.read(move |view| dead_counts(view, &merchant, &filter)).await
    }

    async fn queued(&self, merchant: MerchantId, cart: CartId, page: Page) -> Result<Vec<Queued>, Error> {
        self.store.read(move |view| queued(view, &merchant, &cart, page)).await
    }

    async fn find(&self, merchant: MerchantId, delivery: DeliveryId) -> Result<Option<FoundDelivery>, Error> {
        self.store.read(move |view| find(view, &merchant, &delivery)).await
    }

    async fn retry(&self, merchant: MerchantId, deliveries: Vec<DeliveryId>, at_unix_ms: u64) -> Result<Vec<Retried>, Error> {
        self.store.write(move |tx| retry(tx, &merchant, &deliveries, at_unix_ms)).await
    }

    async fn discard(&self, merchant: MerchantId, deliveries: Vec<DeliveryId>, by: Discard) -> Result<Vec<Discarded>, Error> {
        self.store.write(move |tx| deliveries.iter().map(|delivery| discard(tx, &merchant, delivery, &by)).collect()).await
    }
}

/// Records suspicion against a delivery, as `Attempts::suspect` does.
fn suspect(tx: &Tx<'_>, Suspect { merchant, delivery, attempt }: &Suspect) -> Result<(), Error> {
    let sql = "UPDATE deliveries SET suspicions = suspicions + 1, suspected = ?3
        WHERE merchant = ?1 AND delivery = ?2 AND claims = ?3 AND unanswered > 0 AND suspected <> ?3";
    tx.run("note a suspicion", sql, (merchant, delivery, attempt))?;
    Ok(())
}

/// Lists a merchant's lanes that rest after a failure in this host, by cart.
///
/// # Errors
///
/// [`Error::Store`].
pub fn faults(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<Faults>, Error> {
    lanes::faults(view, merchant)
}

/// Accepts an update as the last of its lane, and returns its sequence number.
///
/// # Errors
///
/// [`Error::Taken`], else [`Error::Store`].
pub fn accept(tx: &Tx<'_>, new: &New) -> Result<u64, Error> {
    let New { merchant, order, delivery, update, labels, packages, at_unix_ms } = new;
    if dead::is_taken(tx, merchant, delivery)? {
        return Err(Error::Taken { merchant: merchant.clone(), delivery: delivery.clone() });
    }
    let sequence = orders::accept(tx, merchant, order, labels, packages, *at_unix_ms)?;
    let row = Row {
        nth: 0,
        sequence,
        delivery: delivery.clone(),
        accepted_at_unix_ms: *at_unix_ms,
        queued_at_unix_ms: *at_unix_ms,
        attempts: Attempts::default(),
        fate: None,
    };
    lanes::enter(tx, merchant, order, &row, Content::New(&rows::content(update)?))?;
    Ok(sequence)
}

/// Records that an attempt at a lane's head starts.
///
/// # Errors
///
/// [`Error::Store`]. A head that cannot be read is not an error here, because it must not stop the other lanes of a batch.
pub fn claim(tx: &Tx<'_>, wish: &ClaimRequest) -> Result<Claimed, Error> {
    match claim_head(tx, wish) {
        Err(error @ Error::Content { .. }) => {
            let cause = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            Ok(Claimed::Unreadable { why: format!("{error}{cause}") })
        }
        other => other,
    }
}

/// Claims the head. Everything is read before anything is written.
fn claim_head(tx: &Tx<'_>, wish: &ClaimRequest) -> Result<Claimed, Error> {
    let ClaimRequest { merchant, order, poison, busy_ms, at_unix_ms } = wish;
    let Some(lane) = lanes::get(tx, merchant, order)?.filter(|lane| lane.blocked_by.is_none()) else { return Ok(Claimed::Nothing) };
    let orders::OrderState { reference: known_reference, doubtful, busy } = orders::standing(tx, merchant, order)?;
    if let Some(left) = Busy::kept(busy).left(*at_unix_ms) {
        orders::set_busy(tx, merchant, order, left.keep())?;
        lanes::wait(tx, &lane, left.until())?;
        return Ok(Claimed::Busy { until_unix_ms: left.until() });
    }
    let Some((_, mut head)) = lanes::with_head(tx, merchant, order)? else { return Ok(Claimed::Nothing) };
    let (update, _) = rows::update(tx, merchant, &head)?;
    match head.attempts.claim(doubtful) {
        Err(Poison) => {
            let delivery = head.delivery.clone();
            dead::bury(tx, merchant, order, &lane, head, Reason::Poison, *poison, *at_unix_ms)?;
            Ok(Claimed::Poison { delivery })
        }
        Ok(attempt) => {
            let busy = Busy::starts(*at_unix_ms, *busy_ms);
            orders::set_busy(tx, merchant, order, busy.keep())?;
            rows::update_attempts(tx, &head)?;
            // Should nobody settle it, it is due when it cannot be under way any more.
            lanes::set(tx, &lane, lanes::Due::At(busy.until()))?;
            Ok(Claimed::Claim(Box::new(Claim {
                merchant: merchant.clone(),
                order: order.clone(),
                sequence: head.sequence,
                delivery: head.delivery,
                attempt,
                attempts: head.attempts,
                known_reference,
                update,
                accepted_at_unix_ms: head.accepted_at_unix_ms,
                queued_at_unix_ms: head.queued_at_unix_ms,
                behind: lane.pending - 1,
                busy_until_unix_ms: busy.until(),
            })))
        }
    }
}
