//! A cart's inlet: the settings and the password for an Order Manager that posts in the classic protocol.

use super::Error;
use super::seen::Observations;
use super::stored_cart::StoredCart;
use super::tenant::Tenant;
use super::vault_on_demand::LazyVault;
use crate::alerts::NotLetIn;
use cartage_model::carts::{Inlet, Origins};
use cartage_model::id::CartId;
use cartage_store::credentials::{CredentialRef, Generation};
use secrecy::SecretString;
use std::net::IpAddr;
use std::sync::Arc;

/// The credential slot of an inlet's password, besides those of the cart's plugin: `seti.password`.
pub const INLET_SLOT: &str = "seti";
/// The only field of that slot.
pub const INLET_FIELD: &str = "password";

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
        let password = self.vault.get().await?.get(&self.tenant.merchant, &place(kept), Generation::Current, &Origins::inlet()).await?;
        Ok(password.map(|password| (inlet, password)))
    }

    /// Records that a client's posts are refused at a cart.
    pub fn refused(&self, cart: &CartId, client: IpAddr, why: NotLetIn) {
        if self.seen.shut_out.refused((self.tenant.merchant.clone(), cart.clone()), client, why, self.tenant.elapsed_ms()) {
            self.seen.news.notify_one();
        }
    }

    /// Records that a client logged in at a cart.
    pub fn logged_in(&self, cart: &CartId, client: IpAddr) {
        if self.seen.shut_out.logged_in(&(self.tenant.merchant.clone(), cart.clone()), client) {
            self.seen.news.notify_one();
        }
    }
}

/// Where the password of a cart's inlet lies.
pub(super) fn place(kept: &StoredCart) -> CredentialRef {
    CredentialRef { cart: kept.cart.id.clone(), slot: INLET_SLOT.to_owned(), field: INLET_FIELD.to_owned() }
}
