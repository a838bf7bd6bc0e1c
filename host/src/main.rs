//! The `cartage` command. What it can do is in [`cli`]; what it does it with is the library.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
