//! What a manifest may say.

use super::Manifest;

/// Something in a manifest that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What: `endpoints.api.path-prefixes[0]`.
    pub item: String,
    /// The rule that it breaks.
    pub rule: String,
}

/// A manifest breaks rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the manifest breaks {} rules", problems.len())]
pub struct Error {
    /// All that is wrong, in the manifest's order.
    pub problems: Vec<Problem>,
}

impl Manifest {
    /// Checks every rule of manifest.wit and lists all that is wrong at once.
    pub fn check(&self) -> Result<(), Error> {
        todo!()
    }
}
