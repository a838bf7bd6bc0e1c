//! One merchant's rows in the store, changed on behalf of one user: what every operation of the service begins with.

use super::Error;
use cartage_base::clock::Clock as _;
use cartage_model::id::{CartId, MerchantId};
use cartage_store::data_dir::DataDir;
use cartage_store::{self as store, Store, StoredClock, Tx, audit, outbox};
use std::sync::Arc;

/// One merchant, and the user who acts for that merchant.
#[derive(Debug, Clone)]
pub(super) struct Tenant {
    /// The data directory, whose lock is held for as long as any subject of the service lives.
    pub(super) dir: Arc<DataDir>,
    pub(super) store: Store,
    pub(super) clock: Arc<StoredClock>,
    pub(super) merchant: MerchantId,
    /// The name of the user who makes the changes, for the audit.
    pub(super) who: Arc<str>,
    /// Whether that user is on the machine, as opposed to a client on the network.
    pub(super) on_machine: bool,
}

impl Tenant {
    /// The wall clock, in milliseconds since 1970-01-01T00:00:00Z.
    pub(super) fn now_unix_ms(&self) -> u64 {
        self.clock.now_unix_ms()
    }

    /// The outbox in the store.
    pub(super) fn outbox(&self) -> outbox::Sqlite {
        outbox::Sqlite::new(self.store.clone())
    }

    /// Makes a change and adds its line to the audit, both or neither.
    pub(super) async fn change(
        &self,
        line: audit::Line,
        change: impl FnOnce(&Tx<'_>, &MerchantId) -> Result<(), store::Error> + Send + 'static,
    ) -> Result<(), Error> {
        let merchant = self.merchant.clone();
        let write = move |tx: &Tx<'_>| {
            change(tx, &merchant)?;
            audit::add(tx, &merchant, &line)
        };
        self.store.write::<_, store::Error>(write).await?;
        Ok(())
    }

    pub(super) fn line(&self, what: &str, subject: &str, detail: String) -> audit::Line {
        let at_unix_ms = self.now_unix_ms();
        audit::Line { at_unix_ms, who: self.who.to_string(), what: what.to_owned(), subject: subject.to_owned(), detail: Some(detail) }
    }

    /// The age of something stamped with this wall clock time, in milliseconds that really passed.
    pub(super) fn age_ms(&self, at_unix_ms: u64) -> u64 {
        self.clock.age_ms(at_unix_ms)
    }

    /// Milliseconds since an arbitrary moment, for measuring. Setting the machine's clock does not affect them.
    pub(super) fn elapsed_ms(&self) -> u64 {
        self.clock.reading().elapsed_ms
    }

    /// Fails if there is no such cart.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`] with the nearest id.
    pub(super) async fn must_have_cart(&self, id: &CartId) -> Result<(), Error> {
        let (merchant, wanted) = (self.merchant.clone(), id.clone());
        match self.store.read::<_, store::Error>(move |view| store::carts::get(view, &merchant, &wanted)).await? {
            Some(_) => Ok(()),
            None => Err(Error::NoCart { cart: id.clone(), nearest: self.nearest_cart(id).await? }),
        }
    }

    /// The existing cart id that is nearest to one that does not exist; `None` if none is near.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub(super) async fn nearest_cart(&self, id: &CartId) -> Result<Option<String>, Error> {
        let merchant = self.merchant.clone();
        let carts = self.store.read::<_, store::Error>(move |view| store::carts::list(view, &merchant)).await?;
        let ids = carts.iter().map(|cart| cart.definition.cart.as_str());
        Ok(cartage_base::nearest::nearest(id.as_str(), ids).map(str::to_owned))
    }
}
