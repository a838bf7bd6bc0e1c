//! A cart's credentials: which there are, and setting one. Their values are the vault's, and come back to nobody.

use super::{Error, KeptCart, Office, credential_host};
use crate::egress::credential::{self, Warning};
use crate::id::CartId;
use crate::store::credentials::{Place, Turn};
use crate::vault::Vault as _;
use cartage_contract::manifest::Manifest;
use secrecy::SecretString;

/// A credential that the vault holds for a cart.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct KeptCredential {
    /// The slot.
    pub slot: String,
    /// Its field.
    pub field: String,
    /// The host that it is for.
    pub host: String,
    /// When it was set.
    pub set_at_unix_ms: u64,
}

impl Office {
    /// The credentials that the vault holds for a cart, by slot and field. No key is needed.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn credentials(&self, cart: &CartId) -> Result<Vec<KeptCredential>, Error> {
        let kept = self.kept_credentials(cart).await?.into_iter().map(|value| {
            let Place { slot, field, .. } = value.place;
            KeptCredential { slot, field, host: value.host, set_at_unix_ms: value.set_at_unix_ms }
        });
        Ok(kept.collect())
    }

    /// Checks a credential against the cart's plugin and seals it, in the place of the one before. It is bound to the host that its endpoint
    /// leads to now. Gives what is allowed and probably wrong.
    ///
    /// # Errors
    ///
    /// [`Error::Credential`], [`Error::CredentialUnbound`], [`Error::Vault`].
    pub async fn set_credential(
        &self,
        kept: &KeptCart,
        manifest: &Manifest,
        slot: &str,
        field: &str,
        secret: SecretString,
    ) -> Result<Vec<Warning>, Error> {
        let id = &kept.cart.id;
        let warnings =
            credential::check_value(manifest, slot, field, &secret).map_err(|source| Error::Credential { cart: id.clone(), source })?;
        let host = manifest.slot(slot).and_then(|slot| credential_host(&kept.cart, manifest, slot));
        let host = host.ok_or_else(|| Error::CredentialUnbound { cart: id.clone(), slot: slot.to_owned() })?;
        let place = Place { cart: id.clone(), slot: slot.to_owned(), field: field.to_owned() };
        self.vault()?.set(&self.merchant, &place, Turn::Current, &host, secret, self.now_unix_ms()).await?;
        Ok(warnings)
    }
}
