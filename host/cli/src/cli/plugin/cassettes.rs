//! Loads the cassettes that a command names, and replays them with a plugin.

use crate::cli::apply::plugin_at;
use crate::cli::{Failure, console, report};
use cartage::cassette::difference::Difference;
use cartage::cassette::file::{self, FILE_BYTES_MAX};
use cartage::cassette::replay::Take;
use cartage::cassette::{Cassette, Entry};
use cartage::counted::counted;
use cartage::engine::Plugin;
use cartage::remedy::{Remedy, Words as _};
use cartage_commands::Commands;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A cassette and its file.
pub(super) struct Loaded {
    pub(super) path: PathBuf,
    pub(super) cassette: Cassette,
}

/// Reads the named cassettes. Of a folder, all `.json` files are read in order of name.
pub(super) fn load(paths: &[PathBuf]) -> Result<Vec<Loaded>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            let files =
                files_in(path).map_err(|error| Failure::wrong_use(format!("could not list the folder {}: {error}", path.display())))?;
            if files.is_empty() {
                return Err(Failure::wrong_use(format!(
                    "the folder {} holds no cassette: no file whose name ends in .json",
                    path.display()
                ))
                .what_to_do("name a cassette's file, or the folder that holds some"));
            }
            all.extend(files);
        } else {
            all.push(path.clone());
        }
    }
    all.into_iter().map(one).collect()
}

fn files_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn one(path: PathBuf) -> Result<Loaded, Failure> {
    let refused = |error: &file::Error| {
        let why = report::chain(error);
        Failure::wrong_use(format!("{} is not a valid cassette: {why}", path.display())).what_to_do(Commands.advice(&error.remedy()))
    };
    let bytes = console::file(&path, FILE_BYTES_MAX as u64);
    let bytes = bytes.map_err(|error| {
        Failure::wrong_use(format!("could not read the cassette {}: {error}", path.display()))
            .what_to_do(Commands.advice(&Remedy::NameCassette))
    })?;
    let bytes = bytes.ok_or_else(|| refused(&file::Error::TooLarge))?;
    let cassette = file::read(&bytes).map_err(|error| refused(&error))?;
    Ok(Loaded { path, cassette })
}

/// A plugin for replays, without access to the network.
pub(super) struct Player {
    pub(super) plugin: Plugin,
    threads: tokio::runtime::Runtime,
}

impl Player {
    /// Reads a plugin's file and admits the plugin.
    pub(super) fn new(file: &Path) -> Result<Player, Failure> {
        let wrong =
            |why: String| Failure::wrong_use(why).what_to_do("name a plugin's file; `cartage plugin inspect FILE` says more about it");
        let (_, bytes) = plugin_at(file)?;
        let plugin = super::admit(&file.display().to_string(), bytes).map_err(|error| wrong(report::chain(&error)))?;
        let threads = tokio::runtime::Builder::new_current_thread().enable_time().build();
        Ok(Player { plugin, threads: threads.map_err(|error| wrong(format!("could not start the engine that runs plugins: {error}")))? })
    }

    /// The plugin's name and version.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.plugin.manifest().name, self.plugin.manifest().version)
    }

    /// Replays a cassette: makes its call, gives its answers, and returns what the plugin does.
    pub(super) fn play(&self, cassette: &Cassette) -> Take {
        self.threads.block_on(self.plugin.replay(cassette))
    }
}

/// Refuses cassettes that other plugins recorded, unless `any_plugin` is set.
pub(super) fn check_names(cassettes: &[Loaded], names: &[&str], any_plugin: bool) -> Result<(), Failure> {
    let foreign = cassettes.iter().find(|loaded| !names.contains(&loaded.cassette.plugin.as_str()));
    match foreign.filter(|_| !any_plugin) {
        None => Ok(()),
        Some(Loaded { path, cassette }) => Err(Failure::wrong_use(format!(
            "{} is a recording of the plugin {}, and the plugin to run is {}",
            path.display(),
            cassette.plugin,
            names.join(", or ")
        ))
        .what_to_do("name cassettes of that plugin, or give --any-plugin to run it against them anyway")),
    }
}

/// The size of a cassette, such as `2 requests`, with the signatures if there are some.
pub(super) fn size(cassette: &Cassette) -> String {
    let of = |is: fn(&Entry) -> bool| cassette.recording.entries.iter().filter(|entry| is(entry)).count();
    let requests = counted(of(|entry| matches!(entry, Entry::Http(_))), "request");
    match of(|entry| matches!(entry, Entry::Signature { .. })) {
        0 => requests,
        signatures => format!("{requests}, {}", counted(signatures, "signature")),
    }
}

/// Differences as JSON, each with its text.
pub(super) fn as_json(differences: &[Difference]) -> Value {
    let one = |difference: &Difference| {
        let mut value = serde_json::to_value(difference).expect("a difference is plain data");
        value["says"] = difference.to_string().into();
        value
    };
    differences.iter().map(one).collect()
}

/// The summary: the number of cassettes, and how many show a difference.
pub(super) fn sum(all: usize, different: usize) -> String {
    match different {
        0 => format!("{}: no difference", counted(all, "cassette")),
        different => format!("{}: {different} different, {} the same", counted(all, "cassette"), all - different),
    }
}

/// The plugin that made a recording.
pub(super) fn recorded_by(cassette: &Cassette) -> Value {
    json!({ "plugin": cassette.plugin, "version": cassette.version, "digest": cassette.digest })
}
