use super::super::deliveries::tests::update;
use super::*;
use crate::service::Service;
use cartage_base::clock::ManualClock;
use cartage_contract::http::Reach;
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{CartId, DeliveryId, Digest, SenderOrderNumber};
use cartage_model::parameters::{Scope, assign};
use cartage_model::receipt::{Fate, Receipt};
use cartage_store::cassettes::{Personal, Tape};
use cartage_store::orders::{LabelRow, OrderRef};
use cartage_store::outbox::{self, ClaimRequest, Claimed, Outbox as _, Settle, Settlement};
use cartage_store::{View, audit, cassettes, decisions, idempotency, orders, receipts};
use std::sync::Arc;

const AT: u64 = 1_800_000_000_000;

struct Desk {
    _folder: tempfile::TempDir,
    service: Service,
    clock: Arc<ManualClock>,
}

fn order(number: &str) -> OrderRef {
    OrderRef { cart: CartId::new("shop").expect("it is a Cart ID"), number: SenderOrderNumber::new(number) }
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
        let clock = Arc::new(ManualClock::at(AT));
        let service = Service::init(&folder.path().join("data"), clock.clone()).expect("it is made");
        Desk { _folder: folder, service, clock }
    }

    /// Ends the program and starts it again.
    fn open_again(&mut self) {
        let path = self.service.data_dir().path().to_owned();
        // The lock goes with the last clone.
        let elsewhere = tempfile::tempdir().expect("the tests need a directory for temporary files");
        self.service = Service::init(&elsewhere.path().join("data"), self.clock.clone()).expect("it is made");
        self.service = Service::open(&path, self.clock.clone()).expect("it is there");
    }

    async fn write(&self, write: impl FnOnce(&store::Tx<'_>, &MerchantId) -> Result<(), store::Error> + Send + 'static) {
        let merchant = self.service.merchant().clone();
        self.service.store().write(move |tx| write(tx, &merchant)).await.expect("it can be written");
    }

    async fn read<T: Send + 'static>(&self, read: impl FnOnce(&View<'_>, &MerchantId) -> Result<T, store::Error> + Send + 'static) -> T {
        let merchant = self.service.merchant().clone();
        self.service.store().read(move |view| read(view, &merchant)).await.expect("it can be read")
    }

    /// Accepts an update and settles it at once. Its delivery has the order's number as its id.
    async fn settled(&self, number: &str, settlement: Settlement) {
        let (merchant, at_unix_ms, delivery) = (self.service.merchant().clone(), self.service.now_unix_ms(), DeliveryId::named(number));
        let new = outbox::New {
            merchant: merchant.clone(),
            order: order(number),
            delivery: delivery.clone(),
            update: Box::new(update(number)),
            labels: vec![LabelRow { line: String::new(), text: "Order Shipped".to_owned() }],
            packages: Vec::new(),
            at_unix_ms,
        };
        self.service.outbox().accept(vec![new]).await.expect("it is accepted");
        self.write({
            let number = number.to_owned();
            move |tx, merchant| decisions::add(tx, merchant, &order(&number), &decisions::DecisionRow { at_unix_ms, json: "{}".into() })
        })
        .await;
        let wish = ClaimRequest { merchant: merchant.clone(), order: order(number), poison: Then::Go, busy_ms: 0, at_unix_ms };
        let claimed = self.service.outbox().claim(vec![wish]).await.expect("it is claimed").pop();
        let Some(Claimed::Claim(claim)) = claimed else { panic!("{claimed:?}") };
        let receipt = Receipt {
            cart: order(number).cart,
            delivery: delivery.clone(),
            attempt: claim.attempt,
            at_unix_ms,
            took_ms: 1,
            plugin: Digest::of(b"x"),
            reach: Reach::Answered,
            fate: if matches!(settlement, Settlement::Delivered) { Fate::Delivered } else { Fate::Retry { floor_ms: None } },
            message: None,
            reference: None,
            steps: Vec::new(),
            packages: Vec::new(),
        };
        let settle = Settle {
            merchant,
            order: order(number),
            delivery,
            attempt: claim.attempt,
            receipt: Some(receipt),
            steps: Vec::new(),
            lingers: false,
            resume: None,
            told: cartage_store::orders::Told::default(),
            cassette: Some(Tape::redacted("{}")),
            settlement,
            at_unix_ms,
        };
        self.service.outbox().settle(vec![settle]).await.expect("it is settled");
    }

    /// The number of rows deleted at a moment, by kind, without kinds that lost none.
    async fn gone_at(&self, at_unix_ms: u64) -> Vec<(RecordKind, u64)> {
        self.clock.advance_ms(at_unix_ms - self.service.now_unix_ms());
        let would = self.service.retention().retain_dry().await.expect("it can be counted");
        let gone = self.service.retention().retain().await.expect("it can be deleted");
        assert_eq!(would, gone, "what is counted is what goes");
        let none = self.service.retention().retain_dry().await.expect("it can be counted");
        assert!(none.iter().all(|one| one.older == 0), "{none:?}");
        gone.into_iter().filter(|one| one.older > 0).map(|one| (one.kind, one.older)).collect()
    }
}

fn delivered() -> Settlement {
    Settlement::Delivered
}

#[tokio::test]
async fn each_kind_is_kept_for_its_days_and_not_a_millisecond_longer() {
    let desk = Desk::new();
    desk.settled("1021", delivered()).await;
    desk.write(|tx, merchant| {
        audit::add(tx, merchant, &audit::Line { at_unix_ms: AT, who: "x".into(), what: "y".into(), subject: "z".into(), detail: None })?;
        let tape = Tape { json: "{}".into(), personal: Personal::Raw };
        for (attempt, failed) in [(8, true), (9, false)] {
            let (delivery, tape) = (DeliveryId::named("raw"), if failed { Tape::redacted("{}") } else { tape.clone() });
            cassettes::put(tx, merchant, &cassettes::CassetteRow { delivery, attempt, at_unix_ms: AT, failed, tape })?;
        }
        idempotency::put(tx, merchant, "key", Digest::of(b"body"), None, "{}", AT).map(drop)
    })
    .await;
    for (days, kinds) in [
        (1, vec![(RecordKind::RawCassettes, 1)]),
        (7, vec![(RecordKind::IdempotencyKeys, 1)]),
        (14, vec![(RecordKind::Cassettes, 1)]),
        (30, vec![(RecordKind::FailedCassettes, 1)]),
        (90, vec![(RecordKind::Receipts, 1)]),
        (365, vec![(RecordKind::Audit, 1)]),
        (730, vec![(RecordKind::Decisions, 1), (RecordKind::Orders, 1)]),
    ] {
        assert_eq!(desk.gone_at(AT + days * DAY_MS).await, [], "{days} days are kept");
        assert_eq!(desk.gone_at(AT + days * DAY_MS + 1).await, kinds, "after {days} days");
    }
    assert_eq!(desk.read(|view, merchant| orders::get(view, merchant, &order("1021"))).await, None);
}

#[tokio::test]
async fn a_merchant_may_keep_things_longer_and_others_do_not() {
    let desk = Desk::new();
    let set = assign("KeepCassettesDays", Scope::System, "20").expect("it is a number of days");
    desk.service.configuration().set_parameter(&set).await.expect("it is set");
    let other = MerchantId::new("other").expect("it is a name");
    desk.write(move |tx, merchant| {
        merchants::put(tx, &other, AT)?;
        [merchant, &other].into_iter().try_for_each(|merchant| {
            let (delivery, tape) = (DeliveryId::named("d"), Tape::redacted("{}"));
            cassettes::put(tx, merchant, &cassettes::CassetteRow { delivery, attempt: 1, at_unix_ms: AT, failed: false, tape })
        })
    })
    .await;
    assert_eq!(desk.gone_at(AT + 14 * DAY_MS + 1).await, [(RecordKind::Cassettes, 1)], "the other's");
    assert_eq!(desk.gone_at(AT + 20 * DAY_MS).await, []);
    assert_eq!(desk.gone_at(AT + 20 * DAY_MS + 1).await, [(RecordKind::Cassettes, 1)]);
    for wrong in ["0", "-1", "36501", "1.5", "x"] {
        assert!(assign("KeepCassettesDays", Scope::System, wrong).is_err(), "{wrong}");
    }
    assert!(assign("KeepOrderStateDays", Scope::System, "29").is_err() && assign("KeepOrderStateDays", Scope::System, "30").is_ok());
}

#[tokio::test]
async fn nothing_that_waits_or_is_dead_goes_however_old_it_is() {
    let desk = Desk::new();
    let dead = |then| Settlement::Dead { reason: Reason::TooOld, then };
    desk.settled("blocked", dead(Then::Block)).await;
    desk.settled("dead", dead(Then::Go)).await;
    let retry = Settlement::Retry { due_at_unix_ms: AT + 1, counted: outbox::Counted::Attempt };
    desk.settled("queued", retry).await;
    desk.settled("done", delivered()).await;
    let gone = desk.gone_at(AT + 10_000 * DAY_MS).await;
    assert_eq!(
        gone,
        [
            (RecordKind::Receipts, 1),
            (RecordKind::Cassettes, 1),
            (RecordKind::FailedCassettes, 3),
            (RecordKind::Decisions, 1),
            (RecordKind::Orders, 1)
        ],
        "of what was delivered, and recordings"
    );
    for number in ["blocked", "dead", "queued"] {
        let shown = desk.service.deliveries().find(&DeliveryId::named(number)).await.expect("it is looked up").expect("it is there");
        assert!(shown.found.is_some() && shown.receipts.len() == 1, "{number}: {shown:?}");
        let (kept, decisions) = desk
            .read(move |view, merchant| {
                Ok((orders::get(view, merchant, &order(number))?, decisions::list(view, merchant, &order(number))?))
            })
            .await;
        assert!(kept.is_some() && decisions.len() == 1, "{number}");
    }
    let all = desk.service.deliveries().dead_letters(&super::super::Which::default()).await.expect("they are listed");
    assert_eq!(all.len(), 2);
    assert_eq!(desk.read(|view, merchant| receipts::of_delivery(view, merchant, &DeliveryId::named("done"))).await, Vec::<String>::new());
}

#[tokio::test]
async fn many_go_in_small_transactions_between_which_others_write() {
    let desk = Desk::new();
    let keys = u64::from(BATCH_ROWS) * 3 + 1;
    desk.write(move |tx, merchant| {
        (0..keys).try_for_each(|nth| idempotency::put(tx, merchant, &nth.to_string(), Digest::of(b"body"), None, "{}", AT).map(drop))
    })
    .await;
    let before = desk.service.store().writes_and_commits().0;
    assert_eq!(desk.gone_at(AT + 7 * DAY_MS + 1).await, [(RecordKind::IdempotencyKeys, keys)]);
    let writes = desk.service.store().writes_and_commits().0 - before;
    assert_eq!(writes, RecordKind::ALL.len() as u64 + 3 + 1, "one for each kind, three more for the keys, and what is known of the clock");
}

#[tokio::test]
async fn nothing_goes_on_the_word_of_a_clock_that_jumped() {
    let mut desk = Desk::new();
    desk.settled("done", delivered()).await;
    desk.write(|tx, merchant| idempotency::put(tx, merchant, "key", Digest::of(b"body"), None, "{}", AT).map(drop)).await;
    for now in [AT + 1_100 * DAY_MS, AT + 8 * DAY_MS, 0, AT + 20 * 365 * DAY_MS] {
        desk.clock.set_unix_ms(now);
        for started in ["running", "started again"] {
            assert_eq!(gone(&desk.service.retention().retain().await.expect("it looks")), [], "{now}, {started}");
            assert_eq!(gone(&desk.service.retention().retain_dry().await.expect("it looks")), [], "{now}, {started}");
            assert!(desk.service.clock_doubt().is_some(), "{now}, {started}");
            desk.open_again();
        }
    }
    desk.clock.set_unix_ms(AT);
    assert_eq!(desk.service.clock_doubt(), None, "it was put right");
    desk.clock.advance_ms(7 * DAY_MS + 1);
    assert_eq!(gone(&desk.service.retention().retain().await.expect("it looks")), [RecordKind::IdempotencyKeys]);
}

fn gone(all: &[Retained]) -> Vec<RecordKind> {
    all.iter().filter(|one| one.older > 0).map(|one| one.kind).collect()
}

#[tokio::test]
async fn a_person_who_confirms_the_clock_is_believed_from_then_on() {
    let mut desk = Desk::new();
    let doubt = Some(cartage_base::clock::Doubt::Ahead(30 * DAY_MS));
    desk.clock.set_unix_ms(AT + 30 * DAY_MS);
    assert_eq!(desk.service.clock_doubt(), doubt);
    assert_eq!(desk.service.confirm_clock().await.expect("it is kept"), doubt);
    assert_eq!(desk.service.confirm_clock().await.expect("it is kept"), None);
    desk.open_again();
    assert_eq!(desk.service.clock_doubt(), None, "it was kept");
    let lines = desk.read(|view, merchant| audit::last(view, merchant, 10)).await;
    let confirmed: Vec<_> = lines.iter().filter(|line| line.what == "clock confirm").collect();
    assert_eq!(confirmed.len(), 1, "{lines:?}");
    assert_eq!(desk.service.age_ms(AT + 30 * DAY_MS), 0);
}

#[tokio::test]
async fn the_daemon_s_job_deletes_until_it_is_told_to_stop() {
    let desk = Desk::new();
    desk.write(|tx, merchant| idempotency::put(tx, merchant, "key", Digest::of(b"body"), None, "{}", AT).map(drop)).await;
    desk.clock.advance_ms(7 * DAY_MS + 1);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let service = desk.service.clone();
    let job = tokio::spawn(async move {
        let until = async {
            let _ = stopped.await;
        };
        service.retention().retain_every(Duration::ZERO, EVERY, until).await;
    });
    let key = || desk.read(|view, merchant| idempotency::get(view, merchant, "key", Digest::of(b"body")));
    while key().await != idempotency::KeyState::New {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    stop.send(()).expect("it waits for that");
    job.await.expect("it ends");
}
