//! What delivery needs to know of carts: the trait [`CartRegistry`] and its data.

use super::{Attempt, CartClient};
use cartage_contract::orders::Update;
use cartage_model::carts::{DeadLetters, DeliveryRules, Part};
use cartage_model::cassette::redact::Rules;
use cartage_model::dead_letter::Then;
use cartage_model::id::{DeliveryId, SenderOrderNumber};
use cartage_model::receipt::{Fate, PauseReason, Receipt};
use cartage_policy::schedule::{AttemptVerdict, Breaker, CartKey};
use cartage_store::carts::PauseRow;
use cartage_store::cassettes::Tape;
use cartage_store::credentials::Generation;
use cartage_store::outbox::{self, Claim};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why a cart cannot be made ready; the text comes from the implementation of [`CartRegistry`].
pub type NotReady = Box<dyn std::error::Error + Send + Sync>;

/// The carts of an installation, with what delivery may do to them.
pub trait CartRegistry: Send + Sync + 'static {
    /// Lists the state of all carts.
    fn carts(&self) -> impl Future<Output = Result<Vec<RegisteredCart>, outbox::Error>> + Send;

    /// Looks up one cart; `None` if it was removed.
    fn cart(&self, cart: &CartKey) -> impl Future<Output = Result<Option<RegisteredCart>, outbox::Error>> + Send;

    /// Makes a cart ready. This is called before every attempt, so it should be quick where nothing has changed. `None` if the cart refused its
    /// credentials: it is then left alone until something is changed, also by orders whose turn had begun.
    fn ready(&self, cart: &CartKey) -> impl Future<Output = Result<Option<Arc<Ready>>, NotReady>> + Send;

    /// Brings an update up to date: marks what the cart was told since the update was accepted, and rewrites what the plugin cannot carry.
    fn brief(
        &self,
        cart: &CartKey,
        order: &SenderOrderNumber,
        ready: &Ready,
        update: Box<Update>,
    ) -> impl Future<Output = Result<Box<Update>, outbox::Error>> + Send;

    /// Reports a finished attempt before it is settled. Says whether the attempt's fate stands, or the cart has other credentials to be tried next.
    fn tried(&self, cart: &CartKey, ready: &Ready, fate: Fate) -> impl Future<Output = NextCredentials> + Send;

    /// Prepares the records of an attempt that are to be stored.
    fn record(&self, ready: &Ready, attempt: &Attempt) -> impl Future<Output = Recorded> + Send;

    /// Pauses a cart until a person resumes it.
    fn pause(&self, cart: &CartKey, why: PauseReason) -> impl Future<Output = Result<(), outbox::Error>> + Send;

    /// Reports an event to people and counters. This must not block.
    fn note(&self, cart: &CartKey, note: &WorkerNote<'_>);
}

/// The records of an attempt that are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The receipt, without personal data.
    pub receipt: Receipt,
    /// The attempt's recording; `None` if none is kept.
    pub cassette: Option<Tape>,
}

/// The state of a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredCart {
    /// The merchant and the Cart ID.
    pub cart: CartKey,
    /// The cart's rules for concurrency, rate, retries and dead letters.
    pub rules: DeliveryRules,
    /// Whether the cart is enabled.
    pub enabled: bool,
    /// The pause that holds the cart; `None` if it is not paused.
    pub pause: Option<PauseRow>,
}

/// A cart made ready, with what delivery needs for an attempt.
pub struct Ready {
    /// The cart's plugin, connections and limits, which make the attempt.
    pub client: CartClient,
    /// The cart's rules for concurrency, rate, retries and dead letters.
    pub rules: DeliveryRules,
    /// The parts of updates that the cart is never told.
    pub leave_out: BTreeSet<Part>,
    /// Whether the plugin states that each status it sends is a full state, so that an older one need not be sent.
    pub full_state: bool,
    /// Whether the cart was made ready with the credentials in use or with the next ones.
    pub generation: Generation,
    /// The trial of credentials that nobody knows to work yet. It lasts as long as they wait, also if the cart is made ready anew meanwhile.
    pub trial: Arc<Trial>,
    /// The rules by which personal data is removed from the cart's recordings.
    pub personal: Rules,
    /// The time until which recordings keep personal data, because a person asked for that; `None` if nobody did.
    pub raw_until_unix_ms: Option<u64>,
}

/// Lets credentials that nobody knows to work be tried with one order at a time, until the cart has answered one.
#[derive(Debug, Default)]
pub struct Trial {
    under_way: AtomicBool,
    over: AtomicBool,
}

/// An order with which the credentials are being tried. Dropping the value ends the turn.
pub struct Trying<'t>(&'t Trial);

impl Trial {
    /// Whether the cart has answered an order sent with these credentials.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Begins an attempt; `None` if another one is under way.
    pub(super) fn begin(&self) -> Option<Trying<'_>> {
        let free = self.over.load(Ordering::Relaxed) || !self.under_way.swap(true, Ordering::Relaxed);
        free.then_some(Trying(self))
    }
}

impl Trying<'_> {
    /// Notes that the cart gave a meaningful answer, which ends the trial.
    pub(super) fn answered(&self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

impl Drop for Trying<'_> {
    fn drop(&mut self) {
        self.0.under_way.store(false, Ordering::Relaxed);
    }
}

/// How the cart's credentials affect an attempt's fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextCredentials {
    /// The fate of the attempt stands.
    Stand,
    /// The cart refused these credentials, and there are others: the attempt does not count and is repeated with the others.
    OthersNext,
}

/// An event that people or counters are told of.
#[derive(Debug)]
pub enum WorkerNote<'a> {
    /// An attempt is over, and its outcome is on disk.
    Attempted {
        /// The claim under which the attempt was made.
        claim: &'a Claim,
        /// The receipt and the recording of the attempt.
        attempt: &'a Attempt,
        /// What follows for the update and for the cart.
        verdict: &'a AttemptVerdict,
    },
    /// A delivery was claimed too often without an answer and became a dead letter.
    Poison {
        /// The delivery that became a dead letter.
        delivery: &'a DeliveryId,
    },
    /// A failure affected one order's queue, which now rests.
    Fault {
        /// The order's number, by which its queue is known.
        order: &'a str,
        /// The error's text, with all causes.
        fault: &'a str,
    },
    /// The cart could not be made ready, its queue could not be read, or an attempt could not begin.
    NotReady {
        /// The reason, with its causes.
        why: &'a (dyn std::error::Error + 'static),
    },
    /// The outbox could not be read or written; the operation is repeated.
    Disk {
        /// The error of the outbox.
        error: &'a outbox::Error,
    },
    /// The cart's breaker changed its state.
    Breaker(Breaker),
}

impl Ready {
    /// Whether only the newest update of an order matters to the cart.
    pub fn newest_only(&self) -> bool {
        self.rules.dead_letters == DeadLetters::LatestWins && self.full_state
    }

    /// How long an attempt without an answer may still be under way at the cart, in milliseconds.
    pub fn busy_ms(&self) -> u64 {
        self.rules.busy_ms(self.client.call_ms())
    }

    /// What happens to an order's queue when the update at its head becomes a dead letter.
    pub fn after_dead(&self) -> Then {
        self.rules.dead_letters.then(self.full_state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_tried_at_a_time_until_one_was_answered() {
        let trial = Trial::default();
        let first = trial.begin().expect("none is under way");
        assert!(trial.begin().is_none());
        drop(first);
        let second = trial.begin().expect("the first is over");
        second.answered();
        assert!(trial.begin().is_some() && trial.begin().is_some(), "they work");
    }
}
