//! The `cartage` command. The crate `cartage_cli` contains its commands; the library `cartage` does the work.

fn main() -> std::process::ExitCode {
    cartage_cli::main()
}
