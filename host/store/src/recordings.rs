//! Carts whose recordings hold personal data for a while, because a person wants to see what really went over the wire.

use super::{Error, Tx, View};
use cartage_model::id::{CartId, MerchantId};

/// Lets a cart's recordings keep personal data until the given time; `None` ends that now.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn set_raw_until(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, until_unix_ms: Option<u64>) -> Result<(), Error> {
    tx.run("redact recordings again", "DELETE FROM raw_recordings WHERE merchant = ?1 AND cart = ?2", (merchant, cart))?;
    if let Some(until) = until_unix_ms {
        let sql = "INSERT INTO raw_recordings (merchant, cart, until) VALUES (?1, ?2, ?3)";
        tx.run("keep recordings raw", sql, (merchant, cart, until))?;
    }
    Ok(())
}

/// Until when a cart's recordings keep personal data, which may lie in the past; `None` if nobody ever asked for it.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn raw_until(view: &View<'_>, merchant: &MerchantId, cart: &CartId) -> Result<Option<u64>, Error> {
    let sql = "SELECT until FROM raw_recordings WHERE merchant = ?1 AND cart = ?2";
    view.one("look up whether recordings are raw", sql, (merchant, cart), |row| row.get(0))
}
