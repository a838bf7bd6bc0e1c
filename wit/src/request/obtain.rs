//! The requests by which the host obtains tokens: a described log-in, and the OAuth 2.0 client credentials grant.

use super::declared::FORM;
use super::{Allowed, Denied, Secrets, Wire, WireHeader, credentials, declared, endpoint};
use crate::encoding;
use crate::grants::{Grants, SecretsInClear};
use crate::http::{Effect, ErrorKind, Method, Request};
use crate::manifest::{ClientAuthentication, Login, Manifest, Oauth2, Slot};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The request that the host sends for a log-in.
pub(crate) fn request_of(login: &Login) -> Request {
    Request {
        endpoint: login.endpoint.clone(),
        method: login.method.clone(),
        effect: Effect::Reads,
        path: login.path.clone(),
        query: login.query.clone(),
        headers: login.headers.clone(),
        body: login.body.clone(),
        auth: login.auth.clone(),
        renew: false,
        extra: Vec::new(),
    }
}

/// Decides whether the host may send the log-in request of a slot, by the rules for a plugin's own requests. The slot need not list the endpoint of the
/// log-in.
///
/// # Errors
/// [`Denied`], for example if the endpoint is not bound, or a secret would be sent unencrypted.
pub fn check_login(slot: &Slot, login: &Login, manifest: &Manifest, grants: &Grants) -> Result<Allowed, Denied> {
    let request = request_of(login);
    let (declared, bound) = endpoint(&request.endpoint, manifest, grants)?;
    declared::check(&request, declared, None)?;
    let used = credentials::check_login(&request, slot, manifest, grants, bound)?;
    Allowed::new(request, bound, used, grants)
}

/// The request for a token by OAuth 2.0 client credentials (RFC 6749, section 4.4.2), with its secrets.
///
/// # Errors
/// [`Denied`] if the token endpoint is not bound, or if the client's secret has no value or would be sent unencrypted.
pub fn token_request(slot: &Slot, oauth2: &Oauth2, manifest: &Manifest, grants: &Grants, secrets: &dyn Secrets) -> Result<Wire, Denied> {
    let (_, bound) = endpoint(&oauth2.token_endpoint, manifest, grants)?;
    let denied = |reason: &str| Denied::new(ErrorKind::CredentialDenied, format!("credential slot {} {reason}", slot.name));
    if bound.secrets == SecretsInClear::Denied {
        return Err(denied(
            "would cross the network unencrypted; bind the token endpoint to https, or accept secrets in clear for it in the cart's definition",
        ));
    }
    let value = |field: &str| {
        secrets
            .field(&slot.name, field)
            .ok_or_else(|| denied(&format!("has no value in its field {field}; set the credential for this cart")))
    };
    let (id, secret) = (value("client-id")?, value("client-secret")?);
    let header = |name: &str, value: String, sensitive| WireHeader { name: name.to_owned(), value: value.into_bytes(), sensitive };
    let mut headers = vec![header("content-type", FORM.to_owned(), false), header("accept", "application/json".to_owned(), false)];
    let mut fields = vec![("grant_type", "client_credentials")];
    fields.extend(oauth2.scope.as_deref().map(|scope| ("scope", scope)));
    match oauth2.client_authentication {
        ClientAuthentication::Basic => {
            // Section 2.3.1: both values are form-encoded before they are joined.
            let pair = STANDARD.encode(format!("{}:{}", encoding::form(id), encoding::form(secret)));
            headers.push(header("authorization", format!("Basic {pair}"), true));
        }
        ClientAuthentication::Post => fields.extend([("client_id", id), ("client_secret", secret)]),
    }
    fields.extend(oauth2.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let body: Vec<String> = fields.into_iter().map(|(name, value)| format!("{}={}", encoding::form(name), encoding::form(value))).collect();
    Ok(Wire { method: Method::Post, url: bound.base.join(&oauth2.path, ""), headers, body: Some(body.join("&").into_bytes()) })
}
