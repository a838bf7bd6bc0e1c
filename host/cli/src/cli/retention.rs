//! `cartage retention`: deletes expired rows.

use super::api::{Client, to};
use super::{Failure, Verdict, client, report};
use cartage::store::retention::RecordKind;
use cartage_http::api::documents::{RetainedKind, RetainedKinds, RetentionBody};
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  See what would be deleted now, and delete it; the daemon does this every hour:
      cartage retention --dry-run
      cartage retention
  Keep receipts for half a year:
      cartage param list --group Retention
      cartage param set KeepReceiptsDays 180

The data of an update that waits or is a dead letter is kept, except the recordings of its attempts.";

/// Delete data that is older than its retention time.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Only count what would be deleted.
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let api = Client::open(data)?;
        let body = RetentionBody { dry_run: self.dry_run };
        let RetainedKinds { kinds: all, .. } = client::block_on(async { Ok(api.post(to(&["retention"]), &body).await?) })?;
        if json {
            report::json(&serde_json::json!({ "dry_run": self.dry_run, "kinds": all }));
            return Ok(Verdict::Done);
        }
        let several = all.iter().any(|one| one.merchant != all[0].merchant);
        let verb = if self.dry_run { "would be deleted" } else { "deleted" };
        report::rows(
            &all.iter().map(|one| (name(one, several), format!("{} {verb}, kept for {}", one.older, days(one)))).collect::<Vec<_>>(),
        );
        Ok(Verdict::Done)
    }
}

fn name(one: &RetainedKind, several: bool) -> String {
    let what = match one.kind {
        RecordKind::IdempotencyKeys => "idempotency keys",
        RecordKind::Receipts => "receipts",
        RecordKind::Endings => "ends of deliveries",
        RecordKind::Cassettes => "recordings",
        RecordKind::FailedCassettes => "recordings of failures",
        RecordKind::RawCassettes => "raw recordings",
        RecordKind::Audit => "lines of the audit",
        RecordKind::Decisions => "decisions",
        RecordKind::Orders => "orders",
    };
    if several { format!("{what} of {}", one.merchant) } else { what.to_owned() }
}

fn days(one: &RetainedKind) -> String {
    match one.kept_ms / (24 * 60 * 60 * 1000) {
        1 => "a day".to_owned(),
        days => format!("{days} days"),
    }
}
