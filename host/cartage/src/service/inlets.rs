//! A cart's inlet: the settings and the password for an Order Manager that posts in the classic protocol.

use super::Error;
use super::credentials::Credentials;
use super::seen::Observations;
use super::stored_cart::StoredCart;
use super::tenant::Tenant;
use super::vault_on_demand::LazyVault;
use cartage_model::carts::Inlet;
use cartage_store::credentials::{Generation, Place};
use secrecy::SecretString;
use std::sync::Arc;

/// The credential slot of an inlet's password, besides those of the cart's plugin: `seti.password`.
pub const INLET_SLOT: &str = "seti";
/// The only field of that slot.
pub const INLET_FIELD: &str = "password";
/// The origin that the password is bound to. The password never leaves this program, so the text names no host.
const INLET_HOST: &str = "inlet";

/// The inlets of a merchant's carts, for Order Managers that post in the classic protocol.
#[derive(Clone)]
pub struct Inlets {
    pub(super) tenant: Tenant,
    pub(super) vault: Arc<LazyVault>,
    pub(super) seen: Arc<Observations>,
}

impl Inlets {
    /// A cart's inlet and its password; `None` if there is no such cart, no inlet, or no password set. A client must not learn which.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store or the vault cannot be read.
    pub async fn get(&self, kept: &StoredCart) -> Result<Option<(Inlet, SecretString)>, Error> {
        let Some(inlet) = kept.cart.seti.clone() else { return Ok(None) };
        let password = self.vault.get()?.get(&self.tenant.merchant, &place(kept), Generation::Current, INLET_HOST).await?;
        Ok(password.map(|password| (inlet, password)))
    }
}

impl Credentials {
    /// Seals the password of a cart's inlet.
    ///
    /// # Errors
    ///
    /// [`Error::Vault`].
    pub(super) async fn set_inlet_password(&self, kept: &StoredCart, secret: SecretString) -> Result<(), Error> {
        let line = self.line("credential set", &place(kept), "in use");
        self.vault.get()?.set(&self.tenant.merchant, &place(kept), Generation::Current, INLET_HOST, secret, line).await?;
        self.changes.cart(&kept.cart.id);
        Ok(())
    }
}

fn place(kept: &StoredCart) -> Place {
    Place { cart: kept.cart.id.clone(), slot: INLET_SLOT.to_owned(), field: INLET_FIELD.to_owned() }
}
