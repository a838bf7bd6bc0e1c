//! Packages as fulfilments of WooCommerce 10 or later: the contents of a package, and how the package can be tracked.
//!
//! WooCommerce accepts a second fulfilment of the same items without an error. So the order's fulfilments are always read first, and a package is recognised
//! by the fulfilment's id or by its tracking number.

mod contents;

use crate::order::Order;
use crate::shop::{About, Shop};
use crate::{API, json, tracking};
use cartage_sdk::http::Request;
use cartage_sdk::json::Value;
use cartage_sdk::orders::Told;
use cartage_sdk::{Failure, Package, PackageSeen, Progress, Update};
use contents::Contents;

const ITEMS: &str = "_items";
const NUMBER: &str = "_tracking_number";
const CARRIER: &str = "_shipping_provider";
const LINK: &str = "_tracking_url";

/// Requests that are reserved for the rest of the update: a change of the order, the list of notes and three notes.
const RESERVED: u32 = 5;

/// A fulfilment that the order has already.
#[derive(Debug)]
struct Fulfillment {
    id: u64,
    meta: Vec<(String, Value)>,
}

impl Fulfillment {
    fn of(value: &Value) -> Option<Fulfillment> {
        let meta = json::list(&value["meta_data"])?;
        let meta = meta.into_iter().filter_map(|entry| Some((entry["key"].text()?.to_owned(), entry["value"].clone())));
        Some(Fulfillment { id: json::id(&value["id"])?, meta: meta.collect() })
    }

    fn meta(&self, key: &str) -> Option<&Value> {
        self.meta.iter().find(|(own, _)| own == key).map(|(_, value)| value)
    }

    fn number(&self) -> Option<&str> {
        self.meta(NUMBER).and_then(json::text).filter(|number| !number.is_empty())
    }
}

/// Tells the shop of each package that is new, changed or withdrawn.
pub(crate) fn tell(shop: &mut Shop<'_>, order: &Order, update: &Update, work: &mut Progress<'_>) -> Result<(), Failure> {
    if tracking::news(update).next().is_none() {
        return Ok(());
    }
    let all = list(shop, order.id)?;
    let contents = Contents::of(order, update, all.iter().filter_map(|own| own.meta(ITEMS)))?;
    for (place, package, number) in tracking::news(update) {
        let known = known(&all, package, number);
        let told = match (package.told, known) {
            (Told::Withdrawn, None) => continue,
            // An earlier attempt created the fulfilment, or a person did.
            (Told::New, Some(_)) => continue,
            (Told::Withdrawn, Some(known)) => remove(ready(shop)?, order, known, update).map(|()| None)?,
            (_, Some(known)) => correct(ready(shop)?, order, known, package, number, contents.named(place), update)?,
            (_, None) => Some(add(ready(shop)?, order, package, number, contents.all(place)?, update)?),
        };
        work.told(place, told.map(|id| id.to_string()).as_deref());
    }
    Ok(())
}

/// The packages in an order's fulfilments.
pub(crate) fn seen(shop: &mut Shop<'_>, order: u64) -> Result<Vec<PackageSeen>, Failure> {
    let package = |own: &Fulfillment| {
        let carrier = own.meta(CARRIER).and_then(json::text).filter(|carrier| !carrier.is_empty());
        PackageSeen { carrier: carrier.map(str::to_owned), tracking_number: own.number().map(str::to_owned) }
    };
    Ok(list(shop, order)?.iter().map(package).collect())
}

fn list(shop: &mut Shop<'_>, order: u64) -> Result<Vec<Fulfillment>, Failure> {
    // WooCommerce 10.1 sends the list itself; later versions send an object that holds the list.
    let body = shop.get(About::Fulfillments, &format!("/orders/{order}/fulfillments"), "fulfillments,id,meta_data")?;
    let list = json::whole_list(if body.list().is_some() { &body } else { &body["fulfillments"] });
    let all: Option<Vec<Fulfillment>> = list.and_then(|list| list.into_iter().map(Fulfillment::of).collect());
    all.ok_or_else(|| Failure::protocol("the shop's answer is no list of the order's fulfilments"))
}

fn known<'f>(all: &'f [Fulfillment], package: &Package, number: &str) -> Option<&'f Fulfillment> {
    let by_number = |wanted: &str| all.iter().find(|own| own.number().is_some_and(|own| tracking::is_same(own, wanted)));
    let id = package.known_reference.as_deref().and_then(|id| id.parse().ok());
    let by_id = id.and_then(|id: u64| all.iter().find(|own| own.id == id));
    by_id.or_else(|| by_number(number)).or_else(|| by_number(tracking::known_number(package, number)))
}

/// The shop, if the call has enough requests left for a write and for the rest of the update.
fn ready<'s, 'a>(shop: &'s mut Shop<'a>) -> Result<&'s mut Shop<'a>, Failure> {
    if shop.left() > RESERVED {
        return Ok(shop);
    }
    Err(Failure::pending("the order has more packages than one call has requests; the others follow"))
}

fn add(shop: &mut Shop<'_>, order: &Order, package: &Package, number: &str, items: Value, update: &Update) -> Result<u64, Failure> {
    let mut meta = vec![(ITEMS.to_owned(), items)];
    meta.extend(about(package, number));
    let body = Value::object([("status", "fulfilled".into()), ("is_fulfilled", true.into()), ("meta_data", written(meta))]);
    let request = notifying(Request::post(API).path(&format!("/orders/{}/fulfillments", order.id)), update);
    let made = shop.write(About::Fulfillments, request, &body, "fulfillment,id")?;
    let id = json::id(&made["id"]).or_else(|| json::id(&made["fulfillment"]["id"]));
    id.ok_or_else(|| Failure::protocol("the shop's reply to a fulfilment is not a fulfilment"))
}

/// Writes a package into its fulfilment. The shop removes all meta data that the request does not name, so the request repeats the whole list.
fn correct(
    shop: &mut Shop<'_>,
    order: &Order,
    known: &Fulfillment,
    package: &Package,
    number: &str,
    items: Option<Value>,
    update: &Update,
) -> Result<Option<u64>, Failure> {
    let mut changed = about(package, number);
    changed.extend(items.map(|items| (ITEMS.to_owned(), items)));
    let mut meta = known.meta.clone();
    meta.retain(|(key, _)| changed.iter().all(|(own, _)| own != key));
    meta.extend(changed);
    let path = format!("/orders/{}/fulfillments/{}", order.id, known.id);
    let body = Value::object([("meta_data", written(meta))]);
    let request = notifying(Request::put(API).path(&path), update);
    shop.write(About::Fulfillments, request, &body, "fulfillment,id")?;
    Ok(Some(known.id))
}

fn remove(shop: &mut Shop<'_>, order: &Order, known: &Fulfillment, update: &Update) -> Result<(), Failure> {
    let path = format!("/orders/{}/fulfillments/{}", order.id, known.id);
    shop.ask(About::Fulfillments, notifying(Request::delete(API).path(&path), update), "id,message")?;
    Ok(())
}

/// Asks the shop to notify the customer, if the update says so. The shop reads any text as "yes", so the parameter is left out for "no".
fn notifying(request: Request, update: &Update) -> Request {
    if update.notify_customer == Some(true) { request.query("notify_customer", "true") } else { request }
}

fn about(package: &Package, number: &str) -> Vec<(String, Value)> {
    let mut meta = vec![(NUMBER.to_owned(), number.into())];
    meta.extend(package.carrier.as_deref().map(|carrier| (CARRIER.to_owned(), tracking::slug(carrier).into())));
    meta.extend(package.tracking_url.as_deref().map(|link| (LINK.to_owned(), link.into())));
    meta
}

fn written(meta: Vec<(String, Value)>) -> Value {
    Value::List(meta.into_iter().map(|(key, value)| json::entry(&key, value)).collect())
}
