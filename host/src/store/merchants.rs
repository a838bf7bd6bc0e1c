//! Merchants: to whom every row belongs.

use super::{Error, Tx, View};
use crate::id::MerchantId;

/// Makes a merchant known. One that is known already stays as it is.
///
/// # Errors
///
/// [`Error`], when it could not be written.
pub fn put(tx: &Tx<'_>, merchant: &MerchantId, at_unix_ms: u64) -> Result<(), Error> {
    let sql = "INSERT INTO merchants (merchant, made_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    tx.run("add a merchant", sql, (merchant, at_unix_ms)).map(drop)
}

/// Every merchant, by name. For the operator of the whole installation: a merchant never sees this list.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn list(view: &View<'_>) -> Result<Vec<MerchantId>, Error> {
    view.all("list the merchants", "SELECT merchant FROM merchants ORDER BY merchant", (), |row| row.get(0))
}

/// The number of a merchant's settings: it rises with each change of a cart, a parameter or an event, whoever makes it. One who is not known
/// has none set, and so 0.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn settings(view: &View<'_>, merchant: &MerchantId) -> Result<u64, Error> {
    let number =
        view.one("read the number of the settings", "SELECT settings FROM merchants WHERE merchant = ?1", (merchant,), |row| row.get(0))?;
    Ok(number.unwrap_or(0))
}
