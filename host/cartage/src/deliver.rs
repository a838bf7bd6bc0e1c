//! Takes updates from the outbox to the cart and writes the outcome back to disk. [`Deliverer::attempt`] is the whole of this on one screen.
//!
//! The outbox is the only input. The [scheduler](cartage_policy::schedule) decides which order comes next and what follows from an attempt, a
//! [`client`] is one cart made ready, the [`registry`] knows the carts, and the [`worker`] runs for all carts what is written here for one.
//! Delivery is safe to run twice: an attempt that was cut off is known by its claim, and the next one carries the same idempotency key.
//!
//! Delivery cannot know whether a cart received an update to which no answer came. The next attempt is told that it may have.
//!
//! Errors are sorted by how far they reach. An error at one order's queue lets that queue rest and is recorded for people. A cart that cannot be made
//! ready rests as a whole. Only a store that cannot be used any more is an error here, and it ends the worker.

pub mod wake;
pub mod client;
pub mod locks;
pub mod refusals;
pub mod registry;
pub mod witness;
pub mod worker;

pub use client::{Attempt, CartClient, Error, Job};

use cartage_base::causes::chain;
use cartage_base::clock::Clock;
use cartage_base::failpoint;
use cartage_contract::orders::Update;
use cartage_egress::SendMode;
use cartage_model::dead_letter::Then;
use cartage_model::id::SenderOrderNumber;
use cartage_model::receipt::{Fate, PauseReason, Receipt};
use cartage_policy::schedule::{AttemptVerdict, CartKey, CartStep, History, NextStep, Now, Policy, Sign, Timeline};
use cartage_store::carts::PauseRow;
use cartage_store::credentials::Generation;
use cartage_store::orders::{OrderRef, Told};
use cartage_store::outbox::{self, Claim, ClaimRequest, Claimed, Counted, Outbox, Reach, Rest, Settle, Settled, Settlement, Suspect};
use locks::OrderLocks;
use refusals::Refusals;
use registry::{CartRegistry, NextCredentials, Ready, Recorded, WorkerNote};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::{Instrument as _, info_span};
use witness::Witness;

/// How long a cart that could not be made ready rests, in milliseconds, unless it is changed before.
pub const NOT_READY_MS: u64 = 60_000;
/// How long an order's queue rests after an error, in milliseconds, unless a person retries it before.
pub const FAULT_MS: u64 = 10 * 60_000;
/// The most bytes that are kept of such an error's text.
const FAULT_BYTES_MAX: usize = 1000;
/// The most bytes that are kept of the plugin's message with a cart's pause.
const SAID_BYTES_MAX: usize = 500;
/// How long to wait before the outcome of an attempt is written again, in milliseconds, if the disk did not take it.
pub const SETTLE_AGAIN_MS: u64 = 500;

/// How long an order's queue is left alone, in milliseconds, while a person changes it.
pub const HELD_MS: u64 = 200;

/// Delivers the updates of an outbox to their carts. Clones share their state.
pub struct Deliverer<O, R> {
    outbox: O,
    registry: Arc<R>,
    clock: Arc<dyn Clock>,
    timeline: Arc<Mutex<Timeline>>,
    locks: OrderLocks,
    witness: Arc<Witness>,
    refusals: Arc<Refusals>,
}

/// The result of one turn of an order's queue.
#[derive(Debug)]
pub struct TurnResult {
    /// What follows for the update and for the cart.
    pub verdict: AttemptVerdict,
    /// The time at which the head of the queue is due now. `None` if the queue is empty or blocked.
    pub next_due_unix_ms: Option<u64>,
    /// The attempt, or why none was made.
    pub tried: Result<Box<Attempt>, NotTried>,
}

/// Why no attempt was made in a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTried {
    /// An attempt or a person holds the queue, another order is trying the cart's new credentials, or the cart has refused its credentials.
    Held,
    /// The cart cannot be made ready.
    NotReady,
    /// An earlier attempt may still be under way at the cart.
    Busy {
        /// The time until which the attempt may be under way, in milliseconds since 1970.
        until_unix_ms: u64,
    },
    /// An error happened at the queue, which now rests.
    Fault {
        /// The error's text, with all causes.
        fault: String,
    },
    /// The queue is empty or blocked, or its head became a dead letter without an attempt.
    Nothing,
}

impl<O: Outbox, R: CartRegistry> Deliverer<O, R> {
    /// Delivers from this outbox to the carts of this registry.
    pub fn new(outbox: O, registry: Arc<R>, clock: Arc<dyn Clock>) -> Deliverer<O, R> {
        let timeline = Timeline::after_a_step_back(clock.set_back_ms());
        let timeline = Arc::new(Mutex::new(timeline));
        Deliverer { outbox, registry, clock, timeline, locks: OrderLocks::default(), witness: Arc::default(), refusals: Arc::default() }
    }

    /// Shares the locks of the orders' queues, so that people and attempts do not change a queue at the same time.
    pub fn holding(self, locks: OrderLocks) -> Deliverer<O, R> {
        Deliverer { locks, ..self }
    }

    /// Sets the witness, which notes the attempts under way.
    pub fn seen_by(self, witness: Arc<Witness>) -> Deliverer<O, R> {
        Deliverer { witness, ..self }
    }

    /// Makes one attempt at the head of an order's queue. The claim is on disk before anything is sent, and the outcome is on disk before this
    /// returns. An error at this queue alone lets the queue rest.
    ///
    /// # Errors
    ///
    /// [`outbox::Error`] if an error reaches further. Nothing was sent then, unless the error is [`Stopped`](cartage_store::Error::Stopped).
    pub async fn attempt(&self, cart: &CartKey, order: &SenderOrderNumber, rate_limits: u32) -> Result<TurnResult, outbox::Error> {
        self.hear_the_witness().await?;
        let Some(_held) = self.locks.hold(cart, order) else { return Ok(self.held()) };
        match self.turn(cart, order, rate_limits).await {
            Err(error) if error.reach() == Reach::Content => self.rest(cart, order, chain(&error)).await,
            over => over,
        }
    }

    async fn turn(&self, cart: &CartKey, order: &SenderOrderNumber, rate_limits: u32) -> Result<TurnResult, outbox::Error> {
        let ready = match self.registry.ready(cart).await {
            Ok(Some(ready)) => ready,
            Ok(None) => return Ok(self.held()),
            Err(why) => return Ok(self.not_ready(cart, &why)),
        };
        let trying = match ready.generation {
            Generation::Current => None,
            Generation::Next => match ready.trial.begin() {
                Some(trying) => Some(trying),
                None => return Ok(self.held()),
            },
        };
        let claim = match self.claim(cart, order, &ready).await? {
            Claimed::Claim(claim) => claim,
            nothing => return self.not_claimed(cart, order, nothing).await,
        };
        let seen = self.witness.sees(suspect(&claim));
        failpoint::reach_for("claimed", order.as_str());
        let update = match self.registry.brief(cart, order, &ready, claim.update.clone()).await {
            Ok(update) => update,
            Err(error) => return self.give_back(&claim, 0).await.and(Err(error)),
        };
        let span = info_span!("attempt", cart = %cart.1, delivery = %claim.delivery, n = claim.attempt);
        let mut attempt = match seen.waiting(ready.client.attempt(job(&claim, update), SendMode::Live).instrument(span)).await {
            Ok(attempt) => attempt,
            Err(error) => {
                self.registry.note(cart, &WorkerNote::NotReady { why: &error });
                return self.give_back(&claim, NOT_READY_MS).await;
            }
        };
        attempt.receipt.fate = self.refusals.judge(cart, order, attempt.receipt.fate);
        failpoint::reach_for("sent", order.as_str());
        let verdict = match self.registry.tried(cart, &ready, attempt.receipt.fate).await {
            NextCredentials::Stand => self.judge(&claim, &ready, &attempt, rate_limits),
            NextCredentials::OthersNext => AttemptVerdict { cart: Some(CartStep::Prove), ..AttemptVerdict::not_tried(self.now(), 0) },
        };
        if let (Some(trying), Sign::Answered) = (&trying, verdict.sign) {
            trying.answered();
        }
        if attempt.cassette.recording.secret_reflected {
            self.pause(cart, PauseReason::SecretReflected).await?;
        }
        let settled = self.settle(&claim, &ready, &attempt, &verdict).await;
        if !matches!(settled, Ok(Settled::Done { .. })) {
            self.pause_unsettled(cart, &verdict).await?;
        }
        let pending = pending(settled?);
        failpoint::reach_for("settled", order.as_str());
        self.registry.note(cart, &WorkerNote::Attempted { claim: &claim, attempt: &attempt, verdict: &verdict });
        Ok(TurnResult { verdict, next_due_unix_ms: next_due(&verdict, pending, self.now()), tried: Ok(Box::new(attempt)) })
    }

    /// The present moment, on a time that never goes back even if the wall clock does.
    pub fn now(&self) -> Now {
        self.timeline.lock().expect("nobody panics while holding it").now(self.clock.now_unix_ms())
    }

    /// Claims the head of an order's queue for an attempt. Where the cart only wants the newest update, that one replaces those before it.
    async fn claim(&self, (merchant, cart): &CartKey, order: &SenderOrderNumber, ready: &Ready) -> Result<Claimed, outbox::Error> {
        let at_unix_ms = self.now().unix_ms();
        let order = OrderRef { cart: cart.clone(), number: order.clone() };
        if ready.newest_only() {
            self.outbox.supersede(merchant.clone(), order.clone(), at_unix_ms).await?;
        }
        let wish = ClaimRequest { merchant: merchant.clone(), order, poison: ready.after_dead(), busy_ms: ready.busy_ms(), at_unix_ms };
        Ok(self.outbox.claim(vec![wish]).await?.pop().unwrap_or(Claimed::Nothing))
    }

    /// Decides what follows from an attempt.
    fn judge(&self, claim: &Claim, ready: &Ready, attempt: &Attempt, rate_limits: u32) -> AttemptVerdict {
        let history = History {
            attempts: claim.attempts.counted,
            plugin_faults: claim.attempts.plugin_faults,
            rate_limits,
            age_ms: self.clock.age_ms(claim.queued_at_unix_ms),
        };
        let policy = Policy { rules: &ready.rules, full_state: ready.full_state };
        judge(attempt, &history, &policy, claim.busy_until_unix_ms, self.now(), draw())
    }

    /// Pauses a cart apart from the settlement of an attempt. A cart that sent a secret back is paused before the attempt's outcome is written: if the
    /// process dies in between, the cart is paused, and the update is tried again after a person has looked.
    async fn pause(&self, cart: &CartKey, reason: PauseReason) -> Result<(), outbox::Error> {
        loop {
            match self.registry.pause(cart, reason).await {
                Err(error) if error.reach() == Reach::Request => {
                    self.registry.note(cart, &WorkerNote::Disk { error: &error });
                    tokio::time::sleep(Duration::from_millis(SETTLE_AGAIN_MS)).await;
                }
                Err(error) if error.reach() == Reach::Content => {
                    tracing::error!(cart = %cart.1, error = chain(&error), "could not store that the cart is paused; this process treats it as paused");
                    return Ok(());
                }
                other => return other,
            }
        }
    }

    /// Pauses a cart after an attempt whose outcome was not stored, if that would have paused the cart until a person acts. The registry already leaves
    /// alone a cart that refused its credentials; without the pause on disk nobody would see why.
    async fn pause_unsettled(&self, cart: &CartKey, verdict: &AttemptVerdict) -> Result<(), outbox::Error> {
        match verdict.cart {
            Some(CartStep::Pause { reason, until_unix_ms: None }) => self.pause(cart, reason).await,
            Some(CartStep::Pause { until_unix_ms: Some(_), .. } | CartStep::Disable | CartStep::Rest { .. } | CartStep::Prove) | None => {
                Ok(())
            }
        }
    }

    /// Writes the outcome of an attempt, and repeats this while the disk does not take it: the outcome is the only record that the update was sent.
    /// If the store cannot keep the whole record, only the bare outcome is written.
    async fn settle(&self, claim: &Claim, ready: &Ready, attempt: &Attempt, verdict: &AttemptVerdict) -> Result<Settled, outbox::Error> {
        let Recorded { receipt, cassette } = self.registry.record(ready, attempt).await;
        let mut settle = Settle {
            receipt: Some(receipt),
            steps: attempt.receipt.steps.clone(),
            lingers: attempt.cassette.recording.lingers(),
            resume: attempt.resume(),
            told: attempt.told(),
            cassette,
            ..self.settlement(claim, settlement(verdict, &attempt.receipt))
        };
        let mut is_bare = false;
        loop {
            match self.outbox.settle(vec![settle.clone()]).await {
                Ok(settled) => return Ok(settled.first().copied().unwrap_or(Settled::Stale)),
                Err(error) if error.reach() == Reach::Request => {
                    self.registry.note(&(claim.merchant.clone(), claim.order.cart.clone()), &WorkerNote::Disk { error: &error });
                    tokio::time::sleep(Duration::from_millis(SETTLE_AGAIN_MS)).await;
                }
                Err(error) if error.reach() == Reach::Content && !is_bare => {
                    tracing::error!(delivery = %claim.delivery, error = chain(&error), "could not store a full record; storing the bare outcome");
                    let bare = |receipt| Receipt { message: None, steps: Vec::new(), ..receipt };
                    settle = Settle { receipt: settle.receipt.map(bare), steps: Vec::new(), resume: None, cassette: None, ..settle };
                    is_bare = true;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns a claim whose attempt could not begin. The attempt does not count, and the update is due again after this wait.
    async fn give_back(&self, claim: &Claim, wait_ms: u64) -> Result<TurnResult, outbox::Error> {
        let verdict = AttemptVerdict::not_tried(self.now(), wait_ms);
        let retry = Settlement::Retry { due_at_unix_ms: self.now().unix_ms() + wait_ms, counted: Counted::Nothing };
        let settled = self.outbox.settle(vec![self.settlement(claim, retry)]).await?;
        let pending = pending(settled.first().copied().unwrap_or(Settled::Stale));
        Ok(TurnResult { verdict, next_due_unix_ms: next_due(&verdict, pending, self.now()), tried: Err(NotTried::NotReady) })
    }

    /// Lets an order's queue rest after an error that reaches no further, and tells people.
    async fn rest(&self, cart: &CartKey, order: &SenderOrderNumber, mut fault: String) -> Result<TurnResult, outbox::Error> {
        fault.truncate(fault.floor_char_boundary(FAULT_BYTES_MAX));
        self.registry.note(cart, &WorkerNote::Fault { order: order.as_str(), fault: &fault });
        let now = self.now();
        let until_unix_ms = now.unix_ms() + FAULT_MS;
        let (merchant, id) = cart.clone();
        let order = OrderRef { cart: id, number: order.clone() };
        match self.outbox.rest(Rest { merchant, order, fault: fault.clone(), until_unix_ms }).await {
            Err(error) if error.reach() == Reach::Process => return Err(error),
            Err(error) => tracing::error!(error = chain(&error), "could not store the error of an order's queue"),
            Ok(()) => {}
        }
        let tried = Err(NotTried::Fault { fault });
        Ok(TurnResult { verdict: AttemptVerdict::not_tried(now, FAULT_MS), next_due_unix_ms: Some(until_unix_ms), tried })
    }

    /// Lets an order's queue rest after a turn panicked: the fault is in this program and affects no other queue.
    pub(super) async fn panicked(&self, cart: &CartKey, order: &SenderOrderNumber, what: &str) -> Result<TurnResult, outbox::Error> {
        let Some(_held) = self.locks.hold(cart, order) else { return Ok(self.held()) };
        let suspects = self.witness.take_failed();
        if let Err(error) = self.outbox.suspect(suspects).await {
            tracing::error!(error = chain(&error), "could not record the attempt at which Cartage failed");
        }
        self.rest(cart, order, format!("Cartage failed while it worked on this order: {what}")).await
    }

    /// Reads, once, which attempts an earlier process was working on when it died.
    pub(super) async fn hear_the_witness(&self) -> Result<(), outbox::Error> {
        let Some(left) = self.witness.left().await else { return Ok(()) };
        if !left.suspects.is_empty() {
            let deliveries: Vec<&str> = left.suspects.iter().map(|suspect| suspect.delivery.as_str()).collect();
            tracing::warn!(?deliveries, "the previous process died while it worked on these deliveries; they are tried one at a time");
            match self.outbox.suspect(left.suspects.clone()).await {
                Err(error) if error.reach() != Reach::Content => return Err(error),
                Err(error) => tracing::error!(error = chain(&error), "could not record the attempts at which the previous process died"),
                Ok(()) => {}
            }
        }
        left.heard();
        Ok(())
    }

    fn settlement(&self, claim: &Claim, settlement: Settlement) -> Settle {
        Settle {
            merchant: claim.merchant.clone(),
            order: claim.order.clone(),
            delivery: claim.delivery.clone(),
            attempt: claim.attempt,
            receipt: None,
            steps: Vec::new(),
            lingers: false,
            resume: None,
            told: Told::default(),
            cassette: None,
            settlement,
            at_unix_ms: self.now().unix_ms(),
        }
    }

    /// Lets a whole cart rest that cannot be made ready, because its other orders would fail as well.
    fn not_ready(&self, cart: &CartKey, why: &registry::NotReady) -> TurnResult {
        self.registry.note(cart, &WorkerNote::NotReady { why: &**why });
        let now = self.now();
        let rest = CartStep::Rest { until_unix_ms: now.unix_ms() + NOT_READY_MS };
        let verdict = AttemptVerdict { cart: Some(rest), ..AttemptVerdict::not_tried(now, 0) };
        TurnResult { verdict, next_due_unix_ms: Some(now.unix_ms()), tried: Err(NotTried::NotReady) }
    }

    /// The result of a turn in which the queue is left alone for a moment: see [`NotTried::Held`].
    fn held(&self) -> TurnResult {
        let now = self.now();
        let next_due_unix_ms = Some(now.unix_ms() + HELD_MS);
        TurnResult { verdict: AttemptVerdict::not_tried(now, HELD_MS), next_due_unix_ms, tried: Err(NotTried::Held) }
    }

    async fn not_claimed(&self, cart: &CartKey, order: &SenderOrderNumber, claimed: Claimed) -> Result<TurnResult, outbox::Error> {
        let now = self.now();
        let (mut next_due_unix_ms, mut why) = (None, NotTried::Nothing);
        match claimed {
            Claimed::Poison { delivery } => {
                self.registry.note(cart, &WorkerNote::Poison { delivery: &delivery });
                // If the lane goes on, its next update is due; if it is blocked, nothing is found there.
                next_due_unix_ms = Some(now.unix_ms());
            }
            Claimed::Busy { until_unix_ms } => {
                (next_due_unix_ms, why) = (Some(until_unix_ms), NotTried::Busy { until_unix_ms });
            }
            Claimed::Unreadable { why } => return self.rest(cart, order, why).await,
            Claimed::Nothing | Claimed::Claim(_) => {}
        }
        Ok(TurnResult { verdict: AttemptVerdict::not_tried(now, 0), next_due_unix_ms, tried: Err(why) })
    }
}

impl<O: Clone, R> Clone for Deliverer<O, R> {
    fn clone(&self) -> Deliverer<O, R> {
        let Deliverer { outbox, registry, clock, timeline, locks, witness, refusals } = self;
        let (registry, clock, timeline, locks) = (registry.clone(), clock.clone(), timeline.clone(), locks.clone());
        Deliverer { outbox: outbox.clone(), registry, clock, timeline, locks, witness: witness.clone(), refusals: refusals.clone() }
    }
}

/// Decides what follows from an attempt. An attempt that may still be under way at the cart is not repeated before `busy_until_unix_ms`. `draw` is a
/// random number for jitter, evenly distributed over its range.
pub fn judge(attempt: &Attempt, history: &History, policy: &Policy<'_>, busy_until_unix_ms: u64, now: Now, draw: u64) -> AttemptVerdict {
    let verdict = cartage_policy::schedule::after(attempt.receipt.fate, history, policy, now, draw).resting(attempt.rest_ms(), now);
    let recording = &attempt.cassette.recording;
    let verdict = if recording.lingers() { verdict.not_before(busy_until_unix_ms) } else { verdict };
    if !recording.secret_reflected {
        return verdict;
    }
    // Whatever became of the update: who reads the cart's answers may have the secret.
    AttemptVerdict { cart: Some(CartStep::Pause { reason: PauseReason::SecretReflected, until_unix_ms: None }), ..verdict }
}

/// How an attempt counts that is followed by another one.
pub fn counts(fate: Fate, verdict: &AttemptVerdict) -> Counted {
    match (verdict.update, fate) {
        (NextStep::Retry { counted: true, .. }, Fate::PluginFault) => Counted::PluginFault,
        (NextStep::Retry { counted: true, .. }, _) => Counted::Attempt,
        (NextStep::Retry { counted: false, .. } | NextStep::Delivered | NextStep::Dead { .. }, _) => Counted::Nothing,
    }
}

fn suspect(claim: &Claim) -> Suspect {
    Suspect { merchant: claim.merchant.clone(), delivery: claim.delivery.clone(), attempt: claim.attempt }
}

fn job(claim: &Claim, update: Box<Update>) -> Job {
    Job {
        delivery: claim.delivery.clone(),
        sequence: claim.sequence,
        attempt: claim.attempt,
        earlier: claim.attempts.earlier.clone(),
        known_reference: claim.known_reference.clone(),
        update,
    }
}

/// The entry that the outbox writes for a verdict.
fn settlement(verdict: &AttemptVerdict, receipt: &Receipt) -> Settlement {
    match (verdict.update, verdict.cart) {
        (NextStep::Delivered, _) => Settlement::Delivered,
        (NextStep::Dead { reason, then }, _) => Settlement::Dead { reason, then },
        (NextStep::Retry { .. }, Some(CartStep::Disable)) => Settlement::CartDisabled,
        (NextStep::Retry { .. }, Some(CartStep::Pause { reason, until_unix_ms })) => {
            Settlement::CartPaused { pause: PauseRow { why: reason.name().to_owned(), until_unix_ms, said: said(reason, receipt) } }
        }
        (NextStep::Retry { due_unix_ms, .. }, Some(CartStep::Rest { .. } | CartStep::Prove) | None) => {
            Settlement::Retry { due_at_unix_ms: due_unix_ms, counted: counts(receipt.fate, verdict) }
        }
    }
}

/// The plugin's message that is kept with a pause which a person must end, so that it is shown beside the remedy.
fn said(reason: PauseReason, receipt: &Receipt) -> Option<String> {
    let message = receipt.message.as_deref().filter(|_| reason.wants_proof())?;
    let line = message.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let cut = line.floor_char_boundary(SAID_BYTES_MAX);
    Some(line[..cut].to_owned()).filter(|said| !said.is_empty())
}

/// How many updates wait in the lane. 0 for a settlement that came too late, because another process has the lane.
fn pending(settled: Settled) -> u64 {
    match settled {
        Settled::Done { pending } => pending,
        Settled::Stale => 0,
    }
}

fn next_due(verdict: &AttemptVerdict, pending: u64, now: Now) -> Option<u64> {
    match verdict.update {
        _ if pending == 0 => None,
        NextStep::Retry { due_unix_ms, .. } => Some(due_unix_ms),
        NextStep::Delivered | NextStep::Dead { then: Then::Go, .. } => Some(now.unix_ms()),
        NextStep::Dead { then: Then::Block, .. } => None,
    }
}

/// A random number for jitter. Without randomness there is no jitter, and everything else continues.
fn draw() -> u64 {
    getrandom::u64().unwrap_or(u64::MAX)
}
