//! One route of the API.

use super::Answering;
use super::body::Takes;
use super::call::{Call, Shared};
use super::problem::Problem;
use axum::response::Response;
use cartage::service::access_tokens::Role;
use http::Method;
use std::sync::Arc;

/// The answer of a handler, under way.
pub(super) type Handled = Answering<Result<Response, Problem>>;

/// One route: its method, path, parameters, body and handler.
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// The names of the query parameters that the route takes.
    pub(super) query: &'static [&'static str],
    pub(super) takes: Takes,
    pub(super) run: Run,
}

/// Who may call a route, and its handler.
pub(super) enum Run {
    /// Anybody may call the route, because its answer tells nothing about anybody.
    Open(fn(Arc<Shared>) -> Handled),
    /// The route needs a token of this role.
    For(Role, fn(Call) -> Handled),
    /// Only users of the machine may call the route.
    Machine(fn(Call) -> Handled),
    /// The route needs a token of this role, which a person with a browser gives as a password.
    Page(Role, fn(Call) -> Handled),
}
