//! The header `Authorization`, in which a request carries its token.

use super::call::Shared;
use super::problem::{Kind, More, Problem};
use super::rate::TokenRate;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cartage::service::access_tokens::{Role, Token};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// The scheme by which a token is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// `Bearer TOKEN`, for programs.
    Bearer,
    /// `Basic`, with any user and the token as the password, for which a browser asks a person.
    Password,
}

/// Looks up the request's token.
pub(super) async fn bearer(shared: &Shared, headers: &HeaderMap, how: Given) -> Result<Token, Problem> {
    let (missing, unknown) = match how {
        Given::Bearer => ("Bearer realm=\"cartage\"", "Bearer realm=\"cartage\", error=\"invalid_token\""),
        Given::Password => ("Basic realm=\"cartage\", charset=\"UTF-8\"", "Basic realm=\"cartage\", charset=\"UTF-8\""),
    };
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(first), None) = (given.next(), given.next()) else {
        let detail = match how {
            Given::Bearer => "the request carries no token; send one header, Authorization: Bearer TOKEN",
            Given::Password => "the request carries no token; give one as the password, with any user name",
        };
        return Err(denied(missing, detail));
    };
    let secret = match how {
        Given::Bearer => secret(first, "bearer").map(|secret| SecretString::from(secret.trim())),
        Given::Password => secret(first, "basic").and_then(password),
    };
    let known = match secret {
        Some(secret) => shared.api.service.access_tokens().find(secret.expose_secret()).await?,
        None => None,
    };
    known.ok_or_else(|| {
        denied(
            unknown,
            "the token is not known: it was mistyped, or removed; on the machine, `cartage token list` shows the tokens that exist, and `cartage token new` makes one",
        )
    })
}

fn secret<'a>(value: &'a HeaderValue, wanted: &str) -> Option<&'a str> {
    let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then_some(secret)
}

/// The password in the `user:password` of HTTP Basic; `None` if the text is not of that form.
fn password(encoded: &str) -> Option<SecretString> {
    let mut bytes = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let text = Zeroizing::new(String::from_utf8(std::mem::take(&mut *bytes)).ok()?);
    text.split_once(':').map(|(_, password)| SecretString::from(password))
}

fn denied(challenge: &'static str, detail: &str) -> Problem {
    Problem::new(Kind::Unauthorized, detail).header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

/// Checks that the token is not used too often.
pub(super) fn within_rate(shared: &Shared, bearer: &Token) -> Result<(), Problem> {
    let token = (bearer.merchant.clone(), bearer.name.clone());
    shared.limiter.take(&token).map_err(|seconds| {
        let TokenRate { per_second, burst } = shared.limiter.rate();
        let detail = format!(
            "the token {:?} may be used {per_second} times a second and {burst} times at once; try again in {seconds} s",
            bearer.name
        );
        Problem::new(Kind::TooManyRequests, detail).header(RETRY_AFTER, HeaderValue::from(seconds))
    })
}

/// Checks that the token has the role.
pub(super) fn has(bearer: &Token, needed: Role) -> Result<(), Problem> {
    if bearer.role >= needed {
        return Ok(());
    }
    let detail = format!(
        "the token {:?} has the role {}, and this request needs the role {needed}; use a token of that role",
        bearer.name, bearer.role
    );
    Err(Problem::new(Kind::RoleNeeded, detail).with(More { role_needed: Some(needed.as_str().to_owned()), ..More::default() }))
}
