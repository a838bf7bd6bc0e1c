//! GraphQL answers: the requested values are under `data` and the errors under `errors`, mostly with status 200.

use super::{BodyError, Response, excerpt};
use crate::json::Value;
use crate::{Failure, FailureKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;

impl Response {
    /// The `data` of an answer without errors. Refusals that a shop puts into its own types, such as Vendure's `ErrorResult`, are data.
    ///
    /// ```
    /// use cartage_sdk::contract::http;
    /// use cartage_sdk::http::Response;
    /// use cartage_sdk::serde_json::Value;
    /// use cartage_sdk::{Failure, FailureKind};
    ///
    /// let body = br#"{"errors": [{"message": "no access", "extensions": {"code": "FORBIDDEN"}}], "data": null}"#;
    /// let response = Response::from(http::Response { status: 200, headers: vec![], body: body.to_vec(), extra: vec![] });
    /// let error = response.graphql::<Value>().expect_err("it is refused");
    /// assert!(error.has_code("FORBIDDEN"));
    /// assert_eq!(Failure::from(error).kind, FailureKind::Credentials);
    /// ```
    ///
    /// # Errors
    /// [`GraphqlError`] if the answer has errors, or is not a GraphQL answer. `?` turns it into a failure by the usual codes; first use
    /// [`has_code`](GraphqlError::has_code) to look for codes that have another meaning at this shop.
    pub fn graphql<T: DeserializeOwned>(&self) -> Result<T, GraphqlError> {
        // The errors are checked first, because an answer with errors has data of another shape.
        self.graphql_value()?;
        Ok(self.json::<Data<T>>()?.data)
    }

    /// The `data` of an answer without errors as a [`json::Value`](crate::json::Value), which adds less code than [`graphql`](Response::graphql).
    ///
    /// ```
    /// use cartage_sdk::contract::http;
    /// use cartage_sdk::http::{Request, Response};
    /// use cartage_sdk::json::Value;
    ///
    /// let variables = Value::object([("code", "100-A".into())]);
    /// let query = Value::object([("query", "query Find($code: String!) { order(code: $code) { id } }".into()), ("variables", variables)]);
    /// let request = Request::post("api").reads().json(query);
    /// # assert!(request.body.is_some());
    ///
    /// let body = br#"{"data": {"order": {"id": "7"}}}"#;
    /// let response = Response::from(http::Response { status: 200, headers: vec![], body: body.to_vec(), extra: vec![] });
    /// assert_eq!(response.graphql_value()?["order"]["id"].text(), Some("7"));
    /// # Ok::<(), cartage_sdk::http::GraphqlError>(())
    /// ```
    ///
    /// # Errors
    /// As [`graphql`](Response::graphql).
    pub fn graphql_value(&self) -> Result<Value, GraphqlError> {
        let mut body = self.json_value()?;
        let unreadable = BodyError::NotJson { status: self.status, line: 1, column: 1, shape: true };
        let errors = &body["errors"];
        match errors.list() {
            Some([]) => {}
            None if errors.is_null() => {}
            Some(errors) => {
                return Err(GraphqlError::Refused { status: self.status, errors: errors.iter().map(GraphqlMessage::read).collect() });
            }
            None => return Err(unreadable.into()),
        }
        body.take("data").ok_or(unreadable.into())
    }
}

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

/// Why a GraphQL answer has no data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphqlError {
    /// The shop reported errors.
    Refused {
        /// The answer's HTTP status.
        status: u16,
        /// The errors that the shop reported; at least one.
        errors: Vec<GraphqlMessage>,
    },
    /// The answer is not a GraphQL answer, or its data are of another shape.
    Unreadable(BodyError),
}

/// One error of a GraphQL answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphqlMessage {
    /// The shop's message, for people.
    pub message: String,
    code: Option<String>,
}

impl GraphqlMessage {
    fn read(error: &Value) -> GraphqlMessage {
        let text = |value: &Value| value.text().map(str::to_owned);
        GraphqlMessage { message: text(&error["message"]).unwrap_or_default(), code: text(&error["extensions"]["code"]) }
    }

    /// The code in `extensions`, such as `FORBIDDEN`.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

impl GraphqlError {
    /// Whether one of the errors has this code; case is ignored.
    pub fn has_code(&self, code: &str) -> bool {
        self.codes().any(|own| own.eq_ignore_ascii_case(code))
    }

    fn codes(&self) -> impl Iterator<Item = &str> {
        let errors = match self {
            GraphqlError::Refused { errors, .. } => errors.as_slice(),
            GraphqlError::Unreadable(_) => &[],
        };
        errors.iter().filter_map(GraphqlMessage::code)
    }

    /// The failure kind that the usual codes mean. Without a known code, the status decides; otherwise the answer counts as not understood.
    fn kind(&self) -> FailureKind {
        let GraphqlError::Refused { status, .. } = self else { return FailureKind::Protocol };
        let of_code = |code: &str| match code.to_ascii_uppercase().as_str() {
            "FORBIDDEN" | "UNAUTHENTICATED" | "UNAUTHORIZED" | "ACCESS_DENIED" => Some(FailureKind::Credentials),
            "THROTTLED" | "RATE_LIMITED" | "TOO_MANY_REQUESTS" => Some(FailureKind::RateLimited),
            "INTERNAL_SERVER_ERROR" | "SERVICE_UNAVAILABLE" | "TIMEOUT" => Some(FailureKind::Unavailable),
            "BAD_USER_INPUT" => Some(FailureKind::InvalidData),
            _ => None,
        };
        self.codes().find_map(of_code).unwrap_or(match status {
            401 => FailureKind::Credentials,
            429 => FailureKind::RateLimited,
            500..=599 => FailureKind::Unavailable,
            _ => FailureKind::Protocol,
        })
    }
}

impl fmt::Display for GraphqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GraphqlError::Refused { status, errors } => {
                write!(f, "the shop refused the query (HTTP {status})")?;
                for (error, joint) in errors.iter().zip([": "].into_iter().chain(std::iter::repeat("; "))) {
                    write!(f, "{joint}{}", excerpt(&error.message))?;
                    if let Some(code) = error.code() {
                        write!(f, " ({})", excerpt(code))?;
                    }
                }
                Ok(())
            }
            GraphqlError::Unreadable(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for GraphqlError {}

impl From<BodyError> for GraphqlError {
    fn from(error: BodyError) -> GraphqlError {
        GraphqlError::Unreadable(error)
    }
}

impl From<GraphqlError> for Failure {
    fn from(error: GraphqlError) -> Failure {
        Failure::new(error.kind(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_contract::http;
    use serde_json::{Value, json};

    /// Parses the answer both with `serde_json` and with the small parser, and checks that both agree.
    fn answer(status: u16, body: &Value) -> Result<Value, GraphqlError> {
        let response = http::Response { status, headers: Vec::new(), body: body.to_string().into_bytes(), extra: Vec::new() };
        let response = Response::from(response);
        let read = response.graphql::<Value>();
        let same = response.graphql_value().map(|data| serde_json::from_str(&data.to_string()).expect("it is JSON"));
        assert_eq!(read, same, "{body}");
        read
    }

    #[test]
    fn data_is_there_only_where_nothing_went_wrong() {
        assert_eq!(answer(200, &json!({"data": {"orders": []}})), Ok(json!({"orders": []})));
        assert_eq!(answer(200, &json!({"data": {"orders": []}, "errors": []})), Ok(json!({"orders": []})));
        let partial = answer(200, &json!({"data": {"orders": []}, "errors": [{"message": "half"}]})).expect_err("it has an error");
        assert_eq!(partial.to_string(), "the shop refused the query (HTTP 200): half");
        assert!(matches!(answer(200, &json!({"message": "not found"})), Err(GraphqlError::Unreadable(_))));
        assert_eq!(answer(200, &json!({"data": null, "errors": null})), Ok(Value::Null));
        for body in [json!("bad gateway"), json!({"data": {}, "errors": "half"}), json!({"errors": []}), json!([])] {
            assert!(matches!(answer(502, &body), Err(GraphqlError::Unreadable(_))), "{body}");
        }
    }

    #[test]
    fn codes_have_their_usual_meaning_and_else_the_status_decides() {
        let kind = |status, code: Value| {
            let errors = json!({"errors": [{"message": "first"}, {"message": "no", "extensions": {"code": code}}]});
            Failure::from(answer(status, &errors).expect_err("it has errors")).kind
        };
        for (status, code, expected) in [
            (200, json!("FORBIDDEN"), FailureKind::Credentials),
            (200, json!("Throttled"), FailureKind::RateLimited),
            (200, json!("INTERNAL_SERVER_ERROR"), FailureKind::Unavailable),
            (200, json!("BAD_USER_INPUT"), FailureKind::InvalidData),
            (400, json!("GRAPHQL_VALIDATION_FAILED"), FailureKind::Protocol),
            (200, json!("ENTITY_NOT_FOUND"), FailureKind::Protocol),
            (200, Value::Null, FailureKind::Protocol),
            (401, Value::Null, FailureKind::Credentials),
            (429, Value::Null, FailureKind::RateLimited),
            (503, Value::Null, FailureKind::Unavailable),
        ] {
            assert_eq!(kind(status, code.clone()), expected, "{status} {code}");
        }
    }
}
