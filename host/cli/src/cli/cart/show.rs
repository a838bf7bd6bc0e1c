//! How carts are shown.

use crate::cli::api::{Client, to};
use crate::cli::{Failure, Verdict, report};
use cartage::id::CartId;
use cartage::remedy::Words as _;
use cartage_commands::Commands;
use cartage_contract::delivery::ChoicesOf;
use cartage_http::api::documents::{
    CartDocument, CartPause, ListedCarts, PluginFileState, PluginRuns, SuppliedSetting, UnreadableCart, WholeCart,
};

/// Lists the carts, one line each.
pub(super) async fn list(api: &Client, json: bool) -> Result<Verdict, Failure> {
    if json {
        let ListedCarts { carts, unreadable } = whole(api).await?;
        let shown = carts.iter().map(document).collect::<Vec<_>>();
        let why = unreadable.iter().map(|cart| &cart.why).collect::<Vec<_>>();
        report::json(&serde_json::json!({ "carts": shown, "unreadable": why }));
        return Ok(warn_of(&unreadable));
    }
    let ListedCarts::<CartDocument> { carts, unreadable } = api.get(to(&["carts"])).await?;
    if carts.is_empty() && unreadable.is_empty() {
        report::line("there is no cart yet; make one with `cartage cart new NAME --plugin FILE`");
    } else {
        let row = |cart: &CartDocument| (cart.cart.to_string(), format!("{}, {}, {}", state(cart), cart.mode, plugin(cart)));
        report::rows(&carts.iter().map(row).collect::<Vec<_>>());
    }
    Ok(warn_of(&unreadable))
}

/// All carts with their definitions.
pub(in crate::cli) async fn whole(api: &Client) -> Result<ListedCarts<WholeCart>, Failure> {
    Ok(api.get(to(&["carts"]).flag("whole", true)).await?)
}

/// Warns of the carts that cannot be shown.
pub(in crate::cli) fn warn_of(unreadable: &[UnreadableCart]) -> Verdict {
    for UnreadableCart { why, remedy, .. } in unreadable {
        let remedy = remedy.as_ref().map(|remedy| format!("; {}", Commands.advice(remedy))).unwrap_or_default();
        report::talk(&format!("warning: {why}{remedy}"));
    }
    if unreadable.is_empty() { Verdict::Done } else { Verdict::NotDone }
}

/// Shows one cart with its definition.
pub(super) async fn one(api: &Client, id: &CartId, json: bool) -> Result<Verdict, Failure> {
    let whole: WholeCart = api.get(to(&["carts", id.as_str()])).await?;
    if json {
        report::json(&document(&whole));
        return Ok(Verdict::Done);
    }
    let WholeCart { cart, definition, lists, supplied, .. } = &whole;
    report::heading(&format!("cart {id}"));
    report::rows(&[("state", state(cart)), ("mode", cart.mode.to_string()), ("plugin", plugin(cart))]);
    let PluginRuns { plugins, .. } = api.get(to(&["carts", id.as_str(), "plugins"])).await?;
    report::rows(&plugins.iter().map(|run| ("ran", run.digest.to_string())).collect::<Vec<_>>());
    for list in lists {
        let what = match &list.of {
            ChoicesOf::Statuses => "statuses".to_owned(),
            ChoicesOf::Carriers => "carriers".to_owned(),
            ChoicesOf::Setting(name) => format!("values of {name}"),
        };
        let values: Vec<&str> = list.choices.iter().map(|choice| choice.value.as_str()).collect();
        report::rows(&[(what, format!("{} (asked {})", values.join(", "), report::time(list.asked_at_unix_ms)))]);
    }
    report::heading("definition");
    report::lines(definition.trim_end());
    if !supplied.is_empty() {
        report::heading("settings that a system parameter may supply");
        let row = |SuppliedSetting { parameter, says, .. }: &SuppliedSetting| (parameter.clone(), says.clone());
        report::rows(&supplied.iter().map(row).collect::<Vec<_>>());
    }
    Ok(Verdict::Done)
}

fn document(WholeCart { cart, definition, lists, .. }: &WholeCart) -> serde_json::Value {
    serde_json::json!({
        "cart": cart.cart,
        "enabled": cart.enabled,
        "paused": cart.pause.as_ref().map(|pause| &pause.why),
        "breaker_open_until_unix_ms": cart.breaker_open_until_unix_ms,
        "mode": cart.mode,
        "plugin": plugin(cart),
        "digest": cart.digest,
        "definition": definition,
        "lists": lists,
    })
}

fn state(cart: &CartDocument) -> String {
    let enabled = if cart.enabled { "enabled" } else { "disabled" };
    let paused = match &cart.pause {
        Some(CartPause { why, said: Some(said), .. }) => format!(", paused ({why}: {said})"),
        Some(CartPause { why, said: None, .. }) => format!(", paused ({why})"),
        None => String::new(),
    };
    let breaker = cart.breaker_open_until_unix_ms.map(|until| format!(", breaker open until {}", report::time(until)));
    format!("{enabled}{paused}{}", breaker.unwrap_or_default())
}

fn plugin(CartDocument { plugin, .. }: &CartDocument) -> String {
    let text = |known: &Option<String>| known.clone().unwrap_or_default();
    match plugin.state {
        PluginFileState::Admitted => format!("{} {}", text(&plugin.name), text(&plugin.version)),
        PluginFileState::Missing => format!("{}: its file is missing", plugin.file),
        PluginFileState::Changed => {
            let found = plugin.found.map(|digest| digest.to_string()).unwrap_or_default();
            format!("{}: its file is now a different one ({found})", plugin.file)
        }
        PluginFileState::Refused | PluginFileState::Unknown => format!("{}: {}", plugin.file, text(&plugin.why)),
    }
}
