use super::*;
use cartage::carts::{Cart, DeadLetters};
use cartage::schedule::{Timeline, after};
use cartage_contract::delivery::FailureKind;

const NOW_UNIX_MS: u64 = 1_795_442_706_789;

/// The description of what follows a first attempt with this fate.
fn said(fate: Fate, dead_letters: DeadLetters) -> Vec<String> {
    let cart = Cart::parse("t.toml", "cart = \"t\"\nplugin = \"p.wasm\"").expect("the cart is valid");
    let rules = DeliveryRules { dead_letters, ..cart.delivery };
    let now = Timeline::default().now(NOW_UNIX_MS);
    let verdict = |draw| after(fate, &History::default(), &Policy { rules: &rules, full_state: false }, now, draw);
    words(&verdict(0), &verdict(u64::MAX), now, &rules)
}

#[test]
fn what_a_host_would_do_is_said_in_words() {
    let kind = FailureKind::OrderNotFound;
    for (fate, parts) in [
        (Fate::Delivered, &["the update is done"][..]),
        (
            Fate::Retry { floor_ms: None },
            &["tried again in 3 s to 5 s, at most until it is 72 h old; this attempt counts against", "breaker opens"],
        ),
        (Fate::Retry { floor_ms: Some(60_000) }, &["tried again in 60 s,"]),
        (Fate::Busy { floor_ms: None }, &["tried again in 3 s to 5 s"]),
        (Fate::Pending { wish_ms: Some(600_000) }, &["tried again in 10 min,", "does not count"]),
        (
            Fate::PauseCart { reason: PauseReason::Credentials, for_ms: None },
            &["once the cart is resumed", "`cartage credential set`", "cart resume"],
        ),
        (Fate::PauseCart { reason: PauseReason::RateLimited, for_ms: Some(90_000) }, &["the whole cart is paused for 90 s (rate-limited)"]),
        (Fate::DisableCart, &["the cart is disabled"]),
        (Fate::DeadLetter { kind }, &["a dead letter (order-not-found)", "wait until somebody runs `cartage delivery retry`"]),
        (Fate::Gap { kind }, &["the order's later updates go on"]),
        (Fate::PluginFault, &["tried again in 3 s to 5 s"]),
        (Fate::LocalFault, &["tried again in 5 s to 10 s", "the whole cart gets no requests for 5 s to 10 s"]),
    ] {
        let words = said(fate, DeadLetters::Block).join("\n");
        for part in parts {
            assert!(words.contains(part), "{fate:?}: {part:?} in {words:?}");
        }
    }
    assert!(said(Fate::DeadLetter { kind }, DeadLetters::Skip)[0].contains("later updates go on"));
}

#[test]
fn a_time_is_told_in_the_schedule_s_units() {
    for (ms, words) in [(0, "0 s"), (1, "1 s"), (119_000, "119 s"), (120_000, "2 min"), (7_199_000, "119 min"), (259_200_000, "72 h")] {
        assert_eq!(span(ms), words);
    }
}
