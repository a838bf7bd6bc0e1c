//! Makes a component of the core module that cargo built.
//!
//! Some imports cannot become part of a component, because they belong to no interface: a C symbol, a browser's function, an old WASI. This module reports
//! these with the likely cause and the remedy. Admission checks everything else about a component.

use std::collections::BTreeSet;
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

/// A plugin's component.
#[derive(Debug)]
pub(crate) struct Component {
    /// The file's content.
    pub(crate) bytes: Vec<u8>,
    /// The interfaces that the component imports, in order of name.
    pub(crate) imports: BTreeSet<String>,
}

/// Why a core module could not be made a component.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The module cannot be parsed.
    #[error("the compiled module cannot be read")]
    Unreadable(#[source] wasmparser::BinaryReaderError),
    /// The module has an import that a component cannot have.
    #[error("the plugin imports {import}, which is not available to plugins")]
    ForeignImport { import: String, remedy: &'static str },
    /// The module does not fit the types that it was built with.
    #[error("the compiled module could not be made a component")]
    Encoding(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The crates that are the likely cause of the import.
    pub(crate) fn suspects(&self) -> &'static [&'static str] {
        match self {
            Error::ForeignImport { import, .. } if import.contains("getrandom") => &["getrandom"],
            Error::ForeignImport { import, .. } if import.starts_with("__wbindgen") || import.starts_with("wbg") => &["wasm-bindgen"],
            Error::ForeignImport { import, .. } if import.starts_with("wasi") => &["wasi", "wasip2"],
            Error::ForeignImport { .. } | Error::Unreadable(_) | Error::Encoding(_) => &[],
        }
    }

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
        // An interface's name has its package before a colon.
        if !from.contains(':') {
            return Err(Error::ForeignImport { remedy: remedy_for(&from, &name), import: format!("{from}.{name}") });
        }
        imports.insert(from);
    }
    let encoder = ComponentEncoder::default().validate(true).module(module);
    let bytes = encoder.and_then(|mut encoder| encoder.encode()).map_err(|error| Error::Encoding(error.into()))?;
    Ok(Component { bytes, imports })
}

/// A core module's imports, each as a pair of module and name.
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
fn remedy_for(from: &str, name: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if from.starts_with("wasi") {
        of_wasi(name)
    } else if from.starts_with("__wbindgen") || from.starts_with("wbg") {
        if has(&["getRandomValues", "randomFillSync", "crypto"]) {
            "getrandom takes its randomness from a browser: switch off its feature `js` (in version 0.3 `wasm_js`), or the feature of rand, uuid or \
             ahash that wants it; randomness is in the call's context"
        } else if has(&["getTime", "new0", "now", "Date"]) {
            "a clock of a browser: switch off chrono's features `clock` and `wasmbind`, time's feature `wasm-bindgen`, or leave out instant and web-time; \
             the time is in the call's context"
        } else if has(&["fetch", "XmlHttp", "WebSocket"]) {
            "an HTTP client that asks a browser: leave it out; requests go through cartage_sdk::http"
        } else {
            "a dependency expects a browser (wasm-bindgen): switch off its `js`, `wasm-bindgen` or `wasmbind` feature; time and randomness are in the \
             call's context"
        }
    } else if has(&["getrandom"]) {
        "getrandom is built with a backend of the crate's own (`--cfg getrandom_backend=\"custom\"`, or its feature `custom`), and the function is nowhere \
         defined: leave out the dependency that wants it; randomness is in the call's context"
    } else if from == "env" {
        "a function is declared and nowhere defined, often one of a C library or of getrandom's custom backend: leave out the dependency that needs it"
    } else {
        "leave out the dependency that brings it; requests go through cartage_sdk::http, time and randomness are in the call's context"
    }
}

/// The remedy for a WASI import: what the function provides, which part of std or which crate uses it, and what to do instead.
fn of_wasi(name: &str) -> &'static str {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if starts(&["random_"]) {
        "WASI's randomness, which getrandom, rand, uuid or a HashMap of std ask for: build for wasm32-unknown-unknown; randomness is in the call's context"
    } else if starts(&["clock_", "poll_"]) {
        "WASI's clock, which std::time, std::thread::sleep or chrono's feature `clock` ask for: build for \
         wasm32-unknown-unknown; the time is in the call's context"
    } else if starts(&["environ_", "args_"]) {
        "WASI's environment, which std::env asks for: build for wasm32-unknown-unknown; what a plugin needs to know is a setting of its manifest"
    } else if starts(&["path_"]) {
        "WASI's files, which std::fs asks for: build for wasm32-unknown-unknown; what a plugin needs is a setting of its manifest, or in its code"
    } else if starts(&["sock_"]) {
        "WASI's sockets, which std::net or an HTTP client ask for: leave the client out; requests go through cartage_sdk::http"
    } else if starts(&["fd_"]) {
        "WASI's standard output or files, which println!, eprintln!, dbg! or a logger ask for: build for wasm32-unknown-unknown; lines go through \
         cartage_sdk::log"
    } else {
        "WASI gives files, clocks or sockets, which a plugin does not have; build for wasm32-unknown-unknown, and leave out the crate that needs WASI"
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
        for (from, name, word) in [
            ("wasi_snapshot_preview1", "proc_exit", "WASI"),
            ("wasi_snapshot_preview1", "random_get", "getrandom"),
            ("wasi_snapshot_preview1", "clock_time_get", "std::time"),
            ("wasi_snapshot_preview1", "environ_get", "std::env"),
            ("wasi_snapshot_preview1", "path_open", "std::fs"),
            ("wasi_snapshot_preview1", "sock_recv", "std::net"),
            ("wasi_snapshot_preview1", "fd_write", "println!"),
            ("__wbindgen_placeholder__", "__wbindgen_describe", "wasm-bindgen"),
            ("__wbindgen_placeholder__", "__wbg_getRandomValues_1c61fac11405ffdc", "`wasm_js`"),
            ("wbg", "__wbg_getTime_46267b1c24877e30", "`wasmbind`"),
            ("wbg", "__wbg_fetch_b5b4a0d6b4b9e0a5", "HTTP client"),
            ("env", "__getrandom_v03_custom", "getrandom_backend"),
            ("env", "sqlite3_open", "C library"),
            ("gps", "now", "leave out"),
        ] {
            let error = from_module(&module(&format!("(module (import \"{from}\" \"{name}\" (func)))"))).expect_err("it is foreign");
            assert!(matches!(&error, Error::ForeignImport { import, .. } if *import == format!("{from}.{name}")), "{error}");
            assert!(error.remedy().contains(word), "{name}: {}", error.remedy());
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
