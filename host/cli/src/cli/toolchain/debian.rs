//! Debian's toolchain. Its packages have no standard library for the target, so cargo builds one from source.

use super::machine::{Machine, Ran, Show};
use super::rustup::ask;
use super::{Kind, Toolchain, Version};
use std::path::{Path, PathBuf};
use std::time::Duration;

const CARGO: &str = "/usr/bin/cargo";
const RUSTC: &str = "/usr/bin/rustc";

/// The standard library's source, below the compiler's folder.
const SOURCE: &str = "/usr/lib/rustlib/src/rust/library/Cargo.toml";

/// The packages, without the linker, whose name contains a version.
const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// The linker to install if apt-cache does not list any.
const LINKER: &str = "lld-22";

/// Time limit of apt-get's downloads and installation.
const INSTALL: Duration = Duration::from_secs(900);

/// How a user installs the packages.
pub(super) fn by_hand() -> String {
    format!("apt-get install {} {LINKER}    (as root; any newer lld-NN does as well)", PACKAGES.join(" "))
}

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

/// Installs the packages. Nothing is removed for them: `rustc-web` conflicts with Debian's own `rustc`, which the user may need.
pub(super) fn install(machine: &impl Machine, talk: &mut dyn FnMut(&str)) -> Result<(), String> {
    install_packages(machine, talk, |machine| PACKAGES.into_iter().map(str::to_owned).chain([newest_linker_package(machine)]).collect())
}

/// Installs packages. `packages` is called after the package lists are updated, and returns the names.
pub(super) fn install_packages<M: Machine>(
    machine: &M,
    talk: &mut dyn FnMut(&str),
    packages: impl FnOnce(&M) -> Vec<String>,
) -> Result<(), String> {
    match machine.run("id", &["-u"], super::ASK, Show::Nothing) {
        Ran::Well(id) if id.trim() == "0" => {}
        _ => return Err("installing packages with apt-get needs root, and this user is not root".to_owned()),
    }
    // Old lists may name compilers that are too old. If the update fails, the lists that are present may still do.
    talk("fetching the package lists: apt-get update");
    let updated = machine.run("apt-get", &["update"], INSTALL, Show::Everything);
    let installed = match updated {
        Ran::Well(_) | Ran::Badly(_) => apt_get(machine, talk, &packages(machine)),
        Ran::TooLong => Err(Apt::TooLong),
        Ran::NotThere => Err(Apt::NotThere),
    };
    installed.map_err(|why| match (why, updated) {
        (Apt::Failed, Ran::Badly(_)) => "`apt-get update` and `apt-get install` failed; their output is above".to_owned(),
        (why, _) => why.why(),
    })
}

enum Apt {
    Failed,
    TooLong,
    NotThere,
}

impl Apt {
    fn why(self) -> String {
        match self {
            Apt::Failed => "`apt-get install` failed; its output is above".to_owned(),
            Apt::TooLong => format!("apt-get did not end within {} s", INSTALL.as_secs()),
            Apt::NotThere => "apt-get is not installed: this is not a Debian system".to_owned(),
        }
    }
}

fn apt_get(machine: &impl Machine, talk: &mut dyn FnMut(&str), packages: &[String]) -> Result<(), Apt> {
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    talk(&format!("installing Debian's packages: apt-get install {}", packages.join(" ")));
    let options = ["install", "--yes", "--no-install-recommends", "--no-remove", "-o", "DPkg::Lock::Timeout=120"];
    match machine.run("apt-get", &[&options[..], &packages].concat(), INSTALL, Show::Everything) {
        Ran::Well(_) => Ok(()),
        Ran::Badly(_) => Err(Apt::Failed),
        Ran::TooLong => Err(Apt::TooLong),
        Ran::NotThere => Err(Apt::NotThere),
    }
}

fn newest_linker_package(machine: &impl Machine) -> String {
    let known = match machine.run("apt-cache", &["pkgnames", "lld-"], super::ASK, Show::Nothing) {
        Ran::Well(names) => names,
        Ran::Badly(_) | Ran::TooLong | Ran::NotThere => String::new(),
    };
    let newest = known.lines().filter_map(|name| name.trim().strip_prefix("lld-")?.parse::<u32>().ok()).max();
    newest.map_or_else(|| LINKER.to_owned(), |version| format!("lld-{version}"))
}
