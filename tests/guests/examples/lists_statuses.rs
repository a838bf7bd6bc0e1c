//! Does nothing wrong, and says that statuses differ from shop to shop: this shop has two. A shop whose setting `shut` is on does not say.

use cartage_guests::sdk::manifest::{Setting, Statuses};
use cartage_guests::sdk::{Applied, Context, Delivery, Failure, Manifest, OrderKey, Plugin, Report, Status, Update, export};

/// The plugin.
#[derive(Debug)]
pub struct Guest;

impl Plugin for Guest {
    fn describe() -> Manifest {
        cartage_guests::manifest("lists-statuses").statuses(Statuses::Ask).setting(Setting::boolean("shut", "the shop does not say"))
    }

    fn list_statuses(context: Context) -> Result<Vec<Status>, Failure> {
        if context.maybe_boolean("shut") == Some(true) {
            return Err(Failure::unavailable("the shop is shut"));
        }
        let title = |title: &str| Some(title.to_owned());
        Ok(vec![Status { value: "processing".to_owned(), title: title("In work") }, Status { value: "shipped".to_owned(), title: None }])
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }

    fn send_order_status(_: Update, _: Delivery, _: Context) -> Result<Applied, Failure> {
        Ok(Applied::done())
    }
}

export!(Guest);
