//! A status on its way into the outbox: asked, decided, accepted on disk.

use super::facts::{Facts, rows};
use super::lines::named;
use super::send::{Asked, KeptDecision, Request};
use super::{Done, Error, KeptCart, Office};
use crate::gate::package::mark;
use crate::gate::{Decision, Verdict};
use crate::id::{DeliveryId, Digest, MerchantId};
use crate::outbox::{self, New};
use crate::store::orders::OrderRef;
use crate::store::{Tx, decisions, idempotency};
use crate::validate::ForCart;
use serde::{Deserialize, Serialize};

/// A sender's key for a request, with the digest of what is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key.
    pub key: String,
    /// The digest of the request.
    pub body: Digest,
}

/// What came of a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Accepted {
    /// The gate's decision, which is kept.
    pub decision: Decision,
    /// What followed.
    pub done: Then,
}

/// What followed from a decision.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// Nothing is sent: a condition does not hold.
    Nothing,
    /// The cart's mode only records.
    Recorded(Box<serde_json::Value>),
    /// It waits in the outbox.
    Queued {
        /// The delivery.
        delivery: DeliveryId,
        /// Its number among its order's.
        sequence: u64,
    },
}

impl Office {
    /// The same directory, as another merchant.
    pub fn as_merchant(&self, merchant: MerchantId) -> Office {
        Office { merchant, ..self.clone() }
    }

    /// The outbox.
    pub fn outbox(&self) -> outbox::Sqlite {
        outbox::Sqlite::new(self.store.clone())
    }

    /// Asks the gate and, in one transaction, keeps its decision, what the order was told, the delivery, and the answer under the key.
    ///
    /// # Errors
    ///
    /// [`Error::KeyReused`], and [`Error`] where the request is not valid.
    pub async fn accept(&self, request: Request, key: Option<&IdempotencyKey>) -> Result<Accepted, Error> {
        loop {
            let (facts, kept, nearest) = self.look(&request.cart, &request.fields.order_number).await?;
            let asked = Asked::new(&request, &facts, self.now_unix_ms())?;
            let decision = asked.decide(&request.cart, kept.as_ref(), nearest.as_deref(), &facts);
            if decision.verdict == Verdict::Shadow {
                let sent = self.send(request).await?;
                let attempt = match sent.done {
                    Done::Nothing => return Ok(Accepted { decision: sent.decision, done: Then::Nothing }),
                    Done::Recorded(attempt) | Done::Tried(attempt) => attempt,
                };
                let attempt = serde_json::to_value(&attempt).expect("an attempt is plain data");
                return Ok(Accepted { decision: sent.decision, done: Then::Recorded(Box::new(attempt)) });
            }
            let new = match (&kept, decision.verdict) {
                (Some(kept), Verdict::Send) => self.new_delivery(kept, &asked, &facts, &decision)?,
                (Some(_) | None, _) => None,
            };
            if let Some(accepted) = self.keep_accepted(&request, facts, decision, new, key.cloned()).await? {
                return Ok(accepted);
            }
        }
    }

    fn new_delivery(&self, kept: &KeptCart, asked: &Asked, facts: &Facts, decision: &Decision) -> Result<Option<New>, Error> {
        let Some(manifest) = kept.manifest() else { return Ok(None) };
        let ForCart::Send(mut update) = asked.update().for_cart(&kept.as_set(&facts.assignments), manifest)? else { return Ok(None) };
        mark(&mut update, facts.known().as_ref());
        let (labels, packages) = rows(&asked.past());
        let order = OrderRef { cart: kept.cart.id.clone(), number: decision.order_number.clone() };
        let (merchant, at_unix_ms) = (self.merchant.clone(), self.now_unix_ms());
        Ok(Some(New { merchant, order, delivery: DeliveryId::new(), update, labels, packages, at_unix_ms }))
    }

    /// None: the facts have changed since.
    async fn keep_accepted(
        &self,
        request: &Request,
        facts: Facts,
        decision: Decision,
        new: Option<New>,
        key: Option<IdempotencyKey>,
    ) -> Result<Option<Accepted>, Error> {
        let packages = request.fields.packages.clone();
        let line_items = request.fields.line_items.iter().map(named).collect();
        let kept = KeptDecision { cause: request.cause.clone(), packages, line_items, decision: decision.clone() };
        let row = decisions::Decision { at_unix_ms: self.now_unix_ms(), json: serde_json::to_string(&kept).expect("it is plain data") };
        let merchant = self.merchant.clone();
        let order = OrderRef { cart: request.cart.clone(), number: decision.order_number.clone() };
        let write = move |tx: &Tx<'_>| -> Result<Option<Accepted>, Error> {
            if let Some(key) = &key {
                match idempotency::get(tx, &merchant, &key.key, key.body)? {
                    idempotency::Known::New => {}
                    idempotency::Known::OtherBody => return Err(Error::KeyReused),
                    idempotency::Known::Answered { answer } => {
                        return serde_json::from_str(&answer).map(Some).map_err(|source| Error::Kept { what: "an answer", source });
                    }
                }
            }
            if Facts::read(tx, &merchant, &order)? != facts {
                return Ok(None);
            }
            decisions::add(tx, &merchant, &order, &row)?;
            let done = match &new {
                None => Then::Nothing,
                Some(new) => Then::Queued { delivery: new.delivery.clone(), sequence: outbox::sqlite::accept(tx, new)? },
            };
            let accepted = Accepted { decision, done };
            if let Some(key) = &key {
                let answer = serde_json::to_string(&accepted).expect("it is plain data");
                idempotency::put(tx, &merchant, &key.key, key.body, &answer, row.at_unix_ms)?;
            }
            Ok(Some(accepted))
        };
        self.store.write(write).await
    }
}
