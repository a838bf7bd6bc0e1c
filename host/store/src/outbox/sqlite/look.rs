//! Reads of the queue that write nothing.

use super::lanes;
use super::rows::{self, Raw, columns, nameable, number, waiting_columns};
use crate::View;
use crate::orders::OrderRef;
use crate::outbox::{Backlog, DUE_AHEAD_MS_MAX, Due, DueQuery, Error, Head, Page, Queued, ROWS_MAX, Waits};
use cartage_model::id::{CartId, DeliveryId, MerchantId};

/// Queued deliveries with what each waits for, in the columns that [`read`] takes.
macro_rules! waiting {
    () => {
        concat!(
            "SELECT ",
            columns!(),
            ", ",
            waiting_columns!(),
            ", d.cart, l.order_number, l.due_at, l.blocked_by,
                d.sequence = (SELECT min(sequence) FROM deliveries WHERE lane = l.lane), l.fault, content
            FROM deliveries AS d JOIN lanes AS l USING (lane)"
        )
    };
}
pub(super) use waiting;

/// Finds the heads of a cart that are due, and when the next one is due.
///
/// # Errors
///
/// [`Error::Store`].
pub fn due(view: &View<'_>, look: &DueQuery) -> Result<Due, Error> {
    let most = look.most.min(ROWS_MAX) as usize;
    let heads = |sql, from: u64| {
        // As many more as may be under way, and one to know the next by.
        let limit = most + look.in_flight.len() + 1;
        let head = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Head> {
            Ok(Head {
                order: OrderRef { cart: look.cart.clone(), number: row.get(0)? },
                due_at_unix_ms: number(row, 1)?,
                suspect: row.get(2)?,
            })
        };
        let what = "find the deliveries that are due";
        let rows = view.all(what, sql, (&look.merchant, &look.cart, from, limit), |row| Ok(head(row)))?;
        Ok::<_, Error>(nameable(what, rows).into_iter().filter(|head| !look.in_flight.contains(&head.order.number)))
    };
    let first = "SELECT order_number, due_at,
            coalesce((SELECT suspicions > 0 FROM deliveries WHERE lane = lanes.lane ORDER BY sequence LIMIT 1), 0)
        FROM lanes WHERE merchant = ?1 AND cart = ?2 AND due_at IS NOT NULL AND due_at >= ?3
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

/// Counts the queue of each cart of one merchant, or of all merchants with `None`.
///
/// # Errors
///
/// [`Error::Store`].
pub fn backlogs(view: &View<'_>, merchant: Option<&MerchantId>) -> Result<Vec<Backlog>, Error> {
    let sql = "SELECT merchant, cart, queued, dead, blocked,
            (SELECT queued_at FROM deliveries WHERE merchant = queues.merchant AND cart = queues.cart ORDER BY nth LIMIT 1)
        FROM queues WHERE ?1 IS NULL OR merchant = ?1 ORDER BY merchant, cart";
    let backlog = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Backlog> {
        Ok(Backlog {
            merchant: row.get(0)?,
            cart: row.get(1)?,
            queued: row.get(2)?,
            dead: row.get(3)?,
            blocked: row.get(4)?,
            oldest_queued_at_unix_ms: row.get::<_, Option<i64>>(5)?.map(|at| u64::try_from(at).unwrap_or(0)),
        })
    };
    let what = "count the waiting deliveries";
    Ok(nameable(what, view.all(what, sql, (merchant,), |row| Ok(backlog(row)))?))
}

/// The delivery at the head of an order's queue; `None` if nothing waits there.
///
/// # Errors
///
/// [`Error::Store`].
pub fn head(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Option<DeliveryId>, Error> {
    Ok(lanes::with_raw_head(view, merchant, order)?.map(|(_, head)| head.row.delivery))
}

/// Lists the deliveries queued for a cart, the first to arrive first.
///
/// # Errors
///
/// [`Error::Store`].
pub fn queued(view: &View<'_>, merchant: &MerchantId, cart: &CartId, page: Page) -> Result<Vec<Queued>, Error> {
    let sql = concat!(waiting!(), " WHERE d.merchant = ?1 AND d.cart = ?2 AND nth > ?3 ORDER BY nth LIMIT ?4");
    let (key, what) = ((merchant, cart, page.after.unwrap_or(0), page.most.min(ROWS_MAX)), "list the waiting deliveries");
    Ok(nameable(what, view.all(what, sql, key, |row| Ok(read(row).map(Waiting::show)))?))
}

/// Lists at most `most` deliveries of an order's queue that stand before the update with this sequence number, in sequence.
///
/// # Errors
///
/// [`Error::Store`].
pub fn before(view: &View<'_>, merchant: &MerchantId, order: &OrderRef, sequence: u64, most: u32) -> Result<Vec<Queued>, Error> {
    let sql = concat!(
        waiting!(),
        " WHERE l.merchant = ?1 AND l.cart = ?2 AND l.order_number = ?3 AND d.sequence < ?4 ORDER BY d.sequence LIMIT ?5"
    );
    let key = (merchant, &order.cart, &order.number, sequence, most.min(ROWS_MAX));
    let what = "list the deliveries that wait before a delivery";
    Ok(nameable(what, view.all(what, sql, key, |row| Ok(read(row).map(Waiting::show)))?))
}

/// A queued delivery as stored.
pub(super) struct Waiting {
    pub(super) raw: Raw,
    pub(super) order: OrderRef,
    waits: Waits,
    fault: Option<String>,
    pub(super) content: Vec<u8>,
}

impl Waiting {
    /// The delivery as a list shows it.
    pub(super) fn show(self) -> Queued {
        let Waiting { raw, order, waits, fault, content } = self;
        let (row, label) = raw.show(&content);
        Queued {
            nth: row.nth,
            order,
            sequence: row.sequence,
            delivery: row.delivery,
            label,
            attempts: row.attempts,
            accepted_at_unix_ms: row.accepted_at_unix_ms,
            queued_at_unix_ms: row.queued_at_unix_ms,
            waits,
            fault,
            fate: row.fate,
        }
    }
}

/// Reads one row of a query that selects the columns of [`waiting`].
pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Waiting> {
    let raw = Raw::read(row, Some(11))?;
    let order = OrderRef { cart: row.get(15)?, number: row.get(16)? };
    let due_at_unix_ms = row.get::<_, Option<i64>>(17)?.map(|at| u64::try_from(at).unwrap_or(0));
    let (waits, fault) = match (due_at_unix_ms, row.get::<_, Option<u64>>(18)?, row.get(19)?) {
        (_, Some(by), _) => (Waits::Blocked { by }, None),
        (Some(due_at_unix_ms), None, true) => {
            let fault: Option<String> = row.get(20)?;
            let begun = raw.row.attempts.unanswered > 0 && fault.is_none();
            (if begun { Waits::Attempt { due_at_unix_ms } } else { Waits::Until { due_at_unix_ms } }, fault)
        }
        (_, None, _) => (Waits::Behind, None),
    };
    Ok(Waiting { raw, order, waits, fault, content: rows::json(row, 21)? })
}
