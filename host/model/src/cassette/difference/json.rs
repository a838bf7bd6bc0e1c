//! Finds where two JSON values differ, as paths of names. List items with a name are identified by it, not by their index.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The members by which a list item may be identified.
const NAMES: [&str; 3] = ["name", "value", "index"];

/// One place where two values differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The names on the path to the place, outermost first.
    pub(super) path: Vec<String>,
    /// The former value. `None` if there was none.
    pub(super) was: Option<Value>,
    /// The new value. `None` if there is none.
    pub(super) is: Option<Value>,
}

/// All places where two values differ, in the order of the first value and then of the second.
pub(super) fn changes(was: &Value, is: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    walk(Some(was), Some(is), &mut Vec::new(), &mut found);
    found
}

fn walk(was: Option<&Value>, is: Option<&Value>, path: &mut Vec<String>, found: &mut Vec<Change>) {
    let there = |value: Option<&Value>| value.filter(|value| !is_nothing(value)).cloned();
    match (was, is) {
        _ if was == is => {}
        (Some(Value::Object(was)), Some(Value::Object(is))) => members(was, is, path, found),
        (Some(Value::Array(was)), Some(Value::Array(is))) => items(was, is, path, found),
        _ if there(was) == there(is) => {}
        _ => found.push(Change { path: path.clone(), was: there(was), is: there(is) }),
    }
}

/// Whether a value means the same as a member that is left out.
fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn members(was: &Map<String, Value>, is: &Map<String, Value>, path: &mut Vec<String>, found: &mut Vec<Change>) {
    let added = is.keys().filter(|name| !was.contains_key(*name));
    for name in was.keys().chain(added) {
        path.push(name.clone());
        walk(was.get(name), is.get(name), path, found);
        path.pop();
    }
}

fn items(was: &[Value], is: &[Value], path: &mut Vec<String>, found: &mut Vec<Change>) {
    let changed_order = |was: Vec<Value>, is: Vec<Value>| Change {
        path: [path.as_slice(), &["the order".to_owned()]].concat(),
        was: Some(was.into()),
        is: Some(is.into()),
    };
    if let (Some(names_before), Some(names_now)) = (names(was), names(is)) {
        let at = |names: &[String], name: &String| names.iter().position(|known| known == name);
        let both = |one: &[String], other: &[String]| -> Vec<Value> {
            one.iter().filter(|name| other.contains(name)).map(|name| name.as_str().into()).collect()
        };
        let (order_before, order_now) = (both(&names_before, &names_now), both(&names_now, &names_before));
        if order_before != order_now {
            found.push(changed_order(order_before, order_now));
        }
        let added = names_now.iter().filter(|name| !names_before.contains(name));
        for name in names_before.iter().chain(added) {
            path.push(name.clone());
            let of = |items: &[Value], names: &[String]| at(names, name).map(|at| items[at].clone());
            walk(of(was, &names_before).as_ref(), of(is, &names_now).as_ref(), path, found);
            path.pop();
        }
        return;
    }
    let is_plain = |values: &[Value]| {
        values.iter().all(|value| !value.is_object() && !value.is_array())
            && values.iter().map(Value::to_string).collect::<BTreeSet<_>>().len() == values.len()
    };
    if is_plain(was) && is_plain(is) {
        let change = |was: Option<&Value>, is: Option<&Value>| Change { path: path.clone(), was: was.cloned(), is: is.cloned() };
        let before = found.len();
        found.extend(was.iter().filter(|value| !is.contains(value)).map(|value| change(Some(value), None)));
        found.extend(is.iter().filter(|value| !was.contains(value)).map(|value| change(None, Some(value))));
        if found.len() == before {
            found.push(changed_order(was.to_vec(), is.to_vec()));
        }
        return;
    }
    for at in 0..was.len().max(is.len()) {
        path.push((at + 1).to_string());
        walk(was.get(at), is.get(at), path, found);
        path.pop();
    }
}

/// The names of a list's items. `None` if an item has none, or two have the same.
fn names(items: &[Value]) -> Option<Vec<String>> {
    let name = |item: &Value| {
        let member = NAMES.iter().find_map(|name| item.get(*name))?;
        member.as_str().map(str::to_owned).or_else(|| member.as_u64().map(|number| number.to_string()))
    };
    let names: Vec<String> = items.iter().map(name).collect::<Option<_>>()?;
    (names.iter().collect::<BTreeSet<_>>().len() == names.len()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(was: Value, is: Value) -> Vec<String> {
        let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), Value::to_string);
        changes(&was, &is).iter().map(|change| format!("{}: {} {}", change.path.join("."), text(&change.was), text(&change.is))).collect()
    }

    #[test]
    fn items_are_known_by_name_and_what_is_empty_is_nothing() {
        assert_eq!(
            said(json!({"a": [{"name": "x", "n": 1}]}), json!({"a": [{"name": "y"}, {"name": "x", "n": 2}], "b": []})),
            ["a.x.n: 1 2", "a.y: - {\"name\":\"y\"}"]
        );
        assert_eq!(
            said(json!([{"name": "x"}, {"name": "y"}]), json!([{"name": "y"}, {"name": "x"}])),
            ["the order: [\"x\",\"y\"] [\"y\",\"x\"]"]
        );
    }

    #[test]
    fn plain_lists_gain_and_lose_and_change_their_order() {
        assert_eq!(said(json!(["GET", "PUT"]), json!(["GET", "POST"])), [": \"PUT\" -", ": - \"POST\""]);
        assert_eq!(said(json!([1, 2]), json!([2, 1])), ["the order: [1,2] [2,1]"]);
        assert_eq!(said(json!([1, 1]), json!([1, 2])), ["2: 1 2"]);
        assert_eq!(said(json!({"a": null}), json!({})), Vec::<String>::new());
    }
}
