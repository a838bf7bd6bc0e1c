//! Problem details (RFC 9457): what is wrong with a request, for the sender's program and for people.
//!
//! `type` names a section of `docs/http-api.md`. `title` is the same for all problems of a type; `detail` and `what_to_do` are about this request.

use super::caller::Callers;
use super::schema;
use super::words::Requests;
use axum::response::{IntoResponse, Response};
use cartage::remedies;
use cartage_base::causes::chain;
use cartage_model::remedy::{Remedy, Words as _};
use cartage_policy::gate::Decision;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::iter::successors;
use utoipa::openapi::response::{Response as DescribedResponse, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};
use utoipa::{ToResponse, ToSchema};

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
    /// The command that asks is of another release than the daemon.
    OtherRelease,
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
    pub(super) const ALL: [Kind; 22] = [
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
        Kind::OtherRelease,
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
            Kind::OtherRelease => (StatusCode::CONFLICT, "other-release", "The command is of another release than the daemon"),
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
    what_to_do: Option<Box<Remedy>>,
    error: Option<Box<Cause>>,
    more: Option<Box<More>>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

/// The error behind a problem. Users of the machine are told all of it; others only what the problem says.
#[derive(Debug, Clone)]
struct Cause {
    message: String,
    causes: Vec<String>,
    remedy: Option<Remedy>,
}

/// The problem details of RFC 9457.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document {
    /// The kind of the problem, which names a section of docs/http-api.md.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of the problem in words.
    pub title: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// Why, the nearest cause first. Only users of the machine are told; others find the causes in `detail`, or in the log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// What to do: a request, or what must be done on the machine. Left out: `detail` says it, or nothing but waiting helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<schema::Remedy>)]
    pub what_to_do: Option<Remedy>,
    /// The path of the request.
    pub instance: String,
    /// The members that only some problems have.
    #[serde(flatten)]
    #[schema(value_type = More, inline)]
    pub more: Option<Box<More>>,
}

/// The members that only some problems have.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct More {
    /// Of too-large: the largest body that the path takes, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub bytes_max: Option<usize>,
    /// Of a batch of a wrong size: the most updates of a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub updates_max: Option<usize>,
    /// Of role-needed: the role that the request needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub role_needed: Option<String>,
    /// Of a delivery that cannot be retried or discarded: its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub state: Option<String>,
    /// Of an order that is not forgotten: the number of its deliveries that wait or are dead letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub deliveries: Option<u64>,
    /// Of not-sent: the gate's decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<schema::decision::Decision>)]
    pub decision: Option<Decision<String>>,
    /// Of a definition that needs approval: the change that was not made, as the answer to a dry run shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Object>)]
    pub change: Option<Value>,
    /// Of a definition that is not taken: what must be corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub correct: Option<Correct>,
}

/// What must be corrected before a definition is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Correct {
    /// The definition: it does not fit the plugin.
    Definition,
    /// The file of the plugin, which is not in the data directory.
    PluginFile,
}

impl<'r> ToResponse<'r> for Document {
    fn response() -> (&'r str, RefOr<DescribedResponse>) {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Document::name()))).build();
        let response = ResponseBuilder::new().description("What is wrong with the request.").content("application/problem+json", content);
        ("Problem", response.build().into())
    }
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Problem {
        let detail: String = detail.into();
        let detail = if detail.chars().count() > DETAIL_CHARS_MAX {
            detail.chars().take(DETAIL_CHARS_MAX - 1).chain(['…']).collect()
        } else {
            detail
        };
        Problem { kind, detail, what_to_do: None, error: None, more: None, header: None }
    }

    /// A problem whose detail is an error with all its causes.
    pub(super) fn of(kind: Kind, error: &(dyn std::error::Error + 'static)) -> Problem {
        Problem::new(kind, chain(error)).by(error)
    }

    /// This problem with the error behind it, which users of the machine are told.
    pub(super) fn by(self, error: &(dyn std::error::Error + 'static)) -> Problem {
        let causes = successors(error.source(), |cause| cause.source()).map(ToString::to_string).collect();
        let error = Cause { message: error.to_string(), causes, remedy: remedies::of(error) };
        Problem { error: Some(Box::new(error)), ..self }
    }

    /// This problem with further members.
    pub(super) fn with(self, more: More) -> Problem {
        Problem { more: Some(Box::new(more)), ..self }
    }

    /// This problem with another detail.
    pub(super) fn saying(self, detail: impl Into<String>) -> Problem {
        Problem { detail: detail.into(), ..self }
    }

    /// This problem as the cause of what everybody is told: users of the machine are told the error behind it as well.
    pub(super) fn causing(self, detail: String) -> Problem {
        let error = self.error.map(|mut error| {
            let cause = std::mem::replace(&mut error.message, detail.clone());
            error.causes.insert(0, cause);
            error
        });
        Problem { detail, error, ..self }
    }

    /// This problem with what to do, if that is known.
    pub(super) fn doing(self, remedy: Option<&Remedy>) -> Problem {
        Problem { what_to_do: remedy.cloned().map(Box::new), ..self }
    }

    /// This problem with a header.
    pub(super) fn header(self, name: HeaderName, value: HeaderValue) -> Problem {
        Problem { header: Some(Box::new((name, value))), ..self }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.kind.parts().0
    }

    /// The JSON document for callers on the network. `instance` is the path of the request.
    pub(super) fn document(&self, instance: &str) -> Document {
        let (status, slug, title) = self.kind.parts();
        Document {
            kind: format!("docs/http-api.md#{slug}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail.clone(),
            causes: Vec::new(),
            what_to_do: self.what_to_do.as_deref().map(|remedy| Remedy::Text(Requests.advice(remedy))),
            instance: instance.to_owned(),
            more: self.more.clone(),
        }
    }

    /// The JSON document for users of the machine: with the error behind the problem, and its remedy as data.
    pub(super) fn whole_document(&self, instance: &str) -> Document {
        let document = self.document(instance);
        match self.error.as_deref() {
            Some(Cause { message, causes, remedy }) => Document {
                detail: message.clone(),
                causes: causes.clone(),
                what_to_do: remedy.clone().or_else(|| self.what_to_do.as_deref().cloned()),
                ..document
            },
            None => Document { what_to_do: self.what_to_do.as_deref().cloned(), ..document },
        }
    }

    /// The answer to a request at this path.
    pub(super) fn response(self, callers: &Callers, instance: &str) -> Response {
        let document = match callers {
            Callers::Machine => self.whole_document(instance),
            Callers::Tokens { .. } => self.document(instance),
        };
        let document = serde_json::to_value(document).expect("a problem is plain data");
        let mut response = (self.status(), document.to_string()).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some((name, value)) = self.header.map(|header| *header) {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
