//! `open_ms_with_5000_carts`: the time to open a data directory and read every cart in it, as the daemon does at its start.
//! `explain_ms`: the time to open a data directory with 1,000,000 orders, and to report what is known of one order and what would happen now.
//! `forget_ms_with_100000_keys`: the time to forget one order in the same directory, with 100,000 idempotency keys of other orders.
//!
//! Each figure is the slowest of several rounds; every round starts with a closed directory.

#![allow(clippy::print_stderr, reason = "a benchmark says what it is busy with")]

use cartage::carts::Cart;
use cartage::clock::SystemClock;
use cartage::data_dir::DataDir;
use cartage::gate::Given;
use cartage::id::{CartId, DeliveryId, Digest, MerchantId, SenderOrderNumber};
use cartage::parameters::Scope;
use cartage::service::{Cause, Forgotten, Service};
use cartage::store::carts::DefinitionRow;
use cartage::store::decisions::{self, DecisionRow};
use cartage::store::events::StatusEvent;
use cartage::store::orders::{LabelRow, OrderRef, PackageRow};
use cartage::store::parameters::ParameterRow;
use cartage::store::receipts::ReceiptRow;
use cartage::store::{Error, Store, Tx, View, carts, events, idempotency, orders, parameters, receipts};
use cartage_tests::figure::{Target, figure, wanted};
use cartage_tests::outfit;
use cartage_tests::shop::{Manner, Shop};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const AT: u64 = 1_800_000_000_000;
const CARTS: u64 = 5_000;
const ORDERS: u64 = 1_000_000;
/// The number of idempotency keys, each for a different order.
const KEYS: u64 = 100_000;
/// The number of orders in one write while the store is filled.
const ORDERS_AT_ONCE: u64 = 10_000;
const ROUNDS: u64 = 20;

fn main() {
    if !wanted() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a benchmark needs a directory for temporary files");
    let (small, large) = (scratch.path().join("carts"), scratch.path().join("orders"));
    in_new(&small, |store| write(store, |tx| (0..CARTS).try_for_each(|nth| add_cart(tx, nth))));
    slowest("open_ms_with_5000_carts", (0..5).map(|_| timed(|| open_with_carts(&small))), 2000.0);

    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let service = threads.block_on(delivered(&large));
    let kept = Kept::of(service.store());
    drop(service);
    let store = DataDir::open(&large).and_then(|dir| Ok(dir.store(AT)?)).expect("what was made");
    for from in (0..ORDERS).step_by(ORDERS_AT_ONCE as usize) {
        let kept = kept.clone();
        write(&store, move |tx| (from..from + ORDERS_AT_ONCE).try_for_each(|nth| kept.add_order(tx, nth)));
        if from % (ORDERS / 10) == 0 {
            eprintln!("filling a store: {from} of {ORDERS} orders");
        }
    }
    for from in (0..KEYS).step_by(ORDERS_AT_ONCE as usize) {
        write(&store, move |tx| (from..from + ORDERS_AT_ONCE).try_for_each(|nth| add_key(tx, nth)));
    }
    drop(store);
    // The chosen orders are spread over all of them, in no particular order.
    slowest("explain_ms", (0..ROUNDS).map(|round| timed(|| threads.block_on(explain(&large, round * 7_919_317 % ORDERS)))), 50.0);
    let service = Service::open(&large, Arc::new(SystemClock)).expect("what was filled");
    let forget = |round: u64| timed(|| threads.block_on(forget(&service, round * 7_919_317 % KEYS)));
    slowest("forget_ms_with_100000_keys", (0..ROUNDS).map(forget), 50.0);
}

fn slowest(name: &str, rounds: impl Iterator<Item = Duration>, target_ms: f64) {
    let slowest = rounds.max().expect("there was a round");
    figure(name, slowest.as_secs_f64() * 1000.0, "ms", &Target::AtMost(target_ms));
}

/// The one order that is really sent; the other orders get copies of its decision and its receipt.
const REAL: &str = "real";

fn shop() -> CartId {
    outfit::cart_id("shop")
}

/// A data directory with one delivered order.
async fn delivered(path: &Path) -> Service {
    let taking = Shop::open(Manner::Takes(Duration::ZERO), |_| {});
    let service = outfit::service(path, &[(shop(), taking.script_url(), "")]).await;
    service.sending().send(&outfit::request(&shop(), REAL)).await.expect("it is sent");
    assert_eq!(taking.arrived(), 1, "it was delivered");
    service
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn in_new(path: &Path, fill: impl FnOnce(&Store)) {
    let dir = DataDir::init(path, AT).expect("a new directory");
    fill(&dir.store(AT).expect("what init made"));
}

fn write(store: &Store, job: impl FnOnce(&Tx<'_>) -> Result<(), Error> + Send + 'static) {
    store.write_blocking(job).expect("there is room");
}

fn cart(nth: u64) -> CartId {
    CartId::new(format!("cart-{nth}")).expect("a valid name")
}

fn digest() -> Digest {
    Digest::of(b"integration-script")
}

fn add_cart(tx: &Tx<'_>, nth: u64) -> Result<(), Error> {
    let (merchant, cart) = (MerchantId::default(), cart(nth));
    let labels: String = (0..30).map(|label| format!("\"Label {label}\" = \"Status {label}\"\n")).collect();
    let text = format!(
        "cart = \"{cart}\"\nplugin = \"integration-script.wasm\"\ndigest = \"{}\"\n[endpoints.script]\nbase_url = \
         \"https://shop-{nth}.example/seti.php\"\n[settings]\nencoding = \"xml\"\n[labels]\n{labels}[carriers]\nFX = \"FedEx\"\n",
        digest()
    );
    let definition = DefinitionRow { cart: cart.clone(), text, plugin: Some(digest()), mode: "live".into() };
    carts::put(tx, &merchant, &definition, AT)?;
    for name in ["UseGenericStatusUpdates", "GenericStatusSendXML"] {
        let scope = Scope::Cart(cart.clone());
        parameters::set(tx, &merchant, &ParameterRow { scope, name: name.into(), value: "True".into(), set_at_unix_ms: AT })?;
    }
    let event = StatusEvent {
        event: "Tracking Number Imported".into(),
        item_label: None,
        order_label: Some("Order Shipped".into()),
        notify_cart: true,
        changed_at_unix_ms: AT,
    };
    events::set(tx, &merchant, &event)
}

/// The stored data of the delivered order.
#[derive(Clone)]
struct Kept {
    decision: String,
    receipt: String,
}

impl Kept {
    fn of(store: &Store) -> Kept {
        let order = OrderRef { cart: shop(), number: SenderOrderNumber::new(REAL) };
        let read = store.read_blocking(|view: &View<'_>| {
            let merchant = MerchantId::default();
            Ok::<_, Error>((decisions::list(view, &merchant, &order)?, receipts::of_order(view, &merchant, &order, 1)?))
        });
        let (mut decisions, mut receipts) = read.expect("it can be read");
        Kept { decision: decisions.remove(0).json, receipt: receipts.remove(0) }
    }

    fn add_order(&self, tx: &Tx<'_>, nth: u64) -> Result<(), Error> {
        let (merchant, order) = (MerchantId::default(), OrderRef { cart: shop(), number: SenderOrderNumber::new(format!("{nth}")) });
        let label = LabelRow { line: String::new(), text: "Order Shipped".into() };
        let package =
            PackageRow { id: None, carrier: Some("UPS".into()), number: Some(format!("1Z{nth}")), withdrawn: false, details: None };
        let sequence = orders::accept(tx, &merchant, &order, &[label], &[package], AT + nth)?;
        decisions::add(tx, &merchant, &order, &DecisionRow { at_unix_ms: AT + nth, json: self.decision.clone() })?;
        let json = self.receipt.clone();
        receipts::add(tx, &merchant, &ReceiptRow { delivery: DeliveryId::new(), attempt: 1, order, sequence, at_unix_ms: AT + nth, json })
    }
}

fn open_with_carts(path: &Path) {
    let store = DataDir::open(path).and_then(|dir| Ok(dir.store(AT)?)).expect("what was filled");
    let merchant = MerchantId::default();
    let read = store.read_blocking(|view: &View<'_>| Ok::<_, Error>((carts::list(view, &merchant)?, parameters::list(view, &merchant)?)));
    let (carts, parameters) = read.expect("it can be read");
    let carts: Vec<_> = carts.iter().map(|cart| Cart::parse("store", &cart.definition.text).expect("a valid cart")).collect();
    assert_eq!((carts.len() as u64, parameters.len() as u64), (CARTS, 2 * CARTS));
}

fn add_key(tx: &Tx<'_>, nth: u64) -> Result<(), Error> {
    let order = OrderRef { cart: shop(), number: SenderOrderNumber::new(nth.to_string()) };
    idempotency::put(tx, &MerchantId::default(), &format!("key-{nth}"), digest(), Some(&order), "{}", AT + nth).map(drop)
}

async fn forget(service: &Service, nth: u64) {
    let forgotten = service.orders().forget(&shop(), &SenderOrderNumber::new(nth.to_string()), false).await.expect("it can be written");
    assert!(matches!(forgotten, Forgotten::Done { rows, .. } if rows > 4), "with its key: {forgotten:?}");
}

async fn explain(path: &Path, nth: u64) {
    let service = Service::open(path, Arc::new(SystemClock)).expect("what was filled");
    let explained = service.orders().explain(&shop(), &SenderOrderNumber::new(nth.to_string()), None).await.expect("the order is known");
    assert_eq!(explained.receipts.len(), 1, "its receipt is found");
    assert_eq!(explained.cause, Cause::Given(Given::Api), "what was asked for last is found");
}
