//! The differences between two definitions of a cart, key by key.

use cartage_model::carts::Cart;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use toml::{Table, Value};

/// What changes about a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CartDifference {
    /// Whether the cart did not exist before.
    pub new: bool,
    /// Whether the earlier definition could not be read.
    pub unreadable: bool,
    /// Every key that changes.
    pub fields: Vec<Field>,
}

/// A key that changes. Its values are written as TOML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The key with the tables around it, for example `endpoints.script.base_url`.
    pub key: String,
    /// The value before; `None` if the key was absent.
    pub before: Option<String>,
    /// The value afterwards; `None` if the key is removed.
    pub after: Option<String>,
}

impl CartDifference {
    /// The changes from one definition to the other. A key that states its default does not count.
    pub fn between(before: Option<&Cart>, after: &Cart) -> CartDifference {
        let flat = |cart: &Cart| flat(&cart.to_table());
        let (old, new) = (before.map(flat).unwrap_or_default(), flat(after));
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let changed = keys.into_iter().filter(|key| old.get(*key) != new.get(*key));
        let field = |key: &String| Field { key: key.clone(), before: old.get(key).cloned(), after: new.get(key).cloned() };
        CartDifference { new: before.is_none(), unreadable: false, fields: changed.map(field).collect() }
    }

    /// The changes if the earlier definition could not be read: every key.
    pub fn mending(after: &Cart) -> CartDifference {
        CartDifference { new: false, unreadable: true, ..CartDifference::between(None, after) }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && !self.unreadable
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (None, Some(after)) => write!(f, "{}: {after} (not set before)", self.key),
            (Some(before), None) => write!(f, "{}: no longer {before}", self.key),
            (Some(before), Some(after)) => write!(f, "{}: {after} in place of {before}", self.key),
            (None, None) => f.write_str(&self.key),
        }
    }
}

/// Writes one line for each key.
impl fmt::Display for CartDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unreadable = self.unreadable.then(|| "it was unreadable".to_owned());
        let lines: Vec<String> = unreadable.into_iter().chain(self.fields.iter().map(ToString::to_string)).collect();
        f.write_str(&lines.join("\n"))
    }
}

fn flat(table: &Table) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut open: Vec<(String, &Value)> = table.iter().map(|(key, value)| (key.clone(), value)).collect();
    while let Some((key, value)) = open.pop() {
        match value {
            Value::Table(inner) => open.extend(inner.iter().map(|(name, value)| (format!("{key}.{name}"), value))),
            other => {
                all.insert(key, other.to_string());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_changes_is_named_and_no_other() {
        let cart = |rest: &str| Cart::parse("a.toml", &format!("cart = \"a\"\nplugin = \"p.wasm\"\n{rest}")).expect("it is a cart");
        let lines = |before: &str, after: &str| CartDifference::between(Some(&cart(before)), &cart(after)).to_string();
        assert_eq!(lines("mode = \"live\"", "mode = \"live\""), "");
        assert_eq!(lines("", "mode = \"shadow\""), "", "it would be so anyway");
        assert_eq!(lines("", "mode = \"live\""), "mode: \"live\" (not set before)");
        assert_eq!(lines("mode = \"live\"", ""), "mode: no longer \"live\"");
        let labels = |status: &str| format!("[labels]\n\"Order Shipped\" = \"{status}\"");
        assert_eq!(lines(&labels("Sent"), &labels("Shipped")), "labels.Order Shipped: \"Shipped\" in place of \"Sent\"");
        let new = CartDifference::between(None, &cart(""));
        assert!(new.new && new.fields.len() == 2, "{new}");
        let mended = CartDifference::mending(&cart(""));
        assert!(!mended.new && !mended.is_empty() && mended.to_string().starts_with("it was unreadable\n"), "{mended}");
    }
}
