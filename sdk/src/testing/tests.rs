//! The scripted cart must fail a test where production would fail, and must say why.

use super::{Cart, Expect, Reply, Run, package, update};
use crate::http::{ErrorKind, Escape, Method, Reach, Request, secret, text};
use crate::manifest::{
    ClientAuthentication, Endpoint, Features, Field, HeaderPlacement, KeyEncoding, LogIn, Oauth2, Setting, Slot, Statuses, TokenPlacement,
    choices,
};
use crate::signing::{Algorithm, digest, hex, mac};
use crate::{Applied, Context, Delivery, Failure, FailureKind, Manifest, OrderKey, Plugin, Report, Update};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A plugin whose behaviour is set by the test.
struct Puppet;

type Act = fn(&Delivery, &Context) -> Result<Applied, Failure>;

thread_local! {
    static ACT: Cell<Act> = const { Cell::new(|_, _| Ok(Applied::done())) };
}

impl Plugin for Puppet {
    fn describe() -> Manifest {
        Manifest::new("puppet", "1.0.0")
            .cart("None")
            .summary("Does what a test says.")
            .vendor("Cartage")
            .endpoint(
                Endpoint::new("api", "the shop", "https://shop.example/api?shop=1")
                    .methods([Method::Get, Method::Post])
                    .paths(["/orders"])
                    .request_headers(["x-sign", "idempotency-key"])
                    .request_types(["application/json", "application/x-www-form-urlencoded"])
                    .response_headers(["x-total"])
                    .response_types(["application/json"]),
            )
            .slot(Slot::basic("basic", "an account").for_endpoints(["api"]))
            .slot(Slot::mac_key("key", "a key", KeyEncoding::Hex))
            .slot(Slot::form("hash", "a password").field(Field::secret("password", "the password")).for_endpoints(["api"]).hashed())
            .slot(
                Slot::login("session", "an account", LogIn::post("api", "/orders").cookie("sid"))
                    .field(Field::secret("password", "the password"))
                    .for_endpoints(["api"]),
            )
            .slot(Slot::basic_key("api-key", "a key").for_endpoints(["api"]))
            .slot(Slot::oauth2("client", "a client", client()).for_endpoints(["api"]))
            .setting(Setting::integer("store", "Store", 1, 9).required())
            .setting(Setting::choice("mode", "Mode", [("a", "A"), ("b", "B")]).default("a"))
            .statuses(Statuses::Fixed(choices(["Open", "Shipped"])))
            .features(Features { tracking: true, ..Features::default() })
    }

    fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }

    fn send_order_status(_: Update, delivery: Delivery, context: Context) -> Result<Applied, Failure> {
        ACT.get()(&delivery, &context)
    }
}

fn client() -> Oauth2 {
    Oauth2 {
        token_endpoint: "api".to_owned(),
        path: "/orders".to_owned(),
        client_authentication: ClientAuthentication::Basic,
        scope: None,
        parameters: Vec::new(),
        apply: TokenPlacement::Header(HeaderPlacement { name: "authorization".to_owned(), prefix: "Bearer ".to_owned() }),
    }
}

fn cart() -> Cart<Puppet> {
    Cart::new().set("store", 1)
}

fn run(cart: Cart<Puppet>, act: Act) -> Run<Applied> {
    ACT.set(act);
    cart.send(&Update { packages: vec![package("UPS", "1Z")], ..update("1", "Shipped") })
}

/// The message with which a run panics.
fn panic_of(cart: Cart<Puppet>, act: Act) -> String {
    panic_in(|| drop(run(cart, act)))
}

fn panic_in(act: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(act)).expect_err("it should have panicked");
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).expect("a panic has a message")
}

fn post() -> Request {
    Request::post("api").path("/orders").json(serde_json::json!({"a": 1}))
}

#[test]
fn a_run_within_a_run_fails_and_the_outer_run_keeps_its_own_cart() {
    let cart = cart().rule(|_| Reply::status(204));
    let run = run(cart, |_, _| {
        let panic = panic_in(|| drop(Cart::<Puppet>::new().set("store", 1).send(&update("2", "Shipped"))));
        assert_eq!(panic, "a plugin cannot be run from within a plugin");
        assert_eq!(post().send()?.status, 204);
        Ok(Applied::done())
    });
    assert!(run.outcome.is_ok() && run.requests.len() == 1, "{run:?}");
}

#[test]
fn what_is_expected_comes_in_order_and_the_rule_answers_the_rest() {
    let cart = cart()
        .expect(Expect::get("https://shop.example/api/orders/1?shop=1&q=a%20b"), Reply::status(204))
        .expect(Expect::post("https://shop.example/api/orders?shop=1").json(serde_json::json!({"a": 1})), Reply::json(200, 2))
        .rule(|seen| Reply::json(200, seen.url()));
    let run = run(cart, |_, _| {
        assert_eq!(Request::get("api").path("/orders/1").query("q", "a b").send()?.status, 204);
        assert_eq!(post().send()?.json::<u8>()?, 2);
        assert_eq!(Request::get("api").send()?.json::<String>()?, "https://shop.example/api?shop=1");
        crate::log::warn("done");
        Ok(Applied::done())
    });
    assert_eq!(run.requests.len(), 3);
    assert_eq!(run.log, [(crate::log::Level::Warn, "done".to_owned())]);
    assert_eq!(run.succeeded(), Applied::done());
}

#[test]
fn another_request_than_expected_fails_the_test() {
    let other = |expected| {
        panic_of(cart().expect(expected, Reply::status(200)), |_, _| post().send().map(|_| Applied::done()).map_err(Failure::from))
    };
    let url = "https://shop.example/api/orders?shop=1";
    for (expected, says) in [
        (
            Expect::post("https://shop.example/api/orders"),
            "POST https://shop.example/api/orders?shop=1, not POST https://shop.example/api/orders",
        ),
        (Expect::put(url), "not PUT"),
        (Expect::post(url).header("X-Sign", "1"), "header X-Sign is missing, not \"1\""),
        (Expect::post(url).body("{\"a\":2}"), "the body's line 1: expected \"{\\\"a\\\":2}\", got \"{\\\"a\\\":1}\""),
        (Expect::post(url).json(serde_json::json!({"a": 2})), "different JSON"),
        (Expect::post(url).form(&[("a", "1")]), "the form's field 1: expected a=1, got {\"a\":1}="),
    ] {
        let message = other(expected);
        assert!(message.contains(says) && message.contains("sent:\nPOST https"), "{says}: {message}");
    }
    assert!(panic_of(cart(), |_, _| post().send().map(|_| Applied::done()).map_err(Failure::from)).starts_with("no request was expected"));
    let message = panic_of(cart().expect(Expect::get(url), Reply::status(200)), |_, _| Err(Failure::gone("closed")));
    assert!(message.starts_with("no such request was sent:\nGET https") && message.contains("gone, retry never: closed"), "{message}");
}

/// Ignores a result and continues as after a success.
fn whatever<T>(_: T) -> Result<Applied, Failure> {
    Ok(Applied::done())
}

#[test]
fn what_the_manifest_does_not_name_fails_the_test_as_in_production() {
    let denied: [(Act, &str); 5] = [
        (|_, _| whatever(Request::get("other").send()), "other"),
        (|_, _| whatever(Request::delete("api").path("/orders").send()), "DELETE"),
        (|_, _| whatever(Request::get("api").path("/users").send()), "/users"),
        (|_, _| whatever(Request::get("api").header("x-other", "1").send()), "x-other"),
        (|_, _| whatever(mac("basic", Algorithm::Md5, [text("x")])), "mac-key"),
    ];
    for (act, says) in denied {
        let message = panic_of(cart().rule(|_| Reply::status(200)), act);
        assert!(message.starts_with("the host would deny this:") && message.contains(says), "{says}: {message}");
    }
    let failure = run(cart().allow_denials(), |_, _| Err(Request::get("other").send().expect_err("denied").into())).failed();
    assert_eq!(failure.kind, FailureKind::HostDenied);
}

#[test]
fn a_call_has_its_quota_of_requests_and_is_told_it() {
    for (cart, quota) in [(cart(), 20), (cart().requests(3), 3)] {
        let run = run(cart.rule(|_| Reply::status(200)).allow_denials(), |_, context| {
            for _ in 0..context.limits.requests {
                Request::get("api").send()?;
            }
            Err(Request::get("api").send().expect_err("one too many").into())
        });
        assert_eq!(run.requests.len(), quota);
        assert_eq!(run.failed().kind, FailureKind::HostDenied);
    }
}

#[test]
fn an_answer_is_seen_through_the_manifest() {
    let reply = Reply::json(200, 1).header("X-Total", "7").header("x-other", "8").header("Date", "now");
    run(cart().rule(move |_| reply.clone()), |_, _| {
        let answer = Request::get("api").send()?;
        assert_eq!((answer.header("x-total"), answer.header("x-other"), answer.header("date")), (Some("7"), None, Some("now")));
        Ok(Applied::done())
    })
    .succeeded();
    let failure = run(cart().rule(|_| Reply::text(200, "hello")), |_, _| Ok(Request::get("api").send().map(|_| Applied::done())?)).failed();
    assert_eq!(failure.kind, FailureKind::Protocol);
}

#[test]
fn secrets_have_placeholders_and_may_have_values() {
    let run = run(cart().secret("basic", "username", "me").rule(|_| Reply::status(200)), |delivery, _| {
        let signature = hex(&mac("key", Algorithm::Sha256, [text("message")])?);
        post().auth("basic").header("x-sign", signature).idempotency_key(delivery).send()?;
        Ok(Applied::done().message(hex(&digest(Algorithm::Md5, [text("a"), secret("hash", "password", Escape::None)])?)))
    });
    let seen = &run.requests[0];
    assert_eq!(seen.header("authorization"), Some("Basic [basic.username]:[basic.password]"));
    // HMAC-SHA256 of `message` with the key `placeholder`, and MD5 of `aplaceholder-hash-password`.
    assert_eq!(seen.header("x-sign"), Some(hex(&super::signatures::mac(Algorithm::Sha256, b"placeholder", b"message")).as_str()));
    let wire = seen.wire().headers.iter().find(|header| header.name == "authorization").expect("it is set");
    assert_eq!(wire.value, b"Basic bWU6cGxhY2Vob2xkZXItYmFzaWMtcGFzc3dvcmQ=");
    let hashed = hex(&super::signatures::digest(Algorithm::Md5, b"aplaceholder-hash-password"));
    assert_eq!(run.succeeded().message.as_deref(), Some(hashed.as_str()));
}

#[test]
fn log_ins_and_oauth_are_applied_with_placeholders() {
    let run = run(cart().rule(|_| Reply::status(200)), |_, _| {
        post().auth("session").send()?;
        post().auth("client").renew().send()?;
        Ok(Applied::done())
    });
    assert_eq!(run.requests[0].header("cookie"), Some("sid=[session.sid]"));
    assert_eq!(run.requests[1].header("authorization"), Some("Bearer [client.token]"));
    let wire = &run.requests[1].wire().headers;
    assert!(wire.iter().any(|header| header.value == b"Bearer placeholder-client-token"), "{wire:?}");
    run.succeeded();
}

#[test]
fn a_refused_token_is_renewed_once_and_a_key_may_be_a_user_name() {
    let act: Act = |_, _| {
        let answer = post().auth("client").send_renewing(|answer| answer.status == 401)?;
        if answer.status == 200 { Ok(Applied::done()) } else { Err(Failure::credentials("refused twice")) }
    };
    let url = "https://shop.example/api/orders?shop=1";
    let twice = |second| cart().expect(Expect::post(url), Reply::status(401)).expect(Expect::post(url), Reply::status(second));
    run(twice(200), act).succeeded();
    assert_eq!(run(twice(401), act).failed().kind, FailureKind::Credentials);
    run(cart().expect(Expect::post(url), Reply::status(200)), act).succeeded();
    let keyed = run(cart().rule(|_| Reply::status(200)), |_, _| Ok(post().auth("api-key").send().map(|_| Applied::done())?));
    assert_eq!(keyed.requests[0].header("authorization"), Some("Basic [api-key.username]:[api-key.password]"));
    keyed.succeeded();
}

#[test]
fn an_update_that_no_host_sends_fails_the_test() {
    let send = |cart: Cart<Puppet>, update: Update| {
        ACT.set(|_, _| Ok(Applied::done()));
        drop(cart.send(&update).succeeded());
    };
    let note = || Update { note: Some("Left at the door".to_owned()), ..update("1", "Lost") };
    let message = panic_in(|| send(cart(), note()));
    let says = [
        "no host sends this update to plugin puppet:",
        "status \"Lost\" is not one of the manifest's: Open, Shipped",
        "it needs the feature notes, which the manifest does not have",
    ];
    assert_eq!(message, says.join("\n  "));
    send(cart().allow_any_update(), note());
    send(cart(), update("1", "Open"));
}

#[test]
fn a_lost_reply_is_lost_after_the_shop_acted() {
    let act: Act = |_, _| {
        post().send()?;
        Request::get("api").send()?;
        Ok(Applied::done())
    };
    for (lost, reach, requests) in [(1, Reach::MaybeSent, 1), (2, Reach::Answered, 2)] {
        let run = run(cart().rule(|_| Reply::status(200)).lose_reply(lost), act);
        assert_eq!((run.reach, run.requests.len()), (reach, requests), "a reply to a read says nothing of the writes");
        assert_eq!(run.failed().kind, FailureKind::Unavailable);
    }
    let message = panic_of(cart().rule(|_| Reply::status(200)).lose_reply(3), act);
    assert!(
        message.starts_with("the reply to request 3 was to be lost, but the request was never sent\nrequests sent:\nPOST"),
        "{message}"
    );
    let run = run(cart().rule(|_| Reply::error(ErrorKind::Dns, Reach::NothingSent)), act);
    assert_eq!(run.reach, Reach::NothingSent);
    run.failed();
}

#[test]
fn the_context_has_what_the_operator_would_give() {
    let context = cart().set("mode", "b").without_slot("key").bind("api", "https://other.example").context();
    assert_eq!((context.integer("store").ok(), context.text("mode").ok()), (Some(1), Some("b")));
    assert_eq!(context.base_url("api"), Some("https://other.example"));
    assert!(context.has_slot("basic") && !context.has_slot("key"));
    assert_eq!(context.text("store").expect_err("it is an integer").kind, FailureKind::HostDenied);
    assert_eq!(cart().without_endpoint("api").context().base_url("api"), None);
    for (message, says) in [
        (panic_in(|| drop(Cart::<Puppet>::new().context())), "store"),
        (panic_in(|| drop(cart().set("store", 10))), "setting store does not take 10: "),
        (panic_in(|| drop(cart().set("store", "1"))), "setting store does not take \"1\": "),
        (panic_in(|| drop(cart().set("nothing", true))), "no setting nothing"),
        (panic_in(|| drop(cart().bind("api", "https://user@other.example"))), "is not a base URL"),
    ] {
        assert!(message.contains(says), "{says}: {message}");
    }
}

#[test]
fn a_manifest_that_the_host_would_refuse_is_refused() {
    struct Broken;

    impl Plugin for Broken {
        fn describe() -> Manifest {
            Manifest::new("Broken!", "1").endpoint(Endpoint::new("api", "x", "https://shop.example").methods([Method::Get]))
        }

        fn check(_: Option<OrderKey>, _: Context) -> Result<Report, Failure> {
            Ok(Report::new())
        }

        fn send_order_status(_: Update, _: Delivery, _: Context) -> Result<Applied, Failure> {
            Ok(Applied::done())
        }
    }

    let message = panic_in(|| drop(Cart::<Broken>::new()));
    for item in ["name", "version", "endpoints.api.path-prefixes"] {
        assert!(message.contains(&format!("  {item}: ")), "{message}");
    }
}

#[test]
fn a_golden_file_is_compared_byte_for_byte() {
    let run = run(cart().rule(|_| Reply::status(200)), |_, _| Ok(post().send().map(|_| Applied::done())?));
    let path = std::env::temp_dir().join(format!("cartage-sdk-golden-{}.http", std::process::id()));
    let golden = "POST https://shop.example/api/orders?shop=1\ncontent-type: application/json\n\n{\"a\":1}";
    std::fs::write(&path, golden).expect("the folder for temporary files can be written");
    run.requests[0].compare_with(&path);
    std::fs::write(&path, golden.replace('1', "2")).expect("the folder for temporary files can be written");
    let message = panic_in(|| run.requests[0].compare_with(&path));
    std::fs::remove_file(&path).expect("it was written");
    assert!(message.contains("line 1: expected") && message.contains("BLESS=1"), "{message}");
    assert!(panic_in(|| run.requests[0].compare_with(&path)).contains("failed to read"));
}

#[test]
fn nothing_answers_outside_a_run_and_a_failed_run_leaves_nothing_behind() {
    assert!(panic_in(|| drop(Request::get("api").send())).contains("outside a component"));
    assert!(panic_of(cart(), |_, _| panic!("boom")).contains("boom"));
    assert!(panic_in(|| crate::log::info("x")).contains("outside a component"));
    run(cart(), |_, _| Ok(Applied::already_done())).succeeded();
}

#[test]
fn a_wrong_end_shows_what_was_sent() {
    let message = panic_in(|| drop(run(cart(), |_, _| Err(Failure::gone("closed"))).succeeded()));
    assert!(message.contains("gone, retry never: closed") && message.contains("no request was sent"), "{message}");
    let message = panic_in(|| drop(run(cart().rule(|_| Reply::status(200)), |_, _| Ok(post().send().map(|_| Applied::done())?)).failed()));
    assert!(message.contains("succeeded with done\n") && message.contains("POST https"), "{message}");
}

#[test]
fn recorded_answers_are_read_strictly() {
    for (bytes, line) in [
        (b"HTTP/1.1 200 OK\r\n".as_slice(), 2),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", 2),
        (b"HTTP/1.1 99 No\r\n\r\n", 1),
        (b"HTTP/2 200\r\n\r\n", 1),
        (b"", 1),
    ] {
        assert_eq!(Reply::recorded(bytes), Err(super::NotAReply { line }), "{bytes:?}");
    }
    assert_eq!(Reply::recorded(b"HTTP/1.0 599\n\nbody\r\n"), Ok(Reply::status(599).body("body\r\n")));
}
