//! The files of a project in Rust. Only Cargo.toml, README.md and the cart's file contain placeholders for the name.

use super::name::Name;
use super::sdk::Sdk;
use super::{Files, Kind};

/// The files of a project with this name and kind.
pub(super) fn files(name: &Name, kind: Kind, sdk: &Sdk) -> Files {
    macro_rules! template {
        ($kind:literal) => {
            (
                include_str!(concat!($kind, "/lib.rs")),
                include_str!(concat!($kind, "/tests.rs")),
                include_str!(concat!($kind, "/cart.toml")),
                include_str!(concat!($kind, "/script.toml")),
                $kind,
            )
        };
    }
    let (lib, tests, cart, script, kind) = match kind {
        Kind::Rest => template!("rest"),
        Kind::Graphql => template!("graphql"),
        Kind::Webhook => template!("webhook"),
    };
    let filled = |text: &str| text.replace("@NAME@", name.as_str()).replace("@KIND@", kind).replace("@SDK@", sdk.quoted());
    vec![
        ("Cargo.toml", filled(include_str!("manifest.toml"))),
        ("README.md", filled(include_str!("README.md"))),
        (".gitignore", include_str!("gitignore").to_owned()),
        ("cart.toml", filled(cart)),
        ("cart-script/script.toml", script.to_owned()),
        ("src/lib.rs", lib.to_owned()),
        ("src/tests.rs", tests.to_owned()),
    ]
}
