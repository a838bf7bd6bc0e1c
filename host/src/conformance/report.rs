//! What came of an examination: plain data.

use super::Level;
use crate::id::Digest;
use serde::Serialize;

/// Problems of one case that are kept; the others are counted.
pub(super) const PROBLEMS_MAX: usize = 20;

/// What came of an examination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The plugin's name.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// The digest of its file.
    pub digest: Digest,
    /// How much was tried.
    pub level: Level,
    /// Where random answers began.
    pub seed: u64,
    /// Whether no case failed.
    pub passed: bool,
    /// Calls of the plugin that were made.
    pub calls: u32,
    /// The cases, in the order in which they were run.
    pub cases: Vec<Case>,
    /// The certificate: the most that any call used of each limit.
    pub limits: Vec<Measured>,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// What came of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// The plugin keeps it.
    Passed,
    /// It does not.
    Failed {
        /// What is wrong, at least one thing.
        problems: Vec<Problem>,
        /// Further things that are wrong, which are not listed.
        further: usize,
    },
    /// It does not, and the cart script says why it is not held to it.
    Bypassed {
        /// The reason that the cart script gives.
        reason: String,
    },
    /// It does, and the cart script bypasses it all the same.
    NeedlesslyBypassed {
        /// The script's reason, which does not hold any more.
        reason: String,
    },
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What was attempted.
    pub attempted: String,
    /// What came of it.
    pub came: String,
    /// Why that is wrong.
    pub wrong: String,
    /// What to do.
    pub remedy: String,
}

/// The most that any call used of a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// The limit, as a cart's definition names it.
    pub limit: &'static str,
    /// The most that was used.
    pub used: u64,
    /// How much there is.
    pub of: u64,
    /// The share that was used, in percent, rounded up.
    pub percent: u64,
    /// The case in which it was used. Empty: in none.
    pub case: String,
}

impl Verdict {
    /// Of a case's problems, and the reason for which the script bypasses the case, if it does.
    pub(super) fn of(mut problems: Vec<Problem>, bypass: Option<&str>) -> Verdict {
        match (problems.is_empty(), bypass) {
            (true, None) => Verdict::Passed,
            (true, Some(reason)) => Verdict::NeedlesslyBypassed { reason: reason.to_owned() },
            (false, Some(reason)) => Verdict::Bypassed { reason: reason.to_owned() },
            (false, None) => {
                let further = problems.len().saturating_sub(PROBLEMS_MAX);
                problems.truncate(PROBLEMS_MAX);
                Verdict::Failed { problems, further }
            }
        }
    }

    /// Whether the plugin does not conform because of it.
    pub fn is_failure(&self) -> bool {
        matches!(self, Verdict::Failed { .. })
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
        assert_eq!(Verdict::of(vec![], None), Verdict::Passed);
        assert_eq!(Verdict::of(vec![], Some("x")), Verdict::NeedlesslyBypassed { reason: "x".into() });
        assert_eq!(Verdict::of(vec![problem.clone()], Some("x")), Verdict::Bypassed { reason: "x".into() });
        let many = Verdict::of(vec![problem.clone(); PROBLEMS_MAX + 3], None);
        assert_eq!(many, Verdict::Failed { problems: vec![problem; PROBLEMS_MAX], further: 3 });
        assert!(many.is_failure());
    }
}
