//! Gives a cart another plugin, whose file the data directory keeps or, on the machine, the request holds.

use super::super::call::{Call, json};
use super::super::caller::Caller;
use super::super::problem::{self, Kind, Problem};
use super::super::schema;
use super::{CartChange, PluginBytes, changes, not_approved, not_taken, why_not_made};
use axum::response::Response;
use cartage::service::definitions::Proposal;
use cartage::service::{REHEARSED_MAX, Rehearsed};
use cartage_engine::file;
use cartage_model::id::Digest;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Another plugin for a cart, by its `digest` or by its file.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpgradeBody {
    /// The digest of the plugin's file, which the data directory keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub digest: Option<Digest>,
    /// The plugin's file itself, in place of its digest. Only users of the machine may send one. The data directory keeps it once the cart has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Base64>, nullable = false)]
    pub plugin: Option<PluginBytes>,
    /// The name of the plugin's file, for the definition. Left out: the name stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub file: Option<String>,
    /// How many of the cart's last recorded attempts are first replayed with the present plugin and the new one, 1 to 1000. Differences need approval. Left out:
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000, nullable = false)]
    pub replay_last: Option<u32>,
    /// Whether the answer only says what would change. Left out: false.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    pub dry_run: bool,
    /// Whether the caller agrees to what the plugin asks for that the one before it did not, and to differences. Left out: false.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    pub approve: bool,
}

/// What another plugin changes about a cart, or would change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Upgrade {
    /// The change.
    #[serde(flatten)]
    pub change: CartChange,
    /// The recorded attempts that were replayed, each with what the new plugin does differently. Null: none were asked for.
    #[schema(required, value_type = Option<Vec<Object>>)]
    pub rehearsed: Option<Vec<Rehearsed>>,
}

/// Gives a cart another version of its plugin, or another plugin. Its file must be in the data directory, or is sent by a user of the machine.
#[utoipa::path(
    post,
    path = "/v1/carts/{cart}/upgrade",
    operation_id = "upgradeCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    request_body(content = inline(UpgradeBody)),
    responses(
        (status = 200, description = "The cart has the plugin. With dry_run: what would change.", body = inline(Upgrade)),
        (status = 404, response = problem::Document),
        (status = 409, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn upgrade(call: Call) -> Result<Response, Problem> {
    let kept = call.service.carts().get(&call.cart()?).await?;
    let (call, body) = call.large_json().await?;
    let UpgradeBody { digest, plugin, file, replay_last, dry_run, approve } = body;
    if replay_last.is_some_and(|most| !(1..=REHEARSED_MAX).contains(&most)) {
        return Err(Problem::new(Kind::Invalid, format!("replay_last is from 1 to {REHEARSED_MAX}")));
    }
    if let Some(name) = file.as_deref().filter(|name| !file::is_name(name)) {
        return Err(Problem::of(Kind::Invalid, &file::Error::Name { name: name.to_owned() }));
    }
    let bytes = match (digest, plugin, &call.caller) {
        (Some(digest), None, _) => call.service.plugins().kept(digest).await?,
        (None, Some(PluginBytes(bytes)), Caller::Machine(_)) => bytes,
        (None, Some(_), Caller::Token(_)) => {
            let detail = "no token allows to send a plugin's file; on the machine, `cartage cart upgrade` does it";
            return Err(Problem::new(Kind::MachineOnly, detail));
        }
        (Some(_), Some(_), _) | (None, None, _) => {
            return Err(Problem::new(Kind::Invalid, "name the plugin by its `digest`, or send its file as `plugin`: one of them"));
        }
    };
    let rehearsed = match replay_last {
        Some(most) => Some(Box::pin(call.service.checks().rehearse(&kept, bytes.clone(), most)).await?),
        None => None,
    };
    let id = kept.cart.id.clone();
    let (mut cart, looked_at) = (kept.cart, kept.row.definition);
    (cart.plugin, cart.digest) = (file.unwrap_or(cart.plugin), None);
    let proposal = Proposal { cart, plugin: Some(bytes) };
    let prepared = Box::pin(call.service.definitions().prepare_from(&looked_at, proposal)).await.map_err(not_taken)?;
    let differs = rehearsed.iter().flatten().any(|one| !one.differences.is_empty());
    let needs_approval = (prepared.asks() || differs) && !approve;
    let made = !dry_run && !needs_approval;
    let change = changes(&call, &prepared, needs_approval, made).await?.pop().expect("one definition was prepared");
    let upgrade = Upgrade { change, rehearsed };
    if needs_approval && !dry_run {
        let how = "\"approve\": true";
        let detail = if prepared.asks() {
            why_not_made(&prepared, how)
        } else {
            format!("the plugin behaves differently in recorded attempts of cart {id}; read `rehearsed`, and send it with {how}")
        };
        return Err(not_approved(detail, &upgrade));
    }
    if made {
        call.service.definitions().make(prepared).await?;
    }
    Ok(json(StatusCode::OK, &upgrade))
}
