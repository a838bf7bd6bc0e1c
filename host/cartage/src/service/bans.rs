//! Banned plugins: a ban pauses the carts that are pinned to the plugin and keeps their queues; lifting it lets those carts go on.

use super::Error;
use super::cart_clients::Changes;
use super::tenant::Tenant;
use crate::alerts::PAUSE_BANNED;
use cartage_model::id::{CartId, Digest};
use cartage_store::bans::{self, Ban};
use cartage_store::carts::{self, PauseRow};
use cartage_store::{self as store, Tx, audit};

/// The result of a ban.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banned {
    /// Whether the plugin was not banned before.
    pub new: bool,
    /// The carts that are pinned to the plugin. None of them sends anything now.
    pub carts: Vec<CartId>,
}

/// The result of lifting a ban.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbanned {
    /// Whether there was a ban.
    pub was_banned: bool,
    /// The carts whose pause ended.
    pub carts: Vec<CartId>,
}

/// The plugins that a merchant banned.
#[derive(Clone)]
pub struct Bans {
    pub(super) tenant: Tenant,
    pub(super) changes: Changes,
}

impl Bans {
    /// Bans a plugin, which from now on runs for none of the merchant's carts. A call under way at this moment is not cut off.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn ban(&self, digest: Digest, why: &str) -> Result<Banned, Error> {
        let line = self.tenant.line("plugin ban", &digest.to_string(), why.to_owned());
        let (merchant, at) = (self.tenant.merchant.clone(), line.at_unix_ms);
        let ban = Ban { digest, why: why.to_owned(), banned_at_unix_ms: at };
        let write = move |tx: &Tx<'_>| -> Result<Banned, store::Error> {
            let new = bans::put(tx, &merchant, &ban)?;
            let mut carts = Vec::new();
            for row in carts::list(tx, &merchant)?.into_iter().filter(|row| row.definition.plugin == Some(digest)) {
                let cart = row.definition.cart;
                carts::pause_longer(tx, &merchant, &cart, &PauseRow::new(PAUSE_BANNED, None))?;
                carts.push(cart);
            }
            audit::add(tx, &merchant, &line)?;
            Ok(Banned { new, carts })
        };
        let banned = self.tenant.store.write(write).await?;
        // A cart without a pin may run the plugin as well.
        self.changes.outdate_all();
        self.changes.carts(&banned.carts);
        Ok(banned)
    }

    /// Lifts a ban. The carts that the ban paused go on; a cart that is paused for another reason stays paused.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn unban(&self, digest: Digest) -> Result<Unbanned, Error> {
        let line = self.tenant.line("plugin unban", &digest.to_string(), String::new());
        let merchant = self.tenant.merchant.clone();
        let write = move |tx: &Tx<'_>| -> Result<Unbanned, store::Error> {
            if !bans::remove(tx, &merchant, digest)? {
                return Ok(Unbanned { was_banned: false, carts: Vec::new() });
            }
            audit::add(tx, &merchant, &line)?;
            Ok(Unbanned { was_banned: true, carts: carts::end_pauses(tx, &merchant, digest, PAUSE_BANNED)? })
        };
        let unbanned = self.tenant.store.write(write).await?;
        self.changes.carts(&unbanned.carts);
        Ok(unbanned)
    }

    /// Lists every ban, the most recent first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn list(&self) -> Result<Vec<Ban>, Error> {
        let merchant = self.tenant.merchant.clone();
        Ok(self.tenant.store.read::<_, store::Error>(move |view| bans::list(view, &merchant)).await?)
    }

    /// Fails if the plugin is banned.
    pub(super) async fn check(&self, digest: Digest) -> Result<(), Error> {
        let merchant = self.tenant.merchant.clone();
        match self.tenant.store.read::<_, store::Error>(move |view| bans::get(view, &merchant, digest)).await? {
            None => Ok(()),
            Some(Ban { why, .. }) => Err(Error::Banned { digest, why }),
        }
    }
}

#[cfg(test)]
mod tests;
