//! The owner of a name: only what Stone Edge's own pages confirm is called Stone Edge's.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The owner of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A name of Stone Edge's, letter by letter.
    StoneEdge,
    /// A name that Stone Edge's pages mention, whose exact spelling in the Order Manager is not confirmed.
    Unconfirmed,
    /// A name that Cartage made up.
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
