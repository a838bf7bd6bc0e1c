use super::*;
use crate::schedule::Timeline;
use cartage_model::carts::DeadLetters;
use cartage_model::carts::delivery::Wait;

const HOUR: u64 = 60 * 60 * 1000;
const NOW: u64 = 1_000 * HOUR;

fn now() -> Now {
    Timeline::default().now(NOW)
}

/// The history of an update of this age after so many attempts.
fn history(attempts: u32, age_ms: u64) -> History {
    History { attempts, age_ms, ..History::default() }
}

fn judged(fate: Fate, history: History, draw: u64) -> AttemptVerdict {
    let rules = DeliveryRules::default();
    after(fate, &history, &Policy { rules: &rules, full_state: false }, now(), draw)
}

/// How long the update waits for its next attempt, in milliseconds.
fn wait_ms(verdict: AttemptVerdict) -> u64 {
    match verdict.update {
        NextStep::Retry { due_unix_ms, counted: true } => due_unix_ms - NOW,
        other => panic!("{other:?}"),
    }
}

const RETRY: Fate = Fate::Retry { floor_ms: None };
const TOO_OLD: NextStep = NextStep::Dead { reason: Reason::TooOld, then: Then::Block };
const AS_IT_WAS: NextStep = NextStep::Retry { due_unix_ms: NOW, counted: false };

fn rests_ms(verdict: AttemptVerdict) -> u64 {
    match verdict.cart {
        Some(CartStep::Pause { reason: PauseReason::RateLimited, until_unix_ms: Some(until) }) => until - NOW,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_step_has_its_jitter() {
    let steps = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 43_200, 43_200];
    for (attempts, step) in (0..).zip(steps) {
        let wait = |draw| wait_ms(judged(RETRY, history(attempts, 0), draw));
        assert_eq!((wait(0), wait(u64::MAX)), (step * 500, step * 1000), "after {attempts} attempts");
    }
    assert_eq!(wait_ms(judged(RETRY, history(u32::MAX, 0), 0)), 6 * HOUR);
    assert_eq!(judged(RETRY, history(3, 0), 0).sign, Sign::Failed);
}

#[test]
fn at_seventy_two_hours_it_is_over_and_just_before_it_is_not() {
    let at = |age| judged(RETRY, history(12, age), u64::MAX);
    assert_eq!(wait_ms(at(60 * HOUR)), 12 * HOUR);
    assert_eq!(wait_ms(at(60 * HOUR + 1)), 12 * HOUR - 1, "the last attempt is made at 72 hours");
    assert_eq!(wait_ms(at(72 * HOUR - 1)), 1);
    assert_eq!(at(72 * HOUR).update, TOO_OLD);
    let limited = |age| judged(Fate::PauseCart { reason: PauseReason::RateLimited, for_ms: Some(5_000) }, history(0, age), 0);
    assert_eq!(limited(72 * HOUR - 1).update, AS_IT_WAS);
    assert_eq!((limited(72 * HOUR).update, rests_ms(limited(72 * HOUR))), (TOO_OLD, 5_000));
    // What waits for a person does not grow too old meanwhile.
    let refused = Fate::PauseCart { reason: PauseReason::Credentials, for_ms: None };
    assert_eq!(judged(refused, history(0, 100 * HOUR), 0).update, AS_IT_WAS);
}

#[test]
fn a_wish_is_a_floor_up_to_a_day() {
    let wait = |floor, age| wait_ms(judged(Fate::Retry { floor_ms: Some(floor) }, history(0, age), 0));
    assert_eq!(wait(2_499, 0), 2_500);
    assert_eq!(wait(2_501, 0), 2_501);
    assert_eq!((wait(24 * HOUR, 0), wait(24 * HOUR + 1, 0)), (24 * HOUR, 24 * HOUR));
    assert_eq!(wait(24 * HOUR, 71 * HOUR), 24 * HOUR, "the cart's wish goes before the last attempt");
    let rest = |ms| rests_ms(judged(Fate::PauseCart { reason: PauseReason::RateLimited, for_ms: Some(ms) }, history(0, 0), 0));
    assert_eq!((rest(24 * HOUR), rest(24 * HOUR + 1)), (24 * HOUR, 24 * HOUR));
    assert_eq!((rest(0), rest(1_000), rest(1_001)), (1_000, 1_000, 1_001));
}

#[test]
fn a_cart_that_names_no_time_rests_longer_each_time() {
    let rest = |rate_limits, draw| {
        let history = History { rate_limits, ..history(3, 0) };
        let verdict = judged(Fate::PauseCart { reason: PauseReason::RateLimited, for_ms: None }, history, draw);
        assert_eq!((verdict.update, verdict.sign), (AS_IT_WAS, Sign::RateLimited));
        rests_ms(verdict)
    };
    for (times, most) in [(0, 10_000), (1, 20_000), (2, 40_000), (6, 640_000), (7, 900_000), (u32::MAX, 900_000)] {
        assert_eq!((rest(times, 0), rest(times, u64::MAX)), (most / 2, most), "after {times}");
    }
}

#[test]
fn the_third_plugin_fault_in_a_row_is_the_last() {
    let fault = |plugin_faults| judged(Fate::PluginFault, History { plugin_faults, ..history(plugin_faults, 0) }, u64::MAX);
    assert_eq!((wait_ms(fault(0)), wait_ms(fault(1)), fault(1).sign), (5_000, 30_000, Sign::Nothing));
    assert_eq!(fault(2).update, NextStep::Dead { reason: Reason::PluginFault, then: Then::Block });
    assert_eq!(fault(u32::MAX).update, fault(2).update);
}

#[test]
fn what_follows_for_a_dead_letter_s_order_is_the_cart_s_policy() {
    let refused = Fate::DeadLetter { kind: FailureKind::OrderNotFound };
    let gap = Fate::Gap { kind: FailureKind::StatusNotSupported };
    for (dead_letters, full_state, expected) in [
        (DeadLetters::Block, true, Then::Block),
        (DeadLetters::Skip, false, Then::Go),
        (DeadLetters::LatestWins, true, Then::Go),
        (DeadLetters::LatestWins, false, Then::Block),
    ] {
        let rules = DeliveryRules { dead_letters, ..DeliveryRules::default() };
        let of = |fate| after(fate, &history(0, 0), &Policy { rules: &rules, full_state }, now(), 0).update;
        let reason = Reason::Refused(FailureKind::OrderNotFound);
        assert_eq!(of(refused), NextStep::Dead { reason, then: expected }, "{dead_letters:?}");
        let reason = Reason::Refused(FailureKind::StatusNotSupported);
        assert_eq!(of(gap), NextStep::Dead { reason, then: Then::Go }, "{dead_letters:?}");
    }
}

#[test]
fn a_cart_has_a_schedule_of_its_own() {
    let waits = [60, 600].map(|s| Wait::of_s(s).expect("it is within its bounds")).to_vec();
    let rules = DeliveryRules {
        retry_waits: waits,
        give_up_after: Wait::of_s(3_600).expect("it is within its bounds"),
        ..DeliveryRules::default()
    };
    let of = |attempts, age| after(RETRY, &history(attempts, age), &Policy { rules: &rules, full_state: false }, now(), u64::MAX);
    assert_eq!([0, 1, 2, 9].map(|attempts| wait_ms(of(attempts, 0))), [60_000, 600_000, 600_000, 600_000]);
    assert_eq!((wait_ms(of(9, HOUR - 1)), of(9, HOUR).update), (1, TOO_OLD));
}

#[test]
fn each_fate_says_what_it_says_of_the_cart() {
    let of = |fate| judged(fate, history(0, 0), 0);
    for (fate, sign) in [
        (Fate::Delivered, Sign::Answered),
        (Fate::AlreadyDelivered, Sign::Answered),
        (Fate::DeadLetter { kind: FailureKind::InvalidData }, Sign::Answered),
        (Fate::Gap { kind: FailureKind::IllegalTransition }, Sign::Answered),
        (Fate::DeadLetter { kind: FailureKind::Unavailable }, Sign::Failed),
        (Fate::DeadLetter { kind: FailureKind::Protocol }, Sign::Failed),
        (Fate::NotSent, Sign::Nothing),
    ] {
        assert_eq!((of(fate).sign, of(fate).cart), (sign, None), "{fate:?}");
    }
    assert_eq!(of(Fate::Delivered).update, NextStep::Delivered);
    assert_eq!(of(Fate::DisableCart), AttemptVerdict { update: AS_IT_WAS, cart: Some(CartStep::Disable), sign: Sign::Nothing });
    let reflected = of(Fate::PauseCart { reason: PauseReason::SecretReflected, for_ms: None });
    let by_hand = Some(CartStep::Pause { reason: PauseReason::SecretReflected, until_unix_ms: None });
    assert_eq!(reflected, AttemptVerdict { update: AS_IT_WAS, cart: by_hand, sign: Sign::Nothing });
    assert_eq!(wait_ms(of(Fate::NotSent)), 2_500, "what is not sent is no busy loop");
    assert_eq!(AttemptVerdict::not_tried(now(), 7).update, NextStep::Retry { due_unix_ms: NOW + 7, counted: false });
}

#[test]
fn a_cart_whose_bucket_is_nearly_empty_rests_for_the_wish_and_a_day_at_most() {
    let delivered = judged(Fate::Delivered, history(0, 0), 0);
    let rest = |verdict: AttemptVerdict, ms| verdict.resting(ms, now()).cart;
    assert_eq!(rest(delivered, 0), None);
    assert_eq!(rest(delivered, 1_500), Some(CartStep::Rest { until_unix_ms: NOW + 1_500 }));
    assert_eq!(rest(delivered, u64::MAX), Some(CartStep::Rest { until_unix_ms: NOW + 24 * HOUR }));
    let gone = judged(Fate::DisableCart, history(0, 0), 0);
    assert_eq!(rest(gone, 1_500), gone.cart, "what else follows is more than a rest");
}
