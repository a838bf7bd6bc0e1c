//! Merging two updates into one, for carts where each status is a full state: the result has the newer one's status and everything else
//! that the older one had to tell. Pure.
//!
//! A label that only brings tracking data ([`Update::status`] is `None`) is no state: the merged update then keeps the older one's status.
//! Updates are merged as they were accepted; what the cart knows of each package is marked when an attempt starts, and not before.

use super::UPDATE_BYTES_MAX;
use cartage_contract::growth::{Extra, PAIRS_MAX};
use cartage_contract::orders::limits::{LINE_ITEMS_MAX, NOTE_BYTES_MAX, PACKAGES_MAX};
use cartage_contract::orders::{LineItem, LinePackage, Package, Told, Update};
use cartage_model::package_name::{PackageName, given};
use std::collections::{HashMap, HashSet};

/// The most bytes of updates that one merge may read and copy in all, because the thread that merges serves every cart.
const WORK_BYTES_MAX: usize = 4 * UPDATE_BYTES_MAX;

/// Counts the sizes of updates that are being merged, and says where the merge must stop.
#[derive(Debug)]
pub(super) struct Budget {
    /// The JSON bytes of all updates together, an upper bound for the merged one.
    together: usize,
    /// The bytes read and copied so far: each merge reads and copies the result of the one before.
    work: usize,
}

impl Budget {
    /// A budget that has taken the head, of this size.
    pub(super) fn new(bytes: usize) -> Budget {
        Budget { together: bytes, work: bytes }
    }

    /// Takes one more update of this size, if the limits allow it.
    pub(super) fn takes(&mut self, bytes: usize) -> bool {
        self.together += bytes;
        self.work += self.together;
        self.together <= UPDATE_BYTES_MAX && self.work <= WORK_BYTES_MAX
    }
}

/// Merges two updates of an order into one that is sent in place of the newer; `None` if the result would exceed the contract's limits, so
/// that each is sent by itself.
pub fn merge(older: &Update, newer: &Update) -> Option<Update> {
    let status_of = if newer.status.is_some() { newer } else { older };
    let merged = Update {
        order_number: newer.order_number.clone(),
        reference_number: newer.reference_number.clone().or_else(|| older.reference_number.clone()),
        label: if status_of.status.is_some() { status_of.label.clone() } else { newer.label.clone() },
        status: status_of.status.clone(),
        // The cart was told nothing in between.
        previous_label: older.previous_label.clone(),
        changed_at: newer.changed_at,
        changed_at_unix_ms: newer.changed_at_unix_ms,
        note: joined(older.note.as_deref(), newer.note.as_deref())?,
        comments: newer.comments.clone().or_else(|| older.comments.clone()),
        notify_customer: newer.notify_customer.or(older.notify_customer),
        packages: packages(&older.packages, &newer.packages),
        packages_complete: newer.packages_complete.or(older.packages_complete),
        line_items: lines(&older.line_items, &newer.line_items)?,
        extra: extra(&older.extra, &newer.extra),
    };
    let extras = merged.packages.iter().map(|package| &package.extra).chain(merged.line_items.iter().map(|line| &line.extra));
    let bounded = extras.chain([&merged.extra]).all(|extra| extra.len() <= PAIRS_MAX);
    (bounded && merged.packages.len() <= PACKAGES_MAX && merged.line_items.len() <= LINE_ITEMS_MAX).then_some(merged)
}

/// Both notes, the older first; a note that both have appears once. The outer `None` means that the result is too long.
#[expect(clippy::option_option, reason = "no note is one thing, no room for it another")]
fn joined(older: Option<&str>, newer: Option<&str>) -> Option<Option<String>> {
    let note = match (older, newer) {
        (Some(older), Some(newer)) if older.lines().any(|line| line == newer) => older.to_owned(),
        (Some(older), Some(newer)) if newer.lines().any(|line| line == older) => newer.to_owned(),
        (Some(older), Some(newer)) if older != newer => format!("{older}\n{newer}"),
        (one, other) => return Some(other.or(one).map(str::to_owned)),
    };
    (note.len() <= NOTE_BYTES_MAX).then_some(Some(note))
}

/// The packages of the older update that the newer does not name, then those of the newer.
fn packages(older: &[Package], newer: &[Package]) -> Vec<Package> {
    let (old_names, new_names): (Vec<_>, Vec<_>) =
        (older.iter().map(PackageName::of).collect(), newer.iter().map(PackageName::of).collect());
    let alone = older.iter().zip(&old_names).filter(|(_, old)| !new_names.iter().any(|new| old.is(new))).map(|(old, _)| old.clone());
    let newer = newer.iter().zip(&new_names).map(|(new, name)| match old_names.iter().rposition(|old| old.is(name)) {
        Some(at) if new.told != Told::Withdrawn => filled(&older[at], new),
        Some(_) | None => new.clone(),
    });
    alone.chain(newer).collect()
}

/// The newer package, with every field that it leaves out taken from the older.
fn filled(old: &Package, new: &Package) -> Package {
    let numbered = if given(&new.tracking_number).is_some() { new } else { old };
    let carried = if given(&new.carrier_given).is_some() { new } else { old };
    Package {
        id: new.id.clone(),
        tracking_number: numbered.tracking_number.clone(),
        told: numbered.told,
        told_number: numbered.told_number.clone(),
        tracking_url: new.tracking_url.clone().or_else(|| numbered.tracking_url.clone()),
        carrier: carried.carrier.clone(),
        carrier_given: carried.carrier_given.clone(),
        method: new.method.clone().or_else(|| old.method.clone()),
        picked_up: new.picked_up.or(old.picked_up),
        contents: if new.contents.is_empty() { old.contents.clone() } else { new.contents.clone() },
        origin: new.origin.clone().or_else(|| old.origin.clone()),
        known_reference: new.known_reference.clone().or_else(|| old.known_reference.clone()),
        extra: extra(&old.extra, &new.extra),
    }
}

/// The older update's further data under keys that the newer does not have, then the newer's.
fn extra(older: &Extra, newer: &Extra) -> Extra {
    let alone = older.iter().filter(|(name, _)| !newer.iter().any(|(new, _)| new == name));
    alone.chain(newer).cloned().collect()
}

/// The older update's lines that the newer does not name, then the newer's; `None` if a line would exceed the contract's limits.
fn lines(older: &[LineItem], newer: &[LineItem]) -> Option<Vec<LineItem>> {
    // Of several of one key the last counts.
    let by_key: HashMap<_, _> = older.iter().filter_map(|old| Some((key(old)?, old))).collect();
    let named: HashSet<_> = newer.iter().filter_map(key).collect();
    let alone = older.iter().filter(|old| key(old).is_none_or(|key| !named.contains(&key))).cloned().map(Some);
    let newer = newer.iter().map(|new| match key(new).and_then(|key| by_key.get(&key)) {
        Some(old) => line(old, new),
        None => Some(new.clone()),
    });
    alone.chain(newer).collect()
}

/// What identifies a line: the cart's id, else the Order Manager's, else the SKU.
fn key(line: &LineItem) -> Option<(u8, &str)> {
    let keys = [&line.web_line_id, &line.reference_line_id, &line.sku];
    (0..).zip(keys).find_map(|(kind, key)| Some((kind, key.as_deref()?)))
}

fn line(old: &LineItem, new: &LineItem) -> Option<LineItem> {
    let labelled = if new.label.is_some() { new } else { old };
    let or = |new: &Option<String>, old: &Option<String>| new.clone().or_else(|| old.clone());
    let named: HashSet<_> = new.packages.iter().map(|new| &new.package_id).collect();
    let travels = old.packages.iter().filter(|old| !named.contains(&old.package_id));
    let travels: Vec<LinePackage> = travels.chain(&new.packages).cloned().collect();
    let merged = LineItem {
        web_line_id: or(&new.web_line_id, &old.web_line_id),
        reference_line_id: or(&new.reference_line_id, &old.reference_line_id),
        sku: or(&new.sku, &old.sku),
        label: labelled.label.clone(),
        status: labelled.status.clone(),
        ordered: or(&new.ordered, &old.ordered),
        shipped: or(&new.shipped, &old.shipped),
        needed: or(&new.needed, &old.needed),
        note: joined(old.note.as_deref(), new.note.as_deref())?,
        packages: travels,
        extra: extra(&old.extra, &new.extra),
    };
    (merged.packages.len() <= LINE_ITEMS_MAX).then_some(merged)
}

#[cfg(test)]
mod tests;
