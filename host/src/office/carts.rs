//! What is done to a cart that is there: it is switched, paused, changed in one place, removed. Each leaves a line in the audit.

use super::apply::{Difference, definition};
use super::{Error, KeptCart, Office};
use crate::carts::Cart;
use crate::id::{CartId, Digest};
use crate::store::carts::{Pause, PluginRun};
use crate::store::{self, Tx};

impl Office {
    /// Enables or disables a cart.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`], [`Error::Store`].
    pub async fn set_enabled(&self, id: &CartId, enabled: bool) -> Result<(), Error> {
        self.known_cart(id).await?;
        let (cart, what) = (id.clone(), if enabled { "enable" } else { "disable" });
        self.change_cart(id, what, String::new(), move |tx, merchant| store::carts::set_enabled(tx, merchant, &cart, enabled).map(drop))
            .await
    }

    /// Pauses a cart until somebody resumes it, or resumes it with None.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`], [`Error::Store`].
    pub async fn set_pause(&self, id: &CartId, why: Option<&str>) -> Result<(), Error> {
        self.known_cart(id).await?;
        let pause = why.map(|why| Pause { why: why.to_owned(), until_unix_ms: None });
        let (cart, what) = (id.clone(), if why.is_some() { "pause" } else { "resume" });
        let detail = why.unwrap_or_default().to_owned();
        self.change_cart(id, what, detail, move |tx, merchant| store::carts::set_pause(tx, merchant, &cart, pause.as_ref()).map(drop)).await
    }

    /// Removes a cart with its parameters and credentials. What is known of its orders stays.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`], [`Error::Store`].
    pub async fn remove_cart(&self, id: &CartId) -> Result<(), Error> {
        self.known_cart(id).await?;
        let cart = id.clone();
        self.change_cart(id, "remove", String::new(), move |tx, merchant| store::carts::remove(tx, merchant, &cart).map(drop)).await
    }

    /// Gives a cart another definition with the same plugin. Its plugin is not asked.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn redefine(&self, kept: &KeptCart, cart: &Cart) -> Result<Difference, Error> {
        let difference = Difference::between(Some(&kept.cart), cart);
        if !difference.is_empty() {
            let (definition, at) = (definition(cart), self.now_unix_ms());
            let write = move |tx: &Tx<'_>, merchant: &_| store::carts::put(tx, merchant, &definition, at);
            self.change_cart(&cart.id, "change", difference.to_string(), write).await?;
        }
        Ok(difference)
    }

    /// The plugins that ran for a cart, the last first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn plugins_that_ran(&self, id: &CartId) -> Result<Vec<PluginRun>, Error> {
        let (merchant, cart) = (self.merchant.clone(), id.clone());
        Ok(self.shared.store.read::<_, store::Error>(move |view| store::carts::plugins_that_ran(view, &merchant, &cart)).await?)
    }

    /// The file of a plugin that this data directory keeps.
    ///
    /// # Errors
    ///
    /// [`Error::PluginFile`].
    pub fn kept_plugin(&self, digest: Digest) -> Result<Vec<u8>, Error> {
        self.plugin_file(&super::plugins::kept_name(digest))
    }

    async fn change_cart(
        &self,
        id: &CartId,
        what: &str,
        detail: String,
        change: impl FnOnce(&Tx<'_>, &crate::id::MerchantId) -> Result<(), store::Error> + Send + 'static,
    ) -> Result<(), Error> {
        self.change(self.line(what, &format!("cart {id}"), detail), change).await?;
        self.cart_changed(id);
        Ok(())
    }
}
