//! Plugins that must not run for any cart of a merchant, by the digest of their files.

use super::{Error, Tx, View};
use cartage_model::id::{Digest, MerchantId};
use rusqlite::Row;

/// A plugin that must not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// The digest of the plugin's file.
    pub digest: Digest,
    /// The reason, for people.
    pub why: String,
    /// When the plugin was banned.
    pub banned_at_unix_ms: u64,
}

/// Bans a plugin. A plugin that is banned already gets the new reason and keeps its time. Returns whether the ban is new.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn put(tx: &Tx<'_>, merchant: &MerchantId, ban: &Ban) -> Result<bool, Error> {
    let Ban { digest, why, banned_at_unix_ms } = ban;
    let sql = "UPDATE plugin_bans SET why = ?3 WHERE merchant = ?1 AND digest = ?2";
    if tx.run("ban a plugin", sql, (merchant, digest, why))? > 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO plugin_bans (merchant, digest, why, banned_at) VALUES (?1, ?2, ?3, ?4)";
    tx.run("ban a plugin", sql, (merchant, digest, why, banned_at_unix_ms))?;
    Ok(true)
}

/// Lifts a ban. Returns whether there was one.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn remove(tx: &Tx<'_>, merchant: &MerchantId, digest: Digest) -> Result<bool, Error> {
    let sql = "DELETE FROM plugin_bans WHERE merchant = ?1 AND digest = ?2";
    tx.run("lift a plugin's ban", sql, (merchant, digest)).map(|rows| rows > 0)
}

/// Lists every ban, the most recent first.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn list(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<Ban>, Error> {
    let sql = "SELECT digest, why, banned_at FROM plugin_bans WHERE merchant = ?1 ORDER BY banned_at DESC, digest";
    view.all("list the banned plugins", sql, (merchant,), ban)
}

/// The ban of a plugin; `None` if it is not banned.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn get(view: &View<'_>, merchant: &MerchantId, digest: Digest) -> Result<Option<Ban>, Error> {
    let sql = "SELECT digest, why, banned_at FROM plugin_bans WHERE merchant = ?1 AND digest = ?2";
    view.one("look up a plugin's ban", sql, (merchant, digest), ban)
}

fn ban(row: &Row<'_>) -> rusqlite::Result<Ban> {
    Ok(Ban { digest: row.get(0)?, why: row.get(1)?, banned_at_unix_ms: row.get(2)? })
}
