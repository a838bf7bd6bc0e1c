//! The question that the gate decides: plain data, borrowed from its owner.

pub use cartage_model::carts::{ChangeRule, Mode};

use super::Stage;
use super::order::OrderRecord;
use crate::validate::Load;
use cartage_contract::delivery::Choice;
use cartage_contract::manifest::{Manifest, Statuses};
use cartage_contract::orders::Update;
use cartage_model::carts::Cart;
use cartage_model::events::TriggeredEvent;
use cartage_model::id::{CartId, SenderOrderNumber};
use cartage_model::parameters::Assignments;
use serde::{Deserialize, Serialize};

/// Whether one change of an order is sent to one cart, with all facts that decide this.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The Cart ID that the sender gave.
    pub cart: &'a CartId,
    /// The cart with this id; `None` if there is no such cart.
    pub definition: Option<PresentCart<'a>>,
    /// The existing id that is most similar; set only where `definition` is `None`.
    pub nearest_cart: Option<&'a str>,
    /// The parameters that are set for this merchant.
    pub parameters: &'a Assignments,
    /// The status event or the direct label that caused the change.
    pub cause: ChangeCause<'a>,
    /// The order, the label and the packages that the cart would be told.
    pub change: ProposedChange<'a>,
    /// What was accepted for this order and this cart before. `None` if the order is seen for the first time.
    pub known: Option<&'a OrderRecord>,
    /// Whether somebody asked to send the update again.
    pub again: Again,
}

/// A cart with its present state.
#[derive(Debug, Clone, Copy)]
pub struct PresentCart<'a> {
    /// The cart's definition as the operator loaded it.
    pub cart: &'a Cart,
    /// Whether the cart is enabled.
    pub state: CartSwitch,
    /// Whether the cart's plugin can be called, and its manifest.
    pub plugin: PluginState<'a>,
    /// Whether updates that pass the gate are sent or only recorded.
    pub mode: &'a Mode,
    /// Whether new packages count as a change, or a new label only.
    pub changes: ChangeRule,
}

/// Whether a cart is enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CartSwitch {
    /// The cart may be used.
    #[default]
    Enabled,
    /// Somebody disabled the cart, or the cart answered that it no longer exists.
    Disabled,
}

/// Whether a cart's plugin can be called.
#[derive(Debug, Clone, Copy)]
pub enum PluginState<'a> {
    /// The plugin was admitted and can be called.
    Admitted {
        /// The manifest, in which the plugin describes itself.
        manifest: &'a Manifest,
        /// The statuses that the cart listed when it was asked; `None` if the plugin does not ask, or has not asked yet.
        asked: Option<&'a [Choice]>,
    },
    /// The plugin's file is missing.
    Missing,
    /// The plugin's file does not have the digest that the cart is pinned to.
    Changed,
    /// The plugin asks for more rights than the operator has approved.
    AwaitsApproval,
    /// The host did not admit the plugin.
    Refused {
        /// Why the plugin was not admitted, as text for people.
        reason: &'a str,
    },
}

/// The cause of a change.
#[derive(Debug, Clone, Copy)]
pub enum ChangeCause<'a> {
    /// A status event, with the labels and the tick that its user gave it.
    Event(&'a TriggeredEvent),
    /// A label that was given directly, without an event.
    Given(Given),
}

/// Who gave a label directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Given {
    /// A person, by a command.
    ByHand,
    /// A program, through the API.
    Api,
    /// An Order Manager, in the classic protocol (SETI).
    Seti,
}

/// Whether somebody asked to send the update again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Again {
    /// The update is new; nobody asked for a repeat.
    #[default]
    No,
    /// Somebody asked for a repeat: condition 3 holds, and the decision says so.
    Yes,
}

/// What the cart would be told of an order.
#[derive(Debug, Clone, Copy)]
pub struct ProposedChange<'a> {
    /// The order's number as the sender gave it.
    pub order_number: &'a SenderOrderNumber,
    /// The order's new label. `None` if the event gives the order none.
    pub label: Option<&'a str>,
    /// The packages, lines, notes and other parts of the update.
    pub load: Load<'a>,
}

impl<'a> ProposedChange<'a> {
    /// The change that an update makes to an order.
    pub fn of(order_number: &'a SenderOrderNumber, update: &'a Update) -> ProposedChange<'a> {
        ProposedChange { order_number, label: Some(&update.label), load: Load::of(update) }
    }
}

impl<'a> Question<'a> {
    /// The parts that the cart would be told, without those that its definition leaves out.
    pub(super) fn load(&self) -> Load<'a> {
        let load = self.change.load;
        self.definition.map_or(load, |definition| load.without(&definition.cart.leave_out))
    }

    /// What the cart's mode means for this order.
    pub(super) fn stage(&self) -> Stage {
        match self.definition.map(|definition| definition.mode) {
            None => Stage::NoCart,
            Some(Mode::Shadow) => Stage::Shadow,
            Some(Mode::OnlyOrders(named)) if named.contains(self.change.order_number) => Stage::NamedOrder,
            Some(Mode::OnlyOrders(_)) => Stage::OtherOrder,
            Some(Mode::Live) => Stage::Live,
        }
    }
}

impl<'a> PluginState<'a> {
    /// The statuses that the cart accepts; `None` if they are free text or not known.
    pub(super) fn statuses(self) -> Option<&'a [Choice]> {
        match self {
            PluginState::Admitted { manifest, asked } => match &manifest.statuses {
                Statuses::Fixed(fixed) => Some(fixed),
                Statuses::Asked => asked,
                Statuses::FreeText => None,
            },
            PluginState::Missing | PluginState::Changed | PluginState::AwaitsApproval | PluginState::Refused { .. } => None,
        }
    }
}
