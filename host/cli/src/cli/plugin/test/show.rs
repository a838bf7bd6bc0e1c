//! The result of a test for a person: one line a case with its problems below, then the certificate and the summary.

use crate::cli::report;
use cartage::counted::counted;
use cartage_conformance::{Case, CaseVerdict, Level, Problem, Report};

/// Largest number of problems shown for a case. `--json` prints all of them.
const SHOWN_MAX: usize = 3;

pub(super) fn show(outcome: &Report) {
    let level = match outcome.level {
        Level::Basic => "basic",
        Level::High => "high",
    };
    report::heading(&format!("{} {}, level {level}, seed {}", outcome.plugin, outcome.version, outcome.seed));
    let width = outcome.cases.iter().map(|case| case.name.len()).max().unwrap_or(0);
    outcome.cases.iter().for_each(|case| show_case(case, width));
    report::heading("the most that a call used of each limit");
    let limits = outcome.limits.iter().map(|measured| {
        let share = format!("{} of {} ({} %)", measured.used, measured.of, measured.percent);
        (measured.limit, if measured.case.is_empty() { share } else { format!("{share}, in the case {}", measured.case) })
    });
    report::rows(&limits.collect::<Vec<_>>());
    report::line(&sum(outcome));
}

fn show_case(case: &Case, width: usize) {
    let line = |word: &str| report::line(format!("  {:width$}  {word}", case.name).trim_end());
    match &case.verdict {
        CaseVerdict::Passed => line("ok"),
        CaseVerdict::Bypassed { reason } => line(&format!("bypassed: {reason}")),
        CaseVerdict::NeedlesslyBypassed { .. } => line("ok, and bypassed without need: take the [[bypass]] out of the cart script"),
        CaseVerdict::Failed { problems, further } => {
            line("FAILED");
            problems.iter().take(SHOWN_MAX).for_each(show_problem);
            let more = problems.len().saturating_sub(SHOWN_MAX) + further;
            if more > 0 {
                report::line(&format!("      and {}, which --json lists", counted(more, "further problem")));
            }
        }
    }
}

fn show_problem(problem: &Problem) {
    let Problem { attempted, came, wrong, remedy } = problem;
    for (name, text) in [("attempted:", attempted), ("result:", came), ("problem:", wrong), ("what to do:", remedy)] {
        report::line(&format!("      {name:16}{}", cartage::visible::line(text)));
    }
}

fn sum(outcome: &Report) -> String {
    let failed = outcome.cases.iter().filter(|case| case.verdict.is_failure()).count();
    let bypassed = outcome.cases.iter().filter(|case| matches!(case.verdict, CaseVerdict::Bypassed { .. })).count();
    let all = counted(outcome.cases.len(), "case");
    let bypassed = if bypassed == 0 { String::new() } else { format!(", {bypassed} bypassed") };
    let calls = counted(outcome.calls, "call");
    if failed == 0 { format!("passed: {all}{bypassed}, {calls}") } else { format!("FAILED: {failed} of {all}{bypassed}, {calls}") }
}
