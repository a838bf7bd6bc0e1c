//! Finds the Rust toolchain that builds guests on this machine.
//!
//! There are two: rustup's active toolchain, if it has the target, and Debian's packages, with which cargo builds the target's standard library itself.
//! rustup's is looked for first; if `CARTAGE_GUEST_TOOLCHAIN` names one of the two, only that one is. Nothing is installed. Each toolchain that cannot be used
//! leaves its reason, so that the error says what was looked for and what the user can run.
//!
//! Both toolchains produce equivalent components: the same profile, target and crates. Their bytes differ, as those of any two compilers do.

mod debian;
mod machine;
mod rustup;
#[cfg(test)]
mod tests;

pub(crate) use machine::{Machine, Ran, Show, ThisMachine};

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The target of every guest.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The environment variable that names the toolchain to use: `rustup` or `debian`.
const CHOICE: &str = "CARTAGE_GUEST_TOOLCHAIN";

/// Time limit of a toolchain command that needs no network.
const ASK: Duration = Duration::from_secs(30);

/// A toolchain that can build guests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toolchain {
    /// Where the toolchain comes from.
    pub(crate) kind: Kind,
    /// The compiler's version, such as `1.95.0`.
    pub(crate) version: Version,
    cargo: PathBuf,
    rustc: PathBuf,
    /// The linker; `None` if the compiler brings its own.
    linker: Option<PathBuf>,
}

/// Where a toolchain comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// rustup, Rust's own installer.
    Rustup,
    /// Debian's packages.
    Debian,
}

impl Kind {
    /// The error says why this toolchain cannot be used.
    fn find(self, machine: &impl Machine) -> Result<Toolchain, String> {
        match self {
            Kind::Rustup => rustup::find(machine),
            Kind::Debian => debian::find(machine),
        }
    }

    /// How a user installs the toolchain.
    fn by_hand(self) -> &'static str {
        match self {
            Kind::Rustup => rustup::BY_HAND,
            Kind::Debian => debian::BY_HAND,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Rustup => "rustup",
            Kind::Debian => "debian",
        })
    }
}

/// A compiler's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u32, u32, u32);

impl Version {
    /// Reads `1.95`, `1.95.0` or the output of `rustc --version`.
    pub(crate) fn parse(text: &str) -> Option<Version> {
        let text = text.trim().strip_prefix("rustc ").unwrap_or(text.trim());
        let number = text.split([' ', '-', '+']).next()?;
        let mut parts = number.split('.').map(str::parse);
        let mut next = || parts.next().unwrap_or(Ok(0)).ok();
        Some(Version(next()?, next()?, next()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Why no toolchain was found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The variable names an unknown toolchain.
    #[error("{CHOICE} is {given:?}, and only `rustup` and `debian` are known")]
    UnknownChoice { given: String },
    /// No toolchain that may be used was found, each for its reason.
    #[error("found no Rust toolchain that builds for {TARGET}{}", list(.looked_for))]
    None { looked_for: Vec<Reason> },
}

impl Error {
    /// What the user can do.
    pub(crate) fn remedy(&self) -> String {
        match self {
            Error::UnknownChoice { .. } => format!("set {CHOICE} to rustup or to debian, or leave it unset"),
            Error::None { looked_for } => {
                let ways: Vec<String> = looked_for.iter().map(|reason| format!("    {}", reason.kind.by_hand())).collect();
                format!("run\n{}", ways.join("\n  or, on Debian:\n"))
            }
        }
    }
}

/// Why one toolchain cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// Which toolchain was looked for.
    pub(crate) kind: Kind,
    /// What is missing or wrong.
    pub(crate) why: String,
}

fn list(reasons: &[Reason]) -> String {
    reasons.iter().map(|reason| format!("\n  {}: {}", reason.kind, reason.why)).collect()
}

/// Finds the toolchain for a crate in `folder`. `oldest` is the oldest compiler that the crate allows.
pub(crate) fn find(folder: &Path, oldest: Option<Version>) -> Result<Toolchain, Error> {
    choose(&ThisMachine { folder: folder.to_owned() }, std::env::var(CHOICE).ok().as_deref(), oldest)
}

fn choose(machine: &impl Machine, choice: Option<&str>, oldest: Option<Version>) -> Result<Toolchain, Error> {
    let kinds: &[Kind] = match choice {
        None | Some("") => &[Kind::Rustup, Kind::Debian],
        Some("rustup") => &[Kind::Rustup],
        Some("debian") => &[Kind::Debian],
        Some(given) => return Err(Error::UnknownChoice { given: given.to_owned() }),
    };
    let mut looked_for = Vec::new();
    for kind in kinds {
        match kind.find(machine).and_then(|toolchain| toolchain.no_older_than(oldest)) {
            Ok(toolchain) => return Ok(toolchain),
            Err(why) => looked_for.push(Reason { kind: *kind, why }),
        }
    }
    Err(Error::None { looked_for })
}

/// The `CARGO_…` variables that are kept: access to the registry, and the style of messages. All others steer one particular build, often the one that runs
/// this command, and would change the guest or break its build.
const CARGO_KEPT: [&str; 8] = [
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
    "CARGO_TERM_",
    "CARGO_INCREMENTAL",
];

/// Other variables that steer a compiler. `cargo run` sets `LD_LIBRARY_PATH` to another compiler's libraries.
const STEERING: [&str; 12] = [
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
    "RUST_RECURSION_COUNT",
    "RUST_TARGET_PATH",
    "LD_LIBRARY_PATH",
    "MAKEFLAGS",
];

impl Toolchain {
    fn no_older_than(self, oldest: Option<Version>) -> Result<Toolchain, String> {
        match oldest {
            Some(oldest) if self.version < oldest => {
                Err(format!("{} is Rust {}, and {oldest} or newer is needed", self.rustc.display(), self.version))
            }
            _ => Ok(self),
        }
    }

    /// A cargo command without variables of an outer build. The caller adds the arguments that say what to build.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(&self.cargo);
        for (name, _) in std::env::vars_os().filter(|(name, _)| steers(name)) {
            command.env_remove(name);
        }
        command.env("RUSTC", &self.rustc).envs(self.environment());
        command
    }

    fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut environment = Vec::new();
        if let Some(linker) = &self.linker {
            environment.push(("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker.clone().into_os_string()));
        }
        if self.kind == Kind::Debian {
            // A released compiler refuses `-Z build-std` without this variable.
            environment.push(("RUSTC_BOOTSTRAP", OsString::from("1")));
        }
        environment
    }

    /// The arguments that `cargo build` needs for this toolchain.
    pub(crate) fn build_arguments(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Rustup => &[],
            Kind::Debian => &["-Z", "build-std=std,panic_abort"],
        }
    }
}

fn steers(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    STEERING.contains(&name) || (name.starts_with("CARGO_") && !CARGO_KEPT.iter().any(|kept| name.starts_with(kept))) || name == "CARGO"
}
