//! The bindings that the SDK keeps with its sources are those that the WIT files give.

use std::path::Path;
use wit_bindgen_core::{Files, WorldGenerator as _};
use wit_bindgen_rust::Opts;
use wit_parser::Resolve;

/// The plugin's side of the WIT files, as `wit-bindgen` writes it.
fn bindings(wit: &Path) -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).expect("the WIT files parse");
    let world = resolve.select_world(&[package], Some("plugin")).expect("the package has the world");
    let options = Opts {
        format: true,
        pub_export_macro: true,
        export_macro_name: Some("export_component".to_owned()),
        default_bindings_module: Some("cartage_sdk::abi".to_owned()),
        ..Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files).expect("the world has bindings");
    let (_, content) = files.iter().next().expect("there is one file");
    String::from_utf8(content.to_vec()).expect("Rust is UTF-8")
}

#[test]
fn the_bindings_are_those_of_the_wit_files() {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = wit.join("../sdk/src/abi/generated.rs");
    let made = bindings(wit);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&kept, &made).expect("the file can be written");
    }
    let kept = std::fs::read_to_string(&kept).unwrap_or_else(|error| panic!("{}: {error}; BLESS=1 writes it", kept.display()));
    assert!(kept == made, "sdk/src/abi/generated.rs is not what the WIT files give: BLESS=1 writes it anew");
}
