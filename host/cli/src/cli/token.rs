//! `cartage token`: manages the tokens for the daemon's API.

use super::arguments::cart_id;
use super::{Failure, Verdict, client, directory, report};
use cartage::id::CartId;
use cartage::service::Service;
use cartage::service::access_tokens::{Error, NewToken, Role, Token};
use secrecy::ExposeSecret as _;
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  A token for an Order Manager that hands over the events of one cart:
      cartage token new order-manager --role sender --cart seed-shop
  See the tokens and when they were used, and remove one:
      cartage token list
      cartage token remove order-manager

A token is shown once, when it is made: only a digest of it is kept.";

const NEW_EXAMPLES: &str = "\
Examples:
  For an Order Manager, for one cart or two:
      cartage token new order-manager --role sender --cart seed-shop --cart second-shop
  For a person who keeps deliveries going:
      cartage token new support --role operator
  A token straight into a file, for a program:
      cartage token new order-manager --role sender --json | jq -r .text > token.txt

A sender may hand over events and updates and ask for their results. An operator may also see
everything, and retry, discard, pause and resume. An admin may also change carts, credentials,
parameters, events and tokens.";

const LIST_EXAMPLES: &str = "\
Examples:
      cartage token list";

const REMOVE_EXAMPLES: &str = "\
Examples:
  Replace a token that somebody else may have seen:
      cartage token remove order-manager
      cartage token new order-manager --role sender";

/// Make, list and remove the tokens that the daemon's callers present.
#[derive(Debug, clap::Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(crate) enum Command {
    /// Make a token and show it, once.
    #[command(after_long_help = NEW_EXAMPLES)]
    New {
        /// The token's name, which stands for its holder in the audit.
        #[arg(value_name = "NAME")]
        name: String,
        /// What its holder may do: sender, operator or admin.
        #[arg(long, value_name = "ROLE", value_parser = role)]
        role: Role,
        /// A cart that its holder may touch; may be given several times [default: every cart].
        #[arg(long = "cart", value_name = "ID", value_parser = cart_id)]
        carts: Vec<CartId>,
    },
    /// List the tokens, without their texts.
    #[command(after_long_help = LIST_EXAMPLES)]
    List,
    /// Remove a token: whoever presents it from now on is refused.
    #[command(after_long_help = REMOVE_EXAMPLES)]
    Remove {
        /// The token's name.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

fn role(text: &str) -> Result<Role, Error> {
    Role::named(text)
}

impl Command {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let service = directory::open(data)?;
        client::block_on(async {
            match self {
                Command::New { name, role, carts } => {
                    let made = service.access_tokens().make(&name, role, &carts).await.map_err(directory::failure)?;
                    show(&made, json);
                }
                Command::List => list(&service, json).await?,
                Command::Remove { name } => {
                    service.access_tokens().remove(&name).await.map_err(directory::failure)?;
                    if json {
                        report::json(&serde_json::json!({ "token": name, "removed": true }));
                    } else {
                        report::line(&format!("removed the token {name}"));
                    }
                }
            }
            Ok(Verdict::Done)
        })
    }
}

/// A new token as JSON, with its text, which is shown only this once.
pub(super) fn document(made: &NewToken) -> serde_json::Value {
    let Token { name, role, carts, .. } = &made.token;
    serde_json::json!({ "name": name, "role": role, "carts": carts, "text": made.text.expose_secret() })
}

fn show(made: &NewToken, json: bool) {
    if json {
        return report::json(&document(made));
    }
    report::line(made.text.expose_secret());
    let Token { name, role, .. } = &made.token;
    report::talk(&format!("made the token {name}: {role} of {}; it is not shown again, so keep it now", of(&made.token)));
}

fn of(token: &Token) -> String {
    match &token.carts {
        None => "every cart".to_owned(),
        Some(carts) => carts.iter().map(CartId::as_str).collect::<Vec<_>>().join(", "),
    }
}

async fn list(service: &Service, json: bool) -> Result<(), Failure> {
    let tokens = service.access_tokens().list().await.map_err(directory::failure)?;
    if json {
        report::json(&serde_json::json!({ "tokens": tokens }));
    } else if tokens.is_empty() {
        report::line("there is no token; make one with `cartage token new NAME --role admin`");
    } else {
        let used = |at: Option<u64>| at.map_or_else(|| "never used".to_owned(), |at| format!("last used at about {}", report::time(at)));
        let row = |token: &Token| {
            let made = report::time(token.made_at_unix_ms);
            (token.name.clone(), format!("{} of {}, made at {made}, {}", token.role, of(token), used(token.used_at_unix_ms)))
        };
        report::rows(&tokens.iter().map(row).collect::<Vec<_>>());
    }
    Ok(())
}
