//! Loading carts: each proposal is checked as a whole, the difference is known before anything changes, and all carts change in one
//! transaction.
//!
//! [`Definitions::prepare`] admits the plugins, checks every cart against its plugin and says what would change; [`Definitions::make`] carries it
//! out. A cart is pinned to its plugin's digest and a copy of that file is stored under the digest, so that neither a new file of the same
//! name nor a removed file changes what runs. Whether an upgrade that requires more may go ahead is a question of the caller to the
//! operator.

mod asks;
mod difference;
mod doubts;
mod redefine;

pub(super) use doubts::unlisted;

pub use difference::{CartDifference, Field};
pub use redefine::Redefined;

use super::Error;
use super::approvals::{Approvals, note_fetched};
use super::bans::Bans;
use super::cart_clients::Changes;
use super::carts::Carts;
use super::configuration::Configuration;
use super::lists::{self, List};
use super::plugins::Plugins;
use super::replaced::not_given;
use super::tenant::Tenant;
use cartage_base::heavy;
use cartage_contract::manifest::Manifest;
use cartage_egress::endpoint::{self, Bindings};
use cartage_engine::{Plugin, admit, unsupported};
use cartage_model::carts::{Cart, Mode, WrongDigest};
use cartage_model::id::{CartId, Digest};
use cartage_model::remedy::{Remedy, Sentence};
use cartage_store::{self as store, audit};

/// A cart as it shall be.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The cart's new definition.
    pub cart: Cart,
    /// The plugin's file. `None` takes a file that the data directory has: that of the digest in the definition, else that of the cart's
    /// present plugin if it has the same name.
    pub plugin: Option<Vec<u8>>,
}

/// Carts that can be loaded as proposed, and what would change.
#[derive(Debug)]
pub struct Prepared {
    carts: Vec<PreparedCart>,
}

/// One checked cart of a [`Prepared`].
#[derive(Debug)]
pub struct PreparedCart {
    /// The cart, pinned to its plugin's digest.
    pub cart: Cart,
    /// The manifest of its plugin.
    pub manifest: Manifest,
    /// The changes, key by key.
    pub difference: CartDifference,
    /// What the plugin requires that the plugin before did not. Unless this is empty, the operator's consent is needed.
    pub asks: Vec<String>,
    /// The consequence if a live cart would no longer be live, for which the operator's consent is needed; `None` otherwise.
    pub leaves_live: Option<String>,
    /// Warnings about what is allowed but probably wrong.
    pub warnings: Vec<Sentence>,
    plugin: Vec<u8>,
    row: store::plugins::PluginRow,
    /// The definition that all of this was compared with; `None` if there was no such cart.
    looked_at: Option<store::carts::DefinitionRow>,
}

/// A cart before it changes.
struct Before {
    row: store::carts::CartRow,
    /// The present definition; `None` if this release cannot read it.
    cart: Option<Cart>,
}

impl Before {
    fn pinned(&self) -> Option<Digest> {
        self.row.definition.plugin.or(self.cart.as_ref()?.digest)
    }

    /// Gives a definition without a mode the cart's present mode. Returns a warning if that mode is unknown because the stored cart cannot
    /// be read.
    fn keep_mode(&self, cart: &mut Cart) -> Option<Sentence> {
        if cart.names_its_mode() {
            return None;
        }
        let (id, live) = (&cart.id, Mode::Live.name());
        match (&self.cart, self.row.definition.mode.as_str()) {
            (Some(before), _) => cart.set_mode(before.mode()),
            (None, mode) if mode == live => cart.set_mode(Mode::Live),
            (None, mode) if mode == Mode::Shadow.name() => {}
            (None, mode) => {
                let what = format!("cart {id} was in the mode {mode}, for orders that can no longer be read, so it is in shadow now");
                let (before, remedy) = (format!("{what}; set the mode with ").into(), Remedy::SetMode { cart: id.clone() });
                return Some(Sentence::Naming { before, remedy, after: "".into() });
            }
        }
        None
    }

    /// The consequence if the cart is live and the definition has another mode; `None` otherwise.
    fn leaves_live(&self, cart: &Cart) -> Option<String> {
        let live = Mode::Live.name();
        let rest = match cart.mode() {
            Mode::Live => return None,
            Mode::Shadow => "no order's status is sent to it any more".to_owned(),
            Mode::OnlyOrders(orders) if orders.len() == 1 => "the status of one order is sent to it, and of no other".to_owned(),
            Mode::OnlyOrders(orders) => format!("the statuses of {} orders are sent to it, and of no other", orders.len()),
        };
        let id = &cart.id;
        (self.row.definition.mode == live).then(|| format!("cart {id} is live and will be in the mode {}: {rest}", cart.mode().name()))
    }
}

/// Why carts cannot be loaded as proposed. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum InvalidCarts {
    /// Two proposals have the same id.
    #[error("two of the given carts have the Cart ID {cart}; give each cart its own")]
    Twice {
        /// The id of both carts.
        cart: CartId,
    },
    /// The plugin's file is not the one that the definition is pinned to.
    #[error("{0}; give the file with that digest, or remove the line `digest` from the definition if you trust the new file")]
    Digest(WrongDigest),
    /// An endpoint cannot be bound as defined.
    #[error("could not bind the endpoints of cart {cart}")]
    Endpoint {
        /// The cart with this endpoint.
        cart: CartId,
        /// The endpoint, and what is wrong with it.
        #[source]
        source: Box<endpoint::Error>,
    },
    /// The definition is not valid, or a setting does not fit the cart's plugin.
    #[error(transparent)]
    Settings(#[from] cartage_model::carts::Error),
    /// A credential is unknown to the cart's plugin, or its value is written in the definition.
    #[error(transparent)]
    Credential(#[from] cartage_egress::secrets::Error),
    /// An operation of the service failed, so the proposals could not be checked.
    #[error(transparent)]
    Service(Box<Error>),
}

impl InvalidCarts {
    /// What a person can do, asked of the errors below; `None` where the messages say it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            InvalidCarts::Credential(error) => error.remedy(),
            InvalidCarts::Service(error) => error.remedy(),
            InvalidCarts::Twice { .. } | InvalidCarts::Digest(_) | InvalidCarts::Endpoint { .. } | InvalidCarts::Settings(_) => None,
        }
    }
}

impl From<Error> for InvalidCarts {
    fn from(error: Error) -> InvalidCarts {
        InvalidCarts::Service(Box::new(error))
    }
}

impl Prepared {
    /// The checked carts, in the order of the proposals.
    pub fn carts(&self) -> &[PreparedCart] {
        &self.carts
    }

    /// Whether a plugin requires more than the one before it.
    pub fn asks(&self) -> bool {
        self.carts.iter().any(|cart| !cart.asks.is_empty())
    }

    /// Whether a live cart would no longer be live.
    pub fn leaves_live(&self) -> bool {
        self.carts.iter().any(|cart| cart.leaves_live.is_some())
    }
}

/// The definitions of a merchant's carts, and how they change.
#[derive(Clone)]
pub struct Definitions {
    pub(super) tenant: Tenant,
    pub(super) carts: Carts,
    pub(super) plugins: Plugins,
    pub(super) bans: Bans,
    pub(super) approvals: Approvals,
    pub(super) configuration: Configuration,
    pub(super) changes: Changes,
}

impl Definitions {
    /// Checks proposals and says what would change. Nothing is changed.
    ///
    /// # Errors
    ///
    /// [`InvalidCarts`], for the first cart that cannot be loaded as proposed.
    pub async fn prepare(&self, proposals: Vec<Proposal>) -> Result<Prepared, InvalidCarts> {
        let mut carts: Vec<PreparedCart> = Vec::new();
        for proposal in proposals {
            if carts.iter().any(|other| other.cart.id == proposal.cart.id) {
                return Err(InvalidCarts::Twice { cart: proposal.cart.id });
            }
            carts.push(Box::pin(self.prepare_cart(proposal)).await?);
        }
        Ok(Prepared { carts })
    }

    /// As [`Definitions::prepare`], for a proposal that was made from this cart.
    ///
    /// # Errors
    ///
    /// [`InvalidCarts`], with [`Error::DefinitionChanged`] if somebody changed the cart since it was read.
    pub async fn prepare_from(&self, kept: &store::carts::DefinitionRow, proposal: Proposal) -> Result<Prepared, InvalidCarts> {
        let prepared = self.prepare(vec![proposal]).await?;
        match prepared.carts.iter().all(|one| one.looked_at.as_ref() == Some(kept)) {
            true => Ok(prepared),
            false => Err(Error::DefinitionChanged { cart: kept.cart.clone() }.into()),
        }
    }

    async fn prepare_cart(&self, Proposal { mut cart, plugin }: Proposal) -> Result<PreparedCart, InvalidCarts> {
        let before = self.before(&cart.id).await?;
        let unknown_mode = before.as_ref().and_then(|before| before.keep_mode(&mut cart));
        let bytes = match plugin {
            Some(bytes) => bytes,
            None => self.plugin_that_is_kept(&cart, before.as_ref()).await?,
        };
        let (found, imports, bytes) = heavy::work(bytes.len(), move || (Digest::of(&bytes), admit::imports(&bytes), bytes)).await;
        WrongDigest::check(&cart.id, &cart.plugin, found, cart.digest.replace(found)).map_err(InvalidCarts::Digest)?;
        self.bans.check(found).await?;
        let plugin = self.plugins.admit(bytes.clone()).await?;
        cart.rename_settings(plugin.manifest());
        fits(&cart, plugin.manifest())?;
        not_given(&cart, plugin.manifest())?;
        let difference = match &before {
            Some(Before { cart: None, .. }) => CartDifference::mending(&cart),
            Some(Before { cart: Some(before), .. }) => CartDifference::between(Some(before), &cart),
            None => CartDifference::between(None, &cart),
        };
        let asks = match &before {
            Some(before) => self.asks(before, &plugin, &imports).await?,
            None => Vec::new(),
        };
        let leaves_live = before.as_ref().and_then(|before| before.leaves_live(&cart));
        let mut warnings = self.warnings(&cart, before.is_some(), plugin.manifest(), found).await?;
        warnings.extend(unknown_mode);
        let row = self.plugins.row(&plugin);
        let (manifest, looked_at) = (plugin.manifest().clone(), before.map(|before| before.row.definition));
        Ok(PreparedCart { manifest, cart, difference, asks, leaves_live, warnings, plugin: bytes, row, looked_at })
    }

    /// A cart before it changes; `None` if it is new. A cart whose definition this release cannot read is returned too, because another
    /// definition mends it.
    async fn before(&self, id: &CartId) -> Result<Option<Before>, Error> {
        let (merchant, wanted) = (self.tenant.merchant.clone(), id.clone());
        let row = self.tenant.store.read::<_, store::Error>(move |view| store::carts::get(view, &merchant, &wanted)).await?;
        Ok(row.map(|row| Before { cart: Cart::parse("the store", &row.definition.text).ok(), row }))
    }

    async fn plugin_that_is_kept(&self, cart: &Cart, before: Option<&Before>) -> Result<Vec<u8>, Error> {
        let same = before.filter(|before| before.cart.as_ref().is_some_and(|before| before.plugin == cart.plugin));
        Ok(self.plugins.files.of(cart, cart.digest.or_else(|| same?.pinned())).await?.bytes)
    }

    /// What a plugin requires that the cart's plugin before did not.
    async fn asks(&self, before: &Before, plugin: &Plugin, imports: &[String]) -> Result<Vec<String>, Error> {
        let Some(pinned) = before.pinned().filter(|pinned| *pinned != plugin.digest()) else { return Ok(Vec::new()) };
        let Some(manifest) = self.plugins.manifest(pinned).await? else { return Ok(Vec::new()) };
        let mut asks = asks::new(&manifest, plugin.manifest());
        // Where the file before is gone, its imports are unknown, and none is called new.
        if let Ok(before) = self.plugins.files.kept(pinned).await {
            let before = heavy::work(before.len(), move || admit::imports(&before)).await;
            asks.extend(imports.iter().filter(|import| !before.contains(import)).map(|import| format!("import {import}")));
        }
        Ok(asks)
    }

    async fn warnings(&self, cart: &Cart, known: bool, manifest: &Manifest, digest: Digest) -> Result<Vec<Sentence>, Error> {
        let lists = lists::of_cart(&self.tenant, &cart.id, digest).await?;
        let doubts = self.doubts(cart, Some(manifest), &lists).await?;
        let mut warnings: Vec<Sentence> = doubts.into_iter().map(Sentence::from).collect();
        if !known {
            return Ok(warnings);
        }
        let moved = self.approvals.bound(&cart.id).await?.moved(cart, manifest);
        warnings.extend(moved.iter().map(|moved| moved.warning(&cart.id)));
        Ok(warnings)
    }

    /// Warnings about parts of a cart's definition that are allowed but probably wrong, and about features of its plugin that this host
    /// does not support yet. `lists` are those that the shop returned.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], [`Error::Label`].
    pub async fn doubts(&self, cart: &Cart, manifest: Option<&Manifest>, lists: &[List]) -> Result<Vec<String>, Error> {
        let labels = self.configuration.labels().await?;
        let mut doubts = doubts::orders(cart);
        doubts.extend(doubts::label_keys(cart, &labels));
        doubts.extend(manifest.map(|manifest| doubts::words(cart, manifest, &labels)).unwrap_or_default());
        doubts.extend(doubts::listed(cart, lists, &labels));
        doubts.extend(manifest.map(unsupported).unwrap_or_default());
        Ok(doubts)
    }

    /// Loads the prepared carts: all of them, or none.
    ///
    /// # Errors
    ///
    /// [`Error::KeepPlugin`], [`Error::DefinitionChanged`] if somebody changed one of them since it was prepared, and [`Error::Store`]; no cart has changed then.
    pub async fn make(&self, prepared: Prepared) -> Result<(), Error> {
        let (mut definitions, mut plugins) = (Vec::new(), Vec::new());
        for PreparedCart { cart, difference, plugin, row, manifest, looked_at, .. } in prepared.carts {
            self.plugins.files.keep(row.digest, plugin).await?;
            plugins.push(row);
            if !difference.is_empty() {
                definitions.push((looked_at, definition(&cart), difference.to_string(), cart.fetched(&manifest)));
            }
        }
        let changed: Vec<CartId> = definitions.iter().map(|(_, definition, ..)| definition.cart.clone()).collect();
        let (merchant, who, at_unix_ms, on_machine) =
            (self.tenant.merchant.clone(), self.tenant.who.clone(), self.tenant.now_unix_ms(), self.tenant.on_machine);
        let write = move |tx: &store::Tx<'_>| -> Result<(), Error> {
            plugins.iter().try_for_each(|plugin| store::plugins::put(tx, &merchant, plugin))?;
            for (looked_at, definition, detail, fetched) in definitions {
                // What was shown and agreed to is a change of that definition and of no other.
                if !store::carts::put_over(tx, &merchant, looked_at.as_ref(), &definition, at_unix_ms)? {
                    return Err(Error::DefinitionChanged { cart: definition.cart });
                }
                note_fetched(tx, &merchant, &definition.cart, &fetched, on_machine)?;
                let (who, what) = (who.to_string(), "apply".to_owned());
                let line = audit::Line { at_unix_ms, who, what, subject: format!("cart {}", definition.cart), detail: Some(detail) };
                audit::add(tx, &merchant, &line)?;
            }
            Ok(())
        };
        self.tenant.store.write(write).await?;
        changed.iter().for_each(|cart| self.changes.cart(cart));
        Ok(())
    }
}

/// The stored form of a cart's definition.
pub(super) fn definition(cart: &Cart) -> store::carts::DefinitionRow {
    let mode = cart.mode().name().to_owned();
    store::carts::DefinitionRow { cart: cart.id.clone(), text: cart.to_toml(), plugin: cart.digest, mode }
}

/// Checks that the whole definition fits the plugin.
fn fits(cart: &Cart, manifest: &Manifest) -> Result<(), InvalidCarts> {
    cart.settings(manifest)?;
    Bindings::new(manifest, &cart.endpoints)
        .map_err(|source| InvalidCarts::Endpoint { cart: cart.id.clone(), source: Box::new(source) })?;
    Ok(cartage_egress::secrets::check(cart, manifest)?)
}
