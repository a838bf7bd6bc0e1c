//! The data directory that a command works in: opening it, and finding the daemon that works in it.

use super::Failure;
use super::console::{self, Here};
use cartage::data_dir::{self, DataDir};
use cartage::service::{self, Service};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Number of attempts to open a directory that is in use; with the pause after each, they take about a second.
pub(super) const TRIES: u32 = 20;
pub(super) const TRY_REST: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 50 });

/// What runs a command that needs a data directory.
pub(super) enum Executor {
    /// This process.
    Here(Here),
    /// The daemon that works in the data directory.
    #[cfg(unix)]
    Daemon(super::local::Client),
}

/// Decides what runs a command: the daemon, if one answers while it holds the directory's lock, otherwise this process. If another command holds the
/// lock, this function waits for about a second. The error of opening is reported when the command opens the directory.
pub(super) fn executor(data: &Path) -> Executor {
    for _ in 0..TRIES {
        let opened = DataDir::open(data);
        if !matches!(opened, Err(data_dir::Error::InUse { .. })) {
            return Executor::Here(Here::with(opened));
        }
        // Only a directory that belongs to this user and is closed to others is reported as in use, so its socket can be trusted.
        #[cfg(unix)]
        if let Some(client) = super::local::Client::reach(&DataDir::socket(data)) {
            return Executor::Daemon(client);
        }
        std::thread::sleep(TRY_REST);
    }
    Executor::Here(Here::with(DataDir::open(data)))
}

/// Opens the data directory that the command works in.
pub(super) fn open(data: &Path) -> Result<Arc<Service>, Failure> {
    console::current().service(data).map_err(failure)
}

/// Turns an error of the service into a failure.
pub(super) fn failure(error: service::Error) -> Failure {
    let is_in_use = matches!(error, service::Error::DataDir(data_dir::Error::InUse { .. }));
    let failure = Failure::from(error);
    if is_in_use {
        failure.what_to_do("repeat this in a moment: another command works there, or a daemon that is starting or stopping")
    } else {
        failure
    }
}
