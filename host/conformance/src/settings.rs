//! Values for settings: one valid value, and the values at the bounds.

use cartage_contract::delivery::{Choice, SettingValue};
use cartage_contract::manifest::{Choices, IntegerLimits, Setting, SettingKind, TextLimits};

/// The longest text that is tried, in characters.
const TEXT_MAX: u32 = 4_096;
/// Texts that match many patterns.
const USUAL_TEXTS: [&str; 8] = ["a", "A", "1", "shop", "1.0", "https://shop.example", "a@shop.example", "2026-01-05"];
/// The most choices that are tried.
const CHOICES_TRIED_MAX: usize = 50;

/// A value that the setting accepts; `None` if none could be made up.
pub(super) fn some_value(setting: &Setting) -> Option<SettingValue> {
    let usual = USUAL_TEXTS.into_iter().map(|text| SettingValue::Text(text.to_owned()));
    candidates(setting).into_iter().chain(usual).find(|value| setting.accept(value).is_ok())
}

/// The accepted values at a setting's bounds: the shortest and the longest text, the smallest and the largest number, each choice.
pub(super) fn at_bounds(setting: &Setting) -> Vec<SettingValue> {
    candidates(setting).into_iter().filter(|value| setting.accept(value).is_ok()).collect()
}

fn candidates(setting: &Setting) -> Vec<SettingValue> {
    match &setting.kind {
        SettingKind::Text(limits) | SettingKind::Lines(limits) => texts(limits).into_iter().map(SettingValue::Text).collect(),
        SettingKind::Integer(IntegerLimits { min, max }) => vec![SettingValue::Integer(*min), SettingValue::Integer(*max)],
        SettingKind::Boolean => vec![SettingValue::Boolean(false), SettingValue::Boolean(true)],
        SettingKind::Choice(choices) => values(choices).into_iter().map(SettingValue::Choice).collect(),
        SettingKind::Several(choices) => vec![SettingValue::Several(values(choices)), SettingValue::Several(Vec::new())],
        SettingKind::UrlPath => ["/", "/a", "/shop/index.php"].map(|path| SettingValue::UrlPath(path.to_owned())).into(),
        SettingKind::TextMap(limits) => maps(texts(limits)),
        SettingKind::ChoiceMap(choices) => maps(values(choices)),
        SettingKind::Other(_) => vec![SettingValue::Text(String::new()), SettingValue::Text("a".to_owned())],
    }
}

fn texts(limits: &TextLimits) -> Vec<String> {
    let long = limits.max.min(TEXT_MAX);
    let of = |filler: &str, length: u32| filler.repeat(length as usize);
    ["a", "1", "é", "\""].into_iter().flat_map(|filler| [of(filler, limits.min), of(filler, long)]).collect()
}

/// The values of the choices. The shop's own choices are not known, so one is made up.
fn values(choices: &Choices) -> Vec<String> {
    match choices {
        Choices::Fixed(choices) => choices.iter().take(CHOICES_TRIED_MAX).map(|Choice { value, .. }| value.clone()).collect(),
        Choices::Asked => vec!["1".to_owned()],
    }
}

fn maps(values: Vec<String>) -> Vec<SettingValue> {
    let map = |value: String| SettingValue::TextMap(vec![("Shipped".to_owned(), value)]);
    values.into_iter().map(map).chain([SettingValue::TextMap(Vec::new())]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(kind: SettingKind) -> Setting {
        let (title, help) = ("A setting".to_owned(), String::new());
        Setting { name: "a".into(), title, help, kind, required: true, default: None, former_names: vec![], extra: vec![] }
    }

    #[test]
    fn the_bounds_are_among_the_values() {
        let text = setting(SettingKind::Text(TextLimits { min: 2, max: 5, pattern: Some("[a-z]*".into()) }));
        let found = at_bounds(&text);
        assert_eq!(found, [SettingValue::Text("aa".into()), SettingValue::Text("aaaaa".into())]);
        let number = setting(SettingKind::Integer(IntegerLimits { min: -1, max: 30 }));
        assert_eq!(at_bounds(&number), [SettingValue::Integer(-1), SettingValue::Integer(30)]);
    }

    #[test]
    fn a_value_is_made_up_where_one_fits_a_usual_text() {
        let version = setting(SettingKind::Text(TextLimits { min: 1, max: 16, pattern: Some("[0-9]+[.][0-9]+".into()) }));
        assert_eq!(some_value(&version), Some(SettingValue::Text("1.0".into())));
        let strange = setting(SettingKind::Text(TextLimits { min: 4, max: 4, pattern: Some("x-[0-9]{2}".into()) }));
        assert_eq!(some_value(&strange), None);
    }
}
