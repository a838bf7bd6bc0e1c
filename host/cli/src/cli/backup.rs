//! `cartage backup`: copies the data directory's store to a new file.

use super::api::Client;
use super::{Failure, Verdict, report};
use cartage::clock::{Clock as _, SystemClock};
use cartage::data_dir::DataDir;
use cartage::data_dir::copy::copy;
use cartage::data_dir::disk_level::ThisDisk;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  Back up to a file that does not exist yet:
      cartage backup cartage-2026-11-23.sqlite
  Restore it:
      cartage restore cartage-2026-11-23.sqlite --into new-data --key /media/safe/cartage-key \\
          --plugins /media/copy/plugins

The copy holds carts, parameters, events, orders, receipts and the sealed credentials. The backup
may be made while Cartage runs. The key that opens the credentials and the plugins' files are not
in it: keep a copy of the key somewhere else, and copy the folder plugins/ as it is.";

/// Back up the database to a new file.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The new file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        // The copy is made here, also while a daemon works in the directory. Without one, the directory stays locked for as long as the copy takes.
        let _api = Client::open(data)?;
        copy(data, &self.file, SystemClock.now_unix_ms(), &ThisDisk)?;
        let (key, plugins) = (DataDir::key_file_in(data), DataDir::plugins_in(data));
        if json {
            report::json(&serde_json::json!({ "backup": self.file, "key_not_in_it": key, "plugins_not_in_it": plugins }));
        } else {
            report::line(&format!("backed up to {}", self.file.display()));
            report::line(&format!("the backup does not contain the key {}; keep a copy of it apart from the backups", key.display()));
            report::line(&format!(
                "the backup does not contain the plugins' files; copy {} as it is, for `cartage restore --plugins`",
                plugins.display()
            ));
        }
        Ok(Verdict::Done)
    }
}
