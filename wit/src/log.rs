//! Log lines in the delivery's record: `cartage:plugin/log`.

use serde::{Deserialize, Serialize};

/// The severity of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The line is for the plugin's author.
    Debug,
    /// The line is worth keeping in the record.
    Info,
    /// A person may want to look at this.
    Warn,
    /// Something went wrong.
    Error,
}
