//! The gate decides whether a status is sent to a cart, and keeps the whole answer.
//!
//! [`decide`] takes plain data and answers six conditions. All six are answered each time, and each answer is kept with the value that was found, the
//! place where it is set and the remedies that would change it. A status is sent only if all six hold; the cart's mode says whether to send or only
//! to record. Nothing here reads a clock, a file or a database, and nothing decides by the text of an answer: the texts are for people ([`explain`]).
//!
//! | # | condition | answered from |
//! |---|---|---|
//! | 1 | `UseStatusUpdates` is True | [`cartage_model::parameters`] |
//! | 2 | a status event has a label and Notify Cart, or the label was given directly | [`cartage_model::events`] |
//! | 3 | the label changes, or a package is new to the cart | [`order::OrderRecord`] |
//! | 4 | `UseGenericStatusUpdates` is True for this cart | [`cartage_model::parameters`] |
//! | 5 | the cart exists, is enabled, and its plugin was admitted and carries what there is | [`question::PresentCart`] |
//! | 6 | the label maps to something the cart accepts | [`cartage_model::carts`], the plugin's statuses |
//!
//! The gate is asked once, when an update is accepted. The gate cannot know whether the cart will take the update: a delivery's receipt tells that.
//! The overview is in ARCHITECTURE.md.

mod conditions;
pub mod explain;
pub mod order;
pub mod package;
pub mod question;

pub use order::OrderRecord;
pub use question::{Again, ChangeCause, ChangeRule, Given, Mode, PluginState, PresentCart, ProposedChange, Question};

use cartage_model::id::{CartId, SenderOrderNumber};
use cartage_model::remedy::{Remedy, Sentence, Words};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One of the six conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Condition 1: the system parameter `UseStatusUpdates` is True.
    UpdatesOn,
    /// Condition 2: the status event has a label and Notify Cart, or the label was given directly.
    EventTellsCart,
    /// Condition 3: the label changes, or a package is new to the cart.
    Changed,
    /// Condition 4: `UseGenericStatusUpdates` is True for this cart.
    CartUpdatesOn,
    /// Condition 5: the cart exists and is enabled, and its plugin can carry the update.
    CartReady,
    /// Condition 6: the label maps to a status that the cart accepts.
    LabelMapped,
}

impl Condition {
    /// All six conditions, in the order in which they are answered.
    pub const ALL: [Condition; 6] = [
        Condition::UpdatesOn,
        Condition::EventTellsCart,
        Condition::Changed,
        Condition::CartUpdatesOn,
        Condition::CartReady,
        Condition::LabelMapped,
    ];

    /// The condition's number, 1 to 6.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The condition in plain words, for people.
    pub fn title(self) -> &'static str {
        match self {
            Condition::UpdatesOn => "Status updates are switched on",
            Condition::EventTellsCart => "The status event has a label and tells the cart",
            Condition::Changed => "There is something new to tell the cart",
            Condition::CartUpdatesOn => "Status updates are switched on for this cart",
            Condition::CartReady => "The cart is ready and its plugin can carry all of this",
            Condition::LabelMapped => "The label means something to the cart",
        }
    }
}

/// The result of one condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// The condition holds.
    Held,
    /// The condition does not hold, and somebody wants it so: there is nothing to send and nobody must act.
    NothingToDo,
    /// The condition does not hold: nothing is sent until somebody acts.
    NotHeld,
}

/// Where the value that a condition found is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The merchant's system parameters.
    SystemParameters,
    /// The parameters of one cart.
    CartParameters,
    /// The settings of the status events.
    StatusEvents,
    /// The record of what was accepted for the order before.
    OrderRecord,
    /// The cart's definition, outside its label map.
    CartDefinition,
    /// The label map in the cart's definition.
    LabelMap,
    /// The Order Manager, which posted the label.
    OrderManager,
    /// The person or program that gave the label, by hand or through the API.
    Sender,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Place::SystemParameters => "Cartage, system parameters, group Program",
            Place::CartParameters => "Cartage, cart-based parameters, group Program",
            Place::StatusEvents => "Cartage, status events",
            Place::OrderRecord => "Cartage, its record of this order",
            Place::CartDefinition => "Cartage, the cart's definition",
            Place::LabelMap => "Cartage, the cart's label map",
            Place::OrderManager => "your Order Manager",
            Place::Sender => "whoever gave the label",
        })
    }
}

/// The answer to one condition. Its remedies are data, or a `String` each where they are in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionAnswer<R = Remedy> {
    /// The condition that is answered.
    pub condition: Condition,
    /// Whether the condition holds, and if not, whether somebody must act.
    pub finding: Finding,
    /// The value that was found, as a short statement for people.
    pub value: String,
    /// Where that value is set.
    pub place: Place,
    /// Why the condition holds or not, for people.
    pub reason: Sentence<R>,
    /// What makes the condition hold, in order. Empty where it holds.
    pub remedies: Vec<R>,
}

impl<R> ConditionAnswer<R> {
    /// Whether the condition holds.
    pub fn held(&self) -> bool {
        self.finding == Finding::Held
    }
}

impl ConditionAnswer {
    /// The answer with its remedies in words.
    fn worded(&self, words: &dyn Words) -> ConditionAnswer<String> {
        ConditionAnswer {
            condition: self.condition,
            finding: self.finding,
            value: self.value.clone(),
            place: self.place,
            reason: self.reason.worded(words),
            remedies: self.remedies.iter().map(|remedy| words.remedy(remedy)).collect(),
        }
    }
}

/// What the cart's mode means for an update that passed the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// No cart has the id, so there is no mode.
    NoCart,
    /// Mode `shadow`: the update is recorded and not sent.
    Shadow,
    /// Mode `only-orders`, and this order is one of those named: the update is sent.
    NamedOrder,
    /// Mode `only-orders`, and this order is not one of those named: the update is recorded and not sent.
    OtherOrder,
    /// Mode `live`: the update is sent.
    Live,
}

/// What happens to the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The update is sent.
    Send,
    /// All conditions hold, but the cart's mode only records the update.
    Shadow,
    /// A condition does not hold, so nothing is sent.
    Nothing,
}

/// A decision with the answers to all six conditions, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision<R = Remedy> {
    /// The Cart ID that the sender gave.
    pub cart: CartId,
    /// The order's number as the sender gave it.
    pub order_number: SenderOrderNumber,
    /// The order's new label; `None` if the event gives the order none.
    pub label: Option<String>,
    /// Whether somebody asked to send the update again.
    pub again: Again,
    /// The answers to the six conditions, in order.
    pub answers: [ConditionAnswer<R>; 6],
    /// What the cart's mode means for this order.
    pub stage: Stage,
    /// What happens to the update.
    pub verdict: Verdict,
}

impl Decision {
    /// The decision with its remedies in words.
    pub fn worded(&self, words: &dyn Words) -> Decision<String> {
        Decision {
            cart: self.cart.clone(),
            order_number: self.order_number.clone(),
            label: self.label.clone(),
            again: self.again,
            answers: self.answers.each_ref().map(|answer| answer.worded(words)),
            stage: self.stage,
            verdict: self.verdict,
        }
    }
}

impl<R> Decision<R> {
    /// The answer to one condition.
    pub fn answer(&self, condition: Condition) -> &ConditionAnswer<R> {
        &self.answers[condition as usize]
    }

    /// Whether somebody must act before such an update is sent. False if the update is sent or recorded, and if there is nothing to do: the cart was
    /// told already, its label map ignores the label, or the event is not meant for carts. In those cases nothing would be sent whatever the other
    /// conditions say. A Cart ID that does not exist always needs action.
    pub fn must_act(&self) -> bool {
        let any = |finding| self.answers.iter().any(|answer| answer.finding == finding);
        any(Finding::NotHeld) && (self.stage == Stage::NoCart || !any(Finding::NothingToDo))
    }
}

/// Decides whether a status is sent, and keeps every answer.
pub fn decide(question: &Question<'_>) -> Decision {
    let answers = [
        conditions::updates_on(question),
        conditions::event_tells_cart(question),
        conditions::changed(question),
        conditions::cart_updates_on(question),
        conditions::cart_ready(question),
        conditions::label_mapped(question),
    ];
    let stage = question.stage();
    let verdict = match stage {
        _ if !answers.iter().all(ConditionAnswer::held) => Verdict::Nothing,
        Stage::Live | Stage::NamedOrder => Verdict::Send,
        Stage::Shadow | Stage::OtherOrder => Verdict::Shadow,
        // Condition 5 does not hold without a cart.
        Stage::NoCart => Verdict::Nothing,
    };
    Decision {
        cart: question.cart.clone(),
        order_number: question.change.order_number.clone(),
        label: question.change.label.map(str::to_owned),
        again: question.again,
        answers,
        stage,
        verdict,
    }
}
