//! The tokens of the API's callers: makes, lists and removes them. A token's text is in the answer that makes it, and in no other.

use super::call::{Call, json};
use super::problem::{self, Problem};
use super::schema;
use super::schema::UnixMs;
use axum::response::Response;
use cartage::service::access_tokens::{NewToken, Role, Token};
use cartage_model::id::{CartId, MerchantId};
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The tokens of the merchant.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenList {
    /// The tokens, by name.
    pub tokens: Vec<TokenState>,
}

/// A token, without its text.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Token)]
pub struct TokenState {
    /// The name under which the audit lists the token's holder.
    pub name: String,
    /// The role of the token's holder.
    #[schema(value_type = schema::Role, inline)]
    pub role: Role,
    /// The carts that the holder may touch. Null: every cart.
    #[schema(required, value_type = Option<Vec<schema::CartId>>)]
    pub carts: Option<Vec<CartId>>,
    /// When the token was made.
    #[schema(value_type = UnixMs)]
    pub made_at_unix_ms: u64,
    /// When the token was last used, to the hour. Null: never.
    #[schema(required, value_type = Option<UnixMs>)]
    pub used_at_unix_ms: Option<u64>,
    /// The merchant for whom the holder acts.
    #[schema(value_type = String)]
    pub merchant: MerchantId,
}

/// A new token with its text, which is shown only this once.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = NewToken)]
pub struct NewTokenDocument {
    #[serde(flatten)]
    /// The token, as lists show it.
    pub token: TokenState,
    /// The text that the holder sends as the bearer token.
    pub text: String,
}

/// The name of a token that was removed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RemovedToken {
    /// The name of the token.
    pub removed: String,
}

/// The token that is to be made.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenBody {
    /// 1 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit.
    pub name: String,
    /// The role of the token's holder.
    #[schema(value_type = schema::Role, inline)]
    pub role: Role,
    /// The carts that the holder may touch. Left out: every cart.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::CartId>>, nullable = false)]
    pub carts: Vec<CartId>,
}

fn document(token: Token) -> TokenState {
    let Token { name, role, carts, made_at_unix_ms, used_at_unix_ms, merchant } = token;
    TokenState { name, role, carts, made_at_unix_ms, used_at_unix_ms, merchant }
}

/// Lists the merchant's tokens, without their texts.
#[utoipa::path(
    get,
    path = "/v1/tokens",
    operation_id = "listTokens",
    responses(
        (status = 200, description = "The tokens, by name.", body = inline(TokenList)),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    call.may_touch_all("the list of tokens")?;
    let tokens = call.service.access_tokens().list().await?.into_iter().map(document).collect();
    Ok(json(StatusCode::OK, &TokenList { tokens }))
}

/// Makes a token and shows its text, once.
#[utoipa::path(
    post,
    path = "/v1/tokens",
    operation_id = "makeToken",
    request_body(content = inline(TokenBody)),
    responses(
        (status = 201, description = "The token.", body = NewTokenDocument),
        (status = 404, response = problem::Document),
        (status = 409, response = problem::Document),
        (status = 422, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn make(call: Call) -> Result<Response, Problem> {
    call.may_touch_all("a token")?;
    let TokenBody { name, role, carts } = call.json()?;
    let NewToken { text, token } = call.service.access_tokens().make(&name, role, &carts).await?;
    Ok(json(StatusCode::CREATED, &NewTokenDocument { token: document(token), text: text.expose_secret().to_owned() }))
}

/// Removes a token. Whoever presents the token from now on is refused.
#[utoipa::path(
    delete,
    path = "/v1/tokens/{name}",
    operation_id = "removeToken",
    params(("name" = String, Path, description = "The name of the token.")),
    responses(
        (status = 200, description = "The token is removed.", body = inline(RemovedToken)),
        (status = 404, response = problem::Document),
        (status = "default", response = problem::Document),
    ),
)]
pub(super) async fn remove(call: Call) -> Result<Response, Problem> {
    call.may_touch_all("a token")?;
    let name = call.param("name");
    call.service.access_tokens().remove(name).await?;
    Ok(json(StatusCode::OK, &RemovedToken { removed: name.to_owned() }))
}
