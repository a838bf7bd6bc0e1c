//! Cassettes of attempts, as JSON: for whoever wants to know what went over the wire, for as long as the operator says.

use super::error::bounded;
use super::{Error, Tx, View};
use crate::id::{DeliveryId, MerchantId};

/// The longest cassette that is kept.
pub const CASSETTE_BYTES_MAX: usize = 32 << 20;

/// A cassette to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cassette {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The number of the attempt.
    pub attempt: u32,
    /// When the attempt started.
    pub at_unix_ms: u64,
    /// Whether it was for nothing: those are kept longer.
    pub failed: bool,
    /// All of it.
    pub json: String,
}

/// Keeps a cassette. One that is there of the same attempt is replaced.
///
/// # Errors
///
/// [`Error::TooLarge`], else [`Error`] when it could not be written.
pub fn put(tx: &Tx<'_>, merchant: &MerchantId, cassette: &Cassette) -> Result<(), Error> {
    let Cassette { delivery, attempt, at_unix_ms, failed, json } = cassette;
    bounded("keep a cassette", json, CASSETTE_BYTES_MAX)?;
    let sql = "INSERT INTO cassettes (merchant, delivery, attempt, at, failed, cassette) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO UPDATE SET at = excluded.at, failed = excluded.failed, cassette = excluded.cassette";
    tx.run("keep a cassette", sql, (merchant, delivery, attempt, at_unix_ms, failed, json)).map(drop)
}

/// The cassette of one attempt.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn get(view: &View<'_>, merchant: &MerchantId, delivery: &DeliveryId, attempt: u32) -> Result<Option<Cassette>, Error> {
    let sql = "SELECT delivery, attempt, at, failed, cassette FROM cassettes WHERE merchant = ?1 AND delivery = ?2 AND attempt = ?3";
    view.one("look up a cassette", sql, (merchant, delivery, attempt), |row| {
        Ok(Cassette { delivery: row.get(0)?, attempt: row.get(1)?, at_unix_ms: row.get(2)?, failed: row.get(3)?, json: row.get(4)? })
    })
}

/// Which attempts of a delivery have a cassette.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn attempts(view: &View<'_>, merchant: &MerchantId, delivery: &DeliveryId) -> Result<Vec<u32>, Error> {
    let sql = "SELECT attempt FROM cassettes WHERE merchant = ?1 AND delivery = ?2 ORDER BY attempt";
    view.all("list a delivery's cassettes", sql, (merchant, delivery), |row| row.get(0))
}

/// Deletes cassettes of attempts that started before these times, at most so many of each kind, the oldest first. Gives how many.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn delete_before(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    done_before_unix_ms: u64,
    failed_before_unix_ms: u64,
    most: u32,
) -> Result<usize, Error> {
    let sql = "DELETE FROM cassettes WHERE rowid IN
        (SELECT rowid FROM cassettes WHERE merchant = ?1 AND failed = ?2 AND at < ?3 ORDER BY at LIMIT ?4)";
    let done = tx.run("delete old cassettes", sql, (merchant, false, done_before_unix_ms, most))?;
    let failed = tx.run("delete old cassettes", sql, (merchant, true, failed_before_unix_ms, most))?;
    Ok(done + failed)
}
