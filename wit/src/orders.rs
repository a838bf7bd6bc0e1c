//! The update that a plugin receives: `cartage:plugin/orders`. The WIT file documents each field.
#![allow(missing_docs, reason = "orders.wit documents these fields, once for every language")]

mod check;
pub mod limits;

pub use check::Error;

use crate::growth::Extra;
use serde::{Deserialize, Serialize};

/// A change of an order's status, or of its packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    pub order_number: String,
    pub reference_number: Option<String>,
    pub label: String,
    pub status: Option<String>,
    pub previous_label: Option<String>,
    pub changed_at: CivilTime,
    #[serde(default)]
    pub changed_at_unix_ms: Option<u64>,
    pub note: Option<String>,
    pub comments: Option<String>,
    pub notify_customer: Option<bool>,
    pub packages: Vec<Package>,
    #[serde(default)]
    pub packages_complete: Option<bool>,
    pub line_items: Vec<LineItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Extra,
}

/// A date and a time of day in the Order Manager's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CivilTime {
    pub date: CivilDate,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub utc_offset_minutes: Option<i16>,
}

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CivilDate {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

/// A package that was sent, or will be sent, to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    pub id: Option<String>,
    pub tracking_number: Option<String>,
    pub tracking_url: Option<String>,
    pub carrier: Option<String>,
    pub carrier_given: Option<String>,
    pub method: Option<String>,
    pub picked_up: Option<CivilDate>,
    pub contents: Vec<Content>,
    #[serde(default)]
    pub origin: Option<String>,
    pub told: Told,
    pub told_number: Option<String>,
    #[serde(default)]
    pub known_reference: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Extra,
}

/// What the cart was told of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// The cart was not told of the package.
    New,
    /// The cart was told of the package as it is here.
    AlreadyTold,
    /// The cart was told of the package with another tracking number.
    NumberCorrected,
    /// The cart was told of the package with the same number, and other data of the package have changed since.
    Changed,
    /// The cart was told of the package, which was withdrawn since.
    Withdrawn,
}

/// The quantity of a line in a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub web_line_id: Option<String>,
    pub reference_line_id: Option<String>,
    pub sku: Option<String>,
    pub quantity: String,
}

/// One line of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineItem {
    pub web_line_id: Option<String>,
    pub reference_line_id: Option<String>,
    pub sku: Option<String>,
    pub label: Option<String>,
    pub status: Option<String>,
    pub ordered: Option<String>,
    pub shipped: Option<String>,
    pub needed: Option<String>,
    pub note: Option<String>,
    pub packages: Vec<LinePackage>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Extra,
}

/// The quantity of the line in one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinePackage {
    pub package_id: String,
    pub quantity: String,
}
