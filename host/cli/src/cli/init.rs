//! `cartage init`: makes a new data directory. Other commands use this module to open one, or to find the daemon that works in it.

use super::console::{self, Here};
use super::{Failure, Verdict, client, report, token};
use cartage::clock::SystemClock;
use cartage::data_dir::{self, DataDir};
use cartage::office::tokens::Role;
use cartage::office::{self, Office};
use secrecy::ExposeSecret as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The name of the first token of a new data directory.
const FIRST_TOKEN: &str = "first";
/// Number of attempts to open a directory that is in use; with the pause after each, they take about a second.
const TRIES: u32 = 20;
const TRY_REST: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 50 });

const EXAMPLES: &str = "\
Examples:
  Make the data directory in ./cartage-data:
      cartage init
  Make it elsewhere, and say so to every later command:
      cartage init --data /srv/cartage
      export CARTAGE_DATA=/srv/cartage

It shows the first token, with which the daemon's callers may do everything. `cartage token` makes others, and removes it.";

/// Make a data directory, which keeps carts, parameters, events, orders and receipts.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let office = Office::init(data, Arc::new(SystemClock)).map_err(failure)?;
        let token =
            client::block_on(async { office.new_token(FIRST_TOKEN, Role::Admin, &[]).await.map_err(failure) }).map_err(|failure| {
                failure.what_to_do("the data directory is there; make a token with `cartage token new first --role admin`")
            })?;
        let (made, key, plugins) = (office.data_dir().path(), office.data_dir().key_file(), office.data_dir().plugins());
        if json {
            report::json(&serde_json::json!({ "data": made, "key": key, "plugins": plugins, "token": token::document(&token) }));
            return Ok(Verdict::Done);
        }
        report::line(&format!("made the data directory {}", made.display()));
        report::rows(&[
            ("cartage.sqlite", "carts, parameters, events, orders and receipts: back it up with `cartage backup FILE`".to_owned()),
            ("key", format!("opens the credentials: copy {} now, and keep it apart from the backups", key.display())),
            ("plugins/", format!("a copy of every plugin that a cart has, which Cartage keeps in {}", plugins.display())),
        ]);
        report::line("the first token, for programs that ask the daemon; it is not shown again:");
        report::line(&format!("  {}", token.text.expose_secret()));
        report::line("next: describe a cart with `cartage cart new NAME --plugin FILE --ask`, and load it with `cartage apply NAME.toml`");
        Ok(Verdict::Done)
    }
}

/// Where a command that needs a data directory runs.
pub(super) enum Place {
    /// In this process.
    Here(Here),
    /// In the daemon that works in the data directory.
    #[cfg(unix)]
    Daemon(super::local::Client),
}

/// Decides where a command runs: in the daemon, if one answers while it holds the directory's lock, otherwise in this process. If another command holds the
/// lock, this function waits for about a second. The error of opening is reported when the command opens the directory.
pub(super) fn place(data: &Path) -> Place {
    for _ in 0..TRIES {
        let opened = DataDir::open(data);
        if !matches!(opened, Err(data_dir::Error::InUse { .. })) {
            return Place::Here(Here::with(opened));
        }
        // Only a directory that belongs to this user and is closed to others is reported as in use, so its socket can be trusted.
        #[cfg(unix)]
        if let Some(client) = super::local::Client::reach(&DataDir::socket(data)) {
            return Place::Daemon(client);
        }
        std::thread::sleep(TRY_REST);
    }
    Place::Here(Here::with(DataDir::open(data)))
}

/// Opens the data directory that the command works in.
pub(super) fn open(data: &Path) -> Result<Arc<Office>, Failure> {
    console::current().office(data).map_err(failure)
}

/// A path in the data directory, written as the command's user named the directory.
pub(super) fn named(office: &Office, data: &Path, path: PathBuf) -> PathBuf {
    path.strip_prefix(office.data_dir().path()).map(|below| data.join(below)).unwrap_or(path)
}

/// Turns an error of the office into a failure. Most of its messages already say what to do.
pub(super) fn failure(error: office::Error) -> Failure {
    let what_to_do = match &error {
        office::Error::DataDir(data_dir::Error::NotADataDir { .. }) => {
            Some("run `cartage init`, or name the directory with --data DIR or CARTAGE_DATA")
        }
        office::Error::DataDir(data_dir::Error::InUse { .. }) => {
            Some("repeat this in a moment: another command works there, or a daemon that does not take commands yet or any more")
        }
        fault if fault.is_fault() => None,
        office::Error::PluginFile { .. } => Some("give the cart its plugin's file: cartage cart upgrade CART --plugin FILE"),
        _ => None,
    };
    let failure = Failure::from(error);
    what_to_do.into_iter().fold(failure, |failure, remedy| failure.what_to_do(remedy))
}
