//! Tells a cart of each order's status over the cart's REST interface.
//!
//! The cart is made up. It finds an order by its number, sets its status by PUT, and adds a shipment by POST. A repeated POST would add the shipment again,
//! so the plugin first looks whether the shipment exists.

use cartage_sdk::http::{Method, Request, Response};
use cartage_sdk::manifest::{Endpoint, Features, Pace, Slot, Statuses, choices};
use cartage_sdk::orders::news;
use cartage_sdk::serde_json::{Value, json};
use cartage_sdk::{
    Applied, Context, Delivery, Failure, FindingSubject, Manifest, OrderKey, Package, Plugin, Progress, Report, Update, delivery,
};

/// The plugin.
#[derive(Debug)]
pub struct MyCart;

cartage_sdk::export!(MyCart);

impl Plugin for MyCart {
    fn describe() -> Manifest {
        Manifest::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .cart("Example Shop 3 or later")
            .summary("Sets an order's status and adds its shipments.")
            .vendor("Example Ltd")
            .endpoint(
                Endpoint::new("api", "the shop's REST interface", "https://shop.example/api")
                    .methods([Method::Get, Method::Put, Method::Post])
                    .paths(["/orders", "/version"])
                    .request_types(["application/json"])
                    .response_types(["application/json"]),
            )
            .slot(Slot::bearer("token", "Settings > API > Access tokens in the shop's back office").for_endpoints(["api"]))
            .statuses(Statuses::Fixed(choices(["open", "shipped", "closed"])))
            .features(Features { tracking: true, several_packages: true, without_status: true, ..Features::default() })
            // Three requests, and one for each package.
            .pace(Pace { requests_per_call: Some(100), ..Pace::default() })
    }

    fn check(order: Option<OrderKey>, context: Context) -> Result<Report, Failure> {
        let answer = Request::get("api").path("/version").auth("token").send()?;
        let report = match accepted(answer, &context) {
            Ok(_) => Report::new().fine(FindingSubject::Credentials, "the shop takes the token"),
            Err(failure) => {
                let remedy = "make a token with write access and set it again";
                return Ok(Report::new().problem(FindingSubject::Credentials, &*failure.message, remedy));
            }
        };
        let Some(order) = order else { return Ok(report) };
        Ok(match find(&order.order_number, &context) {
            Ok(id) => report.fine(FindingSubject::Order, format!("the shop knows the order as {id}")),
            Err(failure) => report.problem(FindingSubject::Order, &*failure.message, "look at the order in the shop's back office"),
        })
    }

    fn send_order_status(update: Update, delivery: Delivery, context: Context) -> Result<Applied, Failure> {
        Progress::of(&delivery).run(|work| {
            // The shop's own id is stored, so the order's next update needs no look-up.
            let id = match &delivery.known_reference {
                Some(id) => id.clone(),
                None => find(&update.order_number, &context)?,
            };
            work.reference(id.as_str());
            if let Some(status) = &update.status {
                let request = Request::put("api").path_of("/orders/{}/status", [&id])?.auth("token").json(json!({"status": status}));
                accepted(request.send()?, &context)?;
                work.step("status set", None);
            }
            let known = if delivery::may_have_arrived(&delivery) { shipments(&id, &context)? } else { Vec::new() };
            for (place, package) in news(&update).new_packages() {
                if !known.iter().any(|number| Some(number) == package.tracking_number.as_ref()) {
                    add_shipment(&id, package, &context)?;
                }
                work.told(place, None);
            }
            Ok(())
        })
    }
}

/// The shop's id of an order. A search may return similar numbers as well, so each candidate is compared exactly.
fn find(number: &str, context: &Context) -> Result<String, Failure> {
    let answer = Request::get("api").path("/orders").query("number", number).auth("token").send()?;
    let found: Vec<Value> = accepted(answer, context)?.json()?;
    let mut ids = found.iter().filter(|order| order["number"] == number).filter_map(|order| order["id"].as_str());
    match (ids.next(), ids.next()) {
        (Some(id), None) => Ok(id.to_owned()),
        (None, _) => Err(Failure::order_not_found(format!("the shop has no order {number}"))),
        (Some(_), Some(_)) => Err(Failure::ambiguous_order(format!("the shop has several orders {number}"))),
    }
}

/// The tracking numbers that the shop has for an order.
fn shipments(id: &str, context: &Context) -> Result<Vec<String>, Failure> {
    let answer = Request::get("api").path_of("/orders/{}/shipments", [id])?.auth("token").send()?;
    Ok(accepted(answer, context)?.json()?)
}

fn add_shipment(id: &str, package: &Package, context: &Context) -> Result<(), Failure> {
    let body = json!({"carrier": package.carrier, "number": package.tracking_number});
    let answer = Request::post("api").path_of("/orders/{}/shipments", [id])?.auth("token").json(body).send()?;
    accepted(answer, context).map(drop)
}

/// The answer, if the shop did what was asked. Many shops report a failure with status 200, so the body counts as well.
fn accepted(answer: Response, context: &Context) -> Result<Response, Failure> {
    let said = format!("the shop answered HTTP {}: {}", answer.status, answer.excerpt());
    let reason = answer.json::<Value>().ok().and_then(|body| body["error"].as_str().map(str::to_owned));
    let failure = match (answer.status, reason) {
        (200..=299, None) => return Ok(answer),
        (200..=299 | 400 | 422, _) => Failure::invalid_data(said),
        (401, _) => Failure::credentials(said),
        (403, _) => Failure::not_permitted(said),
        (404, _) => Failure::order_not_found(said),
        (409, _) => Failure::illegal_transition(said),
        (410, _) => Failure::gone(said),
        (429, _) => Failure::rate_limited(said),
        (500.., _) => Failure::unavailable(said),
        _ => Failure::protocol(said),
    };
    // If the shop says when to retry, the host waits that long.
    Err(match answer.retry_after(context) {
        Some(wait) => failure.retry_after(wait),
        None => failure,
    })
}

#[cfg(test)]
mod tests;
