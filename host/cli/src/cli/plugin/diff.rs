//! `cartage plugin diff`: shows what changes when one version of a plugin replaces another.

use super::cassettes::{self, Player, as_json, recorded_by};
use crate::cli::{Failure, Verdict, report};
use cartage::cassette::difference::{Difference, manifests, takes};
use cartage::visible;
use serde_json::json;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  How a new version differs in its manifest, and in what it does with recorded attempts:
      cartage plugin diff shop-1.0.0.wasm shop-1.1.0.wasm cassettes
  Only how the manifests differ:
      cartage plugin diff shop-1.0.0.wasm shop-1.1.0.wasm
  For a program:
      cartage plugin diff --json shop-1.0.0.wasm shop-1.1.0.wasm attempt.json

Both versions are called as each cassette says and get the answers that it recorded; nothing is
sent. The command shows what the new version does differently from the old one, even where the old
one no longer does what was recorded.
Exit code 0: no difference; 1: there is a difference; 2: a file cannot be read, or belongs to
another plugin.";

/// Show what changes between two versions of a plugin.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file of the old version.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The file of the new version.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Cassettes, or folders of them.
    #[arg(value_name = "CASSETTE")]
    cassettes: Vec<PathBuf>,
    /// Take recordings of other plugins too.
    #[arg(long)]
    any_plugin: bool,
}

impl Args {
    pub(crate) fn run(self, json: bool) -> Result<Verdict, Failure> {
        let all = cassettes::load(&self.cassettes)?;
        let (old, new) = (Player::new(&self.old)?, Player::new(&self.new)?);
        let names = [old.plugin.manifest().name.as_str(), new.plugin.manifest().name.as_str()];
        let names = if names[0] == names[1] { &names[..1] } else { &names[..] };
        cassettes::check_names(&all, names, self.any_plugin)?;
        let said = manifests(old.plugin.manifest(), new.plugin.manifest());
        let done: Vec<Vec<Difference>> = all.iter().map(|loaded| takes(&old.play(&loaded.cassette), &new.play(&loaded.cassette))).collect();
        let is_same = said.is_empty() && done.iter().all(Vec::is_empty);
        if json {
            let one = |(loaded, differences): (&cassettes::Loaded, &Vec<Difference>)| {
                json!({
                    "cassette": loaded.path.display().to_string(), "recorded_by": recorded_by(&loaded.cassette), "same": differences.is_empty(),
                    "differences": as_json(differences),
                })
            };
            let version = |player: &Player| {
                let manifest = player.plugin.manifest();
                json!({ "plugin": manifest.name, "version": manifest.version, "digest": player.plugin.digest() })
            };
            report::json(&json!({
                "old": version(&old), "new": version(&new), "same": is_same, "manifest": as_json(&said),
                "cassettes": all.iter().zip(&done).map(one).collect::<Vec<_>>(),
            }));
        } else {
            print(&old, &new, &said, &all, &done);
        }
        Ok(if is_same { Verdict::Done } else { Verdict::NotDone })
    }
}

fn print(old: &Player, new: &Player, said: &[Difference], all: &[cassettes::Loaded], done: &[Vec<Difference>]) {
    let same_file = if old.plugin.digest() == new.plugin.digest() { ": the same file" } else { "" };
    report::heading(&format!("{} -> {}{same_file}", old.name(), new.name()));
    report::heading("manifest");
    said.iter().for_each(|difference| report::line(&format!("  {difference}")));
    if said.is_empty() {
        report::line("  no difference");
    }
    if all.is_empty() {
        report::talk("name cassettes to see what the new version does differently");
        return;
    }
    report::heading("cassettes");
    let row = |(loaded, differences): (&cassettes::Loaded, &Vec<Difference>)| {
        let lines: Vec<String> = differences.iter().map(|difference| visible::line(&difference.to_string())).collect();
        let path = loaded.path.display().to_string();
        (path, if lines.is_empty() { "same".to_owned() } else { lines.join("\n") })
    };
    report::rows(&all.iter().zip(done).map(row).collect::<Vec<_>>());
    report::line(&cassettes::sum(all.len(), done.iter().filter(|differences| !differences.is_empty()).count()));
}
