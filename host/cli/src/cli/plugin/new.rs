//! `cartage plugin new`: makes a project that builds and passes its tests, as a start for a new plugin.
//!
//! The templates lie beside this file. The Rust sources are whole files: `tests/guests` builds them as plugins, and their tests run with this project's.
//! `tests/js.rs` builds the project in JavaScript. A project is written whole or not at all.

mod js;
mod name;
mod rust;
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
  A plugin for a cart with a GraphQL interface, or for one that accepts signed posts:
      cartage plugin new my-shop --kind graphql
      cartage plugin new my-shop --kind webhook
  A plugin in JavaScript; npm builds it:
      cartage plugin new my-shop --lang js
      cd my-shop
      npm install
      cartage plugin build
  A plugin with the Rust SDK of another checkout:
      cartage plugin new my-shop --sdk ../cartage/sdk

A project in JavaScript is of the kind rest or webhook, and contains its SDK.

A cart that accepts Standard Webhooks needs no new plugin: use plugins/webhook.";

/// Create a plugin project that builds and passes its tests.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The name of the plugin, its crate and its folder: lower-case letters, digits and hyphens.
    #[arg(value_name = "NAME")]
    name: String,
    /// The kind of the cart's interface.
    #[arg(long, value_enum, default_value_t = Kind::Rest)]
    kind: Kind,
    /// The language in which the plugin is written.
    #[arg(long, value_enum, default_value_t = Lang::Rust)]
    lang: Lang,
    /// The folder of the crate cartage-sdk [default: that of the checkout to which this command, or the current folder, belongs].
    #[arg(long, value_name = "PATH")]
    sdk: Option<PathBuf>,
}

/// The protocol of a cart.
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

/// The language of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum Lang {
    /// Built by cargo.
    Rust,
    /// JavaScript, built by npm.
    Js,
}

/// Why no project was made.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not make the project {}: a file or folder of that name already exists", .folder.display())]
    Exists { folder: PathBuf },
    #[error("could not make the project {}; its files were removed", .folder.display())]
    NotWritten { folder: PathBuf, source: io::Error },
}

/// The result of the command.
#[derive(Debug, Serialize)]
struct Report {
    name: String,
    lang: Lang,
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
        let here = std::env::current_dir().and_then(fs::canonicalize);
        let here = here.map_err(|source| Error::NotWritten { folder: name.as_str().into(), source })?;
        let folder = here.join(name.as_str());
        let (sdk, files) = match self.lang {
            Lang::Rust => {
                let sdk = sdk::folder(self.sdk.as_deref())?;
                (sdk.folder().to_owned(), rust::files(&name, self.kind, &sdk))
            }
            Lang::Js => (folder.join(js::SDK_FOLDER), js::files(&name, self.js_kind()?)),
        };
        make(&folder, &files).map_err(|error| {
            let remedy = match error {
                Error::Exists { .. } => "choose another name, or move that away",
                Error::NotWritten { .. } => "run the command in a folder that you may write to, on a disk with room",
            };
            Failure::from(error).what_to_do(remedy)
        })?;
        let made = Report {
            next: next(&name, self.lang),
            name: name.as_str().to_owned(),
            lang: self.lang,
            kind: self.kind,
            folder,
            sdk,
            files: files.iter().map(|(path, _)| *path).collect(),
        };
        if json {
            report::json(&made)
        } else {
            made.print()
        }
        Ok(Verdict::Done)
    }

    /// The kind of a project in JavaScript; an error if a JavaScript project cannot have the kind or the options.
    fn js_kind(&self) -> Result<js::Kind, Failure> {
        if self.sdk.is_some() {
            return Err(Failure::wrong_use("--sdk names the Rust SDK, and a project in JavaScript contains its own SDK")
                .what_to_do("leave out --sdk"));
        }
        match self.kind {
            Kind::Rest => Ok(js::Kind::Rest),
            Kind::Webhook => Ok(js::Kind::Webhook),
            Kind::Graphql => Err(Failure::wrong_use("a project of the kind graphql cannot be in JavaScript")
                .what_to_do("take --kind rest, and send each query as the JSON of a post; or leave out --lang js")),
        }
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
            "next: build the plugin, test it and see what it asks for; README.md says how to adapt it\n  {}",
            self.next.join("\n  ")
        ));
    }
}

/// The commands to type next.
fn next(name: &Name, lang: Lang) -> Vec<String> {
    let of_file = |what: &str| format!("cartage plugin {what} target/plugins/{}.wasm", name.as_str());
    let first = match lang {
        Lang::Rust => "cargo test",
        Lang::Js => "npm install",
    };
    vec![format!("cd {}", name.as_str()), first.to_owned(), "cartage plugin build".to_owned(), of_file("inspect"), of_file("test")]
}

/// A project's files: the path and the text of each.
type Files = Vec<(&'static str, String)>;

/// Writes the files into a temporary folder, which is then renamed. If writing fails or the process ends, no folder of that name is left.
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
        // The rename fails if a folder with content appeared at that name in the meantime.
        fs::rename(&project, folder)
    };
    write().map_err(|source| Error::NotWritten { folder: folder.to_owned(), source })
}

#[cfg(test)]
mod tests;
