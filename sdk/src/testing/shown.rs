//! The result of a call in the words of the contract, for the message of a failed test.

use crate::contract::delivery::{SettingValue, Step, ToldPackage};
use crate::{Applied, Choice, Failure, Report};

/// A result of a call that a failed test can show.
pub trait Shown {
    /// The result as text, with each kind as the contract spells it.
    fn shown(&self) -> String;
}

impl Shown for Applied {
    fn shown(&self) -> String {
        let message = self.message.as_ref().map_or_else(String::new, |message| format!(": {message}"));
        format!("{}{message}{}", self.outcome, done(&self.steps, &self.packages))
    }
}

impl Shown for Failure {
    fn shown(&self) -> String {
        format!("{}, retry {}: {}{}", self.kind, self.retry, self.message, done(&self.steps, &self.packages))
    }
}

impl Shown for Report {
    fn shown(&self) -> String {
        let findings = self.findings.iter().map(|finding| format!("  {} about {}: {}", finding.level, finding.about, finding.message));
        let findings: Vec<_> = findings.collect();
        if findings.is_empty() { "no findings".to_owned() } else { format!("these findings:\n{}", findings.join("\n")) }
    }
}

impl Shown for Vec<Choice> {
    fn shown(&self) -> String {
        let values: Vec<_> = self.iter().map(|choice| choice.value.as_str()).collect();
        if values.is_empty() { "no choices".to_owned() } else { format!("the choices {}", values.join(", ")) }
    }
}

/// The steps and packages that were recorded, for the end of a result's text.
fn done(steps: &[Step], packages: &[ToldPackage]) -> String {
    let reference = |reference: &Option<String>| reference.as_ref().map_or_else(String::new, |text| format!(" ({text})"));
    let steps = steps.iter().map(|step| format!("\n  step: {}{}", step.name, reference(&step.reference)));
    let packages = packages.iter().map(|told| format!("\n  told of package {}{}", told.index, reference(&told.reference)));
    steps.chain(packages).collect()
}

/// A setting's value as a person would write it.
pub(super) fn value(value: &SettingValue) -> String {
    match value {
        SettingValue::Text(text) | SettingValue::Choice(text) | SettingValue::UrlPath(text) => format!("{text:?}"),
        SettingValue::Integer(integer) => integer.to_string(),
        SettingValue::Boolean(boolean) => boolean.to_string(),
        SettingValue::Several(values) => format!("{values:?}"),
        SettingValue::TextMap(pairs) => {
            let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{key:?} = {value:?}")).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FindingSubject;

    #[test]
    fn kinds_are_spelled_as_the_contract_spells_them() {
        let failure = Failure::order_not_found("no order 7").step("looked", Some("p2")).told(0, None);
        assert_eq!(failure.shown(), "order-not-found, retry never: no order 7\n  step: looked (p2)\n  told of package 0");
        assert_eq!(Applied::already_done().message("same").shown(), "already-done: same");
        let report = Report::new().problem(FindingSubject::Permissions, "read only", "give write access");
        assert_eq!(report.shown(), "these findings:\n  problem about permissions: read only");
        assert_eq!(Report::new().shown(), "no findings");
        let choices = |values: &[&str]| values.iter().map(|value| Choice { value: (*value).to_owned(), title: None }).collect::<Vec<_>>();
        assert_eq!((choices(&["a", "b"]).shown().as_str(), choices(&[]).shown().as_str()), ("the choices a, b", "no choices"));
        assert_eq!(value(&SettingValue::TextMap(vec![("a".to_owned(), "b".to_owned())])), "{ \"a\" = \"b\" }");
    }
}
