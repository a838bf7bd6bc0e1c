//! The state of everything, at one look.

use super::Error;
use super::alerts::Alerts;
use super::counts::{Counts, Numbers};
use super::disk_space::DiskSpace;
use super::seen::Observations;
use super::tenant::Tenant;
use super::watch::Watch;
use cartage_model::id::{CartId, MerchantId};
use cartage_store::alerts::Alert;
use cartage_store::carts::PauseRow;
use cartage_store::outbox::{Backlog, Outbox as _};
use cartage_store::{self as store, merchants};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The state of a merchant's installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// When the state was read.
    pub at_unix_ms: u64,
    /// The open alerts, on which a person must act, the oldest first.
    pub alerts: Vec<Alert>,
    /// The carts by id, followed by removed carts that still have deliveries.
    pub carts: Vec<CartStatus>,
    /// The free bytes on the disk of the data directory; `None` if the system does not say.
    pub free_bytes: Option<u64>,
}

/// The state of a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartStatus {
    /// The cart that the state is about.
    pub cart: CartId,
    /// The cart's mode, by name; `None` if the cart was removed.
    pub mode: Option<String>,
    /// Whether the cart is enabled.
    pub enabled: bool,
    /// The pause that holds the cart now; `None` if it is not paused.
    pub pause: Option<PauseRow>,
    /// Until when the cart's breaker is open; `None` if it is closed or no worker knows.
    pub breaker_until_unix_ms: Option<u64>,
    /// The number of deliveries that wait or are under way.
    pub queued: u64,
    /// The number of dead letters.
    pub dead: u64,
    /// The number of orders that are blocked until a person acts.
    pub blocked: u64,
    /// When the oldest queued delivery entered the queue; `None` if nothing is queued.
    pub oldest_queued_at_unix_ms: Option<u64>,
}

/// The state of everything, for people and for metrics.
#[derive(Clone)]
pub struct Overview {
    pub(super) tenant: Tenant,
    pub(super) alerts: Alerts,
    pub(super) watch: Watch,
    pub(super) seen: Arc<Observations>,
    pub(super) disk_space: DiskSpace,
    pub(super) counts: Arc<Counts>,
}

impl Overview {
    /// Looks for alerts, and reports the state of everything. If the disk takes no new alerts, the report has those that were raised
    /// before.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read.
    pub async fn status(&self) -> Result<Status, Error> {
        if let Err(error) = self.watch.look().await {
            tracing::warn!(error = cartage_base::causes::chain(&error), "could not check for alerts; the alerts known before are shown");
        }
        let (merchant, now) = (self.tenant.merchant.clone(), self.tenant.now_unix_ms());
        let rows = self.tenant.store.read::<_, store::Error>(move |view| store::carts::list(view, &merchant)).await?;
        let backlogs = self.tenant.outbox().backlogs(Some(self.tenant.merchant.clone())).await?;
        let mut backlogs: BTreeMap<CartId, Backlog> = backlogs.into_iter().map(|backlog| (backlog.cart.clone(), backlog)).collect();
        let mut carts = Vec::new();
        for row in rows {
            let backlog = backlogs.remove(&row.definition.cart);
            let pause = row.pause.filter(|pause| pause.holds(now));
            carts.push(CartStatus { enabled: row.enabled, pause, mode: Some(row.definition.mode), ..of(row.definition.cart, backlog) });
        }
        let left = backlogs.into_iter().filter(|(_, backlog)| backlog.queued > 0 || backlog.dead > 0);
        carts.extend(left.map(|(cart, backlog)| of(cart, Some(backlog))));
        for cart in &mut carts {
            cart.breaker_until_unix_ms = self.breaker_until(&cart.cart);
            // What a clock was set meanwhile is no time that anything waited.
            cart.oldest_queued_at_unix_ms = cart.oldest_queued_at_unix_ms.map(|at| now.saturating_sub(self.tenant.age_ms(at)));
        }
        Ok(Status { at_unix_ms: now, alerts: self.alerts.open().await?, carts, free_bytes: self.disk_space.free_bytes() })
    }

    /// Until when a cart's breaker is open: no order is sent there before, and then only one. `None` if it is closed or no worker knows.
    pub fn breaker_until(&self, cart: &CartId) -> Option<u64> {
        self.seen.now(&(self.tenant.merchant.clone(), cart.clone())).breaker_until_unix_ms
    }

    /// Reads the metrics of this moment, for all merchants.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read.
    pub async fn numbers(&self) -> Result<Numbers, Error> {
        let now = self.tenant.now_unix_ms();
        let read = self.tenant.store.read::<_, store::Error>(move |view| {
            let (mut paused, mut alerts) = (BTreeSet::new(), Vec::new());
            for merchant in merchants::list(view)? {
                alerts.extend(store::alerts::open(view, &merchant)?.into_iter().map(|alert| (merchant.clone(), alert)));
                let rows = store::carts::list(view, &merchant)?.into_iter();
                let held = rows.filter(|row| row.pause.as_ref().is_some_and(|pause| pause.holds(now)));
                paused.extend(held.map(|row| (merchant.clone(), row.definition.cart)));
            }
            Ok((paused, alerts))
        });
        let (paused, mut alerts) = read.await?;
        alerts.extend(self.seen.open_stuck().map(|alert| (MerchantId::default(), alert)));
        let Counts { attempts, gate_no, limits_hit } = &*self.counts;
        Ok(Numbers {
            backlogs: self.tenant.outbox().backlogs(None).await?,
            paused,
            alerts,
            commits: self.tenant.store.commit_times(),
            limits_hit: limits_hit.lock().expect("nobody panics while holding it").clone(),
            attempts: attempts.lock().expect("nobody panics while holding it").clone(),
            gate_no: gate_no.lock().expect("nobody panics while holding it").clone(),
            free_disk_bytes: self.disk_space.free_bytes().unwrap_or(0),
        })
    }
}

fn of(cart: CartId, backlog: Option<Backlog>) -> CartStatus {
    let count = |count: fn(&Backlog) -> u64| backlog.as_ref().map_or(0, count);
    CartStatus {
        cart,
        mode: None,
        enabled: false,
        pause: None,
        breaker_until_unix_ms: None,
        queued: count(|backlog| backlog.queued),
        dead: count(|backlog| backlog.dead),
        blocked: count(|backlog| backlog.blocked),
        oldest_queued_at_unix_ms: backlog.as_ref().and_then(|backlog| backlog.oldest_queued_at_unix_ms),
    }
}
