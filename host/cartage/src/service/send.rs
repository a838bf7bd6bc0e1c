//! Sending a status while a caller waits: the update is accepted, and attempted at once.

use super::accept::{Accepted, Looked, Outcome, Request};
use super::standing::{OrderStatus, Progress};
use super::{Error, Service};
use crate::deliver::{Attempt, TurnResult};
use cartage_model::id::{CartId, DeliveryId};
use cartage_policy::gate::Decision;
use cartage_policy::gate::explain::Explanation;
use cartage_policy::schedule::{CartKey, ForCart, NextStep};
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{self, Found, Outbox as _, sqlite};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::timeout;

/// The most earlier updates of the same order that are sent first.
const BEFORE_MAX: usize = 100;
/// How long a caller waits for the worker, in milliseconds.
pub const WAIT_MS: u64 = 60_000;

/// The result of a request.
#[derive(Debug, Clone, Serialize)]
pub struct Sent {
    /// The gate's decision, which is stored.
    pub decision: Decision,
    /// What followed from the decision.
    pub done: Done,
    /// The state of the order now.
    pub standing: OrderStatus,
    /// The state and the decision, in words.
    #[serde(skip)]
    pub explanation: Explanation,
}

/// What followed from a decision.
#[derive(Debug, Clone, Serialize)]
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
#[derive(Debug, Clone, Serialize)]
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
    Not(Box<Found>),
    /// The delivery waits or is under way.
    OnItsWay,
}

impl Service {
    /// Accepts a request and attempts it at once, after the updates that the order's queue holds already. If a worker serves the directory,
    /// the attempt is left to the worker and waited for. A cart that cannot be made ready is found before anything is accepted.
    ///
    /// # Errors
    ///
    /// [`Error`] if the request is not valid or the cart cannot be made ready, in which case nothing was accepted. The answers of the gate
    /// and the cart are in [`Sent`].
    pub async fn send(&self, request: &Request) -> Result<Sent, Error> {
        let mut over = self.shared.over.subscribe();
        self.fit(request).await?;
        let Accepted { mut decision, done } = self.accept(request, None).await?;
        let order = OrderRef { cart: decision.cart.clone(), number: decision.order_number.clone() };
        let done = match done {
            // Who asks for the same again wants it sent: what waits in the order's queue is tried.
            Outcome::Nothing if !decision.must_act() => match self.head(&order).await? {
                Some(head) if self.is_serving() => Done::Waits { delivery: head },
                Some(head) => self.deliver(&order, head).await?,
                None => Done::Nothing,
            },
            Outcome::Nothing => Done::Nothing,
            Outcome::Recorded => match self.record(request).await? {
                Some(attempt) => Done::Recorded(Box::new(attempt)),
                None => Done::Nothing,
            },
            Outcome::Queued { delivery, .. } if self.is_serving() => self.waited(&order, delivery, &mut over).await?,
            Outcome::Queued { delivery, .. } => self.deliver(&order, delivery).await?,
        };
        let own = match &done {
            Done::Tried { attempt } => Some(&attempt.receipt.delivery),
            Done::Waits { delivery } => Some(delivery),
            Done::Nothing | Done::Recorded(_) => None,
        };
        let standing = self.stand(&mut decision, own).await?;
        let explanation = self.in_words(&decision, &standing).await?;
        Ok(Sent { decision, done, standing, explanation })
    }

    /// Attempts a queued delivery at once, after those before it in its order's queue, regardless of the schedule and an open breaker. A
    /// pause of the cart is respected. `None` if the delivery is not queued.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read or written.
    pub async fn try_now(&self, delivery: &DeliveryId) -> Result<Option<TriedNow>, Error> {
        let Some(Found::Queued(queued, _)) = self.outbox().find(self.merchant.clone(), delivery.clone()).await? else { return Ok(None) };
        let order = queued.order;
        let tried = match self.standing(&order, None).await?.place {
            Progress::Waiting(waiting) if !waiting.waits.holds() => self.deliver(&order, delivery.clone()).await?,
            _ => Done::Waits { delivery: delivery.clone() },
        };
        // A worker looks at the queue again, which was held meanwhile.
        self.shared.wake_signal.work(&(self.merchant.clone(), order.cart.clone()));
        let attempt = match tried {
            Done::Tried { attempt } => Some(attempt),
            Done::Nothing | Done::Recorded(_) | Done::Waits { .. } => None,
        };
        Ok(Some(TriedNow { attempt, standing: self.standing(&order, Some(delivery)).await? }))
    }

    /// Waits, for at most `at_most`, until a delivery has reached its cart or is not attempted again by itself.
    ///
    /// # Errors
    ///
    /// [`Error`] if the outbox cannot be read.
    pub async fn ended(&self, delivery: &DeliveryId, at_most: Duration) -> Result<End, Error> {
        let mut over = self.shared.over.subscribe();
        let look = async {
            loop {
                match self.outbox().find(self.merchant.clone(), delivery.clone()).await? {
                    None => return Ok(End::Delivered),
                    Some(Found::Queued(..)) => {}
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
        let Looked { facts, kept, nearest, .. } = self.look(&request.cart, &request.order_number(), None).await?;
        let asked = super::accept::Asked::new(request, &facts, self.now_unix_ms())?;
        let decision = asked.decide(&request.cart, kept.as_deref(), nearest.as_deref(), &facts)?;
        if let Some(kept) = kept.filter(|_| decision.verdict != cartage_policy::gate::Verdict::Nothing) {
            self.client(&kept).await?;
        }
        Ok(())
    }

    /// Attempts an order's queue until this delivery has had its turn.
    async fn deliver(&self, order: &OrderRef, delivery: DeliveryId) -> Result<Done, Error> {
        if self.is_held(&order.cart).await? {
            return Ok(Done::Waits { delivery });
        }
        let cart: CartKey = (self.merchant.clone(), order.cart.clone());
        let deliverer = self.deliverer();
        for _ in 0..BEFORE_MAX {
            let TurnResult { verdict, next_due_unix_ms, tried } = deliverer.attempt(&cart, &order.number, 0).await?;
            let Ok(attempt) = tried else { break };
            let again_now = next_due_unix_ms.is_some_and(|due| due <= deliverer.now().unix_ms());
            // Other credentials that wait are tried at once.
            let others = matches!(verdict.update, NextStep::Retry { .. }) && verdict.cart == Some(ForCart::Prove) && again_now;
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
        let is_near = match self.standing(order, None).await?.place {
            Progress::Waiting(waiting) => waiting.waits.is_near(self.now_unix_ms() + WAIT_MS),
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
        let (merchant, order) = (self.merchant.clone(), order.clone());
        Ok(self.shared.store.read::<_, outbox::Error>(move |view| sqlite::head(view, &merchant, &order)).await?)
    }

    /// Whether a worker serves this directory.
    pub(super) fn is_serving(&self) -> bool {
        self.shared.serving.load(Ordering::Relaxed)
    }

    /// Whether a pause holds the cart, so that nothing is sent to it now.
    async fn is_held(&self, cart: &CartId) -> Result<bool, Error> {
        let pause = self.find_cart(cart).await?.and_then(|kept| kept.row.pause.clone());
        Ok(pause.is_some_and(|pause| pause.holds(self.now_unix_ms())))
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
