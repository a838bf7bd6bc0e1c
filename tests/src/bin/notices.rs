//! `make notices`: the licences of everything that the `cartage` command is built from, and their texts in one file to ship beside it.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// The beginnings of the names of licence files.
const FILES: [&str; 6] = ["copying", "copyright", "licence", "license", "notice", "unlicense"];

/// The package that the command is built from.
const ROOT: &str = "cartage-cli";

/// A package that is linked into the command.
struct Package {
    name: String,
    version: String,
    licence: String,
    folder: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).map(PathBuf::from).ok_or("name the file for the texts: notices FILE")?;
    let packages = packages_of(ROOT)?;
    let mut by_licence = BTreeMap::<&str, Vec<String>>::new();
    for package in &packages {
        by_licence.entry(&package.licence).or_default().push(format!("{} {}", package.name, package.version));
    }
    let mut out = io::stdout().lock();
    for (licence, names) in &by_licence {
        writeln!(out, "{licence}\n    {}", names.join(", "))?;
    }
    fs::write(&file, texts(&packages)?).map_err(|error| format!("could not write {}: {error}", file.display()))?;
    writeln!(out, "\n{} packages; the texts are in {}", packages.len(), file.display())?;
    Ok(())
}

/// The packages that are linked into `root` on this platform, without build and test dependencies, and without this repository's own packages.
fn packages_of(root: &str) -> Result<Vec<Package>, Box<dyn Error>> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc -vV names no host")?;
    let metadata = output(Command::new("cargo").args(["metadata", "--format-version", "1", "--locked", "--filter-platform", host]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let (start, _) = packages.iter().find(|(_, package)| package["name"] == root).ok_or("the command's package is not in the workspace")?;
    let (mut seen, mut next) = (BTreeSet::new(), vec![*start]);
    while let Some(id) = next.pop() {
        if seen.insert(id) {
            let deps = nodes[id]["deps"].as_array().into_iter().flatten();
            let linked = deps.filter(|dep| dep["dep_kinds"].as_array().into_iter().flatten().any(|kind| kind["kind"].is_null()));
            next.extend(linked.filter_map(|dep| dep["pkg"].as_str()));
        }
    }
    let mut linked = Vec::new();
    for package in seen.into_iter().map(|id| packages[id]).filter(|package| !package["source"].is_null()) {
        let text = |key: &str| package[key].as_str().map(str::to_owned);
        let name = text("name").ok_or("cargo metadata names a package without a name")?;
        let licence = text("license").ok_or_else(|| format!("{name} states no licence in its Cargo.toml; look at it by hand"))?;
        let manifest = text("manifest_path").unwrap_or_default();
        let folder = Path::new(&manifest).parent().unwrap_or(Path::new("")).to_owned();
        linked.push(Package { name, version: text("version").unwrap_or_default(), licence, folder });
    }
    linked.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    Ok(linked)
}

/// The licence texts of all packages. A text that several packages share is printed once.
fn texts(packages: &[Package]) -> Result<String, Box<dyn Error>> {
    let mut shared = BTreeMap::<String, Vec<String>>::new();
    let mut bare = Vec::new();
    for package in packages {
        let title = format!("{} {} ({})", package.name, package.version, package.licence);
        let mut found = false;
        for entry in fs::read_dir(&package.folder).map_err(|error| format!("could not read {}: {error}", package.folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            if path.is_file() && FILES.iter().any(|start| name.starts_with(start)) {
                let text = fs::read(&path).map_err(|error| format!("could not read {}: {error}", path.display()))?;
                shared.entry(String::from_utf8_lossy(&text).trim().to_owned()).or_default().push(title.clone());
                found = true;
            }
        }
        if !found {
            bare.push(title);
        }
    }
    let mut out = String::from("Cartage contains the packages below, under these licences.\n");
    for (text, titles) in &shared {
        write!(out, "\n{}\n{}\n\n{text}\n", "=".repeat(100), titles.join("\n"))?;
    }
    if !bare.is_empty() {
        write!(out, "\n{}\nThese packages come without a licence text of their own:\n{}\n", "=".repeat(100), bare.join("\n"))?;
    }
    Ok(out)
}

fn by_id(list: &Value) -> HashMap<&str, &Value> {
    list.as_array().into_iter().flatten().filter_map(|item| Some((item["id"].as_str()?, item))).collect()
}

fn output(command: &mut Command) -> Result<String, Box<dyn Error>> {
    let output = command.output().map_err(|error| format!("could not run {command:?}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_command_and_its_listeners_link_is_listed() {
        let packages = packages_of(ROOT).expect("cargo knows the workspace");
        for name in ["axum", "clap", "hyper", "wasmtime"] {
            assert!(packages.iter().any(|package| package.name == name), "{name} is not listed");
        }
        assert!(!packages.iter().any(|package| package.name.starts_with("cartage")), "the repository's own packages are not listed");
    }
}
