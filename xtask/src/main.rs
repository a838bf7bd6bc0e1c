//! `xtask`: what the Makefile needs beside cargo. It installs the toolchains that build plugins. The command `cartage` only looks for them: a product does not
//! install packages on its user's machine.
//!
//! Exit codes: 0 the toolchain is there, 1 it is not, 2 wrong use. Messages go to standard error.

mod apt;
mod guest_toolchain;
mod javascript_toolchain;
mod machine;

use machine::ThisMachine;
use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

const USAGE: &str = "\
Usage:
  xtask guest-toolchain CARTAGE   install what building plugins in Rust needs, unless `CARTAGE doctor` finds it:
                                  the target with rustup, else Debian's packages; CARTAGE_GUEST_TOOLCHAIN=rustup
                                  or =debian allows one of them only
  xtask javascript-toolchain      install Node.js and npm with apt-get, unless they are there";

fn main() -> ExitCode {
    let arguments: Result<Vec<String>, OsString> = std::env::args_os().skip(1).map(OsString::into_string).collect();
    let arguments = arguments.unwrap_or_default();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["guest-toolchain", cartage] => {
            let choice = std::env::var(guest_toolchain::CHOICE).ok();
            let provided = guest_toolchain::provide(&ThisMachine, cartage, choice.as_deref(), &mut say);
            provided.map_or_else(|error| failed(&error, error.remedy()), |()| ExitCode::SUCCESS)
        }
        ["javascript-toolchain"] => {
            let provided = javascript_toolchain::provide(&ThisMachine, &mut say);
            provided.map_or_else(|error| failed(&error, javascript_toolchain::REMEDY), |()| ExitCode::SUCCESS)
        }
        _ => {
            say(USAGE);
            ExitCode::from(2)
        }
    }
}

/// Prints the error, its causes, and what to do, as the command does.
fn failed(error: &dyn Error, remedy: &str) -> ExitCode {
    let indented = |text: &str| text.replace('\n', "\n  ");
    say(&format!("error: {}", indented(&error.to_string())));
    for cause in std::iter::successors(error.source(), |cause| (*cause).source()) {
        say(&format!("  because: {}", indented(&cause.to_string())));
    }
    say(&format!("what to do: {}", indented(remedy)));
    ExitCode::FAILURE
}

/// Prints a message to standard error. Nobody reads it if standard error is closed.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
