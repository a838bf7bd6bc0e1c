//! Tests of the API as its callers see it: requests go into the router of a service with a data directory of its own.

mod carts;
mod changes;
mod commands;
mod deliveries;
mod described;
mod description;
mod guards;
mod input;
mod machine;
mod page;
mod updates;

use super::{Api, Callers, TokenRate, metrics, router};
use axum::Router;
use axum::body::Body;
use cartage::service::Service;
use cartage::service::access_tokens::Role;
use cartage_base::clock::{Clock, ManualClock};
use cartage_model::dead_letter::{Reason, Then};
use cartage_model::id::{CartId, DeliveryId, Digest, MerchantId, SenderOrderNumber};
use cartage_store::carts::DefinitionRow;
use cartage_store::orders::OrderRef;
use cartage_store::outbox::{ClaimRequest, Claimed, Outbox as _, Settle, Settlement};
use cartage_store::{self as store, Tx, plugins};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, Request, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt as _;

/// The time in these tests, in milliseconds since 1970.
const NOW: u64 = 1_763_906_400_000;
/// The contents of the plugin's file, which none of these tests runs.
const PLUGIN: &[u8] = b"a plugin that is never run";

/// A service with two merchants, and its API.
struct Desk {
    _dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    service: Service,
    router: Router,
}

fn merchant(name: &str) -> MerchantId {
    MerchantId::new(name).expect("it is a name")
}

fn cart(name: &str) -> CartId {
    CartId::new(name).expect("it is a Cart ID")
}

impl Desk {
    /// The merchant `default` has the carts `garden` and `seed-shop`, the merchant `other` has `seed-shop`; all are live, all parameters are off.
    async fn new() -> Desk {
        Desk::with(TokenRate { per_second: 1_000, burst: 10_000 }).await
    }

    async fn with(rate: TokenRate) -> Desk {
        let dir = tempfile::tempdir().expect("a folder can be made");
        let clock = Arc::new(ManualClock::at(NOW));
        let service = Service::init(&dir.path().join("data"), clock.clone()).expect("a data directory can be made");
        let digest = Digest::of(PLUGIN);
        let file = service.data_dir().plugins().join(format!("{}.wasm", digest.to_string().replace(':', "-")));
        std::fs::write(file, PLUGIN).expect("it can be written");
        let manifest = serde_json::to_string(&cartage_fixtures::manifest()).expect("it is plain data");
        let write = move |tx: &Tx<'_>| {
            for (merchant, carts) in [(merchant("default"), ["garden", "seed-shop"].as_slice()), (merchant("other"), &["seed-shop"])] {
                store::merchants::put(tx, &merchant, NOW)?;
                let (name, version, manifest) = ("test".to_owned(), "1.0.0".to_owned(), manifest.clone());
                let row = plugins::PluginRow { digest, name, version, manifest, admitted_at_unix_ms: NOW, first_ran_at_unix_ms: None };
                plugins::put(tx, &merchant, &row)?;
                for id in carts {
                    let text = format!("cart = \"{id}\"\nplugin = \"test.wasm\"\nmode = \"live\"\n");
                    let definition = DefinitionRow { cart: cart(id), text, plugin: Some(digest), mode: "live".to_owned() };
                    store::carts::put(tx, &merchant, &definition, NOW)?;
                }
            }
            Ok(())
        };
        service.store().write::<_, store::Error>(write).await.expect("it can be written");
        let api = Api {
            service: service.clone(),
            callers: Callers::Tokens {
                hosts: vec!["localhost".to_owned(), "[::1]".to_owned()],
                origins: vec!["https://console.example".to_owned()],
                rate,
            },
            ready: Arc::new(|| Box::pin(async { Ok(()) })),
            metrics: Arc::new(|| Box::pin(async { numbers() })),
            labels: metrics::SeriesLabels::ByCart,
        };
        let router = router(api).expect("there is randomness");
        Desk { _dir: dir, clock, service, router }
    }

    /// As [`Desk::new`], with every parameter and an event set so that updates of the merchant `default` pass the gate.
    async fn open() -> Desk {
        let desk = Desk::new().await;
        desk.let_pass("default").await;
        desk
    }

    async fn let_pass(&self, of: &str) {
        let admin = self.token(of, Role::Admin).await;
        let on = json!({ "value": "True" });
        for path in ["/v1/parameters/UseStatusUpdates", "/v1/parameters/UseGenericStatusUpdates?cart=seed-shop"] {
            self.ask(put(path).by(&admin).json(&on)).await.is(StatusCode::OK);
        }
        let setting = json!({ "order_label": "Order Shipped", "notify_cart": true });
        self.ask(put("/v1/events/Tracking%20Number%20Imported").by(&admin).json(&setting)).await.is(StatusCode::OK);
    }

    async fn token(&self, of: &str, role: Role) -> String {
        self.token_for(of, role, None).await
    }

    async fn token_for(&self, of: &str, role: Role, carts: Option<&[&str]>) -> String {
        let service = self.service.as_merchant(merchant(of));
        let carts: Vec<CartId> = carts.unwrap_or_default().iter().map(|id| cart(id)).collect();
        let name = format!("{role}-{}", DeliveryId::new());
        service.access_tokens().make(&name, role, &carts).await.expect("it can be made").text.expose_secret().to_owned()
    }

    /// The lines of the audit, the newest first.
    async fn audit(&self, of: &str) -> Vec<store::audit::Line> {
        let merchant = merchant(of);
        let last = self.service.store().read::<_, store::Error>(move |view| store::audit::last(view, &merchant, 50)).await;
        last.expect("it can be read")
    }

    async fn ask(&self, ask: Ask) -> Reply {
        let (parts, body) = ask.0.into_parts();
        let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
        let sent = axum::body::to_bytes(body, 1 << 25).await.expect("the request is whole");
        let document = serde_json::from_slice(&sent).ok();
        let request = Request::from_parts(parts, Body::from(sent));
        let response = self.router.clone().oneshot(request).await.expect("the router always answers");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 24).await.expect("the answer is whole");
        let text = String::from_utf8(bytes.to_vec()).expect("answers are UTF-8");
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        let reply = Reply { status: parts.status, headers: parts.headers, text, json };
        described::check(&method, &path, document.as_ref(), &reply);
        reply
    }

    /// Sends a label for an order, which passes the gate, and returns the delivery's id.
    async fn queue(&self, of: &str, order: &str, label: &str) -> DeliveryId {
        let sender = self.token(of, Role::Sender).await;
        let reply = self.ask(post("/v1/status-updates").by(&sender).json(&update(order, label))).await.is(StatusCode::ACCEPTED);
        DeliveryId::named(reply.json["delivery"].as_str().expect("it has an id"))
    }

    /// Makes an attempt at the head of an order's lane, which becomes a dead letter.
    async fn kill(&self, of: &str, order: &str, reason: Reason, then: Then) -> DeliveryId {
        let order = OrderRef { cart: cart("seed-shop"), number: SenderOrderNumber::new(order) };
        let (merchant, at_unix_ms) = (merchant(of), self.clock.now_unix_ms());
        let wish = ClaimRequest { merchant: merchant.clone(), order: order.clone(), poison: Then::Block, busy_ms: 0, at_unix_ms };
        let claimed = self.service.outbox().claim(vec![wish]).await.expect("it can be claimed");
        let [Claimed::Claim(claim)] = claimed.as_slice() else { panic!("{claimed:?}") };
        let (delivery, attempt) = (claim.delivery.clone(), claim.attempt);
        let settlement = Settlement::Dead { reason, then };
        let settle = Settle {
            merchant,
            order,
            delivery: delivery.clone(),
            attempt,
            receipt: None,
            steps: Vec::new(),
            lingers: false,
            resume: None,
            told: cartage_store::orders::Told::default(),
            cassette: None,
            settlement,
            at_unix_ms,
        };
        self.service.outbox().settle(vec![settle]).await.expect("it can be settled");
        delivery
    }
}

fn numbers() -> metrics::Metrics {
    let cart = |of: &str, id: &str| metrics::CartNumbers {
        merchant: merchant(of),
        cart: cart(id),
        queued: 1,
        oldest_undelivered_seconds: 2,
        dead: 3,
        blocked_orders: 4,
        paused: false,
        attempts: [].into(),
    };
    metrics::Metrics {
        carts: vec![cart("default", "garden"), cart("default", "seed-shop"), cart("other", "elsewhere")],
        ..Default::default()
    }
}

/// The body of a status update.
fn update(order: &str, label: &str) -> Value {
    json!({ "cart": "seed-shop", "order_number": order, "label": label })
}

/// The body of a status event.
fn event(order: &str) -> Value {
    json!({ "event": "Tracking Number Imported", "cart": "seed-shop", "order_number": order })
}

/// A request to the router.
struct Ask(Request<Body>);

fn ask(method: Method, path: &str) -> Ask {
    let request = Request::builder().method(method).uri(path).header(HOST, "localhost:8080").body(Body::empty());
    Ask(request.expect("it is a request"))
}

fn get(path: &str) -> Ask {
    ask(Method::GET, path)
}

fn post(path: &str) -> Ask {
    ask(Method::POST, path)
}

fn put(path: &str) -> Ask {
    ask(Method::PUT, path)
}

impl Ask {
    fn by(self, token: &str) -> Ask {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    fn header(mut self, name: &str, value: &str) -> Ask {
        let name = http::HeaderName::try_from(name).expect("it is a header's name");
        self.0.headers_mut().append(name, value.parse().expect("it is a header's value"));
        self
    }

    fn without(mut self, name: &str) -> Ask {
        self.0.headers_mut().remove(name);
        self
    }

    fn body(mut self, media_type: &str, body: impl Into<Body>) -> Ask {
        *self.0.body_mut() = body.into();
        self.header(CONTENT_TYPE.as_str(), media_type)
    }

    fn json(self, document: &Value) -> Ask {
        self.body("application/json", document.to_string())
    }
}

/// The router's answer.
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
    json: Value,
}

impl Reply {
    /// Checks the status, and the headers that every answer has.
    #[track_caller]
    fn is(self, status: StatusCode) -> Reply {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers["cache-control"], "no-store");
        self
    }

    /// Checks that the answer is a problem of this kind, whose detail holds these words.
    #[track_caller]
    fn problem(self, status: u16, slug: &str, words: &str) -> Reply {
        let reply = self.is(StatusCode::from_u16(status).expect("it is a status"));
        assert_eq!(reply.headers[CONTENT_TYPE], "application/problem+json");
        assert_eq!(reply.json["type"], format!("docs/http-api.md#{slug}"), "{}", reply.text);
        assert_eq!(reply.json["status"], status);
        assert!(reply.json["title"].is_string() && reply.json["instance"].is_string(), "{}", reply.text);
        let detail = reply.json["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(words), "{words:?} is not in {detail:?}");
        reply
    }
}
