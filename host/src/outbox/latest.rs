//! Two updates told as one, for carts where each status is a full state: the newer one's status, and everything else that the older one had
//! to tell. Pure.
//!
//! A label that only brings tracking data ([`Update::status`] is none) is no state: the older one's status is then told with it. Updates are
//! merged as they were accepted; what the cart knows of each package is marked when an attempt starts, and not before.

use cartage_contract::orders::{LineItem, LinePackage, Package, Told, Update};

/// What the contract allows in one update (`orders.wit`).
const NOTE_BYTES_MAX: usize = 16 << 10;
const PACKAGES_MAX: usize = 100;
const LINE_ITEMS_MAX: usize = 1_000;

/// Both updates of an order as one, told in place of the newer. None: together they are more than the contract allows, so each is told by
/// itself.
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
        note: joined(older.note.as_deref(), newer.note.as_deref())?,
        comments: newer.comments.clone().or_else(|| older.comments.clone()),
        notify_customer: newer.notify_customer.or(older.notify_customer),
        packages: packages(&older.packages, &newer.packages),
        line_items: lines(&older.line_items, &newer.line_items)?,
    };
    (merged.packages.len() <= PACKAGES_MAX && merged.line_items.len() <= LINE_ITEMS_MAX).then_some(merged)
}

/// Both notes, the older first; one that both have, once. None: too long.
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

/// The older one's packages that the newer does not name, then the newer's.
fn packages(older: &[Package], newer: &[Package]) -> Vec<Package> {
    let alone = older.iter().filter(|old| !newer.iter().any(|new| same(old, new)));
    let newer = newer.iter().map(|new| match older.iter().rfind(|old| same(old, new)) {
        Some(old) if new.told != Told::Withdrawn => filled(old, new),
        Some(_) | None => new.clone(),
    });
    alone.cloned().chain(newer).collect()
}

/// What the newer one leaves out of a package stands as the older one has it.
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
    }
}

/// As the gate has it: by id; where one has none, by carrier and number, without spaces, hyphens and case.
fn same(one: &Package, other: &Package) -> bool {
    match (given(&one.id), given(&other.id)) {
        (Some(one), Some(other)) => one == other,
        _ => {
            let key = |package: &Package| [folded(&package.carrier_given), folded(&package.tracking_number)];
            key(one) == key(other)
        }
    }
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

fn folded(text: &Option<String>) -> String {
    let text = text.as_deref().unwrap_or_default().chars();
    text.filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_lowercase()).collect()
}

/// The older one's lines that the newer does not name, then the newer's. None: a note is too long.
fn lines(older: &[LineItem], newer: &[LineItem]) -> Option<Vec<LineItem>> {
    let is_same = |old: &LineItem, new: &LineItem| key(old).is_some() && key(old) == key(new);
    let alone = older.iter().filter(|old| !newer.iter().any(|new| is_same(old, new))).cloned().map(Some);
    let newer = newer.iter().map(|new| match older.iter().rfind(|old| is_same(old, new)) {
        Some(old) => line(old, new),
        None => Some(new.clone()),
    });
    alone.chain(newer).collect()
}

/// The cart's id of the line, else the Order Manager's, else the SKU.
fn key(line: &LineItem) -> Option<(u8, &str)> {
    let keys = [&line.web_line_id, &line.reference_line_id, &line.sku];
    (0..).zip(keys).find_map(|(kind, key)| Some((kind, key.as_deref()?)))
}

fn line(old: &LineItem, new: &LineItem) -> Option<LineItem> {
    let labelled = if new.label.is_some() { new } else { old };
    let or = |new: &Option<String>, old: &Option<String>| new.clone().or_else(|| old.clone());
    let travels = old.packages.iter().filter(|old| !new.packages.iter().any(|new| new.package_id == old.package_id));
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
    };
    Some(merged)
}

#[cfg(test)]
mod tests;
