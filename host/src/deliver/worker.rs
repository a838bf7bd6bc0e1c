//! All carts at once: the loop that ties scheduler, outbox and couriers together.
//!
//! The [`Scheduler`] names carts, the outbox names their orders that are due, and each order that may go is a task of its own, which
//! [`Deliverer::attempt`] is. The loop itself waits for nothing but the next thing to happen: a task that ends, news on the bell, the time of a
//! retry, or the word to stop. It keeps nothing that is not on disk as well: what a crash takes from it, the next start reads again.
//!
//! When told to stop it starts nothing more and waits for what is under way; what is not over by then is known by its claim.

use super::bell::{Bell, News};
use super::roster::{NotReady, Note, Roster, Standing};
use super::schedule::{CartKey, Fetch, Scheduler, Verdict};
use super::{Deliverer, Over, draw};
use crate::outbox::{self, Due, Look, Outbox};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Orders that may be in flight at once, of all carts together.
pub const IN_FLIGHT_MAX: u32 = 256;
/// The longest that the loop sleeps: a clock that was set forward meanwhile is seen then.
pub const SLEEP_MS_MAX: u64 = 60_000;
/// How long a cart is left alone whose queue could not be asked.
pub const ASK_AGAIN_MS: u64 = 1_000;

/// Why a worker ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The carts could not be read.
    #[error("could not read the carts, so nothing was delivered")]
    Carts(#[source] NotReady),
    /// The outbox is of no use any more. What was accepted is on disk, and is delivered after the next start.
    #[error("the outbox failed, so nothing more is delivered; mend what it says and start again")]
    Outbox(#[source] outbox::Error),
}

/// Delivers for all carts until it is told to stop.
pub struct Worker<O, R> {
    deliverer: Deliverer<O, R>,
    bell: Arc<Bell>,
    scheduler: Scheduler<String>,
    tasks: JoinSet<Ended>,
}

/// A task that ended.
enum Ended {
    /// A cart's queue was asked.
    Asked { cart: CartKey, answer: Result<Due, outbox::Error> },
    /// An order's turn is over.
    Turn { cart: CartKey, order: String, over: Result<Over, outbox::Error> },
}

impl<O: Outbox + Clone + 'static, R: Roster> Worker<O, R> {
    /// A worker that hears of news by this bell.
    pub fn new(deliverer: Deliverer<O, R>, bell: Arc<Bell>) -> Worker<O, R> {
        Worker { deliverer, bell, scheduler: Scheduler::new(IN_FLIGHT_MAX), tasks: JoinSet::new() }
    }

    /// Delivers until `stop` is over, then waits at most so long for what is under way. Tells how many attempts were left under way.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send, drain: Duration) -> Result<usize, Error> {
        for standing in self.deliverer.roster.carts().await.map_err(Error::Carts)? {
            self.take_in(&standing);
            self.scheduler.work(&standing.cart, 0, self.deliverer.now());
        }
        let mut stop = std::pin::pin!(stop);
        let bell = self.bell.clone();
        loop {
            self.start_what_may_go();
            let wake = self.sleep_ms();
            tokio::select! {
                () = &mut stop => break,
                Some(ended) = self.tasks.join_next() => self.ended(joined(ended))?,
                news = bell.news() => self.hear(news).await?,
                () = sleep(Duration::from_millis(wake)) => {}
            }
        }
        self.drain(drain).await
    }

    /// Asks the queues of the carts whose turn it is.
    fn start_what_may_go(&mut self) {
        let now = self.deliverer.now();
        for Fetch { cart, at_most, due_by_unix_ms, in_flight } in self.scheduler.next(now) {
            let outbox = self.deliverer.outbox.clone();
            let look = Look {
                merchant: cart.0.clone(),
                cart: cart.1.clone(),
                now_unix_ms: due_by_unix_ms,
                most: at_most,
                in_flight: BTreeSet::from_iter(in_flight),
            };
            self.tasks.spawn(async move { Ended::Asked { answer: outbox.due(look).await, cart } });
        }
        for (cart, breaker) in self.scheduler.take_breaker_changes() {
            self.deliverer.roster.note(&cart, &Note::Breaker(breaker));
        }
    }

    fn ended(&mut self, ended: Ended) -> Result<(), Error> {
        match ended {
            Ended::Asked { cart, answer } => self.asked(&cart, answer),
            Ended::Turn { cart, order, over } => self.over(&cart, &order, over),
        }
    }

    /// Gives the orders that may go a task each.
    fn asked(&mut self, cart: &CartKey, answer: Result<Due, outbox::Error>) -> Result<(), Error> {
        let now = self.deliverer.now();
        let Due { heads, next_unix_ms } = match answer {
            Ok(due) => due,
            Err(error) => {
                self.scheduler.fetched(cart, Vec::new(), Some(now.unix_ms() + ASK_AGAIN_MS), now);
                return self.disk(cart, error);
            }
        };
        let orders = heads.into_iter().map(|head| head.order.number).collect();
        let rate_limits = self.scheduler.rate_limits(cart);
        for order in self.scheduler.fetched(cart, orders, next_unix_ms, now) {
            let (deliverer, cart) = (self.deliverer.clone(), cart.clone());
            self.tasks.spawn(async move {
                let over = deliverer.attempt(&cart, &order, rate_limits).await;
                Ended::Turn { cart, order, over }
            });
        }
        Ok(())
    }

    fn over(&mut self, cart: &CartKey, order: &String, over: Result<Over, outbox::Error>) -> Result<(), Error> {
        let now = self.deliverer.now();
        match over {
            Ok(Over { verdict, next_due_unix_ms, .. }) => {
                self.scheduler.settled(cart, order, &verdict, next_due_unix_ms, now, draw());
                Ok(())
            }
            Err(error) => {
                let again = now.unix_ms() + ASK_AGAIN_MS;
                self.scheduler.settled(cart, order, &Verdict::not_tried(now, ASK_AGAIN_MS), Some(again), now, draw());
                self.disk(cart, error)
            }
        }
    }

    /// What passes is waited for; anything else ends the worker, so that nobody believes that it delivers.
    fn disk(&self, cart: &CartKey, error: outbox::Error) -> Result<(), Error> {
        if !error.is_passing() {
            return Err(Error::Outbox(error));
        }
        self.deliverer.roster.note(cart, &Note::Disk { error: &error });
        Ok(())
    }

    async fn hear(&mut self, News { work, changed }: News) -> Result<(), Error> {
        for cart in changed {
            match self.deliverer.roster.cart(&cart).await.map_err(Error::Carts)? {
                Some(standing) => {
                    self.take_in(&standing);
                    self.scheduler.work(&cart, 0, self.deliverer.now());
                }
                None => self.scheduler.remove(&cart, self.deliverer.now()),
            }
        }
        for cart in work {
            self.scheduler.work(&cart, 0, self.deliverer.now());
        }
        Ok(())
    }

    /// Takes in how a cart stands.
    fn take_in(&mut self, Standing { cart, rules, enabled, pause }: &Standing) {
        let now = self.deliverer.now();
        self.scheduler.set(cart, rules, now);
        match enabled {
            true => self.scheduler.enable(cart, now),
            false => self.scheduler.disable(cart, now),
        }
        self.scheduler.resume(cart, now);
        if let Some(pause) = pause {
            self.scheduler.pause(cart, pause.until_unix_ms, now);
        }
    }

    fn sleep_ms(&self) -> u64 {
        let wake_at = self.scheduler.wake_at();
        wake_at.map_or(SLEEP_MS_MAX, |at| self.deliverer.now().until_ms(at).min(SLEEP_MS_MAX))
    }

    async fn drain(&mut self, drain: Duration) -> Result<usize, Error> {
        let all = timeout(drain, async {
            while let Some(ended) = self.tasks.join_next().await {
                if let Ended::Turn { cart, order, over } = joined(ended) {
                    self.over(&cart, &order, over)?;
                }
            }
            Ok(())
        });
        match all.await {
            Ok(over) => over.map(|()| 0),
            Err(_) => Ok(self.tasks.len()),
        }
    }
}

fn joined(ended: Result<Ended, tokio::task::JoinError>) -> Ended {
    match ended {
        Ok(ended) => ended,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => unreachable!("no task is cancelled while the worker is there"),
        },
    }
}
