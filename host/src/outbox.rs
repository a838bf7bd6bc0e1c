//! The durable queue: everything that was accepted and that its cart does not have yet.
//!
//! A *lane* is the queue of one order at one cart of one merchant. Its deliveries stand in the order of their sequence numbers, and only its
//! head is ever tried. A lane with nothing in it is not there; a lane whose head became a dead letter may be *blocked* until a person tries
//! that one again or discards it. An implementation keeps; when to try and what follows from an answer is the scheduler's to say
//! ([`Settlement`]), so nothing here decides anything about a cart.
//!
//! # Promised
//!
//! What [`Outbox::accept`] answered is never lost, and leaves only with a record: the receipt of its delivery, a dead letter, or an
//! [`Ending`] that names who ended it and why. A delivery keeps its id, which is the idempotency key, through every attempt, dead letter and
//! repeat. An update is not claimed before the one before it in its lane is settled on disk. A claim is on disk before its attempt starts, so
//! that an attempt that was cut off is known of: the next one is told that it may have reached the cart, and none is claimed for the order
//! while it may be under way there. A settlement is one transaction with
//! the receipt, the cassette, what is known of the order, and the cart's pause.
//!
//! # The four things that every implementation in SQL must keep
//!
//! 1. A sequence number comes from the order's own row, in the transaction that accepts ([`orders::accept`](crate::store::orders::accept)),
//!    never from a serial: so their order is the order of the commits.
//! 2. Accepting and settling both write the lane's row. So "the last one is settled" and "a new one came" cannot pass each other, and no lane
//!    sleeps with a delivery in it.
//! 3. A settlement sees that its delivery is still the lane's head, and its claim still the last one. Where several hosts share carts it must
//!    also see that the cart is still its host's (a lease with an epoch): one host with one writer needs no lease.
//! 4. Rows are locked in one order, by lane. One writer locks nothing.
//!
//! # What it cannot know
//!
//! Whether a cart has what was sent when no answer came: it is sent again, with the same key. Nor whether an attempt of this process is under
//! way: a caller claims no lane that it has in flight, and discards and supersedes nothing there either.

pub mod attempts;
mod busy;
pub mod dead;
pub mod latest;
pub mod model;
pub mod settlement;
pub mod sqlite;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;

pub use attempts::Attempts;
pub use dead::{
    Count, DeadLetter, Discard, Discarded, Ended, Ending, Filter, Found, How, MergedUpdate, Page, Queued, Retried, Superseded, Unreadable,
    Waits, died_of, with_it,
};
pub use model::Model;
pub use settlement::{Counted, Reason, Settle, Settled, Settlement, Then};
pub use sqlite::Sqlite;

pub use crate::store::Reach;

use crate::id::{CartId, DeliveryId, MerchantId, SenderOrderNumber};
use crate::store;
use crate::store::orders::{Label, OrderRef, Package};
use cartage_contract::orders::Update;
use std::collections::BTreeSet;

/// The longest update that is kept, as JSON.
pub const UPDATE_BYTES_MAX: usize = 4 << 20;
/// No delivery is due later than so long after it was last settled: 24 hours. One that seems to be is due at once, for then the clock has
/// jumped.
pub const DUE_AHEAD_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// The most updates of a lane that are put into one at a time.
pub const SUPERSEDE_MAX: u32 = 100;
/// The most heads that one look gives, and the most rows of a page.
pub const ROWS_MAX: u32 = 1000;

/// Why the outbox did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A row holds what this release cannot read.
    #[error("could not read {what} of delivery {delivery} of merchant {merchant}; it was left as it is; use the release that wrote it")]
    Content {
        /// The column.
        what: &'static str,
        /// Whose.
        merchant: MerchantId,
        /// Which.
        delivery: DeliveryId,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The id was used before.
    #[error(
        "could not accept delivery {delivery}: merchant {merchant} has a delivery of this id already; give each update an id of its own"
    )]
    Taken {
        /// Whose.
        merchant: MerchantId,
        /// Which.
        delivery: DeliveryId,
    },
}

impl Error {
    /// What it reaches: of content, the order's queue or the cart's list that was asked for; else everybody, for now or for good.
    pub fn reach(&self) -> Reach {
        match self {
            Error::Store(error) => error.reach(),
            Error::Content { .. } | Error::Taken { .. } => Reach::Content,
        }
    }
}

/// An update to take in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// Whose.
    pub merchant: MerchantId,
    /// The order and its cart.
    pub order: OrderRef,
    /// Its id, which no other delivery has.
    pub delivery: DeliveryId,
    /// What to tell the cart.
    pub update: Box<Update>,
    /// The labels that it brings, for what is known of the order.
    pub labels: Vec<Label>,
    /// The packages that it brings.
    pub packages: Vec<Package>,
    /// When it came.
    pub at_unix_ms: u64,
}

/// A question for the heads of a cart that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Whose.
    pub merchant: MerchantId,
    /// The cart.
    pub cart: CartId,
    /// The time.
    pub now_unix_ms: u64,
    /// How many heads are wanted, at most; never more than [`ROWS_MAX`].
    pub most: u32,
    /// The orders that are under way already, which count as not there.
    pub in_flight: BTreeSet<SenderOrderNumber>,
}

/// The heads of a cart that are due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// The one that is due longest first.
    pub heads: Vec<Head>,
    /// When the first of those is due that are not in `heads`. None: there are no others.
    pub next_unix_ms: Option<u64>,
}

/// A lane's head that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The order and its cart.
    pub order: OrderRef,
    /// Since when.
    pub due_at_unix_ms: u64,
    /// Whether the host died or failed while it was at work on it: of those only one is to be tried at a time.
    pub suspect: bool,
}

/// An attempt at which the host was at work when it died, or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The merchant whose delivery it was.
    pub merchant: MerchantId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The number of the attempt.
    pub attempt: u32,
}

/// A wish to try a lane's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Whose.
    pub merchant: MerchantId,
    /// The order and its cart.
    pub order: OrderRef,
    /// What becomes of the lane if its head turns out to be [poison](Reason::Poison).
    pub poison: Then,
    /// How long the attempt may be under way at the cart, if nobody can say what came of it: 24 hours at most. So long nothing else is sent for
    /// the order.
    pub busy_ms: u64,
    /// The time.
    pub at_unix_ms: u64,
}

/// A lane that is to rest, because something failed here that reaches no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// Whose.
    pub merchant: MerchantId,
    /// The order and its cart.
    pub order: OrderRef,
    /// What failed, with all causes, for people. It is kept until the lane goes on.
    pub fault: String,
    /// When its head is due again.
    pub until_unix_ms: u64,
}

/// A cart's lanes that rest because something failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// The cart.
    pub cart: CartId,
    /// How many there are.
    pub lanes: u64,
    /// The first of them: the order's number, its head, and what failed.
    pub first: (String, Option<DeliveryId>, String),
}

/// What came of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// The claim is on disk: the attempt may start.
    Claim(Box<Claim>),
    /// The host died or failed so often while it was at work on it that it became a dead letter instead.
    Poison {
        /// Which.
        delivery: DeliveryId,
    },
    /// An earlier attempt may still be under way at the cart. The lane is due again when that is over.
    Busy {
        /// When that is.
        until_unix_ms: u64,
    },
    /// This release cannot read the head. It stays where it is, and the lane with it.
    Unreadable {
        /// Why not, with all causes.
        why: String,
    },
    /// The lane is blocked, or there is nothing in it.
    Nothing,
}

/// All that an attempt needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub merchant: MerchantId,
    /// The order and its cart.
    pub order: OrderRef,
    /// The number of the update among its order's.
    pub sequence: u64,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The number of this attempt.
    pub attempt: u32,
    /// What is known of those before.
    pub attempts: Attempts,
    /// The cart's own reference from this order's last success.
    pub known_reference: Option<String>,
    /// What to tell the cart.
    pub update: Box<Update>,
    /// When it was accepted.
    pub accepted_at_unix_ms: u64,
    /// When it last came into the queue: the same, but for dead letters that are tried again. The age that ends it counts from here.
    pub queued_at_unix_ms: u64,
    /// How many more wait in the lane.
    pub behind: u64,
    /// Until when this attempt may be under way at the cart, if nobody can say what came of it.
    pub busy_until_unix_ms: u64,
}

/// How much waits at a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// Whose.
    pub merchant: MerchantId,
    /// The cart.
    pub cart: CartId,
    /// Deliveries that wait or are under way, those of blocked lanes among them.
    pub queued: u64,
    /// Dead letters.
    pub dead: u64,
    /// Lanes that wait for a person.
    pub blocked: u64,
    /// When the first of them came into the queue.
    pub oldest_queued_at_unix_ms: Option<u64>,
}

/// A durable queue. Several of one kind go into one call, and so into one transaction; they are done in the order given, and each sees those
/// before it. Answers stand in the same order.
pub trait Outbox: Send + Sync {
    /// Takes updates in, all or none, each at the end of its lane; gives their sequence numbers.
    fn accept(&self, all: Vec<New>) -> impl Future<Output = Result<Vec<u64>, Error>> + Send;

    /// Which heads of a cart are due, and when the next one is. Writes nothing.
    fn due(&self, look: Look) -> impl Future<Output = Result<Due, Error>> + Send;

    /// Notes that attempts at these lanes' heads start now.
    fn claim(&self, wishes: Vec<Wish>) -> impl Future<Output = Result<Vec<Claimed>, Error>> + Send;

    /// Writes what came of attempts.
    fn settle(&self, all: Vec<Settle>) -> impl Future<Output = Result<Vec<Settled>, Error>> + Send;

    /// Takes in evidence against deliveries. Of an attempt that has ended, or that was suspected before, nothing is noted.
    fn suspect(&self, all: Vec<Suspect>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Lets a lane rest. One that is blocked or not there stays as it is.
    fn rest(&self, rest: Rest) -> impl Future<Output = Result<(), Error>> + Send;

    /// A merchant's lanes that rest because something failed, by cart.
    fn faults(&self, merchant: MerchantId) -> impl Future<Output = Result<Vec<Faults>, Error>> + Send;

    /// Lets the newest update of a lane stand for all before it, as far as [`latest::merge`] can take them into one. None: there was nothing
    /// to do, or the lane is blocked. Not for a lane that is under way.
    fn supersede(
        &self,
        merchant: MerchantId,
        order: OrderRef,
        at_unix_ms: u64,
    ) -> impl Future<Output = Result<Option<Superseded>, Error>> + Send;

    /// How much waits at each cart: at those of one merchant or of all. A cart that never had anything is not named.
    fn backlogs(&self, merchant: Option<MerchantId>) -> impl Future<Output = Result<Vec<Backlog>, Error>> + Send;

    /// A merchant's dead letters, the last to die first.
    fn dead(&self, merchant: MerchantId, filter: Filter, page: Page) -> impl Future<Output = Result<Vec<DeadLetter>, Error>> + Send;

    /// How many dead letters a filter finds, by cart and reason.
    fn dead_counts(&self, merchant: MerchantId, filter: Filter) -> impl Future<Output = Result<Vec<Count>, Error>> + Send;

    /// What waits at a cart, the first to arrive first.
    fn queued(&self, merchant: MerchantId, cart: CartId, page: Page) -> impl Future<Output = Result<Vec<Queued>, Error>> + Send;

    /// One delivery, wherever it is. Of one that was delivered only its receipts are left.
    fn find(&self, merchant: MerchantId, delivery: DeliveryId) -> impl Future<Output = Result<Option<Found>, Error>> + Send;

    /// Puts dead letters back into the queue, those of one order in their own order, whatever the order given.
    fn retry(
        &self,
        merchant: MerchantId,
        deliveries: Vec<DeliveryId>,
        at_unix_ms: u64,
    ) -> impl Future<Output = Result<Vec<Retried>, Error>> + Send;

    /// Ends deliveries for good, dead letters or waiting ones, and says who did it. Not for one that is under way.
    fn discard(
        &self,
        merchant: MerchantId,
        deliveries: Vec<DeliveryId>,
        by: Discard,
    ) -> impl Future<Output = Result<Vec<Discarded>, Error>> + Send;
}
