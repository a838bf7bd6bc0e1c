//! Requests to the cart, as data: `cartage:plugin/http`. The rules are in [`crate::request`].
#![allow(missing_docs, reason = "http.wit documents these fields, once for every language")]

use serde::{Deserialize, Serialize};

/// What to ask, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub endpoint: String,
    pub method: Method,
    pub path: String,
    pub query: Vec<QueryPair>,
    pub headers: Vec<Header>,
    pub body: Option<Vec<Part>>,
    pub auth: Vec<String>,
    pub renew: bool,
}

/// A request method. CONNECT and TRACE cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
        })
    }
}

/// One pair of a query.
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

/// How a secret is written where it is put.
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
}

/// A response header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHeader {
    pub name: String,
    pub value: String,
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub kind: ErrorKind,
    pub reach: Reach,
    pub message: String,
}

/// How far a request, or all requests of an attempt, got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Nothing was sent.
    NothingSent,
    /// Some of it was sent and no whole answer came.
    MaybeSent,
    /// The cart answered.
    Answered,
}

/// The class of an error. Those up to [`ErrorKind::Unsupported`] are denials: nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    EndpointDenied,
    MethodDenied,
    PathDenied,
    QueryDenied,
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
}
