//! A delivery, the further arguments of a call, and its results: `cartage:plugin/delivery`.
#![allow(missing_docs, reason = "delivery.wit documents these fields, once for every language")]

use crate::growth::Extra;
use crate::http::Reach;
use serde::{Deserialize, Serialize};

/// The durable job to which a call belongs as one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: String,
    pub sequence: u64,
    pub attempt: u32,
    pub earlier: Vec<EarlierAttempt>,
    pub known_reference: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Extra,
}

/// The record of an earlier attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierAttempt {
    pub attempt: u32,
    pub reach: Reach,
    pub steps: Vec<Step>,
    #[serde(default, with = "crate::bytes::option")]
    pub resume: Option<Vec<u8>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Extra,
}

/// A step that was done at the cart and need not be done again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub name: String,
    pub reference: Option<String>,
}

/// Everything that a plugin can know besides the update and the delivery. All of it is data.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Context {
    pub now_unix_ms: u64,
    #[serde(with = "crate::bytes")]
    pub entropy: Vec<u8>,
    pub settings: Vec<Setting>,
    pub endpoints: Vec<BoundEndpoint>,
    pub bound_slots: Vec<String>,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Extra,
}

/// The limits of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    pub requests: u32,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub request_ms: u64,
    pub call_ms: u64,
}

/// A setting and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    pub name: String,
    pub value: SettingValue,
}

/// The value of a setting, by its kind in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingValue {
    Text(String),
    Integer(i64),
    Boolean(bool),
    Choice(String),
    UrlPath(String),
    TextMap(Vec<(String, String)>),
    Several(Vec<String>),
}

/// The base URL to which the operator bound an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundEndpoint {
    pub name: String,
    pub base_url: String,
}

/// The cart has the update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    pub outcome: AppliedOutcome,
    pub reference: Option<String>,
    pub message: Option<String>,
    pub steps: Vec<Step>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<ToldPackage>,
    #[serde(default)]
    pub rest_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Extra,
}

/// A package that the cart was told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldPackage {
    pub index: u32,
    pub reference: Option<String>,
}

/// How the cart came to have the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppliedOutcome {
    /// This attempt gave the cart the update.
    Done,
    /// The cart had the whole update before this attempt.
    AlreadyDone,
}

/// The cart does not have the update, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
    pub retry: RetryWish,
    pub steps: Vec<Step>,
    #[serde(default, with = "crate::bytes::option")]
    pub resume: Option<Vec<u8>>,
    #[serde(default)]
    pub reference: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<ToldPackage>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Extra,
}

/// The kind of a failure, which decides what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The cart refuses the credentials.
    Credentials,
    /// The cart accepts the credentials, but they lack the right to do this.
    NotPermitted,
    /// Something must be corrected first, at the shop or in the plugin's settings.
    Misconfigured,
    /// The cart asks for fewer requests.
    RateLimited,
    /// The cart is still processing the update, or the call had too few requests for it.
    Pending,
    /// This order cannot be changed at the moment, while others can.
    OrderBusy,
    /// The cart is temporarily out of service.
    Unavailable,
    /// The plugin could not understand the answer.
    Protocol,
    /// The cart has no such order.
    OrderNotFound,
    /// The cart has more than one order of that number.
    AmbiguousOrder,
    /// The cart refuses the data.
    InvalidData,
    /// The cart has no such status.
    StatusNotSupported,
    /// The cart forbids the change from the order's present status.
    IllegalTransition,
    /// The shop is closed for good.
    Gone,
    /// The host denied a request that the plugin needs.
    HostDenied,
}

/// The plugin's wish for the next attempt, if the kind of failure allows one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryWish {
    /// A retry cannot help.
    Never,
    /// The host's schedule applies.
    Default,
    /// The next attempt may start after this many milliseconds at the earliest.
    AfterMs(u64),
}

/// A value that the cart, or a setting, can have, with its title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub value: String,
    pub title: Option<String>,
}

/// The list that the plugin must return.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChoicesOf {
    /// The shop's statuses.
    Statuses,
    /// The shop's carriers.
    Carriers,
    /// The values of the setting with this name.
    Setting(String),
}

/// The order that `check` is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderKey {
    pub order_number: String,
    pub known_reference: Option<String>,
}

/// The findings of `check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub findings: Vec<Finding>,
    pub order: Option<OrderSeen>,
}

/// A single finding of `check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub level: FindingLevel,
    pub about: FindingSubject,
    pub message: String,
    pub remedy: Option<String>,
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingLevel {
    /// The subject works.
    Fine,
    /// The subject works, but a person should look at it.
    Warning,
    /// Updates will not arrive until a person acts.
    Problem,
}

/// The subject of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingSubject {
    Reachability,
    Credentials,
    Permissions,
    Version,
    Settings,
    Order,
    Other,
}

/// An order as the cart sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSeen {
    pub order_number: String,
    pub reference: Option<String>,
    pub status: Option<String>,
    pub packages: Vec<PackageSeen>,
    pub details: Vec<(String, String)>,
}

/// A package as the cart sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageSeen {
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
}
