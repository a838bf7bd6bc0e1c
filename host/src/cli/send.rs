//! `cartage send`: one status update to one cart: through the gate by its Cart ID, or one attempt by the cart's file.

use super::{Failure, Verdict, attempt, courier, desk, gated, init, report};
use cartage::clock::{Clock, SystemClock};
use cartage::deliver::{Attempt, Job};
use cartage::egress::Mode;
use cartage::gate::{Again, Given};
use cartage::id::{CartId, DeliveryId};
use cartage::office::{Cause, Request};
use cartage::validate::{Fields, ForCart, PackageFields, StatusUpdate, civil_time};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
With a Cart ID the update goes through the gate of the data directory, and its receipt is kept. With the file of a cart's definition (a
name with a dot or a slash) it is tried once, whatever the parameters say, and nothing is kept.

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

An update in JSON has the fields order_number, label, reference_number, changed_at, note, comments, notify_customer, packages and
line_items; order_number and label must be there. Exit code 0: the cart has the update, it was recorded, or there is nothing to do
(the cart was told already, or ignores the label); 1: somebody must act, or the cart did not take it.";

/// Bytes of an update's file, at most.
const UPDATE_FILE_BYTES_MAX: u64 = 4 << 20;

/// Send a status update to a cart, once.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// A Cart ID, or the file of a cart's definition.
    #[arg(long, value_name = "ID-OR-FILE")]
    cart: String,
    /// Send it although the cart has it already; the record says so.
    #[arg(long)]
    again: bool,
    /// With a file: the folder that holds the plugins [env: CARTAGE_PLUGINS] [default: the folder of the cart's file].
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
    /// The update, a JSON file; - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["order", "label", "reference", "changed_at", "note", "comments", "notify_customer", "packages"])]
    update: Option<PathBuf>,
    /// The cart's own (web) number of the order.
    #[arg(long, value_name = "NUMBER", required_unless_present = "update")]
    order: Option<String>,
    /// The status label.
    #[arg(long, value_name = "TEXT", required_unless_present = "update")]
    label: Option<String>,
    /// The Order Manager's number of the order.
    #[arg(long, value_name = "NUMBER")]
    reference: Option<String>,
    /// When the label changed: 2026-11-23T14:05:00, perhaps with an offset [default: now].
    #[arg(long, value_name = "TIME")]
    changed_at: Option<String>,
    /// A note about this change.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// The order's comments.
    #[arg(long, value_name = "TEXT")]
    comments: Option<String>,
    /// Whether the cart shall notify the customer [default: what the cart's file says].
    #[arg(long, value_name = "YES-OR-NO")]
    notify_customer: Option<YesOrNo>,
    /// A package: carrier=, number=, method=, picked-up=, id=, url=, origin=, separated by commas. May be given several times.
    #[arg(long = "package", value_name = "FIELDS", value_parser = package)]
    packages: Vec<PackageFields>,
    /// With a file: show the first request without opening a connection; with =reads, perform what only reads and show the first request that does not.
    #[arg(long, value_name = "HOW-FAR", num_args = 0..=1, require_equals = true, default_missing_value = "nothing")]
    dry_run: Option<DryRun>,
    /// Write the record of the attempt to this file.
    #[arg(long, value_name = "FILE")]
    cassette: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum YesOrNo {
    Yes,
    No,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DryRun {
    /// Send nothing at all.
    Nothing,
    /// Perform GET and HEAD requests.
    Reads,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not read the update in {file}")]
    File { file: String, source: std::io::Error },
    #[error("the update in {file} is larger than {UPDATE_FILE_BYTES_MAX} bytes")]
    TooLarge { file: String },
    #[error("the update in {file} is no JSON of an update's form")]
    Json { file: String, source: cartage::json::Error },
    #[error("could not write the record of the attempt to {file}")]
    Cassette { file: PathBuf, source: std::io::Error },
}

impl Args {
    /// Whether the cart is one of the data directory.
    pub(super) fn needs_data_directory(&self) -> bool {
        CartId::new(self.cart.as_str()).is_ok()
    }

    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        match CartId::new(self.cart.as_str()) {
            Ok(cart) => courier::block_on(self.through_the_gate(cart, data, json)),
            Err(_) => courier::block_on(self.send(json)),
        }
    }

    async fn through_the_gate(self, cart: CartId, data: &Path, json: bool) -> Result<Verdict, Failure> {
        if self.dry_run.is_some() {
            return Err(Failure::wrong_use("--dry-run is for a cart's file, and a cart of the data directory has a mode instead")
                .what_to_do(format!(
                    "`cartage explain --cart {cart} --order NUMBER` says what would happen; in mode shadow nothing is sent"
                )));
        }
        let fields = self.fields()?;
        let again = if self.again { Again::Yes } else { Again::No };
        let request = Request { cart, cause: Cause::Given(Given::ByHand), fields, again };
        let sent = init::open(data)?.send(&request).await.map_err(init::failure)?;
        if let (Some(file), Some(attempt)) = (&self.cassette, gated::attempt(&sent)) {
            keep(attempt, file)?;
        }
        Ok(gated::show(&sent, json))
    }

    async fn send(self, json: bool) -> Result<Verdict, Failure> {
        if self.again {
            return Err(Failure::wrong_use("--again is for a cart of the data directory: with a cart's file nothing is known of an order")
                .what_to_do("leave --again out: it is sent in any case"));
        }
        let now = civil_time(SystemClock.now_unix_ms());
        let update = StatusUpdate::new(self.fields()?, now).map_err(|error| Failure::wrong_use(error.to_string()))?;
        let ready = courier::ready(Path::new(&self.cart), courier::plugins(self.plugins.clone())?.as_deref()).await?;
        let update = match update.for_cart(&ready.cart, ready.courier.manifest())? {
            ForCart::Send(update) => update,
            ForCart::Ignored => return Ok(ignored(&update, &ready.cart, json)),
        };
        let job = Job { delivery: DeliveryId::new(), sequence: 1, attempt: 1, earlier: Vec::new(), known_reference: None, update };
        let mode = match self.dry_run {
            None => Mode::Live,
            Some(DryRun::Nothing) => Mode::DryRun,
            Some(DryRun::Reads) => Mode::DryRunReads,
        };
        let attempt = ready.courier.attempt(job, mode).await?;
        if let Some(file) = &self.cassette {
            keep(&attempt, file)?;
        }
        if json {
            report::json(&attempt)
        } else {
            attempt::show(&attempt)
        }
        Ok(if attempt::is_done(&attempt) { Verdict::Done } else { Verdict::NotDone })
    }

    fn fields(&self) -> Result<Fields, Failure> {
        match &self.update {
            Some(file) => Ok(read(file)?),
            None => Ok(Fields {
                order_number: self.order.clone().unwrap_or_default(),
                reference_number: self.reference.clone(),
                label: self.label.clone().unwrap_or_default(),
                changed_at: self.changed_at.clone(),
                note: self.note.clone(),
                comments: self.comments.clone(),
                notify_customer: self.notify_customer.map(|choice| matches!(choice, YesOrNo::Yes)),
                packages: self.packages.clone(),
                packages_complete: None,
                line_items: Vec::new(),
            }),
        }
    }
}

fn read(path: &Path) -> Result<Fields, Error> {
    let file = path.display().to_string();
    let failed = |source| Error::File { file: file.clone(), source };
    let desk = desk::current();
    let text = if file == "-" { desk.standard_input(UPDATE_FILE_BYTES_MAX) } else { desk.file(path, UPDATE_FILE_BYTES_MAX) };
    let Some(text) = text.map_err(failed)? else { return Err(Error::TooLarge { file }) };
    cartage::json::read(&text).map_err(|source| Error::Json { file, source })
}

fn keep(attempt: &Attempt, file: &Path) -> Result<(), Error> {
    let text = cartage::cassette::file::write(&attempt.cassette);
    desk::current().write(file, text.as_bytes()).map_err(|source| Error::Cassette { file: file.to_owned(), source })?;
    report::talk(&format!("wrote the record of the attempt to {}", file.display()));
    Ok(())
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

/// Reads `carrier=UPS,number=1Z...`.
pub(super) fn package(text: &str) -> Result<PackageFields, String> {
    let mut package = PackageFields::default();
    let PackageFields { carrier, tracking_number, method, picked_up, id, tracking_url, origin, .. } = &mut package;
    let mut fields = [
        ("carrier", carrier),
        ("number", tracking_number),
        ("method", method),
        ("picked-up", picked_up),
        ("id", id),
        ("url", tracking_url),
        ("origin", origin),
    ];
    assign(text, &mut fields)?;
    Ok(package)
}

/// Reads `name=value,name=value` into the fields of these names.
pub(super) fn assign(text: &str, fields: &mut [(&'static str, &mut Option<String>)]) -> Result<(), String> {
    for pair in text.split(',') {
        let (name, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?} is no name=value"))?;
        let name = name.trim();
        let names = || fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let Some(at) = fields.iter().position(|(known, _)| *known == name) else {
            return Err(format!("{name:?} is none of {}", names()));
        };
        if fields[at].1.replace(value.to_owned()).is_some() {
            return Err(format!("{name} is given twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_read_from_one_argument() {
        let fields = package("carrier=UPS,number=1Z=9,picked-up=2026-11-23").expect("it is a package");
        assert_eq!(fields.carrier.as_deref(), Some("UPS"));
        assert_eq!(fields.tracking_number.as_deref(), Some("1Z=9"));
        for (wrong, why) in [("UPS", "no name=value"), ("weight=1", "is none of"), ("id=1,id=2", "given twice"), ("", "no name=value")] {
            assert!(package(wrong).expect_err(wrong).contains(why), "{wrong}");
        }
    }
}
