//! A shop that behaves as a script says: it answers requests and records what was done to it.

use crate::asked::Asked;
use crate::script::{KnownOrder, KnownStatus, Order, Reply, Rule, Script};
use crate::template;
use cartage_contract::http::{Response, ResponseHeader};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The most effects that a shop records. Later requests are answered, and their effects are not recorded.
const EFFECTS_MAX: usize = 10_000;

/// Something that a request did to the cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A field of an order got a value.
    Set {
        /// The order's number.
        order: String,
        /// The field.
        field: String,
        /// The value.
        value: String,
    },
    /// Something was added to an order.
    Added {
        /// The order's number.
        order: String,
        /// The kind of thing, such as `shipment` or `note`.
        kind: String,
        /// What was added, such as a tracking number or the text of a note.
        value: String,
    },
}

impl Effect {
    /// The number of the order that was changed.
    pub fn order(&self) -> &str {
        match self {
            Effect::Set { order, .. } | Effect::Added { order, .. } => order,
        }
    }

    /// The value that was set or added.
    pub fn value(&self) -> &str {
        match self {
            Effect::Set { value, .. } | Effect::Added { value, .. } => value,
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Effect::Set { order, field, value } => write!(f, "{field} of order {order} is {value}"),
            Effect::Added { order, kind, value } => write!(f, "{kind} {value} of order {order}"),
        }
    }
}

/// No rule of the script fits a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no rule of the cart script fits {asked}")]
pub struct NoRule {
    /// The request: its method, endpoint and path.
    pub asked: String,
}

/// A shop that behaves as a script says. Clones are independent of each other.
#[derive(Debug, Clone)]
pub struct Cart<'s> {
    script: &'s Script,
    /// The fields of each order, in the order of the script's list.
    fields: Vec<BTreeMap<String, String>>,
    effects: Vec<Effect>,
    /// The keys (see [`Rule::once`]) of requests that were acted on.
    acted: BTreeSet<String>,
}

/// The values that were read from a request.
struct Read<'a> {
    values: BTreeMap<&'a str, Vec<String>>,
    /// The indexes, in the script's list, of the orders that the request names.
    orders: Vec<usize>,
}

impl<'s> Cart<'s> {
    /// A shop to which nothing has been done.
    pub fn new(script: &'s Script) -> Cart<'s> {
        let fields = script.orders.iter().map(|order| order.set.clone()).collect();
        Cart { script, fields, effects: Vec::new(), acted: BTreeSet::new() }
    }

    /// What was done to the shop, in order.
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// Each thing that was added more than once, listed once.
    pub fn twice(&self) -> Vec<&Effect> {
        let mut counts: BTreeMap<String, (usize, &Effect)> = BTreeMap::new();
        for effect in self.effects.iter().filter(|effect| matches!(effect, Effect::Added { .. })) {
            counts.entry(effect.to_string()).or_insert((0, effect)).0 += 1;
        }
        counts.into_values().filter(|(count, _)| *count > 1).map(|(_, effect)| effect).collect()
    }

    /// Answers a request and records its effects.
    ///
    /// # Errors
    /// [`NoRule`] if no rule of the script matches the request. Nothing is recorded then.
    pub fn answer(&mut self, asked: &Asked) -> Result<Response, NoRule> {
        let (rule, read) = self.rule_for(asked).ok_or_else(|| NoRule { asked: asked.name() })?;
        let is_repeat = rule.once.as_ref().is_some_and(|once| !self.acted.insert(template::fill(once, |name| first_value(&read, name))));
        let order = read.orders.first().map(|place| &self.script.orders[*place]);
        let mut done = Vec::new();
        if !is_repeat {
            let number = order.map_or("", |order| order.number.as_str());
            let filled = |template: &str| each(template, &read);
            for (field, template) in &rule.set {
                done.extend(filled(template).into_iter().map(|value| Effect::Set { order: number.into(), field: field.clone(), value }));
            }
            for (kind, template) in &rule.add {
                done.extend(filled(template).into_iter().map(|value| Effect::Added { order: number.into(), kind: kind.clone(), value }));
            }
        }
        if let Some(place) = read.orders.first() {
            for effect in &done {
                if let Effect::Set { field, value, .. } = effect {
                    self.fields[*place].insert(field.clone(), value.clone());
                }
            }
        }
        let room = EFFECTS_MAX.saturating_sub(self.effects.len());
        self.effects.extend(done.into_iter().take(room));
        Ok(self.written(&rule.reply, &read, order))
    }

    /// The answer with which the cart refuses a request. Nothing is done to the cart.
    pub fn refuse(&self, reply: &Reply, asked: &Asked) -> Response {
        match self.rule_for(asked) {
            Some((_, read)) => {
                let order = read.orders.first().map(|place| &self.script.orders[*place]);
                self.written(reply, &read, order)
            }
            None => self.written(reply, &Read { values: BTreeMap::new(), orders: Vec::new() }, None),
        }
    }

    /// The name of the rule that answers a request. `None` if no rule matches.
    pub fn rule_name(&self, asked: &Asked) -> Option<&'s str> {
        self.rule_for(asked).map(|(rule, _)| rule.name.as_str())
    }

    fn rule_for(&self, asked: &Asked) -> Option<(&'s Rule, Read<'s>)> {
        self.script.rules.iter().filter(|rule| is_asked(rule, asked)).find_map(|rule| {
            let values: BTreeMap<&str, Vec<String>> = rule.read.iter().map(|(name, source)| (name.as_str(), asked.read(source))).collect();
            let first = |name: &str| values.get(name).and_then(|values| values.first());
            let orders: Vec<usize> = first("order").map_or_else(Vec::new, |name| self.script.orders_named(name).collect());
            let known = match orders.len() {
                0 => KnownOrder::Unknown,
                1 => KnownOrder::Known,
                _ => KnownOrder::Several,
            };
            let has_status = first("status").is_none_or(|status| self.script.statuses.is_empty() || self.script.statuses.contains(status));
            let status = if has_status { KnownStatus::Known } else { KnownStatus::Unknown };
            let fits = rule.order.is_none_or(|wanted| wanted == known) && rule.status.is_none_or(|wanted| wanted == status);
            fits.then_some((rule, Read { values, orders }))
        })
    }

    fn written(&self, reply: &Reply, read: &Read<'_>, order: Option<&Order>) -> Response {
        let plain = |name: &str| match (name.split_once('.'), order) {
            (Some(("order", "number")), Some(order)) => order.number.clone(),
            (Some(("order", "reference")), Some(order)) => order.reference.clone().unwrap_or_else(|| order.number.clone()),
            (Some(("order", field)), Some(_)) => {
                let place = read.orders.first().copied().unwrap_or_default();
                self.fields[place].get(field).cloned().unwrap_or_default()
            }
            _ => first_value(read, name),
        };
        let value = |name: &str| match name.strip_prefix("items.") {
            Some(kind) => self.items(reply, kind, order.map_or("", |order| order.number.as_str()), plain),
            None => plain(name),
        };
        let filled = |text: &str| template::fill(text, value);
        let header = |(name, value): (&String, &String)| ResponseHeader { name: name.clone(), value: filled(value) };
        let headers = reply.headers.iter().map(header).collect();
        Response { status: reply.status, headers, body: filled(&reply.body).into_bytes(), extra: Vec::new() }
    }

    /// Everything of one kind that was added to an order, written as the reply says. `other` gives the values that all items share.
    fn items(&self, reply: &Reply, kind: &str, of: &str, other: impl Fn(&str) -> String) -> String {
        let Some(item) = reply.items.get(kind) else { return String::new() };
        let mut written: Vec<String> = Vec::new();
        for effect in &self.effects {
            if let Effect::Added { order, kind: own, value } = effect
                && (order.as_str(), own.as_str()) == (of, kind)
            {
                let index = (written.len() + 1).to_string();
                written.push(template::fill(item, |name| match name {
                    "index" => index.clone(),
                    "value" => value.clone(),
                    _ => other(name),
                }));
            }
        }
        written.join(",")
    }
}

/// The first value that was read under a name; empty if there is none.
fn first_value(read: &Read<'_>, name: &str) -> String {
    read.values.get(name).and_then(|values| values.first()).cloned().unwrap_or_default()
}

/// Fills a template once for each value of the name that has the most values. Returns nothing if a name has no value.
fn each(template: &str, read: &Read<'_>) -> Vec<String> {
    let names = template::names(template).unwrap_or_default();
    let counts = names.iter().map(|name| read.values.get(name).map_or(0, Vec::len));
    let (least, most) = counts.fold((usize::MAX, 1), |(least, most), count| (least.min(count), most.max(count)));
    if least == 0 {
        return Vec::new();
    }
    let at = |place: usize| {
        template::fill(template, |name| {
            let values = read.values.get(name).map_or(&[][..], Vec::as_slice);
            values.get(place).or(values.first()).cloned().unwrap_or_default()
        })
    };
    (0..most).map(at).collect()
}

/// Whether a request meets a rule's conditions, apart from those on what the cart knows.
fn is_asked(rule: &Rule, asked: &Asked) -> bool {
    let is = |wanted: &Option<String>, given: &str| wanted.as_deref().is_none_or(|wanted| wanted == given);
    is(&rule.endpoint, &asked.endpoint)
        && is(&rule.method, &asked.method)
        && rule.path.as_deref().is_none_or(|path| asked.is_at(path))
        && rule.query.iter().all(|(name, value)| asked.has_query(name, value))
        && rule.form.iter().all(|(name, value)| asked.has_form(name, value))
        && rule.header.iter().all(|(name, value)| asked.has_header(name, value))
        && rule.json.iter().all(|(pointer, value)| asked.has_json(pointer, value))
        && rule.contains.iter().all(|text| asked.contains(text))
}

#[cfg(test)]
mod tests;
