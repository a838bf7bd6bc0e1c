//! How the nouns of the store speak SQL: a view that reads, a transaction that also writes, and how our types stand in rows.

use super::error::Trouble;
use super::{Error, Lost};
use crate::id::{CartId, DeliveryId, Digest, MerchantId, SenderOrderNumber};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Params, Row};
use std::cell::RefCell;
use std::ops::Deref;

/// One consistent look at the store.
#[derive(Debug)]
pub struct View<'c> {
    connection: &'c Connection,
    /// The first trouble that SQLite met, which whoever owns the connection must know of even if a job made light of it.
    lost: RefCell<Option<Lost>>,
}

/// A write that is kept whole or not at all. It reads as well, and sees what it wrote.
#[derive(Debug)]
pub struct Tx<'c> {
    view: View<'c>,
}

impl<'c> View<'c> {
    pub(super) fn new(connection: &'c Connection) -> View<'c> {
        View { connection, lost: RefCell::new(None) }
    }

    /// Every row of a query.
    pub(crate) fn all<T>(
        &self,
        what: &'static str,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        let query = || self.connection.prepare_cached(sql)?.query_map(params, read)?.collect::<rusqlite::Result<Vec<T>>>();
        query().map_err(|source| self.failed(what, source))
    }

    /// The first row of a query, if there is one.
    pub(crate) fn one<T>(
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

    /// The first trouble that was met since this was asked last.
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
    /// A transaction where there can be none.
    pub(super) fn as_tx<T>(&self, write: impl FnOnce(&Tx<'_>) -> T) -> T {
        write(&Tx::new(self.connection))
    }
}

impl<'c> Tx<'c> {
    pub(super) fn new(connection: &'c Connection) -> Tx<'c> {
        Tx { view: View::new(connection) }
    }

    /// Runs one statement and counts the rows that it changed.
    pub(crate) fn run(&self, what: &'static str, sql: &str, params: impl Params) -> Result<usize, Error> {
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

/// Types that stand in rows as text and are checked again when they are read.
macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.to_string()))
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<$type> {
                <$type>::try_from(value.as_str()?.to_owned()).map_err(|error| FromSqlError::Other(Box::new(error)))
            }
        }
    )*};
}

as_text!(CartId, MerchantId, Digest);

impl ToSql for DeliveryId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_str()))
    }
}

impl FromSql for DeliveryId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<DeliveryId> {
        value.as_str().map(DeliveryId::named)
    }
}

impl ToSql for SenderOrderNumber {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_str()))
    }
}

impl FromSql for SenderOrderNumber {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<SenderOrderNumber> {
        value.as_str().map(SenderOrderNumber::new)
    }
}
