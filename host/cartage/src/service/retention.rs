//! Deletion of rows that are older than a merchant's retention settings: a few at a time, in transactions of their own between those of
//! others.

use super::Error;
use super::recordings::RAW_MS_MAX;
use super::tenant::Tenant;
use cartage_model::id::MerchantId;
use cartage_model::parameters::{
    Assignments, KEEP_AUDIT_DAYS, KEEP_CASSETTES_DAYS, KEEP_FAILED_CASSETTES_DAYS, KEEP_IDEMPOTENCY_KEYS_DAYS, KEEP_ORDER_STATE_DAYS,
    KEEP_RECEIPTS_DAYS, Parameter, Value,
};
use cartage_store::retention::{self, RecordKind};
use cartage_store::{self as store, merchants};
use std::ops::Range;
use std::time::Duration;

/// The most rows that one transaction deletes, except recordings, which are large.
const BATCH_ROWS: u32 = 200;
/// The most recordings that one transaction deletes.
const BATCH_CASSETTES: u32 = 20;
/// The pause between two transactions, in which other writes are made.
const BETWEEN: Duration = Duration::from_millis(5);
/// How long after its start the daemon first deletes expired rows, and how often it does so then.
const FIRST: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(60 * 60);
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The expired rows of one kind, deleted or counted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Retained {
    /// The merchant who owns the rows.
    pub merchant: MerchantId,
    /// The kind of the rows.
    pub kind: RecordKind,
    /// The retention period, in milliseconds.
    pub kept_ms: u64,
    /// The number of rows that are older.
    pub older: u64,
}

/// A merchant's retention period for a kind of rows, in milliseconds.
fn kept_ms(kind: RecordKind, assignments: &Assignments) -> u64 {
    let days = |parameter: &'static Parameter| match parameter.effective(None, assignments).value {
        Value::Integer(days) => u64::try_from(days).unwrap_or(0) * DAY_MS,
        Value::Boolean(_) | Value::Text(_) | Value::Choice(_) => unreachable!("the registry has days as whole numbers"),
    };
    match kind {
        RecordKind::IdempotencyKeys => days(&KEEP_IDEMPOTENCY_KEYS_DAYS),
        RecordKind::Receipts | RecordKind::Endings => days(&KEEP_RECEIPTS_DAYS),
        RecordKind::Cassettes => days(&KEEP_CASSETTES_DAYS),
        RecordKind::FailedCassettes => days(&KEEP_FAILED_CASSETTES_DAYS),
        RecordKind::RawCassettes => RAW_MS_MAX,
        RecordKind::Audit => days(&KEEP_AUDIT_DAYS),
        RecordKind::Decisions | RecordKind::Orders => days(&KEEP_ORDER_STATE_DAYS),
    }
}

/// The deletion of expired rows, for all merchants.
#[derive(Clone)]
pub struct Retention {
    pub(super) tenant: Tenant,
}

impl Retention {
    /// Deletes rows that are older than each merchant's retention settings, in time that really passed, and returns their numbers. Nothing
    /// of a queued delivery or a dead letter is deleted.
    ///
    /// # Errors
    ///
    /// [`Error::Store`]. Rows deleted before the error stay deleted.
    pub async fn retain(&self) -> Result<Vec<Retained>, Error> {
        let mut all = self.look_for_old(false).await?;
        for one in &mut all {
            let most = match one.kind {
                RecordKind::Cassettes | RecordKind::FailedCassettes | RecordKind::RawCassettes => BATCH_CASSETTES,
                _ => BATCH_ROWS,
            };
            for stamped in self.tenant.clock.older_than(one.kept_ms) {
                one.older += self.delete_stamped(one, &stamped, most).await?;
            }
        }
        Ok(all)
    }

    /// Deletes the rows with stamps in this range of the wall clock.
    async fn delete_stamped(&self, Retained { merchant, kind, .. }: &Retained, stamped: &Range<u64>, most: u32) -> Result<u64, Error> {
        let mut all = 0;
        loop {
            let (merchant, kind, stamped) = (merchant.clone(), *kind, stamped.clone());
            let write = move |tx: &store::Tx<'_>| retention::delete(tx, &merchant, kind, &stamped, most);
            let gone = self.tenant.store.write::<_, store::Error>(write).await?;
            all += gone as u64;
            if gone < most as usize {
                return Ok(all);
            }
            tokio::time::sleep(BETWEEN).await;
        }
    }

    /// Deletes expired rows every hour until `until` completes.
    pub async fn keep_retaining(&self, until: impl Future<Output = ()>) {
        self.retain_every(FIRST, EVERY, until).await;
    }

    async fn retain_every(&self, first: Duration, every: Duration, until: impl Future<Output = ()>) {
        tokio::pin!(until);
        let mut rest = first;
        loop {
            tokio::select! {
                () = &mut until => return,
                () = tokio::time::sleep(rest) => {}
            }
            rest = every;
            let retained = tokio::select! {
                () = &mut until => return,
                retained = self.retain() => retained,
            };
            match retained {
                Ok(all) => {
                    for Retained { merchant, kind, older, .. } in all.into_iter().filter(|one| one.older > 0) {
                        tracing::info!(%merchant, ?kind, older, "deleted expired rows");
                    }
                }
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "could not delete expired rows"),
            }
        }
    }

    /// Counts the rows that [`Retention::retain`] would delete now.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn retain_dry(&self) -> Result<Vec<Retained>, Error> {
        self.look_for_old(true).await
    }

    /// Every kind for every merchant, with the number of expired rows if `counted` is set.
    async fn look_for_old(&self, counted: bool) -> Result<Vec<Retained>, Error> {
        let clock = self.tenant.clock.clone();
        let look = move |view: &store::View<'_>| -> Result<_, Error> {
            let mut all = Vec::new();
            for merchant in merchants::list(view)? {
                let assignments = super::configuration::assignments(view, &merchant)?;
                for kind in RecordKind::ALL {
                    let kept_ms = kept_ms(kind, &assignments);
                    let stamped = if counted { clock.older_than(kept_ms) } else { Vec::new() };
                    let counts = stamped.iter().map(|stamped| retention::count(view, &merchant, kind, stamped));
                    let older = counts.sum::<Result<u64, _>>()?;
                    all.push(Retained { merchant: merchant.clone(), kind, kept_ms, older });
                }
            }
            Ok(all)
        };
        self.tenant.store.read(look).await
    }
}

#[cfg(test)]
mod tests;
