//! Checks what a guest returned against the bounds that `delivery.wit` states: messages are cut, any other excess ends the call.

use cartage_contract::delivery::{Applied, Choice, Failure, Finding, OrderSeen, Report, Step, ToldPackage};
use cartage_contract::growth::{self, Extra};
use cartage_contract::orders::limits::PACKAGES_MAX;
use cartage_model::exchange::{CallEnd, Outcome};

use std::collections::BTreeSet;

/// The longest message, in bytes; the rest is cut.
const MESSAGE_BYTES_MAX: usize = 4 << 10;
/// The most bytes that a failure may pass to the next attempt.
const RESUME_BYTES_MAX: usize = 4 << 10;
/// The longest reference of a cart, in characters.
const REFERENCE_CHARS_MAX: usize = 255;
/// The longest name of a step, in characters.
const STEP_NAME_CHARS_MAX: usize = 64;
/// The most steps of one attempt.
const STEPS_MAX: usize = 100;
/// The longest value of a choice, in characters.
const CHOICE_CHARS_MAX: usize = 100;
/// The most choices of one list.
const CHOICES_MAX: usize = 1_000;
/// The longest title of a choice, in characters.
const TITLE_CHARS_MAX: usize = 1_000;
/// The most findings of one report.
const FINDINGS_MAX: usize = 100;
/// The most details of an order as the cart sees it.
const DETAILS_MAX: usize = 50;

/// The outcome with its messages cut, or an error that says what breaks the contract. `packages` is the number of packages in the update
/// that the call was about.
pub(super) fn check(mut outcome: Outcome, packages: usize) -> Result<Outcome, CallEnd> {
    match &mut outcome {
        Outcome::Applied(applied) => check_applied(applied, packages),
        Outcome::Failed(failure) => check_failure(failure, packages),
        Outcome::Choices(choices) => check_choices(choices),
        Outcome::Report(report) => check_report(report),
        Outcome::Ended(_) => Ok(()),
    }
    .map_err(|reason| CallEnd::Contract { reason })?;
    Ok(outcome)
}

fn check_applied(applied: &mut Applied, of: usize) -> Result<(), String> {
    applied.message.as_mut().into_iter().for_each(cut);
    reference("the reference", applied.reference.as_deref())?;
    told(&applied.packages, of)?;
    extra(&applied.extra)?;
    steps(&applied.steps)
}

fn check_failure(failure: &mut Failure, of: usize) -> Result<(), String> {
    cut(&mut failure.message);
    at_most("bytes of resume", failure.resume.as_ref().map_or(0, Vec::len), RESUME_BYTES_MAX)?;
    reference("the reference", failure.reference.as_deref())?;
    told(&failure.packages, of)?;
    extra(&failure.extra)?;
    steps(&failure.steps)
}

fn told(packages: &[ToldPackage], of: usize) -> Result<(), String> {
    at_most("told packages", packages.len(), PACKAGES_MAX)?;
    let mut places = BTreeSet::new();
    for ToldPackage { index, reference: own } in packages {
        if !places.insert(index) {
            return Err(format!("it names the package at {index} twice"));
        }
        if usize::try_from(*index).map_or(true, |index| index >= of) {
            return Err(format!("it names the package at {index} as told, and the update has {of} packages"));
        }
        reference("a package's reference", own.as_deref())?;
    }
    Ok(())
}

fn extra(extra: &Extra) -> Result<(), String> {
    growth::check(extra).map_err(|error| format!("its extra breaks a rule: {error}"))
}

fn check_choices(choices: &[Choice]) -> Result<(), String> {
    at_most("choices", choices.len(), CHOICES_MAX)?;
    let mut values = BTreeSet::new();
    for Choice { value, title } in choices {
        characters("a choice's value", value, CHOICE_CHARS_MAX)?;
        if let Some(title) = title {
            characters("a choice's title", title, TITLE_CHARS_MAX)?;
        }
        if !values.insert(value) {
            return Err("it lists a choice twice".to_owned());
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_contract::delivery::{AppliedOutcome, FailureKind, FindingLevel, FindingSubject, PackageSeen, RetryWish};

    fn applied() -> Applied {
        let (steps, packages, extra) = (Vec::new(), Vec::new(), Vec::new());
        Applied { outcome: AppliedOutcome::Done, reference: None, message: None, steps, packages, rest_ms: None, extra }
    }

    fn failure() -> Failure {
        let (message, retry) = (String::new(), RetryWish::Default);
        let (steps, packages, extra) = (Vec::new(), Vec::new(), Vec::new());
        Failure { kind: FailureKind::Protocol, message, retry, steps, resume: None, reference: None, packages, extra }
    }

    fn step(name: usize, reference: usize) -> Step {
        Step { name: "é".repeat(name), reference: Some("é".repeat(reference)) }
    }

    fn seen() -> OrderSeen {
        OrderSeen { order_number: "1021".to_owned(), reference: None, status: None, packages: Vec::new(), details: Vec::new() }
    }

    fn report(findings: usize, order: OrderSeen) -> Outcome {
        let finding = Finding { level: FindingLevel::Fine, about: FindingSubject::Other, message: String::new(), remedy: None };
        Outcome::Report(Report { findings: vec![finding; findings], order: Some(order) })
    }

    /// Checks that a value just within a bound passes unchanged, and that one just over breaks the contract with a reason that says where.
    fn edge(within: Outcome, over: Outcome, reason: &str) {
        assert_eq!(check(within.clone(), 200), Ok(within));
        assert_eq!(check(over, 200), Err(CallEnd::Contract { reason: reason.to_owned() }));
    }

    #[test]
    fn what_is_over_a_bound_breaks_the_contract() {
        let resume = |bytes| Outcome::Failed(Failure { resume: Some(vec![0; bytes]), ..failure() });
        edge(resume(4096), resume(4097), "it has 4097 bytes of resume, and 4096 are allowed");
        let referenced = |chars| Outcome::Applied(Applied { reference: Some("é".repeat(chars)), ..applied() });
        edge(referenced(255), referenced(256), "the reference has 256 characters, and 255 are allowed");
        let steps = |steps| Outcome::Applied(Applied { steps, ..applied() });
        edge(steps(vec![step(1, 0); 100]), steps(vec![step(1, 0); 101]), "it has 101 steps, and 100 are allowed");
        edge(steps(vec![step(64, 255)]), steps(vec![step(65, 255)]), "a step's name has 65 characters, and 1 to 64 are allowed");
        edge(steps(vec![step(1, 255)]), steps(vec![step(0, 255)]), "a step's name has 0 characters, and 1 to 64 are allowed");
        let failed = |step| Outcome::Failed(Failure { steps: vec![step], ..failure() });
        edge(failed(step(1, 255)), failed(step(1, 256)), "a step's reference has 256 characters, and 255 are allowed");
        let choices = |count: usize| Outcome::Choices((0..count).map(|n| Choice { value: n.to_string(), title: None }).collect());
        edge(choices(1000), choices(1001), "it has 1001 choices, and 1000 are allowed");
        let choice =
            |value: usize, title: usize| Outcome::Choices(vec![Choice { value: "é".repeat(value), title: Some("é".repeat(title)) }]);
        edge(choice(100, 1), choice(101, 1), "a choice's value has 101 characters, and 1 to 100 are allowed");
        edge(choice(1, 1000), choice(1, 1001), "a choice's title has 1001 characters, and 1 to 1000 are allowed");
        let twice = Outcome::Choices(vec![Choice { value: "a".into(), title: None }; 2]);
        edge(choices(2), twice, "it lists a choice twice");
        let told = |places: &[u32], chars| {
            let package = |index: &u32| ToldPackage { index: *index, reference: Some("é".repeat(chars)) };
            Outcome::Failed(Failure { packages: places.iter().map(package).collect(), ..failure() })
        };
        edge(told(&[0, 1], 255), told(&[0, 0], 255), "it names the package at 0 twice");
        edge(told(&[0], 255), told(&[0], 256), "a package's reference has 256 characters, and 255 are allowed");
        edge(told(&[199], 1), told(&[200], 1), "it names the package at 200 as told, and the update has 200 packages");
        let all: Vec<u32> = (0..101).collect();
        edge(told(&all[..100], 1), told(&all, 1), "it has 101 told packages, and 100 are allowed");
        let found = |chars| Outcome::Failed(Failure { reference: Some("é".repeat(chars)), ..failure() });
        edge(found(255), found(256), "the reference has 256 characters, and 255 are allowed");
        let more = |bytes| Outcome::Applied(Applied { extra: vec![("a".into(), "x".repeat(bytes))], ..applied() });
        edge(more(4096), more(4097), "its extra breaks a rule: the value of a has 4097 bytes, and 4096 are allowed");
        edge(report(100, seen()), report(101, seen()), "it has 101 findings, and 100 are allowed");
        let package = PackageSeen { carrier: None, tracking_number: None };
        let packages = |count| report(0, OrderSeen { packages: vec![package.clone(); count], ..seen() });
        edge(packages(100), packages(101), "it has 101 packages, and 100 are allowed");
        let details = |count| report(0, OrderSeen { details: vec![(String::new(), String::new()); count], ..seen() });
        edge(details(50), details(51), "it has 51 details, and 50 are allowed");
        let named = |chars| report(0, OrderSeen { reference: Some("é".repeat(chars)), ..seen() });
        edge(named(255), named(256), "the order's reference has 256 characters, and 255 are allowed");
    }

    #[test]
    fn messages_are_cut_at_a_character() {
        let long = format!("x{}", "é".repeat(3000));
        let cut = |bytes: usize| long[..bytes].to_owned();
        assert!(!long.is_char_boundary(4096));
        let Ok(Outcome::Failed(failed)) = check(Outcome::Failed(Failure { message: long.clone(), ..failure() }), 0) else {
            panic!("it is cut")
        };
        assert_eq!(failed.message, cut(4095));
        let Ok(Outcome::Applied(done)) = check(Outcome::Applied(Applied { message: Some(cut(4095) + "x"), ..applied() }), 0) else {
            panic!("it fits")
        };
        assert_eq!(done.message, Some(cut(4095) + "x"));
        let finding =
            Finding { level: FindingLevel::Fine, about: FindingSubject::Other, message: long.clone(), remedy: Some(long.clone()) };
        let Ok(Outcome::Report(report)) = check(Outcome::Report(Report { findings: vec![finding], order: None }), 0) else {
            panic!("it is cut")
        };
        assert_eq!((&report.findings[0].message, &report.findings[0].remedy), (&cut(4095), &Some(cut(4095))));
    }
}
