//! Alerts: conditions that somebody must act on, each there until it is cleared.
//!
//! One of which somebody was told stays on record after it was cleared, until they were told that as well.

use super::{Error, Tx, View};
use crate::id::MerchantId;
use rusqlite::Row;

/// An alert.
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
    /// When it was cleared. None: it is open.
    pub cleared_at_unix_ms: Option<u64>,
}

/// Raises an alert. One that is open stays open since when it was, and has the newer detail; so does one that was cleared and of whose end
/// nobody was told. Tells whether it is a new one.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn raise(tx: &Tx<'_>, merchant: &MerchantId, kind: &str, subject: &str, detail: &str, at_unix_ms: u64) -> Result<bool, Error> {
    let sql = "UPDATE alerts SET detail = ?4, cleared_at = NULL WHERE merchant = ?1 AND kind = ?2 AND subject = ?3";
    if tx.run("raise an alert", sql, (merchant, kind, subject, detail))? > 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO alerts (merchant, kind, subject, detail, raised_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.run("raise an alert", sql, (merchant, kind, subject, detail, at_unix_ms))?;
    Ok(true)
}

/// Clears an alert, and gives it back as it was if it was open. Of one that nobody was told of nothing is left.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn clear(tx: &Tx<'_>, merchant: &MerchantId, kind: &str, subject: &str, at_unix_ms: u64) -> Result<Option<Alert>, Error> {
    let key = (merchant, kind, subject);
    let sql = "SELECT kind, subject, detail, raised_at, told_at, cleared_at FROM alerts
        WHERE merchant = ?1 AND kind = ?2 AND subject = ?3 AND cleared_at IS NULL";
    let Some(open) = tx.one("look up an alert", sql, key, read)? else { return Ok(None) };
    if open.told_at_unix_ms.is_none() {
        forget(tx, merchant, kind, subject)?;
    } else {
        let sql = "UPDATE alerts SET cleared_at = ?4 WHERE merchant = ?1 AND kind = ?2 AND subject = ?3";
        tx.run("clear an alert", sql, (merchant, kind, subject, at_unix_ms))?;
    }
    Ok(Some(open))
}

/// Takes an alert off the record, whether or not it is open. Tells whether it was there.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn forget(tx: &Tx<'_>, merchant: &MerchantId, kind: &str, subject: &str) -> Result<bool, Error> {
    let sql = "DELETE FROM alerts WHERE merchant = ?1 AND kind = ?2 AND subject = ?3";
    tx.run("forget an alert", sql, (merchant, kind, subject)).map(|rows| rows > 0)
}

/// Notes that somebody was told of an alert as it stands: that it is open, or that it was cleared, with which it goes. Tells whether it
/// stood so still.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn told(tx: &Tx<'_>, merchant: &MerchantId, alert: &Alert, at_unix_ms: u64) -> Result<bool, Error> {
    let Alert { kind, subject, cleared_at_unix_ms, .. } = alert;
    let rows = match cleared_at_unix_ms {
        None => {
            let sql = "UPDATE alerts SET told_at = ?4 WHERE merchant = ?1 AND kind = ?2 AND subject = ?3";
            tx.run("note that an alert was told", sql, (merchant, kind, subject, at_unix_ms))?
        }
        Some(_) => {
            let sql = "DELETE FROM alerts WHERE merchant = ?1 AND kind = ?2 AND subject = ?3 AND cleared_at IS NOT NULL";
            tx.run("note that the end of an alert was told", sql, (merchant, kind, subject))?
        }
    };
    Ok(rows > 0)
}

/// Every open alert, the oldest first.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn open(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<Alert>, Error> {
    let sql = "SELECT kind, subject, detail, raised_at, told_at, cleared_at FROM alerts WHERE merchant = ?1 AND cleared_at IS NULL
        ORDER BY raised_at, kind, subject";
    view.all("list the alerts", sql, (merchant,), read)
}

/// Every alert on record, those among them that were cleared and whose end is still to be told. The oldest first.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn on_record(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<Alert>, Error> {
    let sql = "SELECT kind, subject, detail, raised_at, told_at, cleared_at FROM alerts WHERE merchant = ?1
        ORDER BY raised_at, kind, subject";
    view.all("list the alerts on record", sql, (merchant,), read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Alert> {
    Ok(Alert {
        kind: row.get(0)?,
        subject: row.get(1)?,
        detail: row.get(2)?,
        raised_at_unix_ms: row.get(3)?,
        told_at_unix_ms: row.get(4)?,
        cleared_at_unix_ms: row.get(5)?,
    })
}
