//! Does nothing wrong, carries tracking numbers and nothing else, and says how little its cart bears. Its limits and what it was given stand in its message.

use cartage_guests::sdk::manifest::{Features, Pace};
use cartage_guests::sdk::{Applied, Context, Delivery, Failure, Manifest, OrderKey, Plugin, Report, Update, export};

/// The plugin.
#[derive(Debug)]
pub struct Guest;

impl Plugin for Guest {
    fn describe() -> Manifest {
        cartage_guests::manifest("carries-little").features(Features { tracking: true, ..Features::default() }).pace(Pace {
            requests_per_minute: Some(30),
            concurrency: Some(2),
            requests_per_call: Some(7),
            response_bytes: Some(4096),
        })
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }

    fn send_order_status(update: Update, _: Delivery, context: Context) -> Result<Applied, Failure> {
        let told: Vec<String> = update.packages.iter().map(|package| package.told.to_string()).collect();
        let held = [
            ("note", update.note.is_some()),
            ("lines", !update.line_items.is_empty()),
            ("contents", update.packages.iter().any(|package| !package.contents.is_empty())),
            ("notify", update.notify_customer.is_some()),
        ];
        let held: Vec<&str> = held.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
        let limits = &context.limits;
        Ok(Applied::done().message(format!("{told:?} {held:?} within {} requests and {} bytes", limits.requests, limits.response_bytes)))
    }
}

export!(Guest);
