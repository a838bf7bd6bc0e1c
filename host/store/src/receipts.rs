//! Receipts of attempts, as JSON: the outcome of each and what followed.

use super::error::bounded;
use super::orders::OrderRef;
use super::{Error, Tx, View};
use cartage_model::id::{CartId, DeliveryId, MerchantId};

/// The largest receipt that is stored, in bytes of JSON.
pub const RECEIPT_BYTES_MAX: usize = 256 << 10;

/// A receipt to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptRow {
    /// The delivery that was attempted.
    pub delivery: DeliveryId,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The order and its cart.
    pub order: OrderRef,
    /// The sequence number of the update that was attempted.
    pub sequence: u64,
    /// When the attempt started.
    pub at_unix_ms: u64,
    /// The whole receipt as JSON.
    pub json: String,
}

/// Stores a receipt. An attempt has exactly one: a second is refused.
///
/// # Errors
///
/// [`Error::TooLarge`], or another [`Error`] if the write fails.
pub fn add(tx: &Tx<'_>, merchant: &MerchantId, receipt: &ReceiptRow) -> Result<(), Error> {
    let ReceiptRow { delivery, attempt, order, sequence, at_unix_ms, json } = receipt;
    bounded("keep a receipt", json, RECEIPT_BYTES_MAX)?;
    let sql = "INSERT INTO receipts (merchant, delivery, attempt, cart, order_number, sequence, at, receipt)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let row = (merchant, delivery, attempt, &order.cart, &order.number, sequence, at_unix_ms, json);
    tx.run("keep a receipt", sql, row).map(drop)
}

/// Lists the receipts of one delivery as JSON, by attempt.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn of_delivery(view: &View<'_>, merchant: &MerchantId, delivery: &DeliveryId) -> Result<Vec<String>, Error> {
    let sql = "SELECT receipt FROM receipts WHERE merchant = ?1 AND delivery = ?2 ORDER BY attempt";
    view.all("look up the receipts of a delivery", sql, (merchant, delivery), |row| row.get(0))
}

/// The order of a delivery; `None` if the delivery has no receipt.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn order(view: &View<'_>, merchant: &MerchantId, delivery: &DeliveryId) -> Result<Option<OrderRef>, Error> {
    let sql = "SELECT cart, order_number FROM receipts WHERE merchant = ?1 AND delivery = ?2";
    view.one("look up a delivery's order", sql, (merchant, delivery), |row| Ok(OrderRef { cart: row.get(0)?, number: row.get(1)? }))
}

/// Lists the most recent receipts of an order as JSON, at most `most`, the most recent first.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn of_order(view: &View<'_>, merchant: &MerchantId, order: &OrderRef, most: u32) -> Result<Vec<String>, Error> {
    let sql = "SELECT receipt FROM receipts WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 ORDER BY at DESC, rowid DESC LIMIT ?4";
    view.all("look up the receipts of an order", sql, (merchant, &order.cart, &order.number, most), |row| row.get(0))
}

/// A receipt by which the cart has an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The delivery that reached the cart.
    pub delivery: DeliveryId,
    /// The order and its cart.
    pub order: OrderRef,
    /// The sequence number of the update within the order.
    pub sequence: u64,
    /// The number of the successful attempt.
    pub attempt: u32,
    /// When the attempt started.
    pub at_unix_ms: u64,
    /// The cart's own reference for the order; `None` if it gave none.
    pub reference: Option<String>,
}

/// The receipts that count as delivered, as a condition on their table.
macro_rules! delivered {
    () => {
        "SELECT delivery, cart, order_number, sequence, attempt, at, json_extract(receipt, '$.reference') FROM receipts
            WHERE merchant = ?1 AND CASE WHEN json_valid(receipt) THEN json_extract(receipt, '$.fate') END IN ('delivered', 'already-delivered')"
    };
}

/// Lists what one order's cart has received, at most `most`, the most recent first.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn delivered_of(view: &View<'_>, merchant: &MerchantId, order: &OrderRef, most: u32) -> Result<Vec<Delivered>, Error> {
    let sql = concat!(delivered!(), " AND cart = ?2 AND order_number = ?3 ORDER BY sequence DESC, at DESC LIMIT ?4");
    view.all("look up the receipts of an order's deliveries", sql, (merchant, &order.cart, &order.number, most), read_delivered)
}

/// Lists deliveries that reached one cart or all carts, at the given time or later, at most `most`, the most recent first.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn delivered(
    view: &View<'_>,
    merchant: &MerchantId,
    cart: Option<&CartId>,
    since_unix_ms: Option<u64>,
    most: u32,
) -> Result<Vec<Delivered>, Error> {
    let sql = concat!(delivered!(), " AND (?2 IS NULL OR cart = ?2) AND at >= coalesce(?3, 0) ORDER BY at DESC, rowid DESC LIMIT ?4");
    view.all("look up the receipts of deliveries", sql, (merchant, cart, since_unix_ms, most), read_delivered)
}

fn read_delivered(row: &rusqlite::Row<'_>) -> rusqlite::Result<Delivered> {
    Ok(Delivered {
        delivery: row.get(0)?,
        order: OrderRef { cart: row.get(1)?, number: row.get(2)? },
        sequence: row.get(3)?,
        attempt: row.get(4)?,
        at_unix_ms: row.get(5)?,
        reference: row.get(6)?,
    })
}
