//! Which cart is asked for orders, when and how many; and what follows from an attempt. Pure: times, random numbers and events come in,
//! decisions go out.
//!
//! The worker's loop is this. [`Scheduler::next`] names carts and how many orders each may start. The worker reads that many due *lanes* (the
//! head of each order's queue) from the outbox, without those in flight, and says so by [`Scheduler::fetched`], which gives those that may
//! start. Each attempt's [`receipt::Fate`](crate::receipt::Fate) becomes a [`Verdict`] by [`after()`]; once the outbox has it on disk, the worker
//! says so by [`Scheduler::settled`]. In between it sleeps until [`Scheduler::wake_at`] or an event.
//!
//! Promises: of a lane one update is in flight at most; a cart's concurrency, rate, pause and breaker hold at every moment; a
//! cart never waits for another one's answers, only for free slots, and these go round, merchants first. An order that waits for its retry delays no
//! other order. A decision costs the logarithm of the number of carts, not the number: carts without work, or with work that is
//! not due, are not looked at.
//!
//! It cannot know what is in the outbox, only what it was told: [`Scheduler::work`] must follow every commit that puts something into a lane, be
//! it accepted, retried or unblocked, and may come too often. A simulation from seeds beside the tests shows all of it together, with
//! clocks that jump and processes that die.
//!
//! An update at which the process was at work when it died is a suspect. One suspect is tried at a time, of all carts together.

mod after;
mod breaker;
mod cart;
mod rate;
mod time;
mod turns;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use after::{
    Follows, ForCart, History, LOCAL_FAULT_MS, PLUGIN_FAULTS_MAX, Policy, RATE_LIMITED_MS_FIRST, RATE_LIMITED_MS_LAST, RATE_LIMITED_MS_MIN,
    Sign, Verdict, after,
};
pub use breaker::{Breaker, FAILURES_IN_A_ROW, FAILURES_OF_RESULTS, OPEN_MS_FIRST, OPEN_MS_LAST, RESULTS};
pub use cart::Pause;
pub use time::{Now, Timeline};

use crate::carts::DeliveryRules;
use crate::id::{CartId, MerchantId};
use cart::{Cart, Place, Proof};
use std::collections::{BTreeMap, BTreeSet};
use turns::Turns;

/// How long a cart is left alone after the outbox said that something is due and gave nothing.
pub const EMPTY_FETCH_MS: u64 = 250;

/// A cart of a merchant.
pub type CartKey = (MerchantId, CartId);

/// A cart within the scheduler, never used twice.
type Number = u64;

/// Decides which cart is asked for orders, when and how many. `L` names a lane among those of its cart.
#[derive(Debug)]
pub struct Scheduler<L> {
    numbers: BTreeMap<CartKey, Number>,
    carts: BTreeMap<Number, Cart<L>>,
    /// Carts for which nothing can be done before a time.
    waiting: BTreeSet<(u64, Number)>,
    /// Carts that can be asked now.
    ready: Turns,
    next_number: Number,
    slots: u32,
    in_flight: u32,
    /// Slots kept for what fetches under way may bring.
    reserved: u32,
    /// The suspect in flight.
    trial: Option<(Number, L)>,
    /// Carts with suspects that wait for the end of the trial.
    holding: BTreeSet<Number>,
    changes: Vec<(CartKey, Breaker)>,
}

/// A cart that may be asked for orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch<L> {
    /// The cart.
    pub cart: CartKey,
    /// How many lanes, at most.
    pub at_most: u32,
    /// Lanes are due that have this time or an earlier one. It is the present, except where the outbox has a time that no schedule can have
    /// meant: that was written by a clock which was wrong.
    pub due_by_unix_ms: u64,
    /// Lanes to leave out: those in flight, and suspects that wait.
    pub in_flight: Vec<L>,
}

/// A lane that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<L> {
    /// The lane, by the outbox's own key.
    pub lane: L,
    /// Whether its update may be what ended the process before. Of those one is in flight at a time, of all carts together: should the process
    /// end again, it is known of which. The others wait for that, and nobody waits for them.
    pub suspect: bool,
}

/// How a cart stands, for people and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether it is paused.
    pub pause: Pause,
    /// Whether it is disabled.
    pub disabled: bool,
    /// Its breaker.
    pub breaker: Breaker,
    /// Orders in flight.
    pub in_flight: usize,
}

impl<L: Ord + Clone> Scheduler<L> {
    /// A scheduler without carts. `slots` orders may be in flight at once, of all carts together: enough for every cart that may hang at
    /// the same time, with its whole concurrency, and for the others besides.
    pub fn new(slots: u32) -> Scheduler<L> {
        Scheduler {
            numbers: BTreeMap::new(),
            carts: BTreeMap::new(),
            waiting: BTreeSet::new(),
            ready: Turns::default(),
            next_number: 0,
            slots: slots.max(1),
            in_flight: 0,
            reserved: 0,
            trial: None,
            holding: BTreeSet::new(),
            changes: Vec::new(),
        }
    }

    /// Takes a cart in, or its changed rules. A new one is enabled, not paused, and has no work until [`Scheduler::work`] says so.
    pub fn set(&mut self, key: &CartKey, rules: &DeliveryRules, now: Now) {
        let number = self.numbers.get(key).copied().unwrap_or_else(|| {
            let number = self.next_number;
            self.next_number += 1;
            self.numbers.insert(key.clone(), number);
            self.carts.insert(number, Cart::new(key.clone()));
            self.ready.joined(&key.0);
            number
        });
        self.change(number, now, |cart| {
            cart.removed = false;
            cart.concurrency = rules.concurrency();
            cart.pace.set(rules.rate, now.unix_ms());
        });
    }

    /// Lets a cart go. What is in flight is still to be settled.
    pub fn remove(&mut self, key: &CartKey, now: Now) {
        self.change_by_key(key, now, |cart| cart.removed = true);
    }

    /// A cart has work, due at this time of the [`Timeline`] or of the wall clock.
    pub fn work(&mut self, key: &CartKey, due_unix_ms: u64, now: Now) {
        self.change_by_key(key, now, |cart| {
            cart.news = true;
            cart.heard_of(due_unix_ms, now);
        });
    }

    /// Pauses a cart until a time, or until a person resumes it. Of two pauses the longer one holds.
    pub fn pause(&mut self, key: &CartKey, until_unix_ms: Option<u64>, now: Now) {
        self.change_by_key(key, now, |cart| cart.pause(until_unix_ms));
    }

    /// Nobody knows whether a cart takes the credentials that are used from now on: it is asked with one order first.
    pub fn prove(&mut self, key: &CartKey, now: Now) {
        self.change_by_key(key, now, Cart::wants_proof);
    }

    /// Ends a cart's pause. An open breaker lets its probe go at once.
    pub fn resume(&mut self, key: &CartKey, now: Now) {
        self.change_by_key(key, now, |cart| {
            cart.pause = Pause::None;
            cart.breaker.hasten(now);
        });
    }

    /// Disables a cart.
    pub fn disable(&mut self, key: &CartKey, now: Now) {
        self.change_by_key(key, now, |cart| cart.disabled = true);
    }

    /// Enables it again. A pause holds on.
    pub fn enable(&mut self, key: &CartKey, now: Now) {
        self.change_by_key(key, now, |cart| cart.disabled = false);
    }

    /// The carts that may be asked for orders now, and how many each. Every one must be answered by [`Scheduler::fetched`].
    pub fn next(&mut self, now: Now) -> Vec<Fetch<L>> {
        while let Some((at, number)) = self.waiting.first().copied().filter(|(at, _)| *at <= now.unix_ms()) {
            self.waiting.remove(&(at, number));
            self.carts.get_mut(&number).expect("who waits is known").place = Place::Idle;
            self.change(number, now, |_| ());
        }
        let mut order = Vec::new();
        let mut granted = BTreeMap::new();
        let mut free = self.slots.saturating_sub(self.in_flight + self.reserved);
        while free > 0 {
            let Some((number, turn)) = self.ready.take() else { break };
            let cart = self.carts.get_mut(&number).expect("who is ready is known");
            (cart.turn, cart.place) = (turn, Place::Idle);
            let room = cart.room(now);
            if room == 0 {
                self.change(number, now, |_| ());
                continue;
            }
            let so_far = granted.entry(number).or_insert_with(|| {
                order.push(number);
                0_u32
            });
            (*so_far, free) = (*so_far + 1, free - 1);
            if *so_far < room {
                cart.place = Place::Ready;
                self.ready.insert(&cart.key.0, turn, number);
            }
        }
        let mut fetches = Vec::with_capacity(order.len());
        for number in order {
            let at_most = granted[&number];
            self.reserved += at_most;
            self.change(number, now, |cart| fetches.push(cart.fetch(at_most, now)));
        }
        fetches
    }

    /// A fetch is over: these lanes of the cart are due, and beyond them and those in flight the next is due at `next_due_unix_ms`. Gives
    /// those that start now; they are in flight until [`Scheduler::settled`]. The others, if any, stay where they are, since the cart was
    /// paused or changed meanwhile.
    pub fn fetched(&mut self, key: &CartKey, lanes: Vec<Candidate<L>>, next_due_unix_ms: Option<u64>, now: Now) -> Vec<L> {
        let mut started = Vec::new();
        let mut granted = 0;
        let (mut trial, mut holds) = (self.trial.as_ref().map(|(_, lane)| lane.clone()), false);
        let had_trial = trial.is_some();
        self.change_by_key(key, now, |cart| {
            let Some(at_most) = cart.fetching.take() else { return };
            granted = at_most;
            let found = !lanes.is_empty();
            for Candidate { lane, suspect } in lanes {
                if cart.in_flight.contains_key(&lane) {
                    continue;
                }
                if suspect && trial.is_some() {
                    holds = true;
                    cart.held.insert(lane);
                    continue;
                }
                if started.len() >= at_most as usize || cart.room(now) == 0 {
                    cart.heard_of(now.unix_ms(), now);
                    break;
                }
                cart.start(lane.clone(), now);
                if suspect {
                    trial = Some(lane.clone());
                }
                started.push(lane);
            }
            if let Some(due) = next_due_unix_ms {
                // An outbox that contradicts itself is asked again, but not in a busy loop.
                cart.heard_of(if found { due } else { due.max(now.plus(EMPTY_FETCH_MS)) }, now);
            }
        });
        self.reserved -= granted;
        let number = self.numbers.get(key).copied();
        if let (false, Some(number), Some(lane)) = (had_trial, number, trial) {
            self.trial = Some((number, lane));
        }
        self.holding.extend(number.filter(|_| holds));
        self.in_flight += u32::try_from(started.len()).expect("they are no more than were granted");
        started
    }

    /// An attempt is over and its outcome on disk. `next_due_unix_ms`: when the lane's head is due now, if it has one that is not blocked.
    /// `draw` is any number, evenly drawn. A lane that is not in flight is passed over.
    pub fn settled(&mut self, key: &CartKey, lane: &L, verdict: &Verdict, next_due_unix_ms: Option<u64>, now: Now, draw: u64) {
        let mut was_in_flight = false;
        let is_trial = self.trial.as_ref().is_some_and(|(number, tried)| tried == lane && self.numbers.get(key) == Some(number));
        self.change_by_key(key, now, |cart| {
            let Some(flight) = cart.in_flight.remove(lane) else { return };
            was_in_flight = true;
            cart.breaker.settle(flight.round, verdict.sign, now, draw);
            // What was started before the cart asked for a rest says nothing about the rest.
            match verdict.sign {
                Sign::RateLimited if !cart.is_paused(now) => cart.rate_limits = cart.rate_limits.saturating_add(1),
                Sign::Answered if !cart.is_paused(now) => cart.rate_limits = 0,
                Sign::Answered | Sign::RateLimited | Sign::Failed | Sign::Nothing => {}
            }
            cart.proves(lane, verdict.sign == Sign::Answered);
            match verdict.cart {
                Some(ForCart::Pause { reason, until_unix_ms }) => {
                    cart.pause(until_unix_ms);
                    if reason.wants_proof() {
                        cart.proof = Proof::Wanted;
                    }
                }
                Some(ForCart::Prove) => cart.wants_proof(),
                Some(ForCart::Rest { until_unix_ms }) => cart.pause(Some(until_unix_ms)),
                Some(ForCart::Disable) => cart.disabled = true,
                None => {}
            }
            if let Some(due) = next_due_unix_ms.or(flight.left_out.then(|| now.unix_ms())) {
                cart.heard_of(due, now);
            }
        });
        self.in_flight -= u32::from(was_in_flight);
        if is_trial {
            self.trial = None;
            for number in std::mem::take(&mut self.holding) {
                self.change(number, now, |cart| {
                    cart.held.clear();
                    cart.heard_of(now.unix_ms(), now);
                });
            }
        }
    }

    /// When [`Scheduler::next`] has something to say again if nothing happens before: a time of the [`Timeline`]. None: only after an event.
    pub fn wake_at(&self) -> Option<u64> {
        let free = self.in_flight + self.reserved < self.slots;
        if free && !self.ready.is_empty() { Some(0) } else { self.waiting.first().map(|(at, _)| *at) }
    }

    /// What became of breakers since this was last asked, in order: each change of a cart's breaker. They are kept until asked for.
    pub fn take_breaker_changes(&mut self) -> Vec<(CartKey, Breaker)> {
        std::mem::take(&mut self.changes)
    }

    /// How often in a row a cart asked for fewer requests: for [`History::rate_limits`].
    pub fn rate_limits(&self, key: &CartKey) -> u32 {
        self.cart(key).map_or(0, |cart| cart.rate_limits)
    }

    /// How a cart stands. None: it is not known here.
    pub fn standing(&self, key: &CartKey, now: Now) -> Option<Standing> {
        let of = |cart: &Cart<L>| Standing {
            pause: if cart.is_paused(now) { cart.pause } else { Pause::None },
            disabled: cart.disabled,
            breaker: cart.breaker.breaker(),
            in_flight: cart.in_flight.len(),
        };
        self.cart(key).filter(|cart| !cart.removed).map(of)
    }

    /// Orders in flight, of all carts together.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    fn cart(&self, key: &CartKey) -> Option<&Cart<L>> {
        self.numbers.get(key).and_then(|number| self.carts.get(number))
    }

    fn change_by_key(&mut self, key: &CartKey, now: Now, change: impl FnOnce(&mut Cart<L>)) {
        if let Some(number) = self.numbers.get(key).copied() {
            self.change(number, now, change);
        }
    }

    /// The one way in which a cart changes: it leaves its place, changes, and takes the place that is now its own.
    fn change(&mut self, number: Number, now: Now, change: impl FnOnce(&mut Cart<L>)) {
        let cart = self.carts.get_mut(&number).expect("its number was looked up");
        match cart.place {
            Place::Idle => {}
            Place::At(at) => _ = self.waiting.remove(&(at, number)),
            Place::Ready => self.ready.remove(&cart.key.0, cart.turn, number),
        }
        let before = cart.breaker.breaker();
        change(cart);
        if cart.breaker.breaker() != before {
            self.changes.push((cart.key.clone(), cart.breaker.breaker()));
        }
        cart.place = cart.place_now(now);
        match cart.place {
            Place::Idle => {}
            Place::At(at) => _ = self.waiting.insert((at, number)),
            Place::Ready => self.ready.insert(&cart.key.0, cart.turn, number),
        }
        if cart.removed && cart.in_flight.is_empty() && cart.fetching.is_none() {
            self.ready.left(&cart.key.0);
            self.numbers.remove(&cart.key);
            self.holding.remove(&number);
            self.carts.remove(&number);
        }
    }
}
