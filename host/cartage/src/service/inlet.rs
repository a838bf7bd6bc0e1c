//! A cart's inlet: the settings and the password for an Order Manager that posts in the classic protocol.

use super::{Error, Service, StoredCart};
use cartage_model::carts::Inlet;
use cartage_store::credentials::{Generation, Place};
use secrecy::SecretString;

/// The credential slot of an inlet's password, besides those of the cart's plugin: `seti.password`.
pub const INLET_SLOT: &str = "seti";
/// The only field of that slot.
pub const INLET_FIELD: &str = "password";
/// The origin that the password is bound to. The password never leaves this program, so the text names no host.
const INLET_HOST: &str = "inlet";

impl Service {
    /// A cart's inlet and its password; `None` if there is no such cart, no inlet, or no password set. A client must not learn which.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store or the vault cannot be read.
    pub async fn inlet(&self, kept: &StoredCart) -> Result<Option<(Inlet, SecretString)>, Error> {
        let Some(inlet) = kept.cart.seti.clone() else { return Ok(None) };
        let password = self.vault()?.get(&self.merchant, &place(kept), Generation::Current, INLET_HOST).await?;
        Ok(password.map(|password| (inlet, password)))
    }

    /// Seals the password of a cart's inlet.
    ///
    /// # Errors
    ///
    /// [`Error::Vault`].
    pub(super) async fn set_inlet_password(&self, kept: &StoredCart, secret: SecretString) -> Result<(), Error> {
        let line = self.credential_line("credential set", &place(kept), "in use");
        self.vault()?.set(&self.merchant, &place(kept), Generation::Current, INLET_HOST, secret, line).await?;
        self.cart_changed(&kept.cart.id);
        Ok(())
    }
}

fn place(kept: &StoredCart) -> Place {
    Place { cart: kept.cart.id.clone(), slot: INLET_SLOT.to_owned(), field: INLET_FIELD.to_owned() }
}
