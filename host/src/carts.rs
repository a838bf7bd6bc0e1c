//! Carts: which plugin speaks for a cart, where its endpoints lead, what it is set to and how much it may use.
//!
//! A cart is written as TOML by its operator. [`Cart::parse`] takes it in whole or refuses it with the line and column; unknown keys
//! are errors. What a cart says is judged against a plugin's manifest later, where the plugin is known: settings in
//! [`Cart::settings`], labels in [`crate::validate`], base URLs and credentials in [`crate::egress`].

mod limits;
mod mode;
pub mod secrets;

pub use limits::Limits;
pub use mode::{ChangeRule, Mode, ModeError};
pub use secrets::SecretSource;

use crate::id::{CartId, Digest};
use cartage_contract::delivery::Setting;
use cartage_contract::manifest::{Manifest, Plain, SettingErrors};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One shopping cart definition.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cart {
    /// Its Cart ID.
    #[serde(rename = "cart")]
    pub id: CartId,
    /// The plugin's file, by its name in the plugin directory.
    pub plugin: String,
    /// The digest that the file must have. Without it any file of that name is taken, and `send` prints the digest to pin.
    #[serde(default)]
    pub digest: Option<Digest>,
    /// Where the plugin's endpoints lead, by the manifest's names.
    #[serde(default)]
    pub endpoints: BTreeMap<String, Binding>,
    /// The plugin's settings, by the manifest's names.
    #[serde(default)]
    settings: BTreeMap<String, Plain>,
    /// Where the secrets are, by slot and field.
    #[serde(default)]
    pub credentials: BTreeMap<String, BTreeMap<String, SecretSource>>,
    /// What a label of the Order Manager becomes at the cart.
    #[serde(default)]
    pub labels: BTreeMap<String, LabelTarget>,
    /// What becomes of a label that `labels` does not name.
    #[serde(default)]
    pub unlisted_labels: UnlistedLabels,
    /// What a carrier of the Order Manager is called at the cart. One that is not named keeps its name.
    #[serde(default)]
    pub carriers: BTreeMap<String, String>,
    /// Whether the customer is notified where the sender does not say.
    #[serde(default)]
    pub notify_customer: NotifyCustomer,
    /// Whether what passes the gate is sent.
    #[serde(default)]
    pub mode: Mode,
    /// What counts as a change.
    #[serde(default)]
    pub changes: ChangeRule,
    /// What one call may use.
    #[serde(default)]
    pub limits: Limits,
}

/// Where an endpoint leads, as the operator writes it. [`crate::egress`] checks it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// The base URL, in its normal form.
    pub base_url: String,
    /// Ports that the base URL may name besides the scheme's own. A private exception needs none listed.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Private addresses that this endpoint may reach, each with the reason why.
    #[serde(default)]
    pub private: Vec<PrivateException>,
    /// Whether `http` without TLS is accepted beyond the private exceptions.
    #[serde(default)]
    pub plain_http: Consent,
    /// Whether secrets may travel over such a connection.
    #[serde(default)]
    pub secrets_in_clear: Consent,
}

/// A named exception from the rule that private addresses are denied.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateException {
    /// What it is, for whoever reads the file next: `shop in our own rack`.
    pub name: String,
    /// The addresses, such as `127.0.0.1/32` or `10.1.2.0/24`, or the endpoint's own host name, such as `shop.lan`.
    pub allow: String,
}

/// Whether the operator takes a risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// Not taken.
    #[default]
    Refused,
    /// Taken.
    Accepted,
}

/// What a label becomes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WrittenTarget")]
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
#[derive(Deserialize)]
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

/// What becomes of a label that the map does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
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
    /// [`Error::Syntax`], with line and column.
    pub fn parse(file: &str, text: &str) -> Result<Cart, Error> {
        toml::from_str(text).map_err(|source| Error::Syntax { file: file.to_owned(), source: Box::new(source) })
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

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        cart = "seed-shop"
        plugin = "integration-script.wasm"
        unlisted_labels = "refuse"
        notify_customer = "never"

        [endpoints.script]
        base_url = "http://127.0.0.1:8089/seti.php"
        private = [{ name = "demo cart on this machine", allow = "127.0.0.1/32" }]

        [settings]
        encoding = "xml"

        [credentials.account]
        setiuser = { text = "seed" }
        password = { env = "SEED_PASSWORD" }

        [labels]
        "Order Shipped" = "Shipped"
        "Packed" = "ignore"
        "Tracking Number Imported" = "tracking-only"
        "Odd" = { status = "ignore" }

        [carriers]
        FX = "FedEx"

        [limits]
        requests = 3
    "#;

    #[test]
    fn a_cart_reads_as_its_operator_wrote_it() {
        let cart = Cart::parse("seed.toml", WHOLE).expect("the example is valid");
        assert_eq!(cart.id.as_str(), "seed-shop");
        assert_eq!(cart.limits, Limits { requests: 3, ..Limits::default() });
        assert_eq!(cart.credentials["account"]["password"], SecretSource::Env("SEED_PASSWORD".into()));
        assert_eq!(cart.endpoints["script"].plain_http, Consent::Refused);
        assert_eq!((cart.carrier("FX"), cart.carrier("UPS")), ("FedEx".into(), "UPS".into()));
        let targets = ["Order Shipped", "Packed", "Tracking Number Imported", "Odd", "Never heard of"].map(|label| cart.target(label));
        assert_eq!(
            targets,
            [
                Some(LabelTarget::Status("Shipped".into())),
                Some(LabelTarget::Ignore),
                Some(LabelTarget::TrackingOnly),
                Some(LabelTarget::Status("ignore".into())),
                None
            ]
        );
    }

    #[test]
    fn unknown_keys_are_errors_with_line_and_column() {
        for (wrong, right) in [
            ("cart = ", "crat = "),
            ("base_url = ", "base_urls = "),
            ("requests = 3", "request = 3"),
            ("{ env = ", "{ environment = "),
            ("name = \"demo cart on this machine\"", "why = \"demo\""),
        ] {
            let error = Cart::parse("seed.toml", &WHOLE.replace(wrong, right)).expect_err(right);
            let Error::Syntax { source, .. } = error else { panic!("{error}") };
            assert!(source.to_string().contains("line"), "{source}");
        }
    }
}
