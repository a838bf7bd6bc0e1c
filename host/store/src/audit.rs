//! The audit: who changed what, and when. Lines are added and never changed.

use super::{Error, Tx, View};
use cartage_model::id::MerchantId;

/// A line of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When the change was made.
    pub at_unix_ms: u64,
    /// The name of the user or of the token.
    pub who: String,
    /// The kind of change, by name.
    pub what: String,
    /// What was changed, such as a cart or a parameter.
    pub subject: String,
    /// Further detail, never a secret; `None` if there is none.
    pub detail: Option<String>,
}

/// Adds a line, in the transaction that makes the change.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn add(tx: &Tx<'_>, merchant: &MerchantId, line: &Line) -> Result<(), Error> {
    let sql = "INSERT INTO audit (merchant, at, who, what, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let Line { at_unix_ms, who, what, subject, detail } = line;
    tx.run("add a line to the audit", sql, (merchant, at_unix_ms, who, what, subject, detail)).map(drop)
}

/// Lists the most recent lines, at most `most`, the most recent first.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn last(view: &View<'_>, merchant: &MerchantId, most: u32) -> Result<Vec<Line>, Error> {
    let sql = "SELECT at, who, what, subject, detail FROM audit WHERE merchant = ?1 ORDER BY at DESC, nth DESC LIMIT ?2";
    view.all("read the audit", sql, (merchant, most), |row| {
        Ok(Line { at_unix_ms: row.get(0)?, who: row.get(1)?, what: row.get(2)?, subject: row.get(3)?, detail: row.get(4)? })
    })
}
