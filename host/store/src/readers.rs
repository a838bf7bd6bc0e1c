//! Connections that only read: each read sees one consistent snapshot, taken while the writer goes on.
//!
//! Reads on behalf of async callers are queued for a few threads, which go on while there are reads: with many callers, no thread has to be
//! woken for each read.

use super::writer::{Counts, Lost};
use super::{Error, View, WriteStop, connect};
use cartage_base::fault::Identity;
use rusqlite::Connection;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The most connections kept open for reading, and the most threads that read at once on behalf of async callers; never more than the
/// machine has cores.
pub const READERS_MAX: usize = 4;

/// A read, with the channel to its caller.
pub(super) type Look = Box<dyn FnOnce() + Send>;

pub(super) struct Readers {
    file: PathBuf,
    identity: Identity,
    counts: Arc<Counts>,
    idle: Mutex<Vec<Connection>>,
    line: Mutex<Line>,
    threads_max: usize,
}

/// The queued reads, and the threads that run them.
#[derive(Default)]
struct Line {
    waiting: VecDeque<Look>,
    threads: usize,
}

impl Readers {
    /// Readers of a file that was just opened for writing.
    pub(super) fn new(file: PathBuf, counts: Arc<Counts>) -> io::Result<Readers> {
        let identity = Identity::of(&file)?;
        let threads_max = std::thread::available_parallelism().map_or(1, usize::from).min(READERS_MAX);
        Ok(Readers { file, identity, counts, idle: Mutex::new(Vec::new()), line: Mutex::default(), threads_max })
    }

    /// Reads from one snapshot, on an idle connection or a new one.
    pub(super) fn read<T, E: From<Error>>(&self, read: impl FnOnce(&View<'_>) -> Result<T, E>) -> Result<T, E> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect().map_err(|error| self.met(error))?,
        };
        begin(&connection, "BEGIN DEFERRED").map_err(|error| self.met(error))?;
        let view = View::new(&connection);
        let answer = read(&view);
        let lost = view.take_lost();
        if let Some(lost) = lost {
            // What was written on top of a damaged page, or of one that cannot be read, would make it worse.
            if let Lost::Stopped(reason) = lost {
                self.counts.stop(reason);
            }
            // The connection goes: whatever ails it, the next is a new one.
            return answer;
        }
        begin(&connection, "ROLLBACK").map_err(|error| self.met(error))?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_MAX {
            idle.push(connection);
        }
        answer
    }

    /// Opens a connection to the very file that the writer writes, because another may have been put in its place.
    fn connect(&self) -> Result<Connection, Error> {
        let gone = || Error::Gone { what: format!("open {}", self.file.display()).into() };
        let connection = connect::read_only(&self.file)?;
        if Identity::of(&self.file).is_ok_and(|found| found == self.identity) { Ok(connection) } else { Err(gone()) }
    }

    /// Passes on an error that occurred outside the closure's queries, because the writer must learn of it too.
    fn met(&self, error: Error) -> Error {
        match &error {
            Error::Disk { source, .. } => self.counts.stop(WriteStop::Disk(source.to_string())),
            Error::Damaged { source, .. } => self.counts.stop(WriteStop::Damaged(source.to_string())),
            Error::NotOurs { .. } => self.counts.stop(WriteStop::Damaged("it is no longer a database".to_owned())),
            _ => {}
        }
        error
    }

    /// Queues a read. The read must not panic. Needs a tokio runtime.
    pub(super) fn queue(self: &Arc<Readers>, look: Look) {
        let mut line = self.line();
        line.waiting.push_back(look);
        if line.threads < self.threads_max {
            line.threads += 1;
            let readers = self.clone();
            tokio::task::spawn_blocking(move || readers.work());
        }
    }

    /// Runs reads until the queue is empty.
    fn work(&self) {
        while let Some(look) = self.next() {
            look();
        }
    }

    fn next(&self) -> Option<Look> {
        let mut line = self.line();
        let next = line.waiting.pop_front();
        if next.is_none() {
            line.threads -= 1;
        }
        next
    }

    fn line(&self) -> std::sync::MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the idle connections.
    pub(super) fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn begin(connection: &Connection, sql: &str) -> Result<(), Error> {
    let begun = connection.prepare_cached(sql).and_then(|mut statement| statement.execute(()));
    begun.map(drop).map_err(|source| Error::on(connection, "read the store", source))
}
