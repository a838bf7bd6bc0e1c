//! The JSON that is posted. `docs/webhook.md` describes it to receivers: later versions may add fields, and never change what a field means.

use cartage_sdk::orders::{iso_date, iso_time};
use cartage_sdk::serde_json::{Value, json};
use cartage_sdk::{Content, LineItem, LinePackage, Package, Told, Update};

/// The event type in every post.
const TYPE: &str = "order.status_changed";

/// The whole update as JSON. A value that the sender left out is `null`.
pub(crate) fn of(update: &Update) -> Value {
    json!({
        "type": TYPE,
        "timestamp": iso_time(update.changed_at),
        "data": {
            "order_number": update.order_number,
            "reference_number": update.reference_number,
            "status": update.status,
            "label": update.label,
            "previous_label": update.previous_label,
            "note": update.note,
            "comments": update.comments,
            "notify_customer": update.notify_customer,
            "packages": list(&update.packages, package),
            "packages_complete": update.packages_complete,
            "line_items": list(&update.line_items, line_item),
        },
    })
}

fn package(package: &Package) -> Value {
    json!({
        "id": package.id,
        "carrier": package.carrier,
        "tracking_number": package.tracking_number,
        "tracking_url": package.tracking_url,
        "method": package.method,
        "picked_up": package.picked_up.map(iso_date),
        "origin": package.origin,
        "contents": list(&package.contents, content),
        "told": told(package.told),
        "told_number": package.told_number,
    })
}

/// How the package differs from what the receiver was told before.
fn told(told: Told) -> &'static str {
    match told {
        Told::New => "new",
        Told::AlreadyTold => "already-told",
        Told::NumberCorrected => "number-corrected",
        Told::Changed => "changed",
        Told::Withdrawn => "withdrawn",
    }
}

fn content(content: &Content) -> Value {
    json!({
        "web_line_id": content.web_line_id,
        "reference_line_id": content.reference_line_id,
        "sku": content.sku,
        "quantity": content.quantity,
    })
}

fn line_item(line: &LineItem) -> Value {
    json!({
        "web_line_id": line.web_line_id,
        "reference_line_id": line.reference_line_id,
        "sku": line.sku,
        "label": line.label,
        "status": line.status,
        "ordered": line.ordered,
        "shipped": line.shipped,
        "needed": line.needed,
        "note": line.note,
        "packages": list(&line.packages, line_package),
    })
}

fn line_package(package: &LinePackage) -> Value {
    json!({ "package_id": package.package_id, "quantity": package.quantity })
}

fn list<T>(items: &[T], shown: fn(&T) -> Value) -> Vec<Value> {
    items.iter().map(shown).collect()
}
