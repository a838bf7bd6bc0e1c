//! The report of an examination, as plain data.

use super::Level;
use cartage_model::id::Digest;
use serde::Serialize;

/// The most problems of one case that are listed; further ones are counted.
pub(super) const PROBLEMS_MAX: usize = 20;

/// The report of an examination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The plugin's name, from its manifest.
    pub plugin: String,
    /// The plugin's version, from its manifest.
    pub version: String,
    /// The digest of the plugin's file.
    pub digest: Digest,
    /// The level of the examination.
    pub level: Level,
    /// The seed of the random answers.
    pub seed: u64,
    /// Whether no case failed.
    pub passed: bool,
    /// The number of calls of the plugin.
    pub calls: u32,
    /// The cases, in the order in which they were run.
    pub cases: Vec<Case>,
    /// The certificate: the most that any call used of each limit.
    pub limits: Vec<Measured>,
}

/// A case and its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// The case's name, as in `docs/conformance.md` or the cart script.
    pub name: String,
    /// The result of the case.
    #[serde(flatten)]
    pub verdict: CaseVerdict,
}

/// The result of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum CaseVerdict {
    /// The plugin meets the requirement.
    Passed,
    /// The plugin does not meet the requirement.
    Failed {
        /// The problems, at least one.
        problems: Vec<Problem>,
        /// The number of further problems, which are not listed.
        further: usize,
    },
    /// The plugin does not meet the requirement, and the cart script says why that is accepted.
    Bypassed {
        /// The reason in the cart script.
        reason: String,
    },
    /// The plugin meets the requirement, and the cart script bypasses the case all the same.
    NeedlesslyBypassed {
        /// The reason in the cart script, which no longer applies.
        reason: String,
    },
}

/// One violation of a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What was attempted.
    pub attempted: String,
    /// What the plugin did.
    pub came: String,
    /// Why the plugin's behaviour is wrong.
    pub wrong: String,
    /// How to fix the plugin or the script.
    pub remedy: String,
}

/// The most that any call used of a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// The limit, as a cart's definition names it.
    pub limit: &'static str,
    /// The most that a call used, in the limit's unit.
    pub used: u64,
    /// The limit itself, in the same unit.
    pub of: u64,
    /// The share that was used, in percent, rounded up.
    pub percent: u64,
    /// The case with that call; empty if no call used any.
    pub case: String,
}

impl CaseVerdict {
    /// The verdict on a case with these problems. `bypass` is the reason for which the script bypasses the case, if it does.
    pub(super) fn of(mut problems: Vec<Problem>, bypass: Option<&str>) -> CaseVerdict {
        match (problems.is_empty(), bypass) {
            (true, None) => CaseVerdict::Passed,
            (true, Some(reason)) => CaseVerdict::NeedlesslyBypassed { reason: reason.to_owned() },
            (false, Some(reason)) => CaseVerdict::Bypassed { reason: reason.to_owned() },
            (false, None) => {
                let further = problems.len().saturating_sub(PROBLEMS_MAX);
                problems.truncate(PROBLEMS_MAX);
                CaseVerdict::Failed { problems, further }
            }
        }
    }

    /// Whether this verdict means that the plugin does not conform.
    pub fn is_failure(&self) -> bool {
        matches!(self, CaseVerdict::Failed { .. })
    }
}

impl Problem {
    pub(super) fn new(attempted: &str, came: impl Into<String>, wrong: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem { attempted: attempted.to_owned(), came: came.into(), wrong: wrong.into(), remedy: remedy.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bypass_of_a_case_that_passes_is_told_and_no_failure() {
        let problem = Problem::new("a", "b", "c", "d");
        assert_eq!(CaseVerdict::of(vec![], None), CaseVerdict::Passed);
        assert_eq!(CaseVerdict::of(vec![], Some("x")), CaseVerdict::NeedlesslyBypassed { reason: "x".into() });
        assert_eq!(CaseVerdict::of(vec![problem.clone()], Some("x")), CaseVerdict::Bypassed { reason: "x".into() });
        let many = CaseVerdict::of(vec![problem.clone(); PROBLEMS_MAX + 3], None);
        assert_eq!(many, CaseVerdict::Failed { problems: vec![problem; PROBLEMS_MAX], further: 3 });
        assert!(many.is_failure());
    }
}
