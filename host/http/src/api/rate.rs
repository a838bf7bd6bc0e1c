//! The rate at which tokens may be used: a quota for each token, kept by `governor`, measured by the clock of elapsed time.

use cartage_base::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter, clock};
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// The most tokens whose use is remembered. Above that, tokens with a full burst are forgotten, which changes nothing for them.
const TOKENS_MAX: usize = 10_000;
/// The highest rate that a token may have, in requests per second.
pub const PER_SECOND_MAX: u32 = 10_000;
/// The largest burst that a token may have, in requests.
pub const BURST_MAX: u32 = 100_000;

/// The rate at which each token may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenRate {
    /// The requests per second in the long run: 1 to [`PER_SECOND_MAX`]. A value outside counts as the nearest one inside.
    pub per_second: u32,
    /// The requests at once after a pause: 1 to [`BURST_MAX`]. A value outside counts as the nearest one inside.
    pub burst: u32,
}

impl Default for TokenRate {
    /// 50 requests per second, 200 at once.
    fn default() -> TokenRate {
        TokenRate { per_second: 50, burst: 200 }
    }
}

/// The quotas of all tokens.
pub(super) struct Limiter<K: Hash + Eq + Clone> {
    rate: TokenRate,
    tokens: RateLimiter<K, HashMapStateStore<K>, Elapsed, NoOpMiddleware<Duration>>,
}

/// The time since the machine started, independent of its wall clock, so that a clock that is set back locks no token out.
#[derive(Clone)]
struct Elapsed(Arc<dyn Clock>);

impl clock::Clock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.reading().elapsed_ms)
    }
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    pub(super) fn new(rate: TokenRate, clock: Arc<dyn Clock>) -> Limiter<K> {
        let within = |count: u32, most: u32| NonZeroU32::new(count.min(most)).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(within(rate.per_second, PER_SECOND_MAX)).allow_burst(within(rate.burst, BURST_MAX));
        Limiter { rate, tokens: RateLimiter::hashmap_with_clock(quota, Elapsed(clock)) }
    }

    /// The rate that each token may have.
    pub(super) fn rate(&self) -> TokenRate {
        self.rate
    }

    /// Counts a request of a token.
    ///
    /// # Errors
    ///
    /// The seconds until the token may be used again, at least 1.
    pub(super) fn take(&self, token: &K) -> Result<(), u64> {
        if self.tokens.len() >= TOKENS_MAX {
            self.tokens.retain_recent();
        }
        self.tokens.check_key(token).map_err(|until| {
            let wait = until.wait_time_from(clock::Clock::now(self.tokens.clock()));
            u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_base::clock::ManualClock;

    fn limiter<K: Hash + Eq + Clone>(per_second: u32, burst: u32) -> (Limiter<K>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(1_763_906_400_000));
        (Limiter::new(TokenRate { per_second, burst }, clock.clone()), clock)
    }

    #[test]
    fn a_burst_and_then_a_steady_rate() {
        let (limiter, clock) = limiter(2, 3);
        let take = || limiter.take(&"a");
        assert_eq!([take(), take(), take(), take()], [Ok(()), Ok(()), Ok(()), Err(1)]);
        clock.advance_ms(499);
        assert_eq!(take(), Err(1), "less than half a second's worth");
        clock.advance_ms(1);
        assert_eq!([take(), take()], [Ok(()), Err(1)]);
        assert_eq!(limiter.take(&"b"), Ok(()), "another token has a rate of its own");
        clock.advance_ms(1_000_000);
        assert_eq!((0..4).map(|_| take()).filter(Result::is_ok).count(), 3, "no more than its burst is saved up");
    }

    #[test]
    fn a_clock_that_is_set_back_gives_nothing_away_and_locks_nobody_out() {
        let (limiter, clock) = limiter(1, 1);
        assert_eq!(limiter.take(&"a"), Ok(()));
        clock.set_unix_ms(1_763_906_400_000 - 3_600_000);
        assert_eq!(limiter.take(&"a"), Err(1));
        clock.advance_ms(1_000);
        assert_eq!(limiter.take(&"a"), Ok(()));
        clock.set_unix_ms(u64::MAX);
        assert_eq!(limiter.take(&"a"), Err(1), "nor does a time that no clock should show");
    }

    #[test]
    fn a_rate_has_a_least_and_a_most_and_tokens_are_bounded() {
        let (none, clock) = limiter(0, 0);
        assert_eq!([none.take(&"a"), none.take(&"a")], [Ok(()), Err(1)]);
        clock.advance_ms(1_000);
        assert_eq!(none.take(&"a"), Ok(()));
        let (all, _) = limiter(u32::MAX, u32::MAX);
        let taken = (0..=BURST_MAX).take_while(|_| all.take(&"a").is_ok()).count();
        assert_eq!(taken, BURST_MAX as usize);
        let (many, clock) = limiter(1, 1);
        for token in 0..TOKENS_MAX {
            assert_eq!(many.take(&token), Ok(()));
        }
        clock.advance_ms(10_000);
        assert_eq!(many.take(&TOKENS_MAX), Ok(()));
        assert_eq!(many.tokens.len(), 1, "those that have their burst again are forgotten");
    }
}
