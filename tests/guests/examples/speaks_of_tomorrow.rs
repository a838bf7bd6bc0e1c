//! Does nothing wrong, and says things by names that no host knows yet: in its manifest, its requests and its answers.

use cartage_guests::sdk::{Applied, Context, Delivery, Failure, Manifest, OrderKey, Plugin, Report, Update, contract, export};

/// The plugin.
#[derive(Debug)]
pub struct Guest;

/// A name that nobody has defined, and a vendor's own.
fn tomorrow() -> Vec<(String, String)> {
    [("delivery-window", "2027-01-01/2027-01-02"), ("shop.example/priority", "high")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

impl Plugin for Guest {
    fn describe() -> Manifest {
        tomorrow().iter().fold(cartage_guests::manifest("speaks-of-tomorrow"), |manifest, (name, value)| manifest.extra(name, value))
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }

    fn send_order_status(_: Update, _: Delivery, _: Context) -> Result<Applied, Failure> {
        let applied: contract::delivery::Applied = Applied::done().message("tomorrow came").into();
        Ok(contract::delivery::Applied { extra: tomorrow(), ..applied }.into())
    }
}

export!(Guest);
