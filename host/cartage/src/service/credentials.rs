//! A cart's credentials: listing them, setting one, and changing one without a gap. The vault holds the values, which are never shown
//! again.
//!
//! A next value may wait beside the current one. It becomes the current one when it has worked: when a check says that the cart accepts the
//! credentials, or when an update that the cart refused with the old value was delivered with the new one. So the order in which the
//! password changes, here and at the cart, does not matter.

use super::Error;
use super::blocking::blocking;
use super::cart_clients::Changes;
use super::inlets::{self, INLET_FIELD, INLET_SLOT};
use super::replaced::{self, CartTokens};
use super::stored_cart::StoredCart;
use super::tenant::Tenant;
use super::vault_on_demand::LazyVault;
use cartage_contract::manifest::Manifest;
use cartage_egress::credential::{self, Warning};
use cartage_egress::tokens::Keeping;
use cartage_model::carts::{BoundTo, Cart, Origins};
use cartage_model::id::CartId;
use cartage_store::credentials::{CredentialRef, Generation};
use cartage_store::vault::KeyId;
use cartage_store::{self as store, audit};
use secrecy::SecretString;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A value that the vault holds for a cart.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StoredCredential {
    /// The credential slot's name.
    pub slot: String,
    /// The name of the slot's field.
    pub field: String,
    /// Whether this is the next value, which waits until it has worked, rather than the current one.
    pub next: bool,
    /// The origins that the value may be sent to.
    pub origins: BoundTo,
    /// When the value was set.
    pub set_at_unix_ms: u64,
}

/// The result of setting a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCredential {
    /// Which of the two values was set. The first value of a field becomes the current one even if it was meant as the next.
    pub generation: Generation,
    /// Warnings about a value that is allowed but probably wrong.
    pub warnings: Vec<Warning>,
}

/// The credentials of a merchant's carts.
#[derive(Clone)]
pub struct Credentials {
    pub(super) tenant: Tenant,
    pub(super) vault: Arc<LazyVault>,
    pub(super) tokens: Arc<CartTokens>,
    pub(super) changes: Changes,
}

impl Credentials {
    /// The credentials that the vault holds for a cart, by slot and field, the current ones first. No key is needed.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn list(&self, cart: &CartId) -> Result<Vec<StoredCredential>, Error> {
        let kept = self.sealed(cart).await?.into_iter().map(|value| {
            let CredentialRef { slot, field, .. } = value.place;
            StoredCredential {
                slot,
                field,
                next: value.generation == Generation::Next,
                origins: value.bound_to,
                set_at_unix_ms: value.set_at_unix_ms,
            }
        });
        Ok(kept.collect())
    }

    /// Checks a value against the cart's plugin and seals it, in place of the earlier value of this generation. The value is bound to the origins
    /// that the endpoints of its slot have now.
    ///
    /// # Errors
    ///
    /// [`Error::Credential`], [`Error::CredentialUnbound`], [`Error::Vault`].
    pub async fn set(
        &self,
        kept: &StoredCart,
        manifest: &Manifest,
        (slot, field): (&str, &str),
        generation: Generation,
        secret: SecretString,
    ) -> Result<SetCredential, Error> {
        let id = &kept.cart.id;
        if kept.cart.seti.is_some() && (slot, field) == (INLET_SLOT, INLET_FIELD) && manifest.slot(INLET_SLOT).is_none() {
            self.set_inlet_password(kept, secret).await?;
            return Ok(SetCredential { generation: Generation::Current, warnings: Vec::new() });
        }
        let warnings =
            credential::check_value(manifest, slot, field, &secret).map_err(|source| Error::Credential { cart: id.clone(), source })?;
        let origins = manifest.slot(slot).and_then(|slot| kept.cart.origins(manifest, slot));
        let origins = origins.ok_or_else(|| Error::CredentialUnbound { cart: id.clone(), slot: slot.to_owned() })?;
        let place = CredentialRef { cart: id.clone(), slot: slot.to_owned(), field: field.to_owned() };
        let first = !self.sealed(id).await?.iter().any(|value| value.place == place && value.generation == Generation::Current);
        let generation = if first { Generation::Current } else { generation };
        let line = self.line("credential set", &place, if generation == Generation::Next { "waits" } else { "in use" });
        self.vault.get().await?.set(&self.tenant.merchant, &place, generation, &origins, secret, line).await?;
        self.forget_tokens(id);
        self.changes.cart(id);
        Ok(SetCredential { generation, warnings })
    }

    /// Deletes a credential: the value of one generation, or both with `None`. Returns whether there was any.
    ///
    /// # Errors
    ///
    /// [`Error::Vault`].
    pub async fn forget(&self, cart: &CartId, slot: &str, field: &str, only: Option<Generation>) -> Result<bool, Error> {
        let place = CredentialRef { cart: cart.clone(), slot: slot.to_owned(), field: field.to_owned() };
        let what = if only == Some(Generation::Next) { "the one that waits" } else { "all" };
        let line = self.line("credential forget", &place, what);
        let forgot = self.vault.get().await?.forget(&self.tenant.merchant, &place, only, line).await?;
        if forgot {
            self.forget_tokens(cart);
            self.changes.cart(cart);
        }
        Ok(forgot)
    }

    /// Seals every credential of all merchants with a new key, which replaces the one in the key file. Returns the new key's id.
    ///
    /// # Errors
    ///
    /// [`Error::Vault`].
    pub async fn rotate_key(&self) -> Result<KeyId, Error> {
        Ok(self.vault.get().await?.rotate().await?)
    }

    /// Makes a key in place of a lost one, in a key file that must not exist. Every credential must then be set again. Returns the key's id.
    ///
    /// # Errors
    ///
    /// [`Error::Vault`].
    pub async fn make_key(&self) -> Result<KeyId, Error> {
        let vault = self.vault.clone();
        blocking(move || Ok(vault.make_key()?)).await
    }

    pub(super) fn line(&self, what: &str, place: &CredentialRef, detail: &str) -> audit::Line {
        self.tenant.line(what, &format!("cart {}, {}.{}", place.cart, place.slot, place.field), detail.to_owned())
    }

    /// Makes the next credentials, which have worked, the current ones.
    pub(super) async fn promote(&self, cart: &CartId) -> Result<(), Error> {
        let waiting = self.sealed(cart).await?.into_iter().filter(|value| value.generation == Generation::Next);
        let slots: BTreeSet<String> = waiting.map(|value| value.place.slot).collect();
        for slot in slots {
            let line = self.tenant.line("credential next", &format!("cart {cart}, {slot}"), "worked, in use".to_owned());
            self.vault.get().await?.promote(&self.tenant.merchant, cart, &slot, line).await?;
            self.changes.outdate(cart);
        }
        Ok(())
    }

    /// Drops a cart's tokens, because they were obtained with earlier credentials.
    fn forget_tokens(&self, cart: &CartId) {
        self.tokens.forget(&(self.tenant.merchant.clone(), cart.clone()));
    }

    /// A credential from the vault: of this generation, else the current one. If the store holds neither, the key is not needed.
    pub(super) async fn secret(
        &self,
        place: &CredentialRef,
        generation: Generation,
        origins: &Origins,
    ) -> Result<Option<secrecy::SecretString>, Error> {
        let generations: &[Generation] =
            if generation == Generation::Next { &[Generation::Next, Generation::Current] } else { &[Generation::Current] };
        for generation in generations.iter().copied() {
            let (merchant, wanted) = (self.tenant.merchant.clone(), place.clone());
            let look = move |view: &store::View<'_>| store::credentials::get(view, &merchant, &wanted, generation);
            if self.tenant.store.read::<_, store::Error>(look).await?.is_some() {
                return Ok(self.vault.get().await?.get(&self.tenant.merchant, place, generation, origins).await?);
            }
        }
        Ok(None)
    }

    /// Whether the cart has next credentials. If they cannot be read, the answer is no, and the cart's refusal stands.
    pub(super) async fn others_wait(&self, cart: &CartId) -> bool {
        let kept = self.sealed(cart).await;
        kept.is_ok_and(|kept| kept.iter().any(|value| value.generation == Generation::Next))
    }

    /// The sealed credentials of one cart.
    pub(super) async fn sealed(&self, cart: &CartId) -> Result<Vec<store::credentials::Sealed>, Error> {
        let merchant = self.tenant.merchant.clone();
        let all = self.tenant.store.read::<_, store::Error>(move |view| store::credentials::list(view, &merchant)).await?;
        Ok(all.into_iter().filter(|value| value.place.cart == *cart).collect())
    }

    /// Seals the password of a cart's inlet.
    ///
    /// # Errors
    ///
    /// [`Error::Vault`].
    pub(super) async fn set_inlet_password(&self, kept: &StoredCart, secret: SecretString) -> Result<(), Error> {
        let line = self.line("credential set", &inlets::place(kept), "in use");
        self.vault
            .get()
            .await?
            .set(&self.tenant.merchant, &inlets::place(kept), Generation::Current, &Origins::inlet(), secret, line)
            .await?;
        self.changes.cart(&kept.cart.id);
        Ok(())
    }

    /// The tokens of a cart, and the keeper of the fields that its log-ins replace.
    pub(super) async fn keeping(&self, cart: &Cart, manifest: &Manifest, generation: Generation) -> Result<Keeping, Error> {
        replaced::keeping(&self.tenant, &self.vault, &self.tokens, cart, manifest, generation).await
    }
}
