//! The facts from which the conditions follow.

use cartage_base::clock::Doubt;
use cartage_model::id::{CartId, DeliveryId};
use cartage_model::remedy::Remedy;
use cartage_store::carts::PauseRow;
use cartage_store::outbox::{Backlog, Faults};

/// A fact that may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Certainty<T> {
    /// The fact holds, with its details.
    Yes(T),
    /// The fact does not hold.
    No,
    /// The fact is unknown just now, for example after a restart.
    #[default]
    Unknown,
}

/// The state of a cart, as far as alerts need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartFacts {
    /// The Cart ID.
    pub cart: CartId,
    /// Whether the cart is enabled.
    pub enabled: bool,
    /// The pause that holds the cart now, its own or one of several carts; `None` if it is not paused.
    pub pause: Option<PauseRow>,
    /// The numbers of waiting and of dead deliveries; `None` if there are none.
    pub backlog: Option<Backlog>,
    /// How many of the dead letters were claimed too often without an answer.
    pub poison: u64,
    /// How many of the dead letters failed because the cart did not permit the request.
    pub not_permitted: u64,
    /// The queues of orders that rest because of an error. `None` if none rests.
    pub faults: Option<Faults>,
    /// The cart's deliveries that cannot be read.
    pub unreadable: Certainty<UnreadableDeliveries>,
    /// Whether the cart's breaker is open.
    pub breaker: Certainty<()>,
    /// Why the cart cannot be made ready.
    pub not_ready: Certainty<Unready>,
    /// The clients that the cart's inlet ignores: how many, the address of one, and why. `None` if there are none.
    pub shut_out: Option<(usize, String, NotLetIn)>,
}

/// Deliveries that this release cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableDeliveries {
    /// The number of such deliveries.
    pub count: u64,
    /// The order number of one of them.
    pub order: String,
    /// The id of that delivery.
    pub delivery: DeliveryId,
}

/// The part because of which a cart cannot be made ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnreadyPart {
    /// The cart's plugin cannot run.
    Plugin,
    /// The copy of the plugin's file does not have the digest by which it is named.
    Damaged,
    /// Another part, such as the definition or a credential.
    Else,
}

/// Why a cart cannot be made ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unready {
    /// The part that is at fault.
    pub part: UnreadyPart,
    /// The error's text.
    pub why: String,
    /// What a person can do about the error; `None` if the text says it.
    pub remedy: Option<Remedy>,
}

/// The facts of one merchant at one moment.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The moment, in milliseconds since 1970-01-01T00:00:00Z.
    pub now_unix_ms: u64,
    /// The age from which on a waiting update is overdue, in milliseconds.
    pub oldest_ms: u64,
    /// The states of the merchant's carts.
    pub carts: Vec<CartFacts>,
    /// Free bytes on the disk of the data directory. `None` if unknown, or if another merchant is told of this.
    pub free_bytes: Option<u64>,
    /// How far the wall clock is off. `None` if the clock is believed, or if another merchant is told of this.
    pub clock: Option<Doubt>,
    /// The former place of a data directory that was moved. `None` if it was not moved, or if another merchant is told of this.
    pub moved: Option<String>,
}

/// Why a client's posts to a cart's inlet are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotLetIn {
    /// The client's log-ins failed too often.
    ShutOut {
        /// Why the last log-in failed.
        last: String,
    },
    /// The cart's definition has no inlet.
    NoInlet,
    /// No password is set for the inlet.
    NoPassword,
}
