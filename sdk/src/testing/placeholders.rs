//! The placeholder values of the scripted cart's credential slots.

use crate::contract::manifest::{KeyEncoding, Manifest, Slot, SlotKind};
use crate::contract::request::Secrets;
use std::collections::BTreeMap;

/// The placeholders, and the values that a test gave instead.
#[derive(Debug, Default)]
pub(super) struct Placeholders(BTreeMap<(String, String), String>);

impl Placeholders {
    pub(super) fn of(manifest: &Manifest) -> Placeholders {
        let mut placeholders = Placeholders::default();
        for slot in &manifest.slots {
            for field in &slot.fields {
                placeholders.set(&slot.name, &field.name, &placeholder(slot, &field.name));
            }
            for token in tokens(&slot.kind) {
                placeholders.set(&slot.name, token, &placeholder(slot, token));
            }
        }
        placeholders
    }

    pub(super) fn set(&mut self, slot: &str, field: &str, value: &str) {
        self.0.insert((slot.to_owned(), field.to_owned()), value.to_owned());
    }
}

impl Secrets for Placeholders {
    fn field(&self, slot: &str, field: &str) -> Option<&str> {
        self.0.get(&(slot.to_owned(), field.to_owned())).map(String::as_str)
    }
}

/// The names of the values that the host itself would make for a slot: a signature, or each token that it would obtain.
fn tokens(kind: &SlotKind) -> Vec<&str> {
    match kind {
        SlotKind::Oauth1(_) => vec!["nonce", "timestamp", "signature"],
        SlotKind::Oauth2ClientCredentials(_) => vec!["token"],
        SlotKind::Login(login) => login.tokens.iter().map(|token| token.name.as_str()).collect(),
        SlotKind::Basic
        | SlotKind::Bearer
        | SlotKind::Header(_)
        | SlotKind::Query(_)
        | SlotKind::FormField
        | SlotKind::MacKey(_)
        | SlotKind::Other(_) => Vec::new(),
    }
}

/// A placeholder for a field: plain text, except for a key, which is written in the encoding that its slot declares.
fn placeholder(slot: &Slot, field: &str) -> String {
    match &slot.kind {
        SlotKind::MacKey(KeyEncoding::Base64) if field == "key" => "cGxhY2Vob2xkZXI=".to_owned(),
        SlotKind::MacKey(KeyEncoding::Hex) if field == "key" => "706c616365686f6c646572".to_owned(),
        SlotKind::MacKey(KeyEncoding::Whsec) if field == "key" => "whsec_cGxhY2Vob2xkZXI=".to_owned(),
        _ => format!("placeholder-{}-{field}", slot.name),
    }
}
