//! Settings: values that the operator gives for a cart.

use super::{contract, owned};
use cartage_contract::delivery::{Choice, SettingValue};
use cartage_contract::manifest::{Choices, IntegerLimits, SettingKind, TextLimits};

/// The longest text that a setting can hold, in characters.
const TEXT_CHARS_MAX: u32 = 4096;

crate::wraps! {
    /// A value that the operator gives for a cart. A new setting is not required and has no default.
    ///
    /// ```
    /// use cartage_sdk::manifest::Setting;
    /// use cartage_sdk::SettingValue;
    ///
    /// let encoding = Setting::choice("encoding", "Encoding", [("json", "JSON"), ("xml", "XML, for shops before 2.0")])
    ///     .help("What the shop's script understands.")
    ///     .default("json");
    /// assert_eq!(encoding.default, Some(SettingValue::Choice("json".to_owned())));
    ///
    /// let store = Setting::text("store", "Store id").length(1, 8).pattern("[0-9]+").required();
    /// assert!(store.required);
    /// ```
    Setting(contract::Setting)
}

impl Setting {
    /// A text of up to 4096 characters.
    pub fn text(name: &str, title: &str) -> Setting {
        Setting::new(name, title, SettingKind::Text(any_text()))
    }

    /// An integer between two limits, both included.
    pub fn integer(name: &str, title: &str, min: i64, max: i64) -> Setting {
        Setting::new(name, title, SettingKind::Integer(IntegerLimits { min, max }))
    }

    /// True or false.
    pub fn boolean(name: &str, title: &str) -> Setting {
        Setting::new(name, title, SettingKind::Boolean)
    }

    /// One of several values, each with its title.
    pub fn choice<'a>(name: &str, title: &str, choices: impl IntoIterator<Item = (&'a str, &'a str)>) -> Setting {
        Setting::new(name, title, SettingKind::Choice(choices_of(choices)))
    }

    /// One of the values that [`list_choices`](crate::Plugin::list_choices) lists for the setting, for values that differ from shop to shop.
    pub fn asked(name: &str, title: &str) -> Setting {
        Setting::new(name, title, SettingKind::Choice(Choices::Asked))
    }

    /// Any number of several values, each with its title.
    pub fn several<'a>(name: &str, title: &str, choices: impl IntoIterator<Item = (&'a str, &'a str)>) -> Setting {
        Setting::new(name, title, SettingKind::Several(choices_of(choices)))
    }

    /// Any number of the values that [`list_choices`](crate::Plugin::list_choices) lists for the setting.
    pub fn several_asked(name: &str, title: &str) -> Setting {
        Setting::new(name, title, SettingKind::Several(Choices::Asked))
    }

    /// A text of several lines, such as a template; up to 4096 characters.
    pub fn lines(name: &str, title: &str) -> Setting {
        Setting::new(name, title, SettingKind::Lines(any_text()))
    }

    /// An absolute, percent-encoded URL path in its normal form.
    pub fn url_path(name: &str, title: &str) -> Setting {
        Setting::new(name, title, SettingKind::UrlPath)
    }

    /// A map from text to text.
    pub fn text_map(name: &str, title: &str) -> Setting {
        Setting::new(name, title, SettingKind::TextMap(any_text()))
    }

    /// A map from text to one of several values, each with its title.
    pub fn choice_map<'a>(name: &str, title: &str, choices: impl IntoIterator<Item = (&'a str, &'a str)>) -> Setting {
        Setting::new(name, title, SettingKind::ChoiceMap(choices_of(choices)))
    }

    /// A map from text to one of the values that [`list_choices`](crate::Plugin::list_choices) lists for the setting.
    pub fn asked_map(name: &str, title: &str) -> Setting {
        Setting::new(name, title, SettingKind::ChoiceMap(Choices::Asked))
    }

    fn new(name: &str, title: &str, kind: SettingKind) -> Setting {
        Setting(contract::Setting {
            name: name.to_owned(),
            title: title.to_owned(),
            help: String::new(),
            kind,
            required: false,
            default: None,
            former_names: Vec::new(),
            extra: Vec::new(),
        })
    }

    /// Help for the operator.
    #[must_use]
    pub fn help(mut self, help: &str) -> Setting {
        help.clone_into(&mut self.0.help);
        self
    }

    /// Makes the setting required.
    #[must_use]
    pub fn required(mut self) -> Setting {
        self.0.required = true;
        self
    }

    /// The value that the setting has if the operator gives none: a text, an integer, a boolean, or the pairs of a map. The manifest is refused if the
    /// default does not fit the setting's kind.
    #[must_use]
    pub fn default(mut self, default: impl Into<Default>) -> Setting {
        self.0.default = Some(default.into().of_kind(&self.0.kind));
        self
    }

    /// The length of the shortest and of the longest text, in characters. In a map, the limits apply to each value.
    #[must_use]
    pub fn length(mut self, min: u32, max: u32) -> Setting {
        if let SettingKind::Text(limits) | SettingKind::TextMap(limits) | SettingKind::Lines(limits) = &mut self.0.kind {
            (limits.min, limits.max) = (min, max);
        }
        self
    }

    /// A regular expression that the whole text must match.
    #[must_use]
    pub fn pattern(mut self, pattern: &str) -> Setting {
        if let SettingKind::Text(limits) | SettingKind::TextMap(limits) | SettingKind::Lines(limits) = &mut self.0.kind {
            limits.pattern = Some(pattern.to_owned());
        }
        self
    }

    /// Names that the setting had in earlier versions of the plugin. A value that was kept under one of them carries over.
    #[must_use]
    pub fn former_names<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Setting {
        self.0.former_names = owned(names);
        self
    }
}

/// A default value, before the setting's kind gives it a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Default {
    /// The default of a text, a choice or a URL path.
    Text(String),
    /// The default of an integer.
    Integer(i64),
    /// The default of a boolean.
    Boolean(bool),
    /// The default of a setting that takes several choices.
    Several(Vec<String>),
    /// The default of a map.
    Map(Vec<(String, String)>),
}

impl Default {
    /// The default as a value of this kind. A default that does not fit keeps its own type and is refused when the manifest is checked.
    pub(crate) fn of_kind(self, kind: &SettingKind) -> SettingValue {
        match (self, kind) {
            (Default::Text(text), SettingKind::Choice(_)) => SettingValue::Choice(text),
            (Default::Text(text), SettingKind::UrlPath) => SettingValue::UrlPath(text),
            (Default::Text(text), _) => SettingValue::Text(text),
            (Default::Integer(value), _) => SettingValue::Integer(value),
            (Default::Boolean(value), _) => SettingValue::Boolean(value),
            (Default::Several(values), _) => SettingValue::Several(values),
            (Default::Map(pairs), _) => SettingValue::TextMap(pairs),
        }
    }
}

impl From<&str> for Default {
    fn from(text: &str) -> Default {
        Default::Text(text.to_owned())
    }
}

impl From<i64> for Default {
    fn from(value: i64) -> Default {
        Default::Integer(value)
    }
}

impl From<bool> for Default {
    fn from(value: bool) -> Default {
        Default::Boolean(value)
    }
}

impl<const N: usize> From<[&str; N]> for Default {
    fn from(values: [&str; N]) -> Default {
        Default::Several(values.map(str::to_owned).into())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Default {
    fn from(pairs: [(&str, &str); N]) -> Default {
        Default::Map(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
    }
}

fn any_text() -> TextLimits {
    TextLimits { min: 0, max: TEXT_CHARS_MAX, pattern: None }
}

fn choices_of<'a>(choices: impl IntoIterator<Item = (&'a str, &'a str)>) -> Choices {
    Choices::Fixed(choices.into_iter().map(|(value, title)| Choice { value: value.to_owned(), title: Some(title.to_owned()) }).collect())
}
