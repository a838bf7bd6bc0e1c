//! Sends order statuses, tracking numbers and notes to WooCommerce, through its REST API v3.
//!
//! An update is sent in this order: the order is found, read and compared (`order`); its packages become fulfilments, if the shop is set
//! to them (`fulfillments`), or tracking items of the order (`tracking`); one PUT sets the status and the tracking items; the notes follow
//! (`notes`). `shop` sends the requests, and `answer` decides what each answer means. README.md is for operators.
//!
//! Four facts about WooCommerce explain much of this code:
//! - Its batch route takes any text as a status and sets the order to `pending`. So each order is changed by a PUT of its own, and the status
//!   in the reply is compared.
//! - A PUT revives an order in the trash, and an order's number need not be its id. So the order is read before anything is written.
//! - WooCommerce has no idempotency key. A note or a fulfilment that is sent again is created again, and the customer gets another mail. So the plugin
//!   looks before it writes.
//! - Without `_fields`, every answer contains the customer's name and address, including the replies to writes.

mod answer;
mod fulfillments;
mod json;
mod notes;
mod order;
mod report;
mod shop;
mod tracking;

use cartage_sdk::http::Method;
use cartage_sdk::json::Value;
use cartage_sdk::manifest::{Endpoint, Features, Oauth1, Oauth1Placement, Oauth1Signature, Setting, Slot, Statuses};
use cartage_sdk::{Applied, Choice, ChoicesOf, Context, Delivery, Failure, Manifest, OrderKey, Plugin, Progress, Report, Update};
use order::{LookUp, Order, Wanted};
use shop::Shop;

/// The name of the endpoint.
const API: &str = "api";
/// The content type of request bodies.
const JSON: &str = "application/json";
/// The credential slot for https, and the one for plain http.
const KEY: &str = "key";
const SIGNED_KEY: &str = "signed-key";
/// The names of the settings.
const LOOK_UP: &str = "look-up";
const TRACKING: &str = "tracking";
const TRACKING_NOTE: &str = "tracking-note";

/// The plugin.
#[derive(Debug)]
pub struct WooCommerce;

cartage_sdk::export!(WooCommerce);

impl Plugin for WooCommerce {
    fn describe() -> Manifest {
        Manifest::new("woocommerce", env!("CARGO_PKG_VERSION"))
            .cart("WooCommerce 4 or later, REST interface v3")
            .summary("Sets an order's status, keeps its tracking numbers and adds notes.")
            .vendor("The Cartage project")
            .licence(env!("CARGO_PKG_LICENSE"))
            .endpoint(api())
            .slot(key())
            .slot(signed_key())
            .setting(look_up())
            .setting(tracking_kept())
            .setting(tracking_note())
            .statuses(Statuses::Asked)
            .features(Features {
                tracking: true,
                several_packages: true,
                package_contents: true,
                corrections: true,
                withdrawals: true,
                notes: true,
                without_status: true,
                customer_notification: true,
                mails_customer: true,
                ..Features::default()
            })
            .personal_fields(["billing", "shipping", "customer_note", "customer_ip_address", "note"])
    }

    fn list_choices(of: ChoicesOf, context: Context) -> Result<Vec<Choice>, Failure> {
        match of {
            ChoicesOf::Statuses => report::statuses(&mut Shop::of(&context)),
            ChoicesOf::Carriers | ChoicesOf::Setting(_) => Ok(Vec::new()),
        }
    }

    fn check(order: Option<OrderKey>, context: Context) -> Result<Report, Failure> {
        report::check(order, &context)
    }

    fn send_order_status(update: Update, delivery: Delivery, context: Context) -> Result<Applied, Failure> {
        let (mut shop, kept) = (Shop::of(&context), Kept::of(&context)?);
        Progress::of(&delivery).run(|work| {
            let order = found(&mut shop, &update, &delivery, kept)?;
            work.reference(order.id.to_string());
            let items = match kept {
                Kept::OrderMeta => tracking::merged(&order, &update)?,
                Kept::Fulfillments => fulfillments::tell(&mut shop, &order, &update, work).map(|()| None)?,
            };
            change(&mut shop, &order, &update, items, work)?;
            notes::tell(&mut shop, &order, &update, &delivery, work)
        })
    }
}

fn api() -> Endpoint {
    Endpoint::new("api", "the shop's address with /wp-json/wc/v3 at its end", "https://shop.example/wp-json/wc/v3")
        .methods([Method::Get, Method::Put, Method::Post, Method::Delete])
        .paths(["/orders", "/data/currencies/current", "/reports/orders/totals"])
        .request_types([JSON])
        .response_headers(["x-wp-totalpages"])
        .response_types([JSON])
}

fn key() -> Slot {
    Slot::basic(
        KEY,
        "for a shop with https: a REST key with the permission Read/Write, from WooCommerce > Settings > Advanced > REST API. The user name \
         is the consumer key (ck_...), the password the consumer secret (cs_...)",
    )
    .alternative("rest-key")
    .for_endpoints([API])
}

fn signed_key() -> Slot {
    let how = Oauth1 { placement: Oauth1Placement::Query, signature: Oauth1Signature::HmacSha256 };
    let purpose = "the same key for a shop without https, which takes a key only as a signature (OAuth 1.0a)";
    Slot::oauth1(SIGNED_KEY, purpose, how).alternative("rest-key").for_endpoints([API])
}

fn look_up() -> Setting {
    let ways = [
        ("id", "The order number is the order's id, as in WooCommerce itself"),
        ("search", "Order numbers of their own: a plugin for sequential numbers"),
        ("trusted-id", "The order number is the order's id, and the number that the shop shows is not compared"),
    ];
    Setting::choice(LOOK_UP, "How an order is found", ways)
        .help(
            "In the first two ways the order is read before anything is written, and its number is compared exactly. With trusted-id a \
             status is written without a look at the order, so that an order in the trash would be revived.",
        )
        .default("id")
}

fn tracking_kept() -> Setting {
    let ways = [
        ("order-meta", "In the order, where the extension Shipment Tracking and others like it read them"),
        ("fulfillments", "As fulfilments of WooCommerce 10 or later, where that feature is switched on"),
    ];
    Setting::choice(TRACKING, "Where tracking numbers are kept", ways).default("order-meta")
}

fn tracking_note() -> Setting {
    Setting::boolean(TRACKING_NOTE, "Add a note with the tracking numbers")
        .help("With tracking = order-meta: a shop without such an extension shows nobody the tracking numbers but by this note.")
        .default(true)
}

/// Where the shop keeps tracking numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// In the order's meta data.
    OrderMeta,
    /// In fulfilments.
    Fulfillments,
}

impl Kept {
    fn of(context: &Context) -> Result<Kept, Failure> {
        match context.text(TRACKING)? {
            "order-meta" => Ok(Kept::OrderMeta),
            "fulfillments" => Ok(Kept::Fulfillments),
            other => Err(Failure::host_denied(format!("failed to read the setting {TRACKING}: {other} is none of its choices"))),
        }
    }
}

/// Finds the order and reads the parts that the update needs.
fn found(shop: &mut Shop<'_>, update: &Update, delivery: &Delivery, kept: Kept) -> Result<Order, Failure> {
    let has_news = tracking::news(update).next().is_some();
    let wanted = Wanted { tracking: has_news && kept == Kept::OrderMeta, lines: has_news && kept == Kept::Fulfillments };
    let number = &update.order_number;
    if LookUp::of(shop.context)? == LookUp::TrustedId && !has_news {
        return order::trusted(number);
    }
    order::find(shop, number, delivery.known_reference.as_deref(), wanted)
}

/// Sets the status and the tracking items, unless the order has them already.
fn change(shop: &mut Shop<'_>, order: &Order, update: &Update, items: Option<Vec<Value>>, work: &mut Progress<'_>) -> Result<(), Failure> {
    let status = update.status.as_deref().filter(|status| order.status.as_deref() != Some(*status));
    let Some(body) = order::change(status, items) else { return Ok(()) };
    let after = order.put(shop, &body)?;
    // The change was made, even if the shop then has another status than the requested one.
    work.step("order changed", None);
    match status {
        Some(status) if after != status => Err(Failure::illegal_transition(format!(
            "the shop took the status {status} for order {} and says now that the order is {after}: the shop, or a plugin of it, set another status",
            update.order_number
        ))),
        _ => Ok(()),
    }
}
