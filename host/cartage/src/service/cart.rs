//! A stored cart with what is known of its plugin, and the steps that turn it into a client.

use super::lists::{List, find};
use super::plugin_files::{Found, Stamp, kept_name, stamp};
use super::{Error, Service};
use crate::deliver::CartClient;
use cartage_contract::delivery::{ChoicesOf, SettingValue};
use cartage_contract::manifest::{Manifest, Plain};
use cartage_model::carts::{Cart, Mode, OrderNumberKind};
use cartage_model::id::{CartId, Digest, MerchantId};
use cartage_model::parameters::{self, Assignments, GENERIC_ORDER_NUMBER_TYPE, Source, Supplied, Value};
use cartage_policy::gate::question::{CartState, Definition, PluginState};
use cartage_store as store;
use cartage_store::vault::{Generation, Place};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// A stored cart, with what is known of its plugin.
#[derive(Debug, Clone)]
pub struct StoredCart {
    /// The parsed definition.
    pub cart: Cart,
    /// The row: the text that the operator wrote, the pinned digest, whether the cart is enabled or paused.
    pub row: store::carts::Cart,
    /// The mode of the cart.
    pub mode: Mode,
    /// What is known of the plugin.
    pub plugin: PluginKept,
    /// The lists that the plugin returned when the shop was asked.
    pub lists: Vec<List>,
}

/// What is known of a cart's plugin without compiling it again.
#[derive(Debug, Clone)]
pub enum PluginKept {
    /// The plugin was admitted.
    Admitted {
        /// The digest of its file.
        digest: Digest,
        /// The plugin's manifest.
        manifest: Box<Manifest>,
    },
    /// The plugin's file is absent.
    Missing,
    /// The plugin's file is not the one that the cart is pinned to.
    Changed {
        /// The digest of the file that was found.
        found: Digest,
    },
    /// The plugin was not admitted, or the file cannot be a plugin.
    Refused {
        /// The reason, for people.
        reason: String,
    },
    /// The plugin could not be examined now, for a reason of this machine and not of the cart.
    Unknown {
        /// The error that prevented it.
        why: Arc<Error>,
    },
}

/// Carts as last read, so that a burst of updates does not read and hash a plugin's file for each.
#[derive(Default)]
pub(super) struct CartCache(Mutex<BTreeMap<(MerchantId, CartId), Read>>);

/// A cart, and the stamp that its plugin's file had.
type Read = (Stamp, Arc<StoredCart>);

impl CartCache {
    fn get(&self, key: &(MerchantId, CartId), row: &store::carts::Cart, stamp: Option<Stamp>) -> Option<Arc<StoredCart>> {
        let carts = self.0.lock().expect("nobody panics while holding it");
        carts.get(key).filter(|(known, kept)| Some(*known) == stamp && kept.row == *row).map(|(_, kept)| kept.clone())
    }

    /// Drops the carts that are not among these.
    pub(super) fn keep_only(&self, carts: &BTreeSet<(MerchantId, CartId)>) {
        self.0.lock().expect("nobody panics while holding it").retain(|cart, _| carts.contains(cart));
    }

    fn put(&self, key: (MerchantId, CartId), stamp: Stamp, kept: &Arc<StoredCart>) {
        self.0.lock().expect("nobody panics while holding it").insert(key, (stamp, kept.clone()));
    }
}

impl StoredCart {
    /// The pause that holds the cart at this time; `None` if there is none, or if the one on record has ended.
    pub fn pause_at(&self, now_unix_ms: u64) -> Option<&store::carts::Pause> {
        self.row.pause.as_ref().filter(|pause| pause.holds(now_unix_ms))
    }

    /// The cart as the gate needs it.
    ///
    /// # Errors
    ///
    /// [`Error::PluginUnknown`]: a fault of this machine must not become an answer of the gate.
    pub fn definition(&self) -> Result<Definition<'_>, Error> {
        Ok(Definition {
            cart: &self.cart,
            state: if self.row.enabled { CartState::Enabled } else { CartState::Disabled },
            plugin: match &self.plugin {
                PluginKept::Admitted { manifest, .. } => PluginState::Admitted { manifest, asked: find(&self.lists, &ChoicesOf::Statuses) },
                PluginKept::Missing => PluginState::Missing,
                PluginKept::Changed { .. } => PluginState::Changed,
                PluginKept::Refused { reason } => PluginState::Refused { reason },
                PluginKept::Unknown { why } => return Err(Error::PluginUnknown { cart: self.cart.id.clone(), source: why.clone() }),
            },
            mode: &self.mode,
            changes: self.cart.changes,
        })
    }

    /// The manifest of the plugin; `None` if it was not admitted.
    pub fn manifest(&self) -> Option<&Manifest> {
        match &self.plugin {
            PluginKept::Admitted { manifest, .. } => Some(manifest),
            PluginKept::Missing | PluginKept::Changed { .. } | PluginKept::Refused { .. } | PluginKept::Unknown { .. } => None,
        }
    }

    /// The digest that the cart is pinned to; `None` if it is pinned to none.
    pub fn pinned(&self) -> Option<Digest> {
        self.row.definition.plugin.or(self.cart.digest)
    }

    /// The plugin's settings that a parameter may supply, each with the value in effect.
    pub fn supplied(&self, assignments: &Assignments) -> Vec<Supplied> {
        let own = |name: &str| self.cart.own_setting(name).and_then(word).map(|word| SettingValue::Choice(word.to_owned()));
        let manifest = self.manifest();
        manifest.map_or_else(Vec::new, |manifest| parameters::supplied(&manifest.name, &self.cart.id, assignments, own))
    }
}

impl StoredCart {
    /// The definition with the values of parameters: a parameter that is set takes precedence over the definition.
    pub fn as_set(&self, assignments: &Assignments) -> Cart {
        let mut cart = self.cart.clone();
        for supplied in self.supplied(assignments) {
            if let Some(SettingValue::Choice(word)) = supplied.value() {
                cart.supply(supplied.setting, Plain::Text(word.clone()));
            }
        }
        let kind = GENERIC_ORDER_NUMBER_TYPE.effective(Some(&cart.id), assignments);
        if kind.source != Source::Default {
            let numeric = kind.value == Value::Choice("numeric");
            cart.order_number.kind = if numeric { OrderNumberKind::Numeric } else { OrderNumberKind::Text };
        }
        cart
    }
}

impl Service {
    /// Reads a cart from the store.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`] with the nearest id, or another [`Error`] if the cart could not be read.
    pub async fn cart(&self, id: &CartId) -> Result<StoredCart, Error> {
        match self.find_cart(id).await? {
            Some(cart) => Ok(cart),
            None => Err(Error::NoCart { cart: id.clone(), nearest: self.nearest_cart(id).await? }),
        }
    }

    /// Reads a cart from the store; `None` if there is no such cart.
    ///
    /// # Errors
    ///
    /// [`Error`] if the cart could not be read.
    pub async fn find_cart(&self, id: &CartId) -> Result<Option<StoredCart>, Error> {
        let (merchant, wanted) = (self.merchant.clone(), id.clone());
        let row = self.shared.store.read::<_, store::Error>(move |view| store::carts::get(view, &merchant, &wanted)).await?;
        match row {
            Some(row) => Ok(Some(Arc::unwrap_or_clone(self.read_cart(row).await?))),
            None => Ok(None),
        }
    }

    /// Lists every cart, by id.
    ///
    /// # Errors
    ///
    /// [`Error`] if one of them could not be read.
    pub async fn carts(&self) -> Result<Vec<StoredCart>, Error> {
        let merchant = self.merchant.clone();
        let rows = self.shared.store.read::<_, store::Error>(move |view| store::carts::list(view, &merchant)).await?;
        let mut carts = Vec::new();
        for row in rows {
            carts.push(Arc::unwrap_or_clone(self.read_cart(row).await?));
        }
        Ok(carts)
    }

    /// Fails if there is no such cart.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`] with the nearest id.
    pub async fn known_cart(&self, id: &CartId) -> Result<(), Error> {
        let (merchant, wanted) = (self.merchant.clone(), id.clone());
        match self.shared.store.read::<_, store::Error>(move |view| store::carts::get(view, &merchant, &wanted)).await? {
            Some(_) => Ok(()),
            None => Err(Error::NoCart { cart: id.clone(), nearest: self.nearest_cart(id).await? }),
        }
    }

    /// Reads a cart from its row. The earlier result is reused while neither the row nor the plugin's file has changed.
    pub(super) async fn read_cart(&self, row: store::carts::Cart) -> Result<Arc<StoredCart>, Error> {
        let key = (self.merchant.clone(), row.definition.cart.clone());
        let stamp = row.definition.plugin.and_then(|pinned| stamp(&self.shared.dir.plugins().join(kept_name(pinned))));
        if let Some(kept) = self.shared.carts.get(&key, &row, stamp) {
            return Ok(kept);
        }
        let kept = Arc::new(self.parse_cart(row).await?);
        if let (Some(stamp), PluginKept::Admitted { .. }) = (stamp, &kept.plugin) {
            self.shared.carts.put(key, stamp, &kept);
        }
        Ok(kept)
    }

    async fn parse_cart(&self, row: store::carts::Cart) -> Result<StoredCart, Error> {
        let id = row.definition.cart.clone();
        let cart =
            Cart::parse(&format!("the store, cart {id}"), &row.definition.text).map_err(|source| Error::StoredCart { cart: id, source })?;
        let mode = cart.mode();
        let plugin = match self.plugin_of(&cart, row.definition.plugin.or(cart.digest)).await {
            Err(error) if error.is_fault() => {
                // Whoever looks after it hears of it at once.
                self.shared.seen.news.notify_one();
                PluginKept::Unknown { why: Arc::new(error) }
            }
            plugin => plugin?,
        };
        let lists = match &plugin {
            PluginKept::Admitted { digest, .. } if row.lists > 0 => self.lists_of(&self.merchant, &cart.id, *digest).await?,
            _ => Vec::new(),
        };
        Ok(StoredCart { cart, row, mode, plugin, lists })
    }

    /// The existing cart id that is nearest to one that does not exist; `None` if none is near.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn nearest_cart(&self, id: &CartId) -> Result<Option<String>, Error> {
        let merchant = self.merchant.clone();
        let carts = self.shared.store.read::<_, store::Error>(move |view| store::carts::list(view, &merchant)).await?;
        let ids = carts.iter().map(|cart| cart.definition.cart.as_str());
        Ok(cartage_base::nearest::nearest(id.as_str(), ids).map(str::to_owned))
    }

    /// What is known of a cart's plugin. A plugin that was never admitted is admitted now.
    async fn plugin_of(&self, cart: &Cart, pinned: Option<Digest>) -> Result<PluginKept, Error> {
        let (bytes, found) = match self.find_plugin_file(cart, pinned).await {
            Ok(Some(found)) => (found.bytes, found.digest),
            Ok(None) => return Ok(PluginKept::Missing),
            Err(Error::PluginFile { source, .. }) if source.fault().is_none() => return Ok(refused(&source)),
            Err(other) => return Err(other),
        };
        if pinned.is_some_and(|pinned| pinned != found) {
            return Ok(PluginKept::Changed { found });
        }
        if let Some(manifest) = self.manifest(found).await? {
            return Ok(PluginKept::Admitted { digest: found, manifest: Box::new(manifest) });
        }
        match self.admit_and_keep(bytes).await {
            Ok(plugin) => Ok(PluginKept::Admitted { digest: found, manifest: Box::new(plugin.manifest().clone()) }),
            Err(Error::NotAdmitted { source, .. }) if !source.is_fault() => Ok(refused(&source)),
            Err(other) => Err(other),
        }
    }

    /// Makes a cart ready: admits its plugin, applies the settings that parameters supply, and fetches its secrets from where the
    /// definition says, else from the vault. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Error`], naming what is missing or does not fit.
    pub async fn client(&self, kept: &StoredCart) -> Result<CartClient, Error> {
        self.courier_with(kept, Generation::Current).await
    }

    /// Makes a cart ready with its next credentials; `None` if there are none.
    ///
    /// # Errors
    ///
    /// As [`Service::client`].
    pub async fn next_courier(&self, kept: &StoredCart) -> Result<Option<CartClient>, Error> {
        let waits = self.kept_credentials(&kept.cart.id).await?.iter().any(|value| value.generation == Generation::Next);
        if waits { self.courier_with(kept, Generation::Next).await.map(Some) } else { Ok(None) }
    }

    async fn courier_with(&self, kept: &StoredCart, generation: Generation) -> Result<CartClient, Error> {
        let id = &kept.cart.id;
        let Found { bytes, digest: found } = self.plugin_file_of(&kept.cart, kept.pinned()).await?;
        if let Some(pinned) = kept.pinned().filter(|pinned| *pinned != found) {
            return Err(Error::Changed { cart: id.clone(), plugin: kept.cart.plugin.clone(), found, pinned });
        }
        self.not_banned(found).await?;
        let plugin = self.admit_and_keep(bytes).await?;
        let cart = kept.as_set(&self.assignments().await?);
        self.assert_approved(&cart, plugin.manifest()).await?;
        let mut secrets = cart.secrets(plugin.manifest())?;
        for slot in &plugin.manifest().slots {
            let Some(origins) = cart.origins(plugin.manifest(), slot) else { continue };
            for field in &slot.fields {
                if secrets.get(&slot.name).is_some_and(|fields| fields.contains_key(&field.name)) {
                    continue;
                }
                let place = Place { cart: id.clone(), slot: slot.name.clone(), field: field.name.clone() };
                if let Some(secret) = self.secret(&place, generation, &origins).await? {
                    secrets.entry(slot.name.clone()).or_default().insert(field.name.clone(), secret);
                }
            }
        }
        let keeping = self.keeping(&cart, plugin.manifest(), generation)?;
        CartClient::keeping(&cart, plugin, secrets, &self.shared.egress, self.shared.clock.clone(), keeping).map_err(Error::client(id))
    }

    /// A credential from the vault: of this turn, else the current one. If the store holds neither, the key is not needed.
    async fn secret(&self, place: &Place, generation: Generation, origins: &str) -> Result<Option<secrecy::SecretString>, Error> {
        let generations: &[Generation] =
            if generation == Generation::Next { &[Generation::Next, Generation::Current] } else { &[Generation::Current] };
        for generation in generations.iter().copied() {
            let (merchant, wanted) = (self.merchant.clone(), place.clone());
            let look = move |view: &store::View<'_>| store::credentials::get(view, &merchant, &wanted, generation);
            if self.shared.store.read::<_, store::Error>(look).await?.is_some() {
                return Ok(self.vault()?.get(&self.merchant, place, generation, origins).await?);
            }
        }
        Ok(None)
    }
}

fn refused(error: &(dyn std::error::Error + 'static)) -> PluginKept {
    PluginKept::Refused { reason: cartage_base::causes::chain(error) }
}

fn word(value: &Plain) -> Option<&str> {
    match value {
        Plain::Text(word) => Some(word),
        Plain::Integer(_) | Plain::Boolean(_) | Plain::List(_) | Plain::Map(_) => None,
    }
}
