//! `cartage delivery`: lists, shows, retries, discards and exports deliveries.

mod export;
mod retry;
mod show;

use super::api::{Client, Error, to};
use super::arguments::{cart_id, order_number};
use super::{Failure, Verdict, attempt, client, report};
use cartage::cassette::Cassette;
use cartage::clock::{Clock as _, SystemClock};
use cartage::dead_letter::Reason;
use cartage::id::{CartId, DeliveryId, SenderOrderNumber};
use cartage::outbox::with_it;
use cartage_http::api::documents::{DeliveriesBody, DeliverySummary, DiscardBody, EndedNow, Was, WholeDelivery};
use std::path::Path;

/// Default number of listed rows of each kind.
const ROWS: u32 = 50;

const EXAMPLES: &str = "\
Examples:
  See waiting deliveries and dead letters, of all carts and of one:
      cartage delivery list
      cartage delivery list --cart seed-shop --state dead
  Fix the cause, then retry all dead letters with one reason:
      cartage delivery retry --all --cart seed-shop --reason order-not-found
  Discard a delivery that must not be sent:
      cartage delivery discard 01890a5d-ac96-774b-bcce-b302099a8057 --why \"cancelled by phone\"";

const LIST_EXAMPLES: &str = "\
Examples:
  Counts first, then the deliveries:
      cartage delivery list
  The dead letters of the last day, and those that block an order:
      cartage delivery list --state dead --since 24h
      cartage delivery list --state blocked
  All deliveries of one order, and those that carts took in the last hour:
      cartage delivery list --order 1021
      cartage delivery list --state delivered --since 1h";

const SHOW_EXAMPLES: &str = "\
Examples:
  The state of a delivery, and the result of each attempt:
      cartage delivery show 01890a5d-ac96-774b-bcce-b302099a8057
  What went over the wire at the last attempt, and at the first:
      cartage delivery show 01890a5d-ac96-774b-bcce-b302099a8057 --cassette
      cartage delivery show 01890a5d-ac96-774b-bcce-b302099a8057 --cassette 1";

const EXPORT_EXAMPLES: &str = "\
Examples:
  One delivery, or all dead letters of a cart with one reason, in one file for support:
      cartage delivery export 01890a5d-ac96-774b-bcce-b302099a8057 support.json
      cartage delivery export --all --cart seed-shop --reason order-not-found support.json
  The recordings of one delivery, one file per attempt, to replay a plugin against:
      cartage delivery export 01890a5d-ac96-774b-bcce-b302099a8057 cassettes --cassettes
      cartage plugin replay shop.wasm cassettes

The one file contains the gate's decisions, the receipts, what went over the wire, and which
versions ran, with order numbers and tracking numbers. It contains no secrets, and rules remove
names, addresses, e-mail addresses, telephone numbers and notes: look through the file before you
pass it on.";

const RETRY_EXAMPLES: &str = "\
Examples:
  One dead letter, or all dead letters of a cart with one reason:
      cartage delivery retry 01890a5d-ac96-774b-bcce-b302099a8057
      cartage delivery retry --all --cart seed-shop --reason order-not-found

  A delivery that waits for its schedule or for a breaker, at once:
      cartage delivery retry 01890a5d-ac96-774b-bcce-b302099a8057 --now

Deliveries of one order are sent in sequence, and all at their cart's rate.";

const DISCARD_EXAMPLES: &str = "\
Examples:
      cartage delivery discard 01890a5d-ac96-774b-bcce-b302099a8057 --why \"cancelled by phone\"

A discarded delivery is never sent, and the label before it counts again. Earlier updates of the
order that were merged into it are discarded with it: `cartage delivery show ID` names them
before, and the answer and the audit name them after. A delivery with an attempt under way is left
alone.";

/// List, show, retry, discard and export deliveries.
#[derive(Debug, clap::Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(crate) enum Command {
    /// Count deliveries and list them.
    #[command(after_long_help = LIST_EXAMPLES)]
    List {
        #[command(flatten)]
        filter: Filter,
        /// Deliveries of this order, by the number that its sender gives it, in every state unless --state names one.
        #[arg(long, value_name = "NUMBER", value_parser = order_number)]
        order: Option<SenderOrderNumber>,
        /// Deliveries in this state.
        #[arg(long, value_name = "STATE")]
        state: Option<State>,
        /// The most rows of each kind.
        #[arg(long, value_name = "COUNT", default_value_t = ROWS, value_parser = clap::value_parser!(u32).range(1..=1000))]
        most: u32,
    },
    /// Show one delivery: its state, the reason, its receipts, and what helps.
    #[command(after_long_help = SHOW_EXAMPLES)]
    Show {
        /// The delivery's id.
        #[arg(value_name = "ID", value_parser = delivery)]
        delivery: DeliveryId,
        /// Show the recording of an attempt instead, of the last one if no number is given.
        #[arg(long, value_name = "ATTEMPT", num_args = 0..=1)]
        cassette: Option<Option<u32>>,
    },
    /// Write deliveries to one file for support, or their recordings as cassettes, without secrets and personal data.
    #[command(after_long_help = EXPORT_EXAMPLES)]
    Export(export::Args),
    /// Retry dead letters.
    #[command(after_long_help = RETRY_EXAMPLES)]
    Retry(retry::Args),
    /// Discard deliveries for good, dead letters or waiting ones.
    #[command(after_long_help = DISCARD_EXAMPLES)]
    Discard {
        /// The deliveries' ids.
        #[arg(value_name = "ID", value_parser = delivery, required = true)]
        deliveries: Vec<DeliveryId>,
        /// The reason, for whoever asks later.
        #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        why: String,
    },
}

/// Which deliveries are meant.
#[derive(Debug, clap::Args)]
pub(crate) struct Filter {
    /// Deliveries of this cart.
    #[arg(long, value_name = "CART", value_parser = cart_id)]
    cart: Option<CartId>,
    /// Dead letters with this reason, for example order-not-found, too-old or plugin-fault.
    #[arg(long, value_name = "REASON", value_parser = reason)]
    reason: Option<Reason>,
    /// Deliveries that were accepted, or became dead letters, within this time: a number with s, m, h or d, for example 24h.
    #[arg(long, value_name = "TIME", value_parser = span_ms)]
    since: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum State {
    /// Waiting or under way.
    Queued,
    /// Dead letters.
    Dead,
    /// Dead letters that block the rest of their order.
    Blocked,
    /// Delivered, as far as receipts are kept.
    Delivered,
}

fn delivery(text: &str) -> Result<DeliveryId, String> {
    let fits = text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits { Ok(DeliveryId::named(text)) } else { Err("a delivery's id has 36 letters, digits and -".to_owned()) }
}

fn reason(text: &str) -> Result<Reason, String> {
    Reason::try_from(text.to_owned()).map_err(|error| error.to_string())
}

/// Reads a time such as 90m as milliseconds.
pub(super) fn span_ms(text: &str) -> Result<u64, String> {
    let parsed = text.char_indices().last().and_then(|(at, unit)| {
        let unit_ms: u64 = match unit {
            's' => 1_000,
            'm' => 60_000,
            'h' => 3_600_000,
            'd' => 86_400_000,
            _ => return None,
        };
        text[..at].parse::<u64>().ok()?.checked_mul(unit_ms)
    });
    parsed.ok_or_else(|| "write a number and s, m, h or d, for example 24h".to_owned())
}

impl Filter {
    fn is_set(&self) -> bool {
        self.cart.is_some() || self.reason.is_some() || self.since.is_some()
    }

    fn since_unix_ms(&self) -> Option<u64> {
        self.since.map(|ms| SystemClock.now_unix_ms().saturating_sub(ms))
    }

    /// The dead letters that the filters find.
    fn dead_letters(self) -> DeliveriesBody {
        DeliveriesBody { deliveries: None, since_unix_ms: self.since_unix_ms(), cart: self.cart, reason: self.reason }
    }
}

/// The deliveries with these ids, at most [`NAMED_MAX`](cartage_http::api::documents::NAMED_MAX).
fn named(ids: &[DeliveryId]) -> DeliveriesBody {
    DeliveriesBody { deliveries: Some(ids.to_vec()), ..DeliveriesBody::default() }
}

impl State {
    /// The name of the state in the API.
    fn name(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Dead => "dead",
            State::Blocked => "blocking",
            State::Delivered => "delivered",
        }
    }
}

impl Command {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        if let Command::List { state: Some(State::Queued | State::Delivered), filter: Filter { reason: Some(_), .. }, .. } = &self {
            return Err(Failure::wrong_use("only dead letters have a reason; leave out --reason or --state"));
        }
        let api = Client::open(data)?;
        client::block_on(async {
            match self {
                Command::List { filter, order, state, most } => {
                    let (reason, since) =
                        (filter.reason.map(|reason| reason.to_string()), filter.since_unix_ms().map(|since| since.to_string()));
                    let asked = to(&["deliveries", "summary"])
                        .maybe("state", state.map(State::name))
                        .maybe("cart", filter.cart.as_ref().map(CartId::as_str))
                        .maybe("order", order.as_ref().map(SenderOrderNumber::as_str))
                        .maybe("reason", reason.as_deref())
                        .maybe("since", since.as_deref())
                        .with("limit", &most.to_string());
                    let listed: DeliverySummary = api.get(asked).await?;
                    show::list(&listed, most, json);
                    Ok(Verdict::Done)
                }
                Command::Show { delivery, cassette: Some(attempt) } => cassette(&api, &delivery, attempt, json).await,
                Command::Export(args) => args.run(&api, json).await,
                Command::Show { delivery, cassette: None } => {
                    show::one(&delivery, &find(&api, &delivery).await?, json);
                    Ok(Verdict::Done)
                }
                Command::Retry(args) => args.run(&api, json).await,
                Command::Discard { deliveries, why } => discard(&api, &deliveries, &why, json).await,
            }
        })
    }
}

/// Shows the recorded requests and responses of an attempt.
async fn cassette(api: &Client, delivery: &DeliveryId, attempt: Option<u32>, json: bool) -> Result<Verdict, Failure> {
    let Some((attempt, cassette)) = recorded(api, delivery, attempt).await? else {
        let of = attempt.map_or_else(|| "an attempt".to_owned(), |attempt| format!("attempt {attempt}"));
        return Err(Failure::wrong_use(format!("there is no recording of {of} at delivery {delivery}; it was not kept, or was deleted"))
            .what_to_do(format!("`cartage delivery show {delivery}` shows what is stored of the delivery")));
    };
    if json {
        report::json(&serde_json::json!({ "delivery": delivery, "attempt": attempt, "cassette": cassette }));
    } else {
        report::heading(&format!("delivery {delivery}, attempt {attempt}"));
        attempt::show_cassette(&cassette);
    }
    Ok(Verdict::Done)
}

/// The recording of an attempt at a delivery or, without a number, of the last attempt that has one.
async fn recorded(api: &Client, delivery: &DeliveryId, attempt: Option<u32>) -> Result<Option<(u32, Cassette)>, Error> {
    let attempt = match attempt {
        Some(attempt) => Some(attempt),
        None => found(api.get::<WholeDelivery>(to(&["deliveries", delivery.as_str()])).await)?.and_then(|mut whole| whole.cassettes.pop()),
    };
    let Some(attempt) = attempt else { return Ok(None) };
    let asked = to(&["deliveries", delivery.as_str(), "cassettes", &attempt.to_string()]);
    Ok(found(api.get(asked).await)?.map(|cassette| (attempt, cassette)))
}

/// An answer; `None` if what it is about does not exist.
fn found<A>(answer: Result<A, Error>) -> Result<Option<A>, Error> {
    match answer {
        Err(error) if error.is("not-found") => Ok(None),
        answer => answer.map(Some),
    }
}

async fn find(api: &Client, delivery: &DeliveryId) -> Result<WholeDelivery, Failure> {
    found(api.get(to(&["deliveries", delivery.as_str()])).await)?.ok_or_else(|| unknown(delivery))
}

fn unknown(delivery: &DeliveryId) -> Failure {
    Failure::wrong_use(format!("delivery {delivery} was not found")).what_to_do("`cartage delivery list` lists the deliveries")
}

async fn discard(api: &Client, deliveries: &[DeliveryId], why: &str, json: bool) -> Result<Verdict, Failure> {
    let mut all = Vec::new();
    for delivery in deliveries {
        let body = DiscardBody { why: why.to_owned() };
        let taken = api.post::<EndedNow>(to(&["deliveries", delivery.as_str(), "discard"]), &body).await;
        let (done, said, merged) = match taken {
            Ok(EndedNow { was: Was::Dead, merged, .. }) => (true, "is discarded; its order goes on without it", merged),
            Ok(EndedNow { was: Was::Queued, merged, .. }) => (true, "is discarded, and the label before it counts again", merged),
            Err(error) if is_under_way(&error) => {
                (false, "was left alone: an attempt at its order is under way; repeat this in a moment", Vec::new())
            }
            Err(error) if error.is("not-found") || error.is("conflict") => {
                (false, "was not found, or is over already; nothing was changed", Vec::new())
            }
            Err(error) => return Err(error.into()),
        };
        let with_it = with_it(&merged).map(|with_it| format!("\n{with_it}")).unwrap_or_default();
        all.push((delivery, done, format!("{said}{with_it}")));
    }
    Ok(tell(all.into_iter(), json))
}

/// Whether a delivery was left alone because of an attempt: it is not over.
fn is_under_way(error: &Error) -> bool {
    let state = error.problem().and_then(|problem| problem.more.as_ref()?.state.as_deref());
    error.is("conflict") && matches!(state, Some("queued" | "dead"))
}

/// Prints the result for each delivery. The verdict says whether all succeeded.
fn tell<'a>(all: impl Iterator<Item = (&'a DeliveryId, bool, String)>, json: bool) -> Verdict {
    let all: Vec<_> = all.collect();
    if json {
        let one =
            |(delivery, done, said): &(&DeliveryId, bool, String)| serde_json::json!({ "delivery": delivery, "done": done, "said": said });
        report::json(&serde_json::json!({ "deliveries": all.iter().map(one).collect::<Vec<_>>() }));
    } else if all.is_empty() {
        report::line("no delivery matches");
    } else {
        report::rows(&all.iter().map(|(delivery, _, said)| (delivery.as_str(), said)).collect::<Vec<_>>());
    }
    if all.iter().all(|(_, done, _)| *done) { Verdict::Done } else { Verdict::NotDone }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit() {
        for (text, ms) in [("0s", 0), ("90m", 5_400_000), ("24h", 86_400_000), ("7d", 604_800_000)] {
            assert_eq!(span_ms(text), Ok(ms), "{text}");
        }
        for wrong in ["", "h", "24", "-1h", "1.5h", "1w", "24é", "999999999999999999d"] {
            assert!(span_ms(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_id_has_36_characters() {
        let id = DeliveryId::new().to_string();
        assert!(delivery(&id).is_ok());
        for wrong in [&id[1..], &format!("{id}0"), &id.replace('-', "_")] {
            assert!(delivery(wrong).is_err(), "{wrong}");
        }
    }
}
