//! Requests to the cart, as data: `cartage:plugin/http`. The rules are in [`crate::request`].
#![allow(missing_docs, reason = "http.wit documents these fields, once for every language")]

use crate::growth::Extra;
use serde::{Deserialize, Serialize};

/// A request to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub endpoint: String,
    pub method: Method,
    #[serde(default)]
    pub effect: Effect,
    pub path: String,
    pub query: Vec<QueryPair>,
    pub headers: Vec<Header>,
    pub body: Option<Vec<Part>>,
    pub auth: Vec<String>,
    pub renew: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Extra,
}

/// The effect of a request on the cart, as the plugin declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The request changes nothing at the cart.
    Reads,
    /// The request may change something at the cart.
    #[default]
    Writes,
}

/// A request method. Its text is the method's name in upper case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    /// Another method, as the guest wrote it; [`Method::is_sendable`] checks it.
    Other(String),
}

/// The longest name of a method, in characters.
const METHOD_CHARACTERS_MAX: usize = 20;

impl Method {
    /// The methods that have a case of their own.
    pub const USUAL: [Method; 7] = [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Options];

    /// The method's name, in upper case.
    pub fn name(&self) -> &str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
            Method::Other(name) => name,
        }
    }

    /// Whether a request with this method may be sent: its name must be in upper case, and not CONNECT or TRACE, which open a tunnel or echo the request.
    pub fn is_sendable(&self) -> bool {
        let Method::Other(name) = self else { return true };
        let rest = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        (1..=METHOD_CHARACTERS_MAX).contains(&name.len())
            && name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.bytes().all(rest)
            && !matches!(name.as_str(), "CONNECT" | "TRACE")
    }
}

impl From<String> for Method {
    fn from(name: String) -> Method {
        Method::USUAL.into_iter().find(|usual| usual.name() == name).unwrap_or(Method::Other(name))
    }
}

impl From<Method> for String {
    fn from(method: Method) -> String {
        match method {
            Method::Other(name) => name,
            usual => usual.name().to_owned(),
        }
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A name and a value in a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryPair {
    pub name: String,
    pub value: Option<Vec<Part>>,
}

/// A request header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub name: String,
    pub value: Vec<Part>,
}

/// A piece of a body, a query value, a header value or a message to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Text(String),
    Bytes(#[serde(with = "crate::bytes")] Vec<u8>),
    Raw(String),
    Secret(SecretPart),
}

/// A field of a credential slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SecretPart {
    pub slot: String,
    pub field: String,
    pub escape: Escape,
}

/// The escape with which a secret is written in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Escape {
    None,
    Form,
    JsonString,
    XmlText,
    Base64,
}

/// The cart's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<ResponseHeader>,
    #[serde(with = "crate::bytes")]
    pub body: Vec<u8>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Extra,
}

/// A response header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHeader {
    pub name: String,
    pub value: String,
}

/// Why a request has no response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub kind: ErrorKind,
    pub reach: Reach,
    pub message: String,
}

/// How far a request, or the writes of an attempt, progressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Nothing was sent.
    NothingSent,
    /// Some of the request was sent, and no complete answer arrived.
    MaybeSent,
    /// The cart answered everything that was sent.
    Answered,
}

/// The class of an error. The classes up to [`ErrorKind::Unsupported`] are denials: nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    EndpointDenied,
    MethodDenied,
    PathDenied,
    QueryDenied,
    EffectDenied,
    HeaderDenied,
    BodyDenied,
    CredentialDenied,
    RequestTooLarge,
    QuotaExceeded,
    AddressDenied,
    Unsupported,
    Dns,
    Connect,
    Tls,
    Timeout,
    Interrupted,
    ResponseInvalid,
    ResponseTooLarge,
    ResponseType,
    TokenRefused,
    Other,
}
