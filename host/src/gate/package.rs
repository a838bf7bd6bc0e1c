//! Packages: which two are the same one, and what the cart knows of each.
//!
//! Two packages are the same one by their id; where one has no id, by carrier and tracking number, without spaces, hyphens and ASCII case.
//! The carrier is the Order Manager's word for it, because the cart's word changes with its carrier map.

use super::order::Known;
use cartage_contract::orders::{Package, Told, Update};
use serde::{Deserialize, Serialize};

/// A package in an update that was accepted and still stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownPackage {
    /// The sender's id of it.
    #[serde(default)]
    pub id: Option<String>,
    /// The carrier in the Order Manager's words.
    #[serde(default)]
    pub carrier: Option<String>,
    /// The tracking number.
    #[serde(default)]
    pub tracking_number: Option<String>,
    /// Whether the update withdrew it.
    #[serde(default)]
    pub withdrawn: bool,
    /// How far the update came.
    pub passage: Passage,
}

/// How far an update came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Passage {
    /// Accepted, not settled: a repeat of it is nothing new, but the cart was not told.
    OnItsWay,
    /// Settled as applied: the cart was told.
    Told,
}

/// Marks each package with what the cart was told of it. Call it when an attempt starts: what is still on its way is not told.
///
/// A package that comes marked [`Told::Withdrawn`] stays so if the cart was told of it; if not, it is left out, for there is nothing to
/// take back. A package that comes without a tracking number is not thereby corrected to none.
pub fn mark(update: &mut Update, known: Option<&Known>) {
    let mut left_out = Vec::new();
    update.packages.retain_mut(|package| {
        let entry = newest(package, known, |entry| entry.passage == Passage::Told);
        let Some(told) = told(package, entry) else {
            left_out.extend(package.id.take());
            return false;
        };
        package.told = told;
        package.told_number = entry.filter(|_| told == Told::NumberCorrected).and_then(|entry| entry.tracking_number.clone());
        true
    });
    for line in &mut update.line_items {
        line.packages.retain(|travels| !left_out.contains(&travels.package_id));
    }
}

/// The first package that is news to the cart, with what is new about it. What is on its way already is no news.
pub(super) fn news<'a>(packages: &'a [Package], known: Option<&Known>) -> Option<(&'a Package, Told)> {
    packages.iter().find_map(|package| {
        let entry = newest(package, known, |_| true);
        let told = told(package, entry)?;
        let is_news = match told {
            Told::New | Told::NumberCorrected | Told::Changed => true,
            Told::AlreadyTold => false,
            Told::Withdrawn => entry.is_some_and(|entry| !entry.withdrawn),
        };
        is_news.then_some((package, told))
    })
}

/// What the cart knows of a package, by the last that it was told. None: withdrawn before it was told.
fn told(package: &Package, entry: Option<&KnownPackage>) -> Option<Told> {
    match (package.told, entry) {
        (Told::Withdrawn, None) => None,
        (Told::Withdrawn, Some(_)) => Some(Told::Withdrawn),
        (_, None) => Some(Told::New),
        (_, Some(entry)) if entry.withdrawn => Some(Told::New),
        (_, Some(entry)) => {
            let given = given(&package.tracking_number);
            let corrected = given.is_some() && !same_text(given, entry.tracking_number.as_deref());
            Some(if corrected { Told::NumberCorrected } else { Told::AlreadyTold })
        }
    }
}

/// The last entry of the same package that `counts`.
fn newest<'k>(package: &Package, known: Option<&'k Known>, counts: impl Fn(&KnownPackage) -> bool) -> Option<&'k KnownPackage> {
    known?.packages.iter().rev().find(|entry| counts(entry) && same(package, entry))
}

/// Whether the two are the same package.
fn same(package: &Package, entry: &KnownPackage) -> bool {
    match (given(&package.id), given(&entry.id)) {
        (Some(id), Some(known)) => id == known,
        _ => {
            same_text(package.carrier_given.as_deref(), entry.carrier.as_deref())
                && same_text(package.tracking_number.as_deref(), entry.tracking_number.as_deref())
        }
    }
}

/// An empty text is none.
fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

fn same_text(one: Option<&str>, other: Option<&str>) -> bool {
    fn folded(text: Option<&str>) -> impl Iterator<Item = char> + '_ {
        text.unwrap_or_default().chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_lowercase())
    }
    folded(one).eq(folded(other))
}

#[cfg(test)]
mod tests;
