//! Refusals: Vendure answers a mutation with its result or with an error type, both with status 200.

use crate::answer::{member, text};
use cartage_sdk::Failure;
use cartage_sdk::http::excerpt;
use cartage_sdk::json::Value;

/// The fields of a refusal that a mutation of an order selects.
pub(crate) const OF_ORDER: &str =
    "... on ErrorResult { __typename errorCode message } ... on OrderStateTransitionError { transitionError }";
/// The fields of a refusal that a mutation of a fulfilment selects.
pub(crate) const OF_FULFILMENT: &str = "... on ErrorResult { __typename errorCode message } \
    ... on FulfillmentStateTransitionError { transitionError fromState toState }";

/// A refusal of a mutation.
#[derive(Debug)]
pub(crate) struct Refusal {
    name: String,
    said: String,
    /// The present and the requested state of a refused transition, if Vendure names them.
    states: Option<(String, String)>,
}

/// The result of a mutation, or the refusal of it.
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
    /// Whether the refusal means that an order cannot be moved to the requested state.
    pub(crate) fn is_of_order_state(&self) -> bool {
        self.name == "OrderStateTransitionError"
    }

    /// Whether the refusal means that a fulfilment is in the requested state already.
    pub(crate) fn is_there_already(&self) -> bool {
        self.name == "FulfillmentStateTransitionError" && self.states.as_ref().is_some_and(|(from, to)| from == to)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        let said = format!("the shop refused: {} ({})", excerpt(&refusal.said), excerpt(&refusal.name));
        match refusal.name.as_str() {
            // The order was read just before, so somebody changed it in between: the next attempt reads it again.
            "ItemsAlreadyFulfilledError" | "EmptyOrderLineSelectionError" | "QuantityTooGreatError" => Failure::order_busy(said),
            // No item can be shipped before somebody corrects the stock; after that, a retry succeeds.
            "InsufficientStockOnHandError" => Failure::order_busy(said),
            "FulfillmentStateTransitionError" | "OrderStateTransitionError" | "CancelActiveOrderError" => Failure::illegal_transition(said),
            "InvalidFulfillmentHandlerError" => {
                Failure::misconfigured(format!("{said}; set the setting `handler` to the code of one of the shop's fulfilment handlers"))
            }
            // The fulfilment handler is the shop's own code, such as a client of a carrier's API.
            "CreateFulfillmentError" => Failure::unavailable(said),
            _ => Failure::protocol(said),
        }
    }
}
