//! The `cartage` command. What it can do is in `cartage_cli`; what it does it with is the library `cartage`.

fn main() -> std::process::ExitCode {
    cartage_cli::main()
}
