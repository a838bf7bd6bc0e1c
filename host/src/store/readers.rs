//! Connections that only read: each look is one consistent snapshot, taken while the writer goes on writing.
//!
//! Looks on behalf of async callers wait in one line for a few threads that go on as long as there are any: with many callers a look costs no
//! thread of its own to be woken.

use super::writer::{Counts, Lost};
use super::{Error, Stop, View, connect};
use crate::fault::Identity;
use rusqlite::Connection;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The most connections kept open for reading, and the most threads that read at once on behalf of async callers. Never more than the machine
/// has cores for.
pub const READERS_MAX: usize = 4;

/// A look, and the way to whoever waits for it.
pub(super) type Look = Box<dyn FnOnce() + Send>;

pub(super) struct Readers {
    file: PathBuf,
    identity: Identity,
    counts: Arc<Counts>,
    idle: Mutex<Vec<Connection>>,
    line: Mutex<Line>,
    threads_max: usize,
}

/// Looks that wait, and the threads that take them.
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

    /// Reads in one snapshot, on a connection that was idle or on a new one.
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

    /// A new connection, to the very file that the writer writes: another may have been put in its place.
    fn connect(&self) -> Result<Connection, Error> {
        let gone = || Error::Gone { what: format!("open {}", self.file.display()).into() };
        let connection = connect::read_only(&self.file)?;
        if Identity::of(&self.file).is_ok_and(|found| found == self.identity) { Ok(connection) } else { Err(gone()) }
    }

    /// What a look met outside of its questions, of which the writer must know as well.
    fn met(&self, error: Error) -> Error {
        match &error {
            Error::Disk { source, .. } => self.counts.stop(Stop::Disk(source.to_string())),
            Error::Damaged { source, .. } => self.counts.stop(Stop::Damaged(source.to_string())),
            Error::NotOurs { .. } => self.counts.stop(Stop::Damaged("it is no database any more".to_owned())),
            _ => {}
        }
        error
    }

    /// Puts a look at the end of the line. It must not panic. Needs a tokio runtime.
    pub(super) fn queue(self: &Arc<Readers>, look: Look) {
        let mut line = self.line();
        line.waiting.push_back(look);
        if line.threads < self.threads_max {
            line.threads += 1;
            let readers = self.clone();
            tokio::task::spawn_blocking(move || readers.work());
        }
    }

    /// Takes looks until there are none.
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

    /// Closes what is idle.
    pub(super) fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn begin(connection: &Connection, sql: &str) -> Result<(), Error> {
    let begun = connection.prepare_cached(sql).and_then(|mut statement| statement.execute(()));
    begun.map(drop).map_err(|source| Error::on(connection, "read the store", source))
}
