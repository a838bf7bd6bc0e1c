//! What a manifest may say: every rule of manifest.wit, checked once, when the plugin is admitted.
//!
//! All problems are told at once, each with the item and the rule that it breaks, because a plugin's author would otherwise rebuild
//! once a problem. What passed needs no second look: names are safe to print, references lead somewhere, patterns compile, defaults fit.

mod endpoints;
mod settings;
mod slots;

use super::{About, Manifest, Statuses, is_name};
use crate::parts::Shown;
use regex_lite::Regex;
use std::collections::BTreeSet;
use std::fmt;

/// Entries of a list, unless it says otherwise.
pub const LIST_ENTRIES_MAX: usize = 100;
/// Characters of a text for people.
pub const TEXT_CHARACTERS_MAX: usize = 1000;
/// Entries of `carriers`.
pub const CARRIERS_MAX: usize = 1000;
/// Characters of a status, a choice, a carrier, a personal field or a query pair's name.
pub const VALUE_CHARACTERS_MAX: usize = 100;

/// Semantic Versioning 2.0.0, the expression that its authors give.
const SEMVER: &str = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$";

/// Something in a manifest that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What: `endpoints.api.path-prefixes[0]`.
    pub item: String,
    /// The rule that it breaks: `starts with a slash`.
    pub rule: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.item, self.rule)
    }
}

/// A manifest breaks rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the manifest breaks its rules: {}", problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; "))]
pub struct Error {
    /// All that is wrong, in the manifest's order. At least one.
    pub problems: Vec<Problem>,
}

impl Manifest {
    /// Checks every rule of manifest.wit and lists all that is wrong at once.
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
        check.settings(&self.settings);
        match &self.statuses {
            Statuses::Fixed(statuses) => {
                check.list(statuses, 1, LIST_ENTRIES_MAX, "statuses");
                check.values(statuses.iter().map(|status| status.value.as_str()), "statuses");
                for (at, title) in statuses.iter().enumerate().filter_map(|(at, status)| Some((at, status.title.as_ref()?))) {
                    check.text(title, &format!("statuses[{at}].title"));
                }
            }
            Statuses::FreeText | Statuses::Ask => {}
        }
        check.list(&self.carriers, 0, CARRIERS_MAX, "carriers");
        check.values(self.carriers.iter().map(String::as_str), "carriers");
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

/// The rule of names, as a problem tells it.
const NAME: &str = "is 1 to 63 lower-case letters, digits and hyphens, a letter or digit first";

/// Collects problems.
#[derive(Default)]
struct Check {
    problems: Vec<Problem>,
}

impl Check {
    /// Tells a rule that does not hold. Returns whether it does.
    fn rule(&mut self, holds: bool, item: &str, rule: &str) -> bool {
        if !holds {
            self.problems.push(Problem { item: item.to_owned(), rule: rule.to_owned() });
        }
        holds
    }

    /// Text for people that says something.
    fn text(&mut self, text: &str, item: &str) -> bool {
        self.rule(!text.trim().is_empty(), item, "is not empty") && self.optional_text(text, item)
    }

    /// Text for people that may be empty.
    fn optional_text(&mut self, text: &str, item: &str) -> bool {
        let length = self.rule(text.chars().count() <= TEXT_CHARACTERS_MAX, item, &format!("has at most {TEXT_CHARACTERS_MAX} characters"));
        let clean = !text.chars().any(|c| (c.is_control() && c != '\n') || is_deceptive(c));
        self.rule(clean, item, "has no control characters but line feeds, and no characters that reorder or hide text") && length
    }

    /// One line without spaces: an address.
    fn line(&mut self, text: &str, item: &str) -> bool {
        self.text(text, item) && self.rule(!text.contains(char::is_whitespace), item, "has no spaces")
    }

    fn list<T>(&mut self, list: &[T], min: usize, max: usize, item: &str) {
        let rule = if list.len() < min { format!("has at least {min} entry") } else { format!("has at most {max} entries") };
        self.rule((min..=max).contains(&list.len()), item, &rule);
    }

    /// Exact values: each given once.
    fn values<'a>(&mut self, values: impl Iterator<Item = &'a str>, list: &str) {
        let mut seen = BTreeSet::new();
        for (at, value) in values.enumerate() {
            let item = format!("{list}[{at}]");
            self.value(value, &item);
            self.rule(seen.insert(value), &item, &format!("is given once; {} is there before", Shown::of(value)));
        }
    }

    /// A text that is compared exactly.
    fn value(&mut self, value: &str, item: &str) {
        let fits = (1..=VALUE_CHARACTERS_MAX).contains(&value.chars().count()) && !value.chars().any(|c| c.is_control() || is_deceptive(c));
        self.rule(fits, item, &format!("has 1 to {VALUE_CHARACTERS_MAX} characters and no control characters"));
    }

    /// Named things, each name given once. Returns what to call each in a problem.
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

/// Characters that make a reader see another text than the one that is there: Unicode's bidirectional overrides, embeddings and isolates,
/// and its line and paragraph separators.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn is_link(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host() && url.username().is_empty())
}

/// A token of RFC 9110, section 5.6.2, in lower case.
fn is_lower_token(text: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=VALUE_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(token)
}

#[cfg(test)]
mod tests;
