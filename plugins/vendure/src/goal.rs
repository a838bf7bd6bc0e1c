//! The meaning of a status.
//!
//! | status | meaning |
//! |---|---|
//! | `Shipped`, `Delivered` | all fulfilments of the order are moved to this state; the order follows |
//! | `PartiallyShipped`, `PartiallyDelivered` | the fulfilments of the packages that the update names are moved to this state; the order follows |
//! | `Cancelled` | the order is cancelled |
//! | any other | the order is moved to this state |

use crate::answer::{list, member, text, texts};
use crate::order::{self, Order};
use crate::refusal;
use crate::shop::Shop;
use cartage_sdk::json::Value;
use cartage_sdk::orders::standing_packages;
use cartage_sdk::{Choice, Failure, Package, Progress, Update};

/// The setting that says whether the shipping costs are cancelled with the order.
pub(crate) const CANCEL_SHIPPING: &str = "cancel-shipping";

/// States of an order that was not placed yet. Order Managers never report them.
const BEFORE_PLACED: [&str; 3] = ["Created", "Draft", "AddingItems"];
/// States of an order whose payment or contents are not final.
const NOT_SETTLED: [&str; 5] = ["AddingItems", "ArrangingPayment", "ArrangingAdditionalPayment", "Modifying", "Draft"];
/// States that an order reaches through its fulfilments.
const BY_FULFILMENTS: [&str; 4] = ["PartiallyShipped", "Shipped", "PartiallyDelivered", "Delivered"];
const CANCELLED: &str = "Cancelled";

/// The change that an update makes to the order, besides its packages and notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal<'u> {
    /// The order keeps its state.
    Stay,
    /// All fulfilments are moved to this state.
    All(Stage),
    /// The fulfilments of the packages that the update names are moved to this state.
    Named(Stage),
    /// The order is cancelled.
    Cancel,
    /// The order is moved to this state.
    State(&'u str),
}

/// How far a fulfilment has progressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Shipped,
    Delivered,
}

impl Stage {
    /// The states that a fulfilment passes through to this one, which is the last.
    fn way(self) -> &'static [&'static str] {
        match self {
            Stage::Shipped => &["Shipped"],
            Stage::Delivered => &["Shipped", "Delivered"],
        }
    }

    /// The states of an order all of whose fulfilments have reached this stage.
    fn reached(self) -> &'static [&'static str] {
        match self {
            Stage::Shipped => &["Shipped", "PartiallyDelivered", "Delivered"],
            Stage::Delivered => &["Delivered"],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Stage::Shipped => "Shipped",
            Stage::Delivered => "Delivered",
        }
    }
}

impl<'u> Goal<'u> {
    pub(crate) fn of(status: Option<&'u str>) -> Goal<'u> {
        match status {
            None => Goal::Stay,
            Some("Shipped") => Goal::All(Stage::Shipped),
            Some("Delivered") => Goal::All(Stage::Delivered),
            Some("PartiallyShipped") => Goal::Named(Stage::Shipped),
            Some("PartiallyDelivered") => Goal::Named(Stage::Delivered),
            Some(CANCELLED) => Goal::Cancel,
            Some(state) => Goal::State(state),
        }
    }

    pub(crate) fn is_of_all(self) -> bool {
        matches!(self, Goal::All(_))
    }

    /// Refuses a package without contents if only a part of the order is meant: such a package takes everything that is left.
    pub(crate) fn needs_contents(self, package: &Package) -> Result<(), Failure> {
        let Goal::Named(_) = self else { return Ok(()) };
        let number = package.tracking_number.as_deref().unwrap_or("without a number");
        Err(Failure::invalid_data(format!(
            "nobody says what is in the package {number}, so it cannot be a part of the order; say what is in it, or map the label to `Shipped`"
        )))
    }

    /// Makes the change at the shop.
    pub(crate) fn reach(self, work: &mut Progress<'_>, shop: &Shop<'_>, update: &Update, order: &mut Order) -> Result<(), Failure> {
        match self {
            Goal::Stay => Ok(()),
            Goal::All(stage) => {
                let all = order.fulfilments().map(|fulfilment| fulfilment.id.clone()).collect();
                let is_moved = advance(work, shop, order, all, stage)?;
                settle(work, shop, order, stage, is_moved)
            }
            Goal::Named(stage) => {
                let named: Vec<String> =
                    standing_packages(update).filter_map(|package| Some(order.fulfilment_of(package)?.id.clone())).collect();
                if named.is_empty() {
                    return Err(Failure::invalid_data(
                        "the update names no package that the shop has, so it does not say which part of the order is meant",
                    ));
                }
                advance(work, shop, order, named, stage).map(|_| ())
            }
            Goal::Cancel => cancel(work, shop, update, order),
            Goal::State(state) if order.state == state => Ok(()),
            Goal::State(state) => move_order(work, shop, &order.id, state),
        }
    }
}

impl Order {
    /// An order can be fulfilled after its payment and before it is cancelled. Vendure itself accepts fulfilments in states from which the order cannot follow.
    pub(crate) fn can_be_shipped(&self) -> Result<(), Failure> {
        let may = |state: &str| BY_FULFILMENTS.contains(&state);
        if may(&self.state) || self.next_states.iter().any(|state| may(state)) {
            return Ok(());
        }
        let said = format!("an order in the state {} cannot be shipped", self.state);
        Err(if NOT_SETTLED.contains(&self.state.as_str()) { Failure::order_busy(said) } else { Failure::illegal_transition(said) })
    }
}

/// Moves fulfilments forward, each as far as it can go. Returns whether any was moved.
fn advance(work: &mut Progress<'_>, shop: &Shop<'_>, order: &mut Order, ids: Vec<String>, stage: Stage) -> Result<bool, Failure> {
    let mut is_moved = false;
    for id in ids {
        for state in stage.way() {
            let can = |order: &Order| order.fulfilments().any(|own| own.id == id && own.next_states.iter().any(|next| next == state));
            if can(order) {
                move_fulfilment(work, shop, order, &id, state)?;
                is_moved = true;
            }
        }
    }
    Ok(is_moved)
}

fn move_fulfilment(work: &mut Progress<'_>, shop: &Shop<'_>, order: &mut Order, id: &str, state: &str) -> Result<(), Failure> {
    let mutation = format!(
        "mutation MoveFulfilment($id: ID!, $state: String!) {{ transitionFulfillmentToState(id: $id, state: $state) {{ \
         ... on Fulfillment {{ state nextStates }} {} }} }}",
        refusal::OF_FULFILMENT
    );
    let data = shop.write(&mutation, [("id", id.into()), ("state", state.into())])?;
    let moved = match refusal::result(&data, "transitionFulfillmentToState")? {
        // Somebody else moved the fulfilment after it was read.
        Err(refusal) if refusal.is_there_already() => return Ok(()),
        moved => moved?,
    };
    is_there(moved, state)?;
    work.step(if state == "Delivered" { "fulfilment delivered" } else { "fulfilment shipped" }, Some(id));
    order.moved(id, state, &texts(moved, "nextStates")?);
    Ok(())
}

/// Checks that the answer shows the requested state; only then was the change made.
fn is_there(result: &Value, wanted: &str) -> Result<(), Failure> {
    let is = text(result, "state")?;
    if is == wanted { Ok(()) } else { Err(Failure::protocol(format!("the shop answered with the state {is}, and was asked for {wanted}"))) }
}

/// Makes sure that the order has followed its fulfilments. In a shop with a custom order process, the order may not follow by itself.
fn settle(work: &mut Progress<'_>, shop: &Shop<'_>, order: &Order, stage: Stage, is_moved: bool) -> Result<(), Failure> {
    let left = order.count_left();
    if left > 0 {
        work.message(format!("{left} items of the order are in no package, so it is not {} as a whole", stage.name()));
        return Ok(());
    }
    let state = if is_moved { order::state(shop, &order.id)? } else { order.state.clone() };
    if stage.reached().contains(&state.as_str()) { Ok(()) } else { move_order(work, shop, &order.id, stage.name()) }
}

fn move_order(work: &mut Progress<'_>, shop: &Shop<'_>, id: &str, state: &str) -> Result<(), Failure> {
    let mutation = format!(
        "mutation MoveOrder($id: ID!, $state: String!) {{ transitionOrderToState(id: $id, state: $state) {{ ... on Order {{ state }} {} }} }}",
        refusal::OF_ORDER
    );
    let data = shop.write(&mutation, [("id", id.into()), ("state", state.into())])?;
    let moved = match refusal::result(&data, "transitionOrderToState")? {
        // Vendure reports a state that it does not have in the same way as a state that it forbids.
        Err(refusal) if refusal.is_of_order_state() && !states(shop)?.iter().any(|own| own == state) => {
            return Err(Failure::status_not_supported(format!("the shop has no order state {state}")));
        }
        moved => moved?,
    };
    is_there(moved, state)?;
    work.step("order moved", Some(state));
    Ok(())
}

/// Cancels the order, with the label as the reason. No money is refunded.
fn cancel(work: &mut Progress<'_>, shop: &Shop<'_>, update: &Update, order: &Order) -> Result<(), Failure> {
    if order.state == CANCELLED {
        return Ok(());
    }
    let mutation = format!(
        "mutation CancelOrder($input: CancelOrderInput!) {{ cancelOrder(input: $input) {{ ... on Order {{ state }} {} }} }}",
        refusal::OF_ORDER
    );
    let input = Value::object([
        ("orderId", order.id.as_str().into()),
        ("reason", update.label.as_str().into()),
        ("cancelShipping", shop.context.boolean(CANCEL_SHIPPING)?.into()),
    ]);
    let data = shop.write(&mutation, [("input", input)])?;
    is_there(refusal::result(&data, "cancelOrder")??, CANCELLED)?;
    work.step("order cancelled", None);
    Ok(())
}

/// The shop's order states.
fn states(shop: &Shop<'_>) -> Result<Vec<String>, Failure> {
    let data = shop.read("query OrderStates { globalSettings { serverConfig { orderProcess { name } } } }", [])?;
    let process = list(member(member(&data, "globalSettings")?, "serverConfig")?, "orderProcess")?;
    process.iter().map(|state| text(state, "name").map(str::to_owned)).collect()
}

/// The states that an Order Manager may report.
pub(crate) fn statuses(shop: &Shop<'_>) -> Result<Vec<Choice>, Failure> {
    let placed = states(shop)?.into_iter().filter(|state| !BEFORE_PLACED.contains(&state.as_str()));
    Ok(placed.map(|value| Choice { value, title: None }).collect())
}
