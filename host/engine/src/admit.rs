//! Admission: from the bytes of a file to a [`Plugin`], once.
//!
//! Cheap checks come first: the parts of a component are counted in one linear pass (`admit/counts.rs`), because validating and compiling
//! are not linear. Nothing is compiled before the component is known to be well formed, to import only our interfaces and to export all of
//! our functions. The cost of a compilation cannot be known here: a small component can take seconds. The compiler runs on the blocking
//! pool and cannot be stopped; processes that can be stopped take this over later.

mod counts;
mod refusal;

use super::guest::{AskedWhileDescribing, HostCalls};
use super::limits::{Budget, is_of_the_host};
use super::{Admitted, Plugin, Runtime, v1};
use cartage_contract::manifest::{self, Manifest};
use cartage_model::carts::Limits;
use cartage_model::exchange::{CallEnd, Limit};
use cartage_model::id::Digest;
use cartage_model::remedy::Remedy;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use wasmparser::{ComponentTypeRef, Parser, Payload, TypeBounds, Validator, WasmFeatures};
use wasmtime::Engine;
use wasmtime::component::Component;

pub use refusal::{FileKind, ImportOrigin};

/// The largest plugin file, in bytes.
pub const PLUGIN_BYTES_MAX: usize = 24 << 20;

/// The limits of `describe`, which only returns a constant.
const DESCRIBE_LIMITS: Limits = Limits {
    cpu_ms: 500,
    fuel: 500_000_000,
    memory_bytes: 64 << 20,
    table_elements: 20_000,
    host_call_bytes: 1 << 20,
    handles: 100,
    log_lines: 0,
    log_bytes: 0,
    requests: 0,
    request_bytes: 0,
    response_bytes: 0,
    request_ms: 0,
    call_ms: 10_000,
};

/// The WebAssembly proposals that a plugin may use; the engine's own switches are a second line of defence.
const FEATURES: WasmFeatures = WasmFeatures::WASM2.union(WasmFeatures::EXTENDED_CONST).union(WasmFeatures::COMPONENT_MODEL);

/// Why a file is not admitted as a plugin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is larger than [`PLUGIN_BYTES_MAX`].
    #[error("the plugin has {bytes} bytes, and {max} are allowed; build it without debug information", max = PLUGIN_BYTES_MAX)]
    TooLarge {
        /// The size in bytes, or where reading stopped.
        bytes: u64,
    },
    /// The file is not a component.
    #[error("the plugin is {0}")]
    NotAComponent(FileKind),
    /// The component has more of something than can be validated and compiled in good time.
    #[error(
        "the plugin has {count} {what}, and {max} are allowed; an ordinary plugin has far fewer: build it again with optimisation and fewer \
         dependencies"
    )]
    TooMuch {
        /// The name of the parts that are too many.
        what: &'static str,
        /// The number of parts, or where counting stopped.
        count: u64,
        /// The most that are allowed.
        max: u64,
    },
    /// The file ends early, is damaged, or uses a WebAssembly proposal that plugins may not use.
    #[error(
        "the plugin is damaged, cut short, or uses a WebAssembly feature that is switched off; fetch or build it again for wasm32-unknown-unknown"
    )]
    Invalid(#[source] wasmparser::BinaryReaderError),
    /// The component imports an interface that is not ours.
    #[error("the plugin imports {import}, which is not available to plugins{}", cause.advice())]
    ForeignImport {
        /// The import's name.
        import: String,
        /// What most likely brought the import in.
        cause: ImportOrigin,
    },
    /// The component was built for another version of the contract.
    #[error("the plugin has {item}, and this host supports {package}@{version}; {}", advice(.item), package = v1::PACKAGE, version = v1::VERSION)]
    ContractVersion {
        /// The import or export that shows the version.
        item: String,
    },
    /// The component lacks an export.
    #[error("the plugin does not export {export}; build it for the world plugin of {package}@{version} (the SDK's export! does that)", package = v1::PACKAGE, version = v1::VERSION)]
    MissingExport {
        /// The name of the missing function.
        export: &'static str,
    },
    /// An import has another type than the contract's.
    #[error("an import of the plugin has another type than in {package}@{version}; build it with the unchanged WIT files", package = v1::PACKAGE, version = v1::VERSION)]
    ImportType(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An export has another type than the contract's.
    #[error("an export of the plugin has another type than in {package}@{version}; build it with the unchanged WIT files", package = v1::PACKAGE, version = v1::VERSION)]
    ExportType(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The component cannot be compiled, or needs more memories, tables or instances than the host has room for.
    #[error("the plugin cannot be compiled for this host")]
    Unfit(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The machine could not compile the component now, which says nothing about the plugin.
    #[error(
        "this machine could not compile the plugin this time; if the failure persists, give the process more memory, file handles or threads"
    )]
    Host(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The plugin made a request to the host in `describe`.
    #[error("the plugin asked for {what} in describe, which must only state the manifest; move that into send-order-status or check")]
    AskedWhileDescribing {
        /// The request that the plugin made.
        what: &'static str,
    },
    /// The call of `describe` failed.
    #[error("the plugin could not describe itself")]
    Describe(#[source] CallEnd),
    /// The manifest is not valid.
    #[error("the plugin cannot be admitted with this manifest")]
    Manifest(#[source] manifest::Error),
}

impl Error {
    /// What a person can do; `None` where the message says it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Error::NotAComponent(FileKind::CoreModule | FileKind::Text | FileKind::Native | FileKind::Unknown)
            | Error::ForeignImport { cause: ImportOrigin::Wasi, .. } => Some(Remedy::BuildPlugin),
            Error::NotAComponent(_)
            | Error::ForeignImport { .. }
            | Error::TooLarge { .. }
            | Error::TooMuch { .. }
            | Error::Invalid(_)
            | Error::ContractVersion { .. }
            | Error::MissingExport { .. }
            | Error::ImportType(_)
            | Error::ExportType(_)
            | Error::Unfit(_)
            | Error::Host(_)
            | Error::AskedWhileDescribing { .. }
            | Error::Describe(_)
            | Error::Manifest(_) => None,
        }
    }

    /// Whether the error says nothing about the plugin, because the machine was short of something.
    pub fn is_fault(&self) -> bool {
        match self {
            Error::Host(_) => true,
            // A plugin that describes itself waits for nothing, so the machine was slow.
            Error::Describe(ended) => matches!(ended, CallEnd::Host { .. } | CallEnd::Limit { limit: Limit::CallMs(_) }),
            Error::TooLarge { .. }
            | Error::TooMuch { .. }
            | Error::NotAComponent(_)
            | Error::Invalid(_)
            | Error::ForeignImport { .. }
            | Error::ContractVersion { .. }
            | Error::MissingExport { .. }
            | Error::ImportType(_)
            | Error::ExportType(_)
            | Error::Unfit(_)
            | Error::AskedWhileDescribing { .. }
            | Error::Manifest(_) => false,
        }
    }
}

/// The error for a component that could not be compiled or prepared.
fn unfit(error: wasmtime::Error, unless_host: fn(Box<dyn std::error::Error + Send + Sync>) -> Error) -> Error {
    let is_host = is_of_the_host(&error);
    let error = error.into_boxed_dyn_error();
    if is_host { Error::Host(error) } else { unless_host(error) }
}

impl Runtime {
    /// Admits a plugin: checks the bytes, compiles them, and calls `describe` once. The bytes that are hashed are the bytes that are
    /// compiled.
    pub async fn admit(&self, bytes: Vec<u8>) -> Result<Plugin, Error> {
        let runtime = self.clone();
        let compiled = tokio::task::spawn_blocking(move || {
            inspect(&bytes)?;
            let component = Component::from_binary(&runtime.0.engine, &bytes).map_err(|error| unfit(error, Error::Unfit))?;
            let ready = v1::Ready::new(&runtime.0.linker, &component).map_err(|why| match why {
                v1::Unfit::Imports(error) => unfit(error, Error::ImportType),
                v1::Unfit::Exports(error) => unfit(error, Error::ExportType),
                v1::Unfit::Missing(export) => Error::MissingExport { export },
            })?;
            Ok((Digest::of(&bytes), ready))
        });
        let (digest, ready) = match compiled.await {
            Ok(compiled) => compiled?,
            // A compiler that cannot start its threads panics.
            Err(panicked) => return Err(Error::Host(panicked.into())),
        };
        let manifest = self.describe(&ready).await?;
        manifest.check().map_err(Error::Manifest)?;
        Ok(Plugin(Arc::new(Admitted { runtime: self.clone(), ready, digest, manifest })))
    }

    async fn describe(&self, ready: &v1::Ready) -> Result<Manifest, Error> {
        let limits = &DESCRIBE_LIMITS;
        let call_ms = Duration::from_millis(limits.call_ms.into());
        let _slot = self.slot(call_ms).await.map_err(Error::Describe)?;
        let _ticking = self.0.ticker.watch();
        let budget = Budget::new(limits);
        let mut store = self.store(&budget, limits, HostCalls::Refused).map_err(Error::Describe)?;
        match timeout(call_ms, Box::pin(ready.describe(&mut store))).await {
            // It said that it panics, and did not.
            Ok(Ok(_)) if store.data().panic().is_some() => Err(Error::AskedWhileDescribing { what: "a log line" }),
            Ok(Ok(manifest)) => Ok(manifest),
            Ok(Err(error)) => Err(match error.downcast_ref::<AskedWhileDescribing>() {
                Some(AskedWhileDescribing(what)) => Error::AskedWhileDescribing { what },
                None => Error::Describe(budget.ended(&error, store.data().panic())),
            }),
            Err(_) => Err(Error::Describe(CallEnd::Limit { limit: Limit::CallMs(limits.call_ms) })),
        }
    }
}

/// The interfaces that a plugin imports, by name; empty for bytes that are no component.
pub fn imports(bytes: &[u8]) -> Vec<String> {
    interface(bytes).map(|(imports, _)| imports.into_iter().map(str::to_owned).collect()).unwrap_or_default()
}

/// Checks everything that can be known without compiling.
fn inspect(bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() > PLUGIN_BYTES_MAX {
        return Err(Error::TooLarge { bytes: bytes.len() as u64 });
    }
    if let Some(kind) = other_than_component(bytes) {
        return Err(Error::NotAComponent(kind));
    }
    counts::check(bytes)?;
    Validator::new_with_features(FEATURES).validate_all(bytes).map_err(Error::Invalid)?;
    let (imports, exports) = interface(bytes).map_err(Error::Invalid)?;
    imports.into_iter().try_for_each(check_import)?;
    check_exports(&exports)
}

fn other_than_component(bytes: &[u8]) -> Option<FileKind> {
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";
    if bytes.is_empty() {
        Some(FileKind::Empty)
    } else if bytes.starts_with(COMPONENT) {
        None
    } else if bytes.starts_with(CORE_MODULE) {
        Some(FileKind::CoreModule)
    } else if COMPONENT.starts_with(bytes) || CORE_MODULE.starts_with(bytes) {
        Some(FileKind::Truncated)
    } else if bytes.starts_with(b"\0asm") {
        Some(FileKind::UnknownWasm)
    } else if Engine::detect_precompiled(bytes).is_some() {
        Some(FileKind::Precompiled)
    } else if [&b"\x7fELF"[..], b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"].iter().any(|magic| bytes.starts_with(magic)) {
        Some(FileKind::Native)
    } else if [&b"PK\x03\x04"[..], b"PK\x05\x06", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ"]
        .iter()
        .any(|magic| bytes.starts_with(magic))
    {
        Some(FileKind::Archive)
    } else if std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0')) {
        Some(FileKind::Text)
    } else {
        Some(FileKind::Unknown)
    }
}

/// The names of what a component itself imports and exports, without those of components inside it.
fn interface(bytes: &[u8]) -> Result<(Vec<&str>, Vec<&str>), wasmparser::BinaryReaderError> {
    let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0u32);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let import = import?;
                    // A type that is equal to a known one is a name for it, and gives the plugin nothing.
                    if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                        imports.push(import.name.name);
                    }
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    exports.push(export?.name.name);
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

fn check_import(import: &str) -> Result<(), Error> {
    let ours = import.strip_prefix(v1::PACKAGE).and_then(|rest| rest.strip_prefix('/'));
    let Some((interface, version)) = ours.map(|name| name.split_once('@').unwrap_or((name, ""))) else {
        return Err(Error::ForeignImport { import: import.to_owned(), cause: ImportOrigin::of(import) });
    };
    if version != v1::VERSION {
        Err(Error::ContractVersion { item: format!("the import {import}") })
    } else if v1::IMPORTS.contains(&interface) {
        Ok(())
    } else {
        Err(Error::ForeignImport { import: import.to_owned(), cause: ImportOrigin::Unknown })
    }
}

/// The advice for a plugin of another contract version, given the import or export whose name ends in that version after `@`.
fn advice(item: &str) -> &'static str {
    let mut numbers = item.rsplit_once('@').map_or("", |(_, version)| version).split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(0)), _) => {
            "the contract before 1.0.0 was unstable, and no host supports it any more: the plugin's vendor must build it again with the current SDK"
        }
        (Some(Ok(1)), Some(Ok(1..))) => "the plugin needs a newer Cartage",
        _ => "build the plugin with the SDK of that version, or use another Cartage",
    }
}

fn check_exports(exports: &[&str]) -> Result<(), Error> {
    let Some(export) = v1::EXPORTS.into_iter().find(|export| !exports.contains(export)) else { return Ok(()) };
    match exports.iter().find(|export| export.starts_with(v1::PACKAGE)) {
        Some(other) => Err(Error::ContractVersion { item: format!("the export {other}") }),
        None => Err(Error::MissingExport { export }),
    }
}
