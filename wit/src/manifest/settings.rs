//! The values of settings: what each takes, and all of a cart's put together.

use super::{Manifest, Setting};
use crate::delivery::{self, SettingValue};
use serde::{Deserialize, Serialize};

/// Why a setting does not take a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {}

/// All that is wrong with a cart's settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} settings are not as the plugin needs them", problems.len())]
pub struct Errors {
    /// Each setting and what is wrong with it.
    pub problems: Vec<Error>,
}

/// A value as a configuration file has it, before its setting says which kind it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Plain {
    /// A text, a choice or a path.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A boolean.
    Boolean(bool),
    /// A map.
    Map(std::collections::BTreeMap<String, String>),
}

impl Setting {
    /// Whether the setting takes this value.
    pub fn accept(&self, value: &SettingValue) -> Result<(), Error> {
        todo!("{value:?}")
    }

    /// Gives a value from a configuration file the setting's kind, and checks it.
    pub fn read(&self, plain: Plain) -> Result<SettingValue, Error> {
        todo!("{plain:?}")
    }
}

impl Manifest {
    /// All settings that have a value, given or by default, in the manifest's order.
    pub fn settings_from(&self, given: Vec<delivery::Setting>) -> Result<Vec<delivery::Setting>, Errors> {
        todo!("{given:?}")
    }

    /// The same from the values of a configuration file.
    pub fn settings_read(&self, given: Vec<(String, Plain)>) -> Result<Vec<delivery::Setting>, Errors> {
        todo!("{given:?}")
    }
}
