//! What each update does at the shop.

use crate::model::{CODE, Fulfilment, cart, holding, order, shop, shop_with, to};
use cartage_sdk::serde_json::json;
use cartage_sdk::testing::{Expect, Reply, package};
use cartage_sdk::{AppliedOutcome, ChoicesOf, FailureKind, LineItem, LinePackage, Package, Told, Update};

fn fulfilment(state: &str, method: &str, code: &str, lines: &[(usize, i64)]) -> Fulfilment {
    Fulfilment { state: state.to_owned(), method: method.to_owned(), code: code.to_owned(), lines: lines.to_vec() }
}

#[test]
fn a_status_alone_ships_all_that_is_left() {
    let mut shop = shop();
    let applied = shop.send(&to("Shipped")).succeeded();
    assert_eq!((applied.outcome, applied.reference.as_deref()), (AppliedOutcome::Done, Some("7")));
    assert_eq!(shop.state().state, "Shipped");
    assert_eq!(shop.state().fulfilments, [fulfilment("Shipped", "", "", &[(1, 3), (2, 1)])]);
    let applied = shop.send(&to("Delivered")).succeeded();
    assert_eq!(applied.outcome, AppliedOutcome::Done);
    assert_eq!((shop.state().state.as_str(), shop.state().fulfilments.len()), ("Delivered", 1));
    // The order is delivered, which is further than shipped.
    assert_eq!(shop.send(&to("Shipped")).succeeded().outcome, AppliedOutcome::AlreadyDone);
}

#[test]
fn a_package_without_contents_takes_what_is_left() {
    let mut shop = shop();
    let packages = vec![Package { method: Some("Ground".to_owned()), ..package("UPS", "1Z1") }];
    shop.send(&Update { packages, ..to("Shipped") }).succeeded();
    assert_eq!(shop.state().fulfilments, [fulfilment("Shipped", "UPS Ground", "1Z1", &[(1, 3), (2, 1)])]);
    assert_eq!(shop.state().state, "Shipped");
}

#[test]
fn packages_without_contents_share_a_fulfilment() {
    let mut shop = shop();
    let packages = vec![package("UPS", "1Z1"), package("UPS", "1Z2")];
    let applied = shop.send(&Update { packages, ..to("Shipped") }).succeeded();
    assert_eq!(shop.state().fulfilments, [fulfilment("Shipped", "UPS", "1Z1, 1Z2", &[(1, 3), (2, 1)])]);
    let told: Vec<_> = applied.packages.iter().map(|told| (told.index, told.reference.as_deref())).collect();
    assert_eq!(told, [(0, Some("100")), (1, Some("100"))]);
}

/// A tracking code has at most 255 characters, and a fulfilment needs items. Packages that do not fit are reported in a note.
#[test]
fn a_package_without_a_place_is_told_as_a_note() {
    let mut shop = shop();
    let packages = (0..20).map(|at| package("UPS", &format!("1Z98765432187541{at:02}"))).collect();
    shop.send(&Update { packages, ..to("Shipped") }).succeeded();
    assert_eq!(shop.state().fulfilments[0].code.len(), 12 * 18 + 11 * 2);
    assert_eq!((shop.state().fulfilments.len(), shop.state().notes.len()), (1, 8));
    let late = Update { packages: vec![package("UPS", "1ZLATE")], notify_customer: Some(true), ..to("Shipped") };
    shop.send(&late).succeeded();
    assert_eq!(shop.state().notes.last(), Some(&("Package: UPS 1ZLATE".to_owned(), true)));
}

#[test]
fn two_packages_are_two_fulfilments_with_their_contents() {
    let mut shop = shop();
    let packages = vec![holding(package("UPS", "1Z1"), &[("A", "2.00")]), holding(package("DHL", "JD1"), &[("A", "1"), ("B", "1")])];
    shop.send(&Update { packages, ..to("Shipped") }).succeeded();
    let expected = [fulfilment("Shipped", "UPS", "1Z1", &[(1, 2)]), fulfilment("Shipped", "DHL", "JD1", &[(1, 1), (2, 1)])];
    assert_eq!(shop.state().fulfilments, expected);
    assert_eq!(shop.state().state, "Shipped");
}

#[test]
fn what_is_in_a_package_may_stand_with_the_lines() {
    let mut shop = shop();
    let line = |web_line_id: &str, packages: &[(&str, &str)]| LineItem {
        web_line_id: Some(web_line_id.to_owned()),
        reference_line_id: None,
        sku: None,
        label: None,
        status: None,
        ordered: None,
        shipped: None,
        needed: None,
        note: None,
        packages: packages
            .iter()
            .map(|(id, quantity)| LinePackage { package_id: (*id).to_owned(), quantity: (*quantity).to_owned() })
            .collect(),
        extra: Vec::new(),
    };
    let packages = vec![Package { id: Some("P1".to_owned()), ..package("UPS", "1Z1") }];
    let line_items = vec![line("1", &[("P1", "2")]), line("2", &[])];
    shop.send(&Update { packages, line_items, ..to("PartiallyShipped") }).succeeded();
    assert_eq!(shop.state().fulfilments, [fulfilment("Shipped", "UPS", "1Z1", &[(1, 2)])]);
    assert_eq!(shop.state().state, "PartiallyShipped");
}

/// Items that are in no package stay unshipped, unless the order will have no more packages.
#[test]
fn packages_say_what_of_a_shipped_order_goes() {
    let part = || Update { packages: vec![holding(package("UPS", "1Z1"), &[("A", "3")])], ..to("Shipped") };
    let mut part_of_it = shop();
    let applied = part_of_it.send(&part()).succeeded();
    let said = "1 items of the order are in no package, so it is not Shipped as a whole";
    assert_eq!((part_of_it.state().state.as_str(), applied.message.as_deref()), ("PartiallyShipped", Some(said)));
    let mut all = shop();
    all.send(&Update { packages_complete: Some(true), ..part() }).succeeded();
    assert_eq!((all.state().state.as_str(), all.state().fulfilments.len()), ("Shipped", 2));
}

#[test]
fn tracking_only_leaves_the_order_s_state() {
    let mut shop = shop();
    shop.send(&Update { status: None, packages: vec![package("UPS", "1Z1")], ..to("Packed") }).succeeded();
    assert_eq!((shop.state().state.as_str(), shop.state().fulfilments[0].state.as_str()), ("PaymentSettled", "Pending"));
    let told = Package { told: Told::AlreadyTold, known_reference: Some("100".to_owned()), ..package("UPS", "1Z1") };
    shop.send(&Update { packages: vec![told], ..to("Shipped") }).succeeded();
    assert_eq!((shop.state().state.as_str(), shop.state().fulfilments.len()), ("Shipped", 1));
}

#[test]
fn a_part_is_delivered_by_the_packages_that_are_named() {
    let mut shop = shop();
    let packages = vec![holding(package("UPS", "1Z1"), &[("A", "3")]), holding(package("UPS", "1Z2"), &[("B", "1")])];
    shop.send(&Update { packages, ..to("Shipped") }).succeeded();
    let told = Package { told: Told::AlreadyTold, ..package("UPS", "1z-2") };
    shop.send(&Update { packages: vec![told], ..to("PartiallyDelivered") }).succeeded();
    let states: Vec<_> = shop.state().fulfilments.iter().map(|fulfilment| fulfilment.state.clone()).collect();
    assert_eq!((states.join(" "), shop.state().state.as_str()), ("Shipped Delivered".to_owned(), "PartiallyDelivered"));
}

#[test]
fn a_part_needs_packages_with_contents() {
    for packages in [Vec::new(), vec![package("UPS", "1Z1")]] {
        let mut shop = shop();
        assert_eq!(shop.send(&Update { packages, ..to("PartiallyShipped") }).failed().kind, FailureKind::InvalidData);
        assert_eq!(shop.state().done, Vec::<String>::new());
    }
}

#[test]
fn contents_that_do_not_fit_the_order_are_invalid() {
    for (sku, quantity) in [("C", "1"), ("A", "4"), ("A", "0.5"), ("A", "-1"), ("A", "0"), ("A", "999999999999999")] {
        let mut shop = shop();
        let packages = vec![holding(package("UPS", "1Z1"), &[(sku, quantity)])];
        assert_eq!(shop.send(&Update { packages, ..to("Shipped") }).failed().kind, FailureKind::InvalidData, "{quantity} of {sku}");
        assert_eq!(shop.state().done, Vec::<String>::new());
    }
    // Two lines with one SKU differ in a property that the SKU does not show.
    let mut twice = shop_with(vec![("A", 1), ("A", 1)]);
    let packages = vec![holding(package("UPS", "1Z1"), &[("A", "1")])];
    assert!(twice.send(&Update { packages, ..to("Shipped") }).failed().message.contains("name the line by its id"));
}

#[test]
fn an_order_is_cancelled_with_the_label_as_the_reason() {
    let mut shop = shop();
    let run = shop.send(&Update { label: "Order Cancelled".to_owned(), packages: vec![package("UPS", "1Z1")], ..to("Cancelled") });
    let asked = run.requests[1].json().expect("it is JSON");
    assert_eq!(asked["variables"]["input"], json!({"orderId": "7", "reason": "Order Cancelled", "cancelShipping": true}));
    run.succeeded();
    assert_eq!((shop.state().state.as_str(), shop.state().fulfilments.len()), ("Cancelled", 0));
    assert_eq!(shop.send(&to("Cancelled")).succeeded().outcome, AppliedOutcome::AlreadyDone);
    assert_eq!(shop.send(&to("Shipped")).failed().kind, FailureKind::IllegalTransition);
}

#[test]
fn any_other_status_is_a_state_of_the_order() {
    let mut shop = shop();
    shop.send(&to("Packed")).succeeded();
    assert_eq!(shop.state().state, "Packed");
    assert_eq!(shop.send(&to("Packed")).succeeded().outcome, AppliedOutcome::AlreadyDone);
    assert_eq!(shop.send(&to("PaymentSettled")).failed().kind, FailureKind::IllegalTransition);
    assert_eq!(shop.send(&to("Lost")).failed().kind, FailureKind::StatusNotSupported);
}

/// Vendure itself accepts a fulfilment for an order that is not paid.
#[test]
fn an_order_that_is_not_paid_is_not_shipped() {
    let mut shop = shop();
    "ArrangingPayment".clone_into(&mut shop.state_mut().state);
    assert_eq!(shop.send(&to("Shipped")).failed().kind, FailureKind::OrderBusy);
    assert_eq!(shop.state().done, Vec::<String>::new());
}

#[test]
fn a_note_is_public_only_if_the_customer_is_to_be_notified() {
    for (notify_customer, is_public) in [(Some(true), true), (Some(false), false), (None, false)] {
        let mut shop = shop();
        let note = Some("Left at <b>the door</b>".to_owned());
        shop.send(&Update { note, notify_customer, ..to("Packed") }).succeeded();
        assert_eq!(shop.state().notes, [("Left at <b>the door</b>".to_owned(), is_public)]);
    }
}

#[test]
fn an_order_with_500_lines_fits() {
    let skus: Vec<String> = (0..500).map(|at| format!("A-RATHER-LONG-STOCK-KEEPING-UNIT-{at}")).collect();
    let mut shop = shop_with(skus.iter().map(|sku| (sku.as_str(), 2)).collect());
    let packages = vec![holding(package("UPS", "1Z1"), &[(&skus[499], "1")])];
    shop.send(&Update { packages, packages_complete: Some(true), ..to("Delivered") }).succeeded();
    assert_eq!((shop.state().state.as_str(), shop.state().fulfilments[1].lines.len()), ("Delivered", 500));
}

/// An outcome has at most 100 steps, so a large order takes several calls.
#[test]
fn an_update_with_100_packages_goes_on_in_the_next_call() {
    let mut shop = cart().remembering(order(vec![("A", 100)]), super::model::Order::answer);
    let packages = (0..100).map(|at| holding(package("UPS", &format!("1Z{at:03}")), &[("A", "1")])).collect();
    let mut kinds = vec![shop.send(&Update { packages, ..to("Shipped") }).failed().kind];
    kinds.push(shop.again().failed().kind);
    shop.again().succeeded();
    assert_eq!(kinds, [FailureKind::Pending, FailureKind::Pending]);
    assert_eq!((shop.state().state.as_str(), shop.state().fulfilments.len(), shop.state().done.len()), ("Shipped", 100, 200));
}

#[test]
fn the_shop_s_own_handler_and_channel_are_used() {
    let cart = cart().set("handler", "dhl").set("method-argument", "").set("tracking-argument", "parcel").set("channel", "uk-token");
    let mut shop = cart.remembering(order(vec![("A", 1)]), super::model::Order::answer);
    let run = shop.send(&Update { packages: vec![package("DHL", "JD1")], ..to("Shipped") });
    let asked = run.requests[1].json().expect("it is JSON");
    assert_eq!(asked["variables"]["input"]["handler"], json!({"code": "dhl", "arguments": [{"name": "parcel", "value": "JD1"}]}));
    assert!(run.requests.iter().all(|request| request.header("vendure-token") == Some("uk-token")));
    assert_eq!(run.failed().kind, FailureKind::Misconfigured);
}

/// The plugin requests no data of the customer.
#[test]
fn a_look_up_asks_for_what_is_needed_and_no_more() {
    let run = shop().send(&to("Shipped"));
    let asked = run.requests[0].json().expect("it is JSON");
    let document = asked["query"].as_str().expect("it is text");
    for field in ["customer", "Address", "email", "phone", "payments", "total", "price"] {
        assert!(!document.replace("totalItems", "").contains(field), "{field}");
    }
    assert_eq!(asked["variables"], json!({"code": CODE}));
    run.succeeded();
}

#[test]
fn the_shop_s_states_are_listed_without_those_of_a_cart() {
    let states = json!({"data": {"globalSettings": {"serverConfig": {"orderProcess": [{"name": "Draft"}, {"name": "Packed"}, {"name": "Shipped"}]}}}});
    let listed = cart().expect(Expect::post("https://shop.example/admin-api"), Reply::json(200, states)).list_choices(ChoicesOf::Statuses);
    let values: Vec<String> = listed.succeeded().into_iter().map(|choice| choice.value).collect();
    assert_eq!(values, ["Packed", "Shipped"]);
}
