//! `cartage export`: prints carts as TOML.

use super::api::{Client, to};
use super::arguments::cart_id;
use super::{Failure, Verdict, cart, client, report};
use cartage::id::CartId;
use cartage_http::api::documents::{ListedCarts, WholeCart};
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  Write a cart's definition to a file, change it there, and load it again:
      cartage export seed-shop > seed-shop.toml
      cartage apply seed-shop.toml
  See what is defined, for a program:
      cartage export --json | jq -r '.carts[].cart'

The output reads back as the same cart: invisible characters are written as TOML escapes. Comments
are not kept, and neither defaults nor secrets are written: the credentials stay in the data
directory.";

/// Print the definition of a cart, or of all carts, as TOML without secrets.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The cart [default: all carts, one after the other].
    #[arg(value_name = "CART", value_parser = cart_id)]
    cart: Option<CartId>,
}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let api = Client::open(data)?;
        let ListedCarts { carts, unreadable } = client::block_on(async {
            match &self.cart {
                Some(id) => Ok(ListedCarts { carts: vec![api.get(to(&["carts", id.as_str()])).await?], unreadable: Vec::new() }),
                None => cart::whole(&api).await,
            }
        })?;
        let texts: Vec<(&CartId, &str)> = carts.iter().map(|whole: &WholeCart| (&whole.cart.cart, whole.definition.as_str())).collect();
        if json {
            let carts = texts.iter().map(|(id, text)| serde_json::json!({ "cart": id, "toml": text }));
            report::json(&serde_json::json!({ "carts": carts.collect::<Vec<_>>() }));
        } else if texts.is_empty() && unreadable.is_empty() {
            report::talk("there is no cart yet, and so nothing to print");
        } else {
            // Each definition is a file of its own. Joined they would not be valid TOML, so a comment line separates them.
            let several = texts.len() > 1;
            for (id, text) in &texts {
                let head = if several { format!("# {id}.toml\n") } else { String::new() };
                report::lines(format!("{head}{text}").trim_end());
            }
        }
        Ok(cart::warn_of(&unreadable))
    }
}
