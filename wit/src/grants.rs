//! The operator's grants to a cart's plugin: the destinations of its endpoints, the slots that have a value, and the limits of its requests.
//!
//! Grants only narrow a manifest: everything that is not in both is denied. [`crate::request::check`] applies them.

mod base_url;
mod pattern;

pub use base_url::{BASE_URL_BYTES_MAX, BaseUrl, BaseUrlError};
pub use pattern::{Pattern, PatternError};

use std::collections::{BTreeMap, BTreeSet};

/// The rights of a cart's plugin. Endpoints and slots that are not listed here are denied.
#[derive(Debug, Clone)]
pub struct Grants {
    /// The bound endpoints, by their names in the manifest.
    pub endpoints: BTreeMap<String, BoundEndpoint>,
    /// The slots for which the host has a value, each with the fields that have one.
    pub slots: BTreeMap<String, BTreeSet<String>>,
    /// The limits on requests.
    pub limits: RequestLimits,
}

/// The binding of an endpoint.
#[derive(Debug, Clone)]
pub struct BoundEndpoint {
    /// The base URL to which the endpoint is bound.
    pub base: BaseUrl,
    /// Whether secrets themselves may be sent to the endpoint, or only values made with them (a MAC, an OAuth 1.0a signature). They may not be sent to a
    /// plain http destination without the operator's further consent.
    pub secrets: SecretsInClear,
    /// The base URL that OAuth 1.0a signs, if the cart knows itself under another URL than `base`. `None` if it signs `base`. The URL's query is not used.
    pub signed: Option<BaseUrl>,
}

/// Whether secrets themselves may be sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretsInClear {
    /// Secrets may be sent: the connection is encrypted, or the operator accepts that it is not.
    Accepted,
    /// Only signatures made with the secrets may be sent.
    Denied,
}

/// The limits on the requests of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// The most requests in one call.
    pub requests: u32,
    /// The largest request, in bytes: target, header names and values, body.
    pub request_bytes: usize,
}
