//! Values of system parameters. Which parameters there are, and what they mean, the module `parameters` knows.

use super::{Error, Tx, View};
use crate::id::{CartId, MerchantId};

/// For whom a parameter is set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everything of this merchant.
    System,
    /// One cart.
    Cart(CartId),
}

impl Scope {
    /// As it stands in a row. No Cart ID is empty.
    fn column(&self) -> &str {
        match self {
            Scope::System => "",
            Scope::Cart(cart) => cart.as_str(),
        }
    }
}

/// A value that somebody set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// For whom.
    pub scope: Scope,
    /// The parameter's name.
    pub name: String,
    /// The value as text.
    pub value: String,
    /// When it was set.
    pub set_at_unix_ms: u64,
}

/// Sets a parameter.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn set(tx: &Tx<'_>, merchant: &MerchantId, parameter: &Parameter) -> Result<(), Error> {
    let sql = "INSERT INTO parameters (merchant, cart, name, value, set_at) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO UPDATE SET value = excluded.value, set_at = excluded.set_at";
    let Parameter { scope, name, value, set_at_unix_ms } = parameter;
    tx.run("set a parameter", sql, (merchant, scope.column(), name, value, set_at_unix_ms)).map(drop)
}

/// Takes a value away, so that the wider scope or the default holds. Tells whether there was one.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn unset(tx: &Tx<'_>, merchant: &MerchantId, scope: &Scope, name: &str) -> Result<bool, Error> {
    let sql = "DELETE FROM parameters WHERE merchant = ?1 AND cart = ?2 AND name = ?3";
    tx.run("unset a parameter", sql, (merchant, scope.column(), name)).map(|rows| rows > 0)
}

/// Every value that is set, by scope and name: the system's first.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn list(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<Parameter>, Error> {
    let sql = "SELECT cart, name, value, set_at FROM parameters WHERE merchant = ?1 ORDER BY cart, name";
    view.all("list the parameters", sql, (merchant,), read)
}

/// What matters to one cart: its own values and the system's, the system's first.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn for_cart(view: &View<'_>, merchant: &MerchantId, cart: &CartId) -> Result<Vec<Parameter>, Error> {
    let sql = "SELECT cart, name, value, set_at FROM parameters WHERE merchant = ?1 AND cart IN ('', ?2) ORDER BY cart, name";
    view.all("look up a cart's parameters", sql, (merchant, cart), read)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Parameter> {
    let system = row.get_ref(0)?.as_str()?.is_empty();
    let scope = if system { Scope::System } else { Scope::Cart(row.get(0)?) };
    Ok(Parameter { scope, name: row.get(1)?, value: row.get(2)?, set_at_unix_ms: row.get(3)? })
}
