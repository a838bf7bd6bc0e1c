//! Status events and status labels: an event happens to an order and gives it a label.
//!
//! The events are fixed. For each event, a user sets an order label, an item label and the tick box **Notify Cart**. The labels are the user's own
//! words. An event by itself only sets the label inside the Order Manager; the gate decides whether a cart is told.
//!
//! Stone Edge's own list has about thirty events, of which few names are confirmed. Each event here says where its name comes from. Cartage adds
//! events that an Order Manager's user would expect and not find.

mod label;

pub use label::{LABEL_CHARS_MAX, Label, LabelError, Labels};

use crate::origin::Origin;
use crate::remedy::Remedy;
use cartage_base::nearest::nearest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Something that happens to an order or to one of its lines.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// The event's name, by which it is looked up in any case.
    pub name: &'static str,
    /// Where the name comes from: Stone Edge, confirmed or not, or Cartage.
    pub origin: Origin,
    /// When the event happens, for people.
    pub help: &'static str,
    /// A label that suits the order after the event, for users who have none. It is one of [`Labels::ready`].
    pub suggested_label: &'static str,
}

const fn event(name: &'static str, origin: Origin, suggested_label: &'static str, help: &'static str) -> Event {
    Event { name, origin, help, suggested_label }
}

/// All events, in the order in which they occur in an order's life.
pub static EVENTS: [Event; 14] = [
    event("Order Received", Origin::Unconfirmed, "Order Received", "The order was taken in."),
    event("Order Approved", Origin::Ours, "Order Approved", "Somebody approved the order."),
    event("Payment Received", Origin::Unconfirmed, "Payment Received", "A payment for the order was logged."),
    event("Payment Declined", Origin::Ours, "Payment Declined", "A payment for the order was declined."),
    event("Item Add", Origin::StoneEdge, "Order Changed", "A line was added to the order."),
    event("Item Cancel", Origin::StoneEdge, "Order Changed", "A line of the order was cancelled."),
    event("Item Backordered", Origin::Ours, "Order Backordered", "A line waits for stock."),
    event("Drop Ship Ordered", Origin::StoneEdge, "Order Drop Shipping", "A line was ordered from a drop shipper."),
    event("Drop Ship Canceled", Origin::StoneEdge, "Order Changed", "The order to a drop shipper was cancelled."),
    event("Order Packed", Origin::Ours, "Order Packed", "The order was packed."),
    event("Ship Date Entered", Origin::Unconfirmed, "Order Shipped", "A ship date was entered for the order."),
    event("Tracking Number Imported", Origin::Unconfirmed, "Order Shipped", "A tracking number came in for the order."),
    event("Item Returned", Origin::Ours, "Order Returned", "A line of the order came back."),
    event("Order Canceled", Origin::Ours, "Order Canceled", "The whole order was cancelled."),
];

/// Why an event cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No event has this name, and users cannot add events.
    #[error("there is no status event {name:?}{}", cartage_base::nearest::meant(*nearest))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The most similar name; `None` if none is similar.
        nearest: Option<&'static str>,
    },
}

impl Error {
    /// What a person can do.
    pub fn remedy(&self) -> Option<Remedy> {
        let Error::Unknown { nearest, .. } = self;
        nearest.is_none().then_some(Remedy::ListEvents)
    }
}

/// Looks up an event by name. Upper and lower case are the same.
///
/// # Errors
///
/// [`Error::Unknown`], with the most similar name.
pub fn find(name: &str) -> Result<&'static Event, Error> {
    let wanted = name.trim();
    EVENTS
        .iter()
        .find(|event| event.name.eq_ignore_ascii_case(wanted))
        .ok_or_else(|| Error::Unknown { name: wanted.to_owned(), nearest: nearest(wanted, EVENTS.iter().map(|event| event.name)) })
}

/// A user's settings for one event. By default no label is set and no cart is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setting {
    /// The label that the order gets; `None` leaves the order's label.
    pub order_label: Option<Label>,
    /// The label that the line gets; `None` leaves the line's label.
    pub item_label: Option<Label>,
    /// The tick box Notify Cart. If it is not ticked, no cart is told.
    pub notify_cart: bool,
}

/// The settings of all events of one merchant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<&'static str, Setting>);

impl Settings {
    /// The settings of an event; the default if nobody set any.
    pub fn get(&self, event: &Event) -> &Setting {
        static NOTHING: Setting = Setting { order_label: None, item_label: None, notify_cart: false };
        self.0.get(event.name).unwrap_or(&NOTHING)
    }

    /// Replaces an event's settings.
    pub fn set(&mut self, event: &'static Event, setting: Setting) {
        self.0.insert(event.name, setting);
    }
}

/// The effects of an event that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggeredEvent {
    /// The event that happened.
    pub event: &'static Event,
    /// The label that the order gets; `None` leaves the order's label.
    pub order_label: Option<Label>,
    /// The label that the line gets; `None` leaves the line's label.
    pub item_label: Option<Label>,
    /// Whether Notify Cart is ticked.
    pub notify_cart: bool,
}

/// Applies an event: looks up its labels in the merchant's settings.
///
/// # Errors
///
/// [`Error::Unknown`] if no event has the name.
pub fn raise(name: &str, settings: &Settings) -> Result<TriggeredEvent, Error> {
    let event = find(name)?;
    let Setting { order_label, item_label, notify_cart } = settings.get(event).clone();
    Ok(TriggeredEvent { event, order_label, item_label, notify_cart })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_their_own_and_suggest_a_ready_label() {
        let ready = Labels::ready();
        for (at, event) in EVENTS.iter().enumerate() {
            assert_eq!(find(event.name), Ok(event));
            assert!(EVENTS[..at].iter().all(|other| !other.name.eq_ignore_ascii_case(event.name)), "{}", event.name);
            assert!(ready.iter().any(|label| label.as_str() == event.suggested_label), "{}", event.name);
        }
    }

    #[test]
    fn only_confirmed_names_are_stone_edges() {
        let names = |origin| EVENTS.iter().filter(|event| event.origin == origin).map(|event| event.name).collect::<Vec<_>>();
        assert_eq!(names(Origin::StoneEdge), ["Item Add", "Item Cancel", "Drop Ship Ordered", "Drop Ship Canceled"]);
        assert_eq!(names(Origin::Unconfirmed), ["Order Received", "Payment Received", "Ship Date Entered", "Tracking Number Imported"]);
    }

    #[test]
    fn an_unknown_event_is_refused_with_the_nearest() {
        for (name, end, remedy) in [
            ("Tracking Number Import", "; did you mean \"Tracking Number Imported\"?", None),
            ("Order Cancelled", "; did you mean \"Order Canceled\"?", None),
            ("Lunch", "", Some(Remedy::ListEvents)),
        ] {
            let error = find(name).expect_err(name);
            assert_eq!((error.to_string(), error.remedy()), (format!("there is no status event {name:?}{end}"), remedy));
        }
    }

    #[test]
    fn an_event_does_what_it_was_given_and_nothing_before() {
        let mut settings = Settings::default();
        let before = raise("ship date entered", &settings).expect("any case");
        assert_eq!(
            (before.event.name, before.order_label, before.item_label, before.notify_cart),
            ("Ship Date Entered", None, None, false)
        );
        let setting =
            Setting { order_label: Label::new("Order Shipped").ok(), item_label: Label::new("Item Shipped").ok(), notify_cart: true };
        settings.set(find("Ship Date Entered").expect("it exists"), setting.clone());
        let after = raise("Ship Date Entered", &settings).expect("it exists");
        assert_eq!((after.order_label, after.item_label, after.notify_cart), (setting.order_label, setting.item_label, true));
        assert!(!raise("Order Packed", &settings).expect("it exists").notify_cart, "another event is untouched");
    }
}
