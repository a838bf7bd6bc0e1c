//! The state of one cart in the scheduler.

use super::breaker;
use super::rate::Pace;
use super::time::Now;
use super::{CartKey, Fetch};
use cartage_model::carts::delivery::WAIT_MS_MAX;
use std::collections::{BTreeMap, BTreeSet};

/// The state of one cart in the scheduler.
#[derive(Debug)]
pub(super) struct Cart<L> {
    pub(super) key: CartKey,
    pub(super) concurrency: u32,
    pub(super) pace: Pace,
    pub(super) breaker: breaker::State,
    pub(super) pause: Pause,
    pub(super) proof: Proof<L>,
    pub(super) disabled: bool,
    /// Whether the cart was removed. It is forgotten when none of its orders is in flight.
    pub(super) removed: bool,
    /// How often in a row the cart asked for fewer requests.
    pub(super) rate_limits: u32,
    /// The lanes in flight, with their attempts.
    pub(super) in_flight: BTreeMap<L, Flight>,
    /// The lanes of suspects that wait until no other suspect is in flight.
    pub(super) held: BTreeSet<L>,
    /// The most lanes that the fetch under way may return; `None` if no fetch is under way.
    pub(super) fetching: Option<u32>,
    pub(super) work: Option<Work>,
    /// Whether new work was reported since the last fetch.
    pub(super) news: bool,
    pub(super) position: Position,
    /// The number of the cart's last turn.
    pub(super) turn: u64,
}

/// An attempt under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flight {
    /// The breaker's round when the attempt started.
    pub(super) round: u64,
    /// Whether a fetch that looked for new work left this lane out. The new work may be this lane's, accepted between the outbox's commit of the
    /// attempt's end and the report of that end: then nobody else knows of it.
    pub(super) left_out: bool,
}

/// Whether orders may start, as far as people and the cart's own wishes decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// Orders may start.
    None,
    /// No order starts before this time of the [`Timeline`](super::Timeline).
    Until(u64),
    /// No order starts before a person resumes the cart.
    ByHand,
}

/// Whether the cart is known to accept the credentials in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof<L> {
    /// The cart accepts them, or nobody doubts it.
    Given,
    /// The next order is to prove it.
    Wanted,
    /// This lane's order, in flight, is to prove it.
    UnderWay(L),
}

/// The next work that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Work {
    /// The time from which on the outbox may be asked for the work.
    at: u64,
    /// The due time in the outbox. It is later than `at` if no schedule can have meant that time.
    due: u64,
}

/// The position of a cart between two decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// An event must happen before anything can be done.
    Idle,
    /// Nothing can be done before this time.
    At(u64),
    /// The cart can be asked for work.
    Ready,
}

impl Work {
    fn new(due: u64, now: Now) -> Work {
        let impossible = due > now.plus(WAIT_MS_MAX);
        Work { at: if impossible { now.unix_ms() } else { due }, due }
    }
}

impl<L: Ord + Clone> Cart<L> {
    pub(super) fn new(key: CartKey) -> Cart<L> {
        Cart {
            key,
            concurrency: 1,
            pace: Pace::default(),
            breaker: breaker::State::new(),
            pause: Pause::None,
            proof: Proof::Given,
            disabled: false,
            removed: false,
            rate_limits: 0,
            in_flight: BTreeMap::new(),
            held: BTreeSet::new(),
            fetching: None,
            work: None,
            news: false,
            position: Position::Idle,
            turn: 0,
        }
    }

    /// Notes that there is work, due at this time.
    pub(super) fn heard_of(&mut self, due: u64, now: Now) {
        let new = Work::new(due, now);
        let one = |old: Work| match old.at.cmp(&new.at) {
            std::cmp::Ordering::Less => old,
            std::cmp::Ordering::Equal => Work { at: old.at, due: old.due.max(new.due) },
            std::cmp::Ordering::Greater => new,
        };
        self.work = Some(self.work.map_or(new, one));
    }

    /// Pauses the cart; of two pauses the longer one holds.
    pub(super) fn pause(&mut self, until: Option<u64>) {
        self.pause = match (self.pause, until) {
            (Pause::ByHand, _) | (_, None) => Pause::ByHand,
            (Pause::Until(one), Some(other)) => Pause::Until(one.max(other)),
            (Pause::None, Some(until)) => Pause::Until(until),
        };
    }

    /// Demands a proof of the cart's credentials by one order, unless an order is proving them already.
    pub(super) fn wants_proof(&mut self) {
        if self.proof == Proof::Given {
            self.proof = Proof::Wanted;
        }
    }

    /// Ends an attempt of this lane. If the lane was to prove the credentials, an answer proves them; otherwise the next order is to do it.
    pub(super) fn proves(&mut self, lane: &L, answered: bool) {
        if matches!(&self.proof, Proof::UnderWay(proving) if proving == lane) {
            self.proof = if answered { Proof::Given } else { Proof::Wanted };
        }
    }

    pub(super) fn is_paused(&self, now: Now) -> bool {
        match self.pause {
            Pause::None => false,
            Pause::Until(until) => until > now.unix_ms(),
            Pause::ByHand => true,
        }
    }

    /// How many orders may be started now, whether there is work or not.
    pub(super) fn room(&self, now: Now) -> u32 {
        let held = self.disabled || self.removed || self.is_paused(now);
        let to_prove = match self.proof {
            Proof::Given => u32::MAX,
            Proof::Wanted => 1,
            Proof::UnderWay(_) => 0,
        };
        if held || self.pace.earliest_ms() > now.unix_ms() || self.breaker.earliest_ms() > now.unix_ms() {
            return 0;
        }
        let in_flight = u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX);
        self.concurrency.saturating_sub(in_flight).min(self.pace.together()).min(self.breaker.together()).min(to_prove)
    }

    /// The position that the cart takes now.
    pub(super) fn position_now(&self, now: Now) -> Position {
        let Some(work) = self.work else { return Position::Idle };
        let paused_until = match self.pause {
            Pause::None => 0,
            Pause::Until(until) => until,
            Pause::ByHand => return Position::Idle,
        };
        let full = self.in_flight.len() >= usize::try_from(self.concurrency).unwrap_or(usize::MAX);
        if self.disabled
            || self.removed
            || self.fetching.is_some()
            || full
            || self.breaker.together() == 0
            || matches!(self.proof, Proof::UnderWay(_))
        {
            return Position::Idle;
        }
        match work.at.max(paused_until).max(self.pace.earliest_ms()).max(self.breaker.earliest_ms()) {
            at if at > now.unix_ms() => Position::At(at),
            _ => Position::Ready,
        }
    }

    /// Begins a fetch of at most so many lanes.
    pub(super) fn fetch(&mut self, at_most: u32, now: Now) -> Fetch<L> {
        self.fetching = Some(at_most);
        if std::mem::take(&mut self.news) {
            self.in_flight.values_mut().for_each(|flight| flight.left_out = true);
        }
        let due = self.work.take().map_or(0, |work| work.due);
        Fetch {
            cart: self.key.clone(),
            at_most,
            due_by_unix_ms: due.max(now.unix_ms()),
            in_flight: self.in_flight.keys().chain(&self.held).cloned().collect(),
        }
    }

    /// Starts the order at the head of a lane.
    pub(super) fn start(&mut self, lane: L, now: Now) {
        self.pace.start(now.unix_ms());
        let round = self.breaker.start();
        if self.proof == Proof::Wanted {
            self.proof = Proof::UnderWay(lane.clone());
        }
        self.in_flight.insert(lane, Flight { round, left_out: false });
    }
}
