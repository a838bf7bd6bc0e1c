//! A manifest that uses everything, grants for all of it, and values: the sample from which the tests of the rules start.

use crate::delivery::{Choice, SettingValue};
use crate::grants::{BaseUrl, BoundEndpoint, Grants, RequestLimits, SecretsInClear};
use crate::http::{Effect, Escape, Header, Method, Part, QueryPair, Request, SecretPart};
use crate::manifest::{
    About, Base, Carriers, Choices, ClientAuthentication, Endpoint, Features, HeaderPlacement, IntegerLimits, KeyEncoding, Login,
    LoginToken, Manifest, Oauth1, Oauth1Placement, Oauth1Signature, Oauth2, Pace, ReplacedField, Setting, SettingKind, Slot, SlotField,
    SlotKind, Statuses, TextLimits, TokenPlacement, TokenSource,
};
use crate::request::Secrets;

pub(crate) const DELIVERY: &str = "0199f3a2-7c1e-7b64-9a3d-2f8e5c6d7a10";

pub(crate) fn manifest() -> Manifest {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    Manifest {
        name: "sample".into(),
        version: "1.2.3-rc.1+build.5".into(),
        cart: "Sample Cart 3 or later".into(),
        summary: "Sets the status of an order.\nUsed in tests.".into(),
        about: About {
            vendor: "Sample Vendor".into(),
            support: Some("support@vendor.example".into()),
            licence: Some("Apache-2.0 WITH LLVM-exception OR MIT".into()),
            changelog: Some("https://vendor.example/changelog".into()),
        },
        endpoints: vec![
            Endpoint {
                name: "api".into(),
                purpose: "The shop's API".into(),
                example: "https://shop.example/wp-json".into(),
                base: Base::Any,
                required: true,
                methods: vec![Method::Get, Method::Head, Method::Post, Method::Delete],
                path_prefixes: owned(&["/orders", "/v1/notes"]),
                request_headers: owned(&["accept", "x-a", "idempotency-key"]),
                request_types: owned(&["application/json", "application/x-www-form-urlencoded"]),
                response_headers: owned(&["x-total"]),
                response_types: owned(&["application/json"]),
                extra: vec![],
            },
            Endpoint {
                name: "login".into(),
                purpose: "Where tokens come from".into(),
                example: "https://a.vendor.example/token".into(),
                base: Base::Pattern("https://{shop}.vendor.example/token".into()),
                required: false,
                methods: vec![Method::Post],
                path_prefixes: owned(&["/"]),
                request_headers: vec![],
                request_types: owned(&["application/json"]),
                response_headers: vec![],
                response_types: vec![],
                extra: vec![],
            },
        ],
        slots: slots(),
        settings: settings(),
        statuses: Statuses::Fixed(vec![Choice { value: "shipped".into(), title: Some("Shipped".into()) }]),
        features: Features { tracking: true, ..Features::default() },
        carriers: Carriers::Known(["UPS", "FedEx"].map(|value| Choice { value: value.into(), title: None }).into()),
        personal_fields: owned(&["email", "billing_address"]),
        pace: Pace { requests_per_minute: Some(300), ..Pace::default() },
        requires: vec![],
        extra: vec![("vendor.example/colour".into(), "blue".into())],
    }
}

fn field(name: &str, secret: bool, required: bool) -> SlotField {
    SlotField { name: name.into(), purpose: format!("The {name}"), secret, required }
}

fn slots() -> Vec<Slot> {
    let slot = |name: &str, kind, fields| Slot {
        name: name.into(),
        purpose: format!("The {name} credential"),
        kind,
        required: false,
        alternative: None,
        endpoints: vec!["api".into()],
        fields,
        hashed: false,
        extra: vec![],
    };
    let placement = |name: &str, prefix: &str| HeaderPlacement { name: name.into(), prefix: prefix.into() };
    let form = vec![field("user", false, true), field("password", true, true), field("code", false, false)];
    let oauth1 = Oauth1 { placement: Oauth1Placement::Header, signature: Oauth1Signature::HmacSha256 };
    let oauth2 = Oauth2 {
        token_endpoint: "login".into(),
        path: "/oauth/token".into(),
        client_authentication: ClientAuthentication::Basic,
        scope: Some("orders.write".into()),
        parameters: vec![("audience".into(), "https://api.vendor.example".into())],
        apply: TokenPlacement::Header(placement("authorization", "Bearer ")),
    };
    vec![
        slot("basic", SlotKind::Basic, vec![field("username", false, true), field("password", true, false)]),
        slot("bearer", SlotKind::Bearer, vec![field("token", true, true)]),
        slot("key", SlotKind::Header(placement("x-key", "Token ")), vec![field("value", true, true)]),
        slot("query", SlotKind::Query("api key".into()), vec![field("value", true, true)]),
        slot("form", SlotKind::FormField, form),
        slot("mac", SlotKind::MacKey(KeyEncoding::Hex), vec![field("key", true, true), field("id", false, false)]),
        slot("oauth1", SlotKind::Oauth1(oauth1), vec![field("consumer-key", false, true), field("consumer-secret", true, true)]),
        slot(
            "oauth2",
            SlotKind::Oauth2ClientCredentials(oauth2),
            vec![field("client-id", false, true), field("client-secret", true, true)],
        ),
        slot(
            "login",
            SlotKind::Login(login()),
            vec![field("user", false, true), field("password", true, true), field("refresh", true, false)],
        ),
        slot("unset", SlotKind::Bearer, vec![field("token", true, true)]),
        Slot { endpoints: vec!["login".into()], ..slot("elsewhere", SlotKind::Bearer, vec![field("token", true, true)]) },
        Slot { hashed: true, ..slot("hashed", SlotKind::FormField, vec![field("password", true, true)]) },
    ]
}

fn login() -> Login {
    Login {
        endpoint: "login".into(),
        method: Method::Post,
        path: "/new".into(),
        query: vec![QueryPair { name: "v".into(), value: Some(vec![Part::Text("1".into())]) }],
        headers: vec![Header { name: "content-type".into(), value: vec![Part::Text("application/json".into())] }],
        body: Some(vec![Part::Text("{\"p\":\"".into()), secret("login", "password", Escape::JsonString), Part::Text("\"}".into())]),
        auth: vec!["elsewhere".into()],
        tokens: vec![
            LoginToken {
                name: "session".into(),
                source: TokenSource::JsonPointer("/data/token".into()),
                apply: Some(TokenPlacement::Header(HeaderPlacement { name: "authorization".into(), prefix: "Bearer ".into() })),
            },
            LoginToken { name: "form-key".into(), source: TokenSource::Cookie("csrf".into()), apply: None },
        ],
        replaces: vec![ReplacedField { field: "refresh".into(), source: TokenSource::JsonPointer("/data/refresh".into()) }],
        lifetime_s: Some(600),
        lifetime_pointer: Some("/data/expires~1in".into()),
    }
}

fn settings() -> Vec<Setting> {
    let setting = |name: &str, kind| Setting {
        name: name.into(),
        title: format!("The {name}"),
        help: String::new(),
        kind,
        required: false,
        default: None,
        former_names: vec![],
        extra: vec![],
    };
    let limits = |pattern: Option<&str>| TextLimits { min: 1, max: 8, pattern: pattern.map(str::to_owned) };
    let choices =
        || Choices::Fixed(["xml", "delimited"].map(|value| Choice { value: value.into(), title: Some(value.to_uppercase()) }).into());
    vec![
        Setting {
            required: true,
            former_names: vec!["prefix".into()],
            ..setting("order-prefix", SettingKind::Text(limits(Some("[A-Zé-]*"))))
        },
        Setting { default: Some(SettingValue::Integer(3)), ..setting("days", SettingKind::Integer(IntegerLimits { min: -1, max: 30 })) },
        setting("dry", SettingKind::Boolean),
        Setting { default: Some(SettingValue::Choice("xml".into())), ..setting("encoding", SettingKind::Choice(choices())) },
        setting("script", SettingKind::UrlPath),
        setting("names", SettingKind::TextMap(limits(None))),
        setting("carrier-encoding", SettingKind::ChoiceMap(choices())),
        setting("encodings", SettingKind::Several(choices())),
        setting("location", SettingKind::Choice(Choices::Asked)),
        setting("template", SettingKind::Lines(limits(None))),
    ]
}

/// Grants with all endpoints bound, and all slots set except `unset`. Of the fields that may be empty (`basic.password`, `form.code`, `mac.id`) only
/// `mac.id` has a value.
pub(crate) fn grants() -> Grants {
    let bound = |base: &str| BoundEndpoint {
        base: BaseUrl::parse(base).expect("the sample is a base URL"),
        secrets: SecretsInClear::Accepted,
        signed: None,
    };
    let slots = slots().into_iter().filter(|slot| slot.name != "unset").map(|slot| {
        let with_value = slot.fields.into_iter().filter(|field| field.required || field.name == "id");
        (slot.name, with_value.map(|field| field.name).collect())
    });
    Grants {
        endpoints: [
            ("api".to_owned(), bound("https://shop.example/base?store=1")),
            ("login".to_owned(), bound("https://a.vendor.example/token")),
        ]
        .into(),
        slots: slots.collect(),
        limits: RequestLimits { requests: 20, request_bytes: 20_000 },
    }
}

/// The values of the fields that have one.
pub(crate) struct Values;

impl Secrets for Values {
    fn field(&self, slot: &str, field: &str) -> Option<&str> {
        Some(match (slot, field) {
            ("basic", "username") => "us er",
            ("key", "value") => "s3cr3t",
            ("query" | "form", "value" | "password") => "p&w é",
            ("form", "user") => "us er",
            ("mac", "key") => "dead",
            ("mac", "id") => "key id",
            ("hashed", "password") => "hunter2",
            (_, "token") => "tok3n",
            ("oauth1", "consumer-key") => "ck_1",
            ("oauth1", "consumer-secret") => "cs_2",
            ("oauth2", "client-id") => "me:1",
            ("oauth2", "client-secret") => "s+3 é",
            ("login", "password") => "p\"w",
            _ => return None,
        })
    }
}

pub(crate) fn secret(slot: &str, field: &str, escape: Escape) -> Part {
    Part::Secret(SecretPart { slot: slot.into(), field: field.into(), escape })
}

pub(crate) fn text(text: &str) -> Part {
    Part::Text(text.into())
}

/// A GET of `/orders/7` at `api`.
pub(crate) fn get() -> Request {
    Request {
        endpoint: "api".into(),
        method: Method::Get,
        effect: Effect::Reads,
        path: "/orders/7".into(),
        query: vec![],
        headers: vec![],
        body: None,
        auth: vec![],
        renew: false,
        extra: vec![],
    }
}

/// A POST to `/orders/7` at `api` with this body and content type.
pub(crate) fn post(content_type: &str, body: Vec<Part>) -> Request {
    Request { method: Method::Post, headers: vec![header("Content-Type", content_type)], body: Some(body), ..get() }
}

pub(crate) fn header(name: &str, value: &str) -> Header {
    Header { name: name.into(), value: vec![text(value)] }
}
