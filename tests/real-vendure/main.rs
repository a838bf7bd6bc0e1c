//! `make real-vendure`: a real Vendure on this machine, told by the daemon, and looked at afterwards from its own side.
//!
//! The shop comes from npm (`package.json`, `server.js`) and lives in memory. The daemon is `cartage serve` with a data directory of its own. Everything that
//! the shop must have at last is compared with what its Admin API says; each comparison is a line, and one difference makes the whole fail.

mod daemon;
mod shop;
mod story;

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;

/// What goes wrong here is told and ends the run.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What was compared so far.
#[derive(Default)]
struct Report {
    checked: usize,
    different: usize,
}

impl Report {
    /// One comparison.
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
    // A closed output is no reason to stop: the exit code says how it went.
    let _ = writeln!(io::stdout(), "{line}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let began = Instant::now();
    // An HTTP client wants one, also for a shop on this machine. It fails only where one is there already.
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
