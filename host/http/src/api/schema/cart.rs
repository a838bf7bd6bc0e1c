//! What is stored of a cart: the types of the model and of the service.
#![expect(dead_code, reason = "these types describe others and are never made")]

use super::{UnixMs, names};
use crate::api::carts::{CartDocument, SuppliedSetting};
use cartage_model::{carts, parameters};
use serde::Serialize;
use utoipa::ToSchema;

names! {
    /// Whether the operator accepts a risk.
    Consent of carts::Consent: Refused Accepted;
    /// Which of the values of a setting takes effect.
    Winner of parameters::Winner: Parameter Setting PluginDefault;
    /// What became of the next credentials after a check.
    NextCredentials of cartage::service::Next: None Promoted Refused Untold;
}

/// Whether updates that pass the gate are sent.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(in crate::api) enum Mode {
    /// Updates are recorded and not sent.
    Shadow,
    /// The updates of the orders with these numbers are sent, others are recorded.
    OnlyOrders(Vec<String>),
    /// All updates are sent.
    Live,
}

/// Where an endpoint of a cart leads.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Binding {
    base_url: String,
    /// Ports that the base URL may name besides the scheme's own. Left out: none.
    #[serde(default)]
    ports: Vec<u16>,
    /// Private addresses that the endpoint may reach. Left out: none.
    #[serde(default)]
    private: Vec<PrivateException>,
    /// Whether http without TLS is accepted beyond the private exceptions. Left out: refused.
    #[serde(default)]
    #[schema(value_type = Consent, inline)]
    plain_http: String,
    /// Whether secrets may travel over a connection without TLS beyond the private exceptions. Left out: refused.
    #[serde(default)]
    #[schema(value_type = Consent, inline)]
    secrets_in_clear: String,
    /// The base URL that OAuth 1.0a signs. Left out: the base URL.
    #[schema(nullable = false)]
    signed_base_url: Option<String>,
}

/// A named exception from the rule that private addresses are denied.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct PrivateException {
    /// What the exception is for.
    name: String,
    /// The addresses, or the endpoint's own host name.
    allow: String,
}

/// A key of a definition that changes. Its values are written as TOML.
#[derive(ToSchema)]
pub(in crate::api) struct ChangedKey {
    /// The key with the tables around it.
    key: String,
    /// The value before. Null: there was none.
    #[schema(required)]
    before: Option<String>,
    /// The value afterwards. Null: the key is removed.
    #[schema(required)]
    after: Option<String>,
}

/// A credential that is set.
#[derive(ToSchema)]
pub(in crate::api) struct StoredCredential {
    slot: String,
    field: String,
    /// Whether the value waits beside the one in use until it has worked.
    next: bool,
    /// The origins to which the value may be sent, separated by spaces.
    origins: String,
    /// When the value was set.
    #[schema(value_type = UnixMs)]
    set_at_unix_ms: u64,
}

/// A credential slot whose values may go to other origins from now on.
#[derive(ToSchema)]
pub(in crate::api) struct ApprovedSlot {
    slot: String,
    /// The origins, separated by spaces.
    origins: String,
}

/// A cart in the list of carts, as of the query `whole`.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct ListedCart {
    #[serde(flatten)]
    cart: CartDocument,
    /// The definition, in TOML. Like the members below, it is left out unless the query says `whole=true`.
    #[schema(nullable = false)]
    definition: Option<String>,
    /// When the definition was last changed.
    #[schema(value_type = Option<UnixMs>, nullable = false)]
    changed_at_unix_ms: Option<u64>,
    /// The lists that the shop gave when it was last asked, with the plugin that the cart has now.
    #[schema(value_type = Option<Vec<Object>>, nullable = false)]
    lists: Option<Vec<()>>,
    /// The settings of the plugin that a system parameter may supply.
    #[schema(nullable = false)]
    supplied: Option<Vec<SuppliedSetting>>,
}
