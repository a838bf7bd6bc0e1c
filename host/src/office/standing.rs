//! Where an order stands once something was accepted for it: what waits for what and until when, and which packages its cart knows.

use super::facts::known;
use super::{Error, Office};
use crate::gate::package::{KnownPackage, Passage};
use crate::id::DeliveryId;
use crate::outbox::{Waits, sqlite};
use crate::store::carts::Pause;
use crate::store::orders::{Order, OrderRef};
use crate::store::{self, receipts};
use serde::Serialize;
use serde_json::Value;

/// The first update of an order that its cart does not have yet.
#[derive(Debug, Clone, Serialize)]
pub struct Waiting {
    /// Its delivery.
    pub delivery: DeliveryId,
    /// Its number among the order's updates.
    pub sequence: u64,
    /// What it waits for.
    pub waits: Waits,
    /// What came of its last attempt, by the name of its fate. None: there was none.
    pub last: Option<String>,
    /// What the plugin said of that.
    pub said: Option<String>,
    /// The pause that holds its cart.
    pub pause: Option<Held>,
}

/// A pause that holds a cart.
#[derive(Debug, Clone, Serialize)]
pub struct Held {
    /// The reason, by name.
    pub why: String,
    /// Until when. None: until somebody resumes it.
    pub until_unix_ms: Option<u64>,
    /// What the plugin said when the cart was paused.
    pub said: Option<String>,
}

/// A package of an order, and whether its cart knows it.
#[derive(Debug, Clone, Serialize)]
pub struct PackageStanding {
    /// The sender's id of it.
    pub id: Option<String>,
    /// The carrier in the Order Manager's words.
    pub carrier: Option<String>,
    /// The tracking number.
    pub tracking_number: Option<String>,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
    /// Whether the cart was told of it so; else it is on its way.
    pub told: bool,
    /// The cart's own reference of it.
    pub reference: Option<String>,
}

impl Office {
    /// The first update of an order that waits. None: nothing waits.
    pub(super) async fn waiting_of(&self, order: &OrderRef) -> Result<Option<Waiting>, Error> {
        let (merchant, of, now) = (self.merchant.clone(), order.clone(), self.now_unix_ms());
        let look = move |view: &store::View<'_>| -> Result<_, crate::outbox::Error> {
            let Some(first) = sqlite::before(view, &merchant, &of, i64::MAX as u64, 1)?.pop() else { return Ok(None) };
            let receipts = receipts::of_delivery(view, &merchant, &first.delivery)?;
            let cart = store::carts::get(view, &merchant, &of.cart)?;
            Ok(Some((first, receipts, cart.and_then(|cart| cart.pause))))
        };
        let Some((first, receipts, pause)) = self.shared.store.read(look).await? else { return Ok(None) };
        let last: Option<Value> = receipts.last().and_then(|json| serde_json::from_str(json).ok());
        let said = last.as_ref().and_then(|last| last["message"].as_str()).map(str::to_owned);
        let held = |Pause { why, until_unix_ms, said }| Held { why, until_unix_ms, said };
        Ok(Some(Waiting {
            delivery: first.delivery,
            sequence: first.sequence,
            waits: first.waits,
            last: last.and_then(|last| fate_name(&last["fate"])),
            said,
            pause: pause.filter(|pause| pause.holds(now)).map(held),
        }))
    }
}

/// The name of a fate as a receipt has it.
pub fn fate_name(fate: &Value) -> Option<String> {
    match fate {
        Value::String(name) => Some(name.clone()),
        Value::Object(members) => members.keys().next().cloned(),
        _ => None,
    }
}

/// The packages of an order, each once, as it was accepted or told last.
pub(super) fn packages(order: &Order) -> Vec<PackageStanding> {
    let standing = |package: KnownPackage| {
        let KnownPackage { id, carrier, tracking_number, withdrawn, reference, passage, .. } = package;
        PackageStanding { id, carrier, tracking_number, withdrawn, told: passage == Passage::Told, reference }
    };
    known(order).packages.into_iter().map(standing).collect()
}
