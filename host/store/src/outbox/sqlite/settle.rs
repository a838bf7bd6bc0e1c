//! Settlement of an attempt in one transaction: the receipt, the cassette, the order's row, the cart's state and the lane.

use super::lanes::{self, Due};
use super::{dead, rows};
use crate::outbox::busy::Busy;
use crate::outbox::settlement::{Counted, Settle, Settled, Settlement};
use crate::outbox::{DUE_AHEAD_MS_MAX, Error};
use crate::{Tx, alerts, carts, cassettes, orders, plugins, receipts};
use cartage_model::alerts::Subject;
use cartage_model::receipt::{Fate, Receipt};
use cartage_model::remedy::Remedy;

/// The alert for a cart that was disabled because its answer said that the shop is gone.
pub const CART_GONE: &str = "cart-gone";

/// Records the outcome of an attempt.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Content`].
pub fn settle(tx: &Tx<'_>, settle: &Settle) -> Result<Settled, Error> {
    let Settle { merchant, order, delivery, attempt, receipt, settlement, at_unix_ms: at, .. } = settle;
    let Some((lane, mut head)) = lanes::with_head(tx, merchant, order)? else { return Ok(Settled::Stale) };
    let current = head.delivery == *delivery && head.attempts.claims == *attempt && head.attempts.unanswered > 0;
    if lane.blocked_by.is_some() || !current {
        return Ok(Settled::Stale);
    }
    if !settle.lingers {
        orders::set_busy(tx, merchant, order, Busy::default().keep())?;
    }
    if let Some(receipt) = receipt {
        record(tx, settle, head.sequence, receipt)?;
        head.fate = Some(serde_json::to_string(&receipt.fate).expect("a fate is plain data"));
    }
    orders::told(tx, merchant, order, head.sequence, &settle.told, *at)?;
    let (counted, due) = match settlement {
        Settlement::Delivered => {
            orders::settle(tx, merchant, order, head.sequence, None, *at)?;
            lanes::leave(tx, merchant, &order.cart, &lane, head.nth, Due::At(*at))?;
            return Ok(Settled::Done { pending: lane.pending - 1 });
        }
        Settlement::Dead { reason, then } => {
            head.attempts.settle(Counted::Nothing, settle.earlier());
            dead::bury(tx, merchant, order, &lane, head, *reason, *then, *at)?;
            return Ok(Settled::Done { pending: lane.pending - 1 });
        }
        Settlement::Retry { due_at_unix_ms, counted } => (*counted, (*due_at_unix_ms).min(at.saturating_add(DUE_AHEAD_MS_MAX))),
        Settlement::CartPaused { pause } => {
            carts::pause_longer(tx, merchant, &order.cart, pause)?;
            (Counted::Nothing, *at)
        }
        Settlement::CartDisabled => {
            carts::set_enabled(tx, merchant, &order.cart, false)?;
            let cart = &order.cart;
            let detail = "the cart reported that it is gone, and was disabled; enable it if it still exists, otherwise remove it";
            let remedies = [Remedy::EnableCart { cart: cart.clone() }, Remedy::RemoveCart { cart: cart.clone() }];
            let said = alerts::Said { detail, remedies: &remedies };
            alerts::raise(tx, merchant, CART_GONE, &Subject::Cart(cart.clone()), said, *at)?;
            (Counted::Nothing, *at)
        }
    };
    head.attempts.settle(counted, settle.earlier());
    rows::update_attempts(tx, &head)?;
    lanes::set(tx, &lane, Due::At(due))?;
    Ok(Settled::Done { pending: lane.pending })
}

/// Stores the records of the attempt, and that its plugin ran.
fn record(tx: &Tx<'_>, settle: &Settle, sequence: u64, receipt: &Receipt) -> Result<(), Error> {
    let Settle { merchant, order, delivery, attempt, cassette, at_unix_ms: at, .. } = settle;
    let row = receipts::ReceiptRow {
        delivery: delivery.clone(),
        attempt: *attempt,
        order: order.clone(),
        sequence,
        at_unix_ms: receipt.at_unix_ms,
        json: serde_json::to_string(receipt).expect("a receipt is plain data"),
    };
    receipts::add(tx, merchant, &row)?;
    if let Some(tape) = cassette {
        let failed = !matches!(receipt.fate, Fate::Delivered | Fate::AlreadyDelivered);
        let cassette = cassettes::CassetteRow {
            delivery: delivery.clone(),
            attempt: *attempt,
            at_unix_ms: receipt.at_unix_ms,
            failed,
            tape: tape.clone(),
        };
        cassettes::put(tx, merchant, &cassette)?;
    }
    carts::ran(tx, merchant, &order.cart, receipt.plugin, *at)?;
    plugins::ran(tx, merchant, receipt.plugin, *at)?;
    Ok(())
}
