//! How the store's modules speak SQL: a view that reads, a transaction that also writes, and the mapping of our types to columns.

use super::error::Trouble;
use super::{Error, Lost};
use rusqlite::{Connection, Params, Row};
use std::cell::RefCell;
use std::ops::Deref;

/// A consistent snapshot of the store.
#[derive(Debug)]
pub struct View<'c> {
    connection: &'c Connection,
    /// The first trouble that SQLite reported. The owner of the connection must learn of it even if a job ignored the error.
    lost: RefCell<Option<Lost>>,
}

/// A write that is stored whole or not at all. It can also read, and sees its own changes.
#[derive(Debug)]
pub struct Tx<'c> {
    view: View<'c>,
}

impl<'c> View<'c> {
    pub(super) fn new(connection: &'c Connection) -> View<'c> {
        View { connection, lost: RefCell::new(None) }
    }

    /// Returns every row of a query.
    pub fn all<T>(
        &self,
        what: &'static str,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        let query = || self.connection.prepare_cached(sql)?.query_map(params, read)?.collect::<rusqlite::Result<Vec<T>>>();
        query().map_err(|source| self.failed(what, source))
    }

    /// Returns the first row of a query; `None` if there is no row.
    pub fn one<T>(
        &self,
        what: &'static str,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Error> {
        let query = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query(params)?;
            rows.next()?.map(read).transpose()
        };
        query().map_err(|source| self.failed(what, source))
    }

    /// Takes the first trouble since the last call; `None` if there was none.
    pub(super) fn take_lost(&self) -> Option<Lost> {
        self.lost.take()
    }

    fn failed(&self, what: &'static str, source: rusqlite::Error) -> Error {
        let trouble = Trouble::on(self.connection, &source);
        let mut lost = self.lost.borrow_mut();
        if lost.is_none() {
            *lost = Lost::of(trouble, &source);
        }
        Error::new(trouble, what.into(), source)
    }
}

#[cfg(test)]
impl View<'_> {
    /// Pretends that a view is a transaction, for tests.
    pub(super) fn as_tx<T>(&self, write: impl FnOnce(&Tx<'_>) -> T) -> T {
        write(&Tx::new(self.connection))
    }
}

impl<'c> Tx<'c> {
    pub(super) fn new(connection: &'c Connection) -> Tx<'c> {
        Tx { view: View::new(connection) }
    }

    /// Runs one statement and returns the number of rows that it changed.
    pub fn run(&self, what: &'static str, sql: &str, params: impl Params) -> Result<usize, Error> {
        let run = || self.view.connection.prepare_cached(sql)?.execute(params);
        run().map_err(|source| self.failed(what, source))
    }
}

impl<'c> Deref for Tx<'c> {
    type Target = View<'c>;
    fn deref(&self) -> &View<'c> {
        &self.view
    }
}
