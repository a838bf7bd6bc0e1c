use super::*;
use proptest::prelude::*;

const AT: u64 = 1_800_000_000_000;
const HOUR: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * HOUR;

/// A machine whose time really passes, with a wall clock that is set to anything.
struct Machine {
    /// The true time, in milliseconds.
    now: i64,
    /// How far the wall clock is ahead of the true time, in milliseconds.
    ahead: i64,
    started: i64,
    boots: u64,
    memory: Memory,
}

impl Machine {
    fn new() -> Machine {
        // It has been running for a month.
        let mut machine = Machine { now: AT as i64, ahead: 0, started: (AT - 30 * DAY) as i64, boots: 0, memory: Memory::new(&AT.into()) };
        machine.memory = Memory::new(&machine.reading());
        machine
    }

    fn reading(&self) -> Reading {
        let wall_unix_ms = u64::try_from(self.now + self.ahead).unwrap_or(0);
        Reading { wall_unix_ms, elapsed_ms: (self.now - self.started) as u64, boot: Some(self.boots.into()) }
    }

    fn pass(&mut self, ms: u64) {
        self.now += ms as i64;
        self.memory.observe(&self.reading());
    }

    /// Sets the wall clock this far ahead of the true time.
    fn set(&mut self, ahead: i64) {
        self.ahead = ahead;
        self.memory.observe(&self.reading());
    }

    /// Ends the program and starts it again after this time, with what was saved when it ended.
    fn pause(&mut self, ms: u64, ahead: i64) {
        (self.now, self.ahead) = (self.now + ms as i64, ahead);
        self.memory.resume(&self.reading());
    }

    /// Turns the machine off for this time. Its wall clock is then this far ahead.
    fn off(&mut self, ms: u64, ahead: i64) {
        (self.now, self.ahead, self.boots) = (self.now + ms as i64, ahead, self.boots + 1);
        self.started = self.now - 5_000;
        self.memory.resume(&self.reading());
    }

    fn confirm(&mut self) {
        self.memory.confirm(&self.reading());
    }

    fn stamp(&self) -> u64 {
        self.reading().wall_unix_ms
    }

    fn age(&self, at: u64) -> u64 {
        self.memory.age_ms(at)
    }

    /// Whether something with this stamp is deleted where things are kept for this long.
    fn goes(&self, at: u64, kept: u64) -> bool {
        self.memory.older_than(kept).iter().any(|range| range.contains(&at))
    }
}

#[test]
fn a_clock_that_is_never_set_tells_ages_as_they_are() {
    let mut machine = Machine::new();
    let stamp = machine.stamp();
    machine.pass(10 * DAY);
    assert_eq!((machine.age(stamp), machine.age(stamp + 11 * DAY), machine.age(0)), (10 * DAY, 0, AT + 10 * DAY));
    assert_eq!(machine.memory.older_than(DAY), vec![std::ops::Range { start: 0, end: AT + 9 * DAY }]);
    assert_eq!(machine.memory.older_than(0), vec![std::ops::Range { start: 0, end: AT + 10 * DAY }]);
    machine.pause(3 * DAY, 0);
    assert_eq!((machine.age(stamp), machine.memory.doubt()), (13 * DAY, None));
    assert_eq!(machine.memory.frames.len(), 1);
}

#[test]
fn a_clock_that_is_far_ahead_at_a_start_makes_nothing_old() {
    for off in [false, true] {
        let mut machine = Machine::new();
        let before = machine.stamp();
        machine.pass(HOUR);
        let ahead = (1_100 * DAY) as i64;
        if off {
            machine.off(60_000, ahead)
        } else {
            machine.pause(60_000, ahead)
        }
        assert!(machine.age(before) <= HOUR + 60_000, "{off}: {}", machine.age(before));
        assert_eq!(machine.memory.doubt(), Some(Doubt::Ahead(1_100 * DAY + if off { 60_000 } else { 0 })));
        assert!(!machine.goes(before, 2 * HOUR));
        let during = machine.stamp();
        machine.pass(HOUR);
        assert_eq!(machine.age(during), HOUR);
        machine.set(0);
        assert_eq!(machine.memory.doubt(), None, "it was put right");
        let after = machine.stamp();
        machine.pass(HOUR);
        assert_eq!((machine.age(during), machine.age(after)), (2 * HOUR, HOUR));
        // What was stamped three years ahead goes when its time has come.
        assert!(!machine.goes(during, 2 * HOUR) && !machine.goes(after, HOUR));
        machine.pass(10 * DAY);
        assert!([before, during, after].into_iter().all(|at| machine.goes(at, 10 * DAY)));
    }
}

#[test]
fn what_was_stamped_by_a_clock_that_was_behind_is_as_old_as_it_is() {
    let mut machine = Machine::new();
    let before = machine.stamp();
    machine.off(4 * DAY, -(AT as i64));
    assert!(matches!(machine.memory.doubt(), Some(Doubt::Behind(_))));
    let during = machine.stamp();
    assert!(during < 10 * DAY, "it is in 1970");
    machine.pass(2 * HOUR);
    machine.set(0);
    assert_eq!(machine.age(during), 2 * HOUR, "it does not die of age");
    assert!(!machine.goes(during, 3 * HOUR));
    // A step soon after the start is how such a machine gets to know the time: what was there before is four days older.
    assert_eq!(machine.memory.doubt(), Some(Doubt::Ahead(4 * DAY)), "two hours are not soon");
    machine.confirm();
    assert_eq!((machine.memory.doubt(), machine.age(before)), (None, 4 * DAY + 2 * HOUR));
    assert_eq!(machine.age(during), 2 * HOUR, "that passed before it");
}

#[test]
fn a_machine_without_a_clock_of_its_own_needs_nobody() {
    let mut machine = Machine::new();
    let before = machine.stamp();
    machine.pass(HOUR);
    // Its clock goes on where it stood, and is put right a minute later.
    machine.off(5 * DAY, -((5 * DAY) as i64));
    let during = machine.stamp();
    machine.pass(60_000);
    machine.set(0);
    assert_eq!(machine.memory.doubt(), None);
    assert_eq!((machine.age(before), machine.age(during)), (5 * DAY + HOUR + 60_000, 60_000));
}

#[test]
fn time_while_the_machine_was_off_is_believed_up_to_a_limit() {
    let mut machine = Machine::new();
    let before = machine.stamp();
    machine.off(OFF_MS_BELIEVED, 0);
    assert_eq!((machine.memory.doubt(), machine.age(before)), (None, OFF_MS_BELIEVED));
    let between = machine.stamp();
    machine.off(OFF_MS_BELIEVED + 1, 0);
    assert_eq!(machine.memory.doubt(), Some(Doubt::Ahead(OFF_MS_BELIEVED + 1)));
    assert_eq!((machine.age(before), machine.age(between)), (OFF_MS_BELIEVED, 0));
    let after = machine.stamp();
    machine.pass(HOUR);
    machine.confirm();
    assert_eq!(machine.memory.doubt(), None);
    let ages = [before, between, after].map(|at| machine.age(at));
    assert_eq!(ages, [2 * OFF_MS_BELIEVED + 1 + HOUR, OFF_MS_BELIEVED + 1 + HOUR, HOUR]);
}

#[test]
fn small_steps_are_no_doubt_and_count_for_nothing() {
    let mut machine = Machine::new();
    let before = machine.stamp();
    for hours in 1..48 {
        machine.pass(60_000);
        machine.set((hours * HOUR) as i64);
        assert_eq!(machine.memory.doubt(), None);
    }
    assert_eq!(machine.age(before), 47 * 60_000);
    machine.set((47 * HOUR + 50_000) as i64);
    assert_eq!(machine.memory.frames.len(), 48, "less than a minute is no step");
}

#[test]
fn what_a_clock_was_set_back_is_known_for_a_day() {
    let mut machine = Machine::new();
    machine.pass(HOUR);
    machine.pause(0, (20 * HOUR) as i64);
    machine.pass(HOUR);
    assert_eq!(machine.memory.set_back_ms(), 0, "it is ahead");
    machine.pause(0, 0);
    assert_eq!(machine.memory.set_back_ms(), 20 * HOUR);
    machine.pass(23 * HOUR);
    assert_eq!(machine.memory.set_back_ms(), 20 * HOUR);
    machine.pass(2 * HOUR);
    assert_eq!(machine.memory.set_back_ms(), 0);
    machine.set((30 * HOUR) as i64);
    machine.set(0);
    assert_eq!(machine.memory.set_back_ms(), 0, "so late nothing is due by any schedule");
    machine.set((5 * HOUR) as i64);
    machine.set(0);
    assert_eq!(machine.memory.set_back_ms(), 5 * HOUR, "whatever else the clock was set to");
}

#[test]
fn restoring_a_backup_says_that_the_clock_is_right() {
    let mut machine = Machine::new();
    let before = machine.stamp();
    (machine.now, machine.boots) = (machine.now + 400 * DAY as i64, 1);
    machine.memory.restore(&machine.reading());
    assert_eq!((machine.memory.doubt(), machine.age(before)), (None, 400 * DAY));
}

#[test]
fn starts_and_steps_are_remembered_in_bounds() {
    let mut machine = Machine::new();
    let before = machine.stamp();
    for _ in 0..1000 {
        machine.pass(HOUR);
        machine.off(HOUR, 0);
    }
    assert!(machine.memory.frames.len() <= 2, "{}", machine.memory.frames.len());
    assert_eq!(machine.age(before), 2000 * HOUR);
    for step in 0..1000 {
        machine.pass(HOUR);
        machine.set(if step % 2 == 0 { 2 * HOUR as i64 } else { 0 });
    }
    assert_eq!(machine.memory.frames.len(), FRAMES_MAX);
    assert!(machine.goes(before, 30 * HOUR) && machine.age(before) > 200 * HOUR);
    let kept: Memory = serde_json::from_str(&serde_json::to_string(&machine.memory).expect("it is plain data")).expect("it was written so");
    assert_eq!(kept, machine.memory);
}

#[derive(Debug, Clone)]
enum Step {
    Pass(u64),
    Set(i64),
    Pause(u64, i64),
    Off(u64, i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let span = || prop_oneof![0..HOUR, 0..10 * DAY, 0..500 * DAY];
    let ahead = || prop_oneof![3 => Just(0_i64), 1 => -(400 * DAY as i64)..400 * DAY as i64, 1 => Just(-(AT as i64))];
    let step = prop_oneof![
        span().prop_map(Step::Pass),
        ahead().prop_map(Step::Set),
        (span(), ahead()).prop_map(|(ms, ahead)| Step::Pause(ms, ahead)),
        (span(), ahead()).prop_map(|(ms, ahead)| Step::Off(ms, ahead)),
    ];
    prop::collection::vec(step, 1..20)
}

proptest! {
    /// Whatever is done to the clock, nothing is taken for older than it is, and nothing that is younger is deleted; everything that no start of the
    /// machine hides is deleted in the end.
    #[test]
    fn nothing_is_taken_for_older_than_it_is(steps in steps(), kept in 0..100 * DAY) {
        let mut machine = Machine::new();
        let mut stamps = Vec::new();
        for step in steps {
            stamps.push((machine.now, machine.stamp()));
            match step {
                Step::Pass(ms) => machine.pass(ms),
                Step::Set(ahead) => machine.set(ahead),
                Step::Pause(ms, ahead) => machine.pause(ms, ahead),
                Step::Off(ms, ahead) => machine.off(ms, ahead),
            }
            for (made, at) in &stamps {
                let really = u64::try_from(machine.now - made).expect("time passes");
                // A clock that is wrong by less than the limit when the machine starts cannot be found out.
                let believed = (0..=machine.boots).map(|_| OFF_MS_BELIEVED).sum::<u64>();
                let slack = STEP_MS + if machine.boots > 0 { believed } else { 0 };
                prop_assert!(machine.age(*at) <= really + slack, "{} is taken for {}", really, machine.age(*at));
                prop_assert!(!machine.goes(*at, kept + slack) || really + slack >= kept, "{really} of {kept} goes");
            }
        }
        machine.set(0);
        machine.confirm();
        machine.pass(1000 * DAY);
        for (_, at) in &stamps {
            prop_assert!(machine.goes(*at, kept), "{at} never goes: {:?}", machine.memory);
        }
    }
}
