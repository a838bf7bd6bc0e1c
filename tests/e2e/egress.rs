//! Egress against real sockets: carts on loopback, allowed by the same named private exceptions that an operator would write.

mod answers;
mod any_request;
mod names;
mod requests;
mod secrets;
mod tls;
mod tokens;

use cartage::carts::{self, Consent, Limits, PrivateException};
use cartage::cassette::{Entry, HttpEntry, Recording};
use cartage::clock::SystemClock;
use cartage::egress::credential::CredentialValues;
use cartage::egress::endpoint::Bindings;
use cartage::egress::tokens::Keeping;
use cartage::egress::{CartEgress, Egress, SendMode, Session};
use cartage::exchange::{HostCall, HostReply, Services as _};
use cartage_contract::http::{Effect, Error, Header, Method, Part, Request, Response};
use cartage_contract::manifest::{
    About, Base, Carriers, Endpoint, Features, HeaderPlacement, KeyEncoding, Manifest, Pace, Slot, SlotField, SlotKind, Statuses,
};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The delivery that all of these calls belong to.
const DELIVERY: &str = "0197a3c2-0000-7000-8000-000000000001";

/// A cart's definition, with one endpoint.
struct Shop {
    egress: Egress,
    manifest: Manifest,
    binding: carts::Binding,
    limits: Limits,
    credentials: Vec<(&'static str, &'static str, String)>,
}

impl Shop {
    /// A shop at a base URL with one private exception, or none.
    fn at(base_url: impl Into<String>, exception: Option<&str>) -> Shop {
        let exception = exception.map(|allow| PrivateException { name: "cart for tests".to_owned(), allow: allow.to_owned() });
        let binding = carts::Binding {
            base_url: base_url.into(),
            ports: Vec::new(),
            private: exception.into_iter().collect(),
            plain_http: Consent::Refused,
            secrets_in_clear: Consent::Refused,
            signed_base_url: None,
        };
        let limits = Limits { request_ms: 5_000, response_bytes: 1_000, ..Limits::default() };
        Shop { egress: Egress::new(Arc::new(SystemClock)), manifest: manifest(), binding, limits, credentials: Vec::new() }
    }

    /// The shop that a bad cart plays, allowed by its address.
    fn of(cart: &cartage_tests::bad_cart::BadCart) -> Shop {
        Shop::at(cart.base_url(), Some("127.0.0.1/32"))
    }

    fn impatient(mut self) -> Shop {
        self.limits.request_ms = 300;
        self
    }

    fn credential(mut self, slot: &'static str, field: &'static str, text: &str) -> Shop {
        self.credentials.push((slot, field, text.to_owned()));
        self
    }

    fn door(&self) -> CartEgress {
        self.door_with(Keeping::in_memory())
    }

    /// The same with tokens that other doors share.
    fn door_with(&self, keeping: Keeping) -> CartEgress {
        let configs = BTreeMap::from([("api".to_owned(), self.binding.clone())]);
        let bindings = Bindings::new(&self.manifest, &configs).expect("the test's bindings are right");
        let mut values = BTreeMap::<String, BTreeMap<String, SecretString>>::new();
        for (slot, field, text) in &self.credentials {
            values.entry((*slot).to_owned()).or_default().insert((*field).to_owned(), SecretString::from(text.as_str()));
        }
        let credentials = CredentialValues::new(&self.manifest, values).expect("the test's credentials are right");
        self.egress.open_with(Arc::new(self.manifest.clone()), &bindings, credentials, &self.limits, keeping).expect("the client sets up")
    }

    fn session(&self) -> Session {
        self.door().session(SendMode::Live, Some(DELIVERY))
    }

    /// One GET, and its record.
    async fn get(&self) -> (Result<Response, Error>, HttpEntry) {
        let mut session = self.session();
        let answer = send(&mut session, get("/orders")).await;
        (answer, only(session.finish()))
    }
}

async fn send(session: &mut Session, request: Request) -> Result<Response, Error> {
    match session.answer(HostCall::Send(request)).await {
        HostReply::Sent(answer) => answer,
        other => panic!("a request was answered with {other:?}"),
    }
}

/// The requests of a recording.
fn requests(recording: &Recording) -> Vec<&HttpEntry> {
    recording.entries.iter().filter_map(|entry| if let Entry::Http(entry) = entry { Some(&**entry) } else { None }).collect()
}

fn only(recording: Recording) -> HttpEntry {
    let entries = requests(&recording);
    assert_eq!(entries.len(), 1);
    entries[0].clone()
}

fn get(path: &str) -> Request {
    let (endpoint, path) = ("api".to_owned(), path.to_owned());
    let (method, effect, extra) = (Method::Get, Effect::Reads, vec![]);
    Request { endpoint, method, effect, path, query: vec![], headers: vec![], body: None, auth: vec![], renew: false, extra }
}

fn post(path: &str, body: &str) -> Request {
    let content_type = Header { name: "content-type".into(), value: vec![Part::Text("application/x-www-form-urlencoded".into())] };
    let body = Some(vec![Part::Text(body.into())]);
    Request { method: Method::Post, effect: Effect::Writes, headers: vec![content_type], body, ..get(path) }
}

fn manifest() -> Manifest {
    let secret = |name: &str| SlotField { name: name.into(), purpose: "a secret".into(), secret: true, required: true };
    let identity = |name: &str| SlotField { secret: false, ..secret(name) };
    let slot = |name: &str, kind: SlotKind, fields: Vec<SlotField>| {
        let hashed = kind == SlotKind::FormField;
        let (endpoints, extra) = (vec!["api".into()], vec![]);
        Slot { name: name.into(), purpose: "for tests".into(), kind, required: false, alternative: None, endpoints, fields, hashed, extra }
    };
    let api = Endpoint {
        name: "api".into(),
        purpose: "the orders".into(),
        example: "https://shop.example/api".into(),
        base: Base::Any,
        required: true,
        methods: vec![Method::Get, Method::Head, Method::Post, Method::Put, Method::Delete],
        path_prefixes: vec!["/orders".into()],
        request_headers: vec!["content-type".into(), "accept".into(), "idempotency-key".into(), "x-note".into()],
        request_types: vec!["application/x-www-form-urlencoded".into(), "application/json".into()],
        response_headers: vec!["x-order".into()],
        response_types: Vec::new(),
        extra: vec![],
    };
    Manifest {
        name: "test-cart".into(),
        version: "1.0.0".into(),
        cart: "Test Cart".into(),
        summary: "A cart for tests".into(),
        about: About { vendor: "Cartage".into(), support: None, licence: None, changelog: None },
        endpoints: vec![api],
        slots: vec![
            slot("basic", SlotKind::Basic, vec![identity("username"), secret("password")]),
            slot("bearer", SlotKind::Bearer, vec![secret("token")]),
            slot("key", SlotKind::Header(HeaderPlacement { name: "x-api-key".into(), prefix: "Key ".into() }), vec![secret("value")]),
            slot("query", SlotKind::Query("api_key".into()), vec![secret("value")]),
            slot("form", SlotKind::FormField, vec![identity("setiuser"), secret("password")]),
            slot("mac", SlotKind::MacKey(KeyEncoding::Text), vec![secret("key")]),
        ],
        settings: Vec::new(),
        statuses: Statuses::FreeText,
        features: Features::default(),
        carriers: Carriers::Any,
        personal_fields: Vec::new(),
        pace: Pace::default(),
        requires: vec![],
        extra: vec![],
    }
}
