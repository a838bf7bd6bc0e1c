//! Requests to the cart, and the cart's answers.
//!
//! A [`Request`] names an endpoint of the manifest, never a URL. Nothing is encoded twice and nothing is altered: the request is sent byte for byte as
//! the builder composed it, and the host adds the credentials last. The host checks each request against the manifest, and
//! [`testing`](crate::testing) does so with the same code.
//!
//! ```no_run
//! use cartage_sdk::http::{Form, Request};
//! use cartage_sdk::serde_json;
//! # use cartage_sdk::{Context, Delivery, Failure, Update};
//!
//! # fn example(update: &Update, delivery: &Delivery) -> Result<(), Failure> {
//! // A path of variable parts, each encoded once as a segment; JSON; a credential slot applied whole.
//! let answer = Request::put("api")
//!     .path_of("/orders/{}/status", [&update.order_number])?
//!     .query("notify", "0")
//!     .idempotency_key(delivery)
//!     .auth("token")
//!     .json(serde_json::json!({"status": update.status}))
//!     .send()?;
//! if !answer.is_success() {
//!     return Err(Failure::protocol(format!("the shop answered {}: {}", answer.status, answer.excerpt())));
//! }
//!
//! // A form that holds a secret in a place of its own.
//! let form = Form::new().field("action", "ship").secret("password", "account", "password");
//! let answer = Request::post("script").form(form).send()?;
//! # let _ = answer;
//! # Ok(())
//! # }
//! ```

use crate::Failure;
use cartage_contract::delivery::Delivery;
use cartage_contract::encoding;
use cartage_contract::http as contract;
use cartage_contract::http::{Header, QueryPair, SecretPart};

pub use cartage_contract::http::{Effect, Error, ErrorKind, Escape, Method, Part, Reach};

mod body;
mod graphql;
mod links;
mod renew;
mod response;

pub use body::{Form, Json};
pub use graphql::{GraphqlError, GraphqlMessage};
pub use response::{BodyError, Response, excerpt};

crate::wraps! {
    /// A request, to be built and sent. See the [module](self).
    Request(contract::Request)
}

impl Request {
    /// A GET of an endpoint's base URL, until [`path`](Request::path) or [`path_of`](Request::path_of) adds a path.
    pub fn get(endpoint: &str) -> Request {
        Request::new(Method::Get, endpoint)
    }

    /// A POST; see [`get`](Request::get).
    pub fn post(endpoint: &str) -> Request {
        Request::new(Method::Post, endpoint)
    }

    /// A PUT; see [`get`](Request::get).
    pub fn put(endpoint: &str) -> Request {
        Request::new(Method::Put, endpoint)
    }

    /// A PATCH; see [`get`](Request::get).
    pub fn patch(endpoint: &str) -> Request {
        Request::new(Method::Patch, endpoint)
    }

    /// A DELETE; see [`get`](Request::get).
    pub fn delete(endpoint: &str) -> Request {
        Request::new(Method::Delete, endpoint)
    }

    /// A request by any method. GET, HEAD and OPTIONS requests are declared as reading, all others as writing.
    pub fn new(method: Method, endpoint: &str) -> Request {
        let effect = if matches!(method, Method::Get | Method::Head | Method::Options) { Effect::Reads } else { Effect::Writes };
        Request(contract::Request {
            endpoint: endpoint.to_owned(),
            method,
            effect,
            path: String::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            auth: Vec::new(),
            renew: false,
            extra: Vec::new(),
        })
    }

    /// Declares that the request changes nothing at the cart, whatever its method: a GraphQL query, a search by POST. `check` and `list_choices` may only read.
    ///
    /// ```
    /// use cartage_sdk::http::{Effect, Request};
    /// use cartage_sdk::serde_json::json;
    ///
    /// let query = Request::post("api").reads().json(json!({"query": "{orders{totalItems}}"}));
    /// assert_eq!(query.effect, Effect::Reads);
    /// ```
    #[must_use]
    pub fn reads(mut self) -> Request {
        self.0.effect = Effect::Reads;
        self
    }

    /// Declares that the request may change something at the cart, whatever its method.
    #[must_use]
    pub fn writes(mut self) -> Request {
        self.0.effect = Effect::Writes;
        self
    }

    /// Sets the path below the base URL, already percent-encoded: for paths without variable parts.
    #[must_use]
    pub fn path(mut self, path: &str) -> Request {
        path.clone_into(&mut self.0.path);
        self
    }

    /// Sets the path with a value in the place of each `{}`. Each value is encoded once, as exactly one segment or a part of one.
    ///
    /// ```
    /// use cartage_sdk::http::Request;
    ///
    /// let request = Request::get("api").path_of("/orders/{}/notes/{}", ["100 A", "7%"])?;
    /// assert_eq!(request.path, "/orders/100%20A/notes/7%25");
    ///
    /// // A value cannot leave its segment: a value that servers might read as several segments is refused.
    /// for value in ["..", "7/../8", "", "%2e%2e"] {
    ///     assert!(Request::get("api").path_of("/orders/{}", [value]).is_err());
    /// }
    /// # Ok::<(), cartage_sdk::http::PathError>(())
    /// ```
    ///
    /// # Errors
    /// [`PathError::Value`] for a value that cannot be one segment; [`PathError::Count`] unless there are as many values as places. Both turn into
    /// a [`Failure`]: the first into invalid data, the second into a fault of the plugin.
    pub fn path_of(mut self, template: &str, values: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Request, PathError> {
        let count = || PathError::Count { template: template.to_owned() };
        let mut pieces = template.split("{}");
        let mut path = pieces.next().unwrap_or_default().to_owned();
        let mut values = values.into_iter();
        for piece in pieces {
            let value = values.next().ok_or_else(count)?;
            let segment = encoding::path_segment(value.as_ref());
            path.push_str(&segment.map_err(|source| PathError::Value { template: template.to_owned(), source })?);
            path.push_str(piece);
        }
        if values.next().is_some() {
            return Err(count());
        }
        self.0.path = path;
        Ok(self)
    }

    /// Adds a query pair. The host encodes the name and the value; the pair follows the query of the base URL.
    #[must_use]
    pub fn query(self, name: &str, value: impl Into<String>) -> Request {
        self.query_parts(name, [text(value)])
    }

    /// Adds a query pair whose value is joined from parts; a [`secret`] part must have the escape `None` or `Base64`.
    #[must_use]
    pub fn query_parts(mut self, name: &str, value: impl IntoIterator<Item = Part>) -> Request {
        self.0.query.push(QueryPair { name: name.to_owned(), value: Some(value.into_iter().collect()) });
        self
    }

    /// Adds a header that the manifest declares for the endpoint.
    #[must_use]
    pub fn header(self, name: &str, value: impl Into<String>) -> Request {
        self.header_parts(name, [text(value)])
    }

    /// Adds a header whose value is joined from parts; a [`secret`] part must have the escape `None` or `Base64`.
    ///
    /// ```
    /// use cartage_sdk::http::{Escape, Request, secret, text};
    ///
    /// let request = Request::get("api").header_parts("x-auth", [text("key="), secret("account", "key", Escape::None)]);
    /// assert_eq!(request.headers[0].value.len(), 2);
    /// ```
    #[must_use]
    pub fn header_parts(mut self, name: &str, value: impl IntoIterator<Item = Part>) -> Request {
        self.0.headers.push(Header { name: name.to_owned(), value: value.into_iter().collect() });
        self
    }

    /// Adds the delivery's id as the header `idempotency-key`, which the manifest must declare like any other header.
    #[must_use]
    pub fn idempotency_key(self, delivery: &Delivery) -> Request {
        self.header("idempotency-key", delivery.id.as_str())
    }

    /// Sets a form as the body.
    #[must_use]
    pub fn form(self, form: Form) -> Request {
        self.body("application/x-www-form-urlencoded", form.into_parts())
    }

    /// Sets a JSON body: a [`serde_json::Value`], a [`json::Value`](crate::json::Value), which adds less code, or a [`Json`] if a secret is inside it.
    #[must_use]
    pub fn json(self, json: impl Into<Json>) -> Request {
        self.body("application/json", json.into().into_parts())
    }

    /// Sets a body that is joined from parts byte for byte, and its content type, which the manifest must declare.
    #[must_use]
    pub fn body(self, content_type: &str, parts: impl IntoIterator<Item = Part>) -> Request {
        let mut request = self.header("content-type", content_type);
        request.0.body = Some(parts.into_iter().collect());
        request
    }

    /// Applies a whole credential slot in the way of its kind.
    #[must_use]
    pub fn auth(mut self, slot: &str) -> Request {
        self.0.auth.push(slot.to_owned());
        self
    }

    /// Asks the host for new tokens for the slots in [`auth`](Request::auth), because the cart refused the cached ones. The host renews once in a call.
    #[must_use]
    pub fn renew(mut self) -> Request {
        self.0.renew = true;
        self
    }

    /// Sends the request and waits for the answer. A status of 400 or above is an answer, and so is a redirect, which is not followed.
    ///
    /// # Errors
    /// See [`ErrorKind`]: the host denied the request, or no complete answer arrived. `?` turns the error into a [`Failure`].
    pub fn send(self) -> Result<Response, Error> {
        crate::abi::send(self.0).map(Response::from)
    }
}

/// Why a path could not be made from a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// A value cannot be one segment of a path on every server.
    #[error("failed to put a value into the path {template}")]
    Value {
        /// The template of the path.
        template: String,
        /// The rule that the value breaks.
        source: encoding::Error,
    },
    /// The number of values differs from the number of places in the template.
    #[error("the path {template} has a different number of places and of values")]
    Count {
        /// The template of the path.
        template: String,
    },
}

impl From<PathError> for Failure {
    fn from(error: PathError) -> Failure {
        match &error {
            PathError::Value { source, .. } => Failure::invalid_data(format!("{error}: {source}")),
            PathError::Count { .. } => Failure::host_denied(error.to_string()),
        }
    }
}

/// A part that is text, as UTF-8.
pub fn text(text: impl Into<String>) -> Part {
    Part::Text(text.into())
}

/// A part that is bytes, sent unchanged.
pub fn bytes(bytes: impl Into<Vec<u8>>) -> Part {
    Part::Bytes(bytes.into())
}

/// A part that is a field of a credential slot, written as `escape` says. The host inserts the value last; the plugin never sees it.
pub fn secret(slot: &str, field: &str, escape: Escape) -> Part {
    Part::Secret(SecretPart { slot: slot.to_owned(), field: field.to_owned(), escape })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailureKind;

    #[test]
    fn values_and_places_are_as_many() {
        let path = |template, values: &[&str]| Request::get("api").path_of(template, values).map(|request| request.path.clone());
        assert_eq!(path("/a/{}", &["x"]), Ok("/a/x".to_owned()));
        assert_eq!(path("/a-{}.json", &["x"]), Ok("/a-x.json".to_owned()));
        assert_eq!(path("/a", &[]), Ok("/a".to_owned()));
        for values in [&[] as &[&str], &["x", "y"]] {
            assert_eq!(path("/a/{}", values), Err(PathError::Count { template: "/a/{}".to_owned() }));
        }
    }

    #[test]
    fn a_bad_value_is_invalid_data_and_a_bad_template_a_fault_of_the_plugin() {
        let failure = |template, value| Failure::from(Request::get("api").path_of(template, [value]).expect_err("refused"));
        assert_eq!(failure("/a/{}", "..").kind, FailureKind::InvalidData);
        assert_eq!(failure("/a", "b").kind, FailureKind::HostDenied);
    }
}
