//! A WooCommerce shop in memory, with the routes that the plugin uses.

use cartage_sdk::http::Method;
use cartage_sdk::serde_json::{Value, json};
use cartage_sdk::testing::{self, Cart, Reply, Seen};
use woocommerce::WooCommerce;

pub(crate) const BASE: &str = "https://shop.example/wp-json/wc/v3";
pub(crate) const META: &str = "_wc_shipment_tracking_items";

/// An order of the shop.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) number: String,
    pub(crate) status: String,
    /// The order's meta data.
    pub(crate) meta: Vec<Value>,
    pub(crate) lines: Vec<Value>,
    /// The notes, and for each whether it was mailed to the customer.
    pub(crate) notes: Vec<(String, bool)>,
    /// The meta data of each fulfilment; a fulfilment's id is its position, from 1. `None` if it was removed.
    pub(crate) fulfillments: Vec<Option<Value>>,
}

impl Order {
    pub(crate) fn new(id: u64, number: &str) -> Order {
        let lines = vec![line(11, "SHRT", 2), line(12, "HAT", 1)];
        Order { id, number: number.to_owned(), status: "processing".to_owned(), meta: vec![], lines, notes: vec![], fulfillments: vec![] }
    }

    pub(crate) fn with_status(self, status: &str) -> Order {
        Order { status: status.to_owned(), ..self }
    }

    /// The tracking items that the shop shows.
    pub(crate) fn items(&self) -> Value {
        self.meta.iter().find(|meta| meta["key"] == META).map_or(json!([]), |meta| meta["value"].clone())
    }

    pub(crate) fn numbers(&self) -> Vec<String> {
        let items = self.items();
        items
            .as_array()
            .expect("it is a list")
            .iter()
            .map(|item| item["tracking_number"].as_str().expect("it is text").to_owned())
            .collect()
    }
}

pub(crate) fn line(id: u64, sku: &str, quantity: u64) -> Value {
    json!({"id": id, "sku": sku, "quantity": quantity})
}

/// A cart that uses the plain key, and not the signed one.
pub(crate) fn cart() -> Cart<WooCommerce> {
    Cart::new().without_slot("signed-key")
}

/// A shop that has these orders.
pub(crate) fn shop(cart: Cart<WooCommerce>, orders: impl Into<Vec<Order>>) -> testing::Shop<WooCommerce, Vec<Order>> {
    cart.remembering(orders.into(), |orders: &mut Vec<Order>, seen| answer(orders, seen))
}

/// The usual shop: order 12, whose number is its id.
pub(crate) fn usual() -> testing::Shop<WooCommerce, Vec<Order>> {
    shop(cart(), [Order::new(12, "12")])
}

pub(crate) fn unknown(status: u16) -> Reply {
    let body = json!({"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.", "data": {"status": status}});
    Reply::json(status, body)
}

/// The path below the base URL and the query.
pub(crate) fn target(seen: &Seen) -> (Vec<String>, Vec<(String, String)>) {
    let (path, query) = seen.url().split_once('?').unwrap_or((seen.url(), ""));
    let path = path.split("/wp-json/wc/v3/").nth(1).expect("it lies below the base URL");
    let decoded = |text: &str| text.replace("%20", " ").replace("%2C", ",").replace("%23", "#");
    let pairs = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.to_owned(), decoded(value)));
    (path.split('/').map(str::to_owned).collect(), pairs.collect())
}

fn answer(orders: &mut [Order], seen: &Seen) -> Reply {
    let (path, query) = target(seen);
    let value = |name: &str| query.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
    assert!(value("_fields").is_some_and(|fields| !fields.contains("billing")), "no customer's data comes back:\n{seen}");
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let [_, id, rest @ ..] = path.as_slice() else {
        return search(
            orders,
            &value("search").expect("a list is searched"),
            value("page").and_then(|page| page.parse().ok()).unwrap_or(1),
        );
    };
    let Some(order) = orders.iter_mut().find(|order| order.id.to_string() == *id) else {
        return unknown(if seen.method() == &Method::Put { 400 } else { 404 });
    };
    let body = seen.json().unwrap_or_default();
    match (seen.method(), rest) {
        (Method::Get, []) => Reply::json(200, shown(order, &value("_fields").unwrap_or_default())),
        (Method::Put, []) => {
            change(order, &body);
            Reply::json(200, shown(order, "id,number,status"))
        }
        (Method::Get, ["notes"]) => {
            let notes = order.notes.iter().enumerate().map(|(at, (note, _))| json!({"id": at + 1, "note": note}));
            Reply::json(200, notes.collect::<Vec<_>>())
        }
        (Method::Post, ["notes"]) => {
            // WordPress removes backslashes.
            let note = body["note"].as_str().expect("a note has text").replace('\\', "");
            order.notes.push((note, body["customer_note"] == true));
            Reply::json(201, json!({"id": order.notes.len()}))
        }
        (method, ["fulfillments", rest @ ..]) => fulfillments(order, method, rest, &body),
        _ => panic!("no such route: {seen}"),
    }
}

fn search(orders: &[Order], text: &str, page: usize) -> Reply {
    let all = orders.iter().filter(|order| order.status != "trash" && order.number.contains(text));
    let found: Vec<Value> = all.map(|order| json!({"id": order.id, "number": order.number})).collect();
    let pages = found.len().div_ceil(100).to_string();
    let of_page: Vec<Value> = found.into_iter().skip((page - 1) * 100).take(100).collect();
    Reply::json(200, of_page).header("x-wp-totalpages", &pages)
}

fn shown(order: &Order, fields: &str) -> Value {
    let all = json!({
        "id": order.id, "number": order.number, "status": order.status, "date_created": "2026-01-02T10:00:00",
        "meta_data": order.meta, "line_items": order.lines,
    });
    let fields: Vec<&str> = fields.split(',').collect();
    let kept = all.as_object().expect("it is one").iter().filter(|(name, _)| fields.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn change(order: &mut Order, body: &Value) {
    if let Some(status) = body["status"].as_str() {
        order.status = status.to_owned();
    }
    for meta in body["meta_data"].as_array().into_iter().flatten() {
        order.meta.retain(|own| own["key"] != meta["key"]);
        order.meta.push(json!({"id": order.meta.len() + 1, "key": meta["key"], "value": meta["value"]}));
    }
}

fn fulfillments(order: &mut Order, method: &Method, rest: &[&str], body: &Value) -> Reply {
    let place = rest.first().and_then(|id| id.parse::<usize>().ok()).map(|id| id - 1);
    match (method, place) {
        (Method::Get, None) => {
            let all =
                order.fulfillments.iter().enumerate().filter_map(|(at, meta)| Some(json!({"id": at + 1, "meta_data": meta.as_ref()?})));
            Reply::json(200, json!({"fulfillments": all.collect::<Vec<_>>()}))
        }
        (Method::Post, None) => {
            order.fulfillments.push(Some(body["meta_data"].clone()));
            Reply::json(201, json!({"fulfillment": {"id": order.fulfillments.len()}}))
        }
        (Method::Put, Some(place)) => {
            order.fulfillments[place] = Some(body["meta_data"].clone());
            Reply::json(200, json!({"fulfillment": {"id": place + 1}}))
        }
        (Method::Delete, Some(place)) => {
            order.fulfillments[place] = None;
            Reply::json(200, json!({"message": "Fulfillment deleted successfully."}))
        }
        _ => panic!("no such route of fulfilments"),
    }
}
