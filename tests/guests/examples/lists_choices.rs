//! Does nothing wrong, and says that statuses, carriers and locations differ from shop to shop: this shop has two of each. A shop whose setting `shut` is
//! on does not say.

use cartage_guests::sdk::manifest::{Carriers, Setting, Statuses};
use cartage_guests::sdk::{Applied, Choice, ChoicesOf, Context, Delivery, Failure, Manifest, OrderKey, Plugin, Report, Update, export};

/// The plugin.
#[derive(Debug)]
pub struct Guest;

impl Plugin for Guest {
    fn describe() -> Manifest {
        cartage_guests::manifest("lists-choices")
            .statuses(Statuses::Asked)
            .carriers(Carriers::Asked)
            .setting(Setting::boolean("shut", "the shop does not say"))
            .setting(Setting::asked("location", "the location from which the shop ships"))
    }

    fn list_choices(of: ChoicesOf, context: Context) -> Result<Vec<Choice>, Failure> {
        if context.maybe_boolean("shut") == Some(true) {
            return Err(Failure::unavailable("the shop is shut"));
        }
        let choice = |value: &str, title: Option<&str>| Choice { value: value.to_owned(), title: title.map(str::to_owned) };
        Ok(match of {
            ChoicesOf::Statuses => vec![choice("processing", Some("In work")), choice("shipped", None)],
            ChoicesOf::Carriers => vec![choice("ups", Some("UPS")), choice("usps", Some("US Mail"))],
            ChoicesOf::Setting(name) if name == "location" => vec![choice("gid-1", Some("Warehouse North")), choice("gid-2", None)],
            ChoicesOf::Setting(_) => Vec::new(),
        })
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }

    fn send_order_status(_: Update, _: Delivery, _: Context) -> Result<Applied, Failure> {
        Ok(Applied::done())
    }
}

export!(Guest);
