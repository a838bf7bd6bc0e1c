//! A cart as the API shows it: its state, its plugin, its definition.

use super::super::call::Call;
use super::super::caller::Caller;
use super::super::schema;
use super::super::schema::UnixMs;
use cartage::service::{List, PluginKept, StoredCart};
use cartage_base::causes::chain;
use cartage_contract::delivery::SettingValue;
use cartage_model::carts::Mode;
use cartage_model::id::{CartId, Digest};
use cartage_model::parameters::{Assignments, Supplied, Winner};
use cartage_model::remedy::Remedy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A cart whose definition cannot be read.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UnreadableCart {
    /// The Cart ID.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// What is wrong with the definition, and where.
    pub why: String,
    /// What to do. Null: nothing is known.
    #[schema(required, value_type = Option<schema::Remedy>)]
    pub remedy: Option<Remedy>,
}

/// A cart and its state.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Cart)]
pub struct CartDocument {
    /// The Cart ID.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// Whether the cart is enabled. A disabled cart is sent nothing.
    pub enabled: bool,
    /// The pause of the cart. Null: the cart is not paused.
    #[schema(required)]
    pub pause: Option<CartPause>,
    /// Until when the cart is not asked because it fails again and again. Null: its breaker is closed.
    #[schema(required, value_type = Option<UnixMs>)]
    pub breaker_open_until_unix_ms: Option<u64>,
    /// Whether updates that pass the gate are sent.
    #[schema(value_type = schema::cart::Mode, inline)]
    pub mode: Mode,
    /// The plugin of the cart.
    pub plugin: CartPlugin,
    /// The digest of the plugin's file to which the cart is pinned. Null: the cart is not pinned.
    #[schema(required, value_type = Option<String>)]
    pub digest: Option<Digest>,
}

/// A pause of a cart.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CartPause {
    /// The reason, by name or in the words of the person who paused the cart.
    pub why: String,
    /// What the plugin said when the cart was paused. Null: nothing.
    #[schema(required)]
    pub said: Option<String>,
    /// The end of the pause. Null: until somebody resumes the cart.
    #[schema(required, value_type = Option<UnixMs>)]
    pub until_unix_ms: Option<u64>,
}

/// The plugin of a cart.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CartPlugin {
    /// The file that the cart's definition names.
    pub file: String,
    /// What is known of the file.
    #[schema(inline)]
    pub state: PluginFileState,
    /// The name of the plugin. Null: the plugin was not admitted.
    #[schema(required)]
    pub name: Option<String>,
    /// The version of the plugin. Null: the plugin was not admitted.
    #[schema(required)]
    pub version: Option<String>,
    /// The digest of the file that was found. Null: none was found, or the file cannot be used.
    #[schema(required, value_type = Option<String>)]
    pub found: Option<Digest>,
    /// Why the file cannot be used. Only users of the machine are told, because the reason may name files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub why: Option<String>,
}

/// What is known of a plugin's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PluginFileState {
    /// The plugin can be used.
    Admitted,
    /// The file is not there.
    Missing,
    /// The file is not the one to which the cart is pinned.
    Changed,
    /// The file cannot be used as a plugin.
    Refused,
    /// The file could not be examined now.
    Unknown,
}

/// A cart with its definition.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WholeCart {
    /// The state of the cart.
    #[serde(flatten)]
    pub cart: CartDocument,
    /// The definition, in TOML.
    pub definition: String,
    /// When the definition was last changed.
    #[schema(value_type = UnixMs)]
    pub changed_at_unix_ms: u64,
    /// The lists that the shop gave when it was last asked, with the plugin that the cart has now.
    #[schema(value_type = Vec<Object>)]
    pub lists: Vec<List>,
    /// The settings of the plugin that a system parameter may supply.
    pub supplied: Vec<SuppliedSetting>,
}

/// A setting of a cart's plugin that a system parameter may supply.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SuppliedSetting {
    /// The name of the parameter.
    pub parameter: String,
    /// The name of the setting.
    pub setting: String,
    /// Which value takes effect.
    #[schema(value_type = schema::cart::Winner, inline)]
    pub winner: Winner,
    /// The value that takes effect. Null: the default of the plugin.
    #[schema(required, value_type = Option<Object>)]
    pub value: Option<SettingValue>,
    /// The same in a sentence, which names both values.
    pub says: String,
}

impl From<&Supplied> for SuppliedSetting {
    fn from(supplied: &Supplied) -> SuppliedSetting {
        SuppliedSetting {
            parameter: supplied.parameter.name.to_owned(),
            setting: supplied.setting.to_owned(),
            winner: supplied.winner,
            value: supplied.value().cloned(),
            says: supplied.to_string(),
        }
    }
}

impl CartDocument {
    pub(in crate::api) fn of(call: &Call, kept: &StoredCart) -> CartDocument {
        let pause = kept.pause_at(call.service.now_unix_ms());
        CartDocument {
            cart: kept.cart.id.clone(),
            enabled: kept.row.enabled,
            pause: pause.map(|pause| CartPause { why: pause.why.clone(), said: pause.said.clone(), until_unix_ms: pause.until_unix_ms }),
            breaker_open_until_unix_ms: call.service.overview().breaker_until(&kept.cart.id),
            mode: kept.mode.clone(),
            plugin: CartPlugin::of(call, kept),
            digest: kept.pinned(),
        }
    }
}

impl CartPlugin {
    fn of(call: &Call, kept: &StoredCart) -> CartPlugin {
        let (state, manifest, found, why) = match &kept.plugin {
            PluginKept::Admitted { digest, manifest } => (PluginFileState::Admitted, Some(manifest), Some(*digest), None),
            PluginKept::Missing => (PluginFileState::Missing, None, None, None),
            PluginKept::Changed { found } => (PluginFileState::Changed, None, Some(*found), None),
            PluginKept::Refused { reason } => (PluginFileState::Refused, None, None, Some(reason.clone())),
            PluginKept::Unknown { why } => (PluginFileState::Unknown, None, None, Some(chain(&**why))),
        };
        CartPlugin {
            file: kept.cart.plugin.clone(),
            state,
            name: manifest.map(|manifest| manifest.name.clone()),
            version: manifest.map(|manifest| manifest.version.clone()),
            found,
            why: why.filter(|_| matches!(call.caller, Caller::Machine(_))),
        }
    }
}

impl WholeCart {
    pub(in crate::api) fn of(call: &Call, kept: &StoredCart, assignments: &Assignments) -> WholeCart {
        WholeCart {
            cart: CartDocument::of(call, kept),
            definition: kept.cart.to_toml(),
            changed_at_unix_ms: kept.row.changed_at_unix_ms,
            lists: kept.lists.clone(),
            supplied: kept.supplied(assignments).iter().map(SuppliedSetting::from).collect(),
        }
    }
}
