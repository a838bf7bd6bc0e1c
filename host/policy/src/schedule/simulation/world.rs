//! The events in a simulated world, in the order of their times, and the invariants that hold meanwhile.

use super::dice::Dice;
use super::shop::{End, Shop, Watch};
use super::{HOUR, Number, SECOND};
use crate::schedule::{
    AttemptVerdict, Breaker, Candidate, CartStep, History, NextStep, Now, OPEN_MS_FIRST, OPEN_MS_LAST, PLUGIN_FAULTS_MAX, Policy,
    Scheduler, Sign, Timeline, after,
};
use cartage_model::carts::DeliveryRules;
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::receipt::Fate;
use std::collections::BTreeMap;

/// The start of a world by its wall clock, in milliseconds since 1970.
const START: u64 = 1_800_000_000_000;

/// An event in the world.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Accept {
        shop: usize,
        lane: u32,
    },
    Fetched {
        shop: usize,
        lanes: Vec<Candidate<u32>>,
        next_due: Option<u64>,
    },
    Answer {
        shop: usize,
        lane: u32,
        fate: Fate,
    },
    Settled {
        shop: usize,
        lane: u32,
        verdict: AttemptVerdict,
        next_due: Option<u64>,
    },
    /// Somebody discards a dead letter, and what it blocked goes on.
    Unblock {
        shop: usize,
        lane: u32,
    },
    Pause {
        shop: usize,
    },
    Resume {
        shop: usize,
    },
    Disable {
        shop: usize,
    },
    Enable {
        shop: usize,
    },
    Remove {
        shop: usize,
    },
    Restore {
        shop: usize,
    },
    Change {
        shop: usize,
        rules: Box<DeliveryRules>,
    },
    Clock {
        ahead: u64,
        back: u64,
    },
    /// The process dies and starts again; the outbox still has the orders that were in flight.
    Restart,
}

/// Counts of what happened, by which a simulation that tests nothing is noticed.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen(BTreeMap<&'static str, u64>);

impl Seen {
    pub(super) fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Seen) {
        for (what, times) in &other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    pub(super) fn is_rich(&self) {
        for what in [
            "delivered",
            "failure",
            "too old",
            "plugin fault",
            "blocked",
            "open",
            "half-open",
            "closed",
            "rest",
            "left unstarted",
            "full slots",
            "rate waited",
            "restart with work in flight",
            "suspect",
            "suspect waited",
        ] {
            assert!(self.0.get(what).is_some_and(|times| *times >= 50), "{what} was hardly seen: {self:?}");
        }
    }
}

/// A simulated world with its outbox, scheduler, carts and clocks.
pub(super) struct World {
    /// Milliseconds since the world began, which no clock in it shows.
    pub(super) real: u64,
    wall_ahead: i64,
    timeline: Timeline,
    pub(super) scheduler: Scheduler<u32>,
    slots: u32,
    dice: Dice,
    events: BTreeMap<(u64, u64), Event>,
    made: u64,
    pub(super) shops: Vec<Shop>,
    /// By shop: how long each update waited from its acceptance to its first attempt.
    pub(super) waits: Vec<Vec<u64>>,
    pub(super) seen: Seen,
    handled: u64,
    timer_wakes: u64,
}

impl World {
    pub(super) fn new(slots: u32, dice: Dice) -> World {
        World {
            real: 0,
            wall_ahead: 0,
            timeline: Timeline::default(),
            scheduler: Scheduler::new(slots),
            slots,
            dice,
            events: BTreeMap::new(),
            made: 0,
            shops: Vec::new(),
            waits: Vec::new(),
            seen: Seen::default(),
            handled: 0,
            timer_wakes: 0,
        }
    }

    pub(super) fn add(&mut self, shop: Shop) -> usize {
        let now = self.now();
        self.scheduler.set(&shop.key, &shop.rules, now);
        self.shops.push(shop);
        self.waits.push(Vec::new());
        self.shops.len() - 1
    }

    pub(super) fn at(&mut self, real: u64, event: Event) {
        self.made += 1;
        self.events.insert((real.max(self.real), self.made), event);
    }

    fn wall(&self) -> u64 {
        (START + self.real).saturating_add_signed(self.wall_ahead)
    }

    fn now(&mut self) -> Now {
        let wall = self.wall();
        self.timeline.now(wall)
    }

    /// Runs until nothing more happens.
    pub(super) fn run(&mut self) {
        loop {
            self.ask();
            let now = self.now();
            let timer = self.scheduler.wake_at().map(|at| self.real + now.until_ms(at));
            let next = self.events.first_key_value().map(|((at, _), _)| *at);
            match (next, timer) {
                (None, None) => break,
                (Some(at), timer) if timer.is_none_or(|timer| at <= timer) => {
                    let ((at, _), event) = self.events.pop_first().expect("it was just seen");
                    self.real = at;
                    self.handled += 1;
                    self.happens(event);
                    self.watch_breakers();
                }
                (_, timer) => {
                    // A timer is late now and then, and never early.
                    self.real = timer.expect("one of the two is there") + self.dice.of(0..3);
                    self.timer_wakes += 1;
                }
            }
            let most = 2 * self.handled + 20;
            assert!(self.timer_wakes <= most, "woken {} times by the timer for {} events", self.timer_wakes, self.handled);
        }
    }

    /// Runs the worker's loop: asks the scheduler and reads the outbox.
    fn ask(&mut self) {
        let now = self.now();
        for fetch in self.scheduler.next(now) {
            assert!(fetch.at_most > 0 && fetch.due_by_unix_ms >= now.unix_ms(), "{fetch:?}");
            let shop = self.index(&fetch.cart);
            let (lanes, next_due) = self.shops[shop].look(fetch.at_most, fetch.due_by_unix_ms, &fetch.in_flight);
            let late = self.dice.of(0..3);
            self.at(self.real + late, Event::Fetched { shop, lanes, next_due });
        }
        assert!(self.scheduler.next(now).is_empty(), "what was asked once is not asked again");
        if self.scheduler.in_flight() == self.slots {
            self.seen.note("full slots");
        }
    }

    fn happens(&mut self, event: Event) {
        let now = self.now();
        match event {
            Event::Accept { shop, lane } => {
                let (wall, real) = (self.wall(), self.real);
                let of = &mut self.shops[shop];
                of.lanes.entry(lane).or_default().accept(real, wall);
                self.scheduler.work(&of.key, wall, now);
            }
            Event::Fetched { shop, lanes, next_due } => self.fetched(shop, lanes, next_due, now),
            Event::Answer { shop, lane, fate } => self.answered(shop, lane, fate, now),
            Event::Settled { shop, lane, verdict, next_due } => self.settled(shop, lane, verdict, next_due, now),
            Event::Unblock { shop, lane } => {
                let of = &mut self.shops[shop];
                of.lanes.get_mut(&lane).expect("it was blocked").blocked = false;
                self.scheduler.work(&of.key, now.unix_ms(), now);
            }
            Event::Pause { shop } => {
                self.shops[shop].by_hand = true;
                self.scheduler.pause(&self.shops[shop].key, None, now);
            }
            Event::Resume { shop } => {
                (self.shops[shop].by_hand, self.shops[shop].rests_until) = (false, 0);
                self.scheduler.resume(&self.shops[shop].key, now);
                if let Breaker::Open { until_unix_ms } = &mut self.shops[shop].watch.breaker {
                    *until_unix_ms = now.unix_ms().min(*until_unix_ms);
                }
            }
            Event::Disable { shop } => {
                self.shops[shop].disabled = true;
                self.scheduler.disable(&self.shops[shop].key, now);
            }
            Event::Enable { shop } => {
                self.shops[shop].disabled = false;
                self.scheduler.enable(&self.shops[shop].key, now);
            }
            Event::Remove { shop } => {
                self.shops[shop].removed = true;
                self.scheduler.remove(&self.shops[shop].key, now);
            }
            Event::Restore { shop } => self.restore(shop, now),
            Event::Change { shop, rules } => {
                let of = &mut self.shops[shop];
                (of.rules, of.last_start) = (*rules, None);
                if !of.removed {
                    self.scheduler.set(&of.key, &of.rules, now);
                }
            }
            Event::Clock { ahead, back } => self.wall_ahead += ahead as i64 - back as i64,
            Event::Restart => self.restart(),
        }
    }

    fn fetched(&mut self, shop: usize, lanes: Vec<Candidate<u32>>, next_due: Option<u64>, now: Now) {
        let found = lanes.len();
        let suspects: Vec<u32> = lanes.iter().filter(|candidate| candidate.suspect).map(|candidate| candidate.lane).collect();
        let started = self.scheduler.fetched(&self.shops[shop].key, lanes, next_due, now);
        if suspects.iter().any(|lane| !started.contains(lane)) {
            self.seen.note("suspect waited");
        }
        if started.len() < found {
            self.seen.note("left unstarted");
        }
        for lane in &started {
            self.may_start(shop, *lane, now);
            let (takes, fate) = self.shops[shop].answer(self.real);
            self.at(self.real + takes, Event::Answer { shop, lane: *lane, fate });
        }
        let may = match self.shops[shop].watch.breaker {
            Breaker::Closed => usize::MAX,
            Breaker::Open { until_unix_ms } => usize::from(until_unix_ms <= now.unix_ms()),
            Breaker::HalfOpen => 0,
        };
        assert!(started.len() <= may, "{} started with the breaker {:?}", started.len(), self.shops[shop].watch.breaker);
        self.watch_breakers();
        let round = self.shops[shop].watch.round;
        self.shops[shop].in_flight.extend(started.iter().map(|lane| (*lane, round)));
        let suspects = self.shops.iter().map(Shop::suspects_in_flight).sum::<usize>();
        assert!(suspects <= 1, "{suspects} suspects at once");
        self.seen.note(if suspects > 0 { "suspect" } else { "no suspect" });
        assert!(self.shops.iter().map(|shop| shop.in_flight.len()).sum::<usize>() <= self.slots as usize, "more than the slots");
    }

    /// Checks the invariants at the start of an attempt.
    fn may_start(&mut self, shop: usize, lane: u32, now: Now) {
        let (real, of) = (self.real, &mut self.shops[shop]);
        assert!(!of.by_hand && !of.disabled && !of.removed && of.rests_until <= now.unix_ms(), "started while held: {of:?}");
        assert!(!of.in_flight.contains_key(&lane), "lane {lane} is in flight already");
        of.in_flight.insert(lane, 0);
        assert!(of.in_flight.len() <= of.rules.concurrency() as usize, "more at once than the cart takes: {of:?}");
        if let (Some(rate), Some(last)) = (of.rules.rate, of.last_start) {
            assert!(now.unix_ms() * 1000 >= last * 1000 + rate.interval_us(), "faster than the cart takes: {of:?}");
            self.seen.note("rate waited");
        }
        of.last_start = Some(now.unix_ms());
        let queue = &of.lanes[&lane];
        let head = queue.queue.front().expect("what is started is in the outbox");
        assert!(!queue.blocked && head.sequence == queue.ends.len() as u64 + 1, "out of order: {queue:?}");
        if head.attempts == 0 {
            self.waits[shop].push(real - head.accepted);
        }
    }

    /// Writes an attempt's end to the outbox; the scheduler hears of it a little later.
    fn answered(&mut self, shop: usize, lane: u32, fate: Fate, now: Now) {
        let rate_limits = self.scheduler.rate_limits(&self.shops[shop].key);
        let of = &mut self.shops[shop];
        let queue = of.lanes.get_mut(&lane).expect("it was started");
        let head = queue.queue.front_mut().expect("it was started");
        head.suspect = false;
        let (attempts, plugin_faults, age_ms) = (head.attempts, head.plugin_faults, self.real - head.accepted);
        let history = History { attempts, plugin_faults, rate_limits, age_ms };
        let verdict = after(fate, &history, &Policy { rules: &of.rules, full_state: true }, now, self.dice.draw());
        let mut blocked = false;
        match verdict.update {
            NextStep::Delivered => {
                self.seen.note("delivered");
                queue.end(End::Delivered, now.unix_ms());
            }
            NextStep::Retry { due_unix_ms, counted } => {
                head.due = due_unix_ms;
                head.attempts += u32::from(counted);
                head.plugin_faults = if fate == Fate::PluginFault { head.plugin_faults + 1 } else { 0 };
            }
            NextStep::Dead { reason, then } => {
                let right = match reason {
                    Reason::TooOld => age_ms >= of.rules.give_up_after.ms(),
                    Reason::PluginFault => head.plugin_faults + 1 == PLUGIN_FAULTS_MAX,
                    Reason::Refused(_) => true,
                    Reason::Poison => false,
                };
                assert!(right, "{reason:?} is not why {head:?} ended");
                self.seen.note(match reason {
                    Reason::TooOld => "too old",
                    Reason::PluginFault => "plugin fault",
                    Reason::Refused(_) | Reason::Poison => "failure",
                });
                queue.end(End::Dead(reason), now.unix_ms());
                blocked = then == Then::Block;
                queue.blocked = blocked;
            }
        }
        let next_due = queue.due();
        if blocked {
            self.seen.note("blocked");
            let patience = self.shops[shop].patience();
            self.at(self.real + patience, Event::Unblock { shop, lane });
        }
        let late = self.dice.of(0..3);
        self.at(self.real + late, Event::Settled { shop, lane, verdict, next_due });
    }

    fn settled(&mut self, shop: usize, lane: u32, verdict: AttemptVerdict, next_due: Option<u64>, now: Now) {
        let draw = self.dice.draw();
        self.scheduler.settled(&self.shops[shop].key, &lane, &verdict, next_due, now, draw);
        let of = &mut self.shops[shop];
        let round = of.in_flight.remove(&lane).expect("it was started");
        let must_open = of.watch.settled(round, verdict.sign);
        let before = of.watch.round;
        let closes = of.watch.breaker == Breaker::HalfOpen && verdict.sign == Sign::Answered && round == before;
        self.watch_breakers();
        let watch = &self.shops[shop].watch;
        let opened = watch.round > before && matches!(watch.breaker, Breaker::Open { .. });
        let closed = watch.round > before && watch.breaker == Breaker::Closed;
        assert_eq!((opened, closed), (must_open, closes), "the breaker after {:?}: {watch:?}", verdict.sign);
        match verdict.cart {
            Some(CartStep::Pause { until_unix_ms: Some(until), .. } | CartStep::Rest { until_unix_ms: until }) => {
                self.seen.note("rest");
                self.shops[shop].rests_until = self.shops[shop].rests_until.max(until);
            }
            Some(CartStep::Pause { until_unix_ms: None, .. }) => {
                self.shops[shop].by_hand = true;
                let patience = self.shops[shop].patience();
                self.at(self.real + patience, Event::Resume { shop });
            }
            Some(CartStep::Disable) => {
                self.shops[shop].disabled = true;
                let patience = self.shops[shop].patience();
                self.at(self.real + patience, Event::Enable { shop });
            }
            Some(CartStep::Prove) | None => {}
        }
    }

    fn watch_breakers(&mut self) {
        let now = self.now();
        for (key, breaker) in self.scheduler.take_breaker_changes() {
            let shop = self.index(&key);
            self.seen.note(match breaker {
                Breaker::Closed => "closed",
                Breaker::Open { .. } => "open",
                Breaker::HalfOpen => "half-open",
            });
            if let Breaker::Open { until_unix_ms } = breaker {
                let open_ms = now.until_ms(until_unix_ms);
                assert!(open_ms == 0 || (OPEN_MS_FIRST / 2..=OPEN_MS_LAST).contains(&open_ms), "open for {open_ms} ms");
            }
            self.shops[shop].watch.changed(breaker);
        }
    }

    /// Adds a cart again, as the worker does at its start.
    fn restore(&mut self, shop: usize, now: Now) {
        let of = &mut self.shops[shop];
        let before: Option<Number> = self.scheduler.numbers.get(&of.key).copied();
        of.removed = false;
        self.scheduler.set(&of.key, &of.rules, now);
        if before != self.scheduler.numbers.get(&of.key).copied() {
            (of.watch, of.rests_until, of.last_start) = (Watch::new(), 0, None);
        }
        if of.by_hand {
            self.scheduler.pause(&of.key, None, now);
        }
        if of.disabled {
            self.scheduler.disable(&of.key, now);
        }
        if let Some(due) = of.lanes.values().filter_map(|lane| lane.due()).min() {
            self.scheduler.work(&of.key, due, now);
        }
    }

    fn restart(&mut self) {
        if self.scheduler.in_flight() > 0 {
            self.seen.note("restart with work in flight");
        }
        (self.scheduler, self.timeline) = (Scheduler::new(self.slots), Timeline::default());
        self.events.retain(|_, event| !matches!(event, Event::Fetched { .. } | Event::Answer { .. } | Event::Settled { .. }));
        let now = self.now();
        for shop in 0..self.shops.len() {
            let of = &mut self.shops[shop];
            for lane in std::mem::take(&mut of.in_flight).into_keys() {
                let head = of.lanes.get_mut(&lane).and_then(|lane| lane.queue.front_mut());
                // At work on some the process was when it died; of what it waited for it knows nothing.
                head.into_iter().for_each(|head| head.suspect = self.dice.percent(90));
            }
            if !self.shops[shop].removed {
                self.restore(shop, now);
            }
        }
    }

    /// Checks, at the end, that every update is delivered or dead, without undue delay.
    pub(super) fn all_is_done(&self) {
        for shop in &self.shops {
            assert!(shop.in_flight.is_empty() && !shop.removed && !shop.by_hand && !shop.disabled, "{shop:?}");
            let open: Vec<_> = shop.lanes.iter().filter(|(_, lane)| !lane.all_ended()).collect();
            assert!(open.is_empty(), "{:?} of {} never ended: {open:?}", open.len(), shop.key.1);
        }
        assert_eq!((self.scheduler.in_flight(), self.scheduler.reserved), (0, 0));
        assert!(self.real < 60 * 24 * HOUR, "it took {} hours", self.real / HOUR);
        assert!(self.timer_wakes * SECOND <= self.real.max(SECOND) + 2 * SECOND * self.handled, "{} wakes", self.timer_wakes);
    }

    fn index(&self, key: &super::CartKey) -> usize {
        self.shops.iter().position(|shop| shop.key == *key).expect("only carts that are known are named")
    }
}
