//! Finds the crate cartage-sdk. No registry has the crate yet, so a project depends on it by its path.

use crate::cli::Failure;
use cartage::carts::quoted;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the SDK's crate.
#[derive(Debug)]
pub(super) struct Sdk {
    folder: PathBuf,
    quoted: String,
}

/// Why the SDK was not found.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not find the crate cartage-sdk: neither this command nor the current folder lies in a checkout of Cartage")]
    NotFound,
    #[error("{} is not the folder of the crate cartage-sdk", .folder.display())]
    Other { folder: PathBuf },
}

/// The SDK in the named folder, else in the checkout that this command was built in, else in the checkout of the current folder.
pub(super) fn folder(named: Option<&Path>) -> Result<Sdk, Failure> {
    let found = match named {
        Some(folder) => Sdk::at(folder).ok_or_else(|| Error::Other { folder: folder.to_owned() }),
        None => [std::env::current_exe(), std::env::current_dir()]
            .into_iter()
            .find_map(|start| of_checkout(&start.ok()?))
            .ok_or(Error::NotFound),
    };
    found.map_err(|error| Failure::from(error).what_to_do("name the folder sdk of a checkout of Cartage with --sdk PATH"))
}

/// The SDK of the checkout that contains a file or folder.
fn of_checkout(inside: &Path) -> Option<Sdk> {
    fs::canonicalize(inside).ok()?.ancestors().find_map(|folder| Sdk::at(&folder.join("sdk")))
}

impl Sdk {
    /// The SDK in this folder; `None` if the folder contains something else.
    fn at(folder: &Path) -> Option<Sdk> {
        let manifest: toml::Table = fs::read_to_string(folder.join("Cargo.toml")).ok()?.parse().ok()?;
        let name = manifest.get("package")?.get("name")?.as_str()?;
        let folder = fs::canonicalize(folder).ok().filter(|_| name == "cartage-sdk")?;
        let quoted = quoted(folder.to_str()?);
        Some(Sdk { folder, quoted })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder as a TOML string.
    pub(super) fn quoted(&self) -> &str {
        &self.quoted
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A checkout with an SDK and other folders.
    pub(in crate::cli::plugin::new) fn checkout(sdk: &str) -> tempfile::TempDir {
        let top = tempfile::tempdir().expect("a temporary folder can be made");
        for folder in ["sdk", "other", "plugins/mine"] {
            fs::create_dir_all(top.path().join(folder)).expect("a folder can be made");
        }
        fs::write(top.path().join("sdk/Cargo.toml"), sdk).expect("a file can be written");
        fs::write(top.path().join("other/Cargo.toml"), "[package]\nname = \"other\"\n").expect("a file can be written");
        top
    }

    #[test]
    fn the_sdk_is_that_of_the_checkout_or_the_one_named() {
        let top = checkout("[package]\nname = \"cartage-sdk\"\n");
        let sdk = fs::canonicalize(top.path().join("sdk")).expect("it is there");
        for inside in ["plugins/mine", "sdk", ""] {
            assert_eq!(of_checkout(&top.path().join(inside)).map(|found| found.folder), Some(sdk.clone()), "{inside}");
        }
        assert_eq!(folder(Some(&top.path().join("plugins/../sdk"))).expect("it is named").folder, sdk);
        assert!(of_checkout(&top.path().join("nowhere")).is_none());
    }

    #[test]
    fn what_is_no_sdk_is_refused() {
        let top = checkout("[package");
        for named in ["sdk", "other", "plugins", "nowhere"] {
            assert!(folder(Some(&top.path().join(named))).is_err(), "{named}");
        }
        assert!(of_checkout(&top.path().join("plugins/mine")).is_none());
    }
}
