use super::*;
use crate::service::Service;
use cartage_base::clock::ManualClock;
use cartage_contract::orders::Update;
use cartage_model::id::SenderOrderNumber;
use cartage_policy::validate::civil_time;
use cartage_store::outbox::{ClaimRequest, Settle, Settled, Settlement};
use std::sync::Arc;

const AT: u64 = 1_800_000_000_000;

/// A data directory with deliveries in it, and a clock.
struct Desk {
    _folder: tempfile::TempDir,
    service: Service,
    clock: Arc<ManualClock>,
}

fn order(number: &str) -> OrderRef {
    OrderRef { cart: CartId::new("shop").expect("it is a Cart ID"), number: SenderOrderNumber::new(number) }
}

fn id(text: &str) -> DeliveryId {
    DeliveryId::named(text)
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
        let clock = Arc::new(ManualClock::at(AT));
        let service = Service::init(&folder.path().join("data"), clock.clone()).expect("it is made");
        Desk { _folder: folder, service, clock }
    }

    async fn accept(&self, number: &str, delivery: &str) {
        let new = outbox::New {
            merchant: self.service.merchant().clone(),
            order: order(number),
            delivery: id(delivery),
            update: Box::new(update(number)),
            labels: vec![store::orders::LabelRow { line: String::new(), text: delivery.to_owned() }],
            packages: Vec::new(),
            at_unix_ms: self.service.now_unix_ms(),
        };
        self.service.outbox().accept(vec![new]).await.expect("it is accepted");
        self.clock.advance_ms(1);
    }

    /// Turns the head of an order's queue into a dead letter.
    async fn die(&self, number: &str, then: Then) {
        let (merchant, at_unix_ms) = (self.service.merchant().clone(), self.service.now_unix_ms());
        let wish = ClaimRequest { merchant: merchant.clone(), order: order(number), poison: then, busy_ms: 0, at_unix_ms };
        let claimed = self.service.outbox().claim(vec![wish]).await.expect("it is claimed").pop();
        let Some(outbox::Claimed::Claim(claim)) = claimed else { panic!("{claimed:?}") };
        let settle = Settle {
            merchant,
            order: order(number),
            delivery: claim.delivery,
            attempt: claim.attempt,
            receipt: None,
            steps: Vec::new(),
            lingers: false,
            resume: None,
            told: cartage_store::orders::Told::default(),
            cassette: None,
            settlement: Settlement::Dead { reason: Reason::TooOld, then },
            at_unix_ms,
        };
        let settled = self.service.outbox().settle(vec![settle]).await.expect("it is settled");
        assert!(matches!(settled[..], [Settled::Done { .. }]), "{settled:?}");
        self.clock.advance_ms(1);
    }

    async fn listed(&self, which: Which, most: u32) -> [Vec<String>; 2] {
        let listed = self.service.deliveries().list(&which, most).await.expect("they are listed");
        let dead = listed.dead.iter().map(|dead| dead.delivery.to_string()).collect();
        [dead, listed.queued.iter().map(|queued| queued.delivery.to_string()).collect()]
    }

    async fn label(&self, number: &str) -> Option<String> {
        let merchant = self.service.merchant().clone();
        let order = order(number);
        let known = self.service.store().read::<_, store::Error>(move |view| store::orders::get(view, &merchant, &order)).await;
        known.expect("it can be read")?.label("").map(|label| label.label.text.clone())
    }

    async fn audit(&self) -> Vec<(String, Option<String>)> {
        let merchant = self.service.merchant().clone();
        let lines = self.service.store().read::<_, store::Error>(move |view| audit::last(view, &merchant, 10)).await;
        lines.expect("it can be read").into_iter().map(|line| (line.what, line.detail)).collect()
    }
}

/// An update of the given order.
pub(in crate::service) fn update(number: &str) -> Update {
    Update {
        order_number: number.to_owned(),
        reference_number: None,
        label: "Order Shipped".to_owned(),
        status: Some("Shipped".to_owned()),
        previous_label: None,
        changed_at: civil_time(AT),
        note: None,
        comments: None,
        notify_customer: None,
        packages: Vec::new(),
        line_items: Vec::new(),
        changed_at_unix_ms: None,
        packages_complete: None,
        extra: vec![],
    }
}

#[tokio::test]
async fn deliveries_are_listed_by_where_they_are_and_since_when() {
    let desk = Desk::new();
    desk.accept("1021", "first").await;
    desk.accept("1021", "second").await;
    desk.accept("1022", "other").await;
    desk.accept("1023", "gone").await;
    desk.die("1021", Then::Block).await;
    let died = desk.service.now_unix_ms() - 1;
    desk.die("1023", Then::Go).await;
    let at = |at| Which { at: Some(at), ..Which::default() };
    assert_eq!(desk.listed(Which::default(), 10).await, [vec!["gone", "first"], vec!["second", "other"]]);
    assert_eq!(desk.listed(at(Where::Queued), 10).await, [vec![], vec!["second", "other"]]);
    assert_eq!(desk.listed(at(Where::Dead), 10).await, [vec!["gone", "first"], vec![]]);
    assert_eq!(desk.listed(at(Where::Blocked), 10).await, [vec!["first"], vec![]]);
    assert_eq!(desk.listed(Which::default(), 1).await, [vec!["gone"], vec!["second"]]);
    let since = |since| Which { since_unix_ms: Some(since), ..Which::default() };
    assert_eq!(desk.listed(since(AT + 1), 10).await[1], ["second", "other"]);
    assert_eq!(desk.listed(since(AT + 2), 10).await[1], ["other"]);
    assert_eq!(desk.listed(since(died), 10).await[0], ["gone", "first"]);
    assert_eq!(desk.listed(since(died + 1), 10).await[0], ["gone"]);
    assert_eq!(desk.listed(Which { reason: Some(Reason::TooOld), ..Which::default() }, 10).await, [vec!["gone", "first"], vec![]]);
    assert_eq!(desk.listed(Which { reason: Some(Reason::Poison), ..Which::default() }, 10).await, [Vec::<String>::new(), Vec::new()]);
    let nobody = Which { cart: Some(CartId::new("shpo").expect("it is a Cart ID")), ..Which::default() };
    assert!(matches!(desk.service.deliveries().list(&nobody, 10).await, Err(Error::NoCart { .. })));
}

#[tokio::test]
async fn one_is_shown_with_what_is_before_it() {
    let desk = Desk::new();
    desk.accept("1021", "first").await;
    desk.accept("1021", "second").await;
    let shown = desk.service.deliveries().find(&id("second")).await.expect("it is looked up").expect("it is there");
    assert_eq!(shown.before, [id("first")]);
    assert!(matches!(shown.found, Some(FoundDelivery::Queued(..))) && shown.receipts.is_empty());
    assert_eq!(desk.service.deliveries().find(&id("third")).await.expect("it is looked up"), None);
}

#[tokio::test]
async fn what_is_under_way_is_not_ended_and_what_is_ended_is_not_begun() {
    let desk = Desk::new();
    desk.accept("1021", "first").await;
    desk.accept("1021", "second").await;
    let held = desk.service.deliveries().hold(&order("1021")).expect("nobody holds it");
    for delivery in ["first", "second"] {
        assert_eq!(desk.service.deliveries().discard(&id(delivery), "wrong").await.expect("it is answered"), DiscardOutcome::UnderWay);
    }
    let cart = (desk.service.merchant().clone(), order("1021").cart);
    let over = desk.service.deliverer().attempt(&cart, &order("1021").number, 0).await.expect("it is answered");
    let again = over.next_due_unix_ms.map(|at| at - desk.service.now_unix_ms());
    assert!(over.tried.is_err() && again == Some(crate::deliver::HELD_MS), "{over:?}");
    assert_eq!(desk.listed(Which::default(), 10).await[1], ["first", "second"]);
    drop(held);

    assert_eq!(desk.label("1021").await.as_deref(), Some("second"));
    assert_eq!(
        desk.service.deliveries().discard(&id("second"), "wrong").await.expect("it is ended"),
        DiscardOutcome::Done { was: Discarded::Queued, merged: vec![] }
    );
    assert_eq!(desk.label("1021").await.as_deref(), Some("first"), "the label before counts again");
    assert_eq!(desk.audit().await, [("delivery discard".to_owned(), Some("wrong".to_owned()))]);
    for delivery in ["second", "third"] {
        assert_eq!(
            desk.service.deliveries().discard(&id(delivery), "wrong").await.expect("it is answered"),
            DiscardOutcome::Done { was: Discarded::NotThere, merged: vec![] }
        );
    }
    assert_eq!(desk.service.wake_signal().news().await.work.into_iter().collect::<Vec<_>>(), [cart]);
}

#[tokio::test]
async fn what_was_merged_into_an_update_ends_with_it_and_that_is_said() {
    let desk = Desk::new();
    for delivery in ["first", "second", "third"] {
        desk.accept("1021", delivery).await;
    }
    let (merchant, now) = (desk.service.merchant().clone(), desk.service.now_unix_ms());
    desk.service.outbox().supersede(merchant.clone(), order("1021"), now).await.expect("it is done").expect("they are merged");
    desk.accept("1021", "fourth").await;
    desk.service.outbox().supersede(merchant, order("1021"), now).await.expect("it is done").expect("they are merged");
    let merged: Vec<_> = [("first", 1), ("second", 2), ("third", 3)]
        .map(|(delivery, sequence)| outbox::MergedUpdate { delivery: id(delivery), sequence })
        .into();
    let shown = desk.service.deliveries().find(&id("fourth")).await.expect("it is looked up").expect("it is there");
    assert_eq!(shown.merged, merged, "before");
    let taken = desk.service.deliveries().discard(&id("fourth"), "wrong").await.expect("it is ended");
    assert_eq!(taken, DiscardOutcome::Done { was: Discarded::Queued, merged }, "in the answer");
    let detail = desk.audit().await.remove(0).1.expect("it says why");
    assert!(
        detail.starts_with("wrong; update 1 (delivery first), update 2 (delivery second) and update 3 (delivery third) end with it"),
        "in the audit: {detail}"
    );
}

#[tokio::test]
async fn an_order_leads_to_its_deliveries() {
    let desk = Desk::new();
    desk.accept("1021", "first").await;
    desk.accept("1022", "other").await;
    desk.accept("1021", "second").await;
    desk.die("1021", Then::Block).await;
    let of =
        |order: &str, at| Which { order: Some(SenderOrderNumber::new(order)), cart: Some(self::order(order).cart), at, ..Which::default() };
    assert_eq!(desk.listed(of("1021", None), 10).await, [vec!["first"], vec!["second"]]);
    assert_eq!(desk.listed(of("1021", Some(Where::Queued)), 10).await, [vec![], vec!["second"]]);
    assert_eq!(desk.listed(of("1021", Some(Where::Blocked)), 10).await, [vec!["first"], vec![]]);
    assert_eq!(desk.listed(of("1022", None), 10).await, [vec![], vec!["other"]]);
    desk.service.deliveries().discard(&id("first"), "wrong").await.expect("it is ended");
    let all = desk.service.deliveries().of_order(&order("1021")).await.expect("they are listed");
    let all: Vec<_> = all.iter().map(|one| (one.delivery.as_str(), one.sequence, &*one.state)).collect();
    assert_eq!(all, [("first", 1, "discarded"), ("second", 2, "queued")]);
    let standing = desk.service.orders().status_of(&id("second")).await.expect("it is looked up").expect("it is known");
    assert!(standing.line().contains("there is no cart shop any more") && standing.must_act(), "{}", standing.line());
}

#[tokio::test]
async fn what_was_begun_is_ended_also_where_nobody_waits_for_it() {
    let desk = Desk::new();
    desk.accept("1021", "first").await;
    let (service, first) = (desk.service.acting_for("token shop-door"), id("first"));
    // Asked once, and dropped: what becomes of a handler whose client hangs up.
    let _ = tokio::time::timeout(std::time::Duration::ZERO, service.deliveries().discard(&first, "wrong")).await;
    assert_eq!(desk.service.wake_signal().news().await.work.len(), 1, "the worker hears of it");
    let shown = desk.service.deliveries().find(&id("first")).await.expect("it is looked up").expect("it is known");
    let how = outbox::EndCause::Discarded { who: "token shop-door".into(), why: "wrong".into() };
    assert!(matches!(shown.found, Some(FoundDelivery::Ended { ending, .. }) if ending.how == how));
    assert!(desk.service.deliveries().hold(&order("1021")).is_some(), "nobody holds it any more");
}

#[tokio::test]
async fn dead_letters_are_tried_again_in_their_order_s_order() {
    let desk = Desk::new();
    for delivery in ["first", "second", "third"] {
        desk.accept("1021", delivery).await;
        desk.die("1021", Then::Go).await;
    }
    let all = desk.service.deliveries().dead_letters(&Which::default()).await.expect("they are listed");
    assert_eq!(all, [id("first"), id("second"), id("third")]);
    let done = desk.service.deliveries().retry(&[id("third"), id("nothing"), id("first")]).await.expect("they are put back");
    let done: Vec<_> = done.into_iter().map(|one| (one.delivery, one.done)).collect();
    let tail = |sequence| Retried::Tail { sequence };
    assert_eq!(done, [(id("third"), tail(5)), (id("nothing"), Retried::NotDead), (id("first"), tail(4))]);
    assert_eq!(desk.listed(Which::default(), 10).await, [vec!["second"], vec!["first", "third"]]);
    assert_eq!(desk.audit().await.len(), 2, "one line for each that was put back");
    assert_eq!(desk.service.wake_signal().news().await.work.len(), 1);
}

#[tokio::test]
async fn the_lock_is_held_for_as_long_as_a_subject_of_the_service_lives() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, clock) = (folder.path().join("data"), Arc::new(ManualClock::at(1_800_000_000_000)));
    let service = Service::init(&path, clock.clone()).expect("it is made");
    let (deliveries, retention, health) = (service.deliveries(), service.retention(), service.health());
    drop(service);
    let is_held = || Service::open(&path, clock.clone()).is_err();
    assert!(is_held());
    drop(deliveries);
    assert!(is_held());
    drop((retention, health));
    assert!(!is_held());
}
