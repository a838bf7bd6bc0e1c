//! The clock of the installation: whether it is trusted, and the age of things in time that really passed.

use super::{Error, Service};
use crate::alerts;
use cartage_base::clock::{Clock, Doubt};
use cartage_store::{self as store, Tx, audit, clock};
use std::sync::Arc;

impl Service {
    /// The clock of the installation.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.tenant.clock.clone()
    }

    /// The wall clock, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_unix_ms(&self) -> u64 {
        self.tenant.now_unix_ms()
    }

    /// The age of something stamped with this wall clock time, in milliseconds that really passed.
    pub fn age_ms(&self, at_unix_ms: u64) -> u64 {
        self.tenant.age_ms(at_unix_ms)
    }

    /// Milliseconds since an arbitrary moment, for measuring. Setting the machine's clock does not affect them.
    pub fn elapsed_ms(&self) -> u64 {
        self.tenant.elapsed_ms()
    }

    /// Whether the wall clock is so far off that nothing is deleted for its age; `None` if it is trusted.
    pub fn clock_doubt(&self) -> Option<Doubt> {
        self.tenant.clock.doubt()
    }

    /// Records that a person vouches for the wall clock. Returns the doubt that this ended.
    ///
    /// # Errors
    ///
    /// [`Error::Store`]: the confirmation then holds only until the program ends.
    pub async fn confirm_clock(&self) -> Result<Option<Doubt>, Error> {
        let (doubt, memory) = self.tenant.clock.confirm();
        let (merchant, line) =
            (self.tenant.merchant.clone(), self.tenant.line("clock confirm", "the clock", doubt.map_or_else(String::new, alerts::clock)));
        let write = move |tx: &Tx<'_>| {
            clock::keep(tx, &memory)?;
            if doubt.is_some() { audit::add(tx, &merchant, &line) } else { Ok(()) }
        };
        self.tenant.store.write::<_, store::Error>(write).await?;
        self.shared.seen.news.notify_one();
        Ok(doubt)
    }
}
