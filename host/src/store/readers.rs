//! Connections that only read: each look is one consistent snapshot, taken while the writer goes on writing.

use super::{Error, View, connect};
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Semaphore;

/// The most connections kept open for reading, and the most that read at once on behalf of async callers.
pub const READERS_MAX: usize = 4;

#[derive(Debug)]
pub(super) struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
    pub(super) turns: Semaphore,
}

impl Readers {
    pub(super) fn new(file: PathBuf) -> Readers {
        Readers { file, idle: Mutex::new(Vec::new()), turns: Semaphore::new(READERS_MAX) }
    }

    /// Reads in one snapshot, on a connection that was idle or on a new one.
    pub(super) fn read<T, E: From<Error>>(&self, read: impl FnOnce(&View<'_>) -> Result<T, E>) -> Result<T, E> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect::read_only(&self.file)?,
        };
        begin(&connection, "BEGIN DEFERRED")?;
        let answer = read(&View::new(&connection));
        begin(&connection, "ROLLBACK")?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_MAX {
            idle.push(connection);
        }
        answer
    }

    /// Closes what is idle.
    pub(super) fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn begin(connection: &Connection, sql: &str) -> Result<(), Error> {
    connection.execute_batch(sql).map_err(|source| Error::of("read the store", source))
}
