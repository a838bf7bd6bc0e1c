//! Why an order's status was sent or not, as of now: the gate's decision about the order, with the order's state, receipts and deliveries.

use super::Error;
use super::intake::{Asked, Cause, Looked, Request, StoredDecision};
use super::of_order::OrderDelivery;
use super::orders::{OrderStatus, Orders, PackageStatus, packages};
use cartage_model::id::{CartId, SenderOrderNumber};
use cartage_model::remedy::{Remedy, Words};
use cartage_policy::gate::explain::{Explanation, Note};
use cartage_policy::gate::{Again, Decision, Given};
use cartage_policy::validate::Fields;
use cartage_store::orders::OrderRef;
use cartage_store::{self as store, decisions, receipts};
use serde::{Deserialize, Serialize};

/// The most receipts that are shown with an order.
const RECEIPTS_SHOWN: u32 = 3;

/// What the gate would decide about an order now, with the state of the order. Its remedies are data, or a `String` each where they are in words.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Explained<R = Remedy> {
    /// The decision and the order's state, in words.
    pub explanation: Explanation<R>,
    /// The decision itself, which is not stored because no status was asked for.
    pub decision: Decision<R>,
    /// The cause of the change: what was last asked for, or a label given directly.
    pub cause: Cause,
    /// The most recent receipts of the order, the most recent first.
    pub receipts: Vec<serde_json::Value>,
    /// The state of the order at the cart.
    pub standing: OrderStatus,
    /// The order's deliveries on record, by sequence number.
    pub deliveries: Vec<OrderDelivery>,
    /// The cart's own reference for the order, as last given; `None` if it gave none.
    pub reference: Option<String>,
    /// The order's packages, each with whether the cart knows it.
    pub packages: Vec<PackageStatus>,
}

impl Explained {
    /// What was explained, with its remedies in words.
    pub fn worded(self, words: &dyn Words) -> Explained<String> {
        let Explained { explanation, decision, cause, receipts, standing, deliveries, reference, packages } = self;
        let (explanation, decision) = (explanation.worded(words), decision.worded(words));
        Explained { explanation, decision, cause, receipts, standing, deliveries, reference, packages }
    }

    /// Whether a person must act before such an update is sent, or on what is stored for the order already.
    pub fn must_act(&self) -> bool {
        self.decision.must_act() || self.standing.must_act()
    }
}

impl Orders {
    /// Says what the gate would decide about an order now: about `label` or, without one, about what was last asked for.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read or the label is not valid.
    pub async fn explain(&self, cart: &CartId, number: &SenderOrderNumber, label: Option<&str>) -> Result<Explained, Error> {
        let (merchant, order) = (self.tenant.merchant.clone(), OrderRef { cart: cart.clone(), number: number.clone() });
        let (decided, receipts) = self
            .tenant
            .store
            .read::<_, store::Error>(move |view| {
                Ok((decisions::list(view, &merchant, &order)?, receipts::of_order(view, &merchant, &order, RECEIPTS_SHOWN)?))
            })
            .await?;
        let last = decided.first().map(|last| serde_json::from_str::<StoredDecision>(&last.json)).transpose();
        let last = last.map_err(Error::kept("a decision"))?;
        let receipts =
            receipts.iter().map(|json| serde_json::from_str(json)).collect::<Result<_, _>>().map_err(Error::kept("a receipt"))?;
        let Looked { facts, kept, nearest, .. } = self.intake.look(cart, number, None).await?;
        let known = facts.known().and_then(|known| known.label);
        let (cause, asked_label, asked_packages, line_items) = match (last, label) {
            (Some(last), None) => (last.cause, last.decision.label, last.packages, last.line_items),
            (_, label) => (Cause::Given(Given::ByHand), label.map(str::to_owned).or(known), Vec::new(), Vec::new()),
        };
        let nothing_asked = asked_label.is_none() && matches!(cause, Cause::Given(_));
        // Nothing is known of the order: the other fields are checked as if there were a label, and the gate is asked without one.
        let label = asked_label.unwrap_or_else(|| "LABEL".to_owned());
        let fields = Fields { order_number: number.to_string(), label, packages: asked_packages, line_items, ..Fields::default() };
        let request = Request { cart: cart.clone(), cause: cause.clone(), fields, again: Again::No };
        let mut asked = Asked::new(&request, &facts, self.tenant.now_unix_ms())?;
        asked.labelled &= !nothing_asked;
        let mut decision = asked.decide(cart, kept.as_deref(), nearest.as_deref(), &facts)?;
        let standing = self.judge(&mut decision, None).await?;
        let mut explanation = self.in_words(&decision, &standing).await?;
        let deliveries = self.deliveries.of_order(&OrderRef { cart: cart.clone(), number: number.clone() }).await?;
        if let Cause::Event(name) = &cause {
            explanation.notes.push(Note::text(format!("Last requested by the status event \"{name}\".")));
        }
        if deliveries.len() > 1 {
            let all = format!("All {} deliveries of the order", deliveries.len());
            explanation.notes.push(Note::with(all, Remedy::ListOrderDeliveries { cart: cart.clone(), order: number.clone() }));
        }
        let reference = facts.order.as_ref().and_then(|order| order.reference.clone());
        let packages = facts.order.as_ref().map(packages).unwrap_or_default();
        Ok(Explained { explanation, decision, cause, receipts, standing, deliveries, reference, packages })
    }
}
