//! `cartage baseline`: imports the labels that orders already have at a cart, without sending anything.

use super::api::{Client, to};
use super::{Failure, Verdict, client, console, report};
use cartage::counted::counted;
use cartage::id::{CartId, SenderOrderNumber};
use cartage_http::api::documents::{AllLabelsBody, RecordedLabels};
use serde::Deserialize;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
The file has an order and its label in each line, as CSV or as JSON:
    1021,Order Shipped
    \"1022\",\"Order Shipped, in part\"
    {\"order\": \"1023\", \"label\": \"Order Packed\"}
A first line `order,label` is skipped. If one line is not valid, nothing is recorded.

Examples:
  Record the labels that the orders of a cart already have:
      cartage baseline old-orders.csv --cart seed-shop";

/// Largest size of the file, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Record the labels that orders already have at a cart, without sending anything.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file: CSV or JSON lines, with order and label.
    file: PathBuf,
    /// The Cart ID.
    #[arg(long, value_name = "ID")]
    cart: String,
}

/// One line of a JSON lines file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    order: String,
    label: String,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not read the orders in {file}")]
    File { file: PathBuf, source: std::io::Error },
    #[error("the file {file} is larger than {FILE_BYTES_MAX} bytes; split it")]
    TooLarge { file: PathBuf },
    #[error("{file}:{line}: {what}; nothing was recorded")]
    Line { file: PathBuf, line: usize, what: String },
}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let cart = CartId::new(self.cart.as_str()).map_err(|error| Failure::wrong_use(error.to_string()))?;
        let body = AllLabelsBody { cart, orders: read(&self.file)? };
        let api = Client::open(data)?;
        let RecordedLabels { cart, orders: count } = client::block_on(async { Ok(api.post(to(&["baseline", "all"]), &body).await?) })?;
        if json {
            report::json(&serde_json::json!({ "cart": cart, "orders": count }));
        } else {
            report::line(&format!("recorded the labels of {} for cart {cart}; nothing was sent", counted(count, "order")));
        }
        Ok(Verdict::Done)
    }
}

fn read(file: &Path) -> Result<Vec<(SenderOrderNumber, String)>, Error> {
    let failed = |source| Error::File { file: file.to_owned(), source };
    let text = console::text(file, FILE_BYTES_MAX).map_err(failed)?.ok_or_else(|| Error::TooLarge { file: file.to_owned() })?;
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let lines = lines.filter(|(at, line)| !(line.trim().is_empty() || *at == 0 && line.trim().eq_ignore_ascii_case("order,label")));
    lines
        .map(|(at, line)| {
            pair(line.trim()).map(|(order, label)| (SenderOrderNumber::new(order), label)).map_err(|what| Error::Line {
                file: file.to_owned(),
                line: at + 1,
                what,
            })
        })
        .collect()
}

fn pair(line: &str) -> Result<(String, String), String> {
    if line.starts_with('{') {
        let Line { order, label } = serde_json::from_str(line).map_err(|error| error.to_string())?;
        return Ok((order, label));
    }
    match cells(line)?.as_slice() {
        [order, label] => Ok((order.clone(), label.clone())),
        cells => {
            Err(format!("the line has {} columns instead of an order and a label; put a text with a comma in double quotes", cells.len()))
        }
    }
}

/// Splits one line of CSV (RFC 4180) into cells. A cell cannot contain a line break.
fn cells(line: &str) -> Result<Vec<String>, String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let cell = cells.last_mut().expect("there is one from the start");
        match (c, quoted) {
            ('"', true) if chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            ('"', _) if quoted || cell.is_empty() => quoted = !quoted,
            (',', false) => cells.push(String::new()),
            (c, _) => cell.push(c),
        }
    }
    if quoted { Err("a double quote is not closed".to_owned()) } else { Ok(cells.iter().map(|cell| cell.trim().to_owned()).collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_csv_or_json() {
        for (line, expected) in [
            ("1021,Order Shipped", Ok(("1021", "Order Shipped"))),
            (r#""10,22", "Said ""so"" , twice""#, Err("columns")),
            (r#""10,22","Said ""so"", twice""#, Ok(("10,22", r#"Said "so", twice"#))),
            (r#"{"order": "1", "label": "a,b"}"#, Ok(("1", "a,b"))),
            (r#"{"order": "1", "labels": "a"}"#, Err("labels")),
            ("1021", Err("1 columns")),
            ("1021,a,b", Err("3 columns")),
            ("1021,\"a", Err("not closed")),
        ] {
            match (pair(line), expected) {
                (Ok((order, label)), Ok(wanted)) => assert_eq!((order.as_str(), label.as_str()), wanted, "{line}"),
                (Err(what), Err(wanted)) => assert!(what.contains(wanted), "{line}: {what}"),
                (got, _) => panic!("{line}: {got:?}"),
            }
        }
    }
}
