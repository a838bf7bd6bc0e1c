//! Base URLs: the destinations to which an operator binds endpoints.

use super::pattern::Pattern;
use crate::encoding;
use crate::manifest::Base;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use url::{Host, Url};

/// The longest base URL, in bytes.
pub const BASE_URL_BYTES_MAX: usize = 2048;
/// The longest host name, in bytes (RFC 1035, section 2.3.4, as text without the trailing dot).
const HOST_BYTES_MAX: usize = 253;
/// The longest label of a host name, in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// A base URL in its normal form, checked when the operator binds it.
///
/// The scheme `https` or `http`, a host, optionally a port, a path and a query; without a trailing slash on the path, user information or a
/// fragment. This type does not know whether the address may be contacted: the code that opens sockets checks [`BaseUrl::host`] and the
/// addresses to which it resolves.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl {
    text: String,
    url: Url,
}

/// Why a text is not a base URL. The error does not repeat the text, because a wrong one can contain a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// The text is longer than [`BASE_URL_BYTES_MAX`].
    #[error("a base URL has at most {BASE_URL_BYTES_MAX} bytes; this one has {bytes}")]
    TooLong {
        /// The text's length.
        bytes: usize,
    },
    /// The text contains a character that URL parsers drop or replace.
    #[error("a base URL holds no spaces, control characters or backslashes; remove {0:?}")]
    Character(char),
    /// The scheme is another one, or missing.
    #[error("a base URL starts with `https://` or `http://`")]
    Scheme,
    /// The text contains user information: `user:password@host`.
    #[error("a base URL holds no user name or password; put them into a credential slot")]
    UserInformation,
    /// The text contains a fragment: `#something`.
    #[error("a base URL has no fragment; remove `#` and what follows it")]
    Fragment,
    /// The host is missing, or cannot be the host of a URL.
    #[error("a base URL names a host: letters, digits, hyphens and dots, or an address")]
    Host,
    /// The host's name, or one of its labels, is too long.
    #[error("a host name has at most {HOST_BYTES_MAX} bytes, and each label of it 1 to {LABEL_BYTES_MAX}")]
    HostTooLong,
    /// The host's name ends with a dot.
    #[error("a base URL's host is written without a dot at its end")]
    TrailingDot,
    /// The port is not a number from 1 to 65535.
    #[error("a port is a number from 1 to 65535 without leading zeros")]
    Port,
    /// The port is the scheme's default.
    #[error("leave out the port {0}: it is the scheme's default")]
    DefaultPort(u16),
    /// The path breaks a rule.
    #[error("the path of a base URL breaks a rule")]
    Path(#[source] encoding::Error),
    /// URL parsers read the text as another URL than the one that is written.
    #[error("a base URL is written in its normal form; this one would be {normal}")]
    NotNormal {
        /// The URL that would be contacted.
        normal: String,
    },
}

impl BaseUrl {
    /// Checks a base URL as the operator wrote it. Every text that is not in its normal form is refused (only a trailing slash on the path is
    /// removed), so that the host contacts exactly the URL that the operator reads.
    ///
    /// # Errors
    /// The first rule that the text breaks; if the text is readable but not in its normal form, the error shows this form.
    pub fn parse(text: &str) -> Result<BaseUrl, BaseUrlError> {
        let authority = check_raw(text)?;
        check_port(text, authority)?;
        let url = Url::parse(text).map_err(|_| BaseUrlError::Host)?;
        check_host(&url)?;
        let path = url.path().strip_suffix('/').unwrap_or(url.path());
        encoding::check_path(path).map_err(BaseUrlError::Path)?;
        if path.ends_with('/') {
            return Err(BaseUrlError::Path(encoding::Error::SegmentEmpty));
        }
        let query = url.query().filter(|query| !query.is_empty()).map(|query| format!("?{query}")).unwrap_or_default();
        let before = format!("{}://{}{path}", url.scheme(), url.authority());
        let normal = format!("{before}{query}");
        if text != normal && text != format!("{before}/{query}") {
            return Err(BaseUrlError::NotNormal { normal });
        }
        Ok(BaseUrl { url: Url::parse(&normal).map_err(|_| BaseUrlError::Host)?, text: normal })
    }

    /// Whether the manifest's endpoint may be bound to this URL.
    pub fn fits(&self, base: &Base) -> bool {
        match base {
            Base::Any => true,
            Base::Pattern(pattern) => Pattern::parse(pattern).is_ok_and(|pattern| pattern.matches(self)),
            Base::Fixed(fixed) => self.is(fixed),
            Base::OneOf(urls) => urls.iter().any(|url| self.is(url)),
        }
    }

    fn is(&self, url: &str) -> bool {
        BaseUrl::parse(url).is_ok_and(|url| url == *self)
    }

    /// The URL of a request. The path follows the base's path; the query, encoded pairs joined by `&`, follows the base's query. Neither is
    /// checked here, because [`crate::request::check`] has checked both.
    pub fn join(&self, path: &str, query: &str) -> String {
        let (before, base_query) = self.text.split_once('?').map_or((self.text.as_str(), ""), |(before, query)| (before, query));
        let slash = if self.path().is_empty() && path.is_empty() { "/" } else { "" };
        let mark = if base_query.is_empty() && query.is_empty() { "" } else { "?" };
        let and = if base_query.is_empty() || query.is_empty() { "" } else { "&" };
        format!("{before}{slash}{path}{mark}{base_query}{and}{query}")
    }

    /// The normal form, without a trailing slash on the path.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The parsed URL, for the HTTP client.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host: a name in its ASCII form without a trailing dot, or a literal address.
    pub fn host(&self) -> Host<&str> {
        self.url.host().expect("parse refused URLs without a host")
    }

    /// The port that is given, or the scheme's default.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().expect("parse took only http and https, which have a default port")
    }

    /// Whether the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The number of bytes of scheme, host and port as text.
    pub(crate) fn origin_bytes(&self) -> usize {
        self.url.scheme().len() + "://".len() + self.url.authority().len()
    }

    /// The path without a trailing slash: empty for a bare host.
    pub fn path(&self) -> &str {
        self.url.path().strip_suffix('/').unwrap_or(self.url.path())
    }
}

/// Checks the text before a parser reads it, because parsers drop tabs and line ends and treat a backslash as a slash. Returns the
/// authority.
fn check_raw(text: &str) -> Result<&str, BaseUrlError> {
    if text.len() > BASE_URL_BYTES_MAX {
        return Err(BaseUrlError::TooLong { bytes: text.len() });
    }
    if let Some(character) = text.chars().find(|c| c.is_control() || c.is_whitespace() || *c == '\\') {
        return Err(BaseUrlError::Character(character));
    }
    let (scheme, rest) = text.split_once("://").ok_or(BaseUrlError::Scheme)?;
    if !["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(BaseUrlError::Scheme);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(BaseUrlError::UserInformation);
    }
    if text.contains('#') {
        return Err(BaseUrlError::Fragment);
    }
    if authority.is_empty() || authority.contains('%') {
        return Err(BaseUrlError::Host);
    }
    Ok(authority)
}

fn check_port(text: &str, authority: &str) -> Result<(), BaseUrlError> {
    let after_address = authority.rfind(']').map_or(0, |at| at + 1);
    let Some((_, port)) = authority[after_address..].rsplit_once(':') else { return Ok(()) };
    if port.starts_with('0') || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BaseUrlError::Port);
    }
    let port: u16 = port.parse().map_err(|_| BaseUrlError::Port)?;
    let default = if text.as_bytes()[4] == b':' { 80 } else { 443 };
    if port == default { Err(BaseUrlError::DefaultPort(port)) } else { Ok(()) }
}

fn check_host(url: &Url) -> Result<(), BaseUrlError> {
    let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
    if name.ends_with('.') {
        return Err(BaseUrlError::TrailingDot);
    }
    if name.len() > HOST_BYTES_MAX || name.split('.').any(|label| !(1..=LABEL_BYTES_MAX).contains(&label.len())) {
        return Err(BaseUrlError::HostTooLong);
    }
    // The URL standard accepts more characters (`!$&'()*+,;=~`); no resolver should be asked for such names.
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.bytes().all(known) { Ok(()) } else { Err(BaseUrlError::Host) }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({})", self.text)
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;
    fn from_str(text: &str) -> Result<BaseUrl, BaseUrlError> {
        BaseUrl::parse(text)
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = BaseUrlError;
    fn try_from(text: String) -> Result<BaseUrl, BaseUrlError> {
        BaseUrl::parse(&text)
    }
}

impl From<BaseUrl> for String {
    fn from(base: BaseUrl) -> String {
        base.text
    }
}

#[cfg(test)]
mod tests;
