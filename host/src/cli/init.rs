//! `cartage init`: a new data directory. Also how every other command opens one.

use super::{Failure, Verdict, report};
use cartage::clock::SystemClock;
use cartage::office::{self, Office};
use std::path::Path;
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  Make the data directory in ./cartage-data:
      cartage init
  Make it elsewhere, and say so to every later command:
      cartage init --data /srv/cartage
      export CARTAGE_DATA=/srv/cartage";

/// Make a data directory, which keeps carts, parameters, events, orders and receipts.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let office = Office::init(data, Arc::new(SystemClock)).map_err(failure)?;
        let (made, key, plugins) = (office.data_dir().path(), office.data_dir().key_file(), office.data_dir().plugins());
        if json {
            report::json(&serde_json::json!({ "data": made, "key": key, "plugins": plugins }));
            return Ok(Verdict::Done);
        }
        report::line(&format!("made the data directory {}", made.display()));
        report::rows(&[
            ("cartage.sqlite", "carts, parameters, events, orders and receipts: back it up with `cartage backup FILE`".to_owned()),
            ("key", format!("opens the credentials: copy {} now, and keep it apart from the backups", key.display())),
            ("plugins/", format!("a copy of every plugin that a cart has, which Cartage keeps in {}", plugins.display())),
        ]);
        report::line("next: describe a cart with `cartage cart new NAME --plugin FILE --ask`, and load it with `cartage apply NAME.toml`");
        Ok(Verdict::Done)
    }
}

/// Opens the data directory that the command works in.
pub(super) fn open(data: &Path) -> Result<Office, Failure> {
    Office::open(data, Arc::new(SystemClock)).map_err(failure)
}

/// What the office could not do. What to do stands in most of the messages themselves.
pub(super) fn failure(error: office::Error) -> Failure {
    let what_to_do = match &error {
        office::Error::DataDir(cartage::data_dir::Error::NotADataDir { .. }) => {
            Some("run `cartage init`, or name the directory with --data DIR or CARTAGE_DATA")
        }
        office::Error::PluginFile { .. } => Some("give the cart its plugin's file: cartage cart upgrade CART --plugin FILE"),
        _ => None,
    };
    let failure = Failure::from(error);
    what_to_do.into_iter().fold(failure, |failure, remedy| failure.what_to_do(remedy))
}
