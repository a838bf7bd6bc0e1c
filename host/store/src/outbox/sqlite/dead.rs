//! Dead letters: how a delivery becomes one, and what can be done with it afterwards.

use super::lanes::{self, Content, Due};
use super::look::{self, waiting};
use super::order::merged_into;
use super::rows::{self, Raw, Row, columns, nameable, number, waiting_columns};
use crate::orders::{self, OrderRef};
use crate::outbox::dead::TakenBack;
use crate::outbox::{
    Attempts, Count, DeadLetter, DeliveryEnd, Discard, Discarded, EndCause, Error, Filter, FoundDelivery, Page, ROWS_MAX, Retried,
    Unreadable, with_it,
};
use crate::{Tx, View, audit};
use cartage_contract::orders::Update;
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{CartId, DeliveryId, MerchantId};
use std::collections::BTreeMap;

/// A dead letter as stored.
pub(super) struct Kept {
    raw: Raw,
    order: OrderRef,
    died_at_unix_ms: u64,
    reason: Option<Reason>,
    blocking: bool,
    taken_back: Vec<u8>,
    pub(super) content: Vec<u8>,
}

macro_rules! dead_columns {
    () => {
        concat!("SELECT ", columns!(), ", cart, order_number, died_at, reason, blocking, taken_back, content FROM dead_letters")
    };
}
pub(super) use dead_columns;

impl Kept {
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Kept> {
        Ok(Kept {
            raw: Raw::read(row, None)?,
            order: OrderRef { cart: row.get(11)?, number: row.get(12)? },
            died_at_unix_ms: number(row, 13)?,
            reason: Reason::try_from(row.get::<_, String>(14)?).ok(),
            blocking: row.get(15)?,
            taken_back: rows::json(row, 16)?,
            content: rows::json(row, 17)?,
        })
    }

    fn get(view: &View<'_>, merchant: &MerchantId, delivery: &DeliveryId) -> Result<Option<Kept>, Error> {
        let sql = concat!(dead_columns!(), " WHERE merchant = ?1 AND delivery = ?2");
        Ok(view.one("look up a dead letter", sql, (merchant, delivery), Kept::read)?)
    }

    /// Reads what a retry needs besides the row.
    fn whole(&self) -> Result<(Box<Update>, TakenBack), Unreadable> {
        Ok((rows::shown("the update", &self.content)?, rows::shown("what was taken back", &self.taken_back)?))
    }

    /// The dead letter as a list shows it.
    pub(super) fn show(self) -> DeadLetter {
        let whole = self.whole().map(drop);
        let Kept { raw, order, died_at_unix_ms, reason, blocking, content, .. } = self;
        let (row, label) = raw.show(&content);
        DeadLetter {
            nth: row.nth,
            sequence: row.sequence,
            label: whole.and(label),
            reason,
            order,
            delivery: row.delivery,
            attempts: row.attempts,
            accepted_at_unix_ms: row.accepted_at_unix_ms,
            died_at_unix_ms,
            then: if blocking { Then::Block } else { Then::Go },
            fate: row.fate,
        }
    }
}

/// Turns a lane's head into a dead letter, and takes back what the order's row learned through its update.
#[expect(clippy::too_many_arguments, reason = "each is what the row says")]
pub(super) fn bury(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    order: &OrderRef,
    lane: &lanes::Lane,
    head: Row,
    reason: Reason,
    then: Then,
    at_unix_ms: u64,
) -> Result<(), Error> {
    let (labels, packages) = orders::brought(tx, merchant, order, head.sequence)?;
    orders::take_back(tx, merchant, order, head.sequence)?;
    let blocking = then == Then::Block;
    let lane = lanes::Lane { blocked_by: blocking.then_some(head.sequence), ..*lane };
    lanes::count(tx, merchant, &order.cart, [0, 1, blocking.into()])?;
    let taken_back = serde_json::to_string(&TakenBack { labels, packages }).expect("labels and packages are plain data");
    let Attempts { counted, plugin_faults, claims, doubted, restored, earlier, .. } = &head.attempts;
    let sql =
        "INSERT INTO dead_letters (merchant, cart, order_number, sequence, delivery, accepted_at, died_at, reason, blocking, attempts,
            plugin_faults, claims, doubted, restored, earlier, fate, taken_back, content)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
            (SELECT content FROM deliveries WHERE nth = ?18))";
    let row = rusqlite::params![
        merchant,
        order.cart,
        order.number,
        head.sequence,
        head.delivery,
        head.accepted_at_unix_ms,
        at_unix_ms,
        reason.to_string(),
        blocking,
        counted,
        plugin_faults,
        claims,
        doubted,
        restored,
        rows::earlier(earlier),
        head.fate,
        taken_back,
        head.nth
    ];
    tx.run("keep a dead letter", sql, row)?;
    lanes::leave(tx, merchant, &order.cart, &lane, head.nth, Due::At(at_unix_ms))
}

/// Returns dead letters to the queue, those of one order in their own sequence. A dead letter that cannot be read stays.
///
/// # Errors
///
/// [`Error::Store`].
pub fn retry(tx: &Tx<'_>, merchant: &MerchantId, deliveries: &[DeliveryId], at_unix_ms: u64) -> Result<Vec<Retried>, Error> {
    let mut found = BTreeMap::new();
    for delivery in deliveries {
        if let Some(kept) = Kept::get(tx, merchant, delivery)? {
            found.insert((kept.order.clone(), kept.raw.row.sequence), kept);
        }
    }
    let mut done = BTreeMap::new();
    for kept in found.into_values() {
        done.insert(kept.raw.row.delivery.clone(), retry_one(tx, merchant, kept, at_unix_ms)?);
    }
    Ok(deliveries.iter().map(|delivery| done.remove(delivery).unwrap_or(Retried::NotDead)).collect())
}

fn retry_one(tx: &Tx<'_>, merchant: &MerchantId, kept: Kept, at_unix_ms: u64) -> Result<Retried, Error> {
    let Ok((_, TakenBack { labels, packages })) = kept.whole() else { return Ok(Retried::Unreadable) };
    let Kept { raw, order, blocking, .. } = kept;
    let Ok(mut row) = raw.parse(merchant) else { return Ok(Retried::Unreadable) };
    let letter = row.nth;
    row.attempts.anew();
    row.queued_at_unix_ms = at_unix_ms;
    let retried = if blocking {
        orders::bring(tx, merchant, &order, row.sequence, &labels, &packages)?;
        Retried::Head
    } else {
        row.sequence = orders::accept(tx, merchant, &order, &labels, &packages, at_unix_ms)?;
        Retried::Tail { sequence: row.sequence }
    };
    lanes::enter(tx, merchant, &order, &row, Content::OfDeadLetter(letter))?;
    remove(tx, merchant, &order, letter, blocking)?;
    if blocking {
        unblock(tx, merchant, &order, at_unix_ms)?;
    }
    Ok(retried)
}

/// Ends a delivery for good, dead or queued, whether or not this release can read it.
///
/// # Errors
///
/// [`Error::Store`].
pub fn discard(tx: &Tx<'_>, merchant: &MerchantId, delivery: &DeliveryId, by: &Discard) -> Result<Discarded, Error> {
    let (order, sequence, discarded) = if let Some(Kept { raw: Raw { row, .. }, order, blocking, .. }) = Kept::get(tx, merchant, delivery)?
    {
        remove(tx, merchant, &order, row.nth, blocking)?;
        if blocking {
            unblock(tx, merchant, &order, by.at_unix_ms)?;
        }
        (order, row.sequence, Discarded::Dead)
    } else if let Some(look::Waiting { raw: Raw { row, .. }, order, .. }) = waiting_row(tx, merchant, delivery)? {
        let (lane, head) = lanes::with_raw_head(tx, merchant, &order)?.expect("a delivery that waits has a lane, with a head");
        let due = if head.row.nth == row.nth { Due::At(by.at_unix_ms) } else { Due::Unchanged };
        orders::take_back(tx, merchant, &order, row.sequence)?;
        lanes::leave(tx, merchant, &order.cart, &lane, row.nth, due)?;
        (order, row.sequence, Discarded::Queued)
    } else {
        return Ok(Discarded::NotThere);
    };
    let merged = merged_into(tx, merchant, &order, delivery)?;
    let how = EndCause::Discarded { who: by.who.clone(), why: by.why.clone() };
    end(tx, merchant, &order, sequence, delivery, &DeliveryEnd { at_unix_ms: by.at_unix_ms, how })?;
    let line = audit::Line {
        at_unix_ms: by.at_unix_ms,
        who: by.who.clone(),
        what: "delivery discard".into(),
        subject: format!("{delivery} of order {} at cart {}", order.number, order.cart),
        detail: Some(match with_it(&merged) {
            Some(with_it) => format!("{}; {with_it}", by.why),
            None => by.why.clone(),
        }),
    };
    audit::add(tx, merchant, &line)?;
    Ok(discarded)
}

fn waiting_row(view: &View<'_>, merchant: &MerchantId, delivery: &DeliveryId) -> Result<Option<look::Waiting>, Error> {
    let sql = concat!(waiting!(), " WHERE d.merchant = ?1 AND delivery = ?2");
    Ok(view.one("look up a waiting delivery", sql, (merchant, delivery), look::read)?)
}

fn remove(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, nth: u64, blocking: bool) -> Result<(), Error> {
    tx.run("remove a dead letter", "DELETE FROM dead_letters WHERE merchant = ?1 AND nth = ?2", (merchant, nth))?;
    lanes::count(tx, merchant, &order.cart, [0, -1, -i64::from(blocking)])
}

fn unblock(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, at_unix_ms: u64) -> Result<(), Error> {
    let lane = lanes::get(tx, merchant, order)?.expect("a lane is there while it is blocked");
    lanes::set(tx, &lanes::Lane { blocked_by: None, ..lane }, Due::At(at_unix_ms))
}

/// Records how a delivery ended that did not reach its cart.
pub(super) fn end(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    order: &OrderRef,
    sequence: u64,
    delivery: &DeliveryId,
    ending: &DeliveryEnd,
) -> Result<(), Error> {
    let how = serde_json::to_string(&ending.how).expect("it is plain data");
    let sql = "INSERT INTO endings (merchant, delivery, cart, order_number, sequence, ended_at, how) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let row = (merchant, delivery, &order.cart, &order.number, sequence, ending.at_unix_ms, how);
    tx.run("note how a delivery ended", sql, row)?;
    Ok(())
}

/// Whether the merchant ever had a delivery with this id. Delivered ones are found by their receipts.
pub(super) fn is_taken(view: &View<'_>, merchant: &MerchantId, delivery: &DeliveryId) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE merchant = ?1 AND delivery = ?2)
        OR EXISTS (SELECT 1 FROM dead_letters WHERE merchant = ?1 AND delivery = ?2)
        OR EXISTS (SELECT 1 FROM endings WHERE merchant = ?1 AND delivery = ?2)
        OR EXISTS (SELECT 1 FROM receipts WHERE merchant = ?1 AND delivery = ?2)";
    let taken = view.one("look for a delivery's id", sql, (merchant, delivery), |row| row.get(0))?;
    Ok(taken.expect("one row comes of this, whatever it holds"))
}

/// Lists a merchant's dead letters, the most recent first.
///
/// # Errors
///
/// [`Error::Store`].
pub fn dead(view: &View<'_>, merchant: &MerchantId, filter: &Filter, page: Page) -> Result<Vec<DeadLetter>, Error> {
    let sql = concat!(
        dead_columns!(),
        " WHERE merchant = ?1 AND (?2 IS NULL OR cart = ?2) AND (?3 IS NULL OR reason = ?3) AND (?4 IS NULL OR died_at >= ?4)
            AND (?5 IS NULL OR blocking = ?5) AND (?6 IS NULL OR nth < ?6) ORDER BY nth DESC LIMIT ?7"
    );
    let Filter { cart, reason, since_unix_ms, then } = filter;
    let (reason, blocking) = (reason.map(|reason| reason.to_string()), then.map(|then| then == Then::Block));
    let params = (merchant, cart, reason, since_unix_ms, blocking, page.after, page.most.min(ROWS_MAX));
    let what = "list the dead letters";
    Ok(nameable(what, view.all(what, sql, params, |row| Ok(Kept::read(row).map(Kept::show)))?))
}

/// Counts the dead letters that match a filter, by cart and reason; unknown reasons stand last.
///
/// # Errors
///
/// [`Error::Store`].
pub fn dead_counts(view: &View<'_>, merchant: &MerchantId, filter: &Filter) -> Result<Vec<Count>, Error> {
    let sql = "SELECT cart, reason, count(*) FROM dead_letters
        WHERE merchant = ?1 AND (?2 IS NULL OR cart = ?2) AND (?3 IS NULL OR reason = ?3) AND (?4 IS NULL OR died_at >= ?4)
            AND (?5 IS NULL OR blocking = ?5) GROUP BY cart, reason ORDER BY cart, reason";
    let Filter { cart, reason: wanted, since_unix_ms, then } = filter;
    let (wanted, blocking) = (wanted.map(|reason| reason.to_string()), then.map(|then| then == Then::Block));
    let what = "count the dead letters";
    let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<(CartId, String, u64)> { Ok((row.get(0)?, row.get(1)?, number(row, 2)?)) };
    let found = view.all(what, sql, (merchant, cart, wanted, since_unix_ms, blocking), |row| Ok(read(row)))?;
    let (mut counts, mut unknown) = (Vec::new(), BTreeMap::new());
    for (cart, text, count) in nameable(what, found) {
        match Reason::try_from(text) {
            Ok(reason) => counts.push(Count { cart, reason: Some(reason), count }),
            Err(_) => *unknown.entry(cart).or_insert(0) += count,
        }
    }
    counts.extend(unknown.into_iter().map(|(cart, count)| Count { cart, reason: None, count }));
    Ok(counts)
}

/// Looks up the delivery of an order's last update; `None` unless it is queued or a dead letter.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Content`].
pub fn last(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Option<FoundDelivery>, Error> {
    let sql = "WITH last AS (SELECT sequence FROM orders WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3)
        SELECT delivery FROM deliveries JOIN lanes USING (lane) JOIN last USING (sequence)
            WHERE lanes.merchant = ?1 AND lanes.cart = ?2 AND order_number = ?3
        UNION ALL SELECT delivery FROM dead_letters JOIN last USING (sequence)
            WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3
        LIMIT 1";
    let found: Option<DeliveryId> =
        view.one("look up an order's last update", sql, (merchant, &order.cart, &order.number), |row| row.get(0))?;
    found.map_or(Ok(None), |delivery| find(view, merchant, &delivery))
}

/// Looks up one delivery, whether queued, dead or ended.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Content`].
pub fn find(view: &View<'_>, merchant: &MerchantId, delivery: &DeliveryId) -> Result<Option<FoundDelivery>, Error> {
    if let Some(waiting) = waiting_row(view, merchant, delivery)? {
        let update = rows::shown("the update", &waiting.content).ok();
        return Ok(Some(FoundDelivery::Queued(Box::new(waiting.show()), update)));
    }
    if let Some(kept) = Kept::get(view, merchant, delivery)? {
        let update = kept.whole().ok().map(|(update, _)| update);
        return Ok(Some(FoundDelivery::Dead(Box::new(kept.show()), update)));
    }
    let sql = "SELECT cart, order_number, sequence, ended_at, how FROM endings WHERE merchant = ?1 AND delivery = ?2";
    let found: Option<(OrderRef, u64, u64, String)> = view.one("look up how a delivery ended", sql, (merchant, delivery), |row| {
        Ok((OrderRef { cart: row.get(0)?, number: row.get(1)? }, row.get(2)?, row.get(3)?, row.get(4)?))
    })?;
    let Some((order, sequence, at_unix_ms, how)) = found else { return Ok(None) };
    let how = rows::parse(merchant, delivery, "how it ended", how.as_bytes())?;
    Ok(Some(FoundDelivery::Ended { order, sequence, ending: DeliveryEnd { at_unix_ms, how } }))
}

/// Lists the dead letters of an order, by sequence number.
///
/// # Errors
///
/// [`Error::Store`].
pub fn dead_of(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Vec<DeadLetter>, Error> {
    let sql = concat!(dead_columns!(), " WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3 ORDER BY sequence LIMIT ?4");
    let (key, what) = ((merchant, &order.cart, &order.number, ROWS_MAX), "list the dead letters of an order");
    Ok(nameable(what, view.all(what, sql, key, |row| Ok(Kept::read(row).map(Kept::show)))?))
}
