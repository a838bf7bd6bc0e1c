//! `cartage explain`: why an order's status was sent or not, on one screen.

use super::apply::order_number;
use super::{Failure, Verdict, courier, gated, init, report};
use cartage::gate::explain::SCREEN_COLUMNS_MAX;
use cartage::id::{CartId, SenderOrderNumber};
use cartage::office::Cause;
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  Why was order 1021 not sent?
      cartage explain --cart seed-shop --order 1021
  What would happen if it got this label by hand?
      cartage explain --cart seed-shop --order 1021 --label \"Order Shipped\"
  All that there is to say, with the last receipts:
      cartage explain --cart seed-shop --order 1021 --full

The answer fits a screen of 24 lines of 110 characters. A tick is a condition that holds, a cross one that does not. Nothing is sent by
explaining, and the exit code is 0 whatever the answer is; `send` and `event raise` end with 1 where it says that somebody must act.";

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
    /// A label, given by hand [default: what was asked for last].
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Say all of it, however long: every reason, every command, and the last receipts.
    #[arg(long)]
    full: bool,
}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let cart = CartId::new(self.cart).map_err(|error| Failure::wrong_use(error.to_string()))?;
        let office = init::open(data)?;
        let explained =
            courier::block_on(async { office.explain(&cart, &self.order, self.label.as_deref()).await.map_err(init::failure) })?;
        if json {
            let mut document = serde_json::to_value(&explained).expect("what is explained is plain data");
            document["must_act"] = explained.decision.must_act().into();
            report::json(&document);
            return Ok(Verdict::Done);
        }
        if let Cause::Event(name) = &explained.cause {
            report::line(&format!("Asked for last by the status event \"{name}\"."));
        }
        let rows: Vec<(String, String)> = explained.receipts.iter().map(row).collect();
        if self.full {
            report::line(explained.explanation.table().trim_end());
            if !rows.is_empty() {
                report::heading("last receipts");
                report::rows(&rows);
            }
            return Ok(Verdict::Done);
        }
        gated::screen(&explained.explanation);
        if let Some((when, what)) = rows.first() {
            report::line(&in_one_line(&format!("Last receipt: {when} UTC, {what}")));
        }
        Ok(Verdict::Done)
    }
}

/// As much of a text as one line shows.
fn in_one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SCREEN_COLUMNS_MAX {
        return line;
    }
    line.chars().take(SCREEN_COLUMNS_MAX - 1).chain(['…']).collect()
}

/// A receipt in one row: when, and what came of it.
fn row(receipt: &serde_json::Value) -> (String, String) {
    let at = receipt["at_unix_ms"].as_u64().unwrap_or_default();
    let time = cartage::validate::civil_time(at);
    let date = time.date;
    let when = format!("{:04}-{:02}-{:02} {:02}:{:02}", date.year, date.month, date.day, time.hour, time.minute);
    let fate = match &receipt["fate"] {
        serde_json::Value::String(fate) => fate.clone(),
        fate => fate.as_object().and_then(|fate| fate.keys().next().cloned()).unwrap_or_default(),
    };
    let message = receipt["message"].as_str().map(|message| format!(": {message}")).unwrap_or_default();
    (when, format!("{}{message}", fate.replace('-', " ")))
}
