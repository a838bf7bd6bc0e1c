//! From untrusted fields to a status update: every field is bounded and checked here, once.
//!
//! [`Fields`] holds what a sender says, in any form. [`StatusUpdate::new`] accepts it or names every field that is wrong.
//! [`StatusUpdate::for_cart`] then applies the cart's label map, its carrier map, and the features of its plugin. Code that holds a
//! `StatusUpdate` need not check a field again.

mod fields;
mod text;

pub use fields::{ContentFields, Fields, LineItemFields, LinePackageFields, PackageFields};
pub use text::{civil_time, utc};

pub use cartage_model::events::LABEL_CHARS_MAX;

use cartage_contract::delivery::Choice;
use cartage_contract::manifest::{Features, Manifest, Statuses};
use cartage_contract::orders::{CivilTime, LineItem, Package, Update};
use cartage_model::carts::{Cart, LabelTarget, NotifyCustomer, Part, instant, order_number};
use cartage_model::id::SenderOrderNumber;
use std::collections::BTreeSet;

pub use cartage_contract::orders::limits::{
    LINE_ITEMS_MAX, NOTE_BYTES_MAX, ORDER_NUMBER_CHARS_MAX, PACKAGES_MAX, TEXT_CHARS_MAX, URL_CHARS_MAX,
};

/// A status update in which every field is valid in itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusUpdate {
    order: SenderOrderNumber,
    update: Update,
    /// Whether the order gets the label; otherwise only its lines get theirs.
    labels_order: bool,
}

/// The fields are not a valid status update.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the update is not valid: {}", problems.join("; "))]
pub struct Error {
    /// The problems, one sentence for each wrong field.
    pub problems: Vec<String>,
}

impl Error {
    /// Whether a field whose name begins with `field` is wrong: each problem begins with its field's name.
    pub fn is_in(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.starts_with(field))
    }
}

/// The result of applying a cart's definition to an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForCart {
    /// The update to send to the cart.
    Send(Box<Update>),
    /// The cart's label map says that nothing is sent for this label.
    Ignored,
}

/// Why a cart cannot be told of an update.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The cart's map does not name the label, and the cart refuses such labels.
    #[error("cart {cart} has no entry for the label {label:?}; add one under [labels], or set `unlisted_labels`")]
    LabelUnlisted {
        /// The cart's id.
        cart: String,
        /// The label that the sender gave.
        label: String,
    },
    /// The cart does not know the status that the label maps to.
    #[error("cart {cart} has no status {status:?} (for the label {label:?}); it has: {known}; map the label to one of them under [labels]")]
    StatusUnknown {
        /// The cart's id.
        cart: String,
        /// The label that the sender gave.
        label: String,
        /// The status that the label maps to.
        status: String,
        /// The statuses that the cart knows, as text.
        known: String,
    },
    /// The order number cannot be one of this cart's.
    #[error("this order cannot be sent to cart {cart}")]
    OrderNumber {
        /// The cart's id.
        cart: String,
        /// What is wrong with the number.
        #[source]
        source: order_number::Error,
    },
    /// The plugin cannot carry a part of the update.
    #[error("plugin {plugin} cannot carry {what}; leave it out for cart {cart}{}", how_to_leave_out(parts))]
    NotCarried {
        /// The cart's id.
        cart: String,
        /// The plugin's name.
        plugin: String,
        /// The parts that the plugin cannot carry, as text.
        what: String,
        /// The parts that the plugin cannot carry.
        parts: Vec<Part>,
    },
}

impl StatusUpdate {
    /// Validates a sender's fields. `now` stands in for a time that the sender does not give.
    ///
    /// # Errors
    ///
    /// [`Error`], naming every field that is wrong.
    pub fn new(fields: Fields, now: CivilTime) -> Result<StatusUpdate, Error> {
        let mut check = text::Check::default();
        let update = fields::update(fields, now, &mut check);
        let order = SenderOrderNumber::new(update.order_number.as_str());
        if check.problems.is_empty() {
            Ok(StatusUpdate { order, update, labels_order: true })
        } else {
            Err(Error { problems: check.problems })
        }
    }

    /// The same update for the order's lines alone: the order gets no label, and its status at the cart stays.
    pub fn for_lines(self) -> StatusUpdate {
        StatusUpdate { labels_order: false, ..self }
    }

    /// The order's number as the sender wrote it.
    pub fn order_number(&self) -> &SenderOrderNumber {
        &self.order
    }

    /// The Order Manager's label.
    pub fn label(&self) -> &str {
        &self.update.label
    }

    /// The whole update as the sender gave it, with nothing mapped.
    pub fn given(&self) -> &Update {
        &self.update
    }

    /// Applies a cart's definition to this update: the order's number is stripped, labels and carriers are mapped, and parts that the cart
    /// leaves out are removed.
    ///
    /// # Errors
    ///
    /// [`Refused`], with what to change.
    pub fn for_cart(&self, cart: &Cart, manifest: &Manifest) -> Result<ForCart, Refused> {
        let mut update = self.update.clone();
        leave_out(&mut update, &cart.leave_out);
        let number = cart.order_number.apply(&self.order);
        update.order_number = number.map_err(|source| Refused::OrderNumber { cart: cart.id.to_string(), source })?.into();
        let known = match &manifest.statuses {
            Statuses::Fixed(known) => Some(known.as_slice()),
            Statuses::FreeText | Statuses::Asked => None,
        };
        if self.labels_order {
            update.status = match target(cart, known, &update.label)? {
                LabelTarget::Status(status) => Some(status),
                LabelTarget::TrackingOnly => None,
                LabelTarget::Ignore => return Ok(ForCart::Ignored),
            };
        }
        for line in &mut update.line_items {
            map_line(line, cart, known)?;
        }
        for package in &mut update.packages {
            package.carrier = package.carrier_given.as_deref().map(|given| cart.carrier(given));
        }
        if update.notify_customer.is_none() && !cart.leave_out.contains(&Part::CustomerNotification) {
            update.notify_customer = match cart.notify_customer {
                NotifyCustomer::CartDefault => None,
                NotifyCustomer::Never => Some(false),
                NotifyCustomer::Always => Some(true),
            };
        }
        if update.status.is_none() && cart.leave_out.contains(&Part::WithoutStatus) {
            return Ok(ForCart::Ignored);
        }
        update.changed_at_unix_ms = instant(&update.changed_at, cart.time_zone.as_ref());
        let mut parts = Load::of(&update).not_carried(manifest.features);
        parts.extend((update.status.is_none() && !manifest.features.without_status).then_some(Part::WithoutStatus));
        if parts.is_empty() {
            return Ok(ForCart::Send(Box::new(update)));
        }
        Err(Refused::NotCarried { cart: cart.id.to_string(), plugin: manifest.name.clone(), what: Part::listed(&parts), parts })
    }
}

/// How a cart leaves out what its plugin cannot carry, as the end of a sentence.
pub fn how_to_leave_out(parts: &[Part]) -> String {
    let names: Vec<String> = parts.iter().filter(|part| part.can_be_left_out()).map(|part| format!("{:?}", part.name())).collect();
    if names.is_empty() { String::new() } else { format!(" (`leave_out = [{}]` in its definition does that)", names.join(", ")) }
}

/// Removes from an update what a cart is never told. What depends on earlier updates is removed when an attempt starts.
fn leave_out(update: &mut Update, parts: &BTreeSet<Part>) {
    let is_out = |part| parts.contains(&part);
    if is_out(Part::Tracking) {
        update.packages.clear();
        update.packages_complete = None;
    }
    if is_out(Part::PackageContents) {
        update.packages.iter_mut().for_each(|package| package.contents.clear());
    }
    if is_out(Part::LineItems) {
        update.line_items.clear();
    }
    if is_out(Part::Notes) {
        (update.note, update.comments) = (None, None);
        update.line_items.iter_mut().for_each(|line| line.note = None);
    }
    if is_out(Part::CustomerNotification) {
        update.notify_customer = None;
    }
    if update.packages.is_empty() {
        update.line_items.iter_mut().for_each(|line| line.packages.clear());
    }
}

/// The status that a label maps to. `known` are the cart's statuses, fixed by its plugin or asked of the cart; `None` if they are not
/// known.
///
/// # Errors
///
/// [`Refused::LabelUnlisted`] and [`Refused::StatusUnknown`].
pub fn target(cart: &Cart, known: Option<&[Choice]>, label: &str) -> Result<LabelTarget, Refused> {
    let target = cart.target(label).ok_or_else(|| Refused::LabelUnlisted { cart: cart.id.to_string(), label: label.to_owned() })?;
    let (LabelTarget::Status(status), Some(known)) = (&target, known) else { return Ok(target) };
    if known.iter().any(|one| &one.value == status) {
        return Ok(target);
    }
    Err(Refused::StatusUnknown {
        cart: cart.id.to_string(),
        label: label.to_owned(),
        status: status.clone(),
        known: known.iter().map(|one| one.value.as_str()).collect::<Vec<_>>().join(", "),
    })
}

/// Maps a line's own label to a status as the order's label is mapped; a line whose label is ignored keeps its quantities and has no
/// status.
fn map_line(line: &mut LineItem, cart: &Cart, known: Option<&[Choice]>) -> Result<(), Refused> {
    let Some(label) = &line.label else { return Ok(()) };
    line.status = match target(cart, known, label)? {
        LabelTarget::Status(status) => Some(status),
        LabelTarget::TrackingOnly | LabelTarget::Ignore => None,
    };
    Ok(())
}

/// What an update carries besides its label, as far as plugins may be unable to carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load<'a> {
    /// The packages of the update.
    pub packages: &'a [Package],
    /// The lines of the update.
    pub line_items: &'a [LineItem],
    /// Whether a package says what it contains.
    pub says_contents: bool,
    /// Whether there is a note or a comment.
    pub noted: bool,
    /// Whether the update says if the customer is notified.
    pub says_notify: bool,
}

impl<'a> Load<'a> {
    /// The load of this update.
    pub fn of(update: &'a Update) -> Load<'a> {
        Load {
            packages: &update.packages,
            line_items: &update.line_items,
            says_contents: update.packages.iter().any(|package| !package.contents.is_empty()),
            noted: update.note.is_some() || update.comments.is_some(),
            says_notify: update.notify_customer.is_some(),
        }
    }

    /// The load without the parts that a cart leaves out.
    pub fn without(self, parts: &BTreeSet<Part>) -> Load<'a> {
        let is_out = |part| parts.contains(&part);
        Load {
            packages: if is_out(Part::Tracking) { &[] } else { self.packages },
            line_items: if is_out(Part::LineItems) { &[] } else { self.line_items },
            says_contents: self.says_contents && !is_out(Part::Tracking) && !is_out(Part::PackageContents),
            noted: self.noted && !is_out(Part::Notes),
            says_notify: self.says_notify && !is_out(Part::CustomerNotification),
        }
    }

    /// The parts that a plugin with these features cannot carry, whatever the cart was told before.
    pub fn not_carried(&self, features: Features) -> Vec<Part> {
        let tracked = |package: &Package| package.tracking_number.is_some() || package.tracking_url.is_some();
        let held = [
            (Part::Tracking, self.packages.iter().any(tracked)),
            (Part::SeveralPackages, self.packages.len() > 1),
            (Part::PackageContents, self.says_contents),
            (Part::LineItems, !self.line_items.is_empty()),
            (Part::Notes, self.noted),
            (Part::CustomerNotification, self.says_notify),
        ];
        held.into_iter().filter(|(part, is_held)| *is_held && !part.is_carried(features)).map(|(part, _)| part).collect()
    }
}

#[cfg(test)]
mod tests;
