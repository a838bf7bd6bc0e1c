//! Reads a log-in's answer: its tokens, new values of fields, and how long the tokens live. The code is pure.

use crate::credential::VALUE_BYTES_MAX;
use crate::tokens::TOKEN_BYTES_MAX;
use cartage_contract::manifest::{Login, LoginToken, Oauth2, TokenPlacement, TokenSource};
use http::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;
use std::collections::BTreeMap;

/// A successful answer (2xx), or the error of a token endpoint.
pub(super) struct Answer<'a> {
    headers: &'a HeaderMap,
    body: &'a [u8],
    /// The body as JSON; `None` if the body is not JSON.
    json: Option<Value>,
}

/// The contents of an answer.
pub(super) struct Given {
    /// The tokens by name, or why the log-in failed.
    pub(super) tokens: Result<BTreeMap<String, SecretString>, String>,
    /// The new values by field. They count even if the log-in failed.
    pub(super) replaced: Vec<(String, SecretString)>,
    /// The lifetime of the tokens in seconds. `None` if the answer does not say.
    pub(super) lifetime_s: Option<u64>,
}

impl<'a> Answer<'a> {
    pub(super) fn new(headers: &'a HeaderMap, body: &'a [u8]) -> Answer<'a> {
        Answer { headers, body, json: serde_json::from_slice(body).ok() }
    }

    /// Reads what a log-in described in the manifest takes from its answer.
    pub(super) fn of_login(&self, login: &Login) -> Given {
        let token = |LoginToken { name, source, apply }: &LoginToken| {
            let value = self.value(source).ok_or_else(|| format!("it holds no token {name} ({})", place(source)))?;
            fits(name, &value, apply.as_ref())?;
            Ok((name.clone(), SecretString::from(value)))
        };
        let (mut replaced, mut unfit) = (Vec::new(), None);
        for field in &login.replaces {
            // Where it is not there, the field keeps its value.
            let Some(value) = self.value(&field.source) else { continue };
            match new_value(&field.field, &value) {
                Ok(()) => replaced.push((field.field.clone(), SecretString::from(value))),
                Err(why) => unfit = Some(why),
            }
        }
        let tokens = unfit.map_or_else(|| login.tokens.iter().map(token).collect(), Err);
        let said = login.lifetime_pointer.as_deref().and_then(|pointer| seconds(self.json.as_ref()?.pointer(pointer)?));
        Given { tokens, replaced, lifetime_s: said.or(login.lifetime_s.map(u64::from)) }
    }

    /// Reads the answer of an OAuth 2.0 token endpoint (RFC 6749 section 5.1).
    pub(super) fn of_oauth2(&self, oauth2: &Oauth2) -> Given {
        let token = self.json.as_ref().and_then(|json| json.get("access_token")).and_then(Value::as_str).filter(|token| !token.is_empty());
        let but = || self.error_code().map(|code| format!(", but the error {code}")).unwrap_or_default();
        let tokens = token.ok_or_else(|| format!("it holds no access_token{}", but())).and_then(|token| {
            fits("token", token, Some(&oauth2.apply))?;
            Ok(BTreeMap::from([("token".to_owned(), SecretString::from(token))]))
        });
        let lifetime_s = self.json.as_ref().and_then(|json| seconds(json.get("expires_in")?));
        Given { tokens, replaced: Vec::new(), lifetime_s }
    }

    /// The error code of a token endpoint (RFC 6749 section 5.2), which is shown to people; `None` if it does not have the form of one.
    pub(super) fn error_code(&self) -> Option<&str> {
        let code = self.json.as_ref()?.get("error")?.as_str()?;
        let fits = (1..=40).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        fits.then_some(code)
    }

    /// The text at a place in the answer. `None` if the place is missing or empty.
    fn value(&self, source: &TokenSource) -> Option<String> {
        let value = match source {
            TokenSource::Header(name) => self.headers.get(name.as_str())?.to_str().ok()?.trim().to_owned(),
            TokenSource::JsonPointer(pointer) => match self.json.as_ref()?.pointer(pointer)? {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
            },
            TokenSource::Cookie(name) => self.cookie(name)?,
            TokenSource::Body => std::str::from_utf8(self.body).ok()?.trim().to_owned(),
        };
        (!value.is_empty()).then_some(value)
    }

    /// The value of a cookie (RFC 6265 section 5.2). Of several with one name, the last counts; a deleted cookie has none.
    fn cookie(&self, name: &str) -> Option<String> {
        let mut value = None;
        for text in self.headers.get_all("set-cookie").iter().filter_map(|header| header.to_str().ok()) {
            let mut pieces = text.split(';').map(str::trim);
            let Some((set, given)) = pieces.next().and_then(|pair| pair.split_once('=')) else { continue };
            if set.trim() == name {
                let is_over = |(attribute, seconds): (&str, &str)| {
                    attribute.trim().eq_ignore_ascii_case("max-age") && seconds.trim().parse::<i64>().is_ok_and(|seconds| seconds <= 0)
                };
                let deleted = pieces.filter_map(|piece| piece.split_once('=')).any(is_over);
                value = (!deleted).then(|| given.trim().to_owned());
            }
        }
        value
    }
}

/// Checks that a token can be carried in the way that its slot states. The reasons name no value.
fn fits(name: &str, value: &str, apply: Option<&TokenPlacement>) -> Result<(), String> {
    if value.len() > TOKEN_BYTES_MAX {
        return Err(format!("its token {name} has more than {TOKEN_BYTES_MAX} bytes"));
    }
    one_line(&format!("token {name}"), value)?;
    let fits = match apply {
        Some(TokenPlacement::Header(_)) => value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '),
        Some(TokenPlacement::Cookie(_)) => value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';'),
        Some(TokenPlacement::Query(_)) | None => true,
    };
    if fits { Ok(()) } else { Err(format!("its token {name} holds a character that is not allowed where the slot puts the token")) }
}

/// Checks that a new value can be stored, by the rules for values that an operator sets.
fn new_value(field: &str, value: &str) -> Result<(), String> {
    if value.len() > VALUE_BYTES_MAX {
        return Err(format!("its new value of the field {field} has more than {VALUE_BYTES_MAX} bytes"));
    }
    one_line(&format!("new value of the field {field}"), value)
}

fn one_line(what: &str, value: &str) -> Result<(), String> {
    match value.chars().find(|c| c.is_control()) {
        Some('\r' | '\n') => Err(format!("its {what} holds a line break")),
        Some(_) => Err(format!("its {what} holds a control character")),
        None => Ok(()),
    }
}

/// A number of seconds, given as a number or as text, without its fraction. `None` if the value is no such number.
fn seconds(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => {
            number.as_u64().or_else(|| number.as_f64().filter(|seconds| *seconds >= 0.0).map(|seconds| seconds as u64))
        }
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn place(source: &TokenSource) -> String {
    match source {
        TokenSource::Header(name) => format!("the header {name}"),
        TokenSource::JsonPointer(pointer) if pointer.is_empty() => "JSON that is a single string or number".to_owned(),
        TokenSource::JsonPointer(pointer) => format!("a string or a number at {pointer} of the JSON"),
        TokenSource::Cookie(name) => format!("the cookie {name}"),
        TokenSource::Body => "the body as text".to_owned(),
    }
}

#[cfg(test)]
mod tests;
