//! `cartage delivery retry`: retries dead letters, or tries waiting deliveries at once.

use super::{Filter, tell};
use crate::cli::{Failure, Verdict, attempt, directory, gated, report};
use cartage::id::DeliveryId;
use cartage::outbox::Retried;
use cartage::remedy::Remedy;
use cartage::service::{OrderStatus, Resent, Service, TriedNow};
use cartage_commands::command;

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
    pub(super) async fn run(self, service: &Service, json: bool) -> Result<Verdict, Failure> {
        let Args { deliveries, all, now, filter } = self;
        let deliveries = match all {
            true => service.deliveries().dead_letters(&filter.which(None, service)).await.map_err(directory::failure)?,
            false => deliveries,
        };
        let done = service.deliveries().retry(&deliveries).await.map_err(directory::failure)?;
        if now {
            return try_now(service, &done, json).await;
        }
        let mut told = Vec::new();
        for one in &done {
            let standing = service.orders().status_of(&one.delivery).await.map_err(directory::failure)?;
            let is_done = matches!(one.done, Retried::Head | Retried::Tail { .. });
            told.push((&one.delivery, is_done, said(one, standing.as_ref())));
        }
        Ok(tell(told.into_iter(), json))
    }
}

/// Describes what was done with one delivery and what it waits for now.
fn said(one: &Resent, standing: Option<&OrderStatus>) -> String {
    let done = match one.done {
        Retried::Head => "is tried again, and then the updates that waited for it".to_owned(),
        Retried::Tail { sequence } => format!("is tried again as update {sequence} of its order, which went on without it"),
        Retried::NotDead => "is not a dead letter; nothing was changed".to_owned(),
        Retried::Unreadable => "was left alone: this release cannot read it; use the release that wrote it, or discard it".to_owned(),
    };
    let Some(standing) = standing else { return done };
    let now = match standing.may_be_tried(&one.delivery) {
        true => format!("\nTo try it now: {}", command(&Remedy::RetryNow { delivery: one.delivery.clone() })),
        false => String::new(),
    };
    format!("{done}\n{}{now}", standing.line())
}

async fn try_now(service: &Service, all: &[Resent], json: bool) -> Result<Verdict, Failure> {
    let (mut documents, mut done) = (Vec::new(), true);
    for Resent { delivery, .. } in all {
        let Some(TriedNow { attempt, standing }) = service.sending().try_now(delivery).await.map_err(directory::failure)? else {
            done = false;
            documents.push(serde_json::json!({ "delivery": delivery, "done": false, "said": "does not wait; nothing was sent" }));
            if !json {
                let show = command(&Remedy::ShowDelivery { delivery: delivery.clone() });
                report::line(&format!("Delivery {delivery} does not wait, so nothing was sent. See: {show}"));
            }
            continue;
        };
        let is_done = attempt.as_ref().is_some_and(|attempt| attempt::is_done(attempt));
        done &= is_done;
        documents.push(serde_json::json!({ "delivery": delivery, "done": is_done, "said": standing.line(), "standing": standing }));
        if !json {
            if let Some(attempt) = &attempt {
                attempt::show(attempt);
                report::line("");
            }
            gated::stands(&standing);
        }
    }
    if json {
        report::json(&serde_json::json!({ "deliveries": documents }));
    }
    Ok(if done { Verdict::Done } else { Verdict::NotDone })
}
