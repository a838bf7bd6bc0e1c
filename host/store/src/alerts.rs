//! Alerts: conditions that a person must act on, each open until it is cleared.
//!
//! An alert that was sent to a person stays on record after it was cleared, until that was sent as well.

use super::{Error, Tx, View};
use cartage_model::alerts::Subject;
use cartage_model::id::MerchantId;
use cartage_model::remedy::{Remedy, Words};
use rusqlite::Row;

/// An alert with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The kind of condition, by name.
    pub kind: String,
    /// What the alert is about.
    pub subject: Subject,
    /// The facts, for people.
    pub detail: String,
    /// What a person can do, in order. Empty if an earlier release raised the alert: its detail says it.
    pub remedies: Vec<Remedy>,
    /// When the alert was raised.
    pub raised_at_unix_ms: u64,
    /// When a person was last told; `None` if nobody was.
    pub told_at_unix_ms: Option<u64>,
    /// When the alert was cleared; `None` while it is open.
    pub cleared_at_unix_ms: Option<u64>,
}

impl Alert {
    /// The facts and what to do, in one line.
    pub fn text(&self, words: &dyn Words) -> String {
        Said { detail: &self.detail, remedies: &self.remedies }.text(words)
    }
}

/// What there is to say of an alert.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The facts, for people.
    pub detail: &'a str,
    /// What a person can do, in order.
    pub remedies: &'a [Remedy],
}

impl Said<'_> {
    /// The facts and what to do, in one line.
    pub fn text(self, words: &dyn Words) -> String {
        let advice = self.remedies.iter().map(|remedy| words.advice(remedy));
        [self.detail.to_owned()].into_iter().chain(advice).collect::<Vec<_>>().join("; ")
    }
}

/// Raises an alert. An open alert keeps its time and gets what is said now; so does one that was cleared without anybody being told of its
/// end. Returns whether the alert is new.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn raise(tx: &Tx<'_>, merchant: &MerchantId, kind: &str, subject: &Subject, said: Said<'_>, at_unix_ms: u64) -> Result<bool, Error> {
    let (detail, remedies) = (said.detail, serde_json::to_string(said.remedies).expect("remedies are plain data"));
    let sql = "UPDATE alerts SET detail = ?4, remedies = ?5, cleared_at = NULL WHERE merchant = ?1 AND kind = ?2 AND subject = ?3";
    if tx.run("raise an alert", sql, (merchant, kind, subject, detail, &remedies))? > 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO alerts (merchant, kind, subject, detail, remedies, raised_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.run("raise an alert", sql, (merchant, kind, subject, detail, &remedies, at_unix_ms))?;
    Ok(true)
}

/// Clears an alert, and returns it as it was; `None` if it was not open. An alert that nobody was told of is deleted.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn clear(tx: &Tx<'_>, merchant: &MerchantId, kind: &str, subject: &Subject, at_unix_ms: u64) -> Result<Option<Alert>, Error> {
    let key = (merchant, kind, subject);
    let sql = "SELECT kind, subject, detail, raised_at, told_at, cleared_at, remedies FROM alerts
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

/// Deletes an alert, whether or not it is open. Returns whether it was there.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn forget(tx: &Tx<'_>, merchant: &MerchantId, kind: &str, subject: &Subject) -> Result<bool, Error> {
    let sql = "DELETE FROM alerts WHERE merchant = ?1 AND kind = ?2 AND subject = ?3";
    tx.run("forget an alert", sql, (merchant, kind, subject)).map(|rows| rows > 0)
}

/// Records that a person was told of an alert as given: that it is open, or that it was cleared, after which it is deleted. Returns whether
/// the alert was still in that state.
///
/// # Errors
///
/// [`Error`] if the write fails.
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

/// Lists every open alert, the oldest first.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn open(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<Alert>, Error> {
    let sql =
        "SELECT kind, subject, detail, raised_at, told_at, cleared_at, remedies FROM alerts WHERE merchant = ?1 AND cleared_at IS NULL
        ORDER BY raised_at, kind, subject";
    view.all("list the alerts", sql, (merchant,), read)
}

/// Lists every alert on record, including those that were cleared and whose end nobody was told of yet. The oldest first.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn on_record(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<Alert>, Error> {
    let sql = "SELECT kind, subject, detail, raised_at, told_at, cleared_at, remedies FROM alerts WHERE merchant = ?1
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
        // What a later release wrote and this one does not know is left out: the detail has the facts.
        remedies: serde_json::from_str(&row.get::<_, String>(6)?).unwrap_or_default(),
    })
}
