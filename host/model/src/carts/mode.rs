//! A cart's mode, which says whether updates that pass the gate are sent, and the rule for what counts as a change.

use super::{Cart, Error};
use crate::id::SenderOrderNumber;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Whether updates that pass the gate are sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Updates are recorded and not sent. Every new cart begins in this mode.
    #[default]
    Shadow,
    /// Updates of the orders with these numbers are sent, others are recorded. The numbers are the sender's, as every command takes them, before the
    /// cart's order-number rule is applied.
    OnlyOrders(BTreeSet<SenderOrderNumber>),
    /// All updates are sent.
    Live,
}

impl Mode {
    /// The mode's name, without the orders.
    pub fn name(&self) -> &'static str {
        match self {
            Mode::Shadow => "shadow",
            Mode::OnlyOrders(_) => "only-orders",
            Mode::Live => "live",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mode::OnlyOrders(orders) => {
                write!(f, "{} ({})", self.name(), orders.iter().map(SenderOrderNumber::as_str).collect::<Vec<_>>().join(", "))
            }
            Mode::Shadow | Mode::Live => f.write_str(self.name()),
        }
    }
}

/// Which differences from the order's record count as a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeRule {
    /// Another label, or a package that the cart was not told of.
    #[default]
    LabelOrPackages,
    /// Another label only, as in the classic protocol.
    LabelOnly,
}

/// The key `mode` in a cart's file; its orders are a key of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    #[default]
    Shadow,
    OnlyOrders,
    Live,
}

/// The mode that a cart's file names. A file that names none gives a new cart the mode shadow, so the two are equal here. The difference matters only
/// when a file is loaded for an existing cart.
#[derive(Debug, Clone, Copy, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Named(Option<Word>);

impl Named {
    fn word(self) -> Word {
        self.0.unwrap_or_default()
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Named) -> bool {
        self.word() == other.word()
    }
}

impl Cart {
    /// Whether updates that pass the gate are sent.
    pub fn mode(&self) -> Mode {
        match self.mode.word() {
            Word::Shadow => Mode::Shadow,
            Word::OnlyOrders => Mode::OnlyOrders(self.only_orders.clone()),
            Word::Live => Mode::Live,
        }
    }

    /// Sets the mode.
    pub fn set_mode(&mut self, mode: Mode) {
        let (word, only_orders) = match mode {
            Mode::Shadow => (Word::Shadow, BTreeSet::new()),
            Mode::OnlyOrders(orders) => (Word::OnlyOrders, orders),
            Mode::Live => (Word::Live, BTreeSet::new()),
        };
        (self.mode, self.only_orders) = (Named(Some(word)), only_orders);
    }

    /// Whether the cart's file names a mode. A file that does not leaves the mode of an existing cart as it is.
    pub fn names_its_mode(&self) -> bool {
        self.mode.0.is_some()
    }

    /// Checks that the keys `mode` and `only_orders` agree.
    pub(super) fn check_mode(&self, file: &str) -> Result<(), Error> {
        let problem = match (self.mode.word(), self.only_orders.is_empty()) {
            (Word::OnlyOrders, true) => "mode is \"only-orders\", but only_orders names no order; name one, or choose \"shadow\"",
            (Word::Shadow | Word::Live, false) => {
                "only_orders names orders, but mode is not \"only-orders\"; set that mode, or remove only_orders"
            }
            (Word::OnlyOrders, false) | (Word::Shadow | Word::Live, true) => return Ok(()),
        };
        Err(Error::Mode { file: file.to_owned(), problem })
    }
}
