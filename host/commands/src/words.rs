//! Remedies as commands.

use crate::line::{line, option};
use cartage_model::id::CartId;
use cartage_model::remedy::{DeliveryState, Remedy, Words};
use std::path::Path;

/// The words of the command line.
#[derive(Debug, Clone, Copy)]
pub struct Commands;

impl Words for Commands {
    fn remedy(&self, remedy: &Remedy) -> String {
        command(remedy).unwrap_or_else(|| sentence(remedy))
    }

    fn within(&self, remedy: &Remedy) -> String {
        command(remedy).map_or_else(|| sentence(remedy), |command| format!("`{command}`"))
    }

    fn advice(&self, remedy: &Remedy) -> String {
        sentence(remedy)
    }
}

/// The remedy as one command; `None` if it is more than that.
fn command(remedy: &Remedy) -> Option<String> {
    match remedy {
        Remedy::Text(command) => Some(command.clone()),
        other => words(other).map(|words| line(&words)),
    }
}

/// The remedy as advice, which may name several commands.
fn sentence(remedy: &Remedy) -> String {
    let run = command(remedy).map_or_else(String::new, |command| format!("`{command}`"));
    match remedy {
        Remedy::SettleDeliveries { .. } => format!("see {run}, then retry or discard what it lists"),
        Remedy::ListDeliveries { .. } | Remedy::ShowDelivery { .. } | Remedy::ListBans => format!("see {run}"),
        Remedy::DiscardDelivery { .. } => format!("end the delivery with {run}"),
        Remedy::CheckCart { .. } => format!("see what it answers now with {run}"),
        Remedy::EnableCart { .. } => format!("enable the cart with {run}"),
        Remedy::RemoveCart { .. } => format!("remove the cart with {run}"),
        Remedy::ResumeCart { .. } => format!("resume the cart with {run}"),
        Remedy::ResumeCorrected { .. } => format!("correct it, then resume the cart with {run}"),
        Remedy::UpgradePlugin { .. } => format!("give the cart its plugin with {run}"),
        Remedy::ConfirmClock => format!("correct the clock, or confirm that it is right with {run}"),
        Remedy::GrantRight => "grant the missing right at the shop".to_owned(),
        Remedy::ReplaceCredential { cart } => format!("see `cartage credential list {cart}`, and set the wrong one again"),
        Remedy::RenewCredential { cart } => {
            format!("change that credential at the shop, and set its new value; `cartage credential list {cart}` lists the credentials")
        }
        Remedy::CompareLogIn { cart } | Remedy::AddInlet { cart } | Remedy::SetInletPassword { cart } => {
            let set = line(&cartage(&["credential", "set", cart.as_str(), "seti", "password"]));
            format!("if this client is your Order Manager, {} `{set}`", of_inlet(remedy))
        }
        Remedy::SetParameter { .. }
        | Remedy::SetEvent { .. }
        | Remedy::Send { .. }
        | Remedy::SendAgain { .. }
        | Remedy::WriteCart { .. }
        | Remedy::LoadCart { .. }
        | Remedy::MakeLive { .. }
        | Remedy::ApprovePlugin { .. }
        | Remedy::MapLabel { .. }
        | Remedy::ListOrderDeliveries { .. }
        | Remedy::ShowRecording { .. }
        | Remedy::RetryDelivery { .. }
        | Remedy::RetryNow { .. }
        | Remedy::Explain { .. }
        | Remedy::ShowStatus
        | Remedy::Serve
        | Remedy::SetForCart { .. }
        | Remedy::SetForSystem { .. }
        | Remedy::SetMode { .. }
        | Remedy::Text(_) => format!("run {run}"),
        Remedy::ListCarts
        | Remedy::ListEvents
        | Remedy::ListParameters
        | Remedy::ListTokens
        | Remedy::ListCredentials { .. }
        | Remedy::CorrectCart { .. }
        | Remedy::LoadCartAgain { .. }
        | Remedy::BindEndpoint { .. }
        | Remedy::DiscardQueue { .. }
        | Remedy::SealCredential { .. }
        | Remedy::SealReplaced { .. }
        | Remedy::KeepOneCredential
        | Remedy::ApproveOrigins { .. }
        | Remedy::RestoreKey
        | Remedy::AddPluginFile
        | Remedy::ReplacePluginFile { .. }
        | Remedy::AcceptPluginFile { .. }
        | Remedy::LiftBan { .. }
        | Remedy::BuildPlugin
        | Remedy::MakeDataDir
        | Remedy::RestoreBackup
        | Remedy::RemoveToken { .. }
        | Remedy::ReadWithItsRelease
        | Remedy::UseAsWritten
        | Remedy::CopyAgain
        | Remedy::NameCassette => of_error(remedy),
    }
}

/// The remedy as advice about an error. It may name several commands.
fn of_error(remedy: &Remedy) -> String {
    let set = |cart: &CartId, slot: &str, field: &str| line(&["cartage", "credential", "set", cart.as_str(), slot, field]);
    match remedy {
        Remedy::ListCarts => "`cartage cart list` lists the carts".to_owned(),
        Remedy::ListEvents => "`cartage event list` shows them all".to_owned(),
        Remedy::ListParameters => "`cartage param list` shows them all".to_owned(),
        Remedy::ListTokens => "`cartage token list` lists the tokens".to_owned(),
        Remedy::ListCredentials { .. } => "`cartage plugin inspect` shows its credentials".to_owned(),
        Remedy::CorrectCart { .. } => {
            "correct its file and load the file with `cartage apply FILE`, or set the missing credential with `cartage credential set`".to_owned()
        }
        Remedy::LoadCartAgain { .. } => "load its file again with `cartage apply FILE`".to_owned(),
        Remedy::BindEndpoint { .. } => "bind an endpoint in the cart's file, and load the file with `cartage apply FILE`".to_owned(),
        Remedy::DiscardQueue { cart } => format!(
            "list them with `cartage delivery list --cart {cart}`, or discard them all with `cartage cart remove {cart} --discard-queue`"
        ),
        Remedy::SealCredential { cart, slot, field } => format!(
            "write {{ env = \"NAME\" }} or {{ file = \"PATH\" }} instead, or remove it and store it sealed with `{}`",
            set(cart, slot, field)
        ),
        Remedy::SealReplaced { cart, slot, field } => {
            format!("remove the field from [credentials.{slot}] and set it with `{}`", set(cart, slot, field))
        }
        Remedy::KeepOneCredential => {
            "forget the others with `cartage credential forget`, or remove the others from the cart's definition".to_owned()
        }
        Remedy::ApproveOrigins { .. } => format!("if the new host is right, approve it with {}", Commands.within(remedy)),
        Remedy::RestoreKey => {
            "restore the copy that you keep elsewhere, or make a new key with `cartage key new` and set every credential again".to_owned()
        }
        Remedy::AddPluginFile => "give the cart its plugin's file: cartage cart upgrade CART --plugin FILE".to_owned(),
        Remedy::ReplacePluginFile { cart } => {
            let cart = cart.as_ref().map_or("CART", CartId::as_str);
            format!("check the disk, and give the cart the same file again with `cartage cart upgrade {cart} --plugin FILE`")
        }
        Remedy::AcceptPluginFile { cart } => {
            format!("accept the new file with `cartage cart upgrade {cart} --plugin FILE`, or restore the file with the pinned digest")
        }
        Remedy::LiftBan { digest } => format!(
            "give the cart another plugin with `cartage cart upgrade CART --plugin FILE`, or lift the ban with `cartage plugin unban {digest}`"
        ),
        Remedy::BuildPlugin => "build it for wasm32-unknown-unknown with `cartage plugin build`, which makes a component".to_owned(),
        Remedy::MakeDataDir => "run `cartage init`, or name the directory with --data DIR or CARTAGE_DATA".to_owned(),
        Remedy::RestoreBackup => "check the disk, then restore the last backup with `cartage restore`".to_owned(),
        Remedy::RemoveToken { name } => {
            format!("choose another name, or remove that token first with `cartage token remove {name}`")
        }
        Remedy::ReadWithItsRelease => "read the file with the release of cartage that wrote it, or a later one".to_owned(),
        Remedy::UseAsWritten => {
            "use the file as it was written; to change what is expected of a plugin, write a case with `cartage plugin replay --case FOLDER`".to_owned()
        }
        Remedy::CopyAgain => "copy the file again from where it was written".to_owned(),
        Remedy::NameCassette => "name a file that `cartage send --cassette` or `cartage delivery export --cassettes` wrote".to_owned(),
        other => Commands.within(other),
    }
}

/// What comes before the inlet's password is set.
fn of_inlet(remedy: &Remedy) -> &'static str {
    match remedy {
        Remedy::CompareLogIn { .. } => {
            "compare its user name, password and store code with [seti] in the cart's file, or set the password again with"
        }
        Remedy::AddInlet { .. } => {
            "add [seti] with its user name to the file, load the file with `cartage apply FILE`, and set the password with"
        }
        _ => "set its password with",
    }
}

/// The words of the command that a remedy is; `None` if it is more than one command.
fn words(remedy: &Remedy) -> Option<Vec<String>> {
    of_carts(remedy).or_else(|| of_deliveries(remedy)).or_else(|| of_settings(remedy))
}

fn cartage(words: &[&str]) -> Vec<String> {
    ["cartage"].iter().chain(words).map(|word| (*word).to_owned()).collect()
}

/// The commands about a cart.
fn of_carts(remedy: &Remedy) -> Option<Vec<String>> {
    Some(match remedy {
        Remedy::ListCarts => cartage(&["cart", "list"]),
        Remedy::WriteCart { cart } => cartage(&["cart", "new", cart.as_str(), "--plugin", "PLUGIN.wasm"]),
        Remedy::LoadCart { cart } => cartage(&["apply", &format!("{cart}.toml")]),
        Remedy::EnableCart { cart } => cartage(&["cart", "enable", cart.as_str()]),
        Remedy::ResumeCart { cart } | Remedy::ResumeCorrected { cart } => cartage(&["cart", "resume", cart.as_str()]),
        Remedy::CheckCart { cart } => cartage(&["cart", "check", cart.as_str()]),
        Remedy::RemoveCart { cart } => cartage(&["cart", "remove", cart.as_str()]),
        Remedy::MakeLive { cart } => cartage(&["cart", "mode", cart.as_str(), "live"]),
        Remedy::SetMode { cart } => cartage(&["cart", "mode", cart.as_str()]),
        Remedy::UpgradePlugin { cart } => cartage(&["cart", "upgrade", cart.as_str(), "--plugin", "PLUGIN.wasm"]),
        Remedy::ApprovePlugin { cart } => cartage(&["cart", "upgrade", cart.as_str(), "--plugin", "PLUGIN.wasm", "--approve"]),
        Remedy::MapLabel { cart, label, status } => {
            let (map, status) = (cartage(&["cart", "label", cart.as_str()]), option("--status", status));
            // A label that begins with a hyphen would be taken for an option.
            let hyphen = label.starts_with('-');
            if hyphen { [map, status, vec!["--".into(), label.clone()]].concat() } else { [map, vec![label.clone()], status].concat() }
        }
        Remedy::ApproveOrigins { cart, slot } => cartage(&["credential", "approve", cart.as_str(), slot]),
        Remedy::SetInletPassword { cart } => cartage(&["credential", "set", cart.as_str(), "seti", "password"]),
        _ => return None,
    })
}

/// The commands about deliveries and orders.
fn of_deliveries(remedy: &Remedy) -> Option<Vec<String>> {
    Some(match remedy {
        Remedy::ListDeliveries { cart, state } => list(cart, *state, None),
        Remedy::SettleDeliveries { cart, state, reason } => list(cart, *state, reason.as_deref()),
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
        Remedy::Send { cart, order, label } => {
            [cartage(&["send", "--cart", cart.as_str()]), option("--order", order.as_str()), option("--label", label)].concat()
        }
        Remedy::SendAgain { cart, order, label } => {
            let (cart, order, label) = (cart.clone(), order.clone(), label.clone());
            [of_deliveries(&Remedy::Send { cart, order, label })?, vec!["--again".to_owned()]].concat()
        }
        _ => return None,
    })
}

fn list(cart: &CartId, state: DeliveryState, reason: Option<&str>) -> Vec<String> {
    let state = match state {
        DeliveryState::Queued => "queued",
        DeliveryState::Dead => "dead",
        DeliveryState::Blocked => "blocked",
    };
    let reason = reason.map(|reason| option("--reason", reason)).unwrap_or_default();
    [cartage(&["delivery", "list", "--cart", cart.as_str(), "--state", state]), reason].concat()
}

/// The commands about the settings of the merchant and of the installation.
fn of_settings(remedy: &Remedy) -> Option<Vec<String>> {
    Some(match remedy {
        Remedy::SetParameter { name, value, cart } => {
            let cart = cart.as_ref().map(|cart| option("--cart", cart.as_str()));
            [cartage(&["param", "set", name, value]), cart.unwrap_or_default()].concat()
        }
        Remedy::SetForCart { name } => cartage(&["param", "set", name, "VALUE", "--cart", "ID"]),
        Remedy::SetForSystem { name } => cartage(&["param", "set", name, "VALUE"]),
        Remedy::SetEvent { event, order_label } => {
            let label = order_label.as_ref().map(|label| option("--order-label", label));
            [cartage(&["event", "set", event]), label.unwrap_or_default(), vec!["--notify-cart".to_owned()]].concat()
        }
        Remedy::ListEvents => cartage(&["event", "list"]),
        Remedy::ListParameters => cartage(&["param", "list"]),
        Remedy::ListTokens => cartage(&["token", "list"]),
        Remedy::ListBans => cartage(&["plugin", "bans"]),
        Remedy::ConfirmClock => cartage(&["clock", "confirm"]),
        Remedy::ShowStatus => cartage(&["status"]),
        Remedy::Serve => cartage(&["serve"]),
        _ => return None,
    })
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
    use cartage_model::id::SenderOrderNumber;

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
