//! What building plugins in JavaScript needs: Node.js and npm.

use crate::apt;
use crate::machine::{ASK, Machine, Output, Ran};

/// Why Node.js and npm are not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{missing} is not installed, and could not be")]
    NotInstalled { missing: &'static str, source: apt::Error },
    #[error("{missing} still does not run after `apt-get install nodejs npm`")]
    StillMissing { missing: &'static str },
}

/// What the user can do about each of the errors.
pub(crate) const REMEDY: &str = "install Node.js 20 or later with npm (https://nodejs.org), then try again";

/// Installs Node.js and npm unless they are there.
pub(crate) fn provide(machine: &impl Machine, say: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let Some(missing) = missing(machine) else { return Ok(()) };
    say(&format!("{missing} is not installed"));
    apt::install(machine, say, |_| ["nodejs", "npm"].map(str::to_owned).into())
        .map_err(|source| Error::NotInstalled { missing, source })?;
    self::missing(machine).map_or(Ok(()), |missing| Err(Error::StillMissing { missing }))
}

/// The first program that does not run.
fn missing(machine: &impl Machine) -> Option<&'static str> {
    ["node", "npm"].into_iter().find(|program| !matches!(machine.run(program, &["--version"], ASK, Output::Kept), Ran::Well(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::scripted::Scripted;

    const INSTALL: &str = "apt-get install --yes --no-install-recommends --no-remove -o DPkg::Lock::Timeout=120 nodejs npm";

    fn machine() -> Scripted {
        Scripted::default().says("id -u", "0").says("apt-get update", "").says(INSTALL, "")
    }

    #[test]
    fn nothing_is_installed_where_both_are_there() {
        let machine = machine().says("node --version", "v20.0.0").says("npm --version", "10.0.0");
        provide(&machine, &mut |text| panic!("{text}")).expect("both are there");
        assert!(machine.changes().is_empty(), "{:?}", machine.changes());
    }

    #[test]
    fn both_are_installed_where_one_is_missing() {
        for there in ["node --version", "npm --version", "neither"] {
            let machine = machine().says(there, "20").after(INSTALL, "node --version", "v20.0.0").after(INSTALL, "npm --version", "10.0.0");
            provide(&machine, &mut |_| {}).expect("they can be installed");
            assert_eq!(machine.changes(), ["apt-get update", INSTALL]);
        }
    }

    #[test]
    fn what_cannot_be_installed_is_said() {
        let refused = |machine: Scripted| provide(&machine, &mut |_| {}).expect_err("it is missing");
        assert!(matches!(refused(Scripted::default()), Error::NotInstalled { missing: "node", source: apt::Error::NotRoot }));
        let without_npm = machine().after(INSTALL, "node --version", "v20.0.0");
        assert!(matches!(refused(without_npm), Error::StillMissing { missing: "npm" }));
    }
}
