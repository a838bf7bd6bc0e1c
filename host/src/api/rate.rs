//! How often a token may be used: a bucket for each token that fills steadily. Pure: the time comes in.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// Buckets that are kept, at most. Where there are more tokens than that in use, those that are full are forgotten, which changes nothing for them.
const BUCKETS_MAX: usize = 10_000;

/// How often each token may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second, in the long run; at least 1.
    pub per_second: u32,
    /// Requests at once, after a pause; at least 1.
    pub burst: u32,
}

impl Default for Rate {
    /// 50 a second, 200 at once.
    fn default() -> Rate {
        Rate { per_second: 50, burst: 200 }
    }
}

/// A bucket. Its content is counted in thousandths of a request, so that a millisecond's worth is a whole number.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    thousandths: u64,
    at_unix_ms: u64,
}

/// The buckets of all tokens.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    rate: Rate,
    buckets: Mutex<BTreeMap<K, Bucket>>,
}

impl<K: Ord + Clone> Buckets<K> {
    pub(super) fn new(rate: Rate) -> Buckets<K> {
        let rate = Rate { per_second: rate.per_second.max(1), burst: rate.burst.max(1) };
        Buckets { rate, buckets: Mutex::default() }
    }

    /// Takes a request out of a token's bucket.
    ///
    /// # Errors
    ///
    /// The seconds after which there will be one, at least 1.
    pub(super) fn take(&self, token: &K, now_unix_ms: u64) -> Result<(), u64> {
        let full = u64::from(self.rate.burst) * 1000;
        let per_ms = u64::from(self.rate.per_second);
        let mut buckets = self.buckets.lock().expect("nobody panics while holding it");
        let filled = |bucket: &Bucket| {
            // A clock that was set back fills nothing.
            let passed = now_unix_ms.saturating_sub(bucket.at_unix_ms);
            bucket.thousandths.saturating_add(passed.saturating_mul(per_ms)).min(full)
        };
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(token) {
            buckets.retain(|_, bucket| filled(bucket) < full);
        }
        let bucket = buckets.entry(token.clone()).or_insert(Bucket { thousandths: full, at_unix_ms: now_unix_ms });
        let thousandths = filled(bucket);
        *bucket = Bucket { thousandths, at_unix_ms: now_unix_ms };
        if thousandths < 1000 {
            return Err((1000 - thousandths).div_ceil(per_ms).div_ceil(1000).max(1));
        }
        bucket.thousandths -= 1000;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(per_second: u32, burst: u32) -> Buckets<&'static str> {
        Buckets::new(Rate { per_second, burst })
    }

    #[test]
    fn a_burst_and_then_a_steady_rate() {
        let buckets = buckets(2, 3);
        let take = |at| buckets.take(&"a", at);
        assert_eq!([take(0), take(0), take(0), take(0)], [Ok(()), Ok(()), Ok(()), Err(1)]);
        assert_eq!([take(499), take(500), take(500)], [Err(1), Ok(()), Err(1)], "half a second's worth, not before");
        assert_eq!(buckets.take(&"b", 500), Ok(()), "another token has a bucket of its own");
        assert_eq!((0..4).map(|_| take(1_000_000)).filter(Result::is_ok).count(), 3, "it holds no more than its burst");
    }

    #[test]
    fn a_clock_that_is_set_back_gives_nothing_away_and_locks_nobody_out() {
        let buckets = buckets(1, 1);
        assert_eq!(buckets.take(&"a", 10_000), Ok(()));
        assert_eq!(buckets.take(&"a", 0), Err(1));
        assert_eq!(buckets.take(&"a", 1_000), Ok(()));
    }

    #[test]
    fn a_rate_of_nothing_is_one_and_buckets_are_bounded() {
        let none = buckets(0, 0);
        assert_eq!([none.take(&"a", 0), none.take(&"a", 999), none.take(&"a", 1000)], [Ok(()), Err(1), Ok(())]);
        let many = Buckets::new(Rate { per_second: 1, burst: 1 });
        for token in 0..BUCKETS_MAX {
            assert_eq!(many.take(&token, 0), Ok(()));
        }
        assert_eq!(many.take(&BUCKETS_MAX, 1_000), Ok(()));
        assert_eq!(many.buckets.lock().expect("nobody panicked").len(), 1, "those that are full again are forgotten");
    }
}
