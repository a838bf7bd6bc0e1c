//! A status on its way through the gate to its cart: asked, decided, accepted on disk, delivered, settled.

use super::facts::{Facts, rows};
use super::lines::{label, named};
use super::{Error, KeptCart, Office};
use crate::deliver::{Attempt, Courier, Job};
use crate::egress::Mode;
use crate::events::{self, Raised};
use crate::gate::order::{Known, Past};
use crate::gate::package::mark;
use crate::gate::{self, Again, Change, Decision, Given, Question, Verdict, decide};
use crate::id::{CartId, DeliveryId, MerchantId};
use crate::receipt::{Fate, Receipt};
use crate::store::orders::{Order, OrderRef};
use crate::store::{self, Tx, carts::Pause, decisions, orders, plugins, receipts};
use crate::validate::{Fields, ForCart, LineItemFields, PackageFields, StatusUpdate, civil_time};
use cartage_contract::delivery::EarlierAttempt;
use cartage_contract::http::Reach;
use cartage_contract::orders::Update;
use serde::{Deserialize, Serialize};

/// Packages that are kept with a decision, at most, so that it can be explained later with what it was about.
const PACKAGES_KEPT_MAX: usize = 20;
/// The same of its lines.
const LINES_KEPT_MAX: usize = 20;

/// A status that somebody wants a cart to be told.
#[derive(Debug, Clone)]
pub struct Request {
    /// The cart.
    pub cart: CartId,
    /// What brought it about.
    pub cause: Cause,
    /// What there is to tell. With an event its label is the event's.
    pub fields: Fields,
    /// Whether it is sent again on purpose.
    pub again: Again,
}

/// What brought a change about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A status event, by name.
    Event(String),
    /// The label was given directly.
    Given(Given),
}

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
    Tried(Box<Attempt>),
}

/// A decision as the store keeps it, with what it was about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptDecision {
    pub(super) cause: Cause,
    pub(super) packages: Vec<PackageFields>,
    #[serde(default)]
    pub(super) line_items: Vec<LineItemFields>,
    pub(super) decision: Decision,
}

/// A request read against the facts.
pub(super) struct Asked {
    raised: Option<Raised>,
    given: Given,
    again: Again,
    /// Whether the order gets a label.
    pub(super) labelled: bool,
    update: StatusUpdate,
    known: Option<Known>,
}

/// A cart made ready, and what it will be told.
struct Ready {
    courier: Courier,
    update: Box<Update>,
}

impl Asked {
    pub(super) fn new(request: &Request, facts: &Facts, now_unix_ms: u64) -> Result<Asked, Error> {
        let mut fields = request.fields.clone();
        let (raised, given) = match &request.cause {
            Cause::Event(name) => (Some(events::raise(name, &facts.events)?), Given::ByHand),
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

    pub(super) fn update(&self) -> &StatusUpdate {
        &self.update
    }

    /// What is kept of the update once it is accepted.
    pub(super) fn past(&self) -> Past {
        let past = Past::of(self.update.given());
        Past { label: past.label.filter(|_| self.labelled), ..past }
    }

    pub(super) fn decide(&self, cart: &CartId, kept: Option<&KeptCart>, nearest: Option<&str>, facts: &Facts) -> Decision {
        let mut change = Change::of(self.update.given());
        change.label = change.label.filter(|_| self.labelled);
        decide(&Question {
            cart,
            definition: kept.map(KeptCart::definition),
            nearest_cart: nearest,
            parameters: &facts.assignments,
            cause: self.raised.as_ref().map_or(gate::Cause::Given(self.given), gate::Cause::Event),
            change,
            known: self.known.as_ref(),
            again: self.again,
        })
    }
}

impl Office {
    /// Asks the gate, keeps its decision, and does what follows: delivers at once, records, or nothing.
    ///
    /// # Errors
    ///
    /// [`Error`] where the request is not valid, the cart cannot be made ready or is paused: nothing was accepted then. What the gate
    /// answers and what the cart answers are in [`Sent`].
    pub async fn send(&self, request: Request) -> Result<Sent, Error> {
        loop {
            let (facts, kept, nearest) = self.look(&request.cart, &request.fields.order_number).await?;
            let asked = Asked::new(&request, &facts, self.now_unix_ms())?;
            let decision = asked.decide(&request.cart, kept.as_ref(), nearest.as_deref(), &facts);
            let ready = match (&kept, decision.verdict) {
                (Some(kept), Verdict::Send | Verdict::Shadow) => self.ready(kept, &asked, &facts, decision.verdict).await,
                (Some(_) | None, _) => Ok(None),
            };
            let past = ready.as_ref().is_ok_and(Option::is_some) && decision.verdict == Verdict::Send;
            let past = past.then(|| asked.past());
            let Some(sequence) = self.keep(&request, &facts, &decision, past).await? else { continue };
            let (Some(ready), Some(kept)) = (ready?, kept) else { return Ok(Sent { decision, done: Done::Nothing }) };
            return self.deliver(decision, ready, &kept, facts.order.as_ref(), sequence).await;
        }
    }

    /// One look at everything that a decision about an order rests on.
    pub(super) async fn look(&self, cart: &CartId, number: &str) -> Result<(Facts, Option<KeptCart>, Option<String>), Error> {
        let (merchant, order) = (self.merchant.clone(), OrderRef { cart: cart.clone(), number: number.to_owned() });
        let facts = self.store.read(move |view| Facts::read(view, &merchant, &order)).await?;
        let kept = match &facts.cart {
            Some(row) => Some(self.read_cart(row.clone()).await?),
            None => None,
        };
        let nearest = if kept.is_none() { self.nearest_cart(cart).await? } else { None };
        Ok((facts, kept, nearest))
    }

    /// Makes the cart ready and puts the update into its words. None: it has nothing to be told.
    async fn ready(&self, kept: &KeptCart, asked: &Asked, facts: &Facts, verdict: Verdict) -> Result<Option<Ready>, Error> {
        if let Some(pause) = kept.row.pause.as_ref().filter(|_| verdict == Verdict::Send) {
            let over = pause.until_unix_ms.is_some_and(|until| until <= self.now_unix_ms());
            if !over {
                return Err(Error::Paused { cart: kept.cart.id.clone(), why: pause.why.clone() });
            }
        }
        let courier = self.courier(kept).await?;
        match asked.update.for_cart(&kept.as_set(&facts.assignments), courier.manifest())? {
            ForCart::Ignored => Ok(None),
            ForCart::Send(mut update) => {
                mark(&mut update, asked.known.as_ref());
                update.previous_label = asked.known.as_ref().and_then(|known| known.label.clone());
                Ok(Some(Ready { courier, update }))
            }
        }
    }

    /// Keeps the decision, and accepts the update if one is given: its number, else the last one's. None: the facts have changed since.
    async fn keep(&self, request: &Request, facts: &Facts, decision: &Decision, past: Option<Past>) -> Result<Option<u64>, Error> {
        let packages = request.fields.packages.iter().take(PACKAGES_KEPT_MAX);
        let packages = packages.map(|package| PackageFields { contents: Vec::new(), tracking_url: None, ..package.clone() }).collect();
        let line_items = request.fields.line_items.iter().take(LINES_KEPT_MAX).map(named).collect();
        let kept = KeptDecision { cause: request.cause.clone(), packages, line_items, decision: decision.clone() };
        let json = serde_json::to_string(&kept).expect("a decision is plain data");
        let row = decisions::Decision { at_unix_ms: self.now_unix_ms(), json };
        let (merchant, facts) = (self.merchant.clone(), facts.clone());
        let order = OrderRef { cart: request.cart.clone(), number: decision.order_number.clone() };
        let write = move |tx: &Tx<'_>| -> Result<Option<u64>, Error> {
            if Facts::read(tx, &merchant, &order)? != facts {
                return Ok(None);
            }
            decisions::add(tx, &merchant, &order, &row)?;
            let Some(past) = past else { return Ok(Some(facts.order.map_or(0, |order| order.sequence))) };
            let (labels, packages) = rows(&past);
            Ok(Some(orders::accept(tx, &merchant, &order, &labels, &packages, row.at_unix_ms)?))
        };
        self.store.write(write).await
    }

    async fn deliver(
        &self,
        decision: Decision,
        ready: Ready,
        kept: &KeptCart,
        order: Option<&Order>,
        sequence: u64,
    ) -> Result<Sent, Error> {
        let live = decision.verdict == Verdict::Send;
        // A restored store cannot know what was tried after its backup.
        let doubtful = order.is_some_and(|order| order.doubtful);
        let earlier = EarlierAttempt { attempt: 1, reach: Reach::MaybeSent, steps: Vec::new(), resume: None };
        let job = Job {
            delivery: DeliveryId::new(),
            sequence: if live { sequence } else { sequence + 1 },
            attempt: if doubtful { 2 } else { 1 },
            earlier: if doubtful { vec![earlier] } else { Vec::new() },
            known_reference: order.and_then(|order| order.reference.clone()),
            update: ready.update,
        };
        let sequence = job.sequence;
        let mode = if live { Mode::Live } else { Mode::DryRun };
        let attempt = self.attempt(kept, &ready.courier, job, mode, &decision.order_number).await;
        let order = OrderRef { cart: kept.cart.id.clone(), number: decision.order_number.clone() };
        let receipt = attempt.as_ref().ok().map(|attempt| attempt.receipt.clone());
        let (merchant, at) = (self.merchant.clone(), self.now_unix_ms());
        self.store.write::<_, store::Error>(move |tx| settle(tx, &merchant, &order, sequence, receipt.as_ref(), live, at)).await?;
        let attempt = Box::new(attempt.map_err(Error::courier(&kept.cart.id))?);
        Ok(Sent { decision, done: if live { Done::Tried(attempt) } else { Done::Recorded(attempt) } })
    }
}

/// Writes what came of an attempt, all at once: the receipt, what the order's record is now, and what the cart's state is. Without an outbox
/// nothing tries again by itself, so whatever did not arrive is taken back: the label before counts again.
fn settle(
    tx: &Tx<'_>,
    merchant: &MerchantId,
    order: &OrderRef,
    sequence: u64,
    receipt: Option<&Receipt>,
    live: bool,
    at_unix_ms: u64,
) -> Result<(), store::Error> {
    if let Some(receipt) = receipt {
        let row = receipts::Receipt {
            delivery: receipt.delivery.clone(),
            attempt: receipt.attempt,
            order: order.clone(),
            sequence,
            at_unix_ms: receipt.at_unix_ms,
            json: serde_json::to_string(receipt).expect("a receipt is plain data"),
        };
        receipts::add(tx, merchant, &row)?;
    }
    if !live {
        return Ok(());
    }
    if let Some(receipt) = receipt {
        store::carts::ran(tx, merchant, &order.cart, receipt.plugin, at_unix_ms)?;
        plugins::ran(tx, merchant, receipt.plugin, at_unix_ms)?;
    }
    match receipt.map(|receipt| (receipt.fate, receipt.reference.as_deref())) {
        Some((Fate::Delivered | Fate::AlreadyDelivered, reference)) => {
            return orders::settle(tx, merchant, order, sequence, reference, at_unix_ms);
        }
        Some((Fate::PauseCart { reason, for_ms }, _)) => {
            let why = serde_json::to_value(reason).expect("a reason is plain data");
            let why = why.as_str().unwrap_or_default().to_owned();
            let pause = Pause { why, until_unix_ms: for_ms.map(|ms| at_unix_ms + ms) };
            store::carts::set_pause(tx, merchant, &order.cart, Some(&pause))?;
        }
        Some((Fate::DisableCart, _)) => drop(store::carts::set_enabled(tx, merchant, &order.cart, false)?),
        Some((Fate::Retry { .. } | Fate::DeadLetter { .. } | Fate::Gap { .. } | Fate::PluginFault | Fate::NotSent, _)) | None => {}
    }
    orders::take_back(tx, merchant, order, sequence)
}
