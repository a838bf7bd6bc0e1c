//! Questions about a new cart, from its plugin's manifest. Each answer is checked as it will be when the cart is loaded, and the question is repeated until
//! the answer is valid.
//!
//! Questions go to standard error, so that the cart's file can go to standard output. Answers are lines of standard input, from a terminal or from a program.
//! If the input ends before the last question, nothing is written.

use super::base_url::usable;
use crate::cli::plugin::{takes, typed, value_text};
use crate::cli::{Failure, report};
use cartage::egress::credential::{self, alternatives};
use cartage::egress::endpoint::exception_for;
use cartage::events::Label;
use cartage::service::List;
use cartage::visible;
use cartage_contract::delivery::{Choice, ChoicesOf, SettingValue};
use cartage_contract::manifest::{Base, Endpoint, Manifest, Plain, Setting, SettingKind, Slot, SlotField, Statuses};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read as _};

/// Largest length of an answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 16 << 10;

/// The operator's answers. A question that was left unanswered has no entry.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Base URLs, by endpoint.
    pub(super) endpoints: BTreeMap<String, String>,
    /// Values by setting.
    pub(super) settings: BTreeMap<String, SettingValue>,
    /// Values that are not secret, by slot and field.
    pub(super) credentials: BTreeMap<(String, String), String>,
    /// Pairs of a label and its status at the cart.
    pub(super) labels: Vec<(String, String)>,
}

/// Asks for everything that the plugin takes and a cart's file may hold. `lists` holds the choices that the shop gave earlier.
pub(super) fn ask(manifest: &Manifest, lists: &[List], input: &mut impl BufRead) -> Result<Answers, Failure> {
    let mut answers = Answers::default();
    report::talk(&format!("The plugin {} {}: {}", manifest.name, manifest.version, manifest.summary));
    for endpoint in &manifest.endpoints {
        if let Some(url) = ask_endpoint(manifest, endpoint, input)? {
            answers.endpoints.insert(endpoint.name.clone(), url);
        }
    }
    for setting in &manifest.settings {
        if let Some(value) = ask_setting(setting, lists, input)? {
            answers.settings.insert(setting.name.clone(), value);
        }
    }
    let chosen = ask_alternatives(manifest, input)?;
    for slot in manifest.slots.iter().filter(|slot| slot.alternative.is_none() || chosen.contains(&slot.name)) {
        for field in slot.fields.iter().filter(|field| !field.secret) {
            if let Some(text) = ask_field(manifest, slot, field, input)? {
                answers.credentials.insert((slot.name.clone(), field.name.clone()), text);
            }
        }
    }
    answers.labels = ask_labels(manifest, lists, input)?;
    Ok(answers)
}

/// Asks which one of several alternative slots the operator has.
fn ask_alternatives(manifest: &Manifest, input: &mut impl BufRead) -> Result<BTreeSet<String>, Failure> {
    let mut chosen = BTreeSet::new();
    for (name, slots) in alternatives(manifest) {
        report::talk_lines("\nWhich of these credentials do you have? Exactly one is set");
        slots.iter().for_each(|slot| report::talk(&format!("  {}: {}", slot.name, slot.purpose)));
        let answer = question(name, Empty::No, input, |text| match slots.iter().find(|slot| slot.name == text) {
            Some(slot) => Ok(slot.name.clone()),
            None => Err(format!("{text:?} is not one of these credentials")),
        })?;
        chosen.extend(answer);
    }
    Ok(chosen)
}

/// The shop's choices for this list; `None` if the shop was not asked.
fn listed<'l>(lists: &'l [List], of: &ChoicesOf) -> Option<&'l [Choice]> {
    lists.iter().find(|list| list.of == *of).map(|list| list.choices.as_slice())
}

fn ask_endpoint(manifest: &Manifest, endpoint: &Endpoint, input: &mut impl BufRead) -> Result<Option<String>, Failure> {
    let like = match &endpoint.base {
        Base::Fixed(url) => {
            report::talk_lines(&format!("\n{}: always {}", visible::line(&endpoint.purpose), visible::line(url)));
            return Ok(endpoint.required.then(|| url.clone()));
        }
        Base::Any => String::new(),
        Base::Pattern(pattern) => format!(", like {pattern}"),
        Base::OneOf(urls) => format!(", one of {}", urls.join(", ")),
    };
    report::talk_lines(&format!(
        "\nWhere is {}?\n  A URL{}, for example {}",
        visible::line(&endpoint.purpose),
        visible::line(&like),
        visible::line(&endpoint.example)
    ));
    let empty = if endpoint.required { Empty::No } else { Empty::LeavesOut };
    let url = question(&endpoint.name, empty, input, |url| usable(manifest, endpoint, url))?;
    if let Some(exception) = url.as_deref().and_then(exception_for) {
        report::talk(&format!(
            "  This address is in a private network: the file allows this endpoint to reach {}, and nothing else",
            exception.allow
        ));
    }
    Ok(url)
}

fn ask_setting(setting: &Setting, lists: &[List], input: &mut impl BufRead) -> Result<Option<SettingValue>, Failure> {
    report::talk_lines(&format!(
        "\n{}\n  {}\n  It takes {}",
        visible::line(&setting.title),
        visible::line(&setting.help),
        visible::line(&takes(&setting.kind))
    ));
    let asked = || listed(lists, &ChoicesOf::Setting(setting.name.clone()));
    for choice in setting.kind.choices().and_then(|choices| choices.fixed().or_else(asked)).unwrap_or_default() {
        let title = choice.title.as_ref().map(|title| format!(": {title}")).unwrap_or_default();
        report::talk(&format!("    {}{title}", choice.value));
    }
    let empty = match (&setting.default, setting.required) {
        (Some(default), _) => Empty::Default(value_text(default)),
        (None, true) => Empty::No,
        (None, false) => Empty::LeavesOut,
    };
    if matches!(setting.kind, SettingKind::TextMap(_) | SettingKind::ChoiceMap(_)) {
        return ask_map(setting, &empty, input);
    }
    question(&setting.name, empty, input, |text| {
        let plain = typed(&setting.kind, text)?;
        setting.read(plain).map_err(|error| error.to_string())
    })
}

/// Asks for a map, one entry an answer. An empty answer ends the map.
fn ask_map(setting: &Setting, empty: &Empty, input: &mut impl BufRead) -> Result<Option<SettingValue>, Failure> {
    report::talk("  Write one name=value per line; an empty line ends the list");
    let mut map = BTreeMap::new();
    loop {
        let none_yet = if map.is_empty() { empty.clone() } else { Empty::LeavesOut };
        let entry = question(&setting.name, none_yet, input, |text| {
            let Plain::Map(entry) = typed(&setting.kind, text)? else { return Err("an entry has the form name=value".to_owned()) };
            setting.read(Plain::Map(entry.clone())).map_err(|error| error.to_string())?;
            Ok(entry)
        })?;
        match entry {
            Some(entry) => map.extend(entry),
            None if map.is_empty() => return Ok(None),
            None => return setting.read(Plain::Map(map)).map(Some).map_err(Failure::from),
        }
    }
}

fn ask_field(manifest: &Manifest, slot: &Slot, field: &SlotField, input: &mut impl BufRead) -> Result<Option<String>, Failure> {
    report::talk_lines(&format!("\n{}: {}", visible::line(&slot.purpose), visible::line(&field.purpose)));
    let empty = if field.required { Empty::No } else { Empty::LeavesOut };
    question(&format!("{}.{}", slot.name, field.name), empty, input, |text| {
        let checked = credential::check_value(manifest, &slot.name, &field.name, &SecretString::from(text));
        checked.map(|_| text.to_owned()).map_err(|error| error.to_string())
    })
}

/// Asks for labels and their statuses. An empty answer ends the list.
fn ask_labels(manifest: &Manifest, lists: &[List], input: &mut impl BufRead) -> Result<Vec<(String, String)>, Failure> {
    let statuses = match &manifest.statuses {
        Statuses::Fixed(all) => Some(all.as_slice()),
        Statuses::Asked => listed(lists, &ChoicesOf::Statuses),
        Statuses::FreeText => None,
    };
    if let Some(all) = statuses {
        report::talk_lines("\nThe cart has these statuses:");
        for status in all {
            let title = status.title.as_ref().map(|title| format!(" ({title})")).unwrap_or_default();
            report::talk(&format!("  {}{title}", status.value));
        }
    } else if manifest.statuses == Statuses::Asked {
        report::talk_lines(
            "\nThe cart's statuses are known once the cart is loaded: `cartage cart check` lists them and checks the labels",
        );
    }
    report::talk_lines("\nWhich labels of your Order Manager have another name at the cart? An empty line ends the list");
    let mut labels: Vec<(String, String)> = Vec::new();
    loop {
        let label = question("label", Empty::LeavesOut, input, |text| {
            if labels.iter().any(|(known, _)| known == text) {
                return Err(format!("{text:?} was given already"));
            }
            Label::new(text).map(|label| label.to_string()).map_err(|error| error.to_string())
        })?;
        let Some(label) = label else { return Ok(labels) };
        let to = question("  is at the cart (a status, tracking-only or ignore)", Empty::No, input, |text| {
            let words = ["tracking-only", "ignore"];
            let known = statuses.is_none_or(|all| words.contains(&text) || all.iter().any(|status| status.value == text));
            if known { Ok(text.to_owned()) } else { Err(format!("the cart has no status {text:?}")) }
        })?;
        labels.extend(to.map(|to| (label, to)));
    }
}

/// What an empty answer means.
#[derive(Debug, Clone)]
enum Empty {
    /// An empty answer is not accepted, and the question is repeated.
    No,
    /// The item is left out.
    LeavesOut,
    /// The plugin's default applies.
    Default(String),
}

/// Repeats a question until the answer can be read; `None` if the answer was empty and an empty answer is accepted.
fn question<T>(name: &str, empty: Empty, input: &mut impl BufRead, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, Failure> {
    let default = match &empty {
        Empty::No => String::new(),
        Empty::LeavesOut => " [leave out]".to_owned(),
        Empty::Default(default) => format!(" [{default}]"),
    };
    loop {
        report::prompt(&format!("{name}{default}: "));
        let mut line = String::new();
        let bytes = input.take(ANSWER_BYTES_MAX).read_line(&mut line)?;
        if bytes == 0 {
            report::talk("");
            return Err(Failure::wrong_use(format!("the answers ended at the question for {}, so nothing was written", name.trim()))
                .what_to_do("answer every question; an empty line accepts the value in brackets"));
        }
        let text = line.trim();
        let problem = match (text.is_empty(), &empty) {
            _ if bytes as u64 == ANSWER_BYTES_MAX => {
                return Err(Failure::wrong_use(format!("an answer has at most {ANSWER_BYTES_MAX} bytes, so nothing was written")));
            }
            (true, Empty::No) => "an answer is needed here".to_owned(),
            (true, Empty::LeavesOut | Empty::Default(_)) => return Ok(None),
            (false, _) => match read(text) {
                Ok(value) => return Ok(Some(value)),
                Err(problem) => problem,
            },
        };
        report::talk(&format!("  {problem}; please answer again"));
    }
}

#[cfg(test)]
mod tests;
