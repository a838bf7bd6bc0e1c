//! Posts into the router of a service whose cart has an inlet. No parameter is set, so a post with a right log-in needs a person.

use super::*;
use crate::inbound::body::START_BYTES;
use axum::body::{Bytes, HttpBody};
use cartage_base::clock::ManualClock;
use cartage_model::id::Digest;
use cartage_store::carts::DefinitionRow;
use cartage_store::credentials::Generation;
use cartage_store::{self as store, Tx, plugins};
use http::Request;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tower::ServiceExt as _;

const NOW: u64 = 1_800_000_000_000;
const LOGIN: &str = "setifunction=updatestatus&setiuser=om&password=right&ordernumber=9001&orderstatus=Shipped";

struct Desk {
    _folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    router: Router,
    _undelivered: watch::Sender<bool>,
}

impl Desk {
    async fn new() -> Desk {
        Desk::behind(Proxies::default()).await
    }

    async fn behind(proxies: Proxies) -> Desk {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(ManualClock::at(NOW));
        let service = Service::init(&folder.path().join("data"), clock.clone()).expect("it is made");
        let digest = Digest::of(b"a plugin that is never run");
        let manifest = cartage_fixtures::manifest();
        let row = plugins::PluginRow {
            digest,
            name: "test".to_owned(),
            version: "1.0.0".to_owned(),
            manifest: serde_json::to_string(&manifest).expect("it is plain data"),
            admitted_at_unix_ms: NOW,
            first_ran_at_unix_ms: None,
        };
        let cart = CartId::new("shop").expect("it is a Cart ID");
        let text = "cart = \"shop\"\nplugin = \"test.wasm\"\nmode = \"live\"\n[seti]\nuser = \"om\"\n".to_owned();
        let definition = DefinitionRow { cart: cart.clone(), text, plugin: Some(digest), mode: "live".to_owned() };
        let write = move |tx: &Tx<'_>| {
            plugins::put(tx, &MerchantId::default(), &row)?;
            store::carts::put(tx, &MerchantId::default(), &definition, NOW).map(drop)
        };
        service.store().write::<_, store::Error>(write).await.expect("it can be written");
        let kept = service.carts().find(&cart).await.expect("it can be read").expect("it is there");
        let password = SecretString::from("right");
        service.credentials().set(&kept, &manifest, ("seti", "password"), Generation::Current, password).await.expect("it is taken");
        let (undelivered, nothing_more) = watch::channel(false);
        Desk { _folder: folder, clock, router: router(service, proxies, nothing_more), _undelivered: undelivered }
    }

    async fn post(&self, from: [u8; 4], path: &str, body: Body) -> String {
        self.post_with(from, path, &[], body).await
    }

    async fn post_with(&self, from: [u8; 4], path: &str, headers: &[(&str, &str)], body: Body) -> String {
        self.ask(Request::post(path), from, headers, body).await
    }

    async fn ask(&self, request: http::request::Builder, from: [u8; 4], headers: &[(&str, &str)], body: Body) -> String {
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let mut request = request.body(body).expect("it is a request");
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((from, 4711))));
        let answer = self.router.clone().oneshot(request).await.expect("the router always answers");
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("the answer is whole");
        String::from_utf8(bytes.to_vec()).expect("it is text")
    }
}

/// A body of this many bytes after the given beginning, which counts the bytes that were requested.
struct Counted {
    first: Option<Bytes>,
    left: usize,
    asked: Arc<AtomicUsize>,
}

fn counted(first: &str, left: usize) -> (Body, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    (Body::new(Counted { first: Some(first.to_owned().into()), left, asked: asked.clone() }), asked)
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        let next = self.first.take().or_else(|| {
            let bytes = self.left.min(16 << 10);
            self.left -= bytes;
            (bytes > 0).then(|| vec![b'x'; bytes].into())
        });
        self.asked.fetch_add(next.as_ref().map_or(0, Bytes::len), Ordering::SeqCst);
        Poll::Ready(next.map(|bytes| Ok(hyper::body::Frame::data(bytes))))
    }
}

#[tokio::test]
async fn nothing_is_read_for_a_cart_that_takes_no_posts() {
    let desk = Desk::new().await;
    for path in ["/seti/nobody", "/seti/other/shop", "/seti/%20", "/seti/-/-"] {
        let (body, asked) = counted(LOGIN, 1 << 20);
        let answer = desk.post([192, 0, 2, 1], path, body).await;
        assert!(answer.starts_with("SETIError: access denied"), "{path}: {answer}");
        assert_eq!(asked.load(Ordering::SeqCst), 0, "{path}");
    }
}

#[tokio::test]
async fn a_post_is_taken_wherever_its_log_in_stands() {
    let desk = Desk::new().await;
    let note = |bytes| format!("&update={}", "%20".repeat(bytes / 3));
    let long = START_BYTES + (32 << 10);
    for (what, body) in [
        ("small", LOGIN.to_owned()),
        ("first", format!("{LOGIN}{}", note(long))),
        ("last", format!("a=1{}&{LOGIN}", note(long))),
        ("across the border", format!("a=1{}&{LOGIN}{}", note(START_BYTES - 40), "")),
        ("the largest", format!("{LOGIN}&update={}", "+".repeat(BODY_BYTES_MAX - LOGIN.len() - "&update=".len()))),
    ] {
        let answer = desk.post([192, 0, 2, 1], "/seti/shop", Body::from(body)).await;
        assert!(answer.starts_with("SETIResponse: update=False;Notes=order 9001 needs a person"), "{what}: {answer}");
    }
    let version = format!("setifunction=sendversion{}", note(long));
    assert_eq!(desk.post([192, 0, 2, 1], "/seti/shop", Body::from(version)).await, "SETIResponse: version=1.000");
    let (body, asked) = counted(LOGIN, BODY_BYTES_MAX);
    let answer = desk.post([192, 0, 2, 1], "/seti/shop", body).await;
    assert!(answer.contains("the body has more than 8388608 bytes"), "{answer}");
    assert!(asked.load(Ordering::SeqCst) <= BODY_BYTES_MAX + (16 << 10));
}

#[tokio::test]
async fn a_wrong_log_in_is_known_from_the_beginning_of_a_post() {
    let desk = Desk::new().await;
    let wrong = LOGIN.replace("right", "wrong");
    let late = format!("a={}&{wrong}", "x".repeat(START_BYTES));
    for (nth, body) in [wrong.clone(), format!("{wrong}&update=%20{}", "x".repeat(START_BYTES)), late].into_iter().enumerate() {
        let answer = desk.post([192, 0, 2, 1], "/seti/shop", Body::from(body)).await;
        assert!(answer.starts_with("SETIError: access denied"), "{nth}: {answer}");
    }
    for _ in 3..FAILURES_MAX {
        desk.post([192, 0, 2, 1], "/seti/shop", Body::from(wrong.clone())).await;
    }
    let (body, asked) = counted(LOGIN, 0);
    assert!(desk.post([192, 0, 2, 1], "/seti/shop", body).await.contains("access denied"), "it is not listened to any more");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert!(desk.post([192, 0, 2, 2], "/seti/shop", Body::from(LOGIN)).await.contains("needs a person"), "another one is");
    desk.clock.advance_ms(FAILURES_MS);
    assert!(desk.post([192, 0, 2, 1], "/seti/shop", Body::from(LOGIN)).await.contains("needs a person"), "its time is over");
}

/// Fails to log in this many times, and returns whether a right log-in is still accepted.
async fn after_failures(desk: &Desk, count: u32, from: [u8; 4], headers: &[(&str, &str)]) -> bool {
    let wrong = LOGIN.replace("right", "wrong");
    for _ in 0..count {
        let answer = desk.post_with(from, "/seti/shop", headers, Body::from(wrong.clone())).await;
        assert!(answer.starts_with("SETIError: access denied"), "{answer}");
    }
    desk.post_with(from, "/seti/shop", headers, Body::from(LOGIN)).await.contains("needs a person")
}

const THIS_MACHINE: [u8; 4] = [127, 0, 0, 1];

#[tokio::test]
async fn this_machine_is_a_client_unless_it_may_be_a_proxy() {
    let desk = Desk::new().await;
    assert!(
        after_failures(&desk, 3 * FAILURES_MAX, THIS_MACHINE, &[("x-forwarded-for", "198.51.100.7")]).await,
        "a proxy that nobody named"
    );
    assert!(after_failures(&desk, FAILURES_MAX - 1, THIS_MACHINE, &[]).await);
    assert!(after_failures(&desk, FAILURES_MAX - 1, THIS_MACHINE, &[]).await, "the right log-in forgave the failures before it");
    assert!(!after_failures(&desk, FAILURES_MAX, THIS_MACHINE, &[]).await);
    assert!(after_failures(&desk, 0, [192, 0, 2, 1], &[]).await, "another client is listened to");
}

#[tokio::test]
async fn behind_a_trusted_proxy_one_of_its_clients_is_shut_out() {
    let trusted = vec!["127.0.0.1/32".parse().expect("it is a network")];
    let desk = Desk::behind(Proxies { trusted, anywhere: true }).await;
    assert!(after_failures(&desk, 3 * FAILURES_MAX, THIS_MACHINE, &[]).await, "the proxy does not say whose they are");
    assert!(!after_failures(&desk, FAILURES_MAX, THIS_MACHINE, &[("x-forwarded-for", "203.0.113.9, 198.51.100.7")]).await);
    for headers in [[("x-forwarded-for", "198.51.100.7")], [("forwarded", "for=198.51.100.7")]] {
        assert!(!after_failures(&desk, 0, THIS_MACHINE, &headers).await, "it is the same client: {headers:?}");
    }
    for headers in [[("x-forwarded-for", "198.51.100.8")], [("x-forwarded-for", "198.51.100.7, 203.0.113.9")]] {
        assert!(after_failures(&desk, 0, THIS_MACHINE, &headers).await, "it is another one: {headers:?}");
    }
    let forged = [("x-forwarded-for", "203.0.113.9")];
    assert!(after_failures(&desk, 3 * FAILURES_MAX, [192, 0, 2, 7], &forged).await, "nobody is shut out by what another peer says");
}

#[tokio::test]
async fn a_page_in_a_browser_cannot_shut_anybody_out() {
    let desk = Desk::new().await;
    let wrong = LOGIN.replace("right", "wrong");
    for headers in [[("origin", "https://a.example")], [("origin", "null")], [("sec-fetch-site", "cross-site")]] {
        for body in [wrong.as_str(), LOGIN] {
            let answer = desk.post_with(THIS_MACHINE, "/seti/shop", &headers, Body::from(body.to_owned())).await;
            assert!(answer.starts_with("SETIError: ") && answer.contains("page in a browser"), "{answer}");
        }
    }
    // Requests that a page can send without being recognised are counted separately.
    for _ in 0..3 * FAILURES_MAX {
        desk.ask(Request::get(format!("/seti/shop?{wrong}")), THIS_MACHINE, &[], Body::empty()).await;
        desk.post_with(THIS_MACHINE, "/seti/shop", &[("referer", "https://a.example/")], Body::from(wrong.clone())).await;
    }
    assert!(after_failures(&desk, 0, THIS_MACHINE, &[]).await);
    let answer = desk.ask(Request::get(format!("/seti/shop?{LOGIN}")), THIS_MACHINE, &[], Body::empty()).await;
    assert!(answer.contains("access denied"), "{answer}");
}

/// The answers to many concurrent posts of one client.
async fn at_once(desk: &Desk, body: &str) -> Vec<String> {
    let mut posts = tokio::task::JoinSet::new();
    for _ in 0..4 * FAILURES_MAX {
        let mut request = Request::post("/seti/shop").body(Body::from(body.to_owned())).expect("it is a request");
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))));
        posts.spawn(desk.router.clone().oneshot(request));
    }
    let mut answers = Vec::new();
    while let Some(answer) = posts.join_next().await {
        let answer = answer.expect("it does not panic").expect("the router always answers");
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("the answer is whole");
        answers.push(String::from_utf8(bytes.to_vec()).expect("it is text"));
    }
    answers
}

#[tokio::test]
async fn many_at_once_are_no_more_tries_and_what_is_no_log_in_is_none() {
    let desk = Desk::new().await;
    let version = "setifunction=sendversion&omversion=7.5";
    for _ in 0..2 * FAILURES_MAX {
        assert!(desk.post([192, 0, 2, 1], "/seti/shop", Body::from(version)).await.starts_with("SETIResponse: version="));
        assert!(desk.post([192, 0, 2, 1], "/seti/shop", Body::from("setifunction=ordercount")).await.contains("unknown function"));
        assert!(desk.post([192, 0, 2, 1], "/seti/no-such-cart", Body::from(LOGIN)).await.contains("access denied"));
    }
    for answer in at_once(&desk, LOGIN).await {
        assert!(answer.contains("needs a person"), "nobody is shut out by being busy: {answer}");
    }
    let wrong = LOGIN.replace("right", "wrong");
    at_once(&desk, &wrong).await;
    assert!(!after_failures(&desk, 0, [192, 0, 2, 1], &[]).await);
}
