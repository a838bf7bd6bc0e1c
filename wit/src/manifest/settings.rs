//! The values of settings: what each takes, and all of a cart's put together.

use super::{Choice, Manifest, Setting, SettingKind, TextLimits};
use crate::delivery::{self, SettingValue};
use crate::encoding;
use crate::parts::Shown;
use regex_lite::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Entries of a map.
pub const MAP_ENTRIES_MAX: usize = 1000;
/// Characters of a map's key; it has at least one.
pub const MAP_KEY_CHARACTERS_MAX: usize = 255;
/// Bytes of a setting's pattern.
pub const PATTERN_BYTES_MAX: usize = 500;
/// Bytes that a compiled pattern may take: `(a{999}){999}` is refused when the manifest is checked.
const PATTERN_COMPILED_BYTES_MAX: usize = 256 << 10;

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
        #[source]
        reason: Refusal,
    },
}

/// The rule that a value breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another kind of value.
    #[error("it is {expected}, not {given}")]
    Kind {
        /// What the setting is.
        expected: &'static str,
        /// What the value is.
        given: &'static str,
    },
    /// Too short or too long.
    #[error("it has {min} to {max} characters, not {is}")]
    Length {
        /// The fewest.
        min: u32,
        /// The most.
        max: u32,
        /// How many it has.
        is: usize,
    },
    /// It holds a control character.
    #[error("it holds no line breaks or other control characters")]
    Control,
    /// It does not match the pattern.
    #[error("the whole of it matches {pattern}")]
    Pattern {
        /// The pattern.
        pattern: String,
    },
    /// Too small or too large.
    #[error("it is a number from {min} to {max}, not {is}")]
    Range {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
        /// The value.
        is: i64,
    },
    /// Not one of the choices.
    #[error("it is one of {choices}")]
    Choice {
        /// All of them.
        choices: String,
    },
    /// Not a path.
    #[error("it is a path such as /shop/index.php: {0}")]
    Path(#[source] encoding::Error),
    /// Too many entries.
    #[error("a map has at most {MAP_ENTRIES_MAX} entries")]
    Entries,
    /// A key is empty, too long or holds a control character.
    #[error("a map's key has 1 to {MAP_KEY_CHARACTERS_MAX} characters and no control characters")]
    Key,
    /// A key occurs twice.
    #[error("the key {key} is given twice")]
    KeyTwice {
        /// The key, cut and escaped.
        key: String,
    },
    /// The value of a key breaks a rule.
    #[error("the value of {key}: {reason}")]
    Entry {
        /// The key, cut and escaped.
        key: String,
        /// The rule.
        #[source]
        reason: Box<Refusal>,
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
        let distances = self.settings.iter().map(|setting| (edits(name, &setting.name), &setting.name));
        distances.min().filter(|(distance, near)| *distance <= 3 && *distance < near.len().min(name.len())).map(|(_, near)| near.clone())
    }
}

impl fmt::Display for SettingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.noun())
    }
}

impl SettingKind {
    fn noun(&self) -> &'static str {
        match self {
            SettingKind::Text(_) => "text",
            SettingKind::Integer(_) => "an integer",
            SettingKind::Boolean => "true or false",
            SettingKind::Choice(_) => "one of the choices",
            SettingKind::UrlPath => "a URL path",
            SettingKind::TextMap(_) => "a map of text to text",
            SettingKind::ChoiceMap(_) => "a map of text to one of the choices",
        }
    }
}

fn accept(kind: &SettingKind, value: &SettingValue) -> Result<(), Refusal> {
    match (kind, value) {
        (SettingKind::Text(limits), SettingValue::Text(text)) => accept_text(limits, text),
        (SettingKind::Integer(limits), SettingValue::Integer(is)) if (limits.min..=limits.max).contains(is) => Ok(()),
        (SettingKind::Integer(limits), SettingValue::Integer(is)) => Err(Refusal::Range { min: limits.min, max: limits.max, is: *is }),
        (SettingKind::Boolean, SettingValue::Boolean(_)) => Ok(()),
        (SettingKind::Choice(choices), SettingValue::Choice(value)) => accept_choice(choices, value),
        (SettingKind::UrlPath, SettingValue::UrlPath(path)) => accept_path(path),
        (SettingKind::TextMap(limits), SettingValue::TextMap(map)) => accept_map(map, |value| accept_text(limits, value)),
        (SettingKind::ChoiceMap(choices), SettingValue::TextMap(map)) => accept_map(map, |value| accept_choice(choices, value)),
        (kind, value) => Err(Refusal::Kind { expected: kind.noun(), given: noun(value) }),
    }
}

fn accept_text(limits: &TextLimits, text: &str) -> Result<(), Refusal> {
    let is = text.chars().count();
    if is < limits.min as usize || is > limits.max as usize {
        return Err(Refusal::Length { min: limits.min, max: limits.max, is });
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::Control);
    }
    match &limits.pattern {
        // A pattern that does not compile takes nothing; the manifest's check refuses it.
        Some(pattern) if !whole(pattern).is_ok_and(|regex| regex.is_match(text)) => Err(Refusal::Pattern { pattern: pattern.clone() }),
        _ => Ok(()),
    }
}

fn accept_choice(choices: &[Choice], value: &str) -> Result<(), Refusal> {
    if choices.iter().any(|choice| choice.value == value) {
        return Ok(());
    }
    Err(Refusal::Choice { choices: choices.iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>().join(", ") })
}

fn accept_path(path: &str) -> Result<(), Refusal> {
    if path.is_empty() {
        return Err(Refusal::Path(encoding::Error::PathStart));
    }
    encoding::check_path(path).map_err(Refusal::Path)
}

fn accept_map(map: &[(String, String)], accept: impl Fn(&str) -> Result<(), Refusal>) -> Result<(), Refusal> {
    if map.len() > MAP_ENTRIES_MAX {
        return Err(Refusal::Entries);
    }
    let mut keys = BTreeSet::new();
    for (key, value) in map {
        if !(1..=MAP_KEY_CHARACTERS_MAX).contains(&key.chars().count()) || key.chars().any(char::is_control) {
            return Err(Refusal::Key);
        }
        let shown = || Shown::of(key).to_string();
        if !keys.insert(key) {
            return Err(Refusal::KeyTwice { key: shown() });
        }
        accept(value).map_err(|reason| Refusal::Entry { key: shown(), reason: Box::new(reason) })?;
    }
    Ok(())
}

/// A pattern, compiled to match a whole text.
pub(super) fn whole(pattern: &str) -> Result<Regex, regex_lite::Error> {
    let compile = |text: &str| RegexBuilder::new(text).size_limit(PATTERN_COMPILED_BYTES_MAX).build();
    // Alone first: `a)|(b` would get out of the anchors.
    compile(pattern)?;
    compile(&format!("^(?:{pattern})$"))
}

fn noun(value: &SettingValue) -> &'static str {
    match value {
        SettingValue::Text(_) => "text",
        SettingValue::Integer(_) => "an integer",
        SettingValue::Boolean(_) => "true or false",
        SettingValue::Choice(_) => "a choice",
        SettingValue::UrlPath(_) => "a URL path",
        SettingValue::TextMap(_) => "a map",
    }
}

/// The Levenshtein distance of two short texts.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, l) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, r) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(l != *r);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests;
