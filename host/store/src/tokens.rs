//! Bearer tokens, of which only the digests are stored. The holder of a token may act for its merchant, within its role.

use super::{Error, Tx, View};
use cartage_model::id::{CartId, Digest, MerchantId};
use rusqlite::Row;

/// A stored token, without the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// The token's name, under which the audit lists its holder.
    pub name: String,
    /// The digest of the token.
    pub digest: Digest,
    /// The token's role, by name.
    pub role: String,
    /// The carts that the token may touch; `None` means every cart.
    pub carts: Option<Vec<CartId>>,
    /// When the token was made.
    pub made_at_unix_ms: u64,
    /// When the token was last used, to the precision of [`used`]; `None` if never.
    pub used_at_unix_ms: Option<u64>,
}

/// Stores a new token. Returns whether it was stored: a name that is taken is refused.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn put(tx: &Tx<'_>, merchant: &MerchantId, token: &TokenRow) -> Result<bool, Error> {
    let TokenRow { name, digest, role, carts, made_at_unix_ms, used_at_unix_ms } = token;
    let carts = carts.as_ref().map(|carts| serde_json::to_string(carts).expect("names are plain data"));
    let sql = "INSERT INTO tokens (merchant, name, digest, role, carts, made_at, used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (merchant, name) DO NOTHING";
    tx.run("keep a token", sql, (merchant, name, digest, role, carts, made_at_unix_ms, used_at_unix_ms)).map(|rows| rows > 0)
}

/// Finds the token of this digest and its merchant. This is the only query made before the merchant is known, because the token names the
/// merchant.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn find(view: &View<'_>, digest: Digest) -> Result<Option<(MerchantId, TokenRow)>, Error> {
    let sql = "SELECT name, digest, role, carts, made_at, used_at, merchant FROM tokens WHERE digest = ?1";
    view.one("look up a token", sql, (digest,), |row| Ok((row.get(6)?, read(row)?)))
}

/// Lists a merchant's tokens, by name.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn list(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<TokenRow>, Error> {
    let sql = "SELECT name, digest, role, carts, made_at, used_at FROM tokens WHERE merchant = ?1 ORDER BY name";
    view.all("list the tokens", sql, (merchant,), read)
}

/// Records that a token was used. Callers do so now and then, not at each request.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn used(tx: &Tx<'_>, merchant: &MerchantId, name: &str, at_unix_ms: u64) -> Result<(), Error> {
    let sql = "UPDATE tokens SET used_at = ?3 WHERE merchant = ?1 AND name = ?2";
    tx.run("note that a token was used", sql, (merchant, name, at_unix_ms)).map(drop)
}

/// Removes a token. Returns whether there was one of this name.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn remove(tx: &Tx<'_>, merchant: &MerchantId, name: &str) -> Result<bool, Error> {
    let sql = "DELETE FROM tokens WHERE merchant = ?1 AND name = ?2";
    tx.run("remove a token", sql, (merchant, name)).map(|rows| rows > 0)
}

fn read(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    let carts: Option<String> = row.get(3)?;
    let carts = carts.map(|json| serde_json::from_str(&json)).transpose();
    let carts = carts.map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, Box::new(error)))?;
    Ok(TokenRow {
        name: row.get(0)?,
        digest: row.get(1)?,
        role: row.get(2)?,
        carts,
        made_at_unix_ms: row.get(4)?,
        used_at_unix_ms: row.get(5)?,
    })
}
