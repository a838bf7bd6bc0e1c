//! A merchant's carts, read from the store together with what is known of their plugins.

mod changes;

use super::bans::Bans;
use super::cart_clients::Changes;
use super::plugin_files::{kept_name, stamp};
use super::plugins::Plugins;
use super::seen::Observations;
use super::stored_cart::{CartCache, PluginKept, StoredCart};
use super::tenant::Tenant;
use super::{Error, lists};
use cartage_model::carts::Cart;
use cartage_model::id::{CartId, Digest};
use cartage_store as store;
use std::sync::Arc;

/// A merchant's carts.
#[derive(Clone)]
pub struct Carts {
    pub(super) tenant: Tenant,
    pub(super) plugins: Plugins,
    pub(super) bans: Bans,
    pub(super) cache: Arc<CartCache>,
    pub(super) changes: Changes,
    pub(super) seen: Arc<Observations>,
}

/// The carts of a merchant.
#[derive(Debug, Default)]
pub struct CartList {
    /// The carts, by id.
    pub carts: Vec<StoredCart>,
    /// Why other carts cannot be shown: of each, an [`Error::StoredCart`].
    pub unreadable: Vec<Error>,
}

impl Carts {
    /// Reads a cart from the store.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`] with the nearest id, or another [`Error`] if the cart could not be read.
    pub async fn get(&self, id: &CartId) -> Result<StoredCart, Error> {
        match self.find(id).await? {
            Some(cart) => Ok(cart),
            None => Err(Error::NoCart { cart: id.clone(), nearest: self.tenant.nearest_cart(id).await? }),
        }
    }

    /// Reads a cart from the store; `None` if there is no such cart.
    ///
    /// # Errors
    ///
    /// [`Error`] if the cart could not be read.
    pub async fn find(&self, id: &CartId) -> Result<Option<StoredCart>, Error> {
        let (merchant, wanted) = (self.tenant.merchant.clone(), id.clone());
        let row = self.tenant.store.read::<_, store::Error>(move |view| store::carts::get(view, &merchant, &wanted)).await?;
        match row {
            Some(row) => Ok(Some(Arc::unwrap_or_clone(self.read(row).await?))),
            None => Ok(None),
        }
    }

    /// Lists every cart, by id. A cart whose definition cannot be read hides no other.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store or the plugins' files could not be read.
    pub async fn list(&self) -> Result<CartList, Error> {
        let merchant = self.tenant.merchant.clone();
        let rows = self.tenant.store.read::<_, store::Error>(move |view| store::carts::list(view, &merchant)).await?;
        let mut list = CartList::default();
        for row in rows {
            match self.read(row).await {
                Ok(kept) => list.carts.push(Arc::unwrap_or_clone(kept)),
                Err(error @ Error::StoredCart { .. }) => list.unreadable.push(error),
                Err(other) => return Err(other),
            }
        }
        Ok(list)
    }

    /// Fails if there is no such cart.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`] with the nearest id.
    pub async fn must_exist(&self, id: &CartId) -> Result<(), Error> {
        self.tenant.must_have_cart(id).await
    }

    /// Reads a cart from its row. The earlier result is reused while neither the row nor the plugin's file has changed.
    pub(super) async fn read(&self, row: store::carts::CartRow) -> Result<Arc<StoredCart>, Error> {
        let key = (self.tenant.merchant.clone(), row.definition.cart.clone());
        let stamp = row.definition.plugin.and_then(|pinned| stamp(&self.plugins.files.dir.plugins().join(kept_name(pinned))));
        if let Some(kept) = self.cache.get(&key, &row, stamp) {
            return Ok(kept);
        }
        let kept = Arc::new(self.parse(row).await?);
        if let (Some(stamp), PluginKept::Admitted { .. }) = (stamp, &kept.plugin) {
            self.cache.put(key, stamp, &kept);
        }
        Ok(kept)
    }

    async fn parse(&self, row: store::carts::CartRow) -> Result<StoredCart, Error> {
        let id = row.definition.cart.clone();
        let cart =
            Cart::parse(&format!("the store, cart {id}"), &row.definition.text).map_err(|source| Error::StoredCart { cart: id, source })?;
        let mode = cart.mode();
        let plugin = match self.plugin_of(&cart, row.definition.plugin.or(cart.digest)).await {
            Err(error) if error.is_fault() => {
                // Whoever looks after it hears of it at once.
                self.seen.news.notify_one();
                PluginKept::Unknown { why: Arc::new(error) }
            }
            plugin => plugin?,
        };
        let lists = match &plugin {
            PluginKept::Admitted { digest, .. } if row.lists > 0 => lists::of_cart(&self.tenant, &cart.id, *digest).await?,
            _ => Vec::new(),
        };
        Ok(StoredCart { cart, row, mode, plugin, lists })
    }

    /// What is known of a cart's plugin. A plugin that was never admitted is admitted now.
    async fn plugin_of(&self, cart: &Cart, pinned: Option<Digest>) -> Result<PluginKept, Error> {
        let (bytes, found) = match self.plugins.files.find(cart, pinned).await {
            Ok(Some(found)) => (found.bytes, found.digest),
            Ok(None) => return Ok(PluginKept::Missing),
            Err(Error::PluginFile { source, .. }) if source.fault().is_none() => return Ok(refused(&source)),
            Err(other) => return Err(other),
        };
        if pinned.is_some_and(|pinned| pinned != found) {
            return Ok(PluginKept::Changed { found });
        }
        if let Some(manifest) = self.plugins.manifest(found).await? {
            return Ok(PluginKept::Admitted { digest: found, manifest: Box::new(manifest) });
        }
        match self.plugins.admit_and_keep(bytes).await {
            Ok(plugin) => Ok(PluginKept::Admitted { digest: found, manifest: Box::new(plugin.manifest().clone()) }),
            Err(Error::NotAdmitted { source, .. }) if !source.is_fault() => Ok(refused(&source)),
            Err(other) => Err(other),
        }
    }
}

fn refused(error: &(dyn std::error::Error + 'static)) -> PluginKept {
    PluginKept::Refused { reason: cartage_base::causes::chain(error) }
}
