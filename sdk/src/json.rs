//! JSON values with little code, for plugins that read a few members of an answer and write small bodies.
//!
//! [`serde_json`] can do more and adds about 100 KB to a component, mostly for floating-point numbers and sorted maps. Here a number stays the text
//! in which it was written, and an object is a list of its members.
//!
//! ```
//! use cartage_sdk::json::Value;
//!
//! let order = Value::parse(br#"{"id": 12, "lines": [{"sku": "HAT", "quantity": 0.5}]}"#)?;
//! assert_eq!(order["id"].number(), Some("12"));
//! assert_eq!(order["lines"].list().map(|lines| lines[0]["sku"].text()), Some(Some("HAT")));
//! assert_eq!(order["nothing"]["of this"], Value::Null);
//!
//! let body = Value::object([("status", "completed".into()), ("lines", Value::List(vec![12_u64.into(), true.into()]))]);
//! assert_eq!(body.to_string(), r#"{"status":"completed","lines":[12,true]}"#);
//! # Ok::<(), cartage_sdk::json::Error>(())
//! ```

mod parser;

use std::fmt::{self, Write as _};
use std::ops::Index;

/// The deepest nesting that the parser accepts.
const DEPTH_MAX: usize = 127;

static NULL: Value = Value::Null;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Value {
    /// `null`, or a value that is absent.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object: its members in their order. If two members have the same name, the last one counts.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Parses a text that holds one value, nested up to 127 levels deep.
    ///
    /// # Errors
    /// [`Error`] says where the text is not JSON. The error does not repeat the text.
    pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
        parser::parse(bytes)
    }

    /// Makes an object of these members.
    pub fn object<'n>(members: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
        Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The text of a string; `None` if this is not a string.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// A number as it was written: `12`, `-0.5`, `1e3`. `None` if this is not a number.
    pub fn number(&self) -> Option<&str> {
        if let Value::Number(number) = self { Some(number) } else { None }
    }

    /// The elements of an array; `None` if this is not an array.
    pub fn list(&self) -> Option<&[Value]> {
        if let Value::List(elements) = self { Some(elements) } else { None }
    }

    /// The members of an object; `None` if this is not an object.
    pub fn members(&self) -> Option<&[(String, Value)]> {
        if let Value::Object(members) = self { Some(members) } else { None }
    }

    /// An object's member, even one that is `null`; `None` if there is no such member, or this is not an object.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members()?.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// Whether this is `null`, or was absent.
    pub fn is_null(&self) -> bool {
        *self == Value::Null
    }

    /// Sets an object's member. A value that is not an object stays unchanged.
    pub fn set(&mut self, name: &str, value: Value) {
        let Value::Object(members) = self else { return };
        match members.iter_mut().rev().find(|(own, _)| own == name) {
            Some((_, own)) => *own = value,
            None => members.push((name.to_owned(), value)),
        }
    }

    /// Takes the value of an object's member and leaves `null` in its place; `None` if there is no such member.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let Value::Object(members) = self else { return None };
        members.iter_mut().rev().find(|(own, _)| own == name).map(|(_, own)| std::mem::take(own))
    }
}

impl Index<&str> for Value {
    type Output = Value;

    /// An object's member; `null` if there is no such member, or this is not an object.
    fn index(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&NULL)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::Number(number.to_string())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Number(number.to_string())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(value)
    }
}

impl From<Vec<Value>> for Value {
    fn from(elements: Vec<Value>) -> Value {
        Value::List(elements)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => f.write_str(if *value { "true" } else { "false" }),
            Value::Number(number) => f.write_str(number),
            Value::Text(text) => write_text(f, text),
            Value::List(elements) => {
                f.write_char('[')?;
                for (place, element) in elements.iter().enumerate() {
                    f.write_str(if place > 0 { "," } else { "" })?;
                    element.fmt(f)?;
                }
                f.write_char(']')
            }
            Value::Object(members) => {
                f.write_char('{')?;
                for (place, (name, value)) in members.iter().enumerate() {
                    f.write_str(if place > 0 { "," } else { "" })?;
                    write_text(f, name)?;
                    f.write_char(':')?;
                    value.fmt(f)?;
                }
                f.write_char('}')
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\0'..='\u{1f}' => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

/// The place where a text stops being JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("byte {at} of the text is not JSON, or JSON that is nested too deep")]
pub struct Error {
    /// The number of bytes before this place.
    pub at: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_form_is_read_and_written() {
        for (text, written) in [
            ("null", "null"),
            (" true ", "true"),
            ("[ ]", "[]"),
            ("{ }", "{}"),
            ("[1, -0.5,2e+3 ,0]", "[1,-0.5,2e+3,0]"),
            ("{\"a\" : {\"b\": [\"\\u00e9\\ud83d\\ude00\\n\\/\"]}}", "{\"a\":{\"b\":[\"\u{e9}\u{1f600}\\n/\"]}}"),
            ("\"\\u0000\\t\\\"\\\\\"", "\"\\u0000\\u0009\\\"\\\\\""),
            ("18446744073709551616", "18446744073709551616"),
        ] {
            let value = Value::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(value.to_string(), written);
        }
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        for (text, at) in [
            ("", 0),
            ("[1,]", 3),
            ("[1 2]", 3),
            ("{\"a\"}", 4),
            ("{a:1}", 1),
            ("01", 1),
            ("1.", 2),
            ("-", 1),
            ("1e", 2),
            ("\"\n\"", 1),
            ("\"\\x\"", 2),
            ("\"\\u12\"", 3),
            ("\"\\ud83d\"", 7),
            ("\"\\ude00\"", 7),
            ("\"a", 2),
            ("nul", 0),
            ("true false", 5),
            ("\u{feff}1", 0),
        ] {
            assert_eq!(Value::parse(text.as_bytes()), Err(Error { at }), "{text:?}");
        }
        assert_eq!(Value::parse(b"\"\xff\""), Err(Error { at: 1 }));
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Value::parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(Value::parse(nested(DEPTH_MAX + 1).as_bytes()), Err(Error { at: DEPTH_MAX }));
        assert!(Value::parse("[".repeat(1 << 20).as_bytes()).is_err());
    }

    #[test]
    fn members_are_found_and_set() {
        let mut value = Value::parse(br#"{"a": 1, "b": 2, "a": 3}"#).expect("it is JSON");
        assert_eq!(value["a"].number(), Some("3"), "the last counts");
        value.set("a", "x".into());
        value.set("c", true.into());
        assert_eq!(value.to_string(), r#"{"a":1,"b":2,"a":"x","c":true}"#);
        assert!(value["b"]["c"].is_null() && Value::from("a")["b"].is_null());
        assert_eq!(value.take("a"), Some("x".into()));
        assert_eq!((value.get("a"), value.get("d")), (Some(&Value::Null), None));
        assert_eq!(value.to_string(), r#"{"a":1,"b":2,"a":null,"c":true}"#);
        assert_eq!(Value::List(vec![(-1_i64).into()]).to_string(), "[-1]");
        Value::Null.set("a", Value::Null);
        assert_eq!((Value::Null.take("a"), Value::Null.get("a")), (None, None));
    }

    proptest! {
        /// The parser agrees with `serde_json` about what is JSON and about its values.
        #[test]
        fn it_reads_what_serde_json_reads(text in r#"[\[\]{},:"\\ 0-9a-z.eE+\-]{0,24}"#) {
            let other = serde_json::from_str::<serde_json::Value>(&text);
            let own = Value::parse(text.as_bytes());
            // `serde_json` refuses numbers beyond the range of a double, which this parser keeps as text.
            if other.is_ok() || !text.bytes().any(|byte| byte.is_ascii_digit()) {
                prop_assert_eq!(own.is_ok(), other.is_ok(), "{}", text);
            }
            if let (Ok(own), Ok(other)) = (own, other) {
                prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&own.to_string()).ok(), Some(other));
            }
        }

        #[test]
        fn any_text_is_written_so_that_it_is_read_again(text in ".{0,40}") {
            let value = Value::from(text.as_str());
            prop_assert_eq!(Value::parse(value.to_string().as_bytes()), Ok(value));
        }
    }
}
