//! `cartage plugin replay`: runs a plugin against recordings, without a network and without credentials.

use super::cassettes::{self, Loaded, Player, as_json, recorded_by, size};
use crate::cli::{Failure, Verdict, console, report};
use cartage::cassette::difference::{Difference, takes};
use cartage::cassette::file;
use cartage::cassette::replay::{Take, rewritten};
use cartage::counted::counted;
use cartage::visible;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  Record an attempt, and see whether a later build of the plugin does the same:
      cartage send --cart seed-shop.toml --order 1021 --label \"Order Shipped\" \\
          --cassette attempt.json
      cartage plugin replay target/plugins/shop.wasm attempt.json
  All recordings of a folder:
      cartage plugin replay target/plugins/shop.wasm cassettes
  If what the plugin does now is right, write it as cases, and test with those from then on:
      cartage plugin replay target/plugins/shop.wasm cassettes --case tests/cases
      cartage plugin replay target/plugins/shop.wasm tests/cases

The plugin gets the recorded call. Each request and each signature that it asks for is compared
with the recorded one, in order, and gets the recorded answer; at the end the outcome is compared.
Nothing is sent. Log lines are not compared.
Exit code 0: all the same, or the cases are written; 1: something is different; 2: a file cannot
be read, or belongs to another plugin.";

/// Run a plugin against recordings of attempts, and show what it does differently.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The plugin's file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Cassettes, or folders of them.
    #[arg(value_name = "CASSETTE", required = true)]
    cassettes: Vec<PathBuf>,
    /// Take recordings of other plugins too.
    #[arg(long)]
    any_plugin: bool,
    /// Write what the plugin does as cassettes into this folder, and replace files of the same names.
    #[arg(long, value_name = "FOLDER")]
    case: Option<PathBuf>,
}

/// The result for one cassette.
struct Played<'a> {
    loaded: &'a Loaded,
    take: Take,
    differences: Vec<Difference>,
}

impl Args {
    pub(crate) fn run(self, json: bool) -> Result<Verdict, Failure> {
        let all = cassettes::load(&self.cassettes)?;
        let player = Player::new(&self.file)?;
        cassettes::check_names(&all, &[&player.plugin.manifest().name], self.any_plugin)?;
        let mut played = Vec::new();
        for loaded in &all {
            let take = player.play(&loaded.cassette);
            let differences = takes(&Take::recorded(&loaded.cassette), &take);
            played.push(Played { loaded, take, differences });
        }
        let written = match &self.case {
            Some(folder) => write_cases(&player, &played, folder)?,
            None => Vec::new(),
        };
        if json {
            print_json(&player, &played, &written);
        } else {
            played.iter().for_each(print);
            let different = played.iter().filter(|played| !played.differences.is_empty()).count();
            report::line(&cassettes::sum(played.len(), different));
            match &self.case {
                Some(folder) => report::talk(&format!("wrote {} to {}", counted(written.len(), "case"), folder.display())),
                None if different > 0 => report::talk("if the difference is intended, write it as cases with --case FOLDER"),
                None => {}
            }
        }
        let is_done = self.case.is_some() || played.iter().all(|played| played.differences.is_empty());
        Ok(if is_done { Verdict::Done } else { Verdict::NotDone })
    }
}

fn print(played: &Played<'_>) {
    let Played { loaded, take: _, differences } = played;
    let path = loaded.path.display();
    match differences.as_slice() {
        [] => report::line(&format!("{path}: same ({})", size(&loaded.cassette))),
        [only] => report::line(&format!("{path}: {only}")),
        [first, rest @ ..] => {
            report::line(&format!("{path}: {first}"));
            report::line(&format!("  and {}, which --json lists", counted(rest.len(), "further difference")));
        }
    }
}

fn print_json(player: &Player, played: &[Played<'_>], written: &[PathBuf]) {
    let one = |Played { loaded, take: _, differences }: &Played<'_>| {
        json!({
            "cassette": loaded.path.display().to_string(), "recorded_by": recorded_by(&loaded.cassette), "same": differences.is_empty(),
            "differences": as_json(differences),
        })
    };
    let manifest = player.plugin.manifest();
    report::json(&json!({
        "plugin": manifest.name, "version": manifest.version, "digest": player.plugin.digest(),
        "same": played.iter().all(|played| played.differences.is_empty()),
        "cassettes": played.iter().map(one).collect::<Vec<_>>(), "cases": written.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
    }));
}

/// Writes the plugin's calls as cassettes: all of them, or none if one cannot be written.
fn write_cases(player: &Player, played: &[Played<'_>], folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut names = BTreeSet::new();
    let mut cases = Vec::new();
    for Played { loaded: Loaded { path, cassette }, take, .. } in played {
        let name = path.file_name().unwrap_or_default();
        if !names.insert(name) {
            return Err(Failure::wrong_use(format!(
                "two cassettes are called {}, and a folder can hold only one of them",
                visible::line(&name.to_string_lossy())
            ))
            .what_to_do("write the cases of each folder to a folder of its own"));
        }
        let manifest = player.plugin.manifest();
        let by = (manifest.name.as_str(), manifest.version.as_str(), player.plugin.digest());
        let case = rewritten(cassette, take, by).ok_or_else(|| {
            Failure::wrong_use(format!(
                "{} cannot be written as a case: the plugin asks for something to which no answer is recorded",
                path.display()
            ))
            .what_to_do("record a new attempt with this plugin (`cartage send --cassette FILE`), and replay that")
        })?;
        cases.push((folder.join(name), file::write(&case)));
    }
    let failed = |path: &Path, error: std::io::Error| Failure::wrong_use(format!("could not write {}: {error}", path.display()));
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for (path, text) in &cases {
        console::write(path, text.as_bytes()).map_err(|error| failed(path, error))?;
    }
    Ok(cases.into_iter().map(|(path, _)| path).collect())
}
