//! `cartage event`: status events, what a user gave them, and raising one.

use super::send::{YesOrNo, package};
use super::{Failure, Verdict, courier, gated, init, param, report};
use cartage::events::{EVENTS, Event, Label, LabelError, Labels, Setting, find};
use cartage::gate::Again;
use cartage::id::CartId;
use cartage::office::{Cause, Office, Request};
use cartage::validate::{Fields, PackageFields};
use serde_json::{Value, json};
use std::path::Path;

const EXAMPLES: &str = "\
By itself an event only sets the label here. A cart is told only with Notify Cart, and if the gate lets it pass.

Examples:
  Give an event a label and tick Notify Cart, then let it happen:
      cartage event set \"Tracking Number Imported\" --order-label \"Order Shipped\" --notify-cart
      cartage event raise \"Tracking Number Imported\" --order 1021 --cart seed-shop --package \"carrier=UPS,number=1Z9876543218754187\"
  Take the tick away again:
      cartage event set \"Tracking Number Imported\" --notify-cart no";

/// Status events and status labels.
#[derive(Debug, clap::Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(crate) enum Command {
    /// List the events with their labels and Notify Cart.
    List,
    /// Give an event its labels and Notify Cart. What is not named stays.
    #[command(after_long_help = EXAMPLES)]
    Set {
        /// The event.
        name: String,
        /// The label that the order gets. An empty text takes it away.
        #[arg(long, value_name = "TEXT")]
        order_label: Option<String>,
        /// The label that the line item gets. An empty text takes it away.
        #[arg(long, value_name = "TEXT")]
        item_label: Option<String>,
        /// Tick Notify Cart, or take the tick away with `no`.
        #[arg(long, value_name = "YES-OR-NO", num_args = 0..=1, default_missing_value = "yes")]
        notify_cart: Option<YesOrNo>,
    },
    /// Let an event happen to an order.
    #[command(after_long_help = EXAMPLES)]
    Raise(Raise),
    /// The status labels.
    #[command(subcommand)]
    Label(LabelCommand),
}

/// Let an event happen to an order.
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
    /// A package: carrier=, number=, method=, picked-up=, id=, url=, separated by commas. May be given several times.
    #[arg(long = "package", value_name = "FIELDS", value_parser = package)]
    packages: Vec<PackageFields>,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum LabelCommand {
    /// List the labels.
    List,
    /// Add labels.
    Add {
        /// The labels.
        #[arg(required = true)]
        labels: Vec<String>,
    },
    /// Add the ready set of labels.
    Defaults,
}

impl Command {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        courier::block_on(async {
            match self {
                Command::List => list(&init::open(data)?, json).await,
                Command::Set { name, order_label, item_label, notify_cart } => {
                    let event = find(&name)?;
                    let office = init::open(data)?;
                    let mut setting = office.events().await.map_err(init::failure)?.get(event).clone();
                    change(&mut setting.order_label, order_label.as_deref())?;
                    change(&mut setting.item_label, item_label.as_deref())?;
                    setting.notify_cart = notify_cart.map_or(setting.notify_cart, |choice| choice == YesOrNo::Yes);
                    office.set_event(event, &setting).await.map_err(init::failure)?;
                    show(&[(event, setting)], json);
                    Ok(Verdict::Done)
                }
                Command::Raise(raise) => {
                    let Raise { name, order, cart, reference, note, packages } = raise;
                    let fields = Fields { order_number: order, reference_number: reference, note, packages, ..Fields::default() };
                    let request = Request { cart, cause: Cause::Event(name), fields, again: Again::No };
                    let sent = init::open(data)?.send(request).await.map_err(init::failure)?;
                    Ok(gated::show(&sent, json))
                }
                Command::Label(command) => command.run(&init::open(data)?, json).await,
            }
        })
    }
}

impl LabelCommand {
    async fn run(self, office: &Office, json: bool) -> Result<Verdict, Failure> {
        let added = match self {
            LabelCommand::List => Labels::default(),
            LabelCommand::Add { labels } => labels.iter().map(|label| Label::new(label)).collect::<Result<Labels, LabelError>>()?,
            LabelCommand::Defaults => Labels::ready(),
        };
        if added.iter().next().is_some() {
            office.add_labels(&added).await.map_err(init::failure)?;
        }
        let labels = office.labels().await.map_err(init::failure)?;
        if json {
            report::json(&labels.iter().map(Label::as_str).collect::<Vec<_>>());
        } else if labels.iter().next().is_none() {
            report::line("there are no labels yet; `cartage event label defaults` adds a ready set");
        } else {
            labels.iter().for_each(|label| report::line(label.as_str()));
        }
        Ok(Verdict::Done)
    }
}

async fn list(office: &Office, json: bool) -> Result<Verdict, Failure> {
    let settings = office.events().await.map_err(init::failure)?;
    show(&EVENTS.iter().map(|event| (event, settings.get(event).clone())).collect::<Vec<_>>(), json);
    Ok(Verdict::Done)
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
    let row = |(event, setting): &(&'static str, &Setting)| {
        let label = |label: &Option<Label>| label.as_ref().map_or_else(|| "none".to_owned(), |label| format!("\"{label}\""));
        let ticked = if setting.notify_cart { "ticked" } else { "not ticked" };
        let labels = format!("order label {}, item label {}", label(&setting.order_label), label(&setting.item_label));
        (*event, format!("{labels}, Notify Cart {ticked}"))
    };
    let rows: Vec<_> = events.iter().map(|(event, setting)| row(&(event.name, setting))).collect();
    report::rows(&rows);
}
