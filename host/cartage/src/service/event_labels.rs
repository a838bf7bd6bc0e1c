//! Applying the labels of an event to the order and its lines.

use cartage_model::events::{Label, TriggeredEvent};
use cartage_policy::validate::{Fields, LineItemFields};

/// Gives an update the labels of its event: the order's label to the order, the item's label to every line. If the event has no label for
/// the order, the order keeps its label, `known`; an order without any gets one here only so that the other fields can be checked.
pub(super) fn label(fields: &mut Fields, raised: &TriggeredEvent, known: Option<&str>) {
    let TriggeredEvent { event, order_label, item_label, .. } = raised;
    let order = order_label.as_ref().map(Label::as_str).or(known).or(item_label.as_ref().map(Label::as_str));
    fields.label = order.unwrap_or(event.suggested_label).to_owned();
    for line in &mut fields.line_items {
        line.label = item_label.as_ref().map(Label::to_string);
    }
}

/// The fields of a line that are stored with a decision to identify the line.
pub(super) fn named(line: &LineItemFields) -> LineItemFields {
    let LineItemFields { web_line_id, reference_line_id, sku, label, .. } = line.clone();
    LineItemFields { web_line_id, reference_line_id, sku, label, ..LineItemFields::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_model::events::{self, Setting, Settings};

    fn raised(order: Option<&str>, item: Option<&str>) -> TriggeredEvent {
        let label = |text: Option<&str>| text.map(|text| Label::new(text).expect("a label"));
        let mut settings = Settings::default();
        let setting = Setting { order_label: label(order), item_label: label(item), notify_cart: true };
        settings.set(events::find("Item Backordered").expect("it exists"), setting);
        events::raise("Item Backordered", &settings).expect("it exists")
    }

    #[test]
    fn each_label_goes_where_the_event_gives_it() {
        for (order, item, known, expected) in [
            (Some("Order Late"), Some("Item Late"), Some("Order Packed"), ("Order Late", Some("Item Late"))),
            (Some("Order Late"), None, None, ("Order Late", None)),
            (None, Some("Item Late"), Some("Order Packed"), ("Order Packed", Some("Item Late"))),
            (None, Some("Item Late"), None, ("Item Late", Some("Item Late"))),
            (None, None, None, ("Order Backordered", None)),
        ] {
            let mut fields = Fields {
                line_items: vec![LineItemFields { label: Some("of the sender".into()), ..LineItemFields::default() }],
                ..Fields::default()
            };
            label(&mut fields, &raised(order, item), known);
            assert_eq!((fields.label.as_str(), fields.line_items[0].label.as_deref()), expected);
        }
    }
}
