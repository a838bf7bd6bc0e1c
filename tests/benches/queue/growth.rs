//! `queue_growth_accept`, `queue_growth_dequeue`: the times for accepting and for settling updates with 1,000,000 updates in the queue, divided by those
//! with 1,000. Each round removes as many updates as it adds, so that the queues keep their lengths.

use cartage::clock::{Clock as _, SystemClock};
use cartage::dead_letter::Then;
use cartage::id::{CartId, MerchantId};
use cartage::outbox::{ClaimRequest, Claimed, DueQuery, Outbox as _, Settle, Settlement};
use cartage::service::{Acceptance, Service};
use cartage_tests::figure::{Target, figure, median};
use cartage_tests::outfit;
use cartage_tests::shop::{Manner, Shop};
use std::path::Path;
use std::time::{Duration, Instant};

const SMALL: u64 = 1_000;
const LARGE: u64 = 1_000_000;
/// The number of updates that a round adds and removes.
const UPDATES: u64 = 960;
const TOGETHER: u64 = 32;
const ROUNDS: u64 = 9;

pub(crate) async fn measure(scratch: &Path) {
    let cart = outfit::cart_id("shop");
    let (small, large) = (queue(&scratch.join("small"), &cart, SMALL).await, queue(&scratch.join("large"), &cart, LARGE).await);
    let (mut accepting, mut settling) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (first, second) = (turn(&small, &cart, round).await, turn(&large, &cart, round).await);
        println!("growth: with {SMALL} {first:?}, with {LARGE} {second:?}, to accept and to settle {UPDATES}");
        // The first round warms up the page cache.
        if round > 0 {
            accepting.push(second.0.as_secs_f64() / first.0.as_secs_f64());
            settling.push(second.1.as_secs_f64() / first.1.as_secs_f64());
        }
    }
    figure("queue_growth_accept", median(accepting), "times", &Target::AtMost(1.5));
    figure("queue_growth_dequeue", median(settling), "times", &Target::AtMost(1.5));
}

async fn queue(data: &Path, cart: &CartId, orders: u64) -> Service {
    let shop = Shop::open(Manner::Hangs, |_| {});
    let service = outfit::service(data, &[(cart.clone(), shop.script_url(), "")]).await;
    eprintln!("filling a queue with {orders} orders");
    outfit::fill(&service, cart, 0..orders).await;
    service
}

/// The times to accept a round's updates and to settle as many.
async fn turn(service: &Service, cart: &CartId, round: u64) -> (Duration, Duration) {
    let start = Instant::now();
    together(|task| {
        let (service, cart) = (service.clone(), cart.clone());
        async move {
            for nth in (task..UPDATES).step_by(TOGETHER as usize) {
                let order = (10_000_000 + round * UPDATES + nth).to_string();
                let accepted = service.intake().accept(&outfit::request(&cart, &order), None).await.expect("there is room");
                assert!(matches!(accepted.done, Acceptance::Queued { .. }), "{accepted:?}");
            }
        }
    })
    .await;
    let accepted = start.elapsed();
    let start = Instant::now();
    for _ in 0..UPDATES / TOGETHER {
        settle_some(service, cart).await;
    }
    (accepted, start.elapsed())
}

/// Looks up due updates, claims them and settles each as delivered, as the worker does.
async fn settle_some(service: &Service, cart: &CartId) {
    let (outbox, merchant) = (service.outbox(), MerchantId::default());
    let now_unix_ms = SystemClock.now_unix_ms();
    let look =
        DueQuery { merchant: merchant.clone(), cart: cart.clone(), now_unix_ms, most: TOGETHER as u32, in_flight: Default::default() };
    let heads = outbox.due(look).await.expect("it can be read").heads;
    assert_eq!(heads.len() as u64, TOGETHER, "there is enough to do");
    let heads = std::sync::Arc::new(heads);
    together(|task| {
        let (outbox, merchant, heads) = (outbox.clone(), merchant.clone(), heads.clone());
        async move {
            let order = heads[task as usize].order.clone();
            let wish =
                ClaimRequest { merchant: merchant.clone(), order: order.clone(), poison: Then::Block, busy_ms: 0, at_unix_ms: now_unix_ms };
            let claimed = outbox.claim(vec![wish]).await.expect("there is room").pop();
            let Some(Claimed::Claim(claim)) = claimed else { panic!("{claimed:?}") };
            let settle = Settle {
                merchant,
                order,
                delivery: claim.delivery,
                attempt: claim.attempt,
                receipt: None,
                steps: Vec::new(),
                lingers: false,
                resume: None,
                told: cartage::store::orders::Told::default(),
                cassette: None,
                settlement: Settlement::Delivered,
                at_unix_ms: now_unix_ms,
            };
            outbox.settle(vec![settle]).await.expect("there is room");
        }
    })
    .await;
}

async fn together<F: Future<Output = ()> + Send + 'static>(work: impl Fn(u64) -> F) {
    let tasks: Vec<_> = (0..TOGETHER).map(|task| tokio::spawn(work(task))).collect();
    for task in tasks {
        task.await.expect("it is asserted to succeed");
    }
}
