//! Accessors for the values of an answer. If a value is missing or of another kind, the answer counts as not understood.

use cartage_sdk::Failure;
use cartage_sdk::json::Value;

/// A member of an object; `null` counts as missing.
pub(crate) fn member<'v>(value: &'v Value, name: &str) -> Result<&'v Value, Failure> {
    value.get(name).filter(|member| !member.is_null()).ok_or_else(|| missing(name))
}

/// A member that is a text.
pub(crate) fn text<'v>(value: &'v Value, name: &str) -> Result<&'v str, Failure> {
    member(value, name)?.text().ok_or_else(|| missing(name))
}

/// A member that is a whole number.
pub(crate) fn number(value: &Value, name: &str) -> Result<i64, Failure> {
    member(value, name)?.number().and_then(|number| number.parse().ok()).ok_or_else(|| missing(name))
}

/// A member that is a list.
pub(crate) fn list<'v>(value: &'v Value, name: &str) -> Result<&'v [Value], Failure> {
    member(value, name)?.list().ok_or_else(|| missing(name))
}

/// A member that is a list of texts.
pub(crate) fn texts(value: &Value, name: &str) -> Result<Vec<String>, Failure> {
    list(value, name)?.iter().map(|text| text.text().map(str::to_owned).ok_or_else(|| missing(name))).collect()
}

fn missing(name: &str) -> Failure {
    Failure::protocol(format!("the shop's answer has no `{name}` of the kind that the plugin expects"))
}
