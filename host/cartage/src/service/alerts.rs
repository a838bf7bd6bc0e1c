//! The search for alerts: it reads the facts of the moment, raises the alerts that hold, and clears those that no longer do.

use super::plugin_files::{Copy, kept_name};
use super::shut_out::ShutOut;
use super::standing::SeenNow;
use super::unreadable::Rounds;
use super::watch::Stuck;
use super::{Error, Service};
use crate::alerts::{CartFacts, Condition, Conditions, Facts, Kind, Known, NotReady, OLDEST_MS_DEFAULT, conditions, subject};
use crate::deliver::registry::Note;
use cartage_base::causes::chain;
use cartage_contract::delivery::FailureKind;
use cartage_model::carts::Cart;
use cartage_model::dead_letter::Reason;
use cartage_model::id::{CartId, MerchantId};
use cartage_model::receipt::Fate;
use cartage_policy::schedule::{Breaker, CartKey};
use cartage_store::alerts::Alert;
use cartage_store::outbox::{Backlog, Faults, Filter, sqlite};
use cartage_store::{self as store, Tx, View, alerts, merchants};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// Observations since the process started that are not stored on disk.
pub(super) struct Seen {
    carts: Mutex<BTreeMap<CartKey, SeenCart>>,
    /// The age of a cart's oldest queued delivery that raises an alert, in milliseconds.
    oldest_ms: AtomicU64,
    /// Notified when an observation may raise or clear an alert.
    pub(super) news: Notify,
    /// The progress of the search for deliveries that cannot be read.
    pub(super) rounds: Rounds,
    stuck: Mutex<Option<Stuck>>,
    /// The clients that the inlets shut out.
    pub(super) shut_out: ShutOut,
}

#[derive(Debug, Clone, Default)]
struct SeenCart {
    breaker: Known<()>,
    /// Until when the breaker is open; `None` if it is closed or unknown.
    open_until_unix_ms: Option<u64>,
    not_ready: Known<(NotReady, String)>,
}

impl Default for Seen {
    fn default() -> Seen {
        Seen {
            carts: Mutex::default(),
            oldest_ms: AtomicU64::new(OLDEST_MS_DEFAULT),
            news: Notify::new(),
            rounds: Rounds::default(),
            stuck: Mutex::default(),
            shut_out: ShutOut::default(),
        }
    }
}

impl Seen {
    /// Records an observation of the worker.
    pub(super) fn note(&self, cart: &CartKey, note: &Note<'_>) {
        let mut carts = self.carts.lock().expect("nobody panics while holding it");
        let seen = carts.entry(cart.clone()).or_default();
        let news = match note {
            Note::Attempted { attempt, .. } if let Some(why) = attempt.local_fault() => {
                let why = Known::Yes((NotReady::Else, why));
                std::mem::replace(&mut seen.not_ready, why.clone()) != why
            }
            Note::Attempted { attempt, .. } => {
                let was_ready = std::mem::replace(&mut seen.not_ready, Known::No) == Known::No;
                let delivered = matches!(attempt.receipt.fate, Fate::Delivered | Fate::AlreadyDelivered);
                if delivered && seen.breaker == Known::Unknown {
                    seen.breaker = Known::No;
                }
                // What an attempt that ended well can change is that it was overdue, which may be seen a little later.
                !was_ready || !delivered
            }
            Note::NotReady { why } => {
                let of = match why.downcast_ref::<Error>() {
                    Some(fault) if fault.is_fault() => NotReady::Else,
                    Some(Error::PluginFile { .. } | Error::Changed { .. } | Error::NotAdmitted { .. } | Error::Banned { .. }) => {
                        NotReady::Plugin
                    }
                    Some(_) | None => NotReady::Else,
                };
                seen.not_ready = Known::Yes((of, chain(*why)));
                true
            }
            Note::Breaker(Breaker::Open { until_unix_ms }) => {
                (seen.breaker, seen.open_until_unix_ms) = (Known::Yes(()), Some(*until_unix_ms));
                true
            }
            Note::Breaker(Breaker::Closed) => {
                (seen.breaker, seen.open_until_unix_ms) = (Known::No, None);
                true
            }
            // One order is on its way: nothing is known yet.
            Note::Breaker(Breaker::HalfOpen) => false,
            Note::Poison { .. } | Note::Fault { .. } => true,
            Note::Disk { .. } => false,
        };
        drop(carts);
        if news {
            self.news.notify_one();
        }
    }

    /// The observations about a cart that are not stored on disk.
    pub(super) fn now(&self, cart: &CartKey) -> SeenNow {
        let carts = self.carts.lock().expect("nobody panics while holding it");
        let Some(SeenCart { not_ready, open_until_unix_ms, .. }) = carts.get(cart) else { return SeenNow::default() };
        let not_ready = match not_ready {
            Known::Yes((_, why)) => Some(why.clone()),
            Known::No | Known::Unknown => None,
        };
        SeenNow { breaker_until_unix_ms: *open_until_unix_ms, not_ready }
    }

    /// The observation that the store's writer does not write; `None` while it does.
    pub(super) fn stuck(&self) -> MutexGuard<'_, Option<Stuck>> {
        self.stuck.lock().expect("nobody panics while holding it")
    }

    fn of(&self, merchant: &MerchantId) -> BTreeMap<CartId, SeenCart> {
        let carts = self.carts.lock().expect("nobody panics while holding it");
        carts.iter().filter(|((whose, _), _)| whose == merchant).map(|((_, cart), seen)| (cart.clone(), seen.clone())).collect()
    }
}

/// The rows that the alerts of one merchant depend on.
struct Read {
    carts: Vec<store::carts::Cart>,
    backlogs: Vec<Backlog>,
    poison: BTreeMap<CartId, u64>,
    not_permitted: BTreeMap<CartId, u64>,
    faults: BTreeMap<CartId, Faults>,
}

impl Service {
    /// Sets the age of a cart's oldest queued delivery that raises an alert, in milliseconds.
    pub fn set_oldest_ms(&self, oldest_ms: u64) {
        self.shared.seen.oldest_ms.store(oldest_ms, Ordering::Relaxed);
    }

    /// Checks all merchants, raises the alerts that hold now and clears those that do not. Nobody is notified here.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read or written. The other merchants were checked nevertheless.
    pub async fn look_for_alerts(&self) -> Result<(), Error> {
        let merchants = self.shared.store.read::<_, store::Error>(merchants::list).await?;
        let mut looked = self.let_go().await;
        for merchant in merchants {
            looked = looked.and(self.as_merchant(merchant).look_for_own_alerts().await);
        }
        looked
    }

    async fn look_for_own_alerts(&self) -> Result<(), Error> {
        let found = conditions(&self.facts(None).await?);
        self.keep_alerts(found).await
    }

    /// The merchant's open alerts, the oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn alerts(&self) -> Result<Vec<Alert>, Error> {
        let mut open = self.alerts_on_record().await?;
        // What the whole installation has is the business of whoever has the machine.
        open.extend(self.open_stuck().filter(|_| self.merchant == MerchantId::default()));
        Ok(open)
    }

    async fn alerts_on_record(&self) -> Result<Vec<Alert>, Error> {
        let merchant = self.merchant.clone();
        Ok(self.shared.store.read::<_, store::Error>(move |view| alerts::open(view, &merchant)).await?)
    }

    /// What a person must act on at one cart: the alerts that hold now, and earlier ones whose state is unknown now.
    pub(super) async fn alerts_at(&self, cart: &CartId) -> Result<Vec<Condition>, Error> {
        let Conditions { mut hold, unknown } = conditions(&self.facts(Some(cart)).await?);
        let about = subject(cart);
        hold.retain(|condition| condition.subject == about);
        let doubtful = |alert: &Alert| unknown.iter().any(|(kind, subject)| kind.name() == alert.kind && *subject == alert.subject);
        for alert in self.alerts_on_record().await?.into_iter().filter(|alert| alert.subject == about).filter(doubtful) {
            let kind = Kind::ALL.into_iter().find(|kind| kind.name() == alert.kind);
            hold.extend(kind.map(|kind| Condition { kind, subject: alert.subject, detail: alert.detail }));
        }
        Ok(hold)
    }

    /// The facts for the alerts of all carts, or of one.
    async fn facts(&self, only: Option<&CartId>) -> Result<Facts, Error> {
        let merchant = self.merchant.clone();
        let Read { mut carts, backlogs, mut poison, mut not_permitted, mut faults } =
            self.shared.store.read(move |view| read(view, &merchant)).await?;
        carts.retain(|row| only.is_none_or(|only| row.definition.cart == *only));
        let mut unusable = self.unusable_carts(&carts).await;
        for (cart, why) in self.carts_with_moved_credentials(&carts).await? {
            unusable.entry(cart).or_insert((NotReady::Else, why));
        }
        let unreadable = self.unreadable(&backlogs).await?;
        let mut seen = self.shared.seen.of(&self.merchant);
        let mut shut_out = self.shared.seen.shut_out.of(&self.merchant, self.elapsed_ms());
        let mut backlogs: BTreeMap<CartId, Backlog> = backlogs.into_iter().map(|backlog| (backlog.cart.clone(), backlog)).collect();
        let now_unix_ms = self.now_unix_ms();
        let facts = |row: store::carts::Cart| {
            let cart = row.definition.cart.clone();
            let SeenCart { breaker, not_ready, .. } = seen.remove(&cart).unwrap_or_default();
            let not_ready = match unusable.remove(&cart) {
                Some(why) => Known::Yes(why),
                None => not_ready,
            };
            let pause = row.pause.filter(|pause| pause.holds(now_unix_ms));
            let (mut backlog, poison) = (backlogs.remove(&cart), poison.remove(&cart).unwrap_or(0));
            if let Some(at) = backlog.as_mut().and_then(|backlog| backlog.oldest_queued_at_unix_ms.as_mut()) {
                // What a clock was set meanwhile is no time that anything waited.
                *at = now_unix_ms.saturating_sub(self.age_ms(*at));
            }
            let (faults, unreadable) = (faults.remove(&cart), unreadable(&cart));
            let (shut_out, not_permitted) = (shut_out.remove(&cart), not_permitted.remove(&cart).unwrap_or(0));
            let enabled = row.enabled;
            CartFacts { cart, enabled, pause, backlog, poison, not_permitted, faults, unreadable, breaker, not_ready, shut_out }
        };
        let carts = carts.into_iter().map(facts).collect();
        // What the whole installation has is the business of whoever has the machine.
        let (mut free_bytes, mut clock, mut moved) = (None, None, None);
        if self.merchant == MerchantId::default() {
            (free_bytes, clock) = (self.free_bytes(), self.clock_doubt());
            let gone = matches!(self.shared.dir.in_place(), Err(cartage_store::data_dir::Error::Moved { .. }));
            moved = gone.then(|| self.shared.dir.path().display().to_string());
        }
        let oldest_ms = self.shared.seen.oldest_ms.load(Ordering::Relaxed);
        Ok(Facts { now_unix_ms, oldest_ms, carts, free_bytes, clock, moved })
    }

    /// The carts that are known to be unusable without an attempt, each with the reason. Plugin files that changed are read.
    async fn unusable_carts(&self, rows: &[store::carts::Cart]) -> BTreeMap<CartId, (NotReady, String)> {
        let (service, rows) = (self.clone(), rows.to_vec());
        let look = move || rows.iter().filter_map(|row| Some((row.definition.cart.clone(), service.unusable(row)?))).collect();
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }

    /// Why a cart is known to be unusable without an attempt; `None` if nothing is known against it.
    fn unusable(&self, row: &store::carts::Cart) -> Option<(NotReady, String)> {
        let cart = match Cart::parse("the store", &row.definition.text) {
            Ok(cart) => cart,
            Err(error) => return Some((NotReady::Else, format!("its definition cannot be read: {}", chain(&error)))),
        };
        if let Some(pinned) = row.definition.plugin.or(cart.digest) {
            match self.look_at_copy(pinned) {
                Copy::Sound => return None,
                Copy::Damaged => return Some((NotReady::Damaged, kept_name(pinned))),
                Copy::Missing => {}
            }
        }
        let there = self.shared.dir.plugins().join(&cart.plugin).is_file();
        (!there).then(|| (NotReady::Plugin, format!("the file of its plugin {} is not there", cart.plugin)))
    }

    /// Raises and clears alerts in one transaction. Nothing is written if nothing changes.
    async fn keep_alerts(&self, Conditions { hold, unknown }: Conditions) -> Result<(), Error> {
        let open = self.alerts_on_record().await?;
        let stands = |condition: &Condition| {
            let same = |alert: &&Alert| alert.kind == condition.kind.name() && alert.subject == condition.subject;
            open.iter().find(same).is_some_and(|alert| alert.detail == condition.detail)
        };
        let new: Vec<Condition> = hold.iter().filter(|condition| !stands(condition)).cloned().collect();
        let kept: BTreeSet<(&str, &str)> = hold.iter().map(|condition| (condition.kind.name(), condition.subject.as_str())).collect();
        let kept = |alert: &Alert| {
            let doubtful = |(kind, subject): &(Kind, String)| kind.name() == alert.kind && *subject == alert.subject;
            kept.contains(&(alert.kind.as_str(), alert.subject.as_str())) || unknown.iter().any(doubtful)
        };
        let over: Vec<(String, String)> =
            open.iter().filter(|alert| !kept(alert)).map(|alert| (alert.kind.clone(), alert.subject.clone())).collect();
        if new.is_empty() && over.is_empty() {
            return Ok(());
        }
        let (merchant, at) = (self.merchant.clone(), self.now_unix_ms());
        let write = move |tx: &Tx<'_>| -> Result<(), store::Error> {
            for Condition { kind, subject, detail } in &new {
                if alerts::raise(tx, &merchant, kind.name(), subject, detail, at)? {
                    tracing::warn!(kind = kind.name(), subject, detail, "alert");
                }
            }
            for (kind, subject) in &over {
                if alerts::clear(tx, &merchant, kind, subject, at)?.is_some() {
                    tracing::info!(kind, subject, "the alert is over");
                }
            }
            Ok(())
        };
        Ok(self.shared.store.write(write).await?)
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
