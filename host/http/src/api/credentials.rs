//! A cart's credentials: sets them, and lists them by name and date. No answer holds a value.

use super::call::{Call, json};
use super::problem::{self, Kind, Problem};
use super::schema;
use axum::response::Response;
use cartage::service::{StoredCart, StoredCredential};
use cartage_contract::manifest::Manifest;
use cartage_model::id::CartId;
use cartage_store::credentials::Generation;
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// The credentials of a cart, without their values.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CartCredentials {
    /// The Cart ID.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// Whether the plugin can be used. Else it is not known which fields it takes.
    pub known: bool,
    /// The fields that the plugin takes.
    pub fields: Vec<CredentialField>,
    /// The values that are set.
    #[schema(value_type = Vec<schema::cart::StoredCredential>)]
    pub set: Vec<StoredCredential>,
}

/// A field of a credential slot.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CredentialField {
    /// The name of the credential slot.
    pub slot: String,
    /// The name of the slot's field.
    pub field: String,
    /// What the plugin uses the value for.
    pub purpose: String,
    /// Whether the value is a secret.
    pub secret: bool,
    /// Whether the plugin needs the value.
    pub required: bool,
    /// Whether the slot needs the value wherever the slot is used.
    pub required_in_slot: bool,
    /// Whether a value is set.
    pub set: bool,
    /// Whether the cart's definition says where the value comes from.
    pub from_definition: bool,
}

/// A credential that was set.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SetField {
    /// The Cart ID.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The name of the credential slot.
    pub slot: String,
    /// The name of the slot's field.
    pub field: String,
    /// Whether the value waits beside the one in use until it has worked.
    pub waits: bool,
    /// What is allowed, but probably wrong.
    pub warnings: Vec<String>,
}

/// Lists the credentials that are set and those that the plugin needs, without their values.
#[utoipa::path(
    get,
    path = "/v1/carts/{cart}/credentials",
    operation_id = "listCredentials",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    responses(
        (status = 200, description = "Names and dates.", body = inline(CartCredentials)),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    let kept = call.service.carts().get(&call.cart()?).await?;
    let set = call.service.credentials().list(&kept.cart.id).await?;
    let slots = kept.manifest().map(|manifest| manifest.slots.as_slice()).unwrap_or_default();
    let fields = slots
        .iter()
        .flat_map(|slot| slot.fields.iter().map(move |field| (slot, field)))
        .map(|(slot, field)| CredentialField {
            slot: slot.name.clone(),
            field: field.name.clone(),
            purpose: field.purpose.clone(),
            secret: field.secret,
            required: slot.required && field.required,
            required_in_slot: field.required,
            set: set.iter().any(|value| value.slot == slot.name && value.field == field.name),
            from_definition: kept.cart.credentials.get(&slot.name).is_some_and(|fields| fields.contains_key(&field.name)),
        })
        .collect();
    let known = kept.manifest().is_some();
    Ok(json(StatusCode::OK, &CartCredentials { cart: kept.cart.id.clone(), known, fields, set }))
}

/// The value of a credential.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueBody {
    /// The value, which no answer repeats.
    // The value becomes a secret while it is read, and is wiped when it is dropped.
    #[schema(value_type = String, write_only)]
    #[serde(deserialize_with = "secret", serialize_with = "exposed")]
    pub value: SecretString,
}

/// Writes a secret into the body of a request.
fn exposed<S: Serializer>(value: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(value.expose_secret())
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// A credential that is forgotten.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ForgottenField {
    /// The Cart ID.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The name of the credential slot.
    pub slot: String,
    /// The name of the slot's field.
    pub field: String,
    /// Whether a value was set.
    pub forgot: bool,
}

/// Forgets a credential, or only the value that waits beside the one in use.
#[utoipa::path(
    delete,
    path = "/v1/carts/{cart}/credentials/{slot}/{field}",
    operation_id = "forgetCredential",
    params(
        ("cart" = schema::CartId, Path, description = "The Cart ID."),
        ("slot" = String, Path, description = "The name of the credential slot."),
        ("field" = String, Path, description = "The name of the slot's field."),
        ("next" = Option<bool>, Query, description = "true: forget only the value that waits, and keep the one in use."),
    ),
    responses(
        (status = 200, description = "No such value is stored any more.", body = inline(ForgottenField)),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn forget(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    call.service.carts().must_exist(&cart).await?;
    let only = call.query.yes("next")?.then_some(Generation::Next);
    let (slot, field) = (call.param("slot").to_owned(), call.param("field").to_owned());
    let forgot = call.service.credentials().forget(&cart, &slot, &field, only).await?;
    Ok(json(StatusCode::OK, &ForgottenField { cart, slot, field, forgot }))
}

/// Seals the value of a credential.
#[utoipa::path(
    put,
    path = "/v1/carts/{cart}/credentials/{slot}/{field}",
    operation_id = "setCredential",
    params(
        ("cart" = schema::CartId, Path, description = "The Cart ID."),
        ("slot" = String, Path, description = "The name of the credential slot."),
        ("field" = String, Path, description = "The name of the slot's field."),
        ("next" = Option<bool>, Query, description = "true: the value waits beside the one in use until it has worked."),
    ),
    request_body(content = inline(ValueBody)),
    responses(
        (status = 200, description = "The value is sealed.", body = inline(SetField)),
        (status = 404, response = problem::Document),
        (status = 409, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
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
    let manifest = manifest(&kept)?;
    let generation = if next { Generation::Next } else { Generation::Current };
    let place = (call.param("slot"), call.param("field"));
    let set = call.service.credentials().set(&kept, manifest, place, generation, value).await?;
    let warnings: Vec<String> = set.warnings.iter().map(ToString::to_string).collect();
    let (slot, field) = (place.0.to_owned(), place.1.to_owned());
    Ok(json(StatusCode::OK, &SetField { cart: id, slot, field, waits: set.generation == Generation::Next, warnings }))
}

/// The manifest of a cart's plugin, which lists the credentials that the cart takes.
pub(super) fn manifest(kept: &StoredCart) -> Result<&Manifest, Problem> {
    kept.manifest().ok_or_else(|| {
        let id = &kept.cart.id;
        let detail = format!(
            "the plugin of cart {id} cannot be used, so the credentials that it takes are not known; GET /v1/carts/{id} shows the plugin's state"
        );
        Problem::new(Kind::Conflict, detail)
    })
}
