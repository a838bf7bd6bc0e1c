use super::*;
use crate::grants::SecretsInClear;
use crate::http::{Effect, Escape, Header, Method, Part, QueryPair};
use crate::sample::{DELIVERY, Values, get, grants, header, manifest, post, secret, text};

const FORM: &str = declared::FORM;

fn allow(request: Request) -> Result<Allowed, Denied> {
    check(request, &manifest(), &grants(), Some(DELIVERY))
}

fn kind(request: Request) -> Result<(), ErrorKind> {
    allow(request).map(drop).map_err(|denied| denied.kind)
}

fn wire(request: Request) -> Wire {
    allow(request).expect("the request is allowed").wire(&Values).expect("the secrets fit")
}

fn with_header(name: &str, value: Vec<Part>) -> Request {
    Request { headers: vec![Header { name: name.into(), value }], ..get() }
}

fn with_query(name: &str, value: Option<Vec<Part>>) -> Request {
    Request { query: vec![QueryPair { name: name.into(), value }], ..get() }
}

fn with_auth(slots: &[&str]) -> Request {
    Request { auth: slots.iter().map(|&slot| slot.to_owned()).collect(), ..get() }
}

fn lines(wire: &Wire) -> String {
    let headers =
        wire.headers.iter().map(|h| format!("{}: {}{}\n", h.name, String::from_utf8_lossy(&h.value), if h.sensitive { " !" } else { "" }));
    let body = wire.body.as_ref().map(|body| format!("\n{}", String::from_utf8_lossy(body))).unwrap_or_default();
    format!("{} {}\n{}{body}", wire.method, wire.url, headers.collect::<String>())
}

#[test]
fn a_request_goes_out_as_it_was_composed() {
    let request = Request {
        query: vec![
            QueryPair { name: "a[0]".into(), value: Some(vec![text("x y"), Part::Raw("%20z".into()), Part::Bytes(vec![0xff])]) },
            QueryPair { name: "flag".into(), value: None },
        ],
        headers: vec![header("Content-Type", "application/json; charset=utf-8"), header("X-A", "a\tb")],
        ..post("", vec![text("{\"a\":\""), secret("form", "password", Escape::JsonString), Part::Bytes(b"\"}".to_vec())])
    };
    assert_eq!(
        lines(&wire(request)),
        "POST https://shop.example/base/orders/7?store=1&a%5B0%5D=x%20y%20z%FF&flag\n\
         content-type: application/json; charset=utf-8\n\
         x-a: a\tb\n\
         \n{\"a\":\"p&w é\"}"
    );
    assert_eq!(lines(&wire(Request { path: String::new(), ..get() })), "GET https://shop.example/base?store=1\n");
}

#[test]
fn credentials_are_applied_last_and_recorded_as_placeholders() {
    let form = || Request { auth: vec!["form".into()], ..post(FORM, vec![text("a=b")]) };
    let empty_form = Request { body: None, ..form() };
    let part = with_header("X-A", vec![text("id "), secret("mac", "id", Escape::None), text(":"), secret("key", "value", Escape::Base64)]);
    let identity = with_header("X-A", vec![secret("mac", "id", Escape::None)]);
    for (request, sent, recorded) in [
        (with_auth(&["basic"]), "authorization: Basic dXMgZXI6 !\n", "authorization: Basic [basic.username]: !\n"),
        (with_auth(&["bearer"]), "authorization: Bearer tok3n !\n", "authorization: Bearer [bearer.token] !\n"),
        (with_auth(&["key"]), "x-key: Token s3cr3t !\n", "x-key: Token [key.value] !\n"),
        (part, "x-a: id key id:czNjcjN0 !\n", "x-a: id [mac.id]:[key.value] !\n"),
        (identity, "x-a: key id\n", "x-a: [mac.id]\n"),
        (
            form(),
            &format!("content-type: {FORM}\n\na=b&user=us+er&password=p%26w+%C3%A9&code="),
            &format!("content-type: {FORM}\n\na=b&user=[form.user]&password=[form.password]&code="),
        ),
        (
            empty_form,
            &format!("content-type: {FORM}\n\nuser=us+er&password=p%26w+%C3%A9&code="),
            &format!("content-type: {FORM}\n\nuser=[form.user]&password=[form.password]&code="),
        ),
    ] {
        let allowed = allow(request).expect("the request is allowed");
        let first_line = format!("{} https://shop.example/base/orders/7?store=1\n", allowed.request().method);
        assert_eq!(lines(&allowed.wire(&Values).expect("the secrets fit")), first_line.clone() + sent);
        assert_eq!(lines(&allowed.wire_record()), first_line + recorded);
    }
    let query = Request { auth: vec!["query".into()], ..with_query("a", Some(vec![secret("query", "value", Escape::Base64)])) };
    let allowed = allow(query).expect("the request is allowed");
    let sent = "https://shop.example/base/orders/7?store=1&a=cCZ3IMOp&api%20key=p%26w%20%C3%A9";
    assert_eq!(allowed.wire(&Values).expect("the secrets fit").url, sent);
    assert_eq!(allowed.wire_record().url, "https://shop.example/base/orders/7?store=1&a=[query.value]&api%20key=[query.value]");
    let both = wire(with_auth(&["bearer", "key", "query"]));
    assert_eq!(both.headers.len(), 2);
    assert!(!format!("{both:?}").contains("tok3n") && !format!("{both:?}").contains("p%26w"), "{both:?}");
}

#[test]
fn endpoints_methods_and_paths() {
    let unbound = || {
        let mut grants = grants();
        grants.endpoints.remove("api");
        check(get(), &manifest(), &grants, None).map(drop).map_err(|denied| denied.kind)
    };
    assert_eq!(unbound(), Err(ErrorKind::EndpointDenied));
    assert_eq!(kind(Request { endpoint: "nowhere".into(), ..get() }), Err(ErrorKind::EndpointDenied));
    assert_eq!(kind(Request { method: Method::Put, ..get() }), Err(ErrorKind::MethodDenied));
    for (path, allowed) in [
        ("", true),
        ("/orders", true),
        ("/orders/", true),
        ("/orders/7/x", true),
        ("/v1/notes/1", true),
        ("/orders7", false),
        ("/order", false),
        ("/v1", false),
        ("/v1/notesx", false),
        ("/ORDERS", false),
        ("/", false),
        ("orders", false),
        ("/orders/../users", false),
        ("/orders/%2e%2e/users", false),
        ("/orders/..;/users", false),
        ("//evil.example/orders", false),
        ("https://evil.example/orders", false),
        ("/orders?x", false),
        ("/orders/a b", false),
        ("/orders\r\nx: y", false),
    ] {
        let expected = if allowed { Ok(()) } else { Err(ErrorKind::PathDenied) };
        assert_eq!(kind(Request { path: path.into(), ..get() }), expected, "{path:?}");
    }
    let everywhere = Request { endpoint: "login".into(), path: "/any/where".into(), ..post("application/json", vec![]) };
    assert_eq!(kind(everywhere), Ok(()));
}

#[test]
fn query_pairs_are_well_formed() {
    for (name, value, allowed) in [
        ("a", vec![text("&#\r\n\0")], true),
        ("a", vec![Part::Raw("x%20y".into())], true),
        ("a", vec![Part::Raw("x&y=z".into())], false),
        ("a", vec![Part::Raw("x#y".into())], false),
        ("a", vec![Part::Raw("x y".into())], false),
        ("a", vec![Part::Raw("100%".into())], false),
        ("", vec![], false),
        ("a", vec![secret("key", "value", Escape::None)], true),
        ("a", vec![secret("key", "value", Escape::Base64)], true),
        ("a", vec![secret("key", "value", Escape::Form)], false),
        ("a", vec![secret("key", "value", Escape::XmlText)], false),
    ] {
        let expected = if allowed { Ok(()) } else { Err(ErrorKind::QueryDenied) };
        assert_eq!(kind(with_query(name, Some(value.clone()))), expected, "{name} {value:?}");
    }
    assert_eq!(kind(Request { auth: vec!["query".into()], ..with_query("api key", None) }), Err(ErrorKind::QueryDenied));
    assert_eq!(kind(Request { auth: vec!["query".into()], ..with_query("API key", None) }), Ok(()));
}

/// Rows D1 to D11 of the table of attacks.
#[test]
fn headers_are_declared_ours_and_well_formed() {
    for name in [
        "Host",
        "transfer-encoding",
        "TE",
        "Trailer",
        "Connection",
        "Upgrade",
        "Keep-Alive",
        "Proxy-Connection",
        "HTTP2-Settings",
        "Proxy-Authorization",
        "Expect",
        "Authorization",
        "Cookie",
        "Set-Cookie",
        "X-Forwarded-For",
        "Forwarded",
        "Via",
        "X-Real-IP",
        "X-HTTP-Method-Override",
        "X-Original-URL",
        "Content-Length",
        "Content-Encoding",
        "Accept-Encoding",
        "User-Agent",
        "Date",
        "traceparent",
        "x-undeclared",
        "x-a:",
        "x-a ",
        "",
        "x-a\0",
        "x-ä",
        "x-a\r\nx-b",
    ] {
        assert_eq!(kind(with_header(name, vec![text("v")])), Err(ErrorKind::HeaderDenied), "{name:?}");
    }
    // The rule holds even if an unchecked manifest declares such a header.
    let mut careless = manifest();
    careless.endpoints[0].request_headers.push("host".into());
    let denied = check(with_header("host", vec![text("internal")]), &careless, &grants(), None).expect_err("the host owns it");
    assert_eq!(denied.kind, ErrorKind::HeaderDenied);
    for (value, allowed) in [
        ("", true),
        ("a b\tc!~", true),
        ("a\r\nx: y", false),
        ("a\nb", false),
        ("a\0b", false),
        ("a\u{7f}", false),
        ("caf\u{e9}", false),
        (" a", false),
        ("a ", false),
        ("\ta", false),
        ("a\t", false),
    ] {
        let expected = if allowed { Ok(()) } else { Err(ErrorKind::HeaderDenied) };
        assert_eq!(kind(with_header("x-a", vec![text(value)])), expected, "{value:?}");
    }
    assert_eq!(kind(with_header("x-a", vec![Part::Bytes(vec![0x80])])), Err(ErrorKind::HeaderDenied));
    assert_eq!(kind(with_header("x-a", vec![secret("key", "value", Escape::Form)])), Err(ErrorKind::HeaderDenied));
    let twice = Request { headers: vec![header("x-a", "1"), header("X-A", "2")], ..get() };
    assert_eq!(kind(twice), Err(ErrorKind::HeaderDenied));
}

#[test]
fn calls_without_a_delivery_only_read() {
    let writes = || Request { effect: Effect::Writes, ..get() };
    assert_eq!(kind(writes()), Ok(()));
    let kind = |request| check(request, &manifest(), &grants(), None).map(drop).map_err(|denied| denied.kind);
    assert_eq!(kind(writes()), Err(ErrorKind::EffectDenied));
    assert_eq!(kind(get()), Ok(()));
    assert_eq!(kind(post(FORM, vec![])), Ok(()), "a read by POST");
}

#[test]
fn methods_are_declared_and_never_open_a_tunnel() {
    for (name, sendable) in [
        ("PURGE", true),
        ("M-SEARCH", true),
        ("A", true),
        (&*"A".repeat(20), true),
        (&*"A".repeat(21), false),
        ("", false),
        ("CONNECT", false),
        ("TRACE", false),
        ("purge", false),
        ("1A", false),
        ("A B", false),
        ("A\r\n", false),
    ] {
        let method = Method::from(name.to_owned());
        assert_eq!(method.is_sendable(), sendable, "{name:?}");
        let request = || Request { method: method.clone(), ..get() };
        assert_eq!(kind(request()), Err(ErrorKind::MethodDenied), "{name:?} is not declared");
        // The rule holds even if an unchecked manifest declares such a header.
        let mut declared = manifest();
        declared.endpoints[0].methods.push(method.clone());
        let expected = if sendable { Ok(()) } else { Err(ErrorKind::MethodDenied) };
        assert_eq!(check(request(), &declared, &grants(), None).map(drop).map_err(|denied| denied.kind), expected, "{name:?}");
    }
    assert_eq!(Method::from("GET".to_owned()), Method::Get);
    assert_eq!(serde_json::to_string(&Method::Other("PURGE".into())).expect("it is a text"), "\"PURGE\"");
}

#[test]
fn a_plugin_composes_an_authorization_header_where_no_credential_sets_one() {
    let composed = || with_header("Authorization", vec![text("SCHEME "), secret("mac", "id", Escape::None), text(":signature")]);
    assert_eq!(kind(composed()), Err(ErrorKind::HeaderDenied), "it is not declared");
    let mut declared = manifest();
    declared.endpoints[0].request_headers.push("authorization".into());
    let allowed = check(composed(), &declared, &grants(), None).expect("it is declared, and nothing else sets it");
    assert_eq!(lines(&allowed.wire(&Values).expect("the secrets fit")).lines().nth(1), Some("authorization: SCHEME key id:signature"));
    for slot in ["basic", "bearer"] {
        let both = Request { auth: vec![slot.into()], ..composed() };
        let denied = check(both, &declared, &grants(), None).expect_err("two would set it");
        assert_eq!(denied.kind, ErrorKind::HeaderDenied, "{slot}");
    }
}

#[test]
fn further_data_is_bounded_and_a_log_in_s_tokens_are_parts() {
    let with = |extra: Vec<(String, String)>| kind(Request { extra, ..get() });
    assert_eq!(with(vec![("vendor.example/anything".into(), "x".into()), ("a-later-name".into(), String::new())]), Ok(()));
    assert_eq!(with(vec![("No".into(), String::new())]), Err(ErrorKind::Other));
    for token in ["session", "form-key"] {
        let request = post("application/json", vec![secret("login", token, Escape::None)]);
        assert_eq!(kind(request), Ok(()), "{token}");
    }
    assert_eq!(kind(post("application/json", vec![secret("login", "nothing", Escape::None)])), Err(ErrorKind::CredentialDenied));
}

#[test]
fn an_idempotency_key_starts_with_the_delivery() {
    let request = |value: &str| with_header("Idempotency-Key", vec![text(value)]);
    assert_eq!(kind(request(DELIVERY)), Ok(()));
    assert_eq!(kind(request(&format!("{DELIVERY}/note"))), Ok(()));
    assert_eq!(kind(request("0199")), Err(ErrorKind::HeaderDenied));
    assert_eq!(kind(request("")), Err(ErrorKind::HeaderDenied));
    let with_secret = with_header("idempotency-key", vec![text(DELIVERY), secret("mac", "id", Escape::None)]);
    assert_eq!(kind(with_secret), Err(ErrorKind::HeaderDenied));
    let denied = check(request(DELIVERY), &manifest(), &grants(), None).expect_err("a check has no delivery");
    assert_eq!(denied.kind, ErrorKind::HeaderDenied);
}

#[test]
fn bodies_have_a_declared_content_type() {
    let bodies = |content_type: &str| kind(post(content_type, vec![text("x")]));
    for allowed in ["application/json", "Application/JSON ; charset=utf-8", FORM] {
        assert_eq!(bodies(allowed), Ok(()), "{allowed}");
    }
    for denied in ["text/plain", "", "application/jsonx", "application/json, text/plain", "multipart/form-data; boundary=x"] {
        assert_eq!(bodies(denied), Err(ErrorKind::BodyDenied), "{denied}");
    }
    assert_eq!(kind(Request { headers: vec![], ..post("", vec![]) }), Err(ErrorKind::BodyDenied));
    assert_eq!(kind(Request { body: None, headers: vec![], ..post("", vec![]) }), Ok(()));
    assert_eq!(kind(Request { body: None, ..post("text/plain", vec![]) }), Err(ErrorKind::BodyDenied));
    for (method, allowed) in [(Method::Get, false), (Method::Head, false), (Method::Delete, true)] {
        let expected = if allowed { Ok(()) } else { Err(ErrorKind::BodyDenied) };
        assert_eq!(kind(Request { method: method.clone(), ..post("application/json", vec![text("x")]) }), expected, "{method}");
    }
    let secret_type =
        vec![Header { name: "content-type".into(), value: vec![text("application/json"), secret("mac", "id", Escape::None)] }];
    assert_eq!(kind(Request { headers: secret_type, ..post("", vec![]) }), Err(ErrorKind::HeaderDenied));
}

#[test]
fn secret_parts_are_granted_for_the_endpoint() {
    let body = |slot: &str, field: &str| kind(post("application/json", vec![secret(slot, field, Escape::None)]));
    for (slot, field) in
        [("form", "password"), ("form", "code"), ("basic", "password"), ("mac", "id"), ("oauth1", "consumer-key"), ("login", "password")]
    {
        assert_eq!(body(slot, field), Ok(()), "{slot}.{field}");
    }
    for (slot, field) in
        [("nowhere", "x"), ("form", "nothing"), ("unset", "token"), ("elsewhere", "token"), ("mac", "key"), ("oauth1", "consumer-secret")]
    {
        assert_eq!(body(slot, field), Err(ErrorKind::CredentialDenied), "{slot}.{field}");
        assert_eq!(kind(with_header("x-a", vec![secret(slot, field, Escape::None)])), Err(ErrorKind::CredentialDenied), "{slot}.{field}");
        assert_eq!(
            kind(with_query("a", Some(vec![secret(slot, field, Escape::None)]))),
            Err(ErrorKind::CredentialDenied),
            "{slot}.{field}"
        );
    }
    let mut partly_set = grants();
    partly_set.slots.insert("form".into(), ["user".to_owned()].into());
    let request = post("application/json", vec![secret("form", "password", Escape::None)]);
    let denied = check(request, &manifest(), &partly_set, None).expect_err("the password has no value");
    assert_eq!(denied.kind, ErrorKind::CredentialDenied);
    assert!(denied.reason.contains("set the credential"), "{denied}");
}

#[test]
fn slots_are_applied_whole_by_their_kind() {
    for (slots, expected) in [
        (vec!["basic"], Ok(())),
        (vec!["bearer", "key", "query"], Ok(())),
        (vec!["basic", "bearer"], Err(ErrorKind::CredentialDenied)),
        (vec!["key", "key"], Err(ErrorKind::CredentialDenied)),
        (vec!["nowhere"], Err(ErrorKind::CredentialDenied)),
        (vec!["unset"], Err(ErrorKind::CredentialDenied)),
        (vec!["elsewhere"], Err(ErrorKind::CredentialDenied)),
        (vec!["mac"], Err(ErrorKind::CredentialDenied)),
        (vec!["form"], Err(ErrorKind::CredentialDenied)),
        (vec!["oauth1"], Ok(())),
        (vec!["oauth2"], Ok(())),
        (vec!["login"], Ok(())),
        (vec!["oauth1", "login"], Err(ErrorKind::CredentialDenied)),
    ] {
        assert_eq!(kind(with_auth(&slots)), expected, "{slots:?}");
    }
    assert_eq!(kind(Request { auth: vec!["form".into()], ..post("application/json", vec![]) }), Err(ErrorKind::CredentialDenied));
    let mut own_header = manifest();
    own_header.endpoints[0].request_headers.push("x-key".into());
    let request = Request { auth: vec!["key".into()], ..with_header("X-Key", vec![text("mine")]) };
    let denied = check(request, &own_header, &grants(), None).expect_err("two would set it");
    assert_eq!(denied.kind, ErrorKind::HeaderDenied);
    let mut nameless = grants();
    nameless.slots.insert("basic".into(), ["password".to_owned()].into());
    let denied = check(with_auth(&["basic"]), &manifest(), &nameless, None).expect_err("the user name has no value");
    assert_eq!(denied.kind, ErrorKind::CredentialDenied);
}

#[test]
fn secrets_stay_off_connections_in_clear() {
    let mut clear = grants();
    clear.endpoints.get_mut("api").expect("the sample binds it").secrets = SecretsInClear::Denied;
    let kind = |request| check(request, &manifest(), &clear, None).map(drop).map_err(|denied| denied.kind);
    for slot in ["basic", "bearer", "key", "query"] {
        assert_eq!(kind(with_auth(&[slot])), Err(ErrorKind::CredentialDenied), "{slot}");
    }
    assert_eq!(kind(Request { auth: vec!["form".into()], ..post(FORM, vec![]) }), Err(ErrorKind::CredentialDenied));
    assert_eq!(kind(post("application/json", vec![secret("form", "password", Escape::None)])), Err(ErrorKind::CredentialDenied));
    assert_eq!(kind(post("application/json", vec![secret("form", "user", Escape::None), secret("mac", "id", Escape::None)])), Ok(()));
    assert_eq!(kind(get()), Ok(()));
}

#[test]
fn sizes_are_judged_at_their_edges() {
    let max = grants().limits.request_bytes;
    let type_header = "content-type".len() + "application/json".len();
    let overhead = "/base/orders/7?store=1".len() + type_header;
    let body = |bytes: usize| kind(post("application/json", vec![Part::Bytes(vec![b'x'; bytes])]));
    assert_eq!(body(max - overhead), Ok(()));
    assert_eq!(body(max - overhead + 1), Err(ErrorKind::RequestTooLarge));
    assert_eq!(body(max + 1), Err(ErrorKind::RequestTooLarge));
    let url_overhead = "https://shop.example/base/orders/7?store=1&a=".len();
    let query = |bytes: usize| kind(with_query("a", Some(vec![text(&"x".repeat(bytes))])));
    assert_eq!(query(URL_BYTES_MAX - url_overhead), Ok(()));
    assert_eq!(query(URL_BYTES_MAX - url_overhead + 1), Err(ErrorKind::RequestTooLarge));
    assert_eq!(kind(Request { path: format!("/orders/{}", "x".repeat(URL_BYTES_MAX)), ..get() }), Err(ErrorKind::RequestTooLarge));
    let value = |bytes: usize| kind(with_header("x-a", vec![text(&"x".repeat(bytes))]));
    assert_eq!(value(HEADER_VALUE_BYTES_MAX), Ok(()));
    assert_eq!(value(HEADER_VALUE_BYTES_MAX + 1), Err(ErrorKind::RequestTooLarge));
    assert_eq!(value(1 << 20), Err(ErrorKind::RequestTooLarge));

    let mut many = manifest();
    many.endpoints[0].request_headers = (0..=HEADERS_MAX).map(|n| format!("x-{n:02}")).collect();
    let headers = |count: usize, value: &str| {
        let headers = (0..count).map(|n| header(&format!("x-{n:02}"), value)).collect();
        check(Request { headers, ..get() }, &many, &grants(), None).map(drop).map_err(|denied| denied.kind)
    };
    assert_eq!(headers(HEADERS_MAX, "v"), Ok(()));
    assert_eq!(headers(HEADERS_MAX + 1, "v"), Err(ErrorKind::RequestTooLarge));
    assert_eq!(headers(HEADERS_MAX, &"v".repeat(HEADERS_BYTES_MAX / HEADERS_MAX - 4)), Ok(()));
    assert_eq!(headers(HEADERS_MAX, &"v".repeat(HEADERS_BYTES_MAX / HEADERS_MAX - 3)), Err(ErrorKind::RequestTooLarge));
    let full =
        Request { auth: vec!["key".into()], headers: (0..HEADERS_MAX).map(|n| header(&format!("x-{n:02}"), "v")).collect(), ..get() };
    let denied = check(full, &many, &grants(), None).expect_err("the credential's header is one too many");
    assert_eq!(denied.kind, ErrorKind::RequestTooLarge);
    let ten_thousand = Request { headers: (0..10_000).map(|_| header("x-00", "v")).collect(), ..get() };
    assert_eq!(check(ten_thousand, &many, &grants(), None).map(drop).map_err(|denied| denied.kind), Err(ErrorKind::RequestTooLarge));
}

/// The same value for every field.
struct Only(String);

impl Secrets for Only {
    fn field(&self, _: &str, _: &str) -> Option<&str> {
        Some(&self.0)
    }
}

#[test]
fn secrets_that_cannot_stand_where_they_are_put_are_denied() {
    let in_header = || with_header("x-a", vec![secret("key", "value", Escape::None)]);
    let encoded = || with_header("x-a", vec![secret("key", "value", Escape::Base64)]);
    let in_xml = || post("application/json", vec![secret("key", "value", Escape::XmlText)]);
    let credential = Some(ErrorKind::CredentialDenied);
    for (request, value, expected) in [
        (in_header(), "zq~ ok", None),
        (in_header(), "zq\r\nx: y", credential),
        (in_header(), "zq\n", credential),
        (in_header(), "zq\0", credential),
        (in_header(), "zq\u{e9}", credential),
        (in_header(), " zq", credential),
        (in_header(), "zq ", credential),
        (encoded(), "zq\r\n\u{e9}", None),
        (with_auth(&["key"]), "zq\r\nx: y", credential),
        (with_auth(&["key"]), "zq\u{e9}", credential),
        (with_auth(&["bearer"]), "zq zq", credential),
        (with_auth(&["bearer"]), "zq\n", credential),
        (with_auth(&["bearer"]), "1|zq+/=", None),
        (with_auth(&["basic"]), "zq:zq", credential),
        (with_auth(&["basic"]), "zq\n", credential),
        (with_auth(&["basic"]), "zq\u{e9}", None),
        (with_auth(&["query"]), "zq\r\n&", None),
        (in_xml(), "zq\u{1}", credential),
        (in_xml(), "zq\u{e9}<", None),
    ] {
        let denied = allow(request).expect("nothing is known of the value").wire(&Only(value.to_owned())).err();
        assert_eq!(denied.as_ref().map(|denied| denied.kind), expected, "{value:?}");
        assert!(!denied.is_some_and(|denied| denied.reason.contains("zq")), "a reason names no value");
    }
    struct Nothing;
    impl Secrets for Nothing {
        fn field(&self, _: &str, _: &str) -> Option<&str> {
            None
        }
    }
    let denied = allow(with_auth(&["bearer"])).expect("the grants say it has a value").wire(&Nothing).expect_err("it has none");
    assert_eq!(denied.kind, ErrorKind::CredentialDenied);
    let denied = allow(with_auth(&["query"]))
        .expect("it fits without the value")
        .wire(&Only("z".repeat(URL_BYTES_MAX)))
        .expect_err("it does not fit with it");
    assert_eq!(denied.kind, ErrorKind::RequestTooLarge);
}

#[test]
fn reasons_cut_and_escape_what_the_guest_wrote() {
    let denied = allow(Request { endpoint: format!("\u{1b}[31m\n{}", "x".repeat(100_000)), ..get() }).expect_err("it is not declared");
    assert!(denied.reason.len() < 300 && !denied.reason.contains(['\u{1b}', '\n']), "{denied}");
    let denied = allow(with_query(&"&".repeat(100_000), Some(vec![Part::Raw("&".into())]))).expect_err("raw text holds no &");
    assert!(denied.reason.len() < 300, "{denied}");
}

mod properties;
mod tokens;
