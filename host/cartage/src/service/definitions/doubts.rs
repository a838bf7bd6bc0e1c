//! Parts of a cart's definition that are allowed but probably wrong. Each is a warning of one sentence.

use crate::service::lists::List;
use cartage_base::visible;
use cartage_contract::delivery::{Choice, ChoicesOf};
use cartage_contract::manifest::{Carriers, Manifest, Plain, Statuses};
use cartage_model::carts::{Cart, LabelTarget, Mode, UnlistedLabels};
use cartage_model::events::{Label, Labels};
use cartage_model::id::SenderOrderNumber;
use cartage_policy::validate;
use icu_normalizer::ComposingNormalizerBorrowed;

/// Orders of the mode `only-orders` that cannot be the number of any sender.
pub(super) fn orders(cart: &Cart) -> Vec<String> {
    let Mode::OnlyOrders(orders) = cart.mode() else { return Vec::new() };
    let never = |order: &SenderOrderNumber| {
        let source = cart.order_number.apply(order).err().map(|error| error.to_string());
        let spaced = || (order.as_str().trim() != order.as_str()).then(|| "the number begins or ends with a space".to_owned());
        let source = source.or_else(spaced)?;
        Some(format!(
            "only_orders names {:?}, which cannot be the number of an order of this cart, so nothing is sent for it: {source}",
            order.as_str()
        ))
    };
    orders.iter().filter_map(never).collect()
}

/// Keys of the label map that match no label. `labels` are the merchant's. A sender may use others, so only a key that resembles one of
/// them gives a warning.
pub(super) fn label_keys(cart: &Cart, labels: &Labels) -> Vec<String> {
    let doubt = |key: &String| {
        let never = format!("[labels] names {key:?}, which matches no label");
        let label = match Label::new(key) {
            Err(error) => return Some(format!("{never}: {error}")),
            Ok(label) if label.as_str() != key => {
                return Some(format!("{never}, because a label has no space around it; write {:?}", label.as_str()));
            }
            Ok(label) => label,
        };
        if labels.iter().any(|known| *known == label) {
            return None;
        }
        let alike = |known: &&Label| folded(known.as_str()) == folded(key) && !cart.labels.contains_key(known.as_str());
        let known = labels.iter().find(alike)?.as_str();
        let difference = if known.to_lowercase() == key.to_lowercase() {
            "is written in another case".to_owned()
        } else {
            format!("has other characters, {}", points(key, known))
        };
        Some(format!("{never} of yours: your label {known:?} {difference}, and labels are compared exactly; write {known:?}"))
    };
    cart.labels.keys().filter_map(doubt).collect()
}

/// The common form of texts that look alike: one Unicode form, one case, no hidden characters, single spaces.
fn folded(text: &str) -> String {
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
    let seen: String = composed.chars().filter(|c| !visible::is_hidden(*c)).collect();
    seen.to_uppercase().to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where two texts that look alike begin to differ, by code point.
fn points(key: &str, known: &str) -> String {
    let point = |c: Option<char>| c.map_or_else(|| "its end".to_owned(), |c| format!("U+{:04X}", u32::from(c)));
    let (mut ours, mut theirs) = (key.chars(), known.chars());
    loop {
        let (one, other) = (ours.next(), theirs.next());
        if one != other || one.is_none() {
            return format!("{} where the key has {}", point(other), point(one));
        }
    }
}

/// Entries of a cart's definition that its shop's lists do not have, one sentence each.
pub(super) fn listed(cart: &Cart, lists: &[List], labels: &Labels) -> Vec<String> {
    lists.iter().flat_map(|list| unlisted(cart, list, labels)).collect()
}

/// Entries of a cart's definition that one list of its shop does not have, one sentence each.
pub(in crate::service) fn unlisted(cart: &Cart, list: &List, labels: &Labels) -> Vec<String> {
    match &list.of {
        ChoicesOf::Statuses => statuses(cart, &list.choices, labels),
        ChoicesOf::Carriers => carriers(cart, &list.choices),
        ChoicesOf::Setting(name) => setting(cart, name, &list.choices),
    }
}

/// Statuses and carriers that the plugin's lists do not have. `labels` are the merchant's.
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

/// Carriers that the cart's map leads to and that its shop does not list.
fn carriers(cart: &Cart, known: &[Choice]) -> Vec<String> {
    let unlisted = cart.carriers.iter().filter(|(_, carrier)| !has(known, carrier));
    unlisted.map(|(given, carrier)| format!("the carrier {given:?} maps to {carrier:?}, which the shop does not list")).collect()
}

/// Values of a setting that the shop does not list.
fn setting(cart: &Cart, name: &str, known: &[Choice]) -> Vec<String> {
    let values = match cart.own_setting(name) {
        Some(Plain::Text(value)) => vec![value],
        Some(Plain::List(values)) => values.iter().collect(),
        Some(Plain::Map(map)) => map.values().collect(),
        Some(Plain::Integer(_) | Plain::Boolean(_)) | None => Vec::new(),
    };
    let unlisted = values.into_iter().filter(|value| !has(known, value));
    unlisted.map(|value| format!("the setting {name} is {value:?}, which the shop does not list; it is sent anyway")).collect()
}

/// Labels that lead to a status that is not among the cart's `known` ones.
fn statuses(cart: &Cart, known: &[Choice], labels: &Labels) -> Vec<String> {
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
        warnings.push(format!("your label {label:?} is not a status of the cart and [labels] does not map it, so it is not sent"));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_key_of_the_label_map_that_matches_no_label_is_named() {
        let labels: Labels = ["Order Shipped", "Expédié", "STRASSE"].map(|label| Label::new(label).expect("a label")).into_iter().collect();
        let found = |key: &str| label_keys(&cart(&format!("[labels]\n{} = \"ignore\"", cartage_model::carts::quoted(key))), &labels);
        for fine in ["Order Shipped", "Expédié", "Order Packed", "Shipped"] {
            assert_eq!(found(fine), Vec::<String>::new(), "{fine}");
        }
        for (key, words) in [
            ("Order Shipped ", "has no space around it; write \"Order Shipped\""),
            ("\tOrder Shipped", "has no space around it"),
            ("Order Shipped\u{a0}", "has no space around it"),
            ("Order Packed ", "has no space around it; write \"Order Packed\""),
            ("order shipped", "your label \"Order Shipped\" is written in another case"),
            ("EXPÉDIÉ", "is written in another case"),
            ("straße", "your label \"STRASSE\" has other characters"),
            ("Expe\u{301}die\u{301}", "your label \"Expédié\" has other characters, U+00E9 where the key has U+0065"),
            ("Order  Shipped", "has other characters, U+0053 where the key has U+0020"),
            ("Order\u{a0}Shipped", "U+0020 where the key has U+00A0"),
            ("Order\u{200b} Shipped", "U+0020 where the key has U+200B"),
            ("Ｏrder Shipped", "U+004F where the key has U+FF2F"),
            ("", "cannot be empty"),
            ("a\nb", "U+000A"),
        ] {
            let found = found(key);
            assert!(matches!(found.as_slice(), [one] if one.contains("matches no label") && one.contains(words)), "{key:?}: {found:?}");
        }
        let both = cart("[labels]\n\"order shipped\" = \"a\"\n\"Order Shipped\" = \"a\"");
        assert_eq!(label_keys(&both, &labels), Vec::<String>::new(), "the label itself is named as well");
    }

    #[test]
    fn labels_that_the_cart_s_list_lacks_are_named() {
        let status = |value: &str| Choice { value: value.into(), title: None };
        let manifest = Manifest { statuses: Statuses::Fixed(vec![status("Shipped")]), ..cartage_fixtures::manifest() };
        let labels: Labels = ["Shipped", "Packed", "Sent"].map(|label| Label::new(label).expect("a label")).into_iter().collect();
        let found = |rest: &str| words(&cart(rest), &manifest, &labels);
        let listed = "[labels]\nPacked = \"Boxed\"\nSent = \"Shipped\"\n";
        assert_eq!(found(listed), ["the label \"Packed\" maps to \"Boxed\", a status that the cart does not have"]);
        assert_eq!(found("").len(), 2, "Packed and Sent");
        for other in ["ignore", "tracking-only", "refuse"] {
            assert_eq!(found(&format!("unlisted_labels = \"{other}\"")), Vec::<String>::new());
        }
        let free = cartage_fixtures::manifest();
        assert_eq!(words(&cart(""), &Manifest { statuses: Statuses::FreeText, ..free }, &labels), Vec::<String>::new());
    }
}
