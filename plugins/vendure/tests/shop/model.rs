//! A model of a Vendure shop with one order. Its behaviour and its refusals were observed on Vendure 3.7.3.

use cartage_sdk::serde_json::{Value, json};
use cartage_sdk::testing::{Cart, Reply, Seen, Shop, update};
use cartage_sdk::{Content, Package, Update};
use vendure::Vendure;

/// The order and its changes.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) state: String,
    /// SKU and quantity; a line's id is its position, from 1.
    pub(crate) lines: Vec<(String, i64)>,
    pub(crate) fulfilments: Vec<Fulfilment>,
    /// Each note's text, and whether it is public.
    pub(crate) notes: Vec<(String, bool)>,
    /// The names of the mutations that were carried out.
    pub(crate) done: Vec<String>,
    /// Whether the session has ended; a log-in starts a new one. The model does not see log-ins: a request that is sent again stands for one.
    pub(crate) is_over: bool,
    /// If set, the reply to every request.
    pub(crate) instead: Option<Reply>,
}

/// A fulfilment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fulfilment {
    pub(crate) state: String,
    pub(crate) method: String,
    pub(crate) code: String,
    pub(crate) lines: Vec<(usize, i64)>,
}

pub(crate) const CODE: &str = "V-1021";

/// A shop whose order has two lines: three of A, one of B.
pub(crate) fn shop() -> Shop<Vendure, Order> {
    shop_with(vec![("A", 3), ("B", 1)])
}

pub(crate) fn shop_with(lines: Vec<(&str, i64)>) -> Shop<Vendure, Order> {
    cart().remembering(order(lines), Order::answer)
}

/// A cart that uses an API key.
pub(crate) fn cart() -> Cart<Vendure> {
    Cart::new().without_slot("account")
}

pub(crate) fn order(lines: Vec<(&str, i64)>) -> Order {
    Order {
        state: "PaymentSettled".to_owned(),
        lines: lines.into_iter().map(|(sku, quantity)| (sku.to_owned(), quantity)).collect(),
        fulfilments: Vec::new(),
        notes: Vec::new(),
        done: Vec::new(),
        is_over: false,
        instead: None,
    }
}

/// An update of the order to a state, and nothing else.
pub(crate) fn to(status: &str) -> Update {
    update(CODE, status)
}

/// A package with this quantity of each SKU.
pub(crate) fn holding(package: Package, contents: &[(&str, &str)]) -> Package {
    let content = |(sku, quantity): &(&str, &str)| Content {
        web_line_id: None,
        reference_line_id: None,
        sku: Some((*sku).to_owned()),
        quantity: (*quantity).to_owned(),
    };
    Package { contents: contents.iter().map(content).collect(), ..package }
}

/// A GraphQL error, which stands beside the data.
pub(crate) fn error(code: &str) -> Reply {
    Reply::json(200, json!({"errors": [{"message": "no", "extensions": {"code": code}}], "data": null}))
}

/// A refusal by one of Vendure's own types.
pub(crate) fn refused(name: &str, said: &str) -> Value {
    json!({"__typename": name, "errorCode": "ERROR", "message": said})
}

impl Order {
    pub(crate) fn answer(&mut self, seen: &Seen) -> Reply {
        if std::mem::take(&mut self.is_over) {
            return error("FORBIDDEN");
        }
        if let Some(reply) = &self.instead {
            return reply.clone();
        }
        let body = seen.json().expect("GraphQL is posted as JSON");
        let (document, variables) = (body["query"].as_str().expect("there is a document"), &body["variables"]);
        let name = document.split([' ', '(']).nth(1).expect("each document has a name");
        if document.starts_with("mutation") {
            self.done.push(name.to_owned());
        }
        let data = match name {
            "FindOrder" => self.found(&variables["code"]),
            "CountOrders" => json!({"orders": {"totalItems": 1}}),
            "OrderState" => json!({"order": {"state": self.state}}),
            "OrderStates" => {
                let states = ["Created", "Draft", "AddingItems", "PaymentSettled", "Packed", "Shipped", "Cancelled"];
                json!({"globalSettings": {"serverConfig": {"orderProcess": states.map(|name| json!({"name": name}))}}})
            }
            "Fulfil" => json!({"addFulfillmentToOrder": self.fulfil(&variables["input"])}),
            "MoveFulfilment" => json!({"transitionFulfillmentToState": self.move_fulfilment(variables)}),
            "MoveOrder" => json!({"transitionOrderToState": self.move_to(&variables["state"])}),
            "CancelOrder" => json!({"cancelOrder": self.cancel()}),
            "Notes" => {
                let items = self.notes.iter().rev().map(|(note, _)| json!({"data": {"note": note}})).collect::<Vec<_>>();
                json!({"order": {"history": {"items": items}}})
            }
            "AddNote" => {
                let input = &variables["input"];
                self.notes.push((text(&input["note"]), input["isPublic"] == true));
                json!({"addNoteToOrder": {"id": "7"}})
            }
            other => panic!("the model does not know {other}"),
        };
        Reply::json(200, json!({"data": data}))
    }

    fn found(&self, code: &Value) -> Value {
        let lines =
            self.lines.iter().enumerate().map(
                |(place, (sku, quantity))| json!({"id": (place + 1).to_string(), "quantity": quantity, "productVariant": {"sku": sku}}),
            );
        let fulfilments = (0..self.fulfilments.len()).map(|place| self.shown(place));
        let order = json!({"id": "7", "code": CODE, "state": self.state, "nextStates": next_of_order(&self.state),
            "lines": lines.collect::<Vec<_>>(), "fulfillments": fulfilments.collect::<Vec<_>>()});
        let items = if code == CODE { vec![order] } else { Vec::new() };
        json!({"orders": {"totalItems": items.len(), "items": items}})
    }

    fn shown(&self, place: usize) -> Value {
        let Fulfilment { state, method, code, lines } = &self.fulfilments[place];
        let lines = lines.iter().map(|(line, quantity)| json!({"orderLineId": line.to_string(), "quantity": quantity}));
        json!({"id": (place + 100).to_string(), "state": state, "nextStates": next_of_fulfilment(state), "method": method, "trackingCode": code,
            "lines": lines.collect::<Vec<_>>()})
    }

    fn in_fulfilments(&self, line: usize) -> i64 {
        let standing = self.fulfilments.iter().filter(|fulfilment| fulfilment.state != "Cancelled");
        standing.flat_map(|fulfilment| &fulfilment.lines).filter(|(own, _)| *own == line).map(|(_, quantity)| quantity).sum()
    }

    fn fulfil(&mut self, input: &Value) -> Value {
        let lines: Vec<(usize, i64)> = input["lines"]
            .as_array()
            .expect("there are lines")
            .iter()
            .map(|line| (text(&line["orderLineId"]).parse().expect("an id of the model"), line["quantity"].as_i64().expect("a number")))
            .collect();
        if lines.is_empty() {
            return refused("EmptyOrderLineSelectionError", "At least one OrderLine must be specified");
        }
        if lines.iter().any(|(line, quantity)| self.in_fulfilments(*line) + quantity > self.lines[line - 1].1) {
            return refused("ItemsAlreadyFulfilledError", "One or more OrderItems are already part of a Fulfillment");
        }
        if input["handler"]["code"] != "manual-fulfillment" {
            return refused("InvalidFulfillmentHandlerError", "The specified FulfillmentHandler code is not valid");
        }
        let argument = |name: &str| {
            let arguments = input["handler"]["arguments"].as_array().expect("there are arguments");
            arguments.iter().find(|argument| argument["name"] == name).map(|argument| text(&argument["value"])).unwrap_or_default()
        };
        self.fulfilments.push(Fulfilment {
            state: "Pending".to_owned(),
            method: argument("method"),
            code: argument("trackingCode"),
            lines,
        });
        self.shown(self.fulfilments.len() - 1)
    }

    fn move_fulfilment(&mut self, variables: &Value) -> Value {
        let (place, state) = (text(&variables["id"]).parse::<usize>().expect("an id of the model") - 100, text(&variables["state"]));
        let from = self.fulfilments[place].state.clone();
        if !next_of_fulfilment(&from).contains(&state.as_str()) {
            let mut refused = refused("FulfillmentStateTransitionError", "Cannot transition");
            (refused["fromState"], refused["toState"]) = (from.into(), state.into());
            return refused;
        }
        self.fulfilments[place].state = state;
        self.follow();
        self.shown(place)
    }

    /// Changes the order's state after its fulfilments.
    fn follow(&mut self) {
        let all = |states: &[&str]| {
            let moved = self.fulfilments.iter().filter(|fulfilment| states.contains(&fulfilment.state.as_str()));
            moved.flat_map(|fulfilment| &fulfilment.lines).map(|(_, quantity)| quantity).sum::<i64>()
        };
        let ordered: i64 = self.lines.iter().map(|(_, quantity)| quantity).sum();
        let (shipped, delivered) = (all(&["Shipped", "Delivered"]), all(&["Delivered"]));
        let state = match (shipped == ordered, delivered) {
            (true, delivered) if delivered == ordered => "Delivered",
            (_, 1..) => "PartiallyDelivered",
            (true, _) => "Shipped",
            (false, _) => "PartiallyShipped",
        };
        state.clone_into(&mut self.state);
    }

    fn move_to(&mut self, state: &Value) -> Value {
        let state = text(state);
        if state == "Shipped" || !next_of_order(&self.state).contains(&state.as_str()) {
            return refused("OrderStateTransitionError", "Cannot transition Order");
        }
        self.state = state;
        json!({"state": self.state})
    }

    fn cancel(&mut self) -> Value {
        if self.state == "Cancelled" {
            return refused("EmptyOrderLineSelectionError", "At least one OrderLine must be specified");
        }
        self.state = "Cancelled".to_owned();
        self.lines.iter_mut().for_each(|(_, quantity)| *quantity = 0);
        json!({"state": self.state})
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("it is a text").to_owned()
}

fn next_of_fulfilment(state: &str) -> Vec<&'static str> {
    match state {
        "Pending" => vec!["Shipped", "Delivered", "Cancelled"],
        "Shipped" => vec!["Delivered", "Cancelled"],
        "Delivered" => vec!["Cancelled"],
        _ => Vec::new(),
    }
}

fn next_of_order(state: &str) -> Vec<&'static str> {
    match state {
        "ArrangingPayment" => vec!["PaymentAuthorized", "PaymentSettled", "AddingItems", "Cancelled"],
        "PaymentSettled" => vec!["PartiallyShipped", "Shipped", "PartiallyDelivered", "Delivered", "Cancelled", "Packed"],
        "Packed" | "PartiallyShipped" => vec!["PartiallyShipped", "Shipped", "PartiallyDelivered", "Delivered", "Cancelled"],
        "Shipped" | "PartiallyDelivered" => vec!["PartiallyDelivered", "Delivered", "Cancelled"],
        "Delivered" => vec!["Cancelled"],
        _ => Vec::new(),
    }
}
