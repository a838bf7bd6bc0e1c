//! Does nothing wrong, and says that each status is the order's full state. It speaks to a classic script, with form fields.

use cartage_guests::sdk::http::{Form, Method, Request};
use cartage_guests::sdk::manifest::{Endpoint, Features, Field, Setting, Slot, Statuses};
use cartage_guests::sdk::{Applied, Context, Delivery, Failure, Manifest, OrderKey, Plugin, Report, Update, export};

/// The plugin.
#[derive(Debug)]
pub struct Guest;

impl Plugin for Guest {
    fn describe() -> Manifest {
        Manifest::new("tells-full-states", "1.0.0")
            .cart("A cart for tests")
            .summary("Tells full states.")
            .vendor("Cartage")
            .endpoint(
                Endpoint::new("script", "the shop's script", "https://shop.example/seti.php")
                    .methods([Method::Post])
                    .paths(["/"])
                    .request_types(["application/x-www-form-urlencoded"]),
            )
            .slot(
                Slot::form("account", "the shop's account")
                    .field(Field::identifying("setiuser", "the user name"))
                    .field(Field::secret("password", "the password"))
                    .for_endpoints(["script"]),
            )
            .setting(Setting::text("encoding", "not used, as each cart of the tests sets it").default(""))
            .statuses(Statuses::FreeText)
            .features(Features {
                full_state: true,
                tracking: true,
                several_packages: true,
                line_items: true,
                notes: true,
                ..Features::default()
            })
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }

    fn send_order_status(update: Update, _: Delivery, _: Context) -> Result<Applied, Failure> {
        let form = Form::new()
            .field("setifunction", "updatestatus")
            .secret("setiuser", "account", "setiuser")
            .secret("password", "account", "password")
            .field("ordernumber", &update.order_number)
            .field("orderstatus", update.status.as_deref().unwrap_or_default());
        let response = Request::post("script").form(form).send()?;
        let (status, text) = (response.status, response.text());
        match status {
            200 if text.starts_with("SETIResponse: update=OK") => Ok(Applied::done()),
            200 => Err(Failure::invalid_data(text)),
            401 => Err(Failure::credentials(text)),
            429 => Err(Failure::rate_limited(text)),
            _ => Err(Failure::unavailable(text)),
        }
    }
}

export!(Guest);
