//! The XML encoding: one or more orders in the form field `update`.
//!
//! The text is first made well-formed where senders err (in `repair.rs`), under limits that hold before anything is built from it. Then a
//! real parser reads it, with document types switched off, so that there is nothing to expand. Elements are identified by name; unknown
//! ones are ignored, and one that stands twice where only one is allowed is refused.

mod repair;

pub use repair::{DEPTH_MAX, ELEMENTS_MAX};

use super::part::{Found, InvalidOrder, OrderProblem, within};
use super::text::cut;
use super::{text, times};
use cartage_model::carts::Inlet;
use cartage_model::carts::inlet::LeaveOut;
use cartage_policy::validate::{Fields, LINE_ITEMS_MAX, LineItemFields, LinePackageFields, PACKAGES_MAX, PackageFields};
use roxmltree::{Document, Node, ParsingOptions};
use std::collections::BTreeSet;

/// The most orders of one post.
pub const ORDERS_MAX: usize = 10_000;
/// The longest text of one element, in bytes.
pub const TEXT_BYTES_MAX: usize = 64 << 10;

/// The root elements that are accepted. The second is that of orders downloaded from a script.
const ROOTS: [&str; 2] = ["Orders", "SETIOrders"];

/// Why the XML cannot be read, for reasons that concern no single order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The document has a document type, which could define entities.
    #[error("it has a document type (<!DOCTYPE), which is never read")]
    DocumentType,
    /// The elements are nested too deeply.
    #[error("its elements are nested more than {DEPTH_MAX} deep")]
    TooDeep,
    /// The document has too many elements.
    #[error("it has more than {ELEMENTS_MAX} elements")]
    TooManyElements,
    /// The document has too many orders.
    #[error("it has {count} orders, but at most {ORDERS_MAX} are allowed")]
    TooManyOrders {
        /// The number of orders.
        count: usize,
    },
    /// The parser rejects the document.
    #[error("it is not well-formed")]
    Malformed(#[source] roxmltree::Error),
    /// The root element is not one of the known ones.
    #[error("its root is {root:?} instead of \"Orders\"")]
    OtherRoot {
        /// The root's name, cut to a readable length.
        root: String,
    },
    /// The document has no order.
    #[error("it holds no order")]
    NoOrder,
}

/// The updates of a document, in document order.
pub(super) fn updates(document: &str, inlet: &Inlet) -> Result<Vec<Result<Fields, InvalidOrder>>, Error> {
    let repaired = repair::repair(document)?;
    // The repair has limited the elements, and with them the texts between their tags. There are no other nodes.
    let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&repaired, options).map_err(Error::Malformed)?;
    let root = document.root_element();
    if !ROOTS.contains(&root.tag_name().name()) {
        return Err(Error::OtherRoot { root: cut(root.tag_name().name()) });
    }
    match children(root, "Order").count() {
        0 => Err(Error::NoOrder),
        count if count > ORDERS_MAX => Err(Error::TooManyOrders { count }),
        _ => Ok(children(root, "Order").map(|node| order(node, inlet)).collect()),
    }
}

fn order(node: Node<'_, '_>, inlet: &Inlet) -> Result<Fields, InvalidOrder> {
    let number = line(node, "OrderNumber").map_err(|problem| InvalidOrder::new(None, problem))?;
    fields(node, inlet, number.clone()).map_err(|problem| InvalidOrder::new(number.as_deref(), problem))
}

/// The fields of one order. Elements that the inlet leaves out are not read.
fn fields(node: Node<'_, '_>, inlet: &Inlet, number: Option<String>) -> Result<Fields, Found> {
    let order_number = number.ok_or(OrderProblem::OrderNumberMissing { field: "OrderNumber" })?;
    let label = line(node, "Status")?.ok_or(OrderProblem::LabelMissing { field: "Status" })?;
    let changed_at = line(node, "ChangeDateTime")?.map(|text| times::moment(&text, inlet)).transpose();
    let changed_at = changed_at.map_err(|source| OrderProblem::Time { field: "ChangeDateTime".to_owned(), source })?;
    let given = match inlet.leaves_out(LeaveOut::Packages) {
        true => Vec::new(),
        false => given_packages(node, inlet).map_err(within(LeaveOut::Packages))?,
    };
    let line_items = match inlet.leaves_out(LeaveOut::LineItems) {
        true => Vec::new(),
        false => items(node, &given, inlet).map_err(within(LeaveOut::LineItems))?,
    };
    let referred: BTreeSet<&str> = line_items.iter().flat_map(|item| &item.packages).map(|travels| travels.package_id.as_str()).collect();
    let packages = given.iter().filter_map(|Given { id, package, .. }| {
        let id = Some(id.clone()).filter(|id| referred.contains(id.as_str()));
        let is_one = id.is_some() || package.tracking_number.is_some() || package.carrier.is_some();
        is_one.then(|| PackageFields { id, ..package.clone() })
    });
    let packages = packages.collect();
    Ok(Fields {
        order_number,
        reference_number: line(node, "ReferenceNumber")?,
        label,
        changed_at: changed_at.flatten(),
        note: note(node, "Notes", inlet).map_err(within(LeaveOut::Notes))?,
        comments: note(node, "Comments", inlet).map_err(within(LeaveOut::Notes))?,
        notify_customer: None,
        packages,
        packages_complete: None,
        line_items,
    })
}

/// A package, the id by which lines of this post refer to it, and the id that identifies it from post to post.
struct Given {
    package_id: Option<String>,
    id: String,
    package: PackageFields,
}

fn given_packages(order: Node<'_, '_>, inlet: &Inlet) -> Result<Vec<Given>, OrderProblem> {
    let Some(list) = only(order, "Packages")? else { return Ok(Vec::new()) };
    let count = children(list, "Package").count();
    if count > PACKAGES_MAX {
        return Err(OrderProblem::PackagesTooMany { count });
    }
    let mut all: Vec<Given> = Vec::with_capacity(count);
    for (nth, node) in (1..).zip(children(list, "Package")) {
        let package_id = line(node, "PackageID")?;
        let package = package(node, nth, inlet)?;
        // If several pieces share a number, each needs an id of its own.
        let number = package.tracking_number.clone();
        let alone = |number: &String| all.iter().all(|earlier| earlier.id != *number);
        let id = number.filter(alone).unwrap_or_else(|| {
            let piece = package_id.clone().unwrap_or_else(|| nth.to_string());
            package.tracking_number.iter().fold(piece, |piece, number| format!("{number} ({piece})"))
        });
        all.push(Given { package_id, id, package });
    }
    Ok(all)
}

fn package(node: Node<'_, '_>, nth: usize, inlet: &Inlet) -> Result<PackageFields, OrderProblem> {
    let tracking_number = match (line(node, "TrackNum")?, line(node, "TrackingID")?) {
        (Some(number), Some(other)) if number != other => {
            return Err(OrderProblem::TwoNumbers { nth, track_num: cut(&number), tracking_id: cut(&other) });
        }
        (number, other) => number.or(other),
    };
    let picked_up = line(node, "PickupDate")?.map(|text| times::day(&text, inlet)).transpose();
    let picked_up = picked_up.map_err(|source| OrderProblem::Time { field: format!("the PickupDate of package {nth}"), source })?;
    Ok(PackageFields {
        tracking_number,
        carrier: line(node, "Shipper")?,
        method: line(node, "Method")?,
        picked_up: picked_up.flatten(),
        ..PackageFields::default()
    })
}

fn items(order: Node<'_, '_>, packages: &[Given], inlet: &Inlet) -> Result<Vec<LineItemFields>, OrderProblem> {
    let Some(list) = only(order, "Items")? else { return Ok(Vec::new()) };
    // One more than the limit is enough for `validate` to refuse the list.
    children(list, "Item").take(LINE_ITEMS_MAX + 1).map(|node| item(node, packages, inlet)).collect()
}

fn item(node: Node<'_, '_>, packages: &[Given], inlet: &Inlet) -> Result<LineItemFields, OrderProblem> {
    let mut travels = Vec::new();
    // If the inlet leaves packages out, a line does not refer to them.
    if !packages.is_empty()
        && let Some(list) = only(node, "Packages")?
    {
        for travel in children(list, "Package").take(PACKAGES_MAX) {
            let package_id = line(travel, "PackageID")?;
            // A package that is not in this post was reported before, or never will be.
            if let Some(package) = packages.iter().find(|package| package_id.is_some() && package.package_id == package_id) {
                let quantity = line(travel, "Quantity")?.unwrap_or_default();
                travels.push(LinePackageFields { package_id: package.id.clone(), quantity });
            }
        }
    }
    Ok(LineItemFields {
        web_line_id: line(node, "ItemNumber")?,
        reference_line_id: line(node, "RefNumber")?,
        sku: None,
        label: line(node, "Status")?,
        ordered: line(node, "Ordered")?,
        shipped: line(node, "Shipped")?,
        needed: line(node, "Needed")?,
        note: note(node, "Notes", inlet)?,
        packages: travels,
    })
}

fn children<'a, 'input>(parent: Node<'a, 'input>, name: &'static str) -> impl Iterator<Item = Node<'a, 'input>> {
    parent.children().filter(move |node| node.has_tag_name(name))
}

/// The only child with this name; `None` if there is none, an error if there are several.
fn only<'a, 'input>(parent: Node<'a, 'input>, name: &'static str) -> Result<Option<Node<'a, 'input>>, OrderProblem> {
    let mut found = children(parent, name);
    let first = found.next();
    if found.next().is_some() { Err(OrderProblem::Twice { name }) } else { Ok(first) }
}

/// The text of the only child with this name; `None` if there is no such child.
fn content<'a>(parent: Node<'a, '_>, name: &'static str) -> Result<Option<&'a str>, OrderProblem> {
    let Some(node) = only(parent, name)? else { return Ok(None) };
    if node.children().any(|child| child.is_element()) {
        return Err(OrderProblem::NotText { name });
    }
    let text = node.text().unwrap_or_default();
    if text.len() > TEXT_BYTES_MAX {
        return Err(OrderProblem::TextTooLong { name, bytes: text.len(), max: TEXT_BYTES_MAX });
    }
    Ok(Some(text))
}

fn line(parent: Node<'_, '_>, name: &'static str) -> Result<Option<String>, OrderProblem> {
    Ok(content(parent, name)?.and_then(text::line))
}

/// A text of several lines; `None` if the inlet leaves notes out.
fn note(parent: Node<'_, '_>, name: &'static str, inlet: &Inlet) -> Result<Option<String>, OrderProblem> {
    if inlet.leaves_out(LeaveOut::Notes) {
        return Ok(None);
    }
    Ok(content(parent, name)?.and_then(text::block))
}
