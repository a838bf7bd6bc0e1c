//! The right order is changed, and never another one.

use crate::shop::{Order, cart, shop, target, usual};
use cartage_sdk::http::Method;
use cartage_sdk::testing::{package, update};
use cartage_sdk::{FailureKind, Update};

#[test]
fn the_order_is_read_before_it_is_changed() {
    let mut shop = usual();
    let run = shop.send(&update("12", "completed"));
    let asked: Vec<String> = run.requests.iter().map(|seen| format!("{} {}", seen.method(), target(seen).0.join("/"))).collect();
    assert_eq!(asked, ["GET orders/12", "PUT orders/12"]);
    assert_eq!(run.succeeded().reference.as_deref(), Some("12"));
    assert_eq!(shop.state()[0].status, "completed");
}

#[test]
fn an_id_whose_order_has_another_number_is_not_that_order() {
    for number in ["12", "012", "0", "-12", "12 ", "12x", "99999999999999999999"] {
        let mut shop = shop(cart(), [Order::new(12, "9001")]);
        let failure = shop.send(&update(number, "completed")).failed();
        assert_eq!(failure.kind, FailureKind::OrderNotFound, "{number}");
        assert!(failure.message.contains("set look-up to search"), "{}", failure.message);
        assert_eq!(shop.state()[0].status, "processing");
    }
}

#[test]
fn a_search_compares_every_number_exactly() {
    let orders = [Order::new(12, "1021"), Order::new(13, "10210"), Order::new(14, "A-1021"), Order::new(15, "#1021")];
    for (number, id) in [("1021", "12"), ("10210", "13"), ("A-1021", "14"), ("#1021", "15")] {
        let mut shop = shop(cart().set("look-up", "search"), orders.clone());
        let applied = shop.send(&update(number, "completed")).succeeded();
        assert_eq!(applied.reference.as_deref(), Some(id), "{number}");
        let changed: Vec<u64> = shop.state().iter().filter(|order| order.status == "completed").map(|order| order.id).collect();
        assert_eq!(changed, [id.parse::<u64>().expect("it is a number")]);
    }
    for number in ["102", "021", "a-1021"] {
        let failure = shop(cart().set("look-up", "search"), orders.clone()).send(&update(number, "completed")).failed();
        assert_eq!(failure.kind, FailureKind::OrderNotFound, "{number}");
    }
}

#[test]
fn a_second_order_of_the_number_is_found_on_a_later_page() {
    let many = |others: u64| (1..=others).map(|id| Order::new(id, &format!("1021-{id}"))).collect::<Vec<_>>();
    let mut orders = many(250);
    orders.insert(0, Order::new(900, "1021"));
    let mut one = shop(cart().set("look-up", "search"), orders.clone());
    let run = one.send(&update("1021", "completed"));
    assert_eq!(run.requests.len(), 5, "three pages, the order, the change");
    run.succeeded();
    orders.push(Order::new(901, "1021"));
    let mut two = shop(cart().set("look-up", "search"), orders);
    let failure = two.send(&update("1021", "completed")).failed();
    assert_eq!(failure.kind, FailureKind::AmbiguousOrder);
    assert!(failure.message.contains("900, 901"), "{}", failure.message);
    assert!(two.state().iter().all(|order| order.status == "processing"));
}

#[test]
fn a_search_ends() {
    let orders = |count| (1..=count).map(|id| Order::new(id, &format!("7-{id}"))).collect::<Vec<_>>();
    for (count, requests) in [(99, 1), (100, 1), (101, 2), (1000, 10), (1001, 10), (5000, 10)] {
        let run = shop(cart().set("look-up", "search"), orders(count)).send(&update("7", "completed"));
        assert_eq!(run.requests.len(), requests, "{count}");
        assert_eq!(run.failed().kind, FailureKind::OrderNotFound, "{count}");
    }
}

#[test]
fn an_order_in_the_trash_stays_there() {
    for look_up in ["id", "trusted-id"] {
        let mut shop = shop(cart().set("look-up", look_up), [Order::new(12, "12").with_status("trash")]);
        let failure = shop.send(&Update { packages: vec![package("UPS", "1Z1")], ..update("12", "completed") }).failed();
        assert_eq!(failure.kind, FailureKind::OrderNotFound, "{look_up}");
        assert!(failure.message.contains("trash"), "{}", failure.message);
        assert_eq!((shop.state()[0].status.as_str(), shop.state()[0].notes.len()), ("trash", 0));
    }
}

#[test]
fn a_trusted_id_is_not_read() {
    let mut shop = shop(cart().set("look-up", "trusted-id"), [Order::new(12, "9001")]);
    let run = shop.send(&update("12", "completed"));
    assert_eq!(run.requests.iter().map(|seen| seen.method().clone()).collect::<Vec<_>>(), [Method::Put]);
    run.succeeded();
    let failure = shop.send(&update("13", "completed")).failed();
    assert_eq!(failure.kind, FailureKind::OrderNotFound);
}

#[test]
fn the_known_order_is_used_while_it_has_the_number() {
    let mut shop = shop(cart().set("look-up", "search"), [Order::new(12, "1021")]);
    shop.send(&update("1021", "on-hold")).succeeded();
    let run = shop.send(&update("1021", "completed"));
    assert_eq!(run.requests.len(), 2, "no search");
    run.succeeded();
    // The shop has given the number to another order, and later deletes the first order.
    shop.state_mut()[0].number = "1021-old".to_owned();
    shop.state_mut().push(Order::new(40, "1021"));
    let applied = shop.send(&update("1021", "refunded")).succeeded();
    assert_eq!(applied.reference.as_deref(), Some("40"));
    shop.state_mut().retain(|order| order.id != 40);
    let failure = shop.send(&update("1021", "completed")).failed();
    assert_eq!(failure.kind, FailureKind::OrderNotFound);
}
