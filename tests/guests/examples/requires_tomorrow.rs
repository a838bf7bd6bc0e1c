//! Does not work without a name that no host knows yet.

use cartage_guests::sdk::{Applied, Context, Delivery, Failure, Manifest, OrderKey, Plugin, Report, Update, export};

/// The plugin.
#[derive(Debug)]
pub struct Guest;

impl Plugin for Guest {
    fn describe() -> Manifest {
        cartage_guests::manifest("requires-tomorrow").requires("delivery-window")
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }

    fn send_order_status(_: Update, _: Delivery, _: Context) -> Result<Applied, Failure> {
        Ok(Applied::done())
    }
}

export!(Guest);
