//! Reads the JSON that PHP writes, which needs some care.

use cartage_sdk::json::Value;

/// An id: a positive whole number, or a text that holds such a number.
pub(crate) fn id(value: &Value) -> Option<u64> {
    value.number().or_else(|| value.text())?.parse().ok().filter(|id| *id > 0)
}

/// A text, or the text of a number.
pub(crate) fn text(value: &Value) -> Option<&str> {
    value.text().or_else(|| value.number())
}

/// A list. PHP writes a list from which elements were removed as an object, and an empty list sometimes as `false`, `null` or an empty text.
pub(crate) fn list(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::List(elements) => Some(elements.iter().collect()),
        Value::Object(members) if members.iter().all(|(key, _)| key.bytes().all(|byte| byte.is_ascii_digit())) => {
            Some(members.iter().map(|(_, value)| value).collect())
        }
        Value::Null | Value::Bool(false) => Some(Vec::new()),
        Value::Text(text) if text.is_empty() => Some(Vec::new()),
        Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Object(_) => None,
    }
}

/// The elements of a value that is a proper list, and not `null` or another value that PHP writes in the place of an empty list.
pub(crate) fn whole_list(value: &Value) -> Option<Vec<&Value>> {
    list(value).filter(|_| value.list().is_some() || value.members().is_some())
}

/// The value under a key in a list of meta data.
pub(crate) fn meta<'v>(meta_data: &'v Value, key: &str) -> Option<&'v Value> {
    list(meta_data)?.into_iter().find(|entry| entry["key"].text() == Some(key)).map(|entry| &entry["value"])
}

/// An entry of a fulfilment's meta data, in the form in which it is sent.
pub(crate) fn entry(key: &str, value: Value) -> Value {
    Value::object([("id", 0_u64.into()), ("key", key.into()), ("value", value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        Value::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn numbers_come_as_numbers_and_as_texts() {
        for (json, number) in [("12", Some(12)), ("\"12\"", Some(12)), ("0", None), ("-1", None), ("\"x\"", None), ("1.5", None)] {
            assert_eq!(id(&value(json)), number, "{json}");
        }
        for (json, words) in [("\"A-1\"", Some("A-1")), ("12", Some("12")), ("null", None), ("[1]", None)] {
            assert_eq!(text(&value(json)), words, "{json}");
        }
    }

    #[test]
    fn lists_come_in_several_forms() {
        for json in ["[1, 2]", "{\"0\": 1, \"3\": 2}"] {
            assert_eq!(list(&value(json)), Some(vec![&1_u64.into(), &2_u64.into()]), "{json}");
            assert!(whole_list(&value(json)).is_some());
        }
        for json in ["[]", "{}", "null", "false", "\"\""] {
            assert_eq!(list(&value(json)), Some(Vec::new()), "{json}");
        }
        for json in ["null", "false", "\"\""] {
            assert_eq!(whole_list(&value(json)), None, "{json}");
        }
        for json in ["\"a\"", "true", "7", "{\"a\": 1}"] {
            assert_eq!(list(&value(json)), None, "{json}");
        }
    }

    #[test]
    fn meta_data_is_found_by_its_key() {
        let data = value(r#"[{"id": 1, "key": "_a", "value": "x"}, {"id": 2, "key": "_b", "value": [1]}]"#);
        assert_eq!(meta(&data, "_b"), Some(&value("[1]")));
        assert_eq!(meta(&data, "_c"), None);
        assert_eq!(meta(&value("\"nothing\""), "_a"), None);
    }
}
