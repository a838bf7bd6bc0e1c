//! The updates whose posts are kept in `golden`, for the tests of this plugin and of the one in JavaScript.

use cartage_sdk::testing::{package, update};
use cartage_sdk::{CivilTime, Content, LineItem, LinePackage, Package, Told, Update};

/// Updates, each with the name of its golden file.
pub(crate) fn golden() -> [(&'static str, Update); 3] {
    let tracking_only = Update { status: None, packages: vec![package("UPS", "1Z9876")], ..update("1001", "Shipped") };
    [("status-only", update("1001", "Shipped")), ("tracking-only", tracking_only), ("everything", full())]
}

/// An update with everything that a sender can say.
pub(crate) fn full() -> Update {
    let start = update("100-A", "Order \"Shipped\"");
    Update {
        reference_number: Some("77".to_owned()),
        previous_label: Some("Order Packed".to_owned()),
        changed_at: CivilTime { utc_offset_minutes: Some(-240), ..start.changed_at },
        note: Some("Ring twice\nJosé's café 😀".to_owned()),
        comments: Some("a & b".to_owned()),
        notify_customer: Some(true),
        packages: vec![
            Package {
                id: Some("P-1".to_owned()),
                contents: vec![Content {
                    web_line_id: None,
                    reference_line_id: None,
                    sku: Some("SHRT".to_owned()),
                    quantity: "1.5".to_owned(),
                }],
                ..package("UPS", "1Z9876")
            },
            Package { told: Told::NumberCorrected, told_number: Some("1Z0".to_owned()), ..package("FedEx", "1Z1") },
            Package { told: Told::Withdrawn, ..package("UPS", "1Z2") },
        ],
        packages_complete: Some(true),
        line_items: vec![LineItem {
            web_line_id: Some("501".to_owned()),
            reference_line_id: None,
            sku: Some("SHRT".to_owned()),
            label: Some("Item Shipped".to_owned()),
            status: None,
            ordered: Some("2".to_owned()),
            shipped: Some("1.5".to_owned()),
            needed: None,
            note: None,
            packages: vec![LinePackage { package_id: "P-1".to_owned(), quantity: "1.5".to_owned() }],
            extra: Vec::new(),
        }],
        ..start
    }
}
