//! The fields that a sender gives: plain and optional, as in JSON and on the command line, and their conversion to an update.

use super::text::{Check, cut};
use super::{LABEL_CHARS_MAX, LINE_ITEMS_MAX, NOTE_BYTES_MAX, PACKAGES_MAX};
use cartage_base::bounded;
use cartage_contract::orders::{CivilTime, Content, LineItem, LinePackage, Package, Told, Update};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A status update as a sender gives it. Only the order number and the label are required.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// The cart's own (web) number for the order.
    pub order_number: String,
    /// The Order Manager's number for the order.
    #[serde(default)]
    pub reference_number: Option<String>,
    /// The status label.
    pub label: String,
    /// When the label changed: `2026-11-23T14:05:00`, optionally with an offset. If left out, now by this machine's clock.
    #[serde(default)]
    pub changed_at: Option<String>,
    /// The note about this change.
    #[serde(default)]
    pub note: Option<String>,
    /// The order's comments.
    #[serde(default)]
    pub comments: Option<String>,
    /// Whether the cart should notify the customer; if left out, the cart decides.
    #[serde(default)]
    pub notify_customer: Option<bool>,
    /// The order's packages.
    #[serde(default, deserialize_with = "bounded::cut_list::<_, _, PACKAGES_MAX>")]
    pub packages: Vec<PackageFields>,
    /// Whether these are all the packages that the order will have; if left out, the sender does not say.
    #[serde(default)]
    pub packages_complete: Option<bool>,
    /// The order's lines.
    #[serde(default, deserialize_with = "bounded::cut_list::<_, _, LINE_ITEMS_MAX>")]
    pub line_items: Vec<LineItemFields>,
}

/// A package as a sender gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PackageFields {
    /// The sender's id for the package.
    pub id: Option<String>,
    /// The tracking number.
    pub tracking_number: Option<String>,
    /// The URL at which the package can be tracked.
    pub tracking_url: Option<String>,
    /// The carrier in the Order Manager's words.
    pub carrier: Option<String>,
    /// The shipping method.
    pub method: Option<String>,
    /// The day of the pick-up, such as `2026-11-23`.
    pub picked_up: Option<String>,
    /// The place from which the package leaves, such as a warehouse, in the sender's words.
    pub origin: Option<String>,
    /// Whether the package was withdrawn: it was named before and will not leave.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// The contents of the package.
    #[serde(deserialize_with = "bounded::cut_list::<_, _, LINE_ITEMS_MAX>")]
    pub contents: Vec<ContentFields>,
}

/// How many of a line a package contains, as a sender gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContentFields {
    /// The cart's id for the line.
    pub web_line_id: Option<String>,
    /// The Order Manager's number for the line.
    pub reference_line_id: Option<String>,
    /// The stock keeping unit of the line.
    pub sku: Option<String>,
    /// The quantity in the package, as decimal text.
    pub quantity: String,
}

/// A line of the order as a sender gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LineItemFields {
    /// The cart's id for the line.
    pub web_line_id: Option<String>,
    /// The Order Manager's number for the line.
    pub reference_line_id: Option<String>,
    /// The stock keeping unit of the line.
    pub sku: Option<String>,
    /// The line's own status label.
    pub label: Option<String>,
    /// The quantity ordered, as decimal text.
    pub ordered: Option<String>,
    /// The quantity shipped, as decimal text.
    pub shipped: Option<String>,
    /// The quantity still needed, as decimal text.
    pub needed: Option<String>,
    /// A note about the line.
    pub note: Option<String>,
    /// The packages that contain the line.
    #[serde(deserialize_with = "bounded::cut_list::<_, _, LINE_ITEMS_MAX>")]
    pub packages: Vec<LinePackageFields>,
}

/// How many of a line one package contains, as a sender gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinePackageFields {
    /// The id of a package of this update.
    pub package_id: String,
    /// The quantity in the package, as decimal text.
    pub quantity: String,
}

pub(super) fn update(fields: Fields, now: CivilTime, check: &mut Check) -> Update {
    let packages = bounded("packages", fields.packages, PACKAGES_MAX, check);
    let line_items = bounded("line_items", fields.line_items, LINE_ITEMS_MAX, check);
    let packages: Vec<Package> =
        packages.into_iter().enumerate().map(|(at, fields)| package(&format!("packages[{at}]"), fields, check)).collect();
    let ids = package_ids(&packages, check);
    let line_items =
        line_items.into_iter().enumerate().map(|(at, fields)| line_item(&format!("line_items[{at}]"), fields, &ids, check)).collect();
    Update {
        order_number: check.number("order_number", fields.order_number),
        reference_number: check.optional("reference_number", fields.reference_number),
        label: check.required("label", fields.label, LABEL_CHARS_MAX),
        status: None,
        previous_label: None,
        changed_at: check.time("changed_at", fields.changed_at.as_deref()).unwrap_or(now),
        changed_at_unix_ms: None,
        note: check.block("note", fields.note, NOTE_BYTES_MAX),
        comments: check.block("comments", fields.comments, NOTE_BYTES_MAX),
        notify_customer: fields.notify_customer,
        packages,
        packages_complete: fields.packages_complete,
        line_items,
        extra: Vec::new(),
    }
}

/// Cuts a list that is too long and names it once, so that ten thousand packages are one problem and not ten thousand.
fn bounded<T>(field: &str, list: Vec<T>, max: usize, check: &mut Check) -> Vec<T> {
    if list.len() > max {
        check.problem(field, format!("has more than {max} entries, the maximum"));
        return Vec::new();
    }
    list
}

fn package(at: &str, fields: PackageFields, check: &mut Check) -> Package {
    Package {
        id: check.optional(&format!("{at}.id"), fields.id),
        tracking_number: check.optional(&format!("{at}.tracking_number"), fields.tracking_number),
        tracking_url: check.web_url(&format!("{at}.tracking_url"), fields.tracking_url),
        carrier: None,
        carrier_given: check.optional(&format!("{at}.carrier"), fields.carrier),
        method: check.optional(&format!("{at}.method"), fields.method),
        picked_up: check.date(&format!("{at}.picked_up"), fields.picked_up.as_deref()),
        contents: bounded(&format!("{at}.contents"), fields.contents, LINE_ITEMS_MAX, check)
            .into_iter()
            .map(|content| Content {
                web_line_id: check.optional(&format!("{at}.contents.web_line_id"), content.web_line_id),
                reference_line_id: check.optional(&format!("{at}.contents.reference_line_id"), content.reference_line_id),
                sku: check.optional(&format!("{at}.contents.sku"), content.sku),
                quantity: check.quantity(&format!("{at}.contents.quantity"), content.quantity),
            })
            .collect(),
        told: if fields.withdrawn { Told::Withdrawn } else { Told::New },
        told_number: None,
        origin: check.optional(&format!("{at}.origin"), fields.origin),
        known_reference: None,
        extra: Vec::new(),
    }
}

/// The packages' ids. Two packages with one id are a problem, because a line could be in either.
fn package_ids<'a>(packages: &'a [Package], check: &mut Check) -> BTreeSet<&'a str> {
    let mut ids = BTreeSet::new();
    for (at, package) in packages.iter().enumerate() {
        if package.id.as_deref().is_some_and(|id| !ids.insert(id)) {
            check.problem(&format!("packages[{at}].id"), "is the id of an earlier package too");
        }
    }
    ids
}

fn line_item(at: &str, fields: LineItemFields, packages: &BTreeSet<&str>, check: &mut Check) -> LineItem {
    let mut quantity =
        |name: &str, text: Option<String>| text.filter(|text| !text.is_empty()).map(|text| check.quantity(&format!("{at}.{name}"), text));
    let (ordered, shipped, needed) =
        (quantity("ordered", fields.ordered), quantity("shipped", fields.shipped), quantity("needed", fields.needed));
    let travels = bounded(&format!("{at}.packages"), fields.packages, LINE_ITEMS_MAX, check);
    LineItem {
        web_line_id: check.optional(&format!("{at}.web_line_id"), fields.web_line_id),
        reference_line_id: check.optional(&format!("{at}.reference_line_id"), fields.reference_line_id),
        sku: check.optional(&format!("{at}.sku"), fields.sku),
        label: check.optional(&format!("{at}.label"), fields.label),
        status: None,
        ordered,
        shipped,
        needed,
        note: check.block(&format!("{at}.note"), fields.note, NOTE_BYTES_MAX),
        packages: travels
            .into_iter()
            .map(|travel| {
                if !packages.contains(travel.package_id.as_str()) {
                    check.problem(
                        &format!("{at}.packages"),
                        format!("names the package {:?}, which this update does not have", cut(&travel.package_id)),
                    );
                }
                LinePackage { quantity: check.quantity(&format!("{at}.packages.quantity"), travel.quantity), package_id: travel.package_id }
            })
            .collect(),
        extra: Vec::new(),
    }
}
