//! A log-in that the host performs as the manifest describes.

use super::{HeaderPlacement, Login, LoginToken, Method, ReplacedField, TokenPlacement, TokenSource, contract};
use crate::http::{Form, Json, text};
use cartage_contract::http::{Header, Part, QueryPair};
use std::time::Duration;

crate::wraps! {
    /// A log-in that the host performs: a request with fields of its slot, the tokens in its answer, and how they are applied to later requests.
    ///
    /// ```
    /// use cartage_sdk::http::Json;
    /// use cartage_sdk::manifest::{Field, LogIn, Slot};
    ///
    /// let log_in = LogIn::post("api", "/auth/token")
    ///     .json(Json::object().secret("user", "account", "user").secret("password", "account", "password"))
    ///     .bearer_at("/data/token");
    /// let account = Slot::login("account", "an integration's account", log_in)
    ///     .field(Field::identifying("user", "its name"))
    ///     .field(Field::secret("password", "its password"))
    ///     .for_endpoints(["api"]);
    /// assert_eq!(account.kind.to_string(), "login");
    /// ```
    LogIn(contract::Login)
}

impl LogIn {
    /// A log-in by POST to a path of an endpoint. The endpoint's rules apply to this request as to any other.
    pub fn post(endpoint: &str, path: &str) -> LogIn {
        LogIn::new(Method::Post, endpoint, path)
    }

    /// A log-in by GET.
    pub fn get(endpoint: &str, path: &str) -> LogIn {
        LogIn::new(Method::Get, endpoint, path)
    }

    fn new(method: Method, endpoint: &str, path: &str) -> LogIn {
        LogIn(Login {
            endpoint: endpoint.to_owned(),
            method,
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            auth: Vec::new(),
            tokens: Vec::new(),
            replaces: Vec::new(),
            lifetime_s: None,
            lifetime_pointer: None,
        })
    }

    /// Sets a JSON body, which may contain secrets of the slot.
    #[must_use]
    pub fn json(self, json: impl Into<Json>) -> LogIn {
        self.body("application/json", json.into().into_parts())
    }

    /// Sets a form as the body, which may contain secrets of the slot.
    #[must_use]
    pub fn form(self, form: Form) -> LogIn {
        self.body("application/x-www-form-urlencoded", form.into_parts())
    }

    /// Sets a body that is joined from parts, and its content type.
    #[must_use]
    pub fn body(self, content_type: &str, parts: impl IntoIterator<Item = Part>) -> LogIn {
        let mut log_in = self.header("content-type", [text(content_type)]);
        log_in.0.body = Some(parts.into_iter().collect());
        log_in
    }

    /// Adds a header whose value is joined from parts.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl IntoIterator<Item = Part>) -> LogIn {
        self.0.headers.push(Header { name: name.to_owned(), value: value.into_iter().collect() });
        self
    }

    /// Adds a query pair whose value is joined from parts.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl IntoIterator<Item = Part>) -> LogIn {
        self.0.query.push(QueryPair { name: name.to_owned(), value: Some(value.into_iter().collect()) });
        self
    }

    /// Applies another slot to the log-in request itself.
    #[must_use]
    pub fn auth(mut self, slot: &str) -> LogIn {
        self.0.auth.push(slot.to_owned());
        self
    }

    /// Takes the token from the answer's JSON at this pointer (`/data/token`); later requests carry it as `Authorization: Bearer`. The token's name is `token`.
    #[must_use]
    pub fn bearer_at(self, pointer: &str) -> LogIn {
        let placement = HeaderPlacement { name: "authorization".to_owned(), prefix: "Bearer ".to_owned() };
        self.token("token", TokenSource::JsonPointer(pointer.to_owned()), Some(TokenPlacement::Header(placement)))
    }

    /// Takes the token from this cookie of the answer; later requests carry the cookie. The token's name is the cookie's in lower case, with hyphens in the
    /// place of characters that a name cannot hold.
    #[must_use]
    pub fn cookie(self, cookie: &str) -> LogIn {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let name: String = cookie.chars().map(plain).collect();
        let placement = TokenPlacement::Cookie(cookie.to_owned());
        self.token(name.trim_matches('-'), TokenSource::Cookie(cookie.to_owned()), Some(placement))
    }

    /// Takes a token from the answer, and says how it is applied. A token without a placement is not applied by the host: requests place it themselves, by
    /// [`secret`](crate::http::secret) with the token's name as the field.
    #[must_use]
    pub fn token(mut self, name: &str, source: TokenSource, apply: Option<TokenPlacement>) -> LogIn {
        self.0.tokens.push(LoginToken { name: name.to_owned(), source, apply });
        self
    }

    /// Declares a secret field of the slot whose value the answer replaces, such as a refresh token that can be used once.
    #[must_use]
    pub fn replaces(mut self, field: &str, source: TokenSource) -> LogIn {
        self.0.replaces.push(ReplacedField { field: field.to_owned(), source });
        self
    }

    /// How long the tokens last. By default, until the cart refuses them.
    #[must_use]
    pub fn lasts(mut self, lifetime: Duration) -> LogIn {
        self.0.lifetime_s = Some(u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX));
        self
    }

    /// The pointer in the answer's JSON to the number of seconds that the tokens last.
    #[must_use]
    pub fn lifetime_at(mut self, pointer: &str) -> LogIn {
        self.0.lifetime_pointer = Some(pointer.to_owned());
        self
    }
}
