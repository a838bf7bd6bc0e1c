//! What of the contract this host does not do yet, so that an operator hears of it before an order does.

use cartage_contract::manifest::{Manifest, SettingKind, Slot, SlotKind};

/// What a plugin asks for that this host does not do yet, a sentence for each.
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
        "the credential slot {} needs {}, which is not supported by this host: a request that uses it is answered \"unsupported\"",
        slot.name, extension.name
    ))
}
