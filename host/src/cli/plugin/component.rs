//! From the core module that cargo built to a component.
//!
//! Some imports cannot even become part of a component, because they belong to no interface: a C symbol, a browser's function, an old WASI.
//! They are named here, with the likely cause and the remedy. Everything else about a component is admission's to judge.

use std::collections::BTreeSet;
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

/// A plugin's component.
#[derive(Debug)]
pub(crate) struct Component {
    /// The file's content.
    pub(crate) bytes: Vec<u8>,
    /// The interfaces that it imports, in order of name.
    pub(crate) imports: BTreeSet<String>,
}

/// Why a core module makes no component.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It cannot be read.
    #[error("the compiled module cannot be read")]
    Unreadable(#[source] wasmparser::BinaryReaderError),
    /// It wants more of its surroundings than a component can.
    #[error("the plugin imports {import}, which no plugin is given")]
    ForeignImport { import: String, remedy: &'static str },
    /// It does not fit the types that it was built with.
    #[error("the compiled module could not be made a component")]
    Encoding(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// What the plugin's author can do.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Error::ForeignImport { remedy, .. } => remedy,
            Error::Unreadable(_) | Error::Encoding(_) => "remove the workspace's folder target/guest-build and build again",
        }
    }
}

/// Makes a component of a core module.
pub(crate) fn from_module(module: &[u8]) -> Result<Component, Error> {
    let mut imports = BTreeSet::new();
    for (from, name) in module_imports(module).map_err(Error::Unreadable)? {
        // An interface has its package before a colon.
        if !from.contains(':') {
            return Err(Error::ForeignImport { remedy: remedy_for(&from), import: format!("{from}.{name}") });
        }
        imports.insert(from);
    }
    let encoder = ComponentEncoder::default().validate(true).module(module);
    let bytes = encoder.and_then(|mut encoder| encoder.encode()).map_err(|error| Error::Encoding(error.into()))?;
    Ok(Component { bytes, imports })
}

/// What a core module imports: from where, and the name.
fn module_imports(module: &[u8]) -> wasmparser::Result<Vec<(String, String)>> {
    let mut imports = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                let import = import?;
                imports.push((import.module.to_owned(), import.name.to_owned()));
            }
        }
    }
    Ok(imports)
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
    fn a_module_becomes_a_component() {
        let component = from_module(&module("(module (memory (export \"memory\") 1))")).expect("it needs nothing");
        assert!(component.imports.is_empty() && component.bytes.starts_with(b"\0asm\x0d\0\x01\0"), "{component:?}");
    }

    #[test]
    fn an_interface_that_the_module_was_not_built_for_is_refused() {
        let error = from_module(&module("(module (import \"cartage:plugin/http@0.1.0\" \"send\" (func)))")).expect_err("it has no types");
        assert!(matches!(error, Error::Encoding(_)), "{error}");
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(matches!(from_module(b"\0asm"), Err(Error::Unreadable(_))));
        assert!(matches!(from_module(b"not wasm"), Err(Error::Unreadable(_))));
    }
}
