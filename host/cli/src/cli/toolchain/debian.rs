//! Debian's toolchain. Its packages have no standard library for the target, so cargo builds one from source.

use super::machine::Machine;
use super::rustup::ask;
use super::{Kind, Toolchain, Version};
use std::path::{Path, PathBuf};

const CARGO: &str = "/usr/bin/cargo";
const RUSTC: &str = "/usr/bin/rustc";

/// The standard library's source, below the compiler's folder.
const SOURCE: &str = "/usr/lib/rustlib/src/rust/library/Cargo.toml";

/// How a user installs the packages.
pub(super) const BY_HAND: &str = "apt-get install rustc-web cargo-web rust-web-src lld-22    (as root; any newer lld-NN does as well)";

/// Finds the installed packages. The error names those that are missing.
pub(super) fn find(machine: &impl Machine) -> Result<Toolchain, String> {
    let mut missing = Vec::new();
    let there = |path: &str| machine.exists(Path::new(path));
    if !there(RUSTC) {
        missing.push("the compiler (rustc-web)");
    }
    if !there(CARGO) {
        missing.push("cargo (cargo-web)");
    }
    if !there(SOURCE) {
        missing.push("the standard library's source (rust-web-src)");
    }
    let linker = newest_linker(machine);
    if linker.is_none() {
        missing.push("the linker wasm-ld (lld-NN)");
    }
    let (Some(linker), true) = (linker, missing.is_empty()) else { return Err(format!("not installed: {}", missing.join(", "))) };
    // In newer releases the package `rustup` has a /usr/bin/rustc that calls one of rustup's toolchains.
    let sysroot = ask(machine, RUSTC, &["--print", "sysroot"])?;
    if sysroot != "/usr" {
        return Err(format!("{RUSTC} is not Debian's compiler: it takes its libraries from {sysroot}"));
    }
    let version = ask(machine, RUSTC, &["--version"])?;
    let version = Version::parse(&version).ok_or_else(|| format!("{RUSTC} gives {version:?} as its version"))?;
    Ok(Toolchain { kind: Kind::Debian, version, cargo: CARGO.into(), rustc: RUSTC.into(), linker: Some(linker) })
}

/// The newest linker: `wasm-ld-22` before `wasm-ld-19`, and either before a `wasm-ld` of unknown version.
fn newest_linker(machine: &impl Machine) -> Option<PathBuf> {
    let age = |name: &String| match name.strip_prefix("wasm-ld")? {
        "" => Some(0),
        version => version.strip_prefix('-')?.parse::<u32>().ok(),
    };
    let names = machine.names_in(Path::new("/usr/bin"));
    let newest = names.iter().filter(|name| age(name).is_some()).max_by_key(|name| age(name))?;
    Some(Path::new("/usr/bin").join(newest))
}
