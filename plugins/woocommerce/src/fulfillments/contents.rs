//! What lies in a package, as the shop's line ids and quantities.

use crate::order::Order;
use crate::{TRACKING, json, tracking};
use cartage_sdk::orders::{Content, Told};
use cartage_sdk::serde_json::{Number, Value, json as value};
use cartage_sdk::{Failure, Update};
use std::collections::HashMap;

/// A line of the order.
struct Line {
    id: u64,
    sku: String,
    /// How many of it are in no fulfilment yet.
    left: f64,
}

/// What lies in each package of an update.
pub(super) struct Contents {
    lines: Vec<Line>,
    /// By the package's place in the update: its items, where the update names any.
    named: HashMap<usize, Value>,
}

impl Contents {
    /// Reads the order's lines and the update's contents. Nothing is written before all of them are understood.
    pub(super) fn of<'v>(order: &Order, update: &Update, fulfilled: impl Iterator<Item = &'v Value>) -> Result<Contents, Failure> {
        let lines = lines(order, fulfilled)?;
        let places = Places::of(&lines);
        let mut named = HashMap::new();
        let standing = tracking::news(update).filter(|(_, package, _)| package.told != Told::Withdrawn);
        let mut without = 0;
        for (place, package, _) in standing {
            if package.contents.is_empty() {
                without += usize::from(package.told == Told::New);
                continue;
            }
            let items: Result<Vec<Value>, Failure> = package.contents.iter().map(|content| places.item(content, update)).collect();
            named.insert(place, items?.into());
        }
        if without > 1 {
            return Err(Failure::invalid_data(format!(
                "{without} packages of order {} do not say what lies in them, and a fulfilment must: set {TRACKING} to order-meta, or have \
                 the contents sent",
                update.order_number
            )));
        }
        Ok(Contents { lines, named })
    }

    /// What the update says of a package.
    pub(super) fn named(&self, place: usize) -> Option<Value> {
        self.named.get(&place).cloned()
    }

    /// The same; for a package of which it says nothing, all that is in no fulfilment yet.
    pub(super) fn all(&self, place: usize) -> Result<Value, Failure> {
        if let Some(named) = self.named(place) {
            return Ok(named);
        }
        let open = self.lines.iter().filter(|line| line.left > 0.0);
        let items: Vec<Value> = open.filter_map(|line| Some(item(line.id, number(&line.left.to_string())?))).collect();
        if items.is_empty() {
            return Err(Failure::invalid_data("every item of the order is in a fulfilment already; say what lies in the package"));
        }
        Ok(items.into())
    }
}

/// The lines by their ids and by their SKUs: an order has hundreds of them, and so has a package.
struct Places<'l> {
    ids: HashMap<u64, &'l Line>,
    /// None: several lines have this SKU.
    skus: HashMap<&'l str, Option<&'l Line>>,
}

impl<'l> Places<'l> {
    fn of(lines: &'l [Line]) -> Places<'l> {
        let ids = lines.iter().map(|line| (line.id, line)).collect();
        let mut skus: HashMap<&str, Option<&Line>> = HashMap::new();
        for line in lines.iter().filter(|line| !line.sku.is_empty()) {
            skus.entry(&line.sku).and_modify(|only| *only = None).or_insert(Some(line));
        }
        Places { ids, skus }
    }

    fn item(&self, content: &Content, update: &Update) -> Result<Value, Failure> {
        let by_id = content.web_line_id.as_deref().and_then(|id| id.parse().ok()).and_then(|id: u64| self.ids.get(&id).copied());
        let by_sku = || content.sku.as_deref().and_then(|sku| self.skus.get(sku).copied().flatten());
        let name = content.web_line_id.as_deref().or(content.sku.as_deref()).unwrap_or("without an id and a SKU");
        let line = by_id.or_else(by_sku).ok_or_else(|| {
            Failure::invalid_data(format!("order {} has no line, or more than one, that is item {name} of a package", update.order_number))
        })?;
        let quantity = number(&content.quantity).filter(|quantity| quantity.as_f64().is_some_and(|quantity| quantity > 0.0));
        let quantity = quantity.ok_or_else(|| Failure::invalid_data(format!("a package holds {} of item {name}", content.quantity)))?;
        Ok(item(line.id, quantity))
    }
}

fn item(id: u64, quantity: Number) -> Value {
    value!({"item_id": id, "qty": quantity})
}

/// Decimal text as a number: a whole one where it is whole, as WooCommerce has it.
fn number(text: &str) -> Option<Number> {
    text.parse::<u64>().ok().map(Number::from).or_else(|| Number::from_f64(text.parse().ok()?))
}

fn lines<'v>(order: &Order, fulfilled: impl Iterator<Item = &'v Value>) -> Result<Vec<Line>, Failure> {
    let mut taken: HashMap<u64, f64> = HashMap::new();
    for items in fulfilled.filter_map(json::list) {
        for own in items {
            if let (Some(id), Some(quantity)) = (json::id(&own["item_id"]), own["qty"].as_f64()) {
                *taken.entry(id).or_default() += quantity;
            }
        }
    }
    let all = json::list(&order.body["line_items"]).filter(|_| !order.body["line_items"].is_null());
    let all = all.ok_or_else(|| Failure::protocol("the shop's answer does not have the order's lines"))?;
    let line = |line: &&Value| {
        let id = json::id(&line["id"])?;
        let left = line["quantity"].as_f64()? - taken.get(&id).copied().unwrap_or_default();
        Some(Line { id, sku: json::text(&line["sku"]).unwrap_or_default(), left })
    };
    let all: Option<Vec<Line>> = all.iter().map(line).collect();
    all.ok_or_else(|| Failure::protocol("the shop's answer has an order's line without an id or a quantity"))
}
