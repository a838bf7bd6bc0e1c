use super::*;
use proptest::prelude::*;

fn normal(text: &str) -> Result<String, BaseUrlError> {
    BaseUrl::parse(text).map(String::from)
}

fn not_normal(form: &str) -> Result<String, BaseUrlError> {
    Err(BaseUrlError::NotNormal { normal: form.to_owned() })
}

#[test]
fn normal_forms_are_taken_as_they_are() {
    for text in [
        "https://shop.example",
        "https://shop.example/wp-json/wc/v3",
        "https://shop.example:8443/admin",
        "https://shop.example/seti.php?store=1&x=%20y",
        "https://shop.example?rest_route=/wc/v3",
        "https://my_shop.example-1.co.uk/a;b=c",
        "https://xn--bcher-kva.example/",
        "https://shop.example/b%C3%BCcher",
        "http://localhost:8080/x",
        "http://127.0.0.1:1",
        "http://[::1]:65535/a",
        "http://[2001:db8::1]",
        "https://shop.example:80",
    ] {
        assert_eq!(normal(text).as_deref(), Ok(text.strip_suffix('/').unwrap_or(text)));
    }
}

#[test]
fn one_trailing_slash_is_cut() {
    for (text, cut) in [
        ("https://shop.example/", "https://shop.example"),
        ("https://shop.example/a/", "https://shop.example/a"),
        ("https://shop.example/?a=b", "https://shop.example?a=b"),
        ("https://shop.example/a/?a=b", "https://shop.example/a?a=b"),
        ("https://shop.example/a?a=b/", "https://shop.example/a?a=b/"),
    ] {
        assert_eq!(normal(text).as_deref(), Ok(cut));
    }
    for text in ["https://shop.example//", "https://shop.example/a//", "https://shop.example//a"] {
        assert_eq!(normal(text), Err(BaseUrlError::Path(encoding::Error::SegmentEmpty)), "{text}");
    }
}

/// The rows of the table of attacks that concern the spelling of a URL, by their numbers. Literal addresses in their normal form (A8 to
/// A18) are valid here; the code that opens sockets checks them.
#[test]
fn adversarial_spellings_are_refused() {
    use BaseUrlError::{Character, DefaultPort, Fragment, Host, HostTooLong, Port, Scheme, TooLong, TrailingDot, UserInformation};
    let loopback = || not_normal("http://127.0.0.1");
    let label = format!("http://{}.example/", "a".repeat(300));
    let long_name = format!("http://{}", vec!["a".repeat(49); 5].join(".")) + ".e234";
    let long_url = format!("https://shop.example/{}", "a".repeat(64 << 10));
    for (row, text, expected) in [
        ("A1", "http://2130706433/", loopback()),
        ("A2", "http://0177.0.0.1/", loopback()),
        ("A3", "http://0x7f.1/", loopback()),
        ("A3", "http://0x7f000001/", loopback()),
        ("A4", "http://127.1/", loopback()),
        ("A4", "http://0/", not_normal("http://0.0.0.0")),
        ("A5", "http://4294967296/", Err(Host)),
        ("A5", "http://256.256.256.256/", Err(Host)),
        ("A5", "http://1.2.3.4.5/", Err(Host)),
        ("A5", "http://0x.0x.0/", not_normal("http://0.0.0.0")),
        ("A6", "http://127.0.0.1./", loopback()),
        ("A6", "http://localhost./", Err(TrailingDot)),
        ("A9", "http://[::ffff:127.0.0.1]/", not_normal("http://[::ffff:7f00:1]")),
        ("A13", "http://[fe80::1%25eth0]/", Err(Host)),
        ("A13", "http://[fe80::1%eth0]/", Err(Host)),
        ("A19", "http://good.example@127.0.0.1/", Err(UserInformation)),
        ("A19", "http://u:p@good.example/", Err(UserInformation)),
        ("A19", "http://@good.example/", Err(UserInformation)),
        ("A20", "http://127.0.0.1#@good.example/", Err(Fragment)),
        ("A20", "http://127.0.0.1\\@good.example/", Err(Character('\\'))),
        ("A21", "http://good.example\\.evil.com/", Err(Character('\\'))),
        ("A21", "http:good.example/", Err(Scheme)),
        ("A21", "https:/\\good.example", Err(Character('\\'))),
        ("A21", "http:///good.example/", Err(Host)),
        ("A24", "http://good.example:0/", Err(Port)),
        ("A24", "http://good.example:65536/", Err(Port)),
        ("A24", "http://good.example:080/", Err(Port)),
        ("A24", "http://good.example:/", Err(Port)),
        ("A24", "http://good.example:+80/", Err(Port)),
        ("A24", "http://[::1]:0/", Err(Port)),
        ("A24", "https://good.example:443/", Err(DefaultPort(443))),
        ("A24", "http://good.example:80/", Err(DefaultPort(80))),
        ("A24", "HTTP://good.example:80/", Err(DefaultPort(80))),
        ("A25", "http://payp\u{430}l.com/", not_normal("http://xn--paypl-7ve.com")),
        ("A25", "https://b\u{fc}cher.example", not_normal("https://xn--bcher-kva.example")),
        ("A25", "https://good\u{3002}example", not_normal("https://good.example")),
        ("A26", "http://xn--a/", Err(Host)),
        ("A27", "HTTP://GOOD.EXAMPLE/", not_normal("http://good.example")),
        ("A28", "https://good.example./", Err(TrailingDot)),
        ("A29", "file:///etc/passwd", Err(Scheme)),
        ("A29", "ftp://good.example", Err(Scheme)),
        ("A29", "gopher://good.example", Err(Scheme)),
        ("A29", "data:text/plain,x", Err(Scheme)),
        ("A29", "unix:/run/x", Err(Scheme)),
        ("A29", "ws://good.example", Err(Scheme)),
        ("A29", "httpss://good.example", Err(Scheme)),
        ("A31", "https://good.example/../admin", not_normal("https://good.example/admin")),
        ("A31", "https://good.example/%2e%2e/admin", not_normal("https://good.example/admin")),
        ("A31", "https://good.example/a/..;/b", Err(BaseUrlError::Path(encoding::Error::SegmentDots))),
        ("A31", "https://good.example/a%2fb", Err(BaseUrlError::Path(encoding::Error::Separator))),
        ("A33", label.as_str(), Err(HostTooLong)),
        ("A33", long_name.as_str(), Err(HostTooLong)),
        ("A33", long_url.as_str(), Err(TooLong { bytes: long_url.len() })),
        ("", "", Err(Scheme)),
        ("", "good.example", Err(Scheme)),
        ("", "https://", Err(Host)),
        ("", "https://?a", Err(Host)),
        ("", "https://:8443", Err(Host)),
        ("", " https://good.example", Err(Character(' '))),
        ("", "https://good.ex\tample", Err(Character('\t'))),
        ("", "https://good.example\n", Err(Character('\n'))),
        ("", "https://good.example/\0", Err(Character('\0'))),
        ("", "https://good%2eexample", Err(Host)),
        ("", "https://good..example", Err(HostTooLong)),
        ("", "https://good!.example", Err(Host)),
        ("", "https://*.example", Err(Host)),
        ("", "https://good.example/#", Err(Fragment)),
        ("", "https://good.example/?", not_normal("https://good.example")),
        ("", "https://good.example/?a='", not_normal("https://good.example?a=%27")),
        ("", "https://good.example/\u{e9}", not_normal("https://good.example/%C3%A9")),
    ] {
        assert_eq!(normal(text), expected, "{row} {text:.60}");
    }
}

#[test]
fn lengths_are_judged_at_their_edges() {
    let label = |length: usize| format!("https://{}.example", "a".repeat(length));
    assert!(normal(&label(63)).is_ok());
    assert_eq!(normal(&label(64)), Err(BaseUrlError::HostTooLong));
    let name = |length: usize| {
        let labels = format!("{0}.{0}.{0}.", "a".repeat(62));
        format!("https://{labels}{}", "e".repeat(length - labels.len()))
    };
    assert!(normal(&name(252)).is_ok());
    assert!(normal(&format!("https://a.{}", &name(251)[8..])).is_ok());
    assert_eq!(normal(&format!("https://a.{}", &name(252)[8..])), Err(BaseUrlError::HostTooLong));
    let url = |length: usize| format!("https://shop.example/{}", "a".repeat(length - 21));
    assert!(normal(&url(BASE_URL_BYTES_MAX)).is_ok());
    assert_eq!(normal(&url(BASE_URL_BYTES_MAX + 1)), Err(BaseUrlError::TooLong { bytes: BASE_URL_BYTES_MAX + 1 }));
    for (port, fine) in [("1", true), ("65535", true), ("65536", false), ("0", false), ("99999999999", false)] {
        assert_eq!(normal(&format!("https://shop.example:{port}")).is_ok(), fine, "{port}");
    }
}

#[test]
fn requests_are_joined_to_the_base() {
    for (base, path, query, joined) in [
        ("https://shop.example", "", "", "https://shop.example/"),
        ("https://shop.example", "/orders/7", "", "https://shop.example/orders/7"),
        ("https://shop.example", "", "a=b", "https://shop.example/?a=b"),
        ("https://shop.example?k=v", "", "", "https://shop.example/?k=v"),
        ("https://shop.example?k=v", "/x", "a=b&c", "https://shop.example/x?k=v&a=b&c"),
        ("https://shop.example/seti.php", "", "", "https://shop.example/seti.php"),
        ("https://shop.example/seti.php?store=1", "", "a=b", "https://shop.example/seti.php?store=1&a=b"),
        ("http://[::1]:8080/a", "/", "", "http://[::1]:8080/a/"),
    ] {
        assert_eq!(BaseUrl::parse(base).expect("the case is a base URL").join(path, query), joined);
    }
}

#[test]
fn hosts_ports_and_fixed_bases() {
    let base = BaseUrl::parse("http://192.0.2.7:8080/a").expect("an address is a host");
    assert_eq!((base.host(), base.port(), base.is_https(), base.path()), (Host::Ipv4([192, 0, 2, 7].into()), 8080, false, "/a"));
    let base = BaseUrl::parse("https://shop.example/").expect("a base URL");
    assert_eq!((base.host(), base.port(), base.is_https(), base.path()), (Host::Domain("shop.example"), 443, true, ""));
    assert!(base.fits(&Base::Any));
    for (fixed, fits) in
        [("https://shop.example", true), ("https://shop.example/", true), ("https://shop.example/a", false), ("nonsense", false)]
    {
        assert_eq!(base.fits(&Base::Fixed(fixed.into())), fits, "{fixed}");
    }
    assert!(!base.fits(&Base::Pattern("nonsense".into())));
}

#[test]
fn a_configuration_holds_it_as_text() {
    let base: BaseUrl = serde_json::from_str("\"https://shop.example/a/\"").expect("a base URL reads from text");
    assert_eq!(serde_json::to_string(&base).expect("it is text"), "\"https://shop.example/a\"");
    let error = serde_json::from_str::<BaseUrl>("\"https://user:hunter2hunter2@shop.example\"").expect_err("a password is refused");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

proptest! {
    #[test]
    fn what_is_taken_is_what_is_contacted(text in "(https?|HTTP)://[a-z0-9.:@\\[\\]%\\\\#_-]{0,12}(/[a-z.%2e;/]{0,8})?(\\?[a-z=&']{0,6})?") {
        if let Ok(base) = BaseUrl::parse(&text) {
            let url = base.url();
            prop_assert_eq!(text.replace('/', ""), base.as_str().replace('/', ""));
            prop_assert_eq!(BaseUrl::parse(base.as_str()), Ok(base.clone()));
            prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
            prop_assert!(matches!(url.scheme(), "http" | "https") && base.as_str().is_ascii());
            prop_assert_eq!(Url::parse(&base.join("", "")).expect("a base joins to a URL").origin(), url.origin());
        }
    }

    #[test]
    fn any_text_is_judged_without_panic(text: String) {
        let _ = BaseUrl::parse(&text);
        let _ = BaseUrl::parse(&format!("https://{text}"));
    }
}
