//! What the worker asks of the office: the carts of all merchants, each made ready, and who hears of what happened.

use super::recordings::{RAW_MS_MAX, recorded};
use super::{Error, Office};
use crate::carts::Cart;
use crate::cassette::Cassette;
use crate::cassette::redact::Rules;
use crate::deliver::Attempt;
use crate::deliver::roster::{Credentials, NotReady, Note, Ready, Recorded, Roster, Standing, Trial, Turn};
use crate::deliver::schedule::{CartKey, Follows, Verdict};
use crate::gate::package::{fit, mark};
use crate::id::{CartId, MerchantId, SenderOrderNumber};
use crate::outbox::{self, Claim};
use crate::receipt::{Fate, PauseReason};
use crate::store::carts::Pause;
use crate::store::cassettes::Personal;
use crate::store::orders::OrderRef;
use crate::store::{self, Tx, audit, merchants};
use cartage_contract::manifest::Pace;
use cartage_contract::orders::Update;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Who pauses a cart that nobody paused, says the audit.
pub(super) const BY_ITSELF: &str = "cartage";

/// Carts that were made ready, for as long as nothing that they rest on is changed.
#[derive(Default)]
pub(super) struct Couriers {
    /// How often something was changed.
    changes: AtomicU64,
    ready: Mutex<BTreeMap<CartKey, Made>>,
}

struct Made {
    /// None: something was changed since, and it is to be made ready anew.
    ready: Option<Arc<Ready>>,
    /// The changes that it knows of.
    changes: u64,
    with: With,
    trial: Arc<Trial>,
}

/// Which credentials the next attempt is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    /// These.
    These(Turn),
    /// The cart took none of them: it is left alone until something is changed.
    None,
}

/// What is kept of a cart.
enum Kept {
    /// It is ready.
    Ready(Arc<Ready>),
    /// It is to be made ready anew, with these credentials.
    Make(Turn),
    /// It is left alone.
    Rests,
}

impl Couriers {
    /// Something was changed on which a cart that was made ready may rest.
    pub(super) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    fn kept(&self, cart: &CartKey) -> Kept {
        let ready = self.ready.lock().expect("nobody panics while holding it");
        let Some(made) = ready.get(cart) else { return Kept::Make(Turn::Current) };
        let is_changed = made.changes != self.changes.load(Ordering::Relaxed);
        match made.with {
            With::None if is_changed => Kept::Make(Turn::Current),
            With::None => Kept::Rests,
            With::These(turn) => match &made.ready {
                Some(ready) if !is_changed && ready.turn == turn => Kept::Ready(ready.clone()),
                Some(_) | None => Kept::Make(turn),
            },
        }
    }

    fn keep(&self, cart: &CartKey, ready: &Arc<Ready>, changes: u64) {
        let made = Made { ready: Some(ready.clone()), changes, with: With::These(ready.turn), trial: ready.trial.clone() };
        self.ready.lock().expect("nobody panics while holding it").insert(cart.clone(), made);
    }

    /// The trial of the credentials that wait. One under way goes on where the cart is made ready anew: something else was changed meanwhile.
    fn trial(&self, cart: &CartKey) -> Arc<Trial> {
        let ready = self.ready.lock().expect("nobody panics while holding it");
        ready.get(cart).map(|made| made.trial.clone()).filter(|trial| !trial.is_over()).unwrap_or_default()
    }

    /// Lets go of the carts that are not among these, and of those of which something was changed, with their secrets.
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

    /// Goes over from the credentials in use to those that wait.
    fn go_over(&self, cart: &CartKey) {
        let mut ready = self.ready.lock().expect("nobody panics while holding it");
        if let Some(made) = ready.get_mut(cart).filter(|made| made.with == With::These(Turn::Current)) {
            made.with = With::These(Turn::Next);
        }
    }

    /// Whether a cart was made ready anew since.
    fn is_older(&self, cart: &CartKey, ready: &Ready) -> bool {
        let kept = self.ready.lock().expect("nobody panics while holding it");
        kept.get(cart).is_some_and(|made| made.ready.as_ref().is_none_or(|made| !std::ptr::eq(&raw const **made, ready)))
    }
}

impl Roster for Office {
    async fn carts(&self) -> Result<Vec<Standing>, outbox::Error> {
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

    async fn cart(&self, cart: &CartKey) -> Result<Option<Standing>, outbox::Error> {
        let (merchant, id) = cart.clone();
        let look = move |view: &store::View<'_>| -> Result<_, store::Error> {
            let Some(row) = store::carts::get(view, &merchant, &id)? else { return Ok(None) };
            Ok(Some((pace(view, &merchant, &row)?, row)))
        };
        Ok(self.shared.store.read(look).await?.and_then(|(pace, row)| standing(cart.clone(), &pace, &row)))
    }

    async fn ready(&self, cart: &CartKey) -> Result<Option<Arc<Ready>>, NotReady> {
        if let Kept::Ready(ready) = self.shared.couriers.kept(cart) {
            return Ok(Some(ready));
        }
        let _turn = self.shared.readying.take(cart).await;
        let changes = self.shared.couriers.changes.load(Ordering::Relaxed);
        let turn = match self.shared.couriers.kept(cart) {
            Kept::Ready(ready) => return Ok(Some(ready)),
            Kept::Rests => return Ok(None),
            Kept::Make(turn) => turn,
        };
        let ready = Arc::new(self.as_merchant(cart.0.clone()).make_ready(cart, turn, self.shared.couriers.trial(cart)).await?);
        self.shared.couriers.keep(cart, &ready, changes);
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
        mark(&mut update, known.as_ref().map(super::facts::known).as_ref());
        fit(&mut update, ready.courier.manifest().features, &ready.leave_out);
        Ok(update)
    }

    async fn tried(&self, cart: &CartKey, ready: &Ready, fate: Fate) -> Credentials {
        let refused = matches!(fate, Fate::PauseCart { reason: PauseReason::Credentials, .. });
        let delivered = matches!(fate, Fate::Delivered | Fate::AlreadyDelivered);
        let office = self.as_merchant(cart.0.clone());
        match ready.turn {
            // What was begun before says nothing of the credentials that are used now.
            _ if refused && self.shared.couriers.is_older(cart, ready) => Credentials::OthersNext,
            Turn::Current if refused && office.others_wait(cart).await => {
                self.shared.couriers.go_over(cart);
                Credentials::OthersNext
            }
            Turn::Next if delivered => {
                self.shared.couriers.set(cart, With::These(Turn::Current));
                if let Err(error) = office.promote(&cart.1).await {
                    tracing::warn!(cart = %cart.1, error = &error as &dyn std::error::Error, "the credentials that worked could not be taken into use");
                }
                Credentials::Stand
            }
            Turn::Current | Turn::Next => {
                if refused {
                    self.shared.couriers.set(cart, With::None);
                }
                Credentials::Stand
            }
        }
    }

    /// The receipt and the cassette, without personal data. A cassette that cannot be freed of it is not kept, nor any where the disk is nearly
    /// full: the receipt says what came of the attempt.
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
            Note::NotReady { why } => tracing::error!(cart = %cart.1, why = crate::causes::chain(*why), "cannot be made ready"),
            Note::Disk { error } => tracing::error!(cart = %cart.1, error = *error as &dyn std::error::Error, "the disk does not take it"),
            Note::Breaker(breaker) => tracing::warn!(cart = %cart.1, ?breaker, "the breaker changed"),
        }
    }
}

impl Office {
    /// Something about a cart was changed: it is made ready anew, and a worker looks at it.
    pub(super) fn cart_changed(&self, cart: &CartId) {
        self.shared.couriers.changed();
        self.shared.bell.changed(&(self.merchant.clone(), cart.clone()));
    }

    /// Pauses a cart until somebody resumes it, for something that it did.
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

    /// A call to a cart's plugin that is no attempt at a delivery is over. A secret in what the cart answered pauses the cart here as well.
    pub(super) async fn called(&self, cart: &CartId, cassette: &Cassette) -> Result<(), Error> {
        if cassette.recording.secret_reflected {
            self.pause_for(cart, PauseReason::SecretReflected).await?;
        }
        Ok(())
    }

    async fn make_ready(&self, cart: &CartKey, turn: Turn, trial: Arc<Trial>) -> Result<Ready, Error> {
        let kept = self.cart(&cart.1).await?;
        let courier = match turn {
            Turn::Current => None,
            Turn::Next => self.next_courier(&kept).await?,
        };
        let turn = if courier.is_some() { Turn::Next } else { Turn::Current };
        let courier = match courier {
            Some(courier) => courier,
            None => self.courier(&kept).await?,
        };
        let full_state = courier.manifest().features.full_state;
        let personal = Rules::new(&courier.manifest().personal_fields);
        let raw_until_unix_ms = self.raw_until(&cart.1).await?;
        let rules = kept.cart.delivery.with(&courier.manifest().pace);
        let leave_out = kept.cart.leave_out;
        Ok(Ready { courier, rules, leave_out, full_state, turn, trial, personal, raw_until_unix_ms })
    }

    /// Whether there are credentials that wait until they worked. What cannot be read is none: the refusal stands then.
    async fn others_wait(&self, cart: &CartKey) -> bool {
        let kept = self.kept_credentials(&cart.1).await;
        kept.is_ok_and(|kept| kept.iter().any(|value| value.turn == store::credentials::Turn::Next))
    }
}

/// One line an attempt. What the update says, and what the cart answered, stays out of it.
fn log(claim: &Claim, attempt: &Attempt, verdict: &Verdict) {
    let Claim { merchant, order, delivery, sequence, attempt: n, .. } = claim;
    let (again_at_unix_ms, dead) = match verdict.update {
        Follows::Delivered => (None, None),
        Follows::Retry { due_unix_ms, .. } => (Some(due_unix_ms), None),
        Follows::Dead { reason, .. } => (None, Some(reason.to_string())),
    };
    let (reach, outcome, took_ms) = (format!("{:?}", attempt.receipt.reach), attempt.receipt.fate.name(), attempt.receipt.took_ms);
    tracing::info!(
        target: "cartage::attempt", merchant = merchant.as_str(), cart = order.cart.as_str(), order = order.number.as_str(), delivery = delivery.as_str(),
        sequence, n, outcome, reach, took_ms, again_at_unix_ms, dead, "attempted"
    );
}

/// What a cart's plugin says that the cart bears. Of a plugin that was not admitted nothing is known.
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

/// How a cart stands. None: its definition cannot be read, so nothing can be sent there until somebody mends it.
fn standing(cart: CartKey, pace: &Pace, row: &store::carts::Cart) -> Option<Standing> {
    match Cart::parse("the store", &row.definition.text) {
        Ok(definition) => Some(Standing { cart, rules: definition.delivery.with(pace), enabled: row.enabled, pause: row.pause.clone() }),
        Err(error) => {
            tracing::error!(cart = %cart.1, error = &error as &dyn std::error::Error, "its definition cannot be read");
            None
        }
    }
}
