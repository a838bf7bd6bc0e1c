//! What delivering needs to know of carts, from whoever keeps them.

use super::schedule::{Breaker, CartKey, Verdict};
use super::{Attempt, Courier};
use crate::carts::{DeadLetters, DeliveryRules, Part};
use crate::cassette::redact::Rules;
use crate::id::{DeliveryId, SenderOrderNumber};
use crate::outbox::{self, Claim, Then};
use crate::receipt::{Fate, PauseReason, Receipt};
use crate::store::carts::Pause;
use crate::store::cassettes::Tape;
use cartage_contract::orders::Update;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why a cart cannot be made ready, in the words of whoever tried.
pub type NotReady = Box<dyn std::error::Error + Send + Sync>;

/// Keeps the carts.
pub trait Roster: Send + Sync + 'static {
    /// Every cart there is.
    fn carts(&self) -> impl Future<Output = Result<Vec<Standing>, outbox::Error>> + Send;

    /// One of them. None: it is gone.
    fn cart(&self, cart: &CartKey) -> impl Future<Output = Result<Option<Standing>, outbox::Error>> + Send;

    /// A cart made ready. Asked before every attempt, so it should be quick where nothing has changed. None: it refused its credentials, and is
    /// left alone until something is changed, also by those whose turn had begun.
    fn ready(&self, cart: &CartKey) -> impl Future<Output = Result<Option<Arc<Ready>>, NotReady>> + Send;

    /// An update as it stands now: what of it the cart was told since it was accepted is marked, and what its plugin cannot carry is told otherwise.
    fn brief(
        &self,
        cart: &CartKey,
        order: &SenderOrderNumber,
        ready: &Ready,
        update: Box<Update>,
    ) -> impl Future<Output = Result<Box<Update>, outbox::Error>> + Send;

    /// An attempt is over and about to be settled. Whether its fate stands, or the cart has other credentials that are to be tried next.
    fn tried(&self, cart: &CartKey, ready: &Ready, fate: Fate) -> impl Future<Output = Credentials> + Send;

    /// What is kept of an attempt.
    fn record(&self, ready: &Ready, attempt: &Attempt) -> impl Future<Output = Recorded> + Send;

    /// Pauses a cart until somebody resumes it.
    fn pause(&self, cart: &CartKey, why: PauseReason) -> impl Future<Output = Result<(), outbox::Error>> + Send;

    /// Something happened that people or counters should hear of. It must not wait.
    fn note(&self, cart: &CartKey, note: &Note<'_>);
}

/// What is kept of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its receipt, without personal data.
    pub receipt: Receipt,
    /// Its recording. `None`: none is kept.
    pub cassette: Option<Tape>,
}

/// How a cart stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub cart: CartKey,
    /// How updates are taken to it.
    pub rules: DeliveryRules,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether it is paused.
    pub pause: Option<Pause>,
}

/// A cart made ready.
pub struct Ready {
    /// Takes updates there.
    pub courier: Courier,
    /// How.
    pub rules: DeliveryRules,
    /// What they leave out.
    pub leave_out: BTreeSet<Part>,
    /// Whether each status is a full state, as its plugin says.
    pub full_state: bool,
    /// Which of its credentials it was made ready with.
    pub turn: Turn,
    /// For those that wait until they worked: one for as long as they wait, also where the cart is made ready anew meanwhile.
    pub trial: Arc<Trial>,
    /// What is taken out of its recordings.
    pub personal: Rules,
    /// Until when nothing is, because a person said so.
    pub raw_until_unix_ms: Option<u64>,
}

/// Which credentials a cart was made ready with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Those in use.
    Current,
    /// Those that wait until they worked.
    Next,
}

/// Lets credentials of which nobody knows whether they work be tried with one order at a time, until the cart answered one.
#[derive(Debug, Default)]
pub struct Trial {
    under_way: AtomicBool,
    over: AtomicBool,
}

/// An order that is tried with them.
pub struct Trying<'t>(&'t Trial);

impl Trial {
    /// Whether the cart answered one of them.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Begins an attempt. None: another is under way.
    pub(super) fn begin(&self) -> Option<Trying<'_>> {
        let free = self.over.load(Ordering::Relaxed) || !self.under_way.swap(true, Ordering::Relaxed);
        free.then_some(Trying(self))
    }
}

impl Trying<'_> {
    /// The cart answered with sense.
    pub(super) fn answered(&self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

impl Drop for Trying<'_> {
    fn drop(&mut self) {
        self.0.under_way.store(false, Ordering::Relaxed);
    }
}

/// What the credentials make of an attempt's fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// It stands.
    Stand,
    /// They were refused, and there are others: the attempt counts as nothing and is made again with those.
    OthersNext,
}

/// What people or counters should hear of.
#[derive(Debug)]
pub enum Note<'a> {
    /// An attempt is over, and what came of it is on disk.
    Attempted {
        /// What was tried.
        claim: &'a Claim,
        /// What came of it.
        attempt: &'a Attempt,
        /// What follows.
        verdict: &'a Verdict,
    },
    /// A delivery was claimed too often without an answer and became a dead letter.
    Poison {
        /// Which.
        delivery: &'a DeliveryId,
    },
    /// Something failed at an order's queue, which rests for that.
    Fault {
        /// The order.
        order: &'a str,
        /// What failed, with all causes.
        fault: &'a str,
    },
    /// The cart cannot be made ready.
    NotReady {
        /// Why not.
        why: &'a (dyn std::error::Error + 'static),
    },
    /// The outbox could not be written or read; it is tried again.
    Disk {
        /// Why not.
        error: &'a outbox::Error,
    },
    /// The cart's breaker opened, lets one order through to see, or closed.
    Breaker(Breaker),
}

impl Ready {
    /// Whether only the newest update of an order matters.
    pub fn newest_only(&self) -> bool {
        self.rules.dead_letters == DeadLetters::LatestWins && self.full_state
    }

    /// How long an attempt may be under way at the cart, if no answer came, in milliseconds.
    pub fn busy_ms(&self) -> u64 {
        self.rules.busy_ms(self.courier.call_ms())
    }

    /// What becomes of an order whose head is dead.
    pub fn after_dead(&self) -> Then {
        match self.rules.dead_letters {
            DeadLetters::Skip => Then::Go,
            DeadLetters::LatestWins if self.full_state => Then::Go,
            DeadLetters::LatestWins | DeadLetters::Block => Then::Block,
        }
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
