//! Which values a setting takes, by its kind.

use crate::delivery::Choice;
use crate::delivery::SettingValue;
use crate::encoding;
use crate::manifest::check::{SETTING_CHARACTERS_MAX, VALUE_CHARACTERS_MAX};
use crate::manifest::{Choices, SettingKind, TextLimits};
use crate::parts::Shown;
use regex_lite::{Regex, RegexBuilder};
use std::collections::BTreeSet;
use std::fmt;

/// Entries of a map.
pub const MAP_ENTRIES_MAX: usize = 1000;
/// Characters of a map's key; it has at least one.
pub const MAP_KEY_CHARACTERS_MAX: usize = 255;
/// Choices of one value that takes several.
pub const SEVERAL_MAX: usize = 1000;
/// Bytes of a setting's pattern.
pub const PATTERN_BYTES_MAX: usize = 500;
/// Bytes that a compiled pattern may take: `(a{999}){999}` is refused when the manifest is checked.
const PATTERN_COMPILED_BYTES_MAX: usize = 256 << 10;

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
    /// A choice of the shop's that cannot be one.
    #[error("a choice has 1 to {VALUE_CHARACTERS_MAX} characters and no control characters")]
    Value,
    /// Too many choices.
    #[error("at most {SEVERAL_MAX} choices are taken")]
    Several,
    /// A choice is there twice.
    #[error("the choice {value} is given twice")]
    ChoiceTwice {
        /// The choice, cut and escaped.
        value: String,
    },
    /// Not a path.
    #[error("it is a path such as /shop/index.php: {0}")]
    Path(encoding::Error),
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

/// Whether a setting of this kind takes this value.
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

/// How many lines a text may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Several,
}

/// The limits of a kind that says none.
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
        // A pattern that does not compile takes nothing; the manifest's check refuses it.
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

/// Of a shop's own choices the manifest knows none: the host looks at the list that it asked for.
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

/// A pattern, compiled to match a whole text.
pub(crate) fn whole(pattern: &str) -> Result<Regex, regex_lite::Error> {
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
        SettingValue::Several(_) => "a list",
    }
}
