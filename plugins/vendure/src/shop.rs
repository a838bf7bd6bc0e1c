//! Requests to the shop's Admin API, and the errors in its GraphQL answers.
//!
//! Almost every answer has status 200. Refusals that Vendure returns as types of its own are data here; [`refusal`](crate::refusal) reads them.

use cartage_sdk::http::{GraphqlError, Request, Response};
use cartage_sdk::json::Value;
use cartage_sdk::{Context, Failure};
use std::cell::Cell;

/// The credential slot of an API key.
pub(crate) const KEY: &str = "key";
/// The credential slot of a log-in.
pub(crate) const ACCOUNT: &str = "account";
/// The setting for the channel's token.
pub(crate) const CHANNEL: &str = "channel";

/// The most requests in one call. Each may record a step, and an outcome has up to 100 steps; a larger order is continued in the next call.
pub(crate) const REQUESTS_MAX: u32 = 95;

/// The Admin API, as one call uses it.
pub(crate) struct Shop<'c> {
    pub(crate) context: &'c Context,
    /// The number of requests made so far.
    asked: Cell<u32>,
    /// Whether the shop accepted the credentials in this call.
    taken: Cell<bool>,
}

impl<'c> Shop<'c> {
    pub(crate) fn new(context: &'c Context) -> Shop<'c> {
        Shop { context, asked: Cell::new(0), taken: Cell::new(false) }
    }

    /// Sends a query and returns the data of the answer.
    pub(crate) fn read<const N: usize>(&self, query: &str, variables: [(&str, Value); N]) -> Result<Value, Failure> {
        self.ask(Request::post("api").reads(), query, Value::object(variables))
    }

    /// Sends a mutation and returns the data of the answer.
    pub(crate) fn write<const N: usize>(&self, mutation: &str, variables: [(&str, Value); N]) -> Result<Value, Failure> {
        self.ask(Request::post("api"), mutation, Value::object(variables))
    }

    fn ask(&self, request: Request, document: &str, variables: Value) -> Result<Value, Failure> {
        self.count()?;
        let is_account = self.context.has_slot(ACCOUNT);
        let body = Value::object([("query", document.into()), ("variables", variables)]);
        let mut request = request.auth(if is_account { ACCOUNT } else { KEY }).json(body);
        if let Some(token) = self.context.maybe_text(CHANNEL) {
            request = request.header("vendure-token", token);
        }
        let answer = if is_account { request.send_renewing(|answer| self.is_over(answer))? } else { request.send()? };
        match answer.graphql_value() {
            Ok(data) => {
                self.taken.set(true);
                Ok(data)
            }
            Err(error) => Err(self.failure(&error, &answer, is_account)),
        }
    }

    /// Counts a request, and returns a failure once the call has used up its requests.
    fn count(&self) -> Result<(), Failure> {
        let limit = self.context.limits.requests.min(REQUESTS_MAX);
        if self.asked.get() >= limit {
            return Err(Failure::pending(format!("the update needs more than the {limit} requests of one call")));
        }
        self.asked.set(self.asked.get() + 1);
        Ok(())
    }

    /// Whether the session has ended: Vendure reports that with status 200 and does nothing. The session is not renewed if no request is left.
    fn is_over(&self, answer: &Response) -> bool {
        let is_forbidden = answer.graphql_value().is_err_and(|error| error.has_code("FORBIDDEN"));
        is_forbidden && self.count().is_ok()
    }

    fn failure(&self, error: &GraphqlError, answer: &Response, is_account: bool) -> Failure {
        let said = error.to_string();
        let has = |code: &str| error.has_code(code);
        let failure = if let GraphqlError::Unreadable(_) = error {
            of_status(answer, said)
        } else if has("FORBIDDEN") {
            // Vendure has one code for unknown credentials and for a missing right. After a successful log-in, only a right can be missing.
            if is_account || self.taken.get() {
                Failure::not_permitted(format!("{said}; {}", crate::RIGHTS))
            } else {
                Failure::credentials(format!(
                    "{said}; the API key is wrong, or tokenMethod of the shop's authOptions does not name 'api-key'"
                ))
            }
        } else if has("UNAUTHORIZED") {
            Failure::credentials(said)
        } else if has("CHANNEL_NOT_FOUND") {
            Failure::misconfigured(format!("{said}; set the setting `{CHANNEL}` to the token of a channel of the shop"))
        } else if has("GRAPHQL_VALIDATION_FAILED") {
            Failure::misconfigured(format!("{said}; is the endpoint bound to the Admin API of a Vendure 3 (/admin-api)?"))
        } else if has("ENTITY_NOT_FOUND") {
            // An object that was read just before no longer exists: the next attempt reads the order again.
            Failure::order_busy(said)
        } else if has("USER_INPUT_ERROR") {
            Failure::invalid_data(said)
        } else if has("ILLEGAL_OPERATION") {
            Failure::illegal_transition(said)
        } else {
            error.clone().into()
        };
        match answer.retry_after(self.context) {
            Some(wait) => failure.retry_after(wait),
            None => failure,
        }
    }
}

/// The failure for an answer that is not GraphQL, by its status.
fn of_status(answer: &Response, said: String) -> Failure {
    match answer.status {
        401 => Failure::credentials(said),
        403 => Failure::not_permitted(said),
        301 | 308 | 404 | 405 => Failure::misconfigured(format!("{said}; set the URL of the shop's Admin API")),
        410 => Failure::gone(said),
        413 => Failure::invalid_data(said),
        429 => Failure::rate_limited(said),
        408 | 425 | 500.. => Failure::unavailable(said),
        _ => Failure::protocol(said),
    }
}
