//! The parts of an update, as a sender gives them: the types of `cartage_policy::validate`.
#![expect(dead_code, reason = "these types describe others and are never made")]

use super::decision::Again;
use super::order::Cause;
use super::{CartId, Line, List, Note, Quantity, WebUrl};
use cartage_policy::validate::LINE_ITEMS_MAX;
use serde::Deserialize;
use utoipa::ToSchema;

type Contents = List<Content, 0, LINE_ITEMS_MAX>;
type LinePackages = List<LinePackage, 0, LINE_ITEMS_MAX>;

/// A status that is to be sent while its sender waits.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct SendRequest {
    #[schema(value_type = CartId)]
    cart: String,
    /// What brought the change about.
    #[schema(value_type = Cause, inline)]
    cause: String,
    fields: UpdateFields,
    /// Whether the sender repeats a status on purpose.
    #[schema(value_type = Again, inline)]
    again: String,
}

/// The fields of an update.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct UpdateFields {
    /// The number of the order, as its sender gives it: the cart's own (web) number.
    order_number: String,
    /// The Order Manager's number for the order.
    reference_number: Option<String>,
    /// The new label of the order. With an event, the event's label replaces it.
    label: String,
    /// When the label changed: 2026-11-23T14:05:00, optionally with an offset. Left out: now.
    changed_at: Option<String>,
    /// The note about this change.
    note: Option<String>,
    /// The comments of the order.
    comments: Option<String>,
    /// Whether the cart should notify the customer. Left out: the cart decides.
    notify_customer: Option<bool>,
    /// The packages of the order.
    #[serde(default)]
    packages: Vec<Package>,
    /// Whether these are all the packages that the order will have. Left out: the sender does not say.
    packages_complete: Option<bool>,
    /// The lines of the order.
    #[serde(default)]
    line_items: Vec<LineItem>,
}

/// A package of an update.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Package {
    /// The sender's id for the package.
    #[schema(value_type = Option<Line>, inline)]
    id: Option<String>,
    /// The tracking number.
    #[schema(value_type = Option<Line>, inline)]
    tracking_number: Option<String>,
    /// The http or https URL at which the package can be tracked.
    #[schema(value_type = Option<WebUrl>, inline)]
    tracking_url: Option<String>,
    /// The carrier, in the Order Manager's words.
    #[schema(value_type = Option<Line>, inline)]
    carrier: Option<String>,
    /// The shipping method.
    #[schema(value_type = Option<Line>, inline)]
    method: Option<String>,
    /// The day of the pick-up, such as 2026-11-23.
    picked_up: Option<String>,
    /// The place from which the package leaves, such as a warehouse.
    #[schema(value_type = Option<Line>, inline)]
    origin: Option<String>,
    /// Whether the package was withdrawn: it was named before and will not leave.
    #[serde(default)]
    #[schema(default = false)]
    withdrawn: bool,
    /// The contents of the package.
    #[serde(default)]
    #[schema(value_type = Contents, inline)]
    contents: (),
}

/// How many of a line a package contains.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Content {
    /// The cart's id for the line.
    #[schema(value_type = Option<Line>, inline)]
    web_line_id: Option<String>,
    /// The Order Manager's number for the line.
    #[schema(value_type = Option<Line>, inline)]
    reference_line_id: Option<String>,
    /// The stock keeping unit of the line.
    #[schema(value_type = Option<Line>, inline)]
    sku: Option<String>,
    /// The quantity in the package.
    #[schema(value_type = Quantity, inline)]
    quantity: String,
}

/// A line of the order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct LineItem {
    /// The cart's id for the line.
    #[schema(value_type = Option<Line>, inline)]
    web_line_id: Option<String>,
    /// The Order Manager's number for the line.
    #[schema(value_type = Option<Line>, inline)]
    reference_line_id: Option<String>,
    /// The stock keeping unit of the line.
    #[schema(value_type = Option<Line>, inline)]
    sku: Option<String>,
    /// The line's own status label.
    #[schema(value_type = Option<Line>, inline)]
    label: Option<String>,
    /// The quantity ordered.
    #[schema(value_type = Option<Quantity>, inline)]
    ordered: Option<String>,
    /// The quantity shipped.
    #[schema(value_type = Option<Quantity>, inline)]
    shipped: Option<String>,
    /// The quantity still needed.
    #[schema(value_type = Option<Quantity>, inline)]
    needed: Option<String>,
    /// A note about the line.
    #[schema(value_type = Option<Note>, inline)]
    note: Option<String>,
    /// The packages that contain the line.
    #[serde(default)]
    #[schema(value_type = LinePackages, inline)]
    packages: (),
}

/// How many of a line one package contains.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct LinePackage {
    /// The id of a package of this update.
    package_id: String,
    /// The quantity in the package.
    #[schema(value_type = Quantity, inline)]
    quantity: String,
}
