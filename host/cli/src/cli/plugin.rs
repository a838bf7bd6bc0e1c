//! `cartage plugin`: makes, builds, inspects and tests plugins, runs them against recordings, and bans plugins that must not run.

mod ban;
mod build;
mod cart;
mod cassettes;
mod component;
mod dependencies;
mod diff;
mod file;
mod inspect;
mod needs;
mod new;
mod powers;
mod project;
mod replay;
mod run;
#[cfg(test)]
mod sample;
mod setting;
mod test;
mod watch;

pub(super) use setting::{takes, typed, value_text};

use super::{Failure, Verdict};
use cartage::engine::{Plugin, Runtime, admit};
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// Create, build, inspect, run, test, replay and ban plugins.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(new::Args),
    Build(build::Args),
    Inspect(inspect::Args),
    Test(test::Args),
    Cart(cart::Args),
    Replay(replay::Args),
    Diff(diff::Args),
    Run(Box<run::Args>),
    Ban(ban::Ban),
    Unban(ban::Unban),
    Bans(ban::Bans),
}

impl Command {
    /// Whether the command works on the plugins of a data directory.
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        match self {
            Command::New(args) => args.run(json),
            Command::Build(args) => args.run(json),
            Command::Inspect(args) => args.run(json),
            Command::Test(args) => args.run(json),
            Command::Cart(args) => args.run(json),
            Command::Replay(args) => args.run(json),
            Command::Diff(args) => args.run(json),
            Command::Run(args) => args.run(json),
            Command::Ban(args) => args.run(data, json),
            Command::Unban(args) => args.run(data, json),
            Command::Bans(args) => args.run(data, json),
        }
    }
}

/// Builds one plugin from its crate, and returns the path of its file.
pub(super) fn build_one(folder: &Path) -> Result<PathBuf, Failure> {
    build::one(folder)
}

/// Why a plugin was not checked, or not admitted.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not set up the check of {what}")]
    NoRuntime {
        what: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{what} is not admitted as a plugin")]
    Refused { what: String, source: admit::Error },
}

/// Admits a plugin as the host does: the plugin is compiled, and must describe itself.
fn admit(what: &str, bytes: Vec<u8>) -> Result<Plugin, Error> {
    let no_runtime = |source| Error::NoRuntime { what: what.to_owned(), source };
    let threads = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|error| no_runtime(error.into()))?;
    let runtime = Runtime::with_live_calls(1).map_err(|error| no_runtime(error.into()))?;
    threads.block_on(runtime.admit(bytes)).map_err(|source| Error::Refused { what: what.to_owned(), source })
}

/// Reads a plugin's file and admits it.
fn admitted(file: &Path) -> Result<Plugin, Failure> {
    judged(file, file::read(file)?)
}

/// Admits the content of a plugin's file. The error names every import that no plugin is given.
fn judged(file: &Path, bytes: Vec<u8>) -> Result<Plugin, Failure> {
    let foreign: Vec<String> = admit::imports(&bytes).into_iter().filter(|import| !import.starts_with("cartage:plugin/")).collect();
    admit(&file.display().to_string(), bytes).map_err(|error| {
        let failure = Failure::from(error);
        if foreign.is_empty() {
            return failure;
        }
        failure.what_to_do(format!(
            "do not use the plugin: it asks for {} that no plugin is given ({}); its vendor must build it without, with `cartage plugin build`",
            cartage::counted::counted(foreign.len(), "interface"),
            foreign.join(", ")
        ))
    })
}
