//! The flags that `cartage plugin run` needs to describe a cart: `plugin inspect` prints them at its end, and `plugin run` names the missing ones.

use cartage::egress::credential::alternatives;
use cartage_commands::quoted;
use cartage_contract::manifest::{Base, Endpoint, Manifest, Setting, SettingKind, Slot, SlotField, Statuses};
use std::path::Path;

/// A flag with its value and its purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    /// The flag as a shell takes it, such as `--bind api=https://shop.example/api`.
    pub(super) flag: String,
    /// The purpose, in the plugin's words.
    pub(super) purpose: String,
}

/// A command that runs the plugin once, with the required flags and an update. Its lines form one command for a shell.
pub(super) fn command(file: &Path, manifest: &Manifest) -> String {
    let mut lines = vec![format!("cartage plugin run {}", quoted(&file.display().to_string()))];
    lines.extend(all(manifest).into_iter().map(|need| need.flag));
    lines.push(format!("--order 1021 --label {}", quoted(label(manifest))));
    lines.join(" \\\n      ")
}

/// Every flag that the plugin requires.
pub(super) fn all(manifest: &Manifest) -> Vec<Need> {
    let endpoints = manifest.endpoints.iter().filter(|endpoint| endpoint.required).map(bind);
    // The first of several alternative slots is the example.
    let chosen: Vec<&str> = alternatives(manifest).into_values().filter_map(|slots| slots.first().map(|slot| slot.name.as_str())).collect();
    let is_needed = |slot: &&Slot| if slot.alternative.is_some() { chosen.contains(&slot.name.as_str()) } else { slot.required };
    let slots = manifest.slots.iter().filter(is_needed).flat_map(credential);
    endpoints.chain(slots).chain(manifest.settings.iter().filter(|setting| is_required(setting)).map(set)).collect()
}

/// Whether a cart must give the setting a value.
pub(super) fn is_required(setting: &Setting) -> bool {
    setting.required && setting.default.is_none()
}

/// The flag that binds an endpoint to a URL.
pub(super) fn bind(endpoint: &Endpoint) -> Need {
    let url = match &endpoint.base {
        Base::Fixed(url) => url,
        Base::OneOf(urls) => urls.first().unwrap_or(&endpoint.example),
        Base::Any | Base::Pattern(_) => &endpoint.example,
    };
    Need { flag: format!("--bind {}", quoted(&format!("{}={url}", endpoint.name))), purpose: endpoint.purpose.clone() }
}

/// The flags that supply a slot's values: its required fields, or all fields if none is required.
pub(super) fn credential(slot: &Slot) -> Vec<Need> {
    let needs_some = slot.fields.iter().any(|field| field.required);
    let fields = slot.fields.iter().filter(|field| field.required || !needs_some);
    fields.map(|field| value(slot, field)).collect()
}

/// The flag that supplies a field's value.
pub(super) fn value(slot: &Slot, field: &SlotField) -> Need {
    let source = if field.secret { "@FILE" } else { "TEXT" };
    Need { flag: format!("--credential {}={source}", place(slot, &field.name)), purpose: field.purpose.clone() }
}

/// A field's name in a flag: the slot's name alone if the slot has one field.
fn place(slot: &Slot, field: &str) -> String {
    if slot.fields.len() == 1 { slot.name.clone() } else { format!("{}.{field}", slot.name) }
}

/// The flag that gives a setting a value.
pub(super) fn set(setting: &Setting) -> Need {
    let value = match &setting.kind {
        SettingKind::Choice(all) | SettingKind::Several(all) => {
            all.fixed().and_then(<[_]>::first).map_or("VALUE".to_owned(), |choice| choice.value.clone())
        }
        SettingKind::Integer(limits) => limits.min.to_string(),
        SettingKind::Boolean => "false".to_owned(),
        SettingKind::UrlPath => "/PATH".to_owned(),
        SettingKind::TextMap(_) => "KEY=VALUE".to_owned(),
        SettingKind::ChoiceMap(all) => {
            format!("KEY={}", all.fixed().and_then(<[_]>::first).map_or("VALUE", |choice| choice.value.as_str()))
        }
        SettingKind::Text(_) | SettingKind::Lines(_) | SettingKind::Other(_) => "VALUE".to_owned(),
    };
    Need { flag: format!("--setting {}", quoted(&format!("{}={value}", setting.name))), purpose: setting.title.clone() }
}

/// A label that the cart accepts.
fn label(manifest: &Manifest) -> &str {
    match &manifest.statuses {
        Statuses::Fixed(all) => all.first().map_or("LABEL", |status| status.value.as_str()),
        Statuses::FreeText | Statuses::Asked => "Order Shipped",
    }
}
