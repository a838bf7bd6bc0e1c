//! How carts are shown.

use crate::cli::{Failure, Verdict, directory, report};
use cartage::causes::chain;
use cartage::id::CartId;
use cartage::parameters::Supplied;
use cartage::remedy::Words as _;
use cartage::service::{self, CartList, PluginKept, Service, StoredCart};
use cartage::store::carts::Pause;
use cartage_commands::Commands;
use cartage_contract::delivery::ChoicesOf;

/// Lists the carts, one line each.
pub(super) async fn list(service: &Service, json: bool) -> Result<Verdict, Failure> {
    let CartList { carts, unreadable } = service.carts().list().await.map_err(directory::failure)?;
    if json {
        let shown = carts.iter().map(|kept| document(service, kept)).collect::<Vec<_>>();
        report::json(&serde_json::json!({ "carts": shown, "unreadable": unreadable.iter().map(|error| chain(error)).collect::<Vec<_>>() }));
    } else if carts.is_empty() && unreadable.is_empty() {
        report::line("there is no cart yet; make one with `cartage cart new NAME --plugin FILE`");
    } else {
        report::rows(
            &carts
                .iter()
                .map(|kept| (kept.cart.id.as_str(), format!("{}, {}, {}", state(service, kept), kept.mode, plugin(kept))))
                .collect::<Vec<_>>(),
        );
    }
    Ok(warn_of(unreadable))
}

/// Warns of the carts that cannot be shown.
pub(in crate::cli) fn warn_of(unreadable: Vec<service::Error>) -> Verdict {
    let verdict = if unreadable.is_empty() { Verdict::Done } else { Verdict::NotDone };
    for error in unreadable {
        let remedy = error.remedy().map(|remedy| format!("; {}", Commands.advice(&remedy))).unwrap_or_default();
        report::talk(&format!("warning: {}{remedy}", chain(&error)));
    }
    verdict
}

/// Shows one cart with its definition.
pub(super) async fn one(service: &Service, id: &CartId, json: bool) -> Result<Verdict, Failure> {
    let kept = service.carts().get(id).await.map_err(directory::failure)?;
    if json {
        report::json(&document(service, &kept));
        return Ok(Verdict::Done);
    }
    report::heading(&format!("cart {id}"));
    report::rows(&[("state", state(service, &kept)), ("mode", kept.mode.to_string()), ("plugin", plugin(&kept))]);
    let ran = service.carts().plugins_that_ran(id).await.map_err(directory::failure)?;
    report::rows(&ran.iter().map(|run| ("ran", run.plugin.to_string())).collect::<Vec<_>>());
    for list in &kept.lists {
        let what = match &list.of {
            ChoicesOf::Statuses => "statuses".to_owned(),
            ChoicesOf::Carriers => "carriers".to_owned(),
            ChoicesOf::Setting(name) => format!("values of {name}"),
        };
        let values: Vec<&str> = list.choices.iter().map(|choice| choice.value.as_str()).collect();
        report::rows(&[(what, format!("{} (asked {})", values.join(", "), report::time(list.asked_at_unix_ms)))]);
    }
    report::heading("definition");
    report::lines(kept.cart.to_toml().trim_end());
    let supplied = supplied(service, &kept).await?;
    if !supplied.is_empty() {
        report::heading("settings that a system parameter may supply");
        report::rows(&supplied.iter().map(|supplied| (supplied.parameter.name, supplied.to_string())).collect::<Vec<_>>());
    }
    Ok(Verdict::Done)
}

fn document(service: &Service, kept: &StoredCart) -> serde_json::Value {
    serde_json::json!({
        "cart": kept.cart.id,
        "enabled": kept.row.enabled,
        "paused": kept.pause_at(service.now_unix_ms()).map(|pause| &pause.why),
        "breaker_open_until_unix_ms": service.overview().breaker_until(&kept.cart.id),
        "mode": kept.mode,
        "plugin": plugin(kept),
        "digest": kept.pinned(),
        "definition": kept.cart.to_toml(),
        "lists": kept.lists,
    })
}

/// The settings that parameters may supply, each with its effective value and that value's origin.
async fn supplied(service: &Service, kept: &StoredCart) -> Result<Vec<Supplied>, Failure> {
    Ok(kept.supplied(&service.configuration().assignments().await.map_err(directory::failure)?))
}

fn state(service: &Service, kept: &StoredCart) -> String {
    let enabled = if kept.row.enabled { "enabled" } else { "disabled" };
    let paused = match kept.pause_at(service.now_unix_ms()) {
        Some(Pause { why, said: Some(said), .. }) => format!(", paused ({why}: {said})"),
        Some(Pause { why, said: None, .. }) => format!(", paused ({why})"),
        None => String::new(),
    };
    let breaker = service.overview().breaker_until(&kept.cart.id).map(|until| format!(", breaker open until {}", report::time(until)));
    format!("{enabled}{paused}{}", breaker.unwrap_or_default())
}

fn plugin(kept: &StoredCart) -> String {
    match &kept.plugin {
        PluginKept::Admitted { manifest, .. } => format!("{} {}", manifest.name, manifest.version),
        PluginKept::Missing => format!("{}: its file is missing", kept.cart.plugin),
        PluginKept::Changed { found } => format!("{}: its file is now a different one ({found})", kept.cart.plugin),
        PluginKept::Refused { reason } => format!("{}: {reason}", kept.cart.plugin),
        PluginKept::Unknown { why } => format!("{}: {}", kept.cart.plugin, chain(&**why)),
    }
}
