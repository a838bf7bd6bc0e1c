use super::look::waits_for;
use super::*;
use crate::alerts::{AlertCondition, AlertKind, Unready, UnreadyPart};
use crate::service::seen::SeenNow;
use cartage_commands::layout::{self, table};
use cartage_commands::screen::{SCREEN_LINES_MAX, screen};
use cartage_model::remedy::Remedy;
use cartage_policy::gate::{Again, ConditionAnswer, Place, Stage, Verdict};
use cartage_store::carts::{CartRow, DefinitionRow, PauseRow};
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{Attempts, Queued, Waits};

const NOW: u64 = 1_795_442_706_000;

fn id(text: &str) -> DeliveryId {
    DeliveryId::named(text)
}

fn cart(enabled: bool, pause: Option<PauseRow>) -> CartRow {
    let definition =
        DefinitionRow { cart: CartId::new("shop").expect("it is a Cart ID"), mode: "live".into(), text: String::new(), plugin: None };
    CartRow { definition, enabled, pause, paused_with_all: false, made_at_unix_ms: 0, changed_at_unix_ms: 0, lists: 0 }
}

fn queued(waits: Waits, fault: Option<&str>) -> Queued {
    Queued {
        nth: 1,
        order: OrderRef { cart: CartId::new("shop").expect("it is a Cart ID"), number: SenderOrderNumber::new("1021") },
        sequence: 1,
        delivery: id("first"),
        label: Ok("Order Shipped".into()),
        attempts: Attempts::default(),
        accepted_at_unix_ms: NOW,
        queued_at_unix_ms: NOW,
        waits,
        fault: fault.map(str::to_owned),
        fate: None,
    }
}

#[test]
fn what_holds_an_update_longest_is_what_it_waits_for() {
    let pause = |until_unix_ms| Some(PauseRow { why: "rate-limited".into(), until_unix_ms, said: None });
    let due = |at| Waits::Until { due_at_unix_ms: at };
    let open = |until| SeenNow { breaker_until_unix_ms: Some(until), not_ready: None };
    let (until, seen) = (NOW + 5_000, SeenNow::default());
    let resumed = |until_unix_ms| WaitsFor::Resumed { why: "rate-limited".into(), until_unix_ms, said: None };
    let not_ready = SeenNow {
        breaker_until_unix_ms: None,
        not_ready: Some(Unready { part: UnreadyPart::Plugin, why: "no plugin".into(), remedy: None }),
    };
    for (head, cart, busy, seen, expected) in [
        (queued(due(NOW), None), None, 0, &seen, WaitsFor::NoCart),
        (queued(due(NOW), None), Some(cart(false, pause(None))), 0, &seen, WaitsFor::Enabled),
        (queued(due(NOW), None), Some(cart(true, pause(None))), 0, &seen, resumed(None)),
        (queued(due(NOW), None), Some(cart(true, pause(Some(until)))), 0, &seen, resumed(Some(until))),
        (queued(due(NOW), None), Some(cart(true, pause(Some(NOW)))), 0, &seen, WaitsFor::Turn),
        (
            queued(due(until), Some("a damaged page")),
            Some(cart(true, None)),
            0,
            &seen,
            WaitsFor::Mended { fault: "a damaged page".into(), until_unix_ms: until },
        ),
        (
            queued(Waits::Attempt { due_at_unix_ms: until }, None),
            Some(cart(true, None)),
            0,
            &seen,
            WaitsFor::Attempt { until_unix_ms: until },
        ),
        (queued(due(NOW), None), Some(cart(true, None)), until, &seen, WaitsFor::Attempt { until_unix_ms: until }),
        (queued(due(until), None), Some(cart(true, None)), 0, &seen, WaitsFor::Schedule { until_unix_ms: until }),
        (queued(due(until), None), Some(cart(true, None)), 0, &open(until + 1), WaitsFor::Breaker { until_unix_ms: until + 1 }),
        (queued(due(until), None), Some(cart(true, None)), 0, &open(until - 1), WaitsFor::Schedule { until_unix_ms: until }),
        (queued(due(NOW), None), Some(cart(true, None)), 0, &not_ready, WaitsFor::Ready { why: "no plugin".into(), remedy: None }),
        (queued(due(NOW), None), Some(cart(true, None)), 0, &seen, WaitsFor::Turn),
    ] {
        assert_eq!(waits_for(&head, cart.as_ref(), busy, seen, NOW), expected);
    }
}

fn standing(place: Progress) -> OrderStatus {
    OrderStatus {
        cart: CartId::new("shop").expect("it is a Cart ID"),
        order: SenderOrderNumber::new("1021"),
        place,
        own: None,
        may_have_reached: false,
        other_dead_letters: Vec::new(),
        serving: true,
    }
}

fn waiting(waits: WaitsFor) -> Progress {
    let last = Some("retry".to_owned());
    let said = Some("502\nDelivered: forged".to_owned());
    Progress::Waiting(Box::new(Waiting { delivery: id("first"), sequence: 1, waits, attempts: 2, last, said }))
}

fn dead(blocks: bool) -> Progress {
    Progress::DeadLetter(DeadUpdate {
        delivery: id("first"),
        sequence: 1,
        reason: "order-not-found".into(),
        said: Some("no such order\nin the shop".into()),
        at_unix_ms: NOW,
        blocks,
        behind: 1,
        readable: true,
    })
}

fn delivered() -> Progress {
    Progress::Delivered(HasIt { delivery: Some(id("first")), sequence: 2, at_unix_ms: NOW, reference: Some("SO-7".into()) })
}

fn said(standing: &OrderStatus) -> String {
    let notes = standing.notes().into_iter().flat_map(|note| layout::note(&note, 110));
    std::iter::once(standing.line()).chain(notes).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_line_says_where_the_order_stands_and_the_notes_what_helps() {
    let due = WaitsFor::Schedule { until_unix_ms: NOW };
    for (standing, expected) in [
        (
            standing(delivered()),
            "Delivered: the cart shop took update 2 of order 1021 at 2026-11-23 14:05:06 UTC; its reference is SO-7.\n  \
             Show the delivery: cartage delivery show first",
        ),
        (
            standing(waiting(due.clone())),
            "Waiting: update 1 of order 1021 is due at 2026-11-23 14:05:06 UTC: the cart gave no usable answer.\n  \
             Delivery first, 2 attempts: cartage delivery show first\n  \
             Message of the last attempt: 502 Delivered: forged.\n  \
             To try it now: cartage delivery retry first --now",
        ),
        (
            OrderStatus { own: Some(OwnDelivery { delivery: id("second"), sequence: 2 }), serving: false, ..standing(waiting(due)) },
            "Waiting: update 2 of order 1021 comes after update 1, which is due at 2026-11-23 14:05:06 UTC: the cart gave no usable answer.\n  \
             This update is delivery second: cartage delivery show second\n  \
             Delivery first, 2 attempts: cartage delivery show first\n  \
             Message of the last attempt: 502 Delivered: forged.\n  \
             To try it now: cartage delivery retry first --now\n  \
             No `cartage serve` runs on this data directory, so nothing is sent automatically.",
        ),
        (
            standing(dead(true)),
            "Blocked by dead letter first: update 1 of order 1021 became a dead letter (order-not-found).\n  \
             It became a dead letter at 2026-11-23 14:05:06 UTC (order-not-found): no such order in the shop.\n  \
             1 update waits behind it; a new update would wait as well.\n  \
             Correct the cause, then retry it: cartage delivery retry first\n  \
             Or discard it: cartage delivery discard first --why TEXT",
        ),
    ] {
        assert_eq!(self::said(&standing), expected);
    }
    for (waits, what, help) in [
        (WaitsFor::Enabled, "waits until somebody enables the cart shop", "cartage cart enable shop"),
        (
            WaitsFor::Resumed { why: "credentials".into(), until_unix_ms: None, said: None },
            "waits until somebody resumes the cart shop, which is paused (credentials)",
            "cartage cart resume shop",
        ),
        (WaitsFor::Breaker { until_unix_ms: NOW }, "its breaker is open", "cartage cart resume shop"),
        (WaitsFor::Turn, "the rate and concurrency of the cart shop", "cartage delivery retry first --now"),
        (WaitsFor::NoCart, "there is no cart shop any more", "cartage delivery discard first --why TEXT"),
        (
            WaitsFor::Ready { why: "the file is damaged".into(), remedy: Some(Remedy::RestoreBackup) },
            "which cannot be made ready",
            "What to do: check the disk, then restore the last backup with `cartage restore`.",
        ),
    ] {
        let said = self::said(&standing(waiting(waits)));
        assert!(said.lines().next().is_some_and(|line| line.contains(what)) && said.contains(help), "{said}");
    }
}

fn decision(finding: Finding) -> Decision {
    let (cart, order_number) = (CartId::new("shop").expect("it is a Cart ID"), SenderOrderNumber::new("1021"));
    let again = Remedy::SendAgain { cart: cart.clone(), order: order_number.clone(), label: "Order Shipped".to_owned() };
    let answers = Condition::ALL.map(|condition| ConditionAnswer {
        condition,
        finding: if condition == Condition::Changed { finding } else { Finding::Held },
        value: "what was found".into(),
        place: Place::OrderRecord,
        reason: "a reason".into(),
        remedies: if condition == Condition::Changed { vec![again.clone()] } else { Vec::new() },
    });
    let label = Some("Order Shipped".to_owned());
    Decision { cart, order_number, label, again: Again::No, answers, stage: Stage::Live, verdict: Verdict::Nothing }
}

#[test]
fn nobody_is_told_to_send_again_what_would_come_twice() {
    let doubtful = OrderStatus { may_have_reached: true, ..standing(delivered()) };
    for (standing, again, instead) in [
        (standing(delivered()), true, "--again"),
        (standing(waiting(WaitsFor::Turn)), false, "cartage delivery show first"),
        (standing(dead(true)), false, "cartage delivery retry first"),
        (standing(dead(false)), false, "cartage delivery retry first"),
        (doubtful, false, "cartage delivery show first"),
    ] {
        let mut decision = decision(Finding::NothingToDo);
        standing.guard(&mut decision);
        let explanation = standing.explanation(&decision, &[]);
        for text in [table(&explanation), screen(&explanation)] {
            assert_eq!(text.contains("--again"), again, "{text}");
            assert!(text.contains(instead), "{text}");
        }
    }
}

#[test]
fn nobody_is_told_that_there_is_nothing_to_do_where_somebody_must_act() {
    const NOTHING: &str = "nothing that you must do";
    let alert = AlertCondition {
        kind: AlertKind::Blocked,
        subject: cartage_model::alerts::Subject::of_text("cart shop"),
        detail: String::new(),
        remedies: vec![],
    };
    let paused = WaitsFor::Resumed { why: "credentials".into(), until_unix_ms: None, said: None };
    let another = OrderStatus { other_dead_letters: vec![id("old")], ..standing(delivered()) };
    for (standing, alerts, nothing) in [
        (standing(delivered()), vec![], true),
        (standing(delivered()), vec![alert.clone()], false),
        (standing(Progress::NotAccepted), vec![], true),
        (standing(Progress::NotAccepted), vec![alert], false),
        (standing(waiting(paused)), vec![], false),
        (standing(dead(true)), vec![], false),
        (another, vec![], false),
    ] {
        let text = screen(&standing.explanation(&decision(Finding::NothingToDo), &alerts));
        assert_eq!(text.contains(NOTHING), nothing, "{text}");
    }
    let text = screen(&standing(delivered()).explanation(&decision(Finding::NotHeld), &[]));
    let first = text.lines().next().unwrap_or_default();
    assert!(first.starts_with("Not accepted: the update \"Order Shipped\" of order 1021") && first.ends_with("Look at 3."), "{text}");
    assert!(text.contains("Delivered: the cart shop took update 2"), "{text}");
}

#[test]
fn the_screen_holds_a_long_reason_and_stays_a_screen() {
    for words in [10, 100, 1_000] {
        let Progress::DeadLetter(mut letter) = dead(true) else { panic!("it is a dead letter") };
        letter.said = Some("refused ".repeat(words));
        let text = screen(&standing(Progress::DeadLetter(letter)).explanation(&decision(Finding::NothingToDo), &[]));
        assert!(text.lines().count() <= SCREEN_LINES_MAX, "{text}");
        assert!(text.contains("cartage delivery retry first") && text.contains("cartage delivery discard first"), "{text}");
    }
}
