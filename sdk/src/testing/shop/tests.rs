//! What the shop records from call to call, and what it tells the next attempt.

use super::*;
use crate::http::{Method, Request};
use crate::manifest::{Endpoint, Features};
use crate::testing::{package, update};
use crate::{Context, Manifest, Progress};

/// Posts each new package and then the status. The plugin's message shows what the host told it.
struct Poster;

impl Plugin for Poster {
    fn describe() -> Manifest {
        let api = Endpoint::new("api", "the shop", "https://shop.example").methods([Method::Post]).paths(["/"]);
        Manifest::new("poster", "1.0.0")
            .cart("None")
            .summary("Posts.")
            .vendor("Cartage")
            .endpoint(api.request_types(["application/json"]))
            .features(Features { tracking: true, several_packages: true, ..Features::default() })
    }

    fn check(order: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        let reference = order.and_then(|order| order.known_reference).unwrap_or_default();
        Ok(Report::new().fine(crate::FindingSubject::Order, reference))
    }

    fn send_order_status(update: Update, delivery: Delivery, _: Context) -> Result<Applied, Failure> {
        Progress::of(&delivery).run(|work| {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            let earlier = delivery.earlier.iter().map(|earlier| format!("{}:{}:{}", earlier.attempt, earlier.reach, earlier.steps.len()));
            let earlier = earlier.collect::<Vec<_>>().join(",");
            let (known, previous) = (text(&delivery.known_reference), text(&update.previous_label));
            let (sequence, attempt, key) = (delivery.sequence, delivery.attempt, &delivery.id[34..]);
            work.message(format!("{sequence}.{attempt} {key} [{earlier}] {known} {previous}"));
            work.reference("gid-1");
            for (place, package) in crate::orders::news(&update).new_packages() {
                Request::post("api").json(package.tracking_number.clone()).send()?;
                work.told(place, Some("shipment"));
            }
            work.once("status set", || {
                Request::post("api").json(update.status.clone()).send()?;
                Ok(None)
            })?;
            Ok(())
        })
    }
}

fn shop() -> Shop<Poster, Vec<String>> {
    Cart::new().remembering(Vec::new(), |told: &mut Vec<String>, seen| {
        told.push(seen.body());
        Reply::status(200)
    })
}

fn shipped() -> Update {
    Update { packages: vec![package("UPS", "1Z1"), package("UPS", "1Z2")], ..update("7", "Shipped") }
}

fn message(run: Run<Applied>) -> String {
    run.succeeded().message.clone().unwrap_or_default()
}

#[test]
fn an_attempt_that_failed_tells_the_next_what_it_did() {
    let mut shop = shop();
    let failure = shop.lose_reply(2).send(&shipped()).failed();
    assert_eq!((failure.packages.len(), shop.state().len()), (1, 2), "the shop acted on the request whose reply was lost");
    // The first package was reported as told, so it is not sent again. The second may have arrived, and this plugin does not check.
    assert_eq!(message(shop.again()), "1.2 10 [1:maybe-sent:0] gid-1 -");
    assert_eq!(*shop.state(), ["\"1Z1\"", "\"1Z2\"", "\"1Z2\"", "\"Shipped\""]);
}

#[test]
fn an_attempt_after_a_success_knows_nothing_but_that_it_may_have_arrived() {
    let mut shop = shop();
    assert_eq!(message(shop.send(&shipped())), "1.1 10 [] - -");
    assert_eq!(message(shop.again()), "1.2 10 [1:maybe-sent:0] gid-1 Shipped".replace(" Shipped", " -"), "it is the same update");
    assert_eq!(shop.state().len(), 6, "this plugin doubles all of it");
}

#[test]
fn the_orders_next_update_has_a_key_of_its_own_and_the_reference() {
    let mut shop = shop();
    shop.send(&shipped()).succeeded();
    shop.state_mut().clear();
    assert_eq!(message(shop.send(&update("7", "Closed"))), "2.1 11 [] gid-1 Shipped");
    assert_eq!(*shop.state(), ["\"Closed\""]);
    assert_eq!(shop.check(Some("7")).succeeded().findings[0].message, "gid-1");
}

#[test]
fn steps_of_all_attempts_reach_the_next() {
    let mut shop = shop();
    shop.lose_reply(1).send(&update("7", "Shipped")).failed();
    shop.lose_reply(1).again().failed();
    assert_eq!(message(shop.again()), "1.3 10 [1:maybe-sent:0,2:maybe-sent:0] gid-1 -");
}
