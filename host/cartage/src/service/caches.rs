//! Release of memory that no cart needs any more: secrets, definitions, compiled code.

use super::Error;
use super::cart_clients::CartClients;
use super::plugin_files::Copies;
use super::plugins::Code;
use super::replaced::CartTokens;
use super::seen::Observations;
use super::stored_cart::CartCache;
use cartage_model::id::Digest;
use cartage_policy::schedule::CartKey;
use cartage_store::{self as store, Store, View, merchants};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is kept in memory of carts and plugins.
#[derive(Clone)]
pub(super) struct Caches {
    pub(super) store: Store,
    pub(super) cart_clients: Arc<CartClients>,
    pub(super) tokens: Arc<CartTokens>,
    pub(super) carts: Arc<CartCache>,
    pub(super) code: Arc<Code>,
    pub(super) copies: Arc<Copies>,
    pub(super) seen: Arc<Observations>,
}

impl Caches {
    /// Releases what no cart of any merchant needs any more. A cart or a call that is under way keeps its data to its end.
    pub(super) async fn release(&self) -> Result<(), Error> {
        let look = |view: &View<'_>| -> Result<_, store::Error> {
            let (mut carts, mut plugins): (BTreeSet<CartKey>, BTreeSet<Digest>) = Default::default();
            for merchant in merchants::list(view)? {
                for row in store::carts::list(view, &merchant)? {
                    plugins.extend(row.definition.plugin);
                    carts.insert((merchant.clone(), row.definition.cart));
                }
            }
            Ok((carts, plugins))
        };
        let (carts, plugins) = self.store.read(look).await?;
        self.cart_clients.keep_only(&carts);
        self.tokens.keep_only(&carts);
        self.seen.keep_only(&carts);
        self.carts.keep_only(&carts);
        self.code.keep_only(&plugins);
        self.copies.keep_only(&plugins);
        Ok(())
    }
}
