//! `cartage plugin build`: builds a crate into a component file.
//!
//! cargo builds a core module, [`component`] turns that into a component, the host checks the component as it will check the file, and the file is written
//! whole or not at all. [`npm`] builds plugins in JavaScript.

mod npm;

use super::component::{self, Component};
use super::dependencies;
use super::project::Project;
use super::watch::Files;
use crate::cli::toolchain::{self, TARGET, Toolchain, Version};
use crate::cli::{Failure, Verdict, report};
use cartage::id::Digest;
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::{fs, io};

const EXAMPLES: &str = "\
Examples:
  Build one plugin into target/plugins/integration-script.wasm:
      cartage plugin build plugins/integration-script
  Build the crate in this folder:
      cartage plugin build
  Build again after each change of a file, until Ctrl-C:
      cartage plugin build --watch
  Build a plugin in JavaScript by its package.json, and install the dependencies that it names:
      cartage plugin build plugins/webhook-js --install
  Build every example of a crate into target/guests/<example>.wasm:
      cartage plugin build tests/guests --examples --unchecked

CARTAGE_GUEST_TOOLCHAIN=rustup or =debian selects the toolchain. Otherwise Cartage uses rustup's
toolchain if that has the target wasm32-unknown-unknown, else Debian's packages (rustc-web
cargo-web rust-web-src lld-NN).";

/// Build a plugin's crate, or a plugin in JavaScript, into a component file.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The folder of the plugin's crate, or of its package.json.
    #[arg(value_name = "CRATE-DIR", default_value = ".")]
    folder: PathBuf,
    /// Build each of the crate's examples instead of its library, with the profile guest-example if the workspace has one.
    #[arg(long)]
    examples: bool,
    /// Where the files go [default: target/plugins of the workspace or of the npm project, target/guests with --examples].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Keep the built file even if the host will refuse it, for tests that need a refused plugin.
    #[arg(long)]
    unchecked: bool,
    /// For a plugin in JavaScript: install the dependencies of package.json with npm if the project has no folder node_modules.
    #[arg(long)]
    install: bool,
    /// Build again whenever a file of the project changes, until the command is ended with Ctrl-C.
    #[arg(long)]
    watch: bool,
}

/// Why a plugin was not built.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not start cargo to build {crate_name}")]
    CargoNotStarted { crate_name: String, source: io::Error },
    #[error("cargo could not build {crate_name}: {status}; its output is above")]
    CargoFailed { crate_name: String, status: ExitStatus },
    #[error("cargo printed a line that is not a JSON message: {line:?}")]
    CargoMessage { line: String, source: serde_json::Error },
    #[error("the crate {crate_name} has no {what} that is a plugin")]
    NothingBuilt { crate_name: String, what: &'static str },
    #[error("could not make a plugin from {module}")]
    NoComponent { module: PathBuf, source: component::Error },
    #[error("could not read the compiled module {path}")]
    ModuleUnreadable { path: PathBuf, source: io::Error },
    #[error("could not write the plugin to {path}")]
    NotWritten { path: PathBuf, source: io::Error },
}

/// The result of a build.
#[derive(Debug, Serialize)]
struct Report {
    toolchain: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rust: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    npm: Option<String>,
    plugins: Vec<Built>,
}

#[derive(Debug, Serialize)]
struct Built {
    name: String,
    file: PathBuf,
    bytes: usize,
    digest: Digest,
    imports: Vec<String>,
}

impl Args {
    pub(crate) fn run(self, json: bool) -> Result<Verdict, Failure> {
        if self.install && self.npm_project()?.is_none() {
            report::talk("--install is for plugins in JavaScript, so nothing is installed: cargo fetches a crate's dependencies");
        }
        if self.watch {
            return self.build_at_each_change(json);
        }
        let built = self.build()?;
        if json {
            report::json(&built)
        } else {
            built.print()
        }
        Ok(Verdict::Done)
    }

    /// Builds until the process is ended. After each build, failed or not, the command waits for the next change. With `json` each result is one line.
    fn build_at_each_change(&self, json: bool) -> Result<Verdict, Failure> {
        let folder = match self.npm_project()? {
            Some(project) => project.folder,
            None => self.project()?.folder,
        };
        let unreadable = |error: io::Error| {
            Failure::wrong_use(format!("could not watch {}: {error}", folder.display())).what_to_do("build without --watch")
        };
        loop {
            // Read before the build, so that a change during the build is noticed.
            let files = Files::of(&folder).map_err(unreadable)?;
            match self.build() {
                Ok(built) if json => report::json_line(&built),
                Ok(built) => built.print(),
                Err(failure) => failure.report(json),
            }
            report::talk(&format!("watching {} for a change; Ctrl-C ends this", folder.display()));
            files.changed(&folder).map_err(unreadable)?;
        }
    }

    /// The plugin's crate.
    fn project(&self) -> Result<Project, Failure> {
        Project::read(&self.folder).map_err(|error| {
            Failure::from(error)
                .what_to_do("name the folder that holds the plugin's Cargo.toml or package.json: cartage plugin build CRATE-DIR")
        })
    }

    fn npm_project(&self) -> Result<Option<npm::Project>, Failure> {
        npm::Project::of(&self.folder).transpose().map_err(|error| Failure::from(error).what_to_do("correct package.json"))
    }

    fn build(&self) -> Result<Report, Failure> {
        if let Some(project) = self.npm_project()? {
            return project.build(self);
        }
        let project = self.project()?;
        let toolchain = toolchain(&project)?;
        report::talk(&format!("building {} for {TARGET} with Rust {} ({})", project.name, toolchain.version, toolchain.kind));
        let modules = compile(&project, &toolchain, self.examples)?;
        let out = self.out.clone().unwrap_or_else(|| project.root.join(if self.examples { "target/guests" } else { "target/plugins" }));
        let plugins = modules.into_iter().map(|module| finish(module, &project, &out, !self.unchecked)).collect::<Result<Vec<_>, _>>()?;
        Ok(Report { toolchain: toolchain.kind.to_string(), rust: Some(toolchain.version.to_string()), npm: None, plugins })
    }
}

/// The toolchain that builds the crate.
fn toolchain(project: &Project) -> Result<Toolchain, Failure> {
    let oldest = project.rust_version.as_deref().and_then(Version::parse);
    toolchain::find(&project.folder, oldest).map_err(|error| {
        let mut remedy = error.remedy();
        if matches!(error, toolchain::Error::None { .. }) && project.is_of_cartage() {
            remedy.push_str("\n  or, in this checkout of Cartage, have the Makefile install one:\n    make plugins");
        }
        Failure::from(error).what_to_do(remedy)
    })
}

/// Builds the plugin of one crate into the workspace's plugin folder, and returns the path of its file.
pub(super) fn one(folder: &Path) -> Result<PathBuf, Failure> {
    let built = Args { folder: folder.to_owned(), examples: false, out: None, install: false, unchecked: false, watch: false }.build()?;
    Ok(built.plugins.into_iter().next().expect("a build without a plugin is a failure").file)
}

impl Report {
    fn print(&self) {
        for plugin in &self.plugins {
            report::heading(&plugin.name);
            report::rows(&[
                ("file", plugin.file.display().to_string()),
                ("size", report::size(plugin.bytes)),
                ("digest", plugin.digest.to_string()),
                ("imports", plugin.imports.join("\n")),
            ]);
        }
        if let [plugin] = &self.plugins[..] {
            report::lines(&format!("next: see what it asks for with\n  cartage plugin inspect {}", plugin.file.display()));
        }
    }
}

/// A core module that cargo built, with the name of its plugin.
#[derive(Debug, PartialEq, Eq)]
struct Module {
    name: String,
    path: PathBuf,
}

/// Runs cargo to build the crate's library, or its examples. The user sees cargo's messages on standard error as they come.
fn compile(project: &Project, toolchain: &Toolchain, examples: bool) -> Result<Vec<Module>, Failure> {
    let crate_name = || project.name.clone();
    let mut cargo = toolchain.cargo();
    cargo.current_dir(&project.folder).args([
        "build",
        "--profile",
        if examples && project.has_example_profile { "guest-example" } else { "guest" },
        "--target",
        TARGET,
        "--message-format",
        "json-render-diagnostics",
    ]);
    cargo.arg("--target-dir").arg(project.root.join("target/guest-build"));
    cargo.arg("--package").arg(&project.name).arg(if examples { "--examples" } else { "--lib" });
    cargo.args(toolchain.build_arguments());
    for setting in settings(project) {
        cargo.arg("--config").arg(setting);
    }
    let output = cargo
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Error::CargoNotStarted { crate_name: crate_name(), source })?;
    if !output.status.success() {
        return Err(Failure::from(Error::CargoFailed { crate_name: crate_name(), status: output.status }).what_to_do(with_suspects(
            "correct what the compiler reports; a dependency that does not build for wasm32-unknown-unknown cannot be used in a plugin",
            project,
            // getrandom is the one crate that refuses this target at once.
            &["getrandom"],
        )));
    }
    let modules = modules(&String::from_utf8_lossy(&output.stdout), project, examples)?;
    if modules.is_empty() {
        let (what, remedy) = if examples {
            ("example", "give each example its own [[example]] with crate-type = [\"cdylib\"] in the crate's Cargo.toml")
        } else {
            ("library", "put crate-type = [\"cdylib\", \"rlib\"] under [lib] in the crate's Cargo.toml")
        };
        return Err(Failure::from(Error::NothingBuilt { crate_name: crate_name(), what }).what_to_do(remedy));
    }
    Ok(modules)
}

/// Settings for cargo, each in TOML.
fn settings(project: &Project) -> Vec<String> {
    // The builder's folders are private, and without them two builders produce the same bytes.
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let folders = [(Some(project.root.clone()), "."), (home, "cargo")];
    let flags = folders.into_iter().filter_map(|(folder, name)| Some(format!("--remap-path-prefix={}={name}", folder?.display())));
    let flags: toml::Value = flags.collect::<Vec<_>>().into();
    let mut settings = vec![format!("target.{TARGET}.rustflags={flags}")];
    if !project.has_guest_profile {
        // Small, but with names in its traps, as in this project's own workspace.
        let profile = ["inherits='release'", "opt-level=2", "lto='off'", "codegen-units=1", "panic='abort'", "strip='debuginfo'"];
        settings.extend(profile.map(|setting| format!("profile.guest.{setting}")));
    }
    settings
}

/// Finds the crate's own modules in cargo's messages.
fn modules(messages: &str, project: &Project, examples: bool) -> Result<Vec<Module>, Error> {
    let mut modules = Vec::new();
    for line in messages.lines().filter(|line| line.starts_with('{')) {
        let message: serde_json::Value =
            serde_json::from_str(line).map_err(|source| Error::CargoMessage { line: line.to_owned(), source })?;
        let ours = message["reason"] == "compiler-artifact"
            && message["manifest_path"].as_str().map(Path::new) == Some(&project.folder.join("Cargo.toml"));
        let files = message["filenames"].as_array().filter(|_| ours).into_iter().flatten().filter_map(|file| file.as_str());
        for file in files.filter(|file| file.ends_with(".wasm")) {
            let name = if examples { message["target"]["name"].as_str().unwrap_or_default() } else { &project.name };
            modules.push(Module { name: name.to_owned(), path: file.into() });
        }
    }
    modules.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(modules)
}

/// Turns the module into a component, checks it, and writes its file.
fn finish(module: Module, project: &Project, out: &Path, judge: bool) -> Result<Built, Failure> {
    let core = fs::read(&module.path).map_err(|source| Error::ModuleUnreadable { path: module.path.clone(), source })?;
    let Component { bytes, imports } = component::from_module(&core).map_err(|source| {
        let remedy = with_suspects(source.remedy(), project, source.suspects());
        Failure::from(Error::NoComponent { module: module.path.clone(), source }).what_to_do(remedy)
    })?;
    if judge {
        super::admit(&module.name, bytes.clone())?;
    }
    let file = out.join(format!("{}.wasm", module.name));
    write_whole(&file, &bytes).map_err(|source| {
        Failure::from(Error::NotWritten { path: file.clone(), source }).what_to_do("name a folder that you may write to with --out DIR")
    })?;
    Ok(Built { name: module.name, file, bytes: bytes.len(), digest: Digest::of(&bytes), imports: imports.into_iter().collect() })
}

/// A remedy, followed by the dependencies through which the crate uses the likely culprits.
fn with_suspects(remedy: &str, project: &Project, suspects: &[&str]) -> String {
    let ways = dependencies::suspects(&project.root, &project.name, suspects);
    if ways.is_empty() {
        remedy.to_owned()
    } else {
        format!("{remedy}\naccording to Cargo.lock, this may be the cause:\n  {}", ways.join("\n  "))
    }
}

/// Replaces a file at once: a reader sees the old content or the new, and an interrupted build leaves the old.
fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().expect("a name was joined to a folder");
    fs::create_dir_all(folder)?;
    let mut temporary = tempfile::Builder::new().prefix(".building-").permissions(readable()).tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// A plugin is not secret, so others may read it, like any file that a compiler writes.
#[cfg(unix)]
fn readable() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> Project {
        Project {
            folder: "/shop".into(),
            root: "/shop".into(),
            name: "shop-plugin".to_owned(),
            rust_version: None,
            has_guest_profile: true,
            has_example_profile: false,
        }
    }

    fn artifact(manifest: &str, name: &str, files: &[&str]) -> String {
        serde_json::json!({ "reason": "compiler-artifact", "manifest_path": manifest, "target": { "name": name }, "filenames": files })
            .to_string()
    }

    #[test]
    fn only_the_crate_s_own_wasm_files_count() {
        let messages = [
            artifact("/dependency/Cargo.toml", "dependency", &["/t/dependency.wasm"]),
            artifact("/shop/Cargo.toml", "shop_plugin", &["/t/shop_plugin.wasm", "/t/libshop_plugin.rlib"]),
            "{\"reason\":\"build-finished\",\"success\":true}".to_owned(),
        ];
        let module = |name: &str| vec![Module { name: name.to_owned(), path: "/t/shop_plugin.wasm".into() }];
        assert_eq!(modules(&messages.join("\n"), &project(), false).expect("they are messages"), module("shop-plugin"));
        assert_eq!(modules(&messages.join("\n"), &project(), true).expect("they are messages"), module("shop_plugin"));
        assert!(matches!(modules("{\"reason\":", &project(), false), Err(Error::CargoMessage { .. })));
    }

    #[test]
    fn a_workspace_without_the_profile_gets_it() {
        let with = settings(&project());
        let without = settings(&Project { has_guest_profile: false, ..project() });
        assert!(with.iter().all(|setting| !setting.starts_with("profile.")), "{with:?}");
        assert!(without.contains(&"profile.guest.panic='abort'".to_owned()), "{without:?}");
        assert!(without.iter().all(|setting| setting.parse::<toml::Table>().is_ok()), "{without:?}");
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("plugins/shop.wasm");
        for content in ["old", "new"] {
            write_whole(&file, content.as_bytes()).expect("it can be written");
            assert_eq!(fs::read(&file).expect("it is there"), content.as_bytes());
        }
        assert_eq!(fs::read_dir(folder.path().join("plugins")).expect("it is there").count(), 1);
        fs::create_dir(folder.path().join("taken.wasm")).expect("a folder can be made");
        write_whole(&folder.path().join("taken.wasm"), b"new").expect_err("a folder is in the way");
        assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 2);
    }
}
