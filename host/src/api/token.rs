//! The header `Authorization`: whose token a request carries.

use super::call::Shared;
use super::problem::{Kind, Problem};
use crate::office::tokens::{Role, Token};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};

/// The holder of the request's token.
pub(super) async fn bearer(shared: &Shared, headers: &HeaderMap) -> Result<Token, Problem> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(first), None) = (given.next(), given.next()) else {
        return Err(denied("Bearer realm=\"cartage\"", "the request carries no token; send one header, Authorization: Bearer TOKEN"));
    };
    let known = match secret(first) {
        Some(secret) => shared.api.office.find_token(secret).await?,
        None => None,
    };
    known.ok_or_else(|| {
        denied(
            "Bearer realm=\"cartage\", error=\"invalid_token\"",
            "the token is not known: it was mistyped, or removed; `cartage token list` shows those that there are, `cartage token new` makes one",
        )
    })
}

fn secret(value: &HeaderValue) -> Option<&str> {
    let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

fn denied(challenge: &'static str, detail: &str) -> Problem {
    Problem::new(Kind::Unauthorized, detail).header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

/// The token is not used too often.
pub(super) fn within_rate(shared: &Shared, bearer: &Token) -> Result<(), Problem> {
    let token = (bearer.merchant.clone(), bearer.name.clone());
    shared.buckets.take(&token, shared.api.office.now_unix_ms()).map_err(|seconds| {
        let rate = shared.api.rate;
        let detail = format!(
            "the token {:?} may be used {} times a second and {} times at once; try again in {seconds} s",
            bearer.name, rate.per_second, rate.burst
        );
        Problem::new(Kind::TooManyRequests, detail).header(RETRY_AFTER, HeaderValue::from(seconds))
    })
}

/// The token has the role.
pub(super) fn has(bearer: &Token, needed: Role) -> Result<(), Problem> {
    if bearer.role >= needed {
        return Ok(());
    }
    let detail = format!("the token {:?} is a {}'s, and this needs the role {needed}; use a token of that role", bearer.name, bearer.role);
    Err(Problem::new(Kind::RoleNeeded, detail).with("role_needed", needed.as_str()))
}
