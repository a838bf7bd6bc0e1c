//! Operations on an existing cart: enabling, pausing, changing a part of the definition. Each adds a line to the audit.

use super::apply::{Difference, definition};
use super::{Error, Service, StoredCart};
use cartage_model::carts::Cart;
use cartage_model::id::{CartId, Digest};
use cartage_model::receipt::PauseReason;
use cartage_store::carts::{Pause, PluginRun};
use cartage_store::{self as store, Tx};

impl Service {
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

    /// Pauses a cart until a person resumes it, or resumes it with `None`.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`], [`Error::Store`], and [`Error::Banned`] if the cart would go on with a banned plugin.
    pub async fn set_pause(&self, id: &CartId, why: Option<&str>) -> Result<(), Error> {
        self.known_cart(id).await?;
        if why.is_none() {
            let (merchant, cart) = (self.merchant.clone(), id.clone());
            let row = self.shared.store.read::<_, store::Error>(move |view| store::carts::get(view, &merchant, &cart)).await?;
            if let Some(pinned) = row.and_then(|row| row.definition.plugin) {
                self.not_banned(pinned).await?;
            }
        }
        let pause = match why {
            Some(why) => Some(Pause::new(why, None)),
            None => self.over(id).await?,
        };
        let (cart, what) = (id.clone(), if why.is_some() { "pause" } else { "resume" });
        let detail = why.unwrap_or_default().to_owned();
        self.change_cart(id, what, detail, move |tx, merchant| store::carts::set_pause(tx, merchant, &cart, pause.as_ref()).map(drop)).await
    }

    /// The mark that a resumed cart keeps: after a pause that requires proof, a pause that has ended, so that the next delivery, now or
    /// after a start, begins with one order. `None` after other pauses.
    async fn over(&self, id: &CartId) -> Result<Option<Pause>, Error> {
        let (merchant, cart, now) = (self.merchant.clone(), id.clone(), self.now_unix_ms());
        let row = self.shared.store.read::<_, store::Error>(move |view| store::carts::get(view, &merchant, &cart)).await?;
        let pause = row.and_then(|row| row.pause).filter(|pause| PauseReason::named_wants_proof(&pause.why));
        Ok(pause.map(|pause| Pause { until_unix_ms: Some(now), ..pause }))
    }

    /// Pauses every cart of the merchant until a person resumes them all; each keeps its own pause beside. Returns how many carts this
    /// paused.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn pause_all(&self, why: &str) -> Result<usize, Error> {
        let why = why.to_owned();
        let line = self.line("pause", "all carts", why.clone());
        self.change_all(line, move |tx, merchant| store::carts::pause_all(tx, merchant, &why)).await
    }

    /// Ends the common pause of all carts; a cart that was paused by itself stays paused. Returns how many carts there were, and which are
    /// still paused.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn resume_all(&self) -> Result<(usize, Vec<(CartId, Pause)>), Error> {
        let line = self.line("resume", "all carts", String::new());
        let count = self.change_all(line, store::carts::resume_all).await?;
        let (merchant, now) = (self.merchant.clone(), self.now_unix_ms());
        let rows = self.shared.store.read::<_, store::Error>(move |view| store::carts::list(view, &merchant)).await?;
        let still = rows.into_iter().filter_map(|row| {
            let pause = row.pause.filter(|pause| pause.holds(now))?;
            Some((row.definition.cart, pause))
        });
        Ok((count, still.collect()))
    }

    /// Changes all carts at once, and has the worker look at all of them.
    async fn change_all(
        &self,
        line: store::audit::Line,
        change: impl FnOnce(&Tx<'_>, &cartage_model::id::MerchantId) -> Result<usize, store::Error> + Send + 'static,
    ) -> Result<usize, Error> {
        let merchant = self.merchant.clone();
        let write = move |tx: &Tx<'_>| {
            let count = change(tx, &merchant)?;
            store::audit::add(tx, &merchant, &line)?;
            let carts = store::carts::list(tx, &merchant)?.into_iter().map(|row| row.definition.cart);
            Ok((count, carts.collect::<Vec<_>>()))
        };
        let (count, carts) = self.shared.store.write::<_, store::Error>(write).await?;
        self.carts_changed(&carts);
        Ok(count)
    }

    /// Gives a cart another definition with the same plugin. The plugin is not called.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn redefine(&self, kept: &StoredCart, cart: &Cart) -> Result<Difference, Error> {
        let difference = Difference::between(Some(&kept.cart), cart);
        if !difference.is_empty() {
            let (definition, at) = (definition(cart), self.now_unix_ms());
            let write = move |tx: &Tx<'_>, merchant: &_| store::carts::put(tx, merchant, &definition, at);
            self.change_cart(&cart.id, "change", difference.to_string(), write).await?;
        }
        Ok(difference)
    }

    /// Lists the plugins that ran for a cart, the most recent first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn plugins_that_ran(&self, id: &CartId) -> Result<Vec<PluginRun>, Error> {
        let (merchant, cart) = (self.merchant.clone(), id.clone());
        Ok(self.shared.store.read::<_, store::Error>(move |view| store::carts::plugins_that_ran(view, &merchant, &cart)).await?)
    }

    /// Reads the file of a plugin that this data directory stores.
    ///
    /// # Errors
    ///
    /// [`Error::PluginFile`].
    pub fn kept_plugin(&self, digest: Digest) -> Result<Vec<u8>, Error> {
        self.plugin_file(&super::plugin_files::kept_name(digest))
    }

    async fn change_cart(
        &self,
        id: &CartId,
        what: &str,
        detail: String,
        change: impl FnOnce(&Tx<'_>, &cartage_model::id::MerchantId) -> Result<(), store::Error> + Send + 'static,
    ) -> Result<(), Error> {
        self.change(self.line(what, &format!("cart {id}"), detail), change).await?;
        self.cart_changed(id);
        Ok(())
    }
}
