//! `make real-vendure`: the daemon updates a real Vendure on this machine, and the test checks the result through the shop's own API.
//!
//! The shop comes from npm (`package.json`, `server.js`) and keeps its data in memory. The daemon is `cartage serve` with its own data directory. The
//! expected state of the shop is compared with its Admin API; each comparison prints a line, and one difference fails the whole run.

mod daemon;
mod shop;
mod story;

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;

/// Any error ends the run and is reported.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The comparisons so far.
#[derive(Default)]
struct Report {
    checked: usize,
    different: usize,
}

impl Report {
    /// Makes one comparison.
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, is: &T, wanted: &T) {
        self.checked += 1;
        if is == wanted {
            say(&format!("  ok         {what}"));
        } else {
            self.different += 1;
            say(&format!("  DIFFERENT  {what}\n    wanted: {wanted:?}\n    is:     {is:?}"));
        }
    }
}

/// Prints a line of the result.
fn say(line: &str) {
    // The run goes on if the output is closed: the exit code states the result.
    let _ = writeln!(io::stdout(), "{line}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let began = Instant::now();
    // reqwest requires a cryptography provider, even for a shop on this machine. Installing one fails only if another is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut report = Report::default();
    let ended = story::run(&mut report).await;
    if let Err(error) = &ended {
        say(&format!("  STOPPED    {error}"));
    }
    let Report { checked, different } = report;
    say(&format!("{checked} comparisons, {different} different, {} s", began.elapsed().as_secs()));
    if ended.is_ok() && different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
