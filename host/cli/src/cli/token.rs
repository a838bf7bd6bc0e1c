//! `cartage token`: manages the tokens for the daemon's API.

use super::api::{Client, to};
use super::arguments::cart_id;
use super::{Failure, Verdict, client, report};
use cartage::id::CartId;
use cartage::service::access_tokens::{Error, Role};
use cartage_http::api::documents::{NewTokenDocument, RemovedToken, TokenBody, TokenList, TokenState};
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
        #[arg(value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        name: String,
    },
}

fn role(text: &str) -> Result<Role, Error> {
    Role::named(text)
}

impl Command {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let api = Client::open(data)?;
        client::block_on(async {
            match self {
                Command::New { name, role, carts } => show(&make(&api, TokenBody { name, role, carts }).await?, json),
                Command::List => list(api.get(to(&["tokens"])).await?, json),
                Command::Remove { name } => {
                    let RemovedToken { removed: name } = api.delete(to(&["tokens", &name])).await?;
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

/// Makes a token.
pub(super) async fn make(api: &Client, token: TokenBody) -> Result<NewTokenDocument, Failure> {
    Ok(api.post(to(&["tokens"]), &token).await?)
}

/// A new token as JSON, with its text, which is shown only this once.
pub(super) fn document(made: &NewTokenDocument) -> serde_json::Value {
    let TokenState { name, role, carts, .. } = &made.token;
    serde_json::json!({ "name": name, "role": role, "carts": carts, "text": made.text })
}

fn show(made: &NewTokenDocument, json: bool) {
    if json {
        return report::json(&document(made));
    }
    report::line(&made.text);
    let TokenState { name, role, .. } = &made.token;
    report::talk(&format!("made the token {name}: {role} of {}; it is not shown again, so keep it now", of(&made.token)));
}

fn of(token: &TokenState) -> String {
    match &token.carts {
        None => "every cart".to_owned(),
        Some(carts) => carts.iter().map(CartId::as_str).collect::<Vec<_>>().join(", "),
    }
}

fn list(TokenList { tokens }: TokenList, json: bool) {
    if json {
        report::json(&serde_json::json!({ "tokens": tokens }));
    } else if tokens.is_empty() {
        report::line("there is no token; make one with `cartage token new NAME --role admin`");
    } else {
        let used = |at: Option<u64>| at.map_or_else(|| "never used".to_owned(), |at| format!("last used at about {}", report::time(at)));
        let row = |token: &TokenState| {
            let made = report::time(token.made_at_unix_ms);
            (token.name.clone(), format!("{} of {}, made at {made}, {}", token.role, of(token), used(token.used_at_unix_ms)))
        };
        report::rows(&tokens.iter().map(row).collect::<Vec<_>>());
    }
}
