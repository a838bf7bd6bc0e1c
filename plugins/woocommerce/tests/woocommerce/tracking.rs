//! Tracking numbers in the order's meta data, and the entries that other software has there.

use crate::shop::{META, Order, cart, shop, usual};
use cartage_sdk::serde_json::{Value, json};
use cartage_sdk::testing::{package, update};
use cartage_sdk::{FailureKind, Package, Told, Update};

fn shipped(packages: Vec<Package>) -> Update {
    Update { packages, ..update("12", "completed") }
}

fn order_with(items: Value) -> Order {
    Order { meta: vec![json!({"id": 5, "key": META, "value": items})], ..Order::new(12, "12") }
}

#[test]
fn a_package_becomes_an_item_and_a_line_of_a_note() {
    let mut shop = usual();
    let linked = Package {
        tracking_url: Some("https://track.example/2".to_owned()),
        method: Some("Express".to_owned()),
        ..package("Our Van", "V 2")
    };
    let run = shop.send(&shipped(vec![package("Royal Mail", "RM1"), linked]));
    assert_eq!(run.requests.len(), 3, "read, change, note");
    run.succeeded();
    let order = &shop.state()[0];
    let items = order.items();
    assert_eq!(items[0]["tracking_id"].as_str().map(str::len), Some(32));
    let without_id = |item: &Value| {
        let mut item = item.clone();
        item.as_object_mut().expect("it is one").remove("tracking_id");
        item
    };
    assert_eq!(
        without_id(&items[0]),
        json!({
            "tracking_provider": "royal-mail", "custom_tracking_provider": "", "custom_tracking_link": "",
            "tracking_number": "RM1", "date_shipped": "1433116800",
        })
    );
    assert_eq!(
        without_id(&items[1]),
        json!({
            "tracking_provider": "", "custom_tracking_provider": "Our Van", "custom_tracking_link": "https://track.example/2",
            "tracking_number": "V 2", "date_shipped": "1433116800",
        })
    );
    assert_eq!(order.notes, [("Royal Mail RM1\nOur Van Express V 2 https://track.example/2".to_owned(), false)]);
    assert_eq!(order.status, "completed");
}

#[test]
fn what_the_shop_has_besides_stays() {
    let theirs = json!({"tracking_number": "THEIRS", "tracking_provider": "dhl", "status_shipped": "1"});
    for items in [json!([theirs]), json!({"3": theirs})] {
        let mut shop = shop(cart(), [order_with(items)]);
        shop.send(&shipped(vec![package("UPS", "1Z1")])).succeeded();
        assert_eq!(shop.state()[0].numbers(), ["THEIRS", "1Z1"]);
        assert_eq!(shop.state()[0].items()[0], theirs);
    }
    for items in [json!(""), json!(false), json!(null), json!([])] {
        let mut shop = shop(cart(), [order_with(items)]);
        shop.send(&shipped(vec![package("UPS", "1Z1")])).succeeded();
        assert_eq!(shop.state()[0].numbers(), ["1Z1"]);
    }
}

#[test]
fn what_is_no_list_is_not_overwritten() {
    for items in [json!("a:1:{i:0;}"), json!(["1Z"]), json!(7), json!({"number": "1Z"})] {
        let mut shop = shop(cart(), [order_with(items.clone())]);
        let failure = shop.send(&shipped(vec![package("UPS", "1Z1")])).failed();
        assert_eq!(failure.kind, FailureKind::InvalidData, "{items}");
        assert_eq!((shop.state()[0].items(), shop.state()[0].status.as_str()), (items, "processing"));
    }
}

#[test]
fn a_package_that_a_person_typed_is_not_there_twice() {
    let mut shop = shop(cart(), [order_with(json!([{"tracking_number": "1z 999-aa"}]))]);
    shop.send(&shipped(vec![package("UPS", "1Z999AA")])).succeeded();
    assert_eq!(shop.state()[0].numbers(), ["1z 999-aa"]);
}

#[test]
fn a_corrected_number_takes_the_place_of_the_old_one() {
    let mut shop =
        shop(cart(), [order_with(json!([{"tracking_id": "ab", "tracking_number": "1Z1", "note": "x"}, {"tracking_number": "1Z9"}]))]);
    let corrected = Package { told: Told::NumberCorrected, told_number: Some("1Z1".to_owned()), ..package("UPS", "1Z2") };
    shop.send(&shipped(vec![corrected.clone()])).succeeded();
    assert_eq!(shop.state()[0].numbers(), ["1Z2", "1Z9"]);
    assert_eq!((&shop.state()[0].items()[0]["tracking_id"], &shop.state()[0].items()[0]["note"]), (&json!("ab"), &json!("x")));
    // Somebody removed the old entry, so the new one is added.
    shop.state_mut()[0].meta.clear();
    shop.send(&shipped(vec![corrected])).succeeded();
    assert_eq!(shop.state()[0].numbers(), ["1Z2"]);
}

#[test]
fn a_changed_carrier_is_written_and_a_withdrawn_package_goes() {
    let mut shop = shop(cart(), [order_with(json!([{"tracking_number": "1Z1", "tracking_provider": "ups"}, {"tracking_number": "1Z2"}]))]);
    let changed = Package { told: Told::Changed, ..package("FedEx", "1Z1") };
    let withdrawn = Package { told: Told::Withdrawn, ..package("UPS", "1Z2") };
    shop.send(&shipped(vec![changed, withdrawn.clone()])).succeeded();
    assert_eq!((shop.state()[0].numbers(), &shop.state()[0].items()[0]["tracking_provider"]), (vec!["1Z1".to_owned()], &json!("fedex")));
    assert_eq!(shop.state()[0].notes, [("FedEx 1Z1".to_owned(), false)], "a withdrawn package is in no note");
    shop.send(&shipped(vec![withdrawn])).succeeded();
    assert_eq!(shop.state()[0].notes.len(), 1);
}

#[test]
fn what_the_shop_was_told_and_what_has_no_number_is_left_out() {
    let mut shop = usual();
    let told = Package { told: Told::AlreadyTold, ..package("UPS", "1Z1") };
    let without = Package { tracking_number: None, ..package("UPS", "") };
    shop.send(&shipped(vec![told, without])).succeeded();
    assert_eq!((shop.state()[0].items(), shop.state()[0].notes.len()), (json!([]), 0));
}

#[test]
fn an_update_without_a_status_leaves_it() {
    let mut shop = usual();
    let run = shop.send(&Update { status: None, ..shipped(vec![package("UPS", "1Z1")]) });
    assert!(run.requests[1].json().expect("a change is JSON").get("status").is_none());
    run.succeeded();
    assert_eq!((shop.state()[0].status.as_str(), shop.state()[0].numbers()), ("processing", vec!["1Z1".to_owned()]));
}

#[test]
fn the_note_with_tracking_numbers_can_be_left_out_and_is_bounded() {
    let mut quiet = shop(cart().set("tracking-note", false), [Order::new(12, "12")]);
    quiet.send(&shipped(vec![package("UPS", "1Z1")])).succeeded();
    assert_eq!((quiet.state()[0].numbers(), quiet.state()[0].notes.len()), (vec!["1Z1".to_owned()], 0));
    let long = |at: usize| Package {
        tracking_url: Some(format!("https://track.example/{}", "x".repeat(2000))),
        ..package("UPS", &format!("1Z{at}"))
    };
    let mut shop = usual();
    shop.send(&shipped((0..100).map(long).collect())).succeeded();
    let note = &shop.state()[0].notes[0].0;
    assert!(note.len() < 17 << 10 && note.ends_with("(+92)"), "{} {}", note.len(), &note[note.len() - 10..]);
    assert_eq!(shop.state()[0].numbers().len(), 100);
}
