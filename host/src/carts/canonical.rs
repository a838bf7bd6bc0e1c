//! A cart as TOML again: every key in its place, nothing that is as it would be anyway. What is written reads back as the same cart.
//!
//! Comments are not kept. There is no secret to leave out: a cart's file only says where secrets are.

use super::{Cart, DeliveryRules, Limits};
use serde::Serialize;
use toml::{Table, Value};

/// The keys that are no tables, in the order in which they are written.
const PLAIN_KEYS: [&str; 8] = ["cart", "plugin", "digest", "mode", "only_orders", "changes", "unlisted_labels", "notify_customer"];
/// The keys that are tables. Those of the entries marked so have tables in them, each with a heading of its own.
const TABLES: [(&str, Entries); 9] = [
    ("endpoints", Entries::Headed),
    ("settings", Entries::InLine),
    ("credentials", Entries::Headed),
    ("order_number", Entries::InLine),
    ("labels", Entries::InLine),
    ("carriers", Entries::InLine),
    ("delivery", Entries::InLine),
    ("seti", Entries::InLine),
    ("limits", Entries::InLine),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Entries {
    Headed,
    InLine,
}

impl Cart {
    /// The cart as TOML, in its one canonical form.
    pub fn to_toml(&self) -> String {
        let mut table = self.to_table();
        let mut text = String::new();
        for key in PLAIN_KEYS {
            if let Some(value) = table.remove(key) {
                text.push_str(&pair(key, &value));
            }
        }
        for (key, entries) in TABLES {
            match (table.remove(key), entries) {
                (Some(Value::Table(entries)), Entries::InLine) => section(&mut text, &[key], &entries),
                (Some(Value::Table(entries)), Entries::Headed) => {
                    for (name, inner) in &entries {
                        section(&mut text, &[key, name], inner.as_table().expect("its type is a map of maps or of structs"));
                    }
                }
                (Some(_) | None, _) => {}
            }
        }
        debug_assert!(table.is_empty(), "every key has its place");
        text
    }

    /// The cart as a table, without what is as it would be anyway.
    pub fn to_table(&self) -> Table {
        let mut table = Table::try_from(self).expect("a cart has text keys and numbers that TOML holds: it came from TOML");
        leave_out(&mut table, "delivery", &DeliveryRules::default());
        leave_out(&mut table, "limits", &Limits::default());
        table
    }
}

/// Takes out of a section what is as it would be anyway.
fn leave_out(table: &mut Table, section: &str, usual: &impl Serialize) {
    let usual = Table::try_from(usual).expect("the usual values are small numbers and short texts");
    if let Some(Value::Table(entries)) = table.get_mut(section) {
        entries.retain(|name, value| usual.get(name) != Some(value));
    }
}

fn section(text: &mut String, heading: &[&str], entries: &Table) {
    let heading: Vec<String> = heading.iter().map(|key| name(key)).collect();
    text.push_str(&format!("\n[{}]\n", heading.join(".")));
    for (key, value) in entries {
        text.push_str(&pair(key, value));
    }
}

fn pair(key: &str, value: &Value) -> String {
    format!("{} = {value}\n", name(key))
}

/// A key as TOML takes it: bare if it can be. A text of several lines would be no key, so the key is written as one of a table.
fn name(key: &str) -> String {
    let table = Table::from_iter([(key.to_owned(), Value::from(true))]).to_string();
    table.trim_end().strip_suffix(" = true").expect("the table has this one entry").to_owned()
}
