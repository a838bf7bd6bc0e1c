//! The words of the command line, for everybody who works at the machine: the command itself, the status page, and the answers of SETI.
//!
//! [`Commands`] puts a remedy into words as a command that a shell takes, and [`layout`] and [`screen`] lay an explanation out for a terminal. Nothing below
//! this crate names a command: an error, an alert and an answer of the gate hold a [`Remedy`] as data, and the HTTP API puts the same remedies into words of its own.

pub mod layout;
mod line;
pub mod screen;
mod words;

pub use line::quoted;
pub use words::{Commands, load_cart_file};

use cartage_model::remedy::{Remedy, Words as _};

/// A remedy as a command.
pub fn command(remedy: &Remedy) -> String {
    Commands.remedy(remedy)
}
