//! The order as the shop has it: its state, its lines, and its existing fulfilments.

use crate::answer::{list, member, number, text, texts};
use crate::shop::Shop;
use cartage_sdk::json::Value;
use cartage_sdk::{Failure, Package};
use std::collections::BTreeMap;

/// The query asks for no customer data, only for what is needed to fulfil the order.
const FIND: &str = "query FindOrder($code: String!) { orders(options: {filter: {code: {eq: $code}}, take: 2}) { totalItems items { \
    id code state nextStates lines { id quantity productVariant { sku } } \
    fulfillments { id state nextStates method trackingCode lines { orderLineId quantity } } } } }";
const COUNT: &str = "query CountOrders { orders(options: {take: 1}) { totalItems } }";
const STATE: &str = "query OrderState($id: ID!) { order(id: $id) { state } }";

/// The separator between the tracking codes of packages that share a fulfilment.
pub(crate) const BETWEEN_CODES: &str = ", ";

/// An order.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) state: String,
    pub(crate) next_states: Vec<String>,
    pub(crate) lines: Vec<Line>,
    fulfilments: Vec<Fulfilment>,
}

/// A line of an order.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) sku: String,
    /// The ordered quantity, without cancelled items.
    quantity: i64,
}

/// A fulfilment, which is Vendure's word for a shipment.
#[derive(Debug)]
pub(crate) struct Fulfilment {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) next_states: Vec<String>,
    pub(crate) method: String,
    /// The tracking code; empty if there is none.
    pub(crate) code: String,
    /// The lines in the fulfilment, each by its index in the order, and the quantity of each.
    pub(crate) contents: Vec<(usize, i64)>,
}

/// The index of each line in the order, by the line's id.
pub(crate) type Places<'l> = BTreeMap<&'l str, usize>;

/// Looks an order up by its code. The code is compared exactly, because databases compare without regard to case.
pub(crate) fn find(shop: &Shop<'_>, code: &str) -> Result<Order, Failure> {
    let data = shop.read(FIND, [("code", code.into())])?;
    let orders = member(&data, "orders")?;
    let (total, items) = (number(orders, "totalItems")?, list(orders, "items")?);
    let mut exact = items.iter().filter(|order| text(order, "code").is_ok_and(|own| own == code));
    match (exact.next(), exact.next()) {
        (Some(_), Some(_)) => Err(Failure::ambiguous_order(format!("the shop has several orders with the code {code}"))),
        _ if usize::try_from(total) != Ok(items.len()) => {
            Err(Failure::protocol(format!("the shop found {total} orders for the code {code}: it does not look for the code alone")))
        }
        (Some(order), None) => Order::read(order),
        (None, _) => Err(Failure::order_not_found(format!("the shop has no order with the code {code}"))),
    }
}

/// Checks that the credentials may see orders at all.
pub(crate) fn may_be_seen(shop: &Shop<'_>) -> Result<(), Failure> {
    let data = shop.read(COUNT, [])?;
    number(member(&data, "orders")?, "totalItems").map(|_| ())
}

/// Reads the state of an order again.
pub(crate) fn state(shop: &Shop<'_>, id: &str) -> Result<String, Failure> {
    let data = shop.read(STATE, [("id", id.into())])?;
    text(member(&data, "order")?, "state").map(str::to_owned)
}

impl Order {
    fn read(order: &Value) -> Result<Order, Failure> {
        let lines = list(order, "lines")?.iter().map(Line::read).collect::<Result<Vec<_>, _>>()?;
        let of_order = |name| text(order, name).map(str::to_owned);
        let mut read = Order {
            id: of_order("id")?,
            code: of_order("code")?,
            state: of_order("state")?,
            next_states: texts(order, "nextStates")?,
            lines,
            fulfilments: Vec::new(),
        };
        let places = read.places();
        // An order without fulfilments has no list of them either.
        let fulfilments = list(order, "fulfillments").unwrap_or_default().iter();
        read.fulfilments = fulfilments.map(|fulfilment| Fulfilment::read(fulfilment, &places)).collect::<Result<_, _>>()?;
        Ok(read)
    }

    pub(crate) fn places(&self) -> Places<'_> {
        let mut places = Places::new();
        for (place, line) in self.lines.iter().enumerate() {
            places.insert(&line.id, place);
        }
        places
    }

    /// The fulfilments that are not cancelled.
    pub(crate) fn fulfilments(&self) -> impl Iterator<Item = &Fulfilment> {
        self.fulfilments.iter().filter(|fulfilment| fulfilment.state != "Cancelled")
    }

    /// Adds a fulfilment that was made in this call.
    pub(crate) fn add(&mut self, fulfilment: Fulfilment) {
        self.fulfilments.push(fulfilment);
    }

    /// Records a fulfilment that was moved to another state in this call.
    pub(crate) fn moved(&mut self, id: &str, state: &str, next_states: &[String]) {
        for fulfilment in self.fulfilments.iter_mut().filter(|fulfilment| fulfilment.id == id) {
            (fulfilment.state, fulfilment.next_states) = (state.to_owned(), next_states.to_vec());
        }
    }

    /// The quantity of each line, by its index, that is in no fulfilment.
    pub(crate) fn left(&self) -> Vec<i64> {
        let mut left: Vec<i64> = self.lines.iter().map(|line| line.quantity).collect();
        for (place, quantity) in self.fulfilments().flat_map(|fulfilment| &fulfilment.contents) {
            left[*place] = left[*place].saturating_sub(*quantity).max(0);
        }
        left
    }

    /// The number of items that are in no fulfilment.
    pub(crate) fn count_left(&self) -> i64 {
        self.left().into_iter().fold(0, i64::saturating_add)
    }

    /// The fulfilment that an earlier update or attempt made for a package, recognised by its id or by its tracking code.
    pub(crate) fn fulfilment_of(&self, package: &Package) -> Option<&Fulfilment> {
        let number = package.tracking_number.as_deref().map(plain).filter(|number| !number.is_empty());
        self.fulfilments().find(|own| {
            let has_code = number.as_ref().is_some_and(|number| own.code.split(BETWEEN_CODES).any(|code| plain(code) == *number));
            package.known_reference.as_deref() == Some(own.id.as_str()) || has_code
        })
    }
}

impl Line {
    fn read(line: &Value) -> Result<Line, Failure> {
        let sku = text(member(line, "productVariant")?, "sku")?.to_owned();
        Ok(Line { id: text(line, "id")?.to_owned(), sku, quantity: number(line, "quantity")? })
    }
}

impl Fulfilment {
    pub(crate) fn read(fulfilment: &Value, places: &Places<'_>) -> Result<Fulfilment, Failure> {
        let of_fulfilment = |name| text(fulfilment, name).map(str::to_owned);
        let mut contents = Vec::new();
        for line in list(fulfilment, "lines")? {
            // Lines of other orders are skipped: a fulfilment may hold lines of several orders.
            if let Some(place) = places.get(text(line, "orderLineId")?) {
                contents.push((*place, number(line, "quantity")?));
            }
        }
        Ok(Fulfilment {
            id: of_fulfilment("id")?,
            state: of_fulfilment("state")?,
            next_states: texts(fulfilment, "nextStates")?,
            method: of_fulfilment("method")?,
            code: of_fulfilment("trackingCode").unwrap_or_default(),
            contents,
        })
    }
}

/// A tracking number in the form in which two are compared: without spaces and hyphens, in lower case.
fn plain(number: &str) -> String {
    number.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}
