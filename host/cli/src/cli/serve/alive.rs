//! The watchdog: tells the service manager that the daemon is alive while its essential parts work.
//!
//! Those parts are the store's writer, which must answer an empty transaction, and the worker's loop, which must complete a round. A writer that cannot write
//! at present, because another program locks the database or the disk is full, counts as alive: a restart would not help.

use super::systemd;
use cartage::causes::chain;
use cartage::service::Service;
use sd_notify::NotifyState;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How long one round of the worker's loop may take.
const WORKER_MAX: Duration = Duration::from_secs(10);

/// Notifies the service manager at intervals, if a watchdog is configured.
pub(super) async fn tell(service: Arc<Service>, stopped: watch::Receiver<bool>) {
    let Some(every) = systemd::watchdog_every() else { return };
    loop {
        match lives(&service, &stopped).await {
            Ok(()) => systemd::say(NotifyState::Watchdog).await,
            Err(why) => tracing::error!(why, "the service manager is not told that the daemon is alive"),
        }
        sleep(every).await;
    }
}

async fn lives(service: &Service, stopped: &watch::Receiver<bool>) -> Result<(), String> {
    if let Err(error) = service.health().writes().await
        && !error.is_alive()
    {
        return Err(chain(&error));
    }
    // A worker that was told to stop finishes its deliveries, however long they take.
    if *stopped.borrow() || timeout(WORKER_MAX, service.health().worker_comes_round()).await.is_ok() || *stopped.borrow() {
        return Ok(());
    }
    Err(format!("the worker has made no progress for {} s", WORKER_MAX.as_secs()))
}
