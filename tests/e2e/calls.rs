//! What holds for every call, however it ends: nothing is remembered, nothing is held, nobody else waits for it.

use crate::harness::{Shop, Silent, Slow, admitted, applied, call, generous, guest, over, send};
use cartage::carts::Limits;
use cartage::engine::{Plugin, Runtime, Usage};
use cartage::exchange::{HostCall, HostReply, Limit, Services};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as Waking, Poll, Waker};
use std::time::{Duration, Instant};

#[tokio::test]
async fn nothing_is_remembered_from_call_to_call() {
    let plugin = admitted("remembers").await;
    for _ in 0..3 {
        assert_eq!(applied(&call(&plugin, 0, &generous()).await).reference.as_deref(), Some("1021"));
    }
}

#[tokio::test]
async fn the_same_call_and_answers_give_the_same_asks_byte_for_byte() {
    let plugin = admitted("well_behaved").await;
    let elsewhere = Runtime::with_live_calls(1).expect("the machine has address space for one call");
    let elsewhere = elsewhere.admit(guest("well_behaved")).await.expect("it was admitted before");
    let mut seen = Vec::new();
    for plugin in [&plugin, &plugin, &elsewhere] {
        let mut shop = Shop::default();
        let outcome = plugin.call(&send(5), &Limits::default(), &mut shop).await;
        seen.push(serde_json::to_string(&(&shop.asks, &outcome)).expect("it is plain data"));
    }
    assert!(seen[0].len() > 1_000 && seen[0].contains("7ff8000000000000"), "{}", seen[0]);
    assert!(seen.iter().all(|seen_again| *seen_again == seen[0]), "{seen:#?}");
}

const NOTHING: Usage = Usage { calls: 0, instances: 0, core_instances: 0, memories: 0, tables: 0, stacks: 0 };

/// A cart that thinks for a moment before each answer.
struct Hesitant(Shop);

impl Services for Hesitant {
    async fn answer(&mut self, ask: HostCall) -> HostReply {
        tokio::task::yield_now().await;
        self.0.answer(ask).await
    }
}

#[tokio::test]
async fn a_call_can_be_dropped_at_any_point() {
    let runtime = Runtime::with_live_calls(2).expect("the machine has address space for two calls");
    let plugin = runtime.admit(guest("well_behaved")).await.expect("it does nothing wrong");
    let (note, limits) = (send(3), Limits::default());
    let mut whole = None;
    let mut polls = 0;
    while whole.is_none() {
        let mut shop = Hesitant(Shop::default());
        let mut calling = pin!(plugin.call(&note, &limits, &mut shop));
        whole = (0..polls).find_map(|_| match calling.as_mut().poll(&mut Waking::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        });
        polls += 1;
    }
    assert!((5..1_000).contains(&polls), "dropped at each of {polls} points");
    applied(&whole.expect("it was waited for"));
    assert_eq!(runtime.usage(), NOTHING);
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Calls of any of these plugins, some of them dropped midway; how many ended by themselves, and how many did not.
async fn a_hundred_calls(plugins: Arc<Vec<Plugin>>, limits: Limits, mut dice: Dice) -> (u32, u32) {
    let (mut ended, mut cancelled) = (0, 0);
    for _ in 0..100 {
        let plugin = &plugins[dice.roll(plugins.len() as u64) as usize];
        let call = send(dice.roll(4_000_000));
        let (mut shop, mut silent) = (Shop::default(), Silent);
        let patience = Duration::from_micros(dice.roll(50_000));
        let outcome = if dice.roll(2) == 0 {
            tokio::time::timeout(patience, plugin.call(&call, &limits, &mut shop)).await
        } else {
            tokio::time::timeout(patience, plugin.call(&call, &limits, &mut silent)).await
        };
        if outcome.is_ok() { ended += 1 } else { cancelled += 1 }
    }
    (ended, cancelled)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_thousand_calls_of_every_kind_nothing_is_held() {
    let runtime = Runtime::with_live_calls(8).expect("the machine has address space for 8 calls");
    let mut plugins = Vec::new();
    for name in
        ["well_behaved", "traps_after_request", "panics", "sleeps_in_host", "grows_memory", "recurses", "floods_logs", "never_returns"]
    {
        plugins.push(runtime.admit(guest(name)).await.unwrap_or_else(|error| panic!("{name}: {error}")));
    }
    let limits = Limits { cpu_ms: 5, memory_bytes: 4 << 20, call_ms: 20_000, ..Limits::default() };
    let plugins = Arc::new(plugins);
    let mut workers = tokio::task::JoinSet::new();
    for seed in 0..10 {
        workers.spawn(a_hundred_calls(plugins.clone(), limits, Dice(seed)));
    }
    let (ended, cancelled) = workers.join_all().await.into_iter().fold((0, 0), |all, of| (all.0 + of.0, all.1 + of.1));
    assert!(ended > 50 && cancelled > 50, "{ended} ended, {cancelled} were cancelled");
    assert_eq!(runtime.usage(), NOTHING);
    applied(&plugins[0].call(&send(1), &Limits::default(), &mut Shop::default()).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_than_there_is_room_for_wait_for_their_turn() {
    let runtime = Runtime::with_live_calls(2).expect("the machine has address space for two calls");
    let plugin = runtime.admit(guest("sleeps_in_host")).await.expect("it does nothing wrong");
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let plugin = plugin.clone();
        calls.spawn(async move { plugin.call(&send(0), &Limits::default(), &mut Slow(Duration::from_millis(5))).await });
    }
    for outcome in calls.join_all().await {
        applied(&outcome);
    }
    assert_eq!(runtime.usage(), NOTHING);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_that_hang_delay_nobody_for_long() {
    let plugin = admitted("never_returns").await;
    let limits = Limits { call_ms: 300, ..generous() };
    let started = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let plugin = plugin.clone();
        calls.spawn(async move { call(&plugin, 0, &limits).await });
    }
    let timer = tokio::spawn(async {
        let mut longest = Duration::ZERO;
        for _ in 0..20 {
            let asked = Instant::now();
            tokio::time::sleep(Duration::from_millis(1)).await;
            longest = longest.max(asked.elapsed());
        }
        longest
    });
    // Guests that did not yield would hold both threads for a minute each, and neither their deadline nor the timer would be looked at.
    let longest = timer.await.expect("it does not panic");
    assert!(longest < Duration::from_secs(5), "{longest:?}");
    for outcome in calls.join_all().await {
        assert_eq!(outcome, over(Limit::CallMs(300)));
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}
