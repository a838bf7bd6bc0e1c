//! Lists that only a shop knows, as its plugin returned them: statuses, carriers, the values of a setting.

use super::{Error, Tx, View};
use cartage_model::id::{CartId, Digest, MerchantId};

/// A list as the plugin returned it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// What the list contains, as JSON.
    pub of: String,
    /// The digest of the plugin that was asked.
    pub plugin: Digest,
    /// The choices, as JSON.
    pub choices: String,
    /// When the plugin was asked.
    pub asked_at_unix_ms: u64,
}

/// Stores lists of a cart, each in place of the earlier one. The cart's row counts the change.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn put(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, lists: &[ListRow]) -> Result<(), Error> {
    let sql = "INSERT INTO cart_lists (merchant, cart, list, plugin, choices, asked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO UPDATE SET plugin = excluded.plugin, choices = excluded.choices, asked_at = excluded.asked_at";
    for ListRow { of, plugin, choices, asked_at_unix_ms } in lists {
        tx.run("keep a list of a cart", sql, (merchant, cart, of, plugin, choices, asked_at_unix_ms))?;
    }
    let sql = "UPDATE carts SET lists = lists + 1 WHERE merchant = ?1 AND cart = ?2";
    tx.run("note that a cart's lists changed", sql, (merchant, cart)).map(drop)
}

/// Reads the lists that a plugin returned for a cart.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn of_cart(view: &View<'_>, merchant: &MerchantId, cart: &CartId, plugin: Digest) -> Result<Vec<ListRow>, Error> {
    let sql = "SELECT list, plugin, choices, asked_at FROM cart_lists WHERE merchant = ?1 AND cart = ?2 AND plugin = ?3 ORDER BY list";
    view.all("look up a cart's lists", sql, (merchant, cart, plugin), |row| {
        Ok(ListRow { of: row.get(0)?, plugin: row.get(1)?, choices: row.get(2)?, asked_at_unix_ms: row.get(3)? })
    })
}
