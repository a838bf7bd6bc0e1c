//! Bearer tokens, of which only the digests are kept: who holds one may act for its merchant, as its role.

use super::{Error, Tx, View};
use crate::id::{CartId, Digest, MerchantId};
use rusqlite::Row;

/// A token, without itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its name, by which the audit knows its holder.
    pub name: String,
    /// Of the token.
    pub digest: Digest,
    /// Its role, by name.
    pub role: String,
    /// The carts that it may touch. None: every one.
    pub carts: Option<Vec<CartId>>,
    /// When it was made.
    pub made_at_unix_ms: u64,
    /// When it was used last, as far as somebody noted it.
    pub used_at_unix_ms: Option<u64>,
}

/// Keeps a new token. Tells whether it was kept: a name that is taken is not given to another.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn put(tx: &Tx<'_>, merchant: &MerchantId, token: &Token) -> Result<bool, Error> {
    let Token { name, digest, role, carts, made_at_unix_ms, used_at_unix_ms } = token;
    let carts = carts.as_ref().map(|carts| serde_json::to_string(carts).expect("names are plain data"));
    let sql = "INSERT INTO tokens (merchant, name, digest, role, carts, made_at, used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (merchant, name) DO NOTHING";
    tx.run("keep a token", sql, (merchant, name, digest, role, carts, made_at_unix_ms, used_at_unix_ms)).map(|rows| rows > 0)
}

/// The token of this digest, and whose it is. The one question that is asked before it is known for which merchant: the token says so.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn find(view: &View<'_>, digest: Digest) -> Result<Option<(MerchantId, Token)>, Error> {
    let sql = "SELECT name, digest, role, carts, made_at, used_at, merchant FROM tokens WHERE digest = ?1";
    view.one("look up a token", sql, (digest,), |row| Ok((row.get(6)?, read(row)?)))
}

/// A merchant's tokens, by name.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn list(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<Token>, Error> {
    let sql = "SELECT name, digest, role, carts, made_at, used_at FROM tokens WHERE merchant = ?1 ORDER BY name";
    view.all("list the tokens", sql, (merchant,), read)
}

/// Notes that a token was used. Whoever calls it does so now and then, not at each request.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn used(tx: &Tx<'_>, merchant: &MerchantId, name: &str, at_unix_ms: u64) -> Result<(), Error> {
    let sql = "UPDATE tokens SET used_at = ?3 WHERE merchant = ?1 AND name = ?2";
    tx.run("note that a token was used", sql, (merchant, name, at_unix_ms)).map(drop)
}

/// Removes a token. Tells whether there was one of this name.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn remove(tx: &Tx<'_>, merchant: &MerchantId, name: &str) -> Result<bool, Error> {
    let sql = "DELETE FROM tokens WHERE merchant = ?1 AND name = ?2";
    tx.run("remove a token", sql, (merchant, name)).map(|rows| rows > 0)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Token> {
    let carts: Option<String> = row.get(3)?;
    let carts = carts.map(|json| serde_json::from_str(&json)).transpose();
    let carts = carts.map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, Box::new(error)))?;
    Ok(Token {
        name: row.get(0)?,
        digest: row.get(1)?,
        role: row.get(2)?,
        carts,
        made_at_unix_ms: row.get(4)?,
        used_at_unix_ms: row.get(5)?,
    })
}
