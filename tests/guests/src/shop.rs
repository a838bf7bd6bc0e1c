//! A small shop interface for guests that a conformance test must catch: `GET /orders?number=N` gives the ids of the orders with that number, a line each;
//! `PUT /orders/ID` sets the status; `GET /orders/ID/shipments` gives the numbers of shipments, with commas between, and `POST` makes one. Each guest does
//! one thing wrong, and everything else by the functions here. `cart-script/` says how that shop answers.

use cartage_sdk::http::{Form, Method, Request, Response};
use cartage_sdk::manifest::{Endpoint, Features, Statuses, choices};
use cartage_sdk::{Context, Failure, Manifest, Update};

/// What every such guest says of itself, under its own name.
pub fn manifest(name: &str) -> Manifest {
    let api = Endpoint::new("api", "the shop's interface", "https://shop.example/api")
        .methods([Method::Get, Method::Put, Method::Post])
        .paths(["/orders"])
        .request_types(["application/x-www-form-urlencoded"]);
    Manifest::new(&name.replace('_', "-"), "1.0.0")
        .cart("A shop for conformance tests")
        .summary("Does one thing wrong.")
        .vendor("Cartage")
        .endpoint(api)
        .statuses(Statuses::Fixed(choices(["Shipped", "Delivered"])))
        .features(Features { tracking: true, ..Features::default() })
}

/// The ids of the orders with the update's number.
pub fn matches(update: &Update, context: &Context) -> Result<Vec<String>, Failure> {
    let answer = Request::get("api").path("/orders").query("number", &update.order_number).send()?;
    Ok(checked(&answer, context)?.lines().map(str::to_owned).collect())
}

/// The id of the one order with the update's number.
pub fn only_match(update: &Update, context: &Context) -> Result<String, Failure> {
    let mut matches = matches(update, context)?;
    match (matches.pop(), matches.is_empty()) {
        (None, _) => Err(Failure::order_not_found("the shop has no such order")),
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(Failure::ambiguous_order("the shop has several such orders")),
    }
}

/// The request that sets an order's status.
pub fn status_request(id: &str, status: &str) -> Result<Request, Failure> {
    Ok(Request::put("api").path_of("/orders/{}", [id])?.form(Form::new().field("status", status)))
}

/// Sets the update's status.
pub fn set_status(id: &str, update: &Update, context: &Context) -> Result<(), Failure> {
    let answer = status_request(id, update.status.as_deref().unwrap_or_default())?.send()?;
    checked(&answer, context).map(drop)
}

/// The numbers of an order's shipments.
pub fn shipments(id: &str, context: &Context) -> Result<Vec<String>, Failure> {
    let answer = Request::get("api").path_of("/orders/{}/shipments", [id])?.send()?;
    Ok(checked(&answer, context)?.split(',').map(str::to_owned).collect())
}

/// Makes a shipment of each package whose number is not among these.
pub fn ship(id: &str, update: &Update, but: &[String], context: &Context) -> Result<(), Failure> {
    let numbers = update.packages.iter().filter_map(|package| package.tracking_number.as_deref());
    for number in numbers.filter(|number| !but.iter().any(|but| but == number)) {
        let answer = Request::post("api").path_of("/orders/{}/shipments", [id])?.form(Form::new().field("number", number)).send()?;
        checked(&answer, context)?;
    }
    Ok(())
}

/// The text of a success, or the failure that another answer means.
pub fn checked(answer: &Response, context: &Context) -> Result<String, Failure> {
    let text = answer.text().to_string();
    let failure = match answer.status {
        200 if text.starts_with("error: locked") => Failure::order_busy(text),
        200 if !text.starts_with('<') => return Ok(text),
        401 => Failure::credentials(text),
        429 => Failure::rate_limited(text),
        _ => Failure::unavailable(text),
    };
    Err(match answer.retry_after(context) {
        Some(wait) => failure.retry_after(wait),
        None => failure,
    })
}

/// Makes a plugin of a function from an update, a delivery and a context to a result.
#[macro_export]
macro_rules! shop_guest {
    ($send:expr) => {
        /// The plugin.
        #[derive(Debug)]
        pub struct Guest;

        impl $crate::sdk::Plugin for Guest {
            fn describe() -> $crate::sdk::Manifest {
                $crate::shop::manifest(module_path!())
            }

            fn check(_: Option<$crate::sdk::OrderKey>, _: $crate::sdk::Context) -> Result<$crate::sdk::Report, $crate::sdk::Failure> {
                Ok($crate::sdk::Report::new())
            }

            fn send_order_status(
                update: $crate::sdk::Update,
                delivery: $crate::sdk::Delivery,
                context: $crate::sdk::Context,
            ) -> Result<$crate::sdk::Applied, $crate::sdk::Failure> {
                let send: fn($crate::sdk::Update, $crate::sdk::Delivery, $crate::sdk::Context) -> _ = $send;
                send(update, delivery, context)
            }
        }

        $crate::sdk::export!(Guest);
    };
}
