//! Remedies in the API's words: as requests, or as what only somebody on the machine can do.

use cartage_commands::Commands;
use cartage_model::id::CartId;
use cartage_model::remedy::{Remedy, Words};
use serde_json::{Value, json};
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
        let written = |cart: &CartId, slot: &str, field: &str| {
            format!("PUT {} with {}", path(&["carts", cart.as_str(), "credentials", slot, field], &[]), json!({ "value": "VALUE" }))
        };
        match remedy {
            Remedy::SealCredential { cart, slot, field } | Remedy::SealReplaced { cart, slot, field } => {
                format!("leave the field out of the definition, and set it: {}", written(cart, slot, field))
            }
            Remedy::CorrectCart { cart } => {
                let credential = path(&["carts", cart.as_str(), "credentials"], &[]);
                format!("correct the definition: {}; or set the missing credential below {credential}", defined(cart, "the definition"))
            }
            Remedy::DiscardQueue { cart } => {
                let listed = path(&["deliveries"], &[("cart", cart.as_str())]);
                format!("list them: GET {listed}, or end them all: {}", Requests.remedy(remedy))
            }
            Remedy::LiftBan { .. } => format!("give the cart another plugin, or lift the ban: {}", Requests.remedy(remedy)),
            Remedy::RemoveToken { .. } => format!("choose another name, or remove that token: {}", Requests.remedy(remedy)),
            Remedy::AddPluginFile => "on the machine: `cartage apply FILE` adds the plugin".to_owned(),
            other => request(other).unwrap_or_else(|| format!("on the machine: {}", Commands.advice(other))),
        }
    }

    fn within(&self, remedy: &Remedy) -> String {
        match request(remedy) {
            Some(request) => format!("`{request}`"),
            None => format!("{} on the machine", Commands.within(remedy)),
        }
    }
}

/// The request that is the remedy, with its body in words; `None` if no request is.
fn request(remedy: &Remedy) -> Option<String> {
    let of_delivery = |delivery: &str, then: &[&str]| path(&[&["deliveries", delivery], then].concat(), &[]);
    Some(match remedy {
        Remedy::SetParameter { name, value, cart } => {
            let query: Vec<_> = cart.iter().map(|cart| ("cart", cart.as_str())).collect();
            with("PUT", &path(&["parameters", name], &query), &json!({ "value": value }))
        }
        Remedy::SetEvent { event, order_label: Some(label) } => {
            with("PUT", &path(&["events", event], &[]), &json!({ "order_label": label, "notify_cart": true }))
        }
        // The request replaces the event's labels, which are not known here.
        Remedy::SetEvent { event, order_label: None } => {
            format!("PUT {} with the event's labels and \"notify_cart\":true", path(&["events", event], &[]))
        }
        Remedy::Send { cart, order, label } => {
            let update = json!({ "cart": cart, "order_number": order, "label": label });
            with("POST", &path(&["status-updates"], &[]), &update)
        }
        Remedy::SendAgain { cart, order, label } => {
            let update = json!({ "cart": cart, "order_number": order, "label": label, "again": true });
            with("POST", &path(&["status-updates"], &[]), &update)
        }
        Remedy::EnableCart { cart } => format!("POST {}", path(&["carts", cart.as_str(), "enable"], &[])),
        Remedy::ResumeCart { cart } => format!("POST {}", path(&["carts", cart.as_str(), "resume"], &[])),
        Remedy::MakeLive { cart } => with("PATCH", &path(&["carts", cart.as_str()], &[]), &json!({ "mode": "live" })),
        Remedy::MapLabel { cart, label, status } => {
            with("PATCH", &path(&["carts", cart.as_str()], &[]), &json!({ "labels": { label.as_str(): status } }))
        }
        Remedy::ListCarts => format!("GET {}", path(&["carts"], &[])),
        Remedy::ListOrderDeliveries { cart, order } => {
            format!("GET {}", path(&["deliveries"], &[("cart", cart.as_str()), ("order", order.as_str())]))
        }
        Remedy::ShowDelivery { delivery } => format!("GET {}", of_delivery(delivery.as_str(), &[])),
        Remedy::ShowRecording { delivery, attempt } => {
            format!("GET {}", of_delivery(delivery.as_str(), &["cassettes", &attempt.to_string()]))
        }
        Remedy::RetryDelivery { delivery } => format!("POST {}", of_delivery(delivery.as_str(), &["retry"])),
        Remedy::RetryNow { delivery } => format!("POST {}", of_delivery(delivery.as_str(), &["try"])),
        Remedy::DiscardDelivery { delivery } => with("POST", &of_delivery(delivery.as_str(), &["discard"]), &json!({ "why": "TEXT" })),
        Remedy::Explain { cart, order } => {
            format!("GET {}", path(&["explain"], &[("cart", cart.as_str()), ("order", order.as_str())]))
        }
        Remedy::ShowStatus => format!("GET {}", path(&["status"], &[])),
        Remedy::ListEvents => format!("GET {}", path(&["events"], &[])),
        Remedy::ListParameters => format!("GET {}", path(&["parameters"], &[])),
        Remedy::SetForCart { name } => with("PUT", &path(&["parameters", name], &[("cart", "ID")]), &json!({ "value": "VALUE" })),
        Remedy::SetForSystem { name } => with("PUT", &path(&["parameters", name], &[]), &json!({ "value": "VALUE" })),
        Remedy::SetMode { cart } => format!("PATCH {} with the mode", path(&["carts", cart.as_str()], &[])),
        Remedy::ListTokens => format!("GET {}", path(&["tokens"], &[])),
        Remedy::RemoveToken { name } => format!("DELETE {}", path(&["tokens", name], &[])),
        Remedy::DiscardQueue { cart } => format!("DELETE {}", path(&["carts", cart.as_str()], &[("discard_queue", "true")])),
        Remedy::LiftBan { digest } => format!("DELETE {}", path(&["plugins", "bans", &digest.to_string()], &[])),
        Remedy::LoadCartAgain { cart } => defined(cart, "the cart's definition"),
        Remedy::BindEndpoint { cart } => defined(cart, "a definition that binds an endpoint"),
        Remedy::ListCredentials { cart } => format!("GET {}", path(&["carts", cart.as_str(), "credentials"], &[])),
        Remedy::WriteCart { .. }
        | Remedy::LoadCart { .. }
        | Remedy::UpgradePlugin { .. }
        | Remedy::ApprovePlugin { .. }
        | Remedy::Serve
        | Remedy::CorrectCart { .. }
        | Remedy::SealCredential { .. }
        | Remedy::SealReplaced { .. }
        | Remedy::KeepOneCredential
        | Remedy::ApproveOrigins { .. }
        | Remedy::RestoreKey
        | Remedy::AddPluginFile
        | Remedy::ReplacePluginFile
        | Remedy::AcceptPluginFile { .. }
        | Remedy::BuildPlugin
        | Remedy::MakeDataDir
        | Remedy::RestoreBackup
        | Remedy::ReadWithItsRelease
        | Remedy::UseAsWritten
        | Remedy::CopyAgain
        | Remedy::NameCassette
        | Remedy::Text(_) => return None,
    })
}

fn with(method: &str, path: &str, body: &Value) -> String {
    format!("{method} {path} with {body}")
}

fn defined(cart: &CartId, with: &str) -> String {
    format!("PUT {} with {with}", path(&["carts", cart.as_str()], &[]))
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
    use cartage_model::id::{DeliveryId, SenderOrderNumber};

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
            (
                Remedy::MapLabel { cart: cart(), label: "Packed".to_owned(), status: "shipped".to_owned() },
                "PATCH /v1/carts/seed-shop with {\"labels\":{\"Packed\":\"shipped\"}}",
            ),
            (Remedy::DiscardDelivery { delivery: delivery() }, "POST /v1/deliveries/01a2/discard with {\"why\":\"TEXT\"}"),
            (Remedy::Explain { cart: cart(), order: order() }, "GET /v1/explain?cart=seed-shop&order=10+21%26"),
            (Remedy::ApprovePlugin { cart: cart() }, "on the machine: `cartage cart upgrade seed-shop --plugin PLUGIN.wasm --approve`"),
            (Remedy::Text("cartage cart enable seed-shop".to_owned()), "on the machine: `cartage cart enable seed-shop`"),
        ] {
            assert_eq!(Requests.remedy(&remedy), expected);
        }
        assert_eq!(Requests.within(&Remedy::ListCarts), "`GET /v1/carts`");
        assert_eq!(Requests.within(&Remedy::Serve), "`cartage serve` on the machine");
    }
}
