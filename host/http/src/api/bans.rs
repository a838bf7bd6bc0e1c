//! Banned plugins: lists bans, bans a plugin by the digest of its file, and lifts a ban.

use super::call::{Call, json};
use super::deliveries::{Why, reason};
use super::problem::{self, Kind, Problem};
use super::schema;
use super::schema::UnixMs;
use axum::response::Response;
use cartage::service::{Banned, Unbanned};
use cartage_model::id::{CartId, Digest};
use cartage_store::bans::Ban;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The bans of the merchant.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AllBans {
    /// The bans, the most recent first.
    pub bans: Vec<BanState>,
}

/// A ban of a plugin.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Ban)]
pub struct BanState {
    /// The digest of the plugin's file.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// The reason, in the words of the person who banned the plugin.
    pub why: String,
    /// When the plugin was banned.
    #[schema(value_type = UnixMs)]
    pub banned_at_unix_ms: u64,
}

/// What a ban did.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct BanResult {
    /// The digest of the plugin's file.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// Whether the plugin was not banned before.
    pub new: bool,
    /// The carts that are pinned to the plugin. They are paused and keep their queues.
    #[schema(value_type = Vec<schema::CartId>)]
    pub carts: Vec<CartId>,
}

/// What the end of a ban did.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct UnbanResult {
    /// The digest of the plugin's file.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// The carts whose pause ended.
    #[schema(value_type = Vec<schema::CartId>)]
    pub carts: Vec<CartId>,
}

/// Why a plugin is to be banned.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BanBody {
    /// Why the plugin is banned, for the record.
    #[schema(value_type = Why, inline)]
    pub why: String,
}

/// Lists the banned plugins.
#[utoipa::path(
    get,
    path = "/v1/plugins/bans",
    operation_id = "listBans",
    responses(
        (status = 200, description = "The bans, the most recent first.", body = inline(AllBans)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    call.may_touch_all("the list of bans")?;
    let bans = call.service.bans().list().await?.into_iter();
    let bans = bans.map(|Ban { digest, why, banned_at_unix_ms }| BanState { digest, why, banned_at_unix_ms }).collect();
    Ok(json(StatusCode::OK, &AllBans { bans }))
}

/// Bans a plugin for every cart. Carts that are pinned to the plugin are paused and keep their queues.
#[utoipa::path(
    put,
    path = "/v1/plugins/bans/{digest}",
    operation_id = "banPlugin",
    params(("digest" = String, Path, description = "The digest of the plugin's file.")),
    request_body(content = inline(BanBody)),
    responses(
        (status = 200, description = "The plugin is banned.", body = inline(BanResult)),
        (status = 404, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn ban(call: Call) -> Result<Response, Problem> {
    call.may_touch_all("a ban")?;
    let digest = digest(&call)?;
    let BanBody { why } = call.json()?;
    let Banned { new, carts } = call.service.bans().ban(digest, &reason("why", &why)?).await?;
    Ok(json(StatusCode::OK, &BanResult { digest, new, carts }))
}

/// Lets a banned plugin run again. Carts that the ban paused are resumed.
#[utoipa::path(
    delete,
    path = "/v1/plugins/bans/{digest}",
    operation_id = "unbanPlugin",
    params(("digest" = String, Path, description = "The digest of the plugin's file.")),
    responses(
        (status = 200, description = "The ban is lifted.", body = inline(UnbanResult)),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn unban(call: Call) -> Result<Response, Problem> {
    call.may_touch_all("a ban")?;
    let digest = digest(&call)?;
    match call.service.bans().unban(digest).await? {
        Unbanned { was_banned: true, carts } => Ok(json(StatusCode::OK, &UnbanResult { digest, carts })),
        Unbanned { was_banned: false, .. } => {
            Err(Problem::new(Kind::NotFound, format!("the plugin {digest} is not banned; GET /v1/plugins/bans lists the bans")))
        }
    }
}

/// The digest in the path. A text that is not a digest names no plugin.
fn digest(call: &Call) -> Result<Digest, Problem> {
    Digest::try_from(call.param("digest").to_owned()).map_err(|error| Problem::of(Kind::NotFound, &error))
}
