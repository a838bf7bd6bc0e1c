//! Acceptance of a status: the gate decides, and the decision and the accepted update are written in one transaction.

use super::Error;
use super::carts::Carts;
use super::counts::Counts;
use super::disk_space::DiskSpace;
use super::event_labels::{label, named};
use super::seen::Observations;
use super::snapshot::{Facts, SetCache, rows};
use super::stored_cart::StoredCart;
use super::tenant::Tenant;
use crate::deliver::wake::WakeSignal;
use cartage_base::failpoint;
use cartage_contract::orders::Update;
use cartage_model::events::{self, TriggeredEvent};
use cartage_model::id::{CartId, DeliveryId, Digest, MerchantId, SenderOrderNumber};
use cartage_policy::gate::order::{OrderRecord, Past};
use cartage_policy::gate::{self, Again, Decision, Given, ProposedChange, Question, Verdict, decide};
use cartage_policy::validate::{Fields, ForCart, LineItemFields, PackageFields, StatusUpdate, civil_time};
use cartage_store::data_dir::disk_level::DiskLevel;
use cartage_store::orders::OrderRef;
use cartage_store::{self as store, Tx, decisions, idempotency, outbox};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The most packages that are stored with a decision, so that it can be explained later.
const PACKAGES_KEPT_MAX: usize = 20;
/// The most lines that are stored with a decision.
const LINES_KEPT_MAX: usize = 20;
/// The answer stored under the key of a batch; it only says that one of the batch's requests was decided.
const BATCH_BEGUN: &str = "{}";

/// A request that a cart be told a status.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The cart that is to be told.
    pub cart: CartId,
    /// What brought the change about.
    pub cause: Cause,
    /// The fields of the update. With an event, the event's label replaces the label here.
    pub fields: Fields,
    /// Whether the sender repeats a status on purpose.
    pub again: Again,
}

impl Request {
    /// The order's number as the sender wrote it.
    pub(super) fn order_number(&self) -> SenderOrderNumber {
        SenderOrderNumber::new(self.fields.order_number.as_str())
    }
}

/// What brought a change about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A status event, by name.
    Event(String),
    /// A label given directly.
    Given(Given),
}

/// A sender's key for a request: the same request under the same key is carried out once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key, as the sender wrote it.
    pub key: String,
    /// The digest of the whole body that came with the key.
    pub body: Digest,
    /// The key of the batch that this request belongs to, which is stored with the batch's first answer; `None` outside a batch.
    pub batch: Option<String>,
}

/// The gate's answer to a request, and what is on disk now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Accepted {
    /// The gate's decision, which is stored.
    pub decision: Decision,
    /// What followed from the decision.
    pub done: Acceptance,
}

/// What followed from a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acceptance {
    /// Nothing is sent: a condition does not hold, or there is nothing to tell.
    Nothing,
    /// The cart's mode only records: a dry run shows what would have been sent.
    Recorded,
    /// The update is in the outbox.
    Queued {
        /// The delivery's id, which is the idempotency key that the cart sees.
        delivery: DeliveryId,
        /// The sequence number of the update within the order.
        sequence: u64,
    },
}

/// A decision as stored, with the request that it was about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredDecision {
    pub(super) cause: Cause,
    pub(super) packages: Vec<PackageFields>,
    #[serde(default)]
    pub(super) line_items: Vec<LineItemFields>,
    pub(super) decision: Decision,
}

/// The result of one snapshot for a request.
pub(super) struct Looked {
    /// The stored answer to the same request; if there is one, the other fields are of no use.
    pub(super) answered: Option<Accepted>,
    pub(super) facts: Facts,
    /// The cart; `None` if there is no such cart.
    pub(super) kept: Option<Arc<StoredCart>>,
    /// The existing cart id that is nearest, if there is no such cart.
    pub(super) nearest: Option<String>,
}

/// A request interpreted with the facts.
pub(super) struct Asked {
    raised: Option<TriggeredEvent>,
    given: Given,
    again: Again,
    /// Whether the order itself gets a label.
    pub(super) labelled: bool,
    pub(super) update: StatusUpdate,
    pub(super) known: Option<OrderRecord>,
}

impl Asked {
    pub(super) fn new(request: &Request, facts: &Facts, now_unix_ms: u64) -> Result<Asked, Error> {
        let mut fields = request.fields.clone();
        let (raised, given) = match &request.cause {
            Cause::Event(name) => (Some(events::raise(name, &facts.set.events)?), Given::ByHand),
            Cause::Given(given) => (None, *given),
        };
        let known = facts.known();
        let labelled = raised.as_ref().map_or(!fields.label.is_empty(), |raised| raised.order_label.is_some());
        if let Some(raised) = &raised {
            label(&mut fields, raised, known.as_ref().and_then(|known| known.label.as_deref()));
        }
        let mut update = StatusUpdate::new(fields, civil_time(now_unix_ms))?;
        if !labelled {
            update = update.for_lines();
        }
        Ok(Asked { raised, given, again: request.again, labelled, update, known })
    }

    /// What is stored of the update once it is accepted.
    fn past(&self) -> Past {
        let past = Past::of(self.update.given());
        Past { label: past.label.filter(|_| self.labelled), ..past }
    }

    /// The update in the cart's words; `None` if there is nothing to tell the cart.
    pub(super) fn for_cart(&self, kept: &StoredCart, facts: &Facts) -> Result<Option<Box<Update>>, Error> {
        let Some(manifest) = kept.manifest() else { return Ok(None) };
        match self.update.for_cart(&kept.as_set(&facts.set.assignments), manifest)? {
            ForCart::Ignored => Ok(None),
            ForCart::Send(mut update) => {
                update.previous_label = self.known.as_ref().and_then(|known| known.label.clone());
                Ok(Some(update))
            }
        }
    }

    pub(super) fn decide(&self, cart: &CartId, kept: Option<&StoredCart>, nearest: Option<&str>, facts: &Facts) -> Result<Decision, Error> {
        let mut change = ProposedChange::of(self.update.order_number(), self.update.given());
        change.label = change.label.filter(|_| self.labelled);
        Ok(decide(&Question {
            cart,
            definition: kept.map(StoredCart::definition).transpose()?,
            nearest_cart: nearest,
            parameters: &facts.set.assignments,
            cause: self.raised.as_ref().map_or(gate::ChangeCause::Given(self.given), gate::ChangeCause::Event),
            change,
            known: self.known.as_ref(),
            again: self.again,
        }))
    }
}

/// Accepts statuses for a merchant's carts.
#[derive(Clone)]
pub struct Intake {
    pub(super) tenant: Tenant,
    pub(super) carts: Carts,
    pub(super) settings: Arc<SetCache>,
    pub(super) counts: Arc<Counts>,
    pub(super) wake_signal: Arc<WakeSignal>,
    pub(super) seen: Arc<Observations>,
    pub(super) disk_space: DiskSpace,
}

impl Intake {
    /// Asks the gate, and puts an update that passes into the outbox. When this returns, the decision and the update are on disk.
    ///
    /// # Errors
    ///
    /// [`Error`] if the request is not valid or the cart cannot take it, in which case nothing was accepted. The gate's answer is in
    /// [`Accepted`].
    pub async fn accept(&self, request: &Request, key: Option<&IdempotencyKey>) -> Result<Accepted, Error> {
        loop {
            let looked = self.look(&request.cart, &request.order_number(), key).await?;
            // Asked each time: the same request may have come twice at once.
            if let Some(accepted) = looked.answered {
                return Ok(accepted);
            }
            self.has_room()?;
            let Looked { facts, kept, nearest, .. } = looked;
            let asked = Asked::new(request, &facts, self.tenant.now_unix_ms())?;
            let decision = asked.decide(&request.cart, kept.as_deref(), nearest.as_deref(), &facts)?;
            let update = match &kept {
                Some(kept) if decision.verdict != Verdict::Nothing => asked.for_cart(kept, &facts),
                Some(_) | None => Ok(None),
            };
            let (done, new) = match (&update, decision.verdict) {
                (Ok(Some(update)), Verdict::Send) => {
                    let new = self.new_delivery(request, &decision, update, asked.past());
                    (Acceptance::Queued { delivery: new.delivery.clone(), sequence: 0 }, Some(new))
                }
                (Ok(Some(_)), Verdict::Shadow) => (Acceptance::Recorded, None),
                _ => (Acceptance::Nothing, None),
            };
            let refused = update.err();
            let accepted = Accepted { decision, done };
            // What the cart cannot take is an error, and not an answer to keep under the sender's key; the decision is kept all the same.
            let key = key.filter(|_| refused.is_none());
            let Some(accepted) = self.keep(request, facts, accepted, new, key).await? else { continue };
            self.counts.decided(&accepted.decision);
            self.log(&accepted);
            if let Acceptance::Queued { .. } = accepted.done {
                failpoint::reach("accepted");
                self.wake_signal.work(&(self.tenant.merchant.clone(), request.cart.clone()));
            }
            return refused.map_or(Ok(accepted), Err);
        }
    }

    /// Fails if a key came with another body before. The key of a batch is stored with the first of its updates that is decided.
    ///
    /// # Errors
    ///
    /// [`Error::KeyReused`], and [`Error::Store`].
    pub async fn assert_own_key(&self, key: &IdempotencyKey) -> Result<(), Error> {
        let (merchant, wanted) = (self.tenant.merchant.clone(), key.clone());
        let look = move |view: &store::View<'_>| idempotency::get(view, &merchant, &wanted.key, wanted.body);
        match self.tenant.store.read::<_, store::Error>(look).await? {
            idempotency::KeyState::New | idempotency::KeyState::Answered { .. } => Ok(()),
            idempotency::KeyState::OtherBody => Err(Error::KeyReused { key: key.key.clone() }),
        }
    }

    /// Logs a decision in one line, without the content of the update.
    fn log(&self, Accepted { decision, done }: &Accepted) {
        let (outcome, delivery) = match done {
            Acceptance::Nothing => ("nothing", None),
            Acceptance::Recorded => ("recorded", None),
            Acceptance::Queued { delivery, .. } => ("queued", Some(delivery.as_str())),
        };
        let not_held = decision.answers.iter().filter(|answer| !answer.held()).map(|answer| answer.condition.number().to_string());
        let not_held = not_held.collect::<Vec<_>>().join(",");
        let (cart, order, merchant) = (decision.cart.as_str(), decision.order_number.as_str(), self.tenant.merchant.as_str());
        tracing::info!(target: "cartage::decision", merchant, cart, order, outcome, delivery, not_held, must_act = decision.must_act(), "decided");
    }

    /// Fails if the disk is so full that the rest is needed for what was accepted before.
    fn has_room(&self) -> Result<(), Error> {
        match self.disk_space.free_bytes() {
            Some(free_bytes) if !DiskLevel::of(free_bytes).accepts() => {
                self.seen.news.notify_one();
                Err(Error::NoRoom { free_bytes })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn new_delivery(&self, request: &Request, decision: &Decision, update: &Update, past: Past) -> outbox::New {
        let (labels, packages) = rows(&past);
        outbox::New {
            merchant: self.tenant.merchant.clone(),
            order: OrderRef { cart: request.cart.clone(), number: decision.order_number.clone() },
            delivery: DeliveryId::new(),
            update: Box::new(update.clone()),
            labels,
            packages,
            at_unix_ms: self.tenant.now_unix_ms(),
        }
    }

    /// Reads in one snapshot everything that a decision about an order depends on, and the answer stored under the sender's key.
    pub(super) async fn look(&self, cart: &CartId, number: &SenderOrderNumber, key: Option<&IdempotencyKey>) -> Result<Looked, Error> {
        let (merchant, order) = (self.tenant.merchant.clone(), OrderRef { cart: cart.clone(), number: number.clone() });
        let (known, wanted) = (self.settings.clone(), key.cloned());
        let look = move |view: &store::View<'_>| -> Result<_, Error> {
            let answered = match &wanted {
                Some(key) => answer_under(view, &merchant, key)?,
                None => None,
            };
            Ok((answered, Facts::read(view, &merchant, &order, &known)?))
        };
        let (answered, facts) = self.tenant.store.read(look).await?;
        let kept = match &facts.cart {
            Some(row) if answered.is_none() => Some(self.carts.read(row.clone()).await?),
            Some(_) | None => None,
        };
        let nearest = if facts.cart.is_none() && answered.is_none() { self.tenant.nearest_cart(cart).await? } else { None };
        Ok(Looked { answered, facts, kept, nearest })
    }

    /// Stores the decision, the update if there is one, and the answer under the sender's key; `None` if the facts have changed since.
    async fn keep(
        &self,
        request: &Request,
        facts: Facts,
        accepted: Accepted,
        new: Option<outbox::New>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Accepted>, Error> {
        let packages = request.fields.packages.iter().take(PACKAGES_KEPT_MAX);
        let packages = packages.map(|package| PackageFields { contents: Vec::new(), tracking_url: None, ..package.clone() }).collect();
        let line_items = request.fields.line_items.iter().take(LINES_KEPT_MAX).map(named).collect();
        let kept = StoredDecision { cause: request.cause.clone(), packages, line_items, decision: accepted.decision.clone() };
        let json = serde_json::to_string(&kept).expect("a decision is plain data");
        let row = decisions::DecisionRow { at_unix_ms: self.tenant.now_unix_ms(), json };
        let (merchant, key) = (self.tenant.merchant.clone(), key.cloned());
        let order = OrderRef { cart: request.cart.clone(), number: accepted.decision.order_number.clone() };
        let write = move |tx: &Tx<'_>| -> Result<Option<Accepted>, Error> {
            if !facts.stand(tx, &merchant, &order)? {
                return Ok(None);
            }
            decisions::add(tx, &merchant, &order, &row)?;
            let mut accepted = accepted;
            if let (Some(new), Acceptance::Queued { sequence, .. }) = (&new, &mut accepted.done) {
                *sequence = outbox::sqlite::accept(tx, new)?;
            }
            if let Some(key) = key {
                if let Some(batch) = &key.batch
                    && idempotency::put(tx, &merchant, batch, key.body, None, BATCH_BEGUN, row.at_unix_ms)?
                        == idempotency::KeyState::OtherBody
                {
                    return Err(Error::KeyReused { key: batch.clone() });
                }
                let answer = serde_json::to_string(&accepted).expect("an answer is plain data");
                let known = idempotency::put(tx, &merchant, &key.key, key.body, Some(&order), &answer, row.at_unix_ms)?;
                if known != idempotency::KeyState::New {
                    // The same request came twice at once. An error takes back all of this; the look before finds the other's answer.
                    return Err(Error::KeyInUse);
                }
            }
            Ok(Some(accepted))
        };
        match self.tenant.store.write(write).await {
            Err(Error::KeyInUse) => Ok(None),
            other => other,
        }
    }
}

/// The answer stored under a key; `None` for a new key.
fn answer_under(view: &store::View<'_>, merchant: &MerchantId, key: &IdempotencyKey) -> Result<Option<Accepted>, Error> {
    if let Some(batch) = &key.batch
        && idempotency::get(view, merchant, batch, key.body)? == idempotency::KeyState::OtherBody
    {
        return Err(Error::KeyReused { key: batch.clone() });
    }
    read(key, idempotency::get(view, merchant, &key.key, key.body)?)
}

fn read(key: &IdempotencyKey, known: idempotency::KeyState) -> Result<Option<Accepted>, Error> {
    match known {
        idempotency::KeyState::New => Ok(None),
        idempotency::KeyState::Answered { answer } => {
            let read = serde_json::from_str(&answer);
            read.map(Some).map_err(Error::kept("the answer to an idempotency key"))
        }
        idempotency::KeyState::OtherBody => Err(Error::KeyReused { key: key.key.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_commands::command;
    use cartage_policy::gate::Condition;

    /// A row, and an answer under a key, as a release wrote them whose remedies were commands.
    #[test]
    fn what_an_earlier_release_decided_reads_back_with_its_commands() {
        let answer = |condition: Condition| {
            serde_json::json!({
                "condition": condition, "finding": "not-held", "value": "there is no cart shop", "place": "cart-definition",
                "reason": "`cartage cart list` lists the carts", "remedies": ["cartage cart new shop --plugin PLUGIN.wasm", "cartage apply shop.toml"],
            })
        };
        let decision = serde_json::json!({
            "cart": "shop", "order_number": "1021", "label": "Order Shipped", "again": "no", "answers": Condition::ALL.map(answer),
            "stage": "no-cart", "verdict": "nothing",
        });
        let row = serde_json::json!({ "cause": { "given": "by-hand" }, "packages": [], "decision": decision }).to_string();
        let kept: StoredDecision = serde_json::from_str(&row).expect("a row of an earlier release can be read");
        let under_key = serde_json::json!({ "decision": decision, "done": "nothing" }).to_string();
        let accepted: Accepted = serde_json::from_str(&under_key).expect("an answer of an earlier release can be read");
        assert_eq!(accepted.decision, kept.decision);
        let answer = kept.decision.answer(Condition::CartReady);
        let commands: Vec<String> = answer.remedies.iter().map(command).collect();
        assert_eq!(commands, ["cartage cart new shop --plugin PLUGIN.wasm", "cartage apply shop.toml"]);
        assert_eq!(answer.reason.text(&cartage_commands::Commands), "`cartage cart list` lists the carts");
    }
}
