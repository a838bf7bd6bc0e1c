//! Does nothing wrong, and tells two services of a shop with one token.

use cartage_guests::sdk::http::{Method, Request, text};
use cartage_guests::sdk::manifest::{Endpoint, Slot};
use cartage_guests::sdk::{Applied, Context, Delivery, Failure, Manifest, OrderKey, Plugin, Report, Update, export};

/// The plugin.
#[derive(Debug)]
pub struct Guest;

impl Plugin for Guest {
    fn describe() -> Manifest {
        let endpoint = |name: &str, purpose: &str| {
            Endpoint::new(name, purpose, "https://shop.example/api")
                .methods([Method::Post])
                .paths(["/orders"])
                .request_types(["text/plain"])
        };
        Manifest::new("tells-two-services", "1.0.0")
            .cart("A cart for tests")
            .summary("Tells the shop and its warehouse.")
            .vendor("Cartage")
            .endpoint(endpoint("api", "the shop's interface"))
            .endpoint(endpoint("warehouse", "the warehouse's interface"))
            .slot(Slot::bearer("token", "a token of the shop, which the warehouse takes as well").for_endpoints(["api", "warehouse"]))
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }

    fn send_order_status(update: Update, _: Delivery, _: Context) -> Result<Applied, Failure> {
        for endpoint in ["api", "warehouse"] {
            Request::post(endpoint).path("/orders").body("text/plain", [text(&update.order_number)]).auth("token").send()?;
        }
        Ok(Applied::done())
    }
}

export!(Guest);
