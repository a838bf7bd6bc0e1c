//! The counters of this process, and the metrics of the moment, which consist of them and of numbers from the store.

use crate::deliver::Attempt;
use cartage_base::histogram::Durations;
use cartage_model::exchange::{CallEnd, Outcome};
use cartage_model::id::MerchantId;
use cartage_policy::gate::{Decision, Finding};
use cartage_policy::schedule::CartKey;
use cartage_store::alerts::Alert;
use cartage_store::outbox::Backlog;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// The counters of this process.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) attempts: Mutex<BTreeMap<CartKey, BTreeMap<String, u64>>>,
    pub(super) gate_no: Mutex<BTreeMap<u8, u64>>,
    pub(super) limits_hit: Mutex<BTreeMap<String, u64>>,
}

/// The metrics of this moment, for all merchants.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    /// The size of the queue at each cart that ever had a delivery.
    pub backlogs: Vec<Backlog>,
    /// The carts that are paused now.
    pub paused: BTreeSet<CartKey>,
    /// Attempts at each cart since the process started, by outcome.
    pub attempts: BTreeMap<CartKey, BTreeMap<String, u64>>,
    /// How often each condition of the gate failed since the process started, by the condition's number.
    pub gate_no: BTreeMap<u8, u64>,
    /// How often a plugin's call met a limit since the process started, by the limit's name.
    pub limits_hit: BTreeMap<String, u64>,
    /// The durations of the store's commits since it was opened.
    pub commits: Durations,
    /// The open alerts of each merchant.
    pub alerts: Vec<(MerchantId, Alert)>,
    /// The free bytes on the disk of the data directory.
    pub free_disk_bytes: u64,
}

impl Counts {
    pub(super) fn attempted(&self, cart: &CartKey, attempt: &Attempt) {
        let mut attempts = self.attempts.lock().expect("nobody panics while holding it");
        *attempts.entry(cart.clone()).or_default().entry(attempt.receipt.fate.name()).or_default() += 1;
        if let Outcome::Ended(CallEnd::Limit { limit }) = &attempt.cassette.outcome {
            let mut limits_hit = self.limits_hit.lock().expect("nobody panics while holding it");
            *limits_hit.entry(limit.name().to_owned()).or_default() += 1;
        }
    }

    pub(super) fn decided(&self, decision: &Decision) {
        let mut gate_no = self.gate_no.lock().expect("nobody panics while holding it");
        for (number, answer) in (1_u8..).zip(&decision.answers) {
            if answer.finding == Finding::NotHeld {
                *gate_no.entry(number).or_default() += 1;
            }
        }
    }
}
