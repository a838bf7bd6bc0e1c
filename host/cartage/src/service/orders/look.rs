//! The state of an order, read from the store in one snapshot.

use super::{DeadUpdate, DiscardedUpdate, HasIt, OrderStatus, OwnDelivery, Progress, Waiting, WaitsFor, fate_name};
use crate::alerts::Unready;
use crate::service::Error;
use crate::service::orders::Orders;
use crate::service::seen::SeenNow;
use cartage_model::dead_letter::Then;
use cartage_model::id::{DeliveryId, MerchantId};
use cartage_policy::gate::explain::Explanation;
use cartage_policy::gate::{Decision, Verdict};
use cartage_store::carts::{CartRow, PauseRow};
use cartage_store::orders::{self, OrderRef, OrderRow};
use cartage_store::outbox::{self, DeadLetter, EndCause, EndedUpdate, Queued, Waits, died_of, sqlite};
use cartage_store::receipts::{self, Delivered};
use cartage_store::{self as store, View};
use serde_json::Value;
use std::sync::atomic::Ordering;

/// The rows about an order, read in one snapshot.
struct Read {
    cart: Option<CartRow>,
    order: Option<OrderRow>,
    first: Option<(Queued, Vec<String>)>,
    queued: u64,
    dead: Vec<DeadLetter>,
    delivered: Option<Delivered>,
    ended: Option<EndedUpdate>,
    last_receipt: Option<String>,
    busy_until_unix_ms: u64,
}

impl Read {
    fn of(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Read, outbox::Error> {
        let first = sqlite::before(view, merchant, order, i64::MAX as u64, 1)?.pop();
        let first = match first {
            Some(first) => Some((receipts::of_delivery(view, merchant, &first.delivery)?, first)),
            None => None,
        };
        Ok(Read {
            cart: store::carts::get(view, merchant, &order.cart)?,
            order: orders::get(view, merchant, order)?,
            first: first.map(|(receipts, first)| (first, receipts)),
            queued: sqlite::of_order(view, merchant, order)?.queued,
            dead: sqlite::dead_of(view, merchant, order)?,
            delivered: receipts::delivered_of(view, merchant, order, 1)?.pop(),
            ended: sqlite::ended_of(view, merchant, order)?.into_iter().rfind(|one| matches!(one.ending.how, EndCause::Discarded { .. })),
            last_receipt: receipts::of_order(view, merchant, order, 1)?.pop(),
            busy_until_unix_ms: orders::standing(view, merchant, order)?.busy.1,
        })
    }
}

impl Orders {
    /// The state of an order at a cart. With `own`, the state as it concerns that delivery of the order.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read.
    pub async fn status(&self, order: &OrderRef, own: Option<&DeliveryId>) -> Result<OrderStatus, Error> {
        let (merchant, of, wanted) = (self.tenant.merchant.clone(), order.clone(), own.cloned());
        let look = move |view: &View<'_>| -> Result<_, outbox::Error> {
            let own = match &wanted {
                Some(own) => sqlite::find(view, &merchant, own)?.map(|found| found.sequence()),
                None => None,
            };
            Ok((Read::of(view, &merchant, &of)?, own.zip(wanted.clone())))
        };
        let (read, own) = self.tenant.store.read(look).await?;
        let seen = self.seen.now(&(self.tenant.merchant.clone(), order.cart.clone()));
        let doubtful = read.order.as_ref().is_some_and(|order| order.doubtful);
        let unanswered = read.last_receipt.as_deref().is_some_and(|json| receipt(json)["reach"] == "maybe-sent");
        let mut dead: Vec<DeliveryId> = read.dead.iter().map(|dead| dead.delivery.clone()).collect();
        let place = self.progress(read, &seen).await?;
        if let Progress::DeadLetter(first) = &place {
            dead.retain(|delivery| *delivery != first.delivery);
        }
        let is_there = |delivery: &DeliveryId| place.delivery() == Some(delivery);
        let own = own.filter(|(_, delivery)| !is_there(delivery)).map(|(sequence, delivery)| OwnDelivery { delivery, sequence });
        let may_have_reached = doubtful || (unanswered && !matches!(place, Progress::Delivered(_)));
        let (cart, order, serving) = (order.cart.clone(), order.number.clone(), self.serving.load(Ordering::Relaxed));
        Ok(OrderStatus { cart, order, place, own, may_have_reached, other_dead_letters: dead, serving })
    }

    /// The state of a delivery's order as it concerns that delivery; `None` if nothing is known of the delivery.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read.
    pub async fn status_of(&self, delivery: &DeliveryId) -> Result<Option<OrderStatus>, Error> {
        let (merchant, id) = (self.tenant.merchant.clone(), delivery.clone());
        let look = move |view: &View<'_>| -> Result<_, outbox::Error> {
            match sqlite::find(view, &merchant, &id)? {
                Some(found) => Ok(Some(found.order().clone())),
                None => Ok(receipts::order(view, &merchant, &id)?),
            }
        };
        match self.tenant.store.read(look).await? {
            Some(order) => Ok(Some(self.status(&order, Some(delivery)).await?)),
            None => Ok(None),
        }
    }

    /// The state of the decision's order. Advice of the gate that would be wrong in that state is removed from the decision.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read.
    pub async fn judge(&self, decision: &mut Decision, own: Option<&DeliveryId>) -> Result<OrderStatus, Error> {
        let order = OrderRef { cart: decision.cart.clone(), number: decision.order_number.clone() };
        let standing = self.status(&order, own).await?;
        standing.guard(decision);
        Ok(standing)
    }

    /// A decision and the state of its order, in words.
    pub(in crate::service) async fn in_words(&self, decision: &Decision, standing: &OrderStatus) -> Result<Explanation, Error> {
        // Who hears that there is nothing to do is told of what there is to do at the cart.
        let asks = decision.verdict == Verdict::Nothing && !decision.must_act() && !standing.must_act();
        let alerts = if asks { self.alerts.at(&decision.cart).await? } else { Vec::new() };
        Ok(standing.explanation(decision, &alerts))
    }

    async fn progress(&self, read: Read, seen: &SeenNow) -> Result<Progress, Error> {
        let Read { cart, order, first, queued, mut dead, delivered, ended, busy_until_unix_ms, .. } = read;
        let last_dead = |dead: &mut Vec<DeadLetter>| {
            let blocking = dead.iter().position(|letter| letter.then == Then::Block);
            blocking.or(dead.len().checked_sub(1)).map(|at| dead.swap_remove(at))
        };
        let is_blocked = dead.iter().any(|letter| letter.then == Then::Block);
        if let Some((first, receipts)) = first.filter(|_| !is_blocked) {
            let last = receipts.last().map(|json| receipt(json));
            let waits = waits_for(&first, cart.as_ref(), busy_until_unix_ms, seen, self.tenant.now_unix_ms());
            return Ok(Progress::Waiting(Box::new(Waiting {
                waits,
                attempts: first.attempts.claims,
                last: last.as_ref().and_then(|last| fate_name(&last["fate"])),
                said: last.as_ref().and_then(said),
                delivery: first.delivery,
                sequence: first.sequence,
            })));
        }
        let (has, gone) = (delivered.as_ref().map_or(0, |one| one.sequence), ended.as_ref().map_or(0, |one| one.sequence));
        if let Some(letter) = last_dead(&mut dead).filter(|letter| is_blocked || letter.sequence > has.max(gone)) {
            return Ok(Progress::DeadLetter(self.dead_update(letter, queued).await?));
        }
        let Some(order) = order else { return Ok(Progress::NotAccepted) };
        if let Some(EndedUpdate { delivery, sequence, ending }) = ended.filter(|_| gone > has)
            && let EndCause::Discarded { who, why } = ending.how
        {
            return Ok(Progress::Discarded(DiscardedUpdate { delivery, sequence, who, why, at_unix_ms: ending.at_unix_ms }));
        }
        let settled = order.labels.iter().filter_map(|label| label.settled_at_unix_ms).max();
        let settled = settled.or_else(|| order.packages.iter().filter_map(|package| package.settled_at_unix_ms).max());
        let has_it = match delivered {
            Some(Delivered { delivery, sequence, at_unix_ms, .. }) => Some((Some(delivery), sequence, at_unix_ms)),
            None => settled.map(|at_unix_ms| (None, order.sequence, at_unix_ms)),
        };
        Ok(has_it.map_or(Progress::NotAccepted, |(delivery, sequence, at_unix_ms)| {
            Progress::Delivered(HasIt { delivery, sequence, at_unix_ms, reference: order.reference })
        }))
    }

    async fn dead_update(&self, letter: DeadLetter, behind: u64) -> Result<DeadUpdate, Error> {
        let (merchant, delivery) = (self.tenant.merchant.clone(), letter.delivery.clone());
        let receipts = self.tenant.store.read::<_, store::Error>(move |view| receipts::of_delivery(view, &merchant, &delivery)).await?;
        Ok(DeadUpdate {
            sequence: letter.sequence,
            reason: died_of(letter.reason),
            said: receipts.last().and_then(|json| said(&receipt(json))),
            at_unix_ms: letter.died_at_unix_ms,
            blocks: letter.then == Then::Block,
            behind: if letter.then == Then::Block { behind } else { 0 },
            readable: letter.label.is_ok(),
            delivery: letter.delivery,
        })
    }
}

/// What the head of an order's queue waits for.
pub(super) fn waits_for(first: &Queued, cart: Option<&CartRow>, busy_until_unix_ms: u64, seen: &SeenNow, now_unix_ms: u64) -> WaitsFor {
    let Some(cart) = cart else { return WaitsFor::NoCart };
    if !cart.enabled {
        return WaitsFor::Enabled;
    }
    if let Some(PauseRow { why, until_unix_ms, said }) = cart.pause.clone().filter(|pause| pause.holds(now_unix_ms)) {
        return WaitsFor::Resumed { why, until_unix_ms, said };
    }
    let due = match first.waits {
        Waits::Until { due_at_unix_ms } => {
            if let Some(fault) = &first.fault {
                return WaitsFor::Mended { fault: fault.clone(), until_unix_ms: due_at_unix_ms };
            }
            due_at_unix_ms
        }
        Waits::Attempt { due_at_unix_ms } => return WaitsFor::Attempt { until_unix_ms: due_at_unix_ms },
        // The first of a queue that is not blocked is behind nothing.
        Waits::Behind | Waits::Blocked { .. } => 0,
    };
    if busy_until_unix_ms > now_unix_ms && busy_until_unix_ms >= due {
        return WaitsFor::Attempt { until_unix_ms: busy_until_unix_ms };
    }
    match (seen.breaker_until_unix_ms, &seen.not_ready) {
        (Some(until), _) if until >= due => WaitsFor::Breaker { until_unix_ms: until },
        _ if due > now_unix_ms => WaitsFor::Schedule { until_unix_ms: due },
        (_, Some(Unready { why, remedy, .. })) => WaitsFor::Ready { why: why.clone(), remedy: remedy.clone() },
        (_, None) => WaitsFor::Turn,
    }
}

fn receipt(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

fn said(receipt: &Value) -> Option<String> {
    receipt["message"].as_str().filter(|said| !said.is_empty()).map(str::to_owned)
}
