//! The sixth condition: whether the cart's label map and statuses give the labels a meaning.

use super::{new_cart, remedies_if, some_label};
use crate::gate::question::{Again, ChangeCause, Question};
use crate::gate::{Condition, ConditionAnswer, Finding, Place};
use crate::validate::{Load, Refused, target};
use cartage_base::nearest::nearest;
use cartage_contract::delivery::Choice;
use cartage_model::carts::{LabelTarget, Part};
use cartage_model::remedy::{Remedy, Sentence};

/// Condition 6: the label maps to something that the cart accepts.
pub(in crate::gate) fn label_mapped(question: &Question<'_>) -> ConditionAnswer {
    let answer = |finding, value: String, reason: Sentence, remedies| {
        let (condition, place) = (Condition::LabelMapped, Place::LabelMap);
        ConditionAnswer { condition, finding, value, place, reason, remedies }
    };
    let labels = Labels::of(question);
    let Some(definition) = question.definition else {
        let value = format!("there is no cart {}, and so no label map", question.cart);
        let remedies = [new_cart(question.cart), labels.first_label(question)].concat();
        return answer(Finding::NotHeld, value, "a label means something only to a cart".into(), remedies);
    };
    let known = definition.plugin.statuses();
    let map = |label: &str| target(definition.cart, known, label);
    let remedy =
        |label: &str| Remedy::MapLabel { cart: question.cart.clone(), label: label.to_owned(), status: suggested_status(known, label) };
    let Some(leading) = labels.leading() else {
        let label = missing_label(question);
        let mut remedies = labels.first_label(question);
        remedies.extend((!matches!(map(&label), Ok(LabelTarget::Status(_)))).then(|| remedy(&label)));
        return answer(Finding::NotHeld, "there is no label".into(), "without a label there is nothing to look up".into(), remedies);
    };
    let mapped: Vec<_> = labels.order.iter().chain(&labels.lines).map(|label| (*label, map(label))).collect();
    let ignored = labels.order.is_some() && matches!(mapped[0].1, Ok(LabelTarget::Ignore));
    let refused: Vec<_> = mapped.iter().filter_map(|(label, target)| Some((*label, target.as_ref().err()?))).collect();
    let mut remedies: Vec<Remedy> = Vec::new();
    for label in labels.order.filter(|_| ignored).into_iter().chain(refused.iter().map(|(label, _)| *label)) {
        let remedy = remedy(label);
        if !remedies.contains(&remedy) {
            remedies.push(remedy);
        }
    }
    if ignored {
        let value = format!("\"{leading}\" is set to ignore");
        return answer(Finding::NothingToDo, value, "nothing is sent for an ignored label".into(), remedies);
    }
    if let Some((label, refused)) = refused.first() {
        let (value, reason) = refused_words(label, refused);
        return answer(Finding::NotHeld, value, reason, remedies);
    }
    let speaks = mapped.iter().any(|(_, target)| matches!(target, Ok(LabelTarget::Status(_))));
    // Of an order that gets no status the cart is told nothing, where it leaves that out.
    let untold = definition.cart.leave_out.contains(&Part::WithoutStatus);
    let sets_status = labels.order.is_some() && matches!(mapped.first(), Some((_, Ok(LabelTarget::Status(_)))));
    if untold && !sets_status {
        let reason = "this cart leaves out updates that set no order status";
        return answer(Finding::NothingToDo, format!("\"{leading}\" sets no status at the cart"), reason.into(), vec![remedy(leading)]);
    }
    if speaks || carries_more(question.load()) {
        let target = mapped.first().and_then(|(_, target)| target.as_ref().ok());
        return answer(Finding::Held, accepted_words(leading, target), "the cart accepts it".into(), vec![]);
    }
    let reason = "there is no package, line or note to send beside a label that sets no status";
    answer(Finding::NothingToDo, format!("\"{leading}\" sets no status at the cart"), reason.into(), vec![remedy(leading)])
}

/// The labels of a change, of the order and of its lines.
struct Labels<'a> {
    order: Option<&'a str>,
    lines: Vec<&'a str>,
}

impl<'a> Labels<'a> {
    fn of(question: &Question<'a>) -> Labels<'a> {
        let lines = question.change.load.line_items.iter().filter_map(|line| line.label.as_deref()).collect();
        Labels { order: question.change.label, lines }
    }

    /// The order's label, else the first line's.
    fn leading(&self) -> Option<&'a str> {
        self.order.or(self.lines.first().copied())
    }

    /// What gives the change a label, if it has none.
    fn first_label(&self, question: &Question<'_>) -> Vec<Remedy> {
        let (cart, order, label) = (question.cart.clone(), question.change.order_number.clone(), missing_label(question));
        remedies_if(self.leading().is_none(), || {
            vec![match (question.cause, question.again) {
                (ChangeCause::Event(raised), _) => Remedy::SetEvent { event: raised.event.name.to_owned(), order_label: Some(label) },
                (ChangeCause::Given(_), Again::Yes) => Remedy::SendAgain { cart, order, label },
                (ChangeCause::Given(_), Again::No) => Remedy::Send { cart, order, label },
            }]
        })
    }
}

/// A label for a change that has none. For an event it is the one that suits the event, as in condition 2: the order's own label would change
/// nothing.
fn missing_label(question: &Question<'_>) -> String {
    match question.cause {
        ChangeCause::Event(raised) => raised.event.suggested_label.to_owned(),
        ChangeCause::Given(_) => some_label(question),
    }
}

/// Whether there is something to send besides the order's status: a package, a line or a note.
fn carries_more(load: Load<'_>) -> bool {
    load.noted || !load.line_items.is_empty() || !load.packages.is_empty()
}

fn accepted_words(label: &str, target: Option<&LabelTarget>) -> String {
    match target {
        Some(LabelTarget::Status(status)) => format!("\"{label}\" is \"{status}\" at the cart"),
        Some(LabelTarget::TrackingOnly | LabelTarget::Ignore) | None => {
            format!("\"{label}\" leaves the cart's status unchanged; the rest of the update will be sent")
        }
    }
}

/// The value and the reason of a label without a meaning.
fn refused_words(label: &str, refused: &Refused) -> (String, Sentence) {
    match refused {
        Refused::StatusUnknown { status, known, .. } => {
            (format!("\"{label}\" is \"{status}\", which the cart does not have"), format!("the cart has: {known}").into())
        }
        Refused::LabelUnlisted { .. } | Refused::OrderNumber { .. } | Refused::NotCarried { .. } => {
            (format!("\"{label}\" is not in the label map"), "this cart refuses labels that its map does not name".into())
        }
    }
}

/// The status that a label most likely means: its own text, or the most similar status of the cart. `STATUS` if none is similar, because a guess
/// could cancel an order.
fn suggested_status(known: Option<&[Choice]>, label: &str) -> String {
    let Some(known) = known else { return label.to_owned() };
    let values = || known.iter().map(|status| status.value.as_str());
    nearest(label, values()).unwrap_or("STATUS").to_owned()
}
