//! From the core module that cargo built to a component that the host admits.
//!
//! A crate that brings an import of its own (a clock, a random number generator, WASI) shows here first, while its author is looking; the
//! error names the import, the likely cause and the remedy. Admission checks again, because plugins also come from elsewhere.

use std::collections::BTreeSet;
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

/// What every import and export of a plugin belongs to.
const PACKAGE: &str = "cartage:plugin/";

/// The export without which nothing can be asked of a plugin.
const DESCRIBE: &str = "describe";

/// A plugin's component.
#[derive(Debug)]
pub(crate) struct Component {
    /// The file's content.
    pub(crate) bytes: Vec<u8>,
    /// What it imports, in order of name.
    pub(crate) imports: BTreeSet<String>,
}

/// Why a core module makes no plugin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It cannot be read.
    #[error("the compiled module cannot be read")]
    Unreadable(#[source] wasmparser::BinaryReaderError),
    /// It wants more of its surroundings than a plugin may.
    #[error("the plugin imports {import}, and a plugin may import nothing but {PACKAGE}…")]
    ForeignImport { import: String, remedy: &'static str },
    /// It is no plugin.
    #[error("the compiled module exports no plugin")]
    NoPlugin,
    /// It fits no component.
    #[error("the compiled module could not be made a component")]
    Encoding(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// What the plugin's author can do.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Error::ForeignImport { remedy, .. } => remedy,
            Error::NoPlugin => "implement cartage_sdk::Plugin for a type and export it with cartage_sdk::export!",
            Error::Unreadable(_) | Error::Encoding(_) => {
                "build it with `cartage plugin build`, and use a cartage-sdk of the same version as this command"
            }
        }
    }
}

/// Makes a component of a core module and checks what it imports and exports.
pub(crate) fn from_module(module: &[u8]) -> Result<Component, Error> {
    for import in module_imports(module).map_err(Error::Unreadable)? {
        allowed(&import)?;
    }
    let mut encoder = ComponentEncoder::default();
    let bytes = encoder.validate(true).module(module).and_then(ComponentEncoder::encode).map_err(|error| Error::Encoding(error.into()))?;
    let (imports, exports) = surface(&bytes).map_err(Error::Unreadable)?;
    imports.iter().try_for_each(|import| allowed(import))?;
    if exports.contains(DESCRIBE) { Ok(Component { bytes, imports }) } else { Err(Error::NoPlugin) }
}

/// What a core module imports, as `module` or `module.name`, in its order.
fn module_imports(module: &[u8]) -> wasmparser::Result<Vec<String>> {
    let mut imports = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                let import = import?;
                imports.push(format!("{}.{}", import.module, import.name));
            }
        }
    }
    Ok(imports)
}

/// The names that a component itself imports and exports, those of its inner modules and components left out.
fn surface(component: &[u8]) -> wasmparser::Result<(BTreeSet<String>, BTreeSet<String>)> {
    let (mut imports, mut exports, mut depth) = (BTreeSet::new(), BTreeSet::new(), 0_u32);
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    imports.insert(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    exports.insert(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

fn allowed(import: &str) -> Result<(), Error> {
    if import.starts_with(PACKAGE) {
        return Ok(());
    }
    Err(Error::ForeignImport { import: import.to_owned(), remedy: remedy_for(import) })
}

/// The likely cause of a foreign import, and what to do about it.
fn remedy_for(import: &str) -> &'static str {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| import.starts_with(prefix));
    if starts(&["wasi"]) {
        "WASI gives files, clocks or sockets, which a plugin does not have; build for wasm32-unknown-unknown, and leave out the crate that needs WASI"
    } else if starts(&["__wbindgen", "wbg"]) {
        "a dependency expects a browser (wasm-bindgen): switch off its `js`, `wasm-bindgen` or `wasmbind` feature; time and randomness are in the \
         call's context"
    } else if starts(&["env"]) {
        "a function is declared and nowhere defined, often one of a C library or of getrandom's custom backend: leave out the dependency that needs it"
    } else {
        "leave out the dependency that brings it; requests go through cartage_sdk::http, time and randomness are in the call's context"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(text: &str) -> Vec<u8> {
        wat::parse_str(text).expect("the text is a module")
    }

    #[test]
    fn a_foreign_import_is_named_with_its_likely_cause() {
        for (name, word) in
            [("wasi_snapshot_preview1", "WASI"), ("__wbindgen_placeholder__", "wasm-bindgen"), ("env", "C library"), ("gps", "leave out")]
        {
            let error = from_module(&module(&format!("(module (import \"{name}\" \"now\" (func)))"))).expect_err("it is foreign");
            assert!(matches!(&error, Error::ForeignImport { import, .. } if *import == format!("{name}.now")), "{error}");
            assert!(error.remedy().contains(word), "{}", error.remedy());
        }
    }

    #[test]
    fn a_module_that_exports_no_plugin_is_refused() {
        assert!(matches!(from_module(&module("(module (memory (export \"memory\") 1))")), Err(Error::NoPlugin)));
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(matches!(from_module(b"\0asm"), Err(Error::Unreadable(_))));
        assert!(matches!(from_module(b"not wasm"), Err(Error::Unreadable(_))));
    }

    #[test]
    fn only_the_component_s_own_names_count() {
        let bytes = module(
            r#"(component
                (import "cartage:plugin/log@0.1.0" (instance))
                (component (import "hidden" (func)))
                (core module (func (export "inner")))
                (instance $i)
                (export "describe" (instance $i)))"#,
        );
        let (imports, exports) = surface(&bytes).expect("it is a component");
        assert_eq!(imports.into_iter().collect::<Vec<_>>(), ["cartage:plugin/log@0.1.0"]);
        assert_eq!(exports.into_iter().collect::<Vec<_>>(), ["describe"]);
    }
}
