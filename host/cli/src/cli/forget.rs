//! `cartage forget`: erases what is stored about an order.

use super::api::{Client, Error, to};
use super::arguments::{cart_id, order_number};
use super::{Failure, Verdict, client, report};
use cartage::carts::Cart;
use cartage::id::{CartId, SenderOrderNumber};
use cartage::service::Forgotten;
use cartage_http::api::documents::{ForgetBody, ForgottenOrder, IN_LOG, WholeCart};
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  Forget an order that a customer wants to be forgotten:
      cartage forget --cart seed-shop --order 1021
  Also if updates of the order wait or are dead letters; they are never sent:
      cartage forget --cart seed-shop --order 1021 --discard-queue

The command deletes updates, labels, packages, decisions, receipts, recordings and answers to
idempotency keys, also from the database's files. A line in the audit stays and names the order's
number. The cart itself, files of `delivery export` and backups are not changed. A repeated
request under an idempotency key of a forgotten order counts as a new request. Exit code 1:
nothing is stored of this order.";

/// Erase all stored data of one order.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The cart, which may be a removed one.
    #[arg(long, value_name = "CART", value_parser = cart_id)]
    cart: CartId,
    /// The order's number as its sender gives it, before the cart's order-number rule strips it.
    #[arg(long, value_name = "NUMBER", value_parser = order_number)]
    order: SenderOrderNumber,
    /// Discard the order's waiting deliveries and dead letters.
    #[arg(long)]
    discard_queue: bool,
}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let api = Client::open(data)?;
        let Args { cart, order, discard_queue } = self;
        let body = ForgetBody { cart: cart.clone(), order: order.clone(), discard_queue };
        let asked = client::block_on(async { Ok(api.post::<ForgottenOrder>(to(&["orders", "forget"]), &body).await) })?;
        match asked {
            Ok(ForgottenOrder { discarded, rows, .. }) if json => {
                let done = Forgotten::Done { discarded, rows };
                report::json(&serde_json::json!({ "cart": cart, "order": order, "forgotten": done }));
                Ok(Verdict::Done)
            }
            Ok(ForgottenOrder { discarded, .. }) => {
                let and = match discarded {
                    0 => String::new(),
                    1 => ", and 1 update of it is never sent".to_owned(),
                    more => format!(", and {more} updates of it are never sent"),
                };
                report::line(&format!("order {order} at cart {cart} is forgotten{and}"));
                report::talk("backups and files that were exported before still contain the order: delete them as well");
                Ok(Verdict::Done)
            }
            Err(error) if error.is("not-found") => {
                let why = client::block_on(async { why_nothing(&api, &cart, &order).await })?;
                if json {
                    let forgotten = Forgotten::NothingKept;
                    report::json(&serde_json::json!({ "cart": cart, "order": order, "forgotten": forgotten, "why": why }));
                } else {
                    report::line(&format!("Cartage has no record of order {order} at cart {cart}: {why}"));
                }
                Ok(Verdict::NotDone)
            }
            Err(error) if error.is("conflict") => Err(left_alone(&error, &cart, &order)),
            Err(error) => Err(failure(error)),
        }
    }
}

/// The refusal to forget an order that waits or is under way.
fn left_alone(error: &Error, cart: &CartId, order: &SenderOrderNumber) -> Failure {
    let because = |why: &str| Failure::wrong_use(format!("order {order} at cart {cart} was left alone: {why}"));
    match error.problem().and_then(|problem| problem.more.as_ref()?.deliveries) {
        None => because("an attempt at it is under way").what_to_do("repeat this in a moment"),
        Some(waiting) => because(&match waiting {
            1 => "1 update of the order waits or is a dead letter".to_owned(),
            more => format!("{more} updates of the order wait or are dead letters"),
        })
        .what_to_do("let them be delivered, or repeat the command with --discard-queue; `cartage delivery list` shows them"),
    }
}

/// Explains why nothing is stored under an order number.
async fn why_nothing(api: &Client, cart: &CartId, order: &SenderOrderNumber) -> Result<String, Failure> {
    let kept: WholeCart = match api.get(to(&["carts", cart.as_str()])).await {
        Err(error) if error.is("not-found") => {
            return Ok("there is no such cart, and no data of a removed one under this number".to_owned());
        }
        kept => kept?,
    };
    Ok(match Cart::parse(cart.as_str(), &kept.definition)?.order_number.apply(order) {
        Ok(_) => "no update of the order was ever accepted, or the order was forgotten before".to_owned(),
        Err(error) => format!("{error}; orders are named by the number that their sender gives"),
    })
}

fn failure(error: Error) -> Failure {
    let in_log = error.problem().and_then(|problem| problem.more.as_ref()?.state.as_deref()) == Some(IN_LOG);
    let failure = Failure::from(error);
    if in_log {
        failure.what_to_do("the order may be forgotten, but its bytes may still be in the log: repeat this in a moment")
    } else {
        failure
    }
}
