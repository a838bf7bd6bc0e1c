//! `cartage restore`: makes a data directory from a backup, with every cart paused.

use super::{Failure, Verdict, client, directory, report};
use cartage::clock::{Clock, SystemClock};
use cartage::counted::counted;
use cartage::data_dir::{self, DataDir};
use cartage::service::{MissingPlugin, Service};
use cartage::store::{self, backup::Gap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  Make a data directory from a backup, the key that was kept apart, and the copy of the plugins' files:
      cartage restore cartage-2026-11-23.sqlite --into new-data --key /media/safe/cartage-key \\
          --plugins /media/copy/plugins
  Then check each cart and resume it:
      cartage --data new-data cart check seed-shop
      cartage --data new-data cart resume seed-shop

Every cart is paused, because Cartage does not know what was sent after the backup. Without --key
a new key is made, and the credentials must be set again. Plugins' files are not part of a backup;
missing files that a cart needs are listed at the end.";

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
    /// The copy of the folder plugins/, from which the plugins that carts have or had are taken.
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
}

impl Args {
    pub(crate) fn run(self, json: bool) -> Result<Verdict, Failure> {
        if let Some(folder) = self.plugins.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(Failure::wrong_use(format!("{} is not a folder, so nothing was restored", folder.display())));
        }
        let restored = DataDir::restore(&self.into, &self.file, self.key.as_deref(), SystemClock.reading());
        let (dir, gap) = restored.map_err(|error| match error {
            data_dir::Error::Store(store::Error::NotOurs { .. }) => {
                Failure::from(error).what_to_do("name a file that `cartage backup` made")
            }
            other => other.into(),
        })?;
        let service = Service::of(dir, Arc::new(SystemClock)).map_err(directory::failure)?;
        let missing = client::block_on(async {
            if let Some(folder) = &self.plugins {
                service.plugins().take(folder).await.map_err(directory::failure)?;
            }
            service.plugins().missing().await.map_err(directory::failure)
        })?;
        let path = service.data_dir().path();
        if json {
            let carts = gap.carts.iter().map(|cart| {
                serde_json::json!({ "cart": cart.cart, "orders": cart.orders, "last_order": cart.last_order,
                    "last_accepted_at_unix_ms": cart.last_accepted_at_unix_ms })
            });
            report::json(&serde_json::json!({ "data": path, "backed_up_at_unix_ms": gap.backed_up_at_unix_ms,
                "doubtful_orders": gap.doubtful_orders, "carts": carts.collect::<Vec<_>>(), "missing_plugins": missing }));
            return Ok(Verdict::Done);
        }
        report::line(&format!("made {} from {}; every cart is paused", path.display(), self.file.display()));
        show(&gap);
        if self.key.is_none() {
            report::line("a new key was made: set every credential again with `cartage credential set`");
        }
        missing.iter().for_each(|plugin| lacks(path, plugin));
        report::line("next: check each cart with `cartage cart check CART`, and resume it with `cartage cart resume CART`");
        Ok(Verdict::Done)
    }
}

/// Reports a missing plugin file, and two ways to supply it.
fn lacks(data: &Path, MissingPlugin { cart, plugin, file }: &MissingPlugin) {
    report::line(&format!("missing: the plugin {plugin} of cart {cart}; copy its file from the old data directory as"));
    report::line(&format!("  {}", file.display()));
    report::line("or supply the same file as it came from its vendor:");
    report::line(&format!("  cartage --data {} cart upgrade {cart} --plugin FILE", data.display()));
}

/// Shows which updates the backup may lack, and how far each cart's known orders go.
fn show(gap: &Gap) {
    match gap.backed_up_at_unix_ms {
        Some(at) => report::line(&format!(
            "the backup does not contain updates accepted after {}: send them again, or record them with `cartage baseline`",
            report::time(at)
        )),
        None => report::line("the backup does not say when it was made: `cartage backup` did not make it"),
    }
    if gap.doubtful_orders > 0 {
        report::line(&format!("orders whose last update may have reached the cart before: {}", gap.doubtful_orders));
    }
    let rows = gap.carts.iter().map(|cart| {
        let known = format!(
            "{} known; the last accepted was {} at {}",
            counted(cart.orders, "order"),
            cart.last_order,
            report::time(cart.last_accepted_at_unix_ms)
        );
        (cart.cart.to_string(), known)
    });
    report::rows(&rows.collect::<Vec<_>>());
}
