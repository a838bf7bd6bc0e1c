//! The values of settings: the values that each accepts, and all values of a cart together.

mod accept;

pub(super) use accept::whole;
pub use accept::{MAP_ENTRIES_MAX, MAP_KEY_CHARACTERS_MAX, PATTERN_BYTES_MAX, Refusal, SEVERAL_MAX};

use super::{Manifest, Setting, SettingKind};
use crate::delivery::{self, SettingValue};
use crate::parts::Shown;
use accept::accept;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a setting does not accept a value, or why a cart's settings are incomplete.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The plugin has no such setting.
    #[error("setting {name} is not one of the plugin's{}", nearest.as_ref().map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default())]
    Unknown {
        /// The name that was given, shortened and escaped.
        name: String,
        /// The most similar name of a setting; `None` if none is similar.
        nearest: Option<String>,
    },
    /// The setting is required and has no value.
    #[error("setting {name} ({title}) has no value and needs one")]
    Missing {
        /// The setting's name.
        name: String,
        /// The setting's title, which the operator sees.
        title: String,
    },
    /// The setting has two values; one of them may be given under a former name.
    #[error("setting {name} is given twice, perhaps under a former name; give it once")]
    Twice {
        /// The setting's name.
        name: String,
    },
    /// The setting does not accept the value.
    #[error("setting {name} does not take this value: {reason}")]
    Refused {
        /// The setting's name.
        name: String,
        /// The rule that the value breaks.
        reason: Refusal,
    },
}

/// All problems in a cart's settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.iter().map(Error::to_string).collect::<Vec<_>>().join("; "))]
pub struct Errors {
    /// A problem for each faulty setting; at least one.
    pub problems: Vec<Error>,
}

/// A value in a configuration file, before its setting determines its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Plain {
    /// The text of a text, a choice or a path.
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
    /// Checks whether the setting accepts this value.
    ///
    /// # Errors
    /// [`Error::Refused`] with the rule that the value breaks.
    pub fn accept(&self, value: &SettingValue) -> Result<(), Error> {
        accept(&self.kind, value).map_err(|reason| Error::Refused { name: self.name.clone(), reason })
    }

    /// Converts a value from a configuration file to the setting's kind and checks it. The type must match: `"true"` is not a boolean.
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
    /// All settings that have a value, given or by default, in the manifest's order: the settings of a plugin's context. A value that was given under
    /// a former name carries over.
    ///
    /// # Errors
    /// [`Errors`] with all problems at once.
    pub fn settings_from(&self, given: Vec<delivery::Setting>) -> Result<Vec<delivery::Setting>, Errors> {
        self.complete(given.into_iter().map(|setting| (setting.name, setting.value)), |setting, value| {
            setting.accept(&value)?;
            Ok(value)
        })
    }

    /// As [`Manifest::settings_from`], with values from a configuration file.
    ///
    /// # Errors
    /// [`Errors`] with all problems at once.
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
            // A refused value counts as given, so that it is reported once.
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
