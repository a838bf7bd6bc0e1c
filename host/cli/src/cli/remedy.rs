//! What to do about an error, in the words of the command line.

use super::api;
use cartage::remedies;
use cartage::remedy::Words as _;
use cartage_commands::Commands;
use std::error::Error;

/// What to do about an error: the remedy of the outermost error that has one. `None` if none has.
pub(super) fn of(error: &(dyn Error + 'static)) -> Option<String> {
    let told = || error.downcast_ref::<api::Error>()?.advice();
    remedies::of(error).map(|remedy| Commands.advice(&remedy)).or_else(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use crate::cli::tests::words;
    use cartage::events::{self, EVENTS};
    use cartage::id::{CartId, DeliveryId, Digest, SenderOrderNumber};
    use cartage::remedy::{DeliveryState, Remedy};
    use cartage::service;
    use clap::Parser as _;

    #[derive(Debug, thiserror::Error)]
    #[error("could not raise the event")]
    struct Outer(#[source] events::Error);

    #[test]
    fn a_remedy_is_found_below_another_error() {
        let unknown = |name: &str| events::find(name).expect_err("there is no such event");
        assert_eq!(of(&Outer(unknown("Lunch"))).as_deref(), Some("`cartage event list` shows them all"));
        assert_eq!(of(&Outer(unknown("Order Cancelled"))), None, "the message has the nearest name");
        let error = service::Error::from(unknown("Lunch"));
        assert_eq!(of(&error).as_deref(), Some("`cartage event list` shows them all"));
    }

    #[test]
    fn every_remedy_is_a_command() {
        let cart = || CartId::new("seed-shop").expect("a valid id");
        let delivery = || DeliveryId::named("01a209e6-ae44-734b-b365-10497d24757d");
        let parameter = |name: &str, cart| Remedy::SetParameter { name: name.to_owned(), value: "True".to_owned(), cart };
        let mut remedies = vec![
            parameter("UseStatusUpdates", None),
            parameter("UseGenericStatusUpdates", Some(cart())),
            Remedy::WriteCart { cart: cart() },
            Remedy::LoadCart { cart: cart() },
            Remedy::EnableCart { cart: cart() },
            Remedy::ResumeCart { cart: cart() },
            Remedy::MakeLive { cart: cart() },
            Remedy::UpgradePlugin { cart: cart() },
            Remedy::ApprovePlugin { cart: cart() },
            Remedy::ListCarts,
            Remedy::ListEvents,
            Remedy::ListParameters,
            Remedy::ListTokens,
            Remedy::ListBans,
            Remedy::ConfirmClock,
            Remedy::CheckCart { cart: cart() },
            Remedy::RemoveCart { cart: cart() },
            Remedy::SetInletPassword { cart: cart() },
            Remedy::ListDeliveries { cart: cart(), state: DeliveryState::Queued },
            Remedy::SettleDeliveries { cart: cart(), state: DeliveryState::Blocked, reason: None },
            Remedy::SettleDeliveries { cart: cart(), state: DeliveryState::Dead, reason: Some("not-permitted".to_owned()) },
            Remedy::ApproveOrigins { cart: cart(), slot: "account".to_owned() },
            Remedy::ShowDelivery { delivery: delivery() },
            Remedy::ShowRecording { delivery: delivery(), attempt: 1 },
            Remedy::RetryDelivery { delivery: delivery() },
            Remedy::RetryNow { delivery: delivery() },
            Remedy::DiscardDelivery { delivery: delivery() },
            Remedy::ShowStatus,
            Remedy::Serve,
        ];
        for label in ["Order Shipped", "-5 % \"off\" $HOME", "a'b"].map(str::to_owned) {
            let order = || SenderOrderNumber::new(&label);
            let set = |event: &str| Remedy::SetEvent { event: event.to_owned(), order_label: Some(label.clone()) };
            remedies.extend(EVENTS.iter().map(|event| set(event.name)));
            remedies.push(Remedy::Send { cart: cart(), order: order(), label: label.clone() });
            remedies.push(Remedy::SendAgain { cart: cart(), order: order(), label: label.clone() });
            remedies.push(Remedy::MapLabel { cart: cart(), label: label.clone(), status: label.clone() });
            remedies.push(Remedy::ListOrderDeliveries { cart: cart(), order: order() });
            remedies.push(Remedy::Explain { cart: cart(), order: order() });
        }
        remedies.push(Remedy::SetEvent { event: EVENTS[0].name.to_owned(), order_label: None });
        for remedy in remedies.iter().map(cartage_commands::command) {
            typed(&remedy);
        }
    }

    /// Each command that an advice names in full, with a name in place of each word that the user fills in.
    #[test]
    fn every_command_of_an_advice_can_be_typed() {
        let (cart, slot, field) = (|| CartId::new("seed-shop").expect("a valid id"), || "account".to_owned(), || "password".to_owned());
        for (advice, commands) in [
            (Remedy::DiscardQueue { cart: cart() }, 2),
            (Remedy::SealCredential { cart: cart(), slot: slot(), field: field() }, 1),
            (Remedy::SealReplaced { cart: cart(), slot: slot(), field: field() }, 1),
            (Remedy::ApproveOrigins { cart: cart(), slot: slot() }, 1),
            (Remedy::ReplacePluginFile { cart: None }, 1),
            (Remedy::ReplacePluginFile { cart: Some(cart()) }, 1),
            (Remedy::AcceptPluginFile { cart: cart() }, 1),
            (Remedy::LiftBan { digest: Digest::of(b"") }, 2),
            (Remedy::LoadCartAgain { cart: cart() }, 1),
            (Remedy::BindEndpoint { cart: cart() }, 1),
            (Remedy::RestoreKey, 1),
            (Remedy::ReplaceCredential { cart: cart() }, 1),
            (Remedy::RenewCredential { cart: cart() }, 1),
            (Remedy::CompareLogIn { cart: cart() }, 1),
            (Remedy::AddInlet { cart: cart() }, 2),
            (Remedy::ResumeCorrected { cart: cart() }, 1),
            (Remedy::MakeDataDir, 1),
            (Remedy::RemoveToken { name: "order-manager".to_owned() }, 1),
        ] {
            let said = Commands.advice(&advice);
            let named: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
            assert_eq!(named.len(), commands, "{said}");
            named.iter().for_each(|command| typed(&command.replace(" CART", " seed-shop")));
        }
    }

    fn typed(command: &str) {
        if let Err(error) = Cli::try_parse_from(words(command)) {
            panic!("{command}: {error}");
        }
    }
}
