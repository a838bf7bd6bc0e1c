//! Lanes: how deliveries enter and leave them. Every change of a lane is in this file, together with the counts of its cart.

use super::rows::{Raw, Row, columns, earlier, waiting_columns};
use crate::orders::OrderRef;
use crate::outbox::{Attempts, Error, Faults, Rest};
use crate::{Tx, View};
use cartage_model::id::{CartId, MerchantId};

/// A lane that exists: a delivery waits in it, or it is blocked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lane {
    pub(super) lane: i64,
    pub(super) pending: u64,
    pub(super) blocked_by: Option<u64>,
}

/// The lane of an order; `None` if nothing waits and nothing blocks.
pub(super) fn get(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Option<Lane>, Error> {
    let sql = "SELECT lane, pending, blocked_by FROM lanes WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";
    let lane = view.one("look up a lane", sql, (merchant, &order.cart, &order.number), |row| {
        Ok(Lane { lane: row.get(0)?, pending: row.get(1)?, blocked_by: row.get(2)? })
    })?;
    Ok(lane)
}

/// The first deliveries of a lane by sequence number, up to the first that cannot be read.
pub(super) fn readable(view: &View<'_>, merchant: &MerchantId, lane: &Lane, most: u32) -> Result<Vec<Row>, Error> {
    Ok(raw(view, lane, most)?.into_iter().map_while(|raw| raw.parse(merchant).ok()).collect())
}

fn raw(view: &View<'_>, lane: &Lane, most: u32) -> Result<Vec<Raw>, Error> {
    let sql = concat!("SELECT ", columns!(), ", ", waiting_columns!(), " FROM deliveries WHERE lane = ?1 ORDER BY sequence LIMIT ?2");
    Ok(view.all("look up the deliveries in a lane", sql, (lane.lane, most), |row| Raw::read(row, Some(11)))?)
}

/// The lane of an order and its head; `None` if nothing waits in the lane.
pub(super) fn with_head(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Option<(Lane, Row)>, Error> {
    let Some((lane, head)) = with_raw_head(view, merchant, order)? else { return Ok(None) };
    Ok(Some((lane, head.parse(merchant)?)))
}

/// As [`with_head`], but with the head's JSON unread, so that a damaged head is found too.
pub(super) fn with_raw_head(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Option<(Lane, Raw)>, Error> {
    let Some(lane) = get(view, merchant, order)? else { return Ok(None) };
    Ok(raw(view, &lane, 1)?.pop().map(|head| (lane, head)))
}

/// Where the update of a delivery that enters a lane comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content<'a> {
    /// A new update, as JSON.
    New(&'a str),
    /// The dead letter with this `nth`.
    OfDeadLetter(u64),
}

/// Adds a delivery to its lane. A lane that did not exist is made and its head is due at once; an existing lane keeps its due time.
pub(super) fn enter(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, row: &Row, content: Content<'_>) -> Result<(), Error> {
    let OrderRef { cart, number } = order;
    let sql = "INSERT INTO lanes (merchant, cart, order_number, pending, due_at) VALUES (?1, ?2, ?3, 1, ?4)
        ON CONFLICT DO UPDATE SET pending = pending + 1";
    tx.run("open a lane", sql, (merchant, cart, number, row.queued_at_unix_ms))?;
    // What enters is new or begins anew, so nothing is held against it.
    let Attempts { counted, plugin_faults, claims, unanswered, suspicions: _, suspected: _, doubted, restored, earlier: known } =
        &row.attempts;
    let sql = "INSERT INTO deliveries (merchant, cart, lane, sequence, delivery, accepted_at, queued_at, attempts, plugin_faults, claims,
            unanswered, doubted, restored, earlier, fate, content)
        SELECT merchant, cart, lane, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,
            coalesce(?16, (SELECT content FROM dead_letters WHERE nth = ?17)) FROM lanes
        WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";
    let Row { sequence, delivery, accepted_at_unix_ms, queued_at_unix_ms, fate, .. } = row;
    let (content, dead_letter) = match content {
        Content::New(json) => (Some(json), None),
        Content::OfDeadLetter(nth) => (None, Some(nth)),
    };
    let values = rusqlite::params![
        merchant,
        cart,
        number,
        sequence,
        delivery,
        accepted_at_unix_ms,
        queued_at_unix_ms,
        counted,
        plugin_faults,
        claims,
        unanswered,
        doubted,
        restored,
        earlier(known),
        fate,
        content,
        dead_letter
    ];
    tx.run("queue a delivery", sql, values)?;
    count(tx, merchant, cart, [1, 0, 0])
}

/// Removes a delivery from its lane. If it was the head, the next delivery is due at the given time.
pub(super) fn leave(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, lane: &Lane, nth: u64, due: Due) -> Result<(), Error> {
    tx.run("take a delivery out of its lane", "DELETE FROM deliveries WHERE nth = ?1", (nth,))?;
    count(tx, merchant, cart, [-1, 0, 0])?;
    let left = Lane { pending: lane.pending - 1, ..*lane };
    set(tx, &left, due)
}

/// When the lane's head is due.
#[derive(Debug, Clone, Copy)]
pub(super) enum Due {
    /// At the time that was set before.
    Unchanged,
    /// At this time, in Unix milliseconds.
    At(u64),
}

/// Stores a lane. A new due time ends its rest. A lane that is empty and not blocked is deleted.
pub(super) fn set(tx: &Tx<'_>, lane: &Lane, due: Due) -> Result<(), Error> {
    let Lane { lane, pending, blocked_by } = lane;
    if *pending == 0 && blocked_by.is_none() {
        tx.run("close a lane", "DELETE FROM lanes WHERE lane = ?1", (lane,))?;
        return Ok(());
    }
    let at = match due {
        Due::Unchanged => None,
        Due::At(at) => Some(at),
    };
    let sql = "UPDATE lanes SET pending = ?2, blocked_by = ?3, due_at = CASE WHEN ?3 IS NULL THEN coalesce(?4, due_at) END,
            fault = CASE WHEN ?4 IS NULL THEN fault END WHERE lane = ?1";
    tx.run("write a lane", sql, (lane, pending, blocked_by, at))?;
    Ok(())
}

/// Lets a lane rest after a failure in this host. A lane that is blocked or does not exist stays as it is.
pub(super) fn rest(tx: &Tx<'_>, rest: &Rest) -> Result<(), Error> {
    let Rest { merchant, order, fault, until_unix_ms } = rest;
    let sql = "UPDATE lanes SET due_at = ?4, fault = ?5 WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 AND blocked_by IS NULL";
    tx.run("delay a lane after a fault", sql, (merchant, &order.cart, &order.number, until_unix_ms, fault))?;
    Ok(())
}

/// Moves the due time of a lane's head. A lane that rests goes on resting until then.
pub(super) fn wait(tx: &Tx<'_>, lane: &Lane, until_unix_ms: u64) -> Result<(), Error> {
    tx.run("delay a lane", "UPDATE lanes SET due_at = ?2 WHERE lane = ?1 AND blocked_by IS NULL", (lane.lane, until_unix_ms))?;
    Ok(())
}

/// Lists a merchant's lanes that rest after a failure in this host, by cart.
pub(super) fn faults(view: &View<'_>, merchant: &MerchantId) -> Result<Vec<Faults>, Error> {
    // With min(), the other columns are those of the row that has it.
    let sql =
        "SELECT cart, count(*), order_number, (SELECT delivery FROM deliveries WHERE lane = lanes.lane ORDER BY sequence LIMIT 1), fault,
            min(lane)
        FROM lanes WHERE merchant = ?1 AND fault IS NOT NULL GROUP BY cart ORDER BY cart";
    let found = view.all("look up the lanes delayed by faults", sql, (merchant,), |row| {
        Ok(Faults { cart: row.get(0)?, lanes: row.get(1)?, first: (row.get(2)?, row.get(3)?, row.get(4)?) })
    })?;
    Ok(found)
}

/// Adds to the counts of a cart: queued deliveries, dead letters, blocked lanes.
pub(super) fn count(tx: &Tx<'_>, merchant: &MerchantId, cart: &CartId, [queued, dead, blocked]: [i64; 3]) -> Result<(), Error> {
    let row = (merchant, cart, queued, dead, blocked);
    let sql = "UPDATE queues SET queued = queued + ?3, dead = dead + ?4, blocked = blocked + ?5 WHERE merchant = ?1 AND cart = ?2";
    if tx.run("update the counts of a cart", sql, row)? == 0 {
        let sql = "INSERT INTO queues (merchant, cart, queued, dead, blocked) VALUES (?1, ?2, ?3, ?4, ?5)";
        tx.run("update the counts of a cart", sql, row)?;
    }
    Ok(())
}
