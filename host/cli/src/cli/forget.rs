//! `cartage forget`: erases what is stored about an order.

use super::arguments::{cart_id, order_number};
use super::{Failure, Verdict, client, directory, report};
use cartage::id::{CartId, SenderOrderNumber};
use cartage::service::{self, Forgotten, Service};
use cartage::store;
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  Forget an order that a customer wants to be forgotten:
      cartage forget --cart seed-shop --order 1021
  Also where updates of it wait or are dead letters, which are never sent then:
      cartage forget --cart seed-shop --order 1021 --discard-queue

Updates, labels, packages, decisions, receipts, recordings and answers to idempotency keys go, out of the database's files as well. A line in
the audit stays, and says the order's number. Not touched: the cart itself, files of `delivery export`, and backups, which hold what they held.
A repeat of a request under an idempotency key of such an order is a new request. Exit code 1: nothing is kept of this order.";

/// Erase everything that is kept of one order.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The cart. One that was removed can be named as well.
    #[arg(long, value_name = "CART", value_parser = cart_id)]
    cart: CartId,
    /// The order's number as its sender gives it, before the cart's order-number rule strips it.
    #[arg(long, value_name = "NUMBER", value_parser = order_number)]
    order: SenderOrderNumber,
    /// Discard what waits of it, and its dead letters.
    #[arg(long)]
    discard_queue: bool,
}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let service = directory::open(data)?;
        let Args { cart, order, discard_queue } = self;
        let forgotten = client::block_on(async { service.orders().forget(&cart, &order, discard_queue).await.map_err(failure) })?;
        match forgotten {
            Forgotten::Waits { deliveries } => Err(Failure::wrong_use(format!(
                "order {order} at cart {cart} was left alone: {}",
                match deliveries {
                    1 => "1 update of it waits or is a dead letter".to_owned(),
                    more => format!("{more} updates of it wait or are dead letters"),
                }
            ))
            .what_to_do("let them be delivered, or say --discard-queue; `cartage delivery list` shows them")),
            Forgotten::UnderWay => {
                Err(Failure::wrong_use(format!("order {order} at cart {cart} was left alone: an attempt at it is under way"))
                    .what_to_do("repeat this in a moment"))
            }
            done @ Forgotten::Done { .. } if json => {
                report::json(&serde_json::json!({ "cart": cart, "order": order, "forgotten": done }));
                Ok(Verdict::Done)
            }
            Forgotten::NothingKept => {
                let why = client::block_on(async { why_nothing(&service, &cart, &order).await.map_err(failure) })?;
                if json {
                    report::json(&serde_json::json!({ "cart": cart, "order": order, "forgotten": forgotten, "why": why }));
                } else {
                    report::line(&format!("nothing is kept of order {order} at cart {cart}: {why}"));
                }
                Ok(Verdict::NotDone)
            }
            Forgotten::Done { discarded, .. } => {
                let and = match discarded {
                    0 => String::new(),
                    1 => ", and 1 update of it is never sent".to_owned(),
                    more => format!(", and {more} updates of it are never sent"),
                };
                report::line(&format!("order {order} at cart {cart} is forgotten{and}"));
                report::talk("backups and files that were exported before still hold what they held: delete them as well");
                Ok(Verdict::Done)
            }
        }
    }
}

/// Explains why nothing is stored under an order number.
async fn why_nothing(service: &Service, cart: &CartId, order: &SenderOrderNumber) -> Result<String, service::Error> {
    let Some(kept) = service.carts().find(cart).await? else {
        return Ok("there is no such cart, and nothing is left of a removed one under this number".to_owned());
    };
    Ok(match kept.cart.order_number.apply(order) {
        Ok(_) => "no update of it was ever accepted, or it was forgotten before".to_owned(),
        Err(error) => format!("{error}; orders are named by the number that their sender gives"),
    })
}

fn failure(error: service::Error) -> Failure {
    let busy = matches!(&error, service::Error::Store(store::Error::Busy { .. }));
    let failure = directory::failure(error);
    if busy { failure.what_to_do("the order may be forgotten and its bytes still in the log: repeat this in a moment") } else { failure }
}
