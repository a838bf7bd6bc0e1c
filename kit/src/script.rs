//! The data of a cart script.

use cartage_contract::delivery::FailureKind;
use cartage_contract::manifest::{Manifest, Plain, Slot, Statuses};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The version of the format that this crate reads.
pub const FORMAT: i64 = 1;

/// How a cart answers. `docs/conformance.md` describes every key; keys that it does not describe are refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Script {
    /// The version of the format: [`FORMAT`].
    pub format: i64,
    /// The base URL of each endpoint, by the endpoint's name. An endpoint that is not listed has the manifest's example URL.
    #[serde(default)]
    pub bindings: BTreeMap<String, String>,
    /// The plugin's settings. A setting that is not listed has its default.
    #[serde(default)]
    pub settings: BTreeMap<String, Plain>,
    /// Values of credential slots, by slot and field. A slot that is not listed gets placeholder values.
    #[serde(default)]
    pub credentials: BTreeMap<String, BTreeMap<String, String>>,
    /// The statuses that the cart has. If empty, those of the manifest.
    #[serde(default)]
    pub statuses: Vec<String>,
    /// The orders that exist. Two orders with one number make the number ambiguous.
    #[serde(default, rename = "order")]
    pub orders: Vec<Order>,
    /// How requests are answered; the first rule that matches a request answers.
    #[serde(default, rename = "rule")]
    pub rules: Vec<Rule>,
    /// How the cart's refusals look.
    #[serde(default, rename = "refusal")]
    pub refusals: Vec<Refusal>,
    /// Cases that are skipped, each with its reason.
    #[serde(default, rename = "bypass")]
    pub bypasses: Vec<Bypass>,
    /// The author's own cases.
    #[serde(default, rename = "case")]
    pub cases: Vec<Case>,
}

/// An order that exists in the cart.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Order {
    /// The order's number, as the merchant knows it.
    pub number: String,
    /// The cart's own id of the order. If `None`, the number is the id.
    pub reference: Option<String>,
    /// The order's fields at the start, as [`Rule::set`] sets them.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
}

/// How certain requests are answered. A condition that is absent holds for every request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// The rule's name, for messages and for [`Refusal::rule`].
    pub name: String,
    /// The endpoint that the request names.
    pub endpoint: Option<String>,
    /// The request's method, in upper case.
    pub method: Option<String>,
    /// The path below the base URL; a segment `*` stands for any one segment.
    pub path: Option<String>,
    /// Query pairs that the request must have, with these values.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Form fields that the request must have, with these values.
    #[serde(default)]
    pub form: BTreeMap<String, String>,
    /// Headers that the request must have, by name in lower case, with these values.
    #[serde(default)]
    pub header: BTreeMap<String, String>,
    /// JSON pointers (RFC 6901) into the body, and the text, number or boolean that each must lead to, written as text.
    #[serde(default)]
    pub json: BTreeMap<String, String>,
    /// Texts that the body must contain.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Values that are read from the request, for templates. `order` is the order's number or id, and `status` the status.
    #[serde(default)]
    pub read: BTreeMap<String, Source>,
    /// Whether the cart must know the order that was read. If `None`, the rule does not depend on it.
    pub order: Option<KnownOrder>,
    /// Whether the cart must have the status that was read. If `None`, the rule does not depend on it.
    pub status: Option<KnownStatus>,
    /// The template of the key by which the cart recognises a repeat. The cart answers a repeat and changes nothing.
    pub once: Option<String>,
    /// Fields of the order that the request sets. Setting a field twice is not counted as a repeated effect.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// What the request adds to the order: a shipment, a note, a mail. Adding the same thing twice is counted as a repeated effect.
    #[serde(default)]
    pub add: BTreeMap<String, String>,
    /// How the cart answers.
    pub reply: Reply,
}

/// Where a value stands in a request: one place, and optionally a part of the text in this place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    /// A form field; with `*` at its end, all fields that begin with the text before the `*`.
    pub form: Option<String>,
    /// The name of a query pair.
    pub query: Option<String>,
    /// The name of a header, in lower case.
    pub header: Option<String>,
    /// The number of a path segment, counted from 1.
    pub segment: Option<usize>,
    /// A JSON pointer into the place's text (into the body if no place is given); `*` stands for each element of a list.
    pub json: Option<String>,
    /// Selects each text between these two texts, within the place's text.
    pub between: Option<(String, String)>,
}

/// How many orders the cart must have for the order that a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownOrder {
    /// Exactly one order.
    Known,
    /// No order.
    Unknown,
    /// Two or more orders.
    Several,
}

/// Whether the cart must have the status that a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownStatus {
    /// The cart has the status.
    Known,
    /// The cart does not have the status.
    Unknown,
}

/// An answer. Its texts are templates: `${order}` is a value that was read from the request, `${order.status}` a field of the order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reply {
    /// The HTTP status; 200 by default.
    #[serde(default = "ok")]
    pub status: u16,
    /// The headers, by name in lower case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body; empty by default.
    #[serde(default)]
    pub body: String,
    /// For each kind of thing that can be added to an order, how one of them is written. `${items.KIND}` is all of a kind, separated by commas.
    #[serde(default)]
    pub items: BTreeMap<String, String>,
}

fn ok() -> u16 {
    200
}

/// How the cart refuses requests in one case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Refusal {
    /// The name of the case: one of the kit's, or one of the author's own that a [`Case`] uses.
    pub case: String,
    /// The name of the rule whose requests are refused. If `None`, all requests are.
    pub rule: Option<String>,
    /// The kind of failure that must follow, where the case does not fix it.
    pub expect: Option<FailureKind>,
    /// How the cart answers.
    pub reply: Reply,
}

/// A case that is skipped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bypass {
    /// The name of the case.
    pub case: String,
    /// The reason for skipping the case; never empty.
    pub reason: String,
}

/// A case that the author of the script adds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    /// The name of the case.
    pub name: String,
    /// Settings whose values differ from the script's in this case.
    #[serde(default)]
    pub settings: BTreeMap<String, Plain>,
    /// The update that is sent.
    pub update: CaseUpdate,
    /// The refusal with which the cart answers, by its case. If `None`, the cart answers by its rules.
    pub refusal: Option<String>,
    /// The outcome that the update must have.
    pub expect: Expected,
    /// Texts, each of which must occur in the list of what was done to the cart.
    #[serde(default)]
    pub effects: Vec<String>,
    /// Whether the cart must remain unchanged.
    #[serde(default)]
    pub unchanged: bool,
}

/// The update of an author's case. Fields that are absent are not in the update.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CaseUpdate {
    /// The order's number.
    pub order: String,
    /// The status. If `None`, the update has only packages and notes.
    pub status: Option<String>,
    /// The note.
    pub note: Option<String>,
    /// Whether the customer is to be notified. If `None`, the update does not say.
    pub notify_customer: Option<bool>,
    /// The packages.
    #[serde(default)]
    pub packages: Vec<CasePackage>,
}

/// A package in the update of an author's case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CasePackage {
    /// The carrier.
    pub carrier: String,
    /// The tracking number.
    pub number: String,
}

/// The outcome that an update must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Expected {
    /// The cart has the update, by this attempt or by an earlier one.
    Applied,
    /// The cart had the update before.
    AlreadyDone,
    /// The plugin returns a failure of this kind.
    Fails(FailureKind),
}

impl TryFrom<String> for Expected {
    type Error = String;

    fn try_from(text: String) -> Result<Expected, String> {
        Ok(match text.as_str() {
            "applied" => Expected::Applied,
            "already-done" => Expected::AlreadyDone,
            _ => Expected::Fails(serde_json::from_value(text.clone().into()).map_err(|_| {
                format!("{text:?} is neither `applied`, `already-done` nor a kind of failure, such as `order-not-found` or `rate-limited`")
            })?),
        })
    }
}

impl Script {
    /// The script, with the manifest's statuses if the script lists none.
    #[must_use]
    pub fn whole(mut self, manifest: &Manifest) -> Script {
        if let (true, Statuses::Fixed(statuses)) = (self.statuses.is_empty(), &manifest.statuses) {
            self.statuses = statuses.iter().map(|status| status.value.clone()).collect();
        }
        self
    }

    /// Whether a credential slot holds values: the script names the slot, or the manifest requires it. Of several slots that are alternatives, only one holds
    /// values: the slot that the script names, or else the first.
    pub fn binds(&self, slot: &Slot, manifest: &Manifest) -> bool {
        let is_named = |slot: &Slot| self.credentials.contains_key(&slot.name);
        match &slot.alternative {
            Some(group) => {
                let chosen = manifest.alternatives(group).find(|slot| is_named(slot)).or_else(|| manifest.alternatives(group).next());
                chosen.is_some_and(|chosen| chosen.name == slot.name)
            }
            None => slot.required || is_named(slot),
        }
    }

    /// The places of the orders that have this number, or this id of the cart's own.
    pub(crate) fn orders_named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = usize> + 's {
        let is_named = move |order: &Order| order.number == name || order.reference.as_deref() == Some(name);
        self.orders.iter().enumerate().filter(move |(_, order)| is_named(order)).map(|(place, _)| place)
    }

    /// The first order whose number no other order has. Every script that was read has one.
    pub fn known_order(&self) -> Option<&Order> {
        self.orders.iter().find(|order| self.count(&order.number) == 1)
    }

    /// The number of the first order whose number another order has as well.
    pub fn ambiguous_order(&self) -> Option<&str> {
        self.orders.iter().map(|order| order.number.as_str()).find(|number| self.count(number) > 1)
    }

    fn count(&self, number: &str) -> usize {
        self.orders.iter().filter(|order| order.number == number).count()
    }

    /// The refusals for a case, in the script's order.
    pub fn refusals_of<'s>(&'s self, case: &str) -> impl Iterator<Item = &'s Refusal> {
        self.refusals.iter().filter(move |refusal| refusal.case == case)
    }
}
