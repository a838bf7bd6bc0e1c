//! The durable queue of deliveries: every update that was accepted and has not reached its cart yet.
//!
//! A *lane* is the queue of one order at one cart of one merchant. Its deliveries stand in the order of their sequence numbers, and only
//! its head is ever attempted. An empty lane does not exist. A lane whose head became a dead letter may be *blocked* until a person retries
//! or discards that dead letter. An implementation only stores. The scheduler decides when to attempt a delivery and what follows from an
//! answer ([`Settlement`]), so nothing here decides anything about a cart.
//! # Promised
//!
//! What [`Outbox::accept`] accepted is never lost, and leaves only with a record: the receipt of its delivery, a dead letter, or an
//! [`DeliveryEnd`] that names who ended it and why. A delivery keeps its id, which is the idempotency key, through every attempt, death and
//! retry. An update is not claimed before the one before it in its lane is settled on disk. A claim is on disk before its attempt starts,
//! so that an attempt that was cut off is known: the next one is told that it may have reached the cart, and none is claimed for the order
//! while it may be under way there. A settlement is one transaction with the receipt, the cassette, the order's row and the cart's pause.
//!
//! # The four things that every implementation in SQL must keep
//!
//! 1. A sequence number comes from the order's own row, in the transaction that accepts ([`orders::accept`](crate::orders::accept)),
//!    never from a serial, so that sequence numbers follow the order of the commits.
//! 2. Accepting and settling both write the lane's row. So "the last delivery is settled" and "a new one came" cannot miss each other, and
//!    no lane is left idle with a delivery in it.
//! 3. A settlement checks that its delivery is still the lane's head, and its claim still the last one. If several hosts share carts, it
//!    must also check that the cart is still its host's (a lease with an epoch); one host with one writer needs no lease.
//! 4. Rows are locked in one order, by lane. One writer locks nothing.
//!
//! # What it cannot know
//!
//! Whether a cart has what was sent when no answer came: the update is sent again, with the same key. Nor whether an attempt of this
//! process is under way: a caller must not claim a lane that it has in flight, and must not discard or supersede anything there.

pub mod attempts;
mod busy;
pub mod dead;
pub mod latest;
pub mod settlement;
pub mod sqlite;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

pub use attempts::Attempts;
pub use dead::{
    Count, DeadLetter, DeliveryEnd, Discard, Discarded, EndCause, EndedUpdate, Filter, FoundDelivery, MergedUpdate, Page, Queued, Retried,
    Superseded, Unreadable, Waits, died_of, with_it,
};
pub use settlement::{Counted, Settle, Settled, Settlement};
pub use sqlite::Sqlite;

pub use crate::Reach;

use crate as store;
use crate::orders::{LabelRow, OrderRef, PackageRow};
use cartage_contract::orders::Update;
use cartage_model::dead_letter::Then;
use cartage_model::id::{CartId, DeliveryId, MerchantId, SenderOrderNumber};
use cartage_model::remedy::Remedy;
use std::collections::BTreeSet;

/// The largest update that is stored, in bytes of JSON.
pub const UPDATE_BYTES_MAX: usize = 4 << 20;
/// How far ahead of its last settlement a delivery may be due: 24 hours. A delivery that seems to be due later is due at once, because the
/// clock must have jumped.
pub const DUE_AHEAD_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// The most updates of one lane that are merged at a time.
pub const SUPERSEDE_MAX: u32 = 100;
/// The most heads that one [`DueQuery`] returns, and the most rows of a page.
pub const ROWS_MAX: u32 = 1000;

/// Why an operation of the outbox failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A row holds content that this release cannot read.
    #[error(
        "could not read {what} of delivery {delivery} of merchant {merchant}; the delivery was left unchanged; use the release that wrote it"
    )]
    Content {
        /// The column whose content cannot be read.
        what: &'static str,
        /// The merchant who owns the row.
        merchant: MerchantId,
        /// The delivery that the row belongs to.
        delivery: DeliveryId,
        /// What the JSON parser found wrong with the content.
        #[source]
        source: serde_json::Error,
    },
    /// A delivery with this id exists already for the merchant.
    #[error(
        "could not accept delivery {delivery}: merchant {merchant} already has a delivery with this id; give each update an id of its own"
    )]
    Taken {
        /// The merchant who has the delivery already.
        merchant: MerchantId,
        /// The id that was used before.
        delivery: DeliveryId,
    },
}

impl Error {
    /// What a person can do; `None` where the message says it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Error::Store(error) => error.remedy(),
            Error::Content { .. } | Error::Taken { .. } => None,
        }
    }

    /// How far the error reaches: content concerns only the order's queue or the list that was asked for, a store error concerns everybody,
    /// for now or for good.
    pub fn reach(&self) -> Reach {
        match self {
            Error::Store(error) => error.reach(),
            Error::Content { .. } | Error::Taken { .. } => Reach::Content,
        }
    }
}

/// An update to accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// The merchant who owns the order.
    pub merchant: MerchantId,
    /// The order and its cart.
    pub order: OrderRef,
    /// The delivery's id, which no other delivery of the merchant may have.
    pub delivery: DeliveryId,
    /// The update to send to the cart.
    pub update: Box<Update>,
    /// The order's labels that the update carries, for the order's row.
    pub labels: Vec<LabelRow>,
    /// The packages that the update carries, for the order's row.
    pub packages: Vec<PackageRow>,
    /// When the update arrived.
    pub at_unix_ms: u64,
}

/// A query for the lane heads of one cart that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueQuery {
    /// The merchant who owns the cart.
    pub merchant: MerchantId,
    /// The cart whose lanes are searched.
    pub cart: CartId,
    /// The current time.
    pub now_unix_ms: u64,
    /// The most heads to return; never more than [`ROWS_MAX`].
    pub most: u32,
    /// The orders that have an attempt under way already. Their lanes are skipped.
    pub in_flight: BTreeSet<SenderOrderNumber>,
}

/// The lane heads of one cart that are due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// The heads, the one that has been due longest first.
    pub heads: Vec<Head>,
    /// When the next head is due that is not in `heads`; `None` if there is no other.
    pub next_unix_ms: Option<u64>,
}

/// A lane's head that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The order and its cart.
    pub order: OrderRef,
    /// Since when the head has been due.
    pub due_at_unix_ms: u64,
    /// Whether the host died or failed during an attempt of this delivery. Only one suspect is to be attempted at a time.
    pub suspect: bool,
}

/// An attempt during which the host died or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The merchant who owns the delivery.
    pub merchant: MerchantId,
    /// The delivery that was attempted.
    pub delivery: DeliveryId,
    /// The number of the attempt, from 1.
    pub attempt: u32,
}

/// A request to claim a lane's head for an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// The merchant who owns the order.
    pub merchant: MerchantId,
    /// The order and its cart.
    pub order: OrderRef,
    /// What becomes of the lane if its head turns out to be [poison](cartage_model::dead_letter::Reason::Poison).
    pub poison: Then,
    /// How long the attempt may be under way at the cart if its outcome stays unknown: 24 hours at most. Nothing else is sent for the order
    /// in that time.
    pub busy_ms: u64,
    /// The current time.
    pub at_unix_ms: u64,
}

/// A lane that is to rest after a failure in this host that reaches no further than this lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// The merchant who owns the order.
    pub merchant: MerchantId,
    /// The order and its cart.
    pub order: OrderRef,
    /// The error with all its causes, for people. The text is kept until the lane goes on.
    pub fault: String,
    /// When the lane's head is due again.
    pub until_unix_ms: u64,
}

/// The lanes of one cart that rest after a failure in this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// The cart that the lanes belong to.
    pub cart: CartId,
    /// The number of resting lanes.
    pub lanes: u64,
    /// The first of the lanes: the order's number, the lane's head, and the error.
    pub first: (String, Option<DeliveryId>, String),
}

/// The outcome of a [`ClaimRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// The claim is on disk: the attempt may start.
    Claim(Box<Claim>),
    /// The host died or failed so often during attempts of this delivery that the delivery became a dead letter instead.
    Poison {
        /// The delivery that became a dead letter.
        delivery: DeliveryId,
    },
    /// An earlier attempt may still be under way at the cart. The lane is due again at the time given.
    Busy {
        /// When the earlier attempt is certainly over.
        until_unix_ms: u64,
    },
    /// This release cannot read the head. The head stays where it is, and its lane waits.
    Unreadable {
        /// The error with all its causes.
        why: String,
    },
    /// The lane is blocked or empty.
    Nothing,
}

/// Everything that an attempt needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The merchant who owns the order.
    pub merchant: MerchantId,
    /// The order and its cart.
    pub order: OrderRef,
    /// The sequence number of the update within its order.
    pub sequence: u64,
    /// The delivery to attempt; its id is the idempotency key.
    pub delivery: DeliveryId,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// What is known of the earlier attempts.
    pub attempts: Attempts,
    /// The cart's own reference from the order's last success; `None` if there was no success or it gave no reference.
    pub known_reference: Option<String>,
    /// The update to send to the cart.
    pub update: Box<Update>,
    /// When the update was accepted.
    pub accepted_at_unix_ms: u64,
    /// When the delivery last entered the queue: the time of acceptance, or of the retry for a dead letter that was retried. The delivery's
    /// age limit counts from here.
    pub queued_at_unix_ms: u64,
    /// How many more deliveries wait in the lane behind this one.
    pub behind: u64,
    /// Until when this attempt may be under way at the cart if its outcome stays unknown.
    pub busy_until_unix_ms: u64,
}

/// The size of the queue of one cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// The merchant who owns the cart.
    pub merchant: MerchantId,
    /// The cart that the numbers are about.
    pub cart: CartId,
    /// Deliveries that wait or are under way, including those in blocked lanes.
    pub queued: u64,
    /// The number of dead letters.
    pub dead: u64,
    /// The number of lanes that are blocked until a person acts.
    pub blocked: u64,
    /// When the oldest queued delivery entered the queue; `None` if nothing is queued.
    pub oldest_queued_at_unix_ms: Option<u64>,
}

/// A durable queue. A call that takes several items is one transaction: the items are processed in the given order, each sees the effect of
/// those before it, and the results stand in the same order.
pub trait Outbox: Send + Sync {
    /// Accepts updates, all or none, each at the end of its lane, and returns their sequence numbers.
    fn accept(&self, all: Vec<New>) -> impl Future<Output = Result<Vec<u64>, Error>> + Send;

    /// Finds the heads of a cart that are due, and when the next one is due. Writes nothing.
    fn due(&self, look: DueQuery) -> impl Future<Output = Result<Due, Error>> + Send;

    /// Records that attempts at the heads of these lanes start now.
    fn claim(&self, wishes: Vec<ClaimRequest>) -> impl Future<Output = Result<Vec<Claimed>, Error>> + Send;

    /// Records the outcomes of attempts.
    fn settle(&self, all: Vec<Settle>) -> impl Future<Output = Result<Vec<Settled>, Error>> + Send;

    /// Records suspicion against deliveries. An attempt that has ended, or that was suspected before, is not counted again.
    fn suspect(&self, all: Vec<Suspect>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Lets a lane rest. A lane that is blocked or empty stays as it is.
    fn rest(&self, rest: Rest) -> impl Future<Output = Result<(), Error>> + Send;

    /// Lists a merchant's lanes that rest after a failure, by cart.
    fn faults(&self, merchant: MerchantId) -> impl Future<Output = Result<Vec<Faults>, Error>> + Send;

    /// Merges all updates of a lane into the newest, as far as [`latest::merge`] can. `None` if there was nothing to merge or the lane is
    /// blocked. Must not be called for a lane with an attempt under way.
    fn supersede(
        &self,
        merchant: MerchantId,
        order: OrderRef,
        at_unix_ms: u64,
    ) -> impl Future<Output = Result<Option<Superseded>, Error>> + Send;

    /// Counts the queue of each cart of one merchant, or of all with `None`. A cart that never had a delivery is not listed.
    fn backlogs(&self, merchant: Option<MerchantId>) -> impl Future<Output = Result<Vec<Backlog>, Error>> + Send;

    /// Lists a merchant's dead letters, the most recent first.
    fn dead(&self, merchant: MerchantId, filter: Filter, page: Page) -> impl Future<Output = Result<Vec<DeadLetter>, Error>> + Send;

    /// Counts the dead letters that match a filter, by cart and reason.
    fn dead_counts(&self, merchant: MerchantId, filter: Filter) -> impl Future<Output = Result<Vec<Count>, Error>> + Send;

    /// Lists the deliveries queued for a cart, the first to arrive first.
    fn queued(&self, merchant: MerchantId, cart: CartId, page: Page) -> impl Future<Output = Result<Vec<Queued>, Error>> + Send;

    /// Looks up one delivery, whether queued, dead or ended. A delivery that reached its cart has only receipts left; `None` then.
    fn find(&self, merchant: MerchantId, delivery: DeliveryId) -> impl Future<Output = Result<Option<FoundDelivery>, Error>> + Send;

    /// Returns dead letters to the queue. Those of one order enter it in the order's own sequence, whatever order is given.
    fn retry(
        &self,
        merchant: MerchantId,
        deliveries: Vec<DeliveryId>,
        at_unix_ms: u64,
    ) -> impl Future<Output = Result<Vec<Retried>, Error>> + Send;

    /// Ends deliveries for good, dead or waiting, and records who did it. Must not be called for a delivery with an attempt under way.
    fn discard(
        &self,
        merchant: MerchantId,
        deliveries: Vec<DeliveryId>,
        by: Discard,
    ) -> impl Future<Output = Result<Vec<Discarded>, Error>> + Send;
}
