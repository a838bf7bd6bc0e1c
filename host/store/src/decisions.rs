//! The gate's decisions, each with the answer of every check, so that "why was it not sent?" can be answered later.

use super::error::bounded;
use super::orders::OrderRef;
use super::{Error, Tx, View};
use cartage_model::id::MerchantId;

/// The most decisions stored for one order; a further one replaces the oldest.
pub const DECISIONS_PER_ORDER_MAX: u64 = 20;
/// The largest decision that is stored, in bytes of JSON.
pub const DECISION_BYTES_MAX: usize = 64 << 10;

/// A stored decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRow {
    /// When the gate decided.
    pub at_unix_ms: u64,
    /// The decision with the answer of every check, as JSON.
    pub json: String,
}

/// Stores a decision.
///
/// # Errors
///
/// [`Error::TooLarge`], or another [`Error`] if the write fails.
pub fn add(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, decision: &DecisionRow) -> Result<(), Error> {
    let DecisionRow { at_unix_ms, json } = decision;
    bounded("keep a decision", json, DECISION_BYTES_MAX)?;
    let key = (merchant, &order.cart, &order.number);
    let sql = "SELECT max(nth) FROM decisions WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";
    let last: Option<u64> = tx.one("number a decision", sql, key, |row| row.get(0))?.flatten();
    let nth = last.unwrap_or(0) + 1;
    let sql = "INSERT INTO decisions (merchant, cart, order_number, nth, decided_at, decision) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.run("keep a decision", sql, (merchant, &order.cart, &order.number, nth, at_unix_ms, json))?;
    let sql = "DELETE FROM decisions WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND nth <= ?4";
    let oldest = nth.saturating_sub(DECISIONS_PER_ORDER_MAX);
    tx.run("forget an old decision", sql, (merchant, &order.cart, &order.number, oldest)).map(drop)
}

/// Lists the decisions about an order, the most recent first.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn list(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Vec<DecisionRow>, Error> {
    let sql = "SELECT decided_at, decision FROM decisions WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 ORDER BY nth DESC";
    view.all("look up the decisions about an order", sql, (merchant, &order.cart, &order.number), |row| {
        Ok(DecisionRow { at_unix_ms: row.get(0)?, json: row.get(1)? })
    })
}
