//! Reads the query of a request: parameters that the route knows, each at most once.

use super::problem::{Kind, Problem};
use crate::inbound::percent::decoded;
use cartage_base::nearest::{hint, nearest};
use cartage_model::id::CartId;
use std::collections::BTreeMap;

/// The largest query, in bytes.
pub(super) const QUERY_BYTES_MAX: usize = 4096;

/// The parameters of a query, by name.
#[derive(Debug, Default)]
pub(super) struct Query(BTreeMap<&'static str, String>);

fn wrong(detail: String) -> Problem {
    Problem::new(Kind::BadRequest, detail)
}

impl Query {
    /// Reads a query. `known` are the names of the route's parameters.
    pub(super) fn read(raw: &str, known: &'static [&'static str]) -> Result<Query, Problem> {
        if raw.len() > QUERY_BYTES_MAX {
            return Err(wrong(format!("the query has {} bytes, and at most {QUERY_BYTES_MAX} are allowed", raw.len())));
        }
        let mut found = BTreeMap::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = String::from_utf8_lossy(&decoded(name.as_bytes())).into_owned();
            let Some(known) = known.iter().find(|known| **known == name) else {
                let all = if known.is_empty() { "this path takes none".to_owned() } else { format!("it takes {}", known.join(", ")) };
                return Err(wrong(format!("there is no query parameter {name:?}; {}", hint(nearest(&name, known.iter().copied()), &all))));
            };
            let value = String::from_utf8(decoded(value.as_bytes()));
            let value = value.map_err(|_| wrong(format!("the query parameter {known} is not UTF-8")))?;
            if found.insert(*known, value).is_some() {
                return Err(wrong(format!("the query parameter {known} is given twice")));
            }
        }
        Ok(Query(found))
    }

    /// An optional parameter. An empty value counts as left out.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// An optional parameter as it was sent, also if it is empty.
    pub(super) fn exact(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A required parameter.
    pub(super) fn must(&self, name: &str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| wrong(format!("the query parameter {name} is missing; add it: ?{name}=...")))
    }

    /// Whether a parameter is set to yes. A parameter that is left out counts as no.
    pub(super) fn yes(&self, name: &str) -> Result<bool, Problem> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(wrong(format!("the query parameter {name} is {other:?}; write true or false"))),
        }
    }

    /// A number from 1 to `most`, or `usual` if the parameter is left out.
    pub(super) fn number(&self, name: &str, usual: u32, most: u32) -> Result<u32, Problem> {
        let Some(text) = self.get(name) else { return Ok(usual) };
        let number = text.parse().ok().filter(|number| (1..=most).contains(number));
        number.ok_or_else(|| wrong(format!("the query parameter {name} is {text:?}; write a whole number from 1 to {most}")))
    }

    /// The optional parameter `cart`.
    pub(super) fn cart(&self) -> Result<Option<CartId>, Problem> {
        self.get("cart").map(|text| CartId::new(text).map_err(|error| wrong(error.to_string()))).transpose()
    }

    /// The required parameter `cart`.
    pub(super) fn must_cart(&self) -> Result<CartId, Problem> {
        CartId::new(self.must("cart")?).map_err(|error| wrong(error.to_string()))
    }

    /// A time in milliseconds since 1970, given as a number or as `2026-11-23T14:05:00Z`. `None` if it is left out.
    pub(super) fn time(&self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let ms = match text.parse::<u64>() {
            Ok(ms) => Some(ms),
            Err(_) => text.parse::<jiff::Timestamp>().ok().and_then(|time| u64::try_from(time.as_millisecond()).ok()),
        };
        let ms = ms.filter(|ms| *ms <= TIME_MAX_UNIX_MS).ok_or_else(|| {
            wrong(format!(
                "the query parameter {name} is {text:?}; write a time from 1970 to 9999 such as 2026-11-23T14:05:00Z, or milliseconds since 1970"
            ))
        })?;
        Ok(Some(ms))
    }
}

/// The end of the year 9999, in milliseconds since 1970.
pub(super) const TIME_MAX_UNIX_MS: u64 = 253_402_300_799_999;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Result<Query, String> {
        Query::read(raw, &["cart", "since", "limit", "dry_run"]).map_err(|problem| problem.detail)
    }

    #[test]
    fn only_known_names_and_each_once() {
        assert_eq!(
            read("cart=a&limit=").map(|query| (query.get("cart").map(str::to_owned), query.get("limit").is_some())),
            Ok((Some("a".into()), false))
        );
        // An order can have a number that somebody decoded wrongly before, with the character that stands for what was lost.
        for (raw, value) in [("cart=a+b%2Bc%zz", "a b+c%zz"), ("&cart=a%EF%BF%BD&", "a\u{fffd}"), ("cart", "")] {
            assert_eq!(read(raw).map(|query| query.exact("cart").map(str::to_owned)), Ok(Some(value.to_owned())), "{raw}");
        }
        for (raw, words) in [
            ("carts=a", "there is no query parameter \"carts\"; did you mean \"cart\"?"),
            ("x=1", "it takes cart, since, limit, dry_run"),
            ("cart=a&cart=a", "cart is given twice"),
            ("cart=%ff", "cart is not UTF-8"),
        ] {
            let error = read(raw).expect_err(raw);
            assert!(error.contains(words), "{raw}: {error}");
        }
        let edge = |more| format!("cart={}", "a".repeat(QUERY_BYTES_MAX - 5 + more));
        assert!(read(&edge(0)).is_ok());
        assert!(read(&edge(1)).expect_err("a byte too many").contains("at most 4096 are allowed"));
    }

    #[test]
    fn values_are_checked_at_their_edges() {
        let query = |raw: &str| read(raw).expect("its names are known");
        for (text, good) in [("1", true), ("10", true), ("0", false), ("11", false), ("-1", false), ("1.5", false)] {
            assert_eq!(query(&format!("limit={text}")).number("limit", 5, 10).is_ok(), good, "{text}");
        }
        assert_eq!(query("").number("limit", 5, 10).ok(), Some(5));
        for (text, expected) in [
            ("0", Some(0)),
            ("253402300799999", Some(TIME_MAX_UNIX_MS)),
            ("253402300800000", None),
            ("-1", None),
            ("1969-12-31T23:59:59Z", None),
            ("1970-01-01T00:00:00.001Z", Some(1)),
            ("-009999-01-01T00:00:00Z", None),
            ("2026-02-30T00:00:00Z", None),
            ("yesterday", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(query(&format!("since={text}")).time("since").ok().flatten(), expected, "{text}");
        }
        assert!(query("cart=A_B").cart().is_err());
        for (text, expected) in [("true", Some(true)), ("false", Some(false)), ("", Some(false)), ("yes", None)] {
            assert_eq!(query(&format!("dry_run={text}")).yes("dry_run").ok(), expected, "{text}");
        }
    }
}
