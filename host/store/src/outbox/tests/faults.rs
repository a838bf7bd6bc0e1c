//! An error or unreadable content affects its own lane and nothing else.

use super::*;

/// Dead letters 0 and 1 and queued deliveries 2 and 3, each of a different order; the SQL `dead` damages 0, and `queued` damages 2.
async fn spoiled(dead: &'static str, queued: &'static str) -> (Kept, Sqlite) {
    let kept = Kept::new();
    let outbox = Sqlite::new(kept.store.clone());
    for (nth, (cart, number)) in [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().enumerate() {
        let order = order(cart, number);
        outbox.accept(vec![new(0, &order, nth)]).await.expect("it is new");
        if nth < 2 {
            let claim = claimed(&outbox, wish(0, &order)).await;
            let dead = Settlement::Dead { reason: Reason::TooOld, then: Then::Block };
            outbox.settle(vec![ended(&claim, dead)]).await.expect("it can be written");
        }
    }
    kept.write(move |tx| {
        for sql in [
            format!("UPDATE dead_letters SET {dead} WHERE delivery = 'delivery-0000'"),
            format!("UPDATE deliveries SET {queued} WHERE delivery = 'delivery-0002'"),
        ] {
            tx.run("spoil it", &sql, ())?;
        }
        Ok(())
    });
    (kept, outbox)
}

const PAGE: Page = Page { after: None, most: 10 };

#[tokio::test]
async fn what_cannot_be_read_is_listed_counted_found_and_discarded_among_the_others() {
    for (dead, queued) in [
        ("content = '{\"later\": 1}'", "content = ''"),
        ("content = CAST(x'22ff22' AS TEXT)", "content = CAST(x'ff' AS TEXT)"),
        ("earlier = 'nothing'", "earlier = '[1]'"),
        ("taken_back = '{'", "content = '[]', attempts = -1, claims = -7"),
    ] {
        let (_kept, outbox) = spoiled(dead, queued).await;
        let whose = merchants()[0].clone();
        let letters = outbox.dead(whose.clone(), Filter::default(), PAGE).await.expect("it can be read");
        let shown: Vec<_> = letters.iter().map(|letter| (letter.delivery.clone(), letter.label.is_ok())).collect();
        assert_eq!(shown, [(delivery(1), true), (delivery(0), false)], "{dead}");
        let why = letters[1].label.clone().expect_err("it is spoiled").to_string();
        assert!(why.starts_with("could not read "), "{why}");
        let waiting = outbox.queued(whose.clone(), carts()[1].clone(), PAGE).await.expect("it can be read");
        let shown: Vec<_> = waiting.iter().map(|queued| (queued.delivery.clone(), queued.label.is_ok())).collect();
        assert_eq!(shown, [(delivery(2), false), (delivery(3), true)], "{queued}");
        let counts = outbox.dead_counts(whose.clone(), Filter::default()).await.expect("it can be read");
        assert_eq!(counts, [Count { cart: carts()[0].clone(), reason: Some(Reason::TooOld), count: 2 }]);

        let retried = outbox.retry(whose.clone(), vec![delivery(0), delivery(1)], AT).await.expect("it can be written");
        assert_eq!(retried, [Retried::Unreadable, Retried::Head], "{dead}");
        for (nth, is_dead) in [(0, true), (2, false)] {
            let found = outbox.find(whose.clone(), delivery(nth)).await.expect("it can be read");
            let unreadable = matches!(&found, Some(FoundDelivery::Dead(letter, _)) if is_dead && letter.label.is_err())
                || matches!(&found, Some(FoundDelivery::Queued(queued, _)) if !is_dead && queued.label.is_err());
            assert!(unreadable, "{found:?}");
        }
        let by = Discard { who: "seed".into(), why: "unreadable".into(), at_unix_ms: AT };
        let done = outbox.discard(whose.clone(), vec![delivery(0), delivery(2)], by).await.expect("it can be written");
        assert_eq!(done, [Discarded::Dead, Discarded::Queued]);
        assert_eq!(backlog(&outbox, 0).await, [(1, 0, 0), (1, 0, 0)], "the others are there");
        claimed(&outbox, wish(0, &order(0, 1))).await;
        claimed(&outbox, wish(0, &order(1, 1))).await;
    }
}

#[tokio::test]
async fn a_dead_letter_of_an_unknown_reason_is_tried_again_like_any_other() {
    let (_kept, outbox) = spoiled("reason = 'of-a-later-release'", "queued_at = queued_at").await;
    let whose = merchants()[0].clone();
    let counts = outbox.dead_counts(whose.clone(), Filter::default()).await.expect("it can be read");
    let counts: Vec<_> = counts.into_iter().map(|count| (count.reason, count.count)).collect();
    assert_eq!(counts, [(Some(Reason::TooOld), 1), (None, 1)]);
    let letters = outbox.dead(whose.clone(), Filter::default(), PAGE).await.expect("it can be read");
    assert!(letters[1].reason.is_none() && letters[1].label.is_ok());
    assert_eq!(outbox.retry(whose, vec![delivery(0)], AT).await.expect("it can be written"), [Retried::Head]);
}

#[tokio::test]
async fn looking_through_finds_each_that_cannot_be_read_but_no_head_that_rests() {
    let (kept, outbox) = spoiled("content = ''", "content = ''").await;
    let part = |place| {
        let look = move |view: &store::View<'_>| sqlite::part(view, &merchants()[0], place);
        kept.store.read_blocking(look).expect("it can be read")
    };
    let named = |part: &sqlite::SearchPart| part.unreadable.iter().map(|(_, delivery)| delivery.clone()).collect::<Vec<_>>();
    let dead = part(sqlite::ScanFrom::Dead(0));
    assert_eq!((named(&dead), dead.next), (vec![delivery(0)], None));
    let leaf = carts()[1].clone();
    assert_eq!(named(&part(sqlite::ScanFrom::Queued(&leaf, 0))), [delivery(2)]);
    let rest = Rest { merchant: merchants()[0].clone(), order: order(1, 0), fault: "it cannot be read".into(), until_unix_ms: AT + 1 };
    outbox.rest(rest).await.expect("it can be written");
    assert_eq!(named(&part(sqlite::ScanFrom::Queued(&leaf, 0))), [], "that is an alert of its own");
}

#[tokio::test]
async fn a_lane_rests_until_its_time_and_says_why() {
    let (kept, place) = (Kept::new(), order(0, 0));
    let (outbox, whose) = (Sqlite::new(kept.store.clone()), merchants()[0].clone());
    outbox.accept((0..2).map(|nth| new(0, &place, nth)).collect()).await.expect("they are new");
    let rest = |fault: &str| Rest { merchant: merchants()[0].clone(), order: order(0, 0), fault: fault.into(), until_unix_ms: AT + 600 };
    outbox.rest(rest("the disk spoke in tongues")).await.expect("it can be written");
    let faults = outbox.faults(whose.clone()).await.expect("it can be read");
    let first = ("1021".to_owned(), Some(delivery(0)), "the disk spoke in tongues".to_owned());
    assert_eq!(faults, [Faults { cart: carts()[0].clone(), lanes: 1, first }]);
    let look = |now_unix_ms| DueQuery {
        merchant: merchants()[0].clone(),
        cart: carts()[0].clone(),
        now_unix_ms,
        most: 9,
        in_flight: BTreeSet::new(),
    };
    assert_eq!(outbox.due(look(AT + 599)).await.expect("it can be read"), Due { heads: vec![], next_unix_ms: Some(AT + 600) });
    assert_eq!(outbox.due(look(AT + 600)).await.expect("it can be read").heads.len(), 1);
    let waiting = outbox.queued(whose.clone(), carts()[0].clone(), PAGE).await.expect("it can be read");
    assert_eq!(waiting.iter().map(|queued| queued.fault.is_some()).collect::<Vec<_>>(), [true, false], "its head says so");
    // What comes in behind it changes nothing; an attempt that can start does.
    outbox.accept(vec![new(0, &place, 2)]).await.expect("it is new");
    assert_eq!(outbox.faults(whose.clone()).await.expect("it can be read").len(), 1);
    claimed(&outbox, wish(0, &place)).await;
    assert_eq!(outbox.faults(whose).await.expect("it can be read"), []);
}

#[tokio::test]
async fn updates_are_put_into_one_as_far_as_they_can_be_read_and_no_larger_than_is_kept() {
    let (kept, place) = (Kept::new(), order(0, 0));
    let (outbox, whose) = (Sqlite::new(kept.store.clone()), merchants()[0].clone());
    let sized = |nth, bytes: usize| {
        let mut new = new(0, &place, nth);
        let line = |text: &str| cartage_contract::orders::LineItem {
            web_line_id: Some(format!("{nth}")),
            reference_line_id: None,
            sku: Some(text.to_owned()),
            label: None,
            status: None,
            ordered: None,
            shipped: None,
            needed: None,
            note: None,
            packages: Vec::new(),
            extra: Vec::new(),
        };
        new.update.line_items = vec![line("")];
        let empty = serde_json::to_string(&new.update).expect("plain data").len();
        new.update.line_items = vec![line(&"x".repeat(bytes - empty))];
        new
    };
    let half = UPDATE_BYTES_MAX / 2;
    outbox.accept(vec![sized(0, half), sized(1, half + 1), sized(2, half - 2)]).await.expect("each is small enough");
    let supersede = async || outbox.supersede(whose.clone(), place.clone(), AT).await.expect("it can be written");
    assert_eq!(supersede().await, None, "a byte more than is kept");
    let claim = claimed(&outbox, wish(0, &place)).await;
    outbox.settle(vec![ended(&claim, DELIVERED)]).await.expect("it can be written");
    assert_eq!(supersede().await, Some(Superseded { by: delivery(2), ended: vec![delivery(1)] }), "just as much as is kept");
    let claim = claimed(&outbox, wish(0, &place)).await;
    assert_eq!(claim.update.line_items.len(), 2);
    outbox.settle(vec![ended(&claim, DELIVERED)]).await.expect("it can be written");

    outbox.accept((3..7).map(|nth| new(0, &place, nth)).collect()).await.expect("they are new");
    kept.write(|tx| tx.run("spoil it", "UPDATE deliveries SET content = '' WHERE delivery = 'delivery-0005'", ()));
    assert_eq!(supersede().await, Some(Superseded { by: delivery(4), ended: vec![delivery(3)] }), "up to the one that cannot be read");
    let claim = claimed(&outbox, wish(0, &place)).await;
    outbox.settle(vec![ended(&claim, DELIVERED)]).await.expect("it can be written");
    assert_eq!(supersede().await, None, "its turn has come");
    let claimed = outbox.claim(vec![wish(0, &place)]).await.expect("it can be written");
    assert!(matches!(claimed[..], [Claimed::Unreadable { .. }]), "{claimed:?}");
}
