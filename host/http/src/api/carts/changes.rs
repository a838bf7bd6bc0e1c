//! Changes of one cart beyond its whole definition: its mode and labels, what its recordings hold, an earlier plugin, and its removal.

use super::super::call::{Call, json};
use super::super::deliveries::{Why, reason};
use super::super::problem::{self, Kind, Problem};
use super::super::schema;
use super::super::schema::UnixMs;
use super::{CartChange, changes, not_taken};
use axum::response::Response;
use cartage::service::definitions::{Field, Proposal, Redefined};
use cartage::service::{Queue, RAW_MS_MAX};
use cartage_model::carts::{Cart, LabelTarget, Mode};
use cartage_model::id::{CartId, Digest};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The most labels in one request.
const LABELS_MAX: usize = 200;

/// What to change about a cart.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CartPatch {
    /// The new mode. Left out: the mode stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::cart::Mode>, nullable = false)]
    pub mode: Option<Mode>,
    /// What labels become at the cart: a status, "tracking-only", "ignore", or { "status": "..." } for a status of such a name. Null removes the label.
    /// Other labels stay. At most 200.
    #[serde(default)]
    #[schema(value_type = Option<Object>, nullable = false)]
    pub labels: BTreeMap<String, Option<LabelTarget>>,
}

/// What was changed about a cart.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PatchedCart {
    /// The Cart ID.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// Every key that was changed.
    #[schema(value_type = Vec<schema::cart::ChangedKey>)]
    pub changes: Vec<Field>,
    /// What is allowed, but probably wrong.
    pub warnings: Vec<String>,
}

/// Changes the mode or the labels of a cart, and nothing else.
#[utoipa::path(
    patch,
    path = "/v1/carts/{cart}",
    operation_id = "changeCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    request_body(content = inline(CartPatch)),
    responses(
        (status = 200, description = "The cart is changed, or there was nothing to change.", body = inline(PatchedCart)),
        (status = 404, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn patch(call: Call) -> Result<Response, Problem> {
    let id = call.cart()?;
    let CartPatch { mode, labels } = call.json()?;
    if labels.len() > LABELS_MAX {
        let detail = format!("the request has {} labels; send at most {LABELS_MAX} at once", labels.len());
        return Err(Problem::new(Kind::Invalid, detail));
    }
    let change = |cart: &mut Cart| {
        for (label, target) in &labels {
            match target {
                Some(target) => drop(cart.labels.insert(label.clone(), target.clone())),
                None => drop(cart.labels.remove(label)),
            }
        }
        mode.iter().for_each(|mode| cart.set_mode(mode.clone()));
    };
    let definitions = call.service.definitions();
    let Redefined { before, cart, difference } = definitions.redefine(&id, change).await.map_err(not_taken)?;
    let warnings = definitions.doubts(&cart, before.manifest(), &before.lists).await?;
    Ok(json(StatusCode::OK, &PatchedCart { cart: id, changes: difference.fields, warnings }))
}

/// What the recordings of a cart's attempts hold.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordingBody {
    /// For how many milliseconds recordings hold personal data, at most 24 hours. Null: they hold none from now on.
    // Without this attribute serde takes a missing member for null.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, minimum = 1, maximum = 86_400_000)]
    pub raw_for_ms: Option<u64>,
    /// Why, for the record.
    #[schema(value_type = Why, inline)]
    pub why: String,
}

/// Until when the recordings of a cart's attempts hold personal data.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecordingState {
    /// The Cart ID.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// Null: they hold none.
    #[schema(required, value_type = Option<UnixMs>)]
    pub raw_until_unix_ms: Option<u64>,
}

/// Sets whether the recordings of a cart's attempts hold personal data.
#[utoipa::path(
    put,
    path = "/v1/carts/{cart}/recording",
    operation_id = "setRecording",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    request_body(content = inline(RecordingBody)),
    responses(
        (status = 200, description = "What recordings hold from now on.", body = inline(RecordingState)),
        (status = 404, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn set_recording(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    let RecordingBody { raw_for_ms, why } = call.json()?;
    if raw_for_ms.is_some_and(|ms| !(1..=RAW_MS_MAX).contains(&ms)) {
        let detail = format!("raw_for_ms is from 1 to {RAW_MS_MAX}: recordings can be raw for 24 hours at most; send it again after that");
        return Err(Problem::new(Kind::Invalid, detail));
    }
    let raw_until_unix_ms = call.service.recordings().set_raw(&cart, raw_for_ms, &reason("why", &why)?).await?;
    Ok(json(StatusCode::OK, &RecordingState { cart, raw_until_unix_ms }))
}

/// The plugins that ran for a cart.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PluginRuns {
    /// The Cart ID.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The digest of the plugin's file to which the cart is pinned. Null: the cart is not pinned.
    #[schema(required, value_type = Option<String>)]
    pub pinned: Option<Digest>,
    /// The plugins, the one that began last first.
    pub plugins: Vec<RanPlugin>,
}

/// A plugin that ran for a cart.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RanPlugin {
    /// The digest of the plugin's file.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// Whether the cart is pinned to this plugin.
    pub present: bool,
}

/// Lists the plugins that ran for a cart, to which the cart can be returned.
#[utoipa::path(
    get,
    path = "/v1/carts/{cart}/plugins",
    operation_id = "listPluginRuns",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    responses(
        (status = 200, description = "The plugins.", body = inline(PluginRuns)),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn plugins(call: Call) -> Result<Response, Problem> {
    let kept = call.service.carts().get(&call.cart()?).await?;
    let ran = call.service.carts().plugins_that_ran(&kept.cart.id).await?;
    let plugins = ran.into_iter().map(|run| RanPlugin { digest: run.plugin, present: Some(run.plugin) == kept.pinned() }).collect();
    Ok(json(StatusCode::OK, &PluginRuns { cart: kept.cart.id.clone(), pinned: kept.pinned(), plugins }))
}

/// The plugin to which a cart returns.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollbackBody {
    /// The digest of a plugin that ran for the cart. Left out: the one that ran before the present one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub digest: Option<Digest>,
}

/// Returns a cart to a plugin that ran for it before. What that plugin asks for was approved then.
#[utoipa::path(
    post,
    path = "/v1/carts/{cart}/rollback",
    operation_id = "rollBackCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    request_body(content = inline(RollbackBody)),
    responses(
        (status = 200, description = "The cart has the earlier plugin.", body = CartChange),
        (status = 404, response = problem::Document),
        (status = 409, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn roll_back(call: Call) -> Result<Response, Problem> {
    let kept = call.service.carts().get(&call.cart()?).await?;
    let wanted = if call.body.is_empty() { None } else { call.json::<RollbackBody>()?.digest };
    let ran = call.service.carts().plugins_that_ran(&kept.cart.id).await?;
    let mut earlier = ran.iter().map(|run| run.plugin).filter(|digest| Some(*digest) != kept.pinned());
    let found = earlier.find(|digest| wanted.is_none_or(|wanted| wanted == *digest));
    let Some(digest) = found else {
        let id = &kept.cart.id;
        let what = wanted.map_or_else(|| "no other plugin than the present one".to_owned(), |wanted| format!("no other plugin {wanted}"));
        let detail = format!("{what} ran for cart {id}; GET /v1/carts/{id}/plugins lists those that ran");
        return Err(Problem::new(Kind::Conflict, detail));
    };
    let bytes = call.service.plugins().kept(digest).await?;
    let (mut cart, looked_at) = (kept.cart, kept.row.definition);
    cart.digest = Some(digest);
    let proposal = Proposal { cart, plugin: Some(bytes) };
    let prepared = Box::pin(call.service.definitions().prepare_from(&looked_at, proposal)).await.map_err(not_taken)?;
    let made: CartChange = changes(&call, &prepared, false, true).await?.pop().expect("one definition was prepared");
    call.service.definitions().make(prepared).await?;
    Ok(json(StatusCode::OK, &made))
}

/// A cart that was removed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RemovedCart {
    /// The Cart ID.
    #[schema(value_type = schema::CartId)]
    pub removed: CartId,
    /// The number of deliveries that were ended, which are never sent.
    pub discarded: u64,
}

/// Removes a cart with its parameters and credentials. A later cart with the same id starts without any record of orders.
#[utoipa::path(
    delete,
    path = "/v1/carts/{cart}",
    operation_id = "removeCart",
    params(
        ("cart" = schema::CartId, Path, description = "The Cart ID."),
        (
            "discard_queue" = Option<bool>,
            Query,
            description = "true: end the waiting deliveries and the dead letters of the cart, without sending them. Else a cart that has any stays."
        ),
    ),
    responses(
        (status = 200, description = "The cart is removed.", body = inline(RemovedCart)),
        (status = 404, response = problem::Document),
        (status = 409, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn remove(call: Call) -> Result<Response, Problem> {
    let removed = call.cart()?;
    let queue = if call.query.yes("discard_queue")? { Queue::Discard } else { Queue::Keep };
    let discarded = call.service.removal().remove(&removed, queue).await?;
    Ok(json(StatusCode::OK, &RemovedCart { removed, discarded }))
}
