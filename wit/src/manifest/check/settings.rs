//! The rules for settings.

use super::{Check, LIST_ENTRIES_MAX, NAME};
use crate::manifest::settings::{PATTERN_BYTES_MAX, whole};
use crate::manifest::{Choices, Manifest, Setting, SettingKind, TextLimits, is_name};
use std::collections::BTreeSet;

/// The largest `max` that a text setting may declare.
pub(crate) const SETTING_CHARACTERS_MAX: u32 = 4096;

impl Check {
    pub(super) fn settings(&mut self, manifest: &Manifest) {
        let settings: &[Setting] = &manifest.settings;
        self.list(settings, 0, LIST_ENTRIES_MAX, "settings");
        let items = self.names(settings.iter().map(|setting| setting.name.as_str()), "settings");
        let mut names: BTreeSet<&str> = settings.iter().map(|setting| setting.name.as_str()).collect();
        for (setting, item) in settings.iter().zip(items).take(LIST_ENTRIES_MAX) {
            self.text(&setting.title, &format!("{item}.title"));
            self.optional_text(&setting.help, &format!("{item}.help"));
            self.extra(&setting.extra, &item);
            let sound = self.setting_kind(&setting.kind, &manifest.requires, &item);
            if let Some(refused) = setting.default.as_ref().filter(|_| sound).and_then(|default| setting.accept(default).err()) {
                self.rule(false, &format!("{item}.default"), &format!("is a value that the setting takes: {refused}"));
            }
            self.list(&setting.former_names, 0, LIST_ENTRIES_MAX, &format!("{item}.former-names"));
            for (at, former) in setting.former_names.iter().enumerate().take(LIST_ENTRIES_MAX) {
                let former_item = format!("{item}.former-names[{at}]");
                if self.rule(is_name(former), &former_item, NAME) {
                    self.rule(names.insert(former), &former_item, "is no other setting's name or former name");
                }
            }
        }
    }

    fn setting_kind(&mut self, kind: &SettingKind, requires: &[String], item: &str) -> bool {
        match kind {
            SettingKind::Text(limits) | SettingKind::TextMap(limits) | SettingKind::Lines(limits) => self.text_limits(limits, item),
            SettingKind::Integer(limits) => {
                self.rule(limits.min <= limits.max, &format!("{item}.kind"), "has a min that is at most its max")
            }
            SettingKind::Choice(choices) | SettingKind::Several(choices) | SettingKind::ChoiceMap(choices) => match choices {
                Choices::Fixed(choices) => self.choices(choices, LIST_ENTRIES_MAX, &format!("{item}.kind")),
                Choices::Asked => true,
            },
            SettingKind::Boolean | SettingKind::UrlPath => true,
            SettingKind::Other(extension) => self.extension(extension, requires, &format!("{item}.kind")),
        }
    }

    fn text_limits(&mut self, limits: &TextLimits, item: &str) -> bool {
        let item = format!("{item}.kind");
        let order =
            self.rule(limits.min <= limits.max && limits.max >= 1, &item, "has a min that is at most its max, and a max of at least 1");
        let max =
            self.rule(limits.max <= SETTING_CHARACTERS_MAX, &item, &format!("has a max of at most {SETTING_CHARACTERS_MAX} characters"));
        let pattern = limits.pattern.as_ref().is_none_or(|pattern| {
            let short =
                self.rule(pattern.len() <= PATTERN_BYTES_MAX, &item, &format!("has a pattern of at most {PATTERN_BYTES_MAX} bytes"));
            short
                && match whole(pattern) {
                    Ok(_) => true,
                    Err(error) => self.rule(false, &item, &format!("has a pattern that is a regular expression: {error}")),
                }
        });
        order && max && pattern
    }
}
