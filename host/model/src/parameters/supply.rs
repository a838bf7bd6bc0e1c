//! Settings that both a parameter and a plugin define: which of the two takes effect.

use super::{Assignments, Effective, GENERIC_STATUS_SEND_XML, Parameter, Source, Value};
use crate::id::CartId;
use cartage_contract::delivery::SettingValue;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A parameter that supplies a plugin's setting.
struct Supply {
    parameter: &'static Parameter,
    plugin: &'static str,
    setting: &'static str,
    as_setting: fn(&Value) -> SettingValue,
}

static SUPPLIES: [Supply; 1] = [Supply {
    parameter: &GENERIC_STATUS_SEND_XML,
    plugin: "integration-script",
    setting: "encoding",
    as_setting: |value| SettingValue::Choice(if *value == Value::Boolean(true) { "xml" } else { "delimited" }.to_owned()),
}];

/// A setting that a parameter may supply, with both values and the one in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supplied {
    /// The name of the plugin's setting.
    pub setting: &'static str,
    /// The parameter that supplies the setting.
    pub parameter: &'static Parameter,
    /// The parameter's value for this cart, and its source.
    pub effective: Effective,
    /// The parameter's value in the setting's terms.
    pub as_setting: SettingValue,
    /// The value in the cart's own definition; `None` if it has none.
    pub own: Option<SettingValue>,
    /// Which of the values takes effect.
    pub winner: Winner,
}

/// Which value takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Winner {
    /// The system parameter: somebody has set it.
    Parameter,
    /// The setting in the cart's definition: nobody has set the parameter.
    Setting,
    /// The plugin's own default: nobody has set either.
    PluginDefault,
}

impl Supplied {
    /// The value in effect; `None` for the plugin's default.
    pub fn value(&self) -> Option<&SettingValue> {
        match self.winner {
            Winner::Parameter => Some(&self.as_setting),
            Winner::Setting => self.own.as_ref(),
            Winner::PluginDefault => None,
        }
    }
}

/// Writes one sentence that names the winner and both values.
impl fmt::Display for Supplied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Supplied { setting, parameter, effective, .. } = self;
        let word = |value: &SettingValue| match value {
            SettingValue::Choice(word) | SettingValue::Text(word) | SettingValue::UrlPath(word) => word.clone(),
            SettingValue::Integer(_) | SettingValue::Boolean(_) | SettingValue::Several(_) | SettingValue::TextMap(_) => {
                format!("{value:?}")
            }
        };
        let own = self.own.as_ref().map_or_else(|| "not set".to_owned(), word);
        let said = format!("{} ({})", effective.value, effective.source);
        match self.winner {
            Winner::Parameter => write!(
                f,
                "{parameter} is {said} and supplies the plugin's setting `{setting}`: {}. The cart's own `{setting}` ({own}) is ignored.",
                word(&self.as_setting),
                parameter = parameter.name,
            ),
            Winner::Setting => {
                write!(
                    f,
                    "The cart's own setting `{setting}` applies: {own}. {} is {said}; once set, the parameter would apply instead.",
                    parameter.name
                )
            }
            Winner::PluginDefault => {
                write!(
                    f,
                    "The plugin's default for `{setting}` applies. {} is {said}; once set, the parameter would apply instead.",
                    parameter.name
                )
            }
        }
    }
}

/// Each setting of this plugin that a parameter supplies. `own` looks up a setting in the cart's definition.
pub fn supplied(plugin: &str, cart: &CartId, assignments: &Assignments, own: impl Fn(&str) -> Option<SettingValue>) -> Vec<Supplied> {
    let of_plugin = SUPPLIES.iter().filter(|supply| supply.plugin == plugin);
    of_plugin
        .map(|supply| {
            let effective = supply.parameter.effective(Some(cart), assignments);
            let own = own(supply.setting);
            let winner = match (effective.source, &own) {
                (Source::System | Source::Cart, _) => Winner::Parameter,
                (Source::Default, Some(_)) => Winner::Setting,
                (Source::Default, None) => Winner::PluginDefault,
            };
            let as_setting = (supply.as_setting)(&effective.value);
            Supplied { setting: supply.setting, parameter: supply.parameter, effective, as_setting, own, winner }
        })
        .collect()
}
