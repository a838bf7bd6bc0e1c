//! Carts: lists, shows and defines them, and enables, disables, pauses and resumes them.

mod changes;
mod check;
mod upgrade;

pub(super) use changes::*;
pub(super) use check::*;
pub(super) use upgrade::*;

use super::call::{Call, json};
use super::caller::Caller;
use super::deliveries::{Why, reason};
use super::problem::{self, Kind, More, Problem};
use super::schema;
use super::schema::UnixMs;
use super::words::Requests;
use axum::response::Response;
use cartage::service::definitions::{Field, Prepared, PreparedCart, Proposal};
use cartage::service::{self, CartList, PluginKept, StoredCart};
use cartage_base::causes::chain;
use cartage_model::carts::{Binding, Cart, Consent, Limits, Mode, SecretSource};
use cartage_model::id::{CartId, Digest};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The carts that the token may touch.
#[derive(Serialize, ToSchema)]
struct Carts {
    carts: Vec<CartState>,
    /// The carts whose definitions cannot be read. Their other settings and their queues stay.
    unreadable: Vec<UnreadableCart>,
}

/// A cart whose definition cannot be read.
#[derive(Serialize, ToSchema)]
struct UnreadableCart {
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    /// What is wrong with the definition, and where.
    why: String,
}

/// A cart and its state.
#[derive(Serialize, ToSchema)]
#[schema(as = Cart)]
struct CartState {
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    enabled: bool,
    /// The pause of the cart. Null: the cart is not paused.
    #[schema(required)]
    pause: Option<Pause>,
    /// Until when the cart is not asked because it fails again and again. Null: its breaker is closed.
    #[schema(required, value_type = Option<UnixMs>)]
    breaker_open_until_unix_ms: Option<u64>,
    #[schema(value_type = schema::cart::Mode, inline)]
    mode: Mode,
    plugin: Plugin,
    /// The digest of the plugin's file to which the cart is pinned. Null: the cart is not pinned.
    #[schema(required, value_type = Option<String>)]
    digest: Option<Digest>,
}

/// A pause of a cart.
#[derive(Serialize, ToSchema)]
struct Pause {
    /// The reason, by name or in the words of the person who paused the cart.
    why: String,
    /// The end of the pause. Null: until somebody resumes the cart.
    #[schema(required, value_type = Option<UnixMs>)]
    until_unix_ms: Option<u64>,
}

/// The plugin of a cart.
#[derive(Serialize, ToSchema)]
struct Plugin {
    /// The file that the cart's definition names.
    file: String,
    #[schema(inline)]
    state: PluginState,
    /// The name of the plugin. Null: the plugin was not admitted.
    #[schema(required)]
    name: Option<String>,
    /// The version of the plugin. Null: the plugin was not admitted.
    #[schema(required)]
    version: Option<String>,
}

/// What is known of a plugin's file.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum PluginState {
    Admitted,
    Missing,
    Changed,
    // The reason is shown only to users of the machine, because it may name files.
    Refused,
    Unknown,
}

/// A cart with its definition.
#[derive(Serialize, ToSchema)]
struct WholeCart {
    #[serde(flatten)]
    cart: CartState,
    /// The definition, in TOML.
    definition: String,
    /// When the definition was last changed.
    #[schema(value_type = UnixMs)]
    changed_at_unix_ms: u64,
}

/// Lists the carts that the token may touch.
#[utoipa::path(
    get,
    path = "/v1/carts",
    operation_id = "listCarts",
    responses(
        (status = 200, description = "The carts.", body = inline(Carts)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    let CartList { carts, unreadable } = call.service.carts().list().await?;
    let carts = carts.iter().filter(|kept| call.sees(&kept.cart.id)).map(|kept| summary(&call, kept)).collect();
    let unreadable = unreadable.iter().filter_map(|error| match error {
        service::Error::StoredCart { cart, .. } if call.sees(cart) => Some(UnreadableCart { cart: cart.clone(), why: chain(error) }),
        _ => None,
    });
    Ok(json(StatusCode::OK, &Carts { carts, unreadable: unreadable.collect() }))
}

/// Shows one cart with its definition.
#[utoipa::path(
    get,
    path = "/v1/carts/{cart}",
    operation_id = "showCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    responses(
        (status = 200, description = "The cart.", body = WholeCart),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn show(call: Call) -> Result<Response, Problem> {
    let kept = match call.service.carts().get(&call.cart()?).await {
        // For an update this is a fault, after which the sender tries again. Whoever looks at the cart can mend it.
        Err(error @ service::Error::StoredCart { .. }) => return Err(Problem::of(Kind::Conflict, &error).doing(error.remedy().as_ref())),
        kept => kept?,
    };
    let (definition, changed_at_unix_ms) = (kept.cart.to_toml(), kept.row.changed_at_unix_ms);
    Ok(json(StatusCode::OK, &WholeCart { cart: summary(&call, &kept), definition, changed_at_unix_ms }))
}

fn summary(call: &Call, kept: &StoredCart) -> CartState {
    let pause = kept.pause_at(call.service.now_unix_ms());
    CartState {
        cart: kept.cart.id.clone(),
        enabled: kept.row.enabled,
        pause: pause.map(|pause| Pause { why: pause.why.clone(), until_unix_ms: pause.until_unix_ms }),
        breaker_open_until_unix_ms: call.service.overview().breaker_until(&kept.cart.id),
        mode: kept.mode.clone(),
        plugin: plugin(kept),
        digest: kept.pinned(),
    }
}

fn plugin(kept: &StoredCart) -> Plugin {
    let (state, manifest) = match &kept.plugin {
        PluginKept::Admitted { manifest, .. } => (PluginState::Admitted, Some(manifest)),
        PluginKept::Missing => (PluginState::Missing, None),
        PluginKept::Changed { .. } => (PluginState::Changed, None),
        PluginKept::Refused { .. } => (PluginState::Refused, None),
        PluginKept::Unknown { .. } => (PluginState::Unknown, None),
    };
    Plugin {
        file: kept.cart.plugin.clone(),
        state,
        name: manifest.map(|manifest| manifest.name.clone()),
        version: manifest.map(|manifest| manifest.version.clone()),
    }
}

/// The endpoints of a cart.
#[derive(Serialize, ToSchema)]
struct Bindings {
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    endpoints: Vec<Endpoint>,
}

/// An endpoint of a cart.
#[derive(Serialize, ToSchema)]
struct Endpoint {
    name: String,
    /// What the plugin uses the endpoint for. Left out: the plugin was not admitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    purpose: Option<String>,
    /// Whether the plugin needs the endpoint. Left out: the plugin was not admitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    required: Option<bool>,
    /// Where the endpoint leads. Null: the cart's definition does not say.
    #[schema(required, value_type = Option<schema::cart::Binding>)]
    binding: Option<Binding>,
}

/// Lists the base URLs of a cart's endpoints, with the purpose of each as the plugin states it.
#[utoipa::path(
    get,
    path = "/v1/carts/{cart}/bindings",
    operation_id = "bindings",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    responses(
        (status = 200, description = "The endpoints.", body = inline(Bindings)),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn bindings(call: Call) -> Result<Response, Problem> {
    let kept = call.service.carts().get(&call.cart()?).await?;
    let bound = |name: &str| kept.cart.endpoints.get(name).cloned();
    let endpoints = match kept.manifest() {
        Some(manifest) => {
            let all = manifest.endpoints.iter();
            all.map(|endpoint| Endpoint {
                name: endpoint.name.clone(),
                purpose: Some(endpoint.purpose.clone()),
                required: Some(endpoint.required),
                binding: bound(&endpoint.name),
            })
            .collect()
        }
        None => {
            let all = kept.cart.endpoints.keys();
            all.map(|name| Endpoint { name: name.clone(), purpose: None, required: None, binding: bound(name) }).collect()
        }
    };
    Ok(json(StatusCode::OK, &Bindings { cart: kept.cart.id.clone(), endpoints }))
}

/// What a definition changes about a cart, or would change.
#[derive(Serialize, ToSchema)]
struct Change {
    #[schema(value_type = schema::CartId)]
    cart: CartId,
    /// Whether the cart is new.
    new: bool,
    /// Every key that changes.
    #[schema(value_type = Vec<schema::cart::ChangedKey>)]
    changes: Vec<Field>,
    /// What the plugin asks for that the one before it did not. If there is anything, the change needs approval.
    asks: Vec<String>,
    /// What follows if a live cart will no longer be live, for which the change needs approval. Null: the mode is not concerned.
    #[schema(required)]
    leaves_live: Option<String>,
    /// What is allowed, but probably wrong.
    warnings: Vec<String>,
    /// Whether the change needs approval, which was not given.
    needs_approval: bool,
    /// Whether the change was made.
    made: bool,
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
        (status = 200, description = "The cart is changed, or there was nothing to change. With dry_run: what would change.", body = Change),
        (status = 201, description = "The cart is new.", body = Change),
        (status = 403, response = problem::Document),
        (status = 409, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn put(call: Call) -> Result<Response, Problem> {
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
    let prepared = Box::pin(call.service.definitions().prepare(vec![Proposal { cart, plugin: None }])).await?;
    let needs_approval = (prepared.asks() || prepared.leaves_live()) && !approve;
    let new = prepared.carts().iter().any(|cart| cart.difference.new);
    let mut change = change(prepared.carts().first().expect("one definition was prepared"));
    change.needs_approval = needs_approval;
    change.made = !dry_run && !needs_approval;
    if dry_run {
        return Ok(json(StatusCode::OK, &change));
    }
    if needs_approval {
        let detail = why_not_made(&id, &prepared, "?approve=true");
        let change = serde_json::to_value(change).expect("a change is plain data");
        return Err(Problem::new(Kind::Conflict, detail).with(More { change: Some(change), ..More::default() }));
    }
    call.service.definitions().make(prepared).await?;
    Ok(json(if new { StatusCode::CREATED } else { StatusCode::OK }, &change))
}

/// Why a change is not made before the caller agrees to it; `how` is what the request says then.
fn why_not_made(id: &CartId, prepared: &Prepared, how: &str) -> String {
    let leaves_live = prepared.carts().iter().find_map(|cart| cart.leaves_live.as_deref());
    match (leaves_live, prepared.asks()) {
        (Some(why), false) => {
            format!("{why}; if that is intended, send it again with {how}; a definition without `mode` leaves the mode alone")
        }
        (None, _) => {
            format!("the plugin of cart {id} asks for more than the one before it; read `asks`, and send it again with {how}")
        }
        (Some(why), true) => {
            format!("{why}, and its plugin asks for more than the one before it; read `asks`, and send it again with {how}")
        }
    }
}

/// What a definition changes. It needs no approval, and is not made yet.
fn change(prepared: &PreparedCart) -> Change {
    let PreparedCart { cart, difference, asks, leaves_live, warnings, .. } = prepared;
    Change {
        cart: cart.id.clone(),
        new: difference.new,
        changes: difference.fields.clone(),
        asks: asks.clone(),
        leaves_live: leaves_live.clone(),
        warnings: warnings.iter().map(|warning| warning.text(&Requests)).collect(),
        needs_approval: false,
        made: false,
    }
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
#[utoipa::path(
    post,
    path = "/v1/carts/{cart}/enable",
    operation_id = "enableCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    responses(
        (status = 200, description = "The cart as it is now.", body = CartState),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn enable(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    call.service.carts().set_enabled(&cart, true).await?;
    after(&call, &cart).await
}

/// Disables a cart.
#[utoipa::path(
    post,
    path = "/v1/carts/{cart}/disable",
    operation_id = "disableCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    responses(
        (status = 200, description = "The cart as it is now.", body = CartState),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn disable(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    call.service.carts().set_enabled(&cart, false).await?;
    after(&call, &cart).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PauseBody {
    /// Why the cart is paused, for the record.
    #[schema(value_type = Why, inline)]
    why: String,
}

/// Pauses a cart until somebody resumes it.
#[utoipa::path(
    post,
    path = "/v1/carts/{cart}/pause",
    operation_id = "pauseCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    request_body(content = inline(PauseBody)),
    responses(
        (status = 200, description = "The cart as it is now.", body = CartState),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn pause(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    let why = if call.body.is_empty() { format!("paused by {}", call.caller) } else { call.json::<PauseBody>()?.why };
    call.service.carts().set_pause(&cart, Some(&reason("why", &why)?)).await?;
    after(&call, &cart).await
}

/// Resumes a cart.
#[utoipa::path(
    post,
    path = "/v1/carts/{cart}/resume",
    operation_id = "resumeCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    responses(
        (status = 200, description = "The cart as it is now.", body = CartState),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn resume(call: Call) -> Result<Response, Problem> {
    let cart = call.cart()?;
    if call.service.carts().get(&cart).await?.row.paused_with_all {
        call.may_touch_all("the pause of all carts")?;
    }
    call.service.carts().set_pause(&cart, None).await?;
    after(&call, &cart).await
}

async fn after(call: &Call, cart: &CartId) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &summary(call, &call.service.carts().get(cart).await?)))
}
