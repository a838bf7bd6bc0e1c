//! What a guest returned, held to the bounds that `delivery.wit` states: messages are cut, everything else ends the call.

use crate::exchange::{Ended, Outcome};
use cartage_contract::delivery::{Applied, Failure, Finding, OrderSeen, Report, Status, Step};

/// Bytes of a message. More is cut.
const MESSAGE_BYTES_MAX: usize = 4 << 10;
/// Bytes that a failure hands to the next attempt.
const RESUME_BYTES_MAX: usize = 4 << 10;
/// Characters of a reference of the cart's.
const REFERENCE_CHARS_MAX: usize = 255;
/// Characters of a step's name.
const STEP_NAME_CHARS_MAX: usize = 64;
/// Steps of one attempt.
const STEPS_MAX: usize = 100;
/// Characters of a status's value.
const STATUS_CHARS_MAX: usize = 100;
/// Statuses of one cart.
const STATUSES_MAX: usize = 1_000;
/// Findings of one report.
const FINDINGS_MAX: usize = 100;
/// Packages of an order as the cart sees it.
const PACKAGES_MAX: usize = 100;
/// Details of an order as the cart sees it.
const DETAILS_MAX: usize = 50;

/// The outcome with its messages cut, or what in it breaks the contract.
pub(super) fn check(mut outcome: Outcome) -> Result<Outcome, Ended> {
    match &mut outcome {
        Outcome::Applied(applied) => check_applied(applied),
        Outcome::Failed(failure) => check_failure(failure),
        Outcome::Statuses(statuses) => check_statuses(statuses),
        Outcome::Report(report) => check_report(report),
        Outcome::Ended(_) => Ok(()),
    }
    .map_err(|reason| Ended::Contract { reason })?;
    Ok(outcome)
}

fn check_applied(applied: &mut Applied) -> Result<(), String> {
    applied.message.as_mut().into_iter().for_each(cut);
    reference("the reference", applied.reference.as_deref())?;
    steps(&applied.steps)
}

fn check_failure(failure: &mut Failure) -> Result<(), String> {
    cut(&mut failure.message);
    at_most("bytes of resume", failure.resume.as_ref().map_or(0, Vec::len), RESUME_BYTES_MAX)?;
    steps(&failure.steps)
}

fn check_statuses(statuses: &[Status]) -> Result<(), String> {
    at_most("statuses", statuses.len(), STATUSES_MAX)?;
    statuses.iter().try_for_each(|status| characters("a status's value", &status.value, STATUS_CHARS_MAX))
}

fn check_report(report: &mut Report) -> Result<(), String> {
    at_most("findings", report.findings.len(), FINDINGS_MAX)?;
    for Finding { message, remedy, .. } in &mut report.findings {
        cut(message);
        remedy.as_mut().into_iter().for_each(cut);
    }
    let Some(OrderSeen { reference: own, packages, details, .. }) = &report.order else { return Ok(()) };
    reference("the order's reference", own.as_deref())?;
    at_most("packages", packages.len(), PACKAGES_MAX)?;
    at_most("details", details.len(), DETAILS_MAX)
}

fn steps(steps: &[Step]) -> Result<(), String> {
    at_most("steps", steps.len(), STEPS_MAX)?;
    steps.iter().try_for_each(|step| {
        characters("a step's name", &step.name, STEP_NAME_CHARS_MAX)?;
        reference("a step's reference", step.reference.as_deref())
    })
}

fn cut(message: &mut String) {
    message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
}

fn reference(what: &str, reference: Option<&str>) -> Result<(), String> {
    let count = reference.map_or(0, |reference| reference.chars().count());
    if count <= REFERENCE_CHARS_MAX { Ok(()) } else { Err(format!("{what} has {count} characters, and {REFERENCE_CHARS_MAX} are allowed")) }
}

fn characters(what: &str, text: &str, max: usize) -> Result<(), String> {
    let count = text.chars().count();
    if (1..=max).contains(&count) { Ok(()) } else { Err(format!("{what} has {count} characters, and 1 to {max} are allowed")) }
}

fn at_most(what: &str, count: usize, max: usize) -> Result<(), String> {
    if count <= max { Ok(()) } else { Err(format!("it has {count} {what}, and {max} are allowed")) }
}
