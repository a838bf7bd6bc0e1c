//! Requests to the cart, and what it answers.
//!
//! A [`Request`] names an endpoint of the manifest, never a URL. Nothing is encoded twice and nothing is altered: what the builder
//! composes goes out byte for byte, with the credentials added last by the host. The host judges each request by the manifest; so
//! does [`testing`](crate::testing), by the same code.
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
    /// A GET of an endpoint: of the base URL itself, until [`path`](Request::path) or [`path_of`](Request::path_of) says otherwise.
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

    /// A request by any method. It is said to read where its method is GET, HEAD or OPTIONS, else to write.
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

    /// It changes nothing at the cart, whatever its method: a query by GraphQL, a search by POST. `check` and `list_choices` may make no other.
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

    /// It may change something at the cart, whatever its method.
    #[must_use]
    pub fn writes(mut self) -> Request {
        self.0.effect = Effect::Writes;
        self
    }

    /// A path below the base URL, already percent-encoded: for paths without variable parts.
    #[must_use]
    pub fn path(mut self, path: &str) -> Request {
        path.clone_into(&mut self.0.path);
        self
    }

    /// A path with a value in the place of each `{}`, encoded once, as exactly one segment or a part of one.
    ///
    /// ```
    /// use cartage_sdk::http::Request;
    ///
    /// let request = Request::get("api").path_of("/orders/{}/notes/{}", ["100 A", "7%"])?;
    /// assert_eq!(request.path, "/orders/100%20A/notes/7%25");
    ///
    /// // A value cannot leave its segment: what cannot be trusted to stay there is refused.
    /// for value in ["..", "7/../8", "", "%2e%2e"] {
    ///     assert!(Request::get("api").path_of("/orders/{}", [value]).is_err());
    /// }
    /// # Ok::<(), cartage_sdk::http::PathError>(())
    /// ```
    ///
    /// # Errors
    /// [`PathError::Value`] for a value that cannot be one segment; [`PathError::Count`] unless there is one value a place. Both turn into
    /// a [`Failure`]: invalid data, and a fault of the plugin.
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

    /// A query pair. The host encodes both; it follows a query in the base URL.
    #[must_use]
    pub fn query(self, name: &str, value: impl Into<String>) -> Request {
        self.query_parts(name, [text(value)])
    }

    /// A query pair whose value is joined from parts; a [`secret`] one has the escape `None` or `Base64`.
    #[must_use]
    pub fn query_parts(mut self, name: &str, value: impl IntoIterator<Item = Part>) -> Request {
        self.0.query.push(QueryPair { name: name.to_owned(), value: Some(value.into_iter().collect()) });
        self
    }

    /// A header that the manifest declares for the endpoint.
    #[must_use]
    pub fn header(self, name: &str, value: impl Into<String>) -> Request {
        self.header_parts(name, [text(value)])
    }

    /// A header whose value is joined from parts; a [`secret`] one has the escape `None` or `Base64`.
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

    /// The delivery's id as the header `idempotency-key`, which the manifest declares like any other.
    #[must_use]
    pub fn idempotency_key(self, delivery: &Delivery) -> Request {
        self.header("idempotency-key", delivery.id.as_str())
    }

    /// A form as the body.
    #[must_use]
    pub fn form(self, form: Form) -> Request {
        self.body("application/x-www-form-urlencoded", form.into_parts())
    }

    /// A JSON body: a [`serde_json::Value`], a [`json::Value`](crate::json::Value) in less code, or a [`Json`] where a secret lies inside it.
    #[must_use]
    pub fn json(self, json: impl Into<Json>) -> Request {
        self.body("application/json", json.into().into_parts())
    }

    /// A body of parts, joined byte for byte, and its content type, which the manifest declares.
    #[must_use]
    pub fn body(self, content_type: &str, parts: impl IntoIterator<Item = Part>) -> Request {
        let mut request = self.header("content-type", content_type);
        request.0.body = Some(parts.into_iter().collect());
        request
    }

    /// Applies a credential slot whole, by its kind.
    #[must_use]
    pub fn auth(mut self, slot: &str) -> Request {
        self.0.auth.push(slot.to_owned());
        self
    }

    /// Obtains the tokens of the slots in [`auth`](Request::auth) anew, because the cart refused the cached one. Honoured once a call.
    #[must_use]
    pub fn renew(mut self) -> Request {
        self.0.renew = true;
        self
    }

    /// Sends it and waits for the answer. A status of 400 or above is an answer, and so is a redirect, which is not followed.
    ///
    /// # Errors
    /// See [`ErrorKind`]: the host denied it, or there is no whole answer. `?` turns it into a [`Failure`].
    pub fn send(self) -> Result<Response, Error> {
        crate::abi::send(self.0).map(Response::from)
    }
}

/// Why there is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// A value cannot be one segment of a path on every server.
    #[error("failed to put a value into the path {template}")]
    Value {
        /// The template.
        template: String,
        /// The rule that the value breaks.
        source: encoding::Error,
    },
    /// There are more or fewer values than places.
    #[error("the path {template} has another number of places than of values")]
    Count {
        /// The template.
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
