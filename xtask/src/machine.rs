//! Running programs on a machine. The real machine is here; tests supply a scripted one.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Time limit of a program that needs no network.
pub(crate) const ASK: Duration = Duration::from_secs(30);

/// Access to a machine's programs.
pub(crate) trait Machine {
    /// Runs a program to its end, or kills it after `limit`. The user sees its standard error as it comes.
    fn run(&self, program: &str, arguments: &[&str], limit: Duration, output: Output) -> Ran;
}

/// Where a program's standard output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// To the caller.
    Kept,
    /// To the user, on standard error, as it comes.
    Shown,
}

/// How running a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ran {
    /// The program succeeded. Holds its standard output, or is empty if that was shown.
    Well(String),
    /// The program failed. Holds its standard output, or is empty if that was shown.
    Badly(String),
    /// The program timed out and was killed.
    TooLong,
    /// The program does not exist, or could not be started.
    NotThere,
}

/// This machine.
#[derive(Debug)]
pub(crate) struct ThisMachine;

impl Machine for ThisMachine {
    fn run(&self, program: &str, arguments: &[&str], limit: Duration, output: Output) -> Ran {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        // Without these variables, Debian's package tools ask questions, and rustup downloads a whole toolchain when it is asked about one. `cargo run` sets the
        // library path to its own compiler's libraries. The other variables would have the command check and log what nobody asked for.
        command.env("DEBIAN_FRONTEND", "noninteractive").env("RUSTUP_AUTO_INSTALL", "0");
        command.env_remove("LD_LIBRARY_PATH").env_remove("CARTAGE_PLUGINS").env_remove("CARTAGE_LOG");
        match output {
            Output::Kept => command.stdout(Stdio::piped()),
            Output::Shown => command.stdout(io::stderr()),
        };
        let Ok(mut child) = command.spawn() else { return Ran::NotThere };
        // Read on a thread of its own, so that a full pipe never blocks the program.
        let collector = child.stdout.take().map(|pipe| thread::spawn(move || collect(pipe)));
        // Polled, because the standard library cannot wait for a child with a timeout.
        const STEP: Duration = Duration::from_millis(5);
        let mut waited = Duration::ZERO;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
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
        };
        let text = collector.and_then(|thread| thread.join().ok()).unwrap_or_default();
        if status.success() { Ran::Well(text) } else { Ran::Badly(text) }
    }
}

fn collect(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    // Output that was read before an error still counts.
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
pub(crate) mod scripted {
    //! A scripted machine.

    use super::{Machine, Output, Ran};
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::time::Duration;

    /// What each line of a program and its arguments comes to. A line that the test does not define is a missing program.
    #[derive(Default)]
    pub(crate) struct Scripted {
        answers: RefCell<HashMap<String, Ran>>,
        /// The lines that come to something else once this line has succeeded.
        effects: HashMap<String, Vec<(String, Ran)>>,
        ran: RefCell<Vec<String>>,
    }

    impl Scripted {
        pub(crate) fn with(self, line: &str, ran: Ran) -> Scripted {
            self.answers.borrow_mut().insert(line.to_owned(), ran);
            self
        }

        pub(crate) fn says(self, line: &str, text: &str) -> Scripted {
            self.with(line, Ran::Well(text.to_owned()))
        }

        /// Once `cause` has succeeded, `line` succeeds with this text.
        pub(crate) fn after(mut self, cause: &str, line: &str, text: &str) -> Scripted {
            self.effects.entry(cause.to_owned()).or_default().push((line.to_owned(), Ran::Well(text.to_owned())));
            self
        }

        /// The lines that ran and may have changed the machine.
        pub(crate) fn changes(&self) -> Vec<String> {
            let changes = |line: &&String| line.contains("target add") || line.starts_with("apt-get");
            self.ran.borrow().iter().filter(changes).cloned().collect()
        }
    }

    impl Machine for Scripted {
        fn run(&self, program: &str, arguments: &[&str], limit: Duration, _: Output) -> Ran {
            assert!(limit <= Duration::from_secs(900), "{program} may run for ever");
            let line = [&[program], arguments].concat().join(" ");
            let ran = self.answers.borrow().get(&line).cloned().unwrap_or(Ran::NotThere);
            if let Ran::Well(_) = ran {
                self.answers.borrow_mut().extend(self.effects.get(&line).cloned().unwrap_or_default());
            }
            self.ran.borrow_mut().push(line);
            ran
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(program: &str, arguments: &[&str], limit: Duration) -> Ran {
        ThisMachine.run(program, arguments, limit, Output::Kept)
    }

    #[test]
    fn a_program_ends_well_badly_or_was_never_there() {
        assert_eq!(run("sh", &["-c", "echo out"], ASK), Ran::Well("out\n".into()));
        assert_eq!(run("sh", &["-c", "echo out; exit 3"], ASK), Ran::Badly("out\n".into()));
        assert_eq!(ThisMachine.run("sh", &["-c", "echo shown"], ASK, Output::Shown), Ran::Well(String::new()));
        assert_eq!(run("no-such-program", &[], ASK), Ran::NotThere);
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        assert_eq!(run("sleep", &["600"], Duration::from_millis(100)), Ran::TooLong);
    }

    #[test]
    fn more_output_than_a_pipe_holds_is_read() {
        let Ran::Well(text) = run("sh", &["-c", "head -c 1000000 /dev/zero | tr '\\0' x"], ASK) else { panic!("it failed") };
        assert_eq!(text.len(), 1_000_000);
    }
}
