//! Plugins that run for no cart of a merchant, by the digest of their files.

use super::{Error, Tx, View};
use crate::id::{Digest, MerchantId};
use rusqlite::Row;

/// A plugin that must not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// The digest of its file.
    pub digest: Digest,
    /// Why, for people.
    pub why: String,
    /// Since when.
    pub banned_at_unix_ms: u64,
}

/// Bans a plugin. One that is banned has the newer reason since when it was. Tells whether it is a new one.
///
/// # Errors
///
/// [`Error`], when it could not be written.
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

/// Takes a ban away. Tells whether there was one.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn remove(tx: &Tx<'_>, merchant: &MerchantId, digest: Digest) -> Result<bool, Error> {
    let sql = "DELETE FROM plugin_bans WHERE merchant = ?1 AND digest = ?2";
    tx.run("take a plugin's ban away", sql, (merchant, digest)).map(|rows| rows > 0)
}

/// Every ban, the last first.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn list(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<Ban>, Error> {
    let sql = "SELECT digest, why, banned_at FROM plugin_bans WHERE merchant = ?1 ORDER BY banned_at DESC, digest";
    view.all("list the banned plugins", sql, (merchant,), ban)
}

/// The ban of a plugin, if there is one.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn get(view: &View<'_>, merchant: &MerchantId, digest: Digest) -> Result<Option<Ban>, Error> {
    let sql = "SELECT digest, why, banned_at FROM plugin_bans WHERE merchant = ?1 AND digest = ?2";
    view.one("look up a plugin's ban", sql, (merchant, digest), ban)
}

fn ban(row: &Row<'_>) -> rusqlite::Result<Ban> {
    Ok(Ban { digest: row.get(0)?, why: row.get(1)?, banned_at_unix_ms: row.get(2)? })
}
