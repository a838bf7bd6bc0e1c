//! Fixtures of the unit tests of egress: a manifest with one slot of each kind, and values for the slots.

use super::credential::Values;
use cartage_contract::http::Method;
use cartage_contract::manifest::{
    About, Base, Endpoint, Features, HeaderPlacement, KeyEncoding, Manifest, Slot, SlotField, SlotKind, Statuses,
};
use secrecy::SecretString;

pub(super) fn manifest() -> Manifest {
    let secret = |name: &str| field(name, true);
    Manifest {
        name: "test-cart".into(),
        version: "1.0.0".into(),
        cart: "Test Cart".into(),
        summary: "A cart for tests".into(),
        about: About { vendor: "Cartage".into(), support: None, licence: None, changelog: None },
        endpoints: vec![
            endpoint("api", Base::Any, true),
            endpoint("token", Base::Pattern("https://{shop}.example.com/oauth".into()), false),
        ],
        slots: vec![
            slot("account", SlotKind::FormField, vec![field("user", false), secret("password"), optional("pin")]),
            slot("basic", SlotKind::Basic, vec![field("username", false), secret("password")]),
            slot("header", SlotKind::Header(HeaderPlacement { name: "x-api-key".into(), prefix: String::new() }), vec![secret("value")]),
            slot("text-key", SlotKind::MacKey(KeyEncoding::Text), vec![secret("key")]),
            slot("hex-key", SlotKind::MacKey(KeyEncoding::Hex), vec![secret("key")]),
            slot("base64-key", SlotKind::MacKey(KeyEncoding::Base64), vec![secret("key")]),
            slot("whsec-key", SlotKind::MacKey(KeyEncoding::Whsec), vec![secret("key")]),
        ],
        settings: Vec::new(),
        statuses: Statuses::FreeText,
        features: Features::default(),
        carriers: cartage_contract::manifest::Carriers::Any,
        personal_fields: Vec::new(),
        pace: Default::default(),
        requires: vec![],
        extra: vec![],
    }
}

pub(super) fn endpoint(name: &str, base: Base, required: bool) -> Endpoint {
    Endpoint {
        name: name.into(),
        purpose: "the orders".into(),
        example: "https://shop.example/api".into(),
        base,
        required,
        methods: vec![Method::Get, Method::Post],
        path_prefixes: vec!["/".into()],
        request_headers: Vec::new(),
        request_types: vec!["application/x-www-form-urlencoded".into()],
        response_headers: Vec::new(),
        response_types: Vec::new(),
        extra: vec![],
    }
}

/// Slot values. The user name of `account` is given where its password is.
pub(super) fn values(fields: &[(&str, &str, &str)]) -> Values {
    let mut values = Values::new();
    for (slot, field, text) in fields {
        values.entry((*slot).to_owned()).or_default().insert((*field).to_owned(), SecretString::from(*text));
    }
    if let Some(account) = values.get_mut("account") {
        account.entry("user".to_owned()).or_insert_with(|| SecretString::from("merchant"));
    }
    values
}

fn slot(name: &str, kind: SlotKind, fields: Vec<SlotField>) -> Slot {
    let hashed = kind == SlotKind::FormField;
    Slot {
        name: name.into(),
        purpose: "from the cart's settings".into(),
        kind,
        required: false,
        endpoints: vec!["api".into()],
        fields,
        hashed,
        alternative: None,
        extra: vec![],
    }
}

fn field(name: &str, secret: bool) -> SlotField {
    SlotField { name: name.into(), purpose: format!("the {name}"), secret, required: true }
}

fn optional(name: &str) -> SlotField {
    SlotField { required: false, ..field(name, true) }
}
