//! Tokens that the host obtains: by log-ins and by OAuth 2.0, for many calls at once, and where the cart refuses, is silent or answers nonsense.

use super::{Shop, get, only, post, requests, send};
use cartage::cassette::Recording;
use cartage::egress::tokens::{Keeper, Keeping, Kept, NotKept, Replaced};
use cartage::egress::{CartEgress, SendMode, Session};
use cartage::exchange::{HostCall, HostReply, Services as _, Stop};
use cartage_contract::http::{Error, ErrorKind, Escape, Header, Method, Part, Reach, Request, SecretPart};
use cartage_contract::manifest::{
    ClientAuthentication, HeaderPlacement, Login, LoginToken, Oauth1, Oauth1Placement, Oauth1Signature, Oauth2, ReplacedField, Slot,
    SlotField, SlotKind, TokenPlacement, TokenSource,
};
use cartage_tests::answering::{Answering, Asked, Reply};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PASSWORD: &str = "a password of this test";

/// What a cart was asked, in order.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Asked>>>);

impl Seen {
    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics while holding it").iter().map(|asked| asked.line.clone()).collect()
    }

    fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|seen| seen.as_str() == line).count()
    }

    fn last(&self) -> Asked {
        self.0.lock().expect("nobody panics while holding it").last().expect("it was asked").clone()
    }
}

/// A cart that keeps what it was asked.
async fn cart(answers: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> (Answering, Seen) {
    let seen = Seen::default();
    let kept = seen.clone();
    let cart = Answering::start(move |asked| {
        kept.0.lock().expect("nobody panics while holding it").push(asked.clone());
        answers(asked)
    });
    (cart.await.expect("loopback has a port"), seen)
}

fn is_log_in(asked: &Asked) -> bool {
    asked.line == "POST /login"
}

fn login() -> Login {
    let secret = |field: &str| Part::Secret(SecretPart { slot: "login".into(), field: field.into(), escape: Escape::Form });
    let text = |text: &str| Part::Text(text.into());
    let body = vec![text("password="), secret("password"), text("&refresh="), secret("refresh")];
    Login {
        endpoint: "api".into(),
        method: Method::Post,
        path: "/login".into(),
        query: vec![],
        headers: vec![Header { name: "content-type".into(), value: vec![text("application/x-www-form-urlencoded")] }],
        body: Some(body),
        auth: vec![],
        tokens: vec![
            LoginToken {
                name: "session".into(),
                source: TokenSource::Cookie("sid".into()),
                apply: Some(TokenPlacement::Cookie("sid".into())),
            },
            LoginToken { name: "form-key".into(), source: TokenSource::JsonPointer("/key".into()), apply: None },
        ],
        replaces: vec![ReplacedField { field: "refresh".into(), source: TokenSource::JsonPointer("/refresh".into()) }],
        lifetime_s: None,
        lifetime_pointer: Some("/expires".into()),
    }
}

fn slot(name: &str, kind: SlotKind, fields: &[(&str, bool, bool)]) -> Slot {
    let field = |(name, secret, required): &(&str, bool, bool)| SlotField {
        name: (*name).into(),
        purpose: "for tests".into(),
        secret: *secret,
        required: *required,
    };
    Slot {
        name: name.into(),
        purpose: "for tests".into(),
        kind,
        required: false,
        alternative: None,
        endpoints: vec!["api".into()],
        fields: fields.iter().map(field).collect(),
        hashed: false,
        extra: vec![],
    }
}

/// A shop at this cart with slots of the three kinds.
fn shop(cart: &Answering) -> Shop {
    let mut shop = Shop::at(cart.base_url(), Some("127.0.0.1/32"));
    shop.manifest.endpoints[0].path_prefixes = vec!["/".into()];
    let bearer = TokenPlacement::Header(HeaderPlacement { name: "authorization".into(), prefix: "Bearer ".into() });
    let oauth2 = Oauth2 {
        token_endpoint: "api".into(),
        path: "/token".into(),
        client_authentication: ClientAuthentication::Post,
        scope: None,
        parameters: vec![],
        apply: bearer,
    };
    let oauth1 = Oauth1 { placement: Oauth1Placement::Query, signature: Oauth1Signature::HmacSha256 };
    shop.manifest.slots.extend([
        slot("login", SlotKind::Login(login()), &[("password", true, true), ("refresh", true, false)]),
        slot("oauth2", SlotKind::Oauth2ClientCredentials(oauth2), &[("client-id", false, true), ("client-secret", true, true)]),
        slot("oauth1", SlotKind::Oauth1(oauth1), &[("consumer-key", false, true), ("consumer-secret", true, true)]),
    ]);
    let shop = shop.credential("login", "password", PASSWORD).credential("login", "refresh", "refresh-value-0");
    let shop = shop.credential("oauth2", "client-id", "me").credential("oauth2", "client-secret", PASSWORD);
    shop.credential("oauth1", "consumer-key", "ck_1").credential("oauth1", "consumer-secret", PASSWORD)
}

fn session(door: &CartEgress) -> Session {
    door.session(SendMode::Live, Some(super::DELIVERY))
}

fn with(slot: &str, request: Request) -> Request {
    Request { auth: vec![slot.to_owned()], ..request }
}

/// A log-in's answer with the tokens of this number.
fn tokens(number: u64, more: &str) -> Reply {
    let json = Reply::json(format!("{{\"key\":\"form-key-{number:08}\"{more}}}"));
    Reply { headers: format!("{}set-cookie: sid=session-{number:08}; Path=/\r\n", json.headers), ..json }
}

fn json(recording: &Recording) -> String {
    serde_json::to_string(recording).expect("a recording is plain data")
}

async fn status(session: &mut Session, request: Request) -> Result<u16, Error> {
    send(session, request).await.map(|response| response.status)
}

#[tokio::test]
async fn two_hundred_calls_that_want_a_token_at_once_log_in_once() {
    let (cart, seen) =
        cart(|asked| if is_log_in(asked) { Reply { after: Duration::from_millis(200), ..tokens(1, "") } } else { Reply::json("{}") }).await;
    let door = shop(&cart).door();
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let door = door.clone();
            tokio::spawn(async move { status(&mut session(&door), with("login", get("/orders"))).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.expect("it does not panic"), Ok(200));
    }
    assert_eq!((seen.count("POST /login"), seen.count("GET /orders")), (1, 200));
    assert!(seen.last().headers.contains("cookie: sid=session-00000001"), "{:?}", seen.last());
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_by_all_who_wait() {
    let (cart, seen) =
        cart(|asked| Reply { after: Duration::from_millis(300), ..Reply::status(if is_log_in(asked) { 403 } else { 200 }) }).await;
    let door = shop(&cart).door();
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let door = door.clone();
            tokio::spawn(async move { status(&mut session(&door), with("login", get("/orders"))).await })
        })
        .collect();
    for call in calls {
        let error = call.await.expect("it does not panic").expect_err("the password is wrong");
        assert_eq!((error.kind, error.reach), (ErrorKind::TokenRefused, Reach::NothingSent));
    }
    assert_eq!(seen.lines(), ["POST /login"]);
}

#[tokio::test]
async fn a_token_that_the_cart_refuses_is_renewed_once_without_the_guest_seeing_it() {
    let (number, valid) = (AtomicU64::new(0), Arc::new(AtomicU64::new(1)));
    let refuses_below = valid.clone();
    let (cart, seen) = cart(move |asked| {
        if is_log_in(asked) {
            return tokens(number.fetch_add(1, Ordering::Relaxed) + 1, "");
        }
        let is_valid =
            (refuses_below.load(Ordering::Relaxed)..20).any(|number| asked.headers.contains(&format!("sid=session-{number:08}")));
        Reply::status(if is_valid { 200 } else { 401 })
    })
    .await;
    let shop = shop(&cart);
    let door = shop.door();
    assert_eq!(status(&mut session(&door), with("login", get("/orders"))).await, Ok(200));
    // The token that is there is refused: one log-in, and the request once more, also one that writes.
    valid.store(2, Ordering::Relaxed);
    let mut call = session(&door);
    assert_eq!(status(&mut call, with("login", post("/orders", "a=1"))).await, Ok(200));
    let recording = call.finish();
    assert_eq!((requests(&recording).len(), recording.reach), (1, Reach::Answered));
    assert_eq!((seen.count("POST /login"), seen.count("POST /orders")), (2, 2));
    // The new one is refused as well: the guest sees it, and its own wish to renew is not another log-in of this call.
    valid.store(20, Ordering::Relaxed);
    let mut call = session(&door);
    assert_eq!(status(&mut call, with("login", get("/again"))).await, Ok(401));
    let renew = Request { renew: true, ..with("login", get("/again")) };
    assert_eq!(status(&mut call, renew.clone()).await, Ok(401));
    assert_eq!((seen.count("POST /login"), seen.count("GET /again")), (3, 3));
    // A guest that asks for it first has it once.
    valid.store(1, Ordering::Relaxed);
    let mut call = session(&door);
    for _ in 0..2 {
        assert_eq!(status(&mut call, renew.clone()).await, Ok(200));
    }
    assert_eq!(seen.count("POST /login"), 4);
}

#[tokio::test]
async fn a_new_token_that_is_refused_and_a_call_without_requests_left_renew_nothing() {
    let (cart, seen) = cart(|asked| if is_log_in(asked) { tokens(1, "") } else { Reply::status(401) }).await;
    let mut shop = shop(&cart);
    shop.limits.requests = 1;
    let door = shop.door();
    assert_eq!(status(&mut session(&door), with("login", get("/orders"))).await, Ok(401));
    assert_eq!(seen.lines(), ["POST /login", "GET /orders"], "it was obtained for this request");
    assert_eq!(status(&mut session(&door), with("login", get("/orders"))).await, Ok(401));
    assert_eq!(seen.lines(), ["POST /login", "GET /orders", "GET /orders"], "sending it once more would be a second request");
}

/// Every way in which a log-in may fail, for a described one and for OAuth 2.0.
#[tokio::test]
async fn a_log_in_that_fails_says_how_and_sends_nothing() {
    let large = "x".repeat(1 << 20);
    let moved = Reply { status: 302, headers: "location: https://other.example/\r\n".into(), ..Reply::default() };
    let no_key = Reply { headers: "set-cookie: sid=abc\r\n".into(), ..Reply::json("{}") };
    let silent = Reply { after: Duration::from_secs(5), ..Reply::default() };
    for (slot, reply, kind, why) in [
        ("login", Reply::json("{\"error\":\"no\"}"), ErrorKind::TokenRefused, "it holds no token session (the cookie sid)"),
        ("login", no_key, ErrorKind::TokenRefused, "it holds no token form-key (a string or a number at /key of the JSON)"),
        ("login", tokens(1, ",\"key\":\"\""), ErrorKind::TokenRefused, "it holds no token form-key"),
        ("login", tokens(1, ",\"key\":\"a\\nb\""), ErrorKind::TokenRefused, "its token form-key holds a line break"),
        ("login", Reply::json(large.as_str()), ErrorKind::ResponseTooLarge, "has more than"),
        ("login", moved, ErrorKind::TokenRefused, "it was answered with a redirect (status 302), and redirects are not followed"),
        ("login", Reply::status(401), ErrorKind::TokenRefused, "it was answered with status 401; check the credential"),
        ("login", Reply::status(503), ErrorKind::Other, "it was answered with status 503"),
        ("login", Reply::status(429), ErrorKind::Other, "it was answered with status 429"),
        ("login", silent, ErrorKind::Timeout, "no complete response from 127.0.0.1 within 300 ms"),
        ("oauth2", Reply::json("<html>Log in</html>"), ErrorKind::TokenRefused, "it holds no access_token"),
        (
            "oauth2",
            Reply::json("{\"error\":\"invalid_client\"}"),
            ErrorKind::TokenRefused,
            "it holds no access_token, but the error invalid_client",
        ),
        (
            "oauth2",
            Reply { status: 400, ..Reply::json("{\"error\":\"invalid_scope\"}") },
            ErrorKind::TokenRefused,
            "status 400 and the error invalid_scope",
        ),
    ] {
        let (cart, seen) = cart(move |_| reply.clone()).await;
        let shop = shop(&cart);
        let mut shop = if kind == ErrorKind::Timeout { shop.impatient() } else { shop };
        shop.limits.response_bytes = 4 << 20;
        let mut call = session(&shop.door());
        let error = status(&mut call, with(slot, post("/orders", "a=1"))).await.expect_err(why);
        assert_eq!((error.kind, error.reach), (kind, Reach::NothingSent), "{why}: {error:?}");
        assert!(error.message.contains(&format!("with the credential slot {slot}")) && error.message.contains(why), "{why}: {error:?}");
        assert_eq!(seen.count("POST /orders"), 0);
        let recording = call.finish();
        assert_eq!(recording.reach, Reach::NothingSent);
        assert!(!json(&recording).contains(PASSWORD), "{}", json(&recording));
    }
}

#[tokio::test]
async fn a_log_in_that_nobody_answers_is_a_fault_on_the_way() {
    let (gone, _) = cart(|_| Reply::default()).await;
    let shop = shop(&gone);
    drop(gone);
    tokio::task::yield_now().await;
    let mut call = session(&shop.door());
    let error = status(&mut call, with("login", get("/orders"))).await.expect_err("nobody listens there");
    assert_eq!((error.kind, error.reach), (ErrorKind::Connect, Reach::NothingSent), "{error:?}");
    assert!(only(call.finish()).cause.is_some_and(|cause| cause.contains("could not log in at the endpoint api")));
}

#[tokio::test]
async fn a_token_is_in_no_record_and_is_replaced_where_the_cart_gives_it_back() {
    let (cart, seen) = cart(|asked| match asked.line.as_str() {
        "POST /login" => tokens(1, ""),
        "POST /form" => Reply::json(format!("{{\"echo\":\"{}\"}}", asked.body)),
        // A cart that sets its cookie again gives nothing away: no guest sees it.
        _ => Reply { headers: "set-cookie: sid=session-00000001\r\n".into(), ..Reply::default() },
    })
    .await;
    let door = shop(&cart).door();
    let mut call = session(&door);
    assert_eq!(status(&mut call, with("login", get("/orders"))).await, Ok(200));
    let part = Part::Secret(SecretPart { slot: "login".into(), field: "form-key".into(), escape: Escape::Form });
    let form = Request { body: Some(vec![Part::Text("key=".into()), part]), ..post("/form", "") };
    let response = send(&mut call, form).await.expect("it is an answer");
    assert_eq!(String::from_utf8_lossy(&response.body), "{\"echo\":\"key=[login.form-key]\"}");
    assert_eq!(seen.last().body, "key=form-key-00000001");
    assert_eq!(call.answer(HostCall::Send(get("/orders"))).await, HostReply::End(Stop::SecretReflected));
    let recording = call.finish();
    assert!(recording.secret_reflected);
    let text = json(&recording);
    for secret in ["session-0000", "form-key-0000", PASSWORD, "refresh-value"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert!(text.contains("sid=[login.session]") && !text.contains("/login"), "{text}");
}

#[tokio::test]
async fn a_token_is_obtained_anew_when_its_time_is_over_and_a_call_has_a_bound() {
    let number = AtomicU64::new(0);
    let (cart, seen) = cart(move |asked| {
        let number = number.fetch_add(1, Ordering::Relaxed) + 1;
        if is_log_in(asked) { tokens(number, if number == 1 { ",\"expires\":1" } else { ",\"expires\":0" }) } else { Reply::default() }
    })
    .await;
    let door = shop(&cart).door();
    let mut call = session(&door);
    for (wait_ms, log_ins) in [(0, 1), (0, 1), (1_000, 2), (0, 3), (0, 4)] {
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        assert_eq!(status(&mut call, with("login", get("/orders"))).await, Ok(200));
        assert_eq!(seen.count("POST /login"), log_ins);
    }
    let error = status(&mut call, with("login", get("/orders"))).await.expect_err("one call does not log in for ever");
    assert_eq!((error.kind, error.reach, seen.count("POST /login")), (ErrorKind::QuotaExceeded, Reach::NothingSent, 4));
    assert_eq!(status(&mut session(&door), with("login", get("/orders"))).await, Ok(200), "another call may");
}

/// Keeps the values in memory, slowly, and fails as often as it is told.
#[derive(Default)]
struct Disk {
    kept: Mutex<Vec<String>>,
    fails: AtomicU64,
    slow: Duration,
}

impl Keeper for Disk {
    fn current<'a>(&'a self, _: &'a str, _: &'a str) -> Kept<'a, Option<SecretString>> {
        let last = self.kept.lock().expect("nobody panics while holding it").last().map(|value| SecretString::from(value.as_str()));
        Box::pin(std::future::ready(Ok(last)))
    }

    fn replace<'a>(&'a self, slot: &'a str, changes: &'a [Replaced]) -> Kept<'a, ()> {
        Box::pin(async move {
            tokio::time::sleep(self.slow).await;
            assert_eq!((slot, changes.len(), changes[0].field.as_str()), ("login", 1, "refresh"));
            if self.fails.load(Ordering::Relaxed) > 0 {
                self.fails.fetch_sub(1, Ordering::Relaxed);
                return Err(NotKept::Fault("the disk of this test is full".into()));
            }
            self.kept.lock().expect("nobody panics while holding it").push(changes[0].to.expose_secret().to_owned());
            Ok(())
        })
    }
}

fn door_with(shop: &Shop, disk: &Arc<Disk>) -> CartEgress {
    shop.door_with(Keeping { tokens: Arc::default(), keeper: disk.clone() })
}

/// A cart that rotates the refresh value, and logs in nobody who brings another than its last.
async fn rotating() -> (Answering, Seen) {
    let number = AtomicU64::new(0);
    cart(move |asked| {
        let now = number.load(Ordering::Relaxed);
        if !is_log_in(asked) {
            return Reply::default();
        }
        if !asked.body.ends_with(&format!("&refresh=refresh-value-{now}")) {
            return Reply::status(403);
        }
        number.store(now + 1, Ordering::Relaxed);
        tokens(now, &format!(",\"refresh\":\"refresh-value-{}\",\"expires\":0", now + 1))
    })
    .await
}

#[tokio::test]
async fn a_field_that_is_replaced_is_kept_before_the_token_is_used_and_used_next() {
    let (cart, seen) = rotating().await;
    let disk = Arc::new(Disk::default());
    let door = door_with(&shop(&cart), &disk);
    for number in 1..=3 {
        assert_eq!(status(&mut session(&door), with("login", get("/orders"))).await, Ok(200));
        assert_eq!(
            *disk.kept.lock().expect("nobody panics while holding it").last().expect("it was kept"),
            format!("refresh-value-{number}")
        );
    }
    // In memory it works as well, for as long as the door is open.
    let (cart, _) = rotating().await;
    let door = shop(&cart).door();
    for _ in 0..3 {
        assert_eq!(status(&mut session(&door), with("login", get("/orders"))).await, Ok(200));
    }
    assert_eq!(seen.count("GET /orders"), 3);
}

#[tokio::test]
async fn a_value_that_the_disk_does_not_take_is_kept_before_the_next_log_in() {
    let (cart, seen) = rotating().await;
    let disk = Arc::new(Disk { fails: AtomicU64::new(2), ..Disk::default() });
    let door = door_with(&shop(&cart), &disk);
    for _ in 0..2 {
        let mut call = session(&door);
        let error = status(&mut call, with("login", get("/orders"))).await.expect_err("the disk is full");
        assert_eq!((error.kind, error.reach), (ErrorKind::Other, Reach::NothingSent));
        let recording = call.finish();
        assert!(recording.local_fault, "it says nothing about the cart");
        assert!(only(recording).cause.is_some_and(|cause| cause.contains("the disk of this test is full")));
    }
    assert_eq!(seen.lines(), ["POST /login"], "a refresh value is used once");
    assert_eq!(status(&mut session(&door), with("login", get("/orders"))).await, Ok(200));
    assert_eq!(*disk.kept.lock().expect("nobody panics while holding it"), ["refresh-value-1", "refresh-value-2"]);
}

#[tokio::test]
async fn a_log_in_goes_on_to_the_disk_where_the_call_that_wanted_it_ends() {
    let (cart, _) = rotating().await;
    let disk = Arc::new(Disk { slow: Duration::from_millis(200), ..Disk::default() });
    let door = door_with(&shop(&cart), &disk);
    let mut call = session(&door);
    let cut = tokio::time::timeout(Duration::from_millis(100), call.answer(HostCall::Send(with("login", get("/orders"))))).await;
    assert!(cut.is_err(), "it is cut off between the answer and the disk");
    drop(call);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(*disk.kept.lock().expect("nobody panics while holding it"), ["refresh-value-1"]);
}

#[tokio::test]
async fn tokens_are_shared_by_the_doors_of_a_cart_until_its_credentials_change() {
    let (cart, seen) = cart(|asked| if is_log_in(asked) { tokens(1, "") } else { Reply::default() }).await;
    let keeping = Keeping::in_memory();
    let get_with = async |shop: &Shop| status(&mut session(&shop.door_with(keeping.clone())), with("login", get("/orders"))).await;
    let first = shop(&cart);
    for _ in 0..2 {
        assert_eq!(get_with(&first).await, Ok(200));
    }
    assert_eq!(seen.count("POST /login"), 1);
    let other = shop(&cart).credential("login", "password", "another password of this test");
    assert_eq!((get_with(&other).await, seen.count("POST /login")), (Ok(200), 2), "it has another password");
    keeping.tokens.forget();
    assert_eq!((get_with(&other).await, seen.count("POST /login")), (Ok(200), 3), "they were forgotten");
}

#[tokio::test]
async fn oauth2_sends_the_client_s_secret_to_the_token_endpoint_alone() {
    let (cart, seen) = cart(|asked| match asked.line.as_str() {
        "POST /token" => Reply::json("{\"access_token\":\"access-token-1\",\"token_type\":\"Bearer\",\"expires_in\":600}"),
        _ => Reply::default(),
    })
    .await;
    let mut call = session(&shop(&cart).door());
    for _ in 0..2 {
        assert_eq!(status(&mut call, with("oauth2", get("/orders"))).await, Ok(200));
    }
    assert_eq!(seen.lines(), ["POST /token", "GET /orders", "GET /orders"]);
    let token = &seen.0.lock().expect("nobody panics while holding it")[0].clone();
    assert_eq!(token.body, "grant_type=client_credentials&client_id=me&client_secret=a+password+of+this+test");
    assert!(seen.last().headers.contains("authorization: Bearer access-token-1\n"), "{:?}", seen.last());
    let text = json(&call.finish());
    assert!(text.contains("Bearer [oauth2.token]") && !text.contains("access-token-1"), "{text}");
}

#[tokio::test]
async fn oauth1_signs_each_request_anew() {
    let (cart, seen) = cart(|_| Reply::default()).await;
    let mut call = session(&shop(&cart).door());
    for _ in 0..2 {
        assert_eq!(status(&mut call, with("oauth1", get("/orders"))).await, Ok(200));
    }
    let lines = seen.lines();
    let pairs = ["oauth_consumer_key=ck_1", "oauth_nonce=", "oauth_signature_method=HMAC-SHA256", "oauth_timestamp=", "&oauth_signature="];
    assert!(lines.iter().all(|line| pairs.iter().all(|pair| line.contains(pair)) && !line.contains("oauth_token")), "{lines:?}");
    assert_ne!(lines[0], lines[1], "each has a nonce of its own");
    let text = json(&call.finish());
    assert!(text.contains("oauth_signature=[oauth1.signature]") && !text.contains(PASSWORD), "{text}");
}
