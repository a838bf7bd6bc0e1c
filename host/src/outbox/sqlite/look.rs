//! What waits, without writing anything.

use super::lanes;
use super::rows::{Raw, columns};
use crate::id::{CartId, DeliveryId, MerchantId};
use crate::outbox::{Backlog, DUE_AHEAD_MS_MAX, Due, Error, Head, Look, Page, Queued, ROWS_MAX, Waits};
use crate::store::View;
use crate::store::orders::OrderRef;

/// Deliveries with what each waits for, in the columns that [`read`] takes.
macro_rules! waiting {
    () => {
        concat!(
            "SELECT ",
            columns!(),
            ", unanswered, queued_at, d.cart, l.order_number, l.due_at, l.blocked_by,
                d.sequence = (SELECT min(sequence) FROM deliveries WHERE lane = l.lane)
            FROM deliveries AS d JOIN lanes AS l USING (lane)"
        )
    };
}
pub(super) use waiting;

/// Which heads of a cart are due, and when the next one is.
///
/// # Errors
///
/// [`Error::Store`].
pub fn due(view: &View<'_>, look: &Look) -> Result<Due, Error> {
    let most = look.most.min(ROWS_MAX) as usize;
    let heads = |sql, from: u64| {
        // As many more as may be under way, and one to know the next by.
        let limit = most + look.in_flight.len() + 1;
        let rows = view.all("find what is due", sql, (&look.merchant, &look.cart, from, limit), |row| {
            Ok(Head { order: OrderRef { cart: look.cart.clone(), number: row.get(0)? }, due_at_unix_ms: row.get(1)? })
        })?;
        Ok::<_, Error>(rows.into_iter().filter(|head| !look.in_flight.contains(&head.order.number)))
    };
    let first = "SELECT order_number, due_at FROM lanes WHERE merchant = ?1 AND cart = ?2 AND due_at IS NOT NULL AND due_at >= ?3
        ORDER BY due_at, lane LIMIT ?4";
    // What seems to be due so late was written while the clock was wrong.
    let too_late = look.now_unix_ms.saturating_add(DUE_AHEAD_MS_MAX).saturating_add(1);
    let (mut due, mut next) = (Vec::new(), None);
    for head in heads(first, 0)?.filter(|head| head.due_at_unix_ms < too_late).chain(heads(first, too_late)?) {
        let is_due = head.due_at_unix_ms <= look.now_unix_ms || head.due_at_unix_ms >= too_late;
        if is_due && due.len() < most {
            due.push(head);
        } else {
            let at = if is_due { look.now_unix_ms.min(head.due_at_unix_ms) } else { head.due_at_unix_ms };
            next = Some(next.map_or(at, |next: u64| next.min(at)));
        }
    }
    Ok(Due { heads: due, next_unix_ms: next })
}

/// How much waits at each cart.
///
/// # Errors
///
/// [`Error::Store`].
pub fn backlogs(view: &View<'_>, merchant: Option<&MerchantId>) -> Result<Vec<Backlog>, Error> {
    let sql = "SELECT merchant, cart, queued, dead, blocked,
            (SELECT queued_at FROM deliveries WHERE merchant = queues.merchant AND cart = queues.cart ORDER BY nth LIMIT 1)
        FROM queues WHERE ?1 IS NULL OR merchant = ?1 ORDER BY merchant, cart";
    let all = view.all("count what waits", sql, (merchant,), |row| {
        Ok(Backlog {
            merchant: row.get(0)?,
            cart: row.get(1)?,
            queued: row.get(2)?,
            dead: row.get(3)?,
            blocked: row.get(4)?,
            oldest_queued_at_unix_ms: row.get(5)?,
        })
    })?;
    Ok(all)
}

/// The delivery at the head of an order's queue. None: nothing waits there.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Content`].
pub fn head(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Option<DeliveryId>, Error> {
    Ok(lanes::with_head(view, merchant, order)?.map(|(_, head)| head.delivery))
}

/// What waits at a cart, the first to arrive first.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Content`].
pub fn queued(view: &View<'_>, merchant: &MerchantId, cart: &CartId, page: Page) -> Result<Vec<Queued>, Error> {
    let sql = concat!(waiting!(), " WHERE d.merchant = ?1 AND d.cart = ?2 AND nth > ?3 ORDER BY nth LIMIT ?4");
    let rows = view.all("list what waits", sql, (merchant, cart, page.after.unwrap_or(0), page.most.min(ROWS_MAX)), read)?;
    rows.into_iter().map(|(raw, order, waits)| found(merchant, raw, order, waits)).collect()
}

/// What waits in an order's queue before the update of this number, the first first, at most so many.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Content`].
pub fn before(view: &View<'_>, merchant: &MerchantId, order: &OrderRef, sequence: u64, most: u32) -> Result<Vec<Queued>, Error> {
    let sql = concat!(
        waiting!(),
        " WHERE l.merchant = ?1 AND l.cart = ?2 AND l.order_number = ?3 AND d.sequence < ?4 ORDER BY d.sequence LIMIT ?5"
    );
    let key = (merchant, &order.cart, &order.number, sequence, most.min(ROWS_MAX));
    let rows = view.all("list what waits before a delivery", sql, key, read)?;
    rows.into_iter().map(|(raw, order, waits)| found(merchant, raw, order, waits)).collect()
}

/// Reads a row of [`queued`], or of whatever selects the same columns.
pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Raw, OrderRef, Waits)> {
    let raw = Raw::read(row, row.get(12)?, row.get(13)?)?;
    let order = OrderRef { cart: row.get(14)?, number: row.get(15)? };
    let waits = match (row.get(16)?, row.get(17)?, row.get(18)?) {
        (_, Some(by), _) => Waits::Blocked { by },
        (Some(due_at_unix_ms), None, true) => Waits::Until { due_at_unix_ms },
        (_, None, _) => Waits::Behind,
    };
    Ok((raw, order, waits))
}

pub(super) fn found(merchant: &MerchantId, raw: Raw, order: OrderRef, waits: Waits) -> Result<Queued, Error> {
    let row = raw.parse(merchant)?;
    Ok(Queued {
        nth: row.nth,
        order,
        sequence: row.sequence,
        update: row.update(merchant)?,
        delivery: row.delivery,
        attempts: row.attempts,
        accepted_at_unix_ms: row.accepted_at_unix_ms,
        queued_at_unix_ms: row.queued_at_unix_ms,
        waits,
        fate: row.fate,
    })
}
