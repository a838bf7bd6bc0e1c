//! The information that a plugin gets besides the update: [`Context`], with the settings by name and type.
//!
//! The host has checked every setting against the manifest, and a setting with a default always has a value. So a setting that is
//! missing, or is read as another type than the declared one, is a mistake in the plugin, and the accessors return a
//! [`Failure`] that `?` passes on; the `maybe_` accessors are for settings that the operator may leave out.

use crate::Failure;
use cartage_contract::delivery::{self as contract, SettingValue};

crate::wraps! {
    /// Everything that a plugin can know besides the update and the delivery. All of it is data: the same context gives the same call.
    ///
    /// ```
    /// # use cartage_sdk::{Context, Failure};
    /// fn prefix(context: &Context) -> Result<String, Failure> {
    ///     let shop = context.text("shop")?;
    ///     let staging = context.boolean("staging")?;
    ///     Ok(if staging { format!("staging-{shop}") } else { shop.to_owned() })
    /// }
    /// ```
    Context(contract::Context)
}

impl Context {
    /// The value of a text, choice or URL path setting.
    ///
    /// # Errors
    /// [`HostDenied`](crate::FailureKind::HostDenied) if the setting has no value or is of another kind.
    pub fn text(&self, name: &str) -> Result<&str, Failure> {
        self.maybe_text(name).ok_or_else(|| self.unreadable(name, "text, a choice or a URL path"))
    }

    /// The value of a text, choice or URL path setting; `None` if the operator left it out or the setting is of another kind.
    pub fn maybe_text(&self, name: &str) -> Option<&str> {
        match self.setting(name)? {
            SettingValue::Text(text) | SettingValue::Choice(text) | SettingValue::UrlPath(text) => Some(text),
            SettingValue::Integer(_) | SettingValue::Boolean(_) | SettingValue::Several(_) | SettingValue::TextMap(_) => None,
        }
    }

    /// The value of an integer setting.
    ///
    /// # Errors
    /// [`HostDenied`](crate::FailureKind::HostDenied) if the setting has no value or is of another kind.
    pub fn integer(&self, name: &str) -> Result<i64, Failure> {
        self.maybe_integer(name).ok_or_else(|| self.unreadable(name, "an integer"))
    }

    /// The value of an integer setting; `None` if the operator left it out or the setting is of another kind.
    pub fn maybe_integer(&self, name: &str) -> Option<i64> {
        if let SettingValue::Integer(value) = self.setting(name)? { Some(*value) } else { None }
    }

    /// The value of a boolean setting.
    ///
    /// # Errors
    /// [`HostDenied`](crate::FailureKind::HostDenied) if the setting has no value or is of another kind.
    pub fn boolean(&self, name: &str) -> Result<bool, Failure> {
        self.maybe_boolean(name).ok_or_else(|| self.unreadable(name, "a boolean"))
    }

    /// The value of a boolean setting; `None` if the operator left it out or the setting is of another kind.
    pub fn maybe_boolean(&self, name: &str) -> Option<bool> {
        if let SettingValue::Boolean(value) = self.setting(name)? { Some(*value) } else { None }
    }

    /// The values of a setting that takes several choices; empty if the operator left it out or the setting is of another kind.
    pub fn several(&self, name: &str) -> &[String] {
        if let Some(SettingValue::Several(values)) = self.setting(name) { values } else { &[] }
    }

    /// The value of a map setting under a key, which is compared as exact text. `None` if the operator left the map out, or the map has no such key.
    pub fn mapped(&self, name: &str, key: &str) -> Option<&str> {
        let SettingValue::TextMap(pairs) = self.setting(name)? else { return None };
        pairs.iter().find(|(from, _)| from == key).map(|(_, to)| to.as_str())
    }

    /// The value of a setting of any kind; `None` if the setting has none.
    pub fn setting(&self, name: &str) -> Option<&SettingValue> {
        self.settings.iter().find(|setting| setting.name == name).map(|setting| &setting.value)
    }

    /// An endpoint's base URL, for protocols that sign it. The URL is information only: a request names the endpoint.
    pub fn base_url(&self, endpoint: &str) -> Option<&str> {
        self.endpoints.iter().find(|bound| bound.name == endpoint).map(|bound| bound.base_url.as_str())
    }

    /// The parts of an endpoint's base URL, for protocols that sign its host or its path.
    ///
    /// ```
    /// # use cartage_sdk::{Context, contract::delivery};
    /// # let base_url = "https://shop.example:8443/index.php?store=2".to_owned();
    /// # let bound = delivery::BoundEndpoint { name: "api".to_owned(), base_url };
    /// # let context = Context::from(delivery::Context { endpoints: vec![bound], ..delivery::Context::default() });
    /// // Bound to https://shop.example:8443/index.php?store=2
    /// let base = context.base("api").expect("it is bound");
    /// assert_eq!((base.scheme, base.host, base.port), ("https", "shop.example", 8443));
    /// assert_eq!((base.authority, base.path, base.query), ("shop.example:8443", "/index.php", "store=2"));
    /// ```
    pub fn base(&self, endpoint: &str) -> Option<BaseUrl<'_>> {
        BaseUrl::of(self.base_url(endpoint)?)
    }

    /// Whether the host holds a value for this credential slot.
    pub fn has_slot(&self, slot: &str) -> bool {
        self.bound_slots.iter().any(|bound| bound == slot)
    }

    fn unreadable(&self, name: &str, wanted: &str) -> Failure {
        Failure::host_denied(match self.setting(name) {
            Some(_) => format!("failed to read setting {name} as {wanted}: the manifest declares another kind"),
            None => format!("failed to read setting {name}: it has no value; set it for this cart"),
        })
    }
}

/// The parts of the base URL to which the operator bound an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseUrl<'a> {
    /// `https` or `http`.
    pub scheme: &'a str,
    /// The host and the port, as in a `host` header: without the scheme's default port.
    pub authority: &'a str,
    /// The host alone; an IPv6 address has its brackets.
    pub host: &'a str,
    /// The port, also if it is the scheme's default.
    pub port: u16,
    /// The path, without a slash at its end; empty for the server's root.
    pub path: &'a str,
    /// The query without its question mark; empty if there is none.
    pub query: &'a str,
}

impl<'a> BaseUrl<'a> {
    fn of(url: &'a str) -> Option<BaseUrl<'a>> {
        let (url, query) = url.split_once('?').unwrap_or((url, ""));
        let (scheme, rest) = url.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // A colon within brackets belongs to an IPv6 address.
        let colon = authority.rfind(':').filter(|&at| !authority[at..].contains(']'));
        let host = &authority[..colon.unwrap_or(authority.len())];
        let port = match colon {
            Some(at) => authority[at + 1..].parse().ok()?,
            None if scheme.eq_ignore_ascii_case("https") => 443,
            None => 80,
        };
        Some(BaseUrl { scheme, authority, host, port, path: path.trim_end_matches('/'), query })
    }

    /// The path of a URL of the same server; `None` if the URL is of another server.
    pub(crate) fn path_in<'u>(&self, url: &'u str) -> Option<&'u str> {
        let (_, rest) = url.split_once("://")?;
        let path = &rest[rest.find('/').unwrap_or(rest.len())..];
        let other = BaseUrl::of(url)?;
        let is_same =
            self.scheme.eq_ignore_ascii_case(other.scheme) && self.host.eq_ignore_ascii_case(other.host) && self.port == other.port;
        is_same.then_some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_has_its_parts() {
        for (url, parts) in [
            ("https://shop.example", ("https", "shop.example", "shop.example", 443, "", "")),
            ("http://shop.example/a/b", ("http", "shop.example", "shop.example", 80, "/a/b", "")),
            ("https://shop.example?x=1", ("https", "shop.example", "shop.example", 443, "", "x=1")),
            ("http://127.0.0.1:8080/p?x=/y", ("http", "127.0.0.1:8080", "127.0.0.1", 8080, "/p", "x=/y")),
            ("https://[::1]/p", ("https", "[::1]", "[::1]", 443, "/p", "")),
            ("https://[::1]:8443", ("https", "[::1]:8443", "[::1]", 8443, "", "")),
        ] {
            let base = BaseUrl::of(url).expect(url);
            assert_eq!((base.scheme, base.authority, base.host, base.port, base.path, base.query), parts, "{url}");
        }
        assert_eq!(BaseUrl::of("shop.example"), None);
    }
}
