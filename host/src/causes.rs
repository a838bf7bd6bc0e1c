//! An error and its causes, in one line.

use std::error::Error;
use std::iter::successors;

/// What failed, and why, each cause after a colon.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    successors(Some(error), |&error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
