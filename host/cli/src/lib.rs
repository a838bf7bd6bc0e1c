//! The command `cartage`: its arguments, what it prints and the daemon.

#![allow(rustdoc::bare_urls, rustdoc::invalid_html_tags, reason = "doc comments of arguments are the help that is printed")]

mod cli;

pub use cli::main;
