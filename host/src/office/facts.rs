//! What the store says that a decision rests on: one look, so that it can be compared with a later one.

use super::Error;
use super::settings::{assignments, event_settings};
use crate::events::Settings;
use crate::gate::order::{Known, Past};
use crate::gate::package::{KnownPackage, Passage};
use crate::id::MerchantId;
use crate::parameters::Assignments;
use crate::store::orders::{AcceptedPackage, Label, Order, OrderRef, Package};
use crate::store::{self, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    pub(super) fn known(&self) -> Result<Option<Known>, Error> {
        let Some(order) = &self.order else { return Ok(None) };
        let lines = order.labels.iter().filter(|accepted| !accepted.label.line.is_empty());
        let mut packages: Vec<&AcceptedPackage> = order.packages.iter().collect();
        packages.sort_by_key(|accepted| accepted.sequence);
        Ok(Some(Known {
            label: order.label("").map(|accepted| accepted.label.text.clone()),
            // By sequence within a line: the last one stays.
            lines: lines.map(|accepted| (accepted.label.line.clone(), accepted.label.text.clone())).collect(),
            packages: packages.into_iter().map(known_package).collect::<Result<_, _>>()?,
        }))
    }
}

/// What makes a package the same one, as the store's key: its id and its carrier, and without an id its number as well.
#[derive(Serialize, Deserialize)]
struct Key {
    id: Option<String>,
    carrier: Option<String>,
    number: Option<String>,
}

fn known_package(accepted: &AcceptedPackage) -> Result<KnownPackage, Error> {
    let key: Key = serde_json::from_str(&accepted.package.key).map_err(|source| Error::Kept { what: "a package of an order", source })?;
    Ok(KnownPackage {
        id: key.id,
        carrier: key.carrier,
        tracking_number: accepted.package.number.clone(),
        withdrawn: accepted.package.withdrawn,
        passage: if accepted.settled_at_unix_ms.is_some() { Passage::Told } else { Passage::OnItsWay },
    })
}

/// What the store keeps of an update that is accepted: a row for each label and each package, none twice.
pub(super) fn rows(past: &Past) -> (Vec<Label>, Vec<Package>) {
    let order = past.label.iter().map(|text| Label { line: String::new(), text: text.clone() });
    let lines = past.lines.iter().map(|(line, text)| Label { line: line.clone(), text: text.clone() });
    let packages = past.packages.iter().map(|package| {
        let number = package.tracking_number.clone().filter(|_| package.id.is_none());
        let number = number.map(|number| number.replace([' ', '-'], "").to_ascii_lowercase());
        let key = Key { id: package.id.clone(), carrier: package.carrier.clone(), number };
        let key = serde_json::to_string(&key).expect("a key is plain data");
        (key.clone(), Package { key, number: package.tracking_number.clone(), withdrawn: package.withdrawn })
    });
    (order.chain(lines).collect(), packages.collect::<BTreeMap<_, _>>().into_values().collect())
}
