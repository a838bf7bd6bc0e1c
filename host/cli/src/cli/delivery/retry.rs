//! `cartage delivery retry`: retries dead letters, or tries waiting deliveries at once.

use super::{Filter, named, tell};
use crate::cli::api::{Client, to};
use crate::cli::{Failure, Verdict, attempt, gated, report};
use cartage::deliver::Attempt;
use cartage::id::DeliveryId;
use cartage::outbox::Retried;
use cartage::remedy::Remedy;
use cartage_commands::command;
use cartage_http::api::documents::{NAMED_MAX, RetriedDeadLetters, RetryOutcome, TriedDelivery};

/// Which deliveries are tried again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The deliveries' ids.
    #[arg(value_name = "ID", value_parser = super::delivery, required_unless_present = "all", conflicts_with_all = ["all", "cart", "reason", "since"])]
    deliveries: Vec<DeliveryId>,
    /// Retry all dead letters that the filters find.
    #[arg(long)]
    all: bool,
    /// Try dead letters and waiting deliveries at once, whatever their schedule or an open breaker says. A paused cart is left alone.
    #[arg(long, conflicts_with = "all")]
    now: bool,
    #[command(flatten)]
    filter: Filter,
}

impl Args {
    pub(super) async fn run(self, api: &Client, json: bool) -> Result<Verdict, Failure> {
        let Args { deliveries, all, now, filter } = self;
        let bodies = match all {
            true => vec![filter.dead_letters()],
            false => deliveries.chunks(NAMED_MAX).map(named).collect(),
        };
        let mut done = Vec::new();
        for body in bodies {
            let RetriedDeadLetters { deliveries, .. } = api.post(to(&["deliveries", "retry"]), &body).await?;
            done.extend(deliveries.unwrap_or_default());
        }
        if now {
            return try_now(api, &done, json).await;
        }
        let told = done.iter().map(|one| (&one.delivery, matches!(one.done, Retried::Head | Retried::Tail { .. }), said(one)));
        Ok(tell(told, json))
    }
}

/// Describes what was done with one delivery and what it waits for now.
fn said(one: &RetryOutcome) -> String {
    let done = match one.done {
        Retried::Head => "is tried again, and then the updates that waited for it".to_owned(),
        Retried::Tail { sequence } => format!("is tried again as update {sequence} of its order, which went on without it"),
        Retried::NotDead => "is not a dead letter; nothing was changed".to_owned(),
        Retried::Unreadable => "was left alone: this release cannot read it; use the release that wrote it, or discard it".to_owned(),
    };
    let Some(standing) = &one.standing else { return done };
    let now = match standing.may_be_tried(&one.delivery) {
        true => format!("\nTo try it now: {}", command(&Remedy::RetryNow { delivery: one.delivery.clone() })),
        false => String::new(),
    };
    format!("{done}\n{}{now}", standing.line())
}

async fn try_now(api: &Client, all: &[RetryOutcome], json: bool) -> Result<Verdict, Failure> {
    let (mut documents, mut done) = (Vec::new(), true);
    for RetryOutcome { delivery, .. } in all {
        let Some(TriedDelivery { receipt, cassette, stands, standing, notes }) = tried(api, delivery).await? else {
            done = false;
            documents.push(serde_json::json!({ "delivery": delivery, "done": false, "said": "does not wait; nothing was sent" }));
            if !json {
                let show = command(&Remedy::ShowDelivery { delivery: delivery.clone() });
                report::line(&format!("Delivery {delivery} does not wait, so nothing was sent. See: {show}"));
            }
            continue;
        };
        let attempt = receipt.zip(cassette).map(|(receipt, cassette)| Attempt { receipt, cassette });
        let is_done = attempt.as_ref().is_some_and(attempt::is_done);
        done &= is_done;
        documents.push(serde_json::json!({ "delivery": delivery, "done": is_done, "said": stands, "standing": standing }));
        if !json {
            if let Some(attempt) = &attempt {
                attempt::show(attempt);
                report::line("");
            }
            gated::stands(&stands, &notes);
        }
    }
    if json {
        report::json(&serde_json::json!({ "deliveries": documents }));
    }
    Ok(if done { Verdict::Done } else { Verdict::NotDone })
}

/// Makes an attempt at a delivery; `None` if it does not wait.
async fn tried(api: &Client, delivery: &DeliveryId) -> Result<Option<TriedDelivery>, Failure> {
    match api.act(to(&["deliveries", delivery.as_str(), "try"])).await {
        Err(error)
            if error.is("not-found")
                || error.problem().is_some_and(|problem| problem.more.as_ref().is_some_and(|more| more.state.is_some())) =>
        {
            Ok(None)
        }
        tried => Ok(Some(tried?)),
    }
}
