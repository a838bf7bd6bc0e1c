//! Observations since the process started that are not stored on disk: what the worker saw of each cart, and what only this process knows.

use super::Error;
use super::shut_out::ShutOut;
use super::unreadable::Rounds;
use crate::alerts::{Certainty, OLDEST_MS_DEFAULT, Unready, UnreadyPart};
use crate::deliver::registry::WorkerNote;
use cartage_base::causes::chain;
use cartage_model::id::{CartId, MerchantId};
use cartage_model::receipt::Fate;
use cartage_policy::schedule::{Breaker, CartKey};
use cartage_store::alerts::Alert;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// Since when nothing can be written, and the alert about that.
#[derive(Debug, Clone)]
pub(super) struct Stuck {
    pub(super) since_unix_ms: u64,
    /// The alert; `None` while it is too early for one.
    pub(super) alert: Option<Alert>,
}

/// What only this process knows of a cart.
#[derive(Debug, Clone, Default)]
pub(super) struct SeenNow {
    /// Until when the cart's breaker is open; `None` if it is closed or unknown.
    pub(super) breaker_until_unix_ms: Option<u64>,
    /// Why the cart cannot be made ready; `None` if it can, or if nobody tried.
    pub(super) not_ready: Option<Unready>,
}

/// Observations since the process started that are not stored on disk.
pub(super) struct Observations {
    carts: Mutex<BTreeMap<CartKey, ObservedCart>>,
    /// The age of a cart's oldest queued delivery that raises an alert, in milliseconds.
    pub(super) oldest_ms: AtomicU64,
    /// Notified when an observation may raise or clear an alert.
    pub(super) news: Notify,
    /// The progress of the search for deliveries that cannot be read.
    pub(super) rounds: Rounds,
    stuck: Mutex<Option<Stuck>>,
    /// The clients that the inlets shut out.
    pub(super) shut_out: ShutOut,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ObservedCart {
    pub(super) breaker: Certainty<()>,
    /// Until when the breaker is open; `None` if it is closed or unknown.
    open_until_unix_ms: Option<u64>,
    pub(super) not_ready: Certainty<Unready>,
}

impl Default for Observations {
    fn default() -> Observations {
        Observations {
            carts: Mutex::default(),
            oldest_ms: AtomicU64::new(OLDEST_MS_DEFAULT),
            news: Notify::new(),
            rounds: Rounds::default(),
            stuck: Mutex::default(),
            shut_out: ShutOut::default(),
        }
    }
}

impl Observations {
    /// Records an observation of the worker.
    pub(super) fn note(&self, cart: &CartKey, note: &WorkerNote<'_>) {
        let mut carts = self.carts.lock().expect("nobody panics while holding it");
        let seen = carts.entry(cart.clone()).or_default();
        let news = match note {
            WorkerNote::Attempted { attempt, .. } if let Some(why) = attempt.local_fault() => {
                let why = Certainty::Yes(Unready { part: UnreadyPart::Else, why, remedy: None });
                std::mem::replace(&mut seen.not_ready, why.clone()) != why
            }
            WorkerNote::Attempted { attempt, .. } => {
                let was_ready = std::mem::replace(&mut seen.not_ready, Certainty::No) == Certainty::No;
                let delivered = matches!(attempt.receipt.fate, Fate::Delivered | Fate::AlreadyDelivered);
                if delivered && seen.breaker == Certainty::Unknown {
                    seen.breaker = Certainty::No;
                }
                // What an attempt that ended well can change is that it was overdue, which may be seen a little later.
                !was_ready || !delivered
            }
            WorkerNote::NotReady { why } => {
                let error = why.downcast_ref::<Error>();
                let part = match error {
                    Some(fault) if fault.is_fault() => UnreadyPart::Else,
                    Some(Error::PluginFile { .. } | Error::Changed(_) | Error::NotAdmitted { .. } | Error::Banned { .. }) => {
                        UnreadyPart::Plugin
                    }
                    Some(_) | None => UnreadyPart::Else,
                };
                seen.not_ready = Certainty::Yes(Unready { part, why: chain(*why), remedy: error.and_then(Error::remedy) });
                true
            }
            WorkerNote::Breaker(Breaker::Open { until_unix_ms }) => {
                (seen.breaker, seen.open_until_unix_ms) = (Certainty::Yes(()), Some(*until_unix_ms));
                true
            }
            WorkerNote::Breaker(Breaker::Closed) => {
                (seen.breaker, seen.open_until_unix_ms) = (Certainty::No, None);
                true
            }
            // One order is on its way: nothing is known yet.
            WorkerNote::Breaker(Breaker::HalfOpen) => false,
            WorkerNote::Poison { .. } | WorkerNote::Fault { .. } => true,
            WorkerNote::Disk { .. } => false,
        };
        drop(carts);
        if news {
            self.news.notify_one();
        }
    }

    /// The observations about a cart that are not stored on disk.
    pub(super) fn now(&self, cart: &CartKey) -> SeenNow {
        let carts = self.carts.lock().expect("nobody panics while holding it");
        let Some(ObservedCart { not_ready, open_until_unix_ms, .. }) = carts.get(cart) else { return SeenNow::default() };
        let not_ready = match not_ready {
            Certainty::Yes(unready) => Some(unready.clone()),
            Certainty::No | Certainty::Unknown => None,
        };
        SeenNow { breaker_until_unix_ms: *open_until_unix_ms, not_ready }
    }

    /// Drops what was seen of carts that are not among these: a cart that is made again under the same id has not been seen yet.
    pub(super) fn keep_only(&self, carts: &BTreeSet<CartKey>) {
        self.carts.lock().expect("nobody panics while holding it").retain(|cart, _| carts.contains(cart));
    }

    /// The observation that the store's writer does not write; `None` while it does.
    pub(super) fn stuck(&self) -> MutexGuard<'_, Option<Stuck>> {
        self.stuck.lock().expect("nobody panics while holding it")
    }

    pub(super) fn of(&self, merchant: &MerchantId) -> BTreeMap<CartId, ObservedCart> {
        let carts = self.carts.lock().expect("nobody panics while holding it");
        carts.iter().filter(|((whose, _), _)| whose == merchant).map(|((_, cart), seen)| (cart.clone(), seen.clone())).collect()
    }

    /// The alert that nothing can be written; `None` if it is not open.
    pub(super) fn open_stuck(&self) -> Option<Alert> {
        let stuck = self.stuck();
        stuck.as_ref()?.alert.clone().filter(|alert| alert.cleared_at_unix_ms.is_none())
    }
}
