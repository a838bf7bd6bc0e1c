//! Plugins that were admitted, each identified by its digest and described by its manifest.

use super::{Error, Tx, View};
use cartage_model::id::{Digest, MerchantId};
use rusqlite::Row;

/// A plugin that was admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginRow {
    /// The digest of the plugin's file.
    pub digest: Digest,
    /// The plugin's name, from its manifest.
    pub name: String,
    /// The plugin's version, from its manifest.
    pub version: String,
    /// The manifest at admission, as JSON.
    pub manifest: String,
    /// When it was admitted.
    pub admitted_at_unix_ms: u64,
    /// When the plugin first ran; `None` if it never did.
    pub first_ran_at_unix_ms: Option<u64>,
}

/// Stores an admitted plugin. A plugin that is known keeps the times of its first admission and first run.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn put(tx: &Tx<'_>, merchant: &MerchantId, plugin: &PluginRow) -> Result<(), Error> {
    let sql =
        "INSERT INTO plugins (merchant, digest, name, version, manifest, admitted_at, first_ran_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT DO UPDATE SET name = excluded.name, version = excluded.version, manifest = excluded.manifest";
    let PluginRow { digest, name, version, manifest, admitted_at_unix_ms, first_ran_at_unix_ms } = plugin;
    let row = (merchant, digest, name, version, manifest, admitted_at_unix_ms, first_ran_at_unix_ms);
    tx.run("keep a plugin", sql, row).map(drop)
}

/// Records that a plugin ran, if it never did before.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn ran(tx: &Tx<'_>, merchant: &MerchantId, digest: Digest, at_unix_ms: u64) -> Result<(), Error> {
    let sql = "UPDATE plugins SET first_ran_at = ?3 WHERE merchant = ?1 AND digest = ?2 AND first_ran_at IS NULL";
    tx.run("note that a plugin ran", sql, (merchant, digest, at_unix_ms)).map(drop)
}

/// The plugin of this digest; `None` if it was not admitted.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn get(view: &View<'_>, merchant: &MerchantId, digest: Digest) -> Result<Option<PluginRow>, Error> {
    let sql = "SELECT digest, name, version, manifest, admitted_at, first_ran_at FROM plugins WHERE merchant = ?1 AND digest = ?2";
    view.one("look up a plugin", sql, (merchant, digest), read)
}

/// Lists every admitted plugin, by name and time of admission.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn list(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<PluginRow>, Error> {
    let sql = "SELECT digest, name, version, manifest, admitted_at, first_ran_at FROM plugins WHERE merchant = ?1
        ORDER BY name, admitted_at, digest";
    view.all("list the plugins", sql, (merchant,), read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<PluginRow> {
    Ok(PluginRow {
        digest: row.get(0)?,
        name: row.get(1)?,
        version: row.get(2)?,
        manifest: row.get(3)?,
        admitted_at_unix_ms: row.get(4)?,
        first_ran_at_unix_ms: row.get(5)?,
    })
}
