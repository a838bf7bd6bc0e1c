//! The contents of a package, as the shop's line ids and quantities.

use crate::order::Order;
use crate::{TRACKING, json, tracking};
use cartage_sdk::json::Value;
use cartage_sdk::orders::{Content, Told};
use cartage_sdk::{Failure, Update};
use std::collections::BTreeMap;

/// The decimal places of a quantity.
const PLACES: usize = 6;

/// A quantity in millionths. It is exact, like the decimal numbers of the contract and of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Quantity(i64);

impl Quantity {
    /// Parses decimal text with up to 12 digits, and up to 6 after the point.
    fn of(text: &str) -> Option<Quantity> {
        let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let are_digits = |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits(whole, 12) || !are_digits(part, PLACES) {
            return None;
        }
        let millionths: i64 = format!("{whole}{part:0<PLACES$}").parse().ok()?;
        Some(Quantity(if is_negative { -millionths } else { millionths }))
    }

    /// The quantity as a JSON number; WooCommerce requires whole numbers to have no decimal point.
    fn json(self) -> Value {
        let text = format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000);
        Value::Number(text.trim_end_matches('0').trim_end_matches('.').to_owned())
    }
}

/// A line of the order.
struct Line {
    id: u64,
    sku: String,
    /// The quantity that is in no fulfilment yet.
    left: Quantity,
}

/// The contents of each package of an update.
pub(super) struct Contents {
    lines: Vec<Line>,
    /// For each package of the update, its items; `None` if the update names none.
    named: Vec<Option<Value>>,
}

impl Contents {
    /// Reads the order's lines and the update's contents. Nothing is written before all of them are understood.
    pub(super) fn of<'v>(order: &Order, update: &Update, fulfilled: impl Iterator<Item = &'v Value>) -> Result<Contents, Failure> {
        let lines = lines(order, fulfilled)?;
        let places = Places::of(&lines);
        let mut named = vec![None; update.packages.len()];
        let standing = tracking::news(update).filter(|(_, package, _)| package.told != Told::Withdrawn);
        let mut without = 0;
        for (place, package, _) in standing {
            if package.contents.is_empty() {
                without += usize::from(package.told == Told::New);
                continue;
            }
            let items: Result<Vec<Value>, Failure> = package.contents.iter().map(|content| places.item(content, update)).collect();
            named[place] = Some(items?.into());
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

    /// The items that the update names for a package.
    pub(super) fn named(&self, place: usize) -> Option<Value> {
        self.named.get(place).cloned().flatten()
    }

    /// The items that the update names for a package; if it names none, all items that are in no fulfilment yet.
    pub(super) fn all(&self, place: usize) -> Result<Value, Failure> {
        if let Some(named) = self.named(place) {
            return Ok(named);
        }
        let open = self.lines.iter().filter(|line| line.left > Quantity(0));
        let items: Vec<Value> = open.map(|line| item(line.id, line.left)).collect();
        if items.is_empty() {
            return Err(Failure::invalid_data("every item of the order is in a fulfilment already; say what lies in the package"));
        }
        Ok(items.into())
    }
}

/// The lines by id and by SKU. These maps keep the search fast: an order can have hundreds of lines, and so can a package.
struct Places<'l> {
    lines: &'l [Line],
    ids: Index,
    skus: Index,
}

/// The index of a line by its name. `None` if several lines have this name.
type Index = BTreeMap<String, Option<usize>>;

fn index(names: impl Iterator<Item = String>) -> Index {
    let mut index = Index::new();
    for (place, name) in names.enumerate() {
        index.entry(name).and_modify(|only| *only = None).or_insert(Some(place));
    }
    index
}

impl<'l> Places<'l> {
    fn of(lines: &'l [Line]) -> Places<'l> {
        Places { lines, ids: index(lines.iter().map(|line| line.id.to_string())), skus: index(lines.iter().map(|line| line.sku.clone())) }
    }

    fn named(&self, index: &Index, name: Option<&str>) -> Option<&'l Line> {
        let place = index.get(name.filter(|name| !name.is_empty())?).copied().flatten()?;
        self.lines.get(place)
    }

    fn item(&self, content: &Content, update: &Update) -> Result<Value, Failure> {
        let by_id = self.named(&self.ids, content.web_line_id.as_deref());
        let line = by_id.or_else(|| self.named(&self.skus, content.sku.as_deref()));
        let name = content.web_line_id.as_deref().or(content.sku.as_deref()).unwrap_or("without an id and a SKU");
        let line = line.ok_or_else(|| {
            Failure::invalid_data(format!("order {} has no line, or more than one, that is item {name} of a package", update.order_number))
        })?;
        let quantity = Quantity::of(&content.quantity).filter(|quantity| *quantity > Quantity(0));
        let quantity = quantity.ok_or_else(|| Failure::invalid_data(format!("a package holds {} of item {name}", content.quantity)))?;
        Ok(item(line.id, quantity))
    }
}

fn item(id: u64, quantity: Quantity) -> Value {
    Value::object([("item_id", id.into()), ("qty", quantity.json())])
}

fn lines<'v>(order: &Order, fulfilled: impl Iterator<Item = &'v Value>) -> Result<Vec<Line>, Failure> {
    let mut taken: BTreeMap<u64, Quantity> = BTreeMap::new();
    for items in fulfilled.filter_map(json::list) {
        for own in items {
            if let (Some(id), Some(quantity)) = (json::id(&own["item_id"]), json::text(&own["qty"]).and_then(Quantity::of)) {
                let sum = taken.entry(id).or_default();
                *sum = Quantity(sum.0.saturating_add(quantity.0));
            }
        }
    }
    let all = json::whole_list(&order.body["line_items"]);
    let all = all.ok_or_else(|| Failure::protocol("the shop's answer does not have the order's lines"))?;
    let line = |line: &&Value| {
        let id = json::id(&line["id"])?;
        let ordered = json::text(&line["quantity"]).and_then(Quantity::of)?;
        let left = Quantity(ordered.0.saturating_sub(taken.get(&id).copied().unwrap_or_default().0));
        Some(Line { id, sku: json::text(&line["sku"]).unwrap_or_default().to_owned(), left })
    };
    let all: Option<Vec<Line>> = all.iter().map(line).collect();
    all.ok_or_else(|| Failure::protocol("the shop's answer has an order's line without an id or a quantity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_exact() {
        for (text, json) in [
            ("2", "2"),
            ("0.5", "0.5"),
            ("100", "100"),
            ("1.000000", "1"),
            ("0.000001", "0.000001"),
            ("999999999999.999999", "999999999999.999999"),
        ] {
            assert_eq!(Quantity::of(text).map(|quantity| quantity.json().to_string()).as_deref(), Some(json), "{text}");
        }
        for text in ["", "-", ".5", "1.", "1e3", "1.0000001", "1234567890123", " 1", "+1", "1,5"] {
            assert_eq!(Quantity::of(text), None, "{text}");
        }
        assert!(Quantity::of("-0.5") < Some(Quantity(0)));
    }
}
