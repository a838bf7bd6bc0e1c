//! The personal values of one cassette and their replacements, which are the same everywhere, so that two requests can still be compared.

use super::names::{Kind, Names, Within};
use crate::id::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use cartage_base::coding::{Coding, Edit};
use cartage_base::search::Search;
use std::collections::{BTreeMap, BTreeSet};

/// The most personal values of one cassette. A cassette with more is a list of customers and is not kept.
pub const VALUES_MAX: usize = 2_000;
/// The largest size of these values together, in bytes: 400 lines with a note of 6 KiB each are within.
pub const VALUES_BYTES_MAX: usize = 4 << 20;
/// The fewest characters of a value that is searched for outside of fields with its name.
const SWEPT_CHARS_MIN: usize = 4;
/// The same limit for a value of digits, of which a shorter one may be any number, and for notes, which may be any word.
const SWEPT_LONG_CHARS_MIN: usize = 7;
/// Words that stand for a missing value.
const WORDS: &[&str] = &["false", "none", "null", "true", "unknown"];

/// A personal value with its replacement.
struct Value {
    kind: Kind,
    /// The text that replaces the value.
    place: String,
    /// The spellings of the value that were found, with ASCII letters in lower case.
    spelt: BTreeSet<String>,
}

/// The personal values of a cassette.
#[derive(Default)]
pub(super) struct Known {
    /// The values, by their text in lower case.
    values: BTreeMap<String, Value>,
    /// The size of all spellings, in bytes.
    bytes: usize,
    counts: BTreeMap<Kind, usize>,
    /// Values that are known not to be personal, although a field with a personal name may hold the same text.
    free: BTreeSet<String>,
    search: Option<(Search, Vec<String>)>,
    too_many: bool,
}

impl Known {
    /// Marks values as the order's own, such as its label and numbers: they are not replaced.
    pub(super) fn free<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) {
        self.free.extend(values.into_iter().map(fold));
    }

    /// The replacement of a value. `None` if the value is not replaced, or there are too many.
    pub(super) fn place(&mut self, kind: Kind, value: &str) -> Option<String> {
        let key = fold(value);
        if key.is_empty() || is_place(&key) {
            return None;
        }
        let spelt = value.trim().to_ascii_lowercase();
        let bytes = spelt.len();
        if let Some(known) = self.values.get_mut(&key) {
            let place = known.place.clone();
            if known.spelt.insert(spelt) {
                self.count_bytes(bytes);
            }
            return Some(place);
        }
        self.count_bytes(bytes);
        self.too_many |= self.values.len() == VALUES_MAX;
        if self.too_many {
            return None;
        }
        let nth = self.counts.entry(kind).or_default();
        *nth += 1;
        let place = format!("redacted-{}-{nth}", kind.word());
        self.values.insert(key, Value { kind, place: place.clone(), spelt: [spelt].into() });
        Some(place)
    }

    /// The replacement of a body that cannot be read. The body is searched for nowhere else, so its digest identifies it here.
    pub(super) fn place_of_body(&mut self, body: &[u8]) -> Option<String> {
        if is_place(&String::from_utf8_lossy(&body[..body.len().min(PLACE_BYTES_MAX)])) {
            return None;
        }
        self.place(Kind::Body, &Digest::of(body).to_string())
    }

    fn count_bytes(&mut self, more: usize) {
        self.bytes = self.bytes.saturating_add(more);
        self.too_many |= self.bytes > VALUES_BYTES_MAX;
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.values.len()
    }

    /// Whether there were more values, or more bytes of them, than one order has. Some were not stored here then.
    pub(super) fn too_many(&self) -> bool {
        self.too_many
    }

    /// Starts the search for every known value, except those that are also names of fields.
    pub(super) fn search_everywhere(&mut self, names: &Names) {
        let is_name = |value: &str| names.enter(Within::default(), value.as_bytes()) != Within::default();
        let swept = self.values.iter().filter(|(key, value)| self.is_swept(key, value.kind) && !is_name(key));
        let spelt = swept.flat_map(|(_, value)| value.spelt.iter().map(|spelt| (spelt, &value.place)));
        // In base64 a value is known where it is written for itself.
        let written = spelt.flat_map(|(spelt, place)| [(spelt.clone(), place.clone()), (STANDARD_NO_PAD.encode(spelt), place.clone())]);
        let (patterns, places): (Vec<String>, Vec<String>) = written.unzip();
        let search = Search::new(&patterns, |byte| byte.to_ascii_lowercase());
        self.search = Some((search, places)).filter(|(search, _)| !search.is_empty());
    }

    fn is_swept(&self, value: &str, kind: Kind) -> bool {
        let long = kind == Kind::Note || !value.chars().any(char::is_alphabetic);
        let least = if long { SWEPT_LONG_CHARS_MIN } else { SWEPT_CHARS_MIN };
        kind != Kind::Body && value.chars().count() >= least && !WORDS.contains(&value) && !self.free.contains(value)
    }

    /// Finds known values in all the ways in which they are usually written.
    pub(super) fn again(&self, text: &[u8]) -> Vec<Edit> {
        let Some((search, places)) = &self.search else { return Vec::new() };
        let mut edits = Vec::new();
        for coding in [Coding::Plain, Coding::Form, Coding::JsonString, Coding::Xml, Coding::Latin1] {
            if coding == Coding::Latin1 && std::str::from_utf8(text).is_ok() {
                continue;
            }
            let read = coding.decode(text);
            if coding == Coding::Plain || read.differs() {
                edits.extend(
                    search.find(&read.bytes).into_iter().map(|found| Edit { at: read.raw(&found.at), text: places[found.nth].clone() }),
                );
            }
        }
        edits
    }

    /// Finds known values, and e-mail addresses by their form.
    pub(super) fn find(&mut self, text: &[u8]) -> Vec<Edit> {
        let mut edits = self.again(text);
        for at in addresses(text) {
            let raw = &text[at.clone()];
            let coding = if raw.contains(&b'@') { Coding::Plain } else { Coding::Form };
            let address = String::from_utf8_lossy(&coding.decode(raw).bytes).into_owned();
            edits.extend(self.place(Kind::Email, &address).map(|text| Edit { at, text }));
        }
        edits
    }
}

/// The form in which values are compared: without spaces around it and in lower case.
fn fold(value: &str) -> String {
    value.trim().to_lowercase()
}

/// The largest size of a replacement, in bytes: a few words and a number.
const PLACE_BYTES_MAX: usize = 64;

/// Whether a text is a replacement.
pub(super) fn is_place(value: &str) -> bool {
    let rest = value.strip_prefix("redacted-").and_then(|rest| rest.split_once('-'));
    rest.is_some_and(|(kind, nth)| Kind::ALL.iter().any(|known| known.word() == kind) && nth.bytes().all(|b| b.is_ascii_digit()))
}

/// The places of e-mail addresses, also in a path or a query.
fn addresses(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for at in 0..text.len() {
        let sign = match text[at] {
            b'@' => 1,
            b'%' if text[at..].starts_with(b"%40") => 3,
            _ => continue,
        };
        let local = |byte: &u8| byte.is_ascii_alphanumeric() || b".!#$'*/?^_`{|}~+-".contains(byte) || *byte >= 0x80;
        let local = |byte: &&u8| local(byte) && !b"/?'`{|}".contains(byte);
        let start = at - text[..at].iter().rev().take_while(local).count();
        let domain = |byte: &&u8| byte.is_ascii_alphanumeric() || b".-".contains(byte) || **byte >= 0x80;
        let end = at + sign + text[at + sign..].iter().take_while(domain).count();
        let domain = &text[at + sign..end];
        let dotted = domain.iter().position(|byte| *byte == b'.').is_some_and(|dot| dot > 0 && dot + 1 < domain.len());
        if start < at && dotted && found.last().is_none_or(|last| last.end <= start) {
            found.push(start..end);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_known_by_their_looks() {
        let found = |text: &str| addresses(text.as_bytes()).into_iter().map(|at| text[at].to_owned()).collect::<Vec<_>>();
        assert_eq!(found("to a.b+c@shop.example, and x%40y.example/z"), ["a.b+c@shop.example", "x%40y.example"]);
        for none in ["@shop.example", "a@", "a@shop", "a @shop.example", "a@.example", "50%40"] {
            assert_eq!(found(none), Vec::<String>::new(), "{none}");
        }
    }

    #[test]
    fn short_values_are_not_looked_for() {
        for (kind, value, swept) in [
            (Kind::Name, "abc", false),
            (Kind::Name, "abcd", true),
            (Kind::Phone, "123456", false),
            (Kind::Phone, "1234567", true),
            (Kind::Note, "shippe", false),
            (Kind::Note, "shipped", true),
            (Kind::Name, "true", false),
            (Kind::Name, "street", false),
            (Kind::Name, "the label", false),
        ] {
            let mut known = Known::default();
            known.free(["The Label"]);
            let place = known.place(kind, value).expect("it is a value");
            known.search_everywhere(&Names::default());
            let text = format!("so {value} it is");
            let edits = known.find(text.as_bytes());
            assert_eq!(
                edits.iter().map(|edit| edit.text.as_str()).collect::<Vec<_>>(),
                if swept { vec![&*place] } else { vec![] },
                "{value}"
            );
        }
    }

    #[test]
    fn a_value_has_one_place_and_a_place_none() {
        let mut known = Known::default();
        assert_eq!(known.place(Kind::Name, "Ann"), Some("redacted-name-1".into()));
        assert_eq!(known.place(Kind::Name, "Ben"), Some("redacted-name-2".into()));
        assert_eq!(known.place(Kind::Note, " ANN "), Some("redacted-name-1".into()));
        for nothing in ["", "  ", "redacted-name-7"] {
            assert_eq!(known.place(Kind::Name, nothing), None);
        }
        assert!(known.place(Kind::Name, "redacted-name-of-ann").is_some());
    }
}
