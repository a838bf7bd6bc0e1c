//! The newest update of a lane stands for those before it.

use super::lanes::{self, Due};
use super::{dead, rows};
use crate::id::MerchantId;
use crate::outbox::latest::merge;
use crate::outbox::{Ending, Error, How, SUPERSEDE_MAX, Superseded};
use crate::store::Tx;
use crate::store::orders::{self, OrderRef};

/// Lets the newest update of a lane stand for all before it, as far as they can be told as one.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Content`].
pub fn supersede(tx: &Tx<'_>, merchant: &MerchantId, order: &OrderRef, at_unix_ms: u64) -> Result<Option<Superseded>, Error> {
    let Some(mut lane) = lanes::get(tx, merchant, order)?.filter(|lane| lane.blocked_by.is_none() && lane.pending > 1) else {
        return Ok(None);
    };
    let mut waiting = lanes::first(tx, merchant, &lane, SUPERSEDE_MAX)?.into_iter();
    let mut newest = waiting.next().expect("more than one waits");
    let mut told = newest.update(merchant)?;
    let mut older = Vec::new();
    for next in waiting {
        let Some(merged) = merge(&told, &*next.update(merchant)?) else { break };
        *told = merged;
        older.push(std::mem::replace(&mut newest, next));
    }
    if older.is_empty() {
        return Ok(None);
    }
    // What an older one may have told already is told again under another key: the plugin must look first.
    if older.iter().any(|row| row.attempts.may_have_reached()) {
        newest.attempts.doubt();
    }
    newest.content = rows::content(&told)?;
    tx.run("supersede updates", "UPDATE deliveries SET content = ?2 WHERE nth = ?1", (newest.nth, &newest.content))?;
    rows::update_attempts(tx, &newest)?;
    // From the last backwards: what is nearer to the newest goes before what is farther, as in the update.
    for row in older.iter().rev() {
        orders::move_on(tx, merchant, order, row.sequence, newest.sequence)?;
    }
    for row in &older {
        lanes::leave(tx, merchant, &order.cart, &lane, row, Due::At(at_unix_ms))?;
        lane.pending -= 1;
        let how = How::Superseded { by: newest.delivery.clone() };
        dead::end(tx, merchant, order, row.sequence, &row.delivery, &Ending { at_unix_ms, how })?;
    }
    let ended = older.into_iter().map(|row| row.delivery).collect();
    Ok(Some(Superseded { by: newest.delivery, ended }))
}
