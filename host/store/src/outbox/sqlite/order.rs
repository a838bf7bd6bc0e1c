//! The deliveries of one order that did not reach the cart and no longer wait: dead letters and ended deliveries.

use super::rows::{self, nameable, number};
use crate::View;
use crate::orders::OrderRef;
use crate::outbox::{DeliveryEnd, EndCause, EndedUpdate, Error, MergedUpdate, ROWS_MAX};
use cartage_model::id::{DeliveryId, MerchantId};

/// Lists how deliveries of an order were ended without reaching the cart, by sequence number. Endings that this release cannot read are
/// left out.
///
/// # Errors
///
/// [`Error::Store`].
pub fn ended_of(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Vec<EndedUpdate>, Error> {
    let sql = "SELECT delivery, sequence, ended_at, how FROM endings WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3
        ORDER BY sequence DESC LIMIT ?4";
    let (key, what) = ((merchant, &order.cart, &order.number, ROWS_MAX), "list how deliveries of an order ended");
    let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<(DeliveryId, u64, u64, Vec<u8>)> {
        Ok((row.get(0)?, number(row, 1)?, number(row, 2)?, rows::json(row, 3)?))
    };
    let rows = nameable(what, view.all(what, sql, key, |row| Ok(read(row)))?);
    let ended = |(delivery, sequence, at_unix_ms, how): (DeliveryId, u64, u64, Vec<u8>)| {
        let how: EndCause = serde_json::from_slice(&how).ok()?;
        Some(EndedUpdate { delivery, sequence, ending: DeliveryEnd { at_unix_ms, how } })
    };
    let mut ended: Vec<EndedUpdate> = rows.into_iter().filter_map(ended).collect();
    ended.reverse();
    Ok(ended)
}

/// Lists the earlier updates that were merged into a delivery, directly or through another merge, by sequence number.
///
/// # Errors
///
/// [`Error::Store`].
pub fn merged_into(view: &View<'_>, merchant: &MerchantId, order: &OrderRef, delivery: &DeliveryId) -> Result<Vec<MergedUpdate>, Error> {
    let (mut into, mut parts) = (vec![delivery.clone()], Vec::new());
    // What was merged into a later update comes before it.
    for ended in ended_of(view, merchant, order)?.into_iter().rev() {
        if matches!(&ended.ending.how, EndCause::Superseded { by } if into.contains(by)) {
            into.push(ended.delivery.clone());
            parts.push(MergedUpdate { delivery: ended.delivery, sequence: ended.sequence });
        }
    }
    parts.reverse();
    Ok(parts)
}
