//! How the contract grows without a new package: `cartage:plugin/growth`. `extra.md` beside the WIT files is the registry of names.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most pairs in a list of further data.
pub const PAIRS_MAX: usize = 50;
/// The longest name, in characters.
pub const NAME_CHARACTERS_MAX: usize = 100;
/// The longest value, in bytes.
pub const VALUE_BYTES_MAX: usize = 4 << 10;
/// The names that this release knows, which a plugin may require. The registry lists them; 1.0.0 starts without any.
pub const KNOWN: &[&str] = &[];

/// Further data: names and values. Unknown names are ignored.
pub type Extra = Vec<(String, String)>;

/// A kind for which the package has no case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// The kind's name in the registry.
    pub name: String,
    /// The parameters, as the registry defines them for this name.
    pub parameters: Extra,
}

/// Why a list of further data is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The list has too many pairs.
    #[error("it has {count} pairs, and {PAIRS_MAX} are allowed")]
    Count {
        /// The number of pairs in the list.
        count: usize,
    },
    /// A name is not in the form that [`is_name`] requires.
    #[error(
        "a name has 1 to {NAME_CHARACTERS_MAX} characters of its alphabet: a word of lower-case ASCII letters, digits and hyphens, or a domain, a slash and such a word"
    )]
    Name,
    /// A name is given twice.
    #[error("the name {name} is given twice")]
    Twice {
        /// The name, which is in the required form.
        name: String,
    },
    /// A value is too long.
    #[error("the value of {name} has {bytes} bytes, and {VALUE_BYTES_MAX} are allowed")]
    Value {
        /// The pair's name.
        name: String,
        /// The value's length.
        bytes: usize,
    },
}

/// Checks the rules for a list of further data.
///
/// # Errors
///
/// The first rule that the list breaks.
pub fn check(extra: &Extra) -> Result<(), Error> {
    if extra.len() > PAIRS_MAX {
        return Err(Error::Count { count: extra.len() });
    }
    let mut names = BTreeSet::new();
    for (name, value) in extra {
        if !is_name(name) {
            return Err(Error::Name);
        }
        if !names.insert(name) {
            return Err(Error::Twice { name: name.clone() });
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(Error::Value { name: name.clone(), bytes: value.len() });
        }
    }
    Ok(())
}

/// Whether a text can be a name: `delivery-window`, or the name of another party behind their domain, `shop.example/priority`.
pub fn is_name(name: &str) -> bool {
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let domain = |text: &str| text.contains('.') && text.split('.').all(word);
    let fits = match name.split_once('/') {
        Some((owner, own)) => domain(owner) && word(own),
        None => word(name),
    };
    name.len() <= NAME_CHARACTERS_MAX && fits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(count: usize) -> Extra {
        (0..count).map(|at| (format!("name-{at}"), String::new())).collect()
    }

    #[test]
    fn names_are_words_or_words_behind_a_domain() {
        for name in ["a", "delivery-window", "shop.example/priority", "a1.b2.example/x-9", &"x".repeat(100)] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "A",
            "a b",
            "a_b",
            "shop/priority",
            "shop.example/",
            "/x",
            "shop..example/x",
            "shop.example/a/b",
            "é",
            "a\n",
            &"x".repeat(101),
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn a_list_is_bounded_and_has_each_name_once() {
        assert_eq!(check(&pairs(50)), Ok(()));
        assert_eq!(check(&pairs(51)), Err(Error::Count { count: 51 }));
        let value = |bytes: usize| vec![("a".to_owned(), "x".repeat(bytes))];
        assert_eq!(check(&value(4096)), Ok(()));
        assert_eq!(check(&value(4097)), Err(Error::Value { name: "a".into(), bytes: 4097 }));
        assert_eq!(check(&[pairs(1), pairs(1)].concat()), Err(Error::Twice { name: "name-0".into() }));
        assert_eq!(check(&vec![("No".into(), String::new())]), Err(Error::Name));
    }

    #[test]
    fn the_registry_lists_what_this_release_knows() {
        let registry = include_str!("../extra.md");
        let (_, table) = registry.split_once("## Names").expect("the registry has its table");
        let listed: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name).collect();
        assert_eq!(listed, KNOWN);
        assert!(KNOWN.iter().all(|name| is_name(name)));
    }
}
