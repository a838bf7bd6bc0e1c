//! What is done to a cart that is there: it is switched, paused, changed in one place, removed. Each leaves a line in the audit.

use super::apply::{Difference, definition};
use super::{Error, KeptCart, Office};
use crate::carts::Cart;
use crate::id::{CartId, Digest};
use crate::receipt::PauseReason;
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
    /// [`Error::NoCart`], [`Error::Store`], and [`Error::Banned`] where it would go on with a plugin that is banned.
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

    /// What is kept of a cart's pause when it is resumed: after one that wants proof, that it is over, so that whoever delivers next, now or
    /// after a start, tries them with one order first.
    async fn over(&self, id: &CartId) -> Result<Option<Pause>, Error> {
        let (merchant, cart, now) = (self.merchant.clone(), id.clone(), self.now_unix_ms());
        let row = self.shared.store.read::<_, store::Error>(move |view| store::carts::get(view, &merchant, &cart)).await?;
        let pause = row.and_then(|row| row.pause).filter(|pause| PauseReason::named_wants_proof(&pause.why));
        Ok(pause.map(|pause| Pause { until_unix_ms: Some(now), ..pause }))
    }

    /// Pauses every cart of the merchant until somebody resumes them all; what each was paused for by itself is kept beside. Tells how many
    /// this paused.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn pause_all(&self, why: &str) -> Result<usize, Error> {
        let why = why.to_owned();
        let line = self.line("pause", "all carts", why.clone());
        self.change_all(line, move |tx, merchant| store::carts::pause_all(tx, merchant, &why)).await
    }

    /// Resumes every cart that was paused together with the others; one that was paused by itself stays so. Tells how many there were, and
    /// which carts are still paused.
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

    /// Changes all carts at once, and has them all looked at again.
    async fn change_all(
        &self,
        line: store::audit::Line,
        change: impl FnOnce(&Tx<'_>, &crate::id::MerchantId) -> Result<usize, store::Error> + Send + 'static,
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
        self.plugin_file(&super::plugin_files::kept_name(digest))
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
