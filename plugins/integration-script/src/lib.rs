//! Speaks SETI, the classic integration-script protocol, to any cart that has such a script.

use cartage_sdk::http::Request;
use cartage_sdk::manifest::Statuses;
use cartage_sdk::{Applied, Context, Delivery, Failure, Manifest, OrderKey, Plugin, Report, Update};

/// The plugin.
#[derive(Debug)]
pub struct IntegrationScript;

impl Plugin for IntegrationScript {
    fn describe() -> Manifest {
        Manifest::new("integration-script", env!("CARGO_PKG_VERSION")).statuses(Statuses::FreeText)
    }

    fn check(_order: Option<OrderKey>, _context: Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }

    fn send_order_status(update: Update, _delivery: Delivery, _context: Context) -> Result<Applied, Failure> {
        let response = Request::post("script").query("order", update.order_number).send()?;
        Ok(Applied::done().message(format!("{}", response.status)))
    }
}

cartage_sdk::export!(IntegrationScript);
