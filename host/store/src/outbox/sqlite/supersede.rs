//! Merging the updates of a lane into the newest.

use super::lanes::{self, Due};
use super::rows::{self, Row};
use super::{dead, orders};
use crate::orders::OrderRef;
use crate::outbox::latest::{Budget, merge};
use crate::outbox::{DeliveryEnd, EndCause, Error, SUPERSEDE_MAX, Superseded};
use crate::{Tx, View};
use cartage_contract::orders::Update;
use cartage_model::id::MerchantId;

/// Merges the updates of a lane into the newest, as far as they can be read and merged. The rest is left to the next call.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Content`].
pub fn supersede(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, at_unix_ms: u64) -> Result<Option<Superseded>, Error> {
    let Some(mut lane) = lanes::get(tx, merchant, order)?.filter(|lane| lane.blocked_by.is_none() && lane.pending > 1) else {
        return Ok(None);
    };
    let Some(Merged { told, mut newest, older }) = merged(tx, merchant, &lane)? else { return Ok(None) };
    // What an older one may have told already is told again under another key: the plugin must look first.
    if older.iter().any(|row| row.attempts.may_have_reached()) {
        newest.attempts.doubt();
    }
    tx.run("supersede updates", "UPDATE deliveries SET content = ?2 WHERE nth = ?1", (newest.nth, rows::content(&told)?))?;
    rows::update_attempts(tx, &newest)?;
    // From the last backwards: what is nearer to the newest goes before what is farther, as in the update.
    for row in older.iter().rev() {
        orders::move_on(tx, merchant, order, row.sequence, newest.sequence)?;
    }
    for row in &older {
        lanes::leave(tx, merchant, &order.cart, &lane, row.nth, Due::At(at_unix_ms))?;
        lane.pending -= 1;
        let how = EndCause::Superseded { by: newest.delivery.clone() };
        dead::end(tx, merchant, order, row.sequence, &row.delivery, &DeliveryEnd { at_unix_ms, how })?;
    }
    let ended = older.into_iter().map(|row| row.delivery).collect();
    Ok(Some(Superseded { by: newest.delivery, ended }))
}

/// Updates merged into one.
struct Merged {
    told: Box<Update>,
    newest: Row,
    older: Vec<Row>,
}

/// The head of a lane merged with as many of those behind it as possible; `None` if none can be merged.
fn merged(view: &View<'_>, merchant: &MerchantId, lane: &lanes::Lane) -> Result<Option<Merged>, Error> {
    let mut waiting = lanes::readable(view, merchant, lane, SUPERSEDE_MAX)?.into_iter();
    let Some(head) = waiting.next() else { return Ok(None) };
    let Some((told, bytes)) = readable(rows::update(view, merchant, &head))? else { return Ok(None) };
    let (mut merged, mut budget) = (Merged { told, newest: head, older: Vec::new() }, Budget::new(bytes));
    for next in waiting {
        let Some((update, bytes)) = readable(rows::update(view, merchant, &next))? else { break };
        let Some(told) = budget.takes(bytes).then(|| merge(&merged.told, &update)).flatten() else { break };
        *merged.told = told;
        merged.older.push(std::mem::replace(&mut merged.newest, next));
    }
    Ok((!merged.older.is_empty()).then_some(merged))
}

/// `None` if this release cannot read the content.
fn readable<T>(read: Result<T, Error>) -> Result<Option<T>, Error> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Error::Content { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
