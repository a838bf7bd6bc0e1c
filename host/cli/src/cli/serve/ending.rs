//! How the daemon ends: by a signal, because its store accepts no more writes, or because its worker ended.

use super::{report, systemd};
use cartage::store::{Store, WriteStop};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The signals that stop the daemon.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Signals> {
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }
}

/// The worker's result, and how the daemon was stopped.
pub(super) struct Ended<T> {
    pub(super) worker: T,
    /// Why the store accepts no more writes; `None` if it still does.
    pub(super) store_stopped: Option<WriteStop>,
    /// When all parts were told to stop.
    pub(super) told: Instant,
}

/// Waits for a reason to stop, tells all parts to stop, and waits for the worker.
pub(super) async fn ended<T>(mut worker: JoinHandle<T>, mut signals: Signals, store: &Store, stop: &watch::Sender<bool>) -> Ended<T> {
    let mut store_stopped = None;
    let early = tokio::select! {
        ended = &mut worker => Some(ended),
        _ = signals.terminate.recv() => None,
        _ = signals.interrupt.recv() => None,
        reason = store.stopped() => {
            store_stopped = Some(reason);
            None
        }
    };
    let told = Instant::now();
    stop.send_replace(true);
    systemd::say(NotifyState::Stopping).await;
    let worker = match early {
        Some(ended) => ended,
        None => {
            let cause = if store_stopped.is_some() { "the store accepts no more writes" } else { "told to stop" };
            report::talk(&format!("{cause}: finishing what is under way"));
            worker.await
        }
    };
    match worker {
        Ok(worker) => Ended { worker, store_stopped, told },
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
