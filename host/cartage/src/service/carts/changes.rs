//! Operations on existing carts: enabling, disabling, pausing and resuming one, and pausing and resuming all. Each adds a line to the audit.
//! The list of the plugins that ran for a cart is here too.

use crate::service::Error;
use crate::service::carts::Carts;
use cartage_model::id::CartId;
use cartage_model::receipt::PauseReason;
use cartage_store::carts::{PauseRow, PluginRun};
use cartage_store::{self as store, Tx};

impl Carts {
    /// Enables or disables a cart.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`], [`Error::Store`].
    pub async fn set_enabled(&self, id: &CartId, enabled: bool) -> Result<(), Error> {
        self.tenant.must_have_cart(id).await?;
        let (cart, what) = (id.clone(), if enabled { "enable" } else { "disable" });
        self.change(id, what, String::new(), move |tx, merchant| store::carts::set_enabled(tx, merchant, &cart, enabled).map(drop)).await
    }

    /// Pauses a cart until a person resumes it, or resumes it with `None`.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`], [`Error::Store`], and [`Error::Banned`] if the cart would go on with a banned plugin.
    pub async fn set_pause(&self, id: &CartId, why: Option<&str>) -> Result<(), Error> {
        self.tenant.must_have_cart(id).await?;
        if why.is_none() {
            let (merchant, cart) = (self.tenant.merchant.clone(), id.clone());
            let row = self.tenant.store.read::<_, store::Error>(move |view| store::carts::get(view, &merchant, &cart)).await?;
            if let Some(pinned) = row.and_then(|row| row.definition.plugin) {
                self.bans.check(pinned).await?;
            }
        }
        let pause = match why {
            Some(why) => Some(PauseRow::new(why, None)),
            None => self.mark_of_resumed(id).await?,
        };
        let (cart, what) = (id.clone(), if why.is_some() { "pause" } else { "resume" });
        let detail = why.unwrap_or_default().to_owned();
        self.change(id, what, detail, move |tx, merchant| store::carts::set_pause(tx, merchant, &cart, pause.as_ref()).map(drop)).await
    }

    /// The mark that a resumed cart keeps: after a pause that requires proof, a pause that has ended, so that the next delivery, now or
    /// after a start, begins with one order. `None` after other pauses.
    async fn mark_of_resumed(&self, id: &CartId) -> Result<Option<PauseRow>, Error> {
        let (merchant, cart, now) = (self.tenant.merchant.clone(), id.clone(), self.tenant.now_unix_ms());
        let row = self.tenant.store.read::<_, store::Error>(move |view| store::carts::get(view, &merchant, &cart)).await?;
        let pause = row.and_then(|row| row.pause).filter(|pause| PauseReason::named_wants_proof(&pause.why));
        Ok(pause.map(|pause| PauseRow { until_unix_ms: Some(now), ..pause }))
    }

    /// Pauses every cart of the merchant until a person resumes them all; each keeps its own pause beside. Returns how many carts this
    /// paused.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn pause_all(&self, why: &str) -> Result<usize, Error> {
        let why = why.to_owned();
        let line = self.tenant.line("pause", "all carts", why.clone());
        self.change_all(line, move |tx, merchant| store::carts::pause_all(tx, merchant, &why)).await
    }

    /// Ends the common pause of all carts; a cart that was paused by itself stays paused. Returns how many carts there were, and which are
    /// still paused.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn resume_all(&self) -> Result<(usize, Vec<(CartId, PauseRow)>), Error> {
        let line = self.tenant.line("resume", "all carts", String::new());
        let count = self.change_all(line, store::carts::resume_all).await?;
        let (merchant, now) = (self.tenant.merchant.clone(), self.tenant.now_unix_ms());
        let rows = self.tenant.store.read::<_, store::Error>(move |view| store::carts::list(view, &merchant)).await?;
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
        let merchant = self.tenant.merchant.clone();
        let write = move |tx: &Tx<'_>| {
            let count = change(tx, &merchant)?;
            store::audit::add(tx, &merchant, &line)?;
            let carts = store::carts::list(tx, &merchant)?.into_iter().map(|row| row.definition.cart);
            Ok((count, carts.collect::<Vec<_>>()))
        };
        let (count, carts) = self.tenant.store.write::<_, store::Error>(write).await?;
        self.changes.carts(&carts);
        Ok(count)
    }

    /// Lists the plugins that ran for a cart, the most recent first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn plugins_that_ran(&self, id: &CartId) -> Result<Vec<PluginRun>, Error> {
        let (merchant, cart) = (self.tenant.merchant.clone(), id.clone());
        Ok(self.tenant.store.read::<_, store::Error>(move |view| store::carts::plugins_that_ran(view, &merchant, &cart)).await?)
    }

    async fn change(
        &self,
        id: &CartId,
        what: &str,
        detail: String,
        change: impl FnOnce(&Tx<'_>, &cartage_model::id::MerchantId) -> Result<(), store::Error> + Send + 'static,
    ) -> Result<(), Error> {
        self.tenant.change(self.tenant.line(what, &format!("cart {id}"), detail), change).await?;
        self.changes.cart(id);
        Ok(())
    }
}
