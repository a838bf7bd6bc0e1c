//! Changes one part of a cart's definition, gives a cart another plugin, or returns it to an earlier one.

use crate::cli::api::{Client, to};
use crate::cli::apply::{Consent, invalid, plugin_at, shown, unless_unapproved};
use crate::cli::{Failure, Verdict, report};
use cartage::id::{CartId, Digest};
use cartage_http::api::documents::{
    CartChange, CartPatch, PatchedCart, PluginBytes, PluginRuns, RanPlugin, RollbackBody, Upgrade, UpgradeBody,
};
use std::path::Path;

/// Changes a cart's definition and shows the effect.
pub(super) async fn redefine(api: &Client, id: &CartId, patch: CartPatch, json: bool) -> Result<Verdict, Failure> {
    let patched: PatchedCart = api.patch(to(&["carts", id.as_str()]), &patch).await.map_err(invalid)?;
    for doubt in &patched.warnings {
        report::talk(&format!("warning: {doubt}"));
    }
    let changes = &patched.changes;
    if json {
        report::json(&serde_json::json!({ "cart": id, "fields": changes }));
    } else if changes.is_empty() {
        report::line(&format!("cart {id} is already set this way; nothing was changed"));
    } else {
        let lines = changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        report::line(&format!("cart {id}: {lines}"));
    }
    Ok(Verdict::Done)
}

/// Gives a cart the plugin in a file, showing first what it asks for.
pub(super) async fn upgrade(
    api: &Client,
    id: &CartId,
    plugin: &Path,
    replay_last: Option<u32>,
    consent: Consent,
    json: bool,
) -> Result<Verdict, Failure> {
    let (name, bytes) = plugin_at(plugin)?;
    let Consent { dry_run, approve } = consent;
    let body = UpgradeBody { digest: None, plugin: Some(PluginBytes(bytes)), file: Some(name), replay_last, dry_run, approve };
    let answer = api.post(to(&["carts", id.as_str(), "upgrade"]), &body).await;
    let Upgrade { change, rehearsed } = unless_unapproved(answer)?;
    Ok(shown(&[change], rehearsed.as_deref(), consent, json))
}

/// Returns a cart to a plugin that it used before. The operator approved that plugin then, so no new approval is needed.
pub(super) async fn roll_back(api: &Client, id: &CartId, wanted: Option<Digest>, json: bool) -> Result<Verdict, Failure> {
    let PluginRuns { pinned, plugins, .. } = api.get(to(&["carts", id.as_str(), "plugins"])).await?;
    let mut earlier = plugins.iter().map(|run| run.digest).filter(|digest| Some(*digest) != pinned);
    let found = match wanted {
        Some(wanted) => earlier.find(|digest| *digest == wanted),
        None => earlier.next(),
    };
    let Some(digest) = found else { return Err(no_other_plugin(id, wanted, pinned, &plugins)) };
    let body = RollbackBody { digest: Some(digest) };
    let change: CartChange = api.post(to(&["carts", id.as_str(), "rollback"]), &body).await.map_err(invalid)?;
    Ok(shown(&[change], None, Consent::GIVEN, json))
}

/// The refusal where no plugin ran to which the cart could return.
fn no_other_plugin(id: &CartId, wanted: Option<Digest>, pinned: Option<Digest>, ran: &[RanPlugin]) -> Failure {
    let known: Vec<String> = ran.iter().map(|run| run.digest.to_string()).collect();
    let message = match wanted {
        Some(wanted) if Some(wanted) == pinned => format!("cart {id} already has the plugin {wanted}"),
        Some(wanted) => format!("the plugin {wanted} never ran for cart {id}"),
        None if known.is_empty() => format!("no plugin has run for cart {id} yet"),
        None => format!("no other plugin than the present one ran for cart {id}"),
    };
    let what_to_do = match known.as_slice() {
        [] if wanted.is_some() => {
            format!("no plugin has run for the cart yet; give it another file with `cartage cart upgrade {id} --plugin FILE`")
        }
        [] | [_] if wanted.is_none() => format!("give it another file with `cartage cart upgrade {id} --plugin FILE`"),
        _ => format!("name one of the plugins that ran for the cart, the last first: {}", known.join(", ")),
    };
    Failure::wrong_use(message).what_to_do(what_to_do)
}
