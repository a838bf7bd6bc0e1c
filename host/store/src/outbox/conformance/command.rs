//! The commands of the suite, and how they are applied to a subject.

use super::{Subject, carts, delivery, merchants, order, rows, update};
use crate::carts::PauseRow;
use crate::orders::{OrderRef, Told, ToldPackage};
use crate::outbox::{ClaimRequest, Claimed, Counted, Discard, FoundDelivery, New, Outbox as _, Rest, Settle, Settled, Settlement, Suspect};
use cartage_contract::delivery::{FailureKind, Step};
use cartage_contract::http::Reach;
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{DeliveryId, Digest, MerchantId};
use cartage_model::receipt::{Fate, Receipt};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A lane, as indices of its merchant, cart and order.
pub(super) type LaneIndex = (usize, usize, usize);

/// One operation on the outbox under test.
#[derive(Debug, Clone)]
pub(super) enum Command {
    /// Accepts new updates, in one batch.
    Accept(Vec<(LaneIndex, u8, Vec<u8>)>),
    /// Tries to accept an update under an id that was used before.
    AcceptAgain(LaneIndex, prop::sample::Index),
    /// Starts attempts, in one batch, that may be under way for this many milliseconds.
    Claim(Vec<LaneIndex>, Then, u32),
    /// Ends attempts, in one batch, as far as they were started. The cart was told of the packages listed for each; packages 4 and above
    /// have no reference.
    Settle(Vec<(LaneIndex, End, Vec<u8>)>),
    /// Settles an attempt that is not the one under way.
    SettleWrong(LaneIndex, prop::sample::Index, bool),
    Supersede(LaneIndex),
    /// The program dies while attempts are under way in these lanes, and restarts.
    Dies(Vec<LaneIndex>),
    /// An attempt begins in a lane and kills the program, this many times.
    DiesOf(LaneIndex, u32),
    /// A failure makes a lane rest for this many milliseconds.
    Rest(LaneIndex, u32),
    Retry(usize, Vec<prop::sample::Index>),
    Discard(usize, prop::sample::Index),
    Doubt(LaneIndex),
    /// The clock moves, or jumps, by this many milliseconds.
    Clock(i64),
    /// The program dies and restarts.
    Reopen,
}

/// How an attempt ends.
#[derive(Debug, Clone)]
pub(super) enum End {
    Delivered(Option<u8>),
    Retry(u32, Counted, Reach),
    Paused(Option<u32>),
    Disabled,
    Dead(Reason, Then),
    /// The attempt never began, and there is no receipt.
    NotBegun,
}

/// Half of all commands fall into one lane, so that a case gets far there.
fn place() -> impl Strategy<Value = LaneIndex> + Clone {
    prop_oneof![Just((0, 0, 0)), (0..2_usize, 0..2_usize, 0..2_usize)]
}

fn then() -> impl Strategy<Value = Then> {
    prop::sample::select(vec![Then::Block, Then::Go])
}

fn end() -> impl Strategy<Value = End> {
    let counted = prop::sample::select(vec![Counted::Attempt, Counted::PluginFault, Counted::Nothing]);
    let reach = prop::sample::select(vec![Reach::NothingSent, Reach::MaybeSent, Reach::Answered]);
    let reasons = vec![Reason::Refused(FailureKind::OrderNotFound), Reason::PluginFault, Reason::TooOld];
    prop_oneof![
        4 => prop::option::of(0..3_u8).prop_map(End::Delivered),
        3 => (0..200_000_000_u32, counted, reach).prop_map(|(ms, counted, reach)| End::Retry(ms, counted, reach)),
        1 => prop::option::of(0..1000_u32).prop_map(End::Paused),
        1 => Just(End::Disabled),
        3 => (prop::sample::select(reasons), then()).prop_map(|(reason, then)| End::Dead(reason, then)),
        1 => Just(End::NotBegun),
    ]
}

pub(super) fn sequence(most: usize) -> impl Strategy<Value = Vec<Command>> {
    let new = (place(), 0..4_u8, prop::collection::vec(0..3_u8, 0..3));
    let index = any::<prop::sample::Index>;
    let one = prop_oneof![
        8 => prop::collection::vec(new, 1..4).prop_map(Command::Accept),
        1 => (place(), index()).prop_map(|(place, index)| Command::AcceptAgain(place, index)),
        8 => (prop::collection::vec(place(), 1..4), then(), prop_oneof![2 => Just(0), 1 => 0..20_000_u32])
            .prop_map(|(places, then, busy_ms)| Command::Claim(places, then, busy_ms)),
        8 => prop::collection::vec((place(), end(), prop::collection::vec(0..8_u8, 0..3)), 1..4).prop_map(Command::Settle),
        1 => (place(), index(), any::<bool>()).prop_map(|(place, index, attempt)| Command::SettleWrong(place, index, attempt)),
        2 => place().prop_map(Command::Supersede),
        2 => prop::collection::vec(place(), 0..3).prop_map(Command::Dies),
        2 => (place(), 1..7_u32).prop_map(|(place, times)| Command::DiesOf(place, times)),
        1 => (place(), 0..20_000_u32).prop_map(|(place, ms)| Command::Rest(place, ms)),
        4 => (prop_oneof![Just(0), 0..2_usize], prop::collection::vec(index(), 1..10)).prop_map(|(merchant, which)| Command::Retry(merchant, which)),
        2 => (prop_oneof![Just(0), 0..2_usize], index()).prop_map(|(merchant, which)| Command::Discard(merchant, which)),
        1 => place().prop_map(Command::Doubt),
        2 => prop_oneof![0..20_000_i64, Just(30 * 60 * 60 * 1000), Just(-30 * 60 * 60 * 1000)].prop_map(Command::Clock),
        1 => Just(Command::Reopen),
    ];
    prop::collection::vec(one, 1..most)
}

/// What the suite remembers of its own commands: enough to go on, and to know what was promised.
#[derive(Debug, Clone)]
pub(super) struct Driver {
    pub(super) now_unix_ms: u64,
    /// Every id, with the merchant who has it.
    pub(super) deliveries: Vec<(MerchantId, DeliveryId)>,
    /// The claims that were given and not settled.
    pub(super) claims: BTreeMap<LaneIndex, (DeliveryId, u32)>,
    pub(super) delivered: BTreeSet<(MerchantId, DeliveryId)>,
    /// The highest sequence number that was delivered, by order.
    pub(super) last: BTreeMap<(MerchantId, OrderRef), u64>,
    /// The attempts during which the program died.
    pub(super) suspected: BTreeSet<(MerchantId, DeliveryId, u32)>,
    /// The period in which the last attempt may be under way at the cart, unless its end is known.
    pub(super) busy: BTreeMap<LaneIndex, (u64, u64)>,
    /// Whether an attempt began within such a period.
    pub(super) overlaps: bool,
    /// Whether a later update was delivered before an earlier one.
    pub(super) overtaken: bool,
}

impl Default for Driver {
    fn default() -> Driver {
        Driver {
            now_unix_ms: 1_800_000_000_000,
            deliveries: Vec::new(),
            claims: BTreeMap::new(),
            delivered: BTreeSet::new(),
            last: BTreeMap::new(),
            suspected: BTreeSet::new(),
            busy: BTreeMap::new(),
            overlaps: false,
            overtaken: false,
        }
    }
}

impl Driver {
    /// Applies a command and returns the answer as text.
    pub(super) async fn apply<S: Subject>(&mut self, command: &Command, subject: &mut S) -> String {
        self.now_unix_ms += 1;
        match command {
            Command::Accept(all) => self.accept(all, subject).await,
            Command::AcceptAgain(place, index) => self.accept_again(*place, *index, subject).await,
            Command::Claim(places, then, busy_ms) => self.claim(places, *then, u64::from(*busy_ms), subject).await,
            Command::Settle(ends) => self.settle(ends, subject).await,
            Command::SettleWrong(place, index, attempt) => self.settle_wrong(*place, *index, *attempt, subject).await,
            Command::Supersede(place) => {
                let (merchant, order) = at(*place);
                // Not for a lane that is under way.
                self.claims.remove(place);
                format!("{:?}", subject.outbox().supersede(merchant, order, self.now_unix_ms).await)
            }
            Command::Dies(places) => self.die(places, subject).await,
            Command::DiesOf(place, times) => {
                let mut said = String::new();
                for _ in 0..*times {
                    said += &self.claim(&[*place], Then::Block, 0, subject).await;
                    said += &self.die(&[*place], subject).await;
                }
                said
            }
            Command::Rest(place, ms) => {
                let (merchant, order) = at(*place);
                let fault = format!("a fault of {order:?}");
                let until_unix_ms = self.now_unix_ms + u64::from(*ms);
                format!("{:?}", subject.outbox().rest(Rest { merchant, order, fault, until_unix_ms }).await)
            }
            Command::Retry(merchant, which) => {
                let ids = which.iter().filter_map(|index| self.id(*index)).collect();
                format!("{:?}", subject.outbox().retry(merchants()[*merchant].clone(), ids, self.now_unix_ms).await)
            }
            Command::Discard(merchant, which) => {
                let by = Discard { who: "seed".into(), why: "a test order".into(), at_unix_ms: self.now_unix_ms };
                let ids = self.id(*which).into_iter().collect();
                format!("{:?}", subject.outbox().discard(merchants()[*merchant].clone(), ids, by).await)
            }
            Command::Doubt(place) => {
                let (merchant, order) = at(*place);
                subject.doubt(&merchant, &order);
                String::new()
            }
            Command::Clock(ms) => {
                self.now_unix_ms = self.now_unix_ms.saturating_add_signed(*ms);
                if *ms < 0 {
                    // What was left counts anew from then on, and nobody here knows from when.
                    self.busy.clear();
                }
                String::new()
            }
            Command::Reopen => {
                subject.reopen();
                String::new()
            }
        }
    }

    fn id(&self, index: prop::sample::Index) -> Option<DeliveryId> {
        (!self.deliveries.is_empty()).then(|| index.get(&self.deliveries).1.clone())
    }

    fn new_at(&self, place: LaneIndex, label: u8, packages: &[u8], delivery: DeliveryId) -> New {
        let (merchant, order) = at(place);
        let mut ids = packages.to_vec();
        ids.dedup();
        let update = update(&order, ["Packed", "Shipped", "Returned", "Canceled"][usize::from(label)], &ids);
        let (labels, packages) = rows(&update);
        New { merchant, order, delivery, update: Box::new(update), labels, packages, at_unix_ms: self.now_unix_ms }
    }

    async fn accept<S: Subject>(&mut self, all: &[(LaneIndex, u8, Vec<u8>)], subject: &S) -> String {
        let mut batch = Vec::new();
        for (place, label, packages) in all {
            let new = self.new_at(*place, *label, packages, delivery(self.deliveries.len()));
            self.deliveries.push((new.merchant.clone(), new.delivery.clone()));
            batch.push(new);
        }
        format!("{:?}", subject.outbox().accept(batch).await)
    }

    /// Accepts a used id together with a new one: neither may be stored.
    async fn accept_again<S: Subject>(&mut self, place: LaneIndex, index: prop::sample::Index, subject: &S) -> String {
        let mine: Vec<_> = self.deliveries.iter().filter(|(merchant, _)| *merchant == at(place).0).collect();
        if mine.is_empty() {
            return String::new();
        }
        let (first, again) = (DeliveryId::named("never kept"), index.get(&mine).1.clone());
        let batch = vec![self.new_at(place, 0, &[], first), self.new_at(place, 0, &[], again)];
        subject.outbox().accept(batch).await.expect_err("the id is taken").to_string()
    }

    async fn claim<S: Subject>(&mut self, places: &[LaneIndex], poison: Then, busy_ms: u64, subject: &S) -> String {
        let wishes = places.iter().map(|place| {
            let (merchant, order) = at(*place);
            ClaimRequest { merchant, order, poison, busy_ms, at_unix_ms: self.now_unix_ms }
        });
        let claimed = subject.outbox().claim(wishes.collect()).await.expect("it can be written");
        for (place, claimed) in places.iter().zip(&claimed) {
            if let Claimed::Claim(claim) = claimed {
                let now = self.now_unix_ms;
                let before = self.busy.insert(*place, (now, claim.busy_until_unix_ms));
                self.overlaps |= before.is_some_and(|(since, until)| (since..until).contains(&now));
                self.claims.insert(*place, (claim.delivery.clone(), claim.attempt));
            }
        }
        format!("{claimed:?}")
    }

    async fn die<S: Subject>(&mut self, places: &[LaneIndex], subject: &mut S) -> String {
        subject.reopen();
        let at_work = places.iter().filter_map(|place| {
            let (delivery, attempt) = self.claims.get(place)?.clone();
            Some(Suspect { merchant: at(*place).0, delivery, attempt })
        });
        let all: Vec<_> = at_work.collect();
        self.suspected.extend(all.iter().map(|one| (one.merchant.clone(), one.delivery.clone(), one.attempt)));
        format!("{:?}", subject.outbox().suspect(all).await)
    }

    async fn settle<S: Subject>(&mut self, ends: &[(LaneIndex, End, Vec<u8>)], subject: &S) -> String {
        let mut batch = Vec::new();
        for (place, end, told) in ends {
            if let Some((delivery, attempt)) = self.claims.remove(place) {
                let mut settle = self.settlement(*place, delivery, attempt, end);
                settle.told.packages = told_packages(&settle.order, told);
                batch.push(settle);
            }
        }
        let mut sequences = BTreeMap::new();
        for settle in &batch {
            if let Ok(Some(FoundDelivery::Queued(queued, _))) =
                subject.outbox().find(settle.merchant.clone(), settle.delivery.clone()).await
            {
                sequences.insert(settle.delivery.clone(), queued.sequence);
            }
        }
        let settled = subject.outbox().settle(batch.clone()).await.expect("it can be written");
        for (settle, settled) in batch.into_iter().zip(&settled) {
            let is_done = matches!(settled, Settled::Done { .. });
            if is_done && !settle.lingers {
                self.busy.retain(|place, _| at(*place) != (settle.merchant.clone(), settle.order.clone()));
            }
            if is_done && matches!(settle.settlement, Settlement::Delivered) {
                let sequence = sequences[&settle.delivery];
                let last = self.last.insert((settle.merchant.clone(), settle.order), sequence);
                self.overtaken |= last.is_some_and(|last| last >= sequence);
                self.delivered.insert((settle.merchant, settle.delivery));
            }
        }
        format!("{settled:?}")
    }

    /// Settles another delivery, or another attempt at the same one.
    async fn settle_wrong<S: Subject>(&mut self, place: LaneIndex, index: prop::sample::Index, attempt: bool, subject: &S) -> String {
        let Some((claimed, number)) = self.claims.get(&place).cloned() else { return String::new() };
        let (delivery, number) = if attempt { (claimed, number + 1) } else { (self.id(index).unwrap_or(claimed.clone()), number) };
        if self.claims.get(&place) == Some(&(delivery.clone(), number)) {
            return String::new();
        }
        let settle = self.settlement(place, delivery, number, &End::Delivered(None));
        format!("{:?}", subject.outbox().settle(vec![settle]).await)
    }

    fn settlement(&self, place: LaneIndex, delivery: DeliveryId, attempt: u32, end: &End) -> Settle {
        let ((merchant, order), now) = (at(place), self.now_unix_ms);
        let (settlement, reach, fate) = match end {
            End::Delivered(_) => (Settlement::Delivered, Reach::Answered, Fate::Delivered),
            End::Retry(ms, counted, reach) => {
                let retry = Settlement::Retry { due_at_unix_ms: now + u64::from(*ms), counted: *counted };
                (retry, *reach, Fate::Retry { floor_ms: None })
            }
            End::Paused(ms) => {
                let pause = PauseRow::new("rate-limited", ms.map(|ms| now + u64::from(ms)));
                (Settlement::CartPaused { pause }, Reach::Answered, Fate::NotSent)
            }
            End::Disabled => (Settlement::CartDisabled, Reach::Answered, Fate::DisableCart),
            End::Dead(reason, then) => (Settlement::Dead { reason: *reason, then: *then }, Reach::Answered, Fate::PluginFault),
            End::NotBegun => {
                let retry = Settlement::Retry { due_at_unix_ms: now, counted: Counted::Nothing };
                (retry, Reach::NothingSent, Fate::NotSent)
            }
        };
        let receipt = Receipt {
            cart: carts()[place.1].clone(),
            delivery: delivery.clone(),
            attempt,
            at_unix_ms: now,
            took_ms: 1,
            plugin: Digest::of(b"plugin"),
            reach,
            fate,
            message: None,
            reference: None,
            steps: vec![Step { name: "looked".into(), reference: None }],
            packages: Vec::new(),
        };
        let receipt = (!matches!(end, End::NotBegun)).then_some(receipt);
        let resume = receipt.is_some().then(|| vec![attempt as u8]);
        let reference = if let End::Delivered(reference) = end { reference.map(|reference| format!("R-{reference}")) } else { None };
        Settle {
            merchant,
            order,
            delivery,
            attempt,
            steps: receipt.iter().flat_map(|receipt| receipt.steps.clone()).collect(),
            receipt,
            lingers: reach == Reach::MaybeSent,
            resume,
            told: Told { reference, packages: Vec::new() },
            cassette: Some(crate::cassettes::Tape::redacted("{}")),
            settlement,
            at_unix_ms: now,
        }
    }
}

/// The merchant and the order of a lane.
pub(super) fn at(place: LaneIndex) -> (MerchantId, OrderRef) {
    (merchants()[place.0].clone(), order(place.1, place.2))
}

/// Packages as a plugin names them: those of the suite's updates, and one that no update has.
fn told_packages(order: &OrderRef, told: &[u8]) -> Vec<ToldPackage> {
    let ids: BTreeSet<u8> = told.iter().map(|one| one % 4).collect();
    let (_, packages) = rows(&update(order, "Packed", &Vec::from_iter(ids)));
    let reference = |package: &str| told.iter().find(|one| **one < 4 && (*one % 4).to_string() == package).map(|one| format!("F-{one}"));
    packages.into_iter().map(|package| ToldPackage { reference: package.id.as_deref().and_then(reference), package }).collect()
}
