//! Tests which toolchain is found in each situation, on scripted machines.

use super::machine::{Ran, Show};
use super::{Error, Kind, Machine, Reason, Toolchain, Version, choose, steers};
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

const LIBDIR: &str = "/rustup/lib/wasm32-unknown-unknown/lib";
const ASK_LIBDIR: &str = "/rustup/rustc --print target-libdir --target wasm32-unknown-unknown";
const SOURCE: &str = "/usr/lib/rustlib/src/rust/library/Cargo.toml";

/// A scripted machine. Files and programs that the test does not define are missing.
#[derive(Default)]
struct Fake {
    answers: HashMap<String, Ran>,
    files: HashSet<String>,
}

impl Fake {
    /// A machine with rustup and its toolchain, without the target.
    fn with_rustup(self) -> Fake {
        self.says("rustup target list --installed", "x86_64-unknown-linux-gnu")
            .says("rustup which cargo", "/rustup/cargo")
            .says("rustup which rustc", "/rustup/rustc")
            .says("/rustup/rustc --version", "rustc 1.95.0 (59807616e 2026-04-14)")
            .says(ASK_LIBDIR, LIBDIR)
    }

    fn with_target(self) -> Fake {
        self.says("rustup target list --installed", "wasm32-unknown-unknown\nx86_64-unknown-linux-gnu\n")
            .with(&format!("{LIBDIR}/libstd-0123456789abcdef.rlib"))
    }

    fn with_debian(mut self) -> Fake {
        self.files.extend(["/usr/bin/rustc", "/usr/bin/cargo", SOURCE, "/usr/bin/wasm-ld-22"].map(str::to_owned));
        self.says("/usr/bin/rustc --print sysroot", "/usr\n")
            .says("/usr/bin/rustc --version", "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\n")
    }

    fn says(self, line: &str, text: &str) -> Fake {
        self.but(line, Ran::Well(text.to_owned()))
    }

    fn but(mut self, line: &str, ran: Ran) -> Fake {
        self.answers.insert(line.to_owned(), ran);
        self
    }

    fn without(mut self, file: &str) -> Fake {
        assert!(self.files.remove(file), "{file} was not there");
        self
    }

    fn with(mut self, file: &str) -> Fake {
        self.files.insert(file.to_owned());
        self
    }

    fn choose(&self, choice: Option<&str>) -> Result<Toolchain, Error> {
        choose(self, choice, Version::parse("1.95"))
    }
}

impl Machine for Fake {
    fn run(&self, program: &str, arguments: &[&str], limit: Duration, _show: Show) -> Ran {
        assert!(limit <= Duration::from_secs(30), "{program} may run for long");
        let line = [&[program], arguments].concat().join(" ");
        self.answers.get(&line).cloned().unwrap_or(Ran::NotThere)
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.contains(&*path.to_string_lossy())
    }

    fn names_in(&self, folder: &Path) -> Vec<String> {
        let prefix = format!("{}/", folder.display());
        self.files.iter().filter_map(|file| Some(file.strip_prefix(&prefix)?.to_owned())).collect()
    }
}

fn chosen(result: Result<Toolchain, Error>) -> Kind {
    result.unwrap_or_else(|error| panic!("{error}")).kind
}

/// The reasons, in the order in which the toolchains were looked for.
fn reasons(result: Result<Toolchain, Error>) -> Vec<Reason> {
    match result {
        Err(Error::None { looked_for }) => looked_for,
        other => panic!("{other:?}"),
    }
}

/// Checks that the last reason is about this kind and contains these words.
fn assert_refused(result: Result<Toolchain, Error>, kind: Kind, words: &[&str]) {
    let reasons = reasons(result);
    let last = reasons.last().expect("something was looked for");
    assert_eq!(last.kind, kind, "{reasons:?}");
    assert!(words.iter().all(|word| last.why.contains(word)), "{words:?} in {:?}", last.why);
}

#[test]
fn rustup_s_target_comes_before_debian() {
    let toolchain = Fake::default().with_rustup().with_target().with_debian().choose(None).expect("there are two");
    assert_eq!((toolchain.kind, toolchain.version), (Kind::Rustup, Version(1, 95, 0)));
    assert_eq!((toolchain.cargo.as_path(), toolchain.linker), (Path::new("/rustup/cargo"), None));
}

#[test]
fn debian_is_taken_where_rustup_has_no_target() {
    let toolchain = Fake::default().with_rustup().with_debian().choose(None).expect("there is one");
    assert_eq!((toolchain.kind, toolchain.version), (Kind::Debian, Version(1, 96, 0)));
    assert_eq!(toolchain.linker.as_deref(), Some(Path::new("/usr/bin/wasm-ld-22")));
}

#[test]
fn the_choice_of_the_environment_comes_first() {
    let both = || Fake::default().with_rustup().with_target().with_debian();
    assert_eq!(chosen(both().choose(Some("rustup"))), Kind::Rustup);
    assert_eq!(chosen(both().choose(Some("debian"))), Kind::Debian);
    assert_eq!(chosen(both().choose(Some(""))), Kind::Rustup);
    for unknown in ["Debian", "nix", "rustup "] {
        let error = both().choose(Some(unknown)).expect_err("it is neither");
        assert!(matches!(&error, Error::UnknownChoice { given } if given == unknown), "{error}");
        assert!(error.remedy().contains("rustup"), "{}", error.remedy());
    }
}

#[test]
fn a_choice_never_falls_back_to_the_other() {
    let rustup = Fake::default().with_rustup().with_debian();
    assert_refused(rustup.choose(Some("rustup")), Kind::Rustup, &["does not have the target"]);
    let debian = Fake::default().with_rustup().with_target();
    let reasons = reasons(debian.choose(Some("debian")));
    assert!(reasons.iter().all(|reason| reason.kind == Kind::Debian), "{reasons:?}");
}

#[test]
fn a_machine_with_nothing_gets_every_reason_and_what_to_do() {
    let (rustup, debian) = ("rustup target add wasm32-unknown-unknown", "apt-get install rustc-web cargo-web rust-web-src lld-22");
    let error = Fake::default().choose(None).expect_err("there is none");
    let text = error.to_string();
    for part in ["\n  rustup: rustup is not installed", "\n  debian: not installed: the compiler (rustc-web)"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(error.remedy().contains(rustup) && error.remedy().contains(debian), "{}", error.remedy());
    let error = Fake::default().choose(Some("rustup")).expect_err("there is none");
    assert!(error.remedy().contains(rustup) && !error.remedy().contains(debian), "{}", error.remedy());
}

#[test]
fn a_target_that_is_listed_without_its_library_does_not_count() {
    let machine = Fake::default().with_rustup().with_target().without(&format!("{LIBDIR}/libstd-0123456789abcdef.rlib"));
    assert_refused(machine.choose(Some("rustup")), Kind::Rustup, &["listed as installed", LIBDIR, "target remove"]);
    assert_eq!(chosen(machine.with_debian().choose(None)), Kind::Debian);
}

#[test]
fn a_rustup_that_hangs_or_fails_is_passed_over() {
    for (ran, word) in [(Ran::TooLong, "within 30 s"), (Ran::Badly("error: no active toolchain".into()), "no active toolchain")] {
        let machine = Fake::default().with_rustup().but("rustup target list --installed", ran.clone());
        assert_refused(machine.choose(Some("rustup")), Kind::Rustup, &[word]);
        assert_eq!(chosen(machine.with_debian().choose(None)), Kind::Debian);
    }
}

#[test]
fn each_missing_part_of_debian_is_named() {
    for (file, word) in [
        ("/usr/bin/rustc", "rustc-web"),
        ("/usr/bin/cargo", "cargo-web"),
        (SOURCE, "rust-web-src"),
        ("/usr/bin/wasm-ld-22", "wasm-ld (lld-NN)"),
    ] {
        let machine = Fake::default().with_debian().without(file);
        assert_refused(machine.choose(Some("debian")), Kind::Debian, &["not installed: ", word]);
    }
}

#[test]
fn the_newest_linker_is_taken() {
    let linker = |machine: Fake| machine.choose(Some("debian")).expect("it is there").linker.expect("Debian has one");
    let several = Fake::default().with_debian().with("/usr/bin/wasm-ld-9").with("/usr/bin/wasm-ld-23").with("/usr/bin/wasm-ld");
    assert_eq!(linker(several), Path::new("/usr/bin/wasm-ld-23"));
    let plain = Fake::default().with_debian().without("/usr/bin/wasm-ld-22").with("/usr/bin/wasm-ld").with("/usr/bin/wasm-ld-x");
    assert_eq!(linker(plain), Path::new("/usr/bin/wasm-ld"));
}

#[test]
fn a_compiler_older_than_the_crate_allows_is_refused_and_one_as_old_is_taken() {
    let version = |text: &str| Fake::default().with_debian().but("/usr/bin/rustc --version", Ran::Well(text.to_owned()));
    assert_eq!(chosen(version("rustc 1.95.0 (abc 2026-04-14)").choose(Some("debian"))), Kind::Debian);
    assert_refused(
        version("rustc 1.94.9 (abc 2026-03-01)").choose(Some("debian")),
        Kind::Debian,
        &["/usr/bin/rustc is Rust 1.94.9", "1.95.0 or newer is needed"],
    );
    assert_refused(version("no version").choose(Some("debian")), Kind::Debian, &["as its version"]);
    let rustup = Fake::default().with_rustup().with_target().but("/rustup/rustc --version", Ran::Well("rustc 1.94.0".into()));
    assert_eq!(chosen(rustup.with_debian().choose(None)), Kind::Debian);
}

#[test]
fn a_compiler_that_only_passes_on_to_rustup_is_not_debian_s() {
    let machine = Fake::default().with_debian().but("/usr/bin/rustc --print sysroot", Ran::Well("/rustup/toolchains/stable".into()));
    assert_refused(machine.choose(Some("debian")), Kind::Debian, &["not Debian's compiler", "/rustup/toolchains"]);
}

#[test]
fn versions_are_compared_by_number() {
    assert!(Version::parse("1.100.0") > Version::parse("rustc 1.99.9 (x)") && Version::parse("1.95") == Version::parse("1.95.0-nightly"));
    assert_eq!([Version::parse("one"), Version::parse("1.x")], [None, None]);
}

#[test]
fn an_outer_build_does_not_steer_the_guest_s() {
    for name in ["CARGO", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR", "CARGO_PROFILE_GUEST_LTO", "RUSTFLAGS"] {
        assert!(steers(OsStr::new(name)), "{name}");
    }
    for name in ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_HTTP_PROXY", "CARGO_TERM_COLOR", "PATH", "RUSTUP_HOME", "CARGOT"] {
        assert!(!steers(OsStr::new(name)), "{name}");
    }
    let variables = |toolchain: Toolchain| toolchain.environment().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let debian = Fake::default().with_debian().choose(None).expect("it is there");
    assert_eq!(debian.build_arguments(), ["-Z", "build-std=std,panic_abort"]);
    assert_eq!(variables(debian), ["CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "RUSTC_BOOTSTRAP"]);
    let rustup = Fake::default().with_rustup().with_target().choose(None).expect("it is there");
    assert!(rustup.build_arguments().is_empty() && variables(rustup).is_empty());
}
