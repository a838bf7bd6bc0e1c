//! The watchdog: the service manager is told that the daemon lives for as long as what the daemon is for goes on.
//!
//! That is the store's writer, which answers an empty transaction, and the worker's loop, which comes round. A writer that cannot write now,
//! because another program holds the database or the disk is full, lives: to start the daemon anew would mend nothing.

use super::systemd;
use cartage::causes::chain;
use cartage::office::Office;
use sd_notify::NotifyState;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How long the worker's loop may take to come round.
const WORKER_MAX: Duration = Duration::from_secs(10);

/// Tells the service manager again and again, if it wants to hear it.
pub(super) async fn tell(office: Arc<Office>, stopped: watch::Receiver<bool>) {
    let Some(every) = systemd::watchdog_every() else { return };
    loop {
        match lives(&office, &stopped).await {
            Ok(()) => systemd::say(NotifyState::Watchdog).await,
            Err(why) => tracing::error!(why, "the service manager is not told that the daemon lives"),
        }
        sleep(every).await;
    }
}

async fn lives(office: &Office, stopped: &watch::Receiver<bool>) -> Result<(), String> {
    if let Err(error) = office.writes().await
        && !error.is_alive()
    {
        return Err(chain(&error));
    }
    // A worker that was told to stop ends what is under way, which takes as long as it takes.
    if *stopped.borrow() || timeout(WORKER_MAX, office.worker_comes_round()).await.is_ok() || *stopped.borrow() {
        return Ok(());
    }
    Err(format!("the worker has not come round for {} s", WORKER_MAX.as_secs()))
}
