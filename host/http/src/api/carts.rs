//! Carts: lists, shows and defines them, and enables, disables, pauses and resumes them.

use super::call::{Call, json};
use super::deliveries::reason;
use super::problem::{Kind, Problem};
use axum::response::Response;
use cartage::service::definitions::{PreparedCart, Proposal};
use cartage::service::{PluginKept, StoredCart};
use cartage_model::carts::{Binding, Cart, Consent, Limits, SecretSource};
use cartage_model::id::CartId;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// Lists the carts that the token may touch.
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    let carts = call.service.carts().list().await?;
    let seen: Vec<Value> = carts.iter().filter(|kept| call.sees(&kept.cart.id)).map(|kept| summary(&call, kept)).collect();
    Ok(json(StatusCode::OK, &json!({ "carts": seen })))
}

/// Shows one cart with its definition.
pub(super) async fn show(call: Call) -> Result<Response, Problem> {
    let kept = call.service.carts().get(&call.cart()?).await?;
    let mut document = summary(&call, &kept);
    document["definition"] = kept.cart.to_toml().into();
    document["changed_at_unix_ms"] = kept.row.changed_at_unix_ms.into();
    Ok(json(StatusCode::OK, &document))
}

fn summary(call: &Call, kept: &StoredCart) -> Value {
    let pause = kept.pause_at(call.service.now_unix_ms()).map(|pause| json!({ "why": pause.why, "until_unix_ms": pause.until_unix_ms }));
    json!({
        "cart": kept.cart.id, "enabled": kept.row.enabled, "pause": pause, "breaker_open_until_unix_ms": call.service.overview().breaker_until(&kept.cart.id),
        "mode": kept.mode, "plugin": plugin(kept), "digest": kept.pinned(),
    })
}

fn plugin(kept: &StoredCart) -> Value {
    let (state, manifest) = match &kept.plugin {
        PluginKept::Admitted { manifest, .. } => ("admitted", Some(manifest)),
        PluginKept::Missing => ("missing", None),
        PluginKept::Changed { .. } => ("changed", None),
        // The reason is shown only to users of the machine, because it may name files.
        PluginKept::Refused { .. } => ("refused", None),
        PluginKept::Unknown { .. } => ("unknown", None),
    };
    json!({
        "file": kept.cart.plugin, "state": state,
        "name": manifest.map(|manifest| &manifest.name), "version": manifest.map(|manifest| &manifest.version),
    })
}

/// Lists the base URLs of a cart's endpoints, with the purpose of each as the plugin states it.
pub(super) async fn bindings(call: Call) -> Result<Response, Problem> {
    let kept = call.service.carts().get(&call.cart()?).await?;
    let bound = |name: &str| serde_json::to_value(kept.cart.endpoints.get(name)).expect("a binding is plain data");
    let endpoints: Vec<Value> = match kept.manifest() {
        Some(manifest) => {
            let all = manifest.endpoints.iter();
            all.map(|endpoint| {
                json!({ "name": endpoint.name, "purpose": endpoint.purpose, "required": endpoint.required, "binding": bound(&endpoint.name) })
            })
            .collect()
        }
        None => kept.cart.endpoints.keys().map(|name| json!({ "name": name, "binding": bound(name) })).collect(),
    };
    Ok(json(StatusCode::OK, &json!({ "cart": kept.cart.id, "endpoints": endpoints })))
}

/// Defines a cart, or says what the definition would change.
pub(super) async fn put(call: Call) -> Result<Response, Problem> {
    let id = call.cart()?;
    let (dry_run, approve) = (call.query.yes("dry_run")?, call.query.yes("approve")?);
    let cart = Cart::parse("the request", call.text()?).map_err(|error| Problem::of(Kind::Invalid, &error))?;
    if cart.id != id {
        let detail = format!("the definition is of cart {}, and the path names cart {id}; make them agree", cart.id);
        return Err(Problem::new(Kind::Invalid, detail));
    }
    let before = call.service.carts().find(&id).await?;
    from_outside(&cart, before.as_ref().map(|kept| &kept.cart))?;
    let prepared = Box::pin(call.service.definitions().prepare(vec![Proposal { cart, plugin: None }])).await?;
    let needs_approval = (prepared.asks() || prepared.leaves_live()) && !approve;
    let new = prepared.carts().iter().any(|cart| cart.difference.new);
    let mut document = prepared.carts().first().map(change).unwrap_or_default();
    document["needs_approval"] = needs_approval.into();
    document["made"] = (!dry_run && !needs_approval).into();
    if dry_run {
        return Ok(json(StatusCode::OK, &document));
    }
    if needs_approval {
        let leaves_live = prepared.carts().iter().find_map(|cart| cart.leaves_live.as_deref());
        let detail = match (leaves_live, prepared.asks()) {
            (Some(why), false) => {
                format!("{why}; if that is meant, send it with ?approve=true; a definition without `mode` leaves the mode alone")
            }
            (None, _) => {
                format!("the plugin of cart {id} asks for more than the one before it; read `asks`, and send it with ?approve=true")
            }
            (Some(why), true) => {
                format!("{why}, and its plugin asks for more than the one before it; read `asks`, and send it with ?approve=true")
            }
        };
        return Err(Problem::new(Kind::Conflict, detail).with("change", document));
    }
    call.service.definitions().make(prepared).await?;
    Ok(json(if new { StatusCode::CREATED } else { StatusCode::OK }, &document))
}

fn change(prepared: &PreparedCart) -> Value {
    let PreparedCart { cart, difference, asks, leaves_live, warnings, .. } = prepared;
    json!({
        "cart": cart.id, "new": difference.new, "changes": difference.fields, "asks": asks, "leaves_live": leaves_live, "warnings": warnings,
    })
}

/// Refuses a definition that reaches into the machine. Over the network a definition may not read secrets from the daemon's files and variables, may not
/// allow private networks or clear text, and may not raise the limits of a call above the defaults, because a token must give no power beyond its carts.
/// Settings that were allowed on the machine earlier may stay.
pub(super) fn from_outside(cart: &Cart, before: Option<&Cart>) -> Result<(), Problem> {
    let elsewhere = cart.credentials.iter().flat_map(|(slot, fields)| fields.iter().map(move |(field, source)| (slot, field, source)));
    for (slot, field, source) in elsewhere {
        let same = before.and_then(|before| before.credentials.get(slot)?.get(field)) == Some(source);
        match source {
            SecretSource::Env(_) | SecretSource::File(_) if !same => {
                return Err(on_the_machine(
                    &cart.id,
                    &format!(
                        "the credential {slot}.{field} comes from a file or variable of the machine; set it with PUT /v1/carts/{}/credentials/{slot}/{field}",
                        cart.id
                    ),
                ));
            }
            SecretSource::Env(_) | SecretSource::File(_) | SecretSource::Text(_) => {}
        }
    }
    // A limit may be as high as the default, or as high as was allowed on the machine.
    let usual = Limits::default();
    let allowed = before.map_or(usual, |before| before.limits.or(usual));
    let wanted = cart.limits.or(usual);
    if let Some((name, value)) = wanted.over(&usual).find(|limit| wanted.over(&allowed).any(|over| over == *limit)) {
        return Err(on_the_machine(&cart.id, &format!("limits.{name} is {value}, more than its default and than what was allowed before")));
    }
    for (name, binding) in cart.endpoints.iter().filter(|(_, binding)| is_exception(binding)) {
        if before.and_then(|before| before.endpoints.get(name)) != Some(binding) {
            return Err(on_the_machine(&cart.id, &format!("the endpoint {name} leads to a private network or travels in clear")));
        }
    }
    Ok(())
}

fn is_exception(binding: &Binding) -> bool {
    !binding.private.is_empty() || binding.plain_http == Consent::Accepted || binding.secrets_in_clear == Consent::Accepted
}

fn on_the_machine(cart: &CartId, what: &str) -> Problem {
    Problem::new(
        Kind::MachineOnly,
        format!("cart {cart} cannot be defined so over the network: {what}; `cartage apply FILE` on the machine does it"),
    )
}

/// Enables a cart.
pub(super) async fn enable(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    call.service.carts().set_enabled(&cart, true).await?;
    after(&call, &cart).await
}

/// Disables a cart.
pub(super) async fn disable(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    call.service.carts().set_enabled(&cart, false).await?;
    after(&call, &cart).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PauseBody {
    why: String,
}

/// Pauses a cart until somebody resumes it.
pub(super) async fn pause(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    let why = if call.body.is_empty() { format!("paused by token {}", call.bearer.name) } else { call.json::<PauseBody>()?.why };
    call.service.carts().set_pause(&cart, Some(&reason("why", &why)?)).await?;
    after(&call, &cart).await
}

/// Resumes a cart.
pub(super) async fn resume(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    call.service.carts().set_pause(&cart, None).await?;
    after(&call, &cart).await
}

async fn after(call: &Call, cart: &CartId) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &summary(call, &call.service.carts().get(cart).await?)))
}
