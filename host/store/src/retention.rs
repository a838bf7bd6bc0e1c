//! Deletion of expired rows: a few at a time, the oldest first, so that no other write waits long.
//!
//! Nothing of an update that is queued or a dead letter is deleted, however old it is: neither the update nor its receipts, nor what is
//! known of its order. Its recordings are deleted: they only show what went over the wire, and the receipt holds the outcome.

use super::orders::{self, OrderRef};
use super::{Error, Tx, View};
use cartage_model::id::MerchantId;
use std::ops::Range;

/// A kind of rows with a retention period of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordKind {
    /// Idempotency keys of senders, with the stored replies.
    IdempotencyKeys,
    /// Receipts of attempts.
    Receipts,
    /// Endings of deliveries that did not reach their cart.
    Endings,
    /// Recordings of attempts that succeeded.
    Cassettes,
    /// Recordings of attempts that failed.
    FailedCassettes,
    /// Recordings that hold personal data because a person asked for it.
    RawCassettes,
    /// Lines of the audit.
    Audit,
    /// Decisions of the gate.
    Decisions,
    /// What the carts were told of orders.
    Orders,
}

impl RecordKind {
    /// Every kind, in the order in which rows are deleted.
    pub const ALL: [RecordKind; 9] = [
        RecordKind::IdempotencyKeys,
        RecordKind::Receipts,
        RecordKind::Endings,
        RecordKind::Cassettes,
        RecordKind::FailedCassettes,
        RecordKind::RawCassettes,
        RecordKind::Audit,
        RecordKind::Decisions,
        RecordKind::Orders,
    ];

    /// Selects the keys of at most `?4` rows of a merchant (`?1`) with stamps from `?2` until before `?3`.
    fn old(self) -> &'static str {
        match self {
            RecordKind::IdempotencyKeys => "SELECT rowid FROM idempotency_keys WHERE merchant = ?1 AND at >= ?2 AND at < ?3 ORDER BY at LIMIT ?4",
            RecordKind::Receipts => {
                "SELECT rowid FROM receipts AS r WHERE merchant = ?1 AND at >= ?2 AND at < ?3
                    AND NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.merchant = ?1 AND d.delivery = r.delivery)
                    AND NOT EXISTS (SELECT 1 FROM dead_letters AS d WHERE d.merchant = ?1 AND d.delivery = r.delivery)
                    ORDER BY at LIMIT ?4"
            }
            RecordKind::Endings => "SELECT delivery FROM endings WHERE merchant = ?1 AND ended_at >= ?2 AND ended_at < ?3 ORDER BY ended_at LIMIT ?4",
            RecordKind::Cassettes => "SELECT rowid FROM cassettes WHERE merchant = ?1 AND failed = 0 AND at >= ?2 AND at < ?3 ORDER BY at LIMIT ?4",
            RecordKind::FailedCassettes => "SELECT rowid FROM cassettes WHERE merchant = ?1 AND failed = 1 AND at >= ?2 AND at < ?3 ORDER BY at LIMIT ?4",
            RecordKind::RawCassettes => "SELECT rowid FROM cassettes WHERE merchant = ?1 AND raw = 1 AND at >= ?2 AND at < ?3 ORDER BY at LIMIT ?4",
            RecordKind::Audit => "SELECT rowid FROM audit WHERE merchant = ?1 AND at >= ?2 AND at < ?3 ORDER BY at LIMIT ?4",
            RecordKind::Decisions => {
                "SELECT rowid FROM decisions AS o WHERE merchant = ?1 AND decided_at >= ?2 AND decided_at < ?3
                    AND NOT EXISTS (SELECT 1 FROM lanes AS l
                        WHERE l.merchant = ?1 AND l.cart = o.cart AND l.order_number = o.order_number)
                    AND NOT EXISTS (SELECT 1 FROM dead_letters AS d
                        WHERE d.merchant = ?1 AND d.cart = o.cart AND d.order_number = o.order_number)
                    ORDER BY decided_at LIMIT ?4"
            }
            // Cart by cart, because the index by age is.
            RecordKind::Orders => {
                "WITH RECURSIVE known (cart) AS (
                    SELECT min(cart) FROM orders WHERE merchant = ?1
                    UNION ALL SELECT (SELECT min(cart) FROM orders WHERE merchant = ?1 AND cart > known.cart) FROM known WHERE cart IS NOT NULL)
                SELECT o.cart, o.order_number FROM known JOIN orders AS o ON o.merchant = ?1 AND o.cart = known.cart AND o.accepted_at >= ?2 AND o.accepted_at < ?3
                    WHERE NOT EXISTS (SELECT 1 FROM lanes AS l
                        WHERE l.merchant = ?1 AND l.cart = o.cart AND l.order_number = o.order_number)
                    AND NOT EXISTS (SELECT 1 FROM dead_letters AS d
                        WHERE d.merchant = ?1 AND d.cart = o.cart AND d.order_number = o.order_number)
                    LIMIT ?4"
            }
        }
    }

    /// The statement that deletes the selected rows; `None` if they are deleted one order at a time.
    fn delete(self) -> Option<&'static str> {
        Some(match self {
            RecordKind::IdempotencyKeys => "DELETE FROM idempotency_keys WHERE rowid IN",
            RecordKind::Receipts => "DELETE FROM receipts WHERE rowid IN",
            RecordKind::Endings => "DELETE FROM endings WHERE merchant = ?1 AND delivery IN",
            RecordKind::Cassettes | RecordKind::FailedCassettes | RecordKind::RawCassettes => "DELETE FROM cassettes WHERE rowid IN",
            RecordKind::Audit => "DELETE FROM audit WHERE rowid IN",
            RecordKind::Decisions => "DELETE FROM decisions WHERE rowid IN",
            RecordKind::Orders => return None,
        })
    }
}

/// Deletes at most `most` rows with stamps in the range, and returns their number.
///
/// # Errors
///
/// [`Error`] if the write fails.
pub fn delete(tx: &Tx<'_>, merchant: &MerchantId, kind: RecordKind, stamped: &Range<u64>, most: u32) -> Result<usize, Error> {
    let Some(delete) = kind.delete() else { return delete_orders(tx, merchant, stamped, most) };
    let sql = format!("{delete} ({})", kind.old());
    tx.run("delete expired rows", &sql, (merchant, stamp(stamped.start), stamp(stamped.end), most))
}

/// Deletes orders with their labels and packages, which are rows of their own.
fn delete_orders(tx: &Tx<'_>, merchant: &MerchantId, stamped: &Range<u64>, most: u32) -> Result<usize, Error> {
    let key = (merchant, stamp(stamped.start), stamp(stamped.end), most);
    let old =
        tx.all("find expired orders", RecordKind::Orders.old(), key, |row| Ok(OrderRef { cart: row.get(0)?, number: row.get(1)? }))?;
    old.iter().try_for_each(|order| orders::forget(tx, merchant, order).map(drop))?;
    Ok(old.len())
}

/// Counts the rows with stamps in the range.
///
/// # Errors
///
/// [`Error`] if the read fails.
pub fn count(view: &View<'_>, merchant: &MerchantId, kind: RecordKind, stamped: &Range<u64>) -> Result<u64, Error> {
    let sql = format!("SELECT count(*) FROM ({})", kind.old());
    let count = view.one("count expired rows", &sql, (merchant, stamp(stamped.start), stamp(stamped.end), -1), |row| row.get(0))?;
    Ok(count.expect("one row comes of this, whatever it holds"))
}

/// A time stamp as a column can hold it.
fn stamp(unix_ms: u64) -> i64 {
    i64::try_from(unix_ms).unwrap_or(i64::MAX)
}
