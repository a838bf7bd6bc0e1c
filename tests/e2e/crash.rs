//! Nothing is lost and no healthy order dies, whatever its cart does: three carts with the three policies for dead letters, in both encodings, which
//! fail, refuse, ask for a rest and are paused, under a daemon that is killed again and again.

use crate::daemon::Daemon;
use crate::delivery::{SOON_OVER, client, draw, is_ok, post};
use cartage_tests::command::{guest, plugin};
use cartage_tests::order_checker::{Answer, Asked, OrderChecker};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Senders of each cart, with orders of their own.
const SENDERS: u64 = 2;
const ORDERS: u64 = 8;

/// How often the daemon is killed: `make crash` asks for more.
fn rounds() -> u64 {
    std::env::var("CARTAGE_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10)
}

/// The longest wait for what must come: more was left behind by more rounds.
fn patience() -> Duration {
    Duration::from_secs(90 + 2 * rounds())
}

/// What a cart does with a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Policy {
    Block,
    Skip,
    LatestWins,
}

impl Policy {
    const ALL: [Policy; 3] = [Policy::Block, Policy::Skip, Policy::LatestWins];

    fn name(self) -> &'static str {
        match self {
            Policy::Block => "block",
            Policy::Skip => "skip",
            Policy::LatestWins => "latest-wins",
        }
    }
}

/// What the shops do to each update the first time, and some of them every time.
#[derive(Clone)]
struct Temper {
    seed: u64,
    tried: Arc<Mutex<BTreeSet<(Policy, String, u64)>>>,
    over: Arc<AtomicBool>,
}

impl Temper {
    /// Out of a hundred, the same for an update each time.
    fn percent(&self, order: &str, number: u64) -> u64 {
        let mut state = self.seed ^ order.bytes().fold(number, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        draw(&mut state, 100);
        draw(&mut state, 100)
    }

    /// Whether the shop does not take it: one that blocks its order is taken when it is tried again, any other never.
    fn is_refused(&self, order: &str, number: u64) -> bool {
        (11..15).contains(&self.percent(order, number))
    }

    fn answer(&self, policy: Policy, Asked { order, number, .. }: &Asked) -> Answer {
        let first = self.tried.lock().expect("nobody panics while holding it").insert((policy, order.clone(), *number));
        if self.over.load(Ordering::Relaxed) && policy != Policy::Skip {
            return Answer::Ok;
        }
        match self.percent(order, *number) {
            0..8 if first => Answer::Status(503),
            8..11 if first => Answer::Status(429),
            11..15 if first || policy != Policy::Block => Answer::Refused("could not parse the status, says this test"),
            _ => Answer::Ok,
        }
    }
}

/// Posts the next status of one of its orders, until it is over, and then a last one of each. The number of the last of each order.
async fn send(sender: u64, url: Arc<Mutex<String>>, temper: Temper) -> BTreeMap<String, u64> {
    let (client, mut accepted) = (client(), BTreeMap::<String, u64>::new());
    let mut left = ORDERS;
    for turn in 0.. {
        let order = format!("{}", 1000 * (sender + 1) + turn % ORDERS);
        // The last of each is one that every shop takes, so that it is known what must come.
        let is_over = temper.over.load(Ordering::Relaxed);
        let mut number = accepted.get(&order).map_or(1, |last| last + 1);
        while is_over && temper.is_refused(&order, number) {
            number += 1;
        }
        loop {
            let to = url.lock().expect("nobody panics while holding it").clone();
            match post(&client, &to, &order, &format!("Status {number}")).await {
                Some(answer) if is_ok(&answer) => break,
                Some(answer) => panic!("order {order}, status {number}: {answer}"),
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        accepted.insert(order, number);
        left -= u64::from(is_over);
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    accepted
}

/// A dead letter.
struct Dead {
    cart: String,
    update: (String, u64),
    reason: String,
}

fn dead(daemon: &Daemon) -> Vec<Dead> {
    let listed = daemon.json(&["delivery", "list", "--state", "dead", "--most", "1000"])["dead"].clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let number = |label: &serde_json::Value| text(label).rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    let one = |dead: &serde_json::Value| Dead {
        cart: text(&dead["cart"]),
        update: (text(&dead["order"]), number(&dead["label"])),
        reason: text(&dead["reason"]),
    };
    listed.as_array().expect("a list").iter().map(one).collect()
}

/// How many wait at all carts.
fn queued(daemon: &Daemon) -> u64 {
    let carts = daemon.json(&["delivery", "list", "--most", "1"])["carts"].clone();
    carts.as_array().expect("a list").iter().filter_map(|cart| cart["queued"].as_u64()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_no_healthy_order_dies_whatever_its_cart_does() {
    let seed = std::time::UNIX_EPOCH.elapsed().map_or(1, |since| since.as_nanos() as u64);
    let temper = Temper { seed, tried: Arc::default(), over: Arc::default() };
    let (mut daemon, mut shops, mut state) = (Daemon::new(), BTreeMap::new(), seed);
    for policy in Policy::ALL {
        let temper = temper.clone();
        let shop =
            OrderChecker::start_with(Duration::from_millis(3), move |asked| temper.answer(policy, asked)).await.expect("a free port");
        let (wasm, encoding) = match policy {
            Policy::Block => (plugin("integration-script"), "xml"),
            Policy::Skip => (plugin("integration-script"), "delimited"),
            Policy::LatestWins => (guest("tells_full_states"), ""),
        };
        std::fs::copy(wasm, daemon.path("script.wasm")).expect("the folder can be written");
        let rules = format!("{SOON_OVER}\nconcurrency = 8\nretry_waits = [\"1 s\"]\ndead_letters = {:?}", policy.name());
        daemon.add_cart(policy.name(), &shop.script_url(), &format!("encoding = {encoding:?}"), &rules);
        shops.insert(policy, shop);
    }
    daemon.serve();
    let inlets: Vec<_> = Policy::ALL.map(|policy| Arc::new(Mutex::new(daemon.inlet(policy.name())))).into();
    let senders: Vec<_> = (0..3 * SENDERS)
        .map(|nth| (Policy::ALL[nth as usize % 3], tokio::spawn(send(nth / 3, inlets[nth as usize % 3].clone(), temper.clone()))))
        .collect();

    for _ in 0..rounds() {
        tokio::time::sleep(Duration::from_millis(100 + draw(&mut state, 500))).await;
        // What an operator does meanwhile. Any of it may find the daemon gone.
        let cart = Policy::ALL[draw(&mut state, 3) as usize].name();
        match draw(&mut state, 4) {
            0 => drop(daemon.run(&["cart", "pause", cart])),
            1 => drop(daemon.run(&["cart", "resume", cart])),
            2 => drop(daemon.run(&["delivery", "retry", "--all", "--cart", "block"])),
            _ => {}
        }
        daemon.kill();
        daemon.serve();
        for (policy, inlet) in Policy::ALL.into_iter().zip(&inlets) {
            *inlet.lock().expect("nobody panics while holding it") = daemon.inlet(policy.name());
        }
    }
    temper.over.store(true, Ordering::Relaxed);
    let mut accepted: BTreeMap<Policy, BTreeMap<String, u64>> = BTreeMap::new();
    for (policy, sender) in senders {
        accepted.entry(policy).or_default().extend(sender.await.expect("a sender ends"));
    }
    for policy in Policy::ALL {
        daemon.done(&["cart", "resume", policy.name()]);
    }
    let start = Instant::now();
    while queued(&daemon) > 0 || dead(&daemon).iter().any(|dead| dead.cart == "block") {
        assert!(start.elapsed() < patience(), "{} wait still (seed {seed}): {}", queued(&daemon), daemon.run(&["status"]).1);
        daemon.run(&["delivery", "retry", "--all", "--cart", "block"]);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let dead = dead(&daemon);
    let healthy: Vec<_> = dead.iter().filter(|dead| dead.reason != "invalid-data").map(|dead| (&dead.update, &dead.reason)).collect();
    assert!(healthy.is_empty() && dead.len() < 1000, "only what was refused is dead (seed {seed}): {healthy:?}");
    for (policy, shop) in &shops {
        let (seen, accepted) = (shop.seen(), &accepted[policy]);
        assert!(accepted.values().sum::<u64>() > rounds(), "there was load");
        assert_eq!(&seen.last, accepted, "nothing is lost at {policy:?} (seed {seed})");
        assert!(seen.regressions.is_empty(), "no order goes back at {policy:?} (seed {seed}): {:?}", seen.regressions);
        assert!(seen.overlaps.is_empty(), "no attempt overlaps another at {policy:?} (seed {seed}): {:?}", seen.overlaps);
    }
    // At carts at which no update stands for others, each that was sent came, or is a dead letter because the shop refused it.
    for policy in [Policy::Block, Policy::Skip] {
        let taken = shops[&policy].seen().taken;
        let refused: BTreeSet<_> = dead.iter().filter(|dead| dead.cart == policy.name()).map(|dead| dead.update.clone()).collect();
        let sent = accepted[&policy].iter().flat_map(|(order, last)| (1..=*last).map(move |number| (order.clone(), number)));
        let sent = sent.filter(|update| was_sent(update, &accepted[&policy], &temper));
        let lost: Vec<_> = sent.filter(|update| !taken.contains(update) && !refused.contains(update)).collect();
        assert!(lost.is_empty(), "nothing is lost at {policy:?} (seed {seed}): {lost:?}");
    }
    assert!(daemon.stop(), "it ends well");
}

/// Whether a sender sent this one at all: before the last it passes over what would be refused.
fn was_sent((order, number): &(String, u64), accepted: &BTreeMap<String, u64>, temper: &Temper) -> bool {
    let last = accepted[order];
    !(temper.is_refused(order, *number) && (*number..last).all(|number| temper.is_refused(order, number)))
}
