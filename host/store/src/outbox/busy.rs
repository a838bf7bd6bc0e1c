//! Whether a cart may still be at work on an order. The code is pure, so that every implementation counts alike.
//!
//! An attempt that was cut off, by a deadline or by the end of this program, may stay under way at the cart for an unknown time. Known are
//! only its deadline, as it was when the attempt began, and a margin for a cart that takes longer. Until both have passed, nothing more is
//! sent for the order.

use super::DUE_AHEAD_MS_MAX;

/// The period in which a cart may be at work on an order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Busy {
    since: u64,
    until: u64,
}

impl Busy {
    /// The period from its two stored columns.
    pub(super) fn kept((since, until): (u64, u64)) -> Busy {
        Busy { since, until }
    }

    /// The period as its two stored columns.
    pub(super) fn keep(self) -> (u64, u64) {
        (self.since, self.until)
    }

    /// The period of an attempt that starts now and may last `ms` milliseconds.
    pub(super) fn starts(now: u64, ms: u64) -> Busy {
        Busy { since: now, until: now.saturating_add(ms.min(DUE_AHEAD_MS_MAX)) }
    }

    /// The part of the period that is left; `None` if the period is over. If the clock was set back since, nobody knows how much has
    /// passed: the whole length then counts from now, so that a clock that was once wrong makes nobody wait longer.
    pub(super) fn left(self, now: u64) -> Option<Busy> {
        let left = if now < self.since { Busy::starts(now, self.until.saturating_sub(self.since)) } else { self };
        (left.until > now).then_some(left)
    }

    /// The end of the period, in Unix milliseconds.
    pub(super) fn until(self) -> u64 {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_over_at_its_end_and_a_clock_set_back_makes_it_no_longer() {
        let busy = Busy::starts(1_000, 60);
        assert_eq!(busy.left(1_000).map(Busy::until), Some(1_060));
        assert_eq!(busy.left(1_059).map(Busy::until), Some(1_060));
        assert_eq!(busy.left(1_060), None);
        assert_eq!(busy.left(400).map(Busy::keep), Some((400, 460)), "all of it counts from now on");
        assert_eq!(Busy::default().left(0), None);
        assert_eq!(Busy::starts(1_000, 0).left(1_000), None);
        assert_eq!(Busy::starts(0, u64::MAX).until(), DUE_AHEAD_MS_MAX);
    }
}
