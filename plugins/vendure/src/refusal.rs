//! Refusals: Vendure answers a mutation with its result or with a type of errors, both with status 200.

use crate::answer::{member, text};
use cartage_sdk::Failure;
use cartage_sdk::http::excerpt;
use cartage_sdk::json::Value;

/// The fields that a mutation of an order asks of its refusal.
pub(crate) const OF_ORDER: &str =
    "... on ErrorResult { __typename errorCode message } ... on OrderStateTransitionError { transitionError }";
/// The fields that a mutation of a fulfilment asks of its refusal.
pub(crate) const OF_FULFILMENT: &str = "... on ErrorResult { __typename errorCode message } \
    ... on FulfillmentStateTransitionError { transitionError fromState toState }";

/// A refusal.
#[derive(Debug)]
pub(crate) struct Refusal {
    name: String,
    said: String,
    /// The states between which something was to be moved, where Vendure names them.
    states: Option<(String, String)>,
}

/// The result of a mutation, or what it was refused with.
pub(crate) fn result<'v>(data: &'v Value, mutation: &str) -> Result<Result<&'v Value, Refusal>, Failure> {
    let result = member(data, mutation)?;
    if result.get("errorCode").is_none() {
        return Ok(Ok(result));
    }
    let said = text(result, "transitionError").or_else(|_| text(result, "message"))?;
    let states = text(result, "fromState").ok().zip(text(result, "toState").ok());
    Ok(Err(Refusal {
        name: text(result, "__typename")?.to_owned(),
        said: said.to_owned(),
        states: states.map(|(from, to)| (from.to_owned(), to.to_owned())),
    }))
}

impl Refusal {
    /// Whether an order cannot be moved to the state that was asked for.
    pub(crate) fn is_of_order_state(&self) -> bool {
        self.name == "OrderStateTransitionError"
    }

    /// Whether a fulfilment is in the state already that was asked for.
    pub(crate) fn is_there_already(&self) -> bool {
        self.name == "FulfillmentStateTransitionError" && self.states.as_ref().is_some_and(|(from, to)| from == to)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        let said = format!("the shop refused: {} ({})", excerpt(&refusal.said), excerpt(&refusal.name));
        match refusal.name.as_str() {
            // The order was read just before, so somebody else changed it meanwhile: the next attempt reads again.
            "ItemsAlreadyFulfilledError" | "EmptyOrderLineSelectionError" | "QuantityTooGreatError" => Failure::order_busy(said),
            // Nothing goes out before somebody corrects the stock, and then it goes by itself.
            "InsufficientStockOnHandError" => Failure::order_busy(said),
            "FulfillmentStateTransitionError" | "OrderStateTransitionError" | "CancelActiveOrderError" => Failure::illegal_transition(said),
            "InvalidFulfillmentHandlerError" => {
                Failure::misconfigured(format!("{said}; set the setting `handler` to the code of one of the shop's fulfilment handlers"))
            }
            // The handler is the shop's own code, such as a carrier's interface.
            "CreateFulfillmentError" => Failure::unavailable(said),
            _ => Failure::protocol(said),
        }
    }
}
