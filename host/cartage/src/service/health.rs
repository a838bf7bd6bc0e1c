//! Whether the store's writer works, and whether the worker's loop goes on. Readiness, the watchdog and the watch for alerts ask this.
//!
//! The check of the writer is an empty transaction, which takes the database's lock as every write does, and is waited for only a bounded time.
//! Concurrent callers share one result, so a client that asks for readiness again and again costs the writer next to nothing.

use super::tenant::Tenant;
use crate::deliver::wake::WakeSignal;
use cartage_base::causes::chain;
use cartage_model::remedy::Remedy;
use cartage_store as store;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long the writer may take for an empty transaction: longer than it waits for another program's lock.
const WRITER_MAX: Duration = Duration::from_secs(3);
/// How long a result is reused.
const FRESH: Duration = Duration::from_millis(500);

/// The text about a writer that works, but slowly.
const BEHIND: &str = "the store's writer is behind: the disk is too slow for the amount to write, or another program holds the database";

/// Why nothing can be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotWriting {
    /// The writer reports an error that may pass; it is alive.
    #[error("{why}")]
    NotNow {
        /// The error that the writer reported.
        why: String,
    },
    /// The writer does not answer in time.
    #[error("the store's writer has not responded within {} seconds; check the disk and the log", WRITER_MAX.as_secs())]
    Silent,
    /// The writer has ended for good.
    #[error("{why}")]
    Stopped {
        /// The reason for which it ended.
        why: String,
        /// What a person can do; `None` if the reason says it.
        remedy: Option<Remedy>,
    },
}

impl NotWriting {
    /// What a person can do; `None` if the text says it.
    pub fn remedy(&self) -> Option<&Remedy> {
        match self {
            NotWriting::Stopped { remedy, .. } => remedy.as_ref(),
            NotWriting::NotNow { .. } | NotWriting::Silent => None,
        }
    }

    /// Whether the writer is alive although it cannot write now.
    pub fn is_alive(&self) -> bool {
        matches!(self, NotWriting::NotNow { .. })
    }
}

/// The time and the result of the last check; `None` before the first.
pub(super) type Pulse = tokio::sync::Mutex<Option<(Instant, Result<(), NotWriting>)>>;

/// Whether the store and the worker go on.
#[derive(Clone)]
pub struct Health {
    pub(super) tenant: Tenant,
    pub(super) pulse: Arc<Pulse>,
    pub(super) wake_signal: Arc<WakeSignal>,
}

impl Health {
    /// Checks the store's writer with an empty transaction. Returns within some seconds in any case.
    ///
    /// # Errors
    ///
    /// [`NotWriting`].
    pub async fn writes(&self) -> Result<(), NotWriting> {
        let mut last = self.pulse.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < FRESH
        {
            return answer.clone();
        }
        let rounds = self.tenant.store.rounds();
        let answer = match self.tenant.store.ping_writer(WRITER_MAX).await {
            Ok(()) => Ok(()),
            Err(store::Error::Silent { .. }) if self.tenant.store.rounds() != rounds => Err(NotWriting::NotNow { why: BEHIND.to_owned() }),
            Err(store::Error::Silent { .. }) => Err(NotWriting::Silent),
            Err(error) if error.is_passing() => Err(NotWriting::NotNow { why: chain(&error) }),
            Err(error) => Err(NotWriting::Stopped { why: chain(&error), remedy: error.remedy() }),
        };
        *last = Some((Instant::now(), answer.clone()));
        answer
    }

    /// Waits until the worker's loop completes a round. Never returns without a worker.
    pub async fn worker_comes_round(&self) {
        self.wake_signal.answered().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Service;
    use cartage_base::clock::ManualClock;
    use std::sync::Arc;

    fn service() -> (tempfile::TempDir, Service) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let service = Service::init(&folder.path().join("data"), Arc::new(ManualClock::at(1_800_000_000_000))).expect("it is made");
        (folder, service)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_that_another_program_holds_is_not_written() {
        let (_folder, service) = service();
        assert_eq!(service.health().writes().await, Ok(()));
        let held = rusqlite::Connection::open(service.store().file()).expect("it is there");
        held.execute_batch("BEGIN IMMEDIATE").expect("nobody writes now");
        tokio::time::sleep(FRESH).await;
        let health = service.health();
        let (first, second) = tokio::join!(health.writes(), health.writes());
        let Err(error @ NotWriting::NotNow { .. }) = first.clone() else { panic!("{first:?}") };
        assert!(error.is_alive() && error.to_string().contains("another program is writing"), "{error}");
        assert_eq!(first, second);
        held.execute_batch("ROLLBACK").expect("it was begun");
        tokio::time::sleep(FRESH).await;
        assert_eq!(service.health().writes().await, Ok(()), "it passes by itself");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_writer_that_hangs_is_not_waited_for() {
        let (_folder, service) = service();
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let (store, begun) = (service.store().clone(), Instant::now());
        let hangs = tokio::spawn(async move {
            store
                .write::<_, store::Error>(move |_| {
                    let _ = wait.recv();
                    Ok(())
                })
                .await
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(service.health().writes().await, Err(NotWriting::Silent));
        assert!(!NotWriting::Silent.is_alive() && begun.elapsed() < Duration::from_secs(30));
        go_on.send(()).expect("it waits");
        hangs.await.expect("it does not panic").expect("it is written");
        tokio::time::sleep(FRESH).await;
        assert_eq!(service.health().writes().await, Ok(()));
    }
}
