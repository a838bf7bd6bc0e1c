use super::*;
use cartage_contract::orders::CivilDate;

const NOON: CivilTime =
    CivilTime { date: CivilDate { year: 2026, month: 11, day: 23 }, hour: 12, minute: 0, second: 0, utc_offset_minutes: Some(0) };

fn minimal() -> Fields {
    Fields { order_number: "1021".into(), label: "Order Shipped".into(), ..Fields::default() }
}

/// Changes a valid update in one place and expects either no problem or exactly one that starts with the given text.
fn check(problem: Option<&str>, change: impl FnOnce(&mut Fields)) {
    let mut fields = minimal();
    change(&mut fields);
    let shown = format!("{fields:?}").chars().take(200).collect::<String>();
    match (StatusUpdate::new(fields, NOON), problem) {
        (Ok(_), None) => {}
        (Err(error), Some(problem)) => {
            assert_eq!(error.problems.len(), 1, "{error}");
            assert!(error.problems[0].starts_with(problem), "{error}\nwanted: {problem}");
        }
        (Ok(_), Some(problem)) => panic!("{shown} was taken, wanted: {problem}"),
        (Err(error), None) => panic!("{shown}: {error}"),
    }
}

fn one_package(package: PackageFields) -> impl FnOnce(&mut Fields) {
    |fields| fields.packages = vec![package]
}

#[test]
fn texts_are_bounded_at_their_edges() {
    check(None, |f| f.order_number = "x".repeat(64));
    check(Some("order_number has 65 characters"), |f| f.order_number = "x".repeat(65));
    check(None, |f| f.order_number = "é".repeat(64));
    check(Some("order_number is empty"), |f| f.order_number = String::new());
    check(Some("order_number is empty"), |f| f.order_number = "  ".into());
    check(Some("order_number starts or ends with a space"), |f| f.order_number = "1021 ".into());
    check(Some("order_number holds the control character U+0000"), |f| f.order_number = "10\u{0}21".into());
    check(None, |f| f.label = "x".repeat(100));
    check(Some("label has 101 characters"), |f| f.label = "x".repeat(101));
    check(Some("label holds the control character U+001B"), |f| f.label = "\u{1b}[31mShipped".into());
    check(None, |f| f.note = Some("x".repeat(NOTE_BYTES_MAX)));
    check(Some("note has 16385 bytes"), |f| f.note = Some("x".repeat(NOTE_BYTES_MAX + 1)));
    check(None, |f| f.note = Some("two\r\nlines and a\ttab".into()));
    check(Some("note holds the control character U+000D"), |f| f.note = Some("half a\rline end".into()));
    check(Some("comments holds the control character U+0085"), |f| f.comments = Some("next\u{85}line".into()));
    check(None, |f| f.reference_number = Some("x".repeat(255)));
    check(Some("reference_number has 256 characters"), |f| f.reference_number = Some("x".repeat(256)));
}

#[test]
fn counts_are_bounded_at_their_edges() {
    check(None, |f| f.packages = vec![PackageFields::default(); PACKAGES_MAX]);
    check(Some("packages has more than 100 entries"), |f| f.packages = vec![PackageFields::default(); PACKAGES_MAX + 1]);
    check(Some("packages has more than 100 entries"), |f| f.packages = vec![PackageFields::default(); 10_000]);
    check(None, |f| f.line_items = vec![LineItemFields::default(); LINE_ITEMS_MAX]);
    check(Some("line_items has more than 1000 entries"), |f| f.line_items = vec![LineItemFields::default(); LINE_ITEMS_MAX + 1]);
}

#[test]
fn times_dates_quantities_and_links_are_checked() {
    for good in
        ["2026-11-23T14:05:00", "2026-11-23 14:05", "2026-11-23T14:05:00+01:00", "2026-11-23T14:05:00Z", "2024-02-29T00:00:00-18:00"]
    {
        check(None, |f| f.changed_at = Some(good.into()));
    }
    for bad in
        ["2026-02-29T00:00:00", "yesterday", "2026-11-23T25:00:00", "1969-12-31T23:59:59", "2026-11-23T14:05:00+19:00", "-0001-01-01T00:00"]
    {
        check(Some("changed_at"), |f| f.changed_at = Some(bad.into()));
    }
    for (bad, field) in [("23.11.2026", "packages[0].picked_up"), ("2026-13-01", "packages[0].picked_up")] {
        check(Some(field), one_package(PackageFields { picked_up: Some(bad.into()), ..Default::default() }));
    }
    for good in ["2", "0.5", "-1", "999999999999999.999999"] {
        check(None, |f| f.line_items = vec![LineItemFields { ordered: Some(good.into()), ..Default::default() }]);
    }
    for bad in ["two", "1e3", "1.", ".5", "--1", "1000000000000000", "0.1234567", "NaN", "１"] {
        check(Some("line_items[0].ordered"), |f| f.line_items = vec![LineItemFields { ordered: Some(bad.into()), ..Default::default() }]);
    }
    check(None, one_package(PackageFields { tracking_url: Some("https://carrier.example/t?n=1".into()), ..Default::default() }));
    for bad in ["javascript:alert(1)", "carrier.example", "ftp://carrier.example/", "https://"] {
        check(Some("packages[0].tracking_url"), one_package(PackageFields { tracking_url: Some(bad.into()), ..Default::default() }));
    }
}

#[test]
fn times_keep_their_offset_and_their_wall_clock() {
    let changed_at = |text: &str| {
        StatusUpdate::new(Fields { changed_at: Some(text.into()), ..minimal() }, NOON).expect("a valid time").update.changed_at
    };
    let at = |hour, offset| CivilTime { hour, utc_offset_minutes: offset, ..NOON };
    assert_eq!(changed_at("2026-11-23T14:00:00"), at(14, None));
    assert_eq!(changed_at("2026-11-23T14:00:00+01:00"), at(14, Some(60)));
    assert_eq!(changed_at("2026-11-23T14:00:00Z"), at(14, Some(0)));
    assert_eq!(StatusUpdate::new(minimal(), NOON).expect("minimal is valid").update.changed_at, NOON);
}

#[test]
fn lines_travel_only_in_packages_that_exist() {
    let lines = |id: &str| {
        let line = LineItemFields {
            packages: vec![LinePackageFields { package_id: id.into(), quantity: "1".into() }],
            ..LineItemFields::default()
        };
        let package = PackageFields { id: Some("P1".into()), ..PackageFields::default() };
        move |f: &mut Fields| (f.packages, f.line_items) = (vec![package], vec![line])
    };
    check(None, lines("P1"));
    check(Some("line_items[0].packages names the package \"P2\""), lines("P2"));
    check(Some("packages[1].id"), |f| f.packages = vec![PackageFields { id: Some("P1".into()), ..PackageFields::default() }; 2]);
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let fields = Fields { order_number: String::new(), label: "a\nb".into(), changed_at: Some("soon".into()), ..Fields::default() };
    let error = StatusUpdate::new(fields, NOON).expect_err("three fields are wrong");
    assert_eq!(error.problems.len(), 3, "{error}");
}

#[test]
fn unknown_fields_in_json_are_errors() {
    let good = r#"{"order_number": "1", "label": "Shipped", "packages": [{"tracking_number": "1Z"}]}"#;
    assert!(serde_json::from_str::<Fields>(good).is_ok());
    for (name, wrong) in [("tracking_number", "tracking"), ("\"packages\"", "\"parcels\""), ("order_number", "order_no")] {
        let error = serde_json::from_str::<Fields>(&good.replace(name, wrong)).expect_err(wrong);
        assert!(error.to_string().contains("unknown field"), "{error}");
    }
}

#[test]
fn the_cart_is_told_its_own_number_of_the_order() {
    let cart = "cart = \"seed\"\nplugin = \"p.wasm\"\norder_number = { strip_prefix = \"WEB-\" }";
    let cart = Cart::parse("seed.toml", cart).expect("it is a cart");
    let manifest = cartage_fixtures::manifest();
    let told = |number: &str| {
        let update = StatusUpdate::new(Fields { order_number: number.into(), ..minimal() }, NOON).expect("it is valid");
        update.for_cart(&cart, &manifest)
    };
    assert!(matches!(told("WEB-1021"), Ok(ForCart::Send(update)) if update.order_number == "1021"));
    let error = told("1021").expect_err("it has no such prefix");
    assert!(matches!(&error, Refused::OrderNumber { cart, source: order_number::Error::Prefix { .. } } if cart == "seed"), "{error}");
}
