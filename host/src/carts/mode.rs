//! What a cart does with an update that passed the gate, and what counts as a change for it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whether what passes the gate is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// What would be sent is recorded. Every new cart.
    #[default]
    Shadow,
    /// The orders of these numbers are sent, others recorded.
    OnlyOrders(BTreeSet<String>),
    /// Everything is sent.
    Live,
}

/// What counts as a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeRule {
    /// Another label, or a package that the cart was not told of.
    #[default]
    LabelOrPackages,
    /// Another label only: the classic rule.
    LabelOnly,
}

/// A text that is no mode.
#[derive(Debug, thiserror::Error)]
#[error("could not read the mode {text:?}; write shadow, live, or the orders that are sent")]
pub struct ModeError {
    text: String,
    source: serde_json::Error,
}

impl Mode {
    /// As the store keeps it: the name of the mode, or with it the orders that are sent.
    pub fn text(&self) -> String {
        match self {
            Mode::Shadow => "shadow".to_owned(),
            Mode::Live => "live".to_owned(),
            Mode::OnlyOrders(_) => serde_json::to_string(self).expect("a set of texts is plain data"),
        }
    }

    /// Reads what [`Mode::text`] wrote.
    ///
    /// # Errors
    ///
    /// [`ModeError`].
    pub fn read(text: &str) -> Result<Mode, ModeError> {
        match text {
            "shadow" => Ok(Mode::Shadow),
            "live" => Ok(Mode::Live),
            _ => serde_json::from_str(text).map_err(|source| ModeError { text: text.to_owned(), source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_read_back_and_others_are_refused() {
        let named = Mode::OnlyOrders(["1021".to_owned(), "10,22 \"x\"".to_owned()].into());
        for mode in [Mode::Shadow, Mode::Live, named, Mode::OnlyOrders(BTreeSet::new())] {
            assert_eq!(Mode::read(&mode.text()).expect("it was written by us"), mode);
        }
        for wrong in ["", "Live", "only-orders", "{\"only-orders\":1}"] {
            assert!(Mode::read(wrong).expect_err(wrong).to_string().contains("shadow, live"), "{wrong}");
        }
    }
}
