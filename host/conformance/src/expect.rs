//! The requirements on every call, whatever the cart answers.

use super::bench::{Attempt, Came};
use super::report::Problem;
use super::words::shown;
use cartage_contract::delivery::AppliedOutcome;
use cartage_contract::http::Effect;
use cartage_model::exchange::{CallEnd, Outcome};

/// The problems of a call by itself: it did not return, requested what it may not have, or made a request that the script does not
/// describe.
pub(super) fn sound(attempted: &str, came: &Came) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Outcome::Ended(ended) = &came.outcome {
        let remedy = match ended {
            CallEnd::Trap { .. } => "return a failure instead: no answer of a cart may make a plugin panic",
            CallEnd::Limit { .. } => "bound what the plugin does with an answer, or with a large update",
            CallEnd::Contract { .. } => "keep to the bounds that wit/delivery.wit states",
            CallEnd::Stopped(_) | CallEnd::Host { .. } => "try again on a machine with more room",
        };
        problems.push(Problem::new(attempted, ended.to_string(), "every call must return an outcome", remedy));
    }
    if let Some(denied) = came.log.denied.first() {
        let remedy = "declare it in the manifest, or do not ask for it";
        problems.push(Problem::new(
            attempted,
            format!("the plugin asked for what a host denies: {denied}"),
            "such a request is never sent",
            remedy,
        ));
    }
    if let Some(unruled) = came.log.unruled.first() {
        let remedy = "add a [[rule]] for it to the cart script";
        problems.push(Problem::new(
            attempted,
            format!("the plugin asked {unruled}"),
            "no rule of the cart script fits this request",
            remedy,
        ));
    }
    problems
}

/// The problem of a success although the cart is not known to have taken the update; `None` if there is none.
pub(super) fn false_success(attempted: &str, attempt: &Attempt<'_>, came: &Came) -> Option<Problem> {
    let Outcome::Applied(applied) = &came.outcome else { return None };
    let exchanges = &came.log.exchanges;
    let last_write = exchanges.iter().rposition(|exchange| exchange.effect == Effect::Writes);
    let wrong = match last_write {
        // A complete answer to a later read also shows whether the write succeeded.
        Some(place) if exchanges[place..].iter().any(|exchange| exchange.is_whole) => return None,
        Some(place) => format!("the cart gave no whole answer to {} (request {}), the last that writes", exchanges[place].name, place + 1),
        None if applied.outcome == AppliedOutcome::Done && attempt.earlier.is_empty() => {
            "no request was made that writes anything".to_owned()
        }
        None => return None,
    };
    let remedy = "say `applied` only after an answer of the cart that says so; else return the failure, so that the update is tried again";
    Some(Problem::new(attempted, shown(&came.outcome), wrong, remedy))
}

/// The problems of [`sound`] and [`false_success`] together.
pub(super) fn honest(attempted: &str, attempt: &Attempt<'_>, came: &Came) -> Vec<Problem> {
    let mut problems = sound(attempted, came);
    problems.extend(false_success(attempted, attempt, came));
    problems
}
