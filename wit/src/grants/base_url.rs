//! Base URLs: where an operator lets an endpoint lead.

use super::pattern::Pattern;
use crate::encoding;
use crate::manifest::Base;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use url::{Host, Url};

/// Bytes of a base URL.
pub const BASE_URL_BYTES_MAX: usize = 2048;
/// Bytes of a host name (RFC 1035, section 2.3.4, as text without the trailing dot).
const HOST_BYTES_MAX: usize = 253;
/// Bytes of one label of a host name.
const LABEL_BYTES_MAX: usize = 63;

/// A base URL in its normal form, checked when the operator binds it.
///
/// `https` or `http`, a host, perhaps a port, perhaps a path and a query; without a trailing slash on the path, user information or a
/// fragment. Whether its address may be reached is not known here: the code with the sockets judges [`BaseUrl::host`] and what it
/// resolves to.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl {
    text: String,
    url: Url,
}

/// Why a text is no base URL. The text itself is not repeated: a mistaken one can hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Longer than [`BASE_URL_BYTES_MAX`].
    #[error("a base URL has at most {BASE_URL_BYTES_MAX} bytes; this one has {bytes}")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// A character that URL parsers drop or turn into another.
    #[error("a base URL holds no spaces, control characters or backslashes; remove {0:?}")]
    Character(char),
    /// Another scheme, or none.
    #[error("a base URL starts with `https://` or `http://`")]
    Scheme,
    /// `user:password@host`.
    #[error("a base URL holds no user name or password; put them into a credential slot")]
    UserInformation,
    /// `#something`.
    #[error("a base URL has no fragment; remove `#` and what follows it")]
    Fragment,
    /// There is no host, or none that a URL can have.
    #[error("a base URL names a host: letters, digits, hyphens and dots, or an address")]
    Host,
    /// The host's name, or a label of it, is too long.
    #[error("a host name has at most {HOST_BYTES_MAX} bytes, and each label of it 1 to {LABEL_BYTES_MAX}")]
    HostTooLong,
    /// The host's name ends with a dot.
    #[error("a base URL's host is written without a dot at its end")]
    TrailingDot,
    /// Not a port.
    #[error("a port is a number from 1 to 65535 without leading zeros")]
    Port,
    /// The port that the scheme has anyway.
    #[error("leave out the port {0}: it is the scheme's own")]
    DefaultPort(u16),
    /// The path breaks a rule.
    #[error("the path of a base URL breaks a rule")]
    Path(#[source] encoding::Error),
    /// URL parsers read something else than what is written.
    #[error("a base URL is written in its normal form; this one would be {normal}")]
    NotNormal {
        /// What would be contacted.
        normal: String,
    },
}

impl BaseUrl {
    /// Checks a base URL as the operator wrote it. Refuses everything that is not already in its normal form (a trailing slash on the path
    /// apart, which is cut), so that what the operator reads is what the host contacts.
    ///
    /// # Errors
    /// Names the first rule that it breaks; where the text is readable but written otherwise, it shows the normal form.
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

    /// Whether this URL is one that the manifest's endpoint may be bound to.
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

    /// The URL of a request. The path follows the base's; the query, encoded pairs joined by `&`, follows the base's query. Neither is
    /// checked here: [`crate::request::check`] did that.
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

    /// The URL itself, for the HTTP client.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host: a name in its ASCII form without a trailing dot, or a literal address.
    pub fn host(&self) -> Host<&str> {
        self.url.host().expect("parse refused URLs without a host")
    }

    /// The port, given or by the scheme.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().expect("parse took only http and https, which have a default port")
    }

    /// Whether the connection is private.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// How many bytes scheme, host and port have, as text.
    pub(crate) fn origin_bytes(&self) -> usize {
        self.url.scheme().len() + "://".len() + self.url.authority().len()
    }

    /// The path without a trailing slash: empty for a bare host.
    pub fn path(&self) -> &str {
        self.url.path().strip_suffix('/').unwrap_or(self.url.path())
    }
}

/// What must hold before a parser reads the text, because parsers drop tabs and line ends and take a backslash for a slash. Returns the
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
    // The URL standard lets more through (`!$&'()*+,;=~`); no resolver should be asked for it.
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
