//! A plugin in JavaScript: npm runs the project's own build, which writes `target/plugins/NAME.wasm` in the project's folder. The result is checked and shown
//! in the same way as a build by cargo.

use super::{Args, Built, Report, write_whole};
use crate::cli::toolchain::{Machine, Ran, Show, ThisMachine};
use crate::cli::{Failure, report};
use cartage::id::Digest;
use cartage_contract::manifest::is_name;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io};

/// The file that marks a folder as an npm project.
const MANIFEST: &str = "package.json";
/// Where the build writes its file, below the project's folder.
const OUT: &str = "target/plugins";
/// Largest size of package.json, in bytes.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;
/// Time limit of an npm command that needs no network.
const ASK: Duration = Duration::from_secs(30);
/// Time limit of npm's downloads, and of a build.
const WORK: Duration = Duration::from_secs(900);
/// How a user installs npm.
const BY_HAND: &str = "install Node.js 20 or later with npm: https://nodejs.org, or on Debian, as root, apt-get install nodejs npm";

/// An npm project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Project {
    pub(super) folder: PathBuf,
    name: String,
}

/// Why a project was not built.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("could not read {path}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} is not a valid package.json: {why}")]
    NotManifest { path: PathBuf, why: String },
    #[error("could not find npm, which builds {name}")]
    NoNpm { name: String },
    #[error("{program} failed: {why}")]
    Failed { program: String, why: &'static str },
    #[error("the build tools of {name} are not installed: {missing} was not found")]
    NotInstalled { name: String, missing: PathBuf },
    #[error("npm run build did not write {file}")]
    NothingBuilt { file: PathBuf },
    #[error("could not write the plugin to {path}")]
    NotWritten { path: PathBuf, source: io::Error },
}

impl Project {
    /// The project in this folder: `None` without a package.json, or with a Cargo.toml beside it.
    pub(super) fn of(folder: &Path) -> Option<Result<Project, Error>> {
        (!folder.join("Cargo.toml").exists() && folder.join(MANIFEST).is_file()).then(|| Project::read(folder))
    }

    fn read(folder: &Path) -> Result<Project, Error> {
        let path = folder.join(MANIFEST);
        let read = || {
            let bytes = fs::metadata(&path)?.len();
            if bytes > MANIFEST_BYTES_MAX {
                return Err(io::Error::other(format!("it has {bytes} bytes, and at most {MANIFEST_BYTES_MAX} are allowed")));
            }
            Ok((fs::canonicalize(folder)?, fs::read_to_string(&path)?))
        };
        let (folder, text) = read().map_err(|source| Error::Unreadable { path: path.clone(), source })?;
        let wrong = |why: String| Error::NotManifest { path: path.clone(), why };
        let manifest: serde_json::Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let name = manifest["name"].as_str().ok_or_else(|| wrong("it has no name".to_owned()))?;
        if !is_name(name) {
            return Err(wrong(format!("the name {name:?} is not valid for a plugin: use 1 to 63 lower-case letters, digits and hyphens")));
        }
        Ok(Project { folder, name: name.to_owned() })
    }

    /// Builds the plugin. Installs the project's dependencies if they are missing and that is allowed.
    pub(super) fn build(&self, args: &Args) -> Result<Report, Failure> {
        if args.examples {
            return Err(
                Failure::wrong_use(format!("{} is an npm project, which has no examples", self.name)).what_to_do("leave out --examples")
            );
        }
        let machine = ThisMachine { folder: self.folder.clone() };
        let npm = self.npm(&machine)?;
        self.installed(&machine, args.install)?;
        report::talk(&format!("building {} with npm {npm}: npm run build", self.name));
        let bytes = self.run(&machine)?;
        if !args.unchecked {
            super::super::admit(&self.name, bytes.clone())?;
        }
        let mut file = self.file();
        if let Some(out) = &args.out {
            file = out.join(self.file_name());
            write_whole(&file, &bytes).map_err(|source| {
                Failure::from(Error::NotWritten { path: file.clone(), source })
                    .what_to_do("name a folder that you may write to with --out DIR")
            })?;
        }
        let imports = cartage::engine::admit::imports(&bytes);
        let built = Built { name: self.name.clone(), file, bytes: bytes.len(), digest: Digest::of(&bytes), imports };
        Ok(Report { toolchain: "npm".to_owned(), rust: None, npm: Some(npm), plugins: vec![built] })
    }

    fn file_name(&self) -> String {
        format!("{}.wasm", self.name)
    }

    fn file(&self) -> PathBuf {
        self.folder.join(OUT).join(self.file_name())
    }

    /// The version of npm.
    fn npm(&self, machine: &impl Machine) -> Result<String, Failure> {
        match machine.run("npm", &["--version"], ASK, Show::Nothing) {
            Ran::Well(version) => Ok(version.trim().to_owned()),
            Ran::Badly(_) | Ran::TooLong | Ran::NotThere => {
                Err(Failure::from(Error::NoNpm { name: self.name.clone() }).what_to_do(BY_HAND))
            }
        }
    }

    /// Checks that the project's packages are installed. Installs them if that is allowed.
    fn installed(&self, machine: &impl Machine, install: bool) -> Result<(), Failure> {
        let folder = self.folder.join("node_modules");
        if machine.exists(&folder) {
            return Ok(());
        }
        // With a lock file, npm installs the locked versions.
        let command = if machine.exists(&self.folder.join("package-lock.json")) { "ci" } else { "install" };
        if install {
            report::talk(&format!("installing the build tools of {}: npm {command}", self.name));
            return npm(machine, &[command, "--no-audit", "--no-fund"]);
        }
        Err(Failure::from(Error::NotInstalled { name: self.name.clone(), missing: folder })
            .what_to_do(format!("run npm {command} in {}, or let this command do that with --install", self.folder.display())))
    }

    /// Runs the project's build, and reads the file that it wrote.
    fn run(&self, machine: &impl Machine) -> Result<Vec<u8>, Failure> {
        let file = self.file();
        let changed = || fs::metadata(&file).and_then(|about| about.modified()).ok();
        let unwritten = |source| Error::NotWritten { path: file.clone(), source };
        fs::create_dir_all(file.parent().expect("a name was joined to a folder")).map_err(unwritten)?;
        let before: Option<SystemTime> = changed();
        npm(machine, &["run", "build"])?;
        if changed() == before {
            return Err(Failure::from(Error::NothingBuilt { file })
                .what_to_do(format!("have the script `build` of package.json write {OUT}/{}", self.file_name())));
        }
        super::super::file::read(&file)
    }
}

/// Runs npm. The user sees its output on standard error as it comes.
fn npm(machine: &impl Machine, arguments: &[&str]) -> Result<(), Failure> {
    let why = match machine.run("npm", arguments, WORK, Show::Everything) {
        Ran::Well(_) => return Ok(()),
        Ran::Badly(_) => "its output is above",
        Ran::TooLong => "it did not end within 15 minutes",
        Ran::NotThere => "it could not be started",
    };
    let program = format!("npm {}", arguments.join(" "));
    Err(Failure::from(Error::Failed { program, why }).what_to_do("correct what it reports, then build again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("a file can be written");
        }
        folder
    }

    #[test]
    fn a_project_of_npm_s_is_one_without_cargo() {
        let named = "{\"name\": \"my-shop\"}";
        let folder = project(&[(MANIFEST, named)]);
        let found = Project::of(folder.path()).expect("it is one").expect("it can be read");
        assert_eq!(found.name, "my-shop");
        assert!(found.file().ends_with("target/plugins/my-shop.wasm"));
        assert!(Project::of(project(&[(MANIFEST, named), ("Cargo.toml", "")]).path()).is_none());
        assert!(Project::of(project(&[]).path()).is_none());
    }

    #[test]
    fn a_name_that_no_plugin_can_have_is_refused() {
        for text in ["", "{}", "{\"name\": 7}", "{\"name\": \"@me/shop\"}", "{\"name\": \"../shop\"}"] {
            let folder = project(&[(MANIFEST, text)]);
            let refused = Project::of(folder.path()).expect("it is one").expect_err("it is none that can be built");
            assert!(matches!(refused, Error::NotManifest { .. }), "{text}: {refused}");
        }
    }

    /// A machine for tests, with a scripted npm.
    struct Made<'a> {
        has_npm: bool,
        build: &'a dyn Fn() -> Ran,
    }

    impl Machine for Made<'_> {
        fn run(&self, program: &str, arguments: &[&str], _: Duration, _: Show) -> Ran {
            match (program, arguments) {
                ("npm", ["--version"]) if self.has_npm => Ran::Well("10.0.0\n".to_owned()),
                ("npm", ["run", "build"]) => (self.build)(),
                _ => Ran::NotThere,
            }
        }

        fn exists(&self, path: &Path) -> bool {
            path.exists()
        }

        fn names_in(&self, _: &Path) -> Vec<String> {
            Vec::new()
        }
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_type() {
        let folder = project(&[(MANIFEST, "{\"name\": \"my-shop\"}")]);
        let project = Project::of(folder.path()).expect("it is one").expect("it can be read");
        let machine = Made { has_npm: false, build: &|| Ran::NotThere };
        let said = |result: Result<(), Failure>| result.expect_err("it is missing").remedy().unwrap_or_default().to_owned();
        assert!(said(project.npm(&machine).map(drop)).contains("apt-get install nodejs npm"));
        assert!(said(project.installed(&machine, false)).starts_with("run npm install in "));
        fs::write(folder.path().join("package-lock.json"), "{}").expect("a file can be written");
        assert!(said(project.installed(&machine, false)).starts_with("run npm ci in "));
        fs::create_dir(folder.path().join("node_modules")).expect("a folder can be made");
        assert!(project.installed(&machine, false).is_ok());
    }

    #[test]
    fn a_build_that_writes_nothing_is_a_failure_whatever_lies_there() {
        let folder = project(&[(MANIFEST, "{\"name\": \"my-shop\"}")]);
        let project = Project::of(folder.path()).expect("it is one").expect("it can be read");
        let file = project.file();
        let write = |content: &str| fs::write(&file, content).expect("the folder was made");
        let nothing = Made { has_npm: true, build: &|| Ran::Well(String::new()) };
        assert!(project.run(&nothing).is_err());
        write("old");
        assert!(project.run(&nothing).is_err(), "the old file is not taken for a new one");
        let writes = || {
            std::thread::sleep(Duration::from_millis(20));
            write("new");
            Ran::Well(String::new())
        };
        assert_eq!(project.run(&Made { has_npm: true, build: &writes }).expect("it was written"), b"new");
        let fails = Made { has_npm: true, build: &|| Ran::Badly(String::new()) };
        assert!(project.run(&fails).is_err());
    }
}
