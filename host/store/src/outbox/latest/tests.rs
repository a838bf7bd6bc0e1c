use super::*;
use cartage_contract::orders::{CivilDate, CivilTime, Content};

fn update(label: &str, status: Option<&str>) -> Update {
    Update {
        order_number: "1021".into(),
        reference_number: None,
        label: label.into(),
        status: status.map(str::to_owned),
        previous_label: Some(format!("before {label}")),
        changed_at: CivilTime {
            date: CivilDate { year: 2026, month: 11, day: label.len() as u8 },
            hour: 12,
            minute: 0,
            second: 0,
            utc_offset_minutes: None,
        },
        note: None,
        comments: None,
        notify_customer: None,
        packages: Vec::new(),
        line_items: Vec::new(),
        changed_at_unix_ms: None,
        packages_complete: None,
        extra: vec![],
    }
}

fn package(id: Option<&str>, number: Option<&str>) -> Package {
    Package {
        id: id.map(str::to_owned),
        tracking_number: number.map(str::to_owned),
        tracking_url: None,
        carrier: Some("ups".into()),
        carrier_given: Some("UPS".into()),
        method: None,
        picked_up: None,
        contents: Vec::new(),
        told: Told::New,
        told_number: None,
        origin: None,
        known_reference: None,
        extra: vec![],
    }
}

fn line_item(web: &str, label: Option<&str>) -> LineItem {
    LineItem {
        web_line_id: Some(web.into()),
        reference_line_id: None,
        sku: None,
        label: label.map(str::to_owned),
        status: label.map(str::to_lowercase),
        ordered: None,
        shipped: None,
        needed: None,
        note: None,
        packages: Vec::new(),
        extra: Vec::new(),
    }
}

/// Merges updates that are known to fit into one.
fn merged(older: &Update, newer: &Update) -> Update {
    merge(older, newer).expect("there is room for both")
}

#[test]
fn the_newer_status_is_told_with_the_label_that_the_cart_knows() {
    let (older, newer) = (update("Packed", Some("packed")), update("Shipped", Some("shipped")));
    let found = merged(&older, &newer);
    assert_eq!(found, Update { previous_label: older.previous_label, ..newer });
}

#[test]
fn a_label_without_a_status_does_not_hide_the_one_before() {
    let (older, newer) = (update("Shipped", Some("shipped")), update("Tracking Number Imported", None));
    let found = merged(&older, &newer);
    assert_eq!((found.label.as_str(), found.status.as_deref()), ("Shipped", Some("shipped")));
    assert_eq!(found.changed_at, newer.changed_at);
    let neither = merged(&update("A", None), &update("B", None));
    assert_eq!((neither.label.as_str(), neither.status), ("B", None));
}

#[test]
fn both_notes_are_told_each_once_up_to_their_size() {
    let noted = |note: Option<&str>| Update { note: note.map(str::to_owned), ..update("Shipped", Some("shipped")) };
    let note = |older, newer| merge(&noted(older), &noted(newer)).map(|update| update.note);
    assert_eq!(note(Some("Left at noon."), None), Some(Some("Left at noon.".into())));
    assert_eq!(note(None, Some("Arrived.")), Some(Some("Arrived.".into())));
    assert_eq!(note(Some("Left at noon."), Some("Arrived.")), Some(Some("Left at noon.\nArrived.".into())));
    assert_eq!(note(Some("Left."), Some("Left.")), Some(Some("Left.".into())));
    assert_eq!(note(Some("One.\nTwo."), Some("Two.")), Some(Some("One.\nTwo.".into())));
    assert_eq!(note(Some("Two."), Some("One.\nTwo.")), Some(Some("One.\nTwo.".into())));
    let (half, other) = ("x".repeat(NOTE_BYTES_MAX / 2), "y".repeat(NOTE_BYTES_MAX / 2 - 1));
    assert_eq!(note(Some(&half), Some(&other)).flatten().map(|note| note.len()), Some(NOTE_BYTES_MAX));
    assert_eq!(note(Some(&half), Some(&format!("{other}y"))), None, "one byte more");
}

#[test]
fn packages_that_the_newer_does_not_name_are_told_first() {
    let older = Update {
        packages: vec![package(Some("a"), Some("1Z1")), package(None, Some("1Z 2")), package(Some("c"), Some("1Z3"))],
        ..update("Packed", Some("packed"))
    };
    let newer = Update {
        packages: vec![package(None, Some("1z-2")), package(Some("c"), Some("1Z9")), package(Some("d"), None)],
        ..update("Shipped", Some("shipped"))
    };
    let found = merged(&older, &newer);
    let found: Vec<_> = found.packages.iter().map(|package| (package.id.as_deref(), package.tracking_number.as_deref())).collect();
    assert_eq!(found, [(Some("a"), Some("1Z1")), (None, Some("1z-2")), (Some("c"), Some("1Z9")), (Some("d"), None)]);
}

#[test]
fn what_a_package_leaves_out_stands_and_what_was_withdrawn_stays_so() {
    let contents = vec![Content { web_line_id: Some("1".into()), reference_line_id: None, sku: None, quantity: "2".into() }];
    let old = Package {
        contents: contents.clone(),
        told: Told::NumberCorrected,
        told_number: Some("1Z0".into()),
        origin: None,
        known_reference: None,
        extra: vec![],
        ..package(Some("a"), Some("1Z1"))
    };
    let new = Package { carrier: None, carrier_given: None, told: Told::AlreadyTold, ..package(Some("a"), None) };
    let with = |package: &Package| Update { packages: vec![package.clone()], ..update("Shipped", Some("shipped")) };
    assert_eq!(merged(&with(&old), &with(&new)).packages, std::slice::from_ref(&old), "nothing but what the older one said");
    let withdrawn = Package { told: Told::Withdrawn, ..new };
    assert_eq!(merged(&with(&old), &with(&withdrawn)).packages, [withdrawn]);
}

#[test]
fn lines_keep_their_last_label_and_all_that_travels() {
    let travels = |id: &str| LinePackage { package_id: id.into(), quantity: "1".into() };
    let one = LineItem { packages: vec![travels("a")], shipped: Some("1".into()), ..line_item("1", Some("Shipped")) };
    let again = LineItem { packages: vec![travels("b")], shipped: Some("2".into()), ..line_item("1", None) };
    let with = |lines: &[LineItem]| Update { line_items: lines.to_vec(), ..update("Shipped", Some("shipped")) };
    let found = merged(&with(&[one, line_item("2", Some("Packed"))]), &with(&[line_item("3", None), again])).line_items;
    let keys: Vec<_> = found.iter().map(|line| line.web_line_id.as_deref().unwrap_or_default()).collect();
    assert_eq!(keys, ["2", "3", "1"]);
    let last = &found[2];
    assert_eq!((last.label.as_deref(), last.status.as_deref(), last.shipped.as_deref()), (Some("Shipped"), Some("shipped"), Some("2")));
    assert_eq!(last.packages, [travels("a"), travels("b")]);
    let nameless = LineItem { web_line_id: None, ..line_item("", Some("Packed")) };
    assert_eq!(merged(&with(std::slice::from_ref(&nameless)), &with(&[nameless])).line_items.len(), 2, "nobody can say that these are one");
}

#[test]
fn more_than_one_update_may_hold_is_not_put_into_one() {
    let packages = |from: usize, count: usize| Update {
        packages: (from..from + count).map(|n| package(Some(&n.to_string()), None)).collect(),
        ..update("Shipped", Some("shipped"))
    };
    assert_eq!(merged(&packages(0, 60), &packages(60, PACKAGES_MAX - 60)).packages.len(), PACKAGES_MAX);
    assert_eq!(merge(&packages(0, 60), &packages(60, PACKAGES_MAX - 59)), None);
    assert_eq!(merged(&packages(0, 60), &packages(0, PACKAGES_MAX)).packages.len(), PACKAGES_MAX, "the same ones count once");
    let lines = |from: usize, count: usize| Update {
        line_items: (from..from + count).map(|n| line_item(&n.to_string(), None)).collect(),
        ..update("Shipped", Some("shipped"))
    };
    assert_eq!(merged(&lines(0, 1), &lines(1, LINE_ITEMS_MAX - 1)).line_items.len(), LINE_ITEMS_MAX);
    assert_eq!(merge(&lines(0, 1), &lines(1, LINE_ITEMS_MAX)), None);
    let travels = |from: usize, count: usize| LineItem {
        packages: (from..from + count).map(|n| LinePackage { package_id: n.to_string(), quantity: "1".into() }).collect(),
        ..line_item("1", None)
    };
    let one = |line: LineItem| Update { line_items: vec![line], ..update("Shipped", Some("shipped")) };
    assert_eq!(merged(&one(travels(0, 1)), &one(travels(1, LINE_ITEMS_MAX - 1))).line_items[0].packages.len(), LINE_ITEMS_MAX);
    assert_eq!(merge(&one(travels(0, 1)), &one(travels(1, LINE_ITEMS_MAX))), None, "a line travels in so many packages at most");
}

#[test]
fn as_much_is_put_into_one_as_is_kept_and_with_bounded_work() {
    let mut budget = Budget::new(UPDATE_BYTES_MAX - 10);
    assert!(budget.takes(10));
    assert!(!Budget::new(UPDATE_BYTES_MAX - 10).takes(11), "a byte more");
    let mut large = Budget::new(UPDATE_BYTES_MAX - 1000);
    assert_eq!((0..100).take_while(|_| large.takes(1)).count(), 3, "each merge copies all of it");
    let mut small = Budget::new(2_000);
    assert_eq!((0..100).take_while(|_| small.takes(2_000)).count(), 100, "a hundred usual ones go together");
}
