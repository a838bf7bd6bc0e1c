//! Installing Debian's packages.

use crate::machine::{ASK, Machine, Output, Ran};
use std::time::Duration;

/// Time limit of each run of apt-get, with its downloads.
const WORK: Duration = Duration::from_secs(900);

/// The options of `apt-get install`. Nothing is removed for the packages: some conflict with others that the user may need, as `rustc-web` does with `rustc`.
const OPTIONS: [&str; 5] = ["--yes", "--no-install-recommends", "--no-remove", "-o", "DPkg::Lock::Timeout=120"];

/// Why the packages were not installed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("installing packages with apt-get needs root, and this user is not root")]
    NotRoot,
    #[error("apt-get is not installed: this is not a Debian system")]
    NotThere,
    #[error("apt-get did not end within {} s", WORK.as_secs())]
    TooLong,
    #[error("`apt-get install` failed; its output is above")]
    Failed,
    #[error("`apt-get update` and `apt-get install` failed; their output is above")]
    BothFailed,
}

/// Installs packages. `packages` is called after the package lists are updated, and returns the names.
pub(crate) fn install<M: Machine>(machine: &M, say: &mut dyn FnMut(&str), packages: impl FnOnce(&M) -> Vec<String>) -> Result<(), Error> {
    match machine.run("id", &["-u"], ASK, Output::Kept) {
        Ran::Well(id) if id.trim() == "0" => {}
        _ => return Err(Error::NotRoot),
    }
    let apt_get = |arguments: &[&str]| match machine.run("apt-get", arguments, WORK, Output::Shown) {
        Ran::Well(_) => Ok(true),
        Ran::Badly(_) => Ok(false),
        Ran::TooLong => Err(Error::TooLong),
        Ran::NotThere => Err(Error::NotThere),
    };
    say("fetching the package lists: apt-get update");
    let is_updated = apt_get(&["update"])?;
    // Old lists may name packages that are too old. If the update failed, the lists that are present may still do.
    let packages = packages(machine);
    say(&format!("installing Debian's packages: apt-get install {}", packages.join(" ")));
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    match apt_get(&[&["install"], &OPTIONS[..], &packages].concat())? {
        true => Ok(()),
        false if is_updated => Err(Error::Failed),
        false => Err(Error::BothFailed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::scripted::Scripted;

    const UPDATE: &str = "apt-get update";
    const INSTALL: &str = "apt-get install --yes --no-install-recommends --no-remove -o DPkg::Lock::Timeout=120 made-up";

    fn machine() -> Scripted {
        Scripted::default().says("id -u", "0\n").says(UPDATE, "").says(INSTALL, "")
    }

    fn installed(machine: &Scripted) -> Result<(), Error> {
        install(machine, &mut |_| {}, |_| vec!["made-up".to_owned()])
    }

    #[test]
    fn packages_need_root_and_apt_get() {
        for ran in [Ran::Well("1000".into()), Ran::NotThere, Ran::TooLong, Ran::Badly(String::new())] {
            let machine = machine().with("id -u", ran);
            assert_eq!(installed(&machine), Err(Error::NotRoot));
            assert!(machine.changes().is_empty(), "{:?}", machine.changes());
        }
        let machine = machine().with(UPDATE, Ran::NotThere);
        assert_eq!(installed(&machine), Err(Error::NotThere));
        assert_eq!(machine.changes(), [UPDATE]);
    }

    #[test]
    fn lists_that_cannot_be_fetched_are_used_as_they_are() {
        let machine = machine().with(UPDATE, Ran::Badly(String::new()));
        assert_eq!(installed(&machine), Ok(()));
        assert_eq!(machine.changes(), [UPDATE, INSTALL]);
    }

    #[test]
    fn what_apt_get_cannot_do_is_said() {
        let (well, badly) = (|| Ran::Well(String::new()), || Ran::Badly(String::new()));
        for (update, install, error) in [
            (well(), badly(), Error::Failed),
            (well(), Ran::TooLong, Error::TooLong),
            (badly(), badly(), Error::BothFailed),
            (Ran::TooLong, well(), Error::TooLong),
        ] {
            assert_eq!(installed(&machine().with(UPDATE, update).with(INSTALL, install)), Err(error));
        }
    }
}
