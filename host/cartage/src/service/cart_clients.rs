//! Carts that were made ready, each kept until something changes on which it rests, and [`Changes`], which announces such a change.

use super::seen::Observations;
use super::single_flight::SingleFlight;
use crate::deliver::registry::{Ready, Trial};
use crate::deliver::wake::WakeSignal;
use cartage_model::id::{CartId, MerchantId};
use cartage_policy::schedule::CartKey;
use cartage_store::credentials::Generation;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// Carts that were made ready, each valid until something changes on which it rests.
#[derive(Default)]
pub(super) struct CartClients {
    entries: Mutex<BTreeMap<CartKey, Entry>>,
    /// The number of the last change of any cart. No number is given twice, also not to a cart that was removed and made again.
    last_change: AtomicU64,
    /// Makes each cart ready only once at a time.
    pub(super) readying: SingleFlight<CartKey>,
}

/// What is kept of one cart.
struct Entry {
    /// The number of the cart's last change.
    change: u64,
    /// `None` until the cart was made ready for the first time.
    made: Option<Made>,
}

struct Made {
    /// `None` once the client of an outdated cart was released.
    ready: Option<Arc<Ready>>,
    /// The number of the cart's last change before it was made ready.
    change: u64,
    with: With,
    trial: Arc<Trial>,
}

impl Made {
    /// Whether this is the value that was handed out.
    fn is(&self, ready: &Ready) -> bool {
        self.ready.as_ref().is_some_and(|made| std::ptr::eq(&raw const **made, ready))
    }
}

/// The credentials for the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum With {
    /// The values of this generation.
    These(Generation),
    /// No credentials: the cart refused all of them, and is left alone until something changes.
    None,
}

/// The state of a cart in [`CartClients`].
pub(super) enum Kept {
    /// The cart is ready.
    Ready(Arc<Ready>),
    /// The cart must be made ready, with these credentials.
    Make(Generation),
    /// The cart is left alone until something changes.
    Rests,
}

impl CartClients {
    /// Records a change on which this cart rests.
    pub(super) fn changed(&self, cart: &CartKey) {
        let change = self.next_change();
        self.entries().entry(cart.clone()).or_insert(Entry { change, made: None }).change = change;
    }

    /// Records a change on which every cart of a merchant rests.
    pub(super) fn all_changed(&self, merchant: &MerchantId) {
        let change = self.next_change();
        self.entries().iter_mut().filter(|((whose, _), _)| whose == merchant).for_each(|(_, entry)| entry.change = change);
    }

    /// The number of the cart's last change, to be given to [`CartClients::keep`]: a change in between makes the client outdated at once.
    pub(super) fn change(&self, cart: &CartKey) -> u64 {
        let change = self.next_change();
        self.entries().entry(cart.clone()).or_insert(Entry { change, made: None }).change
    }

    pub(super) fn kept(&self, cart: &CartKey) -> Kept {
        let entries = self.entries();
        let Some(Entry { change, made: Some(made) }) = entries.get(cart) else { return Kept::Make(Generation::Current) };
        let is_changed = made.change != *change;
        match made.with {
            With::None if is_changed => Kept::Make(Generation::Current),
            With::None => Kept::Rests,
            With::These(generation) => match &made.ready {
                Some(ready) if !is_changed && ready.generation == generation => Kept::Ready(ready.clone()),
                Some(_) | None => Kept::Make(generation),
            },
        }
    }

    pub(super) fn keep(&self, cart: &CartKey, ready: &Arc<Ready>, change: u64) {
        let made = Made { ready: Some(ready.clone()), change, with: With::These(ready.generation), trial: ready.trial.clone() };
        let later = self.next_change();
        self.entries().entry(cart.clone()).or_insert(Entry { change: later, made: None }).made = Some(made);
    }

    /// The trial of the next credentials. A trial that is under way continues when the cart is made ready again for another change.
    pub(super) fn trial(&self, cart: &CartKey) -> Arc<Trial> {
        let entries = self.entries();
        let made = entries.get(cart).and_then(|entry| entry.made.as_ref());
        made.map(|made| made.trial.clone()).filter(|trial| !trial.is_over()).unwrap_or_default()
    }

    /// Drops the carts that are not among these, and the clients of those that are outdated, with their secrets.
    pub(super) fn keep_only(&self, carts: &BTreeSet<CartKey>) {
        let mut entries = self.entries();
        entries.retain(|cart, _| carts.contains(cart));
        for Entry { change, made } in entries.values_mut() {
            if let Some(made) = made.as_mut().filter(|made| made.change != *change) {
                made.ready = None;
            }
        }
    }

    pub(super) fn set(&self, cart: &CartKey, with: With) {
        if let Some(made) = self.entries().get_mut(cart).and_then(|entry| entry.made.as_mut()) {
            made.with = with;
        }
    }

    /// Switches from the current credentials to the next ones.
    pub(super) fn go_over(&self, cart: &CartKey) {
        let mut entries = self.entries();
        let made = entries.get_mut(cart).and_then(|entry| entry.made.as_mut());
        if let Some(made) = made.filter(|made| made.with == With::These(Generation::Current)) {
            made.with = With::These(Generation::Next);
        }
    }

    /// Whether a cart changed since this value was handed out, so that what the value met says nothing of the cart as it is now.
    pub(super) fn is_older(&self, cart: &CartKey, ready: &Ready) -> bool {
        let entries = self.entries();
        entries.get(cart).is_some_and(|Entry { change, made }| made.as_ref().is_some_and(|made| made.change != *change || !made.is(ready)))
    }

    /// Leaves a cart alone until something changes, because it refused the credentials of this value. Without effect if the cart was made
    /// ready again meanwhile.
    pub(super) fn refused(&self, cart: &CartKey, ready: &Ready) {
        let mut entries = self.entries();
        let made = entries.get_mut(cart).and_then(|entry| entry.made.as_mut());
        if let Some(made) = made.filter(|made| made.is(ready)) {
            made.with = With::None;
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<CartKey, Entry>> {
        self.entries.lock().expect("nobody panics while holding it")
    }

    fn next_change(&self) -> u64 {
        self.last_change.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Announces changes of a merchant's carts: to the carts made ready, to the worker, and to the watch for alerts.
#[derive(Clone)]
pub(super) struct Changes {
    pub(super) merchant: MerchantId,
    pub(super) cart_clients: Arc<CartClients>,
    pub(super) wake_signal: Arc<WakeSignal>,
    pub(super) seen: Arc<Observations>,
}

impl Changes {
    /// Has a cart made ready anew before its next call.
    pub(super) fn outdate(&self, cart: &CartId) {
        self.cart_clients.changed(&self.key(cart));
    }

    /// Has every cart of the merchant made ready anew before its next call.
    pub(super) fn outdate_all(&self) {
        self.cart_clients.all_changed(&self.merchant);
    }

    /// Has a cart made ready anew, and wakes the worker for it.
    pub(super) fn cart(&self, cart: &CartId) {
        self.outdate(cart);
        self.wake_signal.changed(&self.key(cart));
    }

    /// As [`Changes::cart`], for changes that may raise or clear alerts.
    pub(super) fn carts(&self, carts: &[CartId]) {
        carts.iter().for_each(|cart| self.cart(cart));
        self.seen.news.notify_one();
    }

    fn key(&self, cart: &CartId) -> CartKey {
        (self.merchant.clone(), cart.clone())
    }
}
