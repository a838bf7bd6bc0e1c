//! A fault of one order's queue stays there: the worker runs in this process, over an outbox that fails for some orders.

use cartage::clock::SystemClock;
use cartage::deliver::Deliverer;
use cartage::deliver::worker::Worker;
use cartage::id::{CartId, DeliveryId, MerchantId};
use cartage::outbox::{
    Backlog, ClaimRequest, Claimed, Count, DeadLetter, Discard, Discarded, Due, DueQuery, Error, Faults, Filter, FoundDelivery, New,
    Outbox, Page, Queued, Rest, Retried, Settle, Settled, Sqlite, Superseded, Suspect,
};
use cartage::service::{Acceptance, Service};
use cartage::store;
use cartage::store::orders::OrderRef;
use cartage_tests::order_checker::{Answer, OrderChecker};
use cartage_tests::outfit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

const PATIENCE: Duration = Duration::from_secs(30);

/// An outbox that fails for orders by their numbers: the fault that each number asks for.
#[derive(Clone)]
struct Failing {
    outbox: Sqlite,
    claims: Arc<AtomicU64>,
}

fn too_large() -> Error {
    store::Error::TooLarge { what: "keep an update", bytes: 2, most: 1 }.into()
}

impl Outbox for Failing {
    async fn claim(&self, wishes: Vec<ClaimRequest>) -> Result<Vec<Claimed>, Error> {
        self.claims.fetch_add(1, Ordering::Relaxed);
        match wishes.first().map(|wish| wish.order.number.as_str()) {
            Some("too-large") => Err(too_large()),
            Some("odd") => {
                Err(store::Error::Sql { what: "note an attempt".into(), source: Box::new(rusqlite::Error::InvalidQuery) }.into())
            }
            Some("panics") => panic!("a fault that this test asked for"),
            Some("stops") => Err(store::Error::Stopped { reason: store::WriteStop::Disk("as this test asked".into()) }.into()),
            _ => self.outbox.claim(wishes).await,
        }
    }

    async fn settle(&self, all: Vec<Settle>) -> Result<Vec<Settled>, Error> {
        match all.first() {
            // Its record is too large to be kept; the bare outcome is not.
            Some(one) if one.order.number.as_str() == "long-record" && one.cassette.is_some() => Err(too_large()),
            Some(one) if one.order.number.as_str() == "never-settles" => Err(too_large()),
            _ => self.outbox.settle(all).await,
        }
    }

    async fn due(&self, look: DueQuery) -> Result<Due, Error> {
        match look.cart.as_str() {
            "odd-cart" => Err(too_large()),
            "panicking-cart" => panic!("a fault that this test asked for"),
            _ => self.outbox.due(look).await,
        }
    }

    async fn accept(&self, all: Vec<New>) -> Result<Vec<u64>, Error> {
        self.outbox.accept(all).await
    }

    async fn suspect(&self, all: Vec<Suspect>) -> Result<(), Error> {
        self.outbox.suspect(all).await
    }

    async fn rest(&self, rest: Rest) -> Result<(), Error> {
        self.outbox.rest(rest).await
    }

    async fn faults(&self, merchant: MerchantId) -> Result<Vec<Faults>, Error> {
        self.outbox.faults(merchant).await
    }

    async fn supersede(&self, merchant: MerchantId, order: OrderRef, at_unix_ms: u64) -> Result<Option<Superseded>, Error> {
        self.outbox.supersede(merchant, order, at_unix_ms).await
    }

    async fn backlogs(&self, merchant: Option<MerchantId>) -> Result<Vec<Backlog>, Error> {
        self.outbox.backlogs(merchant).await
    }

    async fn dead(&self, merchant: MerchantId, filter: Filter, page: Page) -> Result<Vec<DeadLetter>, Error> {
        self.outbox.dead(merchant, filter, page).await
    }

    async fn dead_counts(&self, merchant: MerchantId, filter: Filter) -> Result<Vec<Count>, Error> {
        self.outbox.dead_counts(merchant, filter).await
    }

    async fn queued(&self, merchant: MerchantId, cart: CartId, page: Page) -> Result<Vec<Queued>, Error> {
        self.outbox.queued(merchant, cart, page).await
    }

    async fn find(&self, merchant: MerchantId, delivery: DeliveryId) -> Result<Option<FoundDelivery>, Error> {
        self.outbox.find(merchant, delivery).await
    }

    async fn retry(&self, merchant: MerchantId, deliveries: Vec<DeliveryId>, at_unix_ms: u64) -> Result<Vec<Retried>, Error> {
        self.outbox.retry(merchant, deliveries, at_unix_ms).await
    }

    async fn discard(&self, merchant: MerchantId, deliveries: Vec<DeliveryId>, by: Discard) -> Result<Vec<Discarded>, Error> {
        self.outbox.discard(merchant, deliveries, by).await
    }
}

/// A data directory with these carts, all at one shop, and a worker over it.
struct Stage {
    _folder: tempfile::TempDir,
    service: Service,
    shop: OrderChecker,
    claims: Arc<AtomicU64>,
    stop: oneshot::Sender<()>,
    worker: tokio::task::JoinHandle<Result<usize, cartage::deliver::worker::Error>>,
}

impl Stage {
    async fn new(carts: &[&str], answer_after: Duration) -> Stage {
        Stage::at(OrderChecker::start(answer_after).await.expect("a free port"), carts).await
    }

    async fn at(shop: OrderChecker, carts: &[&str]) -> Stage {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let carts: Vec<_> = carts.iter().map(|id| (outfit::cart_id(*id), shop.script_url(), "[delivery]\nconcurrency = 8")).collect();
        let service = outfit::service(&folder.path().join("data"), &carts).await;
        let claims = Arc::<AtomicU64>::default();
        let outbox = Failing { outbox: service.outbox(), claims: claims.clone() };
        let deliverer = Deliverer::new(outbox, Arc::new(service.registry()), Arc::new(SystemClock));
        let (stop, stopped) = oneshot::channel();
        let until = async {
            let _ = stopped.await;
        };
        let worker = tokio::spawn(Worker::new(deliverer, service.wake_signal().clone()).run(until, Duration::from_secs(5)));
        Stage { _folder: folder, service, shop, claims, stop, worker }
    }

    async fn accept(&self, cart: &str, order: &str) -> DeliveryId {
        let accepted = self.service.intake().accept(&outfit::request(&outfit::cart_id(cart), order), None).await.expect("it is accepted");
        let Acceptance::Queued { delivery, .. } = accepted.done else { panic!("{accepted:?}") };
        delivery
    }

    async fn has_come(&self, order: &str) {
        let start = Instant::now();
        while !self.shop.seen().last.contains_key(order) {
            assert!(start.elapsed() < PATIENCE && !self.worker.is_finished(), "{order} does not come: {:?}", self.shop.seen());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn faults(&self) -> u64 {
        let faults = self.service.outbox().faults(MerchantId::default()).await.expect("they can be read");
        faults.iter().map(|faults| faults.lanes).sum()
    }

    async fn alerts(&self) -> Vec<(String, String)> {
        self.service.watch().look().await.expect("it can be written");
        let alerts = self.service.alerts().open().await.expect("they can be read");
        alerts.into_iter().map(|alert| (format!("{}: {}", alert.subject, alert.kind), alert.detail)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_at_one_order_the_others_go_on() {
    let stage = Stage::new(&["shop"], Duration::from_millis(5)).await;
    let bad = ["too-large", "odd", "panics", "never-settles"];
    for order in bad.into_iter().chain(["long-record", "good"]) {
        stage.accept("shop", order).await;
    }
    for order in ["good", "long-record", "never-settles"] {
        stage.has_come(order).await;
    }
    let start = Instant::now();
    while stage.faults().await < bad.len() as u64 {
        assert!(start.elapsed() < PATIENCE, "each of them rests");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let before = stage.claims.load(Ordering::Relaxed);
    stage.accept("shop", "good-as-well").await;
    stage.has_come("good-as-well").await;
    assert!(stage.claims.load(Ordering::Relaxed) <= before + 2, "what rests is not tried again at once");

    let alerts = stage.alerts().await;
    let [(kind, detail)] = alerts.as_slice() else { panic!("{alerts:?}") };
    assert_eq!(kind, "cart shop: stuck");
    assert!(detail.starts_with("order ") && detail.contains("3 more orders are not sent either"), "{detail}");
    let queued = loop {
        let page = Page { after: None, most: 10 };
        let queued = stage.service.outbox().queued(MerchantId::default(), outfit::cart_id("shop"), page).await.expect("they can be read");
        let queued: Vec<_> = queued.into_iter().map(|queued| (queued.order.number, queued.fault)).collect();
        if queued.iter().map(|(number, _)| number.as_str()).eq(bad) {
            break queued;
        }
        assert!(start.elapsed() < PATIENCE, "what came is settled, that of long-record with its bare outcome: {queued:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let said =
        |number: &str| queued.iter().find(|(order, _)| order.as_str() == number).and_then(|(_, fault)| fault.clone()).unwrap_or_default();
    assert!(said("panics").contains("Cartage failed while it worked on this order: a fault that this test asked for"), "{queued:?}");
    assert!(said("too-large").contains("could not keep an update"), "{queued:?}");
    stage.stop.send(()).expect("it runs");
    assert_eq!(stage.worker.await.expect("it does not panic").expect("it ends well"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_whose_queue_cannot_be_looked_into_rests_alone() {
    let stage = Stage::new(&["odd-cart", "panicking-cart", "shop"], Duration::ZERO).await;
    for cart in ["odd-cart", "panicking-cart", "shop"] {
        stage.accept(cart, &format!("order-at-{cart}")).await;
    }
    stage.has_come("order-at-shop").await;
    let start = Instant::now();
    loop {
        let alerts: Vec<_> = stage.alerts().await.into_iter().map(|(kind, _)| kind).collect();
        if alerts == ["cart odd-cart: cart-not-ready", "cart panicking-cart: cart-not-ready"] {
            break;
        }
        assert!(start.elapsed() < PATIENCE && !stage.worker.is_finished(), "{alerts:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_store_stops_ends_what_is_under_way_first() {
    let stage = Stage::new(&["shop"], Duration::from_millis(400)).await;
    let slow = stage.accept("shop", "slow").await;
    stage.has_come("slow").await;
    stage.accept("shop", "stops").await;
    let ended = stage.worker.await.expect("it does not panic");
    assert!(ended.is_err_and(|error| error.to_string().contains("the store failed")), "only that ends it");
    let found = stage.service.outbox().find(MerchantId::default(), slow).await.expect("it can be read");
    assert_eq!(found, None, "the attempt that was under way is settled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_that_refuses_its_credentials_is_paused_although_the_outcome_cannot_be_stored() {
    let refusing = OrderChecker::start_with(Duration::ZERO, |_| Answer::Status(401)).await.expect("a free port");
    let stage = Stage::at(refusing, &["shop"]).await;
    stage.accept("shop", "never-settles").await;
    let start = Instant::now();
    while stage.faults().await == 0 {
        assert!(start.elapsed() < PATIENCE && !stage.worker.is_finished(), "its queue rests");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let cart = stage.service.carts().get(&outfit::cart_id("shop")).await.expect("it is there");
    let pause = cart.row.pause.expect("nothing is sent to the cart before somebody has looked at its credentials, so people must see it");
    assert_eq!(pause.why, "credentials");
    let alerts: Vec<_> = stage.alerts().await.into_iter().map(|(kind, _)| kind).collect();
    assert!(alerts.iter().any(|alert| alert == "cart shop: credentials-refused"), "{alerts:?}");
}
