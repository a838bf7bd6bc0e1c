//! `cartage plugin new`: a project that builds and passes its tests, to be changed into a plugin of one's own.
//!
//! The templates lie beside this file. Their sources are whole Rust files, which `tests/guests` builds as plugins and whose tests run with ours; only
//! Cargo.toml, README.md and the cart's file have places for the name. The project appears whole or not at all.

mod name;
mod sdk;

use crate::cli::{Failure, Verdict, report};
use name::Name;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::{fs, io};

const EXAMPLES: &str = "\
Examples:
  A plugin for a cart with a REST interface, in the folder my-shop:
      cartage plugin new my-shop
      cd my-shop
      cargo test
  A plugin for a cart with a GraphQL interface, or for one that takes signed posts:
      cartage plugin new my-shop --kind graphql
      cartage plugin new my-shop --kind webhook
  With the SDK of a checkout that is elsewhere:
      cartage plugin new my-shop --sdk ../cartage/sdk

For a cart that takes Standard Webhooks no plugin has to be written: plugins/webhook is one.";

/// Begin a plugin: make a project that builds and passes its tests.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The plugin's name, and that of its crate and folder: lower-case letters, digits and hyphens.
    #[arg(value_name = "NAME")]
    name: String,
    /// How the cart is spoken to.
    #[arg(long, value_enum, default_value_t = Kind::Rest)]
    kind: Kind,
    /// The folder of the crate cartage-sdk [default: that of the checkout to which this command, or the current folder, belongs].
    #[arg(long, value_name = "PATH")]
    sdk: Option<PathBuf>,
}

/// How a cart is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// Several paths and methods, with JSON.
    Rest,
    /// Queries and mutations at one URL.
    Graphql,
    /// Signed JSON, posted to one URL.
    Webhook,
}

/// Why no project was made.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not make the project {}: there is something of that name already", .folder.display())]
    Exists { folder: PathBuf },
    #[error("could not make the project {}; nothing is left of it", .folder.display())]
    NotWritten { folder: PathBuf, source: io::Error },
}

/// What was made.
#[derive(Debug, Serialize)]
struct Report {
    name: String,
    kind: Kind,
    folder: PathBuf,
    sdk: PathBuf,
    files: Vec<&'static str>,
    next: Vec<String>,
}

impl Args {
    pub(crate) fn run(self, json: bool) -> Result<Verdict, Failure> {
        let name = Name::parse(&self.name)
            .map_err(|error| Failure::wrong_use(error.to_string()).what_to_do("give a name such as my-shop: cartage plugin new my-shop"))?;
        let sdk = sdk::folder(self.sdk.as_deref())?;
        let here = std::env::current_dir().and_then(fs::canonicalize);
        let here = here.map_err(|source| Error::NotWritten { folder: name.as_str().into(), source })?;
        let folder = here.join(name.as_str());
        let files = files(&name, self.kind, &sdk);
        make(&folder, &files).map_err(|error| {
            let remedy = match error {
                Error::Exists { .. } => "choose another name, or move that away",
                Error::NotWritten { .. } => "run the command in a folder that you may write to, on a disk with room",
            };
            Failure::from(error).what_to_do(remedy)
        })?;
        let made = Report {
            next: next(&name),
            name: name.as_str().to_owned(),
            kind: self.kind,
            folder,
            sdk: sdk.folder().to_owned(),
            files: files.iter().map(|(path, _)| *path).collect(),
        };
        if json {
            report::json(&made)
        } else {
            made.print()
        }
        Ok(Verdict::Done)
    }
}

impl Report {
    fn print(&self) {
        report::heading(&self.name);
        report::rows(&[
            ("folder", self.folder.display().to_string()),
            ("files", self.files.join("\n")),
            ("its SDK", self.sdk.display().to_string()),
        ]);
        report::lines(&format!(
            "next: run its tests, build it and see what it asks for; README.md says how to make it yours\n  {}",
            self.next.join("\n  ")
        ));
    }
}

/// What to type next.
fn next(name: &Name) -> Vec<String> {
    let of_file = |what: &str| format!("cartage plugin {what} target/plugins/{}.wasm", name.as_str());
    vec![format!("cd {}", name.as_str()), "cargo test".to_owned(), "cartage plugin build".to_owned(), of_file("inspect"), of_file("test")]
}

/// The project's files: where each goes, and its text.
fn files(name: &Name, kind: Kind, sdk: &sdk::Sdk) -> Vec<(&'static str, String)> {
    macro_rules! template {
        ($kind:literal) => {
            (
                include_str!(concat!("new/", $kind, "/lib.rs")),
                include_str!(concat!("new/", $kind, "/tests.rs")),
                include_str!(concat!("new/", $kind, "/cart.toml")),
                include_str!(concat!("new/", $kind, "/script.toml")),
                $kind,
            )
        };
    }
    let (lib, tests, cart, script, kind) = match kind {
        Kind::Rest => template!("rest"),
        Kind::Graphql => template!("graphql"),
        Kind::Webhook => template!("webhook"),
    };
    let filled = |text: &str| text.replace("@NAME@", name.as_str()).replace("@KIND@", kind).replace("@SDK@", sdk.quoted());
    vec![
        ("Cargo.toml", filled(include_str!("new/manifest.toml"))),
        ("README.md", filled(include_str!("new/README.md"))),
        (".gitignore", include_str!("new/gitignore").to_owned()),
        ("cart.toml", filled(cart)),
        ("cart-script/script.toml", script.to_owned()),
        ("src/lib.rs", lib.to_owned()),
        ("src/tests.rs", tests.to_owned()),
    ]
}

/// Writes the files into a folder beside, which then gets its name. Whatever fails, or ends the process, leaves no folder of that name.
fn make(folder: &Path, files: &[(&str, String)]) -> Result<(), Error> {
    if folder.symlink_metadata().is_ok() {
        return Err(Error::Exists { folder: folder.to_owned() });
    }
    let write = || {
        let parent = folder.parent().expect("a name was joined to a folder");
        let temporary = tempfile::Builder::new().prefix(".new-plugin-").tempdir_in(parent)?;
        let project = temporary.path().join("project");
        for (path, text) in files {
            let file = project.join(path);
            fs::create_dir_all(file.parent().expect("a file's path was joined to a folder"))?;
            fs::write(file, text)?;
        }
        // It replaces no folder that has content, should one have come meanwhile.
        fs::rename(&project, folder)
    };
    write().map_err(|source| Error::NotWritten { folder: folder.to_owned(), source })
}

#[cfg(test)]
mod tests;
