//! The watch: looks for alerts again and again while the daemon runs, and has people told.
//!
//! It is apart from everything that delivers: whatever fails here is logged and tried again, and holds up nothing.

use super::{Error, Office};
use crate::alerts::teller::Teller;
use crate::causes::chain;
use crate::id::MerchantId;
use crate::store::alerts::Alert;
use crate::store::{self, Tx, View, alerts, merchants};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often it looks without being rung for.
const LOOK_MS: u64 = 15_000;
/// How long it rests between two looks, however much happens.
const REST_MS: u64 = 500;

impl Office {
    /// Watches until `stop` is over.
    pub async fn watch(&self, mut teller: Teller, stop: impl Future<Output = ()>) {
        let watching = async {
            loop {
                if let Err(error) = self.watch_once(&mut teller).await {
                    tracing::error!(error = chain(&error), "could not look for alerts; it is tried again");
                }
                sleep(Duration::from_millis(REST_MS)).await;
                // Whether it was rung for or not, it is time to look.
                let _ = timeout(Duration::from_millis(LOOK_MS - REST_MS), self.shared.seen.news.notified()).await;
            }
        };
        tokio::select! {
            () = stop => {}
            () = watching => {}
        }
    }

    /// Looks once, and has people told what they do not know.
    ///
    /// # Errors
    ///
    /// [`Error`] where the store cannot be read or written.
    pub async fn watch_once(&self, teller: &mut Teller) -> Result<(), Error> {
        self.look_for_alerts().await?;
        let all = self.shared.store.read(on_record).await?;
        let now = self.now_unix_ms();
        let noted: Vec<(MerchantId, Alert)> = teller.tell(&all, now).await.into_iter().cloned().collect();
        if noted.is_empty() {
            return Ok(());
        }
        let write = move |tx: &Tx<'_>| noted.iter().try_for_each(|(merchant, alert)| alerts::told(tx, merchant, alert, now).map(drop));
        Ok(self.shared.store.write::<_, store::Error>(write).await?)
    }
}

/// Every alert of every merchant, those among them that are over and whose end is to be told.
fn on_record(view: &View<'_>) -> Result<Vec<(MerchantId, Alert)>, store::Error> {
    let mut all = Vec::new();
    for merchant in merchants::list(view)? {
        all.extend(alerts::on_record(view, &merchant)?.into_iter().map(|alert| (merchant.clone(), alert)));
    }
    Ok(all)
}
