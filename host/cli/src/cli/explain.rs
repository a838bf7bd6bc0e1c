//! `cartage explain`: shows on one screen why an order's status was sent or not.

use super::api::{Client, to};
use super::arguments::order_number;
use super::{Failure, Verdict, client, gated, report};
use cartage::id::{CartId, SenderOrderNumber};
use cartage::service::{Explained, OrderDelivery, PackageStatus, fate_name};
use cartage_commands::screen::SCREEN_COLUMNS_MAX;
use cartage_commands::{Commands, layout};
use cartage_http::api::documents::ExplainedOrder;
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  Why was order 1021 not sent?
      cartage explain --cart seed-shop --order 1021
  What would happen if it got this label by hand?
      cartage explain --cart seed-shop --order 1021 --label \"Order Shipped\"
  The full explanation, with the last receipts:
      cartage explain --cart seed-shop --order 1021 --full

The first line gives the order's state: delivered, waiting and for what, blocked by a dead letter,
discarded, or not accepted; the commands that help come next. The answer fits a screen of 24 lines
of 110 characters. A tick marks a condition that holds, a cross a condition that does not. The
command sends nothing, and its exit code is 0 whatever the answer is; `send` and `event raise` end
with 1 where the answer says that somebody must act.";

/// Say why an order's status is sent to a cart or not, and what would change that.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The Cart ID.
    #[arg(long, value_name = "ID")]
    cart: String,
    /// The order's number as its sender gives it, before the cart's order-number rule strips it.
    #[arg(long, value_name = "NUMBER", value_parser = order_number)]
    order: SenderOrderNumber,
    /// A label, given by hand [default: the label that was asked for last].
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Print the full explanation: every reason, every command, and the last receipts.
    #[arg(long)]
    full: bool,
}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let cart = CartId::new(self.cart).map_err(|error| Failure::wrong_use(error.to_string()))?;
        let api = Client::open(data)?;
        let asked = to(&["explain"]).with("cart", cart.as_str()).with("order", self.order.as_str()).maybe("label", self.label.as_deref());
        let ExplainedOrder { explained, must_act }: ExplainedOrder = client::block_on(async { Ok(api.get(asked).await?) })?;
        if json {
            let mut document = serde_json::to_value(explained.worded(&Commands)).expect("what is explained is plain data");
            document["must_act"] = must_act.into();
            report::json(&document);
            return Ok(Verdict::Done);
        }
        let rows: Vec<(String, String)> = explained.receipts.iter().map(row).collect();
        if self.full {
            full(&explained, &rows);
            return Ok(Verdict::Done);
        }
        gated::screen(&explained.explanation);
        if let Some((when, what)) = rows.first() {
            report::line(&in_one_line(&format!("Last receipt: {when} UTC, {what}")));
        }
        Ok(Verdict::Done)
    }
}

/// Prints the whole explanation.
fn full(explained: &Explained, receipts: &[(String, String)]) {
    report::lines(layout::table(&explained.explanation).trim_end());
    if !explained.deliveries.is_empty() {
        report::heading("deliveries");
        let row = |one: &OrderDelivery| (format!("update {}", one.sequence), format!("{}  {}", one.delivery, one.state));
        report::rows(&explained.deliveries.iter().map(row).collect::<Vec<_>>());
    }
    if !receipts.is_empty() {
        report::heading("last receipts");
        report::rows(receipts);
    }
    if let Some(reference) = &explained.reference {
        report::rows(&[("the cart's reference", reference)]);
    }
    if !explained.packages.is_empty() {
        report::heading("packages, as they were accepted last");
        report::rows(&explained.packages.iter().map(package).collect::<Vec<_>>());
    }
}

/// A package as one row: its name, and what the cart knows of it.
fn package(package: &PackageStatus) -> (String, String) {
    let PackageStatus { id, carrier, tracking_number, withdrawn, told, reference } = package;
    let words = [carrier.as_deref(), tracking_number.as_deref().or(id.as_deref())];
    let known = match (told, withdrawn) {
        (true, false) => "the cart was told",
        (true, true) => "withdrawn, and the cart was told",
        (false, false) => "on its way",
        (false, true) => "withdrawn, and the withdrawal is on its way",
    };
    let reference = reference.as_ref().map(|reference| format!(", where it is {reference}")).unwrap_or_default();
    (words.into_iter().flatten().collect::<Vec<_>>().join(" "), format!("{known}{reference}"))
}

/// Shortens a text to one line of the screen.
fn in_one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SCREEN_COLUMNS_MAX {
        return line;
    }
    line.chars().take(SCREEN_COLUMNS_MAX - 1).chain(['…']).collect()
}

/// A receipt as one row: its time and its result.
fn row(receipt: &serde_json::Value) -> (String, String) {
    let at = receipt["at_unix_ms"].as_u64().unwrap_or_default();
    let time = cartage::validate::civil_time(at);
    let date = time.date;
    let when = format!("{:04}-{:02}-{:02} {:02}:{:02}", date.year, date.month, date.day, time.hour, time.minute);
    let fate = fate_name(&receipt["fate"]).unwrap_or_default();
    let message = receipt["message"].as_str().map(|message| format!(": {message}")).unwrap_or_default();
    (when, format!("{}{message}", fate.replace('-', " ")))
}
