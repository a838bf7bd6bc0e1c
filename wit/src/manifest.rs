//! A plugin's description of itself, as data: `cartage:plugin/manifest`.
#![allow(missing_docs, reason = "manifest.wit documents these fields, once for every language")]

mod check;
mod names;
mod settings;

pub use check::{CARRIERS_MAX, Error, LIST_ENTRIES_MAX, Problem, TEXT_CHARACTERS_MAX, VALUE_CHARACTERS_MAX};
pub use names::{HOST_OWNED_HEADERS, is_host_owned_header, is_name};
pub use settings::{
    Error as SettingError, Errors as SettingErrors, MAP_ENTRIES_MAX, MAP_KEY_CHARACTERS_MAX, PATTERN_BYTES_MAX, Plain, Refusal, SEVERAL_MAX,
};

use crate::delivery::{Choice, ChoicesOf, SettingValue};
use crate::growth::{Extension, Extra};
use crate::http::{Header, Method, Part, QueryPair};
use serde::{Deserialize, Serialize};

/// Everything that a plugin declares about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    pub cart: String,
    pub summary: String,
    pub about: About,
    pub endpoints: Vec<Endpoint>,
    pub slots: Vec<Slot>,
    pub settings: Vec<Setting>,
    pub statuses: Statuses,
    pub features: Features,
    pub carriers: Carriers,
    pub personal_fields: Vec<String>,
    pub pace: Pace,
    pub requires: Vec<String>,
    pub extra: Extra,
}

/// The load that the cart tolerates, and the limits that a call needs. If a value is `None`, the host's default applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pace {
    pub requests_per_minute: Option<u32>,
    pub concurrency: Option<u32>,
    pub requests_per_call: Option<u32>,
    pub response_bytes: Option<u64>,
}

/// The plugin's vendor, and where to get support.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub vendor: String,
    pub support: Option<String>,
    pub licence: Option<String>,
    pub changelog: Option<String>,
}

/// A named destination. The operator binds it to a base URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub name: String,
    pub purpose: String,
    pub example: String,
    pub base: Base,
    pub required: bool,
    pub methods: Vec<Method>,
    pub path_prefixes: Vec<String>,
    pub request_headers: Vec<String>,
    pub request_types: Vec<String>,
    pub response_headers: Vec<String>,
    pub response_types: Vec<String>,
    pub extra: Extra,
}

/// The base URLs to which the operator may bind an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    Any,
    Pattern(String),
    Fixed(String),
    OneOf(Vec<String>),
}

/// A named secret. The host holds its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    pub name: String,
    pub purpose: String,
    pub kind: SlotKind,
    pub required: bool,
    pub alternative: Option<String>,
    pub endpoints: Vec<String>,
    pub fields: Vec<SlotField>,
    pub hashed: bool,
    pub extra: Extra,
}

/// A field of a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotField {
    pub name: String,
    pub purpose: String,
    pub secret: bool,
    pub required: bool,
}

/// How a credential is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotKind {
    Basic,
    Bearer,
    Header(HeaderPlacement),
    Query(String),
    FormField,
    MacKey(KeyEncoding),
    Oauth1(Oauth1),
    Oauth2ClientCredentials(Oauth2),
    Login(Login),
    Other(Extension),
}

/// A header that holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderPlacement {
    pub name: String,
    pub prefix: String,
}

/// The encoding in which the operator writes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyEncoding {
    Text,
    Base64,
    Hex,
    Whsec,
}

/// How OAuth 1.0a parameters are made, and where they are placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oauth1 {
    pub placement: Oauth1Placement,
    pub signature: Oauth1Signature,
}

/// The place of the OAuth parameters in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oauth1Placement {
    Header,
    Query,
}

/// The signature method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oauth1Signature {
    HmacSha1,
    HmacSha256,
}

/// Where and how a client-credentials token is obtained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oauth2 {
    pub token_endpoint: String,
    pub path: String,
    pub client_authentication: ClientAuthentication,
    pub scope: Option<String>,
    pub parameters: Vec<(String, String)>,
    pub apply: TokenPlacement,
}

/// How the client authenticates to the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuthentication {
    Basic,
    Post,
}

/// A log-in request, and the use of its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    pub endpoint: String,
    pub method: Method,
    pub path: String,
    pub query: Vec<QueryPair>,
    pub headers: Vec<Header>,
    pub body: Option<Vec<Part>>,
    pub auth: Vec<String>,
    pub tokens: Vec<LoginToken>,
    pub replaces: Vec<ReplacedField>,
    pub lifetime_s: Option<u32>,
    pub lifetime_pointer: Option<String>,
}

/// A token in the answer to a log-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginToken {
    pub name: String,
    pub source: TokenSource,
    pub apply: Option<TokenPlacement>,
}

/// A field whose value an answer replaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedField {
    pub field: String,
    pub source: TokenSource,
}

/// The place of a value in the answer to a log-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenSource {
    Header(String),
    JsonPointer(String),
    Cookie(String),
    Body,
}

/// How a token is applied to later requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenPlacement {
    Header(HeaderPlacement),
    Query(String),
    Cookie(String),
}

/// A value that the operator can set for a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    pub name: String,
    pub title: String,
    pub help: String,
    pub kind: SettingKind,
    pub required: bool,
    pub default: Option<SettingValue>,
    pub former_names: Vec<String>,
    pub extra: Extra,
}

/// The values that a setting accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingKind {
    Text(TextLimits),
    Integer(IntegerLimits),
    Boolean,
    Choice(Choices),
    Several(Choices),
    UrlPath,
    TextMap(TextLimits),
    ChoiceMap(Choices),
    Lines(TextLimits),
    Other(Extension),
}

/// The values that a setting offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choices {
    Fixed(Vec<Choice>),
    Asked,
}

/// Limits of a text, in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextLimits {
    pub min: u32,
    pub max: u32,
    pub pattern: Option<String>,
}

/// Limits of an integer, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegerLimits {
    pub min: i64,
    pub max: i64,
}

/// The statuses that the cart accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Statuses {
    Fixed(Vec<Choice>),
    FreeText,
    Asked,
}

/// The carriers that the cart accepts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carriers {
    #[default]
    Any,
    Fixed(Vec<Choice>),
    Known(Vec<Choice>),
    Asked,
}

/// The data that the plugin can carry, and how the plugin behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Features {
    pub tracking: bool,
    pub several_packages: bool,
    pub package_contents: bool,
    pub corrections: bool,
    pub withdrawals: bool,
    pub line_items: bool,
    pub notes: bool,
    pub without_status: bool,
    pub customer_notification: bool,
    pub mails_customer: bool,
    pub safe_to_repeat: bool,
    pub full_state: bool,
}

impl Manifest {
    /// The endpoint with this name.
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.name == name)
    }

    /// The credential slot with this name.
    pub fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.name == name)
    }

    /// The lists that the host requests from the plugin, in the manifest's order.
    pub fn asked(&self) -> Vec<ChoicesOf> {
        let statuses = (self.statuses == Statuses::Asked).then_some(ChoicesOf::Statuses);
        let carriers = (self.carriers == Carriers::Asked).then_some(ChoicesOf::Carriers);
        let asked = |setting: &&Setting| setting.kind.choices() == Some(&Choices::Asked);
        let settings = self.settings.iter().filter(asked).map(|setting| ChoicesOf::Setting(setting.name.clone()));
        statuses.into_iter().chain(carriers).chain(settings).collect()
    }

    /// The slots that are alternatives under this name.
    pub fn alternatives<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Slot> {
        self.slots.iter().filter(move |slot| slot.alternative.as_deref() == Some(name))
    }

    /// The setting with this name.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }
}

impl Endpoint {
    /// Whether a path is below one of the prefixes, by whole segments. An empty path, which is the base URL itself, always is.
    pub fn allows_path(&self, path: &str) -> bool {
        path.is_empty() || self.path_prefixes.iter().any(|prefix| is_under(path, prefix))
    }

    /// Whether a plugin sees this header of an answer with this status. The name must be in lower case. The target of a redirect is never shown.
    pub fn shows_header(&self, name: &str, status: u16) -> bool {
        let is_redirect = matches!(status, 300..=399);
        match name {
            "content-type" | "retry-after" | "date" => true,
            "location" if is_redirect => false,
            _ => self.response_headers.iter().any(|declared| declared == name),
        }
    }

    /// Whether a plugin reads an answer with this status and `content-type`. Only success is checked: the page of a redirect or an error often comes from a
    /// server in front of the cart, and the plugin needs its status. An answer without a body has no type to check.
    pub fn reads_type(&self, status: u16, content_type: Option<&str>, body: &[u8]) -> bool {
        let essence = content_type.map(|given| given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        let is_judged = matches!(status, 200..=299) && !body.is_empty() && !self.response_types.is_empty();
        !is_judged || essence.is_some_and(|essence| self.response_types.contains(&essence))
    }
}

impl std::fmt::Display for KeyEncoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            KeyEncoding::Text => "text",
            KeyEncoding::Base64 => "base64",
            KeyEncoding::Hex => "hex",
            KeyEncoding::Whsec => "whsec",
        })
    }
}

impl std::fmt::Display for SlotKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SlotKind::Basic => "basic",
            SlotKind::Bearer => "bearer",
            SlotKind::Header(_) => "header",
            SlotKind::Query(_) => "query",
            SlotKind::FormField => "form-field",
            SlotKind::MacKey(_) => "mac-key",
            SlotKind::Oauth1(_) => "oauth1",
            SlotKind::Oauth2ClientCredentials(_) => "oauth2-client-credentials",
            SlotKind::Login(_) => "login",
            SlotKind::Other(_) => "other",
        })
    }
}

impl Slot {
    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&SlotField> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Choices {
    /// The choices in the manifest. `None` if the shop's own are requested.
    pub fn fixed(&self) -> Option<&[Choice]> {
        match self {
            Choices::Fixed(choices) => Some(choices),
            Choices::Asked => None,
        }
    }
}

impl SettingKind {
    /// The choices that the setting offers; `None` for kinds without choices.
    pub fn choices(&self) -> Option<&Choices> {
        match self {
            SettingKind::Choice(choices) | SettingKind::Several(choices) | SettingKind::ChoiceMap(choices) => Some(choices),
            SettingKind::Text(_)
            | SettingKind::Integer(_)
            | SettingKind::Boolean
            | SettingKind::UrlPath
            | SettingKind::TextMap(_)
            | SettingKind::Lines(_)
            | SettingKind::Other(_) => None,
        }
    }
}

impl Carriers {
    /// The carriers in the manifest, whether or not others are accepted as well.
    pub fn listed(&self) -> &[Choice] {
        match self {
            Carriers::Fixed(carriers) | Carriers::Known(carriers) => carriers,
            Carriers::Any | Carriers::Asked => &[],
        }
    }
}

/// Whether a path is this prefix or is below it, by whole segments.
fn is_under(path: &str, prefix: &str) -> bool {
    prefix == "/" || path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod answers {
    use crate::sample;

    #[test]
    fn only_declared_headers_are_shown_and_no_redirects_goal() {
        let mut endpoint = sample::manifest().endpoints.remove(0);
        endpoint.response_headers = vec!["x-total".into(), "location".into()];
        for (name, status, shown) in [
            ("content-type", 200, true),
            ("retry-after", 503, true),
            ("date", 301, true),
            ("x-total", 200, true),
            ("x-other", 200, false),
            ("location", 201, true),
            ("location", 299, true),
            ("location", 300, false),
            ("location", 399, false),
            ("location", 400, true),
        ] {
            assert_eq!(endpoint.shows_header(name, status), shown, "{name} {status}");
        }
        endpoint.response_headers.clear();
        assert!(!endpoint.shows_header("location", 201));
    }

    #[test]
    fn an_answer_is_of_a_declared_type_or_empty() {
        let mut endpoint = sample::manifest().endpoints.remove(0);
        endpoint.response_types = vec!["application/json".into()];
        for (content_type, body, reads) in [
            (Some("application/json"), "{}", true),
            (Some(" Application/JSON ; charset=utf-8"), "{}", true),
            (Some("application/jsonp"), "{}", false),
            (Some("text/html"), "x", false),
            (Some("text/html"), "", true),
            (None, "x", false),
            (None, "", true),
        ] {
            assert_eq!(endpoint.reads_type(200, content_type, body.as_bytes()), reads, "{content_type:?} {body:?}");
        }
        for (status, reads) in [(199, true), (200, false), (299, false), (300, true), (401, true), (503, true)] {
            assert_eq!(endpoint.reads_type(status, Some("text/html"), b"<p>x</p>"), reads, "{status}");
        }
        endpoint.response_types.clear();
        assert!(endpoint.reads_type(200, None, b"x"));
    }
}
