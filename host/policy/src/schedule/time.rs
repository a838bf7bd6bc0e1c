//! The scheduler's time, which never goes back, and jitter.

/// Turns the wall clock's readings into a time that never goes back.
///
/// A clock that was set back by an hour must not make everybody wait for an hour: the difference is added from then on, so that
/// whatever was due in five seconds is still due in five. A clock that was set forward makes things due early, which costs one attempt
/// each. What is due later than any schedule allows, because an earlier process wrote it by a clock that was wrong, is due at once:
/// see [`Fetch::due_by_unix_ms`](super::Fetch::due_by_unix_ms).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timeline {
    wall_ms: u64,
    ahead_ms: u64,
}

/// A moment of a [`Timeline`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    wall_ms: u64,
    ahead_ms: u64,
}

impl Timeline {
    /// A time line for a clock that an earlier process saw `ahead_ms` further ahead, so that times which that process wrote keep their meaning.
    pub fn after_a_step_back(ahead_ms: u64) -> Timeline {
        Timeline { wall_ms: 0, ahead_ms }
    }

    /// The present moment, from what the wall clock shows.
    pub fn now(&mut self, wall_unix_ms: u64) -> Now {
        self.ahead_ms = self.ahead_ms.saturating_add(self.wall_ms.saturating_sub(wall_unix_ms));
        self.wall_ms = wall_unix_ms;
        Now { wall_ms: self.wall_ms, ahead_ms: self.ahead_ms }
    }
}

impl Now {
    /// The time by which things are due, in milliseconds since 1970-01-01T00:00:00Z. After the wall clock was set back, it is later than the wall
    /// clock.
    pub fn unix_ms(self) -> u64 {
        self.wall_ms.saturating_add(self.ahead_ms)
    }

    /// The time until something is due, in milliseconds; 0 if it is due already.
    pub fn until_ms(self, due_unix_ms: u64) -> u64 {
        due_unix_ms.saturating_sub(self.unix_ms())
    }

    pub(super) fn plus(self, ms: u64) -> u64 {
        self.unix_ms().saturating_add(ms)
    }
}

/// 50 to 100 % of a wait, as the draw decides, so that many updates that failed together are not tried again together.
pub(super) fn jittered(step_ms: u64, draw: u64) -> u64 {
    let half = step_ms / 2;
    let drawn = (u128::from(draw) * (u128::from(step_ms - half) + 1)) >> 64;
    half + u64::try_from(drawn).expect("it is at most half a step")
}

/// The first wait, doubled `times` times but never longer than `last_ms`, with jitter.
pub(super) fn doubled(first_ms: u64, last_ms: u64, times: u32, draw: u64) -> u64 {
    let step_ms = 1_u64.checked_shl(times).map_or(last_ms, |factor| first_ms.saturating_mul(factor));
    jittered(step_ms.min(last_ms), draw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_keeps_its_bounds() {
        for (step, least, most) in [(0, 0, 0), (1, 0, 1), (5_000, 2_500, 5_000), (7, 3, 7), (u64::MAX, u64::MAX / 2, u64::MAX)] {
            assert_eq!((jittered(step, 0), jittered(step, u64::MAX)), (least, most), "{step}");
        }
        assert_eq!(jittered(10_000, u64::MAX / 2), 7_500);
    }

    #[test]
    fn a_wait_doubles_up_to_the_last() {
        let most = |times| doubled(3, 100, times, u64::MAX);
        assert_eq!([0, 1, 5, 6, 63, 64, u32::MAX].map(most), [3, 6, 96, 100, 100, 100, 100]);
        assert_eq!(doubled(10, 100, 1, 0), 10);
    }

    #[test]
    fn time_never_goes_back() {
        let mut timeline = Timeline::default();
        assert_eq!(timeline.now(10_000).unix_ms(), 10_000);
        let back = timeline.now(4_000);
        assert_eq!(back.unix_ms(), 10_000);
        let on = timeline.now(4_500);
        assert_eq!((on.unix_ms(), on.until_ms(11_000), on.until_ms(10_500), on.until_ms(0)), (10_500, 500, 0, 0));
        assert_eq!(timeline.now(u64::MAX).unix_ms(), u64::MAX);
        assert_eq!(timeline.now(0).plus(1), u64::MAX);
        let mut after = Timeline::after_a_step_back(3_000);
        assert_eq!((after.now(10_000).unix_ms(), after.now(9_000).unix_ms()), (13_000, 13_000));
    }
}
