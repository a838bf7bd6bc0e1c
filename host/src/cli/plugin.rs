//! `cartage plugin`: make plugins and look at them.

mod build;
mod component;
mod project;

use super::{Failure, Verdict};
use clap::Subcommand;

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
