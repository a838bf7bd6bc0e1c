//! Lists that only a shop knows: its statuses, its carriers, and the values of settings that its plugin asks it for.
//!
//! `cartage cart check` asks for all of them, stores each with its date, and checks the cart's maps and settings against them. A stored
//! list is valid until it is asked for again, for as long as the same plugin runs. The gate takes a shop's statuses from it.

use super::apply::{carriers, setting, statuses};
use super::{Error, Service, StoredCart};
use cartage_contract::delivery::{Choice, ChoicesOf};
use cartage_egress::Mode;
use cartage_model::carts::Cart;
use cartage_model::events::Labels;
use cartage_model::exchange::Outcome;
use cartage_model::id::{CartId, Digest, MerchantId};
use cartage_store::{self as store, Tx, lists};
use serde::Serialize;

/// A list that a shop returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct List {
    /// What the list contains.
    pub of: ChoicesOf,
    /// The choices, as the shop lists them.
    pub choices: Vec<Choice>,
    /// When the shop was asked.
    pub asked_at_unix_ms: u64,
}

/// The result of asking a shop for one list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The list that was asked for.
    pub of: ChoicesOf,
    /// The list, which is stored now; `None` if the shop returned none.
    pub list: Option<List>,
    /// Why the shop returned no list; the list that was stored before stays. `None` on success.
    pub failed: Option<String>,
    /// Entries of the cart's definition that the list does not have, one sentence each.
    pub doubts: Vec<String>,
}

/// The choices of one list; `None` if the shop was never asked for it.
pub(super) fn find<'l>(lists: &'l [List], of: &ChoicesOf) -> Option<&'l [Choice]> {
    lists.iter().find(|list| list.of == *of).map(|list| list.choices.as_slice())
}

/// Entries of a cart's definition that its shop's lists do not have, one sentence each.
pub(super) fn doubts(cart: &Cart, lists: &[List], labels: &Labels) -> Vec<String> {
    lists.iter().flat_map(|list| doubts_of(cart, &list.of, &list.choices, labels)).collect()
}

fn doubts_of(cart: &Cart, of: &ChoicesOf, known: &[Choice], labels: &Labels) -> Vec<String> {
    match of {
        ChoicesOf::Statuses => statuses(cart, known, labels),
        ChoicesOf::Carriers => carriers(cart, known),
        ChoicesOf::Setting(name) => setting(cart, name, known),
    }
}

impl Service {
    /// Asks a cart's plugin for every list that only the shop knows, stores the results, and compares the cart's definition with them.
    ///
    /// # Errors
    ///
    /// The errors of [`Service::client`], and [`Error::Store`].
    pub async fn ask_lists(&self, kept: &StoredCart) -> Result<Vec<Asked>, Error> {
        let wanted = kept.manifest().map(|manifest| manifest.asked()).unwrap_or_default();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (client, labels) = (self.client(kept).await?, self.labels().await?);
        let (mut all, mut plugin) = (Vec::new(), None);
        for of in wanted {
            let cassette = client.choices(of.clone(), Mode::Live).await.map_err(Error::client(&kept.cart.id))?;
            self.called(&kept.cart.id, &cassette).await?;
            plugin = Some(cassette.digest);
            let (list, failed) = match cassette.outcome {
                Outcome::Choices(choices) => (Some(List { of: of.clone(), choices, asked_at_unix_ms: self.now_unix_ms() }), None),
                Outcome::Failed(failure) => (None, Some(format!("{}: {}", failure.kind, failure.message))),
                Outcome::Ended(ended) => (None, Some(ended.to_string())),
                Outcome::Applied(_) | Outcome::Report(_) => (None, Some("the plugin answered another question".to_owned())),
            };
            let doubts = list.as_ref().map(|list| doubts_of(&kept.cart, &of, &list.choices, &labels)).unwrap_or_default();
            all.push(Asked { of, list, failed, doubts });
        }
        if let Some(plugin) = plugin {
            self.keep_lists(&kept.cart.id, plugin, all.iter().filter_map(|asked| asked.list.as_ref())).await?;
        }
        Ok(all)
    }

    async fn keep_lists<'l>(&self, cart: &CartId, plugin: Digest, all: impl Iterator<Item = &'l List>) -> Result<(), Error> {
        let row = |List { of, choices, asked_at_unix_ms }: &List| lists::List {
            of: serde_json::to_string(of).expect("what is listed is plain data"),
            plugin,
            choices: serde_json::to_string(choices).expect("choices are plain data"),
            asked_at_unix_ms: *asked_at_unix_ms,
        };
        let rows: Vec<lists::List> = all.map(row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let (merchant, cart) = (self.merchant.clone(), cart.clone());
        self.shared.store.write::<_, store::Error>(move |tx: &Tx<'_>| lists::put(tx, &merchant, &cart, &rows)).await?;
        Ok(())
    }

    /// The lists that a cart's plugin returned. A list that this release cannot read is left out, as if the shop had never been asked for
    /// it.
    pub(super) async fn lists_of(&self, merchant: &MerchantId, cart: &CartId, plugin: Digest) -> Result<Vec<List>, Error> {
        let (merchant, cart) = (merchant.clone(), cart.clone());
        let rows = self.shared.store.read::<_, store::Error>(move |view| lists::of_cart(view, &merchant, &cart, plugin)).await?;
        let read = |row: lists::List| -> Result<List, serde_json::Error> {
            let (of, choices) = (serde_json::from_str(&row.of)?, serde_json::from_str(&row.choices)?);
            Ok(List { of, choices, asked_at_unix_ms: row.asked_at_unix_ms })
        };
        Ok(rows.into_iter().filter_map(|row| read(row).ok()).collect())
    }
}
