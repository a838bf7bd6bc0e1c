//! `cartage clock`: shows whether the machine's clock is trusted.

use super::{Failure, Verdict, client, directory, report};
use cartage::alerts;
use cartage::clock::Doubt;
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  See whether the clock is believed:
      cartage clock show
  Confirm that the clock is right after it moved by more than the time that passed:
      cartage clock confirm

Cartage remembers how the clock was set. A clock that jumped forwards or backwards by a day or
more while Cartage ran, or by more than a week while the machine was off, is not believed: nothing
is deleted for its age, and no update becomes a dead letter for its age. Once the clock is set
right, it is believed again.";

/// Show whether the machine's clock is believed, or confirm that it is right.
#[derive(Debug, clap::Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(crate) enum Command {
    /// Show whether the clock is believed.
    #[command(after_long_help = EXAMPLES)]
    Show,
    /// Confirm that the clock is right. The time that it shows counts from now on, also for what passed while the machine was off.
    #[command(after_long_help = EXAMPLES)]
    Confirm,
}

impl Command {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let service = directory::open(data)?;
        let (doubt, confirmed) = match self {
            Command::Show => (service.clock_doubt(), false),
            Command::Confirm => (client::block_on(async { service.confirm_clock().await.map_err(directory::failure) })?, true),
        };
        let now_unix_ms = service.now_unix_ms();
        if json {
            let (ahead_ms, behind_ms) = match doubt {
                Some(Doubt::Ahead(ms)) => (Some(ms), None),
                Some(Doubt::Behind(ms)) => (None, Some(ms)),
                None => (None, None),
            };
            report::json(
                &serde_json::json!({ "now_unix_ms": now_unix_ms, "believed": doubt.is_none() || confirmed, "confirmed": confirmed && doubt.is_some(),
                "ahead_ms": ahead_ms, "behind_ms": behind_ms }),
            );
            return Ok(Verdict::Done);
        }
        report::line(&format!("the clock shows {}", report::time(now_unix_ms)));
        match (doubt, confirmed) {
            (None, false) => report::line("the clock is believed"),
            (None, true) => report::line("the clock was believed already; nothing was changed"),
            (Some(doubt), false) => {
                report::line(&format!("the clock is not believed: {}; until it is, nothing is deleted for its age", alerts::clock(doubt)));
                report::line("set the clock right, or confirm that it is right with `cartage clock confirm`");
            }
            (Some(doubt), true) => report::line(&format!("the clock is believed from now on: {}", alerts::clock(doubt))),
        }
        Ok(Verdict::Done)
    }
}
