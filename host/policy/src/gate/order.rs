//! The record of an order at a cart: the last label that still counts, and the packages that the cart knows or soon will.

use super::package::{Details, KnownPackage, Passage, details};
use cartage_contract::orders::{LineItem, Package, Told, Update};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was accepted for one order of one cart, as far as it still counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderRecord {
    /// The order's last accepted label; `None` if no update gave it one.
    pub label: Option<String>,
    /// The last accepted label of each line, by [`line_key`].
    pub lines: BTreeMap<String, String>,
    /// The packages, oldest first.
    pub packages: Vec<KnownPackage>,
}

/// The packages of an order's record; none for an order that is not on record.
pub fn packages(known: Option<&OrderRecord>) -> &[KnownPackage] {
    known.map_or(&[], |known| &known.packages)
}

/// One update that was accepted for the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// The label that the update gave the order.
    #[serde(default)]
    pub label: Option<String>,
    /// The labels that the update gave lines, by [`line_key`].
    #[serde(default)]
    pub lines: BTreeMap<String, String>,
    /// The packages of the update.
    #[serde(default)]
    pub packages: Vec<PastPackage>,
    /// What became of the update.
    pub fate: PastFate,
}

/// A package of an accepted update.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PastPackage {
    /// The sender's id of the package.
    pub id: Option<String>,
    /// The carrier as the Order Manager names it.
    pub carrier: Option<String>,
    /// The tracking number as the sender wrote it.
    pub tracking_number: Option<String>,
    /// Whether the update withdrew the package.
    pub withdrawn: bool,
    /// Hashes of the package's other details; `None` for updates of releases that did not store them.
    pub details: Option<Details>,
    /// The cart's own reference of the package, if the cart gave one.
    pub reference: Option<String>,
}

/// What became of an accepted update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PastFate {
    /// The update waits for its first or a further attempt.
    Waiting,
    /// The cart has the update, or it was imported as the state that the cart is in.
    Applied,
    /// The update became a dead letter or was discarded, so what was before it counts again.
    Lapsed,
}

impl Past {
    /// What is stored of an update when it is accepted.
    pub fn of(update: &Update) -> Past {
        let lines = update.line_items.iter().filter_map(|line| Some((line_key(line)?, line.label.clone()?))).collect();
        let packages = update.packages.iter().map(PastPackage::of).collect();
        Past { label: Some(update.label.clone()), lines, packages, fate: PastFate::Waiting }
    }
}

impl PastPackage {
    fn of(package: &Package) -> PastPackage {
        PastPackage {
            id: package.id.clone(),
            carrier: package.carrier_given.clone(),
            tracking_number: package.tracking_number.clone(),
            withdrawn: package.told == Told::Withdrawn,
            details: Some(details(package)),
            reference: None,
        }
    }
}

impl PastPackage {
    /// The package as the gate compares it.
    pub fn known(self, passage: Passage) -> KnownPackage {
        let PastPackage { id, carrier, tracking_number, withdrawn, details, reference } = self;
        KnownPackage { id, carrier, tracking_number, withdrawn, details, reference, passage }
    }
}

impl OrderRecord {
    /// The part of an order's history (oldest first) that still counts. `None` if nothing was ever accepted, so that the order is seen for the first
    /// time.
    pub fn of(history: &[Past]) -> Option<OrderRecord> {
        let mut known = OrderRecord::default();
        for past in history {
            let passage = match past.fate {
                PastFate::Waiting => Passage::OnItsWay,
                PastFate::Applied => Passage::Told,
                PastFate::Lapsed => continue,
            };
            if past.label.is_some() {
                known.label.clone_from(&past.label);
            }
            known.lines.extend(past.lines.iter().map(|(line, label)| (line.clone(), label.clone())));
            known.packages.extend(past.packages.iter().cloned().map(|package| package.known(passage)));
        }
        (!history.is_empty()).then_some(known)
    }
}

/// A key that identifies a line within its order: the cart's id of the line, else the Order Manager's, else the SKU.
pub fn line_key(line: &LineItem) -> Option<String> {
    let keys = [("web", &line.web_line_id), ("reference", &line.reference_line_id), ("sku", &line.sku)];
    keys.into_iter().find_map(|(kind, key)| Some(format!("{kind} {}", key.as_deref()?)))
}
