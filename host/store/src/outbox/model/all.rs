//! The state of the model, and the operations on it.

use super::CartState;
use super::orders::OrderState;
use crate::orders::OrderRef;
use crate::outbox::attempts::Poison;
use crate::outbox::busy::Busy;
use crate::outbox::dead::TakenBack;
use crate::outbox::latest::{Budget, merge};
use crate::outbox::{
    Attempts, Backlog, Claim, ClaimRequest, Claimed, Counted, DUE_AHEAD_MS_MAX, DeadLetter, DeliveryEnd, Discard, Discarded, Due, DueQuery,
    EndCause, Error, Faults, Filter, Head, New, Queued, ROWS_MAX, Rest, Retried, SUPERSEDE_MAX, Settle, Settled, Settlement, Superseded,
    Suspect, Waits,
};
use cartage_contract::orders::Update;
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{CartId, DeliveryId, MerchantId};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(super) struct All {
    arrivals: u64,
    deaths: u64,
    lanes: BTreeMap<(MerchantId, OrderRef), Lane>,
    pub(super) dead: BTreeMap<(MerchantId, DeliveryId), Dead>,
    pub(super) endings: BTreeMap<(MerchantId, DeliveryId), (OrderRef, u64, DeliveryEnd)>,
    delivered: BTreeSet<(MerchantId, DeliveryId)>,
    pub(super) orders: BTreeMap<(MerchantId, OrderRef), OrderState>,
    pub(super) carts: BTreeMap<(MerchantId, CartId), CartState>,
    /// Carts that ever had a delivery.
    known: BTreeSet<(MerchantId, CartId)>,
}

#[derive(Debug, Default)]
struct Lane {
    /// When the lane was made, as an arrival number. Orders lanes that are due at the same time.
    opened: u64,
    waiting: BTreeMap<u64, Waiting>,
    due_at_unix_ms: u64,
    blocked_by: Option<u64>,
    /// The error, while the lane rests after a failure in this host.
    fault: Option<String>,
}

impl Lane {
    /// The lane's head, as [`Due`] lists it.
    fn head(&self, order: &OrderRef) -> Head {
        let suspect = self.waiting.values().next().is_some_and(|head| head.attempts.suspicions > 0);
        Head { order: order.clone(), due_at_unix_ms: self.due_at_unix_ms, suspect }
    }

    /// Makes the head due at this time and ends the lane's rest.
    fn set_due(&mut self, at_unix_ms: u64) {
        (self.due_at_unix_ms, self.fault) = (at_unix_ms, None);
    }
}

#[derive(Debug, Clone)]
struct Waiting {
    nth: u64,
    delivery: DeliveryId,
    update: Box<Update>,
    attempts: Attempts,
    accepted_at_unix_ms: u64,
    queued_at_unix_ms: u64,
    fate: Option<String>,
}

#[derive(Debug)]
pub(super) struct Dead {
    pub(super) letter: DeadLetter,
    pub(super) update: Box<Update>,
    taken_back: TakenBack,
}

fn json_bytes(update: &Update) -> usize {
    serde_json::to_string(update).expect("an update is plain data").len()
}

impl All {
    pub(super) fn accept(&mut self, all: Vec<New>) -> Result<Vec<u64>, Error> {
        let mut ids = BTreeSet::new();
        for New { merchant, delivery, .. } in &all {
            if !ids.insert((merchant, delivery)) || self.is_taken(merchant, delivery) {
                return Err(Error::Taken { merchant: merchant.clone(), delivery: delivery.clone() });
            }
        }
        Ok(all.into_iter().map(|new| self.accept_one(new)).collect())
    }

    fn is_taken(&self, merchant: &MerchantId, delivery: &DeliveryId) -> bool {
        let key = (merchant.clone(), delivery.clone());
        self.delivered.contains(&key)
            || self.dead.contains_key(&key)
            || self.endings.contains_key(&key)
            || self.queued(merchant).iter().any(|queued| queued.delivery == *delivery)
    }

    fn accept_one(&mut self, new: New) -> u64 {
        let New { merchant, order, delivery, update, labels, packages, at_unix_ms: at } = new;
        let sequence = self.orders.entry((merchant.clone(), order.clone())).or_default().accept(labels, packages, at);
        let (attempts, fate) = (Attempts::default(), None);
        let waiting = Waiting { nth: 0, delivery, update, attempts, accepted_at_unix_ms: at, queued_at_unix_ms: at, fate };
        self.enter(merchant, order, sequence, waiting);
        sequence
    }

    fn enter(&mut self, merchant: MerchantId, order: OrderRef, sequence: u64, mut waiting: Waiting) {
        self.arrivals += 1;
        waiting.nth = self.arrivals;
        self.known.insert((merchant.clone(), order.cart.clone()));
        let due_at_unix_ms = waiting.queued_at_unix_ms;
        let opened = self.arrivals;
        let lane = self.lanes.entry((merchant, order)).or_insert(Lane { opened, due_at_unix_ms, ..Lane::default() });
        lane.waiting.insert(sequence, waiting);
    }

    pub(super) fn due(&self, look: &DueQuery) -> Due {
        let too_late = look.now_unix_ms.saturating_add(DUE_AHEAD_MS_MAX).saturating_add(1);
        let of_cart = self.lanes.iter().filter(|((merchant, order), lane)| {
            *merchant == look.merchant && order.cart == look.cart && lane.blocked_by.is_none() && !look.in_flight.contains(&order.number)
        });
        let mut heads: Vec<_> = of_cart.map(|((_, order), lane)| (lane.opened, lane.head(order))).collect();
        heads.sort_by_key(|(opened, head)| (head.due_at_unix_ms, *opened));
        let heads = heads.into_iter().map(|(_, head)| head);
        let (mut due, later): (Vec<_>, Vec<_>) =
            heads.partition(|head| head.due_at_unix_ms <= look.now_unix_ms || head.due_at_unix_ms >= too_late);
        let beyond = due.split_off(due.len().min(look.most.min(ROWS_MAX) as usize));
        let next =
            beyond.iter().map(|head| head.due_at_unix_ms.min(look.now_unix_ms)).chain(later.iter().map(|head| head.due_at_unix_ms)).min();
        Due { heads: due, next_unix_ms: next }
    }

    pub(super) fn claim(&mut self, wish: ClaimRequest) -> Claimed {
        let key = (wish.merchant, wish.order);
        let Some(lane) = self.lanes.get_mut(&key).filter(|lane| lane.blocked_by.is_none()) else { return Claimed::Nothing };
        let behind = lane.waiting.len() as u64 - 1;
        let mut head = lane.waiting.first_entry().expect("a lane that is not blocked has a head");
        let (sequence, waiting) = (*head.key(), head.get_mut());
        let (merchant, order) = key.clone();
        let state = self.orders.entry(key.clone()).or_default();
        if let Some(left) = state.busy.left(wish.at_unix_ms) {
            (state.busy, lane.due_at_unix_ms) = (left, left.until());
            return Claimed::Busy { until_unix_ms: left.until() };
        }
        let (known_reference, doubtful) = (state.reference.clone(), state.doubtful);
        match waiting.attempts.claim(doubtful) {
            Err(Poison) => {
                let delivery = waiting.delivery.clone();
                self.bury(&key, Reason::Poison, wish.poison, wish.at_unix_ms);
                Claimed::Poison { delivery }
            }
            Ok(attempt) => {
                state.busy = Busy::starts(wish.at_unix_ms, wish.busy_ms);
                let busy_until_unix_ms = state.busy.until();
                let claim = Claim {
                    merchant,
                    order,
                    sequence,
                    delivery: waiting.delivery.clone(),
                    attempt,
                    attempts: waiting.attempts.clone(),
                    known_reference,
                    update: waiting.update.clone(),
                    accepted_at_unix_ms: waiting.accepted_at_unix_ms,
                    queued_at_unix_ms: waiting.queued_at_unix_ms,
                    behind,
                    busy_until_unix_ms,
                };
                lane.set_due(busy_until_unix_ms);
                Claimed::Claim(Box::new(claim))
            }
        }
    }

    pub(super) fn suspect(&mut self, Suspect { merchant, delivery, attempt }: &Suspect) {
        let lanes = self.lanes.iter_mut().filter(|((whose, _), _)| whose == merchant).flat_map(|(_, lane)| lane.waiting.values_mut());
        lanes.filter(|waiting| waiting.delivery == *delivery).for_each(|waiting| waiting.attempts.suspect(*attempt));
    }

    pub(super) fn rest(&mut self, Rest { merchant, order, fault, until_unix_ms }: Rest) {
        if let Some(lane) = self.lanes.get_mut(&(merchant, order)).filter(|lane| lane.blocked_by.is_none()) {
            (lane.due_at_unix_ms, lane.fault) = (until_unix_ms, Some(fault));
        }
    }

    pub(super) fn faults(&self, of: &MerchantId) -> Vec<Faults> {
        let mut found: BTreeMap<CartId, (u64, Faults)> = BTreeMap::new();
        for ((_, order), lane) in self.lanes.iter().filter(|((merchant, _), _)| merchant == of) {
            let Some(fault) = &lane.fault else { continue };
            let head = lane.waiting.values().next().map(|head| head.delivery.clone());
            let first = (order.number.to_string(), head, fault.clone());
            let (opened, faults) = found
                .entry(order.cart.clone())
                .or_insert_with(|| (lane.opened, Faults { cart: order.cart.clone(), lanes: 0, first: first.clone() }));
            faults.lanes += 1;
            if lane.opened < *opened {
                (*opened, faults.first) = (lane.opened, first);
            }
        }
        found.into_values().map(|(_, faults)| faults).collect()
    }

    pub(super) fn settle(&mut self, settle: &Settle) -> Settled {
        let key = (settle.merchant.clone(), settle.order.clone());
        let Some(lane) = self.lanes.get_mut(&key).filter(|lane| lane.blocked_by.is_none()) else { return Settled::Stale };
        let mut head = lane.waiting.first_entry().expect("a lane that is not blocked has a head");
        let (sequence, waiting) = (*head.key(), head.get_mut());
        let current = waiting.attempts.claims == settle.attempt && waiting.attempts.unanswered > 0;
        if waiting.delivery != settle.delivery || !current {
            return Settled::Stale;
        }
        if let Some(state) = self.orders.get_mut(&key).filter(|_| !settle.lingers) {
            state.busy = Busy::default();
        }
        if let Some(state) = self.orders.get_mut(&key) {
            state.told(sequence, &settle.told, settle.at_unix_ms);
        }
        if let Some(receipt) = &settle.receipt {
            waiting.fate = Some(serde_json::to_string(&receipt.fate).expect("a fate is plain data"));
        }
        let counted = if let Settlement::Retry { counted, .. } = settle.settlement { counted } else { Counted::Nothing };
        waiting.attempts.settle(counted, settle.earlier());
        lane.set_due(settle.at_unix_ms);
        let cart = (settle.merchant.clone(), settle.order.cart.clone());
        match &settle.settlement {
            Settlement::Delivered => {
                self.delivered.insert((settle.merchant.clone(), settle.delivery.clone()));
                if let Some(state) = self.orders.get_mut(&key) {
                    state.settle(sequence, settle.at_unix_ms);
                }
                self.leave(&key, sequence);
            }
            Settlement::Dead { reason, then } => self.bury(&key, *reason, *then, settle.at_unix_ms),
            Settlement::Retry { due_at_unix_ms, .. } => {
                lane.due_at_unix_ms = (*due_at_unix_ms).min(settle.at_unix_ms.saturating_add(DUE_AHEAD_MS_MAX));
            }
            Settlement::CartPaused { pause } => {
                let state = self.carts.entry(cart).or_default();
                if state.pause.as_ref().is_none_or(|old| pause.outlasts(old)) {
                    state.pause = Some(pause.clone());
                }
            }
            Settlement::CartDisabled => self.carts.entry(cart).or_default().disabled = true,
        }
        Settled::Done { pending: self.lanes.get(&key).map_or(0, |lane| lane.waiting.len() as u64) }
    }

    fn leave(&mut self, key: &(MerchantId, OrderRef), sequence: u64) -> Waiting {
        let lane = self.lanes.get_mut(key).expect("what leaves was in a lane");
        let waiting = lane.waiting.remove(&sequence).expect("what leaves was waiting");
        self.close_if_empty(key);
        waiting
    }

    fn close_if_empty(&mut self, key: &(MerchantId, OrderRef)) {
        if self.lanes.get(key).is_some_and(|lane| lane.waiting.is_empty() && lane.blocked_by.is_none()) {
            self.lanes.remove(key);
        }
    }

    /// Turns the head into a dead letter.
    fn bury(&mut self, key: &(MerchantId, OrderRef), reason: Reason, then: Then, at_unix_ms: u64) {
        let lane = self.lanes.get_mut(key).expect("what dies was in a lane");
        let sequence = *lane.waiting.keys().next().expect("what dies was its head");
        lane.set_due(at_unix_ms);
        lane.blocked_by = (then == Then::Block).then_some(sequence);
        let mut waiting = self.leave(key, sequence);
        // Of what is dead only what it was is kept.
        (waiting.attempts.unanswered, waiting.attempts.suspicions, waiting.attempts.suspected) = (0, 0, 0);
        let taken_back = self.orders.get_mut(key).map(|state| state.take_back(sequence)).unwrap_or_default();
        self.deaths += 1;
        let letter = DeadLetter {
            nth: self.deaths,
            order: key.1.clone(),
            sequence,
            delivery: waiting.delivery.clone(),
            label: Ok(waiting.update.label.clone()),
            attempts: waiting.attempts,
            accepted_at_unix_ms: waiting.accepted_at_unix_ms,
            died_at_unix_ms: at_unix_ms,
            reason: Some(reason),
            then,
            fate: waiting.fate,
        };
        self.dead.insert((key.0.clone(), waiting.delivery), Dead { letter, update: waiting.update, taken_back });
    }

    pub(super) fn supersede(&mut self, merchant: MerchantId, order: OrderRef, at_unix_ms: u64) -> Option<Superseded> {
        let key = (merchant, order);
        let lane = self.lanes.get_mut(&key).filter(|lane| lane.blocked_by.is_none())?;
        let mut waiting = lane.waiting.iter().take(SUPERSEDE_MAX as usize);
        let (first, head) = waiting.next()?;
        let (mut newest, mut told, mut older) = (*first, head.update.clone(), Vec::new());
        let mut budget = Budget::new(json_bytes(&told));
        for (sequence, next) in waiting {
            let Some(merged) = budget.takes(json_bytes(&next.update)).then(|| merge(&told, &next.update)).flatten() else { break };
            *told = merged;
            older.push(std::mem::replace(&mut newest, *sequence));
        }
        if older.is_empty() {
            return None;
        }
        let doubt = older.iter().any(|sequence| lane.waiting[sequence].attempts.may_have_reached());
        lane.set_due(at_unix_ms);
        let into = lane.waiting.get_mut(&newest).expect("it was found there");
        into.update = told;
        if doubt {
            into.attempts.doubt();
        }
        let by = into.delivery.clone();
        if let Some(state) = self.orders.get_mut(&key) {
            older.iter().rev().for_each(|from| state.move_on(*from, newest));
        }
        let mut ended = Vec::new();
        for sequence in older {
            let delivery = self.leave(&key, sequence).delivery;
            let ending = DeliveryEnd { at_unix_ms, how: EndCause::Superseded { by: by.clone() } };
            self.endings.insert((key.0.clone(), delivery.clone()), (key.1.clone(), sequence, ending));
            ended.push(delivery);
        }
        Some(Superseded { by, ended })
    }

    pub(super) fn backlogs(&self, of: Option<&MerchantId>) -> Vec<Backlog> {
        let known = self.known.iter().filter(|(merchant, _)| of.is_none_or(|of| of == merchant));
        let backlog = |(merchant, cart): &(MerchantId, CartId)| {
            let mut queued = self.queued(merchant);
            queued.retain(|queued| queued.order.cart == *cart);
            let here = |(whose, order): &(MerchantId, OrderRef)| whose == merchant && order.cart == *cart;
            Backlog {
                merchant: merchant.clone(),
                cart: cart.clone(),
                queued: queued.len() as u64,
                dead: self.letters(merchant, &Filter { cart: Some(cart.clone()), ..Filter::default() }).count() as u64,
                blocked: self.lanes.iter().filter(|(key, lane)| here(key) && lane.blocked_by.is_some()).count() as u64,
                oldest_queued_at_unix_ms: queued.first().map(|queued| queued.queued_at_unix_ms),
            }
        };
        known.map(backlog).collect()
    }

    pub(super) fn letters(&self, merchant: &MerchantId, filter: &Filter) -> impl Iterator<Item = &DeadLetter> {
        let of_merchant = self.dead.iter().filter(move |((whose, _), _)| whose == merchant).map(|(_, dead)| &dead.letter);
        of_merchant.filter(move |letter| filter.takes(letter))
    }

    /// All queued deliveries of a merchant, the first to arrive first.
    pub(super) fn queued(&self, merchant: &MerchantId) -> Vec<Queued> {
        let mut found = Vec::new();
        for ((_, order), lane) in self.lanes.iter().filter(|((whose, _), _)| whose == merchant) {
            let head = lane.waiting.keys().next();
            found.extend(lane.waiting.iter().map(|(sequence, waiting)| Queued {
                nth: waiting.nth,
                order: order.clone(),
                sequence: *sequence,
                delivery: waiting.delivery.clone(),
                label: Ok(waiting.update.label.clone()),
                attempts: waiting.attempts.clone(),
                accepted_at_unix_ms: waiting.accepted_at_unix_ms,
                queued_at_unix_ms: waiting.queued_at_unix_ms,
                fault: lane.fault.clone().filter(|_| lane.blocked_by.is_none() && head == Some(sequence)),
                waits: match lane.blocked_by {
                    Some(by) => Waits::Blocked { by },
                    None if head == Some(sequence) && waiting.attempts.unanswered > 0 && lane.fault.is_none() => {
                        Waits::Attempt { due_at_unix_ms: lane.due_at_unix_ms }
                    }
                    None if head == Some(sequence) => Waits::Until { due_at_unix_ms: lane.due_at_unix_ms },
                    None => Waits::Behind,
                },
                fate: waiting.fate.clone(),
            }));
        }
        found.sort_by_key(|queued| queued.nth);
        found
    }

    /// The update of a queued delivery.
    pub(super) fn update(&self, merchant: &MerchantId, queued: &Queued) -> Option<Box<Update>> {
        let lane = self.lanes.get(&(merchant.clone(), queued.order.clone()))?;
        lane.waiting.get(&queued.sequence).map(|waiting| waiting.update.clone())
    }

    pub(super) fn retry(&mut self, merchant: &MerchantId, deliveries: &[DeliveryId], at_unix_ms: u64) -> Vec<Retried> {
        let keys: BTreeSet<_> = deliveries.iter().map(|delivery| (merchant.clone(), delivery.clone())).collect();
        let mut found: Vec<_> = keys.iter().filter_map(|key| self.dead.remove(key)).collect();
        found.sort_by(|one, other| (&one.letter.order, one.letter.sequence).cmp(&(&other.letter.order, other.letter.sequence)));
        let mut done: BTreeMap<_, _> =
            found.into_iter().map(|dead| (dead.letter.delivery.clone(), self.retry_one(merchant, dead, at_unix_ms))).collect();
        deliveries.iter().map(|delivery| done.remove(delivery).unwrap_or(Retried::NotDead)).collect()
    }

    fn retry_one(&mut self, merchant: &MerchantId, dead: Dead, at_unix_ms: u64) -> Retried {
        let Dead { letter, update, taken_back } = dead;
        let DeadLetter { order, sequence, delivery, mut attempts, accepted_at_unix_ms, then, fate, .. } = letter;
        attempts.anew();
        let waiting = Waiting { nth: 0, delivery, update, attempts, accepted_at_unix_ms, queued_at_unix_ms: at_unix_ms, fate };
        let key = (merchant.clone(), order.clone());
        let state = self.orders.entry(key.clone()).or_default();
        match then {
            Then::Go => {
                let sequence = state.accept(taken_back.labels, taken_back.packages, at_unix_ms);
                self.enter(key.0, order, sequence, waiting);
                Retried::Tail { sequence }
            }
            Then::Block => {
                state.bring(sequence, taken_back.labels, taken_back.packages);
                self.enter(key.0.clone(), order, sequence, waiting);
                self.unblock(&key, at_unix_ms);
                Retried::Head
            }
        }
    }

    fn unblock(&mut self, key: &(MerchantId, OrderRef), at_unix_ms: u64) {
        let lane = self.lanes.get_mut(key).expect("a lane is there while it is blocked");
        lane.blocked_by = None;
        lane.set_due(at_unix_ms);
        self.close_if_empty(key);
    }

    pub(super) fn discard(&mut self, merchant: &MerchantId, delivery: DeliveryId, by: &Discard) -> Discarded {
        let id = (merchant.clone(), delivery);
        let (order, sequence, discarded) = if let Some(Dead { letter, .. }) = self.dead.remove(&id) {
            if letter.then == Then::Block {
                self.unblock(&(merchant.clone(), letter.order.clone()), by.at_unix_ms);
            }
            (letter.order, letter.sequence, Discarded::Dead)
        } else if let Some(queued) = self.queued(merchant).into_iter().find(|queued| queued.delivery == id.1) {
            let key = (merchant.clone(), queued.order);
            if let Some(state) = self.orders.get_mut(&key) {
                state.take_back(queued.sequence);
            }
            if let (Waits::Until { .. } | Waits::Attempt { .. }, Some(lane)) = (queued.waits, self.lanes.get_mut(&key)) {
                lane.set_due(by.at_unix_ms);
            }
            self.leave(&key, queued.sequence);
            (key.1, queued.sequence, Discarded::Queued)
        } else {
            return Discarded::NotThere;
        };
        let how = EndCause::Discarded { who: by.who.clone(), why: by.why.clone() };
        self.endings.insert(id, (order, sequence, DeliveryEnd { at_unix_ms: by.at_unix_ms, how }));
        discarded
    }
}
