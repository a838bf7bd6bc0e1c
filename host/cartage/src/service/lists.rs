//! Lists that only a shop knows: its statuses, its carriers, and the values of settings that its plugin asks it for.
//!
//! This file reads the stored lists. `checks.rs` asks a shop for all of them, stores each with its date, and compares the cart's maps and
//! settings with them. A stored list is valid until the shop is asked for it again, for as long as the same plugin runs. The gate takes a
//! shop's statuses from its list.

use super::Error;
use super::tenant::Tenant;
use cartage_contract::delivery::{Choice, ChoicesOf};
use cartage_model::id::{CartId, Digest};
use cartage_store::{self as store, lists};
use serde::{Deserialize, Serialize};

/// A list that a shop returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// What the list contains.
    pub of: ChoicesOf,
    /// The choices, as the shop lists them.
    pub choices: Vec<Choice>,
    /// When the shop was asked.
    pub asked_at_unix_ms: u64,
}

/// The choices of one list; `None` if the shop was never asked for it.
pub(super) fn find<'l>(lists: &'l [List], of: &ChoicesOf) -> Option<&'l [Choice]> {
    lists.iter().find(|list| list.of == *of).map(|list| list.choices.as_slice())
}

/// The lists that a cart's plugin returned. A list that this release cannot read is left out, as if the shop had never been asked for it.
pub(super) async fn of_cart(tenant: &Tenant, cart: &CartId, plugin: Digest) -> Result<Vec<List>, Error> {
    let (merchant, cart) = (tenant.merchant.clone(), cart.clone());
    let rows = tenant.store.read::<_, store::Error>(move |view| lists::of_cart(view, &merchant, &cart, plugin)).await?;
    let read = |row: lists::ListRow| -> Result<List, serde_json::Error> {
        let (of, choices) = (serde_json::from_str(&row.of)?, serde_json::from_str(&row.choices)?);
        Ok(List { of, choices, asked_at_unix_ms: row.asked_at_unix_ms })
    };
    Ok(rows.into_iter().filter_map(|row| read(row).ok()).collect())
}
