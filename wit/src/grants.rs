//! What the operator allows a cart's plugin: where its endpoints lead, which slots hold a value, how much it may ask.
//!
//! Grants only narrow a manifest: what is not in both is denied. [`crate::request::check`] judges by them.

mod base_url;
mod pattern;

pub use base_url::{BASE_URL_BYTES_MAX, BaseUrl, BaseUrlError};
pub use pattern::{Pattern, PatternError};

use std::collections::{BTreeMap, BTreeSet};

/// What a cart's plugin may do. An endpoint or slot that is not named here is denied.
#[derive(Debug, Clone)]
pub struct Grants {
    /// The bound endpoints, by the manifest's name.
    pub endpoints: BTreeMap<String, BoundEndpoint>,
    /// The slots for which the host holds a value, and the fields that do.
    pub slots: BTreeMap<String, BTreeSet<String>>,
    /// How much.
    pub limits: RequestLimits,
}

/// An endpoint and where it leads.
#[derive(Debug, Clone)]
pub struct BoundEndpoint {
    /// The base URL.
    pub base: BaseUrl,
    /// Whether a secret may be sent there in itself, or only what was made with it (a MAC, an OAuth 1.0a signature): a
    /// plain http destination without the operator's further consent.
    pub secrets: SecretsInClear,
    /// The base URL that OAuth 1.0a signs, where the cart knows itself by another than `base`. `None`: `base`. Its query is not used.
    pub signed: Option<BaseUrl>,
}

/// Whether secrets themselves may be sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretsInClear {
    /// They may: the connection is private, or the operator accepts that it is not.
    Accepted,
    /// They may not: only signatures made with them.
    Denied,
}

/// How much a call may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// Requests in one call.
    pub requests: u32,
    /// Bytes of one request: target, header names and values, body.
    pub request_bytes: usize,
}
