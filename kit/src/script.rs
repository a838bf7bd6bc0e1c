//! A cart script as data.

use cartage_contract::delivery::FailureKind;
use cartage_contract::manifest::{Manifest, Plain, Slot, Statuses};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The version of the format that this crate reads.
pub const FORMAT: i64 = 1;

/// How a cart answers. `docs/conformance.md` says what each part is for; every key that it does not name is refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Script {
    /// The version of the format: [`FORMAT`].
    pub format: i64,
    /// The base URL of endpoints, by name. An endpoint that is not named leads to the manifest's example.
    #[serde(default)]
    pub bindings: BTreeMap<String, String>,
    /// The plugin's settings. One that is not named has its default.
    #[serde(default)]
    pub settings: BTreeMap<String, Plain>,
    /// Values of credential slots, by slot and field. A slot that is not named gets stand-ins.
    #[serde(default)]
    pub credentials: BTreeMap<String, BTreeMap<String, String>>,
    /// Statuses that the cart has. Empty: those of the manifest.
    #[serde(default)]
    pub statuses: Vec<String>,
    /// The orders that exist. Two of one number are an ambiguous order.
    #[serde(default, rename = "order")]
    pub orders: Vec<Order>,
    /// How requests are answered; the first rule that fits answers.
    #[serde(default, rename = "rule")]
    pub rules: Vec<Rule>,
    /// How refusals look.
    #[serde(default, rename = "refusal")]
    pub refusals: Vec<Refusal>,
    /// Cases that are left out, each with its reason.
    #[serde(default, rename = "bypass")]
    pub bypasses: Vec<Bypass>,
    /// Cases of the author's own.
    #[serde(default, rename = "case")]
    pub cases: Vec<Case>,
}

/// An order that exists.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Order {
    /// Its number, as the merchant knows it.
    pub number: String,
    /// The cart's own id of it. None: the number.
    pub reference: Option<String>,
    /// What is known of it in the beginning: fields as [`Rule::set`] sets them.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
}

/// How some requests are answered. A condition that is not given holds for every request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// Its name, for messages and for [`Refusal::rule`].
    pub name: String,
    /// The endpoint that is asked.
    pub endpoint: Option<String>,
    /// The method, in upper case.
    pub method: Option<String>,
    /// The path below the base URL; a segment `*` stands for any one segment.
    pub path: Option<String>,
    /// Query pairs that must be there, with these values.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Form fields that must be there, with these values.
    #[serde(default)]
    pub form: BTreeMap<String, String>,
    /// Headers that must be there, by name in lower case, with these values.
    #[serde(default)]
    pub header: BTreeMap<String, String>,
    /// Places in a JSON body (RFC 6901) that must hold these texts, numbers or booleans, written as text.
    #[serde(default)]
    pub json: BTreeMap<String, String>,
    /// Texts that the body must contain.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Values that are read from the request, for templates. `order` names the order and `status` the status.
    #[serde(default)]
    pub read: BTreeMap<String, Source>,
    /// Whether the cart must know the order that was read.
    pub order: Option<KnownOrder>,
    /// Whether the cart must have the status that was read.
    pub status: Option<KnownStatus>,
    /// A template of the key by which the cart recognises a repeat: it answers again and does nothing again.
    pub once: Option<String>,
    /// Fields of the order that the request sets. A field that is set twice is no repeat.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// What the request adds to the order: a shipment, a note, a mail. One that is added twice is a repeat.
    #[serde(default)]
    pub add: BTreeMap<String, String>,
    /// The answer.
    pub reply: Reply,
}

/// Where in a request a value is: in one place, and perhaps in a part of what is there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    /// A form field; with `*` at its end, all fields that begin so.
    pub form: Option<String>,
    /// A query pair.
    pub query: Option<String>,
    /// A header, its name in lower case.
    pub header: Option<String>,
    /// A segment of the path, from 1.
    pub segment: Option<usize>,
    /// Of the place's text (the body, where no place is named), what this JSON pointer leads to; `*` stands for each element of a list.
    pub json: Option<String>,
    /// Of the place's text, what stands between these two texts, each time that they occur.
    pub between: Option<(String, String)>,
}

/// What the cart knows of the order that a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownOrder {
    /// Exactly one order.
    Known,
    /// None.
    Unknown,
    /// Two or more.
    Several,
}

/// Whether the cart has the status that a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownStatus {
    /// It has.
    Known,
    /// It has not.
    Unknown,
}

/// An answer. Texts are templates: `${order}` is a value that was read, `${order.status}` a field of the order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reply {
    /// The HTTP status. 200 where it is not given.
    #[serde(default = "ok")]
    pub status: u16,
    /// Headers, by name in lower case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// How one thing that was added to the order is written; all of a kind, with commas between, are `${items.KIND}`.
    #[serde(default)]
    pub items: BTreeMap<String, String>,
}

fn ok() -> u16 {
    200
}

/// How the cart refuses in one case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Refusal {
    /// Which case: one of the kit's, or a name of the author's own that a [`Case`] uses.
    pub case: String,
    /// The rule whose requests are refused so. None: all requests are.
    pub rule: Option<String>,
    /// The kind of failure that must follow, where the case leaves it open.
    pub expect: Option<FailureKind>,
    /// The answer.
    pub reply: Reply,
}

/// A case that is left out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bypass {
    /// The name of the case.
    pub case: String,
    /// The reason for leaving the case out; never empty.
    pub reason: String,
}

/// A case of the author's own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Settings that differ from the script's in this case.
    #[serde(default)]
    pub settings: BTreeMap<String, Plain>,
    /// What is sent.
    pub update: CaseUpdate,
    /// The refusal with which the cart answers, by its case. None: it answers by its rules.
    pub refusal: Option<String>,
    /// What must come of it.
    pub expect: Expected,
    /// Texts, each of which must stand in the list of what was done to the cart.
    #[serde(default)]
    pub effects: Vec<String>,
    /// Whether nothing may be done to the cart.
    #[serde(default)]
    pub unchanged: bool,
}

/// An update of a case of the author's own. What is not given is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CaseUpdate {
    /// The order's number.
    pub order: String,
    /// The status. None: the update has none, only packages and notes.
    pub status: Option<String>,
    /// The note.
    pub note: Option<String>,
    /// Whether the customer is to be notified. None: the update does not say.
    pub notify_customer: Option<bool>,
    /// The packages.
    #[serde(default)]
    pub packages: Vec<CasePackage>,
}

/// A package of such an update.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CasePackage {
    /// The carrier.
    pub carrier: String,
    /// The tracking number.
    pub number: String,
}

/// What must come of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Expected {
    /// The cart has it, by this attempt or an earlier one.
    Applied,
    /// The cart had it already.
    AlreadyDone,
    /// A failure of this kind.
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
    /// The script with the manifest's statuses where it names none.
    #[must_use]
    pub fn whole(mut self, manifest: &Manifest) -> Script {
        if let (true, Statuses::Fixed(statuses)) = (self.statuses.is_empty(), &manifest.statuses) {
            self.statuses = statuses.iter().map(|status| status.value.clone()).collect();
        }
        self
    }

    /// Whether a credential slot holds values: the script names the slot, or the manifest requires it. Of slots that stand for each other, one does: the
    /// one that the script names, else the first.
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

    /// The orders of this number, or of this id of the cart's own.
    pub(crate) fn orders_named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = usize> + 's {
        let is_named = move |order: &Order| order.number == name || order.reference.as_deref() == Some(name);
        self.orders.iter().enumerate().filter(move |(_, order)| is_named(order)).map(|(place, _)| place)
    }

    /// The first order whose number no other has. Every script that was read has one.
    pub fn known_order(&self) -> Option<&Order> {
        self.orders.iter().find(|order| self.count(&order.number) == 1)
    }

    /// The number of the first order that another has as well.
    pub fn ambiguous_order(&self) -> Option<&str> {
        self.orders.iter().map(|order| order.number.as_str()).find(|number| self.count(number) > 1)
    }

    fn count(&self, number: &str) -> usize {
        self.orders.iter().filter(|order| order.number == number).count()
    }

    /// The refusals of a case, in the script's order.
    pub fn refusals_of<'s>(&'s self, case: &str) -> impl Iterator<Item = &'s Refusal> {
        self.refusals.iter().filter(move |refusal| refusal.case == case)
    }
}
