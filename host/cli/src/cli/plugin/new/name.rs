//! The name of a new plugin, which must be valid for the contract, for cargo and for a folder.

use cartage_contract::manifest::is_name;

/// A name that a plugin, its crate and its folder can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(String);

/// Why a text cannot be a plugin's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    #[error("the plugin's name is {text:?}, which is a path; the project is made in the current folder")]
    Path { text: String },
    #[error("the plugin's name is {text:?}; it must be 1 to 63 lower-case letters, digits and hyphens, a letter first")]
    Characters { text: String },
    #[error("the plugin's name is {text:?}, which means something else to Rust or cargo")]
    Taken { text: String },
}

/// Names that a crate cannot have, or that would be confused with another crate: Rust's keywords, its own crates, and the crate that the project depends on.
const TAKEN: [&str; 59] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "cartage-sdk",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "cartage-contract",
];

impl Name {
    pub(super) fn parse(text: &str) -> Result<Name, Error> {
        let text = text.to_owned();
        if text.contains(['/', '\\']) || text == "." || text == ".." {
            return Err(Error::Path { text });
        }
        if !is_name(&text) || !text.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Err(Error::Characters { text });
        }
        if TAKEN.contains(&text.as_str()) {
            return Err(Error::Taken { text });
        }
        Ok(Name(text))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_for_the_contract_and_for_cargo() {
        for name in ["a", "my-shop", "shop-3", "shop3", "a-", &"a".repeat(63)] {
            assert_eq!(Name::parse(name).map(|name| name.as_str().to_owned()), Ok(name.to_owned()));
        }
        for path in ["a/b", "/a", "./a", "..", ".", "a\\b", "a/"] {
            assert_eq!(Name::parse(path), Err(Error::Path { text: path.to_owned() }));
        }
        for wrong in ["", "3-shops", "-a", "My-Shop", "my_shop", "my shop", "shöp", "a.b", "a\n", &"a".repeat(64)] {
            assert_eq!(Name::parse(wrong), Err(Error::Characters { text: wrong.to_owned() }));
        }
        for taken in ["fn", "test", "core", "cartage-sdk", "proc-macro"] {
            assert_eq!(Name::parse(taken), Err(Error::Taken { text: taken.to_owned() }));
        }
    }
}
