//! The personal values of one cassette, and what stands in the place of each: the same everywhere, so that two requests can still be compared.

use super::coding::{Coding, Edit};
use super::names::{Kind, Names, Within};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::collections::{BTreeMap, BTreeSet};

/// Personal values of one cassette, at most. What holds more is a list of customers, and not kept at all.
pub const VALUES_MAX: usize = 2_000;
/// Characters of a value, at least, for it to be looked for where its field's name is not known.
const SWEPT_CHARS_MIN: usize = 4;
/// The same for a value of digits, of which a shorter one may be any number, and for what people wrote, which may be any word.
const SWEPT_LONG_CHARS_MIN: usize = 7;
/// Words that stand for nothing.
const WORDS: &[&str] = &["false", "none", "null", "true", "unknown"];

/// A personal value.
struct Value {
    kind: Kind,
    /// What stands in its place.
    place: String,
    /// The ways in which it was spelt.
    spelt: BTreeSet<String>,
}

/// The personal values of a cassette.
#[derive(Default)]
pub(super) struct Known {
    /// By the value without case.
    values: BTreeMap<String, Value>,
    counts: BTreeMap<Kind, usize>,
    /// What is known not to be personal, though a field of another name may hold the same.
    free: BTreeSet<String>,
    search: Option<(AhoCorasick, Vec<String>)>,
}

impl Known {
    /// These values are the order's own: its label, its numbers.
    pub(super) fn free<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) {
        self.free.extend(values.into_iter().map(fold));
    }

    /// What stands in the place of a value. None: nothing needs to.
    pub(super) fn place(&mut self, kind: Kind, value: &str) -> Option<String> {
        let key = fold(value);
        if key.is_empty() || is_place(&key) {
            return None;
        }
        let value = value.trim().to_owned();
        if let Some(known) = self.values.get_mut(&key) {
            known.spelt.insert(value);
            return Some(known.place.clone());
        }
        let nth = self.counts.entry(kind).or_default();
        *nth += 1;
        let place = format!("redacted-{}-{nth}", kind.word());
        self.values.insert(key, Value { kind, place: place.clone(), spelt: [value].into() });
        Some(place)
    }

    pub(super) fn count(&self) -> usize {
        self.values.len()
    }

    /// From now on every value that is known is looked for everywhere, but for those that are names of fields as well.
    pub(super) fn search_everywhere(&mut self, names: &Names) {
        let is_name = |value: &str| names.enter(Within::default(), value.as_bytes()) != Within::default();
        let (mut patterns, mut places) = (Vec::new(), Vec::new());
        for (_, value) in self.values.iter().filter(|(key, value)| self.is_swept(key, value.kind) && !is_name(key)) {
            for pattern in value.spelt.iter().flat_map(|spelt| written(spelt)) {
                patterns.push(pattern);
                places.push(value.place.clone());
            }
        }
        if patterns.is_empty() {
            return;
        }
        // Its other kind is a table of all that may follow, and takes time with the square of a value that repeats itself, such as a line of dashes.
        let mut builder = AhoCorasick::builder();
        builder.kind(Some(AhoCorasickKind::ContiguousNFA)).match_kind(MatchKind::LeftmostLongest).ascii_case_insensitive(true);
        let built = builder.build(&patterns);
        self.search = Some((built.expect("the values of a cassette are far below the automaton's size limit"), places));
    }

    fn is_swept(&self, value: &str, kind: Kind) -> bool {
        let long = kind == Kind::Note || !value.chars().any(char::is_alphabetic);
        let least = if long { SWEPT_LONG_CHARS_MIN } else { SWEPT_CHARS_MIN };
        kind != Kind::Body && value.chars().count() >= least && !WORDS.contains(&value) && !self.free.contains(value)
    }

    /// Finds values that are known.
    pub(super) fn again(&self, text: &[u8]) -> Vec<Edit> {
        let Some((search, places)) = &self.search else { return Vec::new() };
        search.find_iter(text).map(|hit| Edit { at: hit.range(), text: places[hit.pattern().as_usize()].clone() }).collect()
    }

    /// Finds values that are known, and e-mail addresses, which are known by their looks.
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

/// Spaces around it and case do not make another value.
fn fold(value: &str) -> String {
    value.trim().to_lowercase()
}

fn is_place(value: &str) -> bool {
    let rest = value.strip_prefix("redacted-").and_then(|rest| rest.split_once('-'));
    rest.is_some_and(|(kind, nth)| Kind::ALL.iter().any(|known| known.word() == kind) && nth.bytes().all(|b| b.is_ascii_digit()))
}

/// The ways in which a value is usually written.
fn written(value: &str) -> BTreeSet<Vec<u8>> {
    let percent = Coding::Form.encode(value);
    let mut all: BTreeSet<Vec<u8>> = [
        value.to_owned(),
        percent.replace('+', "%20"),
        percent,
        Coding::JsonString.encode(value),
        Coding::Xml.encode(value),
        value.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("&#{};", c as u32) }).collect(),
        value.chars().map(json_ascii).collect(),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    if value.chars().all(|c| (c as u32) < 0x100) {
        all.insert(value.chars().map(|c| c as u8).collect());
    }
    // Of base64, where a value is written for itself.
    all.insert(STANDARD_NO_PAD.encode(value).into_bytes());
    all
}

fn json_ascii(c: char) -> String {
    let mut units = [0; 2];
    if c.is_ascii() { c.to_string() } else { c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect() }
}

/// Where e-mail addresses stand, also in a path or a query.
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
