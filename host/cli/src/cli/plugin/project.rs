//! Locates a plugin's crate and reads from its Cargo.toml what building it as a guest requires.
//!
//! The file is read directly instead of through cargo, because the result helps to choose which cargo to run.

use std::path::{Path, PathBuf};
use std::{fs, io};
use toml::{Table, Value};

/// A crate to be built as a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Project {
    /// The crate's own folder.
    pub(crate) folder: PathBuf,
    /// The workspace's folder, or the crate's own if it belongs to no workspace.
    pub(crate) root: PathBuf,
    /// The package's name.
    pub(crate) name: String,
    /// The oldest Rust version that builds the crate, such as `1.95`; `None` if Cargo.toml does not say.
    pub(crate) rust_version: Option<String>,
    /// Whether the workspace defines the profile `guest`.
    pub(crate) has_guest_profile: bool,
    /// Whether the workspace defines the profile `guest-example`.
    pub(crate) has_example_profile: bool,
}

/// Why a folder is not a crate that can be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The folder has no Cargo.toml, or the file cannot be read.
    #[error("could not read {path}")]
    Unreadable { path: PathBuf, source: io::Error },
    /// The Cargo.toml is not TOML.
    #[error("{path} is not valid TOML")]
    NotToml { path: PathBuf, source: Box<toml::de::Error> },
    /// The Cargo.toml describes a workspace without a package of its own.
    #[error("{path} describes no package; name the folder of one plugin's crate")]
    NoPackage { path: PathBuf },
    /// The folder that Cargo.toml names as its workspace is not a workspace.
    #[error("{path} names {root} as its workspace, which has no [workspace]")]
    NoWorkspace { path: PathBuf, root: PathBuf },
}

impl Project {
    /// Reads the Cargo.toml in `folder` and that of its workspace.
    pub(crate) fn read(folder: &Path) -> Result<Project, Error> {
        let file = folder.join("Cargo.toml");
        let folder = fs::canonicalize(folder).map_err(|source| Error::Unreadable { path: file.clone(), source })?;
        let manifest = read_toml(&file)?;
        let package = manifest.get("package").and_then(Value::as_table).ok_or_else(|| Error::NoPackage { path: file.clone() })?;
        let name = package.get("name").and_then(Value::as_str).ok_or_else(|| Error::NoPackage { path: file.clone() })?.to_owned();
        let (root, workspace) = workspace_of(&folder, &manifest, package)?;
        let inherited = || workspace.get("workspace")?.get("package")?.get("rust-version")?.as_str();
        let rust_version = match package.get("rust-version") {
            Some(Value::String(version)) => Some(version.clone()),
            Some(Value::Table(_)) => inherited().map(str::to_owned),
            _ => None,
        };
        let has_profile = |name: &str| workspace.get("profile").and_then(|profiles| profiles.get(name)).is_some();
        let (has_guest_profile, has_example_profile) = (has_profile("guest"), has_profile("guest-example"));
        Ok(Project { folder, root, name, rust_version, has_guest_profile, has_example_profile })
    }

    /// Whether the crate belongs to a checkout of Cartage, whose Makefile installs the toolchain with the xtask.
    pub(crate) fn is_of_cartage(&self) -> bool {
        self.root.join("xtask/src/guest_toolchain.rs").is_file()
    }
}

/// The folder and the Cargo.toml of the crate's workspace: the named one, the crate itself, or the nearest workspace above it.
fn workspace_of(folder: &Path, manifest: &Table, package: &Table) -> Result<(PathBuf, Table), Error> {
    if let Some(named) = package.get("workspace").and_then(Value::as_str) {
        let (path, root) = (folder.join("Cargo.toml"), folder.join(named));
        let workspace = read_toml(&root.join("Cargo.toml"))?;
        return if workspace.contains_key("workspace") { Ok((root, workspace)) } else { Err(Error::NoWorkspace { path, root }) };
    }
    if manifest.contains_key("workspace") {
        return Ok((folder.to_owned(), manifest.clone()));
    }
    for above in folder.ancestors().skip(1).filter(|above| above.join("Cargo.toml").is_file()) {
        let candidate = read_toml(&above.join("Cargo.toml"))?;
        if candidate.contains_key("workspace") {
            return Ok((above.to_owned(), candidate));
        }
    }
    Ok((folder.to_owned(), manifest.clone()))
}

fn read_toml(path: &Path) -> Result<Table, Error> {
    let text = fs::read_to_string(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    text.parse().map_err(|source| Error::NotToml { path: path.to_owned(), source: Box::new(source) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let top = tempfile::tempdir().expect("a temporary folder can be made");
        for (path, text) in files {
            let path = top.path().join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
        top
    }

    #[test]
    fn a_member_takes_what_its_workspace_says() {
        let top = folder(&[
            ("Cargo.toml", "[workspace]\n[workspace.package]\nrust-version = \"1.95\"\n[profile.guest]\ninherits = \"release\"\n"),
            ("plugins/shop/Cargo.toml", "[package]\nname = \"shop\"\nrust-version.workspace = true\n"),
        ]);
        let project = Project::read(&top.path().join("plugins/shop")).expect("it is a crate");
        let root = fs::canonicalize(top.path()).expect("it is there");
        assert_eq!((project.root, project.name.as_str()), (root.clone(), "shop"));
        assert_eq!((project.folder, project.rust_version.as_deref()), (root.join("plugins/shop"), Some("1.95")));
        assert!(project.has_guest_profile && !project.has_example_profile);
    }

    #[test]
    fn a_crate_without_a_workspace_is_its_own_root() {
        let top = folder(&[("Cargo.toml", "[package]\nname = \"shop\"\nrust-version = \"1.96.1\"\n")]);
        let project = Project::read(top.path()).expect("it is a crate");
        assert_eq!((&project.folder, project.rust_version.as_deref()), (&project.root, Some("1.96.1")));
        assert!(!project.has_guest_profile);
    }

    #[test]
    fn a_crate_may_name_its_workspace() {
        let top =
            folder(&[("outer/Cargo.toml", "[workspace]\n"), ("shop/Cargo.toml", "[package]\nname = \"shop\"\nworkspace = \"../outer\"\n")]);
        let project = Project::read(&top.path().join("shop")).expect("it is a crate");
        assert!(project.root.ends_with("../outer"), "{:?}", project.root);
    }

    #[test]
    fn folders_that_are_no_crate_are_refused() {
        let top = folder(&[
            ("Cargo.toml", "[workspace]\n"),
            ("broken/Cargo.toml", "[package"),
            ("lost/Cargo.toml", "[package]\nname = \"lost\"\nworkspace = \"../plain\"\n"),
            ("plain/Cargo.toml", "[package]\nname = \"plain\"\n"),
            ("empty/readme", ""),
        ]);
        let refused = |name: &str| Project::read(&top.path().join(name)).expect_err("it is no crate");
        assert!(matches!(refused(""), Error::NoPackage { .. }));
        assert!(matches!(refused("broken"), Error::NotToml { .. }));
        assert!(matches!(refused("lost"), Error::NoWorkspace { .. }));
        assert!(matches!(refused("empty"), Error::Unreadable { .. }));
        assert!(matches!(refused("nowhere"), Error::Unreadable { .. }));
    }
}
