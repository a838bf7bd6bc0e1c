//! Finds the order of an update, and reads what the shop has of it.
//!
//! A wrong match would change another customer's order. So the number that the shop shows is compared exactly, however the order was found.

use crate::shop::{About, Answer, Shop};
use crate::{API, LOOK_UP, json, tracking};
use cartage_sdk::http::Request;
use cartage_sdk::json::Value;
use cartage_sdk::{Context, Failure, FailureKind};

/// The number of orders on one page of a search: the most that WooCommerce returns.
const PAGE: usize = 100;
/// The most pages of a search that are read.
const PAGES_MAX: u32 = 10;

/// How an order is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookUp {
    /// The number is the order's id; the shown number is compared.
    Id,
    /// The shop searches for the number; the shown number is compared.
    Search,
    /// The number is the order's id, and the shown number is not compared.
    TrustedId,
}

impl LookUp {
    pub(crate) fn of(context: &Context) -> Result<LookUp, Failure> {
        match context.text(LOOK_UP)? {
            "id" => Ok(LookUp::Id),
            "search" => Ok(LookUp::Search),
            "trusted-id" => Ok(LookUp::TrustedId),
            other => Err(Failure::host_denied(format!("failed to read the setting {LOOK_UP}: {other} is none of its choices"))),
        }
    }
}

/// The parts of an order that are read besides its id, number and status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Wanted {
    /// Whether the order's tracking items are read.
    pub(crate) tracking: bool,
    /// Whether the order's lines are read.
    pub(crate) lines: bool,
}

/// An order, as far as it was read.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) id: u64,
    /// `None` if the number was not read.
    pub(crate) number: Option<String>,
    /// `None` if the status was not read.
    pub(crate) status: Option<String>,
    /// The shop's whole answer.
    pub(crate) body: Value,
}

/// The order whose id is the number. The shop is not asked.
pub(crate) fn trusted(number: &str) -> Result<Order, Failure> {
    Ok(Order { id: id_of(number)?, number: None, status: None, body: Value::Null })
}

/// Finds an order and reads it. An order in the trash counts as not found.
pub(crate) fn find(shop: &mut Shop<'_>, number: &str, known: Option<&str>, wanted: Wanted) -> Result<Order, Failure> {
    let look_up = LookUp::of(shop.context)?;
    let known = match known.and_then(|known| known.parse().ok()).filter(|_| look_up != LookUp::TrustedId) {
        Some(id) => known_before(shop, id, number, wanted)?,
        None => None,
    };
    let order = match (known, look_up) {
        (Some(order), _) => order,
        (None, LookUp::Id) => by_id(shop, number, wanted)?,
        (None, LookUp::Search) => by_search(shop, number, wanted)?,
        (None, LookUp::TrustedId) => read(shop, id_of(number)?, wanted)?,
    };
    if order.status.as_deref() == Some("trash") {
        return Err(Failure::order_not_found(format!("order {number} lies in the shop's trash; restore it there, or discard the update")));
    }
    Ok(order)
}

/// The order that an earlier update found; `None` if it no longer has this number.
fn known_before(shop: &mut Shop<'_>, id: u64, number: &str, wanted: Wanted) -> Result<Option<Order>, Failure> {
    match read(shop, id, wanted) {
        Ok(order) => Ok(Some(order).filter(|order| order.number.as_deref() == Some(number))),
        Err(failure) if failure.kind == FailureKind::OrderNotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn by_id(shop: &mut Shop<'_>, number: &str, wanted: Wanted) -> Result<Order, Failure> {
    let order = read(shop, id_of(number)?, wanted)?;
    match order.number.as_deref() {
        Some(shown) if shown == number => Ok(order),
        shown => Err(Failure::order_not_found(format!(
            "the order with the id {number} has the number {}; where the shop's numbers are not its ids, set {LOOK_UP} to search",
            shown.unwrap_or("none")
        ))),
    }
}

fn id_of(number: &str) -> Result<u64, Failure> {
    let id = Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit())).and_then(|number| number.parse().ok());
    id.filter(|id| *id > 0).ok_or_else(|| {
        Failure::order_not_found(format!(
            "{number} is not the id of an order; where the shop's numbers are not its ids, set {LOOK_UP} to search"
        ))
    })
}

fn by_search(shop: &mut Shop<'_>, number: &str, wanted: Wanted) -> Result<Order, Failure> {
    let id = id_by_search(shop, number)?;
    let id = id.ok_or_else(|| Failure::order_not_found(format!("the shop's search finds no order with the number {number}")))?;
    let order = read(shop, id, wanted)?;
    if order.number.as_deref() != Some(number) {
        return Err(Failure::protocol(format!("the shop found order {number} and shows another one under the id {id}")));
    }
    Ok(order)
}

/// The id of the only order with this number. The search also looks into names and addresses, so most of the orders that it finds have other numbers.
fn id_by_search(shop: &mut Shop<'_>, number: &str) -> Result<Option<u64>, Failure> {
    let mut only = None;
    for page in 1..=PAGES_MAX {
        let request = Request::get(API)
            .path("/orders")
            .query("search", number)
            .query("orderby", "id")
            .query("order", "asc")
            .query("per_page", PAGE.to_string())
            .query("page", page.to_string());
        let Answer { body, pages } = shop.ask(About::Orders, request, "id,number")?;
        let orders = json::whole_list(&body).ok_or_else(|| Failure::protocol("the shop's answer to a search is no list"))?;
        let of_the_number = orders.iter().filter(|order| json::text(&order["number"]) == Some(number));
        for id in of_the_number.filter_map(|order| json::id(&order["id"])) {
            // A page can repeat an order of the previous page if an order was created in between.
            match only {
                Some(other) if other != id => {
                    return Err(Failure::ambiguous_order(format!(
                        "more than one order has the number {number}: those with the ids {other}, {id}"
                    )));
                }
                _ => only = Some(id),
            }
        }
        if orders.len() < PAGE || pages.is_some_and(|pages| pages <= page) {
            return Ok(only);
        }
    }
    Err(Failure::order_not_found(format!(
        "the shop's search for {number} finds more than {} orders, which were not all compared: nothing was changed",
        PAGE * PAGES_MAX as usize
    )))
}

fn read(shop: &mut Shop<'_>, id: u64, wanted: Wanted) -> Result<Order, Failure> {
    let mut fields = "id,number,status,date_created".to_owned();
    let mut request = Request::get(API).path(&format!("/orders/{id}"));
    if wanted.tracking {
        fields += ",meta_data";
        // A WooCommerce version that knows this parameter leaves out all other meta data.
        request = request.query("include_meta", tracking::META);
    }
    if wanted.lines {
        fields += ",line_items";
    }
    let body = shop.ask(About::Orders, request, &fields)?.body;
    let (number, status) = (json::text(&body["number"]).map(str::to_owned), body["status"].text().map(str::to_owned));
    if json::id(&body["id"]) != Some(id) || number.is_none() || status.is_none() {
        return Err(Failure::protocol(format!("the shop's answer is not the order with the id {id}")));
    }
    Ok(Order { id, number, status, body })
}

/// The body of the PUT that changes the order. `None` if nothing changes.
pub(crate) fn change(status: Option<&str>, items: Option<Vec<Value>>) -> Option<Value> {
    let items = items.map(|items| Value::List(vec![Value::object([("key", tracking::META.into()), ("value", items.into())])]));
    let members = [("status", status.map(Value::from)), ("meta_data", items)];
    let body = Value::object(members.into_iter().filter_map(|(name, value)| Some((name, value?))));
    body.members().is_some_and(|members| !members.is_empty()).then_some(body)
}

impl Order {
    /// Changes the order and returns the status that the order has afterwards. The reply must be about this order.
    pub(crate) fn put(&self, shop: &mut Shop<'_>, body: &Value) -> Result<String, Failure> {
        let request = Request::put(API).path(&format!("/orders/{}", self.id));
        let after = shop.write(About::Orders, request, body, "id,number,status")?;
        let is_same = json::id(&after["id"]) == Some(self.id)
            && self.number.as_deref().is_none_or(|number| json::text(&after["number"]) == Some(number));
        match after["status"].text() {
            Some(status) if is_same => Ok(status.to_owned()),
            _ => Err(Failure::protocol(format!("the shop's reply to the change is not the order with the id {}", self.id))),
        }
    }
}
