//! A status is sent while somebody waits: accepted, and tried at once.

use super::accept::{Accepted, Looked, Outcome, Request};
use super::{Error, Office};
use crate::deliver::schedule::{CartKey, Follows, ForCart};
use crate::deliver::{Attempt, NotTried, Over};
use crate::gate::Decision;
use crate::id::DeliveryId;
use crate::outbox::{self, Found, Outbox as _, sqlite};
use crate::store::carts::Pause;
use crate::store::orders::OrderRef;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::timeout;

/// Updates of the same order that are sent first, at most, before one that somebody waits for.
const BEFORE_MAX: usize = 100;
/// How long somebody waits for the worker.
pub const WAIT_MS: u64 = 60_000;

/// What came of a request.
#[derive(Debug, Clone, Serialize)]
pub struct Sent {
    /// The gate's decision, which is kept.
    pub decision: Decision,
    /// What followed.
    pub done: Done,
}

/// What followed from a decision.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// Nothing was sent: a condition does not hold.
    Nothing,
    /// The cart's mode only records: the dry run shows what would have been sent.
    Recorded(Box<Attempt>),
    /// It was accepted and tried.
    Tried {
        /// What came of it.
        attempt: Box<Attempt>,
        /// When it is tried again. None: it is not.
        again_unix_ms: Option<u64>,
    },
    /// It was accepted and is in the outbox.
    Waits {
        /// The delivery.
        delivery: DeliveryId,
        /// For what.
        waits: Waits,
    },
}

/// For what an accepted update waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waits {
    /// The cart is paused.
    Paused {
        /// Why, by name.
        why: String,
    },
    /// An earlier update of the order comes first, and is not delivered.
    Earlier,
    /// An earlier attempt at the order may still be under way at the cart.
    Busy {
        /// Until when.
        until_unix_ms: u64,
    },
    /// Something failed at the order's queue, which rests.
    Fault {
        /// What failed.
        fault: String,
    },
    /// The worker, which has not tried it yet.
    Worker,
}

/// How far a delivery has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The cart has it.
    Delivered,
    /// It is a dead letter, or was ended.
    Not(Box<Found>),
    /// It waits or is under way.
    OnItsWay,
}

impl Office {
    /// Accepts a request and tries it at once, after what the order's queue holds already; where a worker serves the directory, it is left
    /// to that one and waited for. A cart that cannot be made ready is found out before anything is accepted.
    ///
    /// # Errors
    ///
    /// [`Error`] where the request is not valid or the cart cannot be made ready: nothing was accepted then. What the gate and the cart
    /// answer is in [`Sent`].
    pub async fn send(&self, request: &Request) -> Result<Sent, Error> {
        let mut over = self.shared.over.subscribe();
        self.fit(request).await?;
        let Accepted { decision, done } = self.accept(request, None).await?;
        let done = match done {
            // Who asks for the same again wants it sent: what waits in the order's queue is tried.
            Outcome::Nothing if !decision.must_act() && !self.is_serving() => match self.head(&decision).await? {
                Some(head) => self.deliver(request, &decision, head).await?,
                None => Done::Nothing,
            },
            Outcome::Nothing => Done::Nothing,
            Outcome::Recorded => match self.record(request).await? {
                Some(attempt) => Done::Recorded(Box::new(attempt)),
                None => Done::Nothing,
            },
            Outcome::Queued { delivery, .. } if self.is_serving() => {
                let wait = Duration::from_millis(WAIT_MS);
                self.waited(&delivery, timeout(wait, attempt_of(&mut over, &delivery)).await.ok().flatten())
            }
            Outcome::Queued { delivery, .. } => self.deliver(request, &decision, delivery).await?,
        };
        Ok(Sent { decision, done })
    }

    /// Waits until a delivery is over: delivered, or not tried again by itself; at most so long.
    ///
    /// # Errors
    ///
    /// [`Error`] where the outbox cannot be read.
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

    /// Whether the cart could be made ready, if the gate lets the request through.
    async fn fit(&self, request: &Request) -> Result<(), Error> {
        let Looked { facts, kept, nearest, .. } = self.look(&request.cart, &request.order_number(), None).await?;
        let asked = super::accept::Asked::new(request, &facts, self.now_unix_ms())?;
        let decision = asked.decide(&request.cart, kept.as_deref(), nearest.as_deref(), &facts)?;
        if let Some(kept) = kept.filter(|_| decision.verdict != crate::gate::Verdict::Nothing) {
            self.courier(&kept).await?;
        }
        Ok(())
    }

    /// Tries an order's queue until the turn of this delivery is over.
    async fn deliver(&self, request: &Request, decision: &Decision, delivery: DeliveryId) -> Result<Done, Error> {
        if let Some(Pause { why, .. }) = self.pause(request).await? {
            return Ok(Done::Waits { delivery, waits: Waits::Paused { why } });
        }
        let cart: CartKey = (self.merchant.clone(), request.cart.clone());
        let deliverer = self.deliverer();
        for _ in 0..BEFORE_MAX {
            let Over { verdict, next_due_unix_ms, tried } = deliverer.attempt(&cart, &decision.order_number, 0).await?;
            let attempt = match tried {
                Ok(attempt) => attempt,
                Err(NotTried::Busy { until_unix_ms }) => return Ok(Done::Waits { delivery, waits: Waits::Busy { until_unix_ms } }),
                Err(NotTried::Fault { fault }) => return Ok(Done::Waits { delivery, waits: Waits::Fault { fault } }),
                Err(NotTried::Held | NotTried::NotReady | NotTried::Nothing) => break,
            };
            let again_now = next_due_unix_ms.is_some_and(|due| due <= deliverer.now().unix_ms());
            let retry = matches!(verdict.update, Follows::Retry { .. });
            // Other credentials that wait are tried at once.
            let others = retry && verdict.cart == Some(ForCart::Prove) && again_now;
            if attempt.receipt.delivery == delivery && !others {
                return Ok(Done::Tried { attempt, again_unix_ms: next_due_unix_ms.filter(|_| retry) });
            }
            if !again_now {
                break;
            }
        }
        Ok(Done::Waits { delivery, waits: Waits::Earlier })
    }

    /// The delivery at the head of the order's queue.
    async fn head(&self, decision: &Decision) -> Result<Option<DeliveryId>, Error> {
        let merchant = self.merchant.clone();
        let order = OrderRef { cart: decision.cart.clone(), number: decision.order_number.clone() };
        Ok(self.shared.store.read::<_, outbox::Error>(move |view| sqlite::head(view, &merchant, &order)).await?)
    }

    /// Whether a worker serves this directory.
    fn is_serving(&self) -> bool {
        self.shared.serving.load(Ordering::Relaxed)
    }

    /// The pause that holds a cart now.
    async fn pause(&self, request: &Request) -> Result<Option<Pause>, Error> {
        let pause = self.find_cart(&request.cart).await?.and_then(|kept| kept.row.pause);
        Ok(pause.filter(|pause| pause.holds(self.now_unix_ms())))
    }

    fn waited(&self, delivery: &DeliveryId, attempt: Option<Arc<Attempt>>) -> Done {
        match attempt {
            Some(attempt) => Done::Tried { attempt: Box::new(Attempt::clone(&attempt)), again_unix_ms: None },
            None => Done::Waits { delivery: delivery.clone(), waits: Waits::Worker },
        }
    }
}

/// The next attempt at a delivery that is over. None: there will be none.
async fn attempt_of(over: &mut broadcast::Receiver<Arc<Attempt>>, delivery: &DeliveryId) -> Option<Arc<Attempt>> {
    loop {
        match over.recv().await {
            Ok(attempt) if attempt.receipt.delivery == *delivery => return Some(attempt),
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return None,
        }
    }
}
