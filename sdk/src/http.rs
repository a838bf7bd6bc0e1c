//! Requests to the cart, and what it answers.
//!
//! A [`Request`] names an endpoint of the manifest, never a URL. Nothing is encoded twice and nothing is altered: what the builder
//! composes goes out byte for byte, with the credentials added last by the host.

use cartage_contract::http as contract;
use cartage_contract::http::{Escape, Header, QueryPair, SecretPart};

pub use cartage_contract::http::{Error, ErrorKind, Method, Part, Reach};

crate::wraps! {
    /// A request, to be built and sent.
    Request(contract::Request)
}

impl Request {
    /// A GET of an endpoint: of the base URL itself, until [`path`](Request::path) says otherwise.
    pub fn get(endpoint: &str) -> Request {
        Request::new(Method::Get, endpoint)
    }

    /// A POST.
    pub fn post(endpoint: &str) -> Request {
        Request::new(Method::Post, endpoint)
    }

    /// A PUT.
    pub fn put(endpoint: &str) -> Request {
        Request::new(Method::Put, endpoint)
    }

    /// A PATCH.
    pub fn patch(endpoint: &str) -> Request {
        Request::new(Method::Patch, endpoint)
    }

    /// A DELETE.
    pub fn delete(endpoint: &str) -> Request {
        Request::new(Method::Delete, endpoint)
    }

    /// A request by any method.
    pub fn new(method: Method, endpoint: &str) -> Request {
        Request(contract::Request {
            endpoint: endpoint.to_owned(),
            method,
            path: String::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            auth: Vec::new(),
            renew: false,
        })
    }

    /// A path below the base URL, already percent-encoded and without variable parts: `/orders`.
    #[must_use]
    pub fn path(mut self, path: &str) -> Request {
        path.clone_into(&mut self.0.path);
        self
    }

    /// A query pair. The host encodes both.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Request {
        self.0.query.push(QueryPair { name: name.to_owned(), value: Some(vec![Part::Text(value.into())]) });
        self
    }

    /// A header that the manifest declares for the endpoint.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.0.headers.push(Header { name: name.to_owned(), value: vec![Part::Text(value.into())] });
        self
    }

    /// A body of parts, joined byte for byte, and its content type.
    #[must_use]
    pub fn body(mut self, content_type: &str, parts: impl IntoIterator<Item = Part>) -> Request {
        self = self.header("content-type", content_type);
        self.0.body = Some(parts.into_iter().collect());
        self
    }

    /// Applies a credential slot whole, by its kind.
    #[must_use]
    pub fn auth(mut self, slot: &str) -> Request {
        self.0.auth.push(slot.to_owned());
        self
    }

    /// Sends it and waits for the answer. A status of 400 or above is an answer, and so is a redirect, which is not followed.
    ///
    /// # Errors
    /// See [`ErrorKind`]: the host denied it, or there is no whole answer.
    pub fn send(self) -> Result<Response, Error> {
        crate::abi::send(self.0).map(Response)
    }
}

crate::wraps! {
    /// What the cart answered.
    Response(contract::Response)
}

/// Text, as UTF-8.
pub fn text(text: impl Into<String>) -> Part {
    Part::Text(text.into())
}

/// Bytes, as they are.
pub fn bytes(bytes: impl Into<Vec<u8>>) -> Part {
    Part::Bytes(bytes.into())
}

/// A field of a credential slot, written as `escape` says. The host puts the value there last; the plugin never sees it.
pub fn secret(slot: &str, field: &str, escape: Escape) -> Part {
    Part::Secret(SecretPart { slot: slot.to_owned(), field: field.to_owned(), escape })
}
