//! Sending a status while a caller waits: the update is accepted, and attempted at once. A waiting delivery can be attempted at once too, and
//! a cart whose mode only records gets a dry run.

use super::Error;
use super::carts::Carts;
use super::clients::Clients;
use super::intake::{Acceptance, Accepted, Asked, Intake, Looked, Request};
use super::orders::{OrderStatus, Orders, Progress};
use super::recordings::recorded;
use super::registry::Registry;
use super::tenant::Tenant;
use crate::deliver::registry::Recorded;
use crate::deliver::wake::WakeSignal;
use crate::deliver::{Attempt, Deliverer, Job, TurnResult};
use cartage_egress::SendMode;
use cartage_model::cassette::redact::Rules;
use cartage_model::id::{CartId, DeliveryId, SenderOrderNumber};
use cartage_model::receipt::Receipt;
use cartage_model::remedy::{Remedy, Words};
use cartage_policy::gate::Decision;
use cartage_policy::gate::explain::Explanation;
use cartage_policy::gate::order::packages;
use cartage_policy::gate::package::{fit, mark};
use cartage_policy::schedule::{CartKey, CartStep, NextStep};
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{self, FoundDelivery, Outbox as _, sqlite};
use cartage_store::{self as store, receipts};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::timeout;

/// The most earlier updates of the same order that are sent first.
const BEFORE_MAX: usize = 100;
/// How long a caller waits for the worker, in milliseconds.
pub const WAIT_MS: u64 = 60_000;

/// The result of a request. Its remedies are data, or a `String` each where they are in words.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sent<R = Remedy> {
    /// The gate's decision, which is stored.
    pub decision: Decision<R>,
    /// What followed from the decision.
    pub done: Done,
    /// The state of the order now.
    pub standing: OrderStatus,
    /// The state and the decision, in words.
    pub explanation: Explanation<R>,
}

impl Sent {
    /// The result with its remedies in words.
    pub fn worded(self, words: &dyn Words) -> Sent<String> {
        let Sent { decision, done, standing, explanation } = self;
        Sent { decision: decision.worded(words), done, standing, explanation: explanation.worded(words) }
    }
}

/// What followed from a decision.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// Nothing was sent: a condition does not hold.
    Nothing,
    /// The cart's mode only records: the dry run shows what would have been sent.
    Recorded(Box<Attempt>),
    /// The update was accepted and attempted. Whether another attempt follows is in [`Sent::standing`].
    Tried {
        /// The attempt and its outcome.
        attempt: Box<Attempt>,
    },
    /// The update was accepted, and waits; [`Sent::standing`] says for what.
    Waits {
        /// The delivery that waits.
        delivery: DeliveryId,
    },
}

/// The result of attempting a delivery at once.
#[derive(Debug, Clone)]
pub struct TriedNow {
    /// The attempt; `None` if there was none, for the reason in `standing`.
    pub attempt: Option<Box<Attempt>>,
    /// The state of the order now.
    pub standing: OrderStatus,
}

/// The progress of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The delivery reached its cart.
    Delivered,
    /// The delivery is a dead letter, or was ended.
    Not(Box<FoundDelivery>),
    /// The delivery waits or is under way.
    OnItsWay,
}

/// Sends statuses while their callers wait.
#[derive(Clone)]
pub struct Sending {
    pub(super) tenant: Tenant,
    pub(super) intake: Intake,
    pub(super) clients: Clients,
    pub(super) carts: Carts,
    pub(super) orders: Orders,
    pub(super) deliverer: Deliverer<outbox::Sqlite, Registry>,
    pub(super) over: broadcast::Sender<Arc<Attempt>>,
    pub(super) serving: Arc<AtomicBool>,
    pub(super) wake_signal: Arc<WakeSignal>,
}

impl Sending {
    /// Accepts a request and attempts it at once, after the updates that the order's queue holds already. If a worker serves the directory,
    /// the attempt is left to the worker and waited for. A cart that cannot be made ready is found before anything is accepted.
    ///
    /// # Errors
    ///
    /// [`Error`] if the request is not valid or the cart cannot be made ready, in which case nothing was accepted. The answers of the gate
    /// and the cart are in [`Sent`].
    pub async fn send(&self, request: &Request) -> Result<Sent, Error> {
        let mut over = self.over.subscribe();
        self.fit(request).await?;
        let Accepted { mut decision, done } = self.intake.accept(request, None).await?;
        let order = OrderRef { cart: decision.cart.clone(), number: decision.order_number.clone() };
        let done = match done {
            // Who asks for the same again wants it sent: what waits in the order's queue is tried.
            Acceptance::Nothing if !decision.must_act() => match self.head(&order).await? {
                Some(head) if self.serving.load(Ordering::Relaxed) => Done::Waits { delivery: head },
                Some(head) => self.deliver(&order, head).await?,
                None => Done::Nothing,
            },
            Acceptance::Nothing => Done::Nothing,
            Acceptance::Recorded => match self.record(request).await? {
                Some(attempt) => Done::Recorded(Box::new(attempt)),
                None => Done::Nothing,
            },
            Acceptance::Queued { delivery, .. } if self.serving.load(Ordering::Relaxed) => self.waited(&order, delivery, &mut over).await?,
            Acceptance::Queued { delivery, .. } => self.deliver(&order, delivery).await?,
        };
        let own = match &done {
            Done::Tried { attempt } => Some(&attempt.receipt.delivery),
            Done::Waits { delivery } => Some(delivery),
            Done::Nothing | Done::Recorded(_) => None,
        };
        let standing = self.orders.judge(&mut decision, own).await?;
        let explanation = self.orders.in_words(&decision, &standing).await?;
        Ok(Sent { decision, done, standing, explanation })
    }

    /// Attempts a queued delivery at once, after those before it in its order's queue, regardless of the schedule and an open breaker. A
    /// pause of the cart is respected. `None` if the delivery is not queued.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read or written.
    pub async fn try_now(&self, delivery: &DeliveryId) -> Result<Option<TriedNow>, Error> {
        let Some(FoundDelivery::Queued(queued, _)) = self.tenant.outbox().find(self.tenant.merchant.clone(), delivery.clone()).await?
        else {
            return Ok(None);
        };
        let order = queued.order;
        let tried = match self.orders.status(&order, None).await?.place {
            Progress::Waiting(waiting) if !waiting.waits.holds() => self.deliver(&order, delivery.clone()).await?,
            _ => Done::Waits { delivery: delivery.clone() },
        };
        // A worker looks at the queue again, which was held meanwhile.
        self.wake_signal.work(&(self.tenant.merchant.clone(), order.cart.clone()));
        let attempt = match tried {
            Done::Tried { attempt } => Some(attempt),
            Done::Nothing | Done::Recorded(_) | Done::Waits { .. } => None,
        };
        Ok(Some(TriedNow { attempt, standing: self.orders.status(&order, Some(delivery)).await? }))
    }

    /// Waits, for at most `at_most`, until a delivery has reached its cart or is not attempted again by itself.
    ///
    /// # Errors
    ///
    /// [`Error`] if the outbox cannot be read.
    pub async fn ended(&self, delivery: &DeliveryId, at_most: Duration) -> Result<End, Error> {
        let mut over = self.over.subscribe();
        let look = async {
            loop {
                match self.tenant.outbox().find(self.tenant.merchant.clone(), delivery.clone()).await? {
                    None => return Ok(End::Delivered),
                    Some(FoundDelivery::Queued(..)) => {}
                    Some(found) => return Ok(End::Not(Box::new(found))),
                }
                if attempt_of(&mut over, delivery).await.is_none() {
                    return Ok(End::OnItsWay);
                }
            }
        };
        timeout(at_most, look).await.unwrap_or(Ok(End::OnItsWay))
    }

    /// Checks that the cart can be made ready, if the gate lets the request through.
    async fn fit(&self, request: &Request) -> Result<(), Error> {
        let Looked { facts, kept, nearest, .. } = self.intake.look(&request.cart, &request.order_number(), None).await?;
        let asked = super::intake::Asked::new(request, &facts, self.tenant.now_unix_ms())?;
        let decision = asked.decide(&request.cart, kept.as_deref(), nearest.as_deref(), &facts)?;
        if let Some(kept) = kept.filter(|_| decision.verdict != cartage_policy::gate::Verdict::Nothing) {
            self.clients.current(&kept).await?;
        }
        Ok(())
    }

    /// Attempts an order's queue until this delivery has had its turn.
    async fn deliver(&self, order: &OrderRef, delivery: DeliveryId) -> Result<Done, Error> {
        if self.is_held(&order.cart).await? {
            return Ok(Done::Waits { delivery });
        }
        let cart: CartKey = (self.tenant.merchant.clone(), order.cart.clone());
        let deliverer = self.deliverer.clone();
        for _ in 0..BEFORE_MAX {
            let TurnResult { verdict, next_due_unix_ms, tried } = deliverer.attempt(&cart, &order.number, 0).await?;
            let Ok(attempt) = tried else { break };
            let again_now = next_due_unix_ms.is_some_and(|due| due <= deliverer.now().unix_ms());
            // Other credentials that wait are tried at once.
            let others = matches!(verdict.update, NextStep::Retry { .. }) && verdict.cart == Some(CartStep::Prove) && again_now;
            if attempt.receipt.delivery == delivery && !others {
                return Ok(Done::Tried { attempt });
            }
            if !again_now {
                break;
            }
        }
        Ok(Done::Waits { delivery })
    }

    /// Waits until the worker has attempted a delivery, unless the worker cannot do so soon.
    async fn waited(&self, order: &OrderRef, delivery: DeliveryId, over: &mut broadcast::Receiver<Arc<Attempt>>) -> Result<Done, Error> {
        let is_near = match self.orders.status(order, None).await?.place {
            Progress::Waiting(waiting) => waiting.waits.is_near(self.tenant.now_unix_ms() + WAIT_MS),
            // Of its own end a worker tells in a moment.
            Progress::DeadLetter(dead) => dead.delivery == delivery,
            Progress::Delivered(_) | Progress::Discarded(_) | Progress::NotAccepted => true,
        };
        let wait = Duration::from_millis(if is_near { WAIT_MS } else { 0 });
        let attempt = timeout(wait, attempt_of(over, &delivery)).await.ok().flatten();
        Ok(match attempt {
            Some(attempt) => Done::Tried { attempt: Box::new(Attempt::clone(&attempt)) },
            None => Done::Waits { delivery },
        })
    }

    /// The delivery at the head of the order's queue; `None` if the queue is empty.
    async fn head(&self, order: &OrderRef) -> Result<Option<DeliveryId>, Error> {
        let (merchant, order) = (self.tenant.merchant.clone(), order.clone());
        Ok(self.tenant.store.read::<_, outbox::Error>(move |view| sqlite::head(view, &merchant, &order)).await?)
    }

    /// Whether a pause holds the cart, so that nothing is sent to it now.
    async fn is_held(&self, cart: &CartId) -> Result<bool, Error> {
        let pause = self.carts.find(cart).await?.and_then(|kept| kept.row.pause.clone());
        Ok(pause.is_some_and(|pause| pause.holds(self.tenant.now_unix_ms())))
    }
}

/// Waits for the end of the next attempt at a delivery; `None` if there will be none.
async fn attempt_of(over: &mut broadcast::Receiver<Arc<Attempt>>, delivery: &DeliveryId) -> Option<Arc<Attempt>> {
    loop {
        match over.recv().await {
            Ok(attempt) if attempt.receipt.delivery == *delivery => return Some(attempt),
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return None,
        }
    }
}

impl Sending {
    /// What would be sent for a request that a cart in mode shadow only records, from a dry run; `None` if there is nothing to tell
    /// the cart, or no such cart.
    ///
    /// # Errors
    ///
    /// The errors of [`Clients::current`].
    pub async fn record(&self, request: &Request) -> Result<Option<Attempt>, Error> {
        let Looked { facts, kept, .. } = self.intake.look(&request.cart, &request.order_number(), None).await?;
        let asked = Asked::new(request, &facts, self.tenant.now_unix_ms())?;
        let Some(kept) = kept else { return Ok(None) };
        let client = self.clients.current(&kept).await?;
        let Some(mut update) = asked.for_cart(&kept, &facts)? else { return Ok(None) };
        mark(&mut update, packages(asked.known.as_ref()));
        fit(&mut update, client.manifest().features, &kept.cart.leave_out);
        let order = facts.order.as_ref();
        let job = Job {
            delivery: DeliveryId::new(),
            sequence: order.map_or(0, |order| order.sequence) + 1,
            attempt: 1,
            earlier: Vec::new(),
            known_reference: order.and_then(|order| order.reference.clone()),
            update,
        };
        let sequence = job.sequence;
        let attempt = client.attempt(job, SendMode::DryRun).await.map_err(Error::client(&kept.cart.id))?;
        self.clients.called(&kept.cart.id, &attempt.cassette).await?;
        let rules = Rules::new(&client.manifest().personal_fields);
        let Recorded { receipt, .. } = recorded(rules, &attempt, None).await;
        self.keep_receipt(&receipt, sequence, asked.update.order_number()).await?;
        Ok(Some(attempt))
    }

    /// Stores the receipt of an attempt that belongs to no delivery.
    pub(super) async fn keep_receipt(&self, receipt: &Receipt, sequence: u64, order_number: &SenderOrderNumber) -> Result<(), Error> {
        let row = receipts::ReceiptRow {
            delivery: receipt.delivery.clone(),
            attempt: receipt.attempt,
            order: OrderRef { cart: receipt.cart.clone(), number: order_number.clone() },
            sequence,
            at_unix_ms: receipt.at_unix_ms,
            json: serde_json::to_string(receipt).expect("a receipt is plain data"),
        };
        let merchant = self.tenant.merchant.clone();
        Ok(self.tenant.store.write::<_, store::Error>(move |tx| receipts::add(tx, &merchant, &row)).await?)
    }
}
