//! Describes a plugin's settings, and parses values that a person types.

use cartage_contract::delivery::{Choice, SettingValue};
use cartage_contract::manifest::{Choices, Plain, SettingKind, TextLimits};
use std::collections::BTreeMap;

/// Describes the values that a setting takes.
pub(in crate::cli) fn takes(kind: &SettingKind) -> String {
    let limits = |limits: &TextLimits| {
        let pattern = limits.pattern.as_ref().map(|pattern| format!(", like {pattern}")).unwrap_or_default();
        format!("text of {} to {} characters{pattern}", limits.min, limits.max)
    };
    let choices = |choices: &Choices| choices.fixed().map_or_else(|| "those that the shop lists".to_owned(), values);
    match kind {
        SettingKind::Text(text) => limits(text),
        SettingKind::Integer(integer) => format!("a number from {} to {}", integer.min, integer.max),
        SettingKind::Boolean => "true or false".to_owned(),
        SettingKind::Choice(all) => format!("one of: {}", choices(all)),
        SettingKind::UrlPath => "a path of a URL".to_owned(),
        SettingKind::TextMap(text) => format!("a map to {}", limits(text)),
        SettingKind::ChoiceMap(all) => format!("a map to one of: {}", choices(all)),
        SettingKind::Several(all) => format!("a list of some of: {}", choices(all)),
        SettingKind::Lines(text) => format!("{}, on several lines", limits(text)),
        SettingKind::Other(extension) => format!("text of the kind {}", extension.name),
    }
}

pub(in crate::cli) fn value_text(value: &SettingValue) -> String {
    match value {
        SettingValue::Text(text) | SettingValue::Choice(text) | SettingValue::UrlPath(text) => {
            if text.is_empty() {
                "(empty)".to_owned()
            } else {
                text.clone()
            }
        }
        SettingValue::Integer(number) => number.to_string(),
        SettingValue::Boolean(yes) => yes.to_string(),
        SettingValue::Several(values) => values.join(", "),
        SettingValue::TextMap(map) => map.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", "),
    }
}

/// Parses a typed value as the setting's kind. The setting's own limits are not checked here. An entry of a map is `name=value`. The error says what is
/// expected.
pub(in crate::cli) fn typed(kind: &SettingKind, text: &str) -> Result<Plain, String> {
    Ok(match kind {
        SettingKind::Integer(_) => Plain::Integer(text.parse().map_err(|_| format!("{text:?} is not a whole number"))?),
        SettingKind::Boolean => match text.to_ascii_lowercase().as_str() {
            "yes" | "true" => Plain::Boolean(true),
            "no" | "false" => Plain::Boolean(false),
            _ => return Err("answer yes or no".to_owned()),
        },
        SettingKind::Several(_) => Plain::List(text.split(',').map(|value| value.trim().to_owned()).collect()),
        // One typed line cannot contain a line feed, so `\n` stands for it.
        SettingKind::Lines(_) => Plain::Text(text.replace("\\n", "\n")),
        SettingKind::TextMap(_) | SettingKind::ChoiceMap(_) => {
            let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} does not have the form name=value"))?;
            Plain::Map(BTreeMap::from([(name.trim().to_owned(), value.trim().to_owned())]))
        }
        SettingKind::Text(_) | SettingKind::Choice(_) | SettingKind::UrlPath | SettingKind::Other(_) => Plain::Text(text.to_owned()),
    })
}

/// The values of choices, in one line.
pub(super) fn values(choices: &[Choice]) -> String {
    choices.iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_contract::manifest::IntegerLimits;

    #[test]
    fn what_is_typed_gets_the_kind_of_its_setting() {
        let text = TextLimits { min: 0, max: 9, pattern: None };
        let integer = SettingKind::Integer(IntegerLimits { min: 0, max: 9 });
        let list = SettingKind::Several(Choices::Asked);
        let map = SettingKind::TextMap(text.clone());
        for (kind, typed_text, plain) in [
            (&integer, "7", Some(Plain::Integer(7))),
            (&integer, "seven", None),
            (&SettingKind::Boolean, "YES", Some(Plain::Boolean(true))),
            (&SettingKind::Boolean, "false", Some(Plain::Boolean(false))),
            (&SettingKind::Boolean, "perhaps", None),
            (&list, "a, b", Some(Plain::List(vec!["a".into(), "b".into()]))),
            (&SettingKind::Lines(text.clone()), "a\\nb", Some(Plain::Text("a\nb".into()))),
            (&map, "a = b=c", Some(Plain::Map(BTreeMap::from([("a".into(), "b=c".into())])))),
            (&map, "a", None),
            (&SettingKind::Text(text.clone()), "7", Some(Plain::Text("7".into()))),
        ] {
            assert_eq!(typed(kind, typed_text).ok(), plain, "{kind:?} {typed_text}");
        }
    }
}
