//! `open_ms_with_5000_carts`: a data directory opened and every cart in it read, as the daemon does when it starts.
//! `explain_ms`: a data directory with 1,000,000 orders opened and all that is known of one of them looked up, as `cartage explain` does.
//!
//! Each is the slowest of several rounds, every one from a directory that was closed.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures, and what it is busy with")]

use cartage::carts::Cart;
use cartage::data_dir::DataDir;
use cartage::id::{CartId, DeliveryId, Digest, MerchantId};
use cartage::store::carts::Definition;
use cartage::store::decisions::Decision;
use cartage::store::events::StatusEvent;
use cartage::store::orders::{Label, OrderRef, Package};
use cartage::store::parameters::{Parameter, Scope};
use cartage::store::receipts::Receipt;
use cartage::store::{Error, Store, Tx, View, carts, decisions, events, orders, parameters, plugins, receipts};
use std::path::Path;
use std::time::{Duration, Instant};

const AT: u64 = 1_800_000_000_000;
const CARTS: u64 = 5_000;
const ORDERS: u64 = 1_000_000;
/// Orders in one write while the store is filled.
const ORDERS_AT_ONCE: u64 = 10_000;
const ROUNDS: u64 = 20;

/// About as long as a decision with six answers and a receipt are.
const JSON_BYTES: usize = 600;

fn main() {
    let scratch = tempfile::tempdir().expect("a benchmark needs a directory for temporary files");
    let (small, large) = (scratch.path().join("carts"), scratch.path().join("orders"));
    in_new(&small, |store| write(store, |tx| (0..CARTS).try_for_each(|nth| add_cart(tx, nth))));
    let opened: Vec<_> = (0..5).map(|_| timed(|| open_with_carts(&small))).collect();
    figure("open_ms_with_5000_carts", &opened, 2000);

    in_new(&large, |store| {
        write(store, |tx| add_cart(tx, 0));
        for from in (0..ORDERS).step_by(ORDERS_AT_ONCE as usize) {
            write(store, move |tx| (from..from + ORDERS_AT_ONCE).try_for_each(|nth| add_order(tx, nth)));
            if from % (ORDERS / 10) == 0 {
                eprintln!("filling a store: {from} of {ORDERS} orders");
            }
        }
    });
    // Spread over all of them, in no order.
    let explained: Vec<_> = (0..ROUNDS).map(|round| timed(|| explain(&large, round * 7_919_317 % ORDERS))).collect();
    figure("explain_ms", &explained, 50);
}

fn figure(name: &str, rounds: &[Duration], target_ms: u32) {
    let slowest = rounds.iter().max().expect("there was a round");
    println!("figure {name} {:.3} ms target <= {target_ms}", slowest.as_secs_f64() * 1000.0);
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
    let definition = Definition { cart: cart.clone(), text, plugin: Some(digest()), mode: "live".into() };
    carts::put(tx, &merchant, &definition, AT)?;
    for name in ["UseGenericStatusUpdates", "GenericStatusSendXML"] {
        let scope = Scope::Cart(cart.clone());
        parameters::set(tx, &merchant, &Parameter { scope, name: name.into(), value: "True".into(), set_at_unix_ms: AT })?;
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

fn order(nth: u64) -> OrderRef {
    OrderRef { cart: cart(0), number: format!("{nth}") }
}

fn add_order(tx: &Tx<'_>, nth: u64) -> Result<(), Error> {
    let (merchant, order, json) = (MerchantId::default(), order(nth), format!("{{\"x\":\"{}\"}}", "x".repeat(JSON_BYTES)));
    let label = Label { line: String::new(), text: "Order Shipped".into() };
    let package = Package { id: None, carrier: Some("UPS".into()), number: Some(format!("1Z{nth}")), withdrawn: false };
    let sequence = orders::accept(tx, &merchant, &order, &[label], &[package], AT + nth)?;
    decisions::add(tx, &merchant, &order, &Decision { at_unix_ms: AT + nth, json: json.clone() })?;
    let receipt = Receipt { delivery: DeliveryId::new(), attempt: 1, order, sequence, at_unix_ms: AT + nth, json };
    receipts::add(tx, &merchant, &receipt)
}

fn open_with_carts(path: &Path) {
    let store = DataDir::open(path).and_then(|dir| Ok(dir.store(AT)?)).expect("what was filled");
    let merchant = MerchantId::default();
    let read = store.read_blocking(|view: &View<'_>| Ok::<_, Error>((carts::list(view, &merchant)?, parameters::list(view, &merchant)?)));
    let (carts, parameters) = read.expect("it can be read");
    let carts: Vec<_> = carts.iter().map(|cart| Cart::parse("store", &cart.definition.text).expect("a valid cart")).collect();
    assert_eq!((carts.len() as u64, parameters.len() as u64), (CARTS, 2 * CARTS));
}

fn explain(path: &Path, nth: u64) {
    let store = DataDir::open(path).and_then(|dir| Ok(dir.store(AT)?)).expect("what was filled");
    let (merchant, order) = (MerchantId::default(), order(nth));
    let known = store.read_blocking(|view: &View<'_>| {
        let cart = carts::get(view, &merchant, &order.cart)?.is_some();
        plugins::get(view, &merchant, digest())?;
        let parameters = parameters::for_cart(view, &merchant, &order.cart)?.len();
        let events = events::list(view, &merchant)?.len();
        let known = orders::get(view, &merchant, &order)?.map(|order| (order.labels.len(), order.packages.len()));
        let decisions = decisions::list(view, &merchant, &order)?.len();
        let receipts = receipts::of_order(view, &merchant, &order, 10)?.len();
        Ok::<_, Error>((cart, parameters, events, known, decisions, receipts))
    });
    assert_eq!(known.expect("it can be read"), (true, 2, 1, Some((1, 1)), 1, 1));
}
