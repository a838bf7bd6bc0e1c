//! The values of settings: what each takes, and all of a cart's put together.

mod accept;

pub(super) use accept::whole;
pub use accept::{MAP_ENTRIES_MAX, MAP_KEY_CHARACTERS_MAX, PATTERN_BYTES_MAX, Refusal, SEVERAL_MAX};

use super::{Manifest, Setting, SettingKind};
use crate::delivery::{self, SettingValue};
use crate::parts::Shown;
use accept::accept;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a setting does not take a value, or a cart's settings are not complete.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The plugin has no such setting.
    #[error("setting {name} is not one of the plugin's{}", nearest.as_ref().map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default())]
    Unknown {
        /// As it was given, cut and escaped.
        name: String,
        /// A setting whose name is much like it.
        nearest: Option<String>,
    },
    /// It must have a value.
    #[error("setting {name} ({title}) has no value and needs one")]
    Missing {
        /// The setting.
        name: String,
        /// What the operator knows it as.
        title: String,
    },
    /// It has two values, perhaps one of them under a former name.
    #[error("setting {name} is given twice, perhaps under a former name; give it once")]
    Twice {
        /// The setting.
        name: String,
    },
    /// The value does not fit.
    #[error("setting {name} does not take this value: {reason}")]
    Refused {
        /// The setting.
        name: String,
        /// The rule that the value breaks.
        reason: Refusal,
    },
}

/// All that is wrong with a cart's settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.iter().map(Error::to_string).collect::<Vec<_>>().join("; "))]
pub struct Errors {
    /// Each setting and what is wrong with it. At least one.
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
    /// A list of choices.
    List(Vec<String>),
    /// A map.
    Map(BTreeMap<String, String>),
}

impl Setting {
    /// Whether the setting takes this value.
    ///
    /// # Errors
    /// [`Error::Refused`] with the rule that the value breaks.
    pub fn accept(&self, value: &SettingValue) -> Result<(), Error> {
        accept(&self.kind, value).map_err(|reason| Error::Refused { name: self.name.clone(), reason })
    }

    /// Gives a value from a configuration file the setting's kind, and checks it. Nothing is converted: `"true"` is no boolean.
    ///
    /// # Errors
    /// As [`Setting::accept`].
    pub fn read(&self, plain: Plain) -> Result<SettingValue, Error> {
        let value = match (&self.kind, plain) {
            (SettingKind::Choice(_), Plain::Text(text)) => SettingValue::Choice(text),
            (SettingKind::UrlPath, Plain::Text(text)) => SettingValue::UrlPath(text),
            (_, Plain::Text(text)) => SettingValue::Text(text),
            (_, Plain::Integer(integer)) => SettingValue::Integer(integer),
            (_, Plain::Boolean(boolean)) => SettingValue::Boolean(boolean),
            (_, Plain::List(values)) => SettingValue::Several(values),
            (_, Plain::Map(map)) => SettingValue::TextMap(map.into_iter().collect()),
        };
        self.accept(&value)?;
        Ok(value)
    }
}

impl Manifest {
    /// All settings that have a value, given or by default, in the manifest's order: what a plugin gets in its context. A value given under
    /// a former name carries over.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub fn settings_from(&self, given: Vec<delivery::Setting>) -> Result<Vec<delivery::Setting>, Errors> {
        self.complete(given.into_iter().map(|setting| (setting.name, setting.value)), |setting, value| {
            setting.accept(&value)?;
            Ok(value)
        })
    }

    /// The same from the values of a configuration file.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub fn settings_read(&self, given: Vec<(String, Plain)>) -> Result<Vec<delivery::Setting>, Errors> {
        self.complete(given.into_iter(), Setting::read)
    }

    fn complete<T>(
        &self,
        given: impl Iterator<Item = (String, T)>,
        read: impl Fn(&Setting, T) -> Result<SettingValue, Error>,
    ) -> Result<Vec<delivery::Setting>, Errors> {
        let mut problems = Vec::new();
        let mut values: BTreeMap<&str, Option<SettingValue>> = BTreeMap::new();
        for (name, value) in given {
            let known = |setting: &&Setting| setting.name == name || setting.former_names.contains(&name);
            match self.setting(&name).or_else(|| self.settings.iter().find(known)) {
                None => problems.push(Error::Unknown { nearest: self.nearest_setting(&name), name: Shown::of(&name).to_string() }),
                Some(setting) if values.contains_key(setting.name.as_str()) => problems.push(Error::Twice { name: setting.name.clone() }),
                Some(setting) => {
                    let value = read(setting, value).map_err(|error| problems.push(error)).ok();
                    values.insert(&setting.name, value);
                }
            }
        }
        let mut complete = Vec::new();
        for setting in &self.settings {
            // A refused value counts as given: it is reported once.
            let value = values.remove(setting.name.as_str()).unwrap_or_else(|| {
                if setting.required && setting.default.is_none() {
                    problems.push(Error::Missing { name: setting.name.clone(), title: setting.title.clone() });
                }
                setting.default.clone()
            });
            complete.extend(value.map(|value| delivery::Setting { name: setting.name.clone(), value }));
        }
        if problems.is_empty() { Ok(complete) } else { Err(Errors { problems }) }
    }

    fn nearest_setting(&self, name: &str) -> Option<String> {
        if name.len() > 63 {
            return None;
        }
        let distances = self.settings.iter().map(|setting| (strsim::osa_distance(name, &setting.name), &setting.name));
        distances.min().filter(|(distance, near)| *distance <= 3 && *distance < near.len().min(name.len())).map(|(_, near)| near.clone())
    }
}

#[cfg(test)]
mod tests;
