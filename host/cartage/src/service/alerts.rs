//! The search for alerts: it reads the facts of the moment, raises the alerts that hold, and clears those that no longer do.

use super::Error;
use super::approvals::Approvals;
use super::disk_space::DiskSpace;
use super::plugin_files::{Copy, kept_name};
use super::plugins::Plugins;
use super::seen::{Observations, ObservedCart};
use super::tenant::Tenant;
use crate::alerts::{AlertCondition, AlertKind, CartFacts, Certainty, Conditions, Facts, Unready, UnreadyPart, conditions};
use cartage_base::causes::chain;
use cartage_contract::delivery::FailureKind;
use cartage_model::alerts::Subject;
use cartage_model::carts::Cart;
use cartage_model::dead_letter::Reason;
use cartage_model::id::{CartId, MerchantId};
use cartage_model::remedy::Remedy;
use cartage_store::alerts::{Alert, Said};
use cartage_store::data_dir::DataDir;
use cartage_store::outbox::{Backlog, Faults, Filter, sqlite};
use cartage_store::{self as store, Tx, View, alerts};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The rows that the alerts of one merchant depend on.
struct Read {
    carts: Vec<store::carts::CartRow>,
    backlogs: Vec<Backlog>,
    poison: BTreeMap<CartId, u64>,
    not_permitted: BTreeMap<CartId, u64>,
    faults: BTreeMap<CartId, Faults>,
}

/// The alerts of a merchant.
#[derive(Clone)]
pub struct Alerts {
    pub(super) tenant: Tenant,
    pub(super) dir: Arc<DataDir>,
    pub(super) plugins: Plugins,
    pub(super) approvals: Approvals,
    pub(super) seen: Arc<Observations>,
    pub(super) disk_space: DiskSpace,
}

impl Alerts {
    pub(super) async fn look(&self) -> Result<(), Error> {
        let found = conditions(&self.facts(None).await?);
        self.keep(found).await
    }

    /// The merchant's open alerts, the oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn open(&self) -> Result<Vec<Alert>, Error> {
        let mut open = self.on_record().await?;
        // What the whole installation has is the business of whoever has the machine.
        open.extend(self.seen.open_stuck().filter(|_| self.tenant.merchant == MerchantId::default()));
        Ok(open)
    }

    async fn on_record(&self) -> Result<Vec<Alert>, Error> {
        let merchant = self.tenant.merchant.clone();
        Ok(self.tenant.store.read::<_, store::Error>(move |view| alerts::open(view, &merchant)).await?)
    }

    /// What a person must act on at one cart: the alerts that hold now, and earlier ones whose state is unknown now.
    pub(super) async fn at(&self, cart: &CartId) -> Result<Vec<AlertCondition>, Error> {
        let Conditions { mut hold, unknown } = conditions(&self.facts(Some(cart)).await?);
        let about = Subject::Cart(cart.clone());
        hold.retain(|condition| condition.subject == about);
        let doubtful = |alert: &Alert| unknown.iter().any(|(kind, subject)| kind.name() == alert.kind && *subject == alert.subject);
        for alert in self.on_record().await?.into_iter().filter(|alert| alert.subject == about).filter(doubtful) {
            let kind = AlertKind::ALL.into_iter().find(|kind| kind.name() == alert.kind);
            hold.extend(kind.map(|kind| AlertCondition { kind, subject: alert.subject, detail: alert.detail, remedies: alert.remedies }));
        }
        Ok(hold)
    }

    /// The facts for the alerts of all carts, or of one.
    async fn facts(&self, only: Option<&CartId>) -> Result<Facts, Error> {
        let merchant = self.tenant.merchant.clone();
        let Read { mut carts, backlogs, mut poison, mut not_permitted, mut faults } =
            self.tenant.store.read(move |view| read(view, &merchant)).await?;
        carts.retain(|row| only.is_none_or(|only| row.definition.cart == *only));
        let mut unusable = self.unusable_carts(&carts).await;
        for (cart, why) in self.approvals.carts_with_moved_credentials(&carts).await? {
            unusable.entry(cart).or_insert(why);
        }
        let unreadable = self.seen.rounds.unreadable(&self.tenant, &backlogs).await?;
        let mut seen = self.seen.of(&self.tenant.merchant);
        let mut shut_out = self.seen.shut_out.of(&self.tenant.merchant, self.tenant.elapsed_ms());
        let mut backlogs: BTreeMap<CartId, Backlog> = backlogs.into_iter().map(|backlog| (backlog.cart.clone(), backlog)).collect();
        let now_unix_ms = self.tenant.now_unix_ms();
        let facts = |row: store::carts::CartRow| {
            let cart = row.definition.cart.clone();
            let ObservedCart { breaker, not_ready, .. } = seen.remove(&cart).unwrap_or_default();
            let not_ready = match unusable.remove(&cart) {
                Some(why) => Certainty::Yes(why),
                None => not_ready,
            };
            let pause = row.pause.filter(|pause| pause.holds(now_unix_ms));
            let (mut backlog, poison) = (backlogs.remove(&cart), poison.remove(&cart).unwrap_or(0));
            if let Some(at) = backlog.as_mut().and_then(|backlog| backlog.oldest_queued_at_unix_ms.as_mut()) {
                // What a clock was set meanwhile is no time that anything waited.
                *at = now_unix_ms.saturating_sub(self.tenant.age_ms(*at));
            }
            let (faults, unreadable) = (faults.remove(&cart), unreadable(&cart));
            let (shut_out, not_permitted) = (shut_out.remove(&cart), not_permitted.remove(&cart).unwrap_or(0));
            let enabled = row.enabled;
            CartFacts { cart, enabled, pause, backlog, poison, not_permitted, faults, unreadable, breaker, not_ready, shut_out }
        };
        let carts = carts.into_iter().map(facts).collect();
        // What the whole installation has is the business of whoever has the machine.
        let (mut free_bytes, mut clock, mut moved) = (None, None, None);
        if self.tenant.merchant == MerchantId::default() {
            (free_bytes, clock) = (self.disk_space.free_bytes(), self.tenant.clock.doubt());
            let gone = matches!(self.dir.in_place(), Err(cartage_store::data_dir::Error::Moved { .. }));
            moved = gone.then(|| self.dir.path().display().to_string());
        }
        let oldest_ms = self.seen.oldest_ms.load(Ordering::Relaxed);
        Ok(Facts { now_unix_ms, oldest_ms, carts, free_bytes, clock, moved })
    }

    /// The carts that are known to be unusable without an attempt, each with the reason. Plugin files that changed are read.
    async fn unusable_carts(&self, rows: &[store::carts::CartRow]) -> BTreeMap<CartId, Unready> {
        let (alerts, rows) = (self.clone(), rows.to_vec());
        let look = move || rows.iter().filter_map(|row| Some((row.definition.cart.clone(), alerts.unusable(row)?))).collect();
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }

    /// Why a cart is known to be unusable without an attempt; `None` if nothing is known against it.
    fn unusable(&self, row: &store::carts::CartRow) -> Option<Unready> {
        let cart = match Cart::parse("the store", &row.definition.text) {
            Ok(cart) => cart,
            Err(error) => {
                let why = format!("the cart's definition cannot be read: {}", chain(&error));
                let remedy = Some(Remedy::LoadCartAgain { cart: row.definition.cart.clone() });
                return Some(Unready { part: UnreadyPart::Else, why, remedy });
            }
        };
        if let Some(pinned) = row.definition.plugin.or(cart.digest) {
            match self.plugins.files.look_at_copy(pinned) {
                Copy::Sound => return None,
                Copy::Damaged => return Some(Unready { part: UnreadyPart::Damaged, why: kept_name(pinned), remedy: None }),
                Copy::Missing => {}
            }
        }
        let there = self.dir.plugins().join(&cart.plugin).is_file();
        let why = || format!("the file of its plugin {} is missing", cart.plugin);
        (!there).then(|| Unready { part: UnreadyPart::Plugin, why: why(), remedy: None })
    }

    /// Raises and clears alerts in one transaction. Nothing is written if nothing changes.
    async fn keep(&self, Conditions { hold, unknown }: Conditions) -> Result<(), Error> {
        let open = self.on_record().await?;
        let stands = |condition: &AlertCondition| {
            let same = |alert: &&Alert| alert.kind == condition.kind.name() && alert.subject == condition.subject;
            open.iter().find(same).is_some_and(|alert| alert.detail == condition.detail && alert.remedies == condition.remedies)
        };
        let new: Vec<AlertCondition> = hold.iter().filter(|condition| !stands(condition)).cloned().collect();
        let kept: BTreeSet<(&str, &Subject)> = hold.iter().map(|condition| (condition.kind.name(), &condition.subject)).collect();
        let kept = |alert: &Alert| {
            let doubtful = |(kind, subject): &(AlertKind, Subject)| kind.name() == alert.kind && *subject == alert.subject;
            kept.contains(&(alert.kind.as_str(), &alert.subject)) || unknown.iter().any(doubtful)
        };
        let over: Vec<(String, Subject)> =
            open.iter().filter(|alert| !kept(alert)).map(|alert| (alert.kind.clone(), alert.subject.clone())).collect();
        if new.is_empty() && over.is_empty() {
            return Ok(());
        }
        let (merchant, at) = (self.tenant.merchant.clone(), self.tenant.now_unix_ms());
        let write = move |tx: &Tx<'_>| -> Result<(), store::Error> {
            for AlertCondition { kind, subject, detail, remedies } in &new {
                if alerts::raise(tx, &merchant, kind.name(), subject, Said { detail, remedies }, at)? {
                    tracing::warn!(kind = kind.name(), %subject, detail, "alert");
                }
            }
            for (kind, subject) in &over {
                if alerts::clear(tx, &merchant, kind, subject, at)?.is_some() {
                    tracing::info!(kind, %subject, "alert cleared");
                }
            }
            Ok(())
        };
        Ok(self.tenant.store.write(write).await?)
    }
}

fn read(view: &View<'_>, merchant: &MerchantId) -> Result<Read, Error> {
    let backlogs = sqlite::backlogs(view, Some(merchant))?;
    let any = backlogs.iter().any(|backlog| backlog.dead > 0);
    let dead_of = |reason| -> Result<BTreeMap<CartId, u64>, Error> {
        let filter = Filter { cart: None, reason: Some(reason), since_unix_ms: None, then: None };
        let counts = if any { sqlite::dead_counts(view, merchant, &filter)? } else { Vec::new() };
        Ok(counts.into_iter().map(|count| (count.cart, count.count)).collect())
    };
    let (poison, not_permitted) = (dead_of(Reason::Poison)?, dead_of(Reason::Refused(FailureKind::NotPermitted))?);
    let faults = sqlite::faults(view, merchant)?.into_iter().map(|faults| (faults.cart.clone(), faults)).collect();
    Ok(Read { carts: store::carts::list(view, merchant)?, backlogs, poison, not_permitted, faults })
}

#[cfg(test)]
mod tests;
