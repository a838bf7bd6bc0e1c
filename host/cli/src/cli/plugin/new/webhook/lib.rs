//! Posts each order's status to a cart as JSON that is signed.
//!
//! The cart is made up. It checks the signature in the header `x-signature`, and recognises a repeat by the header `idempotency-key`. A cart that accepts
//! Standard Webhooks needs no plugin of its own: Cartage contains `plugins/webhook`.

use cartage_sdk::http::{Method, Request, Response, text};
use cartage_sdk::manifest::{Endpoint, Features, KeyEncoding, Slot};
use cartage_sdk::orders::news;
use cartage_sdk::serde_json::json;
use cartage_sdk::signing::{self, Algorithm};
use cartage_sdk::{Applied, Context, Delivery, Failure, FindingSubject, Manifest, OrderKey, Plugin, Report, Update};

/// The plugin.
#[derive(Debug)]
pub struct MyCart;

cartage_sdk::export!(MyCart);

impl Plugin for MyCart {
    fn describe() -> Manifest {
        Manifest::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .cart("Example Shop 3 or later")
            .summary("Posts each status update as signed JSON.")
            .vendor("Example Ltd")
            .endpoint(
                Endpoint::new("receiver", "the URL that takes the posts", "https://shop.example/orders")
                    .methods([Method::Post, Method::Head])
                    .paths(["/"])
                    .request_headers(["idempotency-key", "x-signature"])
                    .request_types(["application/json"])
                    // An answer without a body is accepted as well. An HTML page is not, because it would look like a success.
                    .response_types(["application/json", "text/plain"]),
            )
            // The host signs: the plugin never sees the key.
            .slot(Slot::mac_key("key", "Settings > Webhooks > Signing key in the shop's back office", KeyEncoding::Text))
            .features(Features { tracking: true, several_packages: true, notes: true, safe_to_repeat: true, ..Features::default() })
            .personal_fields(["note"])
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        // A POST would be an update, so the check only asks whether the server answers.
        let answer = Request::new(Method::Head, "receiver").send()?;
        Ok(Report::new().fine(FindingSubject::Reachability, format!("the shop's server answers (HTTP {})", answer.status)).warning(
            FindingSubject::Credentials,
            "whether the shop has the same key is not known: only a post could tell",
            "send the first update in the mode only-orders, and look at its receipt",
        ))
    }

    fn send_order_status(update: Update, delivery: Delivery, context: Context) -> Result<Applied, Failure> {
        let packages =
            news(&update).new_packages().map(|(_, package)| json!({"carrier": package.carrier, "number": package.tracking_number}));
        let body = json!({
            "order": update.order_number,
            "status": update.status,
            "note": update.note,
            "new_packages": packages.collect::<Vec<_>>(),
        })
        .to_string();
        let signature = signing::mac("key", Algorithm::Sha256, [text(body.as_str())])?;
        let answer = Request::post("receiver")
            .idempotency_key(&delivery)
            .header("x-signature", signing::hex(&signature))
            .body("application/json", [text(body)])
            .send()?;
        outcome(&answer, &context)
    }
}

/// What the shop's answer means. If an answer is lost or cut off, `send` fails before this function is called, and the update is sent again.
fn outcome(answer: &Response, context: &Context) -> Result<Applied, Failure> {
    let said = format!("the shop answered HTTP {}: {}", answer.status, answer.excerpt());
    let failure = match answer.status {
        200..=299 => return Ok(Applied::done()),
        401 | 403 => Failure::credentials(said),
        404 | 405 => Failure::misconfigured(format!("set the URL that takes posts: {said}")),
        410 => Failure::gone(said),
        400 | 422 => Failure::invalid_data(said),
        429 => Failure::rate_limited(said),
        500.. => Failure::unavailable(said),
        _ => Failure::protocol(said),
    };
    Err(match answer.retry_after(context) {
        Some(wait) => failure.retry_after(wait),
        None => failure,
    })
}

#[cfg(test)]
mod tests;
