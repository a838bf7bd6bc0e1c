use super::*;
use proptest::prelude::*;

#[test]
fn queries_keep_only_unreserved_characters() {
    assert_eq!(query("AZaz09-._~"), "AZaz09-._~");
    assert_eq!(query(" +&=#/?%é"), "%20%2B%26%3D%23%2F%3F%25%C3%A9");
    assert_eq!(query([0u8, 0xff]), "%00%FF");
}

#[test]
fn segments_are_encoded_once_or_refused() {
    for (value, segment) in
        [("7", "7"), ("100-A", "100-A"), ("a b", "a%20b"), ("é", "%C3%A9"), ("100%", "100%25"), ("a?b#c", "a%3Fb%23c"), ("...", "...")]
    {
        assert_eq!(path_segment(value).as_deref(), Ok(segment));
    }
    for (value, error) in [
        ("", Error::SegmentEmpty),
        (".", Error::SegmentDots),
        ("..", Error::SegmentDots),
        ("..;x", Error::SegmentDots),
        (";x", Error::SegmentEmpty),
        ("%2e", Error::SegmentDots),
        ("a/b", Error::Separator),
        ("a\\b", Error::Separator),
        ("a%2Fb", Error::Separator),
        ("a\nb", Error::Control),
        ("a\0", Error::Control),
        ("a%0d", Error::Control),
    ] {
        assert_eq!(path_segment(value), Err(error), "{value:?}");
    }
}

#[test]
fn paths_in_their_normal_form() {
    for path in [
        "",
        "/",
        "/a",
        "/a/",
        "/a/b.php",
        "/a%20b",
        "/%C3%A9",
        "/a;b=c/d",
        "/...",
        "/.well-known/x",
        "/a:b@c!$&'()*+,=~",
        "/%7E",
        "/100%25",
    ] {
        assert_eq!(check_path(path), Ok(()), "{path}");
    }
    for (path, error) in [
        ("a", Error::PathStart),
        ("http://evil.example/x", Error::PathStart),
        ("\\\\evil.example", Error::PathStart),
        ("*", Error::PathStart),
        ("?", Error::PathStart),
        ("//evil.example/x", Error::SegmentEmpty),
        ("/a//b", Error::SegmentEmpty),
        ("/a//", Error::SegmentEmpty),
        ("//", Error::SegmentEmpty),
        ("/;x", Error::SegmentEmpty),
        ("/.", Error::SegmentDots),
        ("/../admin", Error::SegmentDots),
        ("/a/./b", Error::SegmentDots),
        ("/%2e%2e/admin", Error::SegmentDots),
        ("/.%2E/admin", Error::SegmentDots),
        ("/a/..;/b", Error::SegmentDots),
        ("/a/..%3b/b", Error::SegmentDots),
        ("/%252e%252e/", Error::SegmentDots),
        ("/%25252e%25252e/", Error::SegmentDots),
        ("/a%2fb", Error::Separator),
        ("/a%5Cb", Error::Separator),
        ("/a%252fb", Error::Separator),
        ("/a%255cb", Error::Separator),
        ("/a\\b", Error::Separator),
        ("/a%00", Error::Control),
        ("/a%2500", Error::Control),
        ("/a\tb", Error::Control),
        ("/a%0d%0aX:%20y", Error::Control),
        ("/a%7f", Error::Control),
        ("/a%", Error::Percent),
        ("/a%2", Error::Percent),
        ("/a%zz", Error::Percent),
        ("/%u002e", Error::Percent),
        ("/%c0%ae%c0%ae/x", Error::NotUtf8),
        ("/%ff", Error::NotUtf8),
        ("/a b", Error::NotNormal { normal: "/a%20b".into() }),
        ("/é", Error::NotNormal { normal: "/%C3%A9".into() }),
        ("/a?b=c", Error::NotNormal { normal: "/a".into() }),
        ("/a#b", Error::NotNormal { normal: "/a".into() }),
        ("/{a}", Error::NotNormal { normal: "/%7Ba%7D".into() }),
    ] {
        assert_eq!(check_path(path), Err(error), "{path}");
    }
}

#[test]
fn raw_query_text_survives_as_it_is() {
    assert_eq!(check_raw_query("a=b;c[]=/x?%20+@:!$(),*{}|^`"), Ok(()));
    for character in ['&', '#', '"', '\'', '<', '>', ' ', '\n', '\0', '\u{7f}', 'é'] {
        assert_eq!(check_raw_query(&format!("a{character}")), Err(Error::RawQuery(character)));
    }
    assert_eq!(check_raw_query("100%"), Err(Error::Percent));
}

#[test]
fn escapes_are_as_the_contract_says() {
    let value = "a*-._ ~+&<>\"'\\é\n";
    for (kind, expected) in [
        (Escape::None, value),
        (Escape::Form, "a*-._+%7E%2B%26%3C%3E%22%27%5C%C3%A9%0A"),
        (Escape::JsonString, "a*-._ ~+&<>\\\"'\\\\é\\n"),
        (Escape::XmlText, "a*-._ ~+&#38;&#60;&#62;&#34;&#39;\\&#233;&#10;"),
        (Escape::Base64, "YSotLl8gfismPD4iJ1zDqQo="),
    ] {
        assert_eq!(escape(value, kind).as_deref(), Ok(expected), "{kind:?}");
    }
    assert_eq!(escape("\u{0}\u{1f}\u{7f}\u{85}", Escape::JsonString).as_deref(), Ok("\\u0000\\u001f\\u007f\\u0085"));
    assert_eq!(escape("\u{1f600}", Escape::XmlText).as_deref(), Ok("&#128512;"));
    for forbidden in ['\0', '\u{b}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
        assert_eq!(escape(&forbidden.to_string(), Escape::XmlText), Err(Error::Xml(u32::from(forbidden))));
    }
}

proptest! {
    #[test]
    fn encoded_bytes_decode_back(bytes: Vec<u8>) {
        let encoded = query(&bytes);
        prop_assert!(encoded.bytes().all(|byte| is_unreserved(byte) || byte == b'%'));
        prop_assert_eq!(decode(encoded.as_bytes()), bytes);
    }

    #[test]
    fn an_encoded_segment_stays_one_segment(value in "\\PC*|[./\\\\;%a2eEfF5cC0]{0,12}") {
        if let Ok(segment) = path_segment(&value) {
            let path = format!("/before/{segment}/after");
            prop_assert_eq!(check_path(&path), Ok(()));
            let url = url::Url::parse(&format!("https://host{path}")).expect("a checked path makes a URL");
            let segments: Vec<_> = url.path_segments().expect("https has segments").collect();
            prop_assert_eq!(segments, ["before", segment.as_str(), "after"]);
            prop_assert_eq!(decode(segment.as_bytes()), value.as_bytes());
        }
    }

    #[test]
    fn ordinary_values_are_never_refused(value in "[A-Za-z0-9 _#?&=+é-]{1,40}") {
        prop_assert!(path_segment(&value).is_ok());
    }

    #[test]
    fn a_checked_path_is_what_goes_out(path in "(/[a-c.;%25eE2fF/\\\\?#]{0,6}){0,4}") {
        if check_path(&path).is_ok() && !path.is_empty() {
            let url = url::Url::parse(&format!("https://host{path}")).expect("a checked path makes a URL");
            prop_assert_eq!(url.path(), path.as_str());
            prop_assert!(!path.contains("//") && !path.split('/').any(|segment| matches!(segment, "." | "..")));
        }
    }

    #[test]
    fn checked_raw_query_text_is_what_goes_out(text in "[ -~é%]{0,12}") {
        if check_raw_query(&text).is_ok() {
            let query = format!("a={text}&b");
            let url = url::Url::parse(&format!("https://host/?{query}")).expect("checked text makes a URL");
            prop_assert_eq!(url.query(), Some(query.as_str()));
        }
    }

    #[test]
    fn escapes_lose_nothing(value: String) {
        let json = format!("\"{}\"", escape(&value, Escape::JsonString).expect("JSON holds every text"));
        prop_assert_eq!(serde_json::from_str::<String>(&json).expect("the escape makes valid JSON"), value.clone());
        let form = format!("k={}", escape(&value, Escape::Form).expect("a form holds every text"));
        prop_assert_eq!(url::form_urlencoded::parse(form.as_bytes()).next(), Some(("k".into(), value.into())));
    }
}
