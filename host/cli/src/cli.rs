//! The command line: each command is one struct in one file.
//!
//! A command that works in a data directory asks the API for it ([`api`]), prints the answer with [`report`], and reads and writes the files that its user
//! names. Its return value says whether the command achieved what was asked. A command that could not do its work returns a [`Failure`], and [`main`] prints
//! that once: what was attempted, the causes below it, and what to do.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong use. With `--json` standard output holds exactly one JSON document, which may be an error; standard error holds the
//! messages to the user.

mod api;
mod apply;
mod arguments;
mod attempt;
mod backup;
mod baseline;
mod cart;
mod clock;
mod client;
mod credential;
mod delivery;
mod directory;
mod demo;
mod console;
mod doctor;
mod event;
mod explain;
mod export;
mod forget;
mod gated;
mod init;
mod key;
mod log;
mod param;
mod plugin;
mod remedy;
mod report;
mod restore;
mod retention;
mod send;
mod serve;
#[cfg(unix)]
mod socket;
mod status;
mod token;
mod toolchain;
mod update;

use clap::{Parser, Subcommand};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  Keep carts and orders in a data directory, and send through the gate:
      cartage init
      cartage event raise \"Tracking Number Imported\" --order 1021 --cart seed-shop
      cartage explain --cart seed-shop --order 1021
  Build a plugin from its crate, and look at what it asks for:
      cartage plugin build plugins/integration-script
      cartage plugin inspect target/plugins/integration-script.wasm
  Run a plugin once, without a cart's file and a data directory:
      cartage plugin run target/plugins/integration-script.wasm --demo-cart --order 1021 --label \"Order Shipped\"
  See what a cart would be sent, then send it:
      cartage send --cart seed-shop.toml --plugins target/plugins --order 1021 --label \"Order Shipped\" --dry-run
      cartage send --cart seed-shop.toml --plugins target/plugins --order 1021 --label \"Order Shipped\"

Exit codes: 0 done, 1 failed, 2 wrong use.
CARTAGE_LOG sets what is logged to standard error, for example CARTAGE_LOG=debug or CARTAGE_LOG=cartage::egress=trace.";

/// Carries an order's status from an Order Manager to any shopping cart, through sandboxed plugins.
#[derive(Debug, Parser)]
#[command(name = "cartage", version, about, after_long_help = EXAMPLES, max_term_width = 110)]
struct Cli {
    /// Print the result as one JSON document.
    #[arg(long, global = true)]
    json: bool,
    /// The format of the log on standard error: text, or json for one object per line.
    #[arg(long, global = true, value_name = "FORMAT", env = "CARTAGE_LOG_FORMAT", default_value = "text", hide_possible_values = true)]
    log: log::Format,
    /// The data directory.
    #[arg(long, global = true, value_name = "DIR", env = "CARTAGE_DATA", default_value = "cartage-data")]
    data: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Status(status::Args),
    Apply(apply::Args),
    Export(export::Args),
    #[command(subcommand)]
    Cart(cart::Command),
    #[command(subcommand)]
    Credential(credential::Command),
    #[command(subcommand)]
    Key(key::Command),
    Backup(backup::Args),
    Restore(restore::Args),
    #[command(subcommand)]
    Param(param::Command),
    #[command(subcommand)]
    Event(event::Command),
    #[command(subcommand)]
    Delivery(delivery::Command),
    Serve(serve::Args),
    #[command(subcommand)]
    Token(token::Command),
    Send(Box<send::Args>),
    Explain(explain::Args),
    Baseline(baseline::Args),
    Retention(retention::Args),
    Forget(forget::Args),
    #[command(subcommand)]
    Clock(clock::Command),
    Demo(demo::Args),
    Doctor(doctor::Args),
    #[command(subcommand)]
    Plugin(plugin::Command),
}

/// Whether a command achieved what was asked. The command has printed the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The command achieved what was asked.
    Done,
    /// The command ran, but the cart refused, or something needs a person.
    NotDone,
}

/// Why a command could not do its work, and what the user can do about the failure.
#[derive(Debug)]
pub(crate) struct Failure {
    source: Box<dyn Error + Send + Sync>,
    remedy: Option<String>,
    kind: FailureKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FailureKind {
    Failed,
    WrongUse,
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(source: E) -> Failure {
        let remedy = remedy::of(&source);
        Failure { source: Box::new(source), remedy, kind: FailureKind::Failed }
    }
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self.kind {
            FailureKind::Failed => 1,
            FailureKind::WrongUse => 2,
        }
    }

    /// The user called the command in a way that is not supported.
    pub(crate) fn wrong_use(message: impl Into<String>) -> Failure {
        Failure { source: message.into().into(), remedy: None, kind: FailureKind::WrongUse }
    }

    /// Reports the failure of one of several runs. With `json` the report is one line.
    fn report(&self, json: bool) {
        if json {
            report::json_line(&report::failed(&self.source, self.remedy.as_deref()));
        } else {
            report::failure(&self.source, self.remedy.as_deref(), false);
        }
    }

    /// The error and its causes in one line, for a report that covers several things.
    fn text(&self) -> String {
        report::chain(&*self.source)
    }

    /// What the user can do; `None` if that is not known.
    fn remedy(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// Adds what the user can do if the error itself does not say.
    pub(crate) fn otherwise_do(self, remedy: impl Into<String>) -> Failure {
        if self.remedy.is_some() { self } else { self.what_to_do(remedy) }
    }

    /// Adds what the user can do.
    pub(crate) fn what_to_do(self, remedy: impl Into<String>) -> Failure {
        Failure { remedy: Some(remedy.into()), ..self }
    }
}

impl Cli {
    /// Runs the command, prints the failure if there is one, and returns the exit code.
    fn run(self) -> u8 {
        let Cli { json, data, command, log: _ } = self;
        let ended = match command {
            Command::Init(args) => args.run(&data, json),
            Command::Status(args) => args.run(&data, json),
            Command::Apply(args) => args.run(&data, json),
            Command::Export(args) => args.run(&data, json),
            Command::Cart(command) => command.run(&data, json),
            Command::Credential(command) => command.run(&data, json),
            Command::Key(command) => command.run(&data, json),
            Command::Backup(args) => args.run(&data, json),
            Command::Restore(args) => args.run(json),
            Command::Param(command) => command.run(&data, json),
            Command::Event(command) => command.run(&data, json),
            Command::Delivery(command) => command.run(&data, json),
            Command::Token(command) => command.run(&data, json),
            Command::Serve(args) => {
                let ended = args.run(&data, json);
                if let (Err(failure), true) = (&ended, json) {
                    // Each JSON object that the daemon prints is one line.
                    report::json_line(&report::failed(&failure.source, failure.remedy.as_deref()));
                    return failure.exit_code();
                }
                ended
            }
            Command::Send(args) => args.run(&data, json),
            Command::Explain(args) => args.run(&data, json),
            Command::Baseline(args) => args.run(&data, json),
            Command::Retention(args) => args.run(&data, json),
            Command::Forget(args) => args.run(&data, json),
            Command::Clock(args) => args.run(&data, json),
            Command::Demo(args) => args.run(json),
            Command::Doctor(args) => args.run(json),
            Command::Plugin(command) => command.run(&data, json),
        };
        exit_code(ended, json)
    }
}

fn exit_code(ended: Result<Verdict, Failure>, json: bool) -> u8 {
    match ended {
        Ok(Verdict::Done) => 0,
        Ok(Verdict::NotDone) => 1,
        Err(failure) => {
            report::failure(&failure.source, failure.remedy.as_deref(), json);
            failure.exit_code()
        }
    }
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Requests for help and version arrive here as well. Clap chooses the stream for each, and its exit code for wrong use is 2.
        Err(error) => error.exit(),
    };
    let usual = if matches!(cli.command, Command::Serve(_)) { log::Usual::Work } else { log::Usual::Warnings };
    if let Err(failure) = log::start(cli.log, usual, report::colours_on_stderr()) {
        return exit_code(Err(failure), cli.json).into();
    }
    #[cfg(unix)]
    outlive_the_limit_on_files();
    cli.run().into()
}

/// From here on, a write beyond the largest file size that the process may create fails as on a full disk. Without this the system ends the process.
#[cfg(unix)]
fn outlive_the_limit_on_files() {
    use tokio::signal::unix::{SignalKind, signal};
    let caught = tokio::runtime::Builder::new_current_thread().enable_io().build().and_then(|threads| {
        let _entered = threads.enter();
        // Once registered, the signal stays caught, even after the listener is dropped.
        signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
    });
    if let Err(error) = caught {
        tracing::warn!(
            error = &error as &dyn Error,
            "the limit on the size of files, where there is one, ends the process when it is reached"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    /// Every visible command without subcommands, with the words that call it.
    fn leaves(command: &clap::Command, words: &str, found: &mut Vec<(String, clap::Command)>) {
        let below = || command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help");
        if below().next().is_none() {
            found.push((words.to_owned(), command.clone()));
        }
        below().for_each(|below| leaves(below, &format!("{words} {}", below.get_name()), found));
    }

    #[test]
    fn every_command_s_long_help_has_examples_that_can_be_typed() {
        let mut found = Vec::new();
        leaves(&Cli::command(), "cartage", &mut found);
        assert!(found.len() > 30, "{} commands", found.len());
        for (words, mut command) in found {
            let help = command.render_long_help().to_string();
            let (_, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("`{words} --help` has no examples:\n{help}"));
            // A user could not type a line that was wrapped, so continued lines are joined.
            let examples = examples.replace(" \\\n", " ");
            let typed: Vec<&str> =
                examples.lines().map(str::trim).filter(|line| line.contains("cartage ") && !line.contains('`')).collect();
            assert!(typed.iter().any(|line| line.contains(&words)), "the examples of `{words}` show how it is typed: {typed:?}");
            for line in typed.iter().filter_map(|line| line.find("cartage ").map(|at| &line[at..])) {
                let line = line.split(" > ").next().and_then(|line| line.split(" | ").next()).unwrap_or_default();
                if let Err(error) = Cli::try_parse_from(self::words(line)) {
                    panic!("`{words} --help`: {line}: {error}");
                }
            }
        }
    }

    /// Checks every line of code in the documents that begins with the command's name.
    #[test]
    fn every_command_in_the_documents_can_be_typed() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate lies in the repository");
        let mut typed = 0;
        let plugins = std::fs::read_dir(root.join("plugins")).expect("it is there").map(|plugin| plugin.expect("it can be read").path());
        for folder in ["", "docs", "docs/operator"].map(|folder| root.join(folder)).into_iter().chain(plugins) {
            for entry in std::fs::read_dir(&folder).expect("it is there") {
                let file = entry.expect("it can be read").path();
                if file.extension().is_none_or(|end| end != "md") || file.ends_with("commands.md") || file.ends_with("CHANGELOG.md") {
                    continue;
                }
                let text = std::fs::read_to_string(&file).expect("it is text").replace("\\\n", " ");
                let code = text.split("```").skip(1).step_by(2).flat_map(str::lines).map(str::trim);
                for line in code.filter_map(|line| line.trim_start_matches("target/debug/").strip_prefix("cartage ")) {
                    let line = line.split(" | ").next().unwrap_or_default();
                    let complete = !line.contains('…') && !line.contains(" --help");
                    if let Some(error) =
                        Cli::try_parse_from(words(&format!("cartage {line}").replace(" CART", " seed-shop"))).err().filter(|_| complete)
                    {
                        panic!("{}: cartage {line}: {error}", file.display());
                    }
                    typed += 1;
                }
            }
        }
        assert!(typed > 40, "{typed} commands");
    }

    /// Splits a command line as a shell does.
    pub(super) fn words(line: &str) -> Vec<String> {
        let output = std::process::Command::new("sh").args(["-c", &format!("printf '%s\\0' {line}")]).output().expect("there is a shell");
        let text = String::from_utf8(output.stdout).expect("what went in was text");
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    #[test]
    fn json_may_stand_anywhere() {
        for line in [["cartage", "--json", "plugin", "build", "x"], ["cartage", "plugin", "build", "x", "--json"]] {
            assert!(Cli::try_parse_from(line).expect("these are arguments").json, "{line:?}");
        }
    }
}
