//! `noisy_cart_p50_ratio`, `noisy_cart_p99_ratio`: the time from request to arrival of an update to a healthy cart while one of ten carts hangs, one is
//! flooded and one answers 500, divided by the same time without those three. The load on the healthy carts is 30 % of what they can take together; the
//! flooded cart always has thousands of updates waiting. Shops take [`SHOP`] for each update, like a shop nearby.

use cartage::id::CartId;
use cartage::service::Service;
use cartage_tests::figure::{Target, figure, median};
use cartage_tests::outfit;
use cartage_tests::shop::{Manner, Shop};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

const HEALTHY: usize = 7;
const SHOP: Duration = Duration::from_millis(20);
const ROUND: Duration = Duration::from_secs(5);
const ROUNDS: usize = 5;
const LOAD: f64 = 0.3;
/// The interval between updates to the cart that hangs, and between those to the cart that fails.
const TROUBLE_EVERY: Duration = Duration::from_millis(50);
/// The number of updates that wait for the flooded cart when a round begins.
const FLOOD: u64 = 5_000;

struct Street {
    service: Service,
    healthy: Vec<CartId>,
    taking: Vec<Shop>,
    /// The start time of each order that has not arrived yet, and the durations of those that have.
    asked: Arc<Mutex<HashMap<String, Instant>>>,
    took: Arc<Mutex<Vec<Duration>>>,
    orders: AtomicU64,
}

pub(crate) async fn measure(scratch: &Path) {
    let street = Arc::new(Street::open(&scratch.join("noisy")).await);
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = street.service.worker();
    let worker = tokio::spawn(worker.run(async move { drop(stopped.await) }, Duration::ZERO));
    let per_s = street.saturation().await;
    println!("noisy: {HEALTHY} healthy carts take {per_s:.0}/s together; loaded with {:.0}/s", per_s * LOAD);
    let (mut p50, mut p99) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let quiet = street.round(per_s * LOAD, false).await;
        let noisy = street.round(per_s * LOAD, true).await;
        println!("noisy: p50 and p99 alone {quiet:?}, with the three {noisy:?}");
        if round > 0 {
            p50.push(noisy.0.as_secs_f64() / quiet.0.as_secs_f64());
            p99.push(noisy.1.as_secs_f64() / quiet.1.as_secs_f64());
        }
    }
    figure("noisy_cart_p50_ratio", median(p50), "times", &Target::AtMost(1.2));
    figure("noisy_cart_p99_ratio", median(p99), "times", &Target::AtMost(2.0));
    drop(stop);
    worker.await.expect("it does not panic").expect("the disk works");
}

impl Street {
    async fn open(data: &Path) -> Street {
        let (asked, took) = (Arc::new(Mutex::new(HashMap::new())), Arc::new(Mutex::new(Vec::new())));
        let taking: Vec<_> = (0..HEALTHY)
            .map(|_| {
                let (asked, took) = (Arc::clone(&asked), Arc::clone(&took));
                Shop::open(Manner::Takes(SHOP), move |request| arrived(request, &asked, &took))
            })
            .collect();
        let healthy: Vec<_> = (0..HEALTHY).map(|nth| outfit::cart_id(format!("healthy-{nth}"))).collect();
        let mut carts: Vec<_> = healthy.iter().cloned().zip(&taking).map(|(id, shop)| (id, shop.script_url(), "")).collect();
        for (id, manner) in [("hangs", Manner::Hangs), ("fails", Manner::Fails), ("flooded", Manner::Takes(SHOP))] {
            carts.push((outfit::cart_id(id), Shop::open(manner, |_| {}).script_url(), ""));
        }
        let service = outfit::service(data, &carts).await;
        Street { service, healthy, taking, asked, took, orders: AtomicU64::new(1_000_000) }
    }

    fn order(&self) -> u64 {
        self.orders.fetch_add(1, Ordering::Relaxed)
    }

    async fn ask(&self, cart: &CartId, timed: bool) {
        let order = self.order().to_string();
        if timed {
            self.asked.lock().expect("nobody panics while holding it").insert(order.clone(), Instant::now());
        }
        self.service.intake().accept(&outfit::request(cart, &order), None).await.expect("there is room");
    }

    /// The number of updates per second that the healthy carts take while their queues are never empty.
    async fn saturation(&self) -> f64 {
        let each = 700;
        for cart in &self.healthy {
            outfit::fill(&self.service, cart, 0..each).await;
        }
        let arrived = || self.taking.iter().map(Shop::arrived).sum::<u64>();
        for cart in &self.healthy {
            self.ask(cart, false).await;
        }
        let (start, before) = (Instant::now(), arrived());
        let all = HEALTHY as u64 * each;
        while arrived() < all * 9 / 10 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let per_s = (arrived() - before) as f64 / start.elapsed().as_secs_f64();
        while arrived() < all {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        per_s
    }

    /// The median and the 99th percentile of the durations, for updates that are requested at an even rate.
    async fn round(self: &Arc<Street>, per_s: f64, noisy: bool) -> (Duration, Duration) {
        let start = Instant::now();
        let mut asking = Vec::new();
        if noisy {
            let from = self.orders.fetch_add(FLOOD, Ordering::Relaxed);
            outfit::fill(&self.service, &outfit::cart_id("flooded"), from..from + FLOOD).await;
            for (id, every) in [("hangs", TROUBLE_EVERY), ("fails", TROUBLE_EVERY), ("flooded", TROUBLE_EVERY / 10)] {
                asking.push(tokio::spawn(Arc::clone(self).keep_asking(vec![outfit::cart_id(id)], every, false)));
            }
        }
        let every = Duration::from_secs_f64(1.0 / per_s);
        asking.push(tokio::spawn(Arc::clone(self).keep_asking(self.healthy.clone(), every, true)));
        for one in asking {
            one.await.expect("it is asserted to succeed");
        }
        while !self.asked.lock().expect("nobody panics while holding it").is_empty() {
            assert!(start.elapsed() < ROUND * 6, "healthy carts get what is theirs");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut took = std::mem::take(&mut *self.took.lock().expect("nobody panics while holding it"));
        took.sort();
        (took[took.len() / 2], took[took.len() * 99 / 100])
    }

    /// Requests updates of each cart in turn at an even rate, for one round. No request waits for another.
    async fn keep_asking(self: Arc<Street>, carts: Vec<CartId>, every: Duration, timed: bool) {
        let mut ticks = tokio::time::interval(every);
        let start = Instant::now();
        let mut asking = tokio::task::JoinSet::new();
        for cart in carts.iter().cycle() {
            ticks.tick().await;
            if start.elapsed() > ROUND {
                break;
            }
            let (street, cart) = (Arc::clone(&self), cart.clone());
            asking.spawn(async move { street.ask(&cart, timed).await });
        }
        asking.join_all().await;
    }
}

fn arrived(request: &[u8], asked: &Mutex<HashMap<String, Instant>>, took: &Mutex<Vec<Duration>>) {
    let text = String::from_utf8_lossy(request);
    let Some((_, rest)) = text.split_once("ordernumber=") else { return };
    let order: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let since = asked.lock().expect("nobody panics while holding it").remove(&order);
    if let Some(since) = since {
        took.lock().expect("nobody panics while holding it").push(since.elapsed());
    }
}
