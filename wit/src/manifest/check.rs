//! Checks a manifest: every rule of manifest.wit, once, when the plugin is admitted.
//!
//! All problems are reported at once, each with its item and the broken rule, because a plugin's author would otherwise rebuild the plugin
//! for each problem. A manifest that passed is not checked again: its names are safe to print, its references exist, its patterns compile, its defaults fit.

mod endpoints;
mod settings;
mod slots;

pub(super) use settings::SETTING_CHARACTERS_MAX;

use super::{About, Carriers, Manifest, Pace, Statuses, is_name};
use crate::delivery::Choice;
use crate::growth::{self, Extension, Extra};
use crate::parts::Shown;
use regex_lite::Regex;
use std::collections::BTreeSet;
use std::fmt;

/// The most entries of a list, unless the list has a limit of its own.
pub const LIST_ENTRIES_MAX: usize = 100;
/// The longest text for people, in characters.
pub const TEXT_CHARACTERS_MAX: usize = 1000;
/// The most entries of `carriers`.
pub const CARRIERS_MAX: usize = 1000;
/// The largest values that a [`Pace`] may have.
const PER_MINUTE_MAX: u64 = 60_000;
const CONCURRENCY_MAX: u64 = 256;
const PER_CALL_MAX: u64 = 1_000;
const RESPONSE_BYTES_MAX: u64 = 16 << 20;

/// The longest status, choice, carrier, personal field or name of a query pair, in characters.
pub const VALUE_CHARACTERS_MAX: usize = 100;

/// The regular expression for Semantic Versioning 2.0.0 that its authors recommend.
const SEMVER: &str = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$";

/// An item of a manifest that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path of the item: `endpoints.api.path-prefixes[0]`.
    pub item: String,
    /// The broken rule: `starts with a slash`.
    pub rule: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.item, self.rule)
    }
}

/// The error for a manifest that breaks rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the manifest breaks these rules: {}", problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; "))]
pub struct Error {
    /// All problems in the manifest's order; at least one.
    pub problems: Vec<Problem>,
}

impl Manifest {
    /// Checks every rule of manifest.wit and reports all problems at once.
    ///
    /// # Errors
    /// [`Error`] with every problem.
    pub fn check(&self) -> Result<(), Error> {
        let mut check = Check::default();
        check.rule(is_name(&self.name), "name", NAME);
        let semver = Regex::new(SEMVER).expect("the expression is a constant");
        check.rule(
            self.version.len() <= VALUE_CHARACTERS_MAX && semver.is_match(&self.version),
            "version",
            "is a version by Semantic Versioning 2.0.0",
        );
        check.text(&self.cart, "cart");
        check.text(&self.summary, "summary");
        self.about.check(&mut check);
        check.endpoints(&self.endpoints);
        check.slots(self);
        check.settings(self);
        match &self.statuses {
            Statuses::Fixed(statuses) => _ = check.choices(statuses, LIST_ENTRIES_MAX, "statuses"),
            Statuses::FreeText | Statuses::Asked => {}
        }
        match &self.carriers {
            Carriers::Fixed(carriers) | Carriers::Known(carriers) => _ = check.choices(carriers, CARRIERS_MAX, "carriers"),
            Carriers::Any | Carriers::Asked => {}
        }
        check.pace(&self.pace);
        check.requires(&self.requires);
        check.extra(&self.extra, "the manifest");
        check.list(&self.personal_fields, 0, LIST_ENTRIES_MAX, "personal-fields");
        let folded: Vec<String> = self.personal_fields.iter().map(|field| field.to_lowercase()).collect();
        check.values(folded.iter().map(String::as_str), "personal-fields");
        if check.problems.is_empty() { Ok(()) } else { Err(Error { problems: check.problems }) }
    }
}

impl About {
    fn check(&self, check: &mut Check) {
        check.text(&self.vendor, "about.vendor");
        if let Some(support) = &self.support {
            let mail =
                |text: &str| text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
            let line = check.line(support, "about.support");
            check.rule(!line || is_link(support) || mail(support), "about.support", "is a mail address or an http or https URL");
        }
        if let Some(licence) = &self.licence {
            let spdx = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '+' | ':' | '(' | ')');
            let line = check.text(licence, "about.licence");
            check.rule(!line || licence.chars().all(spdx), "about.licence", "is an SPDX licence expression");
        }
        if let Some(changelog) = &self.changelog {
            let line = check.line(changelog, "about.changelog");
            check.rule(!line || is_link(changelog), "about.changelog", "is an http or https URL");
        }
    }
}

/// The rule for names, as problems state it.
const NAME: &str = "is 1 to 63 lower-case letters, digits and hyphens, a letter or digit first";

/// Collects problems.
#[derive(Default)]
struct Check {
    problems: Vec<Problem>,
}

impl Check {
    /// Reports a problem if the rule does not hold. Returns whether the rule holds.
    fn rule(&mut self, holds: bool, item: &str, rule: &str) -> bool {
        if !holds {
            self.problems.push(Problem { item: item.to_owned(), rule: rule.to_owned() });
        }
        holds
    }

    /// Checks a text for people, which must not be empty.
    fn text(&mut self, text: &str, item: &str) -> bool {
        self.rule(!text.trim().is_empty(), item, "is not empty") && self.optional_text(text, item)
    }

    /// Checks a text for people, which may be empty.
    fn optional_text(&mut self, text: &str, item: &str) -> bool {
        let length = self.rule(text.chars().count() <= TEXT_CHARACTERS_MAX, item, &format!("has at most {TEXT_CHARACTERS_MAX} characters"));
        let clean = !text.chars().any(|c| (c.is_control() && c != '\n') || is_deceptive(c));
        self.rule(clean, item, "has no control characters but line feeds, and no characters that reorder or hide text") && length
    }

    /// Checks an address: one line without spaces.
    fn line(&mut self, text: &str, item: &str) -> bool {
        self.text(text, item) && self.rule(!text.contains(char::is_whitespace), item, "has no spaces")
    }

    fn list<T>(&mut self, list: &[T], min: usize, max: usize, item: &str) {
        let entries = if min == 1 { "entry" } else { "entries" };
        let rule = if list.len() < min { format!("has at least {min} {entries}") } else { format!("has at most {max} entries") };
        self.rule((min..=max).contains(&list.len()), item, &rule);
    }

    /// Checks values that are compared exactly; each may be given once.
    fn values<'a>(&mut self, values: impl Iterator<Item = &'a str>, list: &str) {
        let mut seen = BTreeSet::new();
        for (at, value) in values.enumerate() {
            let item = format!("{list}[{at}]");
            self.value(value, &item);
            self.rule(seen.insert(value), &item, &format!("is given once; {} is given before", Shown::of(value)));
        }
    }

    /// Checks values with titles: at least one, and each value once.
    fn choices(&mut self, choices: &[Choice], max: usize, item: &str) -> bool {
        let before = self.problems.len();
        self.list(choices, 1, max, item);
        self.values(choices.iter().map(|choice| choice.value.as_str()), item);
        for (at, choice) in choices.iter().enumerate().take(max) {
            if let Some(title) = &choice.title {
                self.text(title, &format!("{item}[{at}].title"));
            }
        }
        self.problems.len() == before
    }

    fn pace(&mut self, pace: &Pace) {
        let Pace { requests_per_minute, concurrency, requests_per_call, response_bytes } = *pace;
        for (value, max, item) in [
            (requests_per_minute.map(u64::from), PER_MINUTE_MAX, "pace.requests-per-minute"),
            (concurrency.map(u64::from), CONCURRENCY_MAX, "pace.concurrency"),
            (requests_per_call.map(u64::from), PER_CALL_MAX, "pace.requests-per-call"),
            (response_bytes, RESPONSE_BYTES_MAX, "pace.response-bytes"),
        ] {
            self.rule(value.is_none_or(|value| (1..=max).contains(&value)), item, &format!("is from 1 to {max}"));
        }
    }

    fn requires(&mut self, requires: &[String]) {
        self.list(requires, 0, LIST_ENTRIES_MAX, "requires");
        self.once(requires, "requires");
        for (at, name) in requires.iter().enumerate().take(LIST_ENTRIES_MAX) {
            let item = format!("requires[{at}]");
            if self.rule(growth::is_name(name), &item, "is a name of the contract's registry (extra.md)") {
                let known = growth::KNOWN.contains(&name.as_str());
                self.rule(known, &item, &format!("is a name that this release knows: it does not know {name}; a newer one may"));
            }
        }
    }

    fn extra(&mut self, extra: &Extra, item: &str) {
        if let Err(error) = growth::check(extra) {
            self.rule(false, &format!("{item}.extra"), &format!("keeps its rules: {error}"));
        }
    }

    /// Checks an extension: a kind for which the contract has no case.
    fn extension(&mut self, extension: &Extension, requires: &[String], item: &str) -> bool {
        let name = self.rule(requires.contains(&extension.name), item, "is a kind whose name is in requires as well");
        let parameters = growth::check(&extension.parameters);
        match &parameters {
            Ok(()) => name,
            Err(error) => self.rule(false, item, &format!("has parameters that keep their rules: {error}")) && name,
        }
    }

    /// Checks a text that is compared exactly.
    fn value(&mut self, value: &str, item: &str) {
        let fits = (1..=VALUE_CHARACTERS_MAX).contains(&value.chars().count()) && !value.chars().any(|c| c.is_control() || is_deceptive(c));
        self.rule(fits, item, &format!("has 1 to {VALUE_CHARACTERS_MAX} characters and no control characters"));
    }

    /// Checks that each name is given once. Returns the path of each item, for problems.
    fn names<'a>(&mut self, names: impl Iterator<Item = &'a str>, list: &str) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut items = Vec::new();
        for (at, name) in names.enumerate() {
            let item = if is_name(name) { format!("{list}.{name}") } else { format!("{list}[{at}]") };
            self.rule(is_name(name), &format!("{item}.name"), NAME);
            self.rule(seen.insert(name), &format!("{item}.name"), "is given once");
            items.push(item);
        }
        items
    }
}

/// Whether a character can make a reader see a text other than the real one: Unicode's bidirectional overrides, embeddings and isolates,
/// and its line and paragraph separators.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn is_link(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host() && url.username().is_empty())
}

/// Whether a text is a token (RFC 9110, section 5.6.2) in lower case.
fn is_lower_token(text: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=VALUE_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(token)
}

#[cfg(test)]
mod tests;
