//! The clock of the installation: whether it is believed, and how old things are in time that really passed.

use super::{Error, Office};
use crate::alerts;
use crate::clock::{Clock as _, Doubt};
use crate::store::{self, Tx, audit, clock};

impl Office {
    /// For how long something has been there that was stamped with this time of the wall clock, in milliseconds that really passed.
    pub fn age_ms(&self, at_unix_ms: u64) -> u64 {
        self.shared.clock.age_ms(at_unix_ms)
    }

    /// Milliseconds that passed since some moment, for measuring: nobody can set them.
    pub fn elapsed_ms(&self) -> u64 {
        self.shared.clock.reading().elapsed_ms
    }

    /// Whether the wall clock is so far from where it should be that nothing is deleted on its word.
    pub fn clock_doubt(&self) -> Option<Doubt> {
        self.shared.clock.doubt()
    }

    /// A person says that the wall clock is right. Gives what was in doubt.
    ///
    /// # Errors
    ///
    /// [`Error::Store`]: it counts only until the program ends then.
    pub async fn confirm_clock(&self) -> Result<Option<Doubt>, Error> {
        let (doubt, memory) = self.shared.clock.confirm();
        let (merchant, line) =
            (self.merchant.clone(), self.line("clock confirm", "the clock", doubt.map_or_else(String::new, alerts::clock)));
        let write = move |tx: &Tx<'_>| {
            clock::keep(tx, &memory)?;
            if doubt.is_some() { audit::add(tx, &merchant, &line) } else { Ok(()) }
        };
        self.shared.store.write::<_, store::Error>(write).await?;
        self.shared.seen.news.notify_one();
        Ok(doubt)
    }
}
