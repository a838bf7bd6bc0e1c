//! What PHP writes as JSON, read with the care that it needs.

use cartage_sdk::serde_json::Value;

/// An id: a positive whole number, or such a number as text.
pub(crate) fn id(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).filter(|id| *id > 0)
}

/// A text, or a number as text.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A list. PHP writes one from which elements were removed as an object, and an empty one at times as `false`, `null` or an empty text.
pub(crate) fn list(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Array(elements) => Some(elements.iter().collect()),
        Value::Object(members) if members.keys().all(|key| key.bytes().all(|byte| byte.is_ascii_digit())) => {
            Some(members.values().collect())
        }
        Value::Null | Value::Bool(false) => Some(Vec::new()),
        Value::String(text) if text.is_empty() => Some(Vec::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    }
}

/// The value that a list of meta data has under a key.
pub(crate) fn meta<'v>(meta_data: &'v Value, key: &str) -> Option<&'v Value> {
    list(meta_data)?.into_iter().find(|entry| entry["key"] == key).map(|entry| &entry["value"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_sdk::serde_json::json;

    #[test]
    fn numbers_come_as_numbers_and_as_texts() {
        for (value, number) in
            [(json!(12), Some(12)), (json!("12"), Some(12)), (json!(0), None), (json!(-1), None), (json!("x"), None), (json!(1.5), None)]
        {
            assert_eq!(id(&value), number, "{value}");
        }
        for (value, words) in [(json!("A-1"), Some("A-1")), (json!(12), Some("12")), (json!(null), None), (json!([1]), None)] {
            assert_eq!(text(&value).as_deref(), words, "{value}");
        }
    }

    #[test]
    fn lists_come_in_several_forms() {
        for value in [json!([1, 2]), json!({"0": 1, "3": 2})] {
            assert_eq!(list(&value), Some(vec![&json!(1), &json!(2)]), "{value}");
        }
        for value in [json!([]), json!({}), json!(null), json!(false), json!("")] {
            assert_eq!(list(&value), Some(Vec::new()), "{value}");
        }
        for value in [json!("a"), json!(true), json!(7), json!({"a": 1})] {
            assert_eq!(list(&value), None, "{value}");
        }
    }

    #[test]
    fn meta_data_is_found_by_its_key() {
        let data = json!([{"id": 1, "key": "_a", "value": "x"}, {"id": 2, "key": "_b", "value": [1]}]);
        assert_eq!(meta(&data, "_b"), Some(&json!([1])));
        assert_eq!(meta(&data, "_c"), None);
        assert_eq!(meta(&json!("nothing"), "_a"), None);
    }
}
