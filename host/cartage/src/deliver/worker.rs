//! Delivers for all carts at once: the loop that connects the scheduler, the outbox and the clients.
//!
//! The [`Scheduler`] names carts, the outbox names their orders that are due, and each order that may start is a task of its own, which runs
//! [`Deliverer::attempt`]. The loop itself waits only for the next event: the end of a task, news on the wake signal, the time of a retry, or the signal to
//! stop. Everything it knows is on disk as well: what a crash takes from it, the next start reads again.
//!
//! After the signal to stop, or when the store cannot be used any more, the loop starts nothing and waits for the attempts under way; those that do
//! not end in time are known by their claims. Nothing else ends the loop: after a task that fails or panics, its order's queue or its cart rests.

use super::registry::{CartRegistry, RegisteredCart, WorkerNote};
use super::wake::{Changes, WakeSignal};
use super::{Deliverer, NOT_READY_MS, TurnResult, draw};
use cartage_base::causes::chain;
use cartage_model::id::SenderOrderNumber;
use cartage_model::receipt::PauseReason;
use cartage_policy::schedule::{AttemptVerdict, Candidate, CartKey, Fetch, Scheduler};
use cartage_store::outbox::{self, Due, DueQuery, Outbox, Reach};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{sleep, timeout};

/// The most orders of all carts together that may be in flight at once.
pub const IN_FLIGHT_MAX: u32 = 256;
/// The longest sleep of the loop, in milliseconds. A wall clock that was set forward meanwhile is noticed then.
pub const SLEEP_MS_MAX: u64 = 60_000;
/// How long a cart rests, in milliseconds, after its queue could not be read.
pub const ASK_AGAIN_MS: u64 = 1_000;

/// Why a worker ended without being told to: the store cannot be used any more. Accepted updates are on disk and are delivered after the next start.
#[derive(Debug, thiserror::Error)]
#[error("the store failed, so nothing more is delivered; correct the cause and start again")]
pub struct Error(#[source] outbox::Error);

/// Delivers for all carts until it is told to stop.
pub struct Worker<O, R> {
    deliverer: Deliverer<O, R>,
    wake_signal: Arc<WakeSignal>,
    scheduler: Scheduler<SenderOrderNumber>,
    tasks: JoinSet<Ended>,
    /// By task: what it does, for the case that it panics.
    doing: HashMap<Id, Doing>,
}

/// The work of a task.
#[derive(Debug, Clone)]
enum Doing {
    /// The task reads the due lanes of a cart.
    Asks(CartKey),
    /// The task makes an attempt at the head of an order's queue.
    Turn(CartKey, SenderOrderNumber),
}

/// The result of a task.
enum Ended {
    Asked(Result<Due, outbox::Error>),
    Turn(Result<TurnResult, outbox::Error>),
}

impl<O: Outbox + Clone + 'static, R: CartRegistry> Worker<O, R> {
    /// A worker that this wake signal wakes.
    pub fn new(deliverer: Deliverer<O, R>, wake_signal: Arc<WakeSignal>) -> Worker<O, R> {
        let scheduler = Scheduler::new(IN_FLIGHT_MAX);
        Worker { deliverer, wake_signal, scheduler, tasks: JoinSet::new(), doing: HashMap::new() }
    }

    /// Delivers until `stop` completes, then waits at most `drain` for the attempts under way. Returns how many were still under way at the end.
    ///
    /// # Errors
    ///
    /// [`Error`], after the attempts under way have ended or the wait is over.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send, drain: Duration) -> Result<usize, Error> {
        let mut stop = std::pin::pin!(stop);
        let worked = tokio::select! {
            () = &mut stop => Ok(()),
            failed = self.work() => failed,
        };
        let (left, drained) = self.drain(drain).await;
        worked.and(drained).map(|()| left)
    }

    /// Delivers until the store cannot be used any more.
    async fn work(&mut self) -> Result<(), Error> {
        self.hear_the_witness().await?;
        for standing in self.carts().await? {
            self.take_in(&standing);
            self.scheduler.work(&standing.cart, 0, self.deliverer.now());
        }
        let wake_signal = self.wake_signal.clone();
        loop {
            self.start_what_may_go();
            let wake = self.sleep_ms();
            tokio::select! {
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended)?,
                news = wake_signal.news() => self.hear(news).await?,
                () = sleep(Duration::from_millis(wake)) => {}
            }
        }
    }

    /// Reads which attempts an earlier process was working on when it died. This must be known before anything is tried.
    async fn hear_the_witness(&self) -> Result<(), Error> {
        while let Err(error) = self.deliverer.hear_the_witness().await {
            if error.reach() == Reach::Process {
                return Err(Error(error));
            }
            tracing::error!(error = chain(&error), "could not record which attempts an earlier process died at; trying again");
            sleep(Duration::from_millis(ASK_AGAIN_MS)).await;
        }
        Ok(())
    }

    /// Lists all carts, and repeats this while the store cannot be read.
    async fn carts(&self) -> Result<Vec<RegisteredCart>, Error> {
        loop {
            match self.deliverer.registry.carts().await {
                Ok(carts) => return Ok(carts),
                Err(error) if error.reach() == Reach::Process => return Err(Error(error)),
                Err(error) => tracing::error!(error = chain(&error), "could not read the carts; trying again"),
            }
            sleep(Duration::from_millis(ASK_AGAIN_MS)).await;
        }
    }

    fn spawn(&mut self, doing: Doing, task: impl Future<Output = Ended> + Send + 'static) {
        let id = self.tasks.spawn(task).id();
        self.doing.insert(id, doing);
    }

    /// Starts to read the queues of the carts whose turn it is.
    fn start_what_may_go(&mut self) {
        let now = self.deliverer.now();
        for Fetch { cart, at_most, due_by_unix_ms, in_flight } in self.scheduler.next(now) {
            let outbox = self.deliverer.outbox.clone();
            let look = DueQuery {
                merchant: cart.0.clone(),
                cart: cart.1.clone(),
                now_unix_ms: due_by_unix_ms,
                most: at_most,
                in_flight: BTreeSet::from_iter(in_flight),
            };
            self.spawn(Doing::Asks(cart), async move { Ended::Asked(outbox.due(look).await) });
        }
        for (cart, breaker) in self.scheduler.take_breaker_changes() {
            self.deliverer.registry.note(&cart, &WorkerNote::Breaker(breaker));
        }
    }

    fn ended(&mut self, ended: Result<(Id, Ended), JoinError>) -> Result<(), Error> {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let doing = self.doing.remove(&id).expect("each task is noted when it is begun");
        match (doing, ended) {
            (Doing::Asks(cart), Ok((_, Ended::Asked(answer)))) => self.asked(&cart, answer),
            (Doing::Turn(cart, order), Ok((_, Ended::Turn(over)))) => self.over(&cart, &order, over),
            (Doing::Asks(_), Ok((_, Ended::Turn(_)))) | (Doing::Turn(..), Ok((_, Ended::Asked(_)))) => {
                unreachable!("a task ends as what it was begun as")
            }
            (Doing::Asks(cart), Err(panic)) => {
                self.cart_rests(&cart, &Failed(format!("could not read the cart's queue, because Cartage failed: {}", said(panic))));
                Ok(())
            }
            (Doing::Turn(cart, order), Err(panic)) => {
                let (deliverer, what) = (self.deliverer.clone(), said(panic));
                self.spawn(
                    Doing::Turn(cart.clone(), order.clone()),
                    async move { Ended::Turn(deliverer.panicked(&cart, &order, &what).await) },
                );
                Ok(())
            }
        }
    }

    /// Starts a task for each order that may go.
    fn asked(&mut self, cart: &CartKey, answer: Result<Due, outbox::Error>) -> Result<(), Error> {
        let now = self.deliverer.now();
        let Due { heads, next_unix_ms } = match answer {
            Ok(due) => due,
            Err(error) if error.reach() == Reach::Content => {
                self.cart_rests(cart, &error);
                return Ok(());
            }
            Err(error) => {
                self.scheduler.fetched(cart, Vec::new(), Some(now.unix_ms() + ASK_AGAIN_MS), now);
                return self.disk(cart, error);
            }
        };
        let orders = heads.into_iter().map(|head| Candidate { lane: head.order.number, suspect: head.suspect }).collect();
        let rate_limits = self.scheduler.rate_limits(cart);
        for order in self.scheduler.fetched(cart, orders, next_unix_ms, now) {
            let (deliverer, key, number) = (self.deliverer.clone(), cart.clone(), order.clone());
            self.spawn(Doing::Turn(cart.clone(), order), async move { Ended::Turn(deliverer.attempt(&key, &number, rate_limits).await) });
        }
        Ok(())
    }

    /// Lets a cart rest whose queue could not be read, for a reason that affects no other cart.
    fn cart_rests(&mut self, cart: &CartKey, why: &(dyn std::error::Error + 'static)) {
        self.deliverer.registry.note(cart, &WorkerNote::NotReady { why });
        let now = self.deliverer.now();
        self.scheduler.fetched(cart, Vec::new(), Some(now.unix_ms() + NOT_READY_MS), now);
    }

    fn over(&mut self, cart: &CartKey, order: &SenderOrderNumber, over: Result<TurnResult, outbox::Error>) -> Result<(), Error> {
        let now = self.deliverer.now();
        match over {
            Ok(TurnResult { verdict, next_due_unix_ms, .. }) => {
                self.scheduler.settled(cart, order, &verdict, next_due_unix_ms, now, draw());
                Ok(())
            }
            Err(error) => {
                let again = now.unix_ms() + ASK_AGAIN_MS;
                self.scheduler.settled(cart, order, &AttemptVerdict::not_tried(now, ASK_AGAIN_MS), Some(again), now, draw());
                self.disk(cart, error)
            }
        }
    }

    /// Reports an error of the store. A passing error is waited out; an error that makes the store unusable ends the worker, so that nobody believes
    /// that it still delivers.
    fn disk(&self, cart: &CartKey, error: outbox::Error) -> Result<(), Error> {
        if error.reach() == Reach::Process {
            return Err(Error(error));
        }
        self.deliverer.registry.note(cart, &WorkerNote::Disk { error: &error });
        Ok(())
    }

    async fn hear(&mut self, Changes { work, changed }: Changes) -> Result<(), Error> {
        for cart in changed {
            match self.deliverer.registry.cart(&cart).await {
                Ok(Some(standing)) => {
                    self.take_in(&standing);
                    self.scheduler.work(&cart, 0, self.deliverer.now());
                }
                Ok(None) => self.scheduler.remove(&cart, self.deliverer.now()),
                Err(error) => {
                    self.disk(&cart, error)?;
                    // It goes on as it was until the store says how it stands.
                    let wake_signal = self.wake_signal.clone();
                    tokio::spawn(async move {
                        sleep(Duration::from_millis(ASK_AGAIN_MS)).await;
                        wake_signal.changed(&cart);
                    });
                }
            }
        }
        for cart in work {
            self.scheduler.work(&cart, 0, self.deliverer.now());
        }
        Ok(())
    }

    /// Passes a cart's state to the scheduler.
    fn take_in(&mut self, RegisteredCart { cart, rules, enabled, pause }: &RegisteredCart) {
        let now = self.deliverer.now();
        self.scheduler.set(cart, rules, now);
        match enabled {
            true => self.scheduler.enable(cart, now),
            false => self.scheduler.disable(cart, now),
        }
        self.scheduler.resume(cart, now);
        if let Some(pause) = pause.as_ref().filter(|pause| pause.holds(now.unix_ms())) {
            self.scheduler.pause(cart, pause.until_unix_ms, now);
            if PauseReason::named_wants_proof(&pause.why) {
                self.scheduler.prove(cart, now);
            }
        }
    }

    fn sleep_ms(&self) -> u64 {
        let wake_at = self.scheduler.wake_at();
        wake_at.map_or(SLEEP_MS_MAX, |at| self.deliverer.now().until_ms(at).min(SLEEP_MS_MAX))
    }

    /// Waits at most `drain` for the tasks under way. Returns how many were left, and the first error that shows the store to be unusable.
    async fn drain(&mut self, drain: Duration) -> (usize, Result<(), Error>) {
        let mut drained = None;
        let all = async {
            while let Some(ended) = self.tasks.join_next_with_id().await {
                let asked = matches!(ended, Ok((_, Ended::Asked(_))));
                // What is due is not begun any more.
                if !asked && let Err(error) = self.ended(ended) {
                    let _ = drained.get_or_insert(error);
                }
            }
        };
        let _ = timeout(drain, all).await;
        (self.tasks.len(), drained.map_or(Ok(()), Err))
    }
}

/// An error of which only the text is known.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failed(String);

/// The text of a panic.
fn said(error: JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            text.unwrap_or("no message").to_owned()
        }
        Err(_) => "it was cut off".to_owned(),
    }
}
