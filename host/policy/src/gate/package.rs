//! Packages: when two of them are the same, and what the cart knows of each.
//!
//! Two packages are the same if their ids are. If one of them has no id, carrier and tracking number are compared, without spaces, hyphens and ASCII
//! case. The carrier is the Order Manager's word for it, because the cart's word changes with its carrier map.

use cartage_contract::manifest::Features;
use cartage_contract::orders::{Package, Told, Update};
use cartage_model::carts::Part;
use cartage_model::id::Digest;
use cartage_model::package_name::{PackageName, given, same_text};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The characters of a hash in [`Details`].
const HASH_CHARS: usize = 16;

/// By name: a hash of each detail of a package other than its id, carrier and number.
pub type Details = BTreeMap<String, String>;

/// A package of an accepted update that still counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownPackage {
    /// The sender's id of the package.
    #[serde(default)]
    pub id: Option<String>,
    /// The carrier as the Order Manager names it.
    #[serde(default)]
    pub carrier: Option<String>,
    /// The tracking number as the sender wrote it.
    #[serde(default)]
    pub tracking_number: Option<String>,
    /// Whether the update withdrew the package.
    #[serde(default)]
    pub withdrawn: bool,
    /// Hashes of the package's other details. `None` if the update was accepted by a release that did not store them.
    #[serde(default)]
    pub details: Option<Details>,
    /// The cart's own reference of the package, if the cart gave one.
    #[serde(default)]
    pub reference: Option<String>,
    /// Whether the cart was told of the package yet.
    pub passage: Passage,
}

/// How far an update got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Passage {
    /// The update is accepted and not settled. A repeat of it is nothing new, but the cart was not told.
    OnItsWay,
    /// The update is settled as applied: the cart was told.
    Told,
}

/// Hashes of a package's details other than its id, carrier and number, by which a later change is noticed.
pub fn details(package: &Package) -> Details {
    let given = |text: &Option<String>| given(text).map(str::to_owned);
    let contents = (!package.contents.is_empty()).then(|| serde_json::to_string(&package.contents).expect("contents are plain data"));
    let all = [
        ("method", given(&package.method)),
        ("picked-up", package.picked_up.map(|day| format!("{}-{}-{}", day.year, day.month, day.day))),
        ("tracking-url", given(&package.tracking_url)),
        ("contents", contents),
        ("origin", given(&package.origin)),
    ];
    let hash = |text: String| Digest::of(text.as_bytes()).to_string().chars().take(HASH_CHARS).collect();
    all.into_iter().filter_map(|(name, text)| Some((name.to_owned(), hash(text?)))).collect()
}

/// Marks each package with what the cart was told of it, and with the cart's reference. This is called when an attempt starts; an update still on its
/// way does not count as told.
///
/// A package marked [`Told::Withdrawn`] keeps the mark if the cart was told of it; otherwise it is removed, because there is nothing to take back.
/// Details that a package comes without, such as a tracking number, are not thereby removed at the cart.
pub fn mark(update: &mut Update, known: &[KnownPackage]) {
    let mut left_out = Vec::new();
    update.packages.retain_mut(|package| {
        let entry = standing(package, known, |entry| entry.passage == Passage::Told);
        let Some(told) = told(package, entry.as_ref()) else {
            left_out.extend(package.id.take());
            return false;
        };
        package.told = told;
        package.told_number = entry.as_ref().filter(|_| told == Told::NumberCorrected).and_then(|entry| entry.tracking_number.clone());
        package.known_reference = entry.and_then(|entry| entry.reference);
        true
    });
    for line in &mut update.line_items {
        line.packages.retain(|travels| !left_out.contains(&travels.package_id));
    }
}

/// Reduces an update's packages to what the plugin can carry and the cart does not leave out: packages whose corrections cannot be told are marked as
/// told already, and packages whose withdrawal cannot be told are removed.
pub fn fit(update: &mut Update, features: Features, left_out: &BTreeSet<Part>) {
    let goes = |part: Part| part.is_carried(features) && !left_out.contains(&part);
    if !goes(Part::Corrections) {
        for package in update.packages.iter_mut().filter(|package| matches!(package.told, Told::NumberCorrected | Told::Changed)) {
            (package.told, package.told_number) = (Told::AlreadyTold, None);
        }
    }
    if !goes(Part::Withdrawals) {
        let mut gone = Vec::new();
        update.packages.retain_mut(|package| {
            package.told != Told::Withdrawn || {
                gone.extend(package.id.take());
                false
            }
        });
        for line in &mut update.line_items {
            line.packages.retain(|travels| !gone.contains(&travels.package_id));
        }
    }
}

/// The first package that is new to the cart, with what is new about it. An update on its way already does not count as new.
pub(super) fn news<'a>(packages: &'a [Package], known: &[KnownPackage], left_out: &BTreeSet<Part>) -> Option<(&'a Package, Told)> {
    packages.iter().find_map(|package| {
        let entry = standing(package, known, |_| true);
        let told = told(package, entry.as_ref())?;
        let is_news = match told {
            Told::New => true,
            Told::NumberCorrected | Told::Changed => !left_out.contains(&Part::Corrections),
            Told::AlreadyTold => false,
            Told::Withdrawn => !left_out.contains(&Part::Withdrawals) && entry.is_some_and(|entry| !entry.withdrawn),
        };
        is_news.then_some((package, told))
    })
}

/// The parts of the packages that a plugin with these features cannot carry, given what the cart knows of them or soon will.
pub(super) fn not_carried(packages: &[Package], known: &[KnownPackage], features: Features) -> Vec<Part> {
    let told: Vec<Told> = packages.iter().filter_map(|package| told(package, standing(package, known, |_| true).as_ref())).collect();
    let held = [
        (Part::Corrections, told.iter().any(|told| matches!(told, Told::NumberCorrected | Told::Changed))),
        (Part::Withdrawals, told.contains(&Told::Withdrawn)),
    ];
    held.into_iter().filter(|(part, is_held)| *is_held && !part.is_carried(features)).map(|(part, _)| part).collect()
}

/// What is new about a package, compared with what the cart was last told of it. `None` if it was withdrawn before the cart was told of it.
fn told(package: &Package, entry: Option<&KnownPackage>) -> Option<Told> {
    match (package.told, entry) {
        (Told::Withdrawn, None) => None,
        (Told::Withdrawn, Some(_)) => Some(Told::Withdrawn),
        (_, None) => Some(Told::New),
        (_, Some(entry)) if entry.withdrawn => Some(Told::New),
        (_, Some(entry)) => {
            let number = given(&package.tracking_number);
            Some(match number.is_some() && !same_text(number, entry.tracking_number.as_deref()) {
                true => Told::NumberCorrected,
                false if has_changed(package, entry) => Told::Changed,
                false => Told::AlreadyTold,
            })
        }
    }
}

/// Whether a package differs in its details, other than its number, from what is known of it. Details that an earlier release did not store count as
/// unchanged.
fn has_changed(package: &Package, entry: &KnownPackage) -> bool {
    let carrier = given(&package.carrier_given);
    let differs = |known: &Details| details(package).iter().any(|(name, hash)| known.get(name) != Some(hash));
    (carrier.is_some() && !same_text(carrier, entry.carrier.as_deref())) || entry.details.as_ref().is_some_and(differs)
}

/// What is known of a package from all of its entries that count, oldest first: a later entry replaces the details that it has.
fn standing(package: &Package, known: &[KnownPackage], counts: impl Fn(&KnownPackage) -> bool) -> Option<KnownPackage> {
    let entries = known.iter().filter(|entry| counts(entry) && same(package, entry));
    entries.cloned().reduce(|old, new| KnownPackage {
        carrier: new.carrier.or(old.carrier),
        tracking_number: new.tracking_number.or(old.tracking_number),
        details: match (old.details, new.details) {
            (Some(mut known), Some(more)) => {
                known.extend(more);
                Some(known)
            }
            (_, newer) => newer,
        },
        reference: new.reference.or(old.reference),
        ..new
    })
}

/// Whether a package of an update is the one of an entry.
fn same(package: &Package, entry: &KnownPackage) -> bool {
    let known = PackageName::new(entry.id.as_deref(), entry.carrier.as_deref(), entry.tracking_number.as_deref());
    PackageName::of(package).is(&known)
}

#[cfg(test)]
mod tests;
