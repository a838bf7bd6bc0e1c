//! Has a manifest that breaks a rule: a name with a path in it.

use cartage_guests::sdk::{Applied, Context, Delivery, Failure, Manifest, OrderKey, Plugin, Report, Update};

/// The plugin.
#[derive(Debug)]
pub struct Guest;

impl Plugin for Guest {
    fn describe() -> Manifest {
        cartage_guests::manifest("../describes-nonsense")
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }

    fn send_order_status(_: Update, _: Delivery, _: Context) -> Result<Applied, Failure> {
        Ok(Applied::done())
    }
}

cartage_guests::sdk::export!(Guest);
