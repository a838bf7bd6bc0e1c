//! Alerts: conditions that somebody must act on, each there until it is cleared.

use super::{Error, Tx, View};
use crate::id::MerchantId;
use rusqlite::Row;

/// An open alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What kind of condition, by name.
    pub kind: String,
    /// What it is about: a cart, an order. Empty: the whole installation.
    pub subject: String,
    /// What there is to know, for people.
    pub detail: String,
    /// Since when.
    pub raised_at_unix_ms: u64,
    /// When somebody was told last. None: nobody was.
    pub told_at_unix_ms: Option<u64>,
}

/// Raises an alert. One that is open stays open since when it was, and has the newer detail. Tells whether it is a new one.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn raise(tx: &Tx<'_>, merchant: &MerchantId, kind: &str, subject: &str, detail: &str, at_unix_ms: u64) -> Result<bool, Error> {
    let sql = "UPDATE alerts SET detail = ?4 WHERE merchant = ?1 AND kind = ?2 AND subject = ?3";
    if tx.run("raise an alert", sql, (merchant, kind, subject, detail))? > 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO alerts (merchant, kind, subject, detail, raised_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.run("raise an alert", sql, (merchant, kind, subject, detail, at_unix_ms))?;
    Ok(true)
}

/// Clears an alert, and gives it back if it was open.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn clear(tx: &Tx<'_>, merchant: &MerchantId, kind: &str, subject: &str) -> Result<Option<Alert>, Error> {
    let key = (merchant, kind, subject);
    let sql = "SELECT kind, subject, detail, raised_at, told_at FROM alerts WHERE merchant = ?1 AND kind = ?2 AND subject = ?3";
    let open = tx.one("look up an alert", sql, key, read)?;
    tx.run("clear an alert", "DELETE FROM alerts WHERE merchant = ?1 AND kind = ?2 AND subject = ?3", key)?;
    Ok(open)
}

/// Notes that somebody was told of an alert. Tells whether it is still open.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn told(tx: &Tx<'_>, merchant: &MerchantId, kind: &str, subject: &str, at_unix_ms: u64) -> Result<bool, Error> {
    let sql = "UPDATE alerts SET told_at = ?4 WHERE merchant = ?1 AND kind = ?2 AND subject = ?3";
    tx.run("note that an alert was told", sql, (merchant, kind, subject, at_unix_ms)).map(|rows| rows > 0)
}

/// Every open alert, the oldest first.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn open(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<Alert>, Error> {
    let sql = "SELECT kind, subject, detail, raised_at, told_at FROM alerts WHERE merchant = ?1 ORDER BY raised_at, kind, subject";
    view.all("list the alerts", sql, (merchant,), read)
}

/// The open alerts of which nobody was told at this time or later, the oldest first.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn untold_since(view: &View<'_>, merchant: &MerchantId, since_unix_ms: u64) -> Result<Vec<Alert>, Error> {
    let sql = "SELECT kind, subject, detail, raised_at, told_at FROM alerts WHERE merchant = ?1 AND (told_at IS NULL OR told_at < ?2)
        ORDER BY raised_at, kind, subject";
    view.all("list the alerts to tell", sql, (merchant, since_unix_ms), read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Alert> {
    Ok(Alert { kind: row.get(0)?, subject: row.get(1)?, detail: row.get(2)?, raised_at_unix_ms: row.get(3)?, told_at_unix_ms: row.get(4)? })
}
