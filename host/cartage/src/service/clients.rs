//! Making a cart ready: its plugin, its settings and its credentials become a client that can be called. A cart whose answer contained a
//! secret is paused here.

use super::approvals::Approvals;
use super::bans::Bans;
use super::blocking::blocking;
use super::cart_clients::Changes;
use super::configuration::Configuration;
use super::credentials::Credentials;
use super::plugin_files::Found;
use super::plugins::Plugins;
use super::stored_cart::StoredCart;
use super::tenant::Tenant;
use super::{BY_ITSELF, Error};
use crate::deliver::CartClient;
use cartage_egress::Egress;
use cartage_model::carts::WrongDigest;
use cartage_model::cassette::Cassette;
use cartage_model::id::CartId;
use cartage_model::receipt::PauseReason;
use cartage_store::carts::PauseRow;
use cartage_store::vault::{CredentialRef, Generation};
use cartage_store::{self as store, Tx, audit};
use std::sync::Arc;

/// Makes carts ready to be called.
#[derive(Clone)]
pub struct Clients {
    pub(super) tenant: Tenant,
    pub(super) plugins: Plugins,
    pub(super) bans: Bans,
    pub(super) configuration: Configuration,
    pub(super) approvals: Approvals,
    pub(super) credentials: Credentials,
    pub(super) egress: Arc<Egress>,
    pub(super) changes: Changes,
}

impl Clients {
    /// Makes a cart ready: admits its plugin, applies the settings that parameters supply, and fetches its secrets from where the
    /// definition says, else from the vault. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Error`], naming what is missing or does not fit.
    pub async fn current(&self, kept: &StoredCart) -> Result<CartClient, Error> {
        self.with(kept, Generation::Current).await
    }

    /// Makes a cart ready with its next credentials; `None` if there are none.
    ///
    /// # Errors
    ///
    /// As [`Clients::current`].
    pub async fn next(&self, kept: &StoredCart) -> Result<Option<CartClient>, Error> {
        let waits = self.credentials.sealed(&kept.cart.id).await?.iter().any(|value| value.generation == Generation::Next);
        if waits { self.with(kept, Generation::Next).await.map(Some) } else { Ok(None) }
    }

    async fn with(&self, kept: &StoredCart, generation: Generation) -> Result<CartClient, Error> {
        let id = &kept.cart.id;
        let Found { bytes, digest: found } = self.plugins.files.of(&kept.cart, kept.pinned()).await?;
        WrongDigest::check(id, &kept.cart.plugin, found, kept.pinned()).map_err(Error::Changed)?;
        self.bans.check(found).await?;
        let plugin = self.plugins.admit_and_keep(bytes).await?;
        let cart = kept.as_set(&self.configuration.assignments().await?);
        self.approvals.assert_approved(&cart, plugin.manifest()).await?;
        let (fetched, manifest) = (cart.clone(), plugin.manifest().clone());
        let mut secrets = blocking(move || cartage_egress::secrets::fetch(&fetched, &manifest).map_err(Error::from)).await?;
        for slot in &plugin.manifest().slots {
            let Some(origins) = cart.origins(plugin.manifest(), slot) else { continue };
            for field in &slot.fields {
                if secrets.get(&slot.name).is_some_and(|fields| fields.contains_key(&field.name)) {
                    continue;
                }
                let place = CredentialRef { cart: id.clone(), slot: slot.name.clone(), field: field.name.clone() };
                if let Some(secret) = self.credentials.secret(&place, generation, &origins).await? {
                    secrets.entry(slot.name.clone()).or_default().insert(field.name.clone(), secret);
                }
            }
        }
        let keeping = self.credentials.keeping(&cart, plugin.manifest(), generation).await?;
        CartClient::keeping(&cart, plugin, secrets, &self.egress, self.tenant.clock.clone(), keeping).map_err(Error::client(id))
    }

    /// Handles the end of a call that is not an attempt at a delivery. If the cart's answer contained a secret, the cart is paused as after
    /// an attempt.
    pub(super) async fn called(&self, cart: &CartId, cassette: &Cassette) -> Result<(), Error> {
        if cassette.recording.secret_reflected {
            self.pause_for(cart, PauseReason::SecretReflected).await?;
        }
        Ok(())
    }

    /// Pauses a cart until a person resumes it, because of something that the cart did.
    pub(super) async fn pause_for(&self, cart: &CartId, why: PauseReason) -> Result<(), store::Error> {
        let (merchant, id) = (self.tenant.merchant.clone(), cart.clone());
        let line = audit::Line { who: BY_ITSELF.to_owned(), ..self.tenant.line("pause", &format!("cart {cart}"), why.name().to_owned()) };
        let write = move |tx: &Tx<'_>| -> Result<(), store::Error> {
            let pause = PauseRow { why: why.name().to_owned(), until_unix_ms: None, said: None };
            let is_so = store::carts::get(tx, &merchant, &id)?.is_none_or(|row| row.pause.as_ref() == Some(&pause));
            if is_so {
                return Ok(());
            }
            store::carts::set_pause(tx, &merchant, &id, Some(&pause))?;
            audit::add(tx, &merchant, &line)
        };
        self.tenant.store.write(write).await?;
        self.changes.carts(std::slice::from_ref(cart));
        Ok(())
    }
}
