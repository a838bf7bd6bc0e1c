//! Rust's own toolchain, managed by rustup.

use super::machine::{Machine, Ran, Show};
use super::{ASK, Kind, TARGET, Toolchain, Version};
use std::path::Path;

/// How a user installs the target.
pub(super) const BY_HAND: &str = "rustup target add wasm32-unknown-unknown";

/// The active toolchain. The error says why it cannot build for the target.
pub(super) fn find(machine: &impl Machine) -> Result<Toolchain, String> {
    let targets = ask(machine, "rustup", &["target", "list", "--installed"])?;
    if !targets.lines().any(|line| line.trim() == TARGET) {
        return Err(format!("the active toolchain does not have the target {TARGET}"));
    }
    let cargo = ask(machine, "rustup", &["which", "cargo"])?;
    let rustc = ask(machine, "rustup", &["which", "rustc"])?;
    let folder = ask(machine, &rustc, &["--print", "target-libdir", "--target", TARGET])?;
    // After an interrupted download, or in an incomplete copy of a toolchain, the target is listed but cannot be built for.
    if !machine.names_in(Path::new(&folder)).iter().any(|name| name.starts_with("libstd-") && name.ends_with(".rlib")) {
        return Err(format!(
            "the target {TARGET} is listed as installed, but its standard library is not in {folder}; `rustup target remove {TARGET}` clears that"
        ));
    }
    let version = ask(machine, &rustc, &["--version"])?;
    let version = Version::parse(&version).ok_or_else(|| format!("{rustc} gives {version:?} as its version"))?;
    Ok(Toolchain { kind: Kind::Rustup, version, cargo: cargo.into(), rustc: rustc.into(), linker: None })
}

pub(super) fn ask(machine: &impl Machine, program: &str, arguments: &[&str]) -> Result<String, String> {
    match machine.run(program, arguments, ASK, Show::Nothing) {
        Ran::Well(text) => Ok(text.trim().to_owned()),
        Ran::Badly(why) => Err(format!("`{program} {}` failed: {why}", arguments.join(" "))),
        Ran::TooLong => Err(format!("`{program} {}` did not answer within {} s", arguments.join(" "), ASK.as_secs())),
        Ran::NotThere => Err(format!("{program} is not installed")),
    }
}
