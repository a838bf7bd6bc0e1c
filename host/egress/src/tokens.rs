//! Tokens that the host obtains for a cart: by OAuth 2.0 client credentials and by log-ins that a slot describes.
//!
//! [`Tokens`] belong to a cart and are shared by all its calls. One call at a time obtains a slot's token. The others wait and use its result, a
//! failure too, so that two hundred calls ask for one token and a wrong password is tried once. A token is used until a margin before its end, or
//! until the cart refuses it. A token is bound to the settings with which it was obtained (the slot, its values, the endpoints' base URLs) and is not
//! used after one of these was changed.
//!
//! A log-in may replace a stored field for good, such as a refresh token. A [`Keeper`] stores the new value before any token of the answer is used. A
//! log-in under way continues after the call that wanted it has ended, so that no new value is lost between the answer and the disk. If the disk does
//! not take the value, it is held in memory and stored before the next log-in.
//!
//! Whether a cart accepts a field's former value once more cannot be known here: if the process dies between the answer and the disk, the next start
//! logs in with the value on disk.

mod keeper;

pub use keeper::{InMemory, Keeper, Kept, NotKept, Replaced};

use super::credential::{CredentialValues, Needle, SCRUBBED_BYTES_MIN};
use super::failed::Failed;
use super::scrub::Scrubber;
use cartage_contract::manifest::{Manifest, Slot, SlotKind};
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// The largest size of a token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8 << 10;

/// The largest size of a log-in's answer, in bytes.
pub const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// The most tokens that one call may obtain; stored tokens do not count.
pub const LOG_INS_MAX: u32 = 4;

/// The longest margin before a token's end in which the token is no longer used, in milliseconds. The margin is at most a tenth of the token's life.
pub const MARGIN_MS_MAX: u64 = 60_000;

/// The tokens of one cart.
#[derive(Default)]
pub struct Tokens {
    slots: Mutex<BTreeMap<String, Arc<OfSlot>>>,
    /// How often the tokens were forgotten.
    pub(super) epoch: AtomicU64,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    /// Forgets all tokens, because the cart's credentials were changed. The token of a log-in under way is not used.
    pub fn forget(&self) {
        self.epoch.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn of_slot(&self, slot: &str) -> Arc<OfSlot> {
        let mut slots = self.slots.lock().expect("nobody panics while holding it");
        slots.entry(slot.to_owned()).or_default().clone()
    }
}

/// The tokens of a cart's egress, and the keeper of the fields that log-ins replace.
#[derive(Clone)]
pub struct Keeping {
    /// The tokens of the cart, which every [`CartEgress`](crate::CartEgress) of it shares.
    pub tokens: Arc<Tokens>,
    /// The keeper that stores the fields that log-ins replace.
    pub keeper: Arc<dyn Keeper>,
}

impl Keeping {
    /// Tokens and a keeper that nothing outlives, for commands without a data directory.
    pub fn in_memory() -> Keeping {
        Keeping { tokens: Arc::default(), keeper: Arc::new(InMemory::default()) }
    }
}

impl std::fmt::Debug for Keeping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeping").finish_non_exhaustive()
    }
}

/// The state of one slot's tokens. One log-in may give several.
#[derive(Default)]
pub(super) struct OfSlot {
    pub(super) held: Arc<tokio::sync::Mutex<Held>>,
    /// How many log-ins have ended, with success or not.
    pub(super) ended: AtomicU64,
}

#[derive(Default)]
pub(super) struct Held {
    pub(super) obtained: Option<Arc<Obtained>>,
    /// Why the last log-in failed; `None` if it succeeded.
    pub(super) failed: Option<(Basis, Failed)>,
    /// The values that a log-in replaced and that could not be stored yet.
    pub(super) unkept: Option<Unkept>,
}

/// The answer of a log-in whose new values could not be stored yet.
pub(super) struct Unkept {
    pub(super) changes: Vec<Replaced>,
    pub(super) obtained: Option<Obtained>,
}

/// The settings with which a token was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Basis {
    pub(super) epoch: u64,
    pub(super) fingerprint: [u8; 32],
}

/// The tokens of one log-in's answer.
pub(super) struct Obtained {
    pub(super) values: BTreeMap<String, SecretString>,
    /// The end of use on the clock of elapsed time, in milliseconds; `None` if the tokens are used until the cart refuses them.
    pub(super) until_ms: Option<u64>,
    /// The number of the log-in among those of its slot, from 1.
    pub(super) number: u64,
    pub(super) basis: Basis,
    /// Finds the tokens, and the values that the answer replaced, in later answers of the cart.
    pub(super) scrubber: Scrubber,
}

impl Obtained {
    pub(super) fn new(
        slot: &Slot,
        values: BTreeMap<String, SecretString>,
        changes: &[Replaced],
        until_ms: Option<u64>,
        basis: Basis,
    ) -> Obtained {
        let fields = changes.iter().map(|change| (&change.field, &change.to));
        let needles = values.iter().chain(fields).map(|(name, value)| Needle::new(slot, name, value.expose_secret().as_bytes()));
        let needles: Vec<Needle> = needles.filter(|needle| needle.bytes.len() >= SCRUBBED_BYTES_MIN).collect();
        Obtained { scrubber: Scrubber::new(&needles), values, until_ms, number: 0, basis }
    }

    /// The value of one token of the answer; `None` if the answer has no token of this name.
    pub(super) fn value(&self, token: &str) -> Option<&str> {
        self.values.get(token).map(|value| value.expose_secret())
    }
}

/// By slot with tokens: a hash that changes when a token no longer belongs to its slot's settings.
pub(super) fn fingerprints(
    manifest: &Manifest,
    credentials: &CredentialValues,
    endpoints: &BTreeMap<String, String>,
) -> BTreeMap<String, [u8; 32]> {
    let obtained = manifest.slots.iter().filter(|slot| matches!(slot.kind, SlotKind::Login(_) | SlotKind::Oauth2ClientCredentials(_)));
    obtained.map(|slot| (slot.name.clone(), credentials.fingerprint(slot, endpoints))).collect()
}

/// The time from which on a token is not used any more, for one that was asked for at `asked_ms` and lives `lifetime_s` seconds.
pub(super) fn until(asked_ms: u64, lifetime_s: u64) -> u64 {
    let lifetime_ms = lifetime_s.saturating_mul(1000);
    asked_ms.saturating_add(lifetime_ms - MARGIN_MS_MAX.min(lifetime_ms / 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_used_in_the_last_tenth_of_its_life_or_the_last_minute() {
        for (lifetime_s, until_ms) in [(0, 7), (1, 907), (600, 540_007), (601, 541_007), (3_600, 3_540_007), (u64::MAX, u64::MAX)] {
            assert!(until(7, lifetime_s) == until_ms || lifetime_s == u64::MAX && until(7, lifetime_s) > 1 << 60, "{lifetime_s}");
        }
    }
}
