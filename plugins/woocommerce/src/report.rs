//! Answers the operator's questions: whether the plugin works, how the shop sees an order, and which statuses the shop has.

use crate::order::{self, Order, Wanted};
use crate::shop::{About, Shop};
use crate::{Kept, fulfillments, json, tracking};
use cartage_sdk::json::Value;
use cartage_sdk::{Choice, Context, Failure, FailureKind, FindingSubject, OrderKey, OrderSeen, PackageSeen, Report};

/// The most packages in a report.
const PACKAGES_MAX: usize = 100;

/// Checks the connection and the key, and reports how the shop sees an order.
pub(crate) fn check(key: Option<OrderKey>, context: &Context) -> Result<Report, Failure> {
    let mut shop = Shop::of(context);
    // Every key may read this route, so a good answer proves that the shop accepts the key.
    let report = match shop.get(About::Orders, "/data/currencies/current", "code") {
        Ok(_) => Report::new().fine(FindingSubject::Credentials, "the shop takes the REST key").warning(
            FindingSubject::Permissions,
            "whether the key may write is not known: only a change of an order could tell",
            "look that the key has the permission Read/Write, and send the first update in the mode only-orders",
        ),
        Err(failure) => return problem(Report::new(), failure),
    };
    match key {
        None => Ok(report),
        Some(key) => match seen(&mut shop, &key, Kept::of(context)?) {
            Ok(seen) => Ok(report.fine(FindingSubject::Order, format!("the shop has order {}", seen.order_number)).order(seen)),
            Err(failure) => problem(report, failure),
        },
    }
}

fn seen(shop: &mut Shop<'_>, key: &OrderKey, kept: Kept) -> Result<OrderSeen, Failure> {
    let wanted = Wanted { tracking: kept == Kept::OrderMeta, lines: false };
    let order = order::find(shop, &key.order_number, key.known_reference.as_deref(), wanted)?;
    let mut packages = match kept {
        Kept::OrderMeta => tracking::items(&order.body)?.iter().map(package).collect(),
        Kept::Fulfillments => fulfillments::seen(shop, order.id)?,
    };
    packages.truncate(PACKAGES_MAX);
    let Order { id, number, status, body } = order;
    let created = body["date_created"].text().map(|created| ("created".to_owned(), created.to_owned()));
    Ok(OrderSeen {
        order_number: number.unwrap_or_else(|| key.order_number.clone()),
        reference: Some(id.to_string()),
        status,
        packages,
        details: created.into_iter().collect(),
    })
}

fn package(item: &Value) -> PackageSeen {
    let text = |name: &str| json::text(&item[name]).filter(|text| !text.is_empty()).map(str::to_owned);
    PackageSeen {
        carrier: text("custom_tracking_provider").or_else(|| text("tracking_provider")),
        tracking_number: text("tracking_number"),
    }
}

/// Adds a failure to the report as a finding. A denial by the host is returned as a failure, because the shop was not asked.
fn problem(report: Report, failure: Failure) -> Result<Report, Failure> {
    let (about, remedy) = match failure.kind {
        FailureKind::HostDenied => return Err(failure),
        FailureKind::Credentials => (FindingSubject::Credentials, "set the credential again, with a REST key that the shop has"),
        FailureKind::NotPermitted => {
            (FindingSubject::Permissions, "give the key and its user the rights, and let the firewall pass its requests")
        }
        FailureKind::Misconfigured => (FindingSubject::Settings, "set right what the message names, and check again"),
        FailureKind::OrderNotFound | FailureKind::AmbiguousOrder => (FindingSubject::Order, "look at the order's number in the shop"),
        FailureKind::InvalidData | FailureKind::StatusNotSupported | FailureKind::IllegalTransition => {
            (FindingSubject::Other, "look at the order in the shop")
        }
        FailureKind::RateLimited
        | FailureKind::Pending
        | FailureKind::OrderBusy
        | FailureKind::Unavailable
        | FailureKind::Protocol
        | FailureKind::Gone => (FindingSubject::Reachability, "look at the shop in a browser, and check again"),
    };
    Ok(report.problem(about, &*failure.message, remedy))
}

/// The shop's statuses. WooCommerce before version 9 lists them only in the totals of its orders.
pub(crate) fn statuses(shop: &mut Shop<'_>) -> Result<Vec<Choice>, Failure> {
    let answer = match shop.get(About::Orders, "/orders/statuses", "slug,name") {
        Err(failure) if failure.kind == FailureKind::Misconfigured => shop.get(About::Orders, "/reports/orders/totals", "slug,name"),
        answer => answer,
    }?;
    let choice = |status: &&Value| {
        let title = status["name"].text().filter(|name| !name.is_empty()).map(str::to_owned);
        Some(Choice { value: json::text(&status["slug"])?.to_owned(), title })
    };
    let choices: Option<Vec<Choice>> = answer.list().and_then(|statuses| statuses.iter().map(|status| choice(&status)).collect());
    choices.filter(|choices| !choices.is_empty()).ok_or_else(|| Failure::protocol("the shop's answer is no list of statuses"))
}
