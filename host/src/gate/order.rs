//! What is known of an order at a cart: the last label that stands, and the packages that the cart knows of or soon will.

use super::package::{Details, KnownPackage, Passage, details};
use cartage_contract::orders::{LineItem, Package, Told, Update};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was accepted for one order of one cart, as far as it still stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Known {
    /// The order's last accepted label.
    pub label: Option<String>,
    /// The last accepted label of each line, by [`line_key`].
    pub lines: BTreeMap<String, String>,
    /// The packages, oldest first.
    pub packages: Vec<KnownPackage>,
}

/// One update that was accepted for the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// The order's label in it.
    #[serde(default)]
    pub label: Option<String>,
    /// The labels of its lines, by [`line_key`].
    #[serde(default)]
    pub lines: BTreeMap<String, String>,
    /// Its packages.
    #[serde(default)]
    pub packages: Vec<PastPackage>,
    /// What became of it.
    pub fate: PastFate,
}

/// A package of an update that was accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PastPackage {
    /// The sender's id of it.
    pub id: Option<String>,
    /// The carrier in the Order Manager's words.
    pub carrier: Option<String>,
    /// The tracking number.
    pub tracking_number: Option<String>,
    /// Whether the update withdrew it.
    pub withdrawn: bool,
    /// What else it said of it.
    pub details: Option<Details>,
    /// The cart's own reference of it, if it gave one.
    pub reference: Option<String>,
}

/// What became of an accepted update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PastFate {
    /// It waits, or is tried again.
    Waiting,
    /// The cart has it, or it was taken in as the state that the cart is in.
    Applied,
    /// It became a dead letter or was discarded: what was before it counts again.
    Lapsed,
}

impl Past {
    /// What is kept of an update when it is accepted.
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
    /// The package as the gate knows it.
    pub fn known(self, passage: Passage) -> KnownPackage {
        let PastPackage { id, carrier, tracking_number, withdrawn, details, reference } = self;
        KnownPackage { id, carrier, tracking_number, withdrawn, details, reference, passage }
    }
}

impl Known {
    /// What still stands of an order's history, oldest first. None: nothing was ever accepted, so the order is seen for the first time.
    pub fn of(history: &[Past]) -> Option<Known> {
        let mut known = Known::default();
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

/// What tells a line from the order's others: the cart's id of it, else the Order Manager's, else the SKU.
pub fn line_key(line: &LineItem) -> Option<String> {
    let keys = [("web", &line.web_line_id), ("reference", &line.reference_line_id), ("sku", &line.sku)];
    keys.into_iter().find_map(|(kind, key)| Some(format!("{kind} {}", key.as_deref()?)))
}
