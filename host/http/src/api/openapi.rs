//! The description of the API (OpenAPI 3.1). It is written by hand; a test compares it with the table of routes, both ways.

use super::call::typed;
use super::problem::Problem;
use axum::response::Response;
use http::StatusCode;

/// The description as it is served, in JSON.
pub(super) const DESCRIPTION: &str = include_str!("openapi.json");

/// Shows the description.
pub(super) async fn show() -> Result<Response, Problem> {
    Ok(typed(StatusCode::OK, "application/json", DESCRIPTION))
}
