//! Cassettes of attempts, as JSON: what went over the wire, stored for as long as the retention settings say.

use super::error::bounded;
use super::{Error, Tx, View};
use cartage_model::id::{CartId, DeliveryId, MerchantId};

/// The largest cassette that is stored, in bytes of JSON.
pub const CASSETTE_BYTES_MAX: usize = 32 << 20;

/// A cassette to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CassetteRow {
    /// The delivery that was attempted.
    pub delivery: DeliveryId,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// When the attempt started.
    pub at_unix_ms: u64,
    /// Whether the attempt failed; those cassettes are kept longer.
    pub failed: bool,
    /// The content of the cassette.
    pub tape: Tape,
}

/// The recorded content of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tape {
    /// The cassette as JSON.
    pub json: String,
    /// Whether personal data was removed. A cassette with personal data is kept for a day at most.
    pub personal: Personal,
}

/// What became of the personal data in a cassette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal {
    /// The personal data was replaced.
    Redacted,
    /// The personal data was left in, because a person asked for it.
    Raw,
}

impl Tape {
    /// Wraps the JSON of a cassette whose personal data was removed.
    pub fn redacted(json: impl Into<String>) -> Tape {
        Tape { json: json.into(), personal: Personal::Redacted }
    }
}

/// Stores a cassette, replacing an earlier one of the same attempt.
///
/// # Errors
///
/// [`Error::TooLarge`], or another [`Error`] if the write fails.
pub fn put(tx: &Tx<'_>, merchant: &MerchantId, cassette: &CassetteRow) -> Result<(), Error> {
    let CassetteRow { delivery, attempt, at_unix_ms, failed, tape: Tape { json, personal } } = cassette;
    bounded("keep a cassette", json, CASSETTE_BYTES_MAX)?;
    let sql = "INSERT INTO cassettes (merchant, delivery, attempt, at, failed, cassette, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT DO UPDATE SET at = excluded.at, failed = excluded.failed, cassette = excluded.cassette, raw = excluded.raw";
    tx.run("keep a cassette", sql, (merchant, delivery, attempt, at_unix_ms, failed, json, *personal == Personal::Raw)).map(drop)
}

/// The cassette of one attempt; `None` if there is none.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn get(view: &View<'_>, merchant: &MerchantId, delivery: &DeliveryId, attempt: u32) -> Result<Option<CassetteRow>, Error> {
    let sql = "SELECT delivery, attempt, at, failed, cassette, raw FROM cassettes WHERE merchant = ?1 AND delivery = ?2 AND attempt = ?3";
    view.one("look up a cassette", sql, (merchant, delivery, attempt), |row| {
        let personal = if row.get(5)? { Personal::Raw } else { Personal::Redacted };
        let tape = Tape { json: row.get(4)?, personal };
        Ok(CassetteRow { delivery: row.get(0)?, attempt: row.get(1)?, at_unix_ms: row.get(2)?, failed: row.get(3)?, tape })
    })
}

/// Lists the most recent attempts at a cart's deliveries since a time that have a cassette, at most `most`, the most recent first.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn last_of(
    view: &View<'_>,
    merchant: &MerchantId,
    cart: &CartId,
    since_unix_ms: u64,
    most: u32,
) -> Result<Vec<(DeliveryId, u32)>, Error> {
    let sql = "SELECT delivery, attempt FROM receipts JOIN cassettes USING (merchant, delivery, attempt)
        WHERE merchant = ?1 AND cart = ?2 AND receipts.at >= ?3 ORDER BY receipts.at DESC, receipts.rowid DESC LIMIT ?4";
    view.all("list a cart's last cassettes", sql, (merchant, cart, since_unix_ms, most), |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Lists the numbers of a delivery's attempts that have a cassette.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn attempts(view: &View<'_>, merchant: &MerchantId, delivery: &DeliveryId) -> Result<Vec<u32>, Error> {
    let sql = "SELECT attempt FROM cassettes WHERE merchant = ?1 AND delivery = ?2 ORDER BY attempt";
    view.all("list a delivery's cassettes", sql, (merchant, delivery), |row| row.get(0))
}
