//! The durable store of Cartage: one SQLite file, one writer, and readers beside it. No other crate contains SQL.
//!
//! [`Store::write`] runs a closure in a transaction and returns once it is on disk; [`Store::read`] runs one over a consistent snapshot.
//! The modules below hold the functions that write and read: plain data in and out, each for one [`MerchantId`], so that nothing crosses
//! between merchants. A [`View`] cannot write: writing needs the [`Tx`] that only [`Store::write`] hands out.
//!
//! Promised: what was answered with `Ok` survives a crash and a loss of power; what was answered with an error left nothing behind, except
//! for [`Error::Stopped`], after which nobody can know. Not promised: that a write was not made because its caller stopped waiting.

mod writer;
mod readers;
mod sql;
mod connect;
mod copying;
mod migrate;
mod schema;
mod errno;
mod error;

pub mod lists;
pub mod merchants;
pub mod plugins;
pub mod carts;
pub mod parameters;
pub mod events;
pub mod orders;
pub mod decisions;
pub mod credentials;
pub mod receipts;
pub mod cassettes;
pub mod alerts;
pub mod bans;
pub mod recordings;
pub mod idempotency;
pub mod retention;
pub mod tokens;
pub mod audit;
pub mod backup;
pub mod clock;
pub mod data_dir;
pub mod outbox;
pub mod vault;

#[cfg(test)]
mod tests;

pub use clock::StoredClock;
pub use error::{Error, Reach, WriteStop};
pub use migrate::Migrated;
pub use readers::READERS_MAX;
pub use sql::{Tx, View};
pub use writer::{BATCH_JOBS_MAX, BATCH_MS_MAX, QUEUE_JOBS_MAX};

use cartage_base::clock::{Clock, Reading};
use cartage_base::histogram::Durations;
use cartage_model::id::MerchantId;
use readers::Readers;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use writer::{Batch, Counts, Job, Lost, Ran, Writer};

/// How often emptying the log is attempted while others use it. Each attempt takes up to the wait for a lock.
const EMPTY_TRIES: u32 = 5;

/// The store. Clones share it; dropping the last clone closes the store once the queued writes are done.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    file: PathBuf,
    migrated: Option<Migrated>,
    readers: Arc<Readers>,
    counts: Arc<Counts>,
    clock: Arc<Mutex<clock::Held>>,
    /// `None` once the store is being closed.
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens an existing store and migrates it to this release's schema if need be; [`Store::migrated`] then tells.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::NotOurs`], [`Error::Newer`], [`Error::ReadOnly`], [`Error::Busy`] while another program writes to it,
    /// [`Error::NoWriteAheadLog`] and [`Error::Migration`]. After any of them the file is as it was.
    pub fn open(file: &Path, now: impl Into<Reading>) -> Result<Store, Error> {
        let connection = connect::read_write(file)?;
        Store::start(connection, file, now.into(), Batch::USUAL)
    }

    /// Creates a new store.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`] if there is a file of this name.
    pub fn create(file: &Path, now: impl Into<Reading>) -> Result<Store, Error> {
        let connection = connect::new_file(file)?;
        Store::start(connection, file, now.into(), Batch::USUAL)
    }

    fn start(connection: rusqlite::Connection, file: &Path, now: Reading, batch: Batch) -> Result<Store, Error> {
        connect::write_ahead(&connection, file)?;
        let migrated = migrate::migrate(&connection, file, schema::STEPS)?;
        let held = clock::open(&Tx::new(&connection), &now)?;
        merchants::put(&Tx::new(&connection), &MerchantId::default(), now.wall_unix_ms)?;
        let counts = Arc::new(Counts::default());
        let readers = Readers::new(file.to_owned(), counts.clone()).map_err(Error::file("look at", file))?;
        let (jobs, queue) = mpsc::channel(QUEUE_JOBS_MAX);
        let writer = Writer::start(connection, queue, counts.clone(), batch).map_err(Error::file("start the writer of", file))?;
        let inner = Inner {
            file: file.to_owned(),
            migrated,
            readers: Arc::new(readers),
            counts,
            clock: Arc::new(Mutex::new(held)),
            jobs: Some(jobs),
            writer: Some(writer),
        };
        Ok(Store { inner: Arc::new(inner) })
    }

    /// The migration that opening this store made, for the operator; `None` if there was none.
    pub fn migrated(&self) -> Option<&Migrated> {
        self.inner.migrated.as_ref()
    }

    /// Waits until the store takes no more writes, and returns the reason. Never returns while the disk works.
    pub async fn stopped(&self) -> WriteStop {
        let mut stopped = self.inner.counts.stopped.subscribe();
        let reason = stopped.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        match reason {
            Some(reason) => reason,
            // The sender is this store's own.
            None => std::future::pending().await,
        }
    }

    /// Why the store takes no more writes; `None` while it takes them.
    pub fn why_stopped(&self) -> Option<WriteStop> {
        self.inner.counts.stopped.borrow().clone()
    }

    /// Asks the writer whether it can begin and end a transaction, and waits for at most `at_most`. Nothing is written, and the disk is not
    /// waited for.
    ///
    /// # Errors
    ///
    /// [`Error::Silent`] if the writer does not answer in time, [`Error::Busy`] while another program writes to the file,
    /// [`Error::Stopped`], and every other error of a write.
    pub async fn ping_writer(&self, at_most: Duration) -> Result<(), Error> {
        let ping = self.write(|_: &Tx<'_>| Ok(()));
        let after_ms = u64::try_from(at_most.as_millis()).unwrap_or(u64::MAX);
        tokio::time::timeout(at_most, ping).await.unwrap_or(Err(Error::Silent { after_ms }))
    }

    /// The path of the database file.
    pub fn file(&self) -> &Path {
        &self.inner.file
    }

    /// Runs a closure in a transaction. What the closure did is on disk when this returns `Ok`, and none of it is stored if the closure
    /// fails.
    ///
    /// Writes are made in the order in which they came, many to a transaction; each sees those before it. A write that has begun is
    /// completed even if its caller stops waiting. A panic of the closure continues here, and leaves nothing behind in the store.
    ///
    /// # Errors
    ///
    /// What the closure returned; an [`Error`] of which [`Error::is_passing`] is true, after which nothing was stored; or
    /// [`Error::Stopped`].
    pub async fn write<T, E>(&self, write: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        // Boxed at once: the future stays small whatever the closure holds.
        let job = writer::job(write, reply);
        self.inner.jobs()?.send(job).await.map_err(|_| self.inner.ended())?;
        self.inner.ran(answer.await)
    }

    /// [`Store::write`] for code outside an async runtime; it panics inside one.
    ///
    /// # Errors
    ///
    /// As [`Store::write`].
    pub fn write_blocking<T, E>(&self, write: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.inner.jobs()?.blocking_send(writer::job(write, reply)).map_err(|_| self.inner.ended())?;
        self.inner.ran(answer.blocking_recv())
    }

    /// Runs a closure over one snapshot: everything that was on disk when the read began. At most [`READERS_MAX`] reads run at once. Needs
    /// a tokio runtime.
    ///
    /// # Errors
    ///
    /// What the closure returned, or an [`Error`] if the file cannot be read.
    pub async fn read<T, E>(&self, read: impl FnOnce(&View<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answered) = oneshot::channel();
        let inner = self.inner.clone();
        self.inner.readers.queue(Box::new(move || {
            let ran = catch_unwind(AssertUnwindSafe(|| inner.readers.read(read)));
            // Whoever asked may have gone.
            let _ = reply.send(ran);
        }));
        match answered.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => Err(self.inner.ended().into()),
        }
    }

    /// As [`Store::read`], on the caller's own thread.
    ///
    /// # Errors
    ///
    /// As [`Store::read`].
    pub fn read_blocking<T, E: From<Error>>(&self, read: impl FnOnce(&View<'_>) -> Result<T, E>) -> Result<T, E> {
        self.inner.readers.read(read)
    }

    /// Moves the content of the log into the database file and empties the log, so that data deleted before is in neither. Needs a tokio
    /// runtime.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if other connections read all the time.
    pub async fn empty_log(&self) -> Result<(), Error> {
        for _ in 0..EMPTY_TRIES {
            let file = self.inner.file.clone();
            let emptied = tokio::task::spawn_blocking(move || connect::empty_log(&file)).await;
            if emptied.map_err(|_| self.inner.ended())?? {
                return Ok(());
            }
        }
        Err(Error::Busy { what: "empty the store's log".into() })
    }

    /// The clock of this installation, which remembers in the store how the machine's clock was set. `inner` must be the clock that was read
    /// when the store was opened.
    pub fn clock(&self, inner: Arc<dyn Clock>) -> StoredClock {
        let jobs = self.inner.jobs.as_ref().expect("it is closed with the last store").downgrade();
        StoredClock::new(inner, self.inner.clock.clone(), jobs)
    }

    /// The number of writes stored since the store was opened, and of the transactions that they took.
    pub fn writes_and_commits(&self) -> (u64, u64) {
        let counts = &self.inner.counts;
        (counts.jobs.load(Ordering::Relaxed), counts.commits.load(Ordering::Relaxed))
    }
}

impl Store {
    /// The number of transactions that the writer ended, whether or not they were stored. While a write waits for a working writer, the
    /// number grows.
    pub fn rounds(&self) -> u64 {
        self.inner.counts.rounds.load(Ordering::Relaxed)
    }

    /// The durations of the commits since the store was opened: the time that a write waits for the disk.
    pub fn commit_times(&self) -> Durations {
        self.inner.counts.commit_times.clone()
    }
}

#[cfg(test)]
impl Store {
    fn create_with(file: &Path, batch: Batch) -> Result<Store, Error> {
        Store::start(connect::new_file(file)?, file, 0.into(), batch)
    }

    /// The number of jobs in the writer's queue.
    fn waiting(&self) -> usize {
        self.inner.jobs.as_ref().map_or(0, |jobs| QUEUE_JOBS_MAX - jobs.capacity())
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("file", &self.inner.file).finish_non_exhaustive()
    }
}

impl Inner {
    fn jobs(&self) -> Result<&mpsc::Sender<Job>, Error> {
        self.jobs.as_ref().ok_or_else(|| self.ended())
    }

    /// The error for a caller whose answer will never come.
    fn ended(&self) -> Error {
        Error::Stopped { reason: self.counts.stopped.borrow().clone().unwrap_or(WriteStop::Closed) }
    }

    fn ran<T, E: From<Error>>(&self, answer: Result<Ran<T, E>, oneshot::error::RecvError>) -> Result<T, E> {
        match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => Err(self.ended().into()),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The last connection to close tidies up after all of them, and that must be the writer's.
        self.readers.close();
        drop(self.jobs.take());
        // A job may have held the last clone: then this is the writer, which cannot wait for itself.
        if let Some(writer) = self.writer.take()
            && writer.thread().id() != thread::current().id()
            && writer.join().is_err()
        {
            tracing::error!("the store's writer ended in a panic");
        }
    }
}
