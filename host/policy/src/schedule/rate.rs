//! The rate at which updates may be started at one cart: the generic cell rate algorithm without a burst, so that the rate holds in every second and
//! minute, not only on average.

use cartage_model::carts::delivery::Rate;

/// The time at which the next update may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pace {
    interval_us: Option<u64>,
    next_us: u64,
}

impl Pace {
    /// Changes the rate. Updates that were started before still count, but delay the next one by at most one interval of the new rate.
    pub(super) fn set(&mut self, rate: Option<Rate>, now_ms: u64) {
        self.interval_us = rate.map(Rate::interval_us);
        self.next_us = self.next_us.min(now_ms.saturating_mul(1000).saturating_add(self.interval_us.unwrap_or(0)));
    }

    /// How many updates may be started together, once one may.
    pub(super) fn together(&self) -> u32 {
        if self.interval_us.is_some() { 1 } else { u32::MAX }
    }

    /// The time from which on the next update may be started, in milliseconds.
    pub(super) fn earliest_ms(&self) -> u64 {
        self.interval_us.map_or(0, |_| self.next_us.div_ceil(1000))
    }

    /// Notes that an update was started.
    pub(super) fn start(&mut self, now_ms: u64) {
        self.next_us = self.next_us.max(now_ms.saturating_mul(1000)).saturating_add(self.interval_us.unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(rate: Result<Rate, cartage_model::carts::delivery::Invalid>) -> Pace {
        let mut pace = Pace::default();
        pace.set(Some(rate.expect("it is within its bounds")), 0);
        pace
    }

    #[test]
    fn every_second_holds_the_rate_and_no_more() {
        let mut pace = pace(Rate::per_second(7));
        let mut starts = Vec::new();
        for now in 1_000_u64..6_000 {
            if pace.earliest_ms() <= now {
                pace.start(now);
                starts.push(now);
            }
        }
        assert_eq!(starts.len(), 35);
        for from in 1_000..5_000 {
            let within = starts.iter().filter(|start| (from..from + 1_000).contains(*start)).count();
            assert!(within <= 7, "{within} from {from} on");
        }
    }

    #[test]
    fn a_slower_rate_binds_at_once_and_a_faster_one_frees() {
        let mut pace = pace(Rate::per_minute(1));
        pace.start(1_000);
        assert_eq!((pace.earliest_ms(), pace.together()), (61_000, 1));
        pace.set(Rate::per_second(2).ok(), 1_200);
        assert_eq!(pace.earliest_ms(), 1_700);
        pace.set(None, 1_200);
        assert_eq!((pace.earliest_ms(), pace.together()), (0, u32::MAX));
        pace.start(u64::MAX);
        assert_eq!(pace.earliest_ms(), 0);
    }
}
