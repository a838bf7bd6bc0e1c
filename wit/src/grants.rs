//! What the operator allows a cart's plugin: where its endpoints lead, which slots hold a value, how much it may ask.

use crate::manifest::Base;
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

/// A base URL in its normal form, checked when the operator binds it.
///
/// `https` or `http`, a host, perhaps a port, perhaps a path and a query; without a trailing slash on the path, user information or a
/// fragment. Whether its address may be reached is not known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: url::Url,
}

/// Why a text is no base URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BaseUrlError(String);

impl BaseUrl {
    /// Checks a base URL as the operator wrote it. Refuses everything that is not already in its normal form (a trailing slash on the path
    /// apart), so that what the operator reads is what the host contacts.
    pub fn parse(text: &str) -> Result<BaseUrl, BaseUrlError> {
        todo!("{text}")
    }

    /// Whether this URL is one that the manifest's endpoint may be bound to.
    pub fn fits(&self, base: &Base) -> bool {
        todo!("{base:?}")
    }

    /// The URL of a request: the path follows the base's, the query pairs follow the base's query.
    pub fn join(&self, path: &str, query: &str) -> String {
        todo!("{path} {query}")
    }

    /// The normal form, without a trailing slash on the path.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The URL itself, for the HTTP client.
    pub fn url(&self) -> &url::Url {
        &self.url
    }

    /// The host: a name in its ASCII form without a trailing dot, or a literal address, which the egress code must judge.
    pub fn host(&self) -> url::Host<&str> {
        self.url.host().expect("a base URL has a host")
    }

    /// The port, given or by the scheme.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().expect("http and https have a default port")
    }

    /// Whether the connection is private: https.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}
