//! Each way in which a guest can go too far: it ends in that limit's own error, and the next call is none the worse.

use crate::harness::{Shop, Silent, Slow, admitted, applied, call, context, generous, guest, ok, over, runtime, send, wat_admitted};
use cartage::carts::Limits;
use cartage::engine::Plugin;
use cartage::exchange::{Call, CallEnd, HostCall, HostReply, Limit, Outcome, Services, Stop};
use cartage_contract::delivery::{Applied, AppliedOutcome, ChoicesOf, FailureKind};
use cartage_contract::grants::{BaseUrl, BoundEndpoint, Grants, SecretsInClear};
use cartage_contract::http::{self, ErrorKind, Reach};
use cartage_contract::request;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_guest_that_does_nothing_wrong_passes() {
    let plugin = admitted("well_behaved").await;
    let mut shop = Shop::default();
    let outcome = plugin.call(&send(3), &Limits::default(), &mut shop).await;
    let Applied { outcome, reference, steps, .. } = applied(&outcome);
    assert_eq!((outcome, reference.as_deref(), steps.len()), (&AppliedOutcome::Done, Some("7"), 3));
    assert!(
        matches!(&shop.asks[..], [HostCall::Log { .. }, HostCall::Mac { .. }, HostCall::Send(_), HostCall::Send(_), HostCall::Send(_)]),
        "{:?}",
        shop.asks
    );
    let check = Call::Check { order: None, context: context() };
    assert!(matches!(plugin.call(&check, &Limits::default(), &mut shop).await, Outcome::Report(_)));
    let list = Call::ListChoices { of: ChoicesOf::Statuses, context: context() };
    assert_eq!(plugin.call(&list, &Limits::default(), &mut shop).await, Outcome::Choices(Vec::new()));
}

#[tokio::test]
async fn processor_time_ends_a_guest_wherever_it_hangs() {
    let limits = Limits { cpu_ms: 50, fuel: u64::MAX, ..Limits::default() };
    let started = Instant::now();
    for plugin in [
        admitted("never_returns").await,
        wat_admitted("never_returns_in_realloc").await,
        wat_admitted("never_returns_in_post_return").await,
    ] {
        assert_eq!(call(&plugin, 0, &limits).await, over(Limit::CpuMs(50)), "{}", plugin.manifest().name);
    }
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn fuel_is_the_same_for_the_same_call_to_the_unit() {
    let plugin = admitted("burns_fuel").await;
    let with = |fuel: u64| Limits { fuel, ..generous() };
    let (mut short, mut enough) = (0, 1 << 24);
    while enough - short > 1 {
        let middle = (short + enough) / 2;
        let outcome = call(&plugin, 10_000, &with(middle)).await;
        if outcome == over(Limit::Fuel(middle)) {
            short = middle;
        } else {
            applied(&outcome);
            enough = middle;
        }
    }
    assert!(enough > 10_000, "{enough} units for ten thousand rounds");
    applied(&call(&plugin, 10_000, &with(enough)).await);
    assert_eq!(call(&plugin, 10_001, &with(enough)).await, over(Limit::Fuel(enough)));
    let again = runtime().admit(guest("burns_fuel")).await.expect("it was admitted before");
    assert_eq!(call(&again, 10_000, &with(short)).await, over(Limit::Fuel(short)), "compiled again it costs the same");
}

#[tokio::test]
async fn memory_ends_a_guest_that_grows_and_one_that_starts_too_large() {
    let plugin = admitted("grows_memory").await;
    let limits = Limits { memory_bytes: 8 << 20, ..generous() };
    applied(&call(&plugin, 6 << 20, &limits).await);
    assert_eq!(call(&plugin, 8 << 20, &limits).await, over(Limit::MemoryBytes(8 << 20)));
    applied(&call(&plugin, 60 << 20, &generous()).await);
    assert_eq!(call(&plugin, 64 << 20, &generous()).await, over(Limit::MemoryBytes(64 << 20)));
    let tiny = Limits { memory_bytes: 65_536, ..generous() };
    assert_eq!(call(&plugin, 0, &tiny).await, over(Limit::MemoryBytes(65_536)), "what it declares counts");
}

#[tokio::test]
async fn a_table_ends_a_guest_at_its_limit() {
    let plugin = wat_admitted("grows_table").await;
    let limits = Limits { table_elements: 1_000, ..generous() };
    let grow = async |elements: u64| {
        let mut context = context();
        context.now_unix_ms = elements;
        plugin.call(&Call::ListChoices { of: ChoicesOf::Statuses, context }, &limits, &mut Shop::default()).await
    };
    // The component has tables of its own besides the one element that the guest starts with.
    let mut most = 1_000;
    while grow(most).await == over(Limit::TableElements(1_000)) {
        most -= 1;
    }
    assert!(most > 900, "{most}");
    assert_eq!(grow(most).await, Outcome::Choices(Vec::new()));
    assert_eq!(grow(most + 1).await, over(Limit::TableElements(1_000)));
}

#[tokio::test]
async fn recursion_ends_at_the_stack() {
    let plugin = admitted("recurses").await;
    assert_eq!(applied(&call(&plugin, 1_000, &generous()).await).reference.as_deref(), Some("1000"));
    assert_eq!(call(&plugin, 10_000_000, &generous()).await, over(Limit::StackBytes(512 << 10)));
}

#[tokio::test]
async fn a_flood_of_log_lines_is_left_out_and_then_ends_the_call() {
    let plugin = admitted("floods_logs").await;
    let limits = Limits { log_lines: 20, log_bytes: 1_000, ..generous() };
    let flood = async |note: &str| {
        let mut shop = Shop::default();
        let outcome = plugin.call(&send(note), &limits, &mut shop).await;
        let lines: Vec<String> = shop.lines().into_iter().map(str::to_owned).collect();
        (outcome, lines)
    };
    let marker = "the rest of the log is left out: a call may log 20 lines and 1000 bytes";
    for (note, kept, marked) in
        [("20 10", 20, false), ("21 10", 20, true), ("200 10", 20, true), ("1 1000", 1, false), ("1 1001", 0, true), ("10 1000", 1, true)]
    {
        let (outcome, lines) = flood(note).await;
        applied(&outcome);
        assert_eq!((lines.len(), lines.last().is_some_and(|line| line == marker)), (kept + usize::from(marked), marked), "{note}");
    }
    assert_eq!(flood("201 10").await.0, over(Limit::LogLines(20)));
    assert_eq!(flood("10 1001").await.0, over(Limit::LogBytes(1_000)));
    let (outcome, lines) = flood("1 10001").await;
    assert_eq!((outcome, lines.len()), (over(Limit::LogBytes(1_000)), 0));
}

#[tokio::test]
async fn bytes_for_the_host_are_limited_in_an_ask_and_in_a_result() {
    let asks = admitted("asks_much").await;
    let limits = Limits { host_call_bytes: 100_000, ..generous() };
    let (mut within, mut beyond) = (0, 100_000);
    while beyond - within > 1 {
        let middle = (within + beyond) / 2;
        let outcome = call(&asks, middle, &limits).await;
        if outcome == over(Limit::HostCallBytes(100_000)) {
            beyond = middle;
        } else {
            applied(&outcome);
            within = middle;
        }
    }
    assert!((99_000..100_000).contains(&within), "all but the request's other parts: {within}");
    let returns = admitted("returns_too_much").await;
    let limits = Limits { host_call_bytes: 1_000, ..generous() };
    applied(&call(&returns, "message 900", &limits).await);
    assert_eq!(call(&returns, "message 1001", &limits).await, over(Limit::HostCallBytes(1_000)));
}

#[tokio::test]
async fn what_the_contract_does_not_allow_to_be_returned_ends_the_call() {
    let plugin = admitted("returns_too_much").await;
    let reason = async |note: &str| match call(&plugin, note, &generous()).await {
        Outcome::Ended(CallEnd::Contract { reason }) => Some(reason),
        _ => None,
    };
    for (within, over, said) in [
        ("resume 4096", "resume 4097", "it has 4097 bytes of resume, and 4096 are allowed"),
        ("reference 255", "reference 256", "the reference has 256 characters, and 255 are allowed"),
        ("step 64", "step 65", "a step's name has 65 characters, and 1 to 64 are allowed"),
        ("steps 100", "steps 101", "it has 101 steps, and 100 are allowed"),
    ] {
        assert_eq!(reason(within).await, None, "{within}");
        assert_eq!(reason(over).await.as_deref(), Some(said));
    }
    let cut = call(&plugin, "message 5000", &generous()).await;
    assert_eq!(applied(&cut).message.as_ref().map(String::len), Some(4096));
    let Outcome::Failed(failure) = call(&plugin, "failure 5000", &generous()).await else { panic!("it fails") };
    assert_eq!((failure.kind, failure.message.len()), (FailureKind::Unavailable, 4096));
}

#[tokio::test]
async fn a_result_that_is_no_result_is_a_trap() {
    for name in ["returns_outside_its_memory", "returns_no_text", "returns_much_text", "returns_no_case"] {
        let plugin = wat_admitted(name).await;
        let outcome = call(&plugin, 0, &generous()).await;
        let Outcome::Ended(CallEnd::Trap { reason }) = &outcome else { panic!("{name}: {outcome:?}") };
        assert!(!reason.contains("0x") && !reason.contains(".rs"), "{name}: {reason}");
    }
}

#[tokio::test]
async fn the_deadline_ends_a_call_that_waits_and_one_that_runs() {
    let limits = Limits { call_ms: 100, ..generous() };
    let started = Instant::now();
    let waits = admitted("sleeps_in_host").await;
    assert_eq!(waits.call(&send(0), &limits, &mut Silent).await, over(Limit::CallMs(100)));
    assert!(started.elapsed() >= Duration::from_millis(100));
    let runs = admitted("never_returns").await;
    assert_eq!(call(&runs, 0, &limits).await, over(Limit::CallMs(100)));
    let asks = admitted("asks_for_ever").await;
    assert_eq!(call(&asks, 0, &limits).await, over(Limit::CallMs(100)), "however fast it is answered");
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn waiting_for_a_cart_costs_no_processor_time() {
    let plugin = admitted("sleeps_in_host").await;
    let limits = Limits { cpu_ms: 50, ..Limits::default() };
    let outcome = plugin.call(&send(0), &limits, &mut Slow(Duration::from_millis(300))).await;
    assert_eq!(applied(&outcome).reference.as_deref(), Some("200"));
    let asks = admitted("asks_for_ever").await;
    assert_eq!(call(&asks, 0, &Limits { fuel: u64::MAX, ..limits }).await, over(Limit::CpuMs(50)), "asking without end does");
}

#[tokio::test]
async fn a_trap_after_a_request_leaves_the_request_on_record_and_the_next_call_untouched() {
    let plugin = admitted("traps_after_request").await;
    for _ in 0..2 {
        let mut shop = Shop::default();
        let outcome = plugin.call(&send(0), &generous(), &mut shop).await;
        let Outcome::Ended(CallEnd::Trap { reason }) = &outcome else { panic!("{outcome:?}") };
        assert!(reason.starts_with("wasm `unreachable` instruction executed in ") && reason.ends_with("send-order-status"), "{reason}");
        assert!(matches!(&shop.asks[..], [HostCall::Send(request)] if request.path == "/orders"), "{:?}", shop.asks);
    }
}

#[tokio::test]
async fn a_panic_is_a_trap_that_says_where_and_shows_nothing_of_the_machine() {
    let plugin = admitted("panics").await;
    let mut shop = Shop::default();
    let outcome = plugin.call(&send(0), &generous(), &mut shop).await;
    let Outcome::Ended(CallEnd::Trap { reason }) = &outcome else { panic!("{outcome:?}") };
    assert!(
        reason.starts_with("panicked at ") && reason.contains("panics.rs:3: order 1021 is too much for me; in "),
        "the message is first: {reason}"
    );
    let (_, functions) = reason.split_once("; in ").expect("the guest's functions follow");
    assert!(functions.contains("send_order_status") && !functions.contains("panicking"), "they begin where it panicked: {functions}");
    assert!(!reason.contains("0x") && !reason.contains("/root") && !reason.contains("/home"), "{reason}");
    let [line] = shop.lines()[..] else { panic!("one line: {:?}", shop.lines()) };
    assert!(line.contains("panics.rs") && line.ends_with("order 1021 is too much for me"), "{line}");
}

/// A cart before which the host ends the call.
struct Ending(Stop);

impl Services for Ending {
    async fn answer(&mut self, _: HostCall) -> HostReply {
        HostReply::End(self.0)
    }
}

#[tokio::test]
async fn the_host_can_end_a_call_instead_of_answering() {
    for stop in [Stop::DryRun, Stop::SecretReflected] {
        for name in ["sleeps_in_host", "well_behaved"] {
            let outcome = admitted(name).await.call(&send(0), &generous(), &mut Ending(stop)).await;
            assert_eq!(outcome, Outcome::Ended(CallEnd::Stopped(stop)), "{name}");
        }
    }
}

/// A cart behind the contract's own judge of requests.
struct Judged {
    plugin: Plugin,
    denied: Vec<ErrorKind>,
}

impl Services for Judged {
    async fn answer(&mut self, ask: HostCall) -> HostReply {
        let HostCall::Send(request) = ask else { return HostReply::Logged };
        let base = BaseUrl::parse("https://shop.example/rest").expect("it is in its normal form");
        let bound = BoundEndpoint { base, secrets: SecretsInClear::Denied, signed: None };
        let grants = Grants { endpoints: [("api".to_owned(), bound)].into(), slots: [].into(), limits: Limits::default().requests() };
        match request::check(request, self.plugin.manifest(), &grants, None) {
            Ok(_) => HostReply::Sent(Ok(ok())),
            Err(denied) => {
                self.denied.push(denied.kind);
                HostReply::Sent(Err(http::Error { kind: denied.kind, reach: Reach::NothingSent, message: denied.reason }))
            }
        }
    }
}

#[tokio::test]
async fn what_a_guest_did_not_declare_it_is_denied() {
    for (name, note, kind) in [
        ("asks_undeclared_endpoint", "", ErrorKind::EndpointDenied),
        ("asks_undeclared_method", "", ErrorKind::MethodDenied),
        ("asks_undeclared_path", "", ErrorKind::PathDenied),
        ("asks_undeclared_header", "", ErrorKind::HeaderDenied),
        ("names_a_host_in_path", "//evil.example/orders", ErrorKind::PathDenied),
        ("names_a_host_in_path", "https://evil.example/orders", ErrorKind::PathDenied),
        ("names_a_host_in_path", "/orders/..//evil.example", ErrorKind::PathDenied),
        ("names_a_host_in_path", "/\\evil.example/orders", ErrorKind::PathDenied),
        ("names_a_host_in_path", "@evil.example/orders", ErrorKind::PathDenied),
    ] {
        let plugin = admitted(name).await;
        let mut judged = Judged { plugin: plugin.clone(), denied: Vec::new() };
        let outcome = plugin.call(&send(note), &generous(), &mut judged).await;
        assert!(matches!(&outcome, Outcome::Failed(failure) if failure.kind == FailureKind::HostDenied), "{name} {note}: {outcome:?}");
        assert_eq!(judged.denied, [kind], "{name} {note}");
    }
    let plugin = admitted("names_a_host_in_path").await;
    let mut judged = Judged { plugin: plugin.clone(), denied: Vec::new() };
    applied(&plugin.call(&send("/orders/evil.example"), &generous(), &mut judged).await);
    assert_eq!(judged.denied, [], "a host's name is a segment like any other");
}
