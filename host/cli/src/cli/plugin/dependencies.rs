//! Finds the dependency through which a crate uses another one, from Cargo.lock: the likely cause of an import that no plugin is given.
//!
//! Cargo.lock does not say which dependencies are for this target and which only for tests, so the result is likely, not certain.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use toml::{Table, Value};

/// Crates that need something that no plugin has, the most serious first, each with a remedy.
const SUSPECTS: [(&str, &str); 4] = [
    (
        "wasm-bindgen",
        "that crate calls a browser's functions: switch off the feature that brings it (`js`, `wasm-bindgen`, `wasmbind`, `wasm_js`)",
    ),
    ("wasi", "that crate calls WASI's functions: leave out the crate that uses it on this target"),
    ("wasip2", "that crate calls WASI's functions: leave out the crate that uses it on this target"),
    ("getrandom", "there is no randomness on this target: switch off the feature that brings it, and take the context's entropy"),
];

/// For each suspect that the crate depends on, the path to it and the remedy. Empty if Cargo.lock cannot be read.
pub(super) fn suspects(root: &Path, crate_name: &str, wanted: &[&str]) -> Vec<String> {
    let Some(lock) = std::fs::read_to_string(root.join("Cargo.lock")).ok().and_then(|text| text.parse::<Table>().ok()) else {
        return Vec::new();
    };
    let uses = uses(&lock);
    let suspects = SUSPECTS.iter().filter(|(name, _)| wanted.contains(name));
    let said = |(name, what): &(&str, &str)| {
        let way = way(&uses, crate_name, name)?;
        let (first, others) = way.split_first()?;
        Some(format!("{first} uses {}: {what}", others.join(", which uses ")))
    };
    suspects.filter_map(said).collect()
}

/// The packages that each package uses. Several versions of one package are merged.
fn uses(lock: &Table) -> BTreeMap<&str, Vec<&str>> {
    let mut uses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in lock.get("package").and_then(Value::as_array).into_iter().flatten() {
        let Some(name) = package.get("name").and_then(Value::as_str) else { continue };
        let used = package.get("dependencies").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        // If several versions of a dependency exist, the entry contains its version.
        uses.entry(name).or_default().extend(used.map(|used| used.split(' ').next().unwrap_or(used)));
    }
    uses
}

/// The shortest path from one package to another.
fn way<'l>(uses: &BTreeMap<&'l str, Vec<&'l str>>, from: &'l str, to: &str) -> Option<Vec<&'l str>> {
    let mut seen = BTreeSet::from([from]);
    let mut ways = VecDeque::from([vec![from]]);
    while let Some(way) = ways.pop_front() {
        let last = *way.last()?;
        if last == to {
            return Some(way);
        }
        for next in uses.get(last).into_iter().flatten().filter(|next| seen.insert(**next)) {
            ways.push_back([way.as_slice(), &[*next]].concat());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
        version = 4
        [[package]]
        name = "shop"
        version = "0.1.0"
        dependencies = ["cartage-sdk", "chrono", "rand 0.8.5"]
        [[package]]
        name = "cartage-sdk"
        version = "0.1.0"
        [[package]]
        name = "chrono"
        version = "0.4.0"
        dependencies = ["js-sys"]
        [[package]]
        name = "js-sys"
        version = "0.3.0"
        dependencies = ["wasm-bindgen"]
        [[package]]
        name = "rand"
        version = "0.8.5"
        dependencies = ["getrandom"]
        [[package]]
        name = "other"
        version = "0.1.0"
        dependencies = ["wasi"]
    "#;

    #[test]
    fn the_way_to_a_suspect_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        assert_eq!(suspects(folder.path(), "shop", &["wasm-bindgen"]), Vec::<String>::new(), "there is no Cargo.lock");
        std::fs::write(folder.path().join("Cargo.lock"), LOCK).expect("the folder can be written");
        let said = suspects(folder.path(), "shop", &["wasm-bindgen", "getrandom", "wasi"]);
        assert_eq!(said.len(), 2, "another crate's dependency is none of this one: {said:?}");
        assert!(said[0].starts_with("shop uses chrono, which uses js-sys, which uses wasm-bindgen: "), "{said:?}");
        assert!(said[1].starts_with("shop uses rand, which uses getrandom: "), "{said:?}");
        assert_eq!(suspects(folder.path(), "cartage-sdk", &["wasm-bindgen"]), Vec::<String>::new());
    }

    #[test]
    fn packages_that_use_each_other_end() {
        let uses = BTreeMap::from([("a", vec!["b"]), ("b", vec!["a"])]);
        assert_eq!((way(&uses, "a", "c"), way(&uses, "a", "b")), (None, Some(vec!["a", "b"])));
    }
}
