//! `cartage key`: manages the key that seals the credentials.

use super::api::{Client, to};
use super::{Failure, Verdict, client, report};
use cartage::data_dir::DataDir;
use cartage_http::api::documents::SealingKey;
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  Change the key, and keep a copy of the new one apart from the backups:
      cartage key rotate
      cp cartage-data/key /media/safe/cartage-key

Backups that were made before still need the old key.";

const NEW_EXAMPLES: &str = "\
Examples:
  The key and its copy are lost:
      cartage key new
      cartage credential list seed-shop
      cartage credential set seed-shop account password --file password.txt";

/// Manage the key that encrypts the credentials.
#[derive(Debug, clap::Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(crate) enum Command {
    /// Replace the key: make a new one and seal every credential with it.
    #[command(after_long_help = EXAMPLES)]
    Rotate,
    /// Make a new key after the old one was lost. Every credential must then be set again.
    #[command(after_long_help = NEW_EXAMPLES)]
    New,
}

impl Command {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let api = Client::open(data)?;
        let (path, what) = match self {
            Command::Rotate => (to(&["key", "rotate"]), "every credential is sealed with it"),
            Command::New => (to(&["key"]), "set every credential again with `cartage credential set`"),
        };
        let SealingKey { id } = client::block_on(async { Ok(api.act(path).await?) })?;
        let file = DataDir::key_file_in(data);
        if json {
            report::json(&serde_json::json!({ "key": file, "id": id }));
        } else {
            report::line(&format!("the key is now {id}; {what}"));
            report::line(&format!(
                "copy {} again, and keep the old copy, if there is one, for as long as you keep backups that were made before",
                file.display()
            ));
        }
        Ok(Verdict::Done)
    }
}
