//! Remedies in the API's words: as requests, or as what only somebody on the machine can do.

use cartage_commands::Commands;
use cartage_model::carts::{LabelTarget, Mode};
use cartage_model::id::{CartId, DeliveryId};
use cartage_model::remedy::{DeliveryState, Remedy, Words};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::Url;
use url::form_urlencoded::Serializer;

/// The words of the API.
#[derive(Debug, Clone, Copy)]
pub(super) struct Requests;

impl Words for Requests {
    fn remedy(&self, remedy: &Remedy) -> String {
        request(remedy).unwrap_or_else(|| format!("on the machine: {}", Commands.within(remedy)))
    }

    fn advice(&self, remedy: &Remedy) -> String {
        advice(remedy).or_else(|| request(remedy)).unwrap_or_else(|| match remedy {
            Remedy::GrantRight | Remedy::ReadWithItsRelease | Remedy::CopyAgain => Commands.advice(remedy),
            machine => format!("on the machine: {}", Commands.advice(machine)),
        })
    }

    fn within(&self, remedy: &Remedy) -> String {
        match request(remedy) {
            Some(request) => format!("`{request}`"),
            None => format!("{} on the machine", Commands.within(remedy)),
        }
    }
}

/// What is to be done besides a request, or with several; `None` if a request says it all, or none helps.
fn advice(remedy: &Remedy) -> Option<String> {
    let then = |request: &Remedy, rest: &str| Some(format!("{}, {rest}", self::request(request)?));
    let credentials = |cart: &CartId| format!("GET {}", of_cart(cart, &["credentials"]));
    match remedy {
        Remedy::SettleDeliveries { .. } => then(remedy, "then retry or discard what it lists"),
        Remedy::ResumeCorrected { cart } => Some(format!("correct it, then POST {}", of_cart(cart, &["resume"]))),
        Remedy::ReplaceCredential { cart } => Some(format!("{}, and set the wrong one again", credentials(cart))),
        Remedy::RenewCredential { cart } => {
            Some(format!("change that credential at the shop, and set its new value; {} lists the credentials", credentials(cart)))
        }
        Remedy::SealCredential { cart, slot, field } | Remedy::SealReplaced { cart, slot, field } => {
            Some(format!("leave the field out of the definition, and set it: {}", set(cart, slot, field)))
        }
        Remedy::CompareLogIn { cart } => Some(format!(
            "if this client is your Order Manager, compare its user name, password and store code with [seti] in the cart's definition, or set the \
             password again: {}",
            set(cart, "seti", "password")
        )),
        Remedy::AddInlet { cart } => Some(format!(
            "if this client is your Order Manager, add [seti] with its user name to the cart's definition, and set the password: {}",
            set(cart, "seti", "password")
        )),
        Remedy::CorrectCart { cart } => Some(format!(
            "correct the definition: {}; or set the missing credential, of those that {} lists",
            defined(cart, "the cart's definition"),
            credentials(cart)
        )),
        Remedy::DiscardQueue { cart } => Some(format!(
            "list them: {} and {}; or discard them all: DELETE {}?discard_queue=true",
            list(cart, DeliveryState::Queued, None),
            list(cart, DeliveryState::Dead, None),
            of_cart(cart, &[])
        )),
        Remedy::RemoveToken { name } => {
            Some(format!("choose another name, or remove that token first: DELETE {}", path(&["tokens", name], &[])))
        }
        Remedy::LiftBan { digest } => {
            Some(format!("give the cart another plugin, or lift the ban: DELETE {}", path(&["plugins", "bans", &digest.to_string()], &[])))
        }
        Remedy::AddPluginFile => Some("on the machine: `cartage apply FILE` adds the plugin".to_owned()),
        _ => None,
    }
}

/// The request that is the remedy, with its body in words; `None` if no request is.
fn request(remedy: &Remedy) -> Option<String> {
    of_carts(remedy).or_else(|| of_deliveries(remedy)).or_else(|| of_settings(remedy))
}

/// The requests about a cart.
fn of_carts(remedy: &Remedy) -> Option<String> {
    let patch = |cart: &CartId, what: Value| with("PATCH", &of_cart(cart, &[]), &what);
    Some(match remedy {
        Remedy::ListCarts => format!("GET {}", path(&["carts"], &[])),
        Remedy::EnableCart { cart } => format!("POST {}", of_cart(cart, &["enable"])),
        Remedy::ResumeCart { cart } => format!("POST {}", of_cart(cart, &["resume"])),
        Remedy::CheckCart { cart } => format!("POST {}", of_cart(cart, &["check"])),
        Remedy::RemoveCart { cart } => format!("DELETE {}", of_cart(cart, &[])),
        Remedy::MakeLive { cart } => patch(cart, json!({ "mode": Mode::Live })),
        Remedy::SetMode { cart } => format!("PATCH {} with its mode", of_cart(cart, &[])),
        Remedy::MapLabel { cart, label, status } => {
            let target = LabelTarget::Status(status.clone());
            patch(cart, json!({ "labels": BTreeMap::from([(label, target)]) }))
        }
        Remedy::LoadCartAgain { cart } => defined(cart, "the cart's definition"),
        Remedy::BindEndpoint { cart } => defined(cart, "a definition that binds an endpoint"),
        Remedy::ListCredentials { cart } => format!("GET {}", of_cart(cart, &["credentials"])),
        Remedy::SetInletPassword { cart } => set(cart, "seti", "password"),
        _ => return None,
    })
}

/// The requests about deliveries and orders.
fn of_deliveries(remedy: &Remedy) -> Option<String> {
    let of_delivery = |delivery: &DeliveryId, then: &[&str]| path(&[&["deliveries", delivery.as_str()], then].concat(), &[]);
    Some(match remedy {
        Remedy::ListDeliveries { cart, state } => list(cart, *state, None),
        Remedy::SettleDeliveries { cart, state, reason } => list(cart, *state, reason.as_deref()),
        Remedy::ListOrderDeliveries { cart, order } => {
            format!("GET {}", path(&["deliveries"], &[("cart", cart.as_str()), ("order", order.as_str())]))
        }
        Remedy::ShowDelivery { delivery } => format!("GET {}", of_delivery(delivery, &[])),
        Remedy::ShowRecording { delivery, attempt } => format!("GET {}", of_delivery(delivery, &["cassettes", &attempt.to_string()])),
        Remedy::RetryDelivery { delivery } => format!("POST {}", of_delivery(delivery, &["retry"])),
        Remedy::RetryNow { delivery } => format!("POST {}", of_delivery(delivery, &["try"])),
        Remedy::DiscardDelivery { delivery } => with("POST", &of_delivery(delivery, &["discard"]), &json!({ "why": "TEXT" })),
        Remedy::Explain { cart, order } => format!("GET {}", path(&["explain"], &[("cart", cart.as_str()), ("order", order.as_str())])),
        Remedy::Send { cart, order, label } => {
            let update = json!({ "cart": cart, "order_number": order, "label": label });
            with("POST", &path(&["status-updates"], &[]), &update)
        }
        Remedy::SendAgain { cart, order, label } => {
            let update = json!({ "cart": cart, "order_number": order, "label": label, "again": true });
            with("POST", &path(&["status-updates"], &[]), &update)
        }
        _ => return None,
    })
}

fn list(cart: &CartId, state: DeliveryState, reason: Option<&str>) -> String {
    let state = match state {
        DeliveryState::Queued => "queued",
        DeliveryState::Dead => "dead",
        DeliveryState::Blocked => "blocking",
    };
    let query: Vec<_> = [("cart", cart.as_str()), ("state", state)].into_iter().chain(reason.map(|reason| ("reason", reason))).collect();
    format!("GET {}", path(&["deliveries"], &query))
}

/// The requests about the settings of the merchant.
fn of_settings(remedy: &Remedy) -> Option<String> {
    Some(match remedy {
        Remedy::SetParameter { name, value, cart } => {
            let query: Vec<_> = cart.iter().map(|cart| ("cart", cart.as_str())).collect();
            with("PUT", &path(&["parameters", name], &query), &json!({ "value": value }))
        }
        Remedy::SetForCart { name } => with("PUT", &path(&["parameters", name], &[("cart", "ID")]), &json!({ "value": "VALUE" })),
        Remedy::SetForSystem { name } => with("PUT", &path(&["parameters", name], &[]), &json!({ "value": "VALUE" })),
        Remedy::SetEvent { event, order_label: Some(label) } => {
            with("PUT", &path(&["events", event], &[]), &json!({ "order_label": label, "notify_cart": true }))
        }
        // The request replaces the event's labels, which are not known here.
        Remedy::SetEvent { event, order_label: None } => {
            format!("PUT {} with the event's labels and \"notify_cart\":true", path(&["events", event], &[]))
        }
        Remedy::ListEvents => format!("GET {}", path(&["events"], &[])),
        Remedy::ListParameters => format!("GET {}", path(&["parameters"], &[])),
        Remedy::ListTokens => format!("GET {}", path(&["tokens"], &[])),
        Remedy::ListBans => format!("GET {}", path(&["plugins", "bans"], &[])),
        Remedy::ShowStatus => format!("GET {}", path(&["status"], &[])),
        _ => return None,
    })
}

fn of_cart(cart: &CartId, then: &[&str]) -> String {
    path(&[&["carts", cart.as_str()], then].concat(), &[])
}

/// The request that sets a credential.
fn set(cart: &CartId, slot: &str, field: &str) -> String {
    with("PUT", &of_cart(cart, &["credentials", slot, field]), &json!({ "value": "VALUE" }))
}

fn with(method: &str, path: &str, body: &Value) -> String {
    format!("{method} {path} with {body}")
}

fn defined(cart: &CartId, with: &str) -> String {
    format!("PUT {} with {with}", of_cart(cart, &[]))
}

/// A path of the API with its query, encoded as a request needs it.
fn path(segments: &[&str], query: &[(&str, &str)]) -> String {
    let mut url = Url::parse("http://localhost/v1").expect("it is a URL");
    url.path_segments_mut().expect("its scheme has a path").extend(segments);
    let query = Serializer::new(String::new()).extend_pairs(query).finish();
    if query.is_empty() { url.path().to_owned() } else { format!("{}?{query}", url.path()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_model::id::SenderOrderNumber;

    #[test]
    fn remedies_are_requests_or_say_that_the_machine_is_needed() {
        let cart = || CartId::new("seed-shop").expect("it is a Cart ID");
        let (order, delivery) = (|| SenderOrderNumber::new("10 21&"), || DeliveryId::named("01a2"));
        let parameter = |cart| Remedy::SetParameter { name: "UseStatusUpdates".to_owned(), value: "True".to_owned(), cart };
        let event = |order_label| Remedy::SetEvent { event: "Tracking Number Imported".to_owned(), order_label };
        for (remedy, expected) in [
            (parameter(None), "PUT /v1/parameters/UseStatusUpdates with {\"value\":\"True\"}"),
            (parameter(Some(cart())), "PUT /v1/parameters/UseStatusUpdates?cart=seed-shop with {\"value\":\"True\"}"),
            (
                event(Some("Order Shipped".to_owned())),
                "PUT /v1/events/Tracking%20Number%20Imported with {\"notify_cart\":true,\"order_label\":\"Order Shipped\"}",
            ),
            (event(None), "PUT /v1/events/Tracking%20Number%20Imported with the event's labels and \"notify_cart\":true"),
            (
                Remedy::SendAgain { cart: cart(), order: order(), label: "Order Shipped".to_owned() },
                "POST /v1/status-updates with {\"again\":true,\"cart\":\"seed-shop\",\"label\":\"Order Shipped\",\"order_number\":\"10 21&\"}",
            ),
            (Remedy::EnableCart { cart: cart() }, "POST /v1/carts/seed-shop/enable"),
            (Remedy::MakeLive { cart: cart() }, "PATCH /v1/carts/seed-shop with {\"mode\":\"live\"}"),
            (
                Remedy::MapLabel { cart: cart(), label: "Packed".to_owned(), status: "shipped".to_owned() },
                "PATCH /v1/carts/seed-shop with {\"labels\":{\"Packed\":\"shipped\"}}",
            ),
            (Remedy::DiscardDelivery { delivery: delivery() }, "POST /v1/deliveries/01a2/discard with {\"why\":\"TEXT\"}"),
            (Remedy::RetryNow { delivery: delivery() }, "POST /v1/deliveries/01a2/try"),
            (Remedy::Explain { cart: cart(), order: order() }, "GET /v1/explain?cart=seed-shop&order=10+21%26"),
            (Remedy::ApprovePlugin { cart: cart() }, "on the machine: `cartage cart upgrade seed-shop --plugin PLUGIN.wasm --approve`"),
            (Remedy::Text("cartage cart enable seed-shop".to_owned()), "on the machine: `cartage cart enable seed-shop`"),
        ] {
            assert_eq!(Requests.remedy(&remedy), expected);
        }
        let settle = |state, reason: Option<&str>| Remedy::SettleDeliveries { cart: cart(), state, reason: reason.map(str::to_owned) };
        for (remedy, expected) in [
            (settle(DeliveryState::Blocked, None), "GET /v1/deliveries?cart=seed-shop&state=blocking, then retry or discard what it lists"),
            (
                settle(DeliveryState::Dead, Some("poison")),
                "GET /v1/deliveries?cart=seed-shop&state=dead&reason=poison, then retry or discard what it lists",
            ),
            (Remedy::ListCarts, "GET /v1/carts"),
            (Remedy::GrantRight, "grant the missing right at the shop"),
            (Remedy::RestoreBackup, "on the machine: check the disk, then restore the last backup with `cartage restore`"),
        ] {
            assert_eq!(Requests.advice(&remedy), expected);
        }
        assert_eq!(Requests.within(&Remedy::ListCarts), "`GET /v1/carts`");
        assert_eq!(Requests.within(&Remedy::Serve), "`cartage serve` on the machine");
    }
}
