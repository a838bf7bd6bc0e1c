//! What the store says that a decision rests on: one look, so that it can be compared with a later one.

use super::Error;
use super::settings::{assignments, event_settings};
use crate::events::Settings;
use crate::gate::order::{Known, Past, PastPackage};
use crate::gate::package::{KnownPackage, Passage};
use crate::id::MerchantId;
use crate::parameters::Assignments;
use crate::store::orders::{AcceptedPackage, Label, Order, OrderRef, Package};
use crate::store::{self, View};

/// All that a decision about one order rests on, but for the plugin's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) cart: Option<store::carts::Cart>,
    pub(super) assignments: Assignments,
    pub(super) events: Settings,
    pub(super) order: Option<Order>,
}

impl Facts {
    pub(super) fn read(view: &View<'_>, merchant: &MerchantId, order: &OrderRef) -> Result<Facts, Error> {
        Ok(Facts {
            cart: store::carts::get(view, merchant, &order.cart)?,
            assignments: assignments(view, merchant)?,
            events: event_settings(view, merchant)?,
            order: store::orders::get(view, merchant, order)?,
        })
    }

    /// What of the order's past still stands, as the gate sees it.
    pub(super) fn known(&self) -> Option<Known> {
        self.order.as_ref().map(known)
    }
}

/// An order's past as the gate sees it.
pub(super) fn known(order: &Order) -> Known {
    let lines = order.labels.iter().filter(|accepted| !accepted.label.line.is_empty());
    Known {
        label: order.label("").map(|accepted| accepted.label.text.clone()),
        // By sequence within a line: the last one stays.
        lines: lines.map(|accepted| (accepted.label.line.clone(), accepted.label.text.clone())).collect(),
        packages: order.packages.iter().map(known_package).collect(),
    }
}

fn known_package(accepted: &AcceptedPackage) -> KnownPackage {
    let Package { id, carrier, number, withdrawn } = accepted.package.clone();
    let passage = if accepted.settled_at_unix_ms.is_some() { Passage::Told } else { Passage::OnItsWay };
    KnownPackage { id, carrier, tracking_number: number, withdrawn, passage }
}

/// What the store keeps of an update that is accepted: a row for each label and each package.
pub(super) fn rows(past: &Past) -> (Vec<Label>, Vec<Package>) {
    let order = past.label.iter().map(|text| Label { line: String::new(), text: text.clone() });
    let lines = past.lines.iter().map(|(line, text)| Label { line: line.clone(), text: text.clone() });
    let packages = past.packages.iter().cloned();
    let packages =
        packages.map(|PastPackage { id, carrier, tracking_number, withdrawn }| Package { id, carrier, number: tracking_number, withdrawn });
    (order.chain(lines).collect(), packages.collect())
}
