//! The values that a setting accepts, by its kind.

use crate::delivery::Choice;
use crate::delivery::SettingValue;
use crate::encoding;
use crate::manifest::check::{SETTING_CHARACTERS_MAX, VALUE_CHARACTERS_MAX};
use crate::manifest::{Choices, SettingKind, TextLimits};
use crate::parts::Shown;
use regex_lite::{Regex, RegexBuilder};
use std::collections::BTreeSet;
use std::fmt;

/// The most entries of a map.
pub const MAP_ENTRIES_MAX: usize = 1000;
/// The longest key of a map, in characters; a key has at least one.
pub const MAP_KEY_CHARACTERS_MAX: usize = 255;
/// The most choices in a value that takes several.
pub const SEVERAL_MAX: usize = 1000;
/// The longest pattern of a setting, in bytes.
pub const PATTERN_BYTES_MAX: usize = 500;
/// The largest compiled pattern, in bytes: `(a{999}){999}` is refused when the manifest is checked.
const PATTERN_COMPILED_BYTES_MAX: usize = 256 << 10;

/// The rule that a value breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The value is of another kind than the setting.
    #[error("it must be {expected}, not {given}")]
    Kind {
        /// The setting's kind.
        expected: &'static str,
        /// The value's kind.
        given: &'static str,
    },
    /// The text is too short or too long.
    #[error("it must have {min} to {max} characters, not {is}")]
    Length {
        /// The fewest characters that are accepted.
        min: u32,
        /// The most characters that are accepted.
        max: u32,
        /// The number of characters in the text.
        is: usize,
    },
    /// The text contains a control character.
    #[error("it must hold no line breaks or other control characters")]
    Control,
    /// The text does not match the pattern.
    #[error("the whole value must match {pattern}")]
    Pattern {
        /// The setting's pattern.
        pattern: String,
    },
    /// The number is too small or too large.
    #[error("it must be a number from {min} to {max}, not {is}")]
    Range {
        /// The smallest accepted number.
        min: i64,
        /// The largest accepted number.
        max: i64,
        /// The number that was given.
        is: i64,
    },
    /// The value is not one of the choices.
    #[error("it must be one of {choices}")]
    Choice {
        /// All choices, for the message.
        choices: String,
    },
    /// The value cannot be a choice: it is empty, too long or contains a control character.
    #[error("a choice must have 1 to {VALUE_CHARACTERS_MAX} characters and no control characters")]
    Value,
    /// The value has too many choices.
    #[error("at most {SEVERAL_MAX} choices are allowed")]
    Several,
    /// A choice is given twice.
    #[error("the choice {value} is given twice")]
    ChoiceTwice {
        /// The choice, shortened and escaped.
        value: String,
    },
    /// The text is not a URL path.
    #[error("it must be a path such as /shop/index.php: {0}")]
    Path(encoding::Error),
    /// The map has too many entries.
    #[error("a map must have at most {MAP_ENTRIES_MAX} entries")]
    Entries,
    /// A key of the map is empty, too long or contains a control character.
    #[error("a map's key must have 1 to {MAP_KEY_CHARACTERS_MAX} characters and no control characters")]
    Key,
    /// A key of the map is given twice.
    #[error("the key {key} is given twice")]
    KeyTwice {
        /// The key, shortened and escaped.
        key: String,
    },
    /// The value under a key breaks a rule.
    #[error("the value of {key}: {reason}")]
    Entry {
        /// The key, shortened and escaped.
        key: String,
        /// The rule that the value breaks.
        reason: Box<Refusal>,
    },
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
            SettingKind::Several(_) => "a list of some of the choices",
            SettingKind::Lines(_) => "text of several lines",
            SettingKind::Other(_) => "text",
        }
    }
}

/// Checks whether a setting of this kind accepts this value.
pub(super) fn accept(kind: &SettingKind, value: &SettingValue) -> Result<(), Refusal> {
    match (kind, value) {
        (SettingKind::Text(limits), SettingValue::Text(text)) => accept_text(limits, text, Lines::One),
        (SettingKind::Lines(limits), SettingValue::Text(text)) => accept_text(limits, text, Lines::Several),
        (SettingKind::Other(_), SettingValue::Text(text)) => accept_text(&ANY_TEXT, text, Lines::Several),
        (SettingKind::Several(choices), SettingValue::Several(values)) => accept_several(choices, values),
        (SettingKind::Integer(limits), SettingValue::Integer(is)) if (limits.min..=limits.max).contains(is) => Ok(()),
        (SettingKind::Integer(limits), SettingValue::Integer(is)) => Err(Refusal::Range { min: limits.min, max: limits.max, is: *is }),
        (SettingKind::Boolean, SettingValue::Boolean(_)) => Ok(()),
        (SettingKind::Choice(choices), SettingValue::Choice(value)) => accept_choice(choices, value),
        (SettingKind::UrlPath, SettingValue::UrlPath(path)) => accept_path(path),
        (SettingKind::TextMap(limits), SettingValue::TextMap(map)) => accept_map(map, |value| accept_text(limits, value, Lines::One)),
        (SettingKind::ChoiceMap(choices), SettingValue::TextMap(map)) => accept_map(map, |value| accept_choice(choices, value)),
        (kind, value) => Err(Refusal::Kind { expected: kind.noun(), given: noun(value) }),
    }
}

/// Whether a text may have several lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Several,
}

/// The limits of kinds that declare none.
const ANY_TEXT: TextLimits = TextLimits { min: 0, max: SETTING_CHARACTERS_MAX, pattern: None };

fn accept_text(limits: &TextLimits, text: &str, lines: Lines) -> Result<(), Refusal> {
    let is = text.chars().count();
    if is < limits.min as usize || is > limits.max as usize {
        return Err(Refusal::Length { min: limits.min, max: limits.max, is });
    }
    if text.chars().any(|c| c.is_control() && !(c == '\n' && lines == Lines::Several)) {
        return Err(Refusal::Control);
    }
    match &limits.pattern {
        // A pattern that does not compile accepts no text; the manifest's check refuses such a pattern.
        Some(pattern) if !whole(pattern).is_ok_and(|regex| regex.is_match(text)) => Err(Refusal::Pattern { pattern: pattern.clone() }),
        _ => Ok(()),
    }
}

fn accept_several(choices: &Choices, values: &[String]) -> Result<(), Refusal> {
    if values.len() > SEVERAL_MAX {
        return Err(Refusal::Several);
    }
    let mut seen = BTreeSet::new();
    for value in values {
        accept_choice(choices, value)?;
        if !seen.insert(value) {
            return Err(Refusal::ChoiceTwice { value: Shown::of(value).to_string() });
        }
    }
    Ok(())
}

/// Checks a choice. The manifest does not know the shop's own choices: the host compares those with the list that the plugin returned.
fn accept_choice(choices: &Choices, value: &str) -> Result<(), Refusal> {
    match choices {
        Choices::Fixed(choices) => accept_fixed(choices, value),
        Choices::Asked if (1..=VALUE_CHARACTERS_MAX).contains(&value.chars().count()) && !value.chars().any(char::is_control) => Ok(()),
        Choices::Asked => Err(Refusal::Value),
    }
}

fn accept_fixed(choices: &[Choice], value: &str) -> Result<(), Refusal> {
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

/// Compiles a pattern so that it must match a whole text.
pub(crate) fn whole(pattern: &str) -> Result<Regex, regex_lite::Error> {
    let compile = |text: &str| RegexBuilder::new(text).size_limit(PATTERN_COMPILED_BYTES_MAX).build();
    // The pattern is compiled alone first, because a pattern such as `a)|(b` would escape the anchors.
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
        SettingValue::Several(_) => "a list",
    }
}
