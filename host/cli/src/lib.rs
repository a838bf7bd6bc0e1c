//! The command `cartage`: its arguments, what it prints and the daemon.

mod cli;

pub use cli::main;
