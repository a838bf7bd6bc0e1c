use super::*;
use crate::gate::order::OrderRecord;
use crate::gate::order::{Past, PastFate, PastPackage};
use cartage_contract::orders::{CivilDate, CivilTime, Content, LineItem, LinePackage};

fn package(id: &str, carrier: &str, number: &str) -> Package {
    let some = |text: &str| Some(text.to_owned()).filter(|text| text != "-");
    Package {
        id: some(id),
        tracking_number: some(number),
        tracking_url: None,
        carrier: None,
        carrier_given: some(carrier),
        method: None,
        picked_up: None,
        contents: vec![],
        told: Told::New,
        told_number: None,
        origin: None,
        known_reference: None,
        extra: vec![],
    }
}

fn entry(passage: Passage, package: &Package) -> KnownPackage {
    let Package { id, carrier_given: carrier, tracking_number, told, .. } = package.clone();
    let (withdrawn, details) = (told == Told::Withdrawn, Some(details(package)));
    KnownPackage { id, carrier, tracking_number, withdrawn, details, reference: None, passage }
}

fn known(entries: &[KnownPackage]) -> Vec<KnownPackage> {
    entries.to_vec()
}

fn update(packages: Vec<Package>) -> Update {
    let date = CivilDate { year: 2026, month: 11, day: 23 };
    Update {
        order_number: "1021".into(),
        reference_number: None,
        label: "Order Shipped".into(),
        status: None,
        previous_label: None,
        changed_at: CivilTime { date, hour: 12, minute: 0, second: 0, utc_offset_minutes: None },
        note: None,
        comments: None,
        notify_customer: None,
        packages,
        line_items: vec![],
        changed_at_unix_ms: None,
        packages_complete: None,
        extra: vec![],
    }
}

fn marked(given: Package, known: Vec<KnownPackage>) -> Option<(Told, Option<String>)> {
    let mut update = update(vec![given]);
    mark(&mut update, &known);
    update.packages.pop().map(|package| (package.told, package.told_number))
}

fn withdrawn(mut package: Package) -> Package {
    package.told = Told::Withdrawn;
    package
}

#[test]
fn the_same_package_is_known_by_its_id_else_by_carrier_and_number() {
    let told = package("P1", "UPS", "1Z 999-AA1");
    for (given, same, why) in [
        (package("p1", "UPS", "1Z 999-AA1"), false, "ids are compared as they are"),
        (package("P2", "UPS", "1Z 999-AA1"), false, "two ids are two packages"),
        (package("-", "UPS", "1Z 999-AA1"), true, "no id: carrier and number"),
        (package("", "UPS", "1Z 999-AA1"), true, "an empty id is none"),
        (package("-", "ups", "1z999aa1"), true, "case, spaces and hyphens do not count"),
        (package("-", "U P-S", "1Z999\u{a0}AA1"), true, "in the carrier and for other spaces too"),
        (package("-", "FX", "1Z999AA1"), false, "another carrier"),
        (package("-", "-", "1Z999AA1"), false, "no carrier is not any carrier"),
        (package("-", "UPS", "1Z999AA2"), false, "another number"),
        (package("-", "UPS", "1Z999.AA1"), false, "a point counts"),
        (package("-", "UPS", "１Z999AA1"), false, "only ASCII is folded"),
        (package("-", "UPS", "-"), false, "no number is not any number"),
    ] {
        let expected = if same { Told::AlreadyTold } else { Told::New };
        let found = marked(given, known(&[entry(Passage::Told, &told)]));
        assert_eq!(found, Some((expected, None)), "{why}");
    }
}

#[test]
fn what_a_package_says_otherwise_is_a_change_and_what_it_does_not_say_is_none() {
    let told = Package { method: Some("Ground".into()), ..package("P1", "UPS", "1Z1") };
    let with = |change: fn(&mut Package)| {
        let mut given = told.clone();
        change(&mut given);
        given
    };
    let content = || Content { web_line_id: None, reference_line_id: None, sku: Some("SHIRT".into()), quantity: "1".into() };
    let before = KnownPackage { reference: Some("F-1".into()), ..entry(Passage::Told, &told) };
    for (given, expected, why) in [
        (told.clone(), Told::AlreadyTold, "the same"),
        (package("P1", "-", "-"), Told::AlreadyTold, "what is not said is not changed"),
        (with(|p| p.carrier_given = Some("FX".into())), Told::Changed, "another carrier"),
        (with(|p| p.carrier_given = Some("u-ps".into())), Told::AlreadyTold, "written otherwise"),
        (with(|p| p.method = Some("Air".into())), Told::Changed, "another method"),
        (with(|p| p.origin = Some("North".into())), Told::Changed, "an origin, which was not said before"),
        (with(|p| p.tracking_url = Some("https://a.example/1".into())), Told::Changed, "where it can be followed"),
        (with(|p| p.picked_up = Some(CivilDate { year: 2026, month: 11, day: 23 })), Told::Changed, "a day"),
        (with(|p| p.tracking_number = Some("1Z2".into())), Told::NumberCorrected, "a number, whatever else changed"),
    ] {
        assert_eq!(marked(given, known(std::slice::from_ref(&before))).map(|(told, _)| told), Some(expected), "{why}");
    }
    // What a later update does not say stands as an earlier one said it: contents, and the cart's reference.
    let full = Package { contents: vec![content()], ..told.clone() };
    let entries = [KnownPackage { reference: Some("F-1".into()), ..entry(Passage::Told, &full) }, entry(Passage::Told, &told)];
    let mut again = update(vec![full.clone()]);
    mark(&mut again, &known(&entries));
    assert_eq!((again.packages[0].told, again.packages[0].known_reference.as_deref()), (Told::AlreadyTold, Some("F-1")));
    // Of what an earlier release told nothing else is known, so nothing of it has changed.
    let unknown = KnownPackage { details: None, ..entry(Passage::Told, &told) };
    assert_eq!(marked(full.clone(), known(&[unknown])).map(|(told, _)| told), Some(Told::AlreadyTold));
    let no_corrections = BTreeSet::from([Part::Corrections]);
    let changed = [Package { contents: vec![content(), content()], ..told }];
    assert_eq!(news(&changed, &known(&entries), &BTreeSet::new()).map(|(_, told)| told), Some(Told::Changed));
    assert_eq!(news(&changed, &known(&entries), &no_corrections), None, "the cart leaves that out");
}

#[test]
fn what_a_plugin_cannot_be_told_goes_as_told_or_does_not_go() {
    let (one, two) = (package("P1", "UPS", "1Z1"), package("P2", "UPS", "1Z2"));
    let told = known(&[entry(Passage::Told, &one), entry(Passage::Told, &two)]);
    let fitted = |features: Features, left_out: &[Part]| {
        let mut update = update(vec![package("P1", "UPS", "1Z9"), withdrawn(two.clone())]);
        mark(&mut update, &told);
        fit(&mut update, features, &left_out.iter().copied().collect());
        update.packages.into_iter().map(|package| (package.told, package.told_number)).collect::<Vec<_>>()
    };
    let all = Features { corrections: true, withdrawals: true, ..Features::default() };
    let (corrected, gone) = ((Told::NumberCorrected, Some("1Z1".to_owned())), (Told::Withdrawn, None));
    assert_eq!(fitted(all, &[]), [corrected.clone(), gone.clone()]);
    assert_eq!(fitted(all, &[Part::Corrections]), [(Told::AlreadyTold, None), gone]);
    assert_eq!(fitted(all, &[Part::Withdrawals]), [corrected]);
    assert_eq!(fitted(Features::default(), &[]), [(Told::AlreadyTold, None)]);
    let given = [package("P1", "UPS", "1Z9"), withdrawn(two)];
    assert_eq!(not_carried(&given, &told, Features::default()), [Part::Corrections, Part::Withdrawals]);
    assert_eq!(not_carried(&given, &[], Features::default()), [], "the cart was told of neither");
}

#[test]
fn packages_without_id_and_number_are_the_same_by_their_carrier() {
    let told = known(&[entry(Passage::Told, &package("-", "UPS", "-"))]);
    assert_eq!(marked(package("-", "ups", ""), told.clone()), Some((Told::AlreadyTold, None)));
    assert_eq!(marked(package("-", "USPS", ""), told), Some((Told::New, None)));
}

#[test]
fn a_number_is_corrected_by_id_only_and_by_the_last_that_was_told() {
    let first = entry(Passage::Told, &package("P1", "UPS", "1Z1"));
    let second = entry(Passage::Told, &package("P1", "UPS", "1Z2"));
    let on_its_way = entry(Passage::OnItsWay, &package("P1", "UPS", "1Z3"));
    let both = known(&[first.clone(), second, on_its_way]);
    for (number, told, before) in [
        ("1Z1", Told::NumberCorrected, Some("1Z2")),
        ("1z-2", Told::AlreadyTold, None),
        ("1Z3", Told::NumberCorrected, Some("1Z2")),
        ("-", Told::AlreadyTold, None),
        ("", Told::AlreadyTold, None),
    ] {
        assert_eq!(marked(package("P1", "UPS", number), both.clone()), Some((told, before.map(str::to_owned))), "{number}");
    }
    let unnumbered = known(&[entry(Passage::Told, &package("P1", "UPS", "-"))]);
    assert_eq!(marked(package("P1", "UPS", "1Z1"), unnumbered), Some((Told::NumberCorrected, None)));
    assert_eq!(
        marked(package("-", "UPS", "1Z2"), known(&[first])),
        Some((Told::New, None)),
        "without an id another number is another package"
    );
}

#[test]
fn what_is_on_its_way_is_not_told_and_yet_no_news() {
    let given = [package("P1", "UPS", "1Z1")];
    let waiting = known(&[entry(Passage::OnItsWay, &given[0])]);
    assert_eq!(marked(given[0].clone(), waiting.clone()), Some((Told::New, None)));
    assert_eq!(news(&given, &waiting, &BTreeSet::new()), None);
    assert_eq!(news(&given, &[], &BTreeSet::new()), Some((&given[0], Told::New)));
    let corrected = [package("P1", "UPS", "1Z2")];
    assert_eq!(news(&corrected, &waiting, &BTreeSet::new()), Some((&corrected[0], Told::NumberCorrected)));
}

#[test]
fn only_what_was_told_can_be_withdrawn_and_only_once() {
    let given = package("P1", "UPS", "1Z1");
    let taken_back = [withdrawn(given.clone())];
    let told = known(&[entry(Passage::Told, &given)]);
    let twice = known(&[entry(Passage::Told, &given), entry(Passage::Told, &taken_back[0])]);
    assert_eq!(marked(taken_back[0].clone(), Vec::new()), None, "there is nothing to take back");
    assert_eq!(marked(taken_back[0].clone(), told.clone()), Some((Told::Withdrawn, None)));
    assert_eq!(news(&taken_back, &[], &BTreeSet::new()), None);
    assert_eq!(news(&taken_back, &told, &BTreeSet::new()), Some((&taken_back[0], Told::Withdrawn)));
    assert_eq!(news(&taken_back, &twice, &BTreeSet::new()), None, "the cart was told of that too");
    assert_eq!(marked(given.clone(), twice.clone()), Some((Told::New, None)), "it is back");
    assert_eq!(news(&[given], &twice, &BTreeSet::new()).map(|(_, told)| told), Some(Told::New));
}

#[test]
fn a_package_that_is_left_out_takes_its_mentions_along() {
    let mut given = update(vec![withdrawn(package("P1", "UPS", "1Z1")), package("P2", "UPS", "1Z2")]);
    let travels = ["P1", "P2"].map(|id| LinePackage { package_id: id.into(), quantity: "1".into() }).to_vec();
    let nothing = (None, None, None, None, None, None, None);
    let (web_line_id, reference_line_id, label, status, ordered, shipped, needed) = nothing;
    let sku = Some("SHIRT".to_owned());
    given.line_items = vec![LineItem {
        web_line_id,
        reference_line_id,
        sku,
        label,
        status,
        ordered,
        shipped,
        needed,
        note: None,
        packages: travels,
        extra: vec![],
    }];
    mark(&mut given, &[]);
    assert_eq!(given.packages.iter().map(|package| package.id.as_deref()).collect::<Vec<_>>(), [Some("P2")]);
    assert_eq!(given.line_items[0].packages.iter().map(|travels| travels.package_id.as_str()).collect::<Vec<_>>(), ["P2"]);
}

#[test]
fn marking_forgets_what_a_sender_claims() {
    let claimed = Package {
        told: Told::AlreadyTold,
        told_number: Some("1Z0".into()),
        origin: None,
        known_reference: None,
        extra: vec![],
        ..package("P1", "UPS", "1Z1")
    };
    assert_eq!(marked(claimed, Vec::new()), Some((Told::New, None)));
}

#[test]
fn a_lapsed_update_restores_what_was_before() {
    let past = |label: &str, number: &str, fate| Past {
        label: Some(label.into()),
        lines: [("sku SHIRT".to_owned(), label.to_owned())].into(),
        packages: vec![PastPackage { tracking_number: Some(number.into()), ..PastPackage::default() }],
        fate,
    };
    let history = [past("A", "1", PastFate::Applied), past("B", "2", PastFate::Waiting), past("C", "3", PastFate::Lapsed)];
    let known = OrderRecord::of(&history).expect("the order is known");
    assert_eq!((known.label.as_deref(), known.lines["sku SHIRT"].as_str()), (Some("B"), "B"));
    let packages: Vec<_> = known.packages.iter().map(|entry| (entry.tracking_number.as_deref(), entry.passage)).collect();
    assert_eq!(packages, [(Some("1"), Passage::Told), (Some("2"), Passage::OnItsWay)]);
    assert_eq!(OrderRecord::of(&history[2..]), Some(OrderRecord::default()), "seen, and nothing stands");
    assert_eq!(OrderRecord::of(&[]), None);
}
