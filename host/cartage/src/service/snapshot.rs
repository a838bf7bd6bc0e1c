//! The stored facts that a decision depends on, read in one snapshot, so that a later change can be detected.
//!
//! A merchant's settings are read once and cached under their revision, which the store raises with each change. So a decision costs the
//! same with one cart and with thousands, and the writer, who must know that the facts still hold, compares revisions.

use super::Error;
use super::configuration::{assignments, event_settings};
use cartage_model::events::Settings;
use cartage_model::id::MerchantId;
use cartage_model::parameters::Assignments;
use cartage_policy::gate::order::{OrderRecord, Past};
use cartage_policy::gate::package::{KnownPackage, Passage};
use cartage_store::orders::{AcceptedPackage, LabelRow, OrderRef, OrderRow, PackageRow};
use cartage_store::{self as store, View};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Everything that a decision about one order depends on, except the plugin's file.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) cart: Option<store::carts::CartRow>,
    pub(super) set: Arc<Set>,
    pub(super) order: Option<OrderRow>,
}

/// A merchant's settings for all carts.
#[derive(Debug)]
pub(super) struct Set {
    /// The revision of the merchant's settings.
    number: u64,
    pub(super) assignments: Assignments,
    pub(super) events: Settings,
}

/// Each merchant's settings as last read.
#[derive(Debug, Default)]
pub(super) struct SetCache(Mutex<BTreeMap<MerchantId, Arc<Set>>>);

impl SetCache {
    /// The merchant's settings in this snapshot.
    fn read(&self, view: &View<'_>, merchant: &MerchantId) -> Result<Arc<Set>, Error> {
        let number = store::merchants::settings(view, merchant)?;
        let known = self.0.lock().expect("nobody panics while holding it").get(merchant).cloned();
        if let Some(set) = known.filter(|set| set.number == number) {
            return Ok(set);
        }
        let set = Arc::new(Set { number, assignments: assignments(view, merchant)?, events: event_settings(view, merchant)? });
        self.0.lock().expect("nobody panics while holding it").insert(merchant.clone(), set.clone());
        Ok(set)
    }
}

impl Facts {
    pub(super) fn read(view: &View<'_>, merchant: &MerchantId, order: &OrderRef, known: &SetCache) -> Result<Facts, Error> {
        Ok(Facts {
            cart: store::carts::get(view, merchant, &order.cart)?,
            set: known.read(view, merchant)?,
            order: store::orders::get(view, merchant, order)?,
        })
    }

    /// Whether the facts still hold in this snapshot.
    pub(super) fn stand(&self, view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<bool, Error> {
        Ok(store::merchants::settings(view, merchant)? == self.set.number && store::orders::get(view, merchant, order)? == self.order)
    }

    /// The order's past that still counts, as the gate sees it; `None` for a new order.
    pub(super) fn known(&self) -> Option<OrderRecord> {
        self.order.as_ref().map(known)
    }
}

/// An order's past as the gate sees it.
pub(super) fn known(order: &OrderRow) -> OrderRecord {
    let lines = order.labels.iter().filter(|accepted| !accepted.label.line.is_empty());
    OrderRecord {
        label: order.label("").map(|accepted| accepted.label.text.clone()),
        // By sequence within a line: the last one stays.
        lines: lines.map(|accepted| (accepted.label.line.clone(), accepted.label.text.clone())).collect(),
        packages: order.packages.iter().map(known_package).collect(),
    }
}

fn known_package(accepted: &AcceptedPackage) -> KnownPackage {
    let PackageRow { id, carrier, number, withdrawn, details } = accepted.package.clone();
    let passage = if accepted.settled_at_unix_ms.is_some() { Passage::Told } else { Passage::OnItsWay };
    KnownPackage { id, carrier, tracking_number: number, withdrawn, details, reference: accepted.reference.clone(), passage }
}

/// The rows for an accepted update: one for each label and each package.
pub(super) fn rows(past: &Past) -> (Vec<LabelRow>, Vec<PackageRow>) {
    let order = past.label.iter().map(|text| LabelRow { line: String::new(), text: text.clone() });
    let lines = past.lines.iter().map(|(line, text)| LabelRow { line: line.clone(), text: text.clone() });
    let packages = past.packages.iter().cloned().map(|package| PackageRow {
        id: package.id,
        carrier: package.carrier,
        number: package.tracking_number,
        withdrawn: package.withdrawn,
        details: package.details,
    });
    (order.chain(lines).collect(), packages.collect())
}
