//! `cartage send`: sends one status update to one cart, through the gate by its Cart ID, or as one attempt by the cart's file.

use super::api::{Client, to};
use super::update::{self, DryRun, UpdateArgs};
use super::{Failure, Verdict, attempt, client, gated, report};
use cartage::clock::{Clock, SystemClock};
use cartage::deliver::Job;
use cartage::gate::{Again, Given};
use cartage::id::{CartId, DeliveryId};
use cartage::service::{Cause, Request};
use cartage::validate::{ForCart, StatusUpdate, civil_time};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
With a Cart ID the update goes through the gate of the data directory, and its receipt is kept.
With the file of a cart's definition (a name with a dot or a slash) it is tried once, whatever the
parameters say, and nothing is kept.

Examples:
  Send a status to a cart of the data directory, and once more although the cart has it:
      cartage send --cart seed-shop --order 1021 --label \"Order Shipped\"
      cartage send --cart seed-shop --order 1021 --label \"Order Shipped\" --again
  See what would be sent, without opening a connection:
      cartage send --cart seed-shop.toml --order 1021 --label \"Order Shipped\" --dry-run
  Send a status with a package:
      cartage send --cart seed-shop.toml --order 1021 --label \"Order Shipped\" \\
          --package \"carrier=UPS,number=1Z9876543218754187,method=Ground,picked-up=2026-11-23\"
  Send an update from a file, and keep the record of the attempt:
      cartage send --cart seed-shop.toml --update update.json --cassette attempt.json

An update in JSON has the fields order_number, label, reference_number, changed_at, note,
comments, notify_customer, packages and line_items; order_number and label must be there. Exit
code 0: the cart has the update, it was recorded, or there is nothing to do (the cart was told
already, or ignores the label); 1: somebody must act, or the cart did not take it.";

/// Send a status update to a cart, once.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// A Cart ID, or the file of a cart's definition.
    #[arg(long, value_name = "ID-OR-FILE")]
    cart: String,
    /// Send the update although the cart has it already; the record says so.
    #[arg(long)]
    again: bool,
    /// With a file: the folder that holds the plugins [env: CARTAGE_PLUGINS] [default: the folder of the cart's file].
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
    #[command(flatten)]
    update: UpdateArgs,
    /// With a file: show the first request without opening a connection; with =reads, perform requests that only read and show the first other
    /// request.
    #[arg(long, value_name = "HOW-FAR", num_args = 0..=1, require_equals = true, default_missing_value = "nothing")]
    dry_run: Option<DryRun>,
    /// Write the record of the attempt to this file.
    #[arg(long, value_name = "FILE")]
    cassette: Option<PathBuf>,
}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        match CartId::new(self.cart.as_str()) {
            Ok(cart) => client::block_on(self.through_the_gate(cart, data, json)),
            Err(_) => client::block_on(self.send(json)),
        }
    }

    async fn through_the_gate(self, cart: CartId, data: &Path, json: bool) -> Result<Verdict, Failure> {
        if self.dry_run.is_some() {
            return Err(Failure::wrong_use("--dry-run is for a cart's file, and a cart of the data directory has a mode instead")
                .what_to_do(format!(
                    "`cartage explain --cart {cart} --order NUMBER` says what would happen; in mode shadow nothing is sent"
                )));
        }
        let fields = self.update.fields()?;
        let again = if self.again { Again::Yes } else { Again::No };
        let request = Request { cart, cause: Cause::Given(Given::ByHand), fields, again };
        let sent = Client::open(data)?.post(to(&["send"]), &request).await?;
        if let (Some(file), Some(attempt)) = (&self.cassette, gated::attempt(&sent)) {
            update::keep(attempt, file)?;
        }
        Ok(gated::show(&sent, json))
    }

    async fn send(self, json: bool) -> Result<Verdict, Failure> {
        if self.again {
            return Err(Failure::wrong_use("--again is for a cart of the data directory: with a cart's file nothing is known of an order")
                .what_to_do("leave --again out: it is sent in any case"));
        }
        let now = civil_time(SystemClock.now_unix_ms());
        let update = StatusUpdate::new(self.update.fields()?, now).map_err(|error| Failure::wrong_use(error.to_string()))?;
        let ready = client::ready(Path::new(&self.cart), client::plugins(self.plugins.clone()).as_deref()).await?;
        let update = match update.for_cart(&ready.cart, ready.client.manifest())? {
            ForCart::Send(update) => update,
            ForCart::Ignored => return Ok(ignored(&update, &ready.cart, json)),
        };
        let job = Job { delivery: DeliveryId::new(), sequence: 1, attempt: 1, earlier: Vec::new(), known_reference: None, update };
        let attempt = ready.client.attempt(job, update::mode(self.dry_run)).await?;
        if let Some(file) = &self.cassette {
            update::keep(&attempt, file)?;
        }
        if json {
            report::json(&attempt)
        } else {
            attempt::show(&attempt)
        }
        Ok(if attempt::is_done(&attempt) { Verdict::Done } else { Verdict::NotDone })
    }
}

fn ignored(update: &StatusUpdate, cart: &cartage::carts::Cart, json: bool) -> Verdict {
    if json {
        report::json(&serde_json::json!({ "ignored": { "cart": cart.id, "order": update.order_number(), "label": update.label() } }));
    } else {
        report::line(&format!(
            "nothing sent: cart {} ignores the label {:?}; change its entry under [labels] if it should not",
            cart.id,
            update.label()
        ));
    }
    Verdict::Done
}
