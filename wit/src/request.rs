//! Which requests a plugin may make, and what they are on the wire.
//!
//! [`check`] judges a request by the manifest and the grants, without any secret; [`Allowed::wire`] then joins it with the secrets,
//! last. What egress sends, what a dry run shows and what the SDK's scripted cart sees is made here, once.

mod credentials;
pub(crate) mod declared;
mod oauth1;
mod obtain;
mod tokens;
mod wire;

pub use oauth1::{Oauth1Input, base_string};
pub(crate) use obtain::request_of;
pub use obtain::{check_login, token_request};
pub use wire::{Wire, WireHeader};

use crate::grants::{BaseUrl, BoundEndpoint, Grants};
use crate::growth;
use crate::http::{Effect, ErrorKind, Request};
use crate::manifest::{Endpoint, Manifest, Slot};
use crate::parts::{Fields, Shown, Source};
use credentials::Used;
use std::collections::BTreeSet;

/// Bytes of a request's whole URL: what common servers take as a request line.
pub const URL_BYTES_MAX: usize = 8 << 10;
/// Headers of a request, those of credentials included.
pub const HEADERS_MAX: usize = 64;
/// Bytes of a header's value.
pub const HEADER_VALUE_BYTES_MAX: usize = 8 << 10;
/// Bytes of all headers' names and values together.
pub const HEADERS_BYTES_MAX: usize = 16 << 10;

/// A request that passed every rule. Only [`check`] makes one.
#[derive(Debug, Clone)]
pub struct Allowed {
    request: Request,
    base: BaseUrl,
    signed: Option<BaseUrl>,
    fields: Fields,
    auth: Vec<Slot>,
    tokens: BTreeSet<String>,
    bytes_max: usize,
}

/// Why a request is denied. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Denied {
    /// The class, for the guest.
    pub kind: ErrorKind,
    /// What was asked, why not, and what to do, for people. It never holds a secret.
    pub reason: String,
}

impl Denied {
    pub(crate) fn new(kind: ErrorKind, reason: impl Into<String>) -> Denied {
        Denied { kind, reason: reason.into() }
    }
}

/// Where secrets come from when a request is put together. Only egress implements it with real ones.
pub trait Secrets {
    /// The value of a field of a slot, as the operator gave it. It is asked only for fields that the grants say have a value, and for what the host
    /// makes itself: each token of a log-in by its name, the `token` of OAuth 2.0, and `nonce`, `timestamp` and `signature` of OAuth 1.0a.
    fn field(&self, slot: &str, field: &str) -> Option<&str>;
}

/// Decides whether a plugin may make this request.
///
/// `delivery_id` is the id of the delivery of which the call is an attempt. Calls without one may only read, and set no `idempotency-key`.
///
/// # Errors
/// [`Denied`] with the class that the guest sees and a reason with its remedy. How many requests a call may make is for the caller to
/// count.
pub fn check(request: Request, manifest: &Manifest, grants: &Grants, delivery_id: Option<&str>) -> Result<Allowed, Denied> {
    let (endpoint, bound) = endpoint(&request.endpoint, manifest, grants)?;
    declared::check(&request, endpoint, delivery_id)?;
    check_effect(request.effect, delivery_id)?;
    growth::check(&request.extra).map_err(|error| Denied::new(ErrorKind::Other, format!("the request's extra is refused: {error}")))?;
    let used = credentials::check(&request, manifest, grants, bound)?;
    Allowed::new(request, bound, used, grants)
}

impl Allowed {
    /// A request of which everything but its size was judged.
    fn new(request: Request, bound: &BoundEndpoint, used: Used, grants: &Grants) -> Result<Allowed, Denied> {
        let (base, signed, bytes_max) = (bound.base.clone(), bound.signed.clone(), grants.limits.request_bytes);
        let Used { fields, auth, tokens } = used;
        let allowed = Allowed { request, base, signed, fields, auth, tokens, bytes_max };
        allowed.compose(Source::Measure)?;
        Ok(allowed)
    }

    /// The request as the plugin made it.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The slots of OAuth 2.0 and of log-ins whose tokens it carries.
    pub fn token_slots(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(String::as_str)
    }

    /// Where its endpoint leads.
    pub fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// Puts the request together with its secrets.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialDenied`] where a secret is missing or cannot stand where it is put (a line break in a header);
    /// [`ErrorKind::RequestTooLarge`] where the request outgrows a limit with its secrets in it. Neither names a value.
    pub fn wire(&self, secrets: &dyn Secrets) -> Result<Wire, Denied> {
        self.compose(Source::Real(secrets))
    }

    /// The same with `[slot.field]`, whatever its escape, in the place of each field of a slot: for recordings and dry runs.
    pub fn wire_record(&self) -> Wire {
        self.compose(Source::Record).expect("a recording has no limits and asks for no value")
    }
}

fn check_effect(effect: Effect, delivery_id: Option<&str>) -> Result<(), Denied> {
    match (effect, delivery_id) {
        (Effect::Reads, _) | (Effect::Writes, Some(_)) => Ok(()),
        (Effect::Writes, None) => Err(Denied::new(
            ErrorKind::EffectDenied,
            "a call that is no delivery changes nothing at the cart; say that the request only reads, if it does",
        )),
    }
}

fn endpoint<'a>(name: &str, manifest: &'a Manifest, grants: &'a Grants) -> Result<(&'a Endpoint, &'a BoundEndpoint), Denied> {
    let denied = |reason| Denied::new(ErrorKind::EndpointDenied, format!("endpoint {} {reason}", Shown::of(name)));
    let endpoint = manifest.endpoint(name).ok_or_else(|| denied("is not in the manifest; declare it there"))?;
    let bound = grants.endpoints.get(name).ok_or_else(|| denied("is not bound; bind it to a base URL in the cart's definition"))?;
    Ok((endpoint, bound))
}

#[cfg(test)]
mod tests;
