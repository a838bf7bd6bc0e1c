//! The meaning of the shop's answers.
//!
//! A refusal is JSON with a code, a message and the status once more. The code decides first, then the status: many shops have a firewall, a cache or a
//! maintenance page in front of WooCommerce, which answer with HTML pages. WooCommerce refuses bad signatures and missing rights with one and the same code,
//! so there the message decides. The message may be in the shop's language: then the key counts as refused, which also pauses the cart.

use crate::shop::About;
use crate::{API, KEY, json};
use cartage_sdk::http::{Response, excerpt};
use cartage_sdk::json::Value;
use cartage_sdk::{Context, Failure, FailureKind};

/// A refusal of WooCommerce, or of WordPress.
struct Fault {
    code: String,
    message: String,
    /// The HTTP status that the refusal's body states.
    status: Option<u16>,
    /// The names of the parameters that the shop rejected.
    parameters: Vec<String>,
}

impl Fault {
    fn of(body: &Value) -> Option<Fault> {
        // An object with an id is an order, a note or a fulfilment, whatever other members it has.
        let message = body["message"].text().filter(|_| body["id"].is_null())?.to_owned();
        let data = &body["data"];
        let parameters = data["params"].members().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let status = json::text(&data["status"]).and_then(|status| status.parse().ok());
        Some(Fault { code: json::text(&body["code"])?.to_owned(), message, status, parameters })
    }

    /// Whether the message contains this word. WooCommerce may have translated the message.
    fn speaks_of(&self, word: &str) -> bool {
        self.message.to_ascii_lowercase().contains(word)
    }
}

/// The failure that an answer means; `None` if the answer is a success. `body` is the answer's JSON, if the body is JSON.
pub(crate) fn refusal(response: &Response, body: Option<&Value>, about: About, context: &Context) -> Option<Failure> {
    let fault = body.and_then(Fault::of);
    if response.is_success() && fault.is_none() {
        return None;
    }
    // Some servers send every answer with status 200; the body then states the real status.
    let status = fault.as_ref().and_then(|fault| fault.status).filter(|_| response.is_success()).unwrap_or(response.status);
    let said = match &fault {
        Some(fault) => format!("the shop answered HTTP {status} ({}): {}", fault.code, excerpt(&fault.message)),
        None => format!("the shop answered HTTP {status}: {}", response.excerpt()),
    };
    let failure = fault
        .as_ref()
        .and_then(|fault| by_code(fault, status, about, context, &said))
        .unwrap_or_else(|| by_status(status, fault.is_some(), said));
    Some(match response.retry_after(context) {
        Some(wait) if is_for_now(failure.kind) => failure.retry_after(wait),
        _ => failure,
    })
}

fn is_for_now(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::RateLimited | FailureKind::Unavailable | FailureKind::OrderBusy | FailureKind::Protocol)
}

/// The failure that a code means; `None` if the code alone does not decide.
fn by_code(fault: &Fault, status: u16, about: About, context: &Context, said: &str) -> Option<Failure> {
    Some(match fault.code.as_str() {
        "woocommerce_rest_authentication_error" => authentication(fault, said),
        "rest_no_route" => Failure::misconfigured(no_route(about, said)),
        "woocommerce_rest_shop_order_invalid_id" | "woocommerce_rest_order_invalid_id" => Failure::order_not_found(said),
        "rest_invalid_param" if fault.parameters.iter().any(|name| name == "status") => Failure::status_not_supported(said),
        "rest_invalid_param" | "rest_missing_callback_param" => Failure::invalid_data(said),
        // The plugin sent valid JSON, so a server on the way has changed the request.
        "rest_invalid_json" => Failure::protocol(said),
        _ if status == 401 => Failure::credentials(format!("{said}; {}", anonymous(context))),
        _ if status == 403 => Failure::not_permitted(format!(
            "{said}; the user of the REST key may not do this: take a key of a shop manager or an administrator"
        )),
        _ => return None,
    })
}

/// WooCommerce has one code for every key, signature and right that it refuses.
fn authentication(fault: &Fault, said: &str) -> Failure {
    if fault.speaks_of("timestamp") {
        return Failure::misconfigured(format!(
            "{said}; the clocks of this machine and of the shop's server are more than 15 minutes apart: set them right"
        ));
    }
    // Each request has its own nonce, so the shop received one request twice; the result of the first one is not known.
    if fault.speaks_of("nonce") {
        return Failure::unavailable(format!("{said}; something on the way has sent the request twice"));
    }
    if fault.speaks_of("permission") {
        return Failure::not_permitted(format!("{said}; give the REST key the permission Read/Write"));
    }
    if fault.speaks_of("signature") {
        return Failure::credentials(format!(
            "{said}; the consumer secret is wrong, or the shop knows itself by another address: compare the site address in Settings > General \
             with the endpoint, and set signed_base_url"
        ));
    }
    Failure::credentials(said)
}

/// A hint for keys that the shop ignores: WooCommerce treats a request as a visitor's if its key is missing or unknown.
fn anonymous(context: &Context) -> &'static str {
    let is_plain = context.base_url(API).is_some_and(|url| url.starts_with("http://"));
    if is_plain && context.has_slot(KEY) {
        return "over plain http WooCommerce does not look at the credential `key`: set `signed-key` in its place";
    }
    "the shop does not know the REST key, or its server does not pass the header Authorization on to WordPress"
}

fn no_route(about: About, said: &str) -> String {
    match about {
        About::Orders => {
            format!("{said}; WooCommerce is not active there, or the endpoint {API} does not end with /wp-json/wc/v3")
        }
        About::Fulfillments => format!(
            "{said}; the shop has no fulfilments: switch that feature of WooCommerce 10 or later on, or set the setting `tracking` to `order-meta`"
        ),
    }
}

/// The failure that the status means, if no code says more.
fn by_status(status: u16, is_of_the_shop: bool, said: String) -> Failure {
    match status {
        301 | 308 => Failure::misconfigured(format!("{said}; redirects are not followed: bind {API} to the address that answers at last")),
        401 | 407 => Failure::credentials(format!("{said}; something before WooCommerce wants a log-in")),
        403 | 406 => Failure::not_permitted(format!("{said}; a firewall or a security plugin before WooCommerce denies the request")),
        404 | 405 if !is_of_the_shop => Failure::misconfigured(format!(
            "{said}; there is no REST interface: look at the address, and set Settings > Permalinks to anything but Plain"
        )),
        409 | 423 => Failure::order_busy(said),
        410 if !is_of_the_shop => Failure::gone(said),
        400 | 413 | 414 | 422 | 431 => Failure::invalid_data(said),
        429 => Failure::rate_limited(said),
        408 | 425 | 500..=599 => Failure::unavailable(said),
        _ => Failure::protocol(said),
    }
}
