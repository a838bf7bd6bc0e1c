//! The one writer: a thread that gathers jobs into transactions, so that many writes share one wait for the disk.
//!
//! A transaction takes the jobs that are queued, at most [`BATCH_JOBS_MAX`] of them or for [`BATCH_MS_MAX`]. If the last transaction had
//! several jobs, the writer waits that long for more; a lone caller never waits. Each job runs in a savepoint of its own, so a job that
//! fails leaves nothing behind and affects no other. No caller is answered before COMMIT has returned.
//!
//! When the disk fails or a page is damaged, the writer stops for good: after a failed sync nobody can know what the disk holds, and
//! another attempt would only seem to help. The writer also stops when it panics. A full disk or quota, a read-only file, and a process
//! without file handles or memory cost only the transaction: the next one tries again, without a restart.

use super::error::Trouble;
use super::{Error, Tx, WriteStop};
use cartage_base::histogram::Durations;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// The most jobs in one transaction.
pub const BATCH_JOBS_MAX: usize = 512;
/// The longest time that a transaction stays open for more jobs, in milliseconds.
pub const BATCH_MS_MAX: u64 = 2;
/// The most jobs in the writer's queue; a caller with another waits until one is taken.
pub const QUEUE_JOBS_MAX: usize = 1024;
/// A writer that is idle for this long moves the log into the database.
const CHECKPOINT_IDLE: Duration = Duration::from_secs(1);

/// Decides when a transaction is closed to more jobs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    pub(super) jobs_max: usize,
    pub(super) open_max: Duration,
}

impl Batch {
    pub(super) const USUAL: Batch = Batch { jobs_max: BATCH_JOBS_MAX, open_max: Duration::from_millis(BATCH_MS_MAX) };
}

/// Why a transaction was not stored.
#[derive(Debug, Clone)]
pub(super) enum Lost {
    Busy,
    Full,
    ReadOnly,
    Exhausted,
    Gone,
    Stopped(WriteStop),
}

impl Lost {
    /// What an error means for its transaction; `None` if only one statement is affected.
    pub(super) fn of(trouble: Trouble, error: &rusqlite::Error) -> Option<Lost> {
        Some(match trouble {
            Trouble::Busy => Lost::Busy,
            Trouble::Full => Lost::Full,
            Trouble::ReadOnly => Lost::ReadOnly,
            Trouble::Exhausted => Lost::Exhausted,
            Trouble::Gone => Lost::Gone,
            Trouble::Damaged => Lost::Stopped(WriteStop::Damaged(error.to_string())),
            Trouble::Disk => Lost::Stopped(WriteStop::Disk(error.to_string())),
            Trouble::Other => return None,
        })
    }

    fn error(self) -> Error {
        let what = "write to the store".into();
        match self {
            Lost::Busy => Error::Busy { what },
            Lost::Full => Error::Full { what },
            Lost::ReadOnly => Error::ReadOnly { what },
            Lost::Exhausted => Error::Exhausted { what },
            Lost::Gone => Error::Gone { what },
            Lost::Stopped(reason) => Error::Stopped { reason },
        }
    }
}

/// A write and the channel to its caller. The job runs in a transaction, or is told that there is none. It returns a function that answers
/// the caller once the result of the transaction is known.
pub(super) type Job = Box<dyn FnOnce(Result<&Tx<'_>, Lost>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), Lost>) + Send>;
/// The result of a job. A panic is passed on to the caller.
pub(super) type Ran<T, E> = thread::Result<Result<T, E>>;

/// Makes a job from a closure.
pub(super) fn job<T, E>(write: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static, reply: oneshot::Sender<Ran<T, E>>) -> Job
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    Box::new(move |tx| {
        let ran = match tx {
            Ok(tx) => isolated(tx, write),
            Err(lost) => Ok(Err(lost.error().into())),
        };
        Box::new(move |committed| {
            let ran = match (ran, committed) {
                (Ok(Ok(_)), Err(lost)) => Ok(Err(lost.error().into())),
                (ran, _) => ran,
            };
            // Whoever asked may have gone; what was written stays written.
            let _ = reply.send(ran);
        })
    })
}

/// Runs a write in a savepoint: it is stored whole or leaves nothing behind, even after a panic.
fn isolated<T, E: From<Error>>(tx: &Tx<'_>, write: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Ran<T, E> {
    if let Err(error) = tx.run("begin a write", "SAVEPOINT job", ()) {
        return Ok(Err(error.into()));
    }
    let ran = catch_unwind(AssertUnwindSafe(|| write(tx)));
    let ended = match &ran {
        Ok(Ok(_)) => tx.run("end a write", "RELEASE job", ()),
        Ok(Err(_)) | Err(_) => tx.run("undo a write", "ROLLBACK TO job", ()).and_then(|_| tx.run("undo a write", "RELEASE job", ())),
    };
    match (ran, ended) {
        (Ok(Ok(_)), Err(error)) => Ok(Err(error.into())),
        (ran, _) => ran,
    }
}

/// Counters of the writer's work.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) jobs: AtomicU64,
    /// Transactions that ended, stored or not; a working writer keeps counting.
    pub(super) rounds: AtomicU64,
    pub(super) commits: AtomicU64,
    pub(super) commit_times: Durations,
    /// Why the writer stopped for good; `None` until it has.
    pub(super) stopped: watch::Sender<Option<WriteStop>>,
}

impl Counts {
    /// Stops taking writes. The first reason is kept.
    pub(super) fn stop(&self, reason: WriteStop) {
        self.stopped.send_if_modified(|stopped| {
            let first = stopped.is_none();
            if first {
                tracing::error!(%reason, "the store accepts no more writes");
                *stopped = Some(reason);
            }
            first
        });
    }
}

/// The state of the writer's thread.
pub(super) struct Writer {
    connection: Connection,
    jobs: mpsc::Receiver<Job>,
    waiting: tokio::runtime::Runtime,
    counts: Arc<Counts>,
    batch: Batch,
    /// The number of jobs in the last transaction.
    last_batch: usize,
}

impl Writer {
    /// Starts the thread. It ends when no caller can send jobs any more and the last job is done.
    pub(super) fn start(
        connection: Connection,
        jobs: mpsc::Receiver<Job>,
        counts: Arc<Counts>,
        batch: Batch,
    ) -> std::io::Result<thread::JoinHandle<()>> {
        // Only for waiting with a limit; no job runs in it.
        let waiting = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let writer = Writer { connection, jobs, waiting, counts: counts.clone(), batch, last_batch: 0 };
        thread::Builder::new().name("cartage-store".into()).spawn(move || {
            if catch_unwind(AssertUnwindSafe(|| writer.run())).is_err() {
                counts.stop(WriteStop::Panicked);
            }
        })
    }

    fn run(mut self) {
        let mut log_is_empty = true;
        loop {
            let first = if log_is_empty { self.jobs.blocking_recv() } else { self.next_within(CHECKPOINT_IDLE) };
            match first {
                Some(job) => {
                    self.transact(job);
                    self.counts.rounds.fetch_add(1, Ordering::Relaxed);
                    log_is_empty = false;
                }
                None if !log_is_empty => {
                    self.checkpoint("PASSIVE");
                    log_is_empty = true;
                }
                None => break,
            }
        }
        self.checkpoint("TRUNCATE");
    }

    fn next_within(&mut self, limit: Duration) -> Option<Job> {
        let jobs = &mut self.jobs;
        self.waiting.block_on(async { tokio::time::timeout(limit, jobs.recv()).await.ok().flatten() })
    }

    /// Moves the log into the database. A checkpoint that fails is tried again later; the log keeps its content.
    fn checkpoint(&self, kind: &str) {
        if self.stopped().is_none()
            && let Err(error) = self.connection.query_row(&format!("PRAGMA wal_checkpoint({kind})"), (), |_| Ok(()))
        {
            let trouble = Trouble::on(&self.connection, &error);
            tracing::warn!(%error, "could not move the store's log into the database");
            if let Some(Lost::Stopped(reason)) = Lost::of(trouble, &error) {
                self.counts.stop(reason);
            }
        }
    }

    /// Why there are no more transactions; `None` while there are. A reader may have found the reason.
    fn stopped(&self) -> Option<Lost> {
        self.counts.stopped.borrow().clone().map(Lost::Stopped)
    }

    /// One transaction: runs jobs, commits, answers.
    fn transact(&mut self, first: Job) {
        let began = match self.stopped() {
            Some(lost) => Err(lost),
            None => self.execute("BEGIN IMMEDIATE"),
        };
        if let Err(lost) = began {
            // Whoever waited behind it would fare no better, and has waited as long.
            let behind: Vec<Job> = std::iter::from_fn(|| self.jobs.try_recv().ok()).take(QUEUE_JOBS_MAX).collect();
            for job in std::iter::once(first).chain(behind) {
                job(Err(lost.clone()))(Err(lost.clone()));
            }
            return;
        }
        let (answers, ran) = self.run_jobs(first);
        let ended = ran.and_then(|()| self.commit());
        match &ended {
            Ok(()) => {
                self.counts.commits.fetch_add(1, Ordering::Relaxed);
                self.counts.jobs.fetch_add(answers.len() as u64, Ordering::Relaxed);
            }
            // SQLite may have rolled back already, which makes this an error of no interest.
            Err(_) if !self.connection.is_autocommit() => drop(self.connection.execute_batch("ROLLBACK")),
            Err(_) => {}
        }
        self.last_batch = answers.len();
        for answer in answers {
            answer(ended.clone());
        }
    }

    fn commit(&mut self) -> Result<(), Lost> {
        let begun = Instant::now();
        let committed = self.execute("COMMIT");
        self.counts.commit_times.0.observe(begun.elapsed().as_secs_f64());
        committed
    }

    fn run_jobs(&mut self, first: Job) -> (Vec<Answer>, Result<(), Lost>) {
        let until = Instant::now() + self.batch.open_max;
        let mut answers = Vec::with_capacity(self.last_batch);
        let mut next = Some(first);
        while let Some(job) = next {
            let tx = Tx::new(&self.connection);
            answers.push(job(Ok(&tx)));
            let lost = tx.take_lost();
            drop(tx);
            if let Some(lost) = lost {
                // After such an error what this connection holds of the transaction is not sure.
                return (answers, Err(self.note(lost)));
            }
            if self.connection.is_autocommit() {
                // SQLite gave up the whole transaction, and with it the jobs before this one.
                let lost = Lost::Stopped(WriteStop::Disk("the transaction ended under a write".into()));
                return (answers, Err(self.note(lost)));
            }
            let left = until.saturating_duration_since(Instant::now());
            if answers.len() == self.batch.jobs_max || left.is_zero() {
                break;
            }
            next = match self.jobs.try_recv() {
                Ok(job) => Some(job),
                Err(_) if answers.len() < self.last_batch => self.next_within(left),
                Err(_) => None,
            };
        }
        (answers, Ok(()))
    }

    fn execute(&mut self, sql: &str) -> Result<(), Lost> {
        let done = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute(()));
        done.map(drop).map_err(|error| {
            let lost = Lost::of(Trouble::on(&self.connection, &error), &error);
            self.note(lost.unwrap_or_else(|| Lost::Stopped(WriteStop::Disk(error.to_string()))))
        })
    }

    fn note(&self, lost: Lost) -> Lost {
        if let Lost::Stopped(reason) = &lost {
            self.counts.stop(reason.clone());
        }
        lost
    }
}
