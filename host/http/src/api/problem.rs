//! Problem details (RFC 9457): what is wrong with a request, for the sender's program and for people.
//!
//! `type` names a section of `docs/http-api.md`, which describes the remedy. `title` is the same for all problems of a type; `detail` is about this request.

use axum::response::{IntoResponse, Response};
use cartage_base::causes::chain;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

/// The most characters of a detail, which may quote the sender's text.
pub(super) const DETAIL_CHARS_MAX: usize = 2_000;

/// The kind of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The request is malformed.
    BadRequest,
    /// The cursor was not issued for this list.
    BadCursor,
    /// The request has no token, or one that is not known.
    Unauthorized,
    /// The token's role does not allow the request.
    RoleNeeded,
    /// The token is limited to other carts.
    CartNotAllowed,
    /// The request comes from a page of an origin that is not allowed.
    OriginNotAllowed,
    /// The setting can be changed on the machine itself only.
    MachineOnly,
    /// The merchant has no object of this name.
    NotFound,
    /// The path exists, but not with this method.
    MethodNotAllowed,
    /// The body did not arrive in time.
    Timeout,
    /// The gate decided that nothing is sent until somebody acts.
    NotSent,
    /// The request contradicts the present state.
    Conflict,
    /// The body is too large.
    TooLarge,
    /// The body's media type is not the one that the route reads.
    UnsupportedMediaType,
    /// The request names a host that is not the daemon's.
    HostNotAllowed,
    /// The request is well-formed, but a value in it is not valid.
    Invalid,
    /// The idempotency key was used for another request.
    KeyReused,
    /// The token is used too often.
    TooManyRequests,
    /// An error in Cartage.
    Internal,
    /// The request cannot be served at present and may be repeated.
    Unavailable,
    /// The disk is nearly full.
    NoRoom,
}

impl Kind {
    #[cfg(test)]
    pub(super) const ALL: [Kind; 21] = [
        Kind::BadRequest,
        Kind::BadCursor,
        Kind::Unauthorized,
        Kind::RoleNeeded,
        Kind::CartNotAllowed,
        Kind::OriginNotAllowed,
        Kind::MachineOnly,
        Kind::NotFound,
        Kind::MethodNotAllowed,
        Kind::Timeout,
        Kind::NotSent,
        Kind::Conflict,
        Kind::TooLarge,
        Kind::UnsupportedMediaType,
        Kind::HostNotAllowed,
        Kind::Invalid,
        Kind::KeyReused,
        Kind::TooManyRequests,
        Kind::Internal,
        Kind::Unavailable,
        Kind::NoRoom,
    ];

    /// The HTTP status, the section of the guide and the title of this kind.
    pub(super) fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Kind::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "The request is not well-formed"),
            Kind::BadCursor => (StatusCode::BAD_REQUEST, "bad-cursor", "The cursor does not belong to this list"),
            Kind::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "The request carries no valid token"),
            Kind::RoleNeeded => (StatusCode::FORBIDDEN, "role-needed", "The token's role does not allow this"),
            Kind::CartNotAllowed => (StatusCode::FORBIDDEN, "cart-not-allowed", "The token is limited to other carts"),
            Kind::OriginNotAllowed => (StatusCode::FORBIDDEN, "origin-not-allowed", "Pages of this origin may not call the API"),
            Kind::MachineOnly => (StatusCode::FORBIDDEN, "machine-only", "This can be changed only on the machine itself"),
            Kind::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Kind::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The path does not support this method"),
            Kind::Timeout => (StatusCode::REQUEST_TIMEOUT, "timeout", "The body did not arrive in time"),
            Kind::NotSent => (StatusCode::CONFLICT, "not-sent", "Nothing is sent until somebody acts"),
            Kind::Conflict => (StatusCode::CONFLICT, "conflict", "The request conflicts with the current state"),
            Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Kind::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "The body has another type than the path \
                 takes",
            ),
            Kind::HostNotAllowed => (StatusCode::MISDIRECTED_REQUEST, "host-not-allowed", "The request is meant for another host"),
            Kind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request is not valid"),
            Kind::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "key-reused", "The idempotency key was used with another request"),
            Kind::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "The token is used too often"),
            Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Cartage failed to serve the request"),
            Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Cartage cannot serve the request now"),
            Kind::NoRoom => (StatusCode::INSUFFICIENT_STORAGE, "no-room", "Cartage has no room to store the request"),
        }
    }
}

/// A problem with a request, as the answer reports it.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) kind: Kind,
    pub(super) detail: String,
    more: Map<String, Value>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Problem {
        let detail: String = detail.into();
        let detail = if detail.chars().count() > DETAIL_CHARS_MAX {
            detail.chars().take(DETAIL_CHARS_MAX - 1).chain(['…']).collect()
        } else {
            detail
        };
        Problem { kind, detail, more: Map::new(), header: None }
    }

    /// A problem whose detail is an error with all its causes.
    pub(super) fn of(kind: Kind, error: &(dyn std::error::Error + 'static)) -> Problem {
        Problem::new(kind, chain(error))
    }

    /// This problem with one more member.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// This problem with another detail.
    pub(super) fn saying(self, detail: impl Into<String>) -> Problem {
        Problem { detail: detail.into(), ..self }
    }

    /// This problem with a header.
    pub(super) fn header(self, name: HeaderName, value: HeaderValue) -> Problem {
        Problem { header: Some(Box::new((name, value))), ..self }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.kind.parts().0
    }

    /// The JSON document. `instance` is the path of the request.
    pub(super) fn document(&self, instance: &str) -> Value {
        let (status, slug, title) = self.kind.parts();
        let mut document = json!({
            "type": format!("docs/http-api.md#{slug}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.detail,
            "instance": instance,
        });
        let members = document.as_object_mut().expect("it was made as an object");
        members.extend(self.more.clone());
        document
    }

    pub(super) fn response(self, instance: &str) -> Response {
        let document = self.document(instance).to_string();
        let mut response = (self.status(), document).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some((name, value)) = self.header.map(|header| *header) {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
