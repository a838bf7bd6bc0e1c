//! Each rule at its limit: the last update that a host sends, and the first that it does not.

use crate::delivery::Choice;
use crate::manifest::{Features, Manifest, Statuses};
use crate::orders::{CivilDate, CivilTime, Content, LineItem, LinePackage, Package, Told, Update};
use crate::sample;

fn update() -> Update {
    Update {
        order_number: "1001".into(),
        reference_number: None,
        label: "Shipped".into(),
        status: Some("shipped".into()),
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
        packages: vec![],
        packages_complete: None,
        line_items: vec![],
        extra: vec![],
    }
}

fn package() -> Package {
    Package {
        id: None,
        tracking_number: None,
        tracking_url: None,
        carrier: None,
        carrier_given: None,
        method: None,
        picked_up: None,
        contents: vec![],
        origin: None,
        told: Told::New,
        told_number: None,
        known_reference: None,
        extra: vec![],
    }
}

fn line() -> LineItem {
    let (web_line_id, reference_line_id, sku, label, status, note) = (None, None, None, None, None, None);
    let (ordered, shipped, needed, packages, extra) = (None, None, None, vec![], vec![]);
    LineItem { web_line_id, reference_line_id, sku, label, status, ordered, shipped, needed, note, packages, extra }
}

fn with(package: Package) -> Update {
    Update { packages: vec![package], ..update() }
}

fn everything() -> Features {
    Features {
        tracking: true,
        several_packages: true,
        package_contents: true,
        corrections: true,
        withdrawals: true,
        line_items: true,
        notes: true,
        without_status: true,
        customer_notification: true,
        ..Features::default()
    }
}

fn manifest() -> Manifest {
    Manifest { features: everything(), statuses: Statuses::FreeText, ..sample::manifest() }
}

fn problems(update: &Update, manifest: &Manifest) -> Vec<String> {
    update.check(manifest).err().map_or_else(Vec::new, |error| error.problems)
}

#[test]
fn each_field_is_judged_at_its_edge() {
    let text = |length: usize| "é".repeat(length);
    let content = |quantity: &str| {
        let content = Content { web_line_id: None, reference_line_id: None, sku: None, quantity: quantity.to_owned() };
        with(Package { contents: vec![content], ..package() })
    };
    let url = |url: &str| with(Package { tracking_url: Some(url.to_owned()), ..package() });
    let travels = |id: &str| {
        let packages = vec![LinePackage { package_id: id.to_owned(), quantity: "1".to_owned() }];
        let package = Package { id: Some("P-1".to_owned()), ..package() };
        Update { packages: vec![package], line_items: vec![LineItem { packages, ..line() }], ..update() }
    };
    let number = |told| with(Package { told, told_number: Some("1Z".to_owned()), ..package() });
    let at = |hour| Update { changed_at: CivilTime { hour, ..update().changed_at }, ..update() };
    let packages = |count| Update { packages: vec![package(); count], ..update() };
    let note = |note: &str| Update { note: Some(note.to_owned()), ..update() };
    for (right, wrong, problem) in [
        (
            Update { order_number: text(64), ..update() },
            Update { order_number: text(65), ..update() },
            "order-number has 65 characters, and at most 64 are allowed",
        ),
        (update(), Update { order_number: " ".into(), ..update() }, "order-number is empty"),
        (
            Update { label: text(100), ..update() },
            Update { label: text(101), ..update() },
            "label has 101 characters, and at most 100 are allowed",
        ),
        (update(), Update { status: Some("a\u{1b}".into()), ..update() }, "status holds a control character"),
        (note("a\n\tb"), note("a\r\nb"), "note holds a control character that is not a line feed"),
        (note(&"x".repeat(16 << 10)), note(&"x".repeat((16 << 10) + 1)), "note has 16385 bytes, and at most 16384 are allowed"),
        (packages(100), packages(101), "packages has 101 entries, and at most 100 are allowed"),
        (content("-0.5"), content("1,5"), "packages[0].contents.quantity is \"1,5\", which is not a decimal number such as 2 or 0.5"),
        (
            content(&format!("{}.123456", "9".repeat(15))),
            content("1.1234567"),
            "packages[0].contents.quantity is \"1.1234567\", which is not a decimal number such as 2 or 0.5",
        ),
        (url("https://carrier.example/t?n=1"), url("javascript:alert(1)"), "packages[0].tracking-url is not an http or https URL"),
        (number(Told::NumberCorrected), number(Told::New), "packages[0].told-number is given, though told is new and not number-corrected"),
        (travels("P-1"), travels("P-2"), "line-items[0].packages names \"P-2\", which is not the id of a package"),
        (at(23), at(24), "changed-at is not a time of the calendar"),
    ] {
        assert_eq!(problems(&right, &manifest()), Vec::<String>::new());
        assert_eq!(problems(&wrong, &manifest()), [problem]);
    }
}

#[test]
fn a_status_is_one_of_the_manifests_where_that_fixes_them() {
    let choice = |value: &str| Choice { value: value.to_owned(), title: None };
    let fixed = Manifest { statuses: Statuses::Fixed(vec![choice("open"), choice("shipped")]), ..manifest() };
    let lined = |status: &str| Update { line_items: vec![LineItem { status: Some(status.to_owned()), ..line() }], ..update() };
    assert_eq!(problems(&lined("open"), &fixed), Vec::<String>::new());
    assert_eq!(problems(&lined("lost"), &fixed), ["status \"lost\" is not one of the manifest's: open, shipped"]);
    let lost = Update { status: Some("lost".into()), ..update() };
    assert_eq!(problems(&lost, &fixed), ["status \"lost\" is not one of the manifest's: open, shipped"]);
    assert_eq!(problems(&lost, &manifest()), Vec::<String>::new());
    assert_eq!(problems(&Update { status: None, ..update() }, &fixed), Vec::<String>::new(), "no status is a feature");
}

#[test]
fn each_part_needs_its_feature_and_no_other() {
    let told = |told| with(Package { told, ..package() });
    let content = Content { web_line_id: None, reference_line_id: None, sku: None, quantity: "1".into() };
    let cases = [
        (with(Package { tracking_number: Some("1Z".into()), ..package() }), "tracking"),
        (Update { packages: vec![package(); 2], ..update() }, "several-packages"),
        (with(Package { contents: vec![content], ..package() }), "package-contents"),
        (told(Told::Changed), "corrections"),
        (told(Told::NumberCorrected), "corrections"),
        (told(Told::Withdrawn), "withdrawals"),
        (Update { line_items: vec![line()], ..update() }, "line-items"),
        (Update { comments: Some("x".into()), ..update() }, "notes"),
        (Update { status: None, ..update() }, "without-status"),
        (Update { notify_customer: Some(false), ..update() }, "customer-notification"),
    ];
    let nothing = Manifest { features: Features::default(), ..manifest() };
    for (update, feature) in cases {
        assert_eq!(problems(&update, &manifest()), Vec::<String>::new(), "{feature}");
        assert_eq!(problems(&update, &nothing), [format!("it needs the feature {feature}, which the manifest does not have")]);
    }
    assert_eq!(problems(&told(Told::AlreadyTold), &nothing), Vec::<String>::new());
    let error = Update { status: None, ..update() }.check(&nothing).expect_err("it sets none");
    let says = "no host sends this update to plugin sample: it needs the feature without-status, which the manifest does not have";
    assert_eq!(error.to_string(), says);
}
