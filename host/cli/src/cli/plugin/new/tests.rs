//! Tests the files of a new project, and that the project is written whole or not at all.

use super::*;
use std::os::unix::fs::PermissionsExt as _;

const KINDS: [Kind; 3] = [Kind::Rest, Kind::Graphql, Kind::Webhook];

fn all(kind: Kind) -> Vec<(&'static str, String)> {
    let top = sdk::tests::checkout("[package]\nname = \"cartage-sdk\"\n");
    let sdk = sdk::folder(Some(&top.path().join("sdk"))).expect("it is there");
    rust::files(&Name::parse("my-shop").expect("a name"), kind, &sdk)
}

fn text(files: &[(&'static str, String)], path: &str) -> String {
    files.iter().find(|(name, _)| *name == path).expect("the file is there").1.clone()
}

fn left_in(folder: &Path) -> usize {
    fs::read_dir(folder).expect("it is there").count()
}

#[test]
fn every_place_is_filled() {
    for kind in KINDS {
        for (path, text) in all(kind) {
            assert!(!text.contains("@NAME@") && !text.contains("@KIND@") && !text.contains("@SDK@"), "{kind:?} {path}");
            assert!(text.ends_with('\n') && !text.is_empty(), "{kind:?} {path}");
        }
    }
}

/// The sources name no crate, so that they are the same in the template and in the project.
#[test]
fn the_manifest_and_the_cart_are_what_cargo_and_apply_read() {
    for kind in KINDS {
        let files = all(kind);
        let manifest: toml::Table = text(&files, "Cargo.toml").parse().expect("it is TOML");
        assert_eq!(manifest["package"]["name"].as_str(), Some("my-shop"));
        assert!(Path::new(manifest["dependencies"]["cartage-sdk"]["path"].as_str().expect("a path")).ends_with("sdk"));
        let cart = cartage::carts::Cart::parse("cart.toml", &text(&files, "cart.toml")).expect("it is a cart");
        assert_eq!((cart.id.as_str(), cart.plugin.as_str()), ("my-shop", "my-shop.wasm"));
        let script = text(&files, "cart-script/script.toml");
        cartage_cart_script::Script::parse(Path::new("script.toml"), &script).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
    }
}

#[test]
fn a_project_is_made_whole_and_replaces_nothing() {
    let top = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = top.path().join("my-shop");
    let files = all(Kind::Rest);
    make(&folder, &files).expect("there is room");
    for (path, text) in &files {
        assert_eq!(&fs::read_to_string(folder.join(path)).expect("it was written"), text);
    }
    fs::write(folder.join("src/lib.rs"), "mine").expect("it can be written");
    assert!(matches!(make(&folder, &files), Err(Error::Exists { .. })));
    assert_eq!(fs::read_to_string(folder.join("src/lib.rs")).expect("it is there"), "mine");
    assert_eq!(left_in(top.path()), 1);
    for (name, there) in [("a-file", "file"), ("a-link", "link")] {
        let path = top.path().join(name);
        match there {
            "file" => fs::write(&path, "").expect("it can be written"),
            _ => std::os::unix::fs::symlink("nowhere", &path).expect("a link can be made"),
        }
        assert!(matches!(make(&path, &files), Err(Error::Exists { .. })), "{name}");
    }
}

#[test]
fn what_cannot_be_written_leaves_nothing() {
    let top = tempfile::tempdir().expect("a temporary folder can be made");
    // A file in the place of a folder: no user, not even root, can write below it.
    let files = vec![("src", "a file".to_owned()), ("src/lib.rs", String::new())];
    assert!(matches!(make(&top.path().join("my-shop"), &files), Err(Error::NotWritten { .. })));
    assert_eq!(left_in(top.path()), 0);
    make(&top.path().join("my-shop"), &[("a", String::new())]).expect("there is room");
    let mode = fs::metadata(top.path().join("my-shop")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o500, 0o500);
}
