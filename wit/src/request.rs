//! The requests that a plugin may make, and their form on the wire.
//!
//! [`check`] checks a request against the manifest and the grants, without any secret; [`Allowed::wire`] then inserts the secrets,
//! as the last step. Egress, dry runs and the SDK's scripted cart all use this one implementation.

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

/// The longest URL of a request, in bytes: the length of a request line that common servers accept.
pub const URL_BYTES_MAX: usize = 8 << 10;
/// The most headers of a request, including those of credentials.
pub const HEADERS_MAX: usize = 64;
/// The longest value of a header, in bytes.
pub const HEADER_VALUE_BYTES_MAX: usize = 8 << 10;
/// The largest total size of all headers' names and values, in bytes.
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
    /// The class of the error, for the guest.
    pub kind: ErrorKind,
    /// The request, the reason and the remedy, for people. This text never contains a secret.
    pub reason: String,
}

impl Denied {
    pub(crate) fn new(kind: ErrorKind, reason: impl Into<String>) -> Denied {
        Denied { kind, reason: reason.into() }
    }
}

/// The source of secrets when a request is composed. Only egress implements this trait with real secrets.
pub trait Secrets {
    /// The value of a slot's field, as the operator gave it. Only fields that have a value by the grants are requested, and values that the host makes itself:
    /// each token of a log-in by its name, the `token` of OAuth 2.0, and `nonce`, `timestamp` and `signature` of OAuth 1.0a.
    fn field(&self, slot: &str, field: &str) -> Option<&str>;
}

/// Decides whether a plugin may make this request.
///
/// `delivery_id` is the id of the delivery to which the call belongs. Calls without a delivery may only read, and may not set `idempotency-key`.
///
/// # Errors
/// [`Denied`] with the class that the guest sees, and a reason with its remedy. The caller counts the requests of a call; this function
/// does not.
pub fn check(request: Request, manifest: &Manifest, grants: &Grants, delivery_id: Option<&str>) -> Result<Allowed, Denied> {
    let (endpoint, bound) = endpoint(&request.endpoint, manifest, grants)?;
    declared::check(&request, endpoint, delivery_id)?;
    check_effect(request.effect, delivery_id)?;
    growth::check(&request.extra).map_err(|error| Denied::new(ErrorKind::Other, format!("the request's extra is refused: {error}")))?;
    let used = credentials::check(&request, manifest, grants, bound)?;
    Allowed::new(request, bound, used, grants)
}

impl Allowed {
    /// A request that passed all checks except the one of its size.
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

    /// The slots of OAuth 2.0 and of log-ins whose tokens the request carries.
    pub fn token_slots(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(String::as_str)
    }

    /// The base URL of the request's endpoint.
    pub fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// Composes the request with its secrets.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialDenied`] if a secret is missing or cannot be written in its place (a line break in a header);
    /// [`ErrorKind::RequestTooLarge`] if the request with its secrets exceeds a limit. Neither error contains a value.
    pub fn wire(&self, secrets: &dyn Secrets) -> Result<Wire, Denied> {
        self.compose(Source::Real(secrets))
    }

    /// The request with `[slot.field]` in the place of each field of a slot, whatever its escape: for recordings and dry runs.
    pub fn wire_record(&self) -> Wire {
        self.compose(Source::Record).expect("a recording has no limits and asks for no value")
    }
}

fn check_effect(effect: Effect, delivery_id: Option<&str>) -> Result<(), Denied> {
    match (effect, delivery_id) {
        (Effect::Reads, _) | (Effect::Writes, Some(_)) => Ok(()),
        (Effect::Writes, None) => Err(Denied::new(
            ErrorKind::EffectDenied,
            "a call that is not a delivery must change nothing at the cart; say that the request only reads, if it does",
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
