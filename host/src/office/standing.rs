//! Where an order stands at a cart, said once for the command line, the API and the page: delivered, waiting and for what, blocked by a dead
//! letter, discarded, or not accepted. `words.rs` puts it into sentences.
//!
//! It is read from the store in one look; what only a running worker knows of a cart (its breaker, that it cannot be made ready) is added. What
//! it cannot know is whether a cart has what was sent when no answer came: `may_have_reached` says where that is so.

pub(super) mod words;

use super::facts::known;
use super::{Error, Office};
use crate::gate::explain::Explanation;
use crate::gate::package::{KnownPackage, Passage};
use crate::gate::{Condition, Decision, Finding, Verdict, command};
use crate::id::{CartId, DeliveryId, SenderOrderNumber};
use crate::outbox::{self, DeadLetter, Ended, How, Queued, Then, Waits, died_of, sqlite};
use crate::store;
use crate::store::carts::{Cart, Pause};
use crate::store::orders::{self, Order, OrderRef};
use crate::store::receipts::{self, Delivered};
use serde::Serialize;
use serde_json::Value;

/// Where an order stands at a cart.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    /// The cart.
    pub cart: CartId,
    /// The order's number as its sender gives it.
    pub order: SenderOrderNumber,
    /// Where it stands.
    #[serde(flatten)]
    pub place: Stands,
    /// The delivery that was asked about, where it is not the one of `place`.
    pub own: Option<OwnDelivery>,
    /// Whether an attempt without an answer may have reached the cart, so that sending the same once more may double it.
    pub may_have_reached: bool,
    /// Dead letters of the order that are not sent, besides the one of `place`.
    pub other_dead_letters: Vec<DeliveryId>,
    /// Whether a worker serves the data directory, which sends what is due by itself.
    pub serving: bool,
}

/// A delivery of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnDelivery {
    /// Its id.
    pub delivery: DeliveryId,
    /// The number of its update among the order's.
    pub sequence: u64,
}

/// The five places where an order may stand.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "stands")]
pub enum Stands {
    /// The cart has the order's last update.
    Delivered(HasIt),
    /// An update waits, or is under way.
    Waiting(Box<Waiting>),
    /// An update is a dead letter.
    DeadLetter(DeadUpdate),
    /// Somebody discarded the order's last update.
    Discarded(DiscardedUpdate),
    /// No update of the order was accepted.
    NotAccepted,
}

/// An update that its cart has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HasIt {
    /// The delivery. None: the cart was told before Cartage, or the receipt is deleted.
    pub delivery: Option<DeliveryId>,
    /// The number of the update.
    pub sequence: u64,
    /// When the cart took it.
    pub at_unix_ms: u64,
    /// The cart's own reference of the order, as it was given last.
    pub reference: Option<String>,
}

/// The first update of an order that its cart does not have yet.
#[derive(Debug, Clone, Serialize)]
pub struct Waiting {
    /// Its delivery.
    pub delivery: DeliveryId,
    /// Its number among the order's updates.
    pub sequence: u64,
    /// What it waits for.
    pub waits: WaitsFor,
    /// Attempts so far.
    pub attempts: u32,
    /// What came of its last attempt, by the name of its fate. None: there was none.
    pub last: Option<String>,
    /// What the plugin said of that.
    pub said: Option<String>,
}

/// What the first update of an order waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "for")]
pub enum WaitsFor {
    /// There is no such cart any more.
    NoCart,
    /// The cart is disabled.
    Enabled,
    /// The cart is paused.
    Resumed {
        /// The reason, by name.
        why: String,
        /// Until when. None: until somebody resumes it.
        until_unix_ms: Option<u64>,
        /// What the plugin said when the cart was paused.
        said: Option<String>,
    },
    /// Something failed at the order's queue, which rests.
    Mended {
        /// What failed.
        fault: String,
        /// When it is tried again.
        until_unix_ms: u64,
    },
    /// The end of an attempt that is under way, or was cut off and may be under way at the cart.
    Attempt {
        /// When it is over at the latest.
        until_unix_ms: u64,
    },
    /// The cart's breaker, which is open.
    Breaker {
        /// When the cart is asked again with one order.
        until_unix_ms: u64,
    },
    /// Its time.
    Schedule {
        /// When it is due.
        until_unix_ms: u64,
    },
    /// The cart, which cannot be made ready.
    Ready {
        /// Why not.
        why: String,
    },
    /// Its turn: it is due, and goes when the cart's rate and concurrency allow it.
    Turn,
}

/// An update that is not tried again by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadUpdate {
    /// The dead letter's delivery.
    pub delivery: DeliveryId,
    /// The number that its update had.
    pub sequence: u64,
    /// Why it died, by name.
    pub reason: String,
    /// What the plugin or this program said of it, in full.
    pub said: Option<String>,
    /// When it died.
    pub at_unix_ms: u64,
    /// Whether the rest of its order waits for it.
    pub blocks: bool,
    /// How many updates wait behind it.
    pub behind: u64,
    /// Whether this release can read it; else it can only be discarded.
    pub readable: bool,
}

/// An update that somebody discarded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiscardedUpdate {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The number that its update had.
    pub sequence: u64,
    /// Who discarded it.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub at_unix_ms: u64,
}

/// A package of an order, and whether its cart knows it.
#[derive(Debug, Clone, Serialize)]
pub struct PackageStanding {
    /// The sender's id of it.
    pub id: Option<String>,
    /// The carrier in the Order Manager's words.
    pub carrier: Option<String>,
    /// The tracking number.
    pub tracking_number: Option<String>,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
    /// Whether the cart was told of it so; else it is on its way.
    pub told: bool,
    /// The cart's own reference of it.
    pub reference: Option<String>,
}

/// What one look finds of an order.
struct Read {
    cart: Option<Cart>,
    order: Option<Order>,
    first: Option<(Queued, Vec<String>)>,
    queued: u64,
    dead: Vec<DeadLetter>,
    delivered: Option<Delivered>,
    ended: Option<Ended>,
    last_receipt: Option<String>,
    busy_until_unix_ms: u64,
}

impl Read {
    fn of(view: &store::View<'_>, merchant: &crate::id::MerchantId, order: &OrderRef) -> Result<Read, outbox::Error> {
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
            ended: sqlite::ended_of(view, merchant, order)?.into_iter().rfind(|one| matches!(one.ending.how, How::Discarded { .. })),
            last_receipt: receipts::of_order(view, merchant, order, 1)?.pop(),
            busy_until_unix_ms: orders::standing(view, merchant, order)?.busy.1,
        })
    }
}

/// What only this process knows of a cart.
#[derive(Debug, Clone, Default)]
pub(super) struct SeenNow {
    /// Until when its breaker is open. None: it is closed, or nobody knows.
    pub(super) breaker_until_unix_ms: Option<u64>,
    /// Why it cannot be made ready. None: it can, or nobody tried.
    pub(super) not_ready: Option<String>,
}

impl Office {
    /// Where an order stands at a cart, as it concerns one of its deliveries or, without one, the order.
    ///
    /// # Errors
    ///
    /// [`Error`] where the store cannot be read.
    pub async fn standing(&self, order: &OrderRef, own: Option<&DeliveryId>) -> Result<Standing, Error> {
        let (merchant, of, wanted) = (self.merchant.clone(), order.clone(), own.cloned());
        let look = move |view: &store::View<'_>| -> Result<_, outbox::Error> {
            let own = match &wanted {
                Some(own) => sqlite::find(view, &merchant, own)?.map(|found| found.sequence()),
                None => None,
            };
            Ok((Read::of(view, &merchant, &of)?, own.zip(wanted.clone())))
        };
        let (read, own) = self.shared.store.read(look).await?;
        let seen = self.shared.seen.now(&(self.merchant.clone(), order.cart.clone()));
        let doubtful = read.order.as_ref().is_some_and(|order| order.doubtful);
        let unanswered = read.last_receipt.as_deref().is_some_and(|json| receipt(json)["reach"] == "maybe-sent");
        let mut dead: Vec<DeliveryId> = read.dead.iter().map(|dead| dead.delivery.clone()).collect();
        let place = self.place(read, &seen).await?;
        if let Stands::DeadLetter(first) = &place {
            dead.retain(|delivery| *delivery != first.delivery);
        }
        let is_there = |delivery: &DeliveryId| place.delivery() == Some(delivery);
        let own = own.filter(|(_, delivery)| !is_there(delivery)).map(|(sequence, delivery)| OwnDelivery { delivery, sequence });
        let may_have_reached = doubtful || (unanswered && !matches!(place, Stands::Delivered(_)));
        let (cart, order, serving) = (order.cart.clone(), order.number.clone(), self.is_serving());
        Ok(Standing { cart, order, place, own, may_have_reached, other_dead_letters: dead, serving })
    }

    /// Where a delivery's order stands, as it concerns that delivery. None: nothing is known of it.
    ///
    /// # Errors
    ///
    /// [`Error`] where the store cannot be read.
    pub async fn standing_of(&self, delivery: &DeliveryId) -> Result<Option<Standing>, Error> {
        let (merchant, id) = (self.merchant.clone(), delivery.clone());
        let look = move |view: &store::View<'_>| -> Result<_, outbox::Error> {
            match sqlite::find(view, &merchant, &id)? {
                Some(found) => Ok(Some(found.order().clone())),
                None => Ok(receipts::order(view, &merchant, &id)?),
            }
        };
        match self.shared.store.read(look).await? {
            Some(order) => Ok(Some(self.standing(&order, Some(delivery)).await?)),
            None => Ok(None),
        }
    }

    /// Where an order stands. What the gate's answer must not recommend for that is taken out of it.
    ///
    /// # Errors
    ///
    /// [`Error`] where the store cannot be read.
    pub async fn stand(&self, decision: &mut Decision, own: Option<&DeliveryId>) -> Result<Standing, Error> {
        let order = OrderRef { cart: decision.cart.clone(), number: decision.order_number.clone() };
        let standing = self.standing(&order, own).await?;
        standing.guard(decision);
        Ok(standing)
    }

    /// A decision and where its order stands, in words.
    pub(super) async fn in_words(&self, decision: &Decision, standing: &Standing) -> Result<Explanation, Error> {
        // Who hears that there is nothing to do is told of what there is to do at the cart.
        let asks = decision.verdict == Verdict::Nothing && !decision.must_act() && !standing.must_act();
        let alerts = if asks { self.alerts_at(&decision.cart).await? } else { Vec::new() };
        Ok(standing.explanation(decision, &alerts))
    }

    async fn place(&self, read: Read, seen: &SeenNow) -> Result<Stands, Error> {
        let Read { cart, order, first, queued, mut dead, delivered, ended, busy_until_unix_ms, .. } = read;
        let last_dead = |dead: &mut Vec<DeadLetter>| {
            let blocking = dead.iter().position(|letter| letter.then == Then::Block);
            blocking.or(dead.len().checked_sub(1)).map(|at| dead.swap_remove(at))
        };
        let is_blocked = dead.iter().any(|letter| letter.then == Then::Block);
        if let Some((first, receipts)) = first.filter(|_| !is_blocked) {
            let last = receipts.last().map(|json| receipt(json));
            let waits = waits_for(&first, cart.as_ref(), busy_until_unix_ms, seen, self.now_unix_ms());
            return Ok(Stands::Waiting(Box::new(Waiting {
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
            return Ok(Stands::DeadLetter(self.dead_update(letter, queued).await?));
        }
        let Some(order) = order else { return Ok(Stands::NotAccepted) };
        if let Some(Ended { delivery, sequence, ending }) = ended.filter(|_| gone > has)
            && let How::Discarded { who, why } = ending.how
        {
            return Ok(Stands::Discarded(DiscardedUpdate { delivery, sequence, who, why, at_unix_ms: ending.at_unix_ms }));
        }
        let settled = order.labels.iter().filter_map(|label| label.settled_at_unix_ms).max();
        let settled = settled.or_else(|| order.packages.iter().filter_map(|package| package.settled_at_unix_ms).max());
        let has_it = match delivered {
            Some(Delivered { delivery, sequence, at_unix_ms, .. }) => Some((Some(delivery), sequence, at_unix_ms)),
            None => settled.map(|at_unix_ms| (None, order.sequence, at_unix_ms)),
        };
        Ok(has_it.map_or(Stands::NotAccepted, |(delivery, sequence, at_unix_ms)| {
            Stands::Delivered(HasIt { delivery, sequence, at_unix_ms, reference: order.reference })
        }))
    }

    async fn dead_update(&self, letter: DeadLetter, behind: u64) -> Result<DeadUpdate, Error> {
        let (merchant, delivery) = (self.merchant.clone(), letter.delivery.clone());
        let receipts = self.shared.store.read::<_, store::Error>(move |view| receipts::of_delivery(view, &merchant, &delivery)).await?;
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
fn waits_for(first: &Queued, cart: Option<&Cart>, busy_until_unix_ms: u64, seen: &SeenNow, now_unix_ms: u64) -> WaitsFor {
    let Some(cart) = cart else { return WaitsFor::NoCart };
    if !cart.enabled {
        return WaitsFor::Enabled;
    }
    if let Some(Pause { why, until_unix_ms, said }) = cart.pause.clone().filter(|pause| pause.holds(now_unix_ms)) {
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
        (_, Some(why)) => WaitsFor::Ready { why: why.clone() },
        (_, None) => WaitsFor::Turn,
    }
}

impl WaitsFor {
    /// Whether nothing is sent to the cart at all until somebody acts or the pause is over.
    pub(super) fn holds(&self) -> bool {
        matches!(self, WaitsFor::NoCart | WaitsFor::Enabled | WaitsFor::Resumed { .. })
    }

    /// Whether a worker may try the update before this time.
    pub(super) fn is_near(&self, until_unix_ms: u64) -> bool {
        match self {
            WaitsFor::NoCart | WaitsFor::Enabled | WaitsFor::Mended { .. } => false,
            WaitsFor::Resumed { until_unix_ms: until, .. } => until.is_some_and(|until| until < until_unix_ms),
            WaitsFor::Attempt { until_unix_ms: until }
            | WaitsFor::Breaker { until_unix_ms: until }
            | WaitsFor::Schedule { until_unix_ms: until } => *until < until_unix_ms,
            WaitsFor::Ready { .. } | WaitsFor::Turn => true,
        }
    }
}

impl Stands {
    /// The delivery that it is about. None: there is none on record.
    pub fn delivery(&self) -> Option<&DeliveryId> {
        match self {
            Stands::Delivered(HasIt { delivery, .. }) => delivery.as_ref(),
            Stands::Waiting(waiting) => Some(&waiting.delivery),
            Stands::DeadLetter(dead) => Some(&dead.delivery),
            Stands::Discarded(discarded) => Some(&discarded.delivery),
            Stands::NotAccepted => None,
        }
    }
}

impl Standing {
    /// Whether nothing more is sent for the order until somebody acts, or something of it is never sent unless somebody acts.
    pub fn must_act(&self) -> bool {
        let place = match &self.place {
            Stands::DeadLetter(_) => true,
            Stands::Waiting(waiting) => match &waiting.waits {
                WaitsFor::NoCart | WaitsFor::Enabled | WaitsFor::Mended { .. } | WaitsFor::Ready { .. } => true,
                WaitsFor::Resumed { until_unix_ms, .. } => until_unix_ms.is_none(),
                WaitsFor::Attempt { .. } | WaitsFor::Breaker { .. } | WaitsFor::Schedule { .. } | WaitsFor::Turn => false,
            },
            Stands::Delivered(_) | Stands::Discarded(_) | Stands::NotAccepted => false,
        };
        place || !self.other_dead_letters.is_empty()
    }

    /// Whether this delivery waits, or is under way.
    pub fn waits_for(&self, delivery: &DeliveryId) -> bool {
        let own = self.own.as_ref().is_some_and(|own| own.delivery == *delivery);
        matches!(&self.place, Stands::Waiting(waiting) if own || waiting.delivery == *delivery)
    }

    /// Takes back the gate's advice to send the same again where that would tell the cart twice.
    fn guard(&self, decision: &mut Decision) {
        let answer = &mut decision.answers[Condition::Changed as usize];
        if answer.finding != Finding::NothingToDo {
            return;
        }
        let (reason, remedy) = match &self.place {
            Stands::Waiting(waiting) => (
                "an update of this order waits already: to send it again would tell the cart twice",
                command::delivery_show(&waiting.delivery),
            ),
            Stands::DeadLetter(dead) => (
                "an update of this order is a dead letter: try that one again instead of sending another",
                command::delivery_retry(&dead.delivery),
            ),
            place if self.may_have_reached => {
                let show = |delivery| command::delivery_show(delivery);
                let look = place.delivery().map_or_else(|| command::explain(&self.cart, &self.order), show);
                ("an attempt without an answer may have reached the cart: look there before anything is sent again", look)
            }
            Stands::Delivered(_) | Stands::Discarded(_) | Stands::NotAccepted => return,
        };
        answer.reason = reason.into();
        // The last of them is the one that sends again.
        answer.remedies.pop();
        answer.remedies.push(remedy);
    }
}

fn receipt(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

fn said(receipt: &Value) -> Option<String> {
    receipt["message"].as_str().filter(|said| !said.is_empty()).map(str::to_owned)
}

/// The name of a fate as a receipt has it.
pub fn fate_name(fate: &Value) -> Option<String> {
    match fate {
        Value::String(name) => Some(name.clone()),
        Value::Object(members) => members.keys().next().cloned(),
        _ => None,
    }
}

/// The packages of an order, each once, as it was accepted or told last.
pub(super) fn packages(order: &Order) -> Vec<PackageStanding> {
    let standing = |package: KnownPackage| {
        let KnownPackage { id, carrier, tracking_number, withdrawn, reference, passage, .. } = package;
        PackageStanding { id, carrier, tracking_number, withdrawn, told: passage == Passage::Told, reference }
    };
    known(order).packages.into_iter().map(standing).collect()
}

#[cfg(test)]
mod tests;
