//! `cartage init`: makes a new data directory.

use super::api::Client;
use super::directory::failure;
use super::{Failure, Verdict, client, report, token};
use cartage::clock::SystemClock;
use cartage::service::Service;
use cartage::service::access_tokens::Role;
use cartage_http::api::documents::TokenBody;
use std::path::Path;
use std::sync::Arc;

/// The name of the first token of a new data directory.
const FIRST_TOKEN: &str = "first";

const EXAMPLES: &str = "\
Examples:
  Make the data directory in ./cartage-data:
      cartage init
  Make it elsewhere, and tell every later command where it is:
      cartage init --data /srv/cartage
      export CARTAGE_DATA=/srv/cartage

The command shows the first token, with which callers of the daemon may do everything. `cartage
token` makes other tokens, and removes this one.";

/// Make a data directory, which keeps carts, parameters, events, orders and receipts.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let service = Service::init(data, Arc::new(SystemClock)).map_err(failure)?;
        let first = TokenBody { name: FIRST_TOKEN.to_owned(), role: Role::Admin, carts: Vec::new() };
        let token = client::block_on(async { token::make(&Client::of(&service)?, first).await }).map_err(|failure| {
            failure.what_to_do("the data directory was made; make a token with `cartage token new first --role admin`")
        })?;
        let (made, key, plugins) = (service.data_dir().path(), service.data_dir().key_file(), service.data_dir().plugins());
        if json {
            report::json(&serde_json::json!({ "data": made, "key": key, "plugins": plugins, "token": token::document(&token) }));
            return Ok(Verdict::Done);
        }
        report::line(&format!("made the data directory {}", made.display()));
        report::rows(&[
            ("cartage.sqlite", "carts, parameters, events, orders and receipts: back it up with `cartage backup FILE`".to_owned()),
            ("key", format!("decrypts the credentials: copy {} now, and keep the copy apart from the backups", key.display())),
            ("plugins/", format!("a copy of every plugin that a cart has, which Cartage keeps in {}", plugins.display())),
        ]);
        report::line("the first token, for programs that call the daemon; it is not shown again:");
        report::line(&format!("  {}", token.text));
        report::line("next: describe a cart with `cartage cart new NAME --plugin FILE --ask`, and load it with `cartage apply NAME.toml`");
        Ok(Verdict::Done)
    }
}
