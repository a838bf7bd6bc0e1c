//! Decides which carts are asked for orders, when, and for how many; and what follows from an attempt. The code is pure: times, random numbers and
//! events are its input, decisions its output.
//!
//! The worker's loop is this. [`Scheduler::next`] names carts and how many orders each may start. For each cart the worker reads that many due
//! *lanes* (heads of the orders' queues) from the outbox, without those in flight, and passes them to [`Scheduler::fetched`], which returns those
//! that may start. Each attempt's [`receipt::Fate`](cartage_model::receipt::Fate) becomes a [`AttemptVerdict`] by [`after()`]; once the verdict is on disk, the
//! worker calls [`Scheduler::settled`]. In between the worker sleeps until [`Scheduler::wake_at`] or an event.
//!
//! The scheduler promises: at most one update of a lane is in flight; a cart's concurrency, rate, pause and breaker hold at every moment; a cart
//! never waits for another one's answers, only for free slots, which are shared in turns, merchants first. An order that waits for its retry delays
//! no other order. The cost of a decision grows with the logarithm of the number of carts: carts without work, or with work that is not due, are not
//! visited.
//!
//! The scheduler knows of the outbox only what it was told: [`Scheduler::work`] must follow every commit that accepts, retries or unblocks an update,
//! and may be called too often. A simulation from seeds beside the tests covers all of this together, with clocks that jump and processes that die.
//!
//! An update that the process was working on when it died is a suspect. Of all carts together, one suspect is tried at a time.

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
    AttemptVerdict, CartStep, History, LOCAL_FAULT_MS, NextStep, PLUGIN_FAULTS_MAX, Policy, RATE_LIMITED_MS_FIRST, RATE_LIMITED_MS_LAST,
    RATE_LIMITED_MS_MIN, Sign, after,
};
pub use breaker::{Breaker, FAILURES_IN_A_ROW, FAILURES_OF_RESULTS, OPEN_MS_FIRST, OPEN_MS_LAST, RESULTS};
pub use cart::Pause;
pub use time::{Now, Timeline};

use cart::{Cart, Position, Proof};
use cartage_model::carts::DeliveryRules;
use cartage_model::id::{CartId, MerchantId};
use std::collections::{BTreeMap, BTreeSet};
use turns::Turns;

/// How long a cart is left alone, in milliseconds, if the outbox said that something is due and then returned nothing.
pub const EMPTY_FETCH_MS: u64 = 250;

/// The merchant and the Cart ID.
pub type CartKey = (MerchantId, CartId);

/// A cart's number within the scheduler. Numbers are not used again.
type Number = u64;

/// Decides which carts are asked for orders, when, and for how many. `L` identifies a lane among those of its cart.
#[derive(Debug)]
pub struct Scheduler<L> {
    numbers: BTreeMap<CartKey, Number>,
    carts: BTreeMap<Number, Cart<L>>,
    /// Carts for which nothing can be done before a time.
    waiting: BTreeSet<(u64, Number)>,
    /// Carts that can be asked for orders now.
    ready: Turns,
    next_number: Number,
    slots: u32,
    in_flight: u32,
    /// Slots reserved for the orders that fetches under way may return.
    reserved: u32,
    /// The suspect in flight, at most one of all carts.
    trial: Option<(Number, L)>,
    /// Carts with suspects that wait for the end of the suspect's trial.
    holding: BTreeSet<Number>,
    changes: Vec<(CartKey, Breaker)>,
}

/// A request to read the due lanes of a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch<L> {
    /// The merchant and the Cart ID.
    pub cart: CartKey,
    /// The most lanes that the cart may start now.
    pub at_most: u32,
    /// Lanes are due if their time is this or earlier. It is the present, unless the outbox holds a time that no schedule can have meant, because it
    /// was written by a wrong clock.
    pub due_by_unix_ms: u64,
    /// Lanes to leave out: those in flight, and suspects that wait.
    pub in_flight: Vec<L>,
}

/// A lane that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<L> {
    /// The lane, by its key in the outbox.
    pub lane: L,
    /// Whether the update may be what ended the process before. Of all carts together, one suspect is in flight at a time, so that if the process
    /// ends again, it is known at which one. The other suspects wait for that, and nothing waits for them.
    pub suspect: bool,
}

/// The state of a cart, for people and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartState {
    /// The pause that holds the cart.
    pub pause: Pause,
    /// Whether the cart is disabled.
    pub disabled: bool,
    /// The state of the cart's breaker.
    pub breaker: Breaker,
    /// The number of the cart's orders in flight.
    pub in_flight: usize,
}

impl<L: Ord + Clone> Scheduler<L> {
    /// A scheduler without carts. `slots` orders of all carts together may be in flight at once: enough for the whole concurrency of all carts that
    /// may hang at the same time, and for the others.
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

    /// Adds a cart, or changes its rules. A new cart is enabled, not paused, and has no work until [`Scheduler::work`] is called.
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

    /// Removes a cart. Its orders in flight must still be settled.
    pub fn remove(&mut self, key: &CartKey, now: Now) {
        self.change_by_key(key, now, |cart| cart.removed = true);
    }

    /// Notes that a cart has work, due at this time of the [`Timeline`] or of the wall clock.
    pub fn work(&mut self, key: &CartKey, due_unix_ms: u64, now: Now) {
        self.change_by_key(key, now, |cart| {
            cart.news = true;
            cart.heard_of(due_unix_ms, now);
        });
    }

    /// Pauses a cart until a time, or until a person resumes it (`None`). Of two pauses the longer one holds.
    pub fn pause(&mut self, key: &CartKey, until_unix_ms: Option<u64>, now: Now) {
        self.change_by_key(key, now, |cart| cart.pause(until_unix_ms));
    }

    /// Starts a proof of a cart's credentials, of which nobody knows whether they work: the cart is asked with one order first.
    pub fn prove(&mut self, key: &CartKey, now: Now) {
        self.change_by_key(key, now, Cart::wants_proof);
    }

    /// Ends a cart's pause. An open breaker lets its probe start at once.
    pub fn resume(&mut self, key: &CartKey, now: Now) {
        self.change_by_key(key, now, |cart| {
            cart.pause = Pause::None;
            cart.breaker.hasten(now);
        });
    }

    /// Disables a cart: none of its orders starts any more.
    pub fn disable(&mut self, key: &CartKey, now: Now) {
        self.change_by_key(key, now, |cart| cart.disabled = true);
    }

    /// Enables a cart again. A pause continues.
    pub fn enable(&mut self, key: &CartKey, now: Now) {
        self.change_by_key(key, now, |cart| cart.disabled = false);
    }

    /// The carts that may be asked for orders now, and for how many. Each must be answered by [`Scheduler::fetched`].
    pub fn next(&mut self, now: Now) -> Vec<Fetch<L>> {
        while let Some((at, number)) = self.waiting.first().copied().filter(|(at, _)| *at <= now.unix_ms()) {
            self.waiting.remove(&(at, number));
            self.carts.get_mut(&number).expect("who waits is known").position = Position::Idle;
            self.change(number, now, |_| ());
        }
        let mut order = Vec::new();
        let mut granted = BTreeMap::new();
        let mut free = self.slots.saturating_sub(self.in_flight + self.reserved);
        while free > 0 {
            let Some((number, turn)) = self.ready.take() else { break };
            let cart = self.carts.get_mut(&number).expect("who is ready is known");
            (cart.turn, cart.position) = (turn, Position::Idle);
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
                cart.position = Position::Ready;
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

    /// Ends a fetch: these lanes of the cart are due, and of the others not in flight the next is due at `next_due_unix_ms`. Returns the lanes that
    /// start now, which are in flight until [`Scheduler::settled`]. The others, if any, wait, because the cart was paused or changed meanwhile.
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

    /// Ends an attempt whose outcome is on disk. `next_due_unix_ms` is the time at which the lane's head is due now; `None` if the lane is empty or
    /// blocked. `draw` is a random number, evenly distributed. A lane that is not in flight is ignored.
    pub fn settled(&mut self, key: &CartKey, lane: &L, verdict: &AttemptVerdict, next_due_unix_ms: Option<u64>, now: Now, draw: u64) {
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
                Some(CartStep::Pause { reason, until_unix_ms }) => {
                    cart.pause(until_unix_ms);
                    if reason.wants_proof() {
                        cart.proof = Proof::Wanted;
                    }
                }
                Some(CartStep::Prove) => cart.wants_proof(),
                Some(CartStep::Rest { until_unix_ms }) => cart.pause(Some(until_unix_ms)),
                Some(CartStep::Disable) => cart.disabled = true,
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

    /// The time of the [`Timeline`] at which [`Scheduler::next`] should be called again if nothing happens before. `None` if only an event can change
    /// its answer.
    pub fn wake_at(&self) -> Option<u64> {
        let free = self.in_flight + self.reserved < self.slots;
        if free && !self.ready.is_empty() { Some(0) } else { self.waiting.first().map(|(at, _)| *at) }
    }

    /// The changes of breakers since the last call, in order. They are kept until this is called.
    pub fn take_breaker_changes(&mut self) -> Vec<(CartKey, Breaker)> {
        std::mem::take(&mut self.changes)
    }

    /// How often in a row a cart asked for fewer requests, for [`History::rate_limits`].
    pub fn rate_limits(&self, key: &CartKey) -> u32 {
        self.cart(key).map_or(0, |cart| cart.rate_limits)
    }

    /// The state of a cart. `None` if the scheduler does not know the cart.
    pub fn standing(&self, key: &CartKey, now: Now) -> Option<CartState> {
        let of = |cart: &Cart<L>| CartState {
            pause: if cart.is_paused(now) { cart.pause } else { Pause::None },
            disabled: cart.disabled,
            breaker: cart.breaker.breaker(),
            in_flight: cart.in_flight.len(),
        };
        self.cart(key).filter(|cart| !cart.removed).map(of)
    }

    /// The number of orders in flight, of all carts together.
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

    /// Changes a cart: it leaves its position, is changed, and takes its new one. All changes go through here.
    fn change(&mut self, number: Number, now: Now, change: impl FnOnce(&mut Cart<L>)) {
        let cart = self.carts.get_mut(&number).expect("its number was looked up");
        match cart.position {
            Position::Idle => {}
            Position::At(at) => _ = self.waiting.remove(&(at, number)),
            Position::Ready => self.ready.remove(&cart.key.0, cart.turn, number),
        }
        let before = cart.breaker.breaker();
        change(cart);
        if cart.breaker.breaker() != before {
            self.changes.push((cart.key.clone(), cart.breaker.breaker()));
        }
        cart.position = cart.position_now(now);
        match cart.position {
            Position::Idle => {}
            Position::At(at) => _ = self.waiting.insert((at, number)),
            Position::Ready => self.ready.insert(&cart.key.0, cart.turn, number),
        }
        if cart.removed && cart.in_flight.is_empty() && cart.fetching.is_none() {
            self.ready.left(&cart.key.0);
            self.numbers.remove(&cart.key);
            self.holding.remove(&number);
            self.carts.remove(&number);
        }
    }
}
