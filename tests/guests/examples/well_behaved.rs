//! Does nothing wrong: the control. What it asks depends on all that a guest could take for randomness.

use cartage_guests::sdk::Applied;
use cartage_guests::sdk::http::{Request, bytes, text};
use cartage_guests::sdk::log;
use cartage_guests::sdk::signing::{Algorithm, mac};
use std::collections::HashSet;

cartage_guests::guest!(|update, context| {
    let not_a_number = std::hint::black_box(0.0_f64) / std::hint::black_box(0.0);
    let unordered: HashSet<u32> = (0..20).collect();
    let place = std::ptr::from_ref(&update).addr();
    log::info(&format!("{:x} {unordered:?} {place} {}", not_a_number.to_bits(), context.now_unix_ms));
    let signature = mac("key", Algorithm::Sha256, [text(&update.order_number), bytes(context.entropy.clone())])?;
    let mut steps = Applied::done().reference("7");
    for number in 0..cartage_guests::amount(&update) {
        let body = [text(format!("{number} {place} {unordered:?} ")), bytes(signature.clone())];
        let answer = Request::post("api").path("/orders").query("n", number.to_string()).body("text/plain", body).send()?;
        steps = steps.step("posted", Some(&answer.status.to_string()));
    }
    Ok(steps)
});
