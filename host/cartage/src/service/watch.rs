//! The watch: looks for alerts periodically while the daemon runs, and notifies people.
//!
//! The watch is independent of deliveries: an error here is logged and tried again, and delays nothing. Alerts are stored, except the one
//! that nothing can be stored: that alert is kept in memory, and people are notified of it without the store.

use super::caches::Caches;
use super::health::{Health, NotWriting};
use super::seen::{Observations, Stuck};
use super::{Error, Service};
use crate::alerts::AlertKind;
use crate::alerts::notifier::Notifier;
use cartage_base::causes::chain;
use cartage_model::alerts::Subject;
use cartage_model::id::MerchantId;
use cartage_store::alerts::Alert;
use cartage_store::{self as store, Tx, View, alerts, merchants};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// The period of the watch when nothing wakes it, in milliseconds.
const LOOK_MS: u64 = 15_000;
/// The period of the watch while nothing can be written, in milliseconds.
const STUCK_LOOK_MS: u64 = 2_000;
/// The shortest time between two rounds, however much happens, in milliseconds.
const REST_MS: u64 = 500;
/// How long writing must be impossible before that is an alert, in milliseconds. Another program may hold the database for a moment.
const STUCK_MS: u64 = 10_000;
/// How long the store may take for a read or a write of the watch.
const STORE_MAX: Duration = Duration::from_secs(30);
/// How long the last notification may take when the store stopped and the daemon ends.
const LAST_WORD: Duration = Duration::from_secs(10);

/// The watch over all merchants of the data directory.
#[derive(Clone)]
pub struct Watch {
    pub(super) service: Service,
    pub(super) health: Health,
    pub(super) caches: Caches,
    pub(super) seen: Arc<Observations>,
}

impl Watch {
    /// Runs the watch until `stop` completes.
    pub async fn run(&self, mut notifier: Notifier, stop: impl Future<Output = ()>) {
        let watching = async {
            loop {
                self.look_at_writer(&mut notifier).await;
                if let Err(error) = self.once(&mut notifier).await {
                    tracing::error!(error = chain(&error), "could not check for alerts; trying again");
                }
                sleep(Duration::from_millis(REST_MS)).await;
                // Whether it was rung for or not, it is time to look.
                let look_ms = if self.seen.stuck().is_some() { STUCK_LOOK_MS } else { LOOK_MS };
                let _ = timeout(Duration::from_millis(look_ms - REST_MS), self.seen.news.notified()).await;
            }
        };
        tokio::select! {
            () = stop => {}
            () = watching => {}
        }
        // A store that stopped ends the daemon. The next one may not get as far as this.
        if let Some(why) = self.service.tenant.store.why_stopped() {
            let alert = self.stuck(Some(&NotWriting::Stopped { why: chain(&why), remedy: why.remedy() }), 0);
            let told = async {
                if let Some(alert) = alert {
                    notifier.tell_unrecorded(&(MerchantId::default(), alert), self.service.now_unix_ms()).await;
                }
            };
            let _ = timeout(LAST_WORD, told).await;
        }
    }

    /// Checks whether the store's writer works. People are notified at once, because the alert cannot be stored.
    async fn look_at_writer(&self, notifier: &mut Notifier) {
        let not_writing = self.health.writes().await.err();
        let Some(alert) = self.stuck(not_writing.as_ref(), STUCK_MS) else { return };
        let is_over = alert.cleared_at_unix_ms.is_some();
        let owed = notifier.tell_unrecorded(&(MerchantId::default(), alert), self.service.now_unix_ms()).await;
        if is_over && !owed {
            *self.seen.stuck() = None;
        }
    }

    /// Takes note of whether anything can be written, and returns the alert that this opens or ends.
    fn stuck(&self, not_writing: Option<&NotWriting>, after_ms: u64) -> Option<Alert> {
        let now = self.service.now_unix_ms();
        let mut stuck = self.seen.stuck();
        let Some(not_writing) = not_writing else {
            let Some(Stuck { alert: Some(alert), .. }) = stuck.as_mut() else {
                *stuck = None;
                return None;
            };
            if alert.cleared_at_unix_ms.is_none() {
                alert.cleared_at_unix_ms = Some(now);
                tracing::info!(kind = alert.kind, subject = %alert.subject, "alert cleared");
            }
            return Some(alert.clone());
        };
        let since = stuck.get_or_insert(Stuck { since_unix_ms: now, alert: None });
        if let Some(alert) = &mut since.alert {
            alert.cleared_at_unix_ms = None;
        } else if now.saturating_sub(since.since_unix_ms) >= after_ms {
            let (kind, subject) = (AlertKind::StoreStuck.name().to_owned(), Subject::Installation);
            let detail = format!("nothing can be written, so no update is accepted and nothing is delivered: {not_writing}");
            tracing::warn!(kind, %subject, detail, "alert");
            let raised_at_unix_ms = since.since_unix_ms;
            let remedies = not_writing.remedy().cloned().into_iter().collect();
            since.alert =
                Some(Alert { kind, subject, detail, remedies, raised_at_unix_ms, told_at_unix_ms: None, cleared_at_unix_ms: None });
        }
        since.alert.clone()
    }

    /// Runs one round, and notifies people of what is new to them.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read or written.
    pub async fn once(&self, notifier: &mut Notifier) -> Result<(), Error> {
        within(self.look()).await?;
        let all = self.service.tenant.store.read(on_record).await?;
        let now = self.service.now_unix_ms();
        let noted: Vec<(MerchantId, Alert)> = notifier.tell(&all, now).await.into_iter().cloned().collect();
        if noted.is_empty() {
            return Ok(());
        }
        let write = move |tx: &Tx<'_>| noted.iter().try_for_each(|(merchant, alert)| alerts::told(tx, merchant, alert, now).map(drop));
        within(async { Ok(self.service.tenant.store.write::<_, store::Error>(write).await?) }).await
    }
}

/// Waits a limited time for the store: a writer that hangs must not keep anybody from being notified.
async fn within<T>(asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = |_| store::Error::Busy { what: "record the alerts".into() };
    timeout(STORE_MAX, asked).await.map_err(late)?
}

/// Every alert of every merchant, including those that ended and whose end is still to be notified.
fn on_record(view: &View<'_>) -> Result<Vec<(MerchantId, Alert)>, store::Error> {
    let mut all = Vec::new();
    for merchant in merchants::list(view)? {
        all.extend(alerts::on_record(view, &merchant)?.into_iter().map(|alert| (merchant.clone(), alert)));
    }
    Ok(all)
}

impl Watch {
    /// Sets the age of a cart's oldest queued delivery that raises an alert, in milliseconds.
    pub fn set_oldest_ms(&self, oldest_ms: u64) {
        self.seen.oldest_ms.store(oldest_ms, Ordering::Relaxed);
    }

    /// Checks all merchants, raises the alerts that hold now and clears those that do not. Nobody is notified here.
    ///
    /// # Errors
    ///
    /// [`Error`] if the store cannot be read or written. The other merchants were checked nevertheless.
    pub async fn look(&self) -> Result<(), Error> {
        let merchants = self.service.tenant.store.read::<_, store::Error>(merchants::list).await?;
        let mut looked = self.caches.release().await;
        for merchant in merchants {
            looked = looked.and(self.service.as_merchant(merchant).alerts().look().await);
        }
        looked
    }
}
