//! Carts: which plugin speaks for a cart, where its endpoints lead, what it is set to and how much it may use.
//!
//! A cart is written as TOML by its operator. [`Cart::parse`] takes it in whole or refuses it with the line and column; unknown keys
//! are errors. What a cart says is judged against a plugin's manifest later, where the plugin is known: settings in
//! [`Cart::settings`], labels in [`crate::validate`], base URLs and credentials in [`crate::egress`].

mod canonical;
pub mod delivery;
pub mod inlet;
mod limits;
mod mode;
pub mod order_number;
mod origins;
mod part;
pub mod secrets;
mod zone;

#[cfg(test)]
mod reference;
#[cfg(test)]
pub(crate) mod tests;

pub use canonical::quoted;
pub use delivery::{DeadLetters, DeliveryRules};
pub use inlet::Inlet;
pub use limits::{CEILINGS, Limits, OverCeiling, SetLimits};
pub use mode::{ChangeRule, Mode};
pub use order_number::{OrderNumberKind, OrderNumberRule};
pub use part::Part;
pub use secrets::SecretSource;
pub use zone::{NoZone, Zone, instant};

use crate::bounded;
use crate::id::{CartId, Digest, SenderOrderNumber};
use cartage_contract::delivery::Setting;
use cartage_contract::manifest::{LIST_ENTRIES_MAX, Manifest, Plain, SettingErrors};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Labels or carriers that a cart's maps name, at most; also the orders of mode `only-orders`.
pub const NAMES_MAX: usize = 1_000;

/// One shopping cart definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cart {
    /// Its Cart ID.
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
    /// What counts as a change.
    #[serde(default, skip_serializing_if = "is_default")]
    pub changes: ChangeRule,
    /// What the cart calls an order.
    #[serde(default, skip_serializing_if = "is_default")]
    pub order_number: OrderNumberRule,
    /// Where the plugin's endpoints lead, by the manifest's names.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "bounded::map::<_, _, _, LIST_ENTRIES_MAX>")]
    pub endpoints: BTreeMap<String, Binding>,
    /// The plugin's settings, by the manifest's names.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "bounded::map::<_, _, _, LIST_ENTRIES_MAX>")]
    settings: BTreeMap<String, Plain>,
    /// Where the secrets are, by slot and field.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "bounded::map::<_, _, _, LIST_ENTRIES_MAX>")]
    pub credentials: BTreeMap<String, BTreeMap<String, SecretSource>>,
    /// What a label of the Order Manager becomes at the cart.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "bounded::map::<_, _, _, NAMES_MAX>")]
    pub labels: BTreeMap<String, LabelTarget>,
    /// What becomes of a label that `labels` does not name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unlisted_labels: UnlistedLabels,
    /// What a carrier of the Order Manager is called at the cart. One that is not named keeps its name.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "bounded::map::<_, _, _, NAMES_MAX>")]
    pub carriers: BTreeMap<String, String>,
    /// Whether the customer is notified where the sender does not say.
    #[serde(default, skip_serializing_if = "is_default")]
    pub notify_customer: NotifyCustomer,
    /// What it is never told, whatever a sender says: for a plugin that cannot carry it.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "part::leave_out")]
    pub leave_out: BTreeSet<Part>,
    /// The time zone of its Order Manager's clock. None: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<Zone>,
    /// How updates are taken to it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delivery: DeliveryRules,
    /// How an Order Manager that speaks the classic protocol posts to this cart. None: it does not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seti: Option<Inlet>,
    /// What one call may use, as far as it is set here.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: SetLimits,
}

/// Where an endpoint leads, as the operator writes it. [`crate::egress`] checks it.
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
    /// Whether secrets may travel over such a connection.
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
    /// What it is, for whoever reads the file next: `shop in our own rack`.
    pub name: String,
    /// The addresses, such as `127.0.0.1/32` or `10.1.2.0/24`, or the endpoint's own host name, such as `shop.lan`.
    pub allow: String,
}

/// Whether the operator takes a risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// Not taken.
    #[default]
    Refused,
    /// Taken.
    Accepted,
}

/// What a label becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenTarget", into = "WrittenTarget")]
pub enum LabelTarget {
    /// This status of the cart, exactly.
    Status(String),
    /// The order's status stays; tracking data and notes are sent.
    TrackingOnly,
    /// Nothing is sent.
    Ignore,
}

/// As the operator writes a target: `"Shipped"`, `"tracking-only"`, `"ignore"`, or `{ status = "ignore" }` for a cart that
/// really has a status of that name.
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

/// What becomes of a label that the map does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnlistedLabels {
    /// The label's own text is the status.
    #[default]
    Same,
    /// The order's status stays; tracking data and notes are sent.
    TrackingOnly,
    /// Nothing is sent.
    Ignore,
    /// It is an error.
    Refuse,
}

/// Whether the customer is notified where the sender does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotifyCustomer {
    /// The cart decides.
    #[default]
    CartDefault,
    /// Never.
    Never,
    /// Always.
    Always,
}

/// Why a cart's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is no TOML, or not of a cart's shape.
    #[error("could not read the cart in {file}")]
    Syntax {
        /// The file's name, for the message.
        file: String,
        /// Line, column and what is wrong there.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A limit is over its ceiling.
    #[error("could not read the cart in {file}")]
    Limit {
        /// The file's name, for the message.
        file: String,
        /// Which, and how high it may be.
        #[source]
        source: OverCeiling,
    },
    /// The mode and its orders do not go together.
    #[error("could not read the cart in {file}: {problem}")]
    Mode {
        /// The file's name, for the message.
        file: String,
        /// What does not, and what to do.
        problem: &'static str,
    },
    /// The settings do not fit the plugin's manifest.
    #[error("the settings of cart {cart} do not fit its plugin")]
    Settings {
        /// The cart.
        cart: CartId,
        /// Which setting, and why.
        #[source]
        source: SettingErrors,
    },
}

impl Cart {
    /// Reads a cart's TOML. `file` names it in errors.
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

    /// Every setting that has a value, given or by default, checked against the plugin's manifest.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`], naming every setting that is unknown, missing, of another type or out of its limits.
    pub fn settings(&self, manifest: &Manifest) -> Result<Vec<Setting>, Error> {
        let given = self.settings.clone().into_iter().collect();
        manifest.settings_read(given).map_err(|source| Error::Settings { cart: self.id.clone(), source })
    }

    /// What this cart's definition says of a setting.
    pub fn own_setting(&self, name: &str) -> Option<&Plain> {
        self.settings.get(name)
    }

    /// Gives a setting a value in the place of the one that the definition gives it.
    pub fn supply(&mut self, name: &str, value: Plain) {
        self.settings.insert(name.to_owned(), value);
    }

    /// Gives every setting that stands under a former name the name that the plugin has for it now. One that is there under both stays as it
    /// is: [`Cart::settings`] refuses it. Gives each former name with the present one.
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

    /// What this cart makes of a label. None: a label that it refuses.
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

    /// What the cart calls a carrier.
    pub fn carrier(&self, given: &str) -> String {
        self.carriers.get(given).cloned().unwrap_or_else(|| given.to_owned())
    }
}

/// The orders of mode `only-orders`.
fn only_orders<'de, D: serde::Deserializer<'de>>(from: D) -> Result<BTreeSet<SenderOrderNumber>, D::Error> {
    bounded::list::<_, _, NAMES_MAX>(from).map(|orders: Vec<SenderOrderNumber>| orders.into_iter().collect())
}

/// Whether a value is what it would be if nobody had written it.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
