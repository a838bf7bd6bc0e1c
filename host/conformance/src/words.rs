//! Outcomes in words, for reports.

use cartage_contract::delivery::{AppliedOutcome, FailureKind};
use cartage_model::exchange::Outcome;

/// An outcome in a few words.
pub(super) fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied(applied) if applied.outcome == AppliedOutcome::Done => "applied (done)".to_owned(),
        Outcome::Applied(_) => "applied (already done)".to_owned(),
        Outcome::Failed(failure) => format!("{}: {}", kind(failure.kind), failure.message),
        Outcome::Choices(choices) => cartage_base::counted::counted(choices.len(), "choice"),
        Outcome::Report(report) => format!("a report with {}", cartage_base::counted::counted(report.findings.len(), "finding")),
        Outcome::Ended(ended) => ended.to_string(),
    }
}

/// A kind of failure, as the contract writes it.
pub(super) fn kind(kind: FailureKind) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}
