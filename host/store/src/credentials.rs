//! Credentials as stored: sealed. Only [`crate::vault`] can open them.

use super::{Error, Tx, View};
use cartage_model::carts::{BoundTo, Origins};
use cartage_model::id::{CartId, MerchantId};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use std::collections::BTreeMap;

/// The place of a credential's field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialRef {
    /// The cart that the credential is for.
    pub cart: CartId,
    /// The credential slot, as the plugin's manifest names it.
    pub slot: String,
    /// The slot's field, as the plugin's manifest names it.
    pub field: String,
}

/// One of the two values that a field may have, so that a password changes without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// The value in use.
    Current,
    /// The value that will be in use once it has worked.
    Next,
}

/// A sealed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The cart, slot and field that the value is for.
    pub place: CredentialRef,
    /// Whether the value is the one in use or the next.
    pub generation: Generation,
    /// The origins that the value may be sent to.
    pub bound_to: BoundTo,
    /// The id of the key that opens the seal.
    pub key_id: String,
    /// The seal's nonce.
    pub nonce: Vec<u8>,
    /// The encrypted value.
    pub sealed: Vec<u8>,
    /// When the value was set.
    pub set_at_unix_ms: u64,
}

/// Stores a sealed value in place of the earlier one.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn put(tx: &Tx<'_>, merchant: &MerchantId, value: &Sealed) -> Result<(), Error> {
    let sql = "INSERT INTO credentials (merchant, cart, slot, field, turn, host, key_id, nonce, sealed, set_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO UPDATE SET host = excluded.host, key_id = excluded.key_id,
        nonce = excluded.nonce, sealed = excluded.sealed, set_at = excluded.set_at";
    let Sealed { place: CredentialRef { cart, slot, field }, generation, bound_to, key_id, nonce, sealed, set_at_unix_ms } = value;
    tx.run("keep a credential", sql, (merchant, cart, slot, field, generation, bound_to.as_str(), key_id, nonce, sealed, set_at_unix_ms))
        .map(drop)
}

/// Makes the next values of a slot the current ones; a field without a next value keeps its own. Returns whether there were any.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn promote(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, slot: &str) -> Result<bool, Error> {
    let sql = "DELETE FROM credentials WHERE merchant = ?1 AND cart = ?2 AND slot = ?3 AND turn = 'current' AND field IN
        (SELECT field FROM credentials WHERE merchant = ?1 AND cart = ?2 AND slot = ?3 AND turn = 'next')";
    tx.run("promote a credential", sql, (merchant, cart, slot))?;
    let sql = "UPDATE credentials SET turn = 'current' WHERE merchant = ?1 AND cart = ?2 AND slot = ?3 AND turn = 'next'";
    tx.run("promote a credential", sql, (merchant, cart, slot)).map(|rows| rows > 0)
}

/// Removes both values of a field. Returns whether there were any.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn forget(tx: &Tx<'_>, merchant: &MerchantId, place: &CredentialRef) -> Result<bool, Error> {
    let sql = "DELETE FROM credentials WHERE merchant = ?1 AND cart = ?2 AND slot = ?3 AND field = ?4";
    tx.run("forget a credential", sql, (merchant, &place.cart, &place.slot, &place.field)).map(|rows| rows > 0)
}

/// Removes the next value of a field and leaves the one in use. Returns whether there was one.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn forget_next(tx: &Tx<'_>, merchant: &MerchantId, place: &CredentialRef) -> Result<bool, Error> {
    let sql = "DELETE FROM credentials WHERE merchant = ?1 AND cart = ?2 AND slot = ?3 AND field = ?4 AND turn = 'next'";
    tx.run("forget a next credential", sql, (merchant, &place.cart, &place.slot, &place.field)).map(|rows| rows > 0)
}

/// Stores the origins to which a slot's fetched values may be sent: values that the cart's definition reads from elsewhere.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn bind_fetched(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, slot: &str, origins: &Origins) -> Result<(), Error> {
    let sql = "INSERT OR REPLACE INTO fetched_credentials (merchant, cart, slot, origins) VALUES (?1, ?2, ?3, ?4)";
    tx.run("bind a credential", sql, (merchant, cart, slot, origins.to_string())).map(drop)
}

/// Lists the origins of [`bind_fetched`], by slot.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn fetched(view: &View<'_>, merchant: &MerchantId, cart: &CartId) -> Result<BTreeMap<String, BoundTo>, Error> {
    let sql = "SELECT slot, origins FROM fetched_credentials WHERE merchant = ?1 AND cart = ?2";
    let all =
        view.all("look up what credentials are bound to", sql, (merchant, cart), |row| Ok((row.get(0)?, BoundTo::stored(row.get(1)?))))?;
    Ok(all.into_iter().collect())
}

/// Removes the origins of [`bind_fetched`] for a slot.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn unbind_fetched(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, slot: &str) -> Result<(), Error> {
    let sql = "DELETE FROM fetched_credentials WHERE merchant = ?1 AND cart = ?2 AND slot = ?3";
    tx.run("unbind a credential", sql, (merchant, cart, slot)).map(drop)
}

/// Looks up one value; `None` if it was never set.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn get(view: &View<'_>, merchant: &MerchantId, place: &CredentialRef, generation: Generation) -> Result<Option<Sealed>, Error> {
    let sql = "SELECT cart, slot, field, turn, host, key_id, nonce, sealed, set_at FROM credentials
        WHERE merchant = ?1 AND cart = ?2 AND slot = ?3 AND field = ?4 AND turn = ?5";
    view.one("look up a credential", sql, (merchant, &place.cart, &place.slot, &place.field, generation), |row| read(row, 0))
}

/// Lists every value of a merchant, by place.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn list(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<Sealed>, Error> {
    let sql = "SELECT cart, slot, field, turn, host, key_id, nonce, sealed, set_at FROM credentials WHERE merchant = ?1
        ORDER BY cart, slot, field, turn";
    view.all("list the credentials", sql, (merchant,), |row| read(row, 0))
}

/// Lists every value of every merchant, for changing the key that all of them share.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn of_all_merchants(view: &View<'_>) -> Result<Vec<(MerchantId, Sealed)>, Error> {
    let sql = "SELECT merchant, cart, slot, field, turn, host, key_id, nonce, sealed, set_at FROM credentials
        ORDER BY merchant, cart, slot, field, turn";
    view.all("list all credentials", sql, (), |row| Ok((row.get(0)?, read(row, 1)?)))
}

fn read(row: &rusqlite::Row<'_>, from: usize) -> rusqlite::Result<Sealed> {
    Ok(Sealed {
        place: CredentialRef { cart: row.get(from)?, slot: row.get(from + 1)?, field: row.get(from + 2)? },
        generation: row.get(from + 3)?,
        bound_to: BoundTo::stored(row.get(from + 4)?),
        key_id: row.get(from + 5)?,
        nonce: row.get(from + 6)?,
        sealed: row.get(from + 7)?,
        set_at_unix_ms: row.get(from + 8)?,
    })
}

impl ToSql for Generation {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(match self {
            Generation::Current => "current",
            Generation::Next => "next",
        }))
    }
}

impl FromSql for Generation {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Generation> {
        match value.as_str()? {
            "current" => Ok(Generation::Current),
            "next" => Ok(Generation::Next),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}
