//! An answer is lost and the update is sent again: nothing exists twice, and no customer gets a second mail.

use crate::shop::{Order, cart, shop, usual};
use cartage_sdk::testing::{package, update};
use cartage_sdk::{AppliedOutcome, Update};

fn everything() -> Update {
    Update {
        note: Some("Left at the door: C:\\shed\n  ask".to_owned()),
        comments: Some("Fragile".to_owned()),
        notify_customer: Some(true),
        packages: vec![package("UPS", "1Z1")],
        ..update("12", "completed")
    }
}

#[test]
fn a_reply_that_is_lost_leads_to_no_second_note() {
    // The requests are: read, change, tracking note, note, list of notes, comments.
    for lost in 1..=6 {
        let mut shop = usual();
        shop.lose_reply(lost).send(&everything()).failed();
        shop.again().succeeded();
        let order = &shop.state()[0];
        let notes: Vec<(&str, bool)> = order.notes.iter().map(|(note, mailed)| (note.as_str(), *mailed)).collect();
        assert_eq!(notes, [("UPS 1Z1", true), ("Left at the door: C:shed\n  ask", true), ("Fragile", false)], "request {lost}");
        assert_eq!((order.numbers(), order.status.as_str()), (vec!["1Z1".to_owned()], "completed"));
    }
}

#[test]
fn an_attempt_after_a_success_that_nobody_noted_changes_nothing() {
    let mut shop = usual();
    shop.send(&everything()).succeeded();
    let run = shop.again();
    assert_eq!(run.requests.iter().map(|seen| seen.method().to_string()).collect::<Vec<_>>(), ["GET", "GET"]);
    assert_eq!(run.succeeded().outcome, AppliedOutcome::AlreadyDone);
    assert_eq!(shop.state()[0].notes.len(), 3);
}

#[test]
fn a_note_of_an_earlier_update_is_added_again_and_comments_are_not() {
    let mut shop = usual();
    shop.send(&everything()).succeeded();
    let run = shop.send(&Update { packages: Vec::new(), ..everything() });
    assert_eq!(run.requests.len(), 3, "read, note, list of notes");
    run.succeeded();
    assert_eq!(shop.state()[0].notes.iter().filter(|(note, _)| note == "Fragile").count(), 1);
    assert_eq!(shop.state()[0].notes.len(), 4);
}

#[test]
fn notes_go_to_the_customer_only_if_the_update_says_so() {
    for (notify, mailed) in [(Some(true), true), (Some(false), false), (None, false)] {
        let mut shop = usual();
        shop.send(&Update { notify_customer: notify, ..everything() }).succeeded();
        let mails: Vec<bool> = shop.state()[0].notes.iter().map(|(_, mailed)| *mailed).collect();
        assert_eq!(mails, [mailed, mailed, false], "{notify:?}");
    }
}

#[test]
fn nothing_is_written_where_the_order_has_the_status() {
    let mut shop = usual();
    let run = shop.send(&update("12", "processing"));
    assert_eq!(run.requests.len(), 1);
    assert_eq!(run.succeeded().outcome, AppliedOutcome::AlreadyDone);
}

#[test]
fn a_trusted_id_is_repeated_without_a_second_note() {
    let mut shop = shop(cart().set("look-up", "trusted-id"), [Order::new(12, "9001")]);
    let noted = Update { packages: Vec::new(), comments: None, ..everything() };
    shop.lose_reply(2).send(&noted).failed();
    shop.again().succeeded();
    assert_eq!(shop.state()[0].notes.len(), 1);
}
