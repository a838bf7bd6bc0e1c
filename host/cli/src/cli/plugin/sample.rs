//! A manifest for tests: two endpoints, required and optional slots, and settings with and without a default.

use cartage_contract::delivery::{Choice, SettingValue};
use cartage_contract::http::Method;
use cartage_contract::manifest::{
    About, Base, Carriers, Choices, Endpoint, Features, HeaderPlacement, IntegerLimits, KeyEncoding, Manifest, Pace, Setting, SettingKind,
    Slot, SlotField, SlotKind, Statuses, TextLimits,
};

pub(super) fn manifest() -> Manifest {
    Manifest {
        name: "seed".into(),
        version: "1.0.0".into(),
        cart: "Seed".into(),
        summary: "Tells a shop.".into(),
        about: About { vendor: "Seed".into(), support: None, licence: None, changelog: None },
        endpoints: vec![endpoint("api", true), endpoint("images", false)],
        slots: vec![
            slot("token", SlotKind::Header(HeaderPlacement { name: "x-token".into(), prefix: "Seed ".into() }), true, &[("value", true)]),
            slot("account", SlotKind::FormField, true, &[("user", false), ("password", true)]),
            slot("key", SlotKind::MacKey(KeyEncoding::Text), false, &[("key", true)]),
        ],
        settings: vec![
            setting("encoding", SettingKind::Choice(Choices::Fixed(vec![choice("xml"), choice("json")])), true, None),
            setting("pause", SettingKind::Integer(IntegerLimits { min: 1, max: 9 }), true, Some(SettingValue::Integer(3))),
            setting("names", SettingKind::TextMap(TextLimits { min: 1, max: 9, pattern: None }), false, None),
        ],
        statuses: Statuses::Fixed(vec![choice("shipped")]),
        features: Features::default(),
        carriers: Carriers::Any,
        personal_fields: vec![],
        pace: Pace::default(),
        requires: vec![],
        extra: vec![],
    }
}

fn endpoint(name: &str, required: bool) -> Endpoint {
    Endpoint {
        name: name.into(),
        purpose: "the shop".into(),
        example: "https://shop.example/api".into(),
        base: Base::Any,
        required,
        methods: vec![Method::Get, Method::Post],
        path_prefixes: vec!["/orders".into()],
        request_headers: vec!["x-shop".into()],
        request_types: vec!["application/json".into()],
        response_headers: vec![],
        response_types: vec![],
        extra: vec![],
    }
}

fn slot(name: &str, kind: SlotKind, required: bool, fields: &[(&str, bool)]) -> Slot {
    let field =
        |(name, secret): &(&str, bool)| SlotField { name: (*name).into(), purpose: "a word".into(), secret: *secret, required: true };
    Slot {
        name: name.into(),
        purpose: "the log-in".into(),
        kind,
        required,
        alternative: None,
        endpoints: vec!["api".into()],
        fields: fields.iter().map(field).collect(),
        hashed: false,
        extra: vec![],
    }
}

fn setting(name: &str, kind: SettingKind, required: bool, default: Option<SettingValue>) -> Setting {
    let (title, help) = (format!("The {name}"), "What it is.".into());
    Setting { name: name.into(), title, help, kind, required, default, former_names: vec![], extra: vec![] }
}

fn choice(value: &str) -> Choice {
    Choice { value: value.into(), title: None }
}
