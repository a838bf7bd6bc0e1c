//! The six conditions, one function each. No condition depends on another's answer.

mod label;

pub(super) use label::label_mapped;

use super::order::packages;
use super::order::{OrderRecord, line_key};
use super::package::{news, not_carried};
use super::question::{Again, CartSwitch, ChangeCause, ChangeRule, Given, PluginState, PresentCart, Question};
use super::{Condition, ConditionAnswer, Finding, Place};
use crate::validate::{Load, how_to_leave_out};
use cartage_contract::manifest::Features;
use cartage_contract::orders::{Package, Told};
use cartage_model::carts::{LabelTarget, NotifyCustomer, Part};
use cartage_model::id::CartId;
use cartage_model::parameters::{Effective, Parameter, USE_GENERIC_STATUS_UPDATES, USE_STATUS_UPDATES};
use cartage_model::remedy::{Remedy, Sentence};
use std::collections::BTreeSet;

/// Condition 1: `UseStatusUpdates` is True.
pub(super) fn updates_on(question: &Question<'_>) -> ConditionAnswer {
    let effective = USE_STATUS_UPDATES.effective(None, question.parameters);
    ConditionAnswer {
        condition: Condition::UpdatesOn,
        finding: held_if(effective.is_true()),
        value: parameter_value(USE_STATUS_UPDATES.name, &effective),
        place: Place::SystemParameters,
        reason: if effective.is_true() { "carts may be told" } else { "no cart is told anything until it is True" }.into(),
        remedies: remedies_if(!effective.is_true(), || vec![set_true(&USE_STATUS_UPDATES, None)]),
    }
}

/// Condition 2: a status event has a label and Notify Cart, or the label was given directly.
pub(super) fn event_tells_cart(question: &Question<'_>) -> ConditionAnswer {
    let condition = Condition::EventTellsCart;
    let raised = match question.cause {
        ChangeCause::Event(raised) => raised,
        ChangeCause::Given(given) => {
            let (value, place) = match given {
                Given::ByHand => ("the label was given directly, by hand", Place::Sender),
                Given::Api => ("the label was given directly, through the API", Place::Sender),
                Given::Seti => ("the label was given directly, by your Order Manager", Place::OrderManager),
            };
            let reason = "a label that is given directly needs no status event here".into();
            return ConditionAnswer { condition, finding: Finding::Held, value: value.into(), place, reason, remedies: vec![] };
        }
    };
    let name = raised.event.name;
    let labels = match (&raised.order_label, &raised.item_label) {
        (Some(order), _) => format!("gives the order the label \"{order}\""),
        (None, Some(item)) => format!("gives the item the label \"{item}\""),
        (None, None) => "has no label".to_owned(),
    };
    let ticked = if raised.notify_cart { "and Notify Cart is ticked" } else { "and Notify Cart is not ticked" };
    let labelled = raised.order_label.is_some() || raised.item_label.is_some();
    let finding = match (labelled, raised.notify_cart) {
        (true, true) => Finding::Held,
        // Somebody gave it a label and left the tick out: it is not meant for carts.
        (true, false) => Finding::NothingToDo,
        (false, _) => Finding::NotHeld,
    };
    let reason = match (labelled, raised.notify_cart) {
        (true, true) => "the event tells the cart",
        (false, _) => "an event without a label has nothing to tell a cart",
        (true, false) => "without Notify Cart an event only sets the label here: it is not meant for carts",
    };
    let order_label = (!labelled).then(|| raised.event.suggested_label.to_owned());
    ConditionAnswer {
        condition,
        finding,
        value: format!("\"{name}\" {labels} {ticked}"),
        place: Place::StatusEvents,
        reason: reason.into(),
        remedies: remedies_if(finding != Finding::Held, || vec![Remedy::SetEvent { event: name.to_owned(), order_label }]),
    }
}

/// Condition 3: the label changes, or a package is new to the cart.
pub(super) fn changed(question: &Question<'_>) -> ConditionAnswer {
    let answer = |finding, value: String, reason: &'static str, remedies| ConditionAnswer {
        condition: Condition::Changed,
        finding,
        value,
        place: match question.cause {
            ChangeCause::Given(Given::Seti) => Place::OrderManager,
            ChangeCause::Event(_) | ChangeCause::Given(Given::ByHand | Given::Api) => Place::OrderRecord,
        },
        reason: reason.into(),
        remedies,
    };
    let Some(known) = question.known else {
        return answer(Finding::Held, "the order is seen for the first time".into(), "a new order counts as changed", vec![]);
    };
    let nothing = BTreeSet::new();
    let left_out = question.definition.map_or(&nothing, |definition| &definition.cart.leave_out);
    let fresh = news(question.load().packages, &known.packages, left_out);
    let rule = question.definition.map_or(ChangeRule::default(), |definition| definition.changes);
    let changed = label_change(question, known).or_else(|| line_change(question, known)).or_else(|| match (fresh, rule) {
        (Some((package, told)), ChangeRule::LabelOrPackages) => Some(package_news(package, told)),
        (Some(_), ChangeRule::LabelOnly) | (None, _) => None,
    });
    if let Some(value) = changed {
        return answer(Finding::Held, value, "the cart was not told that yet", vec![]);
    }
    let same = match (question.change.label, &known.label) {
        (Some(label), _) => format!("the label \"{label}\" was accepted for this order before"),
        (None, Some(label)) => format!("the order keeps its label \"{label}\""),
        (None, None) => "the order gets no label".to_owned(),
    };
    if question.again == Again::Yes {
        let value = format!("{same}, and somebody asked to send it again");
        return answer(Finding::Held, value, "an update that is sent again on request needs no change", vec![]);
    }
    let reason = match fresh {
        Some(_) => "a package is new, but for this cart only a new label counts",
        None => "the same label is not sent twice, and no package is new to the cart",
    };
    let mut remedies = new_if_missing(question);
    let (cart, order) = (question.cart.clone(), question.change.order_number.clone());
    remedies.push(Remedy::SendAgain { cart, order, label: some_label(question) });
    answer(Finding::NothingToDo, same, reason, remedies)
}

/// Condition 4: `UseGenericStatusUpdates` is True for this cart.
pub(super) fn cart_updates_on(question: &Question<'_>) -> ConditionAnswer {
    let effective = USE_GENERIC_STATUS_UPDATES.effective(Some(question.cart), question.parameters);
    let on = effective.is_true();
    ConditionAnswer {
        condition: Condition::CartUpdatesOn,
        finding: held_if(on),
        value: parameter_value(USE_GENERIC_STATUS_UPDATES.name, &effective),
        place: Place::CartParameters,
        reason: if on { "this cart may be told" } else { "this cart is told nothing until it is True" }.into(),
        remedies: remedies_if(!on, || {
            let mut remedies = new_if_missing(question);
            remedies.push(set_true(&USE_GENERIC_STATUS_UPDATES, Some(question.cart)));
            remedies
        }),
    }
}

/// Condition 5: the cart exists and is enabled, and its plugin was admitted and can carry the update.
pub(super) fn cart_ready(question: &Question<'_>) -> ConditionAnswer {
    let id = question.cart;
    let answer = |finding, value: String, reason: Sentence, remedies| {
        let (condition, place) = (Condition::CartReady, Place::CartDefinition);
        ConditionAnswer { condition, finding, value, place, reason, remedies }
    };
    let Some(definition) = question.definition else {
        let reason = match question.nearest_cart {
            Some(nearest) => format!("did you mean the cart {nearest}?").into(),
            None => Sentence::Naming { before: "".into(), remedy: Remedy::ListCarts, after: " lists the carts".into() },
        };
        return answer(Finding::NotHeld, format!("there is no cart {id}"), reason, new_cart(id));
    };
    let mut values = Vec::new();
    let mut reasons = Vec::new();
    let mut remedies = Vec::new();
    if definition.state == CartSwitch::Disabled {
        values.push(format!("the cart {id} is disabled"));
        reasons.push("a disabled cart is told nothing".to_owned());
        remedies.push(Remedy::EnableCart { cart: id.clone() });
    }
    if let Some((value, reason, upgrade)) = plugin_lacks(&definition, question) {
        values.push(value);
        reasons.push(reason);
        remedies.push(upgrade);
    }
    if remedies.is_empty() {
        let value = format!("the cart {id} is enabled and its plugin {} was admitted", definition.cart.plugin);
        return answer(Finding::Held, value, "the plugin can carry the whole update".into(), vec![]);
    }
    answer(Finding::NotHeld, values.join("; "), reasons.join("; ").into(), remedies)
}

fn held_if(held: bool) -> Finding {
    if held { Finding::Held } else { Finding::NotHeld }
}

fn remedies_if(needed: bool, remedies: impl FnOnce() -> Vec<Remedy>) -> Vec<Remedy> {
    if needed { remedies() } else { Vec::new() }
}

fn parameter_value(name: &str, effective: &Effective) -> String {
    format!("{name} is {} ({})", effective.value, effective.source)
}

/// Sets a Boolean parameter to True, for a cart or (`None`) for the system.
fn set_true(parameter: &Parameter, cart: Option<&CartId>) -> Remedy {
    Remedy::SetParameter { name: parameter.name.to_owned(), value: "True".to_owned(), cart: cart.cloned() }
}

/// Writes a cart's file and loads it.
fn new_cart(cart: &CartId) -> Vec<Remedy> {
    vec![Remedy::WriteCart { cart: cart.clone() }, Remedy::LoadCart { cart: cart.clone() }]
}

/// What must come first if there is no such cart.
fn new_if_missing(question: &Question<'_>) -> Vec<Remedy> {
    remedies_if(question.definition.is_none(), || new_cart(question.cart))
}

/// The order's new label, or one that suits the order.
fn some_label(question: &Question<'_>) -> String {
    let known = question.known.and_then(|known| known.label.as_deref());
    let suggested = match question.cause {
        ChangeCause::Event(raised) => raised.event.suggested_label,
        ChangeCause::Given(_) => "LABEL",
    };
    question.change.label.or(known).unwrap_or(suggested).to_owned()
}

fn label_change(question: &Question<'_>, known: &OrderRecord) -> Option<String> {
    let label = question.change.label?;
    match known.label.as_deref() {
        Some(before) if before == label => None,
        Some(before) => Some(format!("the label changes from \"{before}\" to \"{label}\"")),
        None => Some(format!("the order gets its first label, \"{label}\"")),
    }
}

fn line_change(question: &Question<'_>, known: &OrderRecord) -> Option<String> {
    question.change.load.line_items.iter().find_map(|line| {
        let (key, label) = (line_key(line)?, line.label.as_deref()?);
        let same = known.lines.get(&key).is_some_and(|before| before == label);
        (!same).then(|| format!("the line {key} gets the label \"{label}\""))
    })
}

fn package_news(package: &Package, told: Told) -> String {
    let name = package.tracking_number.as_deref().or(package.id.as_deref()).unwrap_or("without a number");
    match told {
        Told::New | Told::AlreadyTold => format!("the package {name} is new to the cart"),
        Told::Changed => format!("the package {name} has changed"),
        Told::NumberCorrected => format!("a package has another tracking number now: {name}"),
        Told::Withdrawn => format!("the package {name} was withdrawn"),
    }
}

/// What is wrong with the plugin, why that matters, and the upgrade that would correct it. `None` if the plugin is in order.
fn plugin_lacks(definition: &PresentCart<'_>, question: &Question<'_>) -> Option<(String, String, Remedy)> {
    let file = &definition.cart.plugin;
    let upgrade = || Remedy::UpgradePlugin { cart: question.cart.clone() };
    Some(match definition.plugin {
        PluginState::Missing => {
            (format!("the plugin {file} is missing"), "the data directory does not have the plugin's file".into(), upgrade())
        }
        PluginState::Changed => {
            (format!("the plugin file {file} has changed"), "the cart is pinned to the file that was approved".into(), upgrade())
        }
        PluginState::AwaitsApproval => (
            format!("the plugin {file} awaits approval"),
            "the plugin asks for more than was approved".into(),
            Remedy::ApprovePlugin { cart: question.cart.clone() },
        ),
        PluginState::Refused { reason } => (format!("the plugin {file} was not admitted"), reason.to_owned(), upgrade()),
        PluginState::Admitted { manifest, .. } => {
            let parts = parts_not_carried(definition, question, manifest.features);
            if parts.is_empty() {
                return None;
            }
            let value = format!("the plugin {} cannot carry {}", manifest.name, Part::listed(&parts));
            (value, format!("leave that out{}, or use a plugin that carries it", how_to_leave_out(&parts)), upgrade())
        }
    })
}

/// The parts of the update that the plugin cannot carry and the cart does not leave out.
fn parts_not_carried(definition: &PresentCart<'_>, question: &Question<'_>, features: Features) -> Vec<Part> {
    let (cart, load) = (definition.cart, question.load());
    let notifies = definition.cart.notify_customer != NotifyCustomer::CartDefault;
    let mut parts = Load { says_notify: load.says_notify || notifies, ..load }.not_carried(features);
    parts.extend(not_carried(load.packages, packages(question.known), features));
    // Without a label nothing is sent, for which condition 6 has the reason.
    let sets_none = question.change.label.is_some_and(|label| cart.target(label) == Some(LabelTarget::TrackingOnly));
    parts.extend((sets_none && !features.without_status).then_some(Part::WithoutStatus));
    parts.retain(|part| !cart.leave_out.contains(part));
    parts
}
