//! A realistic data directory for benchmarks: the real plugin, live carts, everything switched on, and thousands of orders.

use crate::command::plugin;
use cartage::carts::Cart;
use cartage::clock::{Clock as _, SystemClock};
use cartage::gate::{Again, Given};
use cartage::id::{CartId, DeliveryId, MerchantId, SenderOrderNumber};
use cartage::outbox;
use cartage::parameters::{Scope, assign};
use cartage::service::definitions::Proposal;
use cartage::service::{Cause, Request, Service};
use cartage::store::decisions::{self, DecisionRow};
use cartage::store::orders::{LabelRow, OrderRef, PackageRow};
use cartage::store::{Error, Tx, View};
use cartage::validate::{Fields, PackageFields, civil_time};
use cartage_contract::orders;
use std::path::Path;
use std::sync::Arc;

/// The number of orders in one write while a queue is filled.
const ORDERS_AT_ONCE: u64 = 5_000;

/// Makes a data directory with these carts, each with the URL of its script and further tables of its definition.
///
/// # Panics
/// If the directory cannot be made.
pub async fn service(data: &Path, carts: &[(CartId, String, &str)]) -> Service {
    let service = Service::init(data, Arc::new(SystemClock)).expect("a new directory");
    let bytes = std::fs::read(plugin("integration-script")).expect("it was built");
    let proposals = carts.iter().map(|(id, url, more)| {
        let cart = Cart::parse("cart.toml", &definition(id, url, more)).expect("a valid definition");
        Proposal { cart, plugin: Some(bytes.clone()) }
    });
    let prepared = service.definitions().prepare(proposals.collect()).await.expect("carts that fit their plugin");
    service.definitions().make(prepared).await.expect("there is room");
    switch_on(&service, "UseStatusUpdates", Scope::System).await;
    for (id, ..) in carts {
        switch_on(&service, "UseGenericStatusUpdates", Scope::Cart(id.clone())).await;
    }
    service
}

/// Makes a Cart ID.
///
/// # Panics
/// If the text is not a Cart ID.
pub fn cart_id(id: impl Into<String>) -> CartId {
    CartId::new(id.into()).expect("a valid Cart ID")
}

/// An update of an order with a label and a package, in the form in which a sender requests it.
pub fn request(cart: &CartId, order: &str) -> Request {
    let package = PackageFields { tracking_number: Some(format!("1Z{order}")), carrier: Some("UPS".into()), ..PackageFields::default() };
    let fields = Fields { order_number: order.to_owned(), label: "Order Shipped".into(), packages: vec![package], ..Fields::default() };
    Request { cart: cart.clone(), cause: Cause::Given(Given::Api), fields, again: Again::No }
}

/// Fills a cart's queue with orders of these numbers, each with the decision for a real update of an order called `template`.
///
/// # Panics
/// If the disk is full.
pub async fn fill(service: &Service, cart: &CartId, numbers: std::ops::Range<u64>) {
    let json = template(service, cart).await;
    for from in numbers.clone().step_by(ORDERS_AT_ONCE as usize) {
        let (cart, json) = (cart.clone(), json.clone());
        let to = numbers.end.min(from + ORDERS_AT_ONCE);
        let write = move |tx: &Tx<'_>| (from..to).try_for_each(|nth| add(tx, &cart, &nth.to_string(), &json));
        service.store().write(write).await.expect("there is room");
    }
}

/// The stored decision about a real update.
async fn template(service: &Service, cart: &CartId) -> String {
    service.intake().accept(&request(cart, "template"), None).await.expect("it is accepted");
    let order = OrderRef { cart: cart.clone(), number: SenderOrderNumber::new("template") };
    let read = move |view: &View<'_>| decisions::list(view, &MerchantId::default(), &order);
    let kept = service.store().read::<_, Error>(read).await.expect("it can be read");
    kept.into_iter().next().expect("it was decided").json
}

fn add(tx: &Tx<'_>, cart: &CartId, number: &str, json: &str) -> Result<(), outbox::Error> {
    let order = OrderRef { cart: cart.clone(), number: SenderOrderNumber::new(number) };
    let at_unix_ms = SystemClock.now_unix_ms();
    decisions::add(tx, &MerchantId::default(), &order, &DecisionRow { at_unix_ms, json: json.to_owned() })?;
    let package =
        PackageRow { id: None, carrier: Some("UPS".into()), number: Some(format!("1Z{number}")), withdrawn: false, details: None };
    let new = outbox::New {
        merchant: MerchantId::default(),
        update: Box::new(update(number, at_unix_ms)),
        order,
        delivery: DeliveryId::new(),
        labels: vec![LabelRow { line: String::new(), text: "Order Shipped".into() }],
        packages: vec![package],
        at_unix_ms,
    };
    outbox::sqlite::accept(tx, &new).map(drop)
}

fn update(number: &str, at_unix_ms: u64) -> orders::Update {
    orders::Update {
        order_number: number.to_owned(),
        reference_number: None,
        label: "Order Shipped".to_owned(),
        status: Some("Order Shipped".to_owned()),
        previous_label: None,
        changed_at: civil_time(at_unix_ms),
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

async fn switch_on(service: &Service, name: &str, scope: Scope) {
    let assignment = assign(name, scope, "True").expect("a parameter with True and False");
    service.configuration().set_parameter(&assignment).await.expect("there is room");
}

/// The definition of a live cart. Its password does not matter here, so it comes from a variable that every environment has.
fn definition(id: &CartId, url: &str, more: &str) -> String {
    format!(
        "cart = \"{id}\"\nplugin = \"integration-script.wasm\"\nmode = \"live\"\n[endpoints.script]\nbase_url = {url:?}\n\
         private = [{{ name = \"the benchmark's own server\", allow = \"127.0.0.1/32\" }}]\n[settings]\nencoding = \"delimited\"\n\
         [credentials.account]\nsetiuser = {{ text = \"bench\" }}\npassword = {{ env = \"PATH\" }}\n{more}\n"
    )
}
