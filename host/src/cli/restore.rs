//! `cartage restore`: a data directory from a backup, with every cart paused.

use super::{Failure, Verdict, report};
use cartage::clock::{Clock, SystemClock};
use cartage::data_dir::DataDir;
use cartage::store::backup::Gap;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  Make a data directory from a backup and the key that was kept apart:
      cartage restore cartage-2026-11-23.sqlite --into new-data --key /media/safe/cartage-key
      cp -a old-data/plugins/. new-data/plugins/
  Then look at each cart and let it go on:
      cartage --data new-data cart check seed-shop
      cartage --data new-data cart resume seed-shop

Every cart is paused: what was sent after the backup is not known here. Without --key a new key is made, and the credentials must be
set again.";

/// Make a data directory from a backup, with every cart paused.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The backup.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The new data directory.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// The copy of the key file that was kept apart.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

impl Args {
    pub(crate) fn run(self, json: bool) -> Result<Verdict, Failure> {
        let (dir, gap) = DataDir::restore(&self.into, &self.file, self.key.as_deref(), SystemClock.now_unix_ms())?;
        if json {
            let carts = gap.carts.iter().map(|cart| {
                serde_json::json!({ "cart": cart.cart, "orders": cart.orders, "last_order": cart.last_order,
                    "last_accepted_at_unix_ms": cart.last_accepted_at_unix_ms })
            });
            report::json(&serde_json::json!({ "data": dir.path(), "backed_up_at_unix_ms": gap.backed_up_at_unix_ms,
                "doubtful_orders": gap.doubtful_orders, "carts": carts.collect::<Vec<_>>() }));
            return Ok(Verdict::Done);
        }
        report::line(&format!("made {} from {}; every cart is paused", dir.path().display(), self.file.display()));
        show(&gap);
        if self.key.is_none() {
            report::line("a new key was made: set every credential again with `cartage credential set`");
        }
        report::line(&format!(
            "next: copy the plugins' files into {}; then check each cart, and resume it with `cartage cart resume CART`",
            dir.plugins().display()
        ));
        Ok(Verdict::Done)
    }
}

/// What must be asked of the carts.
fn show(gap: &Gap) {
    match gap.backed_up_at_unix_ms {
        Some(at) => report::line(&format!(
            "what was accepted after {} is not in it: send that again, or take it in with `cartage baseline`",
            report::time(at)
        )),
        None => report::line("the backup does not say when it was made: it is no copy of `cartage backup`"),
    }
    if gap.doubtful_orders > 0 {
        report::line(&format!("orders whose last update may have reached the cart before: {}", gap.doubtful_orders));
    }
    let rows = gap.carts.iter().map(|cart| {
        let known = format!(
            "{} orders known; the last accepted was {} at {}",
            cart.orders,
            cart.last_order,
            report::time(cart.last_accepted_at_unix_ms)
        );
        (cart.cart.to_string(), known)
    });
    report::rows(&rows.collect::<Vec<_>>());
}
