//! The contract against its last release: a plugin that was built then must find everything that it imports, and the host everything that it calls.
//!
//! `released/` holds the WIT files of each release as they were. The check is wit-component's: a component of the released world is put where one of
//! today's is wanted, and the validator says whether every type is the same to the last field.

use std::fs;
use std::path::{Path, PathBuf};
use wit_component::semver_check;
use wit_parser::{PackageId, Resolve, UnresolvedPackageGroup};

/// The release that today's files are held to.
const LAST_RELEASE: &str = "1.0.0";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The WIT files of a folder by name, each changed.
fn files(folder: &Path, change: impl Fn(&str, String) -> String) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{} can be listed: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry can be read").path());
    let mut files: Vec<(String, String)> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "wit"))
        .map(|path| {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("a WIT file is text");
            let text = change(&name, text);
            (name, text)
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds WIT files", folder.display());
    files
}

fn push(resolve: &mut Resolve, files: &[(String, String)]) -> PackageId {
    let mut sources = wit_parser::SourceMap::new();
    for (name, text) in files {
        sources.push(Path::new(name), text);
    }
    let group: UnresolvedPackageGroup = sources.parse().map_err(|(_, error)| error).expect("the WIT files parse");
    resolve.push_group(group).expect("the package resolves")
}

/// Whether a plugin of the last release fits today's contract after a change to it.
fn check(change: impl Fn(&str, String) -> String) -> Result<(), String> {
    let mut resolve = Resolve::default();
    // Two packages of one name and version cannot stand in one place. The check compares without versions.
    let released = files(&folder().join("released").join(LAST_RELEASE), |_, text| {
        text.replace("package cartage:plugin@1.", "package cartage:plugin@0.")
    });
    let released = push(&mut resolve, &released);
    let today = push(&mut resolve, &files(&folder(), change));
    let world = |package: PackageId| resolve.packages[package].worlds["plugin"];
    let (released, today) = (world(released), world(today));
    semver_check(resolve, released, today).map_err(|error| format!("{error:?}"))
}

#[test]
fn a_plugin_of_the_last_release_fits() {
    check(|_, text| text).expect("a plugin of the last release fits");
}

/// A text of one file replaced; it must stand there.
fn replaced(file: &'static str, from: &'static str, to: &'static str) -> impl Fn(&str, String) -> String {
    move |name, text| {
        if name != file {
            return text;
        }
        assert!(text.contains(from), "{file} has {from:?}");
        text.replacen(from, to, 1)
    }
}

#[test]
fn what_breaks_a_plugin_is_seen() {
    for (what, change) in [
        ("a field more", replaced("delivery.wit", "sequence: u64,", "sequence: u64, urgent: bool,")),
        ("a field of another type", replaced("delivery.wit", "sequence: u64,", "sequence: u32,")),
        ("a field less", replaced("delivery.wit", "sequence: u64,", "")),
        ("a case more", replaced("log.wit", "enum level {", "enum level { fatal,")),
        ("a function less", replaced("signing.wit", "    digest: func", "    digests: func")),
        ("an export more", replaced("cartage.wit", "export describe:", "export probe: func(); export describe:")),
    ] {
        assert!(check(change).is_err(), "{what} breaks every plugin of the last release, and was not seen");
    }
}

#[test]
fn what_breaks_no_plugin_passes() {
    for (what, change) in [
        (
            "a function more to call",
            replaced("signing.wit", "    digest: func", "    algorithms: func() -> list<string>;\n    digest: func"),
        ),
        ("another sentence", replaced("cartage.wit", "/// What a plugin imports and exports.", "/// What a plugin has.")),
    ] {
        if let Err(error) = check(change) {
            panic!("{what} breaks nothing: {error}");
        }
    }
}
