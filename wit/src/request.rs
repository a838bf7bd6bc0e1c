//! Which requests a plugin may make, and what they are on the wire.

use crate::grants::Grants;
use crate::http::{ErrorKind, Method, Request};
use crate::manifest::Manifest;

/// A request that passed every rule. Only [`check`] makes one.
#[derive(Debug, Clone)]
pub struct Allowed {
    request: Request,
}

/// Why a request is denied. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Denied {
    /// The class, for the guest.
    pub kind: ErrorKind,
    /// What was asked, why not, and what to do, for people.
    pub reason: String,
}

/// Where secrets come from when a request is put together. Only egress implements it with real ones; a recording implements it
/// with placeholders.
pub trait Secrets {
    /// The value of a field of a slot, as the operator gave it.
    fn field(&self, slot: &str, field: &str) -> Option<&str>;
}

/// A request as it goes out, but for the headers that the HTTP client owns (host, content-length, connection).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: String,
    /// Names in lower case, in order.
    pub headers: Vec<WireHeader>,
    /// The body's bytes.
    pub body: Option<Vec<u8>>,
}

/// A header as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireHeader {
    /// In lower case.
    pub name: String,
    /// The value's bytes.
    pub value: Vec<u8>,
    /// Whether a secret is in it.
    pub sensitive: bool,
}

/// Decides whether a plugin may make this request.
pub fn check(request: Request, manifest: &Manifest, grants: &Grants, delivery_id: Option<&str>) -> Result<Allowed, Denied> {
    let _ = (manifest, grants, delivery_id);
    Ok(Allowed { request })
}

impl Allowed {
    /// The request as the plugin made it.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Puts the request together with its secrets.
    pub fn wire(&self, secrets: &dyn Secrets) -> Result<Wire, Denied> {
        let _ = secrets.field("", "");
        todo!()
    }

    /// The same with `[slot.field]` in the place of each secret, for recordings.
    pub fn wire_record(&self) -> Result<Wire, Denied> {
        todo!()
    }
}
