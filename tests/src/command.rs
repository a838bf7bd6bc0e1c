//! The `cartage` command, run as its users run it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The root folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_owned()
}

/// The command, built by `make test` beside the tests.
pub fn cartage() -> Command {
    program("cartage")
}

/// The program that installs toolchains for the Makefile, built by `make test` beside the tests.
pub fn xtask() -> Command {
    program("xtask")
}

/// An example of the crate `cartage`, built by `make test` beside the tests.
pub fn example(name: &str) -> Command {
    program(&format!("examples/{name}"))
}

fn program(name: &str) -> Command {
    let tests = std::env::current_exe().expect("a test knows its own file");
    let command = tests.parent().and_then(Path::parent).expect("tests lie in target/<profile>/deps").join(name);
    assert!(command.exists(), "{} is missing; run `make test`, which builds it", command.display());
    let mut command = Command::new(command);
    command.env_remove("CARTAGE_PLUGINS").env_remove("CARTAGE_DATA").env_remove("CARTAGE_LOG").current_dir(root()).stdin(Stdio::null());
    command
}

/// A plugin that `make test` built from its crate.
pub fn plugin(name: &str) -> PathBuf {
    built("plugins", name)
}

/// A guest that `make test` built from `tests/guests`.
pub fn guest(name: &str) -> PathBuf {
    built("guests", name)
}

fn built(folder: &str, name: &str) -> PathBuf {
    let file = root().join("target").join(folder).join(format!("{name}.wasm"));
    assert!(file.exists(), "{} is missing; run `make test`, which builds it", file.display());
    file
}

/// The standard output and the standard error of a command, as text.
pub fn text(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}
