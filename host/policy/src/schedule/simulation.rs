//! A simulation from a seed: merchants, carts of every behaviour, an outbox, people and clocks are all derived from one number. The invariants are
//! checked at every start of an attempt, and at the end every update must be delivered or dead.
//!
//! A failure names its seed. `CARTAGE_SIMULATION_SEED=17` runs that seed alone, `CARTAGE_SIMULATION_SEEDS=1000000` runs so many.

mod dice;
mod fairness;
mod shop;
mod world;

use super::*;
use cartage_model::carts::DeadLetters;
use cartage_model::carts::delivery::{Rate, Wait};
use dice::Dice;
use shop::{Kind, Shop};
use world::{Event, World};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The number of seeds that take about six seconds of one processor in a development build.
const SEEDS: u64 = 5_000;

fn key(merchant: u64, cart: u64) -> CartKey {
    let merchant = MerchantId::new(format!("merchant-{merchant}")).expect("it is a name");
    (merchant, CartId::new(format!("cart-{cart}")).expect("it is a name"))
}

fn some_rules(dice: &mut Dice) -> DeliveryRules {
    let usual = DeliveryRules::default();
    let wait = |s: u64| Wait::of_s(s).expect("it is within its bounds");
    let own_waits = |dice: &mut Dice| (0..dice.of(1..5)).map(|_| wait(dice.of(1..3_600))).collect();
    DeliveryRules {
        dead_letters: dice.pick(&[DeadLetters::Block, DeadLetters::Skip, DeadLetters::LatestWins]),
        concurrency: Some(dice.of(1..6) as u32),
        rate: match dice.of(0..4) {
            0 => Rate::per_second(dice.of(1..20) as u32).ok(),
            1 => Rate::per_minute(dice.of(1..120) as u32).ok(),
            _ => None,
        },
        retry_waits: if dice.percent(20) { own_waits(dice) } else { usual.retry_waits },
        give_up_after: if dice.percent(20) { wait(dice.of(3_600..86_400)) } else { usual.give_up_after },
        repeat_margin: None,
    }
}

/// The world of this seed.
fn some_world(seed: u64) -> World {
    let mut dice = Dice(seed);
    let mut world = World::new(dice.of(1..24) as u32, Dice(dice.draw()));
    let (merchants, mut busy) = (dice.of(1..4), Vec::new());
    for cart in 0..dice.of(1..8) {
        let kind = dice.pick(&Kind::ALL);
        let within = dice.pick(&[HOUR, 4 * HOUR, 30 * HOUR]);
        let heals_at = if dice.percent(3) { u64::MAX } else { dice.of(0..within) };
        let rules = some_rules(&mut dice);
        let shop = world.add(Shop::new(key(dice.of(0..merchants), cart), rules, kind, heals_at, Dice(dice.draw())));
        let (orders, from, span) = (dice.of(1..8), dice.of(0..3 * HOUR), dice.pick(&[1, SECOND, HOUR]));
        busy.push(from);
        for _ in 0..dice.of(1..16) {
            let lane = dice.of(0..orders) as u32;
            world.at(from + dice.of(0..span), Event::Accept { shop, lane });
        }
        if dice.percent(30) {
            let within = dice.pick(&[6, HOUR]);
            let from = from + dice.of(0..within);
            let rules = Box::new(some_rules(&mut dice));
            let (event, back) = dice.pick(&[
                (Event::Pause { shop }, Event::Resume { shop }),
                (Event::Remove { shop }, Event::Restore { shop }),
                (Event::Disable { shop }, Event::Enable { shop }),
                (Event::Change { shop, rules }, Event::Resume { shop }),
            ]);
            world.at(from, event);
            world.at(from + dice.of(1..HOUR), back);
        }
    }
    // Clocks jump and processes die at any time, and most instructively while much goes on.
    let moment = |dice: &mut Dice| match dice.of(0..2) {
        0 => dice.of(0..5 * HOUR),
        _ => dice.pick(&busy) + dice.of(0..SECOND),
    };
    for _ in 0..dice.of(0..3) {
        let within = dice.pick(&[SECOND, 3 * DAY]);
        let by = dice.of(0..within);
        let ahead = if dice.percent(30) { Some(by * 1_000) } else { None };
        let when = moment(&mut dice);
        world.at(when, Event::Clock { ahead: ahead.unwrap_or(0), back: if ahead.is_some() { 0 } else { by } });
    }
    if dice.percent(40) {
        let when = moment(&mut dice);
        world.at(when, Event::Restart);
    }
    world
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}, which is no whole number")))
}

#[test]
fn whatever_happens_the_promises_hold() {
    let seeds = match number("CARTAGE_SIMULATION_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("CARTAGE_SIMULATION_SEEDS").unwrap_or(SEEDS),
    };
    let mut seen = world::Seen::default();
    for seed in seeds.clone() {
        let run = std::panic::catch_unwind(|| {
            let mut world = some_world(seed);
            world.run();
            world.all_is_done();
            world.seen
        });
        match run {
            Ok(of_one) => seen.add(&of_one),
            Err(_) => panic!("the promises do not hold; run it alone with CARTAGE_SIMULATION_SEED={seed}"),
        }
    }
    // A simulation in which nothing goes wrong shows nothing.
    if seeds.end - seeds.start >= SEEDS {
        seen.is_rich();
    }
}
