//! Values of system parameters. The module `parameters` knows which parameters there are and what they mean.

use super::{Error, Tx, View};
use cartage_model::id::{CartId, MerchantId};
use cartage_model::parameters::Scope;

/// The scope as a column; the empty text, which is no Cart ID, stands for the merchant.
fn column(scope: &Scope) -> &str {
    match scope {
        Scope::System => "",
        Scope::Cart(cart) => cart.as_str(),
    }
}

/// A value that a person set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterRow {
    /// The scope that the value holds for.
    pub scope: Scope,
    /// The parameter's name.
    pub name: String,
    /// The value as text, as it was entered.
    pub value: String,
    /// When the value was set.
    pub set_at_unix_ms: u64,
}

/// Stores the value of a parameter.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn set(tx: &Tx<'_>, merchant: &MerchantId, parameter: &ParameterRow) -> Result<(), Error> {
    let sql = "INSERT INTO parameters (merchant, cart, name, value, set_at) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO UPDATE SET value = excluded.value, set_at = excluded.set_at";
    let ParameterRow { scope, name, value, set_at_unix_ms } = parameter;
    tx.run("set a parameter", sql, (merchant, column(scope), name, value, set_at_unix_ms)).map(drop)
}

/// Removes a value, so that the wider scope or the default holds. Returns whether there was one.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn unset(tx: &Tx<'_>, merchant: &MerchantId, scope: &Scope, name: &str) -> Result<bool, Error> {
    let sql = "DELETE FROM parameters WHERE merchant = ?1 AND cart = ?2 AND name = ?3";
    tx.run("unset a parameter", sql, (merchant, column(scope), name)).map(|rows| rows > 0)
}

/// Lists every value that is set, by scope and name, the merchant's own first.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn list(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<ParameterRow>, Error> {
    let sql = "SELECT cart, name, value, set_at FROM parameters WHERE merchant = ?1 ORDER BY cart, name";
    view.all("list the parameters", sql, (merchant,), read)
}

/// Lists the values that concern one cart: the merchant's, then the cart's.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn for_cart(view: &View<'_>, merchant: &MerchantId, cart: &CartId) -> Result<Vec<ParameterRow>, Error> {
    let sql = "SELECT cart, name, value, set_at FROM parameters WHERE merchant = ?1 AND cart IN ('', ?2) ORDER BY cart, name";
    view.all("look up a cart's parameters", sql, (merchant, cart), read)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<ParameterRow> {
    let system = row.get_ref(0)?.as_str()?.is_empty();
    let scope = if system { Scope::System } else { Scope::Cart(row.get(0)?) };
    Ok(ParameterRow { scope, name: row.get(1)?, value: row.get(2)?, set_at_unix_ms: row.get(3)? })
}
