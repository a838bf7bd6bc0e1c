//! Plugins as they were built for each release of the contract: every later host must run them as the host of their time did.
//!
//! Each folder of `tests/zoo` is a plugin: `plugin.wasm`, the output of `cartage plugin inspect` in `inspected.json`, and recordings of attempts in
//! `attempts/`. These files are never regenerated. `tests/zoo/README.md` explains how to add a plugin.

use cartage_tests::command::{cartage, root, text};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let zoo = root().join("tests/zoo");
    let entries = fs::read_dir(&zoo).expect("the zoo is in the repository").map(|entry| entry.expect("the folder can be read").path());
    let mut plugins: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    plugins.sort();
    assert!(!plugins.is_empty(), "there are plugins in {}", zoo.display());
    let trials = plugins.into_iter().flat_map(|folder| {
        let name = folder.file_name().expect("it was listed").to_string_lossy().into_owned();
        let again = folder.clone();
        [
            Trial::test(format!("{name}::is_admitted"), move || is_admitted(&folder)),
            Trial::test(format!("{name}::does_what_it_did"), move || does_what_it_did(&again)),
        ]
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

/// The file is unchanged, and its manifest still contains everything that it did. A later host may report more.
fn is_admitted(folder: &Path) -> Result<(), Failed> {
    let output = cartage().args(["plugin", "inspect", "--json"]).arg(folder.join("plugin.wasm")).output()?;
    let (said, errors) = text(&output);
    if !output.status.success() {
        return Err(format!("the plugin is not admitted any more: {errors}{said}").into());
    }
    let then: Value = serde_json::from_str(&fs::read_to_string(folder.join("inspected.json"))?)?;
    let now: Value = serde_json::from_str(&said)?;
    for part in ["digest", "bytes", "manifest"] {
        if let Some(lost) = lost(&then[part], &now[part], part) {
            return Err(lost.into());
        }
    }
    Ok(())
}

/// The first value that was reported then and is missing now, by its place.
fn lost(then: &Value, now: &Value, place: &str) -> Option<String> {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            then.iter().find_map(|(key, value)| lost(value, now.get(key).unwrap_or(&Value::Null), &format!("{place}.{key}")))
        }
        (Value::Array(then), Value::Array(now)) if then.len() == now.len() => {
            then.iter().zip(now).enumerate().find_map(|(at, (then, now))| lost(then, now, &format!("{place}[{at}]")))
        }
        _ => (then != now).then(|| format!("{place} was {then}, and is {now}")),
    }
}

/// Each recorded attempt makes the same requests, byte for byte, and has the same outcome.
fn does_what_it_did(folder: &Path) -> Result<(), Failed> {
    let attempts = folder.join("attempts");
    let recorded = fs::read_dir(&attempts)?.count();
    if recorded == 0 {
        return Err(format!("{} holds no recording", attempts.display()).into());
    }
    let output = cartage().args(["plugin", "replay"]).arg(folder.join("plugin.wasm")).arg(&attempts).output()?;
    let (said, errors) = text(&output);
    if output.status.success() { Ok(()) } else { Err(format!("the plugin does otherwise than it did:\n{said}{errors}").into()) }
}
