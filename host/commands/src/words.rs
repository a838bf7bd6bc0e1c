//! Remedies as commands.

use crate::line::{line, option};
use cartage_model::remedy::{Remedy, Words};
use std::path::Path;

/// The words of the command line.
#[derive(Debug, Clone, Copy)]
pub struct Commands;

impl Words for Commands {
    fn remedy(&self, remedy: &Remedy) -> String {
        match remedy {
            Remedy::Text(command) => command.clone(),
            other => line(&words(other)),
        }
    }
}

/// The words of a remedy's command.
fn words(remedy: &Remedy) -> Vec<String> {
    let cartage = |words: &[&str]| ["cartage"].iter().chain(words).map(|word| (*word).to_owned()).collect::<Vec<String>>();
    match remedy {
        Remedy::SetParameter { name, value, cart } => {
            let cart = cart.as_ref().map(|cart| option("--cart", cart.as_str()));
            [cartage(&["param", "set", name, value]), cart.unwrap_or_default()].concat()
        }
        Remedy::SetEvent { event, order_label } => {
            let label = order_label.as_ref().map(|label| option("--order-label", label));
            [cartage(&["event", "set", event]), label.unwrap_or_default(), vec!["--notify-cart".to_owned()]].concat()
        }
        Remedy::Send { cart, order, label } => {
            [cartage(&["send", "--cart", cart.as_str()]), option("--order", order.as_str()), option("--label", label)].concat()
        }
        Remedy::SendAgain { cart, order, label } => {
            let (cart, order, label) = (cart.clone(), order.clone(), label.clone());
            [words(&Remedy::Send { cart, order, label }), vec!["--again".to_owned()]].concat()
        }
        Remedy::WriteCart { cart } => cartage(&["cart", "new", cart.as_str(), "--plugin", "PLUGIN.wasm"]),
        Remedy::LoadCart { cart } => cartage(&["apply", &format!("{cart}.toml")]),
        Remedy::EnableCart { cart } => cartage(&["cart", "enable", cart.as_str()]),
        Remedy::ResumeCart { cart } => cartage(&["cart", "resume", cart.as_str()]),
        Remedy::MakeLive { cart } => cartage(&["cart", "mode", cart.as_str(), "live"]),
        Remedy::UpgradePlugin { cart } => cartage(&["cart", "upgrade", cart.as_str(), "--plugin", "PLUGIN.wasm"]),
        Remedy::ApprovePlugin { cart } => cartage(&["cart", "upgrade", cart.as_str(), "--plugin", "PLUGIN.wasm", "--approve"]),
        Remedy::MapLabel { cart, label, status } => {
            let (map, status) = (cartage(&["cart", "label", cart.as_str()]), option("--status", status));
            // A label that begins with a hyphen would be taken for an option.
            let hyphen = label.starts_with('-');
            if hyphen { [map, status, vec!["--".into(), label.clone()]].concat() } else { [map, vec![label.clone()], status].concat() }
        }
        Remedy::ListCarts => cartage(&["cart", "list"]),
        Remedy::ListOrderDeliveries { cart, order } => {
            [cartage(&["delivery", "list", "--cart", cart.as_str()]), option("--order", order.as_str())].concat()
        }
        Remedy::ShowDelivery { delivery } => cartage(&["delivery", "show", delivery.as_str()]),
        Remedy::ShowRecording { delivery, attempt } => {
            cartage(&["delivery", "show", delivery.as_str(), "--cassette", &attempt.to_string()])
        }
        Remedy::RetryDelivery { delivery } => cartage(&["delivery", "retry", delivery.as_str()]),
        Remedy::RetryNow { delivery } => cartage(&["delivery", "retry", delivery.as_str(), "--now"]),
        Remedy::DiscardDelivery { delivery } => cartage(&["delivery", "discard", delivery.as_str(), "--why", "TEXT"]),
        Remedy::Explain { cart, order } => [cartage(&["explain", "--cart", cart.as_str()]), option("--order", order.as_str())].concat(),
        Remedy::ShowStatus => cartage(&["status"]),
        Remedy::Serve => cartage(&["serve"]),
        Remedy::Text(command) => vec![command.clone()],
    }
}

/// The command that loads a cart's file. `plugins` names another folder for its plugin.
pub fn load_cart_file(file: &Path, plugins: Option<&Path>) -> String {
    let shown = |path: &Path| {
        let text = path.display().to_string();
        // A path that begins with a hyphen would be taken for an option.
        if text.starts_with('-') { format!("./{text}") } else { text }
    };
    let plugins = plugins.map(|folder| vec!["--plugins".to_owned(), shown(folder)]);
    line(&[vec!["cartage".to_owned(), "apply".to_owned(), shown(file)], plugins.unwrap_or_default()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_model::id::{CartId, SenderOrderNumber};

    #[test]
    fn commands_read_as_they_are_documented() {
        let cart = CartId::new("seed-shop").expect("a valid Cart ID");
        let parameter = |name: &str, cart| Remedy::SetParameter { name: name.to_owned(), value: "True".to_owned(), cart };
        let event = |order_label| Remedy::SetEvent { event: "Tracking Number Imported".to_owned(), order_label };
        let map = |label: &str, status: &str| Remedy::MapLabel { cart: cart.clone(), label: label.to_owned(), status: status.to_owned() };
        let (order, again) = (SenderOrderNumber::new("1021"), SenderOrderNumber::new("-5"));
        for (remedy, text) in [
            (parameter("UseStatusUpdates", None), "cartage param set UseStatusUpdates True"),
            (parameter("UseGenericStatusUpdates", Some(cart.clone())), "cartage param set UseGenericStatusUpdates True --cart seed-shop"),
            (event(None), "cartage event set \"Tracking Number Imported\" --notify-cart"),
            (
                event(Some("Order Shipped".to_owned())),
                "cartage event set \"Tracking Number Imported\" --order-label \"Order Shipped\" --notify-cart",
            ),
            (
                Remedy::Send { cart: cart.clone(), order, label: "Shipped".to_owned() },
                "cartage send --cart seed-shop --order 1021 --label Shipped",
            ),
            (
                Remedy::SendAgain { cart: cart.clone(), order: again, label: "It's $5!".to_owned() },
                r"cartage send --cart seed-shop --order=-5 --label 'It'\''s $5!' --again",
            ),
            (Remedy::EnableCart { cart: cart.clone() }, "cartage cart enable seed-shop"),
            (Remedy::UpgradePlugin { cart: cart.clone() }, "cartage cart upgrade seed-shop --plugin PLUGIN.wasm"),
            (Remedy::ApprovePlugin { cart: cart.clone() }, "cartage cart upgrade seed-shop --plugin PLUGIN.wasm --approve"),
            (map("Order Shipped", "Shipped"), "cartage cart label seed-shop \"Order Shipped\" --status Shipped"),
            (map("-odd", "-"), "cartage cart label seed-shop --status=- -- -odd"),
            (Remedy::MakeLive { cart: cart.clone() }, "cartage cart mode seed-shop live"),
            (Remedy::WriteCart { cart: cart.clone() }, "cartage cart new seed-shop --plugin PLUGIN.wasm"),
            (Remedy::LoadCart { cart: cart.clone() }, "cartage apply seed-shop.toml"),
            (Remedy::Text("cartage as it was && more".to_owned()), "cartage as it was && more"),
        ] {
            assert_eq!(Commands.remedy(&remedy), text);
        }
        assert_eq!(load_cart_file(Path::new("-a.toml"), Some(Path::new("b c"))), "cartage apply ./-a.toml --plugins \"b c\"");
    }
}
