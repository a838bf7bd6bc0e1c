//! Tests which toolchain is chosen in each situation, on scripted machines.

use super::machine::{Ran, Show};
use super::{Error, Install, Kind, Machine, Reason, Toolchain, Version, choose, steers};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

const LIBDIR: &str = "/rustup/lib/wasm32-unknown-unknown/lib";
const ASK_LIBDIR: &str = "/rustup/rustc --print target-libdir --target wasm32-unknown-unknown";
const ADD: &str = "rustup target add wasm32-unknown-unknown";
const APT: &str =
    "apt-get install --yes --no-install-recommends --no-remove -o DPkg::Lock::Timeout=120 rustc-web cargo-web rust-web-src lld-22";
const UPDATE: &str = "apt-get update";
const SOURCE: &str = "/usr/lib/rustlib/src/rust/library/Cargo.toml";

/// A scripted machine. Files and programs that the test does not define are missing.
#[derive(Default)]
struct Fake {
    answers: HashMap<String, Ran>,
    files: HashSet<String>,
    /// The change that a successful command makes to the machine.
    effects: HashMap<String, fn(&mut Fake)>,
    state: RefCell<Option<Box<Fake>>>,
    ran: RefCell<Vec<String>>,
}

impl Fake {
    /// A machine with rustup and its toolchain, without the target.
    fn with_rustup(mut self) -> Fake {
        self.says("rustup target list --installed", "x86_64-unknown-linux-gnu");
        self.says("rustup which cargo", "/rustup/cargo");
        self.says("rustup which rustc", "/rustup/rustc");
        self.says("/rustup/rustc --version", "rustc 1.95.0 (59807616e 2026-04-14)");
        self.says(ASK_LIBDIR, LIBDIR);
        self
    }

    fn with_target(mut self) -> Fake {
        add_target(&mut self);
        self
    }

    fn with_debian(mut self) -> Fake {
        add_debian(&mut self);
        self
    }

    /// Makes the user root, with apt-get.
    fn with_apt(mut self) -> Fake {
        self.says("id -u", "0\n");
        self.says(UPDATE, "");
        self.says("apt-cache pkgnames lld-", "lld-14\nlld-22\nlld-19\nlld-22-dev");
        self.ends(APT, Ran::Well(String::new()));
        self.effects.insert(APT.to_owned(), add_debian);
        self
    }

    fn says(&mut self, line: &str, text: &str) {
        self.ends(line, Ran::Well(text.to_owned()));
    }

    fn ends(&mut self, line: &str, ran: Ran) {
        self.answers.insert(line.to_owned(), ran);
    }

    fn but(mut self, line: &str, ran: Ran) -> Fake {
        self.ends(line, ran);
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

    fn choose(&self, choice: Option<&str>, install: Install) -> Result<Toolchain, Error> {
        choose(self, choice, Version::parse("1.95"), install, &mut |_| {})
    }

    /// The present machine, including the changes that commands made.
    fn now<T>(&self, look: impl FnOnce(&Fake) -> T) -> T {
        match &*self.state.borrow() {
            Some(changed) => look(changed),
            None => look(self),
        }
    }

    fn ran(&self) -> Vec<String> {
        self.ran.borrow().iter().filter(|line| line.contains("add") || line.starts_with("apt-get")).cloned().collect()
    }
}

fn add_target(machine: &mut Fake) {
    machine.says("rustup target list --installed", "wasm32-unknown-unknown\nx86_64-unknown-linux-gnu\n");
    machine.files.insert(format!("{LIBDIR}/libstd-0123456789abcdef.rlib"));
}

fn add_debian(machine: &mut Fake) {
    machine.says("/usr/bin/rustc --print sysroot", "/usr\n");
    machine.says("/usr/bin/rustc --version", "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\n");
    machine.files.extend(["/usr/bin/rustc", "/usr/bin/cargo", SOURCE, "/usr/bin/wasm-ld-22"].map(str::to_owned));
}

impl Machine for Fake {
    fn run(&self, program: &str, arguments: &[&str], limit: Duration, _show: Show) -> Ran {
        assert!(limit <= Duration::from_secs(900), "{program} may run for ever");
        let line = [&[program], arguments].concat().join(" ");
        self.ran.borrow_mut().push(line.clone());
        let ran = self.now(|machine| machine.answers.get(&line).cloned()).unwrap_or(Ran::NotThere);
        if let (Ran::Well(_), Some(effect)) = (&ran, self.now(|machine| machine.effects.get(&line).copied())) {
            let (answers, files, effects) = self.now(|machine| (machine.answers.clone(), machine.files.clone(), machine.effects.clone()));
            let mut changed = Fake { answers, files, effects, ..Fake::default() };
            effect(&mut changed);
            *self.state.borrow_mut() = Some(Box::new(changed));
        }
        ran
    }

    fn exists(&self, path: &Path) -> bool {
        self.now(|machine| machine.files.contains(&*path.to_string_lossy()))
    }

    fn names_in(&self, folder: &Path) -> Vec<String> {
        let prefix = format!("{}/", folder.display());
        self.now(|machine| machine.files.iter().filter_map(|file| Some(file.strip_prefix(&prefix)?.to_owned())).collect())
    }
}

fn chosen(result: Result<Toolchain, Error>) -> Kind {
    result.unwrap_or_else(|error| panic!("{error}")).kind
}

/// The reasons, in the order in which the toolchains were tried.
fn reasons(result: Result<Toolchain, Error>) -> Vec<Reason> {
    match result {
        Err(Error::None { tried, .. }) => tried,
        other => panic!("{other:?}"),
    }
}

/// Checks that the last reason is about this kind and contains these words.
fn assert_refused(result: Result<Toolchain, Error>, kind: Kind, words: &[&str]) {
    let reasons = reasons(result);
    let last = reasons.last().expect("something was tried");
    assert_eq!(last.kind, kind, "{reasons:?}");
    assert!(words.iter().all(|word| last.why.contains(word)), "{words:?} in {:?}", last.why);
}

#[test]
fn an_installed_target_comes_before_an_installed_debian() {
    let machine = Fake::default().with_rustup().with_target().with_debian().with_apt();
    let toolchain = machine.choose(None, Install::Allowed).expect("there are two");
    assert_eq!((toolchain.kind, toolchain.version), (Kind::Rustup, Version(1, 95, 0)));
    assert_eq!((toolchain.cargo.as_path(), toolchain.linker), (Path::new("/rustup/cargo"), None));
    assert!(machine.ran().is_empty(), "{:?}", machine.ran());
}

#[test]
fn an_installed_debian_comes_before_a_download() {
    let machine = Fake::default().with_rustup().with_debian().with_apt();
    let toolchain = machine.choose(None, Install::Allowed).expect("there is one");
    assert_eq!((toolchain.kind, toolchain.version), (Kind::Debian, Version(1, 96, 0)));
    assert_eq!(toolchain.linker.as_deref(), Some(Path::new("/usr/bin/wasm-ld-22")));
    assert!(machine.ran().is_empty(), "{:?}", machine.ran());
}

#[test]
fn the_target_is_downloaded_before_packages_are() {
    let mut machine = Fake::default().with_rustup().with_apt().but(ADD, Ran::Well(String::new()));
    machine.effects.insert(ADD.to_owned(), add_target);
    assert_eq!(chosen(machine.choose(None, Install::Allowed)), Kind::Rustup);
    assert_eq!(machine.ran(), [ADD]);
}

#[test]
fn packages_are_installed_where_the_download_fails_or_takes_too_long_or_rustup_is_missing() {
    for ran in [Ran::Badly("error: could not download file".into()), Ran::TooLong, Ran::NotThere] {
        let machine = Fake::default().with_rustup().with_apt().but(ADD, ran);
        assert_eq!(chosen(machine.choose(None, Install::Allowed)), Kind::Debian);
        assert_eq!(machine.ran(), [ADD, UPDATE, APT]);
    }
}

#[test]
fn the_choice_of_the_environment_comes_first() {
    let both = || Fake::default().with_rustup().with_target().with_debian();
    assert_eq!(chosen(both().choose(Some("rustup"), Install::Refused)), Kind::Rustup);
    assert_eq!(chosen(both().choose(Some("debian"), Install::Refused)), Kind::Debian);
    assert_eq!(chosen(both().choose(Some(""), Install::Refused)), Kind::Rustup);
    for unknown in ["Debian", "nix", "rustup "] {
        let error = both().choose(Some(unknown), Install::Refused).expect_err("it is neither");
        assert!(matches!(&error, Error::UnknownChoice { given } if given == unknown), "{error}");
        assert!(error.remedy().contains("rustup"), "{}", error.remedy());
    }
}

#[test]
fn a_choice_never_falls_back_to_the_other() {
    let rustup = Fake::default().with_rustup().with_debian().with_apt().but(ADD, Ran::TooLong);
    assert_refused(rustup.choose(Some("rustup"), Install::Allowed), Kind::Rustup, &["rustup target add", "within 30 s"]);
    let debian = Fake::default().with_rustup().with_target();
    let reasons = reasons(debian.choose(Some("debian"), Install::Allowed));
    assert!(reasons.iter().all(|reason| reason.kind == Kind::Debian), "{reasons:?}");
}

#[test]
fn nothing_is_installed_without_leave() {
    let machine = Fake::default().with_rustup().with_apt().but(ADD, Ran::Well(String::new()));
    let error = machine.choose(None, Install::Refused).expect_err("there is none");
    assert!(machine.ran().is_empty(), "{:?}", machine.ran());
    let remedy = error.remedy();
    for way in ["--install", "rustup target add wasm32-unknown-unknown", "apt-get install rustc-web cargo-web rust-web-src lld-22"] {
        assert!(remedy.contains(way), "{way} in {remedy}");
    }
}

#[test]
fn a_machine_with_nothing_gets_every_reason_and_what_to_do() {
    let error = Fake::default().choose(None, Install::Allowed).expect_err("there is none");
    let text = error.to_string();
    for part in ["rustup: rustup is not installed", "debian: not installed: the compiler (rustc-web)", "needs root"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(error.remedy().contains("install it yourself"), "{}", error.remedy());
}

#[test]
fn a_target_that_is_listed_without_its_library_does_not_count() {
    let machine = Fake::default().with_rustup().with_target().without(&format!("{LIBDIR}/libstd-0123456789abcdef.rlib"));
    assert_refused(machine.choose(Some("rustup"), Install::Refused), Kind::Rustup, &["listed as installed", LIBDIR, "target remove"]);
    let with_debian = Fake { files: machine.files.clone(), answers: machine.answers.clone(), ..Fake::default() }.with_debian();
    assert_eq!(chosen(with_debian.choose(None, Install::Refused)), Kind::Debian);
}

#[test]
fn a_rustup_that_hangs_or_fails_is_passed_over() {
    for (ran, word) in [(Ran::TooLong, "within 30 s"), (Ran::Badly("error: no active toolchain".into()), "no active toolchain")] {
        let machine = Fake::default().with_rustup().but("rustup target list --installed", ran.clone());
        assert_refused(machine.choose(Some("rustup"), Install::Refused), Kind::Rustup, &[word]);
        assert_eq!(chosen(machine.with_debian().choose(None, Install::Refused)), Kind::Debian);
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
        assert_refused(machine.choose(Some("debian"), Install::Refused), Kind::Debian, &["not installed: ", word]);
    }
}

#[test]
fn the_newest_linker_is_taken() {
    let linker = |machine: Fake| machine.choose(Some("debian"), Install::Refused).expect("it is there").linker.expect("Debian has one");
    let several = Fake::default().with_debian().with("/usr/bin/wasm-ld-9").with("/usr/bin/wasm-ld-23").with("/usr/bin/wasm-ld");
    assert_eq!(linker(several), Path::new("/usr/bin/wasm-ld-23"));
    let plain = Fake::default().with_debian().without("/usr/bin/wasm-ld-22").with("/usr/bin/wasm-ld").with("/usr/bin/wasm-ld-x");
    assert_eq!(linker(plain), Path::new("/usr/bin/wasm-ld"));
}

/// A linker of LLVM 19 may be unable to read the objects of an LLVM 22 compiler.
#[test]
fn an_old_linker_that_is_there_does_not_do_for_a_new_compiler() {
    let machine = Fake::default().with_apt().with("/usr/bin/wasm-ld-19");
    let toolchain = machine.choose(Some("debian"), Install::Allowed).expect("it was installed");
    assert_eq!(toolchain.linker.as_deref(), Some(Path::new("/usr/bin/wasm-ld-22")));
    assert_eq!(machine.ran(), [UPDATE, APT]);
}

#[test]
fn a_compiler_older_than_the_crate_allows_is_refused_and_one_as_old_is_taken() {
    let version = |text: &str| Fake::default().with_debian().but("/usr/bin/rustc --version", Ran::Well(text.to_owned()));
    assert_eq!(chosen(version("rustc 1.95.0 (abc 2026-04-14)").choose(Some("debian"), Install::Refused)), Kind::Debian);
    assert_refused(
        version("rustc 1.94.9 (abc 2026-03-01)").choose(Some("debian"), Install::Refused),
        Kind::Debian,
        &["/usr/bin/rustc is Rust 1.94.9", "needs 1.95.0 or newer"],
    );
    assert_refused(version("no version").choose(Some("debian"), Install::Refused), Kind::Debian, &["as its version"]);
    let rustup = Fake::default().with_rustup().with_target().but("/rustup/rustc --version", Ran::Well("rustc 1.94.0".into()));
    assert_eq!(chosen(rustup.with_debian().choose(None, Install::Refused)), Kind::Debian);
}

#[test]
fn a_compiler_that_only_passes_on_to_rustup_is_not_debian_s() {
    let machine = Fake::default().with_debian().but("/usr/bin/rustc --print sysroot", Ran::Well("/rustup/toolchains/stable".into()));
    assert_refused(machine.choose(Some("debian"), Install::Refused), Kind::Debian, &["not Debian's compiler", "/rustup/toolchains"]);
}

#[test]
fn packages_need_root_and_apt_get() {
    for ran in [Ran::Well("1000".into()), Ran::NotThere, Ran::TooLong, Ran::Badly(String::new())] {
        let machine = Fake::default().with_apt().but("id -u", ran);
        assert_refused(machine.choose(Some("debian"), Install::Allowed), Kind::Debian, &["needs root"]);
        assert!(machine.ran().is_empty(), "{:?}", machine.ran());
    }
    let machine = Fake::default().with_apt().but(UPDATE, Ran::NotThere);
    assert_refused(machine.choose(Some("debian"), Install::Allowed), Kind::Debian, &["not a Debian system"]);
    assert_eq!(machine.ran(), [UPDATE]);
}

/// The package lists in a machine's image are as old as the image.
#[test]
fn package_lists_are_fetched_before_anything_is_installed_from_them() {
    let mut machine = Fake::default().with_apt();
    machine.effects.insert(APT.to_owned(), |machine| {
        add_debian(machine);
        machine.says("/usr/bin/rustc --version", "rustc 1.85.0 (4d91de4e4 2025-02-17)");
    });
    machine.effects.insert(UPDATE.to_owned(), |machine| {
        machine.effects.insert(APT.to_owned(), add_debian);
    });
    let toolchain = machine.choose(Some("debian"), Install::Allowed).expect("the archive has a new one");
    assert_eq!((toolchain.version, machine.ran()), (Version(1, 96, 0), vec![UPDATE.to_owned(), APT.to_owned()]));
}

#[test]
fn lists_that_cannot_be_fetched_are_used_as_they_are() {
    let machine = Fake::default().with_apt().but(UPDATE, Ran::Badly(String::new()));
    assert_eq!(chosen(machine.choose(Some("debian"), Install::Allowed)), Kind::Debian);
    assert_eq!(machine.ran(), [UPDATE, APT]);
}

#[test]
fn what_apt_get_cannot_do_is_said() {
    for (update, install, word) in [
        (Ran::Well(String::new()), Ran::Badly(String::new()), "`apt-get install` failed"),
        (Ran::Well(String::new()), Ran::TooLong, "within 900 s"),
        (Ran::Badly(String::new()), Ran::Badly(String::new()), "`apt-get update` and `apt-get install` failed"),
        (Ran::TooLong, Ran::Well(String::new()), "within 900 s"),
    ] {
        let machine = Fake::default().with_apt().but(UPDATE, update).but(APT, install);
        assert_refused(machine.choose(Some("debian"), Install::Allowed), Kind::Debian, &[word]);
    }
}

#[test]
fn an_installation_that_leaves_nothing_usable_is_said() {
    let mut machine = Fake::default().with_apt();
    machine.effects.clear();
    assert_refused(machine.choose(Some("debian"), Install::Allowed), Kind::Debian, &["not installed: "]);
    let machine = Fake::default().with_rustup().but(ADD, Ran::Well(String::new()));
    assert_refused(machine.choose(Some("rustup"), Install::Allowed), Kind::Rustup, &["does not have the target"]);
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
    let debian = Fake::default().with_debian().choose(None, Install::Refused).expect("it is there");
    assert_eq!(debian.build_arguments(), ["-Z", "build-std=std,panic_abort"]);
    assert_eq!(variables(debian), ["CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "RUSTC_BOOTSTRAP"]);
    let rustup = Fake::default().with_rustup().with_target().choose(None, Install::Refused).expect("it is there");
    assert!(rustup.build_arguments().is_empty() && variables(rustup).is_empty());
}
