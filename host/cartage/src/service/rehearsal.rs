//! Rehearsal of a new plugin version against the recordings of a cart's last attempts, before the version runs.

use super::Error;
use super::checks::Checks;
use super::stored_cart::StoredCart;
use cartage_model::cassette::difference::{Difference, takes};
use cartage_model::cassette::replay::Take;
use cartage_model::id::DeliveryId;
use cartage_store::{self as store, View, cassettes};
use serde::{Deserialize, Serialize};

/// The most recordings that one rehearsal uses.
pub const REHEARSED_MAX: u32 = 1000;

/// The result for one recorded attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsed {
    /// The delivery that was attempted.
    pub delivery: DeliveryId,
    /// The number of the attempt.
    pub attempt: u32,
    /// What the new version does differently from the present one; empty if both do the same.
    pub differences: Vec<Difference>,
}

impl Checks {
    /// Runs a plugin's file and the cart's present plugin against the recordings of the cart's last attempts, at most [`REHEARSED_MAX`],
    /// the most recent first. If the present plugin's file is missing, the new version is compared with what was recorded. Recordings of a
    /// plugin of another name are left out. Nothing is sent and nothing is changed.
    ///
    /// # Errors
    ///
    /// [`Error::NotAdmitted`], [`Error::Store`], and [`Error::Kept`] if a recording cannot be read.
    pub async fn rehearse(&self, kept: &StoredCart, plugin: Vec<u8>, most: u32) -> Result<Vec<Rehearsed>, Error> {
        let new = self.plugins.admit(plugin).await?;
        let present = match kept.pinned() {
            Some(pinned) => self.plugins.kept(pinned).await.ok(),
            None => None,
        };
        let present = match present {
            Some(bytes) => Some(self.plugins.admit(bytes).await?),
            None => None,
        };
        let (merchant, cart, most) = (self.tenant.merchant.clone(), kept.cart.id.clone(), most.min(REHEARSED_MAX));
        // A removed cart of this id may have been another shop.
        let since = kept.row.made_at_unix_ms;
        let look = move |view: &View<'_>| cassettes::last_of(view, &merchant, &cart, since, most);
        let mut rehearsed = Vec::new();
        for (delivery, attempt) in self.tenant.store.read::<_, store::Error>(look).await? {
            // Retention may have deleted a recording meanwhile.
            let Some(cassette) = self.recordings.cassette(&delivery, attempt).await? else { continue };
            if cassette.plugin != new.manifest().name {
                continue;
            }
            let before = match &present {
                Some(present) => present.replay(&cassette).await,
                None => Take::recorded(&cassette),
            };
            let differences = takes(&before, &new.replay(&cassette).await);
            rehearsed.push(Rehearsed { delivery, attempt, differences });
        }
        Ok(rehearsed)
    }
}
