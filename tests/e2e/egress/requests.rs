//! What goes out, byte for byte, and what does not.

use super::{DELIVERY, Shop, get, only, post, requests, send};
use cartage::cassette::{Entry, Recording};
use cartage::egress::SendMode;
use cartage::egress::signing::SIGNATURES_MAX;
use cartage::exchange::{HostCall, HostReply, Services as _, Stop};
use cartage_contract::http::{ErrorKind, Escape, Header, Method, Part, QueryPair, Reach, Request, SecretPart};
use cartage_contract::log::Level;
use cartage_contract::signing::{self, Algorithm};
use cartage_tests::bad_cart::{BadCart, Step};
use std::time::Duration;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

async fn cart() -> BadCart {
    BadCart::start(Step::answering(OK, 8)).await.expect("loopback has a port")
}

fn text(text: &str) -> Vec<Part> {
    vec![Part::Text(text.to_owned())]
}

fn secret(slot: &str, field: &str, escape: Escape) -> Part {
    Part::Secret(SecretPart { slot: slot.into(), field: field.into(), escape })
}

/// The bytes of one request, the port left out.
async fn on_the_wire(shop: impl FnOnce(Shop) -> Shop, request: Request) -> (String, Recording) {
    let cart = cart().await;
    let mut shop = shop(Shop::of(&cart));
    shop.binding.base_url += "/shop?lang=en";
    let mut session = shop.session();
    let response = send(&mut session, request).await.expect("the cart answers");
    assert_eq!(response.body, b"ok");
    let bytes = cart.received().concat();
    let sent = String::from_utf8(bytes).expect("the request is text");
    (sent.replace(&cart.address().to_string(), "CART"), session.finish())
}

#[tokio::test]
async fn a_get_on_the_wire() {
    let query = vec![
        QueryPair { name: "status".into(), value: Some(text("shipped & paid/\u{e9}")) },
        QueryPair { name: "flag".into(), value: None },
        QueryPair { name: "raw".into(), value: Some(vec![Part::Raw("a%2Fb".into())]) },
    ];
    let (sent, recording) = on_the_wire(|shop| shop, Request { query, ..get("/orders/caf%C3%A9") }).await;
    assert_eq!(
        sent,
        "GET /shop/orders/caf%C3%A9?lang=en&status=shipped%20%26%20paid%2F%C3%A9&flag&raw=a%2Fb HTTP/1.1\r\n\
         user-agent: cartage/0.1.0\r\n\
         accept-encoding: identity\r\n\
         accept: */*\r\n\
         host: CART\r\n\
         \r\n"
    );
    assert_eq!(recording.reach, Reach::NothingSent, "what only reads changes nothing");
}

#[tokio::test]
async fn a_post_with_credentials_on_the_wire_and_in_the_record() {
    let credentials = |shop: Shop| {
        shop.credential("basic", "username", "merchant")
            .credential("basic", "password", "open sesame, now")
            .credential("query", "value", "a query key/1")
            .credential("form", "setiuser", "seti & co")
            .credential("form", "password", "p\u{e4}ss word 12")
    };
    let mut request = post("/orders", "setifunction=updatestatus&order=A%201");
    request.headers.push(Header { name: "idempotency-key".into(), value: text(DELIVERY) });
    request.headers.push(Header { name: "accept".into(), value: text("text/xml") });
    request.auth = vec!["basic".into(), "query".into(), "form".into()];
    let (sent, recording) = on_the_wire(credentials, request).await;
    assert_eq!(
        sent,
        "POST /shop/orders?lang=en&api_key=a%20query%20key%2F1 HTTP/1.1\r\n\
         content-type: application/x-www-form-urlencoded\r\n\
         idempotency-key: 0197a3c2-0000-7000-8000-000000000001\r\n\
         accept: text/xml\r\n\
         authorization: Basic bWVyY2hhbnQ6b3BlbiBzZXNhbWUsIG5vdw==\r\n\
         user-agent: cartage/0.1.0\r\n\
         accept-encoding: identity\r\n\
         content-length: 85\r\n\
         host: CART\r\n\
         \r\n\
         setifunction=updatestatus&order=A%201&setiuser=seti+%26+co&password=p%C3%A4ss+word+12"
    );
    let entry = only(recording);
    let wire = entry.wire.expect("it was allowed");
    assert!(wire.url.ends_with("/shop/orders?lang=en&api_key=[query.value]"), "{}", wire.url);
    let body = "setifunction=updatestatus&order=A%201&setiuser=[form.setiuser]&password=[form.password]";
    assert_eq!(wire.body.as_deref(), Some(body));
    let authorization = wire.headers.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value.as_str());
    assert_eq!(authorization, Some("Basic [basic.username]:[basic.password]"));
    let sent_names = ["content-type", "idempotency-key", "accept", "authorization", "user-agent", "accept-encoding"];
    assert_eq!(wire.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), sent_names);
}

#[tokio::test]
async fn secrets_stand_where_the_plugin_put_them() {
    let credentials = |shop: Shop| {
        shop.credential("bearer", "token", "token-of-the-shop")
            .credential("key", "value", "key-of-the-shop")
            .credential("form", "setiuser", "seti")
            .credential("form", "password", "quo\"te & <tag>")
    };
    let mut request = post("/orders", "");
    request.body = Some(vec![
        Part::Text("<p>".into()),
        secret("form", "password", Escape::XmlText),
        Part::Text("</p>{\"p\":\"".into()),
        secret("form", "password", Escape::JsonString),
        Part::Text("\"}".into()),
    ]);
    request
        .headers
        .push(Header { name: "x-note".into(), value: vec![Part::Text("for ".into()), secret("form", "setiuser", Escape::Base64)] });
    request.auth = vec!["bearer".into(), "key".into()];
    let (sent, recording) = on_the_wire(credentials, request).await;
    assert!(sent.contains("\r\nauthorization: Bearer token-of-the-shop\r\n"), "{sent}");
    assert!(sent.contains("\r\nx-api-key: Key key-of-the-shop\r\n"), "{sent}");
    assert!(sent.contains("\r\nx-note: for c2V0aQ==\r\n"), "{sent}");
    assert!(sent.ends_with("\r\n\r\n<p>quo&#34;te &#38; &#60;tag&#62;</p>{\"p\":\"quo\\\"te & <tag>\"}"), "{sent}");
    let wire = only(recording).wire.expect("it was allowed");
    assert_eq!(wire.body.as_deref(), Some("<p>[form.password]</p>{\"p\":\"[form.password]\"}"));
}

#[tokio::test]
async fn empty_bodies_state_their_length_where_one_is_expected() {
    let no_body = |method| Request { method, ..get("/orders") };
    let empty = Request { body: Some(vec![]), ..post("/orders", "") };
    for (request, stated) in [
        (no_body(Method::Post), true),
        (no_body(Method::Put), true),
        (empty, true),
        (no_body(Method::Get), false),
        (no_body(Method::Head), false),
        (no_body(Method::Delete), false),
    ] {
        let cart = BadCart::start(vec![Step::Receive, Step::send("HTTP/1.1 204 No Content\r\n\r\n")]).await.expect("loopback has a port");
        send(&mut Shop::of(&cart).session(), request.clone()).await.expect("the cart answers");
        let sent = String::from_utf8(cart.received().concat()).expect("the request is text");
        assert_eq!(sent.contains("content-length: 0\r\n"), stated, "{request:?}: {sent}");
        assert!(stated || !sent.contains("content-length"), "{sent}");
        assert!(!sent.contains("transfer-encoding"), "{sent}");
    }
}

#[tokio::test]
async fn what_is_denied_never_reaches_the_cart() {
    let cart = cart().await;
    let mut session = Shop::of(&cart).session();
    let header = |name: &str| Request { headers: vec![Header { name: name.into(), value: text("x") }], ..get("/orders") };
    for (request, kind) in [
        (Request { endpoint: "other".into(), ..get("/orders") }, ErrorKind::EndpointDenied),
        (Request { method: Method::Patch, ..get("/orders") }, ErrorKind::MethodDenied),
        (get("/admin"), ErrorKind::PathDenied),
        (get("/orders/../admin"), ErrorKind::PathDenied),
        (get("//evil.example/orders"), ErrorKind::PathDenied),
        (get("http://evil.example/orders"), ErrorKind::PathDenied),
        (header("x-undeclared"), ErrorKind::HeaderDenied),
        (header("host"), ErrorKind::HeaderDenied),
        (Request { auth: vec!["basic".into()], ..get("/orders") }, ErrorKind::CredentialDenied),
    ] {
        let error = send(&mut session, request.clone()).await.expect_err("it is denied");
        assert_eq!((error.kind, error.reach), (kind, Reach::NothingSent), "{request:?}: {error}");
    }
    let recording = session.finish();
    assert_eq!((recording.reach, requests(&recording).len(), cart.connections()), (Reach::NothingSent, 9, 0));
    assert!(requests(&recording).iter().all(|entry| entry.wire.is_none() && entry.answer.is_some()));
}

#[tokio::test]
async fn a_call_has_so_many_requests_and_not_one_more() {
    let cart = cart().await;
    let mut shop = Shop::of(&cart);
    shop.limits.requests = 2;
    let mut session = shop.session();
    for _ in 0..2 {
        send(&mut session, get("/orders")).await.expect("it is within the limit");
    }
    for _ in 0..3 {
        let error = send(&mut session, get("/orders")).await.expect_err("it is over the limit");
        assert_eq!((error.kind, error.reach), (ErrorKind::QuotaExceeded, Reach::NothingSent));
        assert!(error.message.contains("limits.requests"), "{error}");
    }
    // One record says so; a guest that goes on asking does not fill the recording.
    assert_eq!(requests(&session.finish()).len(), 3);
}

#[tokio::test]
async fn a_request_may_have_so_many_bytes_and_not_one_more() {
    let cart = cart().await;
    let mut shop = Shop::of(&cart);
    let body = "x".repeat(500);
    // The request's own size, found by the limit itself: the largest that is refused, and the next.
    let mut refused = 500;
    loop {
        shop.limits.request_bytes = refused + 1;
        match send(&mut shop.session(), post("/orders", &body)).await {
            Ok(_) => break,
            Err(error) => assert_eq!((error.kind, error.reach), (ErrorKind::RequestTooLarge, Reach::NothingSent), "{error}"),
        }
        refused += 1;
        assert!(refused < 1_000, "a request of 500 bytes of body was never allowed");
    }
    assert!(refused > 500);
    assert!(send(&mut shop.session(), post("/orders", &(body + "x"))).await.is_err());
    assert_eq!(cart.connections(), 1);
}

#[tokio::test]
async fn a_dry_run_shows_the_first_request_and_touches_nothing() {
    let cart = cart().await;
    let mut session =
        Shop::of(&cart).credential("bearer", "token", "a token to be hidden").door().session(SendMode::DryRun, Some(DELIVERY));
    assert!(send(&mut session, get("/admin")).await.is_err(), "a denial is told as ever");
    let request = Request { auth: vec!["bearer".into()], ..get("/orders") };
    assert_eq!(session.answer(HostCall::Send(request)).await, HostReply::End(Stop::DryRun));
    let recording = session.finish();
    assert_eq!((recording.reach, cart.connections()), (Reach::NothingSent, 0));
    let entry = requests(&recording)[1];
    assert_eq!((entry.reach, &entry.answer), (Reach::NothingSent, &None));
    let wire = entry.wire.as_ref().expect("it was allowed");
    assert!(wire.headers.contains(&("authorization".into(), "Bearer [bearer.token]".into())), "{wire:?}");
}

#[tokio::test]
async fn a_dry_run_with_reads_stops_before_the_first_write() {
    let cart = cart().await;
    let mut session = Shop::of(&cart).door().session(SendMode::DryRunReads, Some(DELIVERY));
    send(&mut session, get("/orders")).await.expect("a GET is performed");
    let answer = session.answer(HostCall::Send(post("/orders", "status=shipped"))).await;
    assert_eq!(answer, HostReply::End(Stop::DryRun));
    let recording = session.finish();
    assert_eq!(recording.reach, Reach::NothingSent, "reads do not count where something was to be written");
    let entries = requests(&recording);
    assert_eq!((entries[0].reach, entries[1].reach), (Reach::Answered, Reach::NothingSent));
    assert_eq!(entries[1].wire.as_ref().and_then(|wire| wire.body.as_deref()), Some("status=shipped"));
    assert!(!String::from_utf8_lossy(&cart.received().concat()).contains("POST"));
}

#[tokio::test]
async fn a_call_that_is_dropped_in_mid_request_may_have_been_sent() {
    let cart = BadCart::start(vec![Step::Receive, Step::Hold]).await.expect("loopback has a port");
    let shop = Shop::of(&cart);
    let mut session = shop.session();
    let waiting = session.answer(HostCall::Send(post("/orders", "status=shipped")));
    assert!(tokio::time::timeout(Duration::from_millis(200), waiting).await.is_err());
    let recording = session.finish();
    assert_eq!(recording.reach, Reach::MaybeSent);
    let entry = only(recording);
    assert_eq!((entry.reach, &entry.answer), (Reach::MaybeSent, &None));
    assert!(String::from_utf8_lossy(&cart.received().concat()).ends_with("status=shipped"));
}

#[tokio::test]
async fn signatures_are_made_and_counted() {
    let cart = cart().await;
    let mut session = Shop::of(&cart).credential("mac", "key", "Jefe").session();
    let mac = |slot: &str| HostCall::Mac { slot: slot.into(), algorithm: Algorithm::Sha256, message: text("what do ya want for nothing?") };
    let HostReply::Signed(Ok(first)) = session.answer(mac("mac")).await else { panic!("the slot signs") };
    // RFC 4231, test case 2.
    assert_eq!(first[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    let HostReply::Signed(Err(error)) = session.answer(mac("bearer")).await else { panic!("the slot does not sign") };
    assert_eq!(error.kind, signing::ErrorKind::SlotDenied);
    for used in 2..SIGNATURES_MAX {
        let answer = session.answer(HostCall::Digest { algorithm: Algorithm::Md5, message: text("") }).await;
        assert!(matches!(answer, HostReply::Signed(Ok(_))), "{used}");
    }
    for _ in 0..3 {
        let HostReply::Signed(Err(error)) = session.answer(mac("mac")).await else { panic!("the signatures are used up") };
        assert_eq!(error.kind, signing::ErrorKind::QuotaExceeded);
    }
    let recording = session.finish();
    assert_eq!((recording.entries.len() as u32, recording.reach), (SIGNATURES_MAX + 1, Reach::NothingSent));
}

#[tokio::test]
async fn log_lines_are_recorded_on_one_line() {
    let cart = cart().await;
    let mut session = Shop::of(&cart).credential("bearer", "token", "canary-of-the-log").session();
    let message = "first\nsecond \u{1b}[31m and canary-of-the-log".to_owned();
    assert_eq!(session.answer(HostCall::Log { level: Level::Info, message }).await, HostReply::Logged);
    let entries = session.finish().entries;
    assert_eq!(entries, [Entry::Log { level: Level::Info, message: "first\\nsecond \\u{1b}[31m and [bearer.token]".into() }]);
}
