//! The worker's view of the service: the carts of all merchants, made ready for attempts. What the worker notes goes from here to the log,
//! the counters and the observations.

use super::cart_clients::{CartClients, Kept, With};
use super::counts::Counts;
use super::disk_space::DiskSpace;
use super::recordings::{RAW_MS_MAX, recorded};
use super::seen::Observations;
use super::{Error, Service};
use crate::deliver::Attempt;
use crate::deliver::registry::{CartRegistry, NextCredentials, NotReady, Ready, Recorded, RegisteredCart, Trial, WorkerNote};
use cartage_contract::manifest::Pace;
use cartage_contract::orders::Update;
use cartage_model::carts::Cart;
use cartage_model::cassette::redact::Rules;
use cartage_model::id::{MerchantId, SenderOrderNumber};
use cartage_model::receipt::{Fate, PauseReason};
use cartage_policy::gate::order::packages;
use cartage_policy::gate::package::{fit, mark};
use cartage_policy::schedule::{AttemptVerdict, CartKey, NextStep};
use cartage_store::cassettes::Personal;
use cartage_store::credentials::Generation;
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{self, Claim};
use cartage_store::{self as store, Store, merchants};
use std::sync::Arc;
use tokio::sync::broadcast;

/// The carts of all merchants, as the worker sees them.
#[derive(Clone)]
pub struct Registry {
    /// The service, which acts for the merchant of each cart.
    pub(super) service: Service,
    pub(super) store: Store,
    pub(super) cart_clients: Arc<CartClients>,
    pub(super) counts: Arc<Counts>,
    pub(super) seen: Arc<Observations>,
    pub(super) disk_space: DiskSpace,
    /// Announces each finished attempt to callers that wait for one.
    pub(super) over: broadcast::Sender<Arc<Attempt>>,
}

impl CartRegistry for Registry {
    async fn carts(&self) -> Result<Vec<RegisteredCart>, outbox::Error> {
        let rows = self.store.read::<_, store::Error>(|view| {
            let mut rows = Vec::new();
            for merchant in merchants::list(view)? {
                for row in store::carts::list(view, &merchant)? {
                    rows.push(((merchant.clone(), row.definition.cart.clone()), pace(view, &merchant, &row)?, row));
                }
            }
            Ok(rows)
        });
        Ok(rows.await?.into_iter().filter_map(|(cart, pace, row)| standing(cart, &pace, &row)).collect())
    }

    async fn cart(&self, cart: &CartKey) -> Result<Option<RegisteredCart>, outbox::Error> {
        let (merchant, id) = cart.clone();
        let look = move |view: &store::View<'_>| -> Result<_, store::Error> {
            let Some(row) = store::carts::get(view, &merchant, &id)? else { return Ok(None) };
            Ok(Some((pace(view, &merchant, &row)?, row)))
        };
        Ok(self.store.read(look).await?.and_then(|(pace, row)| standing(cart.clone(), &pace, &row)))
    }

    async fn ready(&self, cart: &CartKey) -> Result<Option<Arc<Ready>>, NotReady> {
        if let Kept::Ready(ready) = self.cart_clients.kept(cart) {
            return Ok(Some(ready));
        }
        let _turn = self.cart_clients.readying.take(cart).await;
        let change = self.cart_clients.change(cart);
        let generation = match self.cart_clients.kept(cart) {
            Kept::Ready(ready) => return Ok(Some(ready)),
            Kept::Rests => return Ok(None),
            Kept::Make(generation) => generation,
        };
        let ready = Arc::new(self.make_ready(cart, generation, self.cart_clients.trial(cart)).await?);
        self.cart_clients.keep(cart, &ready, change);
        Ok(Some(ready))
    }

    async fn brief(
        &self,
        cart: &CartKey,
        order_number: &SenderOrderNumber,
        ready: &Ready,
        mut update: Box<Update>,
    ) -> Result<Box<Update>, outbox::Error> {
        let (merchant, order) = (cart.0.clone(), OrderRef { cart: cart.1.clone(), number: order_number.clone() });
        let known = self.store.read::<_, store::Error>(move |view| store::orders::get(view, &merchant, &order)).await?;
        mark(&mut update, packages(known.as_ref().map(super::snapshot::known).as_ref()));
        fit(&mut update, ready.client.manifest().features, &ready.leave_out);
        Ok(update)
    }

    async fn tried(&self, cart: &CartKey, ready: &Ready, fate: Fate) -> NextCredentials {
        let refused = matches!(fate, Fate::PauseCart { reason: PauseReason::Credentials, .. });
        let delivered = matches!(fate, Fate::Delivered | Fate::AlreadyDelivered);
        let service = self.service.as_merchant(cart.0.clone());
        match ready.generation {
            // What was begun before says nothing of the credentials that are used now.
            _ if refused && self.cart_clients.is_older(cart, ready) => NextCredentials::OthersNext,
            Generation::Current if refused && service.credentials().others_wait(&cart.1).await => {
                self.cart_clients.go_over(cart);
                NextCredentials::OthersNext
            }
            Generation::Next if delivered => {
                if let Err(error) = service.credentials().promote(&cart.1).await {
                    tracing::warn!(cart = %cart.1, error = &error as &dyn std::error::Error, "could not make the new credentials current");
                }
                self.cart_clients.set(cart, With::These(Generation::Current));
                NextCredentials::Stand
            }
            Generation::Current | Generation::Next => {
                if refused {
                    self.cart_clients.refused(cart, ready);
                }
                NextCredentials::Stand
            }
        }
    }

    /// The receipt and the cassette to store, without personal data. A cassette whose personal data cannot be removed is not stored, and no
    /// cassette is while the disk is nearly full; the receipt still holds the attempt's outcome.
    async fn record(&self, ready: &Ready, attempt: &Attempt) -> Recorded {
        let raw = ready.raw_until_unix_ms.is_some_and(|until| (1..=RAW_MS_MAX).contains(&until.saturating_sub(attempt.receipt.at_unix_ms)));
        let keep = match (self.disk_space.level().records(), raw) {
            (false, _) => None,
            (true, true) => Some(Personal::Raw),
            (true, false) => Some(Personal::Redacted),
        };
        recorded(ready.personal.clone(), attempt, keep).await
    }

    async fn pause(&self, (merchant, cart): &CartKey, why: PauseReason) -> Result<(), outbox::Error> {
        Ok(self.service.as_merchant(merchant.clone()).clients().pause_for(cart, why).await?)
    }

    fn note(&self, cart: &CartKey, note: &WorkerNote<'_>) {
        self.seen.note(cart, note);
        match note {
            WorkerNote::Attempted { claim, attempt, verdict } => {
                log(claim, attempt, verdict);
                self.counts.attempted(cart, attempt);
                // Nobody waits for it: that is no error.
                let _ = self.over.send(Arc::new(Attempt::clone(attempt)));
            }
            WorkerNote::Poison { delivery } => {
                tracing::error!(cart = %cart.1, %delivery, "the delivery became a dead letter: repeated attempts ended without an answer")
            }
            WorkerNote::Fault { order, fault } => {
                tracing::error!(cart = %cart.1, order, fault, "an error occurred at an order's queue; trying again later")
            }
            WorkerNote::NotReady { why } => {
                tracing::error!(cart = %cart.1, why = cartage_base::causes::chain(*why), "the cart cannot be made ready")
            }
            WorkerNote::Disk { error } => {
                tracing::error!(cart = %cart.1, error = *error as &dyn std::error::Error, "the store failed; trying again")
            }
            WorkerNote::Breaker(breaker) => tracing::warn!(cart = %cart.1, ?breaker, "the breaker changed"),
        }
    }
}

impl Registry {
    async fn make_ready(&self, cart: &CartKey, generation: Generation, trial: Arc<Trial>) -> Result<Ready, Error> {
        let service = self.service.as_merchant(cart.0.clone());
        let (kept, clients) = (service.carts().get(&cart.1).await?, service.clients());
        let client = match generation {
            Generation::Current => None,
            Generation::Next => clients.next(&kept).await?,
        };
        let generation = if client.is_some() { Generation::Next } else { Generation::Current };
        let client = match client {
            Some(client) => client,
            None => clients.current(&kept).await?,
        };
        let full_state = client.manifest().features.full_state;
        let personal = Rules::new(&client.manifest().personal_fields);
        let raw_until_unix_ms = service.recordings().raw_until(&cart.1).await?;
        let rules = kept.cart.delivery.with(&client.manifest().pace);
        let leave_out = kept.cart.leave_out;
        Ok(Ready { client, rules, leave_out, full_state, generation, trial, personal, raw_until_unix_ms })
    }
}

/// Logs an attempt in one line, without the content of the update and of the cart's answer.
fn log(claim: &Claim, attempt: &Attempt, verdict: &AttemptVerdict) {
    let Claim { merchant, order, delivery, sequence, attempt: n, .. } = claim;
    let (again_at_unix_ms, dead) = match verdict.update {
        NextStep::Delivered => (None, None),
        NextStep::Retry { due_unix_ms, .. } => (Some(due_unix_ms), None),
        NextStep::Dead { reason, .. } => (None, Some(reason.to_string())),
    };
    let (reach, outcome, took_ms) = (format!("{:?}", attempt.receipt.reach), attempt.receipt.fate.name(), attempt.receipt.took_ms);
    tracing::info!(
        target: "cartage::attempt", merchant = merchant.as_str(), cart = order.cart.as_str(), order = order.number.as_str(), delivery = delivery.as_str(),
        sequence, n, outcome, reach, took_ms, again_at_unix_ms, dead, "attempted"
    );
}

/// The load that a cart bears, as its plugin says; the default for a plugin that was not admitted.
fn pace(view: &store::View<'_>, merchant: &MerchantId, row: &store::carts::CartRow) -> Result<Pace, store::Error> {
    #[derive(serde::Deserialize)]
    struct Paced {
        pace: Pace,
    }
    let Some(pinned) = row.definition.plugin else { return Ok(Pace::default()) };
    let plugin = store::plugins::get(view, merchant, pinned)?;
    let read = plugin.and_then(|plugin| serde_json::from_str::<Paced>(&plugin.manifest).ok());
    Ok(read.map(|Paced { pace }| pace).unwrap_or_default())
}

/// The state of a cart for the scheduler; `None` if its definition cannot be read, so that nothing can be sent there until a person mends
/// it.
fn standing(cart: CartKey, pace: &Pace, row: &store::carts::CartRow) -> Option<RegisteredCart> {
    match Cart::parse("the store", &row.definition.text) {
        Ok(definition) => {
            Some(RegisteredCart { cart, rules: definition.delivery.with(pace), enabled: row.enabled, pause: row.pause.clone() })
        }
        Err(error) => {
            tracing::error!(cart = %cart.1, error = &error as &dyn std::error::Error, "the cart's definition cannot be read");
            None
        }
    }
}
