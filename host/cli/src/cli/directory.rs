//! Opening the data directory that a command or the daemon works in.

use super::Failure;
use cartage::clock::SystemClock;
use cartage::data_dir;
use cartage::service::{self, Service};
use std::path::Path;
use std::sync::Arc;

/// Opens a data directory for the daemon.
pub(super) fn open(data: &Path) -> Result<Arc<Service>, Failure> {
    Service::open(data, Arc::new(SystemClock)).map(Arc::new).map_err(failure)
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
