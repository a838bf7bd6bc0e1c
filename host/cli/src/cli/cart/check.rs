//! `cartage cart check`: asks the plugin whether the cart works.

use crate::cli::api::{Client, to};
use crate::cli::attempt::warn_of_reflection;
use crate::cli::{Failure, Verdict, report};
use cartage::exchange::Outcome;
use cartage::id::{CartId, SenderOrderNumber};
use cartage::service::{AskedList, Next};
use cartage_contract::delivery::{Choice, ChoicesOf, Finding, FindingLevel, OrderSeen, Report};
use cartage_http::api::documents::{CheckBody, CheckResult};

/// Asks the plugin to check the cart, and shows the result.
pub(in crate::cli) async fn run(api: &Client, cart: &CartId, order: Option<SenderOrderNumber>, json: bool) -> Result<Verdict, Failure> {
    let checked: CheckResult = api.post(to(&["carts", cart.as_str(), "check"]), &CheckBody { order }).await?;
    let CheckResult { outcome, next_credentials: next, secret_reflected, lists, warnings, unsupported: notes, .. } = checked;
    // The doubts that a list causes are printed with that list, and what this host does not support yet is printed as a note.
    let doubts: Vec<String> = warnings.into_iter().filter(|doubt| !notes.contains(doubt)).collect();
    if json {
        report::json(&serde_json::json!({
            "cart": cart, "outcome": outcome, "next_credentials": next, "lists": lists, "unsupported": notes, "doubts": doubts,
        }));
    }
    notes.iter().for_each(|note| report::talk(&format!("note: {note}")));
    doubts.iter().for_each(|doubt| report::talk(&format!("warning: {doubt}")));
    let waiting = match next {
        Next::None => None,
        Next::Promoted => Some("the waiting credentials worked, and are in use now"),
        Next::Refused => Some("the cart does not accept the waiting credentials; the following results are about those in use"),
        Next::Untold => Some(
            "this check does not show whether the cart accepts the waiting credentials; they are tried when the cart refuses those in use",
        ),
    };
    waiting.into_iter().for_each(report::talk);
    let problem = match &outcome {
        Outcome::Report(found) => {
            if !json {
                show(found);
            }
            found.findings.iter().any(|finding| finding.level == FindingLevel::Problem)
        }
        Outcome::Failed(failure) => {
            report::talk(&format!("the plugin could not check the cart ({}): {}", failure.kind, failure.message));
            true
        }
        Outcome::Ended(ended) => {
            report::talk(&format!("the check did not complete: {ended}"));
            true
        }
        Outcome::Applied(_) | Outcome::Choices(_) => true,
    };
    warn_of_reflection(secret_reflected);
    let untold = lists.iter().filter(|asked| !show_list(asked, json)).count();
    Ok(if problem || secret_reflected || untold > 0 { Verdict::NotDone } else { Verdict::Done })
}

/// Shows one list of the shop, and the entries of the cart's definition that the list lacks. Returns whether the shop gave the list.
fn show_list(AskedList { of, list, failed, doubts }: &AskedList, json: bool) -> bool {
    let what = match of {
        ChoicesOf::Statuses => "statuses that the cart knows".to_owned(),
        ChoicesOf::Carriers => "carriers that the cart knows".to_owned(),
        ChoicesOf::Setting(name) => format!("values of the setting {name}"),
    };
    if let Some(why) = failed {
        report::talk(&format!("the cart could not say which {}: {why}", what.replace("that the cart knows", "it knows")));
    }
    if let Some(list) = list.as_ref().filter(|_| !json) {
        report::heading(&what);
        let row = |Choice { value, title }: &Choice| (value.clone(), title.clone().unwrap_or_default());
        report::rows(&list.choices.iter().map(row).collect::<Vec<_>>());
    }
    doubts.iter().for_each(|doubt| report::talk(&format!("warning: {doubt}")));
    failed.is_none()
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
