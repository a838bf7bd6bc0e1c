//! What `cartage plugin run` must be told of a cart before a plugin can run, as flags: `plugin inspect` ends with them, and `plugin run` names those
//! that are missing.

use cartage::egress::credential::alternatives;
use cartage_contract::manifest::{Base, Endpoint, Manifest, Setting, SettingKind, Slot, SlotField, Statuses};
use cartage_policy::gate::command::quoted;
use std::path::Path;

/// A flag and its value, with what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    /// Such as `--bind api=https://shop.example/api`, as a shell takes it.
    pub(super) flag: String,
    /// What the plugin says that it is for.
    pub(super) purpose: String,
}

/// A command that runs the plugin once, in lines that a shell reads as one: the flags that it cannot do without, and the update.
pub(super) fn command(file: &Path, manifest: &Manifest) -> String {
    let mut lines = vec![format!("cartage plugin run {}", quoted(&file.display().to_string()))];
    lines.extend(all(manifest).into_iter().map(|need| need.flag));
    lines.push(format!("--order 1021 --label {}", quoted(label(manifest))));
    lines.join(" \\\n      ")
}

/// Every flag that the plugin cannot do without.
pub(super) fn all(manifest: &Manifest) -> Vec<Need> {
    let endpoints = manifest.endpoints.iter().filter(|endpoint| endpoint.required).map(bind);
    // Of slots that stand for each other the first one stands here.
    let chosen: Vec<&str> = alternatives(manifest).into_values().filter_map(|slots| slots.first().map(|slot| slot.name.as_str())).collect();
    let is_needed = |slot: &&Slot| if slot.alternative.is_some() { chosen.contains(&slot.name.as_str()) } else { slot.required };
    let slots = manifest.slots.iter().filter(is_needed).flat_map(credential);
    endpoints.chain(slots).chain(manifest.settings.iter().filter(|setting| is_required(setting)).map(set)).collect()
}

/// Whether a cart must give the setting a value.
pub(super) fn is_required(setting: &Setting) -> bool {
    setting.required && setting.default.is_none()
}

/// Says where an endpoint leads.
pub(super) fn bind(endpoint: &Endpoint) -> Need {
    let url = match &endpoint.base {
        Base::Fixed(url) => url,
        Base::OneOf(urls) => urls.first().unwrap_or(&endpoint.example),
        Base::Any | Base::Pattern(_) => &endpoint.example,
    };
    Need { flag: format!("--bind {}", quoted(&format!("{}={url}", endpoint.name))), purpose: endpoint.purpose.clone() }
}

/// Says where the values of a slot are: of the fields that it must have, else of all.
pub(super) fn credential(slot: &Slot) -> Vec<Need> {
    let needs_some = slot.fields.iter().any(|field| field.required);
    let fields = slot.fields.iter().filter(|field| field.required || !needs_some);
    fields.map(|field| value(slot, field)).collect()
}

/// Says where the value of a field is.
pub(super) fn value(slot: &Slot, field: &SlotField) -> Need {
    let source = if field.secret { "@FILE" } else { "TEXT" };
    Need { flag: format!("--credential {}={source}", place(slot, &field.name)), purpose: field.purpose.clone() }
}

/// What a flag calls a field: its slot alone where that has one field.
fn place(slot: &Slot, field: &str) -> String {
    if slot.fields.len() == 1 { slot.name.clone() } else { format!("{}.{field}", slot.name) }
}

/// Gives a setting a value.
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

/// A label that the cart takes.
fn label(manifest: &Manifest) -> &str {
    match &manifest.statuses {
        Statuses::Fixed(all) => all.first().map_or("LABEL", |status| status.value.as_str()),
        Statuses::FreeText | Statuses::Asked => "Order Shipped",
    }
}
