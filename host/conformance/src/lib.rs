//! Conformance: whether a plugin's file keeps the contract, tested with the code that runs it in production and without a socket.
//!
//! There are two levels. [`Level::Basic`] needs only the file: a stand-in answers, and each fault of a connection is tested at each
//! request. [`Level::High`] needs the author's cart script as well: a scripted cart answers, remembers what was done to it, and shows
//! whether the plugin tells the cart everything, tells it once, and interprets each refusal correctly. The cases and their requirements are
//! in `docs/conformance.md`, under the same names.
//!
//! The result is the same in each run with the same file, script and seed. The tests cannot know whether the script describes the real cart correctly.

mod basic;
mod bench;
mod expect;
mod faults;
mod high;
mod own;
mod random;
mod rehearsal;
mod repeats;
mod report;
mod settings;
mod shop;
mod stage;
mod updates;
mod words;
mod world;

pub use rehearsal::Rehearsal;
pub use report::{Case, CaseVerdict, Measured, Problem, Report};
pub use world::Error;

use bench::Bench;
use cartage_cart_script::Script;
use cartage_engine::Plugin;
use serde::Serialize;
use world::World;

/// The extent of an examination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The cases that need only the plugin's file.
    Basic,
    /// The basic cases, and those that need a cart script.
    High,
}

/// The choices for an examination.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The seed of the random answers.
    pub seed: u64,
    /// The cases to run, by name; empty for all cases of the level.
    pub only: Vec<String>,
}

/// The names of the cases that would be run, in order: with a script those of [`Level::High`], otherwise those of [`Level::Basic`].
pub fn cases(plugin: &Plugin, script: Option<&Script>) -> Vec<String> {
    let mut names = basic::names(plugin.manifest());
    if let Some(script) = script {
        // The case `limits` sums up the others, so it stays the last.
        let limits = names.pop();
        names.extend(high::names(plugin.manifest()));
        names.extend(script.cases.iter().map(|case| case.name.as_str()));
        names.extend(limits);
    }
    names.into_iter().map(str::to_owned).collect()
}

/// Examines a plugin: with a script at [`Level::High`], otherwise at [`Level::Basic`].
///
/// # Errors
/// [`Error`] if nothing can be tested: a setting has no value and none can be made up, the script names something that the plugin does not
/// declare, or a case that was asked for does not exist.
pub async fn examine(plugin: &Plugin, script: Option<&Script>, options: &Options) -> Result<Report, Error> {
    let names = cases(plugin, script);
    if let Some(name) = options.only.iter().find(|name| !names.contains(name)) {
        return Err(Error::NoSuchCase { name: name.clone(), names });
    }
    let bypasses = script.map(|script| script.bypasses.as_slice()).unwrap_or_default();
    if let Some(bypass) = bypasses.iter().find(|bypass| !names.contains(&bypass.case)) {
        return Err(Error::NoSuchBypass { name: bypass.case.clone(), names });
    }
    let script = script.map(|script| script.clone().whole(plugin.manifest()));
    let world = World::new(plugin.manifest(), script.as_ref())?;
    let mut bench = Bench::new(plugin, world, script.as_ref(), options.seed);
    let mut cases = Vec::new();
    for name in names.iter().filter(|name| options.only.is_empty() || options.only.contains(name)) {
        bench.begin(name);
        let problems = match basic::run(&mut bench, name).await {
            Some(problems) => problems,
            None => match high::run(&mut bench, name).await {
                Some(problems) => problems,
                None => own::run(&mut bench, name).await,
            },
        };
        let bypass = bypasses.iter().find(|bypass| bypass.case == *name);
        cases.push(Case { name: name.clone(), verdict: CaseVerdict::of(problems, bypass.map(|bypass| bypass.reason.as_str())) });
    }
    Ok(bench.report(cases))
}
