//! Formats an error with its causes on one line.

use std::error::Error;
use std::iter::successors;

/// The error's text and that of each cause, separated by colons.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    successors(Some(error), |&error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
