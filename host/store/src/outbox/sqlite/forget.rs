//! Removing an order, with everything that is stored about it, from the outbox and the store.

use super::lanes;
use crate::orders::{self, OrderRef};
use crate::outbox::Error;
use crate::{Tx, View, idempotency};
use cartage_model::id::MerchantId;

/// How many deliveries of an order the outbox holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfOrder {
    /// Deliveries that wait.
    pub queued: u64,
    /// Dead letters of the order, whether or not they block its lane.
    pub dead: u64,
    blocking: u64,
}

/// Counts the deliveries of an order in the outbox.
///
/// # Errors
///
/// [`Error::Store`].
pub fn of_order(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<OfOrder, Error> {
    let sql = "SELECT (SELECT count(*) FROM deliveries JOIN lanes USING (lane)
            WHERE lanes.merchant = ?1 AND lanes.cart = ?2 AND order_number = ?3), count(*), coalesce(sum(blocking), 0)
        FROM dead_letters WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";
    let found = view.one("count an order's deliveries", sql, (merchant, &order.cart, &order.number), |row| {
        Ok(OfOrder { queued: row.get(0)?, dead: row.get(1)?, blocking: row.get(2)? })
    })?;
    Ok(found.unwrap_or_default())
}

/// Statements that delete what is stored about an order besides what its cart was told. Each finds its rows by an index, so that the cost
/// is that of this order's rows.
const FORGET: [&str; 7] = [
    // First, because the others name the deliveries.
    "DELETE FROM cassettes WHERE merchant = ?1 AND delivery IN (
        SELECT delivery FROM receipts WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3
        UNION SELECT delivery FROM dead_letters WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3
        UNION SELECT delivery FROM endings WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3
        UNION SELECT delivery FROM deliveries JOIN lanes USING (lane)
            WHERE lanes.merchant = ?1 AND lanes.cart = ?2 AND order_number = ?3)",
    "DELETE FROM deliveries WHERE lane = (SELECT lane FROM lanes WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3)",
    "DELETE FROM lanes WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3",
    "DELETE FROM dead_letters WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3",
    "DELETE FROM endings WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3",
    "DELETE FROM receipts WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3",
    "DELETE FROM decisions WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3",
];

/// Forgets an order: its queued deliveries, dead letters, receipts, recordings and decisions, what its cart was told, and the stored
/// replies to senders' keys. Returns how many rows were deleted. Must not be called for an order with an attempt under way.
///
/// # Errors
///
/// [`Error::Store`].
pub fn forget(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<u64, Error> {
    let key = (merchant, &order.cart, &order.number);
    let OfOrder { queued, dead, blocking } = of_order(tx, merchant, order)?;
    let mut rows = 0;
    for sql in FORGET {
        rows += tx.run("forget an order", sql, key)? as u64;
    }
    if queued + dead > 0 {
        let gone = [queued, dead, blocking].map(|count| -i64::try_from(count).unwrap_or(i64::MAX));
        lanes::count(tx, merchant, &order.cart, gone)?;
    }
    rows += orders::forget(tx, merchant, order)? as u64;
    Ok(rows + idempotency::forget(tx, merchant, order)? as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{self as store, Store};

    /// Forgetting an order reads no rows of other orders.
    #[test]
    fn no_table_is_read_whole_to_forget_an_order() {
        let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
        let store = Store::create(&folder.path().join("cartage.db"), 1).expect("it is made");
        let plans = store.write_blocking(|tx| -> Result<_, store::Error> {
            FORGET
                .iter()
                .chain(&orders::FORGET)
                .chain([&idempotency::FORGET])
                .map(|sql| {
                    let plan = format!("EXPLAIN QUERY PLAN {sql}");
                    Ok((*sql, tx.all("plan", &plan, ("m", "c", "1"), |row| row.get::<_, String>(3))?))
                })
                .collect::<Result<Vec<_>, _>>()
        });
        for (sql, plan) in plans.expect("they can be planned") {
            assert!(plan.iter().any(|step| step.contains("SEARCH")), "{sql}: {plan:?}");
            let whole = |step: &&String| step.starts_with("SCAN") && TABLES.iter().any(|table| step.contains(table));
            assert_eq!(plan.iter().find(whole), None, "{sql}");
        }
    }

    const TABLES: [&str; 9] =
        ["cassettes", "deliveries", "lanes", "dead_letters", "endings", "receipts", "decisions", "order", "idempotency_keys"];
}
