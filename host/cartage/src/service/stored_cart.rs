//! A stored cart, with what is known of its plugin, and the cache of the carts as last read.

use super::Error;
use super::lists::{List, find};
use super::plugin_files::Stamp;
use cartage_contract::delivery::{ChoicesOf, SettingValue};
use cartage_contract::manifest::{Manifest, Plain};
use cartage_model::carts::{Cart, Mode, OrderNumberKind};
use cartage_model::id::{CartId, Digest, MerchantId};
use cartage_model::parameters::{self, Assignments, GENERIC_ORDER_NUMBER_TYPE, Source, Supplied, Value};
use cartage_policy::gate::question::{CartSwitch, PluginState, PresentCart};
use cartage_store as store;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// A stored cart, with what is known of its plugin.
#[derive(Debug, Clone)]
pub struct StoredCart {
    /// The parsed definition.
    pub cart: Cart,
    /// The row: the text that the operator wrote, the pinned digest, whether the cart is enabled or paused.
    pub row: store::carts::CartRow,
    /// The mode of the cart.
    pub mode: Mode,
    /// What is known of the plugin.
    pub plugin: PluginKept,
    /// The lists that the plugin returned when the shop was asked.
    pub lists: Vec<List>,
}

/// What is known of a cart's plugin without compiling it again.
#[derive(Debug, Clone)]
pub enum PluginKept {
    /// The plugin was admitted.
    Admitted {
        /// The digest of its file.
        digest: Digest,
        /// The plugin's manifest.
        manifest: Box<Manifest>,
    },
    /// The plugin's file is absent.
    Missing,
    /// The plugin's file is not the one that the cart is pinned to.
    Changed {
        /// The digest of the file that was found.
        found: Digest,
    },
    /// The plugin was not admitted, or the file cannot be a plugin.
    Refused {
        /// The reason, for people.
        reason: String,
    },
    /// The plugin could not be examined now, for a reason of this machine and not of the cart.
    Unknown {
        /// The error that prevented it.
        why: Arc<Error>,
    },
}

/// Carts as last read, so that a burst of updates does not read and hash a plugin's file for each.
#[derive(Default)]
pub(super) struct CartCache(Mutex<BTreeMap<(MerchantId, CartId), Read>>);

/// A cart, and the stamp that its plugin's file had.
type Read = (Stamp, Arc<StoredCart>);

impl CartCache {
    pub(super) fn get(&self, key: &(MerchantId, CartId), row: &store::carts::CartRow, stamp: Option<Stamp>) -> Option<Arc<StoredCart>> {
        let carts = self.0.lock().expect("nobody panics while holding it");
        carts.get(key).filter(|(known, kept)| Some(*known) == stamp && kept.row == *row).map(|(_, kept)| kept.clone())
    }

    /// Drops the carts that are not among these.
    pub(super) fn keep_only(&self, carts: &BTreeSet<(MerchantId, CartId)>) {
        self.0.lock().expect("nobody panics while holding it").retain(|cart, _| carts.contains(cart));
    }

    pub(super) fn put(&self, key: (MerchantId, CartId), stamp: Stamp, kept: &Arc<StoredCart>) {
        self.0.lock().expect("nobody panics while holding it").insert(key, (stamp, kept.clone()));
    }
}

impl StoredCart {
    /// The pause that holds the cart at this time; `None` if there is none, or if the one on record has ended.
    pub fn pause_at(&self, now_unix_ms: u64) -> Option<&store::carts::PauseRow> {
        self.row.pause.as_ref().filter(|pause| pause.holds(now_unix_ms))
    }

    /// The cart as the gate needs it.
    ///
    /// # Errors
    ///
    /// [`Error::PluginUnknown`]: a fault of this machine must not become an answer of the gate.
    pub fn definition(&self) -> Result<PresentCart<'_>, Error> {
        Ok(PresentCart {
            cart: &self.cart,
            state: if self.row.enabled { CartSwitch::Enabled } else { CartSwitch::Disabled },
            plugin: match &self.plugin {
                PluginKept::Admitted { manifest, .. } => PluginState::Admitted { manifest, asked: find(&self.lists, &ChoicesOf::Statuses) },
                PluginKept::Missing => PluginState::Missing,
                PluginKept::Changed { .. } => PluginState::Changed,
                PluginKept::Refused { reason } => PluginState::Refused { reason },
                PluginKept::Unknown { why } => return Err(Error::PluginUnknown { cart: self.cart.id.clone(), source: why.clone() }),
            },
            mode: &self.mode,
            changes: self.cart.changes,
        })
    }

    /// The manifest of the plugin; `None` if it was not admitted.
    pub fn manifest(&self) -> Option<&Manifest> {
        match &self.plugin {
            PluginKept::Admitted { manifest, .. } => Some(manifest),
            PluginKept::Missing | PluginKept::Changed { .. } | PluginKept::Refused { .. } | PluginKept::Unknown { .. } => None,
        }
    }

    /// The digest that the cart is pinned to; `None` if it is pinned to none.
    pub fn pinned(&self) -> Option<Digest> {
        self.row.definition.plugin.or(self.cart.digest)
    }

    /// The plugin's settings that a parameter may supply, each with the value in effect.
    pub fn supplied(&self, assignments: &Assignments) -> Vec<Supplied> {
        let own = |name: &str| self.cart.own_setting(name).and_then(word).map(|word| SettingValue::Choice(word.to_owned()));
        let manifest = self.manifest();
        manifest.map_or_else(Vec::new, |manifest| parameters::supplied(&manifest.name, &self.cart.id, assignments, own))
    }

    /// The definition with the values of parameters: a parameter that is set takes precedence over the definition.
    pub fn as_set(&self, assignments: &Assignments) -> Cart {
        let mut cart = self.cart.clone();
        for supplied in self.supplied(assignments) {
            if let Some(SettingValue::Choice(word)) = supplied.value() {
                cart.supply(supplied.setting, Plain::Text(word.clone()));
            }
        }
        let kind = GENERIC_ORDER_NUMBER_TYPE.effective(Some(&cart.id), assignments);
        if kind.source != Source::Default {
            let numeric = kind.value == Value::Choice("numeric");
            cart.order_number.kind = if numeric { OrderNumberKind::Numeric } else { OrderNumberKind::Text };
        }
        cart
    }
}

fn word(value: &Plain) -> Option<&str> {
    match value {
        Plain::Text(word) => Some(word),
        Plain::Integer(_) | Plain::Boolean(_) | Plain::List(_) | Plain::Map(_) => None,
    }
}
