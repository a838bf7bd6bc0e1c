//! `cartage plugin test`: tests a plugin's file against the contract and, if there is a cart script, against that cart.

mod junit;
mod show;

use crate::cli::{Failure, Verdict, console, report};
use cartage_cart_script::{FILE, Script};
use cartage_conformance::{self as conformance, Options};
use std::path::{Path, PathBuf};

/// The default name of a script's folder.
const FOLDER: &str = "cart-script";

const EXAMPLES: &str = "\
Examples:
  The cases that need only the plugin's file:
      cartage plugin test target/plugins/shop.wasm --level basic
  All cases, with the cart script of the plugin's project:
      cartage plugin test target/plugins/shop.wasm --script cart-script
  One case again, and a report for a build server:
      cartage plugin test target/plugins/shop.wasm --case ambiguous-order --junit report.xml

Nothing is sent, and no credential is needed: a stand-in answers, or a cart that the script
describes. docs/conformance.md describes the script and says what each case requires. The same
file, script and seed give the same result. Exit code 0: no case failed; 1: a case failed, or the
file is not admitted; 2: the script is not valid, or does not fit the plugin.";

/// Test whether a plugin keeps the contract, and updates its cart correctly.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The plugin's file: a WebAssembly component.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The level of the test [default: high if there is a cart script, else basic].
    #[arg(long, value_enum)]
    level: Option<Level>,
    /// The folder of the cart script [default: cart-script, in this folder].
    #[arg(long, value_name = "FOLDER")]
    script: Option<PathBuf>,
    /// Run this case only. May be given several times.
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// The seed of the random answers.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Write a JUnit report to this file, for build servers.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// The level of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Level {
    /// Cases that need only the plugin's file.
    Basic,
    /// Those cases, and cases that need a cart script.
    High,
}

impl Args {
    pub(crate) fn run(self, json: bool) -> Result<Verdict, Failure> {
        let script = self.read_script()?;
        let plugin = super::admitted(&self.file)?;
        if script.is_none() && self.level.is_none() {
            report::talk(&format!("there is no folder {FOLDER} here, so the level is basic; --script FOLDER names a cart script"));
        }
        let options = Options { seed: self.seed, only: self.cases };
        let examined = conformance::examine(&plugin, script.as_ref(), &options);
        let outcome = crate::cli::client::block_on(async { Ok::<_, Failure>(examined.await) })?;
        let outcome = outcome.map_err(|error| Failure::wrong_use(report::chain(&error)).what_to_do(remedy(&error)))?;
        if let Some(file) = &self.junit {
            let write = console::write(file, junit::document(&outcome).as_bytes());
            write.map_err(|error| Failure::wrong_use(format!("could not write {}: {error}", file.display())))?;
        }
        if json {
            report::json(&outcome);
        } else {
            show::show(&outcome);
        }
        Ok(if outcome.passed { Verdict::Done } else { Verdict::NotDone })
    }

    /// The script; `None` if only the basic level is wanted, or there is no script.
    fn read_script(&self) -> Result<Option<Script>, Failure> {
        let folder = match (&self.script, self.level) {
            (_, Some(Level::Basic)) => return Ok(None),
            (Some(folder), _) => folder.as_path(),
            (None, Some(Level::High)) => Path::new(FOLDER),
            (None, None) if Path::new(FOLDER).join(FILE).is_file() => Path::new(FOLDER),
            (None, None) => return Ok(None),
        };
        let level_basic = "mend the script by docs/conformance.md, name its folder with --script, or try --level basic, which needs none";
        read_script(folder).map(Some).map_err(|failure| failure.what_to_do(level_basic))
    }
}

/// Reads the cart script of a folder.
pub(super) fn read_script(folder: &Path) -> Result<Script, Failure> {
    Script::read(folder)
        .map_err(|error| Failure::wrong_use(report::chain(&error)).what_to_do("mend the script by docs/conformance.md, or name its folder"))
}

fn remedy(error: &conformance::Error) -> &'static str {
    match error {
        conformance::Error::NoSuchCase { .. } => "name a case that exists",
        _ => "write what is missing into the cart script, by the names that `cartage plugin inspect FILE` shows",
    }
}
