//! `cartage cart check`: what the plugin finds of the cart.

use crate::cli::attempt::warn_of_reflection;
use crate::cli::{Failure, Verdict, init, report};
use cartage::exchange::Outcome;
use cartage::id::SenderOrderNumber;
use cartage::office::{Checked, KeptCart, Known, Next, Office};
use cartage_contract::delivery::{Choice, Finding, FindingLevel, OrderSeen, Report};

/// Asks the plugin, and shows what it found.
pub(in crate::cli) async fn run(
    office: &Office,
    kept: &KeptCart,
    order: Option<&SenderOrderNumber>,
    json: bool,
) -> Result<Verdict, Failure> {
    let Checked { cassette, next } = Box::pin(office.check(kept, order)).await.map_err(init::failure)?;
    let statuses = Box::pin(office.ask_statuses(kept)).await.map_err(init::failure)?;
    if json {
        let (known, failed) = match &statuses {
            Some(Ok(known)) => (Some(known), None),
            Some(Err(why)) => (None, Some(why)),
            None => (None, None),
        };
        let outcome = &cassette.outcome;
        report::json(&serde_json::json!({
            "cart": kept.cart.id, "outcome": outcome, "next_credentials": next, "statuses": known, "statuses_failed": failed,
        }));
    }
    let waiting = match next {
        Next::None => None,
        Next::Promoted => Some("the credentials that waited worked, and are in use now"),
        Next::Refused => Some("the cart does not take the credentials that wait; what follows is about those in use"),
        Next::Untold => {
            Some("this check does not tell whether the cart takes the credentials that wait; they are tried when it refuses those in use")
        }
    };
    waiting.into_iter().for_each(report::talk);
    let problem = match &cassette.outcome {
        Outcome::Report(found) => {
            if !json {
                show(found);
            }
            found.findings.iter().any(|finding| finding.level == FindingLevel::Problem)
        }
        Outcome::Failed(failure) => {
            report::talk(&format!("the plugin could not check the cart ({:?}): {}", failure.kind, failure.message));
            true
        }
        Outcome::Ended(ended) => {
            report::talk(&format!("the check did not end: {ended}"));
            true
        }
        Outcome::Applied(_) | Outcome::Choices(_) => true,
    };
    warn_of_reflection(&cassette);
    let problem = problem | cassette.recording.secret_reflected | statuses.is_some_and(|statuses| show_statuses(statuses, json));
    Ok(if problem { Verdict::NotDone } else { Verdict::Done })
}

/// Shows which statuses the cart knows, and the labels that lead to none of them. Tells whether the cart could not say.
fn show_statuses(statuses: Result<Known, String>, json: bool) -> bool {
    match statuses {
        Ok(Known { statuses, doubts }) => {
            if !json {
                report::heading("statuses that the cart knows");
                let row = |Choice { value, title }: Choice| (value, title.unwrap_or_default());
                report::rows(&statuses.into_iter().map(row).collect::<Vec<_>>());
            }
            doubts.iter().for_each(|doubt| report::talk(&format!("warning: {doubt}")));
            false
        }
        Err(why) => {
            report::talk(&format!("the cart could not say which statuses it knows: {why}"));
            true
        }
    }
}

fn show(found: &Report) {
    for Finding { level, about, message, remedy } in &found.findings {
        let mark = match level {
            FindingLevel::Fine => "ok      ",
            FindingLevel::Warning => "warning ",
            FindingLevel::Problem => "PROBLEM ",
        };
        report::line(&format!("{mark} {}: {message}", format!("{about:?}").to_lowercase()));
        if let Some(remedy) = remedy {
            report::line(&format!("          what to do: {remedy}"));
        }
    }
    if let Some(OrderSeen { order_number, reference, status, packages, details }) = &found.order {
        report::heading(&format!("order {order_number} as the cart sees it"));
        let mut rows = vec![
            ("status".to_owned(), status.clone().unwrap_or_default()),
            ("reference".to_owned(), reference.clone().unwrap_or_default()),
        ];
        rows.extend(packages.iter().map(|package| {
            let words = [package.carrier.as_deref(), package.tracking_number.as_deref()];
            ("package".to_owned(), words.into_iter().flatten().collect::<Vec<_>>().join(" "))
        }));
        rows.extend(details.iter().cloned());
        report::rows(&rows);
    }
}
