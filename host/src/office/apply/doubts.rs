//! What a cart's definition says that is allowed and probably wrong. Each is a warning, in one sentence.

use crate::carts::{Cart, LabelTarget, Mode, UnlistedLabels};
use crate::events::Labels;
use crate::id::SenderOrderNumber;
use crate::validate;
use cartage_contract::delivery::Choice;
use cartage_contract::manifest::{Carriers, Manifest, Plain, Statuses};

/// Orders of the mode `only-orders` that no sender's number can ever be.
pub(super) fn orders(cart: &Cart) -> Vec<String> {
    let Mode::OnlyOrders(orders) = cart.mode() else { return Vec::new() };
    let never = |order: &SenderOrderNumber| {
        let source = cart.order_number.apply(order).err()?;
        Some(format!(
            "only_orders names {:?}, which no order of this cart is called by its sender, so nothing is sent for it: {source}",
            order.as_str()
        ))
    };
    orders.iter().filter_map(never).collect()
}

/// Statuses and carriers that the plugin's lists lack. `labels` are the merchant's.
pub(super) fn words(cart: &Cart, manifest: &Manifest, labels: &Labels) -> Vec<String> {
    let mut warnings = match &manifest.statuses {
        Statuses::Fixed(known) => statuses(cart, known, labels),
        Statuses::FreeText | Statuses::Asked => Vec::new(),
    };
    if let Carriers::Fixed(known) = &manifest.carriers {
        let unlisted = cart.carriers.iter().filter(|(_, carrier)| !has(known, carrier));
        warnings
            .extend(unlisted.map(|(given, carrier)| format!("the carrier {given:?} maps to {carrier:?}, which the plugin does not list")));
    }
    warnings
}

fn has(known: &[Choice], value: &str) -> bool {
    known.iter().any(|one| one.value == value)
}

/// Carriers to which the cart maps some, and which its shop does not list.
pub(in crate::office) fn carriers(cart: &Cart, known: &[Choice]) -> Vec<String> {
    let unlisted = cart.carriers.iter().filter(|(_, carrier)| !has(known, carrier));
    unlisted.map(|(given, carrier)| format!("the carrier {given:?} maps to {carrier:?}, which the shop does not list")).collect()
}

/// Values of a setting that its shop does not list.
pub(in crate::office) fn setting(cart: &Cart, name: &str, known: &[Choice]) -> Vec<String> {
    let values = match cart.own_setting(name) {
        Some(Plain::Text(value)) => vec![value],
        Some(Plain::List(values)) => values.iter().collect(),
        Some(Plain::Map(map)) => map.values().collect(),
        Some(Plain::Integer(_) | Plain::Boolean(_)) | None => Vec::new(),
    };
    let unlisted = values.into_iter().filter(|value| !has(known, value));
    unlisted.map(|value| format!("the setting {name} is {value:?}, which the shop does not list; it is sent all the same")).collect()
}

/// Labels that lead to no status of the cart, which knows these.
pub(in crate::office) fn statuses(cart: &Cart, known: &[Choice], labels: &Labels) -> Vec<String> {
    let mut warnings = Vec::new();
    for (label, target) in &cart.labels {
        if let LabelTarget::Status(status) = target
            && !has(known, status)
        {
            warnings.push(format!("the label {label:?} maps to {status:?}, a status that the cart does not have"));
        }
    }
    // A label that the cart refuses on purpose is no slip.
    let unlisted = labels.iter().map(|label| label.as_str()).filter(|label| !cart.labels.contains_key(*label));
    let unlisted = unlisted.filter(|_| cart.unlisted_labels == UnlistedLabels::Same);
    for label in unlisted.filter(|label| validate::target(cart, Some(known), label).is_err()) {
        warnings.push(format!("your label {label:?} is no status of the cart and [labels] does not name it: it will not be sent"));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Label;

    fn cart(rest: &str) -> Cart {
        Cart::parse("a.toml", &format!("cart = \"a\"\nplugin = \"p.wasm\"\n{rest}")).expect("it is a cart")
    }

    #[test]
    fn only_orders_are_the_sender_s_own_numbers() {
        let rule = "order_number = { strip_prefix = \"WEB-\" }";
        let only = |order: &str| format!("mode = \"only-orders\"\nonly_orders = [\"{order}\"]\n");
        assert_eq!(orders(&cart(&(only("WEB-1021") + rule))), Vec::<String>::new());
        let found = orders(&cart(&(only("1021") + rule)));
        assert!(matches!(found.as_slice(), [one] if one.contains("\"1021\"") && one.contains("does not begin with \"WEB-\"")), "{found:?}");
        assert_eq!(orders(&cart(&only("1021"))), Vec::<String>::new());
        assert_eq!(orders(&cart(rule)), Vec::<String>::new());
    }

    #[test]
    fn labels_that_the_cart_s_list_lacks_are_named() {
        let status = |value: &str| Choice { value: value.into(), title: None };
        let manifest = Manifest { statuses: Statuses::Fixed(vec![status("Shipped")]), ..crate::carts::tests::manifest() };
        let labels: Labels = ["Shipped", "Packed", "Sent"].map(|label| Label::new(label).expect("a label")).into_iter().collect();
        let found = |rest: &str| words(&cart(rest), &manifest, &labels);
        let listed = "[labels]\nPacked = \"Boxed\"\nSent = \"Shipped\"\n";
        assert_eq!(found(listed), ["the label \"Packed\" maps to \"Boxed\", a status that the cart does not have"]);
        assert_eq!(found("").len(), 2, "Packed and Sent");
        for other in ["ignore", "tracking-only", "refuse"] {
            assert_eq!(found(&format!("unlisted_labels = \"{other}\"")), Vec::<String>::new());
        }
        let free = crate::carts::tests::manifest();
        assert_eq!(words(&cart(""), &Manifest { statuses: Statuses::FreeText, ..free }, &labels), Vec::<String>::new());
    }
}
