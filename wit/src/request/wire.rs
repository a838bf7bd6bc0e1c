//! A request as it is sent: all parts are joined, and the secrets are inserted last.

use super::tokens::{pairs_of, placements};
use super::{Allowed, Denied, HEADER_VALUE_BYTES_MAX, HEADERS_BYTES_MAX, HEADERS_MAX, URL_BYTES_MAX};
use crate::encoding;
use crate::http::{ErrorKind, Method};
use crate::manifest::{Oauth1Placement, Slot, SlotKind, TokenPlacement};
use crate::parts::{self, Shown, Source, join, join_query};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// A request as it is sent, except for the headers that the HTTP client sets (host, content-length, connection). Its `Debug` form shows
/// neither the query, nor sensitive headers, nor the body.
#[derive(Clone, PartialEq, Eq)]
pub struct Wire {
    /// The HTTP method.
    pub method: Method,
    /// The whole URL, including the query.
    pub url: String,
    /// The headers, with names in lower case: the plugin's in their order, then those of credentials.
    pub headers: Vec<WireHeader>,
    /// The body's bytes; `None` if the request has no body.
    pub body: Option<Vec<u8>>,
}

/// A header as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct WireHeader {
    /// The header's name, in lower case.
    pub name: String,
    /// The value's bytes: visible ASCII, spaces and tabs.
    pub value: Vec<u8>,
    /// Whether the value contains a secret.
    pub sensitive: bool,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split('?').next().unwrap_or_default();
        let body_bytes = self.body.as_ref().map(Vec::len);
        write!(f, "Wire({} {path}, headers {:?}, body bytes {body_bytes:?})", self.method, self.headers)
    }
}

impl fmt::Debug for WireHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.sensitive { "[REDACTED]".into() } else { String::from_utf8_lossy(&self.value) };
        write!(f, "{}: {value}", self.name)
    }
}

impl Allowed {
    /// Joins all parts of the request. With [`Source::Record`], this does not fail.
    pub(super) fn compose(&self, source: Source<'_>) -> Result<Wire, Denied> {
        let wire =
            Wire { method: self.request.method.clone(), url: self.url(source)?, headers: self.headers(source)?, body: self.body(source)? };
        if !matches!(source, Source::Record) {
            self.check_size(&wire)?;
        }
        Ok(wire)
    }

    fn url(&self, source: Source<'_>) -> Result<String, Denied> {
        let max = limit(source, URL_BYTES_MAX);
        let mut pairs = Vec::new();
        for pair in &self.request.query {
            let value = pair.value.as_ref().map(|parts| join_query(parts, &self.fields, source, max)).transpose();
            let value = value.map_err(|error| unjoined(&format!("query pair {}", Shown::of(&pair.name)), &error))?;
            pairs.push((encoding::query(&pair.name), value));
        }
        for slot in &self.auth {
            if let SlotKind::Oauth1(oauth1) = &slot.kind {
                if oauth1.placement == Oauth1Placement::Query {
                    let parameters = self.oauth1_parameters(slot, oauth1, source)?;
                    pairs.extend(parameters.into_iter().map(|(name, value)| (name.to_owned(), Some(value))));
                }
                continue;
            }
            for (name, field) in pairs_of(slot) {
                let value = self.value(slot, field, source)?.written(|value| encoding::query(value));
                pairs.push((encoding::query(&name), Some(value)));
            }
        }
        let pairs: Vec<String> =
            pairs.into_iter().map(|(name, value)| value.map_or(name.clone(), |value| format!("{name}={value}"))).collect();
        Ok(self.base.join(&self.request.path, &pairs.join("&")))
    }

    fn headers(&self, source: Source<'_>) -> Result<Vec<WireHeader>, Denied> {
        let mut headers = Vec::new();
        for header in &self.request.headers {
            let name = header.name.to_ascii_lowercase();
            let joined = join(&header.value, &self.fields, source, limit(source, HEADER_VALUE_BYTES_MAX));
            let joined = joined.map_err(|error| unjoined(&format!("header {name}"), &error))?;
            headers.push(WireHeader { name, value: joined.bytes, sensitive: joined.sensitive });
        }
        for slot in &self.auth {
            let (name, value) = match &slot.kind {
                SlotKind::Basic => ("authorization", self.basic(slot, source)?),
                SlotKind::Bearer => ("authorization", format!("Bearer {}", self.bearer(slot, source)?)),
                SlotKind::Header(placement) => {
                    let value = self.value(slot, "value", source)?.written(str::to_owned);
                    (placement.name.as_str(), format!("{}{value}", placement.prefix))
                }
                SlotKind::Oauth1(oauth1) if oauth1.placement == Oauth1Placement::Header => {
                    ("authorization", self.oauth1_header(slot, oauth1, source)?)
                }
                _ => {
                    headers.extend(self.tokens(slot, source)?);
                    continue;
                }
            };
            headers.push(WireHeader { name: name.to_owned(), value: value.into_bytes(), sensitive: true });
        }
        if !matches!(source, Source::Record) {
            headers.iter().try_for_each(|header| check_header(header, source))?;
        }
        Ok(headers)
    }

    /// The headers that contain a slot's tokens; all its cookies are in one header.
    fn tokens(&self, slot: &Slot, source: Source<'_>) -> Result<Vec<WireHeader>, Denied> {
        let mut headers: Vec<WireHeader> = Vec::new();
        for (field, placement) in placements(slot) {
            let value = self.value(slot, field, source)?.written(str::to_owned);
            let (name, value) = match placement {
                TokenPlacement::Header(placement) => (placement.name, format!("{}{value}", placement.prefix)),
                TokenPlacement::Cookie(name) => ("cookie".to_owned(), format!("{name}={value}")),
                TokenPlacement::Query(_) => continue,
            };
            match headers.iter_mut().find(|header| header.name == name) {
                Some(cookies) => cookies.value.extend_from_slice(format!("; {value}").as_bytes()),
                None => headers.push(WireHeader { name, value: value.into_bytes(), sensitive: true }),
            }
        }
        Ok(headers)
    }

    fn body(&self, source: Source<'_>) -> Result<Option<Vec<u8>>, Denied> {
        let joined = self.request.body.as_ref().map(|parts| join(parts, &self.fields, source, limit(source, self.bytes_max))).transpose();
        let mut body = joined.map_err(|error| unjoined("the body", &error))?.map(|joined| joined.bytes);
        for slot in self.auth.iter().filter(|slot| slot.kind == SlotKind::FormField) {
            for field in &slot.fields {
                let value = self.value(slot, &field.name, source)?.written(encoding::form);
                let body = body.get_or_insert_default();
                let and = if body.is_empty() { "" } else { "&" };
                body.extend_from_slice(format!("{and}{}={value}", encoding::form(&field.name)).as_bytes());
            }
        }
        Ok(body)
    }

    /// The value for HTTP Basic. In RFC 7617, a colon ends the user name, and control characters are forbidden in both fields.
    fn basic(&self, slot: &Slot, source: Source<'_>) -> Result<String, Denied> {
        let (username, password) = (self.value(slot, "username", source)?, self.value(slot, "password", source)?);
        match (username, password) {
            (parts::Value::Text(username), parts::Value::Text(password)) => {
                if username.contains(':') || username.chars().chain(password.chars()).any(char::is_control) {
                    return Err(unfit(slot, "a user name without a colon, and no control characters"));
                }
                Ok(format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))))
            }
            (username, password) => Ok(format!("Basic {}:{}", username.written(str::to_owned), password.written(str::to_owned))),
        }
    }

    fn bearer(&self, slot: &Slot, source: Source<'_>) -> Result<String, Denied> {
        match self.value(slot, "token", source)? {
            parts::Value::Text(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(token.to_owned()),
            parts::Value::Text(_) => Err(unfit(slot, "a token of visible ASCII characters")),
            parts::Value::Placeholder(placeholder) => Ok(placeholder),
        }
    }

    pub(super) fn value<'a>(&self, slot: &Slot, field: &str, source: Source<'a>) -> Result<parts::Value<'a>, Denied> {
        source.value(&slot.name, field, &self.fields).map_err(|error| unjoined("the request", &error))
    }

    fn check_size(&self, wire: &Wire) -> Result<(), Denied> {
        let too_large =
            |what: &str, is: usize, max: usize| Err(Denied::new(ErrorKind::RequestTooLarge, format!("{what} {is}; the most is {max}")));
        if wire.url.len() > URL_BYTES_MAX {
            return too_large("bytes of the URL:", wire.url.len(), URL_BYTES_MAX);
        }
        if wire.headers.len() > HEADERS_MAX {
            return too_large("headers of the request:", wire.headers.len(), HEADERS_MAX);
        }
        let headers = wire.headers.iter().map(|header| header.name.len() + header.value.len()).sum::<usize>();
        if headers > HEADERS_BYTES_MAX {
            return too_large("bytes of all headers:", headers, HEADERS_BYTES_MAX);
        }
        let target = wire.url.len() - self.base.origin_bytes();
        let bytes = target + headers + wire.body.as_ref().map_or(0, Vec::len);
        if bytes > self.bytes_max {
            return too_large("bytes of the request (limits.request_bytes):", bytes, self.bytes_max);
        }
        Ok(())
    }
}

/// Checks a header's value: visible ASCII, spaces and tabs, with neither a space nor a tab at its ends. Before the secrets are inserted, a fault is the
/// plugin's; afterwards, it is in the secrets' values.
fn check_header(header: &WireHeader, source: Source<'_>) -> Result<(), Denied> {
    if header.value.len() > HEADER_VALUE_BYTES_MAX {
        let reason = format!("header {} has {} bytes; the most is {HEADER_VALUE_BYTES_MAX}", header.name, header.value.len());
        return Err(Denied::new(ErrorKind::RequestTooLarge, reason));
    }
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let visible = header.value.iter().all(|byte| byte.is_ascii_graphic() || blank(Some(byte)));
    if visible && !blank(header.value.first()) && !blank(header.value.last()) {
        return Ok(());
    }
    let rule = "visible ASCII, spaces and tabs, and neither a space nor a tab at its ends";
    Err(match source {
        Source::Real(_) => {
            let reason =
                format!("the credential in header {} is not allowed there: a header holds {rule}; set the credential again", header.name);
            Denied::new(ErrorKind::CredentialDenied, reason)
        }
        Source::Measure | Source::Record => {
            Denied::new(ErrorKind::HeaderDenied, format!("header {} is denied: a header holds {rule}", header.name))
        }
    })
}

fn limit(source: Source<'_>, max: usize) -> usize {
    if matches!(source, Source::Record) { usize::MAX } else { max }
}

fn unjoined(what: &str, error: &parts::Error) -> Denied {
    let kind = match error {
        parts::Error::TooLarge { .. } => ErrorKind::RequestTooLarge,
        parts::Error::Unusable(_) | parts::Error::Escape { .. } => ErrorKind::CredentialDenied,
    };
    Denied::new(kind, format!("{what} cannot be built: {error}"))
}

fn unfit(slot: &Slot, needs: &str) -> Denied {
    Denied::new(
        ErrorKind::CredentialDenied,
        format!("credential slot {} cannot be applied: it needs {needs}; set the credential again", slot.name),
    )
}
