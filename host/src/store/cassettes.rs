//! Cassettes of attempts, as JSON: for whoever wants to know what went over the wire, for as long as the operator says.

use super::error::bounded;
use super::{Error, Tx, View};
use crate::id::{CartId, DeliveryId, MerchantId};

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
    pub tape: Tape,
}

/// What of an attempt is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tape {
    /// The cassette as JSON.
    pub json: String,
    /// Whether personal data was taken out. Those in which it was not are kept for a day at most.
    pub personal: Personal,
}

/// What became of the personal data in a cassette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal {
    /// It was taken out.
    Redacted,
    /// It was left in, because a person said so.
    Raw,
}

impl Tape {
    /// A cassette without personal data.
    pub fn redacted(json: impl Into<String>) -> Tape {
        Tape { json: json.into(), personal: Personal::Redacted }
    }
}

/// Keeps a cassette. One that is there of the same attempt is replaced.
///
/// # Errors
///
/// [`Error::TooLarge`], else [`Error`] when it could not be written.
pub fn put(tx: &Tx<'_>, merchant: &MerchantId, cassette: &Cassette) -> Result<(), Error> {
    let Cassette { delivery, attempt, at_unix_ms, failed, tape: Tape { json, personal } } = cassette;
    bounded("keep a cassette", json, CASSETTE_BYTES_MAX)?;
    let sql = "INSERT INTO cassettes (merchant, delivery, attempt, at, failed, cassette, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT DO UPDATE SET at = excluded.at, failed = excluded.failed, cassette = excluded.cassette, raw = excluded.raw";
    tx.run("keep a cassette", sql, (merchant, delivery, attempt, at_unix_ms, failed, json, *personal == Personal::Raw)).map(drop)
}

/// The cassette of one attempt.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn get(view: &View<'_>, merchant: &MerchantId, delivery: &DeliveryId, attempt: u32) -> Result<Option<Cassette>, Error> {
    let sql = "SELECT delivery, attempt, at, failed, cassette, raw FROM cassettes WHERE merchant = ?1 AND delivery = ?2 AND attempt = ?3";
    view.one("look up a cassette", sql, (merchant, delivery, attempt), |row| {
        let personal = if row.get(5)? { Personal::Raw } else { Personal::Redacted };
        let tape = Tape { json: row.get(4)?, personal };
        Ok(Cassette { delivery: row.get(0)?, attempt: row.get(1)?, at_unix_ms: row.get(2)?, failed: row.get(3)?, tape })
    })
}

/// The last attempts at a cart's deliveries that have a cassette, at most so many, the last first.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn last_of(view: &View<'_>, merchant: &MerchantId, cart: &CartId, most: u32) -> Result<Vec<(DeliveryId, u32)>, Error> {
    let sql = "SELECT delivery, attempt FROM receipts JOIN cassettes USING (merchant, delivery, attempt)
        WHERE merchant = ?1 AND cart = ?2 ORDER BY receipts.at DESC, receipts.rowid DESC LIMIT ?3";
    view.all("list a cart's last cassettes", sql, (merchant, cart, most), |row| Ok((row.get(0)?, row.get(1)?)))
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
