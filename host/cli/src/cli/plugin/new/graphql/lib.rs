//! Tells a cart of each order's status over the cart's GraphQL interface.
//!
//! The cart is made up. Every request is a POST to one URL. A request that only reads is marked with `reads`, so that a check and a dry run may send it.
//! Errors are in the answer's body, mostly with status 200: under `errors`, or under `data` if the shop itself refuses a change.

use cartage_sdk::http::{GraphqlError, Method, Request};
use cartage_sdk::manifest::{Endpoint, Features, Pace, Slot, Statuses, choices};
use cartage_sdk::orders::news;
use cartage_sdk::serde_json::{Value, json};
use cartage_sdk::{Applied, Context, Delivery, Failure, FailureKind, FindingSubject, Manifest, OrderKey, Plugin, Progress, Report, Update};

/// The plugin.
#[derive(Debug)]
pub struct MyCart;

cartage_sdk::export!(MyCart);

const FIND: &str = "query Find($code: String!) { orders(code: $code) { id code trackingNumbers } }";
const SET_STATUS: &str = "mutation SetStatus($id: ID!, $status: String!) { setStatus(id: $id, status: $status) { refusal } }";
const ADD_TRACKING: &str = "mutation AddTracking($id: ID!, $carrier: String, $number: String!) { addTracking(id: $id, carrier: $carrier, number: $number) { refusal } }";

impl Plugin for MyCart {
    fn describe() -> Manifest {
        Manifest::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .cart("Example Shop 3 or later")
            .summary("Sets an order's status and adds its tracking numbers.")
            .vendor("Example Ltd")
            .endpoint(
                Endpoint::new("api", "the shop's GraphQL interface", "https://shop.example/graphql")
                    .methods([Method::Post])
                    .paths(["/"])
                    .request_types(["application/json"])
                    .response_types(["application/json"]),
            )
            .slot(Slot::bearer("token", "Settings > API > Access tokens in the shop's back office").for_endpoints(["api"]))
            .statuses(Statuses::Fixed(choices(["open", "shipped", "closed"])))
            .features(Features { tracking: true, several_packages: true, without_status: true, ..Features::default() })
            // Two requests, and one for each package.
            .pace(Pace { requests_per_call: Some(100), ..Pace::default() })
    }

    fn check(order: Option<OrderKey>, context: Context) -> Result<Report, Failure> {
        let number = order.as_ref().map_or("", |order| order.order_number.as_str());
        let found = find(number, &context);
        let report = Report::new();
        Ok(match found {
            Err(failure) if failure.kind != FailureKind::OrderNotFound => {
                report.problem(FindingSubject::Credentials, &*failure.message, "make a token with write access and set it again")
            }
            Err(failure) if order.is_some() => report.fine(FindingSubject::Credentials, "the shop takes the token").problem(
                FindingSubject::Order,
                &*failure.message,
                "look at the order in the shop's back office",
            ),
            Ok(_) | Err(_) => report.fine(FindingSubject::Credentials, "the shop takes the token"),
        })
    }

    fn send_order_status(update: Update, delivery: Delivery, context: Context) -> Result<Applied, Failure> {
        Progress::of(&delivery).run(|work| {
            // The look-up also returns the tracking numbers that the shop has, so that a repeat adds none twice.
            let order = find(&update.order_number, &context)?;
            work.reference(order.id.as_str());
            if let Some(status) = &update.status {
                change("setStatus", SET_STATUS, &json!({"id": order.id, "status": status}), &context)?;
                work.step("status set", None);
            }
            for (place, package) in news(&update).new_packages() {
                let Some(number) = &package.tracking_number else { continue };
                if !order.tracking_numbers.contains(number) {
                    let variables = json!({"id": order.id, "carrier": package.carrier, "number": number});
                    change("addTracking", ADD_TRACKING, &variables, &context)?;
                }
                work.told(place, None);
            }
            Ok(())
        })
    }
}

/// An order as the shop has it.
struct Order {
    id: String,
    tracking_numbers: Vec<String>,
}

/// Looks up an order. A search may return similar numbers as well, so each candidate is compared exactly.
fn find(number: &str, context: &Context) -> Result<Order, Failure> {
    let data = ask(Request::post("api").reads(), FIND, &json!({"code": number}), context)?;
    let orders = data["orders"].as_array().ok_or_else(|| Failure::protocol("the shop's answer has no list of orders"))?;
    let mut found = orders.iter().filter(|order| order["code"] == number);
    let order = match (found.next(), found.next()) {
        (Some(order), None) => order,
        (None, _) => return Err(Failure::order_not_found(format!("the shop has no order {number}"))),
        (Some(_), Some(_)) => return Err(Failure::ambiguous_order(format!("the shop has several orders {number}"))),
    };
    let id = order["id"].as_str().ok_or_else(|| Failure::protocol("the shop's order has no id"))?;
    let numbers = order["trackingNumbers"].as_array().into_iter().flatten();
    Ok(Order { id: id.to_owned(), tracking_numbers: numbers.filter_map(|number| number.as_str().map(str::to_owned)).collect() })
}

/// Makes a change. The change counts only if the answer contains the change's own result, without a refusal.
fn change(name: &str, mutation: &str, variables: &Value, context: &Context) -> Result<(), Failure> {
    let data = ask(Request::post("api"), mutation, variables, context)?;
    match data.get(name).and_then(|result| result.get("refusal")) {
        Some(Value::Null) => Ok(()),
        Some(refusal) => Err(Failure::invalid_data(format!("the shop refused {name}: {refusal}"))),
        None => Err(Failure::protocol(format!("the shop's answer says nothing of {name}"))),
    }
}

/// Sends a query or a mutation, and returns the answer's `data`.
fn ask(request: Request, query: &str, variables: &Value, context: &Context) -> Result<Value, Failure> {
    let answer = request.auth("token").json(json!({"query": query, "variables": variables})).send()?;
    let read = answer.graphql::<Value>().map_err(|error| match error {
        // A code that has a meaning of its own at this shop; `?` knows the usual ones.
        error if error.has_code("INVALID_TRANSITION") => Failure::illegal_transition(error.to_string()),
        // Without a GraphQL answer, the HTTP status is the only information.
        GraphqlError::Unreadable(error) => match answer.status {
            401 => Failure::credentials(error.to_string()),
            403 => Failure::not_permitted(error.to_string()),
            404 => Failure::misconfigured(format!("set the URL of the shop's GraphQL interface: {error}")),
            410 => Failure::gone(error.to_string()),
            429 => Failure::rate_limited(error.to_string()),
            500.. => Failure::unavailable(error.to_string()),
            _ => Failure::protocol(error.to_string()),
        },
        error => error.into(),
    });
    // If the shop says when to retry, the host waits that long.
    read.map_err(|failure: Failure| match answer.retry_after(context) {
        Some(wait) => failure.retry_after(wait),
        None => failure,
    })
}

#[cfg(test)]
mod tests;
