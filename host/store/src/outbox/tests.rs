//! Tests of each promise at its edges; the suite beside this tests them in any order.

mod faults;

use super::attempts::POISON_SUSPICIONS;
use super::conformance::sqlite::Kept;
use super::conformance::{carts, delivery, merchants, order, rows, update};
use super::*;
use crate::cassettes;
use cartage_model::dead_letter::{Reason, Then};
use std::sync::atomic::{AtomicU64, Ordering};

const AT: u64 = 1_800_000_000_000;

fn new(merchant: usize, order: &OrderRef, nth: usize) -> New {
    let update = update(order, &format!("Label {nth}"), &[]);
    let (labels, packages) = rows(&update);
    let (merchant, delivery) = (merchants()[merchant].clone(), delivery(nth));
    New { merchant, order: order.clone(), delivery, update: Box::new(update), labels, packages, at_unix_ms: AT }
}

fn wish(merchant: usize, order: &OrderRef) -> ClaimRequest {
    ClaimRequest { merchant: merchants()[merchant].clone(), order: order.clone(), poison: Then::Block, busy_ms: 0, at_unix_ms: AT }
}

fn ended(claim: &Claim, settlement: Settlement) -> Settle {
    Settle {
        merchant: claim.merchant.clone(),
        order: claim.order.clone(),
        delivery: claim.delivery.clone(),
        attempt: claim.attempt,
        receipt: None,
        steps: Vec::new(),
        lingers: false,
        resume: None,
        told: crate::orders::Told::default(),
        cassette: None,
        settlement,
        at_unix_ms: AT,
    }
}

async fn claimed(outbox: &impl Outbox, wish: ClaimRequest) -> Claim {
    match outbox.claim(vec![wish]).await.expect("it can be written").pop() {
        Some(Claimed::Claim(claim)) => *claim,
        other => panic!("{other:?}"),
    }
}

async fn backlog(outbox: &impl Outbox, merchant: usize) -> Vec<(u64, u64, u64)> {
    let all = outbox.backlogs(Some(merchants()[merchant].clone())).await.expect("it can be read");
    all.into_iter().map(|backlog| (backlog.queued, backlog.dead, backlog.blocked)).collect()
}

const DELIVERED: Settlement = Settlement::Delivered;

async fn suspect(outbox: &impl Outbox, claim: &Claim) {
    let Claim { merchant, delivery, attempt, .. } = claim.clone();
    outbox.suspect(vec![Suspect { merchant, delivery, attempt }]).await.expect("it can be written");
}

#[tokio::test]
async fn what_was_suspected_five_times_in_a_row_is_poison_and_what_was_only_cut_off_is_not() {
    let (kept, order) = (Kept::new(), order(0, 0));
    let outbox = Sqlite::new(kept.store.clone());
    outbox.accept(vec![new(0, &order, 0), new(0, &order, 1)]).await.expect("they are new");
    let look =
        || DueQuery { merchant: merchants()[0].clone(), cart: carts()[0].clone(), now_unix_ms: AT, most: 9, in_flight: BTreeSet::new() };
    for attempt in 1..=40 {
        let claim = claimed(&outbox, wish(0, &order)).await;
        assert_eq!((claim.attempt, claim.behind), (attempt, 1), "however often it is cut off");
    }
    for attempt in 41..41 + POISON_SUSPICIONS {
        let claim = claimed(&outbox, wish(0, &order)).await;
        assert_eq!(claim.attempt, attempt);
        suspect(&outbox, &claim).await;
        suspect(&outbox, &claim).await;
        assert!(outbox.due(look()).await.expect("it can be read").heads[0].suspect, "it is tried with no other suspect beside it");
    }
    assert_eq!(backlog(&outbox, 0).await, [(2, 0, 0)]);
    let sixth = outbox.claim(vec![wish(0, &order), wish(0, &order)]).await.expect("it can be written");
    assert_eq!(sixth, [Claimed::Poison { delivery: delivery(0) }, Claimed::Nothing], "the lane is blocked at once");
    assert_eq!(backlog(&outbox, 0).await, [(1, 1, 1)]);
    let page = Page { after: None, most: 10 };
    let dead = outbox.dead(merchants()[0].clone(), Filter::default(), page).await.expect("it can be read");
    assert_eq!((dead[0].reason, dead[0].attempts.claims), (Some(Reason::Poison), 45));
}

#[tokio::test]
async fn poison_can_let_the_next_one_go() {
    let (kept, order) = (Kept::new(), order(0, 0));
    let outbox = Sqlite::new(kept.store.clone());
    outbox.accept(vec![new(0, &order, 0), new(0, &order, 1)]).await.expect("they are new");
    for _ in 0..POISON_SUSPICIONS {
        let claim = claimed(&outbox, wish(0, &order)).await;
        suspect(&outbox, &claim).await;
    }
    let go = ClaimRequest { poison: Then::Go, ..wish(0, &order) };
    let all = outbox.claim(vec![go.clone(), go]).await.expect("it can be written");
    assert!(matches!(&all[..], [Claimed::Poison { .. }, Claimed::Claim(next)] if next.delivery == delivery(1)), "{all:?}");
}

#[tokio::test]
async fn only_the_head_s_last_claim_settles() {
    let (kept, order) = (Kept::new(), order(0, 0));
    let outbox = Sqlite::new(kept.store.clone());
    outbox.accept(vec![new(0, &order, 0), new(0, &order, 1)]).await.expect("they are new");
    let first = claimed(&outbox, wish(0, &order)).await;
    let second = claimed(&outbox, wish(0, &order)).await;
    assert_eq!((first.delivery.clone(), first.attempt + 1), (second.delivery.clone(), second.attempt));
    let behind = Claim { delivery: delivery(1), ..second.clone() };
    let theirs = Claim { merchant: merchants()[1].clone(), ..second.clone() };
    for (stale, why) in [(&first, "claimed again since"), (&behind, "not the head"), (&theirs, "another merchant's")] {
        let settled = outbox.settle(vec![ended(stale, DELIVERED)]).await.expect("it can be written");
        assert_eq!(settled, [Settled::Stale], "{why}");
    }
    assert_eq!(backlog(&outbox, 0).await, [(2, 0, 0)]);
    let settled = outbox.settle(vec![ended(&second, DELIVERED), ended(&second, DELIVERED)]).await.expect("it can be written");
    assert_eq!(settled, [Settled::Done { pending: 1 }, Settled::Stale], "once");
}

#[tokio::test]
async fn an_empty_lane_is_gone_and_the_counts_are_nothing() {
    let (kept, order) = (Kept::new(), order(0, 0));
    let outbox = Sqlite::new(kept.store.clone());
    for (nth, then) in [(0, Then::Go), (1, Then::Block), (2, Then::Go)] {
        outbox.accept(vec![new(0, &order, nth)]).await.expect("it is new");
        let claim = claimed(&outbox, wish(0, &order)).await;
        let settlement = if nth == 2 { DELIVERED } else { Settlement::Dead { reason: Reason::TooOld, then } };
        outbox.settle(vec![ended(&claim, settlement)]).await.expect("it can be written");
        let by = Discard { who: "seed".into(), why: "a test".into(), at_unix_ms: AT };
        outbox.discard(merchants()[0].clone(), vec![delivery(nth)], by).await.expect("it can be written");
        let look =
            DueQuery { merchant: merchants()[0].clone(), cart: carts()[0].clone(), now_unix_ms: AT, most: 9, in_flight: BTreeSet::new() };
        assert_eq!(outbox.due(look).await.expect("it can be read"), Due::default());
        assert_eq!(backlog(&outbox, 0).await, [(0, 0, 0)]);
        let lanes: u64 = kept
            .store
            .read_blocking(|view| view.one("count", "SELECT count(*) FROM lanes", (), |row| row.get(0)))
            .expect("it can be read")
            .expect("one count");
        assert_eq!(lanes, 0);
    }
}

#[tokio::test]
async fn a_due_time_beyond_all_schedules_is_a_clock_that_jumped() {
    let (kept, order) = (Kept::new(), order(0, 0));
    let outbox = Sqlite::new(kept.store.clone());
    let late = New { at_unix_ms: AT + DUE_AHEAD_MS_MAX, ..new(0, &order, 0) };
    outbox.accept(vec![late]).await.expect("it is new");
    for (now_unix_ms, is_due) in [(AT, false), (AT - 1, true), (AT + DUE_AHEAD_MS_MAX - 1, false), (AT + DUE_AHEAD_MS_MAX, true)] {
        let look =
            DueQuery { merchant: merchants()[0].clone(), cart: carts()[0].clone(), now_unix_ms, most: 9, in_flight: BTreeSet::new() };
        let due = outbox.due(look).await.expect("it can be read");
        assert_eq!((due.heads.len() == 1, due.next_unix_ms.is_none()), (is_due, is_due), "{now_unix_ms}");
    }
    let claim = claimed(&outbox, wish(0, &order)).await;
    let settlement = Settlement::Retry { due_at_unix_ms: u64::MAX, counted: Counted::Attempt };
    outbox.settle(vec![ended(&claim, settlement)]).await.expect("it can be written");
    let found = outbox.find(claim.merchant, claim.delivery).await.expect("it can be read");
    let due = Waits::Until { due_at_unix_ms: AT + DUE_AHEAD_MS_MAX };
    assert!(matches!(&found, Some(FoundDelivery::Queued(queued, _)) if queued.waits == due), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_and_settling_at_once_loses_no_wake_up_and_no_order() {
    const EACH: usize = 60;
    let kept = Kept::new();
    let (outbox, place) = (Sqlite::new(kept.store.clone()), order(0, 0));
    let next = std::sync::Arc::new(AtomicU64::new(0));
    let mut producers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (outbox, place, next) = (outbox.clone(), place.clone(), next.clone());
        producers.spawn(async move {
            for _ in 0..EACH {
                let nth = next.fetch_add(1, Ordering::SeqCst) as usize;
                outbox.accept(vec![new(0, &place, nth)]).await.expect("it is new");
            }
        });
    }
    let (mut told, mut idle) = (Vec::new(), 0);
    while told.len() < 4 * EACH {
        // Idle is only what the queue says it is: a lane that sleeps with something in it ends this test.
        match outbox.claim(vec![wish(0, &place)]).await.expect("it can be written").pop() {
            Some(Claimed::Claim(claim)) => {
                let settled = outbox.settle(vec![ended(&claim, DELIVERED)]).await.expect("it can be written");
                assert!(matches!(settled[..], [Settled::Done { .. }]));
                told.push(claim.sequence);
            }
            Some(Claimed::Nothing) => {
                idle += 1;
                let look = DueQuery {
                    merchant: merchants()[0].clone(),
                    cart: carts()[0].clone(),
                    now_unix_ms: AT,
                    most: 1,
                    in_flight: BTreeSet::new(),
                };
                let due = outbox.due(look).await.expect("it can be read");
                assert!(
                    idle < 100_000 && (!producers.is_empty() || !due.heads.is_empty()),
                    "nothing comes any more, and something is left"
                );
                while producers.try_join_next().is_some() {}
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told, (1..=4 * EACH as u64).collect::<Vec<_>>(), "the numbers are the order of the commits, and so of the deliveries");
}

#[tokio::test]
async fn nothing_is_sent_for_an_order_while_an_attempt_may_be_under_way() {
    let (kept, place) = (Kept::new(), order(0, 0));
    let (outbox, whose) = (Sqlite::new(kept.store.clone()), merchants()[0].clone());
    outbox.accept((0..3).map(|nth| new(0, &place, nth)).collect()).await.expect("they are new");
    let at = |at_unix_ms| ClaimRequest { busy_ms: 120, at_unix_ms, ..wish(0, &order(0, 0)) };
    let busy = Claimed::Busy { until_unix_ms: AT + 120 };
    let look = |now_unix_ms| DueQuery {
        merchant: merchants()[0].clone(),
        cart: carts()[0].clone(),
        now_unix_ms,
        most: 9,
        in_flight: BTreeSet::new(),
    };
    let first = claimed(&outbox, at(AT)).await;
    assert_eq!(first.busy_until_unix_ms, AT + 120);
    // As after a kill: nobody settles it.
    let restarted = Sqlite::new(kept.store.clone());
    assert_eq!(restarted.due(look(AT + 119)).await.expect("it can be read"), Due { heads: vec![], next_unix_ms: Some(AT + 120) });
    assert_eq!(restarted.claim(vec![at(AT + 119)]).await.expect("it can be written"), std::slice::from_ref(&busy));
    let again = claimed(&restarted, at(AT + 120)).await;
    assert_eq!(again.attempt, 2);
    // An answer ends the wait, no answer does not; neither for the same update nor for the order's next, and a person's word changes nothing.
    let retry = Settlement::Retry { due_at_unix_ms: AT + 121, counted: Counted::Attempt };
    restarted.settle(vec![ended(&again, retry.clone())]).await.expect("it can be written");
    let third = claimed(&restarted, at(AT + 121)).await;
    let dead = Settlement::Dead { reason: Reason::PluginFault, then: Then::Block };
    restarted.settle(vec![Settle { lingers: true, ..ended(&third, dead) }]).await.expect("it can be written");
    assert_eq!(restarted.retry(whose.clone(), vec![delivery(0)], AT + 122).await.expect("it can be written"), [Retried::Head]);
    let busy = Claimed::Busy { until_unix_ms: AT + 241 };
    assert_eq!(restarted.claim(vec![at(AT + 240)]).await.expect("it can be written"), std::slice::from_ref(&busy));
    let by = Discard { who: "seed".into(), why: "a test".into(), at_unix_ms: AT + 200 };
    restarted.discard(whose, vec![delivery(0)], by).await.expect("it can be written");
    assert_eq!(restarted.claim(vec![at(AT + 240)]).await.expect("it can be written"), [busy]);
    assert_eq!(claimed(&restarted, at(AT + 241)).await.delivery, delivery(1));
}

#[tokio::test]
async fn a_settlement_keeps_its_records_or_nothing() {
    let (kept, order) = (Kept::new(), order(0, 0));
    let outbox = Sqlite::new(kept.store.clone());
    outbox.accept(vec![new(0, &order, 0)]).await.expect("it is new");
    let claim = claimed(&outbox, wish(0, &order)).await;
    let receipt = cartage_model::receipt::Receipt {
        cart: carts()[0].clone(),
        delivery: delivery(0),
        attempt: 1,
        at_unix_ms: AT,
        took_ms: 1,
        plugin: cartage_model::id::Digest::of(b"plugin"),
        reach: cartage_contract::http::Reach::Answered,
        fate: cartage_model::receipt::Fate::Delivered,
        message: None,
        reference: None,
        steps: Vec::new(),
        packages: Vec::new(),
    };
    let too_long = "x".repeat(cassettes::CASSETTE_BYTES_MAX + 1);
    let settle = Settle { receipt: Some(receipt), cassette: Some(cassettes::Tape::redacted(too_long)), ..ended(&claim, DELIVERED) };
    let error = outbox.settle(vec![settle.clone()]).await.expect_err("the cassette is a byte too long");
    assert!(matches!(error, Error::Store(store::Error::TooLarge { .. })), "{error}");
    let seen = || {
        let look = |view: &store::View<'_>| {
            Ok::<_, store::Error>((
                store::receipts::of_delivery(view, &merchants()[0], &delivery(0))?.len(),
                cassettes::attempts(view, &merchants()[0], &delivery(0))?.len(),
                store::carts::plugins_that_ran(view, &merchants()[0], &carts()[0])?.len(),
            ))
        };
        kept.store.read_blocking(look).expect("it can be read")
    };
    assert_eq!((seen(), backlog(&outbox, 0).await), ((0, 0, 0), vec![(1, 0, 0)]));
    let settle = Settle { cassette: Some(cassettes::Tape::redacted("{}")), ..settle };
    assert_eq!(outbox.settle(vec![settle]).await.expect("it can be written"), [Settled::Done { pending: 0 }]);
    assert_eq!((seen(), backlog(&outbox, 0).await), ((1, 1, 1), vec![(0, 0, 0)]));
    let again = outbox.accept(vec![new(0, &order, 0)]).await.expect_err("the receipt knows the id");
    assert!(matches!(again, Error::Taken { .. }), "{again}");
}

#[tokio::test]
async fn an_update_is_kept_up_to_its_size() {
    let (kept, order) = (Kept::new(), order(0, 0));
    let outbox = Sqlite::new(kept.store.clone());
    let sized = |nth, bytes: usize| {
        let mut new = new(0, &order, nth);
        let empty = serde_json::to_string(&Update { note: Some(String::new()), ..*new.update.clone() }).expect("plain data").len();
        new.update.note = Some("x".repeat(bytes - empty));
        new
    };
    outbox.accept(vec![sized(0, UPDATE_BYTES_MAX)]).await.expect("it is as long as can be");
    let error = outbox.accept(vec![sized(1, UPDATE_BYTES_MAX + 1)]).await.expect_err("it is a byte too long");
    assert!(matches!(error, Error::Store(store::Error::TooLarge { bytes, .. }) if bytes == UPDATE_BYTES_MAX + 1), "{error}");
    assert_eq!(backlog(&outbox, 0).await, [(1, 0, 0)]);
}

#[tokio::test]
async fn what_this_release_cannot_read_is_left_as_it_is() {
    let (kept, order) = (Kept::new(), order(0, 0));
    let outbox = Sqlite::new(kept.store.clone());
    outbox.accept(vec![new(0, &order, 0)]).await.expect("it is new");
    kept.write(|tx| tx.run("spoil it", "UPDATE deliveries SET content = '{\"later\": 1}'", ()));
    let other = super::conformance::order(0, 1);
    outbox.accept(vec![new(0, &other, 1)]).await.expect("it is new");
    let claimed = outbox.claim(vec![wish(0, &order), wish(0, &other)]).await.expect("it can be written");
    let [Claimed::Unreadable { why }, Claimed::Claim(_)] = &claimed[..] else { panic!("{claimed:?}") };
    assert!(why.starts_with("could not read the update of delivery delivery-0000 of merchant default; "), "{why}");
    let claims: u64 = kept
        .store
        .read_blocking(|view| view.one("look", "SELECT claims FROM deliveries ORDER BY nth", (), |row| row.get(0)))
        .expect("it can be read")
        .expect("one row");
    assert_eq!(claims, 0, "what cannot be tried is not counted");
}

#[tokio::test]
async fn what_came_out_of_a_backup_may_have_reached_the_cart_each_of_it_once() {
    let (kept, place) = (Kept::new(), order(0, 0));
    let outbox = Sqlite::new(kept.store.clone());
    outbox.accept((0..3).map(|nth| new(0, &place, nth)).collect()).await.expect("they are new");
    let claim = claimed(&outbox, wish(0, &place)).await;
    let dead = Settlement::Dead { reason: Reason::TooOld, then: Then::Go };
    outbox.settle(vec![ended(&claim, dead)]).await.expect("it can be written");
    let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
    let (copy, back) = (folder.path().join("copy.sqlite"), folder.path().join("back.sqlite"));
    kept.store.backup(&copy, AT, |_| {}).expect("it can be copied");
    let gap = store::backup::SoundCopy::open(&copy).expect("it is whole").restore(&back, AT).expect("there is room");
    assert_eq!(gap.doubtful_orders, 1);
    let restored = Sqlite::new(store::Store::open(&back, AT).expect("a store"));
    restored.retry(merchants()[0].clone(), vec![delivery(0)], AT).await.expect("it can be written");
    restored.accept(vec![new(0, &place, 3)]).await.expect("it is new");
    // The last came later, when the doubt on the order was over.
    for (nth, earlier) in [(1, vec![1]), (2, vec![1]), (0, vec![2]), (3, vec![])] {
        let claim = claimed(&restored, wish(0, &place)).await;
        let told: Vec<_> = claim.attempts.earlier.iter().map(|earlier| earlier.attempt).collect();
        assert_eq!((claim.delivery.clone(), told), (delivery(nth), earlier));
        let retry = Settlement::Retry { due_at_unix_ms: AT, counted: Counted::Attempt };
        restored.settle(vec![ended(&claim, retry)]).await.expect("it can be written");
        let again = claimed(&restored, wish(0, &place)).await;
        assert_eq!(again.attempts.earlier, claim.attempts.earlier, "once");
        restored.settle(vec![ended(&again, DELIVERED)]).await.expect("it can be written");
    }
}

#[tokio::test]
async fn the_same_id_at_two_merchants_is_two_deliveries() {
    let (kept, place) = (Kept::new(), order(0, 0));
    let outbox = Sqlite::new(kept.store.clone());
    outbox.accept(vec![new(0, &place, 0), new(1, &place, 0)]).await.expect("each is new to its merchant");
    let claim = claimed(&outbox, wish(1, &place)).await;
    let dead = Settlement::Dead { reason: Reason::TooOld, then: Then::Block };
    outbox.settle(vec![ended(&claim, dead)]).await.expect("it can be written");
    assert_eq!((backlog(&outbox, 0).await, backlog(&outbox, 1).await), (vec![(1, 0, 0)], vec![(0, 1, 1)]));
    let [first, second] = merchants();
    assert_eq!(outbox.retry(first.clone(), vec![delivery(0)], AT).await.expect("it can be written"), [Retried::NotDead]);
    let by = Discard { who: "seed".into(), why: "a test".into(), at_unix_ms: AT };
    assert_eq!(
        outbox.discard(first, vec![delivery(0), delivery(0)], by).await.expect("it can be written"),
        [Discarded::Queued, Discarded::NotThere]
    );
    assert_eq!(
        outbox.retry(second, vec![delivery(0), delivery(0)], AT).await.expect("it can be written"),
        [Retried::Head, Retried::NotDead]
    );
    assert_eq!((backlog(&outbox, 0).await, backlog(&outbox, 1).await), (vec![(0, 0, 0)], vec![(1, 0, 0)]));
}

#[tokio::test]
async fn a_dead_letter_tried_again_counts_again_as_the_head_or_as_the_last() {
    let (kept, place) = (Kept::new(), order(0, 0));
    let (outbox, whose) = (Sqlite::new(kept.store.clone()), merchants()[0].clone());
    let label = || {
        let known = kept.store.read_blocking(|view| store::orders::get(view, &merchants()[0], &order(0, 0)));
        known.expect("it can be read").and_then(|order| Some((order.label("")?.label.text.clone(), order.label("")?.sequence)))
    };
    for (nth, then, retried, sequence) in [(0, Then::Block, Retried::Head, 1), (1, Then::Go, Retried::Tail { sequence: 3 }, 3)] {
        outbox.accept(vec![new(0, &place, nth)]).await.expect("it is new");
        let before = claimed(&outbox, wish(0, &place)).await;
        outbox.settle(vec![ended(&before, Settlement::Dead { reason: Reason::TooOld, then })]).await.expect("it can be written");
        let text = format!("Label {nth}");
        assert_ne!(label().map(|(text, _)| text), Some(text.clone()), "it does not count while it is dead");
        assert_eq!(outbox.retry(whose.clone(), vec![delivery(nth)], AT + 1).await.expect("it can be written"), [retried]);
        assert_eq!(label(), Some((text, sequence)));
        let again = claimed(&outbox, wish(0, &place)).await;
        assert_eq!((&again.delivery, again.sequence, &again.update), (&before.delivery, sequence, &before.update));
        assert_eq!((again.accepted_at_unix_ms, again.queued_at_unix_ms), (AT, AT + 1));
        outbox.settle(vec![ended(&again, DELIVERED)]).await.expect("it can be written");
    }
}
