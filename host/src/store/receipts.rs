//! Receipts of attempts, as JSON: what came of each and what followed.

use super::error::bounded;
use super::orders::OrderRef;
use super::{Error, Tx, View};
use crate::id::{CartId, DeliveryId, MerchantId};

/// The longest receipt that is kept.
pub const RECEIPT_BYTES_MAX: usize = 256 << 10;

/// A receipt to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The number of the attempt.
    pub attempt: u32,
    /// The order.
    pub order: OrderRef,
    /// Of the update that was delivered.
    pub sequence: u64,
    /// When the attempt started.
    pub at_unix_ms: u64,
    /// All of it.
    pub json: String,
}

/// Keeps a receipt. An attempt has one: a second is refused.
///
/// # Errors
///
/// [`Error::TooLarge`], else [`Error`] when it could not be written.
pub fn add(tx: &Tx<'_>, merchant: &MerchantId, receipt: &Receipt) -> Result<(), Error> {
    let Receipt { delivery, attempt, order, sequence, at_unix_ms, json } = receipt;
    bounded("keep a receipt", json, RECEIPT_BYTES_MAX)?;
    let sql = "INSERT INTO receipts (merchant, delivery, attempt, cart, order_number, sequence, at, receipt)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let row = (merchant, delivery, attempt, &order.cart, &order.number, sequence, at_unix_ms, json);
    tx.run("keep a receipt", sql, row).map(drop)
}

/// The receipts of one delivery as JSON, by attempt.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn of_delivery(view: &View<'_>, merchant: &MerchantId, delivery: &DeliveryId) -> Result<Vec<String>, Error> {
    let sql = "SELECT receipt FROM receipts WHERE merchant = ?1 AND delivery = ?2 ORDER BY attempt";
    view.all("look up the receipts of a delivery", sql, (merchant, delivery), |row| row.get(0))
}

/// The order of a delivery that has a receipt.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn order(view: &View<'_>, merchant: &MerchantId, delivery: &DeliveryId) -> Result<Option<OrderRef>, Error> {
    let sql = "SELECT cart, order_number FROM receipts WHERE merchant = ?1 AND delivery = ?2";
    view.one("look up a delivery's order", sql, (merchant, delivery), |row| Ok(OrderRef { cart: row.get(0)?, number: row.get(1)? }))
}

/// The last receipts of an order as JSON, at most so many, the last first.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn of_order(view: &View<'_>, merchant: &MerchantId, order: &OrderRef, most: u32) -> Result<Vec<String>, Error> {
    let sql = "SELECT receipt FROM receipts WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 ORDER BY at DESC, rowid DESC LIMIT ?4";
    view.all("look up the receipts of an order", sql, (merchant, &order.cart, &order.number, most), |row| row.get(0))
}

/// A receipt that says that its cart has an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The order and its cart.
    pub order: OrderRef,
    /// The number of the update among its order's.
    pub sequence: u64,
    /// The number of the attempt.
    pub attempt: u32,
    /// When the attempt started.
    pub at_unix_ms: u64,
    /// The cart's own reference of the order, if it gave one.
    pub reference: Option<String>,
}

/// The receipts that count as delivered, for a statement on their table.
macro_rules! delivered {
    () => {
        "SELECT delivery, cart, order_number, sequence, attempt, at, json_extract(receipt, '$.reference') FROM receipts
            WHERE merchant = ?1 AND CASE WHEN json_valid(receipt) THEN json_extract(receipt, '$.fate') END IN ('delivered', 'already-delivered')"
    };
}

/// What one order's cart has, the last first, at most so many.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn delivered_of(view: &View<'_>, merchant: &MerchantId, order: &OrderRef, most: u32) -> Result<Vec<Delivered>, Error> {
    let sql = concat!(delivered!(), " AND cart = ?2 AND order_number = ?3 ORDER BY sequence DESC, at DESC LIMIT ?4");
    view.all("look up what was delivered of an order", sql, (merchant, &order.cart, &order.number, most), read_delivered)
}

/// What carts have, the last first, at most so many: what was delivered at this time or later, to one cart or to all.
///
/// # Errors
///
/// [`Error`], when it could not be read.
pub fn delivered(
    view: &View<'_>,
    merchant: &MerchantId,
    cart: Option<&CartId>,
    since_unix_ms: Option<u64>,
    most: u32,
) -> Result<Vec<Delivered>, Error> {
    let sql = concat!(delivered!(), " AND (?2 IS NULL OR cart = ?2) AND at >= coalesce(?3, 0) ORDER BY at DESC, rowid DESC LIMIT ?4");
    view.all("look up what was delivered", sql, (merchant, cart, since_unix_ms, most), read_delivered)
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
