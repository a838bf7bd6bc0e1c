//! What the gate is asked: plain data, borrowed from whoever holds it.

pub use crate::carts::{ChangeRule, Mode};

use super::Stage;
use super::order::Known;
use crate::carts::Cart;
use crate::events::Raised;
use crate::id::{CartId, SenderOrderNumber};
use crate::parameters::Assignments;
use crate::validate::Load;
use cartage_contract::delivery::Choice;
use cartage_contract::manifest::{Manifest, Statuses};
use cartage_contract::orders::Update;
use serde::{Deserialize, Serialize};

/// Whether this change is sent to this cart.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The Cart ID.
    pub cart: &'a CartId,
    /// The cart of this id, if there is one.
    pub definition: Option<Definition<'a>>,
    /// Where there is none: the id nearest to it.
    pub nearest_cart: Option<&'a str>,
    /// What was set for this merchant.
    pub parameters: &'a Assignments,
    /// What brought the change about.
    pub cause: Cause<'a>,
    /// What the cart would be told.
    pub change: Change<'a>,
    /// What was accepted for this order and this cart before. None: the order is seen for the first time.
    pub known: Option<&'a Known>,
    /// Whether somebody asked to send it again.
    pub again: Again,
}

/// A cart as it stands.
#[derive(Debug, Clone, Copy)]
pub struct Definition<'a> {
    /// Its definition.
    pub cart: &'a Cart,
    /// Whether it may be used.
    pub state: CartState,
    /// Its plugin.
    pub plugin: PluginState<'a>,
    /// Whether what passes is sent.
    pub mode: &'a Mode,
    /// What counts as a change.
    pub changes: ChangeRule,
}

/// Whether a cart may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CartState {
    /// It may.
    #[default]
    Enabled,
    /// Somebody, or a cart that is gone, switched it off.
    Disabled,
}

/// Whether a cart's plugin can be called.
#[derive(Debug, Clone, Copy)]
pub enum PluginState<'a> {
    /// It was admitted.
    Admitted {
        /// What it says of itself.
        manifest: &'a Manifest,
        /// The statuses that the cart gave when it was asked, where the plugin asks it.
        asked: Option<&'a [Choice]>,
    },
    /// Its file is not there.
    Missing,
    /// Its file is not the one that the cart is pinned to.
    Changed,
    /// It asks for more than the operator has approved.
    AwaitsApproval,
    /// It was not admitted.
    Refused {
        /// Why.
        reason: &'a str,
    },
}

/// What brought a change about.
#[derive(Debug, Clone, Copy)]
pub enum Cause<'a> {
    /// A status event, with what its user gave it.
    Event(&'a Raised),
    /// The label was given directly.
    Given(Given),
}

/// How a label was given directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Given {
    /// By hand.
    ByHand,
    /// Through the API.
    Api,
    /// By an Order Manager, in the classic protocol.
    Seti,
}

/// Whether somebody asked to send it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Again {
    /// No.
    #[default]
    No,
    /// Yes: condition 3 holds, and the decision says so.
    Yes,
}

/// What the cart would be told.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The order's number as the sender gave it.
    pub order_number: &'a SenderOrderNumber,
    /// The order's new label. None: the event gives the order none.
    pub label: Option<&'a str>,
    /// Packages, lines and what else there is.
    pub load: Load<'a>,
}

impl<'a> Change<'a> {
    /// What this update says of an order.
    pub fn of(order_number: &'a SenderOrderNumber, update: &'a Update) -> Change<'a> {
        Change { order_number, label: Some(&update.label), load: Load::of(update) }
    }
}

impl<'a> Question<'a> {
    /// What the cart would be told, without what it leaves out.
    pub(super) fn load(&self) -> Load<'a> {
        let load = self.change.load;
        self.definition.map_or(load, |definition| load.without(&definition.cart.leave_out))
    }

    /// What the cart's mode makes of this order.
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
    /// The statuses of the cart, where they are known.
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
