//! A cart's credentials: sets them, and lists them by name and date. No answer holds a value.

use super::call::{Call, json};
use super::problem::{Kind, Problem};
use axum::response::Response;
use cartage_store::credentials::Generation;
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

/// Lists the values that are set and those that the plugin needs.
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    let kept = call.service.carts().get(&call.cart()?).await?;
    let set = call.service.credentials().list(&kept.cart.id).await?;
    let slots = kept.manifest().map(|manifest| manifest.slots.as_slice()).unwrap_or_default();
    let wanted: Vec<Value> = slots
        .iter()
        .flat_map(|slot| slot.fields.iter().map(move |field| (slot, field)))
        .map(|(slot, field)| {
            json!({
                "slot": slot.name, "field": field.name, "purpose": field.purpose, "secret": field.secret,
                "required": slot.required && field.required,
                "set": set.iter().any(|value| value.slot == slot.name && value.field == field.name),
                "from_definition": kept.cart.credentials.get(&slot.name).is_some_and(|fields| fields.contains_key(&field.name)),
            })
        })
        .collect();
    Ok(json(StatusCode::OK, &json!({ "cart": kept.cart.id, "fields": wanted, "set": set })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueBody {
    // The value becomes a secret while it is read, and is wiped when it is dropped.
    #[serde(deserialize_with = "secret")]
    value: SecretString,
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// Seals a value of a slot's field.
pub(super) async fn put(call: Call) -> Result<Response, Problem> {
    let id = call.cart()?;
    let next = call.query.yes("next")?;
    // serde's message about an invalid body may contain the value.
    let ValueBody { value } = call.json().map_err(|problem| {
        Problem::new(
            problem.kind,
            "could not read the body as JSON of the form {\"value\": \"...\"}, with no other key; what it holds is not repeated here",
        )
    })?;
    let kept = call.service.carts().get(&id).await?;
    let Some(manifest) = kept.manifest() else {
        let detail = format!(
            "the plugin of cart {id} cannot be used, so nobody knows which credentials it takes; GET /v1/carts/{id} shows its state"
        );
        return Err(Problem::new(Kind::Conflict, detail));
    };
    let generation = if next { Generation::Next } else { Generation::Current };
    let place = (call.param("slot"), call.param("field"));
    let set = call.service.credentials().set(&kept, manifest, place, generation, value).await?;
    let warnings: Vec<String> = set.warnings.iter().map(ToString::to_string).collect();
    Ok(json(
        StatusCode::OK,
        &json!({ "cart": id, "slot": place.0, "field": place.1, "waits": set.generation == Generation::Next, "warnings": warnings }),
    ))
}
