//! The breaker of one cart: a cart that fails again and again is left alone for a while, and is then probed with one order.
//!
//! Each attempt carries the breaker's *round* at its start. A round ends when the state changes, and results from an earlier round do not count:
//! forty attempts that hang while a cart dies are one failure of the cart, and their late ends neither close a breaker nor open it again.

use super::after::Sign;
use super::time::{Now, doubled};

/// The breaker opens after so many failures in a row.
pub const FAILURES_IN_A_ROW: u32 = 5;
/// The number of latest results among which failures are counted.
pub const RESULTS: u32 = 20;
/// The breaker also opens when so many of the latest [`RESULTS`] are failures.
pub const FAILURES_OF_RESULTS: u32 = 10;
/// How long the breaker stays open the first time, in milliseconds.
pub const OPEN_MS_FIRST: u64 = 10_000;
/// The longest time that the breaker stays open, in milliseconds. The time doubles with each failed probe.
pub const OPEN_MS_LAST: u64 = 10 * 60 * 1000;

/// The state of a cart's breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// Orders are sent.
    Closed,
    /// No order is sent before a time; then one is sent as a probe.
    Open {
        /// The time of the probe, on the [`Timeline`](super::Timeline).
        until_unix_ms: u64,
    },
    /// The probe is under way, and its result decides whether other orders are sent.
    HalfOpen,
}

/// A breaker's state with the results that it remembers.
#[derive(Debug, Clone)]
pub(super) struct State {
    now: Breaker,
    round: u64,
    in_a_row: u32,
    /// The last results, one bit each, the newest lowest; 1 is a failure.
    results: u32,
    seen: u32,
    /// How often the breaker opened since it was last closed.
    opened: u32,
}

impl State {
    pub(super) fn new() -> State {
        State { now: Breaker::Closed, round: 0, in_a_row: 0, results: 0, seen: 0, opened: 0 }
    }

    pub(super) fn breaker(&self) -> Breaker {
        self.now
    }

    /// How many orders may be started together, once one may.
    pub(super) fn together(&self) -> u32 {
        match self.now {
            Breaker::Closed => u32::MAX,
            Breaker::Open { .. } => 1,
            Breaker::HalfOpen => 0,
        }
    }

    /// The time from which on orders may be started.
    pub(super) fn earliest_ms(&self) -> u64 {
        match self.now {
            Breaker::Open { until_unix_ms } => until_unix_ms,
            Breaker::Closed | Breaker::HalfOpen => 0,
        }
    }

    /// Notes that an attempt starts, and returns its round. The first attempt after the open time is the probe.
    pub(super) fn start(&mut self) -> u64 {
        if matches!(self.now, Breaker::Open { .. }) {
            self.turn(Breaker::HalfOpen);
        }
        self.round
    }

    /// Notes the result of an attempt that started in this round.
    pub(super) fn settle(&mut self, round: u64, sign: Sign, now: Now, draw: u64) {
        if round != self.round {
            return;
        }
        match (self.now, sign) {
            (Breaker::Closed, Sign::Answered) => self.note(false),
            (Breaker::Closed, Sign::Failed) => {
                self.note(true);
                let of_results = self.seen >= RESULTS && self.results.count_ones() >= FAILURES_OF_RESULTS;
                if self.in_a_row >= FAILURES_IN_A_ROW || of_results {
                    self.open(now, draw);
                }
            }
            (Breaker::HalfOpen, Sign::Answered) => self.close(),
            (Breaker::HalfOpen, Sign::Failed) => self.open(now, draw),
            // The probe told nothing: the next order is the probe.
            (Breaker::HalfOpen, Sign::RateLimited | Sign::Nothing) => self.turn(Breaker::Open { until_unix_ms: now.unix_ms() }),
            (Breaker::Closed, Sign::RateLimited | Sign::Nothing) | (Breaker::Open { .. }, _) => {}
        }
    }

    /// Allows a probe at once, because a person says that the cart works again.
    pub(super) fn hasten(&mut self, now: Now) {
        if let Breaker::Open { until_unix_ms } = &mut self.now {
            *until_unix_ms = now.unix_ms().min(*until_unix_ms);
        }
    }

    fn note(&mut self, failed: bool) {
        self.in_a_row = if failed { self.in_a_row + 1 } else { 0 };
        self.results = (self.results << 1 | u32::from(failed)) & ((1 << RESULTS) - 1);
        self.seen = (self.seen + 1).min(RESULTS);
    }

    fn open(&mut self, now: Now, draw: u64) {
        let open_ms = doubled(OPEN_MS_FIRST, OPEN_MS_LAST, self.opened, draw);
        self.opened = self.opened.saturating_add(1);
        self.turn(Breaker::Open { until_unix_ms: now.plus(open_ms) });
    }

    fn close(&mut self) {
        self.turn(Breaker::Closed);
        (self.in_a_row, self.results, self.seen, self.opened) = (0, 0, 0, 0);
    }

    fn turn(&mut self, to: Breaker) {
        self.now = to;
        self.round += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Timeline;

    fn at(ms: u64) -> Now {
        Timeline::default().now(ms)
    }

    /// A breaker after these results, a letter each: `f`ailed, `a`nswered, `r`ate limited, `n`othing.
    fn after(results: &str) -> State {
        let mut state = State::new();
        for result in results.chars() {
            let round = state.start();
            state.settle(round, sign(result), at(1_000), u64::MAX);
        }
        state
    }

    fn sign(letter: char) -> Sign {
        match letter {
            'f' => Sign::Failed,
            'a' => Sign::Answered,
            'r' => Sign::RateLimited,
            _ => Sign::Nothing,
        }
    }

    fn is_open(state: &State) -> bool {
        matches!(state.breaker(), Breaker::Open { .. })
    }

    #[test]
    fn the_fifth_failure_in_a_row_opens_and_the_fourth_does_not() {
        assert!(!is_open(&after("ffff")));
        assert!(is_open(&after("fffff")));
        assert!(!is_open(&after("ffffaffff")));
        assert!(is_open(&after("ffnfrff")), "what says nothing of the cart does not break a row");
        assert!(!is_open(&after("nrnrnrnr")));
    }

    #[test]
    fn ten_failures_of_twenty_open_and_nine_do_not() {
        assert!(is_open(&after(&"af".repeat(10))));
        assert!(!is_open(&after(&format!("{}aa", "af".repeat(9)))));
        assert!(!is_open(&after(&"fa".repeat(9))), "eighteen results are not yet twenty");
        assert!(!is_open(&after(&format!("{}aa", "fa".repeat(9)))));
        assert!(!is_open(&after(&format!("{}aaf", "fa".repeat(9)))), "the oldest failure leaves as the newest comes");
        assert!(is_open(&after(&format!("{}afaf", "fa".repeat(8)))));
    }

    #[test]
    fn it_is_open_for_ten_seconds_doubling_to_ten_minutes() {
        let mut state = after("fffff");
        for seconds in [10, 20, 40, 80, 160, 320, 600, 600] {
            assert_eq!(state.breaker(), Breaker::Open { until_unix_ms: 1_000 + seconds * 1_000 });
            assert_eq!((state.together(), state.earliest_ms()), (1, 1_000 + seconds * 1_000));
            let round = state.start();
            assert_eq!((state.breaker(), state.together()), (Breaker::HalfOpen, 0));
            state.settle(round, Sign::Failed, at(1_000), u64::MAX);
        }
        let mut least = after("ffff");
        least.settle(0, Sign::Failed, at(1_000), 0);
        assert_eq!(least.breaker(), Breaker::Open { until_unix_ms: 6_000 });
    }

    #[test]
    fn a_probe_that_is_answered_closes_and_forgets() {
        let mut state = after("fffffffa");
        assert_eq!((state.breaker(), state.together()), (Breaker::Closed, u32::MAX));
        for _ in 0..4 {
            state.settle(state.round, Sign::Failed, at(1_000), u64::MAX);
        }
        assert_eq!(state.breaker(), Breaker::Closed);
        state.settle(state.round, Sign::Failed, at(1_000), u64::MAX);
        assert_eq!(state.breaker(), Breaker::Open { until_unix_ms: 11_000 });
    }

    #[test]
    fn a_probe_that_tells_nothing_is_followed_by_another() {
        let mut state = after("fffff");
        let round = state.start();
        state.settle(round, Sign::RateLimited, at(50_000), 0);
        assert_eq!(state.breaker(), Breaker::Open { until_unix_ms: 50_000 });
        assert_eq!(state.opened, 1);
    }

    #[test]
    fn what_was_started_before_no_longer_counts() {
        let mut state = State::new();
        let rounds: Vec<u64> = (0..8).map(|_| state.start()).collect();
        for round in &rounds[..5] {
            state.settle(*round, Sign::Failed, at(0), u64::MAX);
        }
        state.settle(rounds[5], Sign::Answered, at(0), 0);
        assert_eq!(state.breaker(), Breaker::Open { until_unix_ms: 10_000 });
        let probe = state.start();
        state.settle(rounds[6], Sign::Failed, at(0), 0);
        assert_eq!(state.breaker(), Breaker::HalfOpen);
        state.settle(probe, Sign::Answered, at(0), 0);
        state.settle(rounds[7], Sign::Failed, at(0), 0);
        assert_eq!((state.breaker(), state.in_a_row), (Breaker::Closed, 0));
    }

    #[test]
    fn somebody_can_have_it_tried_at_once() {
        let mut state = after("fffff");
        state.hasten(at(3_000));
        assert_eq!(state.earliest_ms(), 3_000);
        state.hasten(at(7_000));
        assert_eq!(state.earliest_ms(), 3_000);
    }
}
