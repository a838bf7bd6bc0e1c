//! Posts status updates as signed JSON, by Standard Webhooks, to any cart or service that takes such posts.
//!
//! This is the shortest useful plugin. Read the file from top to bottom: what the plugin needs, how an operator checks that it works, how it sends an update,
//! and what each answer means. README.md is for operators, `docs/webhook.md` for receivers.

mod message;

use cartage_sdk::encoding::base64;
use cartage_sdk::http::{Method, Request, Response, text};
use cartage_sdk::manifest::{Endpoint, Features, KeyEncoding, Slot};
use cartage_sdk::signing::{self, Algorithm};
use cartage_sdk::{Applied, Context, Delivery, Failure, FindingSubject, Manifest, OrderKey, Plugin, Report, Update};

/// The plugin.
#[derive(Debug)]
pub struct Webhook;

cartage_sdk::export!(Webhook);

impl Plugin for Webhook {
    fn describe() -> Manifest {
        Manifest::new("webhook", env!("CARGO_PKG_VERSION"))
            .cart("Any cart or service that takes Standard Webhooks")
            .summary("Posts each status update as JSON, signed with a key that the receiver shares.")
            .vendor("The Cartage project")
            .licence(env!("CARGO_PKG_LICENSE"))
            .endpoint(
                Endpoint::new("receiver", "the URL that takes the posts", "https://shop.example/webhooks/orders")
                    .methods([Method::Post, Method::Head])
                    .paths(["/"])
                    .request_headers(["webhook-id", "webhook-timestamp", "webhook-signature"])
                    .request_types(["application/json"]),
            )
            .slot(Slot::mac_key("key", "the signing key that the receiver shows; it begins with whsec_", KeyEncoding::Whsec))
            .features(Features {
                tracking: true,
                several_packages: true,
                package_contents: true,
                corrections: true,
                withdrawals: true,
                line_items: true,
                notes: true,
                without_status: true,
                customer_notification: true,
                safe_to_repeat: true,
                ..Features::default()
            })
            .personal_fields(["note", "comments"])
    }

    fn check(order: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        // A post would be an update, so `check` only asks whether the server answers. Many servers answer 404 or 405 to anything but a post.
        let answer = Request::new(Method::Head, "receiver").send()?;
        let report = match answer.status {
            410 => Report::new().problem(FindingSubject::Reachability, "the receiver is gone", "ask who runs it where it went"),
            500.. => Report::new().warning(FindingSubject::Reachability, said(&answer), "look whether the receiver is out of order"),
            _ => Report::new().fine(FindingSubject::Reachability, format!("the receiver's server answers (HTTP {})", answer.status)),
        };
        let report = report.warning(
            FindingSubject::Credentials,
            "whether the receiver has the same key is not known: only a post could tell",
            "send the first update in the mode only-orders, and look at its receipt",
        );
        Ok(match order {
            None => report,
            Some(order) => report.warning(
                FindingSubject::Order,
                format!("order {} was not looked up: a webhook has no question about one order", order.order_number),
                "look at the order where the receiver shows it",
            ),
        })
    }

    fn send_order_status(update: Update, delivery: Delivery, context: Context) -> Result<Applied, Failure> {
        let body = message::of(&update).to_string();
        // The id is the same in every attempt, so a receiver recognises a repeat. The time is the attempt's, so an old post cannot be replayed.
        let id = delivery.id;
        let timestamp = (context.now_unix_ms / 1000).to_string();
        let mac = signing::mac("key", Algorithm::Sha256, [text(format!("{id}.{timestamp}.{body}"))])?;
        let answer = Request::post("receiver")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", format!("v1,{}", base64(mac)))
            .body("application/json", [text(body)])
            .send()?;
        outcome(&answer, &context)
    }
}

/// The outcome that the receiver's answer means. A lost or truncated answer does not reach this function: `send` fails, and the update is sent again.
fn outcome(answer: &Response, context: &Context) -> Result<Applied, Failure> {
    let said = said(answer);
    let failure = match answer.status {
        200..=299 if is_page(answer) => Failure::protocol(format!("a page for people is no receiver's answer; {said}")),
        200..=299 => return Ok(Applied::done()),
        401 | 403 => Failure::credentials(format!("the receiver does not take the signature, or not from here; {said}")),
        301 | 308 | 404 | 405 => Failure::misconfigured(format!("no receiver takes posts there: set the right URL; {said}")),
        409 | 423 => Failure::order_busy(said),
        400 | 413 | 422 => Failure::invalid_data(said),
        410 => Failure::gone(said),
        429 => Failure::rate_limited(said),
        408 | 425 | 500.. => Failure::unavailable(said),
        _ => Failure::protocol(said),
    };
    Err(match answer.retry_after(context) {
        Some(wait) => failure.retry_after(wait),
        None => failure,
    })
}

/// Whether the body is an HTML page. Many servers answer every unknown address with their front page and status 200.
fn is_page(answer: &Response) -> bool {
    let start: String = answer.text().trim_start().chars().take(14).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

fn said(answer: &Response) -> String {
    format!("the receiver answered HTTP {}: {}", answer.status, answer.excerpt())
}
