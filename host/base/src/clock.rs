//! The machine's clocks, which are read only here, and their double for tests.
//!
//! There are two clocks. The wall clock tells the time of day, and anybody may set it. The elapsed time cannot be set: it measures the time that
//! really passes, but begins anew when the machine starts. Stamps carry the wall clock's time. The age of a stamp comes from [`Clock::age_ms`], which
//! a store answers from its [`Memory`] of how the wall clock was set.

mod memory;

pub use memory::{DOUBT_MS, Doubt, Memory, OFF_MS_BELIEVED};

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// The readings of both clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Milliseconds since 1970-01-01T00:00:00Z, by the wall clock.
    pub wall_unix_ms: u64,
    /// Milliseconds since the machine started, sleep included. This clock cannot be set.
    pub elapsed_ms: u64,
    /// The id of this start of the machine. `None` if it is unknown, so that elapsed times of two processes cannot be compared.
    pub boot: Option<u128>,
}

impl From<u64> for Reading {
    /// A wall clock that was never set, on a machine that has run since 1970: for tests.
    fn from(unix_ms: u64) -> Reading {
        Reading { wall_unix_ms: unix_ms, elapsed_ms: unix_ms, boot: Some(0) }
    }
}

/// A source of the time.
pub trait Clock: Send + Sync {
    /// Reads both clocks.
    fn reading(&self) -> Reading;

    /// Reads the wall clock: milliseconds since 1970-01-01T00:00:00Z.
    fn now_unix_ms(&self) -> u64 {
        self.reading().wall_unix_ms
    }

    /// The age in milliseconds of something that was stamped with this time of the wall clock; 0 for a stamp in the future. A clock that remembers
    /// how it was set returns the time that really passed.
    fn age_ms(&self, at_unix_ms: u64) -> u64 {
        self.now_unix_ms().saturating_sub(at_unix_ms)
    }

    /// How far the wall clock was set back within the last day, in milliseconds; at most a day.
    fn set_back_ms(&self) -> u64 {
        0
    }
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is where the clock is read")]
    fn now_unix_ms(&self) -> u64 {
        // A clock before 1970 is a clock that was never set: 0 says so well enough.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
    }

    fn reading(&self) -> Reading {
        Reading { wall_unix_ms: self.now_unix_ms(), elapsed_ms: elapsed_ms(), boot: boot() }
    }
}

fn elapsed_ms() -> u64 {
    #[cfg(target_os = "linux")]
    let id = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let id = rustix::time::ClockId::Monotonic;
    let time = rustix::time::clock_gettime(id);
    let (seconds, nanos) = (u64::try_from(time.tv_sec).unwrap_or(0), u64::try_from(time.tv_nsec).unwrap_or(0));
    seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000)
}

fn boot() -> Option<u128> {
    static BOOT: OnceLock<Option<u128>> = OnceLock::new();
    let read = || Uuid::parse_str(std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim()).ok();
    *BOOT.get_or_init(|| read().map(|id| id.as_u128()))
}

/// Clocks for tests, which stand still until they are moved.
#[derive(Debug, Default)]
pub struct ManualClock {
    wall_unix_ms: AtomicU64,
    elapsed_ms: AtomicU64,
}

impl ManualClock {
    /// Clocks that both show this time, in milliseconds.
    pub fn at(unix_ms: u64) -> ManualClock {
        ManualClock { wall_unix_ms: AtomicU64::new(unix_ms), elapsed_ms: AtomicU64::new(unix_ms) }
    }

    /// Advances both clocks.
    pub fn advance_ms(&self, ms: u64) {
        self.wall_unix_ms.fetch_add(ms, Ordering::SeqCst);
        self.elapsed_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Sets the wall clock alone: no time passes.
    pub fn set_unix_ms(&self, unix_ms: u64) {
        self.wall_unix_ms.store(unix_ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn reading(&self) -> Reading {
        let (wall_unix_ms, elapsed_ms) = (self.wall_unix_ms.load(Ordering::SeqCst), self.elapsed_ms.load(Ordering::SeqCst));
        Reading { wall_unix_ms, elapsed_ms, boot: Some(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_s_clocks_go_on() {
        let (first, later) = (SystemClock.reading(), SystemClock.reading());
        assert!(first.wall_unix_ms > 1_700_000_000_000 && first.elapsed_ms > 0);
        assert!(later.elapsed_ms >= first.elapsed_ms && later.boot == first.boot);
    }
}
