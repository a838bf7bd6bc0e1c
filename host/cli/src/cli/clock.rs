//! `cartage clock`: shows whether the machine's clock is trusted.

use super::api::{Client, to};
use super::{Failure, Verdict, client, report};
use cartage::alerts;
use cartage::clock::Doubt;
use cartage_http::api::documents::ClockState;
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
        let api = Client::open(data)?;
        let (state, confirmed): (ClockState, _) = client::block_on(async {
            Ok(match self {
                Command::Show => (api.get(to(&["clock"])).await?, false),
                Command::Confirm => (api.act(to(&["clock", "confirm"])).await?, true),
            })
        })?;
        let ClockState { now_unix_ms, believed, ahead_ms, behind_ms } = state;
        let doubt = ahead_ms.map(Doubt::Ahead).or(behind_ms.map(Doubt::Behind));
        if json {
            report::json(&serde_json::json!({
                "now_unix_ms": now_unix_ms, "believed": believed, "confirmed": confirmed && doubt.is_some(), "ahead_ms": ahead_ms, "behind_ms": behind_ms,
            }));
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
