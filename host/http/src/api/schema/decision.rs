//! The gate's decision about an update, and the decision in words: the types of `cartage_policy::gate`.
#![expect(dead_code, reason = "these types describe others and are never made")]

use super::{CartId, Remedy, names};
use cartage_policy::gate;
use cartage_policy::gate::explain;
use serde::Serialize;
use utoipa::ToSchema;

names! {
    /// One of the six conditions.
    Condition of gate::Condition: UpdatesOn EventTellsCart Changed CartUpdatesOn CartReady LabelMapped;
    /// The result of one condition.
    Finding of gate::Finding: Held NothingToDo NotHeld;
    /// Where the value that a condition found is set.
    Place of gate::Place: SystemParameters CartParameters StatusEvents OrderRecord CartDefinition LabelMap OrderManager Sender;
    /// What the cart's mode means for an update that passed the gate.
    Stage of gate::Stage: NoCart Shadow NamedOrder OtherOrder Live;
    /// What happens to the update.
    Verdict of gate::Verdict: Send Shadow Nothing;
    /// Whether somebody asked to send the update again.
    Again of gate::Again: No Yes;
    /// Whether a condition holds.
    Mark of explain::Mark: Tick Cross;
}

/// The gate's decision about an update: six conditions, each with what was found, why, and what changes it.
#[derive(ToSchema)]
pub(in crate::api) struct Decision {
    cart: CartId,
    /// The number of the order, as the sender gave it.
    order_number: String,
    /// The order's new label. Null: the event gives the order none.
    #[schema(required)]
    label: Option<String>,
    #[schema(inline)]
    again: Again,
    /// The answers to the six conditions, in order.
    #[schema(min_items = 6, max_items = 6)]
    answers: Vec<ConditionAnswer>,
    #[schema(inline)]
    stage: Stage,
    #[schema(inline)]
    verdict: Verdict,
}

/// The answer to one condition.
#[derive(ToSchema)]
pub(in crate::api) struct ConditionAnswer {
    #[schema(inline)]
    condition: Condition,
    #[schema(inline)]
    finding: Finding,
    /// The value that was found.
    value: String,
    #[schema(inline)]
    place: Place,
    /// Why the condition holds or not.
    #[schema(inline)]
    reason: Sentence,
    /// What makes the condition hold, in order: requests, and what must be done on the machine. Empty if the condition holds.
    remedies: Vec<Remedy>,
}

/// A decision in words.
#[derive(ToSchema)]
pub(in crate::api) struct Explanation {
    /// The state of the order, in one sentence.
    headline: String,
    /// Details of the headline, each with what helps.
    notes: Vec<Note>,
    /// The six conditions, in order.
    rows: Vec<Row>,
    /// The cart's mode. Null: there is no such cart.
    #[schema(required)]
    mode: Option<ModeRow>,
    /// What to do next. Null: nothing.
    #[schema(required)]
    advice: Option<Sentence>,
}

/// A sentence. On the machine's socket, one that names a remedy has the remedy as data.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api) enum Sentence {
    /// The whole sentence.
    Plain(String),
    /// A sentence that names a remedy.
    Naming {
        /// The sentence before the remedy.
        before: String,
        /// The remedy.
        #[schema(value_type = Remedy)]
        remedy: String,
        /// The sentence after the remedy.
        after: String,
    },
}

/// A detail of the state of an order.
#[derive(ToSchema)]
#[schema(as = ExplanationNote)]
pub(in crate::api) struct Note {
    /// The detail, as one sentence.
    #[schema(inline)]
    text: Sentence,
    /// The request that belongs to the detail, or what must be done on the machine. Null: nothing.
    #[schema(required)]
    command: Option<Remedy>,
}

/// One of the six conditions, in words.
#[derive(ToSchema)]
#[schema(as = ExplanationRow)]
pub(in crate::api) struct Row {
    #[schema(inline)]
    mark: Mark,
    /// The condition's number.
    #[schema(minimum = 1, maximum = 6)]
    number: u8,
    /// The condition in plain words.
    condition: String,
    /// The value that was found.
    value: String,
    /// Where that value is set.
    set_in: String,
    /// Why the condition holds or not.
    #[schema(inline)]
    reason: Sentence,
    /// What makes the condition hold, in order: requests, and what must be done on the machine. Empty if the condition holds.
    remedies: Vec<Remedy>,
}

/// The cart's mode, in words.
#[derive(ToSchema)]
#[schema(as = ExplanationMode)]
pub(in crate::api) struct ModeRow {
    /// The mode, and what it means for this order.
    value: String,
    /// The request that lets the order be sent. Null: the mode does not hold the order back.
    #[schema(required)]
    remedy: Option<Remedy>,
}
