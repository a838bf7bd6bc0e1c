//! `cartage event`: lists status events, configures them, and raises one.

use super::api::{Client, to};
use super::update::{YesOrNo, assign, package};
use super::{Failure, Verdict, client, gated, param, report};
use cartage::events::{Event, Label, LabelError, Labels, Setting, find};
use cartage::gate::Again;
use cartage::id::CartId;
use cartage::service::{Cause, Request};
use cartage::validate::{Fields, LineItemFields, PackageFields};
use cartage_http::api::documents::{AllLabels, EventState, Events, LabelsBody};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::path::Path;

/// The most labels in one request: its body has at most 64 KiB, also where every character takes four bytes.
const LABELS_AT_ONCE: usize = 100;

const EXAMPLES: &str = "\
An event by itself only sets the label here. The cart is told only if Notify Cart is ticked and
the gate lets the update pass.

Examples:
  Give an event a label and tick Notify Cart, then raise the event:
      cartage event set \"Tracking Number Imported\" --order-label \"Order Shipped\" --notify-cart
      cartage event raise \"Tracking Number Imported\" --order 1021 --cart seed-shop \\
          --package \"carrier=UPS,number=1Z9876543218754187\"";

const LIST_EXAMPLES: &str = "\
Examples:
      cartage event list
      cartage event list --json";

const SET_EXAMPLES: &str = "\
Examples:
  Give an event a label and tick Notify Cart:
      cartage event set \"Tracking Number Imported\" --order-label \"Order Shipped\" --notify-cart
  Give the line items a label, and leave the order's label alone:
      cartage event set \"Item Backordered\" --order-label \"\" --item-label \"Item Waits\" --notify-cart
  Untick Notify Cart again:
      cartage event set \"Tracking Number Imported\" --notify-cart no";

const RAISE_EXAMPLES: &str = "\
Examples:
  A tracking number came in for an order:
      cartage event raise \"Tracking Number Imported\" --order 1021 --cart seed-shop \\
          --package \"carrier=UPS,number=1Z9876543218754187\"
  Two line items wait for stock; the cart's ids name them, and each gets the event's item label:
      cartage event raise \"Item Backordered\" --order 1021 --cart seed-shop \\
          --line 1 --line \"id=2,sku=SHIRT,ordered=3,shipped=1\"

Exit code 0: the cart has the update, it was recorded, or there is nothing to do, for example
because the event has a label and no Notify Cart, so it is not meant for carts. 1: somebody must
act, for example because something was never set up, or the cart did not take the update.";

const LABEL_LIST_EXAMPLES: &str = "\
Examples:
      cartage event label list";

const LABEL_ADD_EXAMPLES: &str = "\
Examples:
      cartage event label add \"Order On Hold\" \"Order Gift Wrapped\"";

const LABEL_DEFAULTS_EXAMPLES: &str = "\
Examples:
      cartage event label defaults";

/// Status events and status labels.
#[derive(Debug, clap::Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(crate) enum Command {
    /// List the events with their labels and Notify Cart.
    #[command(after_long_help = LIST_EXAMPLES)]
    List,
    /// Set an event's labels and Notify Cart. Options that are not given change nothing.
    #[command(after_long_help = SET_EXAMPLES)]
    Set {
        /// The event.
        name: String,
        /// The label that the order gets. An empty text removes it.
        #[arg(long, value_name = "TEXT")]
        order_label: Option<String>,
        /// The label that the line item gets. An empty text removes it.
        #[arg(long, value_name = "TEXT")]
        item_label: Option<String>,
        /// Tick Notify Cart, or untick it with `no`.
        #[arg(long, value_name = "YES-OR-NO", num_args = 0..=1, default_missing_value = "yes")]
        notify_cart: Option<YesOrNo>,
    },
    /// Raise an event for an order.
    #[command(after_long_help = RAISE_EXAMPLES)]
    Raise(Raise),
    /// The status labels.
    #[command(subcommand)]
    Label(LabelCommand),
}

/// Raise an event for an order.
#[derive(Debug, clap::Args)]
pub(crate) struct Raise {
    /// The event.
    name: String,
    /// The cart's own (web) number of the order.
    #[arg(long, value_name = "NUMBER")]
    order: String,
    /// The Cart ID.
    #[arg(long, value_name = "ID", value_parser = param::cart)]
    cart: CartId,
    /// The Order Manager's number of the order.
    #[arg(long, value_name = "NUMBER")]
    reference: Option<String>,
    /// A note about this change.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// A package: carrier=, number=, method=, picked-up=, id=, url=, origin=, separated by commas. May be given several times.
    #[arg(long = "package", value_name = "FIELDS", value_parser = package)]
    packages: Vec<PackageFields>,
    /// A line item that gets the event's item label: the cart's id of the line item, or id=, reference=, sku=, ordered=, shipped=, needed=, separated
    /// by
    /// commas. May be given several times.
    #[arg(long = "line", value_name = "ID-OR-FIELDS", value_parser = line)]
    lines: Vec<LineItemFields>,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum LabelCommand {
    /// List the labels.
    #[command(after_long_help = LABEL_LIST_EXAMPLES)]
    List,
    /// Add labels.
    #[command(after_long_help = LABEL_ADD_EXAMPLES)]
    Add {
        /// The labels.
        #[arg(required = true)]
        labels: Vec<String>,
    },
    /// Add the predefined labels.
    #[command(after_long_help = LABEL_DEFAULTS_EXAMPLES)]
    Defaults,
}

impl Command {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        client::block_on(async {
            match self {
                Command::List => {
                    show(&events(&Client::open(data)?).await?, json);
                    Ok(Verdict::Done)
                }
                Command::Set { name, order_label, item_label, notify_cart } => {
                    let event = find(&name)?;
                    let api = Client::open(data)?;
                    let all = events(&api).await?;
                    let mut setting =
                        all.into_iter().find(|(known, _)| known.name == event.name).map(|(_, setting)| setting).unwrap_or_default();
                    change(&mut setting.order_label, order_label.as_deref())?;
                    change(&mut setting.item_label, item_label.as_deref())?;
                    setting.notify_cart = notify_cart.map_or(setting.notify_cart, |choice| choice == YesOrNo::Yes);
                    show(&[known(api.put(to(&["events", event.name]), &setting).await?)?], json);
                    Ok(Verdict::Done)
                }
                Command::Raise(raise) => {
                    let Raise { name, order, cart, reference, note, packages, lines: line_items } = raise;
                    let fields =
                        Fields { order_number: order, reference_number: reference, note, packages, line_items, ..Fields::default() };
                    let request = Request { cart, cause: Cause::Event(name), fields, again: Again::No };
                    let sent = Client::open(data)?.post(to(&["send"]), &request).await?;
                    Ok(gated::show(&sent, json))
                }
                Command::Label(command) => command.run(&Client::open(data)?, json).await,
            }
        })
    }
}

impl LabelCommand {
    async fn run(self, api: &Client, json: bool) -> Result<Verdict, Failure> {
        let added = match self {
            LabelCommand::List => Labels::default(),
            LabelCommand::Add { labels } => labels.iter().map(|label| Label::new(label)).collect::<Result<Labels, LabelError>>()?,
            LabelCommand::Defaults => Labels::ready(),
        };
        let added: Vec<Label> = added.iter().cloned().collect();
        for labels in added.chunks(LABELS_AT_ONCE) {
            let _: IgnoredAny = api.post(to(&["labels"]), &LabelsBody { labels: labels.to_vec() }).await?;
        }
        let AllLabels { labels } = api.get(to(&["labels"])).await?;
        if json {
            report::json(&labels);
        } else if labels.is_empty() {
            report::line("there are no labels yet; `cartage event label defaults` adds the predefined labels");
        } else {
            labels.iter().for_each(|label| report::line(label));
        }
        Ok(Verdict::Done)
    }
}

/// The events with their settings.
async fn events(api: &Client) -> Result<Vec<(&'static Event, Setting)>, Failure> {
    let Events { events } = api.get(to(&["events"])).await?;
    events.into_iter().map(known).collect()
}

/// An event by its name, and its setting.
fn known(state: EventState) -> Result<(&'static Event, Setting), Failure> {
    let EventState { name, order_label, item_label, notify_cart, .. } = state;
    Ok((find(&name)?, Setting { order_label, item_label, notify_cart }))
}

fn change(label: &mut Option<Label>, text: Option<&str>) -> Result<(), LabelError> {
    match text.map(str::trim) {
        None => {}
        Some("") => *label = None,
        Some(text) => *label = Some(Label::new(text)?),
    }
    Ok(())
}

fn show(events: &[(&Event, Setting)], json: bool) {
    if json {
        let document = |(event, setting): &(&Event, Setting)| -> Value {
            json!({ "name": event.name, "origin": event.origin, "help": event.help, "setting": setting })
        };
        return report::json(&events.iter().map(document).collect::<Vec<_>>());
    }
    let row = |(event, setting): &(&Event, Setting)| {
        let label = |label: &Option<Label>| label.as_ref().map_or_else(|| "none".to_owned(), |label| format!("\"{label}\""));
        let ticked = if setting.notify_cart { "ticked" } else { "not ticked" };
        let labels = format!("order label {}, item label {}", label(&setting.order_label), label(&setting.item_label));
        (event.name, format!("{labels}, Notify Cart {ticked} (the event's name is {})", event.origin))
    };
    report::rows(&events.iter().map(row).collect::<Vec<_>>());
}

/// Reads a line item such as `17` or `id=17,sku=SHIRT,shipped=2`.
fn line(text: &str) -> Result<LineItemFields, String> {
    let mut line = LineItemFields::default();
    if !text.contains('=') {
        line.web_line_id = Some(text.to_owned());
    } else {
        let LineItemFields { web_line_id, reference_line_id, sku, ordered, shipped, needed, .. } = &mut line;
        let mut fields = [
            ("id", web_line_id),
            ("reference", reference_line_id),
            ("sku", sku),
            ("ordered", ordered),
            ("shipped", shipped),
            ("needed", needed),
        ];
        assign(text, &mut fields)?;
    }
    let named = [&line.web_line_id, &line.reference_line_id, &line.sku].into_iter().flatten().any(|name| !name.is_empty());
    if named { Ok(line) } else { Err("the fields do not say which line: give id=, reference= or sku=".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_its_id_or_its_fields() {
        assert_eq!(line("17").map(|line| line.web_line_id), Ok(Some("17".to_owned())));
        let whole = line("id=17,sku=A=B,shipped=2").expect("it is a line");
        assert_eq!((whole.web_line_id.as_deref(), whole.sku.as_deref(), whole.shipped.as_deref()), (Some("17"), Some("A=B"), Some("2")));
        for (wrong, why) in [
            ("", "do not say which line"),
            ("shipped=2", "do not say which line"),
            ("id=", "do not say which line"),
            ("id=1,size=2", "is not one of"),
            ("id=1,id=2", "given twice"),
            ("id=1,2", "does not have the form name=value"),
        ] {
            assert!(line(wrong).expect_err(wrong).contains(why), "{wrong}");
        }
    }
}
