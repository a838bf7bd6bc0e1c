//! A simulated cart: its behaviour, its part of the outbox, and what is known of it without asking the scheduler.

use super::dice::Dice;
use super::{HOUR, MINUTE, SECOND};
use crate::schedule::{Breaker, Candidate, CartKey, FAILURES_IN_A_ROW, FAILURES_OF_RESULTS, RESULTS, Sign};
use cartage_contract::delivery::FailureKind;
use cartage_model::carts::DeliveryRules;
use cartage_model::dead_letter::Reason;
use cartage_model::receipt::{Fate, PauseReason};
use std::collections::{BTreeMap, VecDeque};

/// The behaviour of a cart until it is healed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Healthy,
    /// Answers only when the call's deadline has passed.
    Hanging,
    /// Fails at once.
    Failing,
    /// Asks for fewer requests, sometimes with a time.
    Limiting,
    /// Works for half a minute, and fails for half a minute, in turns.
    Flapping,
    /// Refuses some orders, in different ways; its plugin traps now and then.
    Picky,
    /// Refuses its credentials now and then, and sometimes answers that it no longer exists.
    Locked,
}

impl Kind {
    pub(super) const ALL: [Kind; 7] =
        [Kind::Healthy, Kind::Hanging, Kind::Failing, Kind::Limiting, Kind::Flapping, Kind::Picky, Kind::Locked];

    /// The duration and the result of an attempt that starts now.
    pub(super) fn answer(self, real: u64, dice: &mut Dice) -> (u64, Fate) {
        let failed = Fate::Retry { floor_ms: None };
        let quick = dice.of(20..200);
        match self {
            Kind::Hanging => (MINUTE, failed),
            Kind::Failing => (quick, failed),
            Kind::Flapping if real / (30 * SECOND) % 2 == 1 => (quick, Fate::Retry { floor_ms: dice.percent(20).then_some(40 * SECOND) }),
            Kind::Limiting if dice.percent(40) => {
                let for_ms = dice.percent(50).then(|| dice.of(0..2 * MINUTE));
                (quick, Fate::PauseCart { reason: PauseReason::RateLimited, for_ms })
            }
            Kind::Picky => match dice.of(0..10) {
                0 => (quick, Fate::DeadLetter { kind: FailureKind::InvalidData }),
                1 => (quick, Fate::Gap { kind: FailureKind::StatusNotSupported }),
                2 | 3 => (quick, Fate::PluginFault),
                4 => (quick, failed),
                5 => (quick, Fate::AlreadyDelivered),
                _ => (quick, Fate::Delivered),
            },
            Kind::Locked if dice.percent(20) => (quick, Fate::PauseCart { reason: PauseReason::Credentials, for_ms: None }),
            Kind::Locked if dice.percent(5) => (quick, Fate::DisableCart),
            Kind::Healthy | Kind::Flapping | Kind::Limiting | Kind::Locked => (quick, Fate::Delivered),
        }
    }
}

/// An update in the outbox.
#[derive(Debug, Clone, Copy)]
pub(super) struct Update {
    pub(super) sequence: u64,
    pub(super) accepted: u64,
    pub(super) due: u64,
    pub(super) attempts: u32,
    pub(super) plugin_faults: u32,
    /// Whether a process died while it was working on the update.
    pub(super) suspect: bool,
}

/// How an update ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Delivered,
    Dead(Reason),
}

/// The queue of one order.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) queue: VecDeque<Update>,
    pub(super) blocked: bool,
    pub(super) ends: Vec<End>,
    accepted: u64,
}

impl Lane {
    pub(super) fn accept(&mut self, real: u64, due: u64) {
        self.accepted += 1;
        self.queue.push_back(Update { sequence: self.accepted, accepted: real, due, attempts: 0, plugin_faults: 0, suspect: false });
    }

    /// The time at which the queue's head is due.
    pub(super) fn due(&self) -> Option<u64> {
        self.queue.front().filter(|_| !self.blocked).map(|head| head.due)
    }

    /// Removes the head, so that the next update is due.
    pub(super) fn end(&mut self, end: End, now: u64) {
        self.queue.pop_front().expect("it had a head");
        self.ends.push(end);
        if let Some(head) = self.queue.front_mut() {
            head.due = now;
        }
    }

    pub(super) fn all_ended(&self) -> bool {
        self.queue.is_empty() && self.ends.len() as u64 == self.accepted
    }
}

/// A simulated cart with its orders.
#[derive(Debug)]
pub(super) struct Shop {
    pub(super) key: CartKey,
    pub(super) rules: DeliveryRules,
    pub(super) kind: Kind,
    pub(super) heals_at: u64,
    pub(super) dice: Dice,
    pub(super) lanes: BTreeMap<u32, Lane>,
    pub(super) removed: bool,
    pub(super) by_hand: bool,
    pub(super) disabled: bool,
    pub(super) rests_until: u64,
    /// The lanes in flight, each with the breaker's round at its start.
    pub(super) in_flight: BTreeMap<u32, u64>,
    pub(super) last_start: Option<u64>,
    pub(super) watch: Watch,
}

/// A second implementation of the breaker, to compare with.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) breaker: Breaker,
    pub(super) round: u64,
    results: VecDeque<bool>,
}

impl Watch {
    pub(super) fn new() -> Watch {
        Watch { breaker: Breaker::Closed, round: 0, results: VecDeque::new() }
    }

    pub(super) fn changed(&mut self, to: Breaker) {
        *self = Watch { breaker: to, round: self.round + 1, results: VecDeque::new() };
    }

    /// Notes the end of an attempt, and returns whether the breaker must open.
    pub(super) fn settled(&mut self, round: u64, sign: Sign) -> bool {
        let failed = match sign {
            Sign::Failed => true,
            Sign::Answered => false,
            Sign::RateLimited | Sign::Nothing => return self.breaker == Breaker::HalfOpen && round == self.round,
        };
        if round != self.round {
            return false;
        }
        if self.breaker == Breaker::HalfOpen {
            return failed;
        }
        self.results.push_front(failed);
        self.results.truncate(RESULTS as usize);
        let in_a_row = self.results.iter().take_while(|failed| **failed).count();
        let failures = self.results.iter().filter(|failed| **failed).count();
        let full = self.results.len() == RESULTS as usize;
        failed && (in_a_row >= FAILURES_IN_A_ROW as usize || full && failures >= FAILURES_OF_RESULTS as usize)
    }
}

impl Shop {
    pub(super) fn new(key: CartKey, rules: DeliveryRules, kind: Kind, heals_at: u64, dice: Dice) -> Shop {
        Shop {
            key,
            rules,
            kind,
            heals_at,
            dice,
            lanes: BTreeMap::new(),
            removed: false,
            by_hand: false,
            disabled: false,
            rests_until: 0,
            in_flight: BTreeMap::new(),
            last_start: None,
            watch: Watch::new(),
        }
    }

    /// The lanes that are due, at most so many, and the time when the next one is.
    pub(super) fn look(&self, at_most: u32, due_by: u64, leave_out: &[u32]) -> (Vec<Candidate<u32>>, Option<u64>) {
        let heads = self.lanes.iter().filter(|(lane, _)| !leave_out.contains(lane));
        let mut heads: Vec<(u64, u32)> = heads.filter_map(|(lane, queue)| Some((queue.due()?, *lane))).collect();
        heads.sort_unstable();
        let found = heads.iter().take(at_most as usize).take_while(|(due, _)| *due <= due_by).count();
        let suspect = |lane: &u32| self.lanes[lane].queue.front().is_some_and(|head| head.suspect);
        let found_lanes = heads[..found].iter().map(|(_, lane)| Candidate { lane: *lane, suspect: suspect(lane) });
        (found_lanes.collect(), heads.get(found).map(|(due, _)| *due))
    }

    /// The number of suspects among the orders in flight.
    pub(super) fn suspects_in_flight(&self) -> usize {
        let head = |lane: &u32| self.lanes.get(lane).and_then(|lane| lane.queue.front());
        self.in_flight.keys().filter(|lane| head(lane).is_some_and(|head| head.suspect)).count()
    }

    /// The result of an attempt that starts now, and the time of its end.
    pub(super) fn answer(&mut self, real: u64) -> (u64, Fate) {
        let kind = if real >= self.heals_at { Kind::Healthy } else { self.kind };
        kind.answer(real, &mut self.dice)
    }

    /// The longest time that anything may take before a person looks after it.
    pub(super) fn patience(&mut self) -> u64 {
        self.dice.of(MINUTE..5 * HOUR)
    }
}
