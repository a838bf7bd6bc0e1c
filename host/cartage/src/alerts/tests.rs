use super::*;
use cartage_base::clock::Doubt;
use cartage_commands::Commands;
use cartage_model::id::{CartId, MerchantId};
use cartage_model::remedy::Words as _;
use cartage_store::data_dir::disk_level::{ACCEPT_BYTES_MIN, RECORD_BYTES_MIN};
use cartage_store::outbox::Backlog;

const NOW: u64 = 1_800_000_000_000;

fn cart() -> CartFacts {
    let cart = CartId::new("shop").expect("it is a Cart ID");
    let (enabled, pause, breaker, not_ready) = (true, None, Certainty::No, Certainty::No);
    CartFacts {
        cart,
        enabled,
        pause,
        backlog: None,
        poison: 0,
        not_permitted: 0,
        faults: None,
        unreadable: Certainty::No,
        breaker,
        not_ready,
        shut_out: None,
    }
}

fn backlog(queued: u64, dead: u64, blocked: u64, waited_ms: u64) -> Option<Backlog> {
    let oldest_queued_at_unix_ms = (queued > 0).then_some(NOW - waited_ms);
    Some(Backlog { merchant: MerchantId::default(), cart: cart().cart, queued, dead, blocked, oldest_queued_at_unix_ms })
}

fn faults(lanes: u64) -> Option<Faults> {
    let first = ("1021".to_owned(), Some(DeliveryId::named("d-1")), "the disk spoke in tongues".to_owned());
    Some(Faults { cart: cart().cart, lanes, first })
}

fn unreadable(count: u64) -> Certainty<UnreadableDeliveries> {
    Certainty::Yes(UnreadableDeliveries { count, order: "1021".to_owned(), delivery: DeliveryId::named("d-1") })
}

fn paused(why: &str) -> Option<PauseRow> {
    Some(PauseRow::new(why, None))
}

fn facts() -> Facts {
    Facts { now_unix_ms: NOW, oldest_ms: 1000, carts: vec![], free_bytes: None, clock: None, moved: None }
}

fn found(cart: CartFacts) -> Conditions {
    conditions(&Facts { carts: vec![cart], ..facts() })
}

fn kinds(cart: CartFacts) -> Vec<AlertKind> {
    found(cart).hold.into_iter().map(|condition| condition.kind).collect()
}

fn shut_out() -> NotLetIn {
    NotLetIn::ShutOut { last: "the store code is wrong".into() }
}

/// The facts, and what to do in the words of the command line.
fn text(condition: &AlertCondition) -> String {
    let advice = condition.remedies.iter().map(|remedy| Commands.advice(remedy));
    [condition.detail.clone()].into_iter().chain(advice).collect::<Vec<_>>().join("; ")
}

fn unready(part: UnreadyPart, why: &str) -> Unready {
    Unready { part, why: why.to_owned(), remedy: None }
}

#[test]
fn counts_of_one_are_singular() {
    for (facts, words) in [
        (
            CartFacts { backlog: backlog(0, 1, 0, 0), ..cart() },
            "1 update is not sent any more; see `cartage delivery list --cart shop --state dead`, then retry",
        ),
        (CartFacts { backlog: backlog(0, 2, 0, 0), ..cart() }, "2 updates are not sent any more; see"),
        (CartFacts { backlog: backlog(1, 0, 0, 1001), ..cart() }, "1 update has waited for 1 second;"),
        (CartFacts { backlog: backlog(2, 2, 2, 0), ..cart() }, "2 orders are blocked by a dead letter each; see"),
    ] {
        let Conditions { hold, .. } = found(facts);
        assert!(hold.iter().any(|condition| text(condition).starts_with(words)), "{words}: {hold:?}");
    }
}

#[test]
fn each_condition_has_its_kind_and_a_command_that_helps() {
    for (facts, kind, words) in [
        (
            CartFacts { backlog: backlog(2, 1, 1, 0), ..cart() },
            AlertKind::Blocked,
            "1 order is blocked by a dead letter; see `cartage delivery list --cart shop --state blocked`, then retry or discard what it lists",
        ),
        (CartFacts { backlog: backlog(0, 2, 0, 0), ..cart() }, AlertKind::DeadLetters, "2 updates"),
        (CartFacts { backlog: backlog(0, 1, 0, 0), poison: 1, ..cart() }, AlertKind::Poison, "--reason poison"),
        (CartFacts { backlog: backlog(7, 0, 0, 1001), ..cart() }, AlertKind::Overdue, "the first of 7 updates has waited for 1 second;"),
        (
            CartFacts { faults: faults(1), ..cart() },
            AlertKind::Stuck,
            "order 1021 is not sent: the disk spoke in tongues; Cartage tries again every ten minutes; see `cartage delivery show d-1`",
        ),
        (CartFacts { faults: faults(3), ..cart() }, AlertKind::Stuck, "tongues, and 2 more orders are not sent either;"),
        (
            CartFacts { unreadable: unreadable(1), ..cart() },
            AlertKind::Unreadable,
            "an update of order 1021 cannot be read by this release; use the release that wrote it, or end it; see `cartage delivery show d-1`",
        ),
        (CartFacts { unreadable: unreadable(2), ..cart() }, AlertKind::Unreadable, "2 updates, one of them of order 1021, cannot be read"),
        (CartFacts { pause: paused("credentials"), ..cart() }, AlertKind::CredentialsRefused, "cartage cart resume shop"),
        (
            CartFacts { backlog: backlog(0, 2, 0, 0), not_permitted: 2, ..cart() },
            AlertKind::NotPermitted,
            "the cart shop accepts its credentials but does not permit 2 updates with them; grant the missing right at the shop; see `cartage delivery list --cart shop --state dead --reason not-permitted`",
        ),
        (
            CartFacts {
                pause: Some(PauseRow { said: Some("the scope write_orders is missing".into()), ..PauseRow::new("not-permitted", None) }),
                ..cart()
            },
            AlertKind::NotPermitted,
            "so it is paused: the scope write_orders is missing; grant the missing right at the shop; resume the cart with `cartage cart resume shop`",
        ),
        (
            CartFacts {
                pause: Some(PauseRow { said: Some("no location gid-9".into()), ..PauseRow::new("misconfigured", None) }),
                ..cart()
            },
            AlertKind::Misconfigured,
            "for the cart shop, which is paused: no location gid-9; correct it, then resume the cart with `cartage cart resume shop`",
        ),
        (CartFacts { pause: paused("secret-reflected"), ..cart() }, AlertKind::SecretReflected, "change that credential"),
        (CartFacts { pause: paused(PAUSE_BANNED), ..cart() }, AlertKind::PluginBanned, "cartage cart upgrade shop --plugin"),
        (CartFacts { breaker: Certainty::Yes(()), ..cart() }, AlertKind::BreakerOpen, "cartage cart check shop"),
        (
            CartFacts { not_ready: Certainty::Yes(unready(UnreadyPart::Plugin, "it is gone")), ..cart() },
            AlertKind::PluginUnusable,
            "it is gone; give the cart its plugin",
        ),
        (
            CartFacts { not_ready: Certainty::Yes(unready(UnreadyPart::Else, "no password")), ..cart() },
            AlertKind::CartNotReady,
            "no password",
        ),
        (
            CartFacts { shut_out: Some((1, "192.0.2.1".into(), shut_out())), ..cart() },
            AlertKind::ClientShutOut,
            "posts of the client 192.0.2.1 to this cart are refused, because ten log-ins failed, the last one because the store code is wrong;",
        ),
        (
            CartFacts { shut_out: Some((3, "192.0.2.1".into(), NotLetIn::NoInlet)), ..cart() },
            AlertKind::ClientShutOut,
            "posts of 3 clients to this cart are refused, among them those of 192.0.2.1, because the cart has no [seti] in its file",
        ),
        (
            CartFacts { shut_out: Some((1, "192.0.2.1".into(), NotLetIn::NoPassword)), ..cart() },
            AlertKind::ClientShutOut,
            "because no password was set for the cart's inlet",
        ),
    ] {
        let Conditions { hold, unknown } = found(facts);
        let [condition] = hold.as_slice() else { panic!("{kind:?}: {hold:?}") };
        assert_eq!((condition.kind, condition.subject.to_string().as_str(), unknown), (kind, "cart shop", vec![]));
        assert!(text(condition).contains(words), "{}", text(condition));
        assert!(!condition.detail.contains("cartage "), "the facts name no command: {}", condition.detail);
    }
}

#[test]
fn what_needs_nobody_is_no_condition() {
    assert_eq!(found(cart()), Conditions::default());
    for (what, facts) in [
        ("just in time", CartFacts { backlog: backlog(1, 0, 0, 1000), ..cart() }),
        ("a person paused it", CartFacts { pause: paused("by hand"), ..cart() }),
        ("it goes on by itself", CartFacts { pause: Some(PauseRow::new("credentials", Some(NOW + 1))), ..cart() }),
    ] {
        assert_eq!(found(facts), Conditions::default(), "{what}");
    }
    // A cart that is paused because several orders were not permitted is told of once.
    let dead = CartFacts { backlog: backlog(0, 2, 0, 0), not_permitted: 2, ..cart() };
    assert_eq!(kinds(CartFacts { pause: paused("not-permitted"), ..dead }), [AlertKind::NotPermitted]);
    // A dead letter that blocks an order, or that is poison, is told as that only.
    assert_eq!(kinds(CartFacts { backlog: backlog(1, 2, 2, 0), ..cart() }), [AlertKind::Blocked]);
    assert_eq!(kinds(CartFacts { backlog: backlog(1, 3, 2, 0), ..cart() }), [AlertKind::Blocked, AlertKind::DeadLetters]);
}

#[test]
fn what_nobody_can_know_leaves_an_alert_as_it_is() {
    let unknown =
        |queued| CartFacts { breaker: Certainty::Unknown, not_ready: Certainty::Unknown, backlog: backlog(queued, 0, 0, 0), ..cart() };
    let waits = found(unknown(1));
    let subject = || Subject::of_text("cart shop");
    assert_eq!(waits.unknown, [AlertKind::BreakerOpen, AlertKind::PluginUnusable, AlertKind::CartNotReady].map(|kind| (kind, subject())));
    assert_eq!(waits.hold, []);
    assert_eq!(found(unknown(0)), Conditions::default(), "nothing is sent there, so nothing can fail");
    assert_eq!(found(CartFacts { enabled: false, ..cart() }).unknown, [(AlertKind::CartGone, subject())]);
}

#[test]
fn the_disk_is_low_from_one_byte_too_few() {
    let at = |bytes| conditions(&Facts { free_bytes: Some(bytes), ..facts() }).hold;
    assert_eq!(at(RECORD_BYTES_MIN), []);
    let low = at(RECORD_BYTES_MIN - 1);
    assert_eq!((low[0].kind, low[0].subject.to_string().as_str()), (AlertKind::DiskLow, ""));
    assert!(low[0].detail.starts_with("999 MB are free") && low[0].detail.contains("no longer recorded"), "{}", low[0].detail);
    assert!(at(ACCEPT_BYTES_MIN)[0].detail.contains("no longer recorded"));
    assert!(at(ACCEPT_BYTES_MIN - 1)[0].detail.contains("no update is accepted"));
}

#[test]
fn kinds_have_names_of_their_own_and_times_their_largest_unit() {
    let names: std::collections::BTreeSet<_> = AlertKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), AlertKind::ALL.len());
    for (ms, text) in [
        (0, "0 seconds"),
        (1000, "1 second"),
        (59_999, "59 seconds"),
        (60_000, "1 minute"),
        (7_200_000, "2 hours"),
        (172_800_000, "2 days"),
    ] {
        assert_eq!(span(ms), text);
    }
}

#[test]
fn every_kind_has_its_section_in_the_docs() {
    let docs = include_str!("../../../../docs/alerts.md");
    for kind in AlertKind::ALL {
        assert!(docs.contains(&format!("\n### {}\n", kind.name())), "docs/alerts.md has no section {}", kind.name());
    }
}

#[test]
fn a_doubted_clock_and_a_moved_directory_are_told() {
    let found = |facts| conditions(&facts).hold.pop().map(|condition| (condition.kind, text(&condition)));
    let day = 24 * 60 * 60 * 1000;
    let (kind, detail) = found(Facts { clock: Some(Doubt::Ahead(1100 * day)), ..facts() }).expect("it is an alert");
    assert!(
        kind == AlertKind::ClockDoubted && detail.contains("1100 days further") && detail.contains("`cartage clock confirm`"),
        "{detail}"
    );
    let (_, detail) = found(Facts { clock: Some(Doubt::Behind(2 * day)), ..facts() }).expect("it is an alert");
    assert!(detail.contains("went back by 2 days"), "{detail}");
    let (kind, detail) = found(Facts { moved: Some("/srv/data".to_owned()), ..facts() }).expect("it is an alert");
    assert!(kind == AlertKind::DataDirMoved && detail.contains("/srv/data"), "{detail}");
    assert_eq!(found(facts()), None);
}
