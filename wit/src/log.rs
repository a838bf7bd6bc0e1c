//! Notes for the delivery's record: `cartage:plugin/log`.

use serde::{Deserialize, Serialize};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// Worth a line in the record.
    Info,
    /// Somebody may want to look.
    Warn,
    /// Something went wrong.
    Error,
}
