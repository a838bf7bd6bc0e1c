//! Status events as a merchant configured them, and the merchant's status labels.

use super::{Error, Tx, View};
use cartage_model::id::MerchantId;

/// What a status event does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusEvent {
    /// The event's name.
    pub event: String,
    /// The label that the event gives to a line item; `None` if it changes none.
    pub item_label: Option<String>,
    /// The label that the event gives to the order; `None` if it changes none.
    pub order_label: Option<String>,
    /// Whether the box "Notify Cart" is ticked.
    pub notify_cart: bool,
    /// When the event was last configured.
    pub changed_at_unix_ms: u64,
}

/// Stores the settings of an event.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn set(tx: &Tx<'_>, merchant: &MerchantId, event: &StatusEvent) -> Result<(), Error> {
    let sql =
        "INSERT INTO status_events (merchant, event, item_label, order_label, notify_cart, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO UPDATE SET item_label = excluded.item_label, order_label = excluded.order_label, notify_cart = excluded.notify_cart,
        changed_at = excluded.changed_at";
    let StatusEvent { event, item_label, order_label, notify_cart, changed_at_unix_ms } = event;
    tx.run("set a status event", sql, (merchant, event, item_label, order_label, notify_cart, changed_at_unix_ms)).map(drop)
}

/// Lists every event that was configured, by name.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn list(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<StatusEvent>, Error> {
    let sql = "SELECT event, item_label, order_label, notify_cart, changed_at FROM status_events WHERE merchant = ?1 ORDER BY event";
    view.all("list the status events", sql, (merchant,), |row| {
        Ok(StatusEvent {
            event: row.get(0)?,
            item_label: row.get(1)?,
            order_label: row.get(2)?,
            notify_cart: row.get(3)?,
            changed_at_unix_ms: row.get(4)?,
        })
    })
}

/// Adds a status label. Returns whether it is new.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn add_label(tx: &Tx<'_>, merchant: &MerchantId, label: &str, at_unix_ms: u64) -> Result<bool, Error> {
    let sql = "INSERT INTO status_labels (merchant, label, made_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    tx.run("add a status label", sql, (merchant, label, at_unix_ms)).map(|rows| rows > 0)
}

/// Lists every status label in alphabetical order.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn labels(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<String>, Error> {
    let sql = "SELECT label FROM status_labels WHERE merchant = ?1 ORDER BY label";
    view.all("list the status labels", sql, (merchant,), |row| row.get(0))
}
