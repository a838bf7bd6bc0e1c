//! Parts of the contract that this host does not support yet, so that an operator learns of them before an order fails.

use cartage_contract::manifest::{Manifest, SettingKind, Slot, SlotKind};

/// What a plugin requires that this host does not support yet, one sentence each.
pub fn unsupported(manifest: &Manifest) -> Vec<String> {
    let slots = manifest.slots.iter().filter_map(slot);
    let settings = manifest.settings.iter().filter_map(|setting| match &setting.kind {
        SettingKind::Other(extension) => {
            Some(format!("the setting {} is of the kind {}, which is not supported by this host", setting.name, extension.name))
        }
        _ => None,
    });
    slots.chain(settings).collect()
}

fn slot(slot: &Slot) -> Option<String> {
    let SlotKind::Other(extension) = &slot.kind else { return None };
    Some(format!(
        "the credential slot {} needs {}, which is not supported by this host: a request that uses the slot fails with \"unsupported\"",
        slot.name, extension.name
    ))
}
