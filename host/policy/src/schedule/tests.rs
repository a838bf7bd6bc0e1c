use super::*;
use cartage_model::carts::delivery::{Rate, WAIT_MS_MAX};
use cartage_model::receipt::{Fate, PauseReason};

/// A scheduler with its clock, and short names for its functions.
struct Desk {
    timeline: Timeline,
    wall: u64,
    scheduler: Scheduler<u32>,
}

fn key(name: &str) -> CartKey {
    let (merchant, cart) = name.split_once('/').expect("written merchant/cart");
    (MerchantId::new(merchant).expect("it is a name"), CartId::new(cart).expect("it is a name"))
}

fn rules(concurrency: u32) -> DeliveryRules {
    DeliveryRules { concurrency: Some(concurrency), ..DeliveryRules::default() }
}

fn verdict(sign: Sign) -> AttemptVerdict {
    AttemptVerdict { update: NextStep::Delivered, cart: None, sign }
}

impl Desk {
    fn new(slots: u32) -> Desk {
        Desk { timeline: Timeline::default(), wall: 1_000_000, scheduler: Scheduler::new(slots) }
    }

    fn now(&mut self) -> Now {
        self.timeline.now(self.wall)
    }

    fn set(&mut self, cart: &str, rules: &DeliveryRules) {
        let now = self.now();
        self.scheduler.set(&key(cart), rules, now);
    }

    /// Reports work that is due at the cart.
    fn work(&mut self, cart: &str) {
        let now = self.now();
        self.scheduler.work(&key(cart), now.unix_ms(), now);
    }

    /// The carts that are asked, and for how many orders.
    fn next(&mut self) -> Vec<(String, u32)> {
        let now = self.now();
        let named = |fetch: Fetch<u32>| (format!("{}/{}", fetch.cart.0, fetch.cart.1), fetch.at_most);
        self.scheduler.next(now).into_iter().map(named).collect()
    }

    /// Ends a fetch that found these lanes, and returns those that start.
    fn found(&mut self, cart: &str, lanes: &[u32], next_due: Option<u64>) -> Vec<u32> {
        let now = self.now();
        let lanes = lanes.iter().map(|lane| Candidate { lane: *lane, suspect: false }).collect();
        self.scheduler.fetched(&key(cart), lanes, next_due, now)
    }

    /// Ends a fetch that found these lanes of suspects, and returns those that start.
    fn found_suspects(&mut self, cart: &str, lanes: &[u32]) -> Vec<u32> {
        let now = self.now();
        let lanes = lanes.iter().map(|lane| Candidate { lane: *lane, suspect: true }).collect();
        self.scheduler.fetched(&key(cart), lanes, None, now)
    }

    /// The lanes that a fetch leaves out.
    fn left_out(&mut self) -> Vec<u32> {
        let now = self.now();
        self.scheduler.next(now).into_iter().flat_map(|fetch| fetch.in_flight).collect()
    }

    fn settle(&mut self, cart: &str, lane: u32, verdict: &AttemptVerdict, next_due: Option<u64>) {
        let now = self.now();
        self.scheduler.settled(&key(cart), &lane, verdict, next_due, now, u64::MAX);
    }

    fn wake_in(&mut self) -> Option<u64> {
        let now = self.now();
        self.scheduler.wake_at().map(|at| now.until_ms(at))
    }

    fn standing(&mut self, cart: &str) -> CartState {
        let now = self.now();
        self.scheduler.standing(&key(cart), now).expect("the cart is known")
    }
}

fn asked(carts: &[(&str, u32)]) -> Vec<(String, u32)> {
    carts.iter().map(|(cart, at_most)| ((*cart).to_owned(), *at_most)).collect()
}

#[test]
fn a_cart_is_asked_for_as_many_as_it_may_have_in_flight() {
    let mut desk = Desk::new(100);
    desk.set("a/one", &rules(3));
    assert_eq!((desk.next(), desk.wake_in()), (vec![], None));
    desk.work("a/one");
    assert_eq!(desk.wake_in(), Some(0));
    assert_eq!(desk.next(), asked(&[("a/one", 3)]));
    assert_eq!((desk.next(), desk.wake_in()), (vec![], None), "one fetch at a time");
    assert_eq!(desk.found("a/one", &[1, 2], None), [1, 2]);
    desk.work("a/one");
    assert_eq!(desk.next(), asked(&[("a/one", 1)]));
    assert_eq!(desk.found("a/one", &[3, 4], None), [3], "one more than was granted stays");
    assert_eq!((desk.next(), desk.wake_in()), (vec![], None), "it is full");
    desk.settle("a/one", 2, &verdict(Sign::Answered), None);
    assert_eq!(desk.next(), asked(&[("a/one", 1)]));
    assert_eq!(desk.found("a/one", &[3], None), Vec::<u32>::new(), "a lane in flight is not started again");
    assert_eq!(desk.scheduler.in_flight(), 2);
    desk.settle("a/one", 2, &verdict(Sign::Failed), Some(0));
    assert_eq!((desk.scheduler.in_flight(), desk.next()), (2, vec![]), "settling twice changes nothing");
}

#[test]
fn a_fetch_names_the_lanes_in_flight_and_the_time() {
    let mut desk = Desk::new(9);
    desk.set("a/one", &rules(3));
    desk.work("a/one");
    desk.next();
    desk.found("a/one", &[7], Some(1_000_005));
    assert_eq!(desk.wake_in(), Some(5));
    desk.wall += 6;
    let now = desk.now();
    let fetch = Fetch { cart: key("a/one"), at_most: 2, due_by_unix_ms: 1_000_006, in_flight: vec![7] };
    assert_eq!(desk.scheduler.next(now), [fetch]);
}

#[test]
fn slots_go_round_between_merchants_first() {
    let mut desk = Desk::new(4);
    for cart in ["a/one", "a/two", "a/six", "b/one"] {
        desk.set(cart, &rules(4));
        desk.work(cart);
    }
    assert_eq!(desk.next(), asked(&[("a/one", 1), ("b/one", 2), ("a/two", 1)]));
    // A slot that comes free goes to whoever waited longest, not to who just had one.
    assert_eq!(desk.found("b/one", &[1], None), [1]);
    assert_eq!(desk.next(), asked(&[("a/six", 1)]));
    desk.settle("b/one", 1, &verdict(Sign::Answered), Some(0));
    desk.found("a/one", &[1], Some(0));
    assert_eq!(desk.next(), asked(&[("b/one", 1)]));
}

#[test]
fn work_that_comes_during_a_fetch_is_not_lost() {
    let mut desk = Desk::new(9);
    desk.set("a/one", &rules(1));
    desk.work("a/one");
    desk.next();
    desk.work("a/one");
    assert!(desk.found("a/one", &[], None).is_empty());
    assert_eq!(desk.next(), asked(&[("a/one", 1)]));
}

#[test]
fn work_for_a_lane_that_was_left_out_is_not_lost() {
    let mut desk = Desk::new(9);
    desk.set("a/one", &rules(2));
    desk.work("a/one");
    desk.next();
    desk.found("a/one", &[1], None);
    // The outbox has the attempt's end on disk, and that the lane is empty; then one more update of the same order is accepted.
    desk.work("a/one");
    assert_eq!(desk.next(), asked(&[("a/one", 1)]));
    assert!(desk.found("a/one", &[], None).is_empty());
    desk.settle("a/one", 1, &verdict(Sign::Answered), None);
    assert_eq!(desk.next(), asked(&[("a/one", 2)]));
    assert_eq!(desk.found("a/one", &[1], None), [1]);
    desk.settle("a/one", 1, &verdict(Sign::Answered), None);
    assert_eq!((desk.next(), desk.wake_in()), (vec![], None), "without news nobody asks");
}

#[test]
fn an_outbox_that_contradicts_itself_is_no_busy_loop() {
    let mut desk = Desk::new(9);
    desk.set("a/one", &rules(1));
    desk.work("a/one");
    for _ in 0..3 {
        assert_eq!(desk.next(), asked(&[("a/one", 1)]));
        desk.found("a/one", &[], Some(0));
        assert_eq!((desk.next(), desk.wake_in()), (vec![], Some(EMPTY_FETCH_MS)));
        desk.wall += EMPTY_FETCH_MS;
    }
}

#[test]
fn the_fifth_failure_leaves_the_cart_alone_and_the_fourth_does_not() {
    let mut desk = Desk::new(9);
    desk.set("a/one", &rules(2));
    for lane in 1..=5 {
        desk.work("a/one");
        assert_eq!(desk.next().len(), 1, "failure {lane}");
        assert_eq!(desk.found("a/one", &[lane], None), [lane]);
        desk.settle("a/one", lane, &verdict(Sign::Failed), None);
    }
    desk.work("a/one");
    assert_eq!((desk.next(), desk.wake_in()), (vec![], Some(OPEN_MS_FIRST)));
    desk.wall += OPEN_MS_FIRST;
    assert_eq!(desk.next(), asked(&[("a/one", 1)]));
    assert_eq!(desk.found("a/one", &[6, 7], None), [6]);
    assert_eq!((desk.next(), desk.wake_in()), (vec![], None), "one probe");
    desk.settle("a/one", 6, &verdict(Sign::Answered), None);
    assert_eq!(desk.next(), asked(&[("a/one", 2)]));
    let open = Breaker::Open { until_unix_ms: 1_000_000 + OPEN_MS_FIRST };
    let changes = desk.scheduler.take_breaker_changes();
    assert_eq!(changes, [open, Breaker::HalfOpen, Breaker::Closed].map(|breaker| (key("a/one"), breaker)));
    assert!(desk.scheduler.take_breaker_changes().is_empty());
}

#[test]
fn a_pause_holds_what_was_fetched_and_ends_by_itself_or_by_hand() {
    let mut desk = Desk::new(9);
    desk.set("a/one", &rules(2));
    desk.work("a/one");
    desk.next();
    let now = desk.now();
    desk.scheduler.pause(&key("a/one"), Some(now.unix_ms() + 500), now);
    desk.scheduler.pause(&key("a/one"), Some(now.unix_ms() + 300), now);
    assert!(desk.found("a/one", &[1], None).is_empty());
    assert_eq!((desk.next(), desk.wake_in(), desk.standing("a/one").pause), (vec![], Some(500), Pause::Until(1_000_500)));
    desk.wall += 500;
    assert_eq!((desk.next(), desk.standing("a/one").pause), (asked(&[("a/one", 2)]), Pause::None));
    desk.found("a/one", &[1, 2], Some(0));
    let now = desk.now();
    desk.scheduler.pause(&key("a/one"), None, now);
    desk.settle("a/one", 1, &verdict(Sign::Nothing), Some(0));
    let rest = CartStep::Pause { reason: PauseReason::RateLimited, until_unix_ms: Some(0) };
    desk.settle("a/one", 2, &AttemptVerdict { cart: Some(rest), ..verdict(Sign::RateLimited) }, Some(0));
    assert_eq!((desk.next(), desk.wake_in(), desk.standing("a/one").pause), (vec![], None, Pause::ByHand));
    let now = desk.now();
    desk.scheduler.resume(&key("a/one"), now);
    assert_eq!(desk.next(), asked(&[("a/one", 2)]));
}

#[test]
fn a_person_who_resumes_has_an_open_breaker_tried_at_once() {
    let mut desk = Desk::new(9);
    desk.set("a/one", &rules(5));
    desk.work("a/one");
    desk.next();
    desk.found("a/one", &[1, 2, 3, 4, 5], Some(0));
    (1..=5).for_each(|lane| desk.settle("a/one", lane, &verdict(Sign::Failed), None));
    assert_eq!((desk.next(), desk.wake_in()), (vec![], Some(OPEN_MS_FIRST)));
    let now = desk.now();
    desk.scheduler.resume(&key("a/one"), now);
    assert_eq!(desk.next(), asked(&[("a/one", 1)]));
}

#[test]
fn a_rest_counts_once_however_many_were_in_flight() {
    let mut desk = Desk::new(9);
    desk.set("a/one", &rules(4));
    desk.work("a/one");
    desk.next();
    desk.found("a/one", &[1, 2, 3], None);
    let limited = |until| AttemptVerdict {
        cart: Some(CartStep::Pause { reason: PauseReason::RateLimited, until_unix_ms: Some(until) }),
        ..verdict(Sign::RateLimited)
    };
    desk.settle("a/one", 1, &limited(1_010_000), None);
    desk.settle("a/one", 2, &limited(1_010_000), None);
    desk.settle("a/one", 3, &verdict(Sign::Answered), None);
    assert_eq!(desk.scheduler.rate_limits(&key("a/one")), 1);
    desk.wall += 10_000;
    desk.work("a/one");
    desk.next();
    desk.found("a/one", &[1, 2], None);
    desk.settle("a/one", 1, &limited(1_030_000), None);
    assert_eq!(desk.scheduler.rate_limits(&key("a/one")), 2);
    desk.wall += 20_000;
    desk.settle("a/one", 2, &verdict(Sign::Answered), None);
    assert_eq!(desk.scheduler.rate_limits(&key("a/one")), 0);
}

#[test]
fn a_disabled_cart_and_a_removed_one_start_nothing() {
    let mut desk = Desk::new(9);
    desk.set("a/one", &rules(2));
    desk.work("a/one");
    desk.next();
    desk.found("a/one", &[1], Some(0));
    desk.settle("a/one", 1, &AttemptVerdict { cart: Some(CartStep::Disable), ..verdict(Sign::Nothing) }, Some(0));
    assert_eq!((desk.next(), desk.standing("a/one").disabled), (vec![], true));
    let now = desk.now();
    desk.scheduler.enable(&key("a/one"), now);
    assert_eq!(desk.next(), asked(&[("a/one", 2)]));
    desk.found("a/one", &[1], Some(0));
    desk.scheduler.remove(&key("a/one"), now);
    assert_eq!((desk.next(), desk.scheduler.standing(&key("a/one"), now)), (vec![], None));
    // It comes back while its last order is in flight: that order is not started twice.
    desk.set("a/one", &rules(2));
    assert_eq!(desk.next(), asked(&[("a/one", 1)]));
    assert!(desk.found("a/one", &[1], None).is_empty());
    desk.scheduler.remove(&key("a/one"), now);
    desk.settle("a/one", 1, &verdict(Sign::Answered), Some(0));
    assert_eq!((desk.scheduler.in_flight(), desk.scheduler.carts.len(), desk.next()), (0, 0, vec![]));
    desk.work("a/one");
    assert_eq!((desk.next(), desk.scheduler.numbers.len()), (vec![], 0));
}

#[test]
fn a_rate_starts_one_at_a_time_and_changes_at_once() {
    let mut desk = Desk::new(9);
    let minutes = DeliveryRules { rate: Rate::per_minute(1).ok(), ..rules(4) };
    desk.set("a/one", &minutes);
    desk.work("a/one");
    assert_eq!(desk.next(), asked(&[("a/one", 1)]));
    desk.found("a/one", &[1], Some(0));
    assert_eq!((desk.next(), desk.wake_in()), (vec![], Some(60_000)));
    desk.set("a/one", &DeliveryRules { rate: Rate::per_second(1).ok(), ..rules(4) });
    assert_eq!(desk.wake_in(), Some(1_000));
    desk.wall += 999;
    assert!(desk.next().is_empty());
    desk.wall += 1;
    assert_eq!(desk.next(), asked(&[("a/one", 1)]));
}

#[test]
fn a_clock_set_back_delays_nothing_and_one_set_far_forward_does_not_spin() {
    let mut desk = Desk::new(9);
    desk.set("a/one", &rules(1));
    let now = desk.now();
    desk.scheduler.work(&key("a/one"), now.unix_ms() + 5_000, now);
    assert_eq!(desk.wake_in(), Some(5_000));
    desk.wall -= 900_000;
    assert_eq!(desk.wake_in(), Some(5_000));
    desk.wall += 5_000;
    assert_eq!(desk.next(), asked(&[("a/one", 1)]));
    desk.found("a/one", &[1], None);
    desk.wall = u64::MAX;
    desk.settle("a/one", 1, &verdict(Sign::Failed), Some(u64::MAX));
    assert_eq!(desk.next(), asked(&[("a/one", 1)]));
    desk.found("a/one", &[], None);
    assert_eq!((desk.next(), desk.wake_in()), (vec![], None));
    desk.wall = 0;
    assert_eq!((desk.next(), desk.wake_in()), (vec![], None));
}

#[test]
fn what_no_schedule_can_have_meant_is_due_at_once() {
    let mut desk = Desk::new(9);
    desk.set("a/one", &rules(1));
    let now = desk.now();
    desk.scheduler.work(&key("a/one"), now.unix_ms() + WAIT_MS_MAX, now);
    assert_eq!((desk.next(), desk.wake_in()), (vec![], Some(WAIT_MS_MAX)));
    let far = now.unix_ms() + WAIT_MS_MAX + 1;
    desk.set("a/two", &rules(1));
    desk.scheduler.work(&key("a/two"), far, now);
    let fetch = Fetch { cart: key("a/two"), at_most: 1, due_by_unix_ms: far, in_flight: vec![] };
    assert_eq!(desk.scheduler.next(now), [fetch]);
    assert_eq!((desk.found("a/two", &[], None), desk.next()), (vec![], vec![]));
}

#[test]
fn a_fault_of_this_machine_counts_as_nothing_and_lets_the_cart_rest() {
    let now = Timeline::default().now(1_000_000);
    let (rules, history) = (rules(1), History { attempts: 99, plugin_faults: 2, rate_limits: 0, age_ms: 1_000_000 });
    for draw in [0, u64::MAX] {
        let verdict = after(Fate::LocalFault, &history, &Policy { rules: &rules, full_state: false }, now, draw);
        let NextStep::Retry { due_unix_ms, counted: false } = verdict.update else { panic!("{verdict:?}") };
        assert!((1_000_000 + LOCAL_FAULT_MS / 2..=1_000_000 + LOCAL_FAULT_MS).contains(&due_unix_ms), "{due_unix_ms}");
        assert_eq!((verdict.cart, verdict.sign), (Some(CartStep::Rest { until_unix_ms: due_unix_ms }), Sign::Nothing));
    }
}

#[test]
fn a_verdict_is_what_a_fate_leads_to() {
    let mut desk = Desk::new(9);
    desk.set("a/one", &rules(1));
    desk.work("a/one");
    desk.next();
    desk.found("a/one", &[1], None);
    let (now, history) = (desk.now(), History::default());
    let (rules, fate) = (rules(1), Fate::PauseCart { reason: PauseReason::RateLimited, for_ms: Some(7_000) });
    let verdict = after(fate, &history, &Policy { rules: &rules, full_state: false }, now, 0);
    desk.settle("a/one", 1, &verdict, Some(now.unix_ms()));
    assert_eq!((desk.next(), desk.wake_in()), (vec![], Some(7_000)));
}

#[test]
fn of_suspects_one_is_tried_at_a_time_and_nobody_waits_for_it() {
    let mut desk = Desk::new(10);
    for cart in ["a/shop", "b/shop"] {
        desk.set(cart, &rules(4));
        desk.work(cart);
    }
    assert_eq!(desk.next().len(), 2);
    assert_eq!(desk.found_suspects("a/shop", &[1, 2]), [1]);
    assert_eq!(desk.found_suspects("b/shop", &[7]), Vec::<u32>::new(), "of all carts together");
    desk.work("a/shop");
    assert_eq!(desk.left_out(), [1, 2], "it is not asked for again and again");
    assert_eq!(desk.found("a/shop", &[3], None), [3], "others go on");
    desk.settle("a/shop", 3, &verdict(Sign::Answered), None);
    assert_eq!(desk.next(), [], "the trial is not over");
    desk.settle("a/shop", 1, &verdict(Sign::Answered), None);
    assert_eq!(desk.next(), [("b/shop".into(), 4), ("a/shop".into(), 4)], "the others are asked for again");
    assert_eq!(desk.found_suspects("b/shop", &[7]), [7]);
    assert_eq!(desk.found_suspects("a/shop", &[2]), Vec::<u32>::new());
    let now = desk.now();
    desk.scheduler.remove(&key("a/shop"), now);
    desk.settle("b/shop", 7, &verdict(Sign::Answered), None);
    assert_eq!(desk.next(), [], "a cart that was let go holds nothing");
}

#[test]
fn credentials_that_nobody_knows_of_are_tried_with_one_order() {
    let refused = AttemptVerdict {
        cart: Some(CartStep::Pause { reason: PauseReason::Credentials, until_unix_ms: None }),
        ..AttemptVerdict::not_tried(Timeline::default().now(0), 0)
    };
    let others = AttemptVerdict { cart: Some(CartStep::Prove), ..refused };
    let mut desk = Desk::new(10);
    desk.set("a/shop", &rules(4));
    desk.work("a/shop");
    assert_eq!(desk.next(), [("a/shop".into(), 4)]);
    assert_eq!(desk.found("a/shop", &[1, 2, 3], None), [1, 2, 3]);
    desk.settle("a/shop", 1, &others, Some(0));
    assert_eq!(desk.next(), [("a/shop".into(), 1)], "one, while others of before are still in flight");
    assert_eq!(desk.found("a/shop", &[1, 4], None), [1]);
    desk.settle("a/shop", 2, &others, Some(0));
    desk.settle("a/shop", 3, &verdict(Sign::Answered), None);
    assert_eq!(desk.next(), [], "what began before proves nothing and begins nothing");
    desk.settle("a/shop", 1, &verdict(Sign::Failed), Some(0));
    assert_eq!(desk.next(), [("a/shop".into(), 1)], "no answer: the next order is to prove it");
    assert_eq!(desk.found("a/shop", &[2, 4], None), [2]);
    desk.settle("a/shop", 2, &refused, Some(0));
    assert_eq!(desk.next(), [], "it is paused");
    let now = desk.now();
    desk.scheduler.resume(&key("a/shop"), now);
    assert_eq!(desk.next(), [("a/shop".into(), 1)], "after the pause as well");
    assert_eq!(desk.found("a/shop", &[2, 4], None), [2]);
    desk.settle("a/shop", 2, &verdict(Sign::Answered), None);
    assert_eq!(desk.next(), [("a/shop".into(), 4)], "it takes them");
}
