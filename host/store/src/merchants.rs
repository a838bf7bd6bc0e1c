//! Merchants, who own every row.

use super::{Error, Tx, View};
use cartage_model::id::MerchantId;

/// Adds a merchant; a merchant who is there already stays unchanged.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn put(tx: &Tx<'_>, merchant: &MerchantId, at_unix_ms: u64) -> Result<(), Error> {
    let sql = "INSERT INTO merchants (merchant, made_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    tx.run("add a merchant", sql, (merchant, at_unix_ms)).map(drop)
}

/// Lists every merchant, by name. Only for the operator of the whole installation: a merchant never sees this list.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn list(view: &View<'_>) -> Result<Vec<MerchantId>, Error> {
    view.all("list the merchants", "SELECT merchant FROM merchants ORDER BY merchant", (), |row| row.get(0))
}

/// The revision of a merchant's settings, which rises with each change of a cart, a parameter or an event, whoever makes it; 0 for an
/// unknown merchant.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn settings(view: &View<'_>, merchant: &MerchantId) -> Result<u64, Error> {
    let number =
        view.one("read the number of the settings", "SELECT settings FROM merchants WHERE merchant = ?1", (merchant,), |row| row.get(0))?;
    Ok(number.unwrap_or(0))
}
