//! Sends the status of orders to a Vendure shop, over its Admin API (GraphQL).
//!
//! Vendure has no status that could simply be set. A shipment is a *fulfilment*: some quantities of some lines, with a tracking code. The fulfilment moves
//! from Pending to Shipped and to Delivered, and the order follows by itself. So an update is sent in these steps:
//!
//! 1. `order`: the order is looked up by its code, with its lines and its fulfilments. All later steps depend on what the shop has already, so a repeat
//!    finds the work of the first attempt and does nothing twice.
//! 2. `packages`: each new package becomes a fulfilment with its contents.
//! 3. `goal`: the status decides how the fulfilments, or the order, are changed.
//! 4. `notes`: the note is added, unless the order has it.
//!
//! `shop` sends requests to the Admin API and reads GraphQL's errors, and `refusal` reads the errors that Vendure returns as types. README.md is for
//! operators, `docs/vendure.md` for shop owners.

mod answer;
mod goal;
mod notes;
mod order;
mod packages;
mod refusal;
mod shop;

use cartage_sdk::http::{Json, Method};
use cartage_sdk::json::Value;
use cartage_sdk::manifest::{
    Endpoint, Features, Field, HeaderPlacement, LogIn, Pace, Setting, Slot, Statuses, TokenPlacement, TokenSource,
};
use cartage_sdk::{
    Applied, Choice, ChoicesOf, Context, Delivery, Failure, FailureKind, FindingSubject, Manifest, OrderKey, OrderSeen, PackageSeen,
    Plugin, Progress, Report, Update,
};
use goal::Goal;
use notes::Notes;
use order::Order;
use shop::{ACCOUNT, CHANNEL, KEY, REQUESTS_MAX, Shop};

/// The plugin.
#[derive(Debug)]
pub struct Vendure;

cartage_sdk::export!(Vendure);

const RIGHTS: &str = "give its role the permissions ReadOrder and UpdateOrder, in the channel of the orders";

impl Plugin for Vendure {
    fn describe() -> Manifest {
        Manifest::new("vendure", env!("CARGO_PKG_VERSION"))
            .cart("Vendure 3")
            .summary("Ships orders by fulfilments with their tracking codes, moves orders to a state, cancels them, and adds notes.")
            .vendor("The Cartage project")
            .licence(env!("CARGO_PKG_LICENSE"))
            .endpoint(
                Endpoint::new("api", "the shop's Admin API", "https://shop.example/admin-api")
                    .methods([Method::Post])
                    .paths(["/"])
                    .request_headers(["vendure-token"])
                    .request_types(["application/json"])
                    .response_types(["application/json", "application/graphql-response+json"]),
            )
            .slot(key())
            .slot(account())
            .setting(
                Setting::text(CHANNEL, "Channel token")
                    .help(
                        "For a shop with several channels: the token of the channel whose orders these are. Left out: the default channel.",
                    )
                    .length(1, 255)
                    .pattern("[!-~]+"),
            )
            .setting(
                Setting::text(packages::HANDLER, "Fulfilment handler")
                    .help("The code of the shop's fulfilment handler.")
                    .length(1, 255)
                    .default("manual-fulfillment"),
            )
            .setting(
                Setting::text(packages::METHOD, "Handler's argument for carrier and method")
                    .help("Left empty: the handler is told neither.")
                    .length(0, 100)
                    .default("method"),
            )
            .setting(Setting::text(packages::TRACKING, "Handler's argument for the tracking code").length(1, 100).default("trackingCode"))
            .setting(
                Setting::boolean(goal::CANCEL_SHIPPING, "Cancel the shipping costs as well")
                    .help("What becomes of the shipping costs of an order that is cancelled.")
                    .default(true),
            )
            .statuses(Statuses::Asked)
            .features(Features {
                tracking: true,
                several_packages: true,
                package_contents: true,
                line_items: true,
                notes: true,
                without_status: true,
                customer_notification: true,
                safe_to_repeat: true,
                ..Features::default()
            })
            .personal_fields(["note"])
            .pace(Pace { requests_per_call: Some(REQUESTS_MAX), ..Pace::default() })
    }

    fn list_choices(of: ChoicesOf, context: Context) -> Result<Vec<Choice>, Failure> {
        match of {
            ChoicesOf::Statuses => goal::statuses(&Shop::new(&context)),
            ChoicesOf::Carriers | ChoicesOf::Setting(_) => Ok(Vec::new()),
        }
    }

    fn check(order: Option<OrderKey>, context: Context) -> Result<Report, Failure> {
        let shop = Shop::new(&context);
        let found = match &order {
            Some(order) => order::find(&shop, &order.order_number).map(|order| Some(seen(&order))),
            None => order::may_be_seen(&shop).map(|()| None),
        };
        let report = Report::new();
        Ok(match found {
            Ok(seen) => {
                let report = report.fine(FindingSubject::Credentials, "the shop takes the credentials and lets them read orders");
                seen.into_iter().fold(report, Report::order)
            }
            Err(failure) => match failure.kind {
                FailureKind::OrderNotFound | FailureKind::AmbiguousOrder => report
                    .fine(FindingSubject::Credentials, "the shop takes the credentials and lets them read orders")
                    .problem(FindingSubject::Order, &*failure.message, "compare the number with the order's code in the shop's dashboard"),
                FailureKind::Credentials => report.problem(FindingSubject::Credentials, &*failure.message, "set the credentials again"),
                FailureKind::NotPermitted => report.problem(FindingSubject::Permissions, &*failure.message, RIGHTS),
                FailureKind::Misconfigured => {
                    report.problem(FindingSubject::Settings, &*failure.message, "set the right URL of the Admin API, and the right channel")
                }
                _ => return Err(failure),
            },
        })
    }

    fn send_order_status(update: Update, delivery: Delivery, context: Context) -> Result<Applied, Failure> {
        let shop = Shop::new(&context);
        let outcome = Progress::of(&delivery).run(|work| {
            let mut order = order::find(&shop, &update.order_number)?;
            work.reference(order.id.as_str());
            let mut notes = Notes::of(&shop, &order);
            let goal = Goal::of(update.status.as_deref());
            if goal != Goal::Cancel {
                packages::fulfil(work, &shop, &mut notes, (&update, &delivery), &mut order)?;
            }
            goal.reach(work, &shop, &update, &mut order)?;
            match &update.note {
                Some(note) => notes.add(work, note, update.notify_customer == Some(true)),
                None => Ok(()),
            }
        });
        outcome.map_err(nothing_done)
    }
}

fn key() -> Slot {
    Slot::header(
        KEY,
        "an API key of the shop (Vendure 3.6 or later), made in the dashboard under Settings > API Keys",
        "vendure-api-key",
        "",
    )
    .alternative("credentials")
    .for_endpoints(["api"])
}

fn account() -> Slot {
    const LOG_IN: &str =
        "mutation LogIn($username: String!, $password: String!) { login(username: $username, password: $password) { __typename } }";
    let variables = Json::object().secret("username", ACCOUNT, "username").secret("password", ACCOUNT, "password");
    let bearer = HeaderPlacement { name: "authorization".to_owned(), prefix: "Bearer ".to_owned() };
    // Vendure answers a refused log-in with status 200 and without the header.
    let log_in = LogIn::post("api", "").json(Json::object().field("query", Value::from(LOG_IN)).field("variables", variables)).token(
        "token",
        TokenSource::Header("vendure-auth-token".to_owned()),
        Some(TokenPlacement::Header(bearer)),
    );
    Slot::login(ACCOUNT, "an administrator that was made for Cartage, in the dashboard under Settings > Administrators", log_in)
        .field(Field::identifying("username", "its e-mail address"))
        .field(Field::secret("password", "its password"))
        .alternative("credentials")
        .for_endpoints(["api"])
}

/// Changes a "pending" failure for a call that did nothing: an update that is continued later has done something, so this one needs more requests.
fn nothing_done(failure: Failure) -> Failure {
    if failure.kind == FailureKind::Pending && failure.steps.is_empty() && failure.packages.is_empty() {
        return Failure::misconfigured(format!("{}, and nothing was done yet; raise limits.requests of this cart", failure.message));
    }
    failure
}

fn seen(order: &Order) -> OrderSeen {
    let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let packages =
        order.fulfilments().take(100).map(|own| PackageSeen { carrier: text(&own.method), tracking_number: text(&own.code) }).collect();
    OrderSeen {
        order_number: order.code.clone(),
        reference: Some(order.id.clone()),
        status: Some(order.state.clone()),
        packages,
        details: vec![("items not yet fulfilled".to_owned(), order.count_left().to_string())],
    }
}
