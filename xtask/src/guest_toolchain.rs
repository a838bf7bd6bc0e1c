//! The Rust toolchain that builds plugins.
//!
//! Whether there is one is for the command to say: it looks for a toolchain when it builds a plugin, and `cartage doctor` reports what it finds. If there is none,
//! the target is installed with rustup, and if that does not help, Debian's packages. The command is asked again after each installation. Each way that fails
//! leaves its reason, so that the one error at the end says what was tried.

use crate::apt;
use crate::machine::{ASK, Machine, Output, Ran};
use std::time::Duration;

/// The environment variable that names the only toolchain to install: `rustup` or `debian`. The command reads it as well.
pub(crate) const CHOICE: &str = "CARTAGE_GUEST_TOOLCHAIN";

/// The target of every guest.
const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's packages, without the linker, whose name contains a version.
const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// The linker to install if apt-cache does not list any.
const LINKER: &str = "lld-22";

/// Time limit of `cartage doctor`. Each question that it asks rustup and the compilers has a limit of its own, [`ASK`].
const LOOK: Duration = Duration::from_secs(300);

/// Time limit for downloading the target's standard library. A user whose machine has no network must not wait long.
const DOWNLOAD: Duration = Duration::from_secs(30);

/// A toolchain that can be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// rustup, Rust's own installer.
    Rustup,
    /// Debian's packages.
    Debian,
}

impl Kind {
    /// What to say if installing succeeded and the command still finds no toolchain.
    fn unusable(self) -> &'static str {
        match self {
            Kind::Rustup => "rustup added the target, and the command still cannot use it",
            Kind::Debian => "apt-get installed Debian's packages, and the command still cannot use them",
        }
    }
}

/// Why there is no toolchain.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command could not be asked.
    #[error("`{cartage} doctor --json` did not say whether there is a guest toolchain: {why}")]
    NoAnswer { cartage: String, why: String },
    /// Every permitted way was tried.
    #[error("there is no guest toolchain, and none could be installed{}", list(.tried))]
    None { tried: Vec<String>, source: Finding },
}

impl Error {
    /// What the user can do.
    pub(crate) fn remedy(&self) -> &str {
        match self {
            Error::NoAnswer { .. } => "build the command with `make build`, and run its `doctor`",
            Error::None { source, .. } => &source.remedy,
        }
    }
}

/// What the command says of a machine without a toolchain.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Finding {
    what: String,
    remedy: String,
}

fn list(tried: &[String]) -> String {
    tried.iter().map(|why| format!("\n{why}")).collect()
}

/// Installs a toolchain unless the command finds one. `say` receives a message before each step that may take long.
pub(crate) fn provide(machine: &impl Machine, cartage: &str, choice: Option<&str>, say: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let kinds: &[Kind] = match choice {
        None | Some("") => &[Kind::Rustup, Kind::Debian],
        Some("rustup") => &[Kind::Rustup],
        Some("debian") => &[Kind::Debian],
        // The command finds no toolchain of another name, and says which names there are.
        Some(_) => &[],
    };
    let Some(mut missing) = missing(machine, cartage)? else { return Ok(()) };
    let mut tried = Vec::new();
    for kind in kinds {
        let installed = match kind {
            Kind::Rustup => add_target(machine, say),
            Kind::Debian => apt::install(machine, say, packages).map_err(|error| error.to_string()),
        };
        let why = match installed {
            Ok(()) => match self::missing(machine, cartage)? {
                None => return Ok(()),
                Some(finding) => {
                    missing = finding;
                    kind.unusable().to_owned()
                }
            },
            Err(why) => why,
        };
        tried.push(why);
    }
    Err(Error::None { tried, source: missing })
}

/// Asks the command. `None` if it finds a toolchain.
fn missing(machine: &impl Machine, cartage: &str) -> Result<Option<Finding>, Error> {
    let no_answer = |why: String| Error::NoAnswer { cartage: cartage.to_owned(), why };
    let report = match machine.run(cartage, &["doctor", "--json"], LOOK, Output::Kept) {
        // The command also ends badly if something else on this machine needs attention.
        Ran::Well(report) | Ran::Badly(report) => report,
        Ran::TooLong => return Err(no_answer(format!("it did not end within {} s", LOOK.as_secs()))),
        Ran::NotThere => return Err(no_answer("it could not be started".to_owned())),
    };
    let report: serde_json::Value = serde_json::from_str(&report).map_err(|error| no_answer(format!("its report is not JSON: {error}")))?;
    let findings = report["findings"].as_array().map_or(&[][..], Vec::as_slice);
    let finding = findings.iter().find(|finding| finding["about"] == "guest toolchain");
    let finding = finding.ok_or_else(|| no_answer(format!("its report has no such finding: {report}")))?;
    let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    Ok((finding["state"] != "fine").then(|| Finding { what: text("what"), remedy: text("remedy") }))
}

/// Adds the target to rustup's active toolchain.
fn add_target(machine: &impl Machine, say: &mut dyn FnMut(&str)) -> Result<(), String> {
    say(&format!("installing the target: rustup target add {TARGET} (at most {} s)", DOWNLOAD.as_secs()));
    match machine.run("rustup", &["target", "add", TARGET], DOWNLOAD, Output::Shown) {
        Ran::Well(_) => Ok(()),
        Ran::Badly(_) => Err(format!("`rustup target add {TARGET}` failed; its output is above")),
        Ran::TooLong => Err(format!("`rustup target add {TARGET}` did not end within {} s", DOWNLOAD.as_secs())),
        Ran::NotThere => Err("rustup is not installed".to_owned()),
    }
}

/// Debian's packages, with the newest linker that the package lists name.
fn packages(machine: &impl Machine) -> Vec<String> {
    let known = match machine.run("apt-cache", &["pkgnames", "lld-"], ASK, Output::Kept) {
        Ran::Well(names) => names,
        Ran::Badly(_) | Ran::TooLong | Ran::NotThere => String::new(),
    };
    let newest = known.lines().filter_map(|name| name.trim().strip_prefix("lld-")?.parse::<u32>().ok()).max();
    let linker = newest.map_or_else(|| LINKER.to_owned(), |version| format!("lld-{version}"));
    PACKAGES.into_iter().map(str::to_owned).chain([linker]).collect()
}

#[cfg(test)]
mod tests {
    //! Tests what is installed in each situation, on scripted machines.

    use super::*;
    use crate::machine::scripted::Scripted;

    const LOOK: &str = "cartage doctor --json";
    const FOUND: &str = r#"{"findings": [{"about": "guest toolchain", "state": "fine", "what": "rustup, Rust 1.95.0"}], "problems": 0}"#;
    const MISSING: &str = r#"{"findings": [{"about": "engine", "state": "fine", "what": ""},
        {"about": "guest toolchain", "state": "warning", "what": "found none", "remedy": "run this"}], "problems": 0}"#;
    const ADD: &str = "rustup target add wasm32-unknown-unknown";
    const UPDATE: &str = "apt-get update";
    const APT: &str =
        "apt-get install --yes --no-install-recommends --no-remove -o DPkg::Lock::Timeout=120 rustc-web cargo-web rust-web-src lld-22";

    /// A machine without a toolchain.
    fn bare() -> Scripted {
        Scripted::default().says(LOOK, MISSING)
    }

    /// A machine whose rustup can add the target.
    fn with_rustup() -> Scripted {
        bare().says(ADD, "").after(ADD, LOOK, FOUND)
    }

    /// A machine whose user is root and has apt-get.
    fn with_apt(machine: Scripted) -> Scripted {
        machine
            .says("id -u", "0\n")
            .says(UPDATE, "")
            .says("apt-cache pkgnames lld-", "lld-14\nlld-19\n")
            .says(APT, "")
            .after(APT, LOOK, FOUND)
            .after(UPDATE, "apt-cache pkgnames lld-", "lld-14\nlld-22\nlld-19\nlld-22-dev")
    }

    fn run(machine: &Scripted, choice: Option<&str>) -> Result<(), Error> {
        provide(machine, "cartage", choice, &mut |_| {})
    }

    /// The reasons, in the order in which the toolchains were tried.
    fn reasons(result: Result<(), Error>) -> Vec<String> {
        match result {
            Err(Error::None { tried, source }) => {
                assert_eq!(source, Finding { what: "found none".to_owned(), remedy: "run this".to_owned() });
                tried
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_is_installed_where_there_is_a_toolchain() {
        for ran in [Ran::Well(FOUND.to_owned()), Ran::Badly(FOUND.to_owned())] {
            for choice in [None, Some(""), Some("rustup"), Some("debian")] {
                let machine = with_apt(with_rustup()).with(LOOK, ran.clone());
                provide(&machine, "cartage", choice, &mut |text| panic!("{text}")).expect("there is one");
                assert!(machine.changes().is_empty(), "{:?}", machine.changes());
            }
        }
    }

    #[test]
    fn the_target_is_downloaded_before_packages_are() {
        for choice in [None, Some("")] {
            let machine = with_apt(with_rustup());
            run(&machine, choice).expect("rustup gives one");
            assert_eq!(machine.changes(), [ADD]);
        }
    }

    #[test]
    fn packages_are_installed_where_the_download_fails_or_takes_too_long_or_rustup_is_missing() {
        for ran in [Ran::Badly(String::new()), Ran::TooLong, Ran::NotThere] {
            let machine = with_apt(with_rustup()).with(ADD, ran);
            run(&machine, None).expect("Debian gives one");
            assert_eq!(machine.changes(), [ADD, UPDATE, APT]);
        }
    }

    #[test]
    fn packages_are_installed_where_rustup_s_toolchain_cannot_be_used() {
        let machine = with_apt(with_rustup().after(ADD, LOOK, MISSING));
        run(&machine, None).expect("Debian gives one");
        assert_eq!(machine.changes(), [ADD, UPDATE, APT]);
    }

    #[test]
    fn a_choice_never_falls_back_to_the_other() {
        let machine = with_apt(with_rustup()).with(ADD, Ran::TooLong);
        assert_eq!(reasons(run(&machine, Some("rustup"))), [format!("`{ADD}` did not end within 30 s")]);
        assert_eq!(machine.changes(), [ADD]);
        let machine = with_rustup();
        assert_eq!(reasons(run(&machine, Some("debian"))), [apt::Error::NotRoot.to_string()]);
        assert!(machine.changes().is_empty(), "{:?}", machine.changes());
    }

    #[test]
    fn for_an_unknown_choice_nothing_is_installed() {
        for unknown in ["Debian", "nix", "rustup "] {
            let machine = with_apt(with_rustup());
            assert_eq!(reasons(run(&machine, Some(unknown))), [""; 0]);
            assert!(machine.changes().is_empty(), "{:?}", machine.changes());
        }
    }

    #[test]
    fn a_machine_with_nothing_gets_every_reason_and_what_to_do() {
        let error = run(&bare(), None).expect_err("there is none");
        let text = error.to_string();
        for part in ["\nrustup is not installed", "\ninstalling packages with apt-get needs root"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(error.remedy(), "run this");
    }

    #[test]
    fn an_installation_that_leaves_nothing_usable_is_said() {
        let machine = with_apt(with_rustup().after(ADD, LOOK, MISSING)).after(APT, LOOK, MISSING);
        assert_eq!(reasons(run(&machine, None)), [Kind::Rustup.unusable(), Kind::Debian.unusable()]);
    }

    /// The package lists in a machine's image are as old as the image.
    #[test]
    fn the_newest_linker_of_fresh_lists_is_installed() {
        let machine = with_apt(bare());
        run(&machine, Some("debian")).expect("Debian gives one");
        assert_eq!(machine.changes(), [UPDATE, APT]);
        for ran in [Ran::NotThere, Ran::Badly(String::new()), Ran::Well("lld\nlld-x".into())] {
            let machine = Scripted::default().with("apt-cache pkgnames lld-", ran);
            assert_eq!(packages(&machine), ["rustc-web", "cargo-web", "rust-web-src", LINKER]);
        }
    }

    #[test]
    fn a_command_that_gives_no_answer_changes_nothing() {
        for (ran, word) in [
            (Ran::NotThere, "could not be started"),
            (Ran::TooLong, "within 300 s"),
            (Ran::Badly(String::new()), "not JSON"),
            (Ran::Badly(r#"{"error": {"message": "a filter is none"}}"#.to_owned()), "a filter is none"),
        ] {
            let machine = with_apt(with_rustup()).with(LOOK, ran);
            let error = run(&machine, None).expect_err("nobody knows");
            assert!(error.to_string().contains(word), "{error}");
            assert!(machine.changes().is_empty(), "{:?}", machine.changes());
        }
    }
}
