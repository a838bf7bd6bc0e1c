//! Writes a cart as TOML: every key in its fixed place, without keys that have their default value. The text reads back as the same cart.
//!
//! Comments are not kept. There is no secret to leave out: a cart's file only names the sources of secrets.

use super::{Cart, DeliveryRules, SetLimits};
use cartage_base::visible::is_hidden;
use serde::Serialize;
use toml::{Table, Value};

/// The keys that are not tables, in the order in which they are written.
const PLAIN_KEYS: [&str; 10] =
    ["cart", "plugin", "digest", "mode", "only_orders", "changes", "unlisted_labels", "notify_customer", "leave_out", "time_zone"];
/// The keys that are tables. The entries of those marked `Headed` are tables too, each with a heading of its own.
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

    /// The cart as a table, without keys that have their default value.
    pub fn to_table(&self) -> Table {
        let mut table = Table::try_from(self).expect("a cart has text keys and numbers that TOML holds: it came from TOML");
        leave_out(&mut table, "delivery", &DeliveryRules::default());
        leave_out(&mut table, "limits", &SetLimits::usual());
        table
    }
}

/// Removes keys that have their default value from a section.
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
    format!("{} = {}\n", name(key), written(value))
}

/// A value on one line.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(all) => format!("[{}]", all.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Table(table) if table.is_empty() => "{}".to_owned(),
        Value::Table(table) => {
            let pairs: Vec<String> = table.iter().map(|(key, value)| format!("{} = {}", name(key), written(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => value.to_string(),
    }
}

/// A key in TOML's notation: bare if possible.
fn name(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { quoted(key) }
}

/// A text as a one-line TOML string in which nothing is hidden: characters that move the cursor or reorder the line are escaped.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_hidden(c) => out.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shown_as_they_are_or_as_escapes() {
        for (text, written) in
            [("Order Shipped", r#""Order Shipped""#), ("é \"x\"", r#""é \"x\"""#), ("a\u{202e}b\n\\", r#""a\U0000202Eb\n\\""#)]
        {
            assert_eq!(quoted(text), written);
        }
        assert_eq!([name("a-b_1"), name(""), name("a b")], ["a-b_1", "\"\"", "\"a b\""]);
    }
}
