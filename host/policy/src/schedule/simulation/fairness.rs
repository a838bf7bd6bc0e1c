//! Whether carts that hang, flood and fail delay the others, and whether a merchant with many carts delays one with a single cart.

use super::dice::Dice;
use super::shop::{Kind, Shop};
use super::world::{Event, World};
use super::{MINUTE, SECOND, key};
use cartage_model::carts::DeliveryRules;

/// A cart with this behaviour and this many orders, one after each interval.
struct Habit {
    merchant: u64,
    kind: Kind,
    orders: u32,
    every_ms: u64,
}

/// How long the updates of each cart waited for their first attempt, sorted.
fn waits(seed: u64, slots: u32, habits: &[Habit]) -> Vec<Vec<u64>> {
    let mut world = World::new(slots, Dice(seed));
    for (number, habit) in (0_u64..).zip(habits) {
        let mut dice = Dice(seed ^ number << 32);
        let rules = DeliveryRules { concurrency: Some(4), ..DeliveryRules::default() };
        let key = key(habit.merchant, number);
        let shop = world.add(Shop::new(key, rules, habit.kind, 30 * MINUTE, Dice(dice.draw())));
        for lane in 0..habit.orders {
            // One at a time, and as often at once as not: arrivals as they come.
            let at = u64::from(lane) * habit.every_ms + dice.of(0..habit.every_ms + 1);
            world.at(at, Event::Accept { shop, lane });
        }
    }
    world.run();
    world.all_is_done();
    let sorted = |mut waits: Vec<u64>| {
        waits.sort_unstable();
        waits
    };
    std::mem::take(&mut world.waits).into_iter().map(sorted).collect()
}

fn percentile(waits: &[u64], percent: usize) -> u64 {
    waits[(waits.len() - 1) * percent / 100]
}

/// Seven carts that work, at 30 % of what four orders of 110 ms at once allow. If `noisy`, three more that flood, hang or fail, whose merchants come
/// first by name.
fn neighbours(noisy: bool) -> Vec<Habit> {
    let well = |merchant| Habit { merchant, kind: Kind::Healthy, orders: 300, every_ms: 92 };
    let mut habits: Vec<Habit> = (3..10).map(well).collect();
    if noisy {
        habits.push(Habit { merchant: 0, kind: Kind::Healthy, orders: 1_000, every_ms: 0 });
        habits.push(Habit { merchant: 1, kind: Kind::Hanging, orders: 60, every_ms: 100 });
        habits.push(Habit { merchant: 2, kind: Kind::Failing, orders: 300, every_ms: 20 });
    }
    habits
}

#[test]
fn one_that_floods_one_that_hangs_and_one_that_fails_delay_nobody_else() {
    // Enough slots for all: the noise is not to be heard. Few: a slot is waited for, but hardly ever longer than an order takes.
    for (slots, slack_p50, slack_p99) in [(64, 1, 3), (16, 15, 110)] {
        for seed in 0..2 {
            let mut alone: Vec<u64> = waits(seed, slots, &neighbours(false)).concat();
            let mut beside: Vec<u64> = waits(seed, slots, &neighbours(true))[..7].concat();
            alone.sort_unstable();
            beside.sort_unstable();
            for (percent, slack) in [(50, slack_p50), (99, slack_p99)] {
                let (alone, beside) = (percentile(&alone, percent), percentile(&beside, percent));
                assert!(
                    beside <= alone + slack,
                    "{slots} slots, seed {seed}: {percent} % waited up to {beside} ms beside the noise, {alone} ms without"
                );
            }
        }
    }
}

#[test]
fn a_merchant_with_twenty_carts_leaves_half_to_one_with_a_single_cart() {
    let mut habits: Vec<Habit> = (0..20).map(|_| Habit { merchant: 0, kind: Kind::Healthy, orders: 100, every_ms: 0 }).collect();
    habits.push(Habit { merchant: 1, kind: Kind::Healthy, orders: 200, every_ms: 0 });
    let waits = waits(1, 4, &habits);
    let last = |of: usize| percentile(&waits[of], 100);
    // Two of four slots, and 110 ms an order: eleven seconds. By carts alone it would be some sixty.
    assert!(last(20) <= 14 * SECOND, "the single cart waited up to {} ms", last(20));
    let of_twenty: Vec<u64> = (0..20).map(last).collect();
    let (first, last) = (of_twenty.iter().min().expect("there are twenty"), of_twenty.iter().max().expect("there are twenty"));
    assert!(last - first <= 5 * SECOND, "equal carts of one merchant are done between {first} and {last} ms");
}
