//! Repeated updates: whatever is lost on the way, the shop has everything once.

use crate::model::{Order, cart, holding, order, shop, to};
use cartage_sdk::testing::{Shop, package};
use cartage_sdk::{AppliedOutcome, FailureKind, Package, Update};
use vendure::Vendure;

fn everything() -> Update {
    let packages = vec![
        holding(package("UPS", "1Z1"), &[("A", "2")]),
        holding(Package { tracking_number: None, ..package("UPS", "") }, &[("A", "1")]),
        package("UPS", "1Z3"),
    ];
    Update { packages, note: Some("Left at the door".to_owned()), ..to("Delivered") }
}

#[track_caller]
fn has_everything_once(shop: &Shop<Vendure, Order>, after: &str) {
    let state = shop.state();
    let codes: Vec<&str> = state.fulfilments.iter().map(|fulfilment| fulfilment.code.as_str()).collect();
    assert_eq!(codes, ["1Z1", "", "1Z3"], "{after}");
    assert!(state.fulfilments.iter().all(|fulfilment| fulfilment.state == "Delivered"), "{after}");
    assert_eq!((state.state.as_str(), state.notes.len()), ("Delivered", 1), "{after}");
}

/// Each reply is lost in turn, after the shop has carried out the request.
#[test]
fn a_lost_reply_leads_to_nothing_twice() {
    let mut whole = shop();
    let requests = whole.send(&everything()).requests.len();
    has_everything_once(&whole, "no reply was lost");
    assert_eq!(requests, 13);
    for lost in 1..=requests {
        let mut shop = shop();
        let failure = shop.lose_reply(lost).send(&everything()).failed();
        assert_eq!(failure.kind, FailureKind::Unavailable, "request {lost}");
        shop.again().succeeded();
        has_everything_once(&shop, &format!("reply {lost} was lost"));
    }
}

/// The host stopped before it recorded the success.
#[test]
fn the_same_again_changes_nothing() {
    let mut shop = shop();
    shop.send(&everything()).succeeded();
    let before = shop.state().done.len();
    assert_eq!(shop.again().succeeded().outcome, AppliedOutcome::AlreadyDone);
    assert_eq!(shop.state().done.len(), before, "nothing was written");
    // The update is sent anew by `send --again`, which knows nothing of the first. A package without a number cannot be recognised then.
    let Update { mut packages, .. } = everything();
    packages.remove(1);
    assert_eq!(shop.send(&Update { packages, ..everything() }).succeeded().outcome, AppliedOutcome::AlreadyDone);
    has_everything_once(&shop, "sent again");
}

/// A package without a number and without contents is not reported a second time in a note.
#[test]
fn a_lost_reply_to_a_package_without_a_number_leaves_no_note() {
    let mut shop = shop();
    let packages = vec![Package { tracking_number: None, ..package("UPS", "") }];
    shop.lose_reply(2).send(&Update { packages, ..to("Shipped") }).failed();
    shop.again().succeeded();
    assert_eq!((shop.state().fulfilments.len(), shop.state().notes.len(), shop.state().state.as_str()), (1, 0, "Shipped"));
}

/// The record of what was made at the shop is kept when a later step fails.
#[test]
fn partial_success_is_kept() {
    let mut shop = shop();
    let failure = shop.lose_reply(5).send(&everything()).failed();
    let steps: Vec<_> = failure.steps.iter().map(|step| (step.name.as_str(), step.reference.as_deref())).collect();
    assert_eq!(steps, [("fulfilment made", Some("100")), ("fulfilment made", Some("101")), ("fulfilment made", Some("102"))]);
    let told: Vec<_> = failure.packages.iter().map(|told| (told.index, told.reference.as_deref())).collect();
    assert_eq!(told, [(0, Some("100")), (1, Some("101")), (2, Some("102"))]);
    assert_eq!(failure.reference.as_deref(), Some("7"));
}

/// A fulfilment that the shop's staff cancelled does not count: its items are shipped again.
#[test]
fn a_cancelled_fulfilment_does_not_count() {
    let mut shop = shop();
    shop.send(&Update { packages: vec![package("UPS", "1Z1")], ..to("Shipped") }).succeeded();
    "Cancelled".clone_into(&mut shop.state_mut().fulfilments[0].state);
    "PaymentSettled".clone_into(&mut shop.state_mut().state);
    shop.send(&Update { packages: vec![package("UPS", "1Z2")], ..to("Shipped") }).succeeded();
    assert_eq!((shop.state().fulfilments.len(), shop.state().state.as_str()), (2, "Shipped"));
}

/// A session that ends at any request is renewed once, and no change is made twice.
#[test]
fn a_session_that_ends_is_renewed() {
    for before in ["FindOrder", "Fulfil", "MoveFulfilment", "AddNote"] {
        let end_before = before.to_owned();
        let has_ended = std::cell::Cell::new(false);
        let cart = cartage_sdk::testing::Cart::<Vendure>::new().without_slot("key");
        let mut shop = cart.remembering(order(vec![("A", 3), ("B", 1)]), move |state: &mut Order, seen| {
            if seen.body().contains(&format!(" {end_before}(")) && !has_ended.replace(true) {
                state.is_over = true;
            }
            state.answer(seen)
        });
        let run = shop.send(&everything());
        assert!(run.requests.iter().all(|request| request.header("authorization") == Some("Bearer [account.token]")), "{before}");
        assert_eq!(run.requests.len(), 14, "{before}: one request is made again");
        run.succeeded();
        has_everything_once(&shop, before);
    }
}

/// A call that needs more requests is continued later; one that can do nothing says which limit to raise.
#[test]
fn a_call_stops_before_its_requests_are_used_up() {
    let mut few = cart().requests(4).remembering(order(vec![("A", 3), ("B", 1)]), Order::answer);
    let mut calls = 1;
    let mut run = few.send(&everything());
    while let Err(failure) = &run.outcome {
        assert_eq!(failure.kind, FailureKind::Pending, "call {calls}");
        calls += 1;
        run = few.again();
    }
    run.succeeded();
    has_everything_once(&few, "few requests a call");
    assert_eq!(calls, 4);
    let mut none = cart().requests(1).remembering(order(vec![("A", 1)]), Order::answer);
    assert_eq!(none.send(&to("Shipped")).failed().kind, FailureKind::Misconfigured);
}
