//! The worker's view of the service: the carts of all merchants, each made ready, and the recipients of its news.

use super::recordings::{RAW_MS_MAX, recorded};
use super::{Error, Service};
use crate::deliver::Attempt;
use crate::deliver::registry::{CartRegistry, Credentials, NotReady, Note, Ready, Recorded, RegisteredCart, Trial};
use cartage_contract::manifest::Pace;
use cartage_contract::orders::Update;
use cartage_model::carts::Cart;
use cartage_model::cassette::Cassette;
use cartage_model::cassette::redact::Rules;
use cartage_model::id::{CartId, MerchantId, SenderOrderNumber};
use cartage_model::receipt::{Fate, PauseReason};
use cartage_policy::gate::package::{fit, mark};
use cartage_policy::schedule::{CartKey, NextStep, Verdict};
use cartage_store::carts::Pause;
use cartage_store::cassettes::Personal;
use cartage_store::credentials::Generation;
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{self, Claim};
use cartage_store::{self as store, Tx, audit, merchants};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// The name in the audit for a pause that no person made.
pub(super) const BY_ITSELF: &str = "cartage";

/// Carts that were made ready, each valid until a setting that it depends on changes.
#[derive(Default)]
pub(super) struct CartClients {
    /// The number of changes so far.
    changes: AtomicU64,
    ready: Mutex<BTreeMap<CartKey, Made>>,
}

struct Made {
    /// `None` if a change made the cart outdated, so that it must be made ready again.
    ready: Option<Arc<Ready>>,
    /// The number of changes when the cart was made ready.
    changes: u64,
    with: With,
    trial: Arc<Trial>,
}

/// The credentials for the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    /// The values of this turn.
    These(Generation),
    /// No credentials: the cart refused all of them, and is left alone until something changes.
    None,
}

/// The state of a cart in [`CartClients`].
enum Kept {
    /// The cart is ready.
    Ready(Arc<Ready>),
    /// The cart must be made ready, with these credentials.
    Make(Generation),
    /// The cart is left alone until something changes.
    Rests,
}

impl CartClients {
    /// Records a change that may concern any cart that was made ready.
    pub(super) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    fn kept(&self, cart: &CartKey) -> Kept {
        let ready = self.ready.lock().expect("nobody panics while holding it");
        let Some(made) = ready.get(cart) else { return Kept::Make(Generation::Current) };
        let is_changed = made.changes != self.changes.load(Ordering::Relaxed);
        match made.with {
            With::None if is_changed => Kept::Make(Generation::Current),
            With::None => Kept::Rests,
            With::These(generation) => match &made.ready {
                Some(ready) if !is_changed && ready.generation == generation => Kept::Ready(ready.clone()),
                Some(_) | None => Kept::Make(generation),
            },
        }
    }

    fn keep(&self, cart: &CartKey, ready: &Arc<Ready>, changes: u64) {
        let made = Made { ready: Some(ready.clone()), changes, with: With::These(ready.generation), trial: ready.trial.clone() };
        self.ready.lock().expect("nobody panics while holding it").insert(cart.clone(), made);
    }

    /// The trial of the next credentials. A trial that is under way continues when the cart is made ready again for another change.
    fn trial(&self, cart: &CartKey) -> Arc<Trial> {
        let ready = self.ready.lock().expect("nobody panics while holding it");
        ready.get(cart).map(|made| made.trial.clone()).filter(|trial| !trial.is_over()).unwrap_or_default()
    }

    /// Drops the carts that are not among these, and those that are outdated, with their secrets.
    pub(super) fn keep_only(&self, carts: &BTreeSet<CartKey>) {
        let changes = self.changes.load(Ordering::Relaxed);
        let mut ready = self.ready.lock().expect("nobody panics while holding it");
        ready.retain(|cart, _| carts.contains(cart));
        ready.values_mut().filter(|made| made.changes != changes).for_each(|made| made.ready = None);
    }

    fn set(&self, cart: &CartKey, with: With) {
        if let Some(made) = self.ready.lock().expect("nobody panics while holding it").get_mut(cart) {
            made.with = with;
        }
    }

    /// Switches from the current credentials to the next ones.
    fn go_over(&self, cart: &CartKey) {
        let mut ready = self.ready.lock().expect("nobody panics while holding it");
        if let Some(made) = ready.get_mut(cart).filter(|made| made.with == With::These(Generation::Current)) {
            made.with = With::These(Generation::Next);
        }
    }

    /// Whether a cart was made ready again, or became outdated, since this value was handed out.
    fn is_older(&self, cart: &CartKey, ready: &Ready) -> bool {
        let kept = self.ready.lock().expect("nobody panics while holding it");
        kept.get(cart).is_some_and(|made| made.ready.as_ref().is_none_or(|made| !std::ptr::eq(&raw const **made, ready)))
    }
}

impl CartRegistry for Service {
    async fn carts(&self) -> Result<Vec<RegisteredCart>, outbox::Error> {
        let rows = self.shared.store.read::<_, store::Error>(|view| {
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
        Ok(self.shared.store.read(look).await?.and_then(|(pace, row)| standing(cart.clone(), &pace, &row)))
    }

    async fn ready(&self, cart: &CartKey) -> Result<Option<Arc<Ready>>, NotReady> {
        if let Kept::Ready(ready) = self.shared.clients.kept(cart) {
            return Ok(Some(ready));
        }
        let _turn = self.shared.readying.take(cart).await;
        let changes = self.shared.clients.changes.load(Ordering::Relaxed);
        let generation = match self.shared.clients.kept(cart) {
            Kept::Ready(ready) => return Ok(Some(ready)),
            Kept::Rests => return Ok(None),
            Kept::Make(generation) => generation,
        };
        let ready = Arc::new(self.as_merchant(cart.0.clone()).make_ready(cart, generation, self.shared.clients.trial(cart)).await?);
        self.shared.clients.keep(cart, &ready, changes);
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
        let known = self.shared.store.read::<_, store::Error>(move |view| store::orders::get(view, &merchant, &order)).await?;
        mark(&mut update, known.as_ref().map(super::snapshot::known).as_ref());
        fit(&mut update, ready.client.manifest().features, &ready.leave_out);
        Ok(update)
    }

    async fn tried(&self, cart: &CartKey, ready: &Ready, fate: Fate) -> Credentials {
        let refused = matches!(fate, Fate::PauseCart { reason: PauseReason::Credentials, .. });
        let delivered = matches!(fate, Fate::Delivered | Fate::AlreadyDelivered);
        let service = self.as_merchant(cart.0.clone());
        match ready.generation {
            // What was begun before says nothing of the credentials that are used now.
            _ if refused && self.shared.clients.is_older(cart, ready) => Credentials::OthersNext,
            Generation::Current if refused && service.others_wait(cart).await => {
                self.shared.clients.go_over(cart);
                Credentials::OthersNext
            }
            Generation::Next if delivered => {
                self.shared.clients.set(cart, With::These(Generation::Current));
                if let Err(error) = service.promote(&cart.1).await {
                    tracing::warn!(cart = %cart.1, error = &error as &dyn std::error::Error, "the credentials that worked could not be taken into use");
                }
                Credentials::Stand
            }
            Generation::Current | Generation::Next => {
                if refused {
                    self.shared.clients.set(cart, With::None);
                }
                Credentials::Stand
            }
        }
    }

    /// The receipt and the cassette to store, without personal data. A cassette whose personal data cannot be removed is not stored, and no
    /// cassette is while the disk is nearly full; the receipt still holds the attempt's outcome.
    async fn record(&self, ready: &Ready, attempt: &Attempt) -> Recorded {
        let raw = ready.raw_until_unix_ms.is_some_and(|until| (1..=RAW_MS_MAX).contains(&until.saturating_sub(attempt.receipt.at_unix_ms)));
        let keep = match (self.room().records(), raw) {
            (false, _) => None,
            (true, true) => Some(Personal::Raw),
            (true, false) => Some(Personal::Redacted),
        };
        recorded(ready.personal.clone(), attempt, keep).await
    }

    async fn pause(&self, (merchant, cart): &CartKey, why: PauseReason) -> Result<(), outbox::Error> {
        Ok(self.as_merchant(merchant.clone()).pause_for(cart, why).await?)
    }

    fn note(&self, cart: &CartKey, note: &Note<'_>) {
        self.shared.seen.note(cart, note);
        match note {
            Note::Attempted { claim, attempt, verdict } => {
                log(claim, attempt, verdict);
                self.shared.counts.attempted(cart, attempt);
                // Nobody waits for it: that is no error.
                let _ = self.shared.over.send(Arc::new(Attempt::clone(attempt)));
            }
            Note::Poison { delivery } => {
                tracing::error!(cart = %cart.1, %delivery, "was tried again and again without an answer: dead letter")
            }
            Note::Fault { order, fault } => tracing::error!(cart = %cart.1, order, fault, "an order's queue rests"),
            Note::NotReady { why } => tracing::error!(cart = %cart.1, why = cartage_base::causes::chain(*why), "cannot be made ready"),
            Note::Disk { error } => tracing::error!(cart = %cart.1, error = *error as &dyn std::error::Error, "the disk does not take it"),
            Note::Breaker(breaker) => tracing::warn!(cart = %cart.1, ?breaker, "the breaker changed"),
        }
    }
}

impl Service {
    /// Makes a cart outdated after a change, and wakes the worker.
    pub(super) fn cart_changed(&self, cart: &CartId) {
        self.shared.clients.changed();
        self.shared.wake_signal.changed(&(self.merchant.clone(), cart.clone()));
    }

    /// Pauses a cart until a person resumes it, because of something that the cart did.
    async fn pause_for(&self, cart: &CartId, why: PauseReason) -> Result<(), store::Error> {
        let (merchant, id) = (self.merchant.clone(), cart.clone());
        let line = audit::Line { who: BY_ITSELF.to_owned(), ..self.line("pause", &format!("cart {cart}"), why.name().to_owned()) };
        let write = move |tx: &Tx<'_>| -> Result<(), store::Error> {
            let pause = Pause { why: why.name().to_owned(), until_unix_ms: None, said: None };
            let is_so = store::carts::get(tx, &merchant, &id)?.is_none_or(|row| row.pause.as_ref() == Some(&pause));
            if is_so {
                return Ok(());
            }
            store::carts::set_pause(tx, &merchant, &id, Some(&pause))?;
            audit::add(tx, &merchant, &line)
        };
        self.shared.store.write(write).await?;
        self.carts_changed(std::slice::from_ref(cart));
        Ok(())
    }

    /// Handles the end of a call that is not an attempt at a delivery. If the cart's answer contained a secret, the cart is paused as after
    /// an attempt.
    pub(super) async fn called(&self, cart: &CartId, cassette: &Cassette) -> Result<(), Error> {
        if cassette.recording.secret_reflected {
            self.pause_for(cart, PauseReason::SecretReflected).await?;
        }
        Ok(())
    }

    async fn make_ready(&self, cart: &CartKey, generation: Generation, trial: Arc<Trial>) -> Result<Ready, Error> {
        let kept = self.cart(&cart.1).await?;
        let client = match generation {
            Generation::Current => None,
            Generation::Next => self.next_courier(&kept).await?,
        };
        let generation = if client.is_some() { Generation::Next } else { Generation::Current };
        let client = match client {
            Some(client) => client,
            None => self.client(&kept).await?,
        };
        let full_state = client.manifest().features.full_state;
        let personal = Rules::new(&client.manifest().personal_fields);
        let raw_until_unix_ms = self.raw_until(&cart.1).await?;
        let rules = kept.cart.delivery.with(&client.manifest().pace);
        let leave_out = kept.cart.leave_out;
        Ok(Ready { client, rules, leave_out, full_state, generation, trial, personal, raw_until_unix_ms })
    }

    /// Whether the cart has next credentials. If they cannot be read, the answer is no, and the cart's refusal stands.
    async fn others_wait(&self, cart: &CartKey) -> bool {
        let kept = self.kept_credentials(&cart.1).await;
        kept.is_ok_and(|kept| kept.iter().any(|value| value.generation == Generation::Next))
    }
}

/// Logs an attempt in one line, without the content of the update and of the cart's answer.
fn log(claim: &Claim, attempt: &Attempt, verdict: &Verdict) {
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
fn pace(view: &store::View<'_>, merchant: &MerchantId, row: &store::carts::Cart) -> Result<Pace, store::Error> {
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
fn standing(cart: CartKey, pace: &Pace, row: &store::carts::Cart) -> Option<RegisteredCart> {
    match Cart::parse("the store", &row.definition.text) {
        Ok(definition) => {
            Some(RegisteredCart { cart, rules: definition.delivery.with(pace), enabled: row.enabled, pause: row.pause.clone() })
        }
        Err(error) => {
            tracing::error!(cart = %cart.1, error = &error as &dyn std::error::Error, "its definition cannot be read");
            None
        }
    }
}
