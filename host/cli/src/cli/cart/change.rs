//! Changes one part of a cart's definition, or returns a cart to an earlier plugin.

use crate::cli::apply::{Consent, change, invalid};
use crate::cli::{Failure, Verdict, directory, report};
use cartage::carts::Cart;
use cartage::id::{CartId, Digest};
use cartage::service::Service;
use cartage::service::definitions::{Proposal, Redefined};

/// Changes a cart's definition and shows the effect.
pub(super) async fn redefine(service: &Service, id: &CartId, json: bool, change: impl Fn(&mut Cart)) -> Result<Verdict, Failure> {
    let Redefined { before, cart, difference } = service.definitions().redefine(id, change).await.map_err(invalid)?;
    for doubt in service.definitions().doubts(&cart, before.manifest(), &before.lists).await.map_err(directory::failure)? {
        report::talk(&format!("warning: {doubt}"));
    }
    if json {
        report::json(&serde_json::json!({ "cart": id, "fields": difference.fields }));
    } else if difference.is_empty() {
        report::line(&format!("cart {id} is already set this way; nothing was changed"));
    } else {
        report::line(&format!("cart {id}: {difference}"));
    }
    Ok(Verdict::Done)
}

/// Returns a cart to a plugin that it used before. The operator approved that plugin then, so no new approval is needed.
pub(super) async fn roll_back(service: &Service, id: &CartId, wanted: Option<Digest>, json: bool) -> Result<Verdict, Failure> {
    let kept = service.carts().get(id).await.map_err(directory::failure)?;
    let ran = service.carts().plugins_that_ran(id).await.map_err(directory::failure)?;
    let mut earlier = ran.iter().map(|run| run.plugin).filter(|digest| Some(*digest) != kept.pinned());
    let found = match wanted {
        Some(wanted) => earlier.find(|digest| *digest == wanted),
        None => earlier.next(),
    };
    let Some(digest) = found else {
        let known: Vec<String> = ran.iter().map(|run| run.plugin.to_string()).collect();
        let message = match wanted {
            Some(wanted) if Some(wanted) == kept.pinned() => format!("cart {id} already has the plugin {wanted}"),
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
        return Err(Failure::wrong_use(message).what_to_do(what_to_do));
    };
    let bytes = service.plugins().kept(digest).await.map_err(directory::failure)?;
    let mut cart = kept.cart;
    cart.digest = Some(digest);
    change(service, vec![Proposal { cart, plugin: Some(bytes) }], Consent::GIVEN, json).await
}
