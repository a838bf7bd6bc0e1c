//! What can be done on the machine only: plugins' files, moves of credentials, the key, the clock, and the deletion of expired data of all merchants.

use super::call::{Call, json};
use super::problem::{self, Problem};
use super::schema;
use super::schema::UnixMs;
use axum::response::Response;
use cartage::service::{Approved, Retained};
use cartage_base::clock::Doubt;
use cartage_model::id::{CartId, Digest, MerchantId};
use cartage_store::retention::RecordKind;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A plugin whose file the data directory keeps.
#[derive(Serialize, ToSchema)]
struct KeptPlugin {
    /// The digest of the plugin's file, to which a definition can be pinned.
    #[schema(value_type = String)]
    digest: Digest,
    /// The name of the plugin, as its manifest says.
    name: String,
    /// The version of the plugin, as its manifest says.
    version: String,
}

/// Admits a plugin and keeps its file in the data directory under its digest. No cart changes.
#[utoipa::path(
    post,
    path = "/v1/plugins",
    operation_id = "keepPlugin",
    request_body(content = inline(schema::Binary), content_type = "application/wasm", description = "The plugin's file, a component."),
    responses(
        (status = 200, description = "The file is kept.", body = inline(KeptPlugin)),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn keep_plugin(call: Call) -> Result<Response, Problem> {
    let plugin = call.service.plugins().keep(call.body.to_vec()).await?;
    let manifest = plugin.manifest();
    let kept = KeptPlugin { digest: plugin.digest(), name: manifest.name.clone(), version: manifest.version.clone() };
    Ok(json(StatusCode::OK, &kept))
}

/// Which moves of credentials are approved.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveBody {
    /// The credential slot. Left out: all slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub slot: Option<String>,
}

/// Where the credentials of a cart may go from now on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ApprovedSlots {
    /// The Cart ID.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// The slots whose approval is new.
    #[schema(value_type = Vec<schema::cart::ApprovedSlot>)]
    pub approved: Vec<Approved>,
}

/// Approves that a cart's credentials go to the hosts that its endpoints lead to now.
#[utoipa::path(
    post,
    path = "/v1/carts/{cart}/credentials/approve",
    operation_id = "approveCredentials",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    request_body(content = inline(ApproveBody)),
    responses(
        (status = 200, description = "The moves are approved.", body = inline(ApprovedSlots)),
        (status = 404, response = problem::Document),
        (status = 409, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn approve(call: Call) -> Result<Response, Problem> {
    let kept = call.service.carts().get(&call.cart()?).await?;
    let slot = if call.body.is_empty() { None } else { call.json::<ApproveBody>()?.slot };
    let manifest = super::credentials::manifest(&kept)?;
    if let Some(slot) = slot.as_deref().filter(|slot| manifest.slot(slot).is_none()) {
        let known = manifest.slots.iter().map(|slot| slot.name.as_str()).collect::<Vec<_>>().join(", ");
        let detail = format!("the plugin of cart {} has no credential slot {slot}; it has: {known}", kept.cart.id);
        return Err(Problem::new(problem::Kind::NotFound, detail));
    }
    let approved = call.service.approvals().approve(&kept, manifest, slot.as_deref()).await?;
    Ok(json(StatusCode::OK, &ApprovedSlots { cart: kept.cart.id.clone(), approved }))
}

/// The key that seals credentials from now on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SealingKey {
    /// The id of the key, which is no secret.
    pub id: String,
}

/// Makes a new key, and seals every credential of all merchants with it. The key's file must then be copied again.
#[utoipa::path(
    post,
    path = "/v1/key/rotate",
    operation_id = "rotateKey",
    responses(
        (status = 200, description = "Every credential is sealed with the new key.", body = inline(SealingKey)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn rotate_key(call: Call) -> Result<Response, Problem> {
    let id = call.service.credentials().rotate_key().await?.to_string();
    Ok(json(StatusCode::OK, &SealingKey { id }))
}

/// Makes a key in place of a lost one. Every credential must then be set again.
#[utoipa::path(
    post,
    path = "/v1/key",
    operation_id = "makeKey",
    responses(
        (status = 201, description = "The key is made.", body = inline(SealingKey)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn make_key(call: Call) -> Result<Response, Problem> {
    let id = call.service.credentials().make_key().await?.to_string();
    Ok(json(StatusCode::CREATED, &SealingKey { id }))
}

/// What the machine's clock shows, and whether it is believed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ClockState {
    /// The time that the clock shows.
    #[schema(value_type = UnixMs)]
    pub now_unix_ms: u64,
    /// Whether data is deleted and updates die for their age.
    pub believed: bool,
    /// By how many milliseconds the clock went forward beyond the time that passed. Null: by none.
    #[schema(required)]
    pub ahead_ms: Option<u64>,
    /// By how many milliseconds the clock went back. Null: by none.
    #[schema(required)]
    pub behind_ms: Option<u64>,
}

fn clock_state(call: &Call, doubt: Option<Doubt>, believed: bool) -> Response {
    let (ahead_ms, behind_ms) = match doubt {
        Some(Doubt::Ahead(ms)) => (Some(ms), None),
        Some(Doubt::Behind(ms)) => (None, Some(ms)),
        None => (None, None),
    };
    json(StatusCode::OK, &ClockState { now_unix_ms: call.service.now_unix_ms(), believed, ahead_ms, behind_ms })
}

/// Shows whether the machine's clock is believed.
#[utoipa::path(
    get,
    path = "/v1/clock",
    operation_id = "showClock",
    responses(
        (status = 200, description = "The clock, and the doubt about it.", body = inline(ClockState)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn clock(call: Call) -> Result<Response, Problem> {
    let doubt = call.service.clock_doubt();
    Ok(clock_state(&call, doubt, doubt.is_none()))
}

/// Confirms that the machine's clock is right. The time that it shows counts from now on.
#[utoipa::path(
    post,
    path = "/v1/clock/confirm",
    operation_id = "confirmClock",
    responses(
        (status = 200, description = "The clock is believed. The doubt is the one that this ended.", body = inline(ClockState)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn confirm_clock(call: Call) -> Result<Response, Problem> {
    let doubt = call.service.confirm_clock().await?;
    Ok(clock_state(&call, doubt, true))
}

/// Whether expired data is deleted.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionBody {
    /// Whether expired data is only counted.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    pub dry_run: bool,
}

/// What was deleted, or would be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RetainedKinds {
    /// Whether expired data was only counted.
    pub dry_run: bool,
    /// The kinds of data of every merchant.
    pub kinds: Vec<RetainedKind>,
}

/// The expired data of one kind of one merchant.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RetainedKind {
    /// The merchant whose data it is.
    #[schema(value_type = String)]
    pub merchant: MerchantId,
    /// The kind of the data.
    #[schema(value_type = schema::merchant::RetentionKind, inline)]
    pub kind: RecordKind,
    /// How long such data is kept, in milliseconds.
    pub kept_ms: u64,
    /// The number of rows that are older.
    pub older: u64,
}

/// Deletes the data of all merchants that is older than its retention time, as the daemon does every hour.
#[utoipa::path(
    post,
    path = "/v1/retention",
    operation_id = "deleteExpired",
    request_body(content = inline(RetentionBody)),
    responses(
        (status = 200, description = "The expired data is deleted or counted.", body = inline(RetainedKinds)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn retain(call: Call) -> Result<Response, Problem> {
    let dry_run = !call.body.is_empty() && call.json::<RetentionBody>()?.dry_run;
    let retention = call.service.retention();
    let all = if dry_run { retention.retain_dry().await? } else { retention.retain().await? };
    let kinds = all.into_iter().map(|Retained { merchant, kind, kept_ms, older }| RetainedKind { merchant, kind, kept_ms, older });
    Ok(json(StatusCode::OK, &RetainedKinds { dry_run, kinds: kinds.collect() }))
}
