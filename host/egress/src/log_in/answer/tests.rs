use super::*;
use cartage_contract::http::Method;
use cartage_contract::manifest::{ClientAuthentication, HeaderPlacement, ReplacedField};
use http::{HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("the test's name is one");
        headers.append(name, HeaderValue::from_str(value).expect("the test's value is one"));
    }
    headers
}

fn login(source: TokenSource, apply: Option<TokenPlacement>) -> Login {
    Login {
        endpoint: "api".into(),
        method: Method::Post,
        path: String::new(),
        query: vec![],
        headers: vec![],
        body: None,
        auth: vec![],
        tokens: vec![LoginToken { name: "session".into(), source, apply }],
        replaces: vec![],
        lifetime_s: None,
        lifetime_pointer: None,
    }
}

fn token(given: &Given) -> Result<&str, &str> {
    let tokens = given.tokens.as_ref().map_err(String::as_str)?;
    Ok(tokens.values().next().map_or("", |value| value.expose_secret()))
}

#[test]
fn a_token_is_taken_from_where_its_source_says() {
    let set = |value: &'static str| ("set-cookie", value);
    let at = |pointer: &str| TokenSource::JsonPointer(pointer.into());
    let cookie = || TokenSource::Cookie("sid".into());
    for (source, given, body, expected) in [
        (TokenSource::Header("x-token".into()), vec![("x-token", " abc ")], "", Ok("abc")),
        (TokenSource::Header("x-token".into()), vec![], "", Err("it holds no token session (the header x-token)")),
        (at("/data/token"), vec![], r#"{"data":{"token":"abc"}}"#, Ok("abc")),
        (at("/data/0"), vec![], r#"{"data":[42]}"#, Ok("42")),
        (at("/a~1b"), vec![], r#"{"a/b":"abc"}"#, Ok("abc")),
        (at(""), vec![], "\"abc\"", Ok("abc")),
        (at("/token"), vec![], r#"{"token":""}"#, Err("it holds no token session (a string or a number at /token of the JSON)")),
        (at("/token"), vec![], r#"{"token":true}"#, Err("it holds no token session (a string or a number at /token of the JSON)")),
        (at("/token"), vec![], r#"{"error":"no"}"#, Err("it holds no token session (a string or a number at /token of the JSON)")),
        (at("/token"), vec![], "<html>Log in</html>", Err("it holds no token session (a string or a number at /token of the JSON)")),
        (at(""), vec![], "<html>Log in</html>", Err("it holds no token session (JSON that is a single string or number)")),
        (at("/token"), vec![], r#"{"token":"a\nb"}"#, Err("its token session holds a line break")),
        (at("/token"), vec![], r#"{"token":"a\tb"}"#, Err("its token session holds a control character")),
        (cookie(), vec![set("a=1; path=/"), set("sid=abc; Path=/; HttpOnly")], "", Ok("abc")),
        (cookie(), vec![set("sid=abc"), set("sid=def")], "", Ok("def")),
        (cookie(), vec![set("sid=abc"), set("sid=deleted; Max-Age=0")], "", Err("it holds no token session (the cookie sid)")),
        (cookie(), vec![set("SID=abc"), set("sidx=abc"), set("sid")], "", Err("it holds no token session (the cookie sid)")),
        (TokenSource::Body, vec![], " abc\r\n", Ok("abc")),
        (TokenSource::Body, vec![], " \n", Err("it holds no token session (the body as text)")),
    ] {
        let headers = headers(&given);
        assert_eq!(token(&Answer::new(&headers, body.as_bytes()).of_login(&login(source.clone(), None))), expected, "{source:?} {body}");
    }
}

#[test]
fn a_token_fits_where_it_is_put() {
    let header = || TokenPlacement::Header(HeaderPlacement { name: "x-a".into(), prefix: String::new() });
    let long = |bytes: usize| "a".repeat(bytes);
    for (value, apply, fits) in [
        ("a b".to_owned(), Some(header()), true),
        ("a;b".to_owned(), Some(header()), true),
        ("\u{e9}".to_owned(), Some(header()), false),
        ("a;b".to_owned(), Some(TokenPlacement::Cookie("s".into())), false),
        ("a b".to_owned(), Some(TokenPlacement::Cookie("s".into())), false),
        ("a=b".to_owned(), Some(TokenPlacement::Cookie("s".into())), true),
        ("\u{e9}".to_owned(), Some(TokenPlacement::Query("s".into())), true),
        (long(TOKEN_BYTES_MAX), None, true),
        (long(TOKEN_BYTES_MAX + 1), None, false),
    ] {
        let given = Answer::new(&HeaderMap::new(), value.as_bytes()).of_login(&login(TokenSource::Body, apply.clone()));
        assert_eq!(token(&given).is_ok(), fits, "{apply:?}");
        assert!(token(&given).is_ok() || !format!("{:?}", given.tokens).contains(&value), "a reason names no value");
    }
}

#[test]
fn new_values_count_also_where_the_log_in_has_failed() {
    let at = |pointer: &str| TokenSource::JsonPointer(pointer.into());
    let replaces = vec![ReplacedField { field: "refresh".into(), source: at("/refresh") }];
    let login = Login { replaces, lifetime_s: Some(600), lifetime_pointer: Some("/expires".into()), ..login(at("/token"), None) };
    let of = |body: &str| {
        let given = Answer::new(&HeaderMap::new(), body.as_bytes()).of_login(&login);
        let replaced = given.replaced.iter().map(|(field, value)| format!("{field}={}", value.expose_secret())).collect::<Vec<_>>();
        (given.tokens.is_ok(), replaced.concat(), given.lifetime_s)
    };
    assert_eq!(of(r#"{"token":"t","refresh":"r2"}"#), (true, "refresh=r2".to_owned(), Some(600)));
    assert_eq!(of(r#"{"token":"t"}"#), (true, String::new(), Some(600)), "it keeps its value");
    assert_eq!(of(r#"{"token":"t","refresh":""}"#), (true, String::new(), Some(600)), "it keeps its value");
    assert_eq!(of(r#"{"refresh":"r2"}"#), (false, "refresh=r2".to_owned(), Some(600)), "the new value is there all the same");
    assert_eq!(of(r#"{"token":"t","refresh":"r\n2"}"#), (false, String::new(), Some(600)), "it could not be kept");
    assert!(!of(&format!(r#"{{"token":"t","refresh":"{}"}}"#, "r".repeat(VALUE_BYTES_MAX + 1))).0, "it could not be kept");
    for (expires, lifetime_s) in [("60", 60), ("\" 60 \"", 60), ("60.9", 60), ("0", 0), ("-1", 600), ("\"soon\"", 600), ("null", 600)] {
        assert_eq!(of(&format!(r#"{{"token":"t","expires":{expires}}}"#)).2, Some(lifetime_s), "{expires}");
    }
}

/// RFC 6749 sections 5.1 and 5.2.
#[test]
fn a_token_endpoint_s_answer_is_read_as_the_rfc_says() {
    let oauth2 = Oauth2 {
        token_endpoint: "api".into(),
        path: String::new(),
        client_authentication: ClientAuthentication::Basic,
        scope: None,
        parameters: vec![],
        apply: TokenPlacement::Header(HeaderPlacement { name: "authorization".into(), prefix: "Bearer ".into() }),
    };
    for (body, expected, lifetime_s) in [
        (r#"{"access_token":"abc","token_type":"bearer","expires_in":3600}"#, Ok("abc"), Some(3600)),
        (r#"{"access_token":"abc"}"#, Ok("abc"), None),
        (r#"{"access_token":""}"#, Err("it holds no access_token"), None),
        (r#"{"access_token":7}"#, Err("it holds no access_token"), None),
        (r#"{"error":"invalid_client"}"#, Err("it holds no access_token, but the error invalid_client"), None),
        (r#"{"error":"Your password is hunter2"}"#, Err("it holds no access_token"), None),
        ("<html></html>", Err("it holds no access_token"), None),
        ("", Err("it holds no access_token"), None),
        (r#"{"access_token":"a\r\nx: y"}"#, Err("its token token holds a line break"), None),
    ] {
        let given = Answer::new(&HeaderMap::new(), body.as_bytes()).of_oauth2(&oauth2);
        assert_eq!((token(&given), given.lifetime_s), (expected, lifetime_s), "{body}");
    }
}
