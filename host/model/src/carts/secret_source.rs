//! Where the value of a credential field comes from.

use serde::{Deserialize, Serialize};

/// The source of a credential field's value. The cart's file itself never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretSource {
    /// The name of an environment variable that holds the value.
    Env(String),
    /// The path of a file that holds the value. A byte order mark and the last line break are left out.
    File(String),
    /// The value itself, for fields that identify but are not secret, such as a user name.
    Text(String),
}
