//! A merchant's settings: the types of `cartage_model::parameters` and `cartage_model::events`.
#![expect(dead_code, reason = "these types describe others and are never made")]

use super::{Label, names};
use cartage_model::parameters;
use serde::Deserialize;
use utoipa::ToSchema;

names! {
    /// A kind of data with a retention time of its own.
    RetentionKind of cartage_store::retention::RecordKind: IdempotencyKeys Receipts Endings Cassettes FailedCassettes RawCassettes Audit Decisions Orders;
    /// A group of parameters.
    Group of parameters::Group: Program GenericCarts Retention;
    /// Whose name a parameter has.
    Origin of cartage_model::origin::Origin: StoneEdge Unconfirmed Ours;
    /// Where a value comes from.
    Source of parameters::Source: Default System Cart;
    /// What a parameter can be set for.
    ScopeKind of parameters::ScopeKind: System User Workstation Cart;
}

/// The settings of a status event.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct EventSetting {
    /// The label that the order gets. Null, or left out: the order keeps its label.
    #[schema(value_type = Option<Label>, inline)]
    order_label: Option<String>,
    /// The label that the line gets. Null, or left out: the line keeps its label.
    #[schema(value_type = Option<Label>, inline)]
    item_label: Option<String>,
    /// Notify Cart: whether carts are told of the event.
    #[serde(default)]
    #[schema(default = false)]
    notify_cart: bool,
}
