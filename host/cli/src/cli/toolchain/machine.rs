//! The operations on a machine that finding a toolchain and running npm need. The real machine is here; tests supply a scripted one.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Access to a machine's files and programs.
pub(crate) trait Machine {
    /// Runs a program to its end, or kills it after `limit`.
    fn run(&self, program: &str, arguments: &[&str], limit: Duration, show: Show) -> Ran;

    /// Whether a file or a folder exists.
    fn exists(&self, path: &Path) -> bool;

    /// The names of the files in a folder; empty if the folder cannot be read.
    fn names_in(&self, folder: &Path) -> Vec<String>;
}

/// Whether the user sees a program's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// The caller reads the output; the user does not see it.
    Nothing,
    /// The output goes to standard error as it comes.
    Everything,
}

/// How running a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ran {
    /// The program succeeded. Holds its standard output, or is empty if the output was shown.
    Well(String),
    /// The program failed. Holds the last line of its standard error, or is empty if the output was shown.
    Badly(String),
    /// The program timed out and was killed.
    TooLong,
    /// The program does not exist, or could not be started.
    NotThere,
}

/// This machine, as seen from a crate's folder.
#[derive(Debug)]
pub(crate) struct ThisMachine {
    /// The working directory of programs; rustup reads the crate's own toolchain file there.
    pub(crate) folder: PathBuf,
}

impl Machine for ThisMachine {
    fn run(&self, program: &str, arguments: &[&str], limit: Duration, show: Show) -> Ran {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        // Without this variable, rustup downloads a toolchain when a program only wants to know its path. `cargo run` sets the library path for this command.
        command.env("RUSTUP_AUTO_INSTALL", "0").env_remove("LD_LIBRARY_PATH");
        match show {
            Show::Nothing => command.stdout(Stdio::piped()).stderr(Stdio::piped()),
            Show::Everything => command.stdout(std::io::stderr()).stderr(Stdio::inherit()),
        };
        let Ok(mut child) = command.spawn() else { return Ran::NotThere };
        let out = child.stdout.take().map(collect);
        let err = child.stderr.take().map(collect);
        let text = |collector: Option<thread::JoinHandle<String>>| collector.and_then(|thread| thread.join().ok()).unwrap_or_default();
        // Polled, because the standard library cannot wait for a child with a timeout.
        const STEP: Duration = Duration::from_millis(20);
        let mut waited = Duration::ZERO;
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ran::Well(text(out)),
                Ok(Some(_)) => return Ran::Badly(last_line(&text(err))),
                Ok(None) if waited < limit => {
                    thread::sleep(STEP);
                    waited += STEP;
                }
                Ok(None) | Err(_) => {
                    // The program may have ended in the meantime. It must be waited for in either case, so that no zombie is left.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Ran::TooLong;
                }
            }
        }
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn names_in(&self, folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }
}

/// Reads a pipe to its end on a thread of its own, so that a full pipe never blocks the program.
fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // Output that was read before an error is still shown.
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn last_line(text: &str) -> String {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(program: &str, arguments: &[&str], limit: Duration) -> Ran {
        ThisMachine { folder: "/".into() }.run(program, arguments, limit, Show::Nothing)
    }

    #[test]
    fn a_program_ends_well_badly_or_was_never_there() {
        let limit = Duration::from_secs(30);
        assert_eq!(run("sh", &["-c", "echo out; echo err >&2"], limit), Ran::Well("out\n".into()));
        assert_eq!(run("sh", &["-c", "echo out; echo first >&2; echo last >&2; echo >&2; exit 3"], limit), Ran::Badly("last".into()));
        assert_eq!(run("no-such-program", &[], limit), Ran::NotThere);
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        assert_eq!(run("sleep", &["600"], Duration::from_millis(100)), Ran::TooLong);
    }

    #[test]
    fn more_output_than_a_pipe_holds_is_read() {
        let Ran::Well(text) = run("sh", &["-c", "head -c 1000000 /dev/zero | tr '\\0' x"], Duration::from_secs(30)) else {
            panic!("it failed")
        };
        assert_eq!(text.len(), 1_000_000);
    }
}
