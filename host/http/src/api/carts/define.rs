//! Defines carts, or says what definitions would change.

use super::super::call::{Call, json};
use super::super::caller::Caller;
use super::super::problem::{self, Correct, Kind, More, Problem};
use super::super::schema;
use super::super::words::Requests;
use super::outside::from_outside;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cartage::service::definitions::{Field, InvalidCarts, Prepared, PreparedCart, Proposal};
use cartage::service::{self, StoredCredential};
use cartage_contract::manifest::Slot;
use cartage_model::carts::Cart;
use cartage_model::id::CartId;
use cartage_model::remedy::Sentence;
use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// What a definition changes about a cart, or would change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CartChange {
    /// The Cart ID.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// Whether the cart is new.
    pub new: bool,
    /// Whether the definition before could not be read, so that this one mends the cart.
    pub mended: bool,
    /// The plugin of the cart after the change.
    pub plugin: PluginVersion,
    /// Every key that changes.
    #[schema(value_type = Vec<schema::cart::ChangedKey>)]
    pub changes: Vec<Field>,
    /// What the plugin asks for that the one before it did not. If there is anything, the change needs approval.
    pub asks: Vec<String>,
    /// What follows if a live cart will no longer be live, for which the change needs approval. Null: the mode is not concerned.
    #[schema(required)]
    pub leaves_live: Option<String>,
    /// What is allowed, but probably wrong.
    #[schema(value_type = Vec<schema::decision::Sentence>)]
    pub warnings: Vec<Sentence>,
    /// The credentials that the plugin needs and that are not set.
    pub missing_credentials: Vec<MissingCredential>,
    /// Whether the change needs approval, which was not given.
    pub needs_approval: bool,
    /// Whether the change was made.
    pub made: bool,
}

/// A plugin, as its manifest says.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PluginVersion {
    /// The name of the plugin.
    pub name: String,
    /// The version of the plugin.
    pub version: String,
}

/// A credential that a plugin needs and that is not set.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MissingCredential {
    /// The name of the credential slot.
    pub slot: String,
    /// The name of the slot's field.
    pub field: String,
}

/// Defines a cart, or says what the definition would change.
#[utoipa::path(
    put,
    path = "/v1/carts/{cart}",
    operation_id = "defineCart",
    params(
        ("cart" = schema::CartId, Path, description = "The Cart ID."),
        ("dry_run" = Option<bool>, Query, description = "true: say what would change, and change nothing."),
        (
            "approve" = Option<bool>,
            Query,
            description = "true: agree to what the plugin asks for that the one before it did not, and to a live cart that is live no longer."
        ),
    ),
    request_body(content = String, content_type = "application/toml", description = "The definition of the cart."),
    responses(
        (status = 200, description = "The cart is changed, or there was nothing to change. With dry_run: what would change.", body = CartChange),
        (status = 201, description = "The cart is new.", body = CartChange),
        (status = 403, response = problem::Document),
        (status = 409, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn put(call: Call) -> Result<Response, Problem> {
    let id = call.cart()?;
    let (dry_run, approve) = (call.query.yes("dry_run")?, call.query.yes("approve")?);
    let cart = Cart::parse("the request", call.text()?).map_err(|error| Problem::of(Kind::Invalid, &error))?;
    if cart.id != id {
        let detail = format!("the definition is of cart {}, and the path names cart {id}; make them agree", cart.id);
        return Err(Problem::new(Kind::Invalid, detail));
    }
    let before = match call.service.carts().find(&id).await {
        // The new definition mends the cart, as that of a new cart would have to be.
        Err(service::Error::StoredCart { .. }) => None,
        found => found?,
    };
    if let Caller::Token(_) = call.caller {
        from_outside(&cart, before.as_ref().map(|kept| &kept.cart))?;
    }
    let proposals = vec![Proposal { cart, plugin: None }];
    let prepared = Box::pin(call.service.definitions().prepare(proposals)).await.map_err(not_taken)?;
    let needs_approval = (prepared.asks() || prepared.leaves_live()) && !approve;
    let made = !dry_run && !needs_approval;
    let change = changes(&call, &prepared, needs_approval, made).await?.pop().expect("one definition was prepared");
    if needs_approval && !dry_run {
        return Err(not_approved(why_not_made(&prepared, "?approve=true"), &change));
    }
    if made {
        call.service.definitions().make(prepared).await?;
    }
    Ok(json(if made && change.new { StatusCode::CREATED } else { StatusCode::OK }, &change))
}

/// The definitions of several carts, with the files of their plugins.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DefinitionsBody {
    /// The definitions, each of another cart.
    pub definitions: Vec<ProposedCart>,
    /// The files of plugins.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::Base64>>, nullable = false)]
    pub plugins: Vec<PluginBytes>,
    /// Whether the answer only says what would change, and no file is kept. Left out: false.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    pub dry_run: bool,
    /// Whether the caller agrees to what a plugin asks for that the one before it did not, and to a live cart that is live no longer. Left out: false.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    pub approve: bool,
}

/// The definition of a cart.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposedCart {
    /// The definition, in TOML.
    pub definition: String,
    /// The cart's plugin, by its place in `plugins`; the first is 0. Left out: a file that the data directory has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    pub plugin: Option<usize>,
}

/// The file of a plugin. In JSON it is written in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginBytes(pub Vec<u8>);

impl Serialize for PluginBytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for PluginBytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<PluginBytes, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map(PluginBytes).map_err(serde::de::Error::custom)
    }
}

/// What several definitions change, or would change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CartChanges {
    /// What changes about each cart, in the order of the definitions.
    pub changes: Vec<CartChange>,
    /// Whether a change needs approval, which was not given. Then none was made.
    pub needs_approval: bool,
    /// Whether the changes were made.
    pub made: bool,
}

/// Defines carts, all of them or none, or says what the definitions would change.
#[utoipa::path(
    post,
    path = "/v1/carts",
    operation_id = "defineCarts",
    request_body(content = inline(DefinitionsBody)),
    responses(
        (status = 200, description = "The carts are changed, or there was nothing to change. With dry_run: what would change.", body = inline(CartChanges)),
        (status = 409, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn define(call: Call) -> Result<Response, Problem> {
    let (call, body) = call.large_json().await?;
    let DefinitionsBody { definitions, plugins, dry_run, approve } = body;
    let mut proposals = Vec::new();
    for ProposedCart { definition, plugin } in definitions {
        let cart = Cart::parse("the request", &definition).map_err(|error| Problem::of(Kind::Invalid, &error))?;
        let plugin = match plugin {
            Some(place) => Some(plugins.get(place).map(|file| file.0.clone()).ok_or_else(|| no_file(&cart.id, place, plugins.len()))?),
            None => None,
        };
        proposals.push(Proposal { cart, plugin });
    }
    let prepared = Box::pin(call.service.definitions().prepare(proposals)).await.map_err(not_taken)?;
    let needs_approval = (prepared.asks() || prepared.leaves_live()) && !approve;
    let made = !dry_run && !needs_approval;
    let changes = CartChanges { changes: changes(&call, &prepared, needs_approval, made).await?, needs_approval, made };
    if needs_approval && !dry_run {
        return Err(not_approved(why_not_made(&prepared, "\"approve\": true"), &changes));
    }
    if made {
        call.service.definitions().make(prepared).await?;
    }
    Ok(json(StatusCode::OK, &changes))
}

fn no_file(cart: &CartId, place: usize, count: usize) -> Problem {
    Problem::new(
        Kind::Invalid,
        format!("the definition of cart {cart} names the plugin {place}, and `plugins` has {count}, counted from 0"),
    )
}

/// The problem of a definition that is not taken.
pub(super) fn not_taken(error: InvalidCarts) -> Problem {
    let correct = match &error {
        InvalidCarts::Endpoint { .. } | InvalidCarts::Settings(_) | InvalidCarts::Credential(_) => Some(Correct::Definition),
        InvalidCarts::Service(error) if matches!(**error, service::Error::PluginFile { .. }) && !error.is_fault() => {
            Some(Correct::PluginFile)
        }
        InvalidCarts::Service(_) | InvalidCarts::Twice { .. } | InvalidCarts::Digest(_) => None,
    };
    Problem::from(error).with(More { correct, ..More::default() })
}

/// The problem of a change that is not made before the caller agrees to it.
pub(super) fn not_approved(detail: String, change: &impl Serialize) -> Problem {
    let change = serde_json::to_value(change).expect("a change is plain data");
    Problem::new(Kind::Conflict, detail).with(More { change: Some(change), ..More::default() })
}

/// Why a change is not made before the caller agrees to it; `how` is what the request says then.
pub(super) fn why_not_made(prepared: &Prepared, how: &str) -> String {
    let leaves_live = prepared.carts().iter().find_map(|cart| cart.leaves_live.as_deref());
    let asks = prepared.carts().iter().find(|cart| !cart.asks.is_empty()).map(|cart| &cart.cart.id);
    match (leaves_live, asks) {
        (Some(why), None) => {
            format!("{why}; if that is intended, send it again with {how}; a definition without `mode` leaves the mode alone")
        }
        (None, Some(id)) => {
            format!("the plugin of cart {id} asks for more than the one before it; read `asks`, and send it again with {how}")
        }
        (Some(why), Some(id)) => {
            format!("{why}, and the plugin of cart {id} asks for more than the one before it; read `asks`, and send it again with {how}")
        }
        (None, None) => format!("the change needs approval; send it again with {how}"),
    }
}

/// What the definitions change, in their order.
pub(super) async fn changes(call: &Call, prepared: &Prepared, needs_approval: bool, made: bool) -> Result<Vec<CartChange>, Problem> {
    let mut changes = Vec::new();
    for PreparedCart { cart, manifest, difference, asks, leaves_live, warnings, .. } in prepared.carts() {
        let set = call.service.credentials().list(&cart.id).await?;
        changes.push(CartChange {
            cart: cart.id.clone(),
            new: difference.new,
            mended: difference.unreadable,
            plugin: PluginVersion { name: manifest.name.clone(), version: manifest.version.clone() },
            changes: difference.fields.clone(),
            asks: asks.clone(),
            leaves_live: leaves_live.clone(),
            warnings: warnings.iter().map(|warning| said(call, warning)).collect(),
            missing_credentials: missing(cart, &manifest.slots, &set),
            needs_approval,
            made,
        });
    }
    Ok(changes)
}

/// A sentence as the caller is told it: with its remedy as data for users of the machine, and in the API's words for others.
fn said(call: &Call, sentence: &Sentence) -> Sentence {
    match call.caller {
        Caller::Machine(_) => sentence.clone(),
        Caller::Token(_) => Sentence::from(sentence.text(&Requests)),
    }
}

/// The fields that a plugin needs and that are neither set nor in the cart's definition.
fn missing(cart: &Cart, slots: &[Slot], set: &[StoredCredential]) -> Vec<MissingCredential> {
    let has = |slot: &str, field: &str| {
        set.iter().any(|value| value.slot == slot && value.field == field)
            || cart.credentials.get(slot).is_some_and(|fields| fields.contains_key(field))
    };
    let fields = slots.iter().filter(|slot| slot.required).flat_map(|slot| slot.fields.iter().map(move |field| (slot, field)));
    let missing = fields.filter(|(slot, field)| field.required && !has(&slot.name, &field.name));
    missing.map(|(slot, field)| MissingCredential { slot: slot.name.clone(), field: field.name.clone() }).collect()
}
