//! Whose name something has: only what Stone Edge's own pages confirm is called Stone Edge's.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Whose name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Stone Edge's, letter by letter.
    StoneEdge,
    /// Stone Edge's pages speak of it, but how exactly its Order Manager writes the name is not confirmed.
    Unconfirmed,
    /// Cartage's.
    Ours,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::StoneEdge => "Stone Edge's",
            Origin::Unconfirmed => "Stone Edge's, name not confirmed",
            Origin::Ours => "Cartage's",
        })
    }
}
