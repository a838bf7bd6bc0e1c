//! How many files the process may have open, and how many of them connections from the network may use.
//!
//! A connection is an open file, and deliveries need files as well: connections to carts, plugins' files, the store, and commands of the directory's own
//! user. Strangers decide how many connections arrive, so a share of the files is reserved.

use cartage::deliver::worker::IN_FLIGHT_MAX;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are reserved from connections of the network: two for each order in flight (its connection and an idle one), one for each connection of the
/// machine's users, and some for the store, plugins, alerts, listeners and the runtime.
const KEPT: u64 = 2 * IN_FLIGHT_MAX as u64 + super::machine::CONNECTIONS_MAX as u64 + 64;
/// The fewest connections that a listener gets, however few files there are.
const CONNECTIONS_MIN: u64 = 8;

/// Raises the limit on open files as far as this user may, and returns the new limit.
pub(super) fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` means no limit, which not every system accepts for files.
    let Some(most) = maximum else { return current.unwrap_or(u64::MAX) };
    if current.is_some_and(|current| current >= most) {
        return most;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum }) {
        Ok(()) => most,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the limit of open files could not be raised");
            current.unwrap_or(most)
        }
    }
}

/// How many connections each of the two listeners may have. `files` is the limit on open files, `wanted` the configured number.
pub(super) fn connections(files: u64, wanted: u32) -> usize {
    let free = files.saturating_sub(KEPT).max(files / 4) / 2;
    usize::try_from(free.clamp(CONNECTIONS_MIN, u64::from(wanted).max(CONNECTIONS_MIN))).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        for (files, wanted, expected) in [
            (u64::MAX, 512, 512),
            (20_000, 512, 512),
            (KEPT + 1024, 512, 512),
            (KEPT + 1022, 512, 511),
            (KEPT, 512, KEPT / 4 / 2),
            (256, 512, 32),
            (16, 512, CONNECTIONS_MIN),
            (20_000, 16, 16),
        ] {
            assert_eq!(connections(files, wanted), usize::try_from(expected).expect("it is small"), "{files}");
        }
    }

    #[test]
    fn the_limit_is_raised_to_the_most_that_is_allowed() {
        let raised = raise();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert!(raised > 0 && (maximum.is_none() || current == maximum), "{current:?} of {maximum:?}");
    }
}
