//! `cartage plugin`: make plugins and look at them.

mod build;
mod component;
mod project;

use super::{Failure, Verdict};
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// Build plugins and look at them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Build(build::Args),
}

impl Command {
    pub(crate) fn run(self, json: bool) -> Result<Verdict, Failure> {
        match self {
            Command::Build(args) => args.run(json),
        }
    }
}

/// Builds one plugin from its crate, and says where its file is.
pub(super) fn build_one(folder: &Path, install: bool) -> Result<PathBuf, Failure> {
    build::one(folder, install)
}
