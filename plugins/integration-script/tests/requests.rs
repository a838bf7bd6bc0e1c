//! The plugin's requests: golden bytes in both encodings, and properties of every update.
//!
//! A golden file is the request as it is sent, with `[slot.field]` in the place of each credential; `BLESS=1` rewrites the files.

use cartage_sdk::testing::{Cart, Reply, Seen, package, update};
use cartage_sdk::{CivilDate, FailureKind, LineItem, LinePackage, Package, Told, Update};
use integration_script::IntegrationScript;
use proptest::prelude::*;

fn cart(encoding: &str) -> Cart<IntegrationScript> {
    Cart::new().set("encoding", encoding).rule(|_| Reply::text(200, "SETIResponse: update=OK;Notes="))
}

fn sent(cart: Cart<IntegrationScript>, update: &Update) -> Seen {
    let mut run = cart.send(update);
    assert_eq!(run.requests.len(), 1);
    let request = run.requests.remove(0);
    run.succeeded();
    request
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
}

/// A note and packages that need every escape there is.
fn full() -> Update {
    Update {
        reference_number: Some("77".to_owned()),
        note: Some("Ring twice & wait\n<left> \"of\" José's café — 日本 😀 100%".to_owned()),
        comments: Some("a+b=c; d".to_owned()),
        packages: vec![
            Package { id: Some("P-1".to_owned()), method: Some("Ground".to_owned()), ..package("UPS", "1Z 9876") },
            Package { picked_up: Some(CivilDate { year: 2015, month: 12, day: 31 }), ..package("FX", "<&>") },
            Package { id: Some("P-0".to_owned()), told: Told::AlreadyTold, ..package("UPS", "gone") },
        ],
        line_items: vec![LineItem {
            web_line_id: Some("501".to_owned()),
            reference_line_id: Some("1".to_owned()),
            sku: Some("SHRT".to_owned()),
            label: Some("Item Shipped".to_owned()),
            status: None,
            ordered: Some("2".to_owned()),
            shipped: Some("1.5".to_owned()),
            needed: None,
            note: Some("blue & <large>".to_owned()),
            packages: vec![
                LinePackage { package_id: "P-1".to_owned(), quantity: "1.5".to_owned() },
                LinePackage { package_id: "P-0".to_owned(), quantity: "1".to_owned() },
            ],
            extra: Vec::new(),
        }],
        ..update("100-A", "Order Shipped")
    }
}

#[test]
fn golden_requests() {
    let one =
        Update { packages: vec![package("UPS", "1Z9876")], note: Some("Date Shipped: 06/1/2015".to_owned()), ..update("9001", "Shipped") };
    for encoding in ["delimited", "xml"] {
        for (name, update) in [("no-package", &update("9001", "Shipped")), ("one-package", &one), ("two-packages", &full())] {
            sent(cart(encoding), update).assert_golden(format!("tests/golden/{encoding}-{name}.http"));
        }
    }
    sent(cart("xml").set("send-line-items", true), &full()).assert_golden("tests/golden/xml-line-items.http");
}

#[test]
fn the_common_fields_come_first_and_always() {
    for encoding in ["delimited", "xml"] {
        let form = sent(cart(encoding).without_field("account", "code"), &update("1", "Shipped")).form();
        let common: Vec<_> = form.iter().take(5).map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            common,
            [
                ("setifunction", "updatestatus"),
                ("setiuser", "[account.setiuser]"),
                ("password", "[account.password]"),
                ("code", ""),
                ("omversion", "6.000"),
            ]
        );
    }
}

#[test]
fn secrets_are_escaped_for_a_form() {
    let request = sent(cart("delimited").secret("account", "password", "a&b=c d+é"), &update("1", "Shipped"));
    let wire = String::from_utf8_lossy(request.wire().body.as_deref().unwrap_or_default()).into_owned();
    assert!(wire.contains("&password=a%26b%3Dc+d%2B%C3%A9&code="), "{wire}");
    assert!(!request.to_string().contains("a%26b"), "a recording holds no secret");
}

#[test]
fn a_query_in_the_scripts_url_is_kept() {
    let request = sent(cart("xml").bind("script", "https://shop.example/index.php?route=seti/run&x=%20"), &update("1", "Shipped"));
    assert_eq!(request.url(), "https://shop.example/index.php?route=seti/run&x=%20");
}

#[test]
fn only_news_of_packages_is_sent() {
    let told = |told, number| Package { told, ..package("UPS", number) };
    let update = Update {
        packages: vec![
            told(Told::AlreadyTold, "old"),
            told(Told::Withdrawn, "withdrawn"),
            Package { tracking_number: None, ..package("UPS", "") },
            package("UPS", " "),
            Package { told_number: Some("wrong".to_owned()), ..told(Told::NumberCorrected, "right") },
        ],
        ..update("1", "Shipped")
    };
    // No host sends this plugin a withdrawn package or a blank number; if one did, no harm would be done.
    let form = sent(cart("delimited").allow_any_update(), &update).form();
    assert_eq!((field(&form, "trackcount"), field(&form, "tracknum")), (Some("1"), Some("right")));
    assert!(form.iter().all(|(name, value)| !name.ends_with('1') && value != "wrong"), "{form:?}");
    let form = sent(cart("xml").allow_any_update(), &update).form();
    assert_eq!(field(&form, "update").map(|xml| xml.matches("<TrackNum>").count()), Some(1));
}

#[test]
fn line_items_go_only_where_the_setting_asks() {
    let xml = |on| field(&sent(cart("xml").set("send-line-items", on), &full()).form(), "update").map(str::to_owned).unwrap_or_default();
    assert!(!xml(false).contains("<Items>"));
    assert!(xml(true).contains("<Items><Item><ItemNumber>501</ItemNumber>"));
    assert!(!xml(true).contains("P-0"), "a line names no package that is not sent");
    let form = sent(cart("delimited").set("send-line-items", true), &full()).form();
    assert!(form.iter().all(|(_, value)| !value.contains("Item Shipped")), "{form:?}");
}

#[test]
fn without_a_status_nothing_is_sent() {
    for encoding in ["delimited", "xml"] {
        let run = cart(encoding).allow_any_update().send(&Update { status: None, ..full() });
        assert_eq!(run.requests, []);
        assert_eq!(run.failed().kind, FailureKind::StatusNotSupported);
    }
}

#[test]
fn an_undeclared_setting_value_cannot_come_from_the_host() {
    let context = Cart::<IntegrationScript>::new().context();
    assert_eq!(context.text("encoding").ok(), Some("xml"));
    assert_eq!(context.text("om-version").ok(), Some("6.000"));
    assert_eq!(context.boolean("send-line-items").ok(), Some(false));
}

/// Text without control characters except line feeds, and with all other Unicode characters: more than a host accepts in most fields.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\n]{0,40}",
        "[&<>\"'\\]%+=;~|é€\u{85}\u{2028}日😀\u{10ffff}\n ]{0,20}",
        proptest::collection::vec(any::<char>().prop_filter("a control character", |c| !c.is_control()), 0..20).prop_map(String::from_iter),
    ]
}

fn any_update() -> impl Strategy<Value = Update> {
    let parts = (any_text(), any_text(), any_text(), proptest::option::of(Just(CivilDate { year: 2015, month: 6, day: 1 })));
    let packages = parts.prop_map(|(carrier, number, method, picked_up)| Package {
        method: Some(method),
        picked_up,
        ..package(&carrier, &format!("n{number}n"))
    });
    let packages = proptest::collection::vec(packages, 0..4);
    (any_text(), any_text(), any_text(), any_text(), packages).prop_map(|(number, status, note, comments, packages)| Update {
        note: Some(note),
        comments: Some(comments),
        packages,
        ..update(&number, &status)
    })
}

/// The characters of a text that XML can contain.
fn held(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

proptest! {
    #[test]
    fn every_update_is_ascii_xml_that_reads_back(update in any_update()) {
        let form = sent(cart("xml").allow_any_update(), &update).form();
        let xml = field(&form, "update").expect("the XML encoding has a field `update`");
        prop_assert!(xml.is_ascii());
        let document = roxmltree::Document::parse(xml).map_err(|error| TestCaseError::fail(format!("{error}: {xml}")))?;
        let text = |node: roxmltree::Node<'_, '_>, name: &str| {
            let element = node.children().find(|child| child.has_tag_name(name));
            element.map(|element| element.text().unwrap_or_default().to_owned())
        };
        let order = document.root_element().first_element_child().expect("an order");
        prop_assert_eq!(text(order, "OrderNumber"), Some(held(&update.order_number)));
        prop_assert_eq!(text(order, "Status"), update.status.as_deref().map(held));
        prop_assert_eq!(text(order, "Notes"), update.note.as_deref().map(held));
        prop_assert_eq!(text(order, "Comments"), update.comments.as_deref().map(held));
        let packages: Vec<_> = order.descendants().filter(|node| node.has_tag_name("Package")).collect();
        prop_assert_eq!(packages.len(), update.packages.len());
        for (node, package) in packages.into_iter().zip(&update.packages) {
            prop_assert_eq!(text(node, "TrackNum"), package.tracking_number.as_deref().map(held));
            prop_assert_eq!(text(node, "TrackingID"), package.tracking_number.as_deref().map(held));
            prop_assert_eq!(text(node, "Shipper"), package.carrier.as_deref().map(held));
            prop_assert_eq!(text(node, "Method"), package.method.as_deref().map(held));
        }
    }

    #[test]
    fn every_form_decodes_back(update in any_update()) {
        let form = sent(cart("delimited").allow_any_update(), &update).form();
        prop_assert_eq!(field(&form, "ordernumber"), Some(update.order_number.as_str()));
        prop_assert_eq!(field(&form, "orderstatus"), update.status.as_deref());
        prop_assert_eq!(field(&form, "orderdetail"), update.note.as_deref());
        let count = update.packages.len();
        prop_assert_eq!(field(&form, "trackcount").map(str::to_owned), Some(count.to_string()));
        for (at, package) in update.packages.iter().enumerate() {
            let suffix = if count == 1 { String::new() } else { (at + 1).to_string() };
            prop_assert_eq!(field(&form, &format!("tracknum{suffix}")), package.tracking_number.as_deref());
            prop_assert_eq!(field(&form, &format!("trackcarrier{suffix}")), package.carrier.as_deref());
        }
        prop_assert_eq!(form.len(), 10 + 3 * count);
    }
}
