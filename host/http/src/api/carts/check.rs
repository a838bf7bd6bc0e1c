//! The check of a cart: its plugin says whether the cart works. Nothing is changed at the cart.

use super::super::call::{Call, json};
use super::super::problem::{self, Problem};
use super::super::schema;
use axum::response::Response;
use cartage::service::{AskedList, Checked, Next};
use cartage_contract::delivery::FindingLevel;
use cartage_engine::unsupported;
use cartage_model::exchange::Outcome;
use cartage_model::id::{CartId, SenderOrderNumber};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a check is to look at.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckBody {
    /// An order that the plugin looks up as well, by the number that its sender gives. Left out: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::OrderNumber>, nullable = false)]
    pub order: Option<SenderOrderNumber>,
}

/// What a check found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CheckResult {
    /// The Cart ID.
    #[schema(value_type = schema::CartId)]
    pub cart: CartId,
    /// Whether the plugin found no problem, every list was given, and no answer of the cart repeated a secret.
    pub works: bool,
    /// What the plugin answered: `report` with its findings, `failed`, or how the call `ended`.
    #[schema(value_type = Object)]
    pub outcome: Outcome,
    /// What became of the next credentials.
    #[schema(value_type = schema::cart::NextCredentials, inline)]
    pub next_credentials: Next,
    /// Whether an answer of the cart repeated a secret. Whoever can read the cart's answers may know it.
    pub secret_reflected: bool,
    /// The lists that only the shop knows, each with what it lacks of the cart's definition.
    #[schema(value_type = Vec<Object>)]
    pub lists: Vec<AskedList>,
    /// What is allowed in the definition, but probably wrong, and what the plugin wants that this host does not support yet.
    pub warnings: Vec<String>,
    /// Of the warnings, those of what this host does not support yet.
    pub unsupported: Vec<String>,
}

/// Asks the cart's plugin whether the cart works, and the shop for the lists that only it knows. Nothing is changed at the cart.
#[utoipa::path(
    post,
    path = "/v1/carts/{cart}/check",
    operation_id = "checkCart",
    params(("cart" = schema::CartId, Path, description = "The Cart ID.")),
    request_body(content = inline(CheckBody)),
    responses(
        (status = 200, description = "What the check found.", body = inline(CheckResult)),
        (status = 404, response = problem::Document),
        (status = 409, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(in crate::api) async fn check(call: Call) -> Result<Response, Problem> {
    let kept = call.service.carts().get(&call.cart()?).await?;
    let order = if call.body.is_empty() { None } else { call.json::<CheckBody>()?.order };
    let checks = call.service.checks();
    let Checked { cassette, next } = Box::pin(checks.check(&kept, order.as_ref())).await?;
    let lists = Box::pin(checks.ask_lists(&kept)).await?;
    let warnings = call.service.definitions().doubts(&kept.cart, kept.manifest(), &[]).await?;
    let secret_reflected = cassette.recording.secret_reflected;
    let works = is_fine(&cassette.outcome) && !secret_reflected && lists.iter().all(|asked| asked.failed.is_none());
    let unsupported = kept.manifest().map(unsupported).unwrap_or_default();
    let (cart, outcome) = (kept.cart.id.clone(), cassette.outcome);
    let result = CheckResult { cart, works, outcome, next_credentials: next, secret_reflected, lists, warnings, unsupported };
    Ok(json(StatusCode::OK, &result))
}

/// Whether a check found no problem.
fn is_fine(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Report(report) => report.findings.iter().all(|finding| finding.level != FindingLevel::Problem),
        Outcome::Failed(_) | Outcome::Ended(_) | Outcome::Applied(_) | Outcome::Choices(_) => false,
    }
}
