//! Sample data on which tests build.

use crate::{CivilDate, CivilTime, Delivery, Package, Told, Update};

/// The time at which a test's attempt starts: 2015-06-01T17:11:51Z.
pub const NOW_UNIX_MS: u64 = 1_433_178_711_000;

/// The id of a test's delivery.
pub const DELIVERY_ID: &str = "0199f3a2-7c1e-7b64-9a3d-2f8e5c6d7a10";
/// A test's entropy. Nonces made from it are the same in each run.
pub const ENTROPY: [u8; 32] = [7; 32];

/// A change of an order to a status, with the status as the label, and nothing else. Change the fields that the test is about:
///
/// ```
/// use cartage_sdk::{Update, testing};
///
/// let update = Update { note: Some("Left at the door".to_owned()), ..testing::update("1001", "Shipped") };
/// assert_eq!(update.label, "Shipped");
/// ```
pub fn update(order_number: &str, status: &str) -> Update {
    Update {
        order_number: order_number.to_owned(),
        reference_number: None,
        label: status.to_owned(),
        status: Some(status.to_owned()),
        previous_label: None,
        changed_at: CivilTime {
            date: CivilDate { year: 2015, month: 6, day: 1 },
            hour: 13,
            minute: 11,
            second: 51,
            utc_offset_minutes: None,
        },
        changed_at_unix_ms: None,
        note: None,
        comments: None,
        notify_customer: None,
        packages: Vec::new(),
        packages_complete: None,
        line_items: Vec::new(),
        extra: Vec::new(),
    }
}

/// A package that the cart was not told of, which was picked up on 2015-06-01.
pub fn package(carrier: &str, tracking_number: &str) -> Package {
    Package {
        id: None,
        tracking_number: Some(tracking_number.to_owned()),
        tracking_url: None,
        carrier: Some(carrier.to_owned()),
        carrier_given: Some(carrier.to_owned()),
        method: None,
        picked_up: Some(CivilDate { year: 2015, month: 6, day: 1 }),
        contents: Vec::new(),
        origin: None,
        told: Told::New,
        told_number: None,
        known_reference: None,
        extra: Vec::new(),
    }
}

/// The first attempt of an order's first delivery.
pub fn delivery() -> Delivery {
    Delivery { id: DELIVERY_ID.to_owned(), sequence: 1, attempt: 1, earlier: Vec::new(), known_reference: None, extra: Vec::new() }
}
