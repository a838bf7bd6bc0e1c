//! The files of a project in JavaScript. The project contains the SDK and the contract's WIT files, so that it needs only npm's registry. The cart's file and
//! the cart script are the same as in a Rust project, because a cart does not depend on the plugin's language.

use super::Files;
use super::name::Name;

/// The SDK's folder in the project.
pub(super) const SDK_FOLDER: &str = "cartage-sdk";

/// The protocol of a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Several paths and methods, with JSON.
    Rest,
    /// Signed JSON, posted to one URL.
    Webhook,
}

/// A file of the SDK in JavaScript.
macro_rules! sdk {
    ($name:literal) => {
        (concat!("cartage-sdk/", $name), include_str!(concat!("../../../../../../sdk-js/", $name)))
    };
}

/// A WIT file of the contract.
macro_rules! wit {
    ($name:literal) => {
        (concat!("cartage-sdk/wit/", $name), include_str!(concat!("../../../../../../wit/", $name)))
    };
}

/// The files of every project, whatever its name and kind.
const SHARED: [(&str, &str); 24] = [
    (".gitignore", include_str!("js/gitignore")),
    ("jsconfig.json", include_str!("js/jsconfig.json")),
    sdk!("package.json"),
    sdk!("index.js"),
    sdk!("index.d.ts"),
    sdk!("contract.d.ts"),
    sdk!("encoding.js"),
    sdk!("hermetic.js"),
    sdk!("http.js"),
    sdk!("log.js"),
    sdk!("manifest.js"),
    sdk!("orders.js"),
    sdk!("outcome.js"),
    sdk!("plugin.js"),
    sdk!("progress.js"),
    sdk!("signing.js"),
    wit!("cartage.wit"),
    wit!("delivery.wit"),
    wit!("growth.wit"),
    wit!("http.wit"),
    wit!("log.wit"),
    wit!("manifest.wit"),
    wit!("orders.wit"),
    wit!("signing.wit"),
];

/// The files of a project with this name and kind.
pub(super) fn files(name: &Name, kind: Kind) -> Files {
    macro_rules! template {
        ($kind:literal) => {
            (
                include_str!(concat!("js/", $kind, "/plugin.js")),
                include_str!(concat!($kind, "/cart.toml")),
                include_str!(concat!($kind, "/script.toml")),
                $kind,
            )
        };
    }
    let (plugin, cart, script, kind) = match kind {
        Kind::Rest => template!("rest"),
        Kind::Webhook => template!("webhook"),
    };
    let filled = |text: &str| text.replace("@NAME@", name.as_str()).replace("@KIND@", kind);
    let mut files = vec![
        ("package.json", filled(include_str!("js/package.json"))),
        ("README.md", filled(include_str!("js/README.md"))),
        ("cart.toml", filled(cart)),
        ("cart-script/script.toml", script.to_owned()),
        ("src/plugin.js", filled(plugin)),
    ];
    files.extend(SHARED.map(|(path, text)| (path, text.to_owned())));
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The names in a folder of the repository that have one of these endings.
    fn names(folder: &str, ends: &[&str]) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
        let entries = std::fs::read_dir(folder).expect("it is in the repository").flatten();
        let names = entries.map(|entry| entry.file_name().into_string().expect("names are ASCII"));
        names.filter(|name| ends.iter().any(|end| name.ends_with(end))).collect()
    }

    #[test]
    fn the_project_holds_the_whole_sdk_and_the_whole_contract() {
        let files = files(&Name::parse("my-shop").expect("a name"), Kind::Rest);
        let sdk = names("sdk-js", &[".js", ".ts", ".json"]);
        let wit = names("wit", &[".wit"]).into_iter().map(|name| format!("wit/{name}"));
        for name in sdk.into_iter().chain(wit) {
            assert!(files.iter().any(|(path, _)| *path == format!("{SDK_FOLDER}/{name}")), "{name}");
        }
    }

    #[test]
    fn every_place_is_filled() {
        for kind in [Kind::Rest, Kind::Webhook] {
            for (path, text) in files(&Name::parse("my-shop").expect("a name"), kind) {
                assert!(!text.contains("@NAME@") && !text.contains("@KIND@"), "{kind:?} {path}");
                assert!(text.ends_with('\n'), "{kind:?} {path}");
            }
        }
    }
}
