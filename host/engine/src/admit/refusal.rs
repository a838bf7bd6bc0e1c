//! What a refused file most likely is, or was built from, and what to do about it.

use std::fmt;

/// The kind of a file that is not a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// An empty file.
    Empty,
    /// The beginning of a WebAssembly file that was cut off.
    Truncated,
    /// A core module instead of a component.
    CoreModule,
    /// A WebAssembly file of an unknown version.
    UnknownWasm,
    /// A text file.
    Text,
    /// Machine code that wasmtime compiled.
    Precompiled,
    /// A program or library of the operating system.
    Native,
    /// A compressed file or an archive.
    Archive,
    /// Any other content.
    Unknown,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileKind::Empty => "an empty file; build or fetch it again",
            FileKind::Truncated => "cut short after its first bytes; build or fetch it again",
            FileKind::CoreModule => "a core module, not a component",
            FileKind::UnknownWasm => "a WebAssembly file of an unknown version; build it with a current toolchain",
            FileKind::Text => "a text file, not a component",
            FileKind::Precompiled => {
                "a precompiled file, which is machine code and is never accepted; give the component that it was compiled from"
            }
            FileKind::Native => "a native program or library, not a component",
            FileKind::Archive => "an archive, not a component; unpack it and give the .wasm file in it",
            FileKind::Unknown => "not a WebAssembly component",
        })
    }
}

/// What most likely brought a foreign import in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportOrigin {
    /// A WASI target, or the standard library's environment, arguments or printing.
    Command,
    /// The standard library's files.
    Files,
    /// Clocks, of the standard library or WASI.
    Clock,
    /// Random numbers, of the standard library or WASI.
    Random,
    /// Sockets or an HTTP client.
    Network,
    /// Another interface of WASI.
    Wasi,
    /// An interface of another vendor.
    Unknown,
}

impl ImportOrigin {
    pub(super) fn of(import: &str) -> ImportOrigin {
        let Some(wasi) = import.strip_prefix("wasi:") else { return ImportOrigin::Unknown };
        match wasi.split(['/', '@']).next().unwrap_or_default() {
            "cli" => ImportOrigin::Command,
            "filesystem" => ImportOrigin::Files,
            "clocks" => ImportOrigin::Clock,
            "random" => ImportOrigin::Random,
            "sockets" | "http" | "tls" => ImportOrigin::Network,
            _ => ImportOrigin::Wasi,
        }
    }

    pub(super) fn advice(self) -> &'static str {
        match self {
            ImportOrigin::Command => {
                "; it was built for a WASI target, or uses std::env, std::process or println!: build it for wasm32-unknown-unknown and \
                 use the settings and the log of the contract"
            }
            ImportOrigin::Files => {
                "; it uses std::fs, or was built for a WASI target: build it for wasm32-unknown-unknown and take what it needs as settings"
            }
            ImportOrigin::Clock => "; it uses std::time, or was built for a WASI target: take the time from context.now-unix-ms",
            ImportOrigin::Random => {
                "; it uses a random number generator or a randomly seeded map, or was built for a WASI target: take context.entropy"
            }
            ImportOrigin::Network => {
                "; it opens connections of its own: send requests through the contract's http.send to endpoints of the manifest"
            }
            ImportOrigin::Wasi => "; it was built for a WASI target",
            ImportOrigin::Unknown => "; remove what needs it, or build for the world plugin of the contract",
        }
    }
}
