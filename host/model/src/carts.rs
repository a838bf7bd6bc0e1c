//! Cart definitions: a cart's plugin, endpoints, settings, labels, credentials and limits.
//!
//! An operator writes a cart as TOML. [`Cart::parse`] reads the whole file or refuses it with line and column; unknown keys are errors. The
//! definition is checked against the plugin's manifest later, where the plugin is known: settings in [`Cart::settings`], labels in
//! the validation of updates, base URLs and credentials in egress.

mod canonical;
pub mod delivery;
pub mod inlet;
mod limits;
mod mode;
pub mod order_number;
mod origins;
mod part;
mod secret_source;
mod wrong_digest;
mod zone;

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

pub use canonical::quoted;
pub use delivery::{DeadLetters, DeliveryRules};
pub use inlet::Inlet;
pub use limits::{CEILINGS, Limits, OverCeiling, SetLimits};
pub use mode::{ChangeRule, Mode};
pub use order_number::{OrderNumberKind, OrderNumberRule};
pub use origins::{BoundTo, Origins};
pub use part::Part;
pub use secret_source::SecretSource;
pub use wrong_digest::WrongDigest;
pub use zone::{NoZone, Zone, instant};

use crate::id::{CartId, Digest, SenderOrderNumber};
use cartage_base::bounded;
use cartage_contract::delivery::Setting;
use cartage_contract::manifest::{LIST_ENTRIES_MAX, Manifest, Plain, SettingErrors};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most labels, carriers or named orders that a cart's definition may hold.
pub const NAMES_MAX: usize = 1_000;

/// The definition of one shopping cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cart {
    /// The Cart ID, by which senders name the cart.
    #[serde(rename = "cart")]
    pub id: CartId,
    /// The plugin's file, by its name in the plugin directory.
    pub plugin: String,
    /// The digest that the file must have. Without it any file of that name is taken, and `send` prints the digest to pin.
    #[serde(default, skip_serializing_if = "is_default")]
    pub digest: Option<Digest>,
    #[serde(default, skip_serializing_if = "is_default")]
    mode: mode::Named,
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "only_orders")]
    only_orders: BTreeSet<SenderOrderNumber>,
    /// Which differences from the order's record count as a change.
    #[serde(default, skip_serializing_if = "is_default")]
    pub changes: ChangeRule,
    /// How a sender's order number becomes the cart's own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub order_number: OrderNumberRule,
    /// The base URLs and rules of the plugin's endpoints, by the manifest's names.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "bounded::map::<_, _, _, LIST_ENTRIES_MAX>")]
    pub endpoints: BTreeMap<String, Binding>,
    /// The plugin's settings, by the manifest's names.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "bounded::map::<_, _, _, LIST_ENTRIES_MAX>")]
    settings: BTreeMap<String, Plain>,
    /// The sources of the secrets, by slot and field.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "bounded::map::<_, _, _, LIST_ENTRIES_MAX>")]
    pub credentials: BTreeMap<String, BTreeMap<String, SecretSource>>,
    /// The cart's status for each label of the Order Manager.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "bounded::map::<_, _, _, NAMES_MAX>")]
    pub labels: BTreeMap<String, LabelTarget>,
    /// What happens to a label that `labels` does not name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unlisted_labels: UnlistedLabels,
    /// The cart's name for each carrier of the Order Manager. A carrier that is not named keeps its name.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "bounded::map::<_, _, _, NAMES_MAX>")]
    pub carriers: BTreeMap<String, String>,
    /// Whether the customer is notified where the sender does not say.
    #[serde(default, skip_serializing_if = "is_default")]
    pub notify_customer: NotifyCustomer,
    /// The parts of updates that the cart is never told, whatever a sender says, because the plugin cannot carry them.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "part::leave_out")]
    pub leave_out: BTreeSet<Part>,
    /// The time zone of the Order Manager's clock. `None` if it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<Zone>,
    /// The rules for concurrency, rate, retries and dead letters.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delivery: DeliveryRules,
    /// How an Order Manager that speaks the classic protocol posts to this cart. `None` if none does.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seti: Option<Inlet>,
    /// The limits of one call, as far as the operator set them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: SetLimits,
}

/// The base URL and the exceptions of one endpoint, as the operator writes them. Egress checks them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// The base URL, in its normal form.
    pub base_url: String,
    /// Ports that the base URL may name besides the scheme's own. A private exception needs none listed.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "bounded::list::<_, _, LIST_ENTRIES_MAX>")]
    pub ports: Vec<u16>,
    /// Private addresses that this endpoint may reach, each with the reason why.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "bounded::list::<_, _, LIST_ENTRIES_MAX>")]
    pub private: Vec<PrivateException>,
    /// Whether `http` without TLS is accepted beyond the private exceptions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub plain_http: Consent,
    /// Whether secrets may travel over a connection without TLS beyond the private exceptions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub secrets_in_clear: Consent,
    /// The base URL that OAuth 1.0a signs, where the cart knows itself by another than `base_url`, such as its home URL behind a proxy.
    #[serde(default, skip_serializing_if = "is_default")]
    pub signed_base_url: Option<String>,
}

/// A named exception from the rule that private addresses are denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateException {
    /// What the exception is for, for whoever reads the file next: `shop in our own rack`.
    pub name: String,
    /// The addresses, such as `127.0.0.1/32` or `10.1.2.0/24`, or the endpoint's own host name, such as `shop.lan`.
    pub allow: String,
}

/// Whether the operator accepts a risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// The operator does not accept the risk.
    #[default]
    Refused,
    /// The operator accepts the risk.
    Accepted,
}

/// What an update's label becomes at the cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenTarget", into = "WrittenTarget")]
pub enum LabelTarget {
    /// The label becomes this status of the cart, exactly as written.
    Status(String),
    /// The order's status stays as it is; tracking data and notes are sent.
    TrackingOnly,
    /// Nothing is sent for this label.
    Ignore,
}

/// A target in the operator's spelling: `"Shipped"`, `"tracking-only"`, `"ignore"`, or `{ status = "ignore" }` for a cart that really has a status of
/// that name.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WrittenTarget {
    Word(String),
    Exactly { status: String },
}

impl From<WrittenTarget> for LabelTarget {
    fn from(written: WrittenTarget) -> LabelTarget {
        match written {
            WrittenTarget::Word(word) if word == "tracking-only" => LabelTarget::TrackingOnly,
            WrittenTarget::Word(word) if word == "ignore" => LabelTarget::Ignore,
            WrittenTarget::Word(status) | WrittenTarget::Exactly { status } => LabelTarget::Status(status),
        }
    }
}

impl From<LabelTarget> for WrittenTarget {
    fn from(target: LabelTarget) -> WrittenTarget {
        match target {
            LabelTarget::TrackingOnly => WrittenTarget::Word("tracking-only".to_owned()),
            LabelTarget::Ignore => WrittenTarget::Word("ignore".to_owned()),
            LabelTarget::Status(status) if matches!(status.as_str(), "tracking-only" | "ignore") => WrittenTarget::Exactly { status },
            LabelTarget::Status(status) => WrittenTarget::Word(status),
        }
    }
}

/// What happens to a label that the map does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnlistedLabels {
    /// The label's own text becomes the status.
    #[default]
    Same,
    /// The order's status stays as it is; tracking data and notes are sent.
    TrackingOnly,
    /// Nothing is sent for such a label.
    Ignore,
    /// The update is refused.
    Refuse,
}

/// Whether the customer is notified where the sender does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotifyCustomer {
    /// The cart decides by its own settings.
    #[default]
    CartDefault,
    /// The customer is not notified.
    Never,
    /// The customer is notified.
    Always,
}

/// Why a cart's file or its settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is not TOML, or does not have the form of a cart.
    #[error("could not read the cart in {file}")]
    Syntax {
        /// The file's name, as given to [`Cart::parse`].
        file: String,
        /// The line, the column and what is wrong there.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A limit is higher than its ceiling.
    #[error("could not read the cart in {file}")]
    Limit {
        /// The file's name, as given to [`Cart::parse`].
        file: String,
        /// The limit and its ceiling.
        #[source]
        source: OverCeiling,
    },
    /// The keys `mode` and `only_orders` contradict each other.
    #[error("could not read the cart in {file}: {problem}")]
    Mode {
        /// The file's name, as given to [`Cart::parse`].
        file: String,
        /// The contradiction, and what to write instead.
        problem: &'static str,
    },
    /// The settings do not fit the plugin's manifest.
    #[error("the settings of cart {cart} do not fit its plugin")]
    Settings {
        /// The cart whose settings do not fit.
        cart: CartId,
        /// The settings that do not fit, each with the reason.
        #[source]
        source: SettingErrors,
    },
}

impl Cart {
    /// Reads a cart's TOML. `file` is the name that errors show.
    ///
    /// # Errors
    ///
    /// [`Error::Syntax`], with line and column, [`Error::Mode`] and [`Error::Limit`].
    pub fn parse(file: &str, text: &str) -> Result<Cart, Error> {
        let cart: Cart = toml::from_str(text).map_err(|source| Error::Syntax { file: file.to_owned(), source: Box::new(source) })?;
        cart.check_mode(file)?;
        cart.limits.or(Limits::default()).check().map_err(|source| Error::Limit { file: file.to_owned(), source })?;
        Ok(cart)
    }

    /// All settings that have a value, given or by default, checked against the plugin's manifest.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`], naming every setting that is unknown, missing, of another type or out of its limits.
    pub fn settings(&self, manifest: &Manifest) -> Result<Vec<Setting>, Error> {
        let given = self.settings.clone().into_iter().collect();
        manifest.settings_read(given).map_err(|source| Error::Settings { cart: self.id.clone(), source })
    }

    /// The value that this cart's definition gives a setting; `None` if it gives none.
    pub fn own_setting(&self, name: &str) -> Option<&Plain> {
        self.settings.get(name)
    }

    /// Sets a setting, in place of the value that the definition gives it.
    pub fn supply(&mut self, name: &str, value: Plain) {
        self.settings.insert(name.to_owned(), value);
    }

    /// Renames settings that stand under a former name to the name that the plugin uses now. A setting that stands under both names stays as it is:
    /// [`Cart::settings`] refuses it. Returns each former name with the present one.
    pub fn rename_settings(&mut self, manifest: &Manifest) -> Vec<(String, String)> {
        let mut renamed = Vec::new();
        for setting in &manifest.settings {
            for former in &setting.former_names {
                if manifest.setting(former).is_some() || self.settings.contains_key(&setting.name) {
                    continue;
                }
                if let Some(value) = self.settings.remove(former) {
                    self.settings.insert(setting.name.clone(), value);
                    renamed.push((former.clone(), setting.name.clone()));
                }
            }
        }
        renamed
    }

    /// What this cart makes of a label. `None` if the cart refuses the label.
    pub fn target(&self, label: &str) -> Option<LabelTarget> {
        if let Some(target) = self.labels.get(label) {
            return Some(target.clone());
        }
        match self.unlisted_labels {
            UnlistedLabels::Same => Some(LabelTarget::Status(label.to_owned())),
            UnlistedLabels::TrackingOnly => Some(LabelTarget::TrackingOnly),
            UnlistedLabels::Ignore => Some(LabelTarget::Ignore),
            UnlistedLabels::Refuse => None,
        }
    }

    /// The cart's name for a carrier.
    pub fn carrier(&self, given: &str) -> String {
        self.carriers.get(given).cloned().unwrap_or_else(|| given.to_owned())
    }
}

/// Reads the orders of mode `only-orders`, at most [`NAMES_MAX`].
fn only_orders<'de, D: serde::Deserializer<'de>>(from: D) -> Result<BTreeSet<SenderOrderNumber>, D::Error> {
    bounded::list::<_, _, NAMES_MAX>(from).map(|orders: Vec<SenderOrderNumber>| orders.into_iter().collect())
}

/// Whether a value is the one that counts if the key is left out.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
